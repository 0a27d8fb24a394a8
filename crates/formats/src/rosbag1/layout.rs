//! The front-to-back walk over the framing of a bag: chunks, runs of loose messages, index section.
//!
//! Read [`Layout`] first. The walk never follows `index_pos` or chunk positions; it reads record
//! after record and, after damage, goes on at the next plausible one.
//!
//! Not here: the inside of chunks (`chunk`), what users are told (`reader`).

use super::MAGIC;
use super::chunk::{Compression, End, expand};
use super::connection;
use super::record::{
    Header, OP_BAG_HEADER, OP_CHUNK, OP_CHUNK_INFO, OP_CONNECTION, OP_INDEX, OP_MESSAGE, Record,
    parse, plausible, slice, u32_at,
};
use super::resync::{self, ANY, TOP_LEVEL};
use crate::{Channel, Limits, Notes};
use std::collections::BTreeMap;
use std::ops::Range;

/// Loose messages are grouped into units of about this size, bytes.
const RUN_BYTES: usize = 4 << 20;

/// One unit: a chunk with its index, or a run of messages outside chunks.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// First byte of the unit in the file.
    pub(super) start: usize,
    /// Chunk data, or the records of the run.
    pub(super) data: Range<usize>,
    /// One past the last byte, index records included.
    pub(super) end: usize,
    /// None for a run.
    pub(super) chunk: Option<Chunk>,
}

/// What is particular to a chunk.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) compression: Compression,
    /// Uncompressed size the header claims; none when the header is damaged.
    pub(super) size: Option<usize>,
    /// Index records after the chunk.
    pub(super) index: Range<usize>,
    /// Whether an index record is damaged or cut off, so that counts from the index are no total.
    pub(super) index_damaged: bool,
    /// Whether the file ends inside the chunk data.
    pub(super) cut: bool,
    /// What the index section says about the chunk.
    pub(super) info: Option<Info>,
}

/// A chunk info record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) start_time: i64,
    pub(super) end_time: i64,
    pub(super) messages: u64,
    /// Its rows of connection and count, in the file.
    pub(super) rows: Range<usize>,
    /// Where the record starts.
    pub(super) offset: usize,
}

/// Bytes of the file the walk could not use.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    pub(super) range: Range<usize>,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Messages known to have been there; none when unknown.
    pub(super) messages: Option<u64>,
    /// Number of units before it; runs right after it may hold messages from there.
    pub(super) units_before: usize,
}

/// The outcome of the walk.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) units: Vec<Unit>,
    /// Channels of the connection records outside chunks, with their place.
    pub(super) connections: Vec<(Channel, usize)>,
    pub(super) lost: Vec<Lost>,
    pub(super) notes: Notes,
    /// Whether the connections are all there, going by the bag header and the absence of damage.
    pub(super) sound: bool,
}

/// Walks the file. `bytes` starts with the magic.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Layout {
    read_from(bytes, MAGIC.len(), limits)
}

/// Walks what begins with a record at `start`.
pub(super) fn read_from(bytes: &[u8], start: usize, limits: Limits) -> Layout {
    let mut walker = Walker {
        bytes,
        limits,
        at: start,
        header: None,
        units: Vec::new(),
        connections: Vec::new(),
        infos: BTreeMap::new(),
        lost: Vec::new(),
        notes: Notes::new(limits.notes_per_code),
        last: Last::Other,
        index_start: None,
    };
    while walker.at < bytes.len() {
        walker.step();
    }
    walker.finish()
}

/// What the record before was, as far as index records after it care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Chunk,
    Loss,
    Run,
    Other,
}

struct Walker<'a> {
    bytes: &'a [u8],
    limits: Limits,
    at: usize,
    header: Option<Header<'a>>,
    units: Vec<Unit>,
    connections: Vec<(Channel, usize)>,
    infos: BTreeMap<u64, Info>,
    lost: Vec<Lost>,
    notes: Notes,
    last: Last,
    index_start: Option<usize>,
}

impl<'a> Walker<'a> {
    fn step(&mut self) {
        let record = parse(self.bytes, self.at).ok();
        let Some(record) = record.filter(|r| stands(r, self.bytes)) else {
            self.recover(record);
            return;
        };
        match kind(&record, self.bytes) {
            Some(OP_CHUNK) => self.chunk(&record),
            Some(OP_MESSAGE) => self.message(&record),
            Some(OP_INDEX) => self.index(&record),
            Some(OP_CONNECTION) => self.connection(&record),
            Some(OP_CHUNK_INFO) => self.info(&record),
            Some(OP_BAG_HEADER) => {
                self.header.get_or_insert(record.header);
                self.at = record.end;
            }
            _ => self.at = record.end,
        }
        if kind(&record, self.bytes) != record.header.op || kind(&record, self.bytes).is_none() {
            let op = record.header.op.unwrap_or_default();
            self.notes.add(
                "structure.unknown_opcode",
                Some(record.start as u64),
                || format!("record kind `0x{op:02x}` is unknown"),
            );
        }
    }

