//! The inside of a chunk: decompression, and the walk over its records with resynchronization.
//!
//! Read [`expand`] and [`walk`] first.
//!
//! Not here: counting and reporting (`reader`).

use super::lz4::{self, Lz4End};
use super::record::{OP_CONNECTION, OP_MESSAGE, Record, parse, plausible, slice};
use super::resync::{self, IN_CHUNK};
use std::io::Read as _;
use std::ops::Range;

/// Compression of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Bz2,
    Lz4,
    Unknown(String),
}

impl Compression {
    /// The name, empty for none; of an unknown one as the file has it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::None => "",
            Self::Bz2 => "bz2",
            Self::Lz4 => "lz4",
            Self::Unknown(name) => name,
        }
    }

    /// Reads the name; an unknown name is settled by the signature of the data where that is possible.
    pub(super) fn from_header(name: Option<&[u8]>, data: &[u8]) -> Self {
        match name {
            Some(b"none") => Self::None,
            Some(b"bz2") => Self::Bz2,
            Some(b"lz4") => Self::Lz4,
            other => match resync::sniff(data) {
                Some(b"bz2") => Self::Bz2,
                Some(_) => Self::Lz4,
                None => {
                    Self::Unknown(String::from_utf8_lossy(other.unwrap_or_default()).into_owned())
                }
            },
        }
    }
}

/// How decompression ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of the compressed stream.
    Complete,
    /// The input ended first.
    Incomplete,
    /// The stream contradicts itself or a checksum failed; what came out before is suspect.
    Damaged(&'static str),
    /// The limit for decompressed bytes was reached.
    TooLarge,
}

/// What became of the compressed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) end: End,
    /// Compressed bytes that were used.
    pub(super) used: usize,
}

/// Decompresses `input` into `out` (cleared first), keeping every byte that comes out before damage.
///
/// `claimed` is the size the chunk header states; it only sizes the first allocation, capped.
pub(super) fn expand(
    input: &[u8],
    compression: &Compression,
    claimed: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Expanded {
    out.clear();
    // A claim may lie: never reserve more than 64 MiB before bytes have come out.
    out.reserve(claimed.min(limit).min(64 << 20));
    match compression {
        Compression::Bz2 => expand_bz2(input, limit, out),
        Compression::Lz4 => expand_lz4(input, limit, out),
        Compression::None | Compression::Unknown(_) => Expanded {
            end: End::Damaged("compression is unknown"),
            used: 0,
        },
    }
}

fn expand_bz2(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Expanded {
    /// Input is fed in steps, so that the place where output ended is known this well.
    const STEP: usize = 4096;
    let mut stream = bzip2::Decompress::new(false);
    let (mut used, mut productive) = (0_usize, 0_usize);
    loop {
        if out.len() >= limit {
            return Expanded {
                end: End::TooLarge,
                used,
            };
        }
        if out.len() == out.capacity() {
            out.reserve((256 << 10).min(limit - out.len()));
        }
        let (in_before, out_before) = (stream.total_in(), out.len());
        let status = stream.decompress_vec(slice(input, used..used + STEP), out);
        let took = usize::try_from(stream.total_in() - in_before).unwrap_or(usize::MAX);
        used = used.saturating_add(took);
        if out.len() > out_before {
            productive = used;
        }
        let stuck = took == 0 && out.len() == out_before;
        out.truncate(limit);
        let end = match status {
            Ok(bzip2::Status::StreamEnd) => {
                return Expanded {
                    end: End::Complete,
                    used,
                };
            }
            Ok(_) if stuck => End::Incomplete,
            Ok(_) => continue,
            Err(_) => End::Damaged("bzip2 data or its checksum is wrong"),
        };
        return Expanded {
            end,
            used: productive,
        };
    }
}

fn expand_lz4(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Expanded {
    if let Some(used) = lz4::frame_end(input) {
        let frame = slice(input, 0..used);
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut decoder = lz4_flex::frame::FrameDecoder::new(frame).take(most);
        if decoder.read_to_end(out).is_ok() {
            let end = if out.len() > limit {
                End::TooLarge
            } else {
                End::Complete
            };
            out.truncate(limit);
            return Expanded { end, used };
        }
    }
    let (end, used) = lz4::decode_prefix(input, limit, out);
    let end = match end {
        // The structure holds, so what `lz4_flex` refused is a checksum.
        Lz4End::Complete => End::Damaged("an LZ4 checksum is wrong"),
        Lz4End::Incomplete => End::Incomplete,
        Lz4End::Damaged => End::Damaged("LZ4 data is wrong"),
        Lz4End::Limit => End::TooLarge,
    };
    Expanded { end, used }
}

/// What the walk over the records of a chunk meets.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A message.
    Message {
        conn: u32,
        time: i64,
        data: &'a [u8],
    },
    /// A connection definition.
    Connection(Record<'a>),
    /// A record of another kind, which chunks do not hold.
    Other(Record<'a>),
    /// Bytes no record could be made of, as offsets within the walked bytes.
    Damaged(Range<usize>),
}

/// Walks the records of a decompressed chunk, or of a run of records outside chunks, in file order.
///
/// After damage it goes on at the next plausible message or connection. A message whose length
/// swallows the records after it is dropped and those are read.
pub(super) fn walk<'a>(bytes: &'a [u8], sink: &mut dyn FnMut(Item<'a>)) {
    let mut at = 0;
    let mut current = parse(bytes, at).ok();
    while at < bytes.len() {
        let Some(record) = current.filter(|record| stands(record, bytes)) else {
            let next = resync::find(bytes, at + 1, IN_CHUNK).unwrap_or(bytes.len());
            sink(Item::Damaged(at..next));
            at = next;
            current = parse(bytes, at).ok();
            continue;
        };
        let next = parse(bytes, record.end).ok();
        if record.end < bytes.len()
            && !next.is_some_and(|next| stands(&next, bytes))
            && let Some(swallowed) = resync::find(bytes, record.data_start, IN_CHUNK)
            && swallowed < record.end
        {
            sink(Item::Damaged(at..swallowed));
            at = swallowed;
            current = parse(bytes, at).ok();
            continue;
        }
        sink(item(record, bytes));
        at = record.end;
        current = next;
    }
}

/// Whether a record can stand in a chunk: plausible, or of a kind that is merely unknown.
fn stands(record: &Record<'_>, bytes: &[u8]) -> bool {
    match record.header.op {
        Some(OP_MESSAGE | OP_CONNECTION) => plausible(record, bytes),
        // Fields of a message or connection under another number: the number is damaged.
        _ => record.end <= bytes.len(),
    }
}

fn item<'a>(record: Record<'a>, bytes: &'a [u8]) -> Item<'a> {
    let header = &record.header;
    match (header.conn, header.time, header.topic) {
        (Some(conn), Some(time), _) => Item::Message {
            conn,
            time,
            data: slice(bytes, record.data_start..record.end),
        },
        (Some(_), None, Some(_)) => Item::Connection(record),
        _ => Item::Other(record),
    }
}
