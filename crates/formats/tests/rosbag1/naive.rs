//! An independent, plain walk over a cut bag: counts the complete messages before the cut.

use std::io::Read as _;

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes) as usize)
}

/// Start of the header fields, of the data, and the end of the record, even when that lies beyond the bytes.
fn frame(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let header = u32_at(bytes, at)?;
    let data = u32_at(bytes, at + 4 + header)?;
    let start = at + 8 + header;
    Some((at + 4, start, start + data))
}

fn has(header: &[u8], text: &[u8]) -> bool {
    header.windows(text.len()).any(|w| w == text)
}

/// Ends of all complete records, chunks not opened.
pub(crate) fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 13;
    while let Some((_, _, end)) = frame(bytes, at) {
        if end > bytes.len() {
            break;
        }
        ends.push(end);
        at = end;
    }
    ends
}

fn messages(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some((header, data, end)) = frame(bytes, at) {
        if end > bytes.len() {
            break;
        }
        count += usize::from(has(&bytes[header..data - 4], b"op=\x02"));
        at = end;
    }
    count
}

/// Complete messages in everything that can be read of the cut bag.
pub(crate) fn count(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (13, 0);
    while let Some((header, data, end)) = frame(bytes, at) {
        let fields = &bytes[header..data - 4];
        let body = &bytes[data..end.min(bytes.len())];
        if has(fields, b"op=\x05") {
            let mut out = Vec::new();
            if has(fields, b"=bz2") {
                let _ = bzip2::read::BzDecoder::new(body).read_to_end(&mut out);
            } else if has(fields, b"=lz4") {
                out = lz4(body);
            } else {
                out = body.to_vec();
            }
            count += messages(&out);
        } else if has(fields, b"op=\x02") && end <= bytes.len() {
            count += 1;
        }
        at = end;
    }
    count
}

/// Byte by byte, as the LZ4 block format says; stops where the input does.
fn lz4(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 7;
    while let Some(size) = u32_at(frame, at) {
        if size == 0 {
            break;
        }
        let (stored, size) = (size >> 31 == 1, size & 0x7fff_ffff);
        let end = at + 4 + size;
        let block = &frame[at + 4..end.min(frame.len())];
        if stored {
            out.extend_from_slice(block);
        } else {
            let mut bytes = block.iter().copied();
            lz4_block(&mut bytes, &mut out);
        }
        at = end;
    }
    out
}

fn lz4_block(bytes: &mut impl Iterator<Item = u8>, out: &mut Vec<u8>) -> Option<()> {
    loop {
        let token = bytes.next()?;
        for _ in 0..lz4_length(token >> 4, bytes)? {
            out.push(bytes.next()?);
        }
        let offset = usize::from(u16::from_le_bytes([bytes.next()?, bytes.next()?]));
        for _ in 0..lz4_length(token & 15, bytes)? + 4 {
            out.push(*out.get(out.len().checked_sub(offset)?)?);
        }
    }
}

fn lz4_length(nibble: u8, bytes: &mut impl Iterator<Item = u8>) -> Option<usize> {
    let mut total = usize::from(nibble);
    if nibble == 15 {
        loop {
            let byte = bytes.next()?;
            total += usize::from(byte);
            if byte < 255 {
                break;
            }
        }
    }
    Some(total)
}
