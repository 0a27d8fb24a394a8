//! LZ4 frames, decoded as far as the bytes go.
//!
//! Read [`decode_prefix`] first. It serves damaged and cut frames only: sound ones go through
//! `lz4_flex`, which is faster and checks the checksums, but yields nothing of a cut block.
//!
//! Source: LZ4 frame format description 1.6.3 and block format description of the lz4 project.

use super::record::u32_at;

/// How decoding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lz4End {
    /// At the end mark of the frame.
    Complete,
    /// The input ended first.
    Incomplete,
    /// A copy reaches before the start of the output, or the frame header is wrong.
    Damaged,
    /// The output limit was reached.
    Limit,
}

/// Decodes one LZ4 frame into `out` (cleared first), at most `limit` bytes, cut blocks included.
///
/// Checksums are skipped, not verified. Returns how it ended and how many input bytes were used.
pub(crate) fn decode_prefix(input: &[u8], limit: usize, out: &mut Vec<u8>) -> (Lz4End, usize) {
    out.clear();
    let Some(header) = frame_header(input) else {
        return (Lz4End::Damaged, 0);
    };
    let mut at = header.len;
    if at > input.len() {
        return (Lz4End::Incomplete, input.len());
    }
    loop {
        let Some(word) = u32_at(input, at) else {
            return (Lz4End::Incomplete, input.len());
        };
        at += 4;
        if word == 0 {
            let tail = if header.content_checksum { 4 } else { 0 };
            return (Lz4End::Complete, input.len().min(at + tail));
        }
        let stored = word & 0x8000_0000 != 0;
        let len = usize::try_from(word & 0x7fff_ffff).unwrap_or(usize::MAX);
        let end = at.saturating_add(len);
        let cut = end > input.len();
        let block = input.get(at..end.min(input.len())).unwrap_or_default();
        let state = if stored {
            let room = limit.saturating_sub(out.len()).min(block.len());
            out.extend_from_slice(block.get(..room).unwrap_or_default());
            if room < block.len() {
                Lz4End::Limit
            } else {
                Lz4End::Complete
            }
        } else {
            decode_block(block, limit, out)
        };
        match state {
            Lz4End::Complete if !cut => {}
            Lz4End::Complete | Lz4End::Incomplete if cut => {
                return (Lz4End::Incomplete, input.len());
            }
            Lz4End::Limit => return (Lz4End::Limit, at),
            _ => return (Lz4End::Damaged, at),
        }
        at = end.saturating_add(if header.block_checksum { 4 } else { 0 });
    }
}

/// One past the last byte of the frame, checksum included; none when the bytes end before its end mark.
///
/// Costs one step per block. `lz4_flex` takes a cut between two blocks for the end, so this decides.
pub(crate) fn frame_end(input: &[u8]) -> Option<usize> {
    let header = frame_header(input)?;
    let checksum = |there| if there { 4 } else { 0 };
    let mut at = header.len;
    loop {
        let word = u32_at(input, at)?;
        at = at.checked_add(4)?;
        if word == 0 {
            let end = at.checked_add(checksum(header.content_checksum))?;
            return (end <= input.len()).then_some(end);
        }
        let len = usize::try_from(word & 0x7fff_ffff).ok()?;
        at = at
            .checked_add(len)?
            .checked_add(checksum(header.block_checksum))?;
    }
}

struct FrameHeader {
    len: usize,
    block_checksum: bool,
    content_checksum: bool,
}

fn frame_header(input: &[u8]) -> Option<FrameHeader> {
    let [0x04, 0x22, 0x4d, 0x18, flags, _block_size, ..] = input else {
        return None;
    };
    if flags >> 6 != 1 {
        return None;
    }
    let content_size = if flags & 0x08 == 0 { 0 } else { 8 };
    let dictionary = if flags & 0x01 == 0 { 0 } else { 4 };
    Some(FrameHeader {
        len: 7 + content_size + dictionary,
        block_checksum: flags & 0x10 != 0,
        content_checksum: flags & 0x04 != 0,
    })
}

