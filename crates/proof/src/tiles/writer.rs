//! The tiles a log writes while it grows.
//!
//! Read [`TileWriter`] first. Not here: bundles of entries, which need no hashes (`bundle`); the order in which files
//! become visible.

use super::{
    HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, TileError, check_edge, edge_tiles, hashes_of,
};
use crate::merkle::{Frontier, Hash, TreeHead, checked_size};
use std::collections::BTreeSet;

/// A tree that grows, in the partial tiles of its right edge: at most 8 of 255 hashes, whatever its size.
#[derive(Clone, Debug, Default)]
pub struct TileWriter {
    tree: Frontier,
    /// The hashes of the partial tile of each level.
    rows: [Vec<Hash>; TILE_HEIGHT as usize],
}

impl TileWriter {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tiles [`TileWriter::open`] needs for a tree of this size. Errors: [`crate::merkle::MerkleError::TooLarge`].
    pub fn needed(size: u64) -> Result<Vec<Tile>, TileError> {
        Ok(edge_tiles(checked_size(size)?))
    }

    /// Goes on with a stored tree. `content` gives the bytes of each tile [`TileWriter::needed`] names; those of a
    /// wider tile of the same place will do, so a log that was cut off after writing tiles goes on from its checkpoint.
    ///
    /// Errors: [`TileError::Missing`] where `content` gives none, [`TileError::Length`], [`TileError::Root`] where the
    /// tiles are not of this tree.
    pub fn open<'a>(
        head: &TreeHead,
        mut content: impl FnMut(&Tile) -> Option<&'a [u8]>,
    ) -> Result<Self, TileError> {
        let mut writer = Self::new();
        for tile in edge_tiles(checked_size(head.size)?) {
            let bytes = content(&tile).ok_or_else(|| TileError::Missing { path: tile.path() })?;
            if let Some(row) = writer.rows.get_mut(usize::from(tile.level)) {
                *row = hashes_of(&tile, bytes)?;
            }
        }
        let rows: Vec<&[Hash]> = writer.rows.iter().map(Vec::as_slice).collect();
        let edges = check_edge(head, &rows)?;
        writer.tree = Frontier::from_edges(head.size, edges)?;
        Ok(writer)
    }

    /// Appends leaves and gives the tiles that are new, full ones first as they fill up, then the partial ones of the
    /// right edge: what [`Tile::of_growth`] names, with content. All of them can be written in any order before the
    /// checkpoint of the new head; a repetition writes the same bytes.
    ///
    /// Cost: about two hashes per leaf. Errors: [`crate::merkle::MerkleError::TooLarge`]; the leaves before it stay.
    pub fn append(
        &mut self,
        leaves: impl IntoIterator<Item = Hash>,
    ) -> Result<Vec<(Tile, Vec<u8>)>, TileError> {
        let mut tiles = Vec::new();
        let mut touched = BTreeSet::new();
        let Self { tree, rows } = self;
        for leaf in leaves {
            tree.append(leaf, |node, hash| {
                if !node.level.is_multiple_of(TILE_HEIGHT) {
                    return;
                }
                let level = node.level / TILE_HEIGHT;
                let Some(row) = rows.get_mut(usize::from(level)) else {
                    return;
                };
                row.push(hash);
                touched.insert(level);
                if row.len() == usize::from(TILE_WIDTH) {
                    let index = node.index / u64::from(TILE_WIDTH);
                    tiles.push(tile_of(level, index, row));
                    row.clear();
                }
            })?;
        }
        for tile in edge_tiles(tree.size()) {
            if touched.contains(&tile.level)
                && let Some(row) = rows.get(usize::from(tile.level))
            {
                tiles.push(tile_of(tile.level, tile.index, row));
            }
        }
        Ok(tiles)
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        self.tree.head()
    }
}

fn tile_of(level: u8, index: u64, row: &[Hash]) -> (Tile, Vec<u8>) {
    let mut bytes = Vec::with_capacity(row.len() * HASH_BYTES);
    for hash in row {
        bytes.extend_from_slice(hash.as_bytes());
    }
    let width = u16::try_from(row.len()).unwrap_or(TILE_WIDTH);
    let tile = Tile {
        level,
        index,
        width,
    };
    (tile, bytes)
}
