//! What was done to what: in-toto statements (Statement v1) in canonical JSON, sealed in envelopes.
//!
//! Read [`Statement`] first, then [`Operation`], which every predicate of ours has, and the predicates [`Ingest`],
//! [`Check`], [`Contract`], [`Release`], [`Tag`], [`KeyChange`] and [`Performed`]. The subjects of a statement are what the operation made or judged; what
//! went in stands in the operation.
//!
//! Limits: those of [`crate::dsse`], [`MAX_SUBJECTS`]. An entry of a log has at most 65535 bytes
//! ([`crate::tiles::MAX_ENTRY_BYTES`]): a statement about more names one manifest by its digest.
//!
//! Not here: signatures (`dsse`), the log (`tiles`), filling statements in (`engine`).

mod canonical;
mod predicate;

pub use canonical::canonical_json;
pub use predicate::{
    Check, Contract, Ingest, KeyChange, Operation, Performed, Reference, Release, Tag,
};

use crate::dsse::{DsseError, Envelope};
use crate::note::VerifierKey;
use crate::text;
use fieldassay_model::Digests;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The type of the envelopes of statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of a statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Subjects a statement may have.
pub const MAX_SUBJECTS: usize = 100_000;

/// Why a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not the form of a statement.
    #[error(
        "this is no statement: {what}; hint: it is in-toto Statement v1 with a predicate of the version that is expected"
    )]
    Form {
        /// What is wrong.
        what: String,
    },
    /// A statement of another type.
    #[error(
        "the `{field}` of the statement is `{found}` where `{expected}` is expected; hint: take the statement that was meant"
    )]
    Type {
        /// `_type` or `predicateType`.
        field: &'static str,
        /// The type that is expected.
        expected: String,
        /// The type it says, shortened.
        found: String,
    },
    /// A digest that is none.
    #[error("`{seen}` is not a SHA-256; hint: 64 lower-case hexadecimal digits are")]
    Digest {
        /// What was given, shortened.
        seen: String,
    },
    /// No subject, too many, or one named twice.
    #[error(
        "the subjects cannot be these: {what}; hint: name each thing once, and a manifest for very many"
    )]
    Subjects {
        /// What is wrong.
        what: String,
    },
    /// A value that has no canonical form.
    #[error("`{value}` at `{place}` has no canonical JSON: {what}; hint: write it as text")]
    NotCanonical {
        /// The value, shortened.
        value: String,
        /// Keys and positions that lead to it.
        place: String,
        /// Why.
        what: &'static str,
    },
    /// What is wrong with the envelope.
    #[error(transparent)]
    Envelope(#[from] DsseError),
}

impl StatementError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "statement.form",
            Self::Type { .. } => "statement.type",
            Self::Digest { .. } => "statement.digest",
            Self::Subjects { .. } => "statement.subjects",
            Self::NotCanonical { .. } => "statement.not_canonical",
            Self::Envelope(error) => error.code(),
        }
    }
}

/// Digests of one thing (in-toto `DigestSet`). Things are the same where their SHA-256 are: in-toto names no BLAKE3,
/// so a verifier that knows only its list leaves that one out, and so do we when comparing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DigestSet {
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// BLAKE3 of the same bytes, 64 lower-case hexadecimal digits, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
}

impl From<&Digests> for DigestSet {
    fn from(digests: &Digests) -> Self {
        Self {
            sha256: digests.sha256.clone(),
            blake3: Some(digests.blake3.clone()),
        }
    }
}

/// A thing by its digest (in-toto `ResourceDescriptor`); the name is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// What people call it. No personal data: it stands in the log for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    pub digest: DigestSet,
}

/// What a statement says of its subjects: a type with a version in its URI, and fields.
pub trait Predicate: Serialize + DeserializeOwned {
    /// Its `predicateType`.
    const TYPE: &'static str;

    /// The digests in it besides the subjects, which have to be digests.
    fn digests(&self) -> Vec<&str>;
}

/// A claim about things, each known by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<P> {
    /// What it is about; named things have names of their own.
    pub subjects: Vec<Resource>,
    /// What is claimed.
    pub predicate: P,
}

