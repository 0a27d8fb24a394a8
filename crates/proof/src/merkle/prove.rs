//! Making proofs: which stored hashes they are made of, and how.
//!
//! Read [`ProofPlan`] first. Not here: reading the hashes (`tiles`), believing them (`verify`).

use super::{Hash, MerkleError, Node, checked_size, decompose, fold};

/// What a proof is made of: for each of its hashes the complete subtrees that are folded into it.
///
/// The plan is made without any hash, so that all of them can be fetched at once; then [`ProofPlan::run`] makes the
/// proof. Only subtrees that are complete in the tree are named: these never change, so they can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlan {
    parts: Vec<Vec<Node>>,
}

impl ProofPlan {
    /// That leaf `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// Errors: [`MerkleError::TooLarge`], [`MerkleError::Outside`].
    pub fn inclusion(index: u64, size: u64) -> Result<Self, MerkleError> {
        checked_size(size)?;
        if index >= size {
            return Err(MerkleError::Outside { index, size });
        }
        let (mut start, mut end) = (0, size);
        let mut parts = Vec::new();
        while end - start > 1 {
            let middle = start + left_width(end - start);
            if index < middle {
                parts.push(decompose(middle, end));
                end = middle;
            } else {
                parts.push(decompose(start, middle));
                start = middle;
            }
        }
        parts.reverse();
        Ok(Self { parts })
    }

    /// That the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962, section 2.1.2).
    /// Nothing is needed from no leaves, or where both are the same.
    ///
    /// Errors: [`MerkleError::TooLarge`], [`MerkleError::Shrunk`].
    pub fn consistency(old: u64, new: u64) -> Result<Self, MerkleError> {
        checked_size(new)?;
        if old > new {
            return Err(MerkleError::Shrunk { old, new });
        }
        let mut parts = Vec::new();
        if old == 0 || old == new {
            return Ok(Self { parts });
        }
        let (mut start, mut end) = (0, new);
        while old != end {
            let middle = start + left_width(end - start);
            if old <= middle {
                parts.push(decompose(middle, end));
                end = middle;
            } else {
                parts.push(decompose(start, middle));
                start = middle;
            }
        }
        // The whole old tree is what the verifier holds already.
        if start > 0 {
            parts.push(decompose(start, end));
        }
        parts.reverse();
        Ok(Self { parts })
    }

    /// The root of the tree of `size` leaves as the only hash; none for no leaves.
    ///
    /// Errors: [`MerkleError::TooLarge`].
    pub fn root(size: u64) -> Result<Self, MerkleError> {
        let nodes = decompose(0, checked_size(size)?);
        let parts = if nodes.is_empty() {
            vec![]
        } else {
            vec![nodes]
        };
        Ok(Self { parts })
    }

    /// The subtrees whose hashes are needed, in the order they are read.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.parts.iter().flatten().copied()
    }

    /// Hashes of the proof.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether the proof has no hashes.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Makes the proof from stored hashes. Errors: those of `read`.
    pub fn run<E>(&self, mut read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let mut proof = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let hashes = part
                .iter()
                .map(|node| read(*node))
                .collect::<Result<Vec<Hash>, E>>()?;
            proof.extend(fold(&hashes));
        }
        Ok(proof)
    }
}

/// The largest power of two below a number of at least 2: what the left subtree holds.
fn left_width(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
