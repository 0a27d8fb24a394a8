//! The Merkle tree of RFC 6962: hashes, an append-only tree in a few of them, and proofs made and verified.
//!
//! Read [`TreeHead`] first (size and root: all a verifier needs to hold), then [`Frontier`] (appending), [`ProofPlan`]
//! (which stored hashes a proof is made of) and [`verify_inclusion`], [`verify_consistency`].
//!
//! Limits: a tree has at most [`MAX_TREE_SIZE`] leaves, so an inclusion proof has at most 62 hashes and a consistency
//! proof at most 63, what `tlog-witness` allows. Every function here costs at most a few hundred hashes, `root_of`
//! one or two per leaf.
//!
//! Not here: where hashes are stored (`tiles`), what a leaf means (`statement`).

mod frontier;
mod prove;
mod verify;

pub use frontier::{Frontier, root_of};
pub(crate) use frontier::{decompose, fold};
pub use prove::ProofPlan;
pub use verify::{verify_consistency, verify_inclusion};

use crate::text;
use fieldassay_model::hexadecimal;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Leaves a tree may have: 2^62.
pub const MAX_TREE_SIZE: u64 = 1 << 62;

/// A hash of the tree: 32 bytes of SHA-256. Printed in hexadecimal, written in base64 by the texts of C2SP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash in exactly 32 bytes; none for any other number.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Standard base64, 44 characters.
    pub fn to_base64(&self) -> String {
        text::base64(&self.0)
    }

    /// The hash in standard base64; none for anything but the one spelling of 32 bytes.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_slice(&text::from_base64(text)?)
    }

    /// SHA-256 of these bytes, without the prefixes of a tree.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of a leaf: SHA-256 of `0x00` and the entry (RFC 6962, section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// The hash of an inner node: SHA-256 of `0x01` and both children (RFC 6962, section 2.1).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.0);
    hasher.update(right.0);
    Hash(hasher.finalize().into())
}

/// How large a tree is and the hash of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

impl TreeHead {
    /// The tree without leaves; its root is the SHA-256 of nothing (RFC 6962, section 2.1).
    pub const EMPTY: Self = Self {
        size: 0,
        root: Hash([
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
            0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b,
            0x78, 0x52, 0xb8, 0x55,
        ]),
    };
}

/// A complete subtree: the leaves from `index << level` up to, not including, `(index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Height above the leaves.
    pub level: u8,
    /// Number within the level, from the left.
    pub index: u64,
}

impl Node {
    /// The first leaf behind it; none where no tree is that large.
    pub fn end(&self) -> Option<u64> {
        let end = u128::from(self.index)
            .checked_add(1)?
            .checked_mul(1u128.checked_shl(u32::from(self.level))?)?;
        u64::try_from(end).ok().filter(|end| *end <= MAX_TREE_SIZE)
    }
}

/// Why a tree or a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// More leaves than a tree may have.
    #[error(
        "a tree of `{size}` leaves is beyond the limit of 2^62; hint: the size was damaged or made up"
    )]
    TooLarge {
        /// What was claimed.
        size: u64,
    },
    /// A leaf that is not in the tree.
    #[error(
        "leaf `{index}` is not in a tree of `{size}` leaves; hint: take a checkpoint that is not older than the entry"
    )]
    Outside {
        /// The leaf.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error(
        "the tree of `{new}` leaves is smaller than the one of `{old}` before it; hint: the log was cut off or restored from an old copy"
    )]
    Shrunk {
        /// Leaves before.
        old: u64,
        /// Leaves after.
        new: u64,
    },
    /// The hashes of the right edge are not as many as the size says.
    #[error(
        "a tree of `{size}` leaves has `{expected}` hashes at its right edge, not `{found}`; hint: what was stored belongs to another size"
    )]
    Edges {
        /// Leaves of the tree.
        size: u64,
        /// Hashes it has.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
    /// A proof of another length.
    #[error(
        "the proof has `{found}` hashes where this one has `{expected}`; hint: it belongs to another leaf or size, or lost some"
    )]
    ProofLength {
        /// Hashes it has to have.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
    /// The proof gives another root.
    #[error(
        "the proof leads to root `{found}`, not to `{expected}` of the tree of `{size}` leaves; hint: the entry, the proof or the tree was changed"
    )]
    Root {
        /// Leaves of the tree.
        size: u64,
        /// Its root.
        expected: Hash,
        /// What the proof gives.
        found: Hash,
    },
}

impl MerkleError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "merkle.too_large",
            Self::Outside { .. } => "merkle.outside",
            Self::Shrunk { .. } => "merkle.shrunk",
            Self::Edges { .. } => "merkle.edges",
            Self::ProofLength { .. } => "merkle.proof_length",
            Self::Root { .. } => "merkle.root",
        }
    }
}

/// A size within the limit.
pub(crate) fn checked_size(size: u64) -> Result<u64, MerkleError> {
    if size > MAX_TREE_SIZE {
        return Err(MerkleError::TooLarge { size });
    }
    Ok(size)
}
