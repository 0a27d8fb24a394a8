//! Appending: a tree in the hashes of its right edge.
//!
//! Read [`Frontier`] first. Not here: the hashes to its left (`tiles`).

use super::{Hash, MAX_TREE_SIZE, MerkleError, Node, TreeHead, checked_size, node_hash};

/// A tree that grows, in the hashes of the complete subtrees at its right edge, largest first: one per 1 in the
/// binary form of its size, at most 63. (A compact range from 0, as in transparency-dev/merkle.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edges: Vec<Hash>,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub const fn new() -> Self {
        Self {
            size: 0,
            edges: Vec::new(),
        }
    }

    /// The tree of this size with these hashes at its right edge, as [`Frontier::edges`] gave them.
    ///
    /// The hashes are believed; compare [`Frontier::head`] with what is known of the tree.
    /// Errors: [`MerkleError::TooLarge`], [`MerkleError::Edges`] for another number of hashes.
    pub fn from_edges(size: u64, edges: Vec<Hash>) -> Result<Self, MerkleError> {
        let expected = checked_size(size)?.count_ones() as usize;
        if edges.len() != expected {
            return Err(MerkleError::Edges {
                size,
                expected,
                found: edges.len(),
            });
        }
        Ok(Self { size, edges })
    }

    /// Appends a leaf and tells of every subtree it completes: the leaf itself, then upwards.
    ///
    /// Cost: two hashes per leaf in the mean, 62 at most. Errors: [`MerkleError::TooLarge`].
    pub fn append(
        &mut self,
        leaf: Hash,
        mut completed: impl FnMut(Node, Hash),
    ) -> Result<(), MerkleError> {
        if self.size >= MAX_TREE_SIZE {
            return Err(MerkleError::TooLarge {
                size: self.size.saturating_add(1),
            });
        }
        let mut node = Node {
            level: 0,
            index: self.size,
        };
        let mut hash = leaf;
        completed(node, hash);
        while node.index & 1 == 1
            && let Some(left) = self.edges.pop()
        {
            hash = node_hash(left, hash);
            node = Node {
                level: node.level + 1,
                index: node.index >> 1,
            };
            completed(node, hash);
        }
        self.edges.push(hash);
        self.size += 1;
        Ok(())
    }

    /// Leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the right edge, largest subtree first.
    pub fn edges(&self) -> &[Hash] {
        &self.edges
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: fold(&self.edges).unwrap_or(TreeHead::EMPTY.root),
        }
    }
}

/// The root over leaf hashes.
///
/// Errors: [`MerkleError::TooLarge`], which no list in memory reaches.
pub fn root_of(leaves: impl IntoIterator<Item = Hash>) -> Result<TreeHead, MerkleError> {
    let mut tree = Frontier::new();
    for leaf in leaves {
        tree.append(leaf, |_, _| ())?;
    }
    Ok(tree.head())
}

/// The hash over neighboring complete subtrees that shrink to the right; none of none.
pub(crate) fn fold(subtrees: &[Hash]) -> Option<Hash> {
    subtrees
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(left, right))
}

/// The complete subtrees of the leaves from `start` up to, not including, `end`, from the left.
/// They shrink to the right where `start` is a multiple of the next power of two of the length, as in every proof.
pub(crate) fn decompose(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2().min(at.trailing_zeros());
        nodes.push(Node {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index: at >> level,
        });
        at += 1 << level;
    }
    nodes
}
