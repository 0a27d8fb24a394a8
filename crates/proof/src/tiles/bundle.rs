//! Entries of a log, 256 to a file.
//!
//! Read [`EntryBundle`] first. Not here: names of bundles (`path`).

use super::{TILE_WIDTH, TileError};
use crate::merkle::{Hash, leaf_hash};

/// Bytes an entry may have: its length is written in 16 bits.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// A file of up to 256 entries from number `256 * index` on, each after its length as a big-endian `u16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryBundle {
    /// Number from the left.
    pub index: u64,
    /// Entries in it, 1 to 256; below 256 it is partial.
    pub width: u16,
}

impl EntryBundle {
    /// Appends an entry to the content of a bundle. Errors: [`TileError::EntryTooLarge`].
    pub fn push(content: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
        let length = u16::try_from(entry.len())
            .map_err(|_| TileError::EntryTooLarge { bytes: entry.len() })?;
        content.extend_from_slice(&length.to_be_bytes());
        content.extend_from_slice(entry);
        Ok(())
    }

    /// Its entries. Content of a wider bundle of the same place will do; what it holds more is left out.
    ///
    /// Errors: [`TileError::Entries`] where it is cut off, holds fewer, or more than 256.
    pub fn entries<'a>(&self, content: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let mut entries = Vec::with_capacity(usize::from(self.width));
        let mut rest = content;
        let mut seen = 0;
        let whole = loop {
            if rest.is_empty() {
                break true;
            }
            let Some((length, after)) = rest.split_first_chunk::<2>() else {
                break false;
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((entry, after)) = after.split_at_checked(length) else {
                break false;
            };
            if seen == usize::from(TILE_WIDTH) {
                break false;
            }
            if seen < usize::from(self.width) {
                entries.push(entry);
            }
            seen += 1;
            rest = after;
        };
        if !whole || seen < usize::from(self.width) {
            return Err(TileError::Entries {
                path: self.path(),
                expected: usize::from(self.width),
                found: seen,
            });
        }
        Ok(entries)
    }

    /// Leaf hashes of its entries, to be compared with those of its tile. Errors: as [`EntryBundle::entries`].
    pub fn leaf_hashes(&self, content: &[u8]) -> Result<Vec<Hash>, TileError> {
        let entries = self.entries(content)?;
        Ok(entries.into_iter().map(leaf_hash).collect())
    }
}