/// Decodes one block, appending to `out`; earlier output is its history.
fn decode_block(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Lz4End {
    let mut rest = block;
    while let Some((&token, tail)) = rest.split_first() {
        rest = tail;
        let Some(literals) = length(usize::from(token >> 4), &mut rest) else {
            return Lz4End::Incomplete;
        };
        let here = literals
            .min(rest.len())
            .min(limit.saturating_sub(out.len()));
        let (copied, tail) = rest.split_at(here);
        out.extend_from_slice(copied);
        if here < literals {
            return if out.len() >= limit {
                Lz4End::Limit
            } else {
                Lz4End::Incomplete
            };
        }
        rest = tail;
        if rest.is_empty() {
            // The last sequence of a block has literals only.
            return Lz4End::Complete;
        }
        let [low, high, tail @ ..] = rest else {
            return Lz4End::Incomplete;
        };
        let offset = usize::from(u16::from_le_bytes([*low, *high]));
        rest = tail;
        let Some(matched) = length(usize::from(token & 15), &mut rest) else {
            return Lz4End::Incomplete;
        };
        let matched = matched.saturating_add(4);
        if offset == 0 || offset > out.len() {
            return Lz4End::Damaged;
        }
        if !copy_match(out, offset, matched, limit) {
            return Lz4End::Limit;
        }
    }
    Lz4End::Incomplete
}

/// A length of 15 goes on in the following bytes, until one below 255.
fn length(nibble: usize, rest: &mut &[u8]) -> Option<usize> {
    let mut total = nibble;
    if nibble == 15 {
        loop {
            let (&byte, tail) = rest.split_first()?;
            *rest = tail;
            total = total.saturating_add(usize::from(byte));
            if byte != 255 {
                break;
            }
        }
    }
    Some(total)
}

/// Repeats `count` bytes from `offset` back; false when the limit cut it.
fn copy_match(out: &mut Vec<u8>, offset: usize, count: usize, limit: usize) -> bool {
    let wanted = count.min(limit.saturating_sub(out.len()));
    let mut left = wanted;
    while left > 0 {
        // The copied stretch doubles what can be copied next, so overlaps cost few rounds.
        let start = out.len().saturating_sub(offset);
        let step = left.min(out.len().saturating_sub(start));
        if step == 0 {
            return false;
        }
        out.extend_from_within(start..start + step);
        left -= step;
    }
    wanted == count
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn frame(data: &[u8], linked: bool, checksums: bool) -> Vec<u8> {
        let mode = if linked {
            BlockMode::Linked
        } else {
            BlockMode::Independent
        };
        let info = FrameInfo::new()
            .block_size(BlockSize::Max64KB)
            .block_mode(mode)
            .block_checksums(checksums)
            .content_checksum(checksums);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// Data that compresses in some places and not in others, longer than a block.
    fn data() -> impl Strategy<Value = Vec<u8>> {
        let piece = (prop::collection::vec(any::<u8>(), 1..40), 1_usize..600);
        prop::collection::vec(piece, 1..16).prop_map(|pieces| {
            pieces
                .iter()
                .flat_map(|(bytes, n)| bytes.repeat(*n))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A whole frame decodes to what was written; every cut to a prefix that grows with the cut.
        #[test]
        fn frames_and_their_prefixes_decode(
            data in data(),
            linked in any::<bool>(),
            checksums in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 8),
        ) {
            let frame = frame(&data, linked, checksums);
            let mut out = Vec::new();
            prop_assert_eq!(decode_prefix(&frame, usize::MAX, &mut out), (Lz4End::Complete, frame.len()));
            prop_assert!(out == data);
            prop_assert_eq!(frame_end(&frame), Some(frame.len()));
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(frame.len())).collect();
            cuts.sort_unstable();
            let mut longest = 0;
            for cut in cuts {
                let (end, _) = decode_prefix(&frame[..cut], usize::MAX, &mut out);
                prop_assert!(data.starts_with(&out));
                prop_assert!(out.len() >= longest);
                prop_assert!(end != Lz4End::Limit);
                prop_assert_eq!(frame_end(&frame[..cut]), None);
                longest = out.len();
            }
            let limit = data.len() / 2;
            let (end, _) = decode_prefix(&frame, limit, &mut out);
            prop_assert!(out == data[..limit] && end == Lz4End::Limit);
        }

        /// Arbitrary bytes never panic and never exceed the limit.
        #[test]
        fn arbitrary_blocks_stay_within_the_limit(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut input = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
            input.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            input.extend(&bytes);
            let mut out = Vec::new();
            decode_prefix(&input, 5000, &mut out);
            prop_assert!(out.len() <= 5000);
        }
    }
}
