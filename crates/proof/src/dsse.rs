//! Signed content of any type: envelopes of DSSE 1.0 (`secure-systems-lab/dsse`).
//!
//! Read [`Envelope`] first. What is signed is type and content together, each with its length, so no content passes for
//! one of another type. Keys are those of notes, of type Ed25519; a text of a log never begins as what is signed here.
//!
//! Limits: [`MAX_ENVELOPE_BYTES`], [`MAX_SIGNATURES`].
//!
//! Not here: what the content says (`statement`).

use crate::note::{Algorithm, NoteError, SignerKey, VerifierKey};
use crate::text;
use serde::{Deserialize, Serialize};

/// Bytes of JSON an envelope may have.
pub const MAX_ENVELOPE_BYTES: usize = 16 << 20;
/// Signatures an envelope may have.
pub const MAX_SIGNATURES: usize = 32;

/// Why an envelope is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not the form of an envelope.
    #[error(
        "this is no envelope: {what}; hint: a JSON object with `payload`, `payloadType` and `signatures` is"
    )]
    Form {
        /// What is wrong.
        what: String,
    },
    /// Content of a type nobody asked for.
    #[error(
        "the envelope holds `{found}` where `{expected}` is expected; hint: take the file that was meant"
    )]
    PayloadType {
        /// The type that is expected.
        expected: String,
        /// The type it says, shortened.
        found: String,
    },
    /// Too few of the known keys have signed.
    #[error(
        "`{found}` of the {known} known keys have signed where `{threshold}` have to; hint: the content was changed, or signed by others"
    )]
    Signatures {
        /// Keys that have to sign.
        threshold: usize,
        /// Keys that would count.
        known: usize,
        /// Keys that have signed.
        found: usize,
    },
    /// A threshold that would let everything pass.
    #[error("no signature at all is asked for; hint: ask for one or more")]
    NoThreshold,
    /// More signatures than an envelope may have.
    #[error("an envelope has at most 32 signatures; hint: keep those of keys that somebody trusts")]
    TooMany,
    /// A key that cannot sign envelopes.
    #[error(transparent)]
    Key(#[from] NoteError),
}

impl DsseError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "dsse.form",
            Self::PayloadType { .. } => "dsse.payload_type",
            Self::Signatures { .. } => "dsse.signatures",
            Self::NoThreshold => "dsse.no_threshold",
            Self::TooMany => "dsse.too_many",
            Self::Key(error) => error.code(),
        }
    }
}

/// What is signed: `DSSEv1 LENGTH TYPE LENGTH CONTENT`, lengths in bytes.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Content, its type and signatures over both. Nothing in it is to be believed before [`Envelope::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// A signature and, unless it was left out, a name for its key, which nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct EnvelopeSignature {
    keyid: Option<String>,
    bytes: Vec<u8>,
}

/// The JSON of an envelope.
#[derive(Serialize, Deserialize)]
struct Json {
    #[serde(default)]
    payload: String,
    #[serde(rename = "payloadType", default)]
    payload_type: String,
    #[serde(default)]
    signatures: Vec<JsonSignature>,
}

/// The JSON of a signature.
#[derive(Serialize, Deserialize)]
struct JsonSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

impl Envelope {
    /// Content without signatures.
    pub fn new(payload_type: impl Into<String>, payload: Vec<u8>) -> Self {
        Self {
            payload_type: payload_type.into(),
            payload,
            signatures: Vec::new(),
        }
    }

    /// Reads the JSON of an envelope. Fields it does not know are left out, as in-toto asks for; base64 may be of
    /// either alphabet, with padding.
    ///
    /// Errors: [`DsseError::Form`], [`DsseError::TooMany`].
    pub fn parse(json: &[u8]) -> Result<Self, DsseError> {
        let refuse = |what: &str| DsseError::Form {
            what: what.to_owned(),
        };
        if json.len() > MAX_ENVELOPE_BYTES {
            return Err(refuse("it is longer than 16 MiB"));
        }
        let read: Json = serde_json::from_slice(json).map_err(|error| DsseError::Form {
            what: text::shortened(&error.to_string()),
        })?;
        if read.signatures.len() > MAX_SIGNATURES {
            return Err(DsseError::TooMany);
        }
        let payload = text::from_either_base64(&read.payload);
        let signatures = read.signatures.into_iter().map(|signature| {
            let bytes = text::from_either_base64(&signature.sig);
            Ok(EnvelopeSignature {
                keyid: signature.keyid,
                bytes: bytes.ok_or_else(|| refuse("a `sig` is no base64"))?,
            })
        });
        Ok(Self {
            payload_type: read.payload_type,
            payload: payload.ok_or_else(|| refuse("`payload` is no base64"))?,
            signatures: signatures.collect::<Result<_, DsseError>>()?,
        })
    }

    /// Its JSON on one line, always spelled the same: what goes into a log.
    pub fn to_json(&self) -> String {
        let signatures = self.signatures.iter().map(|signature| JsonSignature {
            keyid: signature.keyid.clone(),
            sig: text::base64(&signature.bytes),
        });
        let json = Json {
            payload: text::base64(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures.collect(),
        };
        serde_json::to_string(&json).unwrap_or_default()
    }

    /// Signs with an Ed25519 key and names it by name and id. Signing again with the same key changes nothing.
    ///
    /// Errors: [`DsseError::Key`] for a key of another type, [`DsseError::TooMany`].
    pub fn sign(&mut self, key: &SignerKey) -> Result<(), DsseError> {
        let message = pre_authentication_encoding(&self.payload_type, &self.payload);
        let signature = EnvelopeSignature {
            keyid: Some(key.verifier().to_string_short()),
            bytes: key.sign(Algorithm::Ed25519, &message)?.to_vec(),
        };
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(DsseError::TooMany);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The content, where it is of this type and at least `threshold` of these keys have signed it. A key counts once,
    /// however often it has signed and whatever name it goes by; names in the envelope are not looked at.
    ///
    /// Errors: [`DsseError::Signatures`], [`DsseError::PayloadType`], [`DsseError::NoThreshold`], [`DsseError::Key`]
    /// for a known key that is not of type Ed25519.
    pub fn verify(
        &self,
        payload_type: &str,
        keys: &[VerifierKey],
        threshold: usize,
    ) -> Result<&[u8], DsseError> {
        if threshold == 0 {
            return Err(DsseError::NoThreshold);
        }
        let message = pre_authentication_encoding(&self.payload_type, &self.payload);
        let mut signed: Vec<&[u8; 32]> = Vec::new();
        for key in keys {
            key.require(Algorithm::Ed25519)?;
            let mut all = self.signatures.iter();
            if !signed.contains(&key.public_bytes())
                && all.any(|signature| key.is_signed(&message, &signature.bytes))
            {
                signed.push(key.public_bytes());
            }
        }
        if signed.len() < threshold {
            return Err(DsseError::Signatures {
                threshold,
                known: keys.len(),
                found: signed.len(),
            });
        }
        if self.payload_type != payload_type {
            return Err(DsseError::PayloadType {
                expected: payload_type.to_owned(),
                found: text::shortened(&self.payload_type),
            });
        }
        Ok(&self.payload)
    }
}
