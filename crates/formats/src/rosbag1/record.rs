//! One record of a bag: framing and header fields.
//!
//! Read [`parse`] first. The format: `header_len u32 | fields | data_len u32 | data`, each field
//! `len u32 | name=value`, everything little endian (ROS wiki, Bags/Format/2.0).
//!
//! Not here: what records mean together (`layout`), how damage is skipped (`resync`).

use std::ops::Range;

/// A message.
pub(super) const OP_MESSAGE: u8 = 0x02;
/// The bag header, first record of the file.
pub(super) const OP_BAG_HEADER: u8 = 0x03;
/// Where the messages of one connection lie in the chunk before.
pub(super) const OP_INDEX: u8 = 0x04;
/// A chunk of messages and connections.
pub(super) const OP_CHUNK: u8 = 0x05;
/// Position, times and counts of one chunk.
pub(super) const OP_CHUNK_INFO: u8 = 0x06;
/// Definition of a connection.
pub(super) const OP_CONNECTION: u8 = 0x07;

/// Header fields of a record, as far as they are present and have the right length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) op: Option<u8>,
    pub(super) conn: Option<u32>,
    pub(super) time: Option<i64>,
    pub(super) topic: Option<&'a [u8]>,
    pub(super) compression: Option<&'a [u8]>,
    pub(super) size: Option<u32>,
    pub(super) ver: Option<u32>,
    pub(super) count: Option<u32>,
    pub(super) index_pos: Option<u64>,
    pub(super) conn_count: Option<u32>,
    pub(super) chunk_count: Option<u32>,
    pub(super) chunk_pos: Option<u64>,
    pub(super) start_time: Option<i64>,
    pub(super) end_time: Option<i64>,
}

/// A record whose header could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Header fields.
    pub(super) header: Header<'a>,
    /// First byte of the record.
    pub(super) start: usize,
    /// First byte of the data.
    pub(super) data_start: usize,
    /// One past the last byte of the data, as the record claims; may lie beyond the bytes.
    pub(super) end: usize,
}

impl<'a> Record<'a> {
    /// The data, cut at the end of `bytes`.
    pub(super) fn data(&self, bytes: &'a [u8]) -> &'a [u8] {
        slice(bytes, self.data_start..self.end)
    }

    /// Whether the record says it is of this kind.
    pub(super) fn is(&self, op: u8) -> bool {
        self.header.op == Some(op)
    }
}

/// Why no record starts at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end inside the header or before the data length.
    Short,
    /// The header is not a list of fields with an `op`.
    Malformed,
}

/// The bytes of `range`, cut at the end of `bytes`; empty when it starts beyond.
pub(super) fn slice(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes
        .get(range.start..range.end.min(bytes.len()))
        .unwrap_or_default()
}

/// Reads a little-endian `u32` at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    bytes
        .get(at..end)
        .and_then(|b| b.try_into().ok())
        .map(u32::from_le_bytes)
}

/// Reads a ROS 1 time (`u32` seconds, `u32` nanoseconds) as nanoseconds.
pub(super) fn time_at(bytes: &[u8], at: usize) -> Option<i64> {
    let secs = u32_at(bytes, at)?;
    let nanos = u32_at(bytes, at.checked_add(4)?)?;
    Some(i64::from(secs) * 1_000_000_000 + i64::from(nanos))
}

/// The record that starts at `start`. Its data may run past the end of `bytes`.
pub(super) fn parse(bytes: &[u8], start: usize) -> Result<Record<'_>, Fault> {
    let header_len = u32_at(bytes, start).ok_or(Fault::Short)?;
    let header_start = start.saturating_add(4);
    let header_end = header_start.saturating_add(usize_from(header_len));
    let Some(fields) = bytes.get(header_start..header_end) else {
        return Err(Fault::Short);
    };
    let header = parse_header(fields).ok_or(Fault::Malformed)?;
    if header.op.is_none() {
        return Err(Fault::Malformed);
    }
    let data_len = u32_at(bytes, header_end).ok_or(Fault::Short)?;
    let data_start = header_end.saturating_add(4);
    Ok(Record {
        header,
        start,
        data_start,
        end: data_start.saturating_add(usize_from(data_len)),
    })
}

fn usize_from(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Fields of a header or of the data of a connection record, in file order; none when they do not fill the bytes exactly.
pub(super) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

/// Iterator over `name`, `value`; yields an error once and ends when the bytes are no field list.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = u32_at(self.rest, 0).and_then(|len| {
            let end = usize_from(len).checked_add(4)?;
            let field = self.rest.get(4..end)?;
            self.rest = self.rest.get(end..)?;
            let equals = field.iter().position(|&b| b == b'=')?;
            Some((field.get(..equals)?, field.get(equals + 1..)?))
        });
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(Fault::Malformed))
    }
}

fn parse_header(bytes: &[u8]) -> Option<Header<'_>> {
    let mut header = Header::default();
    for field in fields(bytes) {
        let (name, value) = field.ok()?;
        match name {
            b"op" => header.op = one(value),
            b"conn" => header.conn = four(value),
            b"time" => header.time = stamp(value),
            b"topic" => header.topic = Some(value),
            b"compression" => header.compression = Some(value),
            b"size" => header.size = four(value),
            b"ver" => header.ver = four(value),
            b"count" => header.count = four(value),
            b"index_pos" => header.index_pos = eight(value),
            b"conn_count" => header.conn_count = four(value),
            b"chunk_count" => header.chunk_count = four(value),
            b"chunk_pos" => header.chunk_pos = eight(value),
            b"start_time" => header.start_time = stamp(value),
            b"end_time" => header.end_time = stamp(value),
            _ => {}
        }
    }
    Some(header)
}

fn one(value: &[u8]) -> Option<u8> {
    match value {
        [byte] => Some(*byte),
        _ => None,
    }
}

fn four(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_le_bytes)
}

fn eight(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_le_bytes)
}

fn stamp(value: &[u8]) -> Option<i64> {
    if value.len() == 8 {
        time_at(value, 0)
    } else {
        None
    }
}

/// Whether a record holds everything its kind needs and its data lies within `bytes` and fits the header.
///
/// Chunks may run past the end (a cut file). Unknown kinds are never plausible here.
pub(super) fn plausible(record: &Record<'_>, bytes: &[u8]) -> bool {
    let header = &record.header;
    let data_len = record.end.saturating_sub(record.data_start);
    let inside = record.end <= bytes.len();
    let rows = |row: usize| {
        header
            .count
            .is_some_and(|count| usize_from(count).checked_mul(row) == Some(data_len))
    };
    match header.op {
        Some(OP_MESSAGE) => inside && header.conn.is_some() && header.time.is_some(),
        Some(OP_INDEX) => header.conn.is_some() && rows(12) && inside,
        Some(OP_CHUNK) => header.compression.is_some() && header.size.is_some(),
        Some(OP_CHUNK_INFO) => header.chunk_pos.is_some() && rows(8) && inside,
        Some(OP_CONNECTION) => {
            inside
                && header.conn.is_some()
                && header.topic.is_some()
                && fields(record.data(bytes)).all(|field| field.is_ok())
        }
        Some(OP_BAG_HEADER) => inside && header.index_pos.is_some(),
        _ => false,
    }
}
