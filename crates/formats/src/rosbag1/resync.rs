//! Finds the next record after damage.
//!
//! Read [`find`] first. Every record header holds a field `op=` of length 4; each such place is
//! tried with the header starts that could own it, and only a fully plausible record counts.

use super::record::{
    OP_CHUNK, OP_CHUNK_INFO, OP_CONNECTION, OP_INDEX, OP_MESSAGE, parse, plausible, u32_at,
};

/// Kinds that stand only at the top level of a bag, never inside a chunk.
pub(super) const TOP_LEVEL: &[u8] = &[OP_INDEX, OP_CHUNK, OP_CHUNK_INFO];
/// Every kind that can follow damage at the top level.
pub(super) const ANY: &[u8] = &[OP_MESSAGE, OP_INDEX, OP_CHUNK, OP_CHUNK_INFO, OP_CONNECTION];
/// Kinds inside a chunk.
pub(super) const IN_CHUNK: &[u8] = &[OP_MESSAGE, OP_CONNECTION];

/// How far before its `op` field a header may start. The fields before it are few and short, a
/// topic among them at most; real topics are far below this.
const HEADER_REACH: usize = 512;

/// Longest header believed after damage, bytes.
const HEADER_LEN: usize = 4096;

/// Length field and name of the `op` field.
const OP_FIELD: &[u8] = b"\x04\x00\x00\x00op=";

/// First byte of the next plausible record of one of the `kinds` that starts at `from` or later.
///
/// Costs one pass over the bytes up to it; each `op=` on the way adds at most 512 short attempts.
pub(super) fn find(bytes: &[u8], from: usize, kinds: &[u8]) -> Option<usize> {
    let mut base = from;
    loop {
        let rest = bytes.get(base..)?;
        let at = base + rest.windows(OP_FIELD.len()).position(|w| w == OP_FIELD)?;
        let kind = bytes.get(at + OP_FIELD.len()).copied();
        if kind.is_some_and(|kind| kinds.contains(&kind)) {
            let earliest = at.saturating_sub(HEADER_REACH).max(from);
            let latest = at.saturating_sub(4);
            let start = (earliest..=latest).find(|&start| {
                owns(bytes, start, at)
                    && parse(bytes, start).is_ok_and(|record| plausible(&record, bytes))
            });
            if start.is_some() {
                return start;
            }
        }
        base = at + 1;
    }
}

/// Whether a header that starts at `start` has a sensible length and reaches over the `op` field at `at`.
fn owns(bytes: &[u8], start: usize, at: usize) -> bool {
    let Some(len) = u32_at(bytes, start).and_then(|len| usize::try_from(len).ok()) else {
        return false;
    };
    len <= HEADER_LEN && start + 4 <= at && at + OP_FIELD.len() < start + 4 + len
}

/// Finds compressed data whose chunk header is damaged: the offset of a bzip2 or LZ4 frame signature.
pub(super) fn find_compressed(bytes: &[u8]) -> Option<(usize, &'static [u8])> {
    // A chunk header is about 60 bytes long; data further away belongs to something else.
    (0..bytes.len().min(256)).find_map(|at| {
        bytes
            .get(at..)
            .and_then(sniff)
            .map(|compression| (at, compression))
    })
}

/// Names the compression by the signature the data starts with.
pub(super) fn sniff(data: &[u8]) -> Option<&'static [u8]> {
    const BLOCK: &[u8] = &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    match data {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(BLOCK) => Some(b"bz2"),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(b"lz4"),
        _ => None,
    }
}