    fn chunk(&mut self, record: &Record<'a>) {
        let header = &record.header;
        let size = header.size.and_then(|size| usize::try_from(size).ok());
        let compression = Compression::from_header(
            header.compression,
            slice(self.bytes, record.data_start..record.end),
        );
        let (end, cut) = self.chunk_end(record, &compression, size);
        if end != record.end && !cut {
            let claimed = record.end - record.data_start;
            let found = end.saturating_sub(record.data_start);
            self.notes.add("structure.record_repaired", Some(record.start as u64), || {
                format!("chunk claims `{claimed}` bytes of data, the next record starts after `{found}`")
            });
        }
        self.push_chunk(
            record.start,
            record.data_start..end,
            (compression, size),
            cut,
        );
        self.at = end;
    }

    fn push_chunk(
        &mut self,
        start: usize,
        data: Range<usize>,
        (compression, size): (Compression, Option<usize>),
        cut: bool,
    ) {
        let end = data.end;
        self.units.push(Unit {
            start,
            data,
            end,
            chunk: Some(Chunk {
                compression,
                size,
                index: end..end,
                index_damaged: false,
                cut,
                info: None,
            }),
        });
        self.last = Last::Chunk;
        self.index_start = None;
    }

    /// Where the data of a chunk ends, and whether that is because the file does.
    ///
    /// The claimed end is believed when a record stands there. Otherwise the next record that can
    /// only stand outside a chunk is looked for.
    fn chunk_end(
        &self,
        record: &Record<'a>,
        compression: &Compression,
        size: Option<usize>,
    ) -> (usize, bool) {
        let len = self.bytes.len();
        let claimed = record.end;
        if claimed == len || (claimed < len && self.stands_at(claimed)) {
            return (claimed, false);
        }
        match resync::find(self.bytes, record.data_start, TOP_LEVEL) {
            Some(found) if found < claimed => (found, false),
            Some(found) => {
                let longer = if *compression == Compression::None {
                    size == Some(found - record.data_start)
                } else {
                    let data = slice(self.bytes, record.data_start..found);
                    let mut out = Vec::new();
                    let compression = Compression::from_header(record.header.compression, data);
                    expand(data, &compression, 0, self.limits.unit_bytes, &mut out).end
                        == End::Complete
                };
                (if longer { found } else { claimed }, false)
            }
            None if claimed > len => (len, true),
            None => (claimed, false),
        }
    }

    fn stands_at(&self, at: usize) -> bool {
        parse(self.bytes, at).is_ok_and(|record| stands(&record, self.bytes))
    }

    fn message(&mut self, record: &Record<'a>) {
        // A damaged length may have swallowed the records that follow.
        if record.end < self.bytes.len()
            && !self.stands_at(record.end)
            && let Some(found) = resync::find(self.bytes, record.data_start, ANY)
            && found < record.end
        {
            self.lose(
                record.start..found,
                "loss.framing",
                "message has a wrong length".into(),
            );
            self.at = found;
            return;
        }
        self.extend_run(record);
    }

    /// Adds a record to the current run of loose messages, or starts one.
    fn extend_run(&mut self, record: &Record<'a>) {
        match self.units.last_mut() {
            Some(unit)
                if unit.chunk.is_none()
                    && unit.end == record.start
                    && record.end - unit.start <= RUN_BYTES =>
            {
                unit.end = record.end;
                unit.data.end = record.end;
            }
            _ => self.units.push(Unit {
                start: record.start,
                data: record.start..record.end,
                end: record.end,
                chunk: None,
            }),
        }
        self.last = Last::Run;
        self.index_start = None;
        self.at = record.end;
    }

    fn index(&mut self, record: &Record<'a>) {
        let count = u64::from(record.header.count.unwrap_or_default());
        match self.last {
            Last::Chunk => {
                if let Some(unit) = self.units.last_mut()
                    && let Some(chunk) = unit.chunk.as_mut()
                {
                    chunk.index.end = record.end;
                    unit.end = record.end;
                }
            }
            Last::Loss => {
                if let Some(lost) = self.lost.last_mut() {
                    lost.messages = Some(lost.messages.unwrap_or_default() + count);
                }
            }
            Last::Run | Last::Other => {}
        }
        self.at = record.end;
    }

