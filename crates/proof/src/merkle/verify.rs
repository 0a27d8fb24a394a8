//! Believing proofs.
//!
//! Read [`verify_inclusion`] first. Not here: signatures over the head a proof leads to (`checkpoint`).

use super::{Hash, MerkleError, ProofPlan, TreeHead, node_hash};

/// Checks that leaf `index` of the tree has this hash (RFC 9162, section 2.1.3.2).
///
/// Errors: [`MerkleError::TooLarge`], [`MerkleError::Outside`], [`MerkleError::ProofLength`], [`MerkleError::Root`].
pub fn verify_inclusion(
    tree: &TreeHead,
    index: u64,
    leaf: Hash,
    proof: &[Hash],
) -> Result<(), MerkleError> {
    check_length(&ProofPlan::inclusion(index, tree.size)?, proof)?;
    let (mut node, mut last) = (index, tree.size - 1);
    let mut hash = leaf;
    for sibling in proof {
        hash = if rises_as_right_child(&mut node, &mut last) {
            node_hash(*sibling, hash)
        } else {
            node_hash(hash, *sibling)
        };
    }
    check_root(tree, hash)
}

/// Checks that `new` is `old` with leaves appended (RFC 9162, section 2.1.4.2). From the empty tree or between equal
/// sizes the proof is empty; the empty tree has one root only.
///
/// Errors: [`MerkleError::TooLarge`], [`MerkleError::Shrunk`], [`MerkleError::ProofLength`], [`MerkleError::Root`]
/// with the size of the tree it is about.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), MerkleError> {
    check_length(&ProofPlan::consistency(old.size, new.size)?, proof)?;
    if old.size == new.size {
        return check_root(new, old.root);
    }
    if old.size == 0 {
        return check_root(old, TreeHead::EMPTY.root);
    }
    let (mut node, mut last) = (old.size - 1, new.size - 1);
    let climbed = node.trailing_ones();
    node >>= climbed;
    last >>= climbed;
    // A complete old tree is not repeated in the proof.
    let (start, rest) = match proof.split_first() {
        Some((first, rest)) if !old.size.is_power_of_two() => (*first, rest),
        _ => (old.root, proof),
    };
    let (mut of_old, mut of_new) = (start, start);
    for sibling in rest {
        if rises_as_right_child(&mut node, &mut last) {
            of_old = node_hash(*sibling, of_old);
            of_new = node_hash(*sibling, of_new);
        } else {
            of_new = node_hash(of_new, *sibling);
        }
    }
    check_root(old, of_old)?;
    check_root(new, of_new)
}

/// Goes from a node up to the parent it shares with its sibling and tells whether it is the right child of it.
/// The last node of a level that has no sibling to its right rises until it is a right child.
fn rises_as_right_child(node: &mut u64, last: &mut u64) -> bool {
    let right = *node & 1 == 1 || *node == *last;
    if right && *node != 0 {
        let alone = node.trailing_zeros();
        *node >>= alone;
        *last >>= alone;
    }
    *node >>= 1;
    *last >>= 1;
    right
}

fn check_length(plan: &ProofPlan, proof: &[Hash]) -> Result<(), MerkleError> {
    if plan.len() == proof.len() {
        return Ok(());
    }
    Err(MerkleError::ProofLength {
        expected: plan.len(),
        found: proof.len(),
    })
}

fn check_root(tree: &TreeHead, found: Hash) -> Result<(), MerkleError> {
    if tree.root == found {
        return Ok(());
    }
    Err(MerkleError::Root {
        size: tree.size,
        expected: tree.root,
        found,
    })
}
