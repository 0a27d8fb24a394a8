//! [`BagRecording`]: a bag as a [`Recording`].
//!
//! Read [`BagRecording::open`] and `UnitReader` first. Not here: framing (`layout`), the inside of
//! chunks (`chunk`).

use super::chunk::{Compression, End, Item, expand, walk};
use super::connection;
use super::layout::{self, Chunk, Layout, Lost, Unit};
use super::record::{OP_BAG_HEADER, parse, slice, time_at, u32_at};
use super::{BagError, MAGIC};
use crate::{
    Buffers, Channel, Format, Limits, Message, Notes, Recording, UnitPart, UnitSummary, Visitor,
};
use fieldassay_model::{Account, LossReason};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A ROS 1 bag, opened.
///
/// Units are chunks, and runs of messages outside chunks. Channel ids are connection ids;
/// `log_time` is the time of the message record, nanoseconds; `publish_time` and `sequence` are
/// none, the format has neither outside the payload.
#[derive(Debug)]
pub struct BagRecording<'a> {
    bytes: &'a [u8],
    limits: Limits,
    channels: Vec<Channel>,
    units: Vec<Unit>,
    lost: Vec<Lost>,
    notes: Vec<fieldassay_model::Note>,
}

impl<'a> BagRecording<'a> {
    /// Opens a bag from all its bytes, damaged or not.
    ///
    /// Walks the record framing from front to back without trusting `index_pos`. Connections come
    /// from the index section when it is whole, otherwise every chunk is read once, in parallel.
    /// Costs one visit per top-level record, and one decompression of everything in the second case.
    ///
    /// # Errors
    /// When the bytes are no bag of version 2.0.
    pub fn open(bytes: &'a [u8], limits: Limits) -> Result<Self, BagError> {
        let damaged_magic = check_magic(bytes)?;
        let layout = layout::read(bytes, limits);
        let mut notes = layout.notes.clone();
        if damaged_magic {
            notes.add("structure.magic", Some(0), || {
                format!("the first bytes are `{}`", escape(bytes))
            });
        }
        let channels = find_channels(bytes, limits, &layout, &mut notes);
        let mut account = Account::default();
        notes.finish(&mut account);
        Ok(Self {
            bytes,
            limits,
            channels,
            units: layout.units,
            lost: layout.lost,
            notes: account.notes,
        })
    }

    fn channel(&self, id: u32) -> Option<&Channel> {
        by_id(&self.channels, id)
    }
}

fn by_id(channels: &[Channel], id: u32) -> Option<&Channel> {
    channels
        .binary_search_by_key(&id, |channel| channel.id)
        .ok()
        .and_then(|at| channels.get(at))
}

fn escape(bytes: &[u8]) -> String {
    slice(bytes, 0..MAGIC.len()).escape_ascii().to_string()
}

/// Whether the magic is damaged while a bag header stands where it should.
fn check_magic(bytes: &[u8]) -> Result<bool, BagError> {
    if bytes.starts_with(MAGIC) {
        return Ok(false);
    }
    let header = parse(bytes, MAGIC.len()).is_ok_and(|r| r.is(OP_BAG_HEADER));
    if header {
        return Ok(true);
    }
    let version = bytes
        .strip_prefix(b"#ROSBAG V".as_slice())
        .or_else(|| bytes.strip_prefix(b"#ROSRECORD V".as_slice()));
    match version {
        Some(rest) if rest.get(..3).is_some_and(|v| v != b"2.0") => Err(BagError::Version {
            version: slice(rest, 0..3).escape_ascii().to_string(),
        }),
        _ => Err(BagError::NotABag {
            found: escape(bytes),
        }),
    }
}

/// All channels by id: of the index section, and of the chunks when that is not known to be whole.
fn find_channels(bytes: &[u8], limits: Limits, layout: &Layout, notes: &mut Notes) -> Vec<Channel> {
    let mut found: Vec<(Channel, usize)> = Vec::new();
    if !layout.sound {
        let of_units: Vec<Vec<(Channel, usize)>> = layout
            .units
            .par_iter()
            .map_init(Vec::new, |buffer, unit| {
                connections_of(bytes, limits, unit, buffer)
            })
            .collect();
        found.extend(of_units.into_iter().flatten());
    }
    found.extend(layout.connections.iter().cloned());
    let mut channels: BTreeMap<u32, Channel> = BTreeMap::new();
    for (channel, offset) in found {
        match channels.get(&channel.id) {
            None => {
                channels.insert(channel.id, channel);
            }
            Some(known) => note_conflict(known, &channel, offset, notes),
        }
    }
    channels.into_values().collect()
}