    fn connection(&mut self, record: &Record<'a>) {
        if let Some(channel) = connection::channel(record, self.bytes) {
            self.connections.push((channel, record.start));
        }
        let index_start = self.index_start.unwrap_or(record.start);
        if self.last == Last::Run {
            self.extend_run(record);
        } else {
            self.last = Last::Other;
        }
        self.index_start = Some(index_start);
        self.at = record.end;
    }

    fn info(&mut self, record: &Record<'a>) {
        let header = &record.header;
        let rows = record.data_start..record.end;
        let messages = rows
            .clone()
            .step_by(8)
            .filter_map(|at| u32_at(self.bytes, at + 4))
            .map(u64::from)
            .sum();
        let info = Info {
            start_time: header.start_time.unwrap_or_default(),
            end_time: header.end_time.unwrap_or_default(),
            messages,
            rows,
            offset: record.start,
        };
        if let Some(position) = header.chunk_pos
            && self.infos.insert(position, info).is_some()
        {
            self.notes.add(
                "structure.chunk_index_mismatch",
                Some(record.start as u64),
                || format!("chunk at offset `{position}` is described twice in the index section"),
            );
        }
        self.last = Last::Other;
        self.index_start.get_or_insert(record.start);
        self.at = record.end;
    }

    /// Skips to the next plausible record, keeping compressed data whose chunk header is damaged.
    fn recover(&mut self, record: Option<Record<'a>>) {
        let len = self.bytes.len();
        // Compressed data can hold whole records that were stored as they are.
        let compressed = resync::find_compressed(slice(self.bytes, self.at..len));
        let kinds = if compressed.is_some() { TOP_LEVEL } else { ANY };
        let found = resync::find(self.bytes, self.at + 1, kinds);
        let region = self.at..found.unwrap_or(len);
        let runs_out = record.map_or_else(
            || parse(self.bytes, self.at) == Err(super::record::Fault::Short),
            |r| r.end > len,
        );
        let (code, message) = if found.is_none() && runs_out {
            ("loss.truncated", "the file ends inside a record".to_owned())
        } else {
            (
                "loss.framing",
                "no record can be made of these bytes".to_owned(),
            )
        };
        self.at = region.end;
        let bytes = slice(self.bytes, region.clone());
        if let Some((at, name)) = compressed.filter(|(at, _)| *at < region.len()) {
            let data = region.start + at..region.end;
            self.lose(
                region.start..data.start,
                "loss.framing",
                "chunk header is damaged".into(),
            );
            if let Some(lost) = self.lost.last_mut() {
                lost.messages = Some(0);
            }
            let compression = Compression::from_header(Some(name), &[]);
            self.push_chunk(region.start, data, (compression, None), found.is_none());
            return;
        }
        let no_messages = found.is_some() && holds_no_messages(bytes);
        self.lose(region, code, message);
        if no_messages {
            if let Some(lost) = self.lost.last_mut() {
                lost.messages = Some(0);
            }
            if self.last_chunk_mut().is_some_and(|chunk| {
                chunk.index_damaged = true;
                true
            }) {
                self.last = Last::Chunk;
            }
        }
    }

    fn last_chunk_mut(&mut self) -> Option<&mut Chunk> {
        self.units.last_mut().and_then(|unit| unit.chunk.as_mut())
    }

    fn lose(&mut self, range: Range<usize>, code: &'static str, message: String) {
        self.lost.push(Lost {
            range,
            code,
            message,
            messages: None,
            units_before: self.units.len(),
        });
        self.last = Last::Loss;
    }

    fn finish(mut self) -> Layout {
        for unit in &mut self.units {
            if let Some(chunk) = unit.chunk.as_mut() {
                chunk.info = self.infos.remove(&(unit.start as u64));
            }
        }
        self.charge_lost_chunks();
        let sound = self.check_header();
        for (position, info) in &self.infos {
            self.notes.add("structure.chunk_index_mismatch", Some(info.offset as u64), || {
                format!("the index section describes a chunk at offset `{position}` where there is none")
            });
        }
        Layout {
            units: self.units,
            connections: self.connections,
            lost: self.lost,
            notes: self.notes,
            sound,
        }
    }

