//! One file that shows to whoever holds a public key that an entry is in a log (C2SP `tlog-proof`).
//!
//! Read [`TlogProof`] first. Files are called `NAME.tlog-proof`. Nothing but the file, the entry and what the verifier
//! holds ([`Trust`]) is needed, no network and no log.
//!
//! Limits: [`MAX_EXTRA_BYTES`], 62 hashes, a checkpoint as [`crate::note`] allows.
//!
//! Not here: what the entry says (`statement`).

use crate::checkpoint::{CheckpointError, SignedCheckpoint, Trust, TrustedCheckpoint};
use crate::merkle::{Hash, MAX_TREE_SIZE, MerkleError, leaf_hash, verify_inclusion};
use crate::text;
use std::fmt;

/// Bytes of extra data a proof may have.
pub const MAX_EXTRA_BYTES: usize = 65_536;
/// Hashes an inclusion proof may have.
const MAX_HASHES: usize = 62;
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not the form of a proof.
    #[error(
        "this is no proof of an entry: {what}; hint: it begins with the line `c2sp.org/tlog-proof@v1`; take it from its source again"
    )]
    Form {
        /// What is wrong.
        what: &'static str,
    },
    /// The entry is not where the proof says, or is another one.
    #[error(
        "the entry is not number `{index}` of the log; hint: the entry or the proof was changed, or they do not belong together"
    )]
    NotIncluded {
        /// Number in the log.
        index: u64,
        /// What does not fit.
        source: MerkleError,
    },
    /// The checkpoint in it is not to be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl TlogProofError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "tlog_proof.form",
            Self::NotIncluded { .. } => "tlog_proof.not_included",
            Self::Checkpoint(error) => error.code(),
        }
    }
}

/// Where an entry is in a log, with a checkpoint and the hashes between both. Printed and parsed as the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of whoever made the file; nobody vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Number of the entry, from 0.
    pub index: u64,
    /// The inclusion proof, from the sibling of the leaf upwards.
    pub hashes: Vec<Hash>,
    /// The checkpoint, with its signatures.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Reads a file. Errors: [`TlogProofError::Form`], [`TlogProofError::Checkpoint`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let refuse = |what| TlogProofError::Form { what };
        let mut lines = text::Lines { rest: bytes };
        if lines.next() != Some(HEADER) {
            return Err(refuse("its first line is another"));
        }
        let mut line = lines.next().ok_or_else(|| refuse("it is cut off"))?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let bytes = text::from_base64(encoded).filter(|bytes| bytes.len() <= MAX_EXTRA_BYTES);
            extra = Some(bytes.ok_or_else(|| refuse("the extra data is no base64, or too long"))?);
            line = lines.next().ok_or_else(|| refuse("it is cut off"))?;
        }
        let index = line
            .strip_prefix("index ")
            .and_then(text::decimal)
            .filter(|index| *index < MAX_TREE_SIZE)
            .ok_or_else(|| refuse("there is no line `index` with a number"))?;
        let mut hashes = Vec::new();
        loop {
            let line = lines.next().ok_or_else(|| refuse("it is cut off"))?;
            if line.is_empty() {
                break;
            }
            if hashes.len() == MAX_HASHES {
                return Err(refuse("it has more than 62 hashes"));
            }
            hashes.push(Hash::from_base64(line).ok_or_else(|| refuse("a line is no hash"))?);
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: SignedCheckpoint::parse(lines.rest)?,
        })
    }

    /// Checks that the log has this entry, by its bytes, at [`TlogProof::index`], and that the checkpoint is to be
    /// trusted. Needs nothing else.
    ///
    /// Errors: [`TlogProofError::Checkpoint`], [`TlogProofError::NotIncluded`].
    pub fn verify(&self, entry: &[u8], trust: &Trust) -> Result<TrustedCheckpoint, TlogProofError> {
        let trusted = self.checkpoint.open(trust)?;
        verify_inclusion(&trusted.head, self.index, leaf_hash(entry), &self.hashes).map_err(
            |source| TlogProofError::NotIncluded {
                index: self.index,
                source,
            },
        )?;
        Ok(trusted)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
