//! Judges whether bytes are records, and finds the next ones behind damage.
//!
//! Read [`next_records`] and [`chunk_in_frame`] first. Everything here only looks at bytes;
//! [`super::layout`] decides what to do.

use super::compression::Compression;
use super::cursor::{Cursor, FRAME_HEADER_BYTES, Frame, MAGIC, frame_at, narrow, plus, wide};
use super::records::{Chunk, ChunkIndex, MESSAGE_HEADER_BYTES, opcode};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Records in a row that show that a place behind damage is not there by accident.
const CHAIN: usize = 3;

/// Bytes after the last field of a chunk that are taken for padding rather than for damage.
const PADDING_BYTES: usize = 64;

/// Where a chunk and its stored records are.
#[derive(Debug)]
pub(crate) struct ChunkSpan<'a> {
    pub(crate) offset: usize,
    pub(crate) end: usize,
    /// The header; its `records` are empty.
    pub(crate) head: Chunk<'a>,
    pub(crate) records_offset: usize,
    pub(crate) records_length: usize,
    /// What about it was wrong and has been put right.
    pub(crate) repaired: Option<&'static str>,
}

/// Whether the record's fields fit into its frame, by lengths alone.
#[inline]
pub(crate) fn skim(frame: &Frame<'_>) -> bool {
    if frame.opcode == opcode::MESSAGE {
        return frame.body.len() >= MESSAGE_HEADER_BYTES;
    }
    skim_fields(frame.opcode, &mut Cursor::new(frame.body)).is_some()
}

fn skim_fields(opcode: u8, c: &mut Cursor<'_>) -> Option<()> {
    match opcode {
        opcode::HEADER => {
            c.bytes_u32()?;
            c.bytes_u32()?;
        }
        opcode::FOOTER => {
            c.take(20)?;
        }
        opcode::SCHEMA => {
            c.u16()?;
            c.bytes_u32()?;
            c.bytes_u32()?;
            c.bytes_u32()?;
        }
        opcode::CHANNEL => {
            c.u32()?;
            c.bytes_u32()?;
            c.bytes_u32()?;
            skim_map(c.bytes_u32()?)?;
        }
        opcode::MESSAGE_INDEX => {
            c.u16()?;
            let entries = c.bytes_u32()?;
            entries.as_chunks::<16>().1.is_empty().then_some(())?;
        }
        opcode::CHUNK_INDEX => {
            c.take(32)?;
            let offsets = c.bytes_u32()?;
            offsets.as_chunks::<10>().1.is_empty().then_some(())?;
            c.u64()?;
            c.bytes_u32()?;
            c.take(16)?;
        }
        opcode => skim_others(opcode, c)?,
    }
    Some(())
}

fn skim_others(opcode: u8, c: &mut Cursor<'_>) -> Option<()> {
    match opcode {
        opcode::ATTACHMENT => {
            c.take(16)?;
            c.bytes_u32()?;
            c.bytes_u32()?;
            c.bytes_u64()?;
            c.u32()?;
        }
        opcode::ATTACHMENT_INDEX => {
            c.take(40)?;
            c.bytes_u32()?;
            c.bytes_u32()?;
        }
        opcode::STATISTICS => {
            c.take(42)?;
            let counts = c.bytes_u32()?;
            counts.as_chunks::<10>().1.is_empty().then_some(())?;
        }
        opcode::METADATA => {
            c.bytes_u32()?;
            skim_map(c.bytes_u32()?)?;
        }
        opcode::METADATA_INDEX => {
            c.take(16)?;
            c.bytes_u32()?;
        }
        opcode::SUMMARY_OFFSET => {
            c.take(17)?;
        }
        opcode::DATA_END => {
            c.u32()?;
        }
        opcode::CHUNK => {
            c.take(28)?;
            c.bytes_u32()?;
            c.bytes_u64()?;
        }
        // Of unknown records nothing is known.
        _ => {}
    }
    Some(())
}

fn skim_map(bytes: &[u8]) -> Option<()> {
    let c = &mut Cursor::new(bytes);
    while !c.is_empty() {
        c.bytes_u32()?;
        c.bytes_u32()?;
    }
    Some(())
}

/// Whether a record's fields are those of a message index, to the byte.
pub(crate) fn is_message_index(body: &[u8]) -> bool {
    let c = &mut Cursor::new(body);
    let entries = c.u16().and_then(|_| c.bytes_u32());
    entries.is_some_and(|entries| entries.len() >= 16 && entries.as_chunks::<16>().1.is_empty())
        && c.is_empty()
}