    /// Chunk infos that point into lost bytes say how many messages were there.
    fn charge_lost_chunks(&mut self) {
        for lost in &mut self.lost {
            let range = lost.range.start as u64..lost.range.end as u64;
            let inside: Vec<u64> = self
                .infos
                .range(range)
                .map(|(&position, _)| position)
                .collect();
            if inside.is_empty() {
                continue;
            }
            let infos = inside
                .iter()
                .filter_map(|position| self.infos.remove(position));
            lost.messages = Some(infos.map(|info| info.messages).sum());
        }
    }

    /// Compares the bag header with what was found; true when the connections are certainly all there.
    fn check_header(&mut self) -> bool {
        let len = self.bytes.len();
        let chunks = self.units.iter().filter(|u| u.chunk.is_some()).count();
        let whole = !self
            .units
            .iter()
            .any(|u| u.chunk.as_ref().is_some_and(|c| c.cut));
        let infos = self
            .units
            .iter()
            .filter(|u| u.chunk.as_ref().is_some_and(|c| c.info.is_some()));
        let infos = infos.count() + self.infos.len();
        let Some(header) = self.header else {
            self.notes.add("structure.bag_header_missing", None, || {
                "the bag header record is missing or damaged".into()
            });
            return false;
        };
        let position = header.index_pos.unwrap_or_default();
        if position == 0 {
            self.notes
                .add("structure.index_missing", Some(MAGIC.len() as u64), || {
                    "the bag was not closed: its header names no index section".into()
                });
            return false;
        }
        let declared =
            |count: Option<u32>| count.and_then(|c| usize::try_from(c).ok()).unwrap_or(0);
        let (all_chunks, all_connections) =
            (declared(header.chunk_count), declared(header.conn_count));
        let no_chunk_lost = chunks >= all_chunks && whole;
        let start = self.index_start.unwrap_or(len);
        // Loose messages have their connections before them and again in the index section.
        let listed = self
            .connections
            .iter()
            .filter(|(_, offset)| *offset >= start);
        let connections = listed.count();
        let short = position > len as u64
            || (self.index_start.is_none() && all_connections > 0)
            || !no_chunk_lost
            || connections < all_connections
            || infos < all_chunks;
        if short && self.lost.is_empty() && whole {
            let message = format!(
                "the bag header declares `{all_chunks}` chunks and `{all_connections}` connections; `{chunks}` and `{connections}` are there, the index section describes `{infos}`"
            );
            self.lose(len..len, "loss.truncated", message);
        }
        if let Some(last) = self.lost.last_mut()
            && last.range.end == len
            && no_chunk_lost
            && position <= last.range.start as u64
        {
            // All messages are there, so only the index section was cut.
            last.messages = Some(0);
        }
        let start = start as u64;
        if self.lost.is_empty()
            && whole
            && (position != start || chunks != all_chunks || connections != all_connections)
        {
            self.notes.add("structure.bag_header_mismatch", Some(MAGIC.len() as u64), || {
                format!(
                    "the bag header says index at `{position}`, `{all_chunks}` chunks, `{all_connections}` connections; found `{start}`, `{chunks}`, `{connections}`"
                )
            });
        }
        self.lost.is_empty() && whole && connections == all_connections
    }
}

/// The kind of a record, by its fields where the number contradicts them; none for a kind of its own.
fn kind(record: &Record<'_>, bytes: &[u8]) -> Option<u8> {
    if plausible(record, bytes) {
        return record.header.op;
    }
    [
        OP_CHUNK,
        OP_INDEX,
        OP_CONNECTION,
        OP_MESSAGE,
        OP_CHUNK_INFO,
        OP_BAG_HEADER,
    ]
    .into_iter()
    .find(|&op| {
        let mut other = *record;
        other.header.op = Some(op);
        plausible(&other, bytes)
    })
}

/// Whether the walk believes a record: plausible in its kind or in the kind its fields tell, or of an unknown kind inside the file.
fn stands(record: &Record<'_>, bytes: &[u8]) -> bool {
    let known = matches!(record.header.op, Some(OP_MESSAGE..=OP_CONNECTION));
    kind(record, bytes).is_some() || (!known && record.end <= bytes.len())
}

/// Whether lost bytes are of a record that holds no messages, going by the field names in them.
fn holds_no_messages(bytes: &[u8]) -> bool {
    let has = |name: &[u8]| bytes.windows(name.len()).any(|w| w == name);
    let other = has(b"ver=") || has(b"topic=") || has(b"chunk_pos=") || has(b"conn_count=");
    other && !has(b"compression=") && !has(b"\0time=") && !has(b"\0size=")
}
