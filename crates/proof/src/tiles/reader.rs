//! Hashes of a tree, read from tiles and believed only where they lead to its root.
//!
//! Read [`TileReader`] first. Not here: fetching tiles.

use super::{TILE_HEIGHT, Tile, TileError, check_edge, edge_tiles, hashes_of, perfect};
use crate::merkle::{Hash, MerkleError, Node, TreeHead, checked_size};
use std::collections::{BTreeMap, BTreeSet};

/// Hashes of a tree from tiles that were checked against its head, as `TileHashReader` of Go's checksum database does:
/// the partial tiles give the root, every full tile gives a hash of the tile above it.
///
/// Use: [`TileReader::needed`] names the tiles, they are fetched, [`TileReader::new`] checks them, and
/// [`crate::ProofPlan::run`] reads from [`TileReader::hash`].
#[derive(Clone, Debug)]
pub struct TileReader {
    size: u64,
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileReader {
    /// The tiles that have to be fetched for the hashes of these subtrees, with those that prove them: the tiles that
    /// hold them, the tiles above these, and the right edge.
    ///
    /// Errors: [`MerkleError::TooLarge`], [`MerkleError::Outside`] for a subtree that is not complete in the tree.
    pub fn needed(
        size: u64,
        nodes: impl IntoIterator<Item = Node>,
    ) -> Result<Vec<Tile>, TileError> {
        let mut tiles: BTreeSet<Tile> = edge_tiles(checked_size(size)?).into_iter().collect();
        for node in nodes {
            let mut node = node;
            loop {
                let tile = Tile::of_node(node, size).ok_or(MerkleError::Outside {
                    index: node.index,
                    size,
                })?;
                if !tiles.insert(tile) || !tile.is_full() {
                    break;
                }
                node = tile.node();
            }
        }
        Ok(tiles.into_iter().collect())
    }

    /// Checks tiles against the head of their tree. Where a partial tile is asked for, the content of a wider tile of
    /// the same place will do. Each has to be there that [`TileReader::needed`] names for no subtree (the right edge)
    /// and above each that is given.
    ///
    /// Errors: [`TileError::Length`], [`TileError::Missing`], [`TileError::Changed`] which names the tile,
    /// [`TileError::Root`] where one of the right edge is wrong, [`MerkleError`] for tiles outside the tree.
    pub fn new<'a>(
        head: &TreeHead,
        tiles: impl IntoIterator<Item = (Tile, &'a [u8])>,
    ) -> Result<Self, TileError> {
        checked_size(head.size)?;
        let mut read: BTreeMap<Tile, Vec<Hash>> = BTreeMap::new();
        for (tile, bytes) in tiles {
            // The width a tile has in this tree, whatever it was asked with.
            let first = tile.nodes().next();
            let tile = first
                .and_then(|node| Tile::of_node(node, head.size))
                .ok_or(MerkleError::Outside {
                    index: tile.index,
                    size: head.size,
                })?;
            read.insert(tile, hashes_of(&tile, bytes)?);
        }
        let edge = edge_tiles(head.size);
        let rows = edge
            .iter()
            .map(|tile| Ok(read.get(tile).ok_or_else(|| missing(tile))?.as_slice()))
            .collect::<Result<Vec<&[Hash]>, TileError>>()?;
        check_edge(head, &rows)?;
        let mut proven = Self {
            size: head.size,
            tiles: BTreeMap::new(),
        };
        // From the top, so that the tile above is proven before those it proves.
        for (tile, hashes) in read.into_iter().rev() {
            if tile.is_full() {
                proven.check_full(tile, &hashes)?;
            }
            proven.tiles.insert((tile.level, tile.index), hashes);
        }
        Ok(proven)
    }

    fn check_full(&self, tile: Tile, hashes: &[Hash]) -> Result<(), TileError> {
        let expected = self.hash(tile.node())?;
        let found = perfect(hashes).unwrap_or(TreeHead::EMPTY.root);
        if found == expected {
            return Ok(());
        }
        Err(TileError::Changed {
            path: tile.path(),
            expected,
            found,
        })
    }

    /// The hash of a complete subtree. Cost: at most 255 hashes.
    ///
    /// Errors: [`MerkleError::Outside`], [`TileError::Missing`] for a tile that was not given.
    pub fn hash(&self, node: Node) -> Result<Hash, TileError> {
        let tile = Tile::of_node(node, self.size).ok_or(MerkleError::Outside {
            index: node.index,
            size: self.size,
        })?;
        let inside = node.level % TILE_HEIGHT;
        let read = || {
            let hashes = self.tiles.get(&(tile.level, tile.index))?;
            let first = (node.index << inside) - tile.index * u64::from(super::TILE_WIDTH);
            let first = usize::try_from(first).ok()?;
            perfect(hashes.get(first..first + (1usize << inside))?)
        };
        read().ok_or_else(|| missing(&tile))
    }

    /// The hashes of a tile, as long as it is in this tree: what the leaf hashes of a bundle have to be equal to.
    ///
    /// Errors: [`TileError::Missing`].
    pub fn hashes(&self, tile: &Tile) -> Result<&[Hash], TileError> {
        let hashes = self.tiles.get(&(tile.level, tile.index));
        let hashes = hashes.and_then(|hashes| hashes.get(..usize::from(tile.width)));
        hashes.ok_or_else(|| missing(tile))
    }
}

fn missing(tile: &Tile) -> TileError {
    TileError::Missing { path: tile.path() }
}
