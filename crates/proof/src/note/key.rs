//! Keys of notes: names, ids and the lines they are kept in.
//!
//! Read [`VerifierKey`] first. Not here: where keys are kept and from what random bytes they are made.

use super::{NoteError, Signature};
use crate::text;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Bytes the name of a key may have.
pub const MAX_NAME_BYTES: usize = 255;
const VERIFIER_FORM: &str = "name+key id+base64";
const SIGNER_FORM: &str = "PRIVATE+KEY+name+key id+base64";

/// What a key signs, the type byte of C2SP `signed-note`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the text.
    Ed25519,
    /// 0x04: `cosignature/v1`, Ed25519 over a time and a checkpoint, by a witness.
    Cosignature,
}

impl Algorithm {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature]
            .into_iter()
            .find(|algorithm| algorithm.byte() == byte)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::Cosignature => "cosignature/v1",
        })
    }
}

/// A public key with its name. Printed and parsed as `name+key id+base64` (a "vkey").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    id: u32,
    public: VerifyingKey,
}

impl VerifierKey {
    /// A key of 32 bytes (RFC 8032).
    ///
    /// Errors: [`NoteError::Name`], [`NoteError::Key`] for bytes that are no point of the curve, or one of small order,
    /// under which forged signatures verify.
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> Result<Self, NoteError> {
        let public = VerifyingKey::from_bytes(public).map_err(|_| verifier("no such point"))?;
        Self::of(name, algorithm, public)
    }

    fn of(name: &str, algorithm: Algorithm, public: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name {
                name: text::shortened(name),
            });
        }
        if public.is_weak() {
            return Err(verifier("everybody can sign for it"));
        }
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            id: key_id(name, algorithm, &public),
            public,
        })
    }

    /// Reads the line of a key.
    ///
    /// Errors: [`NoteError::Key`], also where the id is not that of name, type and key; [`NoteError::Name`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let line = Line::parse(line).ok_or_else(|| verifier("it has not the form of one"))?;
        let algorithm =
            Algorithm::of_byte(line.algorithm).ok_or_else(|| verifier("unknown type"))?;
        let key = Self::new(line.name, algorithm, &line.bytes)?;
        if key.id != line.id {
            return Err(verifier("name, key id and key do not belong together"));
        }
        Ok(key)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id: the first four bytes of SHA-256 over name, type and key.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// Name and id, without the key: enough to tell keys apart in a message.
    pub(crate) fn to_string_short(&self) -> String {
        format!("{}+{:08x}", self.name, self.id)
    }

    /// Whether these 64 bytes are its signature over the message, by the strict rules of RFC 8032.
    pub(crate) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.public.verify_strict(message, &signature).is_ok())
    }

    pub(super) fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature {
            name: self.name.clone(),
            key_id: self.id,
            bytes,
        }
    }

    pub(crate) fn require(&self, wanted: Algorithm) -> Result<(), NoteError> {
        if self.algorithm == wanted {
            return Ok(());
        }
        Err(NoteError::Algorithm {
            key: self.to_string_short(),
            wanted,
        })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.public.as_bytes();
        f.write_str(&Line::print(&self.name, self.id, self.algorithm, bytes))
    }
}

/// A secret key with its name. It is overwritten when it is dropped and never printed; [`SignerKey::encode`] is the
/// only way out.
#[derive(Clone)]
pub struct SignerKey {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// The key made from 32 random bytes. Errors: [`NoteError::Name`].
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::of(name, algorithm, secret.verifying_key())?;
        Ok(Self { secret, verifier })
    }

    /// Reads the line of a secret key, `PRIVATE+KEY+name+key id+base64`, as Go's `sumdb/note` writes it.
    ///
    /// Errors: [`NoteError::Key`], which does not repeat what was given; [`NoteError::Name`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let signer = |what| NoteError::Key {
            kind: "signer",
            what,
            form: SIGNER_FORM,
        };
        let line = line
            .strip_prefix("PRIVATE+KEY+")
            .and_then(Line::parse)
            .ok_or_else(|| signer("it has not the form of one"))?;
        let algorithm = Algorithm::of_byte(line.algorithm).ok_or_else(|| signer("unknown type"))?;
        let key = Self::from_seed(line.name, algorithm, &line.bytes)?;
        if key.verifier.id != line.id {
            return Err(signer("name, key id and key do not belong together"));
        }
        Ok(key)
    }

    /// The line it is kept in. Whoever reads it can sign.
    pub fn encode(&self) -> String {
        let Self { secret, verifier } = self;
        let line = Line::print(
            &verifier.name,
            verifier.id,
            verifier.algorithm,
            secret.as_bytes(),
        );
        format!("PRIVATE+KEY+{line}")
    }

    /// Its public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a message as this type of signature. Errors: [`NoteError::Algorithm`].
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<[u8; 64], NoteError> {
        self.verifier.require(algorithm)?;
        Ok(self.secret.sign(message).to_bytes())
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier.to_string_short())
    }
}

/// The parts of the line of a key.
struct Line<'a> {
    name: &'a str,
    id: u32,
    algorithm: u8,
    bytes: [u8; 32],
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        // Base64 may have a `+` of its own, so the line is split from the left.
        let (name, rest) = line.split_once('+')?;
        let (id, encoded) = rest.split_once('+')?;
        let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if id.len() != 8 || !id.bytes().all(plain) {
            return None;
        }
        let data = text::from_base64(encoded)?;
        let (algorithm, bytes) = data.split_first()?;
        Some(Self {
            name,
            id: u32::from_str_radix(id, 16).ok()?,
            algorithm: *algorithm,
            bytes: bytes.try_into().ok()?,
        })
    }

    fn print(name: &str, id: u32, algorithm: Algorithm, bytes: &[u8; 32]) -> String {
        let mut data = vec![algorithm.byte()];
        data.extend_from_slice(bytes);
        format!("{name}+{id:08x}+{}", text::base64(&data))
    }
}

fn verifier(what: &'static str) -> NoteError {
    NoteError::Key {
        kind: "verifier",
        what,
        form: VERIFIER_FORM,
    }
}

/// Whether a key may have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.contains(|c: char| c == '+' || c < ' ' || c.is_whitespace())
}

fn key_id(name: &str, algorithm: Algorithm, public: &VerifyingKey) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', algorithm.byte()]);
    hasher.update(public.as_bytes());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    u32::from_be_bytes([a, b, c, d])
}
