//! The tree as files that never change: tiles of 256 hashes and bundles of 256 entries (C2SP `tlog-tiles`).
//!
//! Read [`Tile`] and [`EntryBundle`] first (names and content), then [`TileWriter`] (which files a log that grows
//! writes) and [`TileReader`] (hashes for proofs, read back and checked against the root).
//!
//! Limits: an entry has at most [`MAX_ENTRY_BYTES`], so whoever logs more logs its digest; a tile 8192 bytes, a bundle
//! 256 entries.
//!
//! Not here: reading and writing the files; `checkpoint`, the one file of the layout that changes, is in
//! [`crate::checkpoint`].

mod bundle;
mod path;
mod reader;
mod writer;

pub use bundle::{EntryBundle, MAX_ENTRY_BYTES};
pub use path::{TILE_WIDTH, Tile};
pub use reader::TileReader;
pub use writer::TileWriter;

use crate::merkle::{Hash, MerkleError, decompose, fold, node_hash};

/// Levels of the tree a tile spans.
const TILE_HEIGHT: u8 = 8;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Why a tile, a bundle or a name of one is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A name that is none.
    #[error(
        "`{path}` names no tile and no bundle; hint: `tile/0/x001/234`, `tile/0/x001/234.p/5` or `tile/entries/000` do"
    )]
    Path {
        /// The name, shortened.
        path: String,
    },
    /// A file of another length.
    #[error(
        "`{path}` holds `{found}` bytes where `{expected}` belong; hint: restore it from a copy, it was cut off or changed"
    )]
    Length {
        /// The tile.
        path: String,
        /// Bytes it has to have.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A bundle that is cut off, holds too few entries or goes on after the last.
    #[error(
        "`{path}` holds `{found}` whole entries where `{expected}` belong, or bytes after them; hint: restore it from a copy, it was cut off or changed"
    )]
    Entries {
        /// The bundle.
        path: String,
        /// Entries it has to have.
        expected: usize,
        /// Whole entries seen.
        found: usize,
    },
    /// An entry that a bundle cannot hold.
    #[error(
        "an entry of `{bytes}` bytes is beyond the limit of 65535; hint: log its digest and keep the content elsewhere"
    )]
    EntryTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A tile that is needed and was not given.
    #[error(
        "`{path}` is needed and missing; hint: restore it from a copy or make it again from the entries"
    )]
    Missing {
        /// The tile.
        path: String,
    },
    /// A tile that is not of this tree.
    #[error(
        "`{path}` holds other hashes: they give `{found}`, the tree has `{expected}`; hint: restore it from a copy, it was changed"
    )]
    Changed {
        /// The tile.
        path: String,
        /// The hash over it in the tree.
        expected: Hash,
        /// The hash over what was given.
        found: Hash,
    },
    /// The tiles of the right edge do not give the root.
    #[error(
        "the tiles at the right edge of the tree of `{size}` leaves give root `{found}`, not `{expected}`; hint: one of them was changed, or the checkpoint is of another log"
    )]
    Root {
        /// Leaves of the tree.
        size: u64,
        /// Root it has to have.
        expected: Hash,
        /// Root the tiles give.
        found: Hash,
    },
    /// A size beyond the limit, or a subtree outside the tree.
    #[error(transparent)]
    Tree(#[from] MerkleError),
}

impl TileError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path { .. } => "tile.path",
            Self::Length { .. } => "tile.length",
            Self::Entries { .. } => "tile.entries",
            Self::EntryTooLarge { .. } => "tile.entry_too_large",
            Self::Missing { .. } => "tile.missing",
            Self::Changed { .. } => "tile.changed",
            Self::Root { .. } => "tile.root",
            Self::Tree(error) => error.code(),
        }
    }
}

/// The partial tiles of a tree: its right edge, lowest level first. A level whose last tile is full has none.
fn edge_tiles(size: u64) -> Vec<Tile> {
    (0..TILE_HEIGHT)
        .filter_map(|level| {
            let hashes = size >> (u32::from(level) * u32::from(TILE_HEIGHT));
            let width = u16::try_from(hashes % u64::from(TILE_WIDTH)).ok()?;
            (width > 0).then_some(Tile {
                level,
                index: hashes / u64::from(TILE_WIDTH),
                width,
            })
        })
        .collect()
}

/// The hashes of a tile. Bytes of a wider tile of the same place will do, as the specification allows once it is full.
fn hashes_of(tile: &Tile, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let width = usize::from(tile.width);
    let most = usize::from(TILE_WIDTH) * HASH_BYTES;
    if bytes.len() < width * HASH_BYTES
        || bytes.len() > most
        || !bytes.len().is_multiple_of(HASH_BYTES)
    {
        return Err(TileError::Length {
            path: tile.path(),
            expected: width * HASH_BYTES,
            found: bytes.len(),
        });
    }
    let hashes = bytes.chunks_exact(HASH_BYTES).take(width);
    Ok(hashes.filter_map(Hash::from_slice).collect())
}

/// The right edge of the tree in the hashes of its partial tiles, given lowest level first: largest subtree first.
fn edges_of(rows: &[&[Hash]]) -> Vec<Hash> {
    rows.iter()
        .rev()
        .flat_map(|row| {
            let parts = decompose(0, row.len() as u64);
            parts
                .into_iter()
                .filter_map(|node| {
                    let start = usize::try_from(node.index << node.level).ok()?;
                    perfect(row.get(start..start + (1usize << node.level))?)
                })
                .collect::<Vec<Hash>>()
        })
        .collect()
}

/// The hash over a power of two of neighboring hashes; none for none.
fn perfect(hashes: &[Hash]) -> Option<Hash> {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(*left, *right)),
                _ => None,
            })
            .collect();
    }
    level.first().copied()
}

/// Checks that partial tiles, lowest level first, are the right edge of a tree.
fn check_edge(head: &crate::TreeHead, rows: &[&[Hash]]) -> Result<Vec<Hash>, TileError> {
    let edges = edges_of(rows);
    let found = fold(&edges).unwrap_or(crate::TreeHead::EMPTY.root);
    if found == head.root {
        return Ok(edges);
    }
    Err(TileError::Root {
        size: head.size,
        expected: head.root,
        found,
    })
}