fn note_conflict(known: &Channel, other: &Channel, offset: usize, notes: &mut Notes) {
    if known.topic != other.topic || known.schema != other.schema {
        notes.add("structure.channel_conflict", Some(offset as u64), || {
            let name = |c: &Channel| {
                c.schema
                    .as_ref()
                    .map_or_else(String::new, |s| s.name.clone())
            };
            format!(
                "connection `{}` is `{}` of type `{}` and again `{}` of type `{}`",
                known.id,
                known.topic,
                name(known),
                other.topic,
                name(other)
            )
        });
    }
}

fn connections_of(
    bytes: &[u8],
    limits: Limits,
    unit: &Unit,
    buffer: &mut Vec<u8>,
) -> Vec<(Channel, usize)> {
    let mut found = Vec::new();
    let content = content(bytes, limits, unit, buffer);
    walk(content.bytes, &mut |item| {
        if let Item::Connection(record) = item
            && let Some(channel) = connection::channel(&record, content.bytes)
        {
            found.push((channel, unit.start));
        }
    });
    found
}

/// The records of a unit and how complete they are.
struct Content<'b> {
    bytes: &'b [u8],
    end: End,
    /// Bytes of the chunk data that were used.
    used: usize,
    /// Whether offsets in `bytes` are offsets in the file, less the start of the data.
    plain: bool,
}

fn content<'b>(
    bytes: &'b [u8],
    limits: Limits,
    unit: &Unit,
    buffer: &'b mut Vec<u8>,
) -> Content<'b> {
    let data = slice(bytes, unit.data.clone());
    let plain = |end| Content {
        bytes: data,
        end,
        used: data.len(),
        plain: true,
    };
    match &unit.chunk {
        None => plain(End::Complete),
        Some(chunk) if chunk.compression == Compression::None => plain(if chunk.cut {
            End::Incomplete
        } else {
            End::Complete
        }),
        Some(chunk) => {
            let claimed = chunk.size.unwrap_or_default();
            let expanded = expand(data, &chunk.compression, claimed, limits.unit_bytes, buffer);
            Content {
                bytes: buffer,
                end: expanded.end,
                used: expanded.used,
                plain: false,
            }
        }
    }
}

/// Reads a chunk, or a run of messages outside chunks, from its bytes alone.
pub(crate) fn read_part(
    bytes: &[u8],
    limits: Limits,
    buffers: &mut Buffers,
    visitor: &mut dyn Visitor,
) {
    let part = BagRecording {
        bytes,
        limits,
        channels: Vec::new(),
        units: layout::read_from(bytes, 0, limits).units,
        lost: Vec::new(),
        notes: Vec::new(),
    };
    for unit in 0..part.unit_count() {
        part.read_unit(unit, buffers, visitor);
    }
}

impl Recording for BagRecording<'_> {
    fn format(&self) -> Format {
        Format::Rosbag1
    }

    fn channels(&self) -> &[Channel] {
        &self.channels
    }

    fn unit_count(&self) -> usize {
        self.units.len()
    }

    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)> {
        let info = self.units.get(unit)?.chunk.as_ref()?.info.as_ref()?;
        Some((info.start_time, info.end_time))
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        self.units
            .get(unit)
            .map_or(0, |unit| (unit.end - unit.start) as u64)
    }

    fn unit_part(&self, unit: usize) -> Option<UnitPart> {
        let unit = self.units.get(unit)?;
        // Index records behind a chunk are not needed to read it.
        let length = (unit.data.end - unit.start) as u64;
        let chunk = unit.chunk.as_ref();
        Some(UnitPart {
            offset: unit.start as u64,
            length,
            compression: chunk
                .map_or("", |chunk| chunk.compression.name())
                .to_owned(),
            uncompressed_bytes: chunk
                .and_then(|chunk| chunk.size)
                .map_or(length, |size| size as u64),
        })
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let Some(unit) = self.units.get(unit) else {
            return UnitSummary::default();
        };
        let content = content(self.bytes, self.limits, unit, &mut buffers.decompressed);
        let mut reader = UnitReader {
            recording: self,
            unit,
            content: &content,
            summary: UnitSummary::default(),
            notes: Notes::new(self.limits.notes_per_code),
            damaged: Vec::new(),
            newest: i64::MIN,
        };
        walk(content.bytes, &mut |item| reader.item(item, visitor));
        reader.finish()
    }

    fn account(&self, units: &[UnitSummary]) -> Account {
        let mut account = Account {
            notes: self.notes.clone(),
            losses: self
                .lost
                .iter()
                .map(|lost| self.loss(lost, units))
                .collect(),
        };
        let mut notes = Notes::new(self.limits.notes_per_code);
        let mut newest = i64::MIN;
        let mut undefined: BTreeMap<u32, u64> = BTreeMap::new();
        for (summary, unit) in units.iter().zip(&self.units) {
            if let Some((first, last)) = summary.log_time_range {
                if first < newest {
                    notes.add("structure.message_order", Some(unit.start as u64), || {
                        format!("unit starts at log time `{first}` ns, before `{newest}` ns of an earlier one")
                    });
                }
                newest = newest.max(last);
            }
            for (&id, &count) in &summary.channel_messages {
                if self.channel(id).is_none() {
                    *undefined.entry(id).or_default() += count;
                }
            }
        }
        for (id, count) in undefined {
            notes.add("structure.undefined_channel", None, || {
                format!("connection `{id}` has `{count}` messages and no definition")
            });
        }
        let unindexed = self.units.iter().filter(|u| lacks_index(u)).count();
        if unindexed > 0 {
            notes.add("structure.index_missing", None, || {
                format!("`{unindexed}` chunks have no index records")
            });
        }
        notes.finish(&mut account);
        account
    }

    fn origin(&self) -> (String, String) {
        ("ros1".into(), String::new())
    }
}

