//! The rule of a witness: sign what continues the tree signed last, and nothing else (C2SP `tlog-witness`).
//!
//! Read [`Witness`] first. Not here: keeping the latest checkpoint, which has to happen before the answer is sent and
//! in one step with looking it up; HTTP.

use super::{CheckpointError, SignedCheckpoint, Trust};
use crate::merkle::{Hash, MerkleError, TreeHead, verify_consistency};
use crate::note::{Algorithm, Signature, SignerKey};
use crate::text;
use std::fmt;

/// Hashes a request may have, as the specification says.
pub const MAX_REQUEST_HASHES: usize = 63;

/// What a witness is asked: the body of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignRequest {
    /// Leaves of the tree the proof begins with: the last one this witness has signed, 0 if it has signed none.
    pub old_size: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint to be signed.
    pub checkpoint: SignedCheckpoint,
}

impl CosignRequest {
    /// Reads the body of a request.
    ///
    /// Errors: [`CheckpointError::Request`], and those of [`SignedCheckpoint::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let refuse = |what| CheckpointError::Request { what };
        let mut lines = text::Lines { rest: bytes };
        let first = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = first
            .and_then(text::decimal)
            .ok_or_else(|| refuse("it does not begin with `old ` and a number"))?;
        let mut proof = Vec::new();
        loop {
            let line = lines
                .next()
                .ok_or_else(|| refuse("it ends before the checkpoint"))?;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_REQUEST_HASHES {
                return Err(refuse("it has more than 63 hashes"));
            }
            proof.push(Hash::from_base64(line).ok_or_else(|| refuse("a line is no hash"))?);
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint: SignedCheckpoint::parse(lines.rest)?,
        })
    }
}

impl fmt::Display for CosignRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a witness does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A log this witness does not know.
    #[error("log `{origin}` is not one this witness knows; hint: its operator adds logs")]
    UnknownLog {
        /// The origin, shortened.
        origin: String,
    },
    /// No valid signature of the log.
    #[error(
        "the log has not signed this checkpoint; hint: sign it with the key the witness was given"
    )]
    Unsigned {
        /// What is wrong.
        source: CheckpointError,
    },
    /// The proof begins behind the checkpoint.
    #[error(
        "the checkpoint has `{size}` leaves, fewer than the old size `{old_size}`; hint: a log never gets shorter"
    )]
    Backwards {
        /// The old size of the request.
        old_size: u64,
        /// Leaves of the checkpoint.
        size: u64,
    },
    /// Another tree was signed in between, or the log went back.
    #[error(
        "the witness has signed a tree of `{size}` leaves last; hint: prove consistency from there"
    )]
    Conflict {
        /// Leaves of the tree this witness has signed last.
        size: u64,
    },
    /// The same size with another root: the log shows two trees.
    #[error(
        "the witness has signed another tree of `{size}` leaves, with root `{signed}`; hint: the log shows two histories; keep both checkpoints, they prove it"
    )]
    Split {
        /// Leaves of both.
        size: u64,
        /// Root of the tree this witness has signed.
        signed: Hash,
    },
    /// The proof does not hold.
    #[error(
        "the checkpoint does not continue the tree this witness has signed; hint: send the proof from that size; if there is none, history was changed"
    )]
    Inconsistent {
        /// What is wrong.
        source: MerkleError,
    },
}

impl Refusal {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownLog { .. } => "witness.unknown_log",
            Self::Unsigned { .. } => "witness.unsigned",
            Self::Backwards { .. } => "witness.backwards",
            Self::Conflict { .. } => "witness.conflict",
            Self::Split { .. } => "witness.split",
            Self::Inconsistent { .. } => "witness.inconsistent",
        }
    }

    /// The status the protocol answers with.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::UnknownLog { .. } => 404,
            Self::Unsigned { .. } => 403,
            Self::Backwards { .. } => 400,
            Self::Conflict { .. } | Self::Split { .. } => 409,
            Self::Inconsistent { .. } => 422,
        }
    }
}

/// Somebody who signs what a log only added to.
#[derive(Clone, Debug)]
pub struct Witness {
    trust: Trust,
    key: SignerKey,
}

impl Witness {
    /// A witness for one log, whose signature is all it asks for.
    ///
    /// Errors: [`CheckpointError::Note`] for a key that is not of type cosignature/v1, [`CheckpointError::Trust`] where
    /// it is a key of the log.
    pub fn new(log: crate::KeyChain, key: SignerKey) -> Result<Self, CheckpointError> {
        key.verifier().require(Algorithm::Cosignature)?;
        Trust::witnessed(log.clone(), vec![key.verifier().clone()], 0)?;
        Ok(Self {
            trust: Trust::log(log),
            key,
        })
    }

    /// Signs a checkpoint that continues the last tree this witness has signed, or says why not. `signed` is that
    /// tree, [`TreeHead::EMPTY`] if there is none. Checks and their order are those of the specification.
    ///
    /// Whoever calls this keeps the head of the checkpoint as the new `signed` before the signature is sent, in one
    /// step with having looked it up; otherwise two requests at a time could make it go back.
    pub fn cosign(
        &self,
        signed: &TreeHead,
        request: &CosignRequest,
        time_secs: u64,
    ) -> Result<Signature, Refusal> {
        let checkpoint = &request.checkpoint;
        let head = match checkpoint.open(&self.trust) {
            Ok(opened) => opened.head,
            Err(CheckpointError::OtherLog { found, .. }) => {
                return Err(Refusal::UnknownLog { origin: found });
            }
            Err(source) => return Err(Refusal::Unsigned { source }),
        };
        if request.old_size > head.size {
            return Err(Refusal::Backwards {
                old_size: request.old_size,
                size: head.size,
            });
        }
        if request.old_size != signed.size {
            return Err(Refusal::Conflict { size: signed.size });
        }
        if signed.size == head.size && signed.root != head.root {
            return Err(Refusal::Split {
                size: head.size,
                signed: signed.root,
            });
        }
        verify_consistency(signed, &head, &request.proof)
            .map_err(|source| Refusal::Inconsistent { source })?;
        let cosigned = checkpoint.note().clone().cosign(&self.key, time_secs);
        cosigned.map_err(|source| Refusal::Unsigned {
            source: source.into(),
        })
    }
}