/// The JSON of a statement.
#[derive(Serialize, Deserialize)]
struct Json<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

/// The types alone, to tell a statement of another type from a broken one.
#[derive(Deserialize)]
struct Types {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

impl<P: Predicate> Statement<P> {
    /// Its canonical JSON: the same statement gives the same bytes everywhere.
    ///
    /// Errors: [`StatementError::Digest`], [`StatementError::Subjects`], [`StatementError::NotCanonical`] for numbers
    /// that are not whole or beyond 2^53.
    pub fn to_json(&self) -> Result<String, StatementError> {
        self.check()?;
        canonical_json(&Json {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: self.subjects.clone(),
            predicate_type: P::TYPE.to_owned(),
            predicate: &self.predicate,
        })
    }

    /// Reads a statement with a predicate of this type. Fields and algorithms it does not know are left out, as in-toto
    /// asks for.
    ///
    /// Errors: [`StatementError::Form`], [`StatementError::Type`], [`StatementError::Digest`],
    /// [`StatementError::Subjects`].
    pub fn parse(json: &[u8]) -> Result<Self, StatementError> {
        let form = |error: serde_json::Error| StatementError::Form {
            what: text::shortened(&error.to_string()),
        };
        let types: Types = serde_json::from_slice(json).map_err(form)?;
        let is = |field, expected: &str, found: String| {
            if found == expected {
                return Ok(());
            }
            Err(StatementError::Type {
                field,
                expected: expected.to_owned(),
                found: text::shortened(&found),
            })
        };
        is("_type", STATEMENT_TYPE, types.statement_type)?;
        is("predicateType", P::TYPE, types.predicate_type)?;
        let read: Json<P> = serde_json::from_slice(json).map_err(form)?;
        let statement = Self {
            subjects: read.subject,
            predicate: read.predicate,
        };
        statement.check()?;
        Ok(statement)
    }

    /// The statement of a payload, whatever it is about, if it is one of this type; none for one of another type.
    ///
    /// Errors: as [`Statement::parse`].
    pub fn of_type(json: &[u8]) -> Result<Option<Self>, StatementError> {
        match Self::parse(json) {
            Err(StatementError::Type {
                field: "predicateType",
                ..
            }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The statement in an envelope that nobody has signed yet. Errors: as [`Statement::to_json`].
    pub fn seal(&self) -> Result<Envelope, StatementError> {
        Ok(Envelope::new(PAYLOAD_TYPE, self.to_json()?.into_bytes()))
    }

    /// The statement in an envelope that `threshold` of these keys have signed.
    ///
    /// Errors: [`StatementError::Envelope`], and those of [`Statement::parse`].
    pub fn open(
        envelope: &Envelope,
        keys: &[VerifierKey],
        threshold: usize,
    ) -> Result<Self, StatementError> {
        Self::parse(envelope.verify(PAYLOAD_TYPE, keys, threshold)?)
    }

    fn check(&self) -> Result<(), StatementError> {
        let refuse = |what: String| Err(StatementError::Subjects { what });
        if self.subjects.is_empty() || self.subjects.len() > MAX_SUBJECTS {
            return refuse(format!("there are {}", self.subjects.len()));
        }
        let mut names = BTreeSet::new();
        for subject in &self.subjects {
            check_resource(subject)?;
            if let Some(name) = &subject.name
                && !names.insert(name)
            {
                return refuse(format!("`{}` is there twice", text::shortened(name)));
            }
        }
        self.predicate
            .digests()
            .into_iter()
            .try_for_each(check_digest)
    }
}

fn check_resource(resource: &Resource) -> Result<(), StatementError> {
    check_digest(&resource.digest.sha256)?;
    resource
        .digest
        .blake3
        .as_deref()
        .map_or(Ok(()), check_digest)
}

fn check_digest(digest: &str) -> Result<(), StatementError> {
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digest.len() == 64 && digest.bytes().all(plain) {
        return Ok(());
    }
    Err(StatementError::Digest {
        seen: text::shortened(digest),
    })
}