/// A chunk that was written whole and has messages to index, but no index records.
fn lacks_index(unit: &Unit) -> bool {
    unit.chunk.as_ref().is_some_and(|chunk| {
        chunk.index.is_empty() && !chunk.cut && !chunk.index_damaged && !unit.data.is_empty()
    })
}

impl BagRecording<'_> {
    /// A loss of the framing walk; messages that loose runs right after it yielded are not lost.
    fn loss(&self, lost: &Lost, units: &[UnitSummary]) -> LossReason {
        let runs = self
            .units
            .iter()
            .zip(units)
            .skip(lost.units_before)
            .take_while(|(unit, _)| unit.chunk.is_none());
        let read: u64 = runs.map(|(_, summary)| summary.messages).sum();
        LossReason {
            code: lost.code.into(),
            start: lost.range.start as u64,
            end: lost.range.end as u64,
            messages: lost.messages.map(|messages| messages.saturating_sub(read)),
            suspect_messages: 0,
            message: lost.message.clone(),
        }
    }
}

/// Reads one unit.
struct UnitReader<'r> {
    recording: &'r BagRecording<'r>,
    unit: &'r Unit,
    content: &'r Content<'r>,
    summary: UnitSummary,
    notes: Notes,
    /// Damaged ranges within the content.
    damaged: Vec<Range<usize>>,
    newest: i64,
}

