//! Pages of an SQLite file, read without SQLite: for rows SQL no longer reaches.
//!
//! Read [`Geometry`] and [`cells`] first. Only leaf pages of tables matter here: they hold the rows,
//! and each can be understood alone, whatever became of the pages above it.
//! Source: SQLite database file format, sections 1.3, 1.5, 1.6, 2.1 (www.sqlite.org/fileformat2.html).
//!
//! Not here: reading the file; deciding which rows are wanted.

/// First bytes of every SQLite file.
pub const MAGIC: &[u8] = b"SQLite format 3\0";

/// Page size and usable bytes of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a page, a power of two from 512 to 65536.
    pub page_bytes: usize,
    /// Bytes of a page that hold content.
    pub usable_bytes: usize,
    /// Pages the header claims; zero when unknown.
    pub claimed_pages: u32,
}

impl Geometry {
    /// Reads the first 100 bytes of a database; none when they are no such header.
    pub fn parse(header: &[u8]) -> Option<Self> {
        if !header.starts_with(MAGIC) {
            return None;
        }
        let page_bytes = match u16_at(header, 16)? {
            1 => 65536,
            size => usize::from(size),
        };
        let reserved = usize::from(*header.get(20)?);
        if !page_bytes.is_power_of_two() || page_bytes < 512 || page_bytes < reserved + 480 {
            return None;
        }
        Some(Self {
            page_bytes,
            usable_bytes: page_bytes - reserved,
            // The count is valid only when the same writer updated both counters.
            claimed_pages: if u32_at(header, 24)? == u32_at(header, 92)? {
                u32_at(header, 28)?
            } else {
                0
            },
        })
    }
}

/// One row as it lies on a leaf page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Row id.
    pub rowid: i64,
    /// Bytes of the row in all.
    pub payload_bytes: usize,
    /// Those of them on this page.
    pub local: &'a [u8],
    /// Page where the rest goes on; zero when all of it is here.
    pub overflow: u32,
}

/// Rows of a leaf page of a table, in the order of the page; damaged ones are left out.
///
/// `first` says whether it is the first page of the file, which starts with the file header.
/// Empty for any other kind of page. Cost: one step per row.
pub fn cells(page: &[u8], first: bool, geometry: Geometry) -> impl Iterator<Item = Cell<'_>> {
    let head = if first { 100 } else { 0 };
    let is_leaf = page.get(head) == Some(&0x0d);
    let count = if is_leaf {
        u16_at(page, head + 3).unwrap_or(0)
    } else {
        0
    };
    (0..usize::from(count)).filter_map(move |i| {
        let at = usize::from(u16_at(page, head + 8 + 2 * i)?);
        if at < head + 8 {
            return None;
        }
        cell(page, at, geometry.usable_bytes)
    })
}

fn cell(page: &[u8], at: usize, usable: usize) -> Option<Cell<'_>> {
    let (payload_bytes, at) = varint(page, at)?;
    let (rowid, at) = varint(page, at)?;
    let payload_bytes = usize::try_from(payload_bytes).ok()?;
    let most = usable.checked_sub(35)?;
    if payload_bytes <= most {
        let local = page.get(at..at.checked_add(payload_bytes)?)?;
        return Some(Cell {
            rowid,
            payload_bytes,
            local,
            overflow: 0,
        });
    }
    // The file format's rule for how much of a large row stays on the page.
    let least = (usable - 12) * 32 / 255 - 23;
    let spill = least + (payload_bytes - least) % (usable - 4);
    let here = if spill <= most { spill } else { least };
    let end = at.checked_add(here)?;
    Some(Cell {
        rowid,
        payload_bytes,
        local: page.get(at..end)?,
        overflow: u32_at(page, end)?,
    })
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing; also what a row id column holds.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Bytes.
    Blob(&'a [u8]),
    /// Text, not checked for UTF-8.
    Text(&'a [u8]),
}

/// Values of a row from all of its bytes; none when they do not fit its header.
///
/// At most 32 columns, more than any table of rosbag2 has.
pub fn values(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let (header_len, mut at) = varint(payload, 0)?;
    let header_len = usize::try_from(header_len).ok()?;
    let mut body = header_len;
    let mut values = Vec::new();
    while at < header_len {
        let (kind, next) = varint(payload, at)?;
        at = next;
        let (value, end) = value(payload, body, kind)?;
        body = end;
        values.push(value);
        if values.len() > 32 {
            return None;
        }
    }
    (at == header_len && body == payload.len()).then_some(values)
}

fn value(payload: &[u8], at: usize, kind: i64) -> Option<(Value<'_>, usize)> {
    let integer = |len: usize| {
        let bytes = payload.get(at..at.checked_add(len)?)?;
        let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        let start = if negative { -1_i64 } else { 0 };
        let number = bytes
            .iter()
            .fold(start, |n, &byte| (n << 8) | i64::from(byte));
        Some((Value::Integer(number), at + len))
    };
    match kind {
        0 => Some((Value::Null, at)),
        1 => integer(1),
        2 => integer(2),
        3 => integer(3),
        4 => integer(4),
        5 => integer(6),
        6 => integer(8),
        7 => {
            let bytes = payload.get(at..at.checked_add(8)?)?;
            Some((
                Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
                at + 8,
            ))
        }
        8 => Some((Value::Integer(0), at)),
        9 => Some((Value::Integer(1), at)),
        12.. => {
            let len = usize::try_from((kind - 12) / 2).ok()?;
            let end = at.checked_add(len)?;
            let bytes = payload.get(at..end)?;
            let value = if kind % 2 == 0 {
                Value::Blob(bytes)
            } else {
                Value::Text(bytes)
            };
            Some((value, end))
        }
        _ => None,
    }
}

/// A row of the `messages` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRow<'a> {
    /// Id of the topic.
    pub topic_id: i64,
    /// Receive time, nanoseconds.
    pub timestamp: i64,
    /// Payload.
    pub data: &'a [u8],
}

/// Reads a row as one of `messages`: row id, two whole numbers, bytes; none when it is something else.
pub fn message_row(payload: &[u8]) -> Option<MessageRow<'_>> {
    match values(payload)?.as_slice() {
        &[
            Value::Null,
            Value::Integer(topic_id),
            Value::Integer(timestamp),
            Value::Blob(data),
        ] => Some(MessageRow {
            topic_id,
            timestamp,
            data,
        }),
        _ => None,
    }
}

/// Whether the start of a row, at least its header, is that of a row of `messages`.
pub fn starts_as_message(local: &[u8]) -> bool {
    let Some((header_len, mut at)) = varint(local, 0) else {
        return false;
    };
    let mut kinds = [0_i64; 4];
    for kind in &mut kinds {
        let Some((value, next)) = varint(local, at) else {
            return false;
        };
        (*kind, at) = (value, next);
    }
    let integer = |kind: i64| matches!(kind, 1..=6 | 8 | 9);
    let [row, topic, time, data] = kinds;
    usize::try_from(header_len) == Ok(at)
        && row == 0
        && integer(topic)
        && integer(time)
        && data >= 12
        && data % 2 == 0
}

/// Big-endian base-128 number of 1 to 9 bytes, and the offset behind it.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut number = 0_u64;
    for i in 0..8 {
        let byte = *bytes.get(at + i)?;
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number.cast_signed(), at + i + 1));
        }
    }
    let last = *bytes.get(at + 8)?;
    Some((((number << 8) | u64::from(last)).cast_signed(), at + 9))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    bytes.try_into().ok().map(u16::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}
