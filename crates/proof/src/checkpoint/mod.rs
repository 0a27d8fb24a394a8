//! Checkpoints: a log's signed statement of its size and root (C2SP `tlog-checkpoint`), and who else has seen it
//! (C2SP `tlog-cosignature`).
//!
//! Read [`Checkpoint`] and [`SignedCheckpoint`] first, then [`Trust`] (what a verifier holds) and [`Witness`] (the rule
//! by which somebody else signs). A checkpoint is to be believed only as [`TrustedCheckpoint`].
//!
//! Limits: lines of [`MAX_LINE_BYTES`], [`MAX_EXTENSIONS`] extension lines, trees of 2^62 leaves, otherwise those of
//! [`crate::note`].
//!
//! Not here: where checkpoints are kept, and the HTTP of the witness protocol.

mod trust;
mod witness;

pub use trust::{Cosigner, Trust, TrustedCheckpoint};
pub use witness::{CosignRequest, MAX_REQUEST_HASHES, Refusal, Witness};

use crate::keys::{KeyError, is_line, is_origin};
use crate::merkle::{Hash, MAX_TREE_SIZE, MerkleError, TreeHead, verify_consistency};
use crate::note::{Note, NoteError, Signature, SignerKey, VerifierKey};
use crate::text;
use std::fmt;

/// Bytes a line of a checkpoint may have.
pub const MAX_LINE_BYTES: usize = 1024;
/// Extension lines a checkpoint may have.
pub const MAX_EXTENSIONS: usize = 64;

/// Why a checkpoint is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not the form of a checkpoint.
    #[error(
        "this is no checkpoint: {what}; hint: origin, size and root in base64 are its first three lines"
    )]
    Form {
        /// What is wrong.
        what: &'static str,
    },
    /// A request to a witness that is none.
    #[error(
        "this is no request to a witness: {what}; hint: `old SIZE`, hashes in base64, an empty line, a checkpoint"
    )]
    Request {
        /// What is wrong.
        what: &'static str,
    },
    /// A checkpoint of another log.
    #[error(
        "the checkpoint is one of log `{found}`, not of `{expected}`; hint: it belongs to another workspace, or was exchanged"
    )]
    OtherLog {
        /// The log that is trusted.
        expected: String,
        /// The origin of the checkpoint, shortened.
        found: String,
    },
    /// The log itself has not signed.
    #[error(
        "the log has not signed this checkpoint with key `{key}`, which it has from its size on; hint: give all rotations of its keys, or do not believe it"
    )]
    NotByLog {
        /// Name and id of the key that had to sign.
        key: String,
    },
    /// Too few witnesses.
    #[error(
        "`{found}` of the witnesses you trust have signed where `{quorum}` are asked for; hint: ask the log for a checkpoint with more cosignatures"
    )]
    Witnesses {
        /// Witnesses asked for.
        quorum: usize,
        /// Witnesses that have signed.
        found: usize,
    },
    /// Trust that would mean nothing.
    #[error(
        "this cannot be trusted in: {what}; hint: give each witness once, with its own cosignature key, and at most as many as asked for"
    )]
    Trust {
        /// What is wrong.
        what: &'static str,
    },
    /// The log would contradict what it signed before.
    #[error(
        "the log has signed a tree of `{signed}` leaves, and this one of `{size}` does not continue it; hint: the log was restored from an older copy or changed; nothing was signed"
    )]
    Contradicts {
        /// Leaves of the tree it signed last.
        signed: u64,
        /// Leaves of the one that is to be signed.
        size: u64,
        /// What does not fit.
        source: MerkleError,
    },
    /// What is wrong with the note it is in.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What is wrong with a key or an origin.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl CheckpointError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "checkpoint.form",
            Self::Request { .. } => "checkpoint.request",
            Self::OtherLog { .. } => "checkpoint.other_log",
            Self::NotByLog { .. } => "checkpoint.not_by_log",
            Self::Witnesses { .. } => "checkpoint.witnesses",
            Self::Trust { .. } => "checkpoint.trust",
            Self::Contradicts { .. } => "checkpoint.contradicts",
            Self::Note(error) => error.code(),
            Self::Key(error) => error.code(),
        }
    }
}

