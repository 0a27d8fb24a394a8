//! Signed notes: a text and the signatures of some keys below it (C2SP `signed-note`).
//!
//! Read [`Note`] first, then [`SignerKey`] and [`VerifierKey`]. A signature counts only where its key is known and it
//! verifies; signatures of others are kept and mean nothing.
//!
//! Limits: [`MAX_NOTE_BYTES`], [`MAX_SIGNATURES`], [`MAX_NAME_BYTES`]. Exactly one spelling is read: what was parsed
//! prints as it was.
//!
//! Not here: what a text says (`checkpoint`, `keys`), ML-DSA and ECDSA signatures, which are kept as of unknown keys.

mod key;

pub use key::{Algorithm, MAX_NAME_BYTES, SignerKey, VerifierKey};

use crate::text;
use std::fmt;

/// Bytes a signed note may have, as in Go's `sumdb/note`.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// Signatures a note may have, as there; the specification asks for 16 at least.
pub const MAX_SIGNATURES: usize = 100;
/// What a line of a signature begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// Why a note or a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a note.
    #[error(
        "this is no signed note: {what}; hint: a text, an empty line, then lines `\u{2014} name signature`"
    )]
    Form {
        /// What is wrong.
        what: &'static str,
    },
    /// A line of a signature that is none.
    #[error(
        "`{line}` is no signature; hint: `\u{2014} name base64` is, with the key id in the first four bytes"
    )]
    Line {
        /// The line, shortened.
        line: String,
    },
    /// A text that cannot be signed.
    #[error(
        "the text cannot be signed: {what}; hint: it ends in a line break and has no control characters"
    )]
    Text {
        /// What is wrong.
        what: &'static str,
    },
    /// A name no key can have.
    #[error(
        "`{name}` cannot be the name of a key; hint: at most 255 bytes without blanks and `+`, such as `example.com/log`"
    )]
    Name {
        /// The name, shortened.
        name: String,
    },
    /// A key that is none; what was given is not repeated, it may be secret.
    #[error("this is no {kind} key: {what}; hint: it is one line, `{form}`")]
    Key {
        /// `verifier` or `signer`.
        kind: &'static str,
        /// What is wrong.
        what: &'static str,
        /// The form it should have.
        form: &'static str,
    },
    /// A key that cannot do what it is asked for.
    #[error(
        "key `{key}` does not make signatures of type `{wanted}`; hint: logs sign with Ed25519 keys, witnesses with cosignature keys"
    )]
    Algorithm {
        /// Name and id of the key.
        key: String,
        /// The type that is wanted.
        wanted: Algorithm,
    },
    /// A time no cosignature can have.
    #[error("`{time_secs}` is no time of a cosignature; hint: seconds since 1970, below 2^63")]
    Time {
        /// What was given.
        time_secs: u64,
    },
    /// More signatures than a note may have.
    #[error("a note has at most 100 signatures; hint: keep those of keys that somebody trusts")]
    TooMany,
    /// A known key whose signature does not fit the text.
    #[error(
        "the signature of `{key}` is not one of this text; hint: the text or the signature was changed, take the note from its source again"
    )]
    Forged {
        /// Name and id of the key.
        key: String,
    },
    /// None of the known keys has signed.
    #[error(
        "none of the {known} known keys has signed this note, which has signatures of {found}; hint: compare names and key ids with those you were given"
    )]
    Unsigned {
        /// Keys that would count.
        known: usize,
        /// Names and ids that have signed.
        found: String,
    },
}

impl NoteError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "note.form",
            Self::Line { .. } => "note.line",
            Self::Text { .. } => "note.text",
            Self::Name { .. } => "note.name",
            Self::Key { .. } => "note.key",
            Self::Algorithm { .. } => "note.algorithm",
            Self::Time { .. } => "note.time",
            Self::TooMany => "note.too_many",
            Self::Forged { .. } => "note.forged",
            Self::Unsigned { .. } => "note.unsigned",
        }
    }
}

/// One signature, of a key that may be known or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads a line `— name base64`, without the line break. Errors: [`NoteError::Line`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let parsed = || {
            let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
            let bytes = text::from_base64(encoded)?;
            let (id, bytes) = bytes.split_first_chunk::<4>()?;
            (key::is_name(name) && !bytes.is_empty()).then(|| Self {
                name: name.to_owned(),
                key_id: u32::from_be_bytes(*id),
                bytes: bytes.to_vec(),
            })
        };
        parsed().ok_or_else(|| NoteError::Line {
            line: text::shortened(line),
        })
    }

    /// Name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(f, "{MARK}{} {}", self.name, text::base64(&bytes))
    }
}

/// A known key that has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// When, in seconds since 1970, by the clock of the signer; only cosignatures say so.
    pub time_secs: Option<u64>,
}