/// Whether a record, the end magic or the end of the file is at `offset`, by frame alone.
pub(crate) fn plausible(bytes: &[u8], offset: usize) -> bool {
    if offset == bytes.len() {
        return true;
    }
    match frame_at(bytes, offset) {
        Ok(frame) => frame.opcode <= opcode::DATA_END || frame.opcode >= 0x80,
        Err(_) => bytes.get(offset..).is_some_and(|rest| *rest == MAGIC),
    }
}

/// The chunk a frame holds, whatever its opcode: its lengths and its compression must agree,
/// or for a frame marked as a chunk be repairable.
pub(crate) fn chunk_in_frame<'a>(bytes: &'a [u8], frame: &Frame<'a>) -> Option<ChunkSpan<'a>> {
    let marked = frame.opcode == opcode::CHUNK;
    let Some((head, length, head_bytes)) = Chunk::parse_head(frame.body) else {
        return if marked {
            chunk_by_fixed_fields(frame)
        } else {
            None
        };
    };
    let records_offset = plus(frame.body_offset(), head_bytes);
    let rest = frame.body.len().checked_sub(head_bytes)?;
    let span = |records_length, end, repaired| ChunkSpan {
        offset: frame.offset,
        end,
        head: head.clone(),
        records_offset,
        records_length,
        repaired,
    };
    let claimed = narrow(length);
    if claimed == rest {
        let known = Compression::from_name(&head.compression).is_some();
        return (marked || known).then(|| span(rest, frame.end, None));
    }
    if !marked {
        return None;
    }
    // Record and fields disagree about the end: what follows decides.
    let end = plus(records_offset, claimed);
    let known = Compression::from_name(&head.compression).is_some();
    let by_fields = "a chunk's record has another length than its fields; the fields' was taken";
    if known && follows(bytes, end) && !follows(bytes, frame.end) {
        return Some(span(claimed, end, Some(by_fields)));
    }
    let stored = frame.body.get(head_bytes..).unwrap_or_default();
    if plus(claimed, PADDING_BYTES) >= rest && is_padded(&head, claimed, stored) {
        return Some(span(claimed, frame.end, None));
    }
    if plausible(bytes, frame.end) {
        if let Some(span) = chunk_by_fixed_fields(frame) {
            return Some(span);
        }
        let what = "a chunk's records have another length than its record leaves them; the record's was taken";
        return Some(span(rest, frame.end, Some(what)));
    }
    (known && end <= bytes.len() && plausible(bytes, end))
        .then(|| span(claimed, end, Some(by_fields)))
}

/// Whether the file ends at `offset`, or believable records go on there.
fn follows(bytes: &[u8], offset: usize) -> bool {
    let rest = bytes.get(offset..);
    rest.is_some_and(|rest| rest.is_empty() || *rest == MAGIC) || chain(bytes, offset)
}

/// Whether the stored records end after `claimed` bytes, and what follows is padding.
fn is_padded(head: &Chunk<'_>, claimed: usize, stored: &[u8]) -> bool {
    if claimed >= stored.len() {
        return false;
    }
    match Compression::from_name(&head.compression) {
        Some(Compression::None) => head.uncompressed_size == wide(claimed),
        Some(Compression::Zstd) => {
            zstd::zstd_safe::find_frame_compressed_size(stored).is_ok_and(|size| size == claimed)
        }
        // A frame does not say its size; what follows it does no harm, but may be part of it.
        Some(Compression::Lz4) => false,
        None => true,
    }
}

/// A chunk whose compression is garbled: the length of the name is tried instead of read.
fn chunk_by_fixed_fields<'a>(frame: &Frame<'a>) -> Option<ChunkSpan<'a>> {
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let c = &mut Cursor::new(frame.body);
        let mut head = Chunk {
            message_start_time: c.u64()?,
            message_end_time: c.u64()?,
            uncompressed_size: c.u64()?,
            uncompressed_crc: c.u32()?,
            compression: Cow::Borrowed(compression.name()),
            records: &[],
        };
        c.u32()?;
        let Some(name) = c.take(compression.name().len()) else {
            continue;
        };
        let Some(length) = c.u64() else { continue };
        if narrow(length) == c.rest().len() {
            // A name of the right length that is merely misspelt keeps its spelling.
            if compression != Compression::None && name != compression.name().as_bytes() {
                head.compression = String::from_utf8_lossy(name);
            }
            return Some(ChunkSpan {
                offset: frame.offset,
                end: frame.end,
                head,
                records_offset: plus(frame.body_offset(), c.position()),
                records_length: narrow(length),
                repaired: Some("a chunk's compression name has a damaged length"),
            });
        }
    }
    None
}

