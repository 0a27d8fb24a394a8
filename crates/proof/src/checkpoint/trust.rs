//! What a verifier holds, and checkpoints that passed it.
//!
//! Read [`Trust`] first. Not here: how trust is written down in a file.

use super::{CheckpointError, SignedCheckpoint};
use crate::keys::KeyChain;
use crate::merkle::{TreeHead, verify_consistency};
use crate::note::{Algorithm, NoteError, VerifierKey};
use crate::text;

/// What somebody who verifies holds beforehand: the log's origin and keys, the witnesses they trust, and how many of
/// these have to have seen a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    log: KeyChain,
    witnesses: Vec<VerifierKey>,
    quorum: usize,
}

impl Trust {
    /// The log alone: its signature is enough. Whoever holds its key can then show different trees to different people.
    pub const fn log(log: KeyChain) -> Self {
        Self {
            log,
            witnesses: Vec::new(),
            quorum: 0,
        }
    }

    /// The log, and `quorum` of these witnesses.
    ///
    /// Errors: [`CheckpointError::Trust`] where a witness is named twice, has a key of the log, a key of another type,
    /// or fewer are named than asked for.
    pub fn witnessed(
        log: KeyChain,
        witnesses: Vec<VerifierKey>,
        quorum: usize,
    ) -> Result<Self, CheckpointError> {
        let refuse = |what| Err(CheckpointError::Trust { what });
        let mut publics: Vec<&[u8; 32]> = witnesses.iter().map(VerifierKey::public_bytes).collect();
        publics.push(log.key_at(0).public_bytes());
        let rotated = log.rotations().iter();
        publics.extend(rotated.map(|rotation| rotation.new_key.public_bytes()));
        publics.sort_unstable();
        if publics
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return refuse("a key stands for two parties");
        }
        if witnesses
            .iter()
            .any(|key| key.algorithm() != Algorithm::Cosignature)
        {
            return refuse("a key of a witness is not of type cosignature/v1");
        }
        if quorum > witnesses.len() {
            return refuse("more witnesses are asked for than named");
        }
        Ok(Self {
            log,
            witnesses,
            quorum,
        })
    }

    /// A tree of the size at which a key was changed is the one its old key named then.
    fn check_rotations(&self, head: &TreeHead) -> Result<(), CheckpointError> {
        let rotated = self.log.rotations().iter();
        let named = rotated.map(|rotation| &rotation.last);
        for last in named.filter(|last| last.size == head.size) {
            verify_consistency(last, head, &[]).map_err(|source| CheckpointError::Contradicts {
                signed: last.size,
                size: head.size,
                source,
            })?;
        }
        Ok(())
    }

    /// The log.
    pub const fn keys(&self) -> &KeyChain {
        &self.log
    }

    /// The witnesses that count.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }
}

/// A witness that has signed a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name.
    pub name: String,
    /// When, in seconds since 1970, by its clock.
    pub time_secs: u64,
}

/// A checkpoint the log has signed, seen by as many witnesses as were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCheckpoint {
    /// Size and root of the tree.
    pub head: TreeHead,
    /// The witnesses of [`Trust`] that have signed.
    pub cosigners: Vec<Cosigner>,
}

impl SignedCheckpoint {
    /// Checks origin and signatures.
    ///
    /// Errors: [`CheckpointError::OtherLog`], [`CheckpointError::NotByLog`], [`CheckpointError::Witnesses`], and
    /// [`NoteError::Forged`] where a signature of the log or of any trusted witness does not verify.
    pub fn open(&self, trust: &Trust) -> Result<TrustedCheckpoint, CheckpointError> {
        let checkpoint = self.unverified();
        if checkpoint.origin() != trust.log.origin() {
            return Err(CheckpointError::OtherLog {
                expected: trust.log.origin().to_owned(),
                found: text::shortened(checkpoint.origin()),
            });
        }
        let head = *checkpoint.head();
        let log_key = trust.log.key_at(head.size);
        let not_by_log = || CheckpointError::NotByLog {
            key: log_key.to_string_short(),
        };
        let signed = match self.note().verify(trust.witnesses.iter().chain([log_key])) {
            Err(NoteError::Unsigned { .. }) => return Err(not_by_log()),
            other => other?,
        };
        if signed.iter().all(|by| by.key != log_key) {
            return Err(not_by_log());
        }
        trust.check_rotations(&head)?;
        let cosigners: Vec<Cosigner> = signed
            .iter()
            .filter_map(|by| {
                Some(Cosigner {
                    name: by.key.name().to_owned(),
                    time_secs: by.time_secs?,
                })
            })
            .collect();
        if cosigners.len() < trust.quorum {
            return Err(CheckpointError::Witnesses {
                quorum: trust.quorum,
                found: cosigners.len(),
            });
        }
        Ok(TrustedCheckpoint { head, cosigners })
    }
}
