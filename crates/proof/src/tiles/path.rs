//! Names of tiles and bundles.
//!
//! Not here: what is in them.

use super::{EntryBundle, TILE_HEIGHT, TileError};
use crate::merkle::{MAX_TREE_SIZE, Node};
use crate::text;
use std::fmt;

/// Hashes of a full tile, entries of a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// The highest level a tile of ours can have: a tree of 2^62 leaves has 64 hashes there.
const MAX_LEVEL: u8 = 7;

/// A file of up to 256 neighboring hashes: those of subtrees of `256^level` leaves from number `256 * index` on.
/// Ordered from the leaves upwards, then from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// 0 for leaf hashes, 1 for hashes over full tiles of these, up to 7.
    pub level: u8,
    /// Number within the level, from the left.
    pub index: u64,
    /// Hashes in it, 1 to 256; below 256 it is partial.
    pub width: u16,
}

impl Tile {
    /// Whether nothing can be added to it.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The full tile at its place.
    #[must_use]
    pub const fn to_full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// Its name: `tile/1/x001/234.p/5`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, Place(self.index, self.width))
    }

    /// The tile of this name, in the one spelling [`Tile::path`] gives.
    ///
    /// Errors: [`TileError::Path`], also for a level above 7 and an index beyond the largest tree.
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let parsed = || {
            let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
            let level = u8::try_from(text::decimal(level)?).ok()?;
            let Place(index, width) = Place::parse(place)?;
            let tile = Self {
                level,
                index,
                width,
            };
            (level <= MAX_LEVEL && tile.end().is_some()).then_some(tile)
        };
        parsed().ok_or_else(|| not_a_path(path))
    }

    /// The tiles of a tree of `size` leaves that one of `old` leaves does not have, those at its left first, then
    /// upwards: all that has to be written when it grows. Partial tiles of the old tree are not repeated.
    ///
    /// Empty where `old` is not smaller. Sizes above the limit of a tree count as the limit.
    pub fn of_growth(old: u64, size: u64) -> Vec<Self> {
        let size = size.min(MAX_TREE_SIZE);
        let mut tiles = Vec::new();
        for level in 0..=MAX_LEVEL {
            let shift = u32::from(level) * u32::from(TILE_HEIGHT);
            let row = Place::of_growth(old >> shift, size >> shift);
            tiles.extend(row.map(|Place(index, width)| Self {
                level,
                index,
                width,
            }));
        }
        tiles
    }

    /// The tile of the tree of `size` leaves that holds a subtree, as wide as it is there; none where it is not
    /// complete in that tree.
    pub(super) fn of_node(node: Node, size: u64) -> Option<Self> {
        if node.end()? > size {
            return None;
        }
        let level = node.level / TILE_HEIGHT;
        let first = node.index << (node.level % TILE_HEIGHT);
        let hashes = size >> (u32::from(level) * u32::from(TILE_HEIGHT));
        let index = first / u64::from(TILE_WIDTH);
        let width = (hashes - index * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH));
        Some(Self {
            level,
            index,
            width: u16::try_from(width).ok()?,
        })
    }

    /// The subtree a full tile is of, a hash of the level above.
    pub(super) fn node(self) -> Node {
        Node {
            level: (self.level + 1) * TILE_HEIGHT,
            index: self.index,
        }
    }

    /// The subtrees whose hashes it holds.
    pub(super) fn nodes(self) -> impl Iterator<Item = Node> {
        let first = self.index.saturating_mul(u64::from(TILE_WIDTH));
        let end = first.saturating_add(u64::from(self.width));
        let level = self.level.saturating_mul(TILE_HEIGHT);
        (first..end).map(move |index| Node { level, index })
    }

    /// The first leaf behind its hashes; none beyond the largest tree.
    fn end(self) -> Option<u64> {
        let last = self.index.checked_mul(u64::from(TILE_WIDTH))?;
        let last = last.checked_add(u64::from(self.width) - 1)?;
        let level = self.level * TILE_HEIGHT;
        Node { level, index: last }.end()
    }
}

impl EntryBundle {
    /// Its name: `tile/entries/x001/234.p/5`.
    pub fn path(&self) -> String {
        format!("tile/entries/{}", Place(self.index, self.width))
    }

    /// The bundle of this name, in the one spelling [`EntryBundle::path`] gives. Errors: [`TileError::Path`].
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let parsed = || {
            let Place(index, width) = Place::parse(path.strip_prefix("tile/entries/")?)?;
            let bundle = Self { index, width };
            bundle.hashes().end().is_some().then_some(bundle)
        };
        parsed().ok_or_else(|| not_a_path(path))
    }

    /// The tile of the leaf hashes of its entries.
    pub const fn hashes(&self) -> Tile {
        Tile {
            level: 0,
            index: self.index,
            width: self.width,
        }
    }

    /// The bundles of a log of `size` entries that one of `old` entries does not have, as [`Tile::of_growth`].
    pub fn of_growth(old: u64, size: u64) -> Vec<Self> {
        Place::of_growth(old, size.min(MAX_TREE_SIZE))
            .map(|Place(index, width)| Self { index, width })
            .collect()
    }
}

fn not_a_path(path: &str) -> TileError {
    TileError::Path {
        path: text::shortened(path),
    }
}

/// Index and width of a tile or bundle: `x001/234.p/5`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place(u64, u16);

impl Place {
    /// Places that a row of `new` members has and one of `old` members has not.
    fn of_growth(old: u64, new: u64) -> impl Iterator<Item = Self> {
        let width = u64::from(TILE_WIDTH);
        // The place the old row ended in is written anew only where something was added to it.
        let first = if new > old { old / width } else { u64::MAX };
        let last = new.div_ceil(width);
        (first..last).map(move |index| {
            let members = (new - index * width).min(width);
            Self(index, u16::try_from(members).unwrap_or(TILE_WIDTH))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (index, width) = match text.split_once(".p/") {
            Some((index, width)) => (index, u16::try_from(text::decimal(width)?).ok()?),
            None => (text, TILE_WIDTH),
        };
        let mut value: u64 = 0;
        for part in index.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            value = value.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        // Printing it again finds every other spelling: an `x` too many or too few, zeros in front, widths of 0 and 256.
        let place = Self(value, width);
        (width > 0 && place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(index, width) = *self;
        let mut parts = vec![format!("{:03}", index % 1000)];
        let mut rest = index / 1000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        parts.reverse();
        f.write_str(&parts.join("/"))?;
        if width < TILE_WIDTH {
            write!(f, ".p/{width}")?;
        }
        Ok(())
    }
}