/// The chunk an index entry points at, taken from the index; its checksum from where a chunk has it.
pub(crate) fn chunk_by_index<'a>(bytes: &'a [u8], index: &ChunkIndex<'a>) -> Option<ChunkSpan<'a>> {
    let offset = narrow(index.chunk_start_offset);
    let end = plus(offset, narrow(index.chunk_length));
    let records_length = narrow(index.compressed_size);
    let records_offset = end.checked_sub(records_length)?;
    if end > bytes.len() || records_offset <= plus(offset, FRAME_HEADER_BYTES) {
        return None;
    }
    let c = &mut Cursor::new(bytes.get(plus(offset, FRAME_HEADER_BYTES)..)?);
    c.take(24)?;
    Some(ChunkSpan {
        offset,
        end,
        head: Chunk {
            message_start_time: index.message_start_time,
            message_end_time: index.message_end_time,
            uncompressed_size: index.uncompressed_size,
            uncompressed_crc: c.u32()?,
            compression: index.compression.clone(),
            records: &[],
        },
        records_offset,
        records_length,
        repaired: Some("the chunk's header is damaged"),
    })
}

/// A chunk record that claims more bytes than the file has: either the file is cut off, and the
/// chunk's own lengths agree, or the record's length is damaged and the chunk's own end fits.
pub(crate) fn chunk_past_end(bytes: &[u8], offset: usize, length: u64) -> Option<ChunkSpan<'_>> {
    let body_offset = plus(offset, FRAME_HEADER_BYTES);
    let body = bytes.get(body_offset..)?;
    let (head, records_length, head_bytes) = Chunk::parse_head(body)?;
    Compression::from_name(&head.compression)?;
    let records_length = narrow(records_length);
    let records_offset = plus(body_offset, head_bytes);
    let end = plus(records_offset, records_length);
    let agrees = narrow(length).checked_sub(plus(head_bytes, records_length));
    let cut = agrees.is_some_and(|padding| padding <= PADDING_BYTES);
    let damaged = end <= bytes.len() && plausible(bytes, end);
    (cut || damaged).then_some(ChunkSpan {
        offset,
        end,
        head,
        records_offset,
        records_length,
        repaired: None,
    })
}

/// Whether the attachment at `offset` agrees with itself about running past the end of the file.
pub(crate) fn attachment_is_cut(bytes: &[u8], offset: usize, length: u64) -> bool {
    let body = bytes.get(plus(offset, FRAME_HEADER_BYTES)..);
    let c = &mut Cursor::new(body.unwrap_or_default());
    let fields = |c: &mut Cursor<'_>| {
        c.take(16)?;
        c.bytes_u32()?;
        c.bytes_u32()?;
        c.u64()
    };
    fields(c).is_some_and(|data| {
        let whole = wide(c.position()).saturating_add(data).saturating_add(4);
        length
            .checked_sub(whole)
            .is_some_and(|padding| padding <= wide(PADDING_BYTES))
    })
}

/// The first offset from `from` on where records can be read again; none up to the end of the file.
///
/// Before `position` (where a message was thought to end) only a chain of records counts; from
/// there on also a chunk of the index. Cost: one look at each byte.
pub(crate) fn next_records(
    bytes: &[u8],
    from: usize,
    position: usize,
    hints: &BTreeMap<usize, ChunkIndex<'_>>,
) -> Option<usize> {
    let hinted = hints
        .range(plus(position, 1)..)
        .find(|(_, index)| chunk_by_index(bytes, index).is_some())
        .map(|(offset, _)| *offset);
    let end = hinted.unwrap_or(bytes.len());
    let found = (from..end).find(|offset| *offset != position && chain(bytes, *offset));
    found.or(hinted)
}

/// Whether a believable run of records starts at `offset`.
fn chain(bytes: &[u8], mut offset: usize) -> bool {
    for seen in 0..CHAIN {
        if seen > 0 && (offset == bytes.len() || bytes.get(offset..).is_some_and(|r| *r == MAGIC)) {
            return true;
        }
        let Ok(frame) = frame_at(bytes, offset) else {
            return false;
        };
        if frame.opcode > opcode::DATA_END {
            return false;
        }
        if frame.opcode == opcode::CHUNK {
            // Its lengths and name agree by 12 bytes or more: no accident.
            return Chunk::parse_head(frame.body).is_some_and(|(head, length, head_bytes)| {
                Compression::from_name(&head.compression).is_some()
                    && frame.body.len().checked_sub(head_bytes) == Some(narrow(length))
            });
        }
        if !skim(&frame) {
            return false;
        }
        offset = frame.end;
    }
    true
}