impl UnitReader<'_> {
    fn offset(&self) -> u64 {
        self.unit.start as u64
    }

    fn item(&mut self, item: Item<'_>, visitor: &mut dyn Visitor) {
        match item {
            Item::Message { conn, time, data } => {
                if time < self.newest {
                    let newest = self.newest;
                    self.notes
                        .add("structure.message_order", Some(self.offset()), || {
                            format!("connection `{conn}`: log time `{time}` ns after `{newest}` ns")
                        });
                }
                self.newest = self.newest.max(time);
                self.count(conn, time);
                visitor.message(&Message {
                    channel: conn,
                    sequence: None,
                    log_time: time,
                    publish_time: None,
                    data,
                });
            }
            Item::Connection(record) => {
                let Some(channel) = connection::channel(&record, self.content.bytes) else {
                    return;
                };
                match self.recording.channel(channel.id) {
                    Some(known) => {
                        note_conflict(known, &channel, self.unit.start, &mut self.notes);
                        visitor.channel(known);
                    }
                    None => visitor.channel(&channel),
                }
            }
            Item::Other(record) => {
                let op = record.header.op.unwrap_or_default();
                self.notes.add(
                    "structure.illegal_record_in_chunk",
                    Some(self.offset()),
                    || format!("record kind `0x{op:02x}` stands among messages"),
                );
            }
            Item::Damaged(range) => self.damaged.push(range),
        }
    }

    fn count(&mut self, conn: u32, time: i64) {
        let summary = &mut self.summary;
        summary.messages += 1;
        *summary.channel_messages.entry(conn).or_default() += 1;
        if self.recording.channel(conn).is_none() {
            summary.undefined_channel_messages += 1;
        }
        let (first, last) = summary.log_time_range.unwrap_or((time, time));
        summary.log_time_range = Some((first.min(time), last.max(time)));
    }

    fn finish(mut self) -> UnitSummary {
        if let Some(chunk) = &self.unit.chunk {
            self.check_sizes(chunk);
            let losses = self.losses(chunk);
            let whole = losses.is_empty();
            self.summary.account.losses = losses;
            if whole {
                self.check_index(chunk);
                self.check_info(chunk);
            }
        } else {
            self.summary.account.losses = self.damaged_losses(None);
        }
        let mut account = Account::default();
        self.notes.finish(&mut account);
        self.summary.account.notes = account.notes;
        self.summary
    }

    fn check_sizes(&mut self, chunk: &Chunk) {
        if self.content.end != End::Complete {
            return;
        }
        let (claimed, found) = (chunk.size, self.content.bytes.len());
        if let Some(claimed) = claimed.filter(|&claimed| claimed != found) {
            self.notes
                .add("structure.chunk_size", Some(self.offset()), || {
                    format!("chunk claims `{claimed}` bytes uncompressed and has `{found}`")
                });
        }
        let spare = self.unit.data.len().saturating_sub(self.content.used);
        if spare > 0 {
            self.notes
                .add("structure.chunk_size", Some(self.offset()), || {
                    format!("`{spare}` bytes follow the end of the compressed data")
                });
        }
    }

    /// Everything lost in a chunk, with what the index says about how much that is.
    fn losses(&mut self, chunk: &Chunk) -> Vec<LossReason> {
        let read = self.summary.messages;
        let missing = |total: u64| total.saturating_sub(read);
        let known = self.index_total(chunk).map(missing);
        let (code, message) = match (&self.content.end, &chunk.compression) {
            (_, Compression::Unknown(name)) => (
                "loss.unknown_compression",
                format!("chunk compression `{name}` is unknown"),
            ),
            (End::Complete, _) => return self.sound_losses(chunk),
            (End::Incomplete, _) if chunk.cut => {
                ("loss.truncated", "the file ends inside a chunk".to_owned())
            }
            (End::Incomplete, _) => ("loss.decompress", "compressed data ends early".to_owned()),
            (End::Damaged(why), _) => ("loss.decompress", (*why).to_owned()),
            (End::TooLarge, _) => (
                "loss.too_large",
                format!(
                    "chunk decompresses to more than the limit of `{}` bytes",
                    self.recording.limits.unit_bytes
                ),
            ),
        };
        let suspect = if matches!(self.content.end, End::Damaged(_)) {
            read
        } else {
            0
        };
        self.summary.suspect_messages = suspect;
        // The stretch at the end of the content is what this loss is about.
        let tail = self
            .damaged
            .pop_if(|range| range.end == self.content.bytes.len());
        let mut losses = self.damaged_losses(Some(chunk));
        let counted: u64 = losses.iter().filter_map(|loss| loss.messages).sum();
        losses.push(LossReason {
            code: code.into(),
            start: self.lost_from(tail) as u64,
            end: self.unit.data.end as u64,
            messages: known.map(|messages| messages.saturating_sub(counted)),
            suspect_messages: suspect,
            message,
        });
        losses
    }

    /// Losses of a chunk whose data came out whole, though the file may end before its claimed end.
    fn sound_losses(&self, chunk: &Chunk) -> Vec<LossReason> {
        let mut losses = self.damaged_losses(Some(chunk));
        if chunk.cut {
            losses.push(LossReason {
                code: "loss.truncated".into(),
                start: self.lost_from(None) as u64,
                end: self.unit.data.end as u64,
                messages: None,
                suspect_messages: 0,
                message: "the file ends inside a chunk, after its compressed data".into(),
            });
        }
        losses
    }

    /// First file byte that did not become a whole message.
    fn lost_from(&self, tail: Option<Range<usize>>) -> usize {
        let start = self.unit.data.start;
        if !self.content.plain {
            return (start + self.content.used).min(self.unit.data.end);
        }
        start + tail.map_or(self.content.bytes.len(), |range| range.start)
    }

    /// Damaged stretches among the records of sound content.
    fn damaged_losses(&self, chunk: Option<&Chunk>) -> Vec<LossReason> {
        let entries = chunk.and_then(|chunk| self.index_offsets(chunk));
        let total = chunk.and_then(|chunk| self.index_total(chunk));
        let missing = total.map(|total| total.saturating_sub(self.summary.messages));
        let mut losses: Vec<LossReason> = Vec::new();
        for range in &self.damaged {
            let counted = entries
                .as_ref()
                .map(|offsets| offsets.range(range.clone()).count() as u64);
            let messages = counted.or(if self.damaged.len() == 1 {
                missing
            } else {
                None
            });
            let (start, end) = if self.content.plain {
                (
                    self.unit.data.start + range.start,
                    self.unit.data.start + range.end,
                )
            } else {
                (self.unit.data.start, self.unit.data.end)
            };
            let message = format!(
                "no record can be made of bytes `{}..{}` of the chunk",
                range.start, range.end
            );
            if losses.len() >= self.recording.limits.notes_per_code.max(1)
                && let Some(last) = losses.last_mut()
            {
                // One more place than is kept: the last loss grows to cover it.
                last.end = end as u64;
                last.messages = last.messages.zip(messages).map(|(a, b)| a + b);
                continue;
            }
            losses.push(LossReason {
                code: "loss.record".into(),
                start: start as u64,
                end: end as u64,
                messages,
                suspect_messages: 0,
                message,
            });
        }
        losses
    }

    /// Messages the chunk should hold, from its index records or the index section.
    fn index_total(&self, chunk: &Chunk) -> Option<u64> {
        if chunk.index.is_empty() || chunk.index_damaged {
            return chunk.info.as_ref().map(|info| info.messages);
        }
        let mut total = 0;
        self.for_index_rows(chunk, |_, _, _| total += 1);
        Some(total)
    }

    fn index_offsets(&self, chunk: &Chunk) -> Option<BTreeSet<usize>> {
        if chunk.index.is_empty() || chunk.index_damaged {
            return None;
        }
        let mut offsets = BTreeSet::new();
        self.for_index_rows(chunk, |_, _, offset| {
            offsets.insert(offset);
        });
        Some(offsets)
    }

    /// Calls `row(connection, time, offset)` for each row of the chunk's index records.
    fn for_index_rows(&self, chunk: &Chunk, mut row: impl FnMut(u32, i64, usize)) {
        let bytes = self.recording.bytes;
        let mut at = chunk.index.start;
        while at < chunk.index.end {
            let Ok(record) = parse(bytes, at) else {
                // A damaged index record the walk went over.
                return;
            };
            if let Some(conn) = record.header.conn {
                for entry in slice(bytes, record.data_start..record.end).chunks_exact(12) {
                    let offset = u32_at(entry, 8).and_then(|o| usize::try_from(o).ok());
                    if let (Some(time), Some(offset)) = (time_at(entry, 0), offset) {
                        row(conn, time, offset);
                    }
                }
            }
            at = record.end;
        }
    }

    /// Compares index records with the messages of an undamaged chunk.
    fn check_index(&mut self, chunk: &Chunk) {
        if chunk.index.is_empty() || chunk.index_damaged {
            return;
        }
        let mut indexed: BTreeMap<u32, u64> = BTreeMap::new();
        let mut wrong = 0_u64;
        self.for_index_rows(chunk, |conn, time, offset| {
            *indexed.entry(conn).or_default() += 1;
            let there = parse(self.content.bytes, offset)
                .is_ok_and(|r| r.header.conn == Some(conn) && r.header.time == Some(time));
            wrong += u64::from(!there);
        });
        if wrong > 0 {
            self.notes
                .add("structure.message_index", Some(self.offset()), || {
                    format!(
                        "`{wrong}` index entries point to no message of their connection and time"
                    )
                });
        }
        if indexed != self.summary.channel_messages {
            let total: u64 = indexed.values().sum();
            let read = self.summary.messages;
            self.notes.add("structure.message_index", Some(self.offset()), || {
                format!("the index names `{total}` messages by connection otherwise than the `{read}` read")
            });
        }
    }

    /// Compares the chunk info record with the messages of an undamaged chunk.
    fn check_info(&mut self, chunk: &Chunk) {
        let Some(info) = &chunk.info else {
            return;
        };
        let rows = slice(self.recording.bytes, info.rows.clone());
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for row in rows.chunks_exact(8) {
            if let (Some(conn), Some(count)) = (u32_at(row, 0), u32_at(row, 4)) {
                *counts.entry(conn).or_default() += u64::from(count);
            }
        }
        let (read, declared) = (self.summary.messages, info.messages);
        let offset = Some(info.offset as u64);
        if counts != self.summary.channel_messages {
            self.notes.add("structure.chunk_index_mismatch", offset, || {
                format!("the index section gives the chunk `{declared}` messages, `{read}` by connection were read")
            });
        }
        let declared = (info.start_time, info.end_time);
        if let Some(range) = self
            .summary
            .log_time_range
            .filter(|&range| range != declared)
        {
            self.notes.add("structure.chunk_index_mismatch", offset, || {
                format!("the index section gives the chunk log times `{declared:?}` ns, read `{range:?}` ns")
            });
        }
    }
}