/// A text with signatures, some of which may be of unknown keys. Nothing in it is to be believed before
/// [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A text without signatures.
    ///
    /// Errors: [`NoteError::Text`] where it does not end in a line break, has control characters besides, or is
    /// longer than a note may be.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        let refuse = |what| Err(NoteError::Text { what });
        if !text.ends_with('\n') {
            return refuse("it does not end in a line break");
        }
        if has_control(&text) {
            return refuse("it has control characters");
        }
        if text.len() > MAX_NOTE_BYTES / 2 {
            return refuse("it is longer than 500000 bytes");
        }
        Ok(Self {
            text,
            signatures: Vec::new(),
        })
    }

    /// Reads a signed note. The text ends before the last empty line.
    ///
    /// Errors: [`NoteError::Form`], [`NoteError::Line`], [`NoteError::TooMany`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let refuse = |what| NoteError::Form { what };
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(refuse("it is longer than 1000000 bytes"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;
        if has_control(all) {
            return Err(refuse("it has control characters"));
        }
        let (body, lines) = all
            .rsplit_once("\n\n")
            .ok_or_else(|| refuse("no empty line stands before the signatures"))?;
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| refuse("it does not end in a signature and a line break"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooMany);
            }
            signatures.push(Signature::parse(line)?);
        }
        Ok(Self {
            text: format!("{body}\n"),
            signatures,
        })
    }

    /// The text, with its last line break.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, of known and unknown keys.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Signs the text with an Ed25519 key (type 0x01). Signing again with the same key changes nothing.
    ///
    /// Errors: [`NoteError::Algorithm`] for a key of a witness, [`NoteError::TooMany`].
    pub fn sign(&mut self, key: &SignerKey) -> Result<(), NoteError> {
        let bytes = key.sign(Algorithm::Ed25519, self.text.as_bytes())?;
        self.add(key.verifier().signature(bytes.to_vec()))
    }

    /// Cosigns the text with the key of a witness (type 0x04): its signature over the time and the text.
    ///
    /// Errors: [`NoteError::Algorithm`] for another key, [`NoteError::Time`], [`NoteError::TooMany`].
    pub(crate) fn cosign(
        &mut self,
        key: &SignerKey,
        time_secs: u64,
    ) -> Result<Signature, NoteError> {
        if i64::try_from(time_secs).is_err() {
            return Err(NoteError::Time { time_secs });
        }
        let message = cosigned_message(&self.text, time_secs);
        let mut bytes = time_secs.to_be_bytes().to_vec();
        bytes.extend(key.sign(Algorithm::Cosignature, &message)?);
        let signature = key.verifier().signature(bytes);
        self.add(signature.clone())?;
        Ok(signature)
    }

    /// Adds a signature as it is, known or not; a repetition changes nothing. Errors: [`NoteError::TooMany`].
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Which of the known keys have signed, each once, in the order of their first signatures.
    ///
    /// Signatures of other keys are left out, those that share only a name or only an id with a known key as well.
    /// Errors: [`NoteError::Forged`] where any signature of a known key does not verify, so that nothing that was
    /// tampered with passes by another signature; [`NoteError::Unsigned`].
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<Signed<'k>>, NoteError> {
        let keys: Vec<&VerifierKey> = keys.into_iter().collect();
        let mut signed: Vec<Signed<'k>> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = keys.iter().copied().find(|key| signature.is_of(key)) else {
                continue;
            };
            let time_secs = self.check(key, signature)?;
            if signed.iter().all(|other| other.key != key) {
                signed.push(Signed { key, time_secs });
            }
        }
        if signed.is_empty() {
            return Err(NoteError::Unsigned {
                known: keys.len(),
                found: self.signers(),
            });
        }
        Ok(signed)
    }

    fn check(&self, key: &VerifierKey, signature: &Signature) -> Result<Option<u64>, NoteError> {
        let forged = || NoteError::Forged {
            key: key.to_string_short(),
        };
        match key.algorithm() {
            Algorithm::Ed25519 => {
                let is_good = key.is_signed(self.text.as_bytes(), &signature.bytes);
                is_good.then_some(None).ok_or_else(forged)
            }
            Algorithm::Cosignature => {
                let (time, rest) = signature
                    .bytes
                    .split_first_chunk::<8>()
                    .ok_or_else(forged)?;
                let time_secs = u64::from_be_bytes(*time);
                let message = cosigned_message(&self.text, time_secs);
                let is_good = i64::try_from(time_secs).is_ok() && key.is_signed(&message, rest);
                is_good.then_some(Some(time_secs)).ok_or_else(forged)
            }
        }
    }

    /// The first names and ids that have signed.
    fn signers(&self) -> String {
        let names: Vec<String> = self
            .signatures
            .iter()
            .take(5)
            .map(|signature| format!("`{}+{:08x}`", signature.name, signature.key_id))
            .collect();
        match (names.is_empty(), self.signatures.len() > names.len()) {
            (true, _) => "nobody".to_owned(),
            (false, false) => names.join(", "),
            (false, true) => format!("{} and others", names.join(", ")),
        }
    }
}

/// Prints the note as it is kept and sent.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}

/// What a witness signs (C2SP `tlog-cosignature`).
fn cosigned_message(text: &str, time_secs: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_secs}\n{text}").into_bytes()
}

/// Characters below U+0020 besides the line break.
fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}