/// What a log says of itself. Printed and parsed as the text of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines, which the specification advises against.
    ///
    /// Errors: [`CheckpointError::Form`] for an origin that is empty, longer than a line or has control characters, and
    /// a size beyond the limit.
    pub fn new(origin: &str, head: TreeHead) -> Result<Self, CheckpointError> {
        let refuse = |what| CheckpointError::Form { what };
        if !is_origin(origin) {
            return Err(refuse("the origin is no line of 1 to 1024 bytes"));
        }
        if head.size > MAX_TREE_SIZE {
            return Err(refuse("the size is beyond 2^62"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            head,
            extensions: Vec::new(),
        })
    }

    /// Reads the text of a checkpoint. Errors: [`CheckpointError::Form`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refuse = |what| CheckpointError::Form { what };
        let lines = text
            .strip_suffix('\n')
            .ok_or_else(|| refuse("it does not end in a line break"))?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(refuse("it has fewer than three lines"));
        };
        let head = TreeHead {
            size: text::decimal(size).ok_or_else(|| refuse("the size is no decimal number"))?,
            root: Hash::from_base64(root).ok_or_else(|| refuse("the root is no hash"))?,
        };
        let mut checkpoint = Self::new(origin, head)?;
        for line in lines {
            if line.is_empty() || line.len() > MAX_LINE_BYTES || !is_line(line) {
                return Err(refuse("an extension line has not 1 to 1024 bytes"));
            }
            if checkpoint.extensions.len() == MAX_EXTENSIONS {
                return Err(refuse("it has more than 64 extension lines"));
            }
            checkpoint.extensions.push(line.to_owned());
        }
        Ok(checkpoint)
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root of its tree.
    pub const fn head(&self) -> &TreeHead {
        &self.head
    }

    /// Lines behind the root, which no witness vouches for.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.head.root.to_base64();
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)?;
        for line in &self.extensions {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// A checkpoint in a note, with signatures nobody has looked at yet. Printed and parsed as the file `checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Signs the first checkpoint of a log. Errors: [`CheckpointError::Note`] for a key that is not of type Ed25519.
    pub fn sign_first(checkpoint: Checkpoint, key: &SignerKey) -> Result<Self, CheckpointError> {
        let mut note = Note::new(checkpoint.to_string())?;
        note.sign(key)?;
        Ok(Self { checkpoint, note })
    }

    /// Signs a checkpoint of a log that has signed before: only one that continues the last tree it signed, shown by a
    /// consistency proof. "A log MUST NOT sign any checkpoint which is inconsistent with any checkpoint it previously
    /// signed", so whoever keeps `signed` apart from the log cannot be made to sign a restored, shorter one.
    ///
    /// Errors: [`CheckpointError::Contradicts`], [`CheckpointError::Note`].
    pub fn sign_next(
        checkpoint: Checkpoint,
        key: &SignerKey,
        signed: &TreeHead,
        proof: &[Hash],
    ) -> Result<Self, CheckpointError> {
        verify_consistency(signed, &checkpoint.head, proof).map_err(|source| {
            CheckpointError::Contradicts {
                signed: signed.size,
                size: checkpoint.head.size,
                source,
            }
        })?;
        Self::sign_first(checkpoint, key)
    }

    /// Reads a checkpoint with its signatures. Errors: [`CheckpointError::Note`], [`CheckpointError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { checkpoint, note })
    }

    /// What it says, which nobody has checked yet.
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note it is.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Adds what a witness answered: lines of signatures, of which those are kept that are cosignatures of this
    /// checkpoint by one of these witnesses. Gives how many are new.
    ///
    /// Errors: [`CheckpointError::Note`] for a line that is no signature, and for a signature of a known witness that
    /// does not verify.
    pub fn add_cosignatures(
        &mut self,
        answer: &str,
        witnesses: &[VerifierKey],
    ) -> Result<usize, CheckpointError> {
        let before = self.note.signatures().len();
        for line in answer.lines().take(crate::note::MAX_SIGNATURES) {
            let signature = Signature::parse(line)?;
            let mut alone = Note::new(self.note.text())?;
            alone.add(signature.clone())?;
            match alone.verify(witnesses) {
                Ok(_) => self.note.add(signature)?,
                Err(NoteError::Unsigned { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.note.signatures().len() - before)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
