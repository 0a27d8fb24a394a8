//! Reads one unit: decompresses, checks, walks its records and says what of it was lost.
//!
//! Read [`read_chunk`] and [`Reader::walk`], the hot path, first.
//! Not here: anything that needs more than this unit ([`super::verify`]).

use super::compression::{self, Compression, Decoded};
use super::cursor::{Cursor, Frame, FrameError, frame_at, minus, narrow, plus, wide};
use super::definitions::{Definitions, Relation, channel_of, schema_of};
use super::layout::{ChunkUnit, Run};
use super::records::{self, MessageHeader, opcode, opcode_name};
use super::summary::{Crc, message_indexes};
use super::tally::Tallies;
use crate::{Buffers, Limits, Message, Notes, UnitDetail, UnitSummary, Visitor};
use fieldassay_model::LossReason;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the reader remembers of a unit for its account of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitFacts {
    /// Opcode and id of each definition in the unit, and how often it stands there.
    pub(crate) definitions: BTreeMap<(u8, u16), u64>,
    /// Schema ids the unit's channels name.
    pub(crate) named_schemas: BTreeSet<u16>,
    /// Channels with a message before any definition in this unit.
    pub(crate) used_first: BTreeSet<u16>,
    /// Whether everything was read, with no checksum against it.
    pub(crate) sound: bool,
}

/// What a unit is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'r, 'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) definitions: &'r Definitions<'a>,
    pub(crate) limits: Limits,
    /// Whether the data section's checksum failed, which casts doubt on what has none of its own.
    pub(crate) data_suspect: bool,
}

/// How a walk over records ended.
struct Walked {
    /// Bytes read.
    end: usize,
    /// Why it stopped before the end.
    stopped: Option<String>,
    /// Records that may have been messages before they were damaged.
    strange: bool,
}

struct Reader<'r, 'v, 'a> {
    definitions: &'r Definitions<'a>,
    visitor: &'v mut dyn Visitor,
    notes: Notes,
    tallies: Tallies,
    /// Schemas this unit defines that were not known before.
    schemas: BTreeMap<u16, Arc<crate::Schema>>,
    channels: BTreeSet<u16>,
    times: Option<(u64, u64)>,
    disorder: Option<(u64, usize)>,
    facts: UnitFacts,
    /// Offset in the file of the first byte, and whether later ones are that much further.
    base: (usize, bool),
}

impl Reader<'_, '_, '_> {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the form in which notes take an offset"
    )]
    fn at(&self, position: usize) -> Option<u64> {
        let (base, linear) = self.base;
        Some(wide(if linear { plus(base, position) } else { base }))
    }

    /// Passes every message on, up to the end or to the first byte that is no record.
    fn walk(&mut self, bytes: &[u8], in_chunk: bool) -> Walked {
        let mut position = 0;
        let mut strange = false;
        let stopped = loop {
            let frame = match frame_at(bytes, position) {
                Ok(frame) => frame,
                Err(FrameError::End) => break None,
                Err(error) => break Some(frame_trouble(error)),
            };
            if frame.opcode == opcode::MESSAGE {
                let Some((header, data)) = MessageHeader::split(frame.body) else {
                    break Some(format!(
                        "a message has `{}` bytes, fewer than its header",
                        frame.body.len()
                    ));
                };
                self.message(position, &header, data);
            } else if let Err(reason) = self.other(&frame, in_chunk, &mut strange) {
                break Some(reason);
            }
            position = frame.end;
        };
        Walked {
            end: position,
            stopped,
            strange,
        }
    }

    #[inline]
    fn message(&mut self, position: usize, header: &MessageHeader, data: &[u8]) {
        let tally = self.tallies.of(header.channel);
        if tally.count == 0 {
            let defined = self.channels.contains(&header.channel);
            tally.undefined = !defined && self.definitions.channel(header.channel).is_none();
            if !defined {
                self.facts.used_first.insert(header.channel);
            }
        }
        tally.count = tally.count.wrapping_add(1);
        tally.offsets = tally.offsets.wrapping_add(wide(position));
        let time = header.log_time;
        self.times = Some(match self.times {
            None => (time, time),
            Some((low, high)) => {
                if time < high {
                    let (count, first) = self.disorder.unwrap_or((0, position));
                    self.disorder = Some((count.saturating_add(1), first));
                }
                (low.min(time), high.max(time))
            }
        });
        self.visitor.message(&Message {
            channel: u32::from(header.channel),
            sequence: Some(header.sequence),
            log_time: signed(time),
            publish_time: Some(signed(header.publish_time)),
            data,
        });
    }

    fn other(
        &mut self,
        frame: &Frame<'_>,
        in_chunk: bool,
        strange: &mut bool,
    ) -> Result<(), String> {
        match frame.opcode {
            opcode::SCHEMA => self.schema(frame),
            opcode::CHANNEL => self.channel(frame),
            0x10.. => {
                *strange = true;
                if in_chunk && frame.opcode < 0x80 {
                    let (at, opcode) = (self.at(frame.offset), frame.opcode);
                    self.notes.add("structure.unknown_opcode", at, || {
                        format!("a record with opcode `{opcode:#04x}`, which has no meaning in this version of MCAP, was skipped")
                    });
                }
                Some(())
            }
            opcode if in_chunk => {
                *strange = true;
                let at = self.at(frame.offset);
                self.notes.add("structure.illegal_record_in_chunk", at, || {
                    format!("a chunk holds a {} record", opcode_name(opcode))
                });
                Some(())
            }
            _ => Some(()),
        }
        .ok_or_else(|| {
            let name = opcode_name(frame.opcode);
            let length = frame.body.len();
            format!("the fields of a {name} record run past its `{length}` bytes")
        })
    }

    fn schema(&mut self, frame: &Frame<'_>) -> Option<()> {
        let schema = records::Schema::parse(&mut Cursor::new(frame.body))?;
        self.count_definition(opcode::SCHEMA, schema.id);
        let at = self.at(frame.offset);
        super::rules::schema(&schema, at, &mut self.notes);
        match self.definitions.relation(frame.opcode, schema.id, frame.body) {
            Relation::Same => {}
            Relation::New => {
                self.schemas
                    .entry(schema.id)
                    .or_insert_with(|| Arc::new(schema_of(&schema)));
            }
            Relation::Contradicts => self.notes.add("structure.schema_conflict", at, || {
                format!(
                    "schema `{}`, here `{}`, is defined differently elsewhere; the first definition stands",
                    schema.id, schema.name
                )
            }),
        }
        Some(())
    }

    fn channel(&mut self, frame: &Frame<'_>) -> Option<()> {
        let channel = records::Channel::parse(&mut Cursor::new(frame.body))?;
        let (id, schema_id) = (channel.id, channel.schema_id);
        self.count_definition(opcode::CHANNEL, id);
        let at = self.at(frame.offset);
        if schema_id != 0 {
            self.facts.named_schemas.insert(schema_id);
        }
        match self.definitions.relation(frame.opcode, id, frame.body) {
            Relation::Same => {
                if let Some(known) = self.definitions.channel(id) {
                    self.visitor.channel(known);
                }
            }
            Relation::New => {
                let schema = self.schemas.get(&schema_id);
                let schema = schema.or_else(|| self.definitions.schemas.get(&schema_id));
                self.visitor.channel(&channel_of(&channel, schema.cloned()));
            }
            Relation::Contradicts => self.notes.add("structure.channel_conflict", at, || {
                format!(
                    "channel `{id}`, here `{}`, is defined differently elsewhere; the first definition stands",
                    channel.topic
                )
            }),
        }
        self.tallies.define(id);
        self.channels.insert(id);
        Some(())
    }

    fn count_definition(&mut self, opcode: u8, id: u16) {
        let count = self.facts.definitions.entry((opcode, id)).or_default();
        *count = count.saturating_add(1);
    }

    fn finish(mut self, losses: Vec<LossReason>, suspect: bool) -> UnitSummary {
        if let Some((count, first)) = self.disorder {
            let at = self.at(first);
            self.notes.add("structure.message_order", at, || {
                format!("`{count}` messages have a log time before an earlier message of the unit")
            });
        }
        if self
            .times
            .is_some_and(|(_, high)| i64::try_from(high).is_err())
        {
            let at = self.at(0);
            self.notes.add("structure.time_range", at, || {
                "a log time is beyond the year 2262 and was cut to the largest time there is"
                    .to_owned()
            });
        }
        let mut summary = UnitSummary {
            messages: self.tallies.total(),
            undefined_channel_messages: self.tallies.undefined(),
            channel_messages: self.tallies.by_channel(),
            log_time_range: self.times.map(|(low, high)| (signed(low), signed(high))),
            ..UnitSummary::default()
        };
        for channel in self.tallies.undefined_channels() {
            let at = self.at(0);
            self.notes.add("structure.undefined_channel", at, || {
                format!("messages of channel `{channel}` stand where no definition of it is known")
            });
        }
        summary.suspect_messages = if suspect { summary.messages } else { 0 };
        self.facts.sound = losses.is_empty() && !suspect;
        summary.account.losses = losses;
        self.notes.finish(&mut summary.account);
        summary.detail = UnitDetail {
            mcap: Some(Box::new(self.facts)),
        };
        summary
    }
}

fn reader<'r, 'v, 'a>(
    context: &Context<'r, 'a>,
    visitor: &'v mut dyn Visitor,
    base: (usize, bool),
) -> Reader<'r, 'v, 'a> {
    Reader {
        definitions: context.definitions,
        visitor,
        notes: Notes::new(context.limits.notes_per_code),
        tallies: Tallies::default(),
        schemas: BTreeMap::new(),
        channels: BTreeSet::new(),
        times: None,
        disorder: None,
        facts: UnitFacts::default(),
        base,
    }
}

/// Reads top-level records.
pub(crate) fn read_run(
    context: &Context<'_, '_>,
    run: Run,
    visitor: &mut dyn Visitor,
) -> UnitSummary {
    let bytes = context.bytes.get(run.start..run.end).unwrap_or_default();
    let mut reader = reader(context, visitor, (run.start, true));
    let walked = reader.walk(bytes, false);
    let mut losses = Vec::new();
    if let Some(reason) = walked.stopped {
        // The layout walk has framed these records; this is for the impossible.
        losses.push(loss(
            "loss.record",
            (plus(run.start, walked.end), run.end),
            None,
            reason,
        ));
    }
    reader.finish(losses, context.data_suspect)
}

/// Reads a chunk.
pub(crate) fn read_chunk(
    context: &Context<'_, '_>,
    chunk: &ChunkUnit<'_>,
    buffers: &mut Buffers,
    visitor: &mut dyn Visitor,
) -> UnitSummary {
    let stored = chunk.head.records;
    let Some(compression) = chunk.compression else {
        let reader = reader(context, visitor, (chunk.offset, false));
        let range = (chunk.offset, chunk.end);
        let name = &chunk.head.compression;
        let reason =
            format!("a chunk is compressed with `{name}`; known are `zstd`, `lz4` and none");
        let lost = lost_messages(context.bytes, chunk, &reader.tallies);
        return reader.finish(
            vec![loss("loss.unknown_compression", range, lost, reason)],
            false,
        );
    };
    let limit = context.limits.unit_bytes;
    let claimed = chunk.head.uncompressed_size;
    let decoded = compression::decompress(compression, stored, claimed, limit, buffers);
    let plain = compression == Compression::None;
    let decompressed = std::mem::take(&mut buffers.decompressed);
    let records = if plain { stored } else { &decompressed };
    let base = if plain {
        (chunk.records_offset, true)
    } else {
        (chunk.offset, false)
    };
    let mut reader = reader(context, visitor, base);
    let walked = reader.walk(records, true);
    let outcome = ChunkOutcome {
        chunk,
        records,
        plain,
        decoded,
        walked,
    };
    let summary = outcome.judge(context, reader);
    buffers.decompressed = decompressed;
    summary
}

/// A chunk that has been walked.
struct ChunkOutcome<'c, 'a> {
    chunk: &'c ChunkUnit<'a>,
    records: &'c [u8],
    plain: bool,
    decoded: Decoded,
    walked: Walked,
}

impl ChunkOutcome<'_, '_> {
    /// Compares what was read with what the chunk and its indexes claim.
    fn judge(mut self, context: &Context<'_, '_>, mut reader: Reader<'_, '_, '_>) -> UnitSummary {
        let lost = lost_messages(context.bytes, self.chunk, &reader.tallies);
        let check = self.checksum(&mut reader);
        let size = wide(self.records.len());
        let declared = self.chunk.head.uncompressed_size;
        let whole = self.decoded == Decoded::Whole && self.chunk.missing == 0;
        if whole && size != declared {
            let at = Some(wide(self.chunk.offset));
            reader.notes.add("structure.chunk_size", at, || {
                format!("a chunk declares `{declared}` bytes and holds `{size}`")
            });
        }
        let suspect = check == Crc::Invalid || check == Crc::Absent && context.data_suspect;
        let mut losses = Vec::new();
        if check == Crc::Invalid {
            let hidden = if self.walked.strange {
                lost
            } else {
                lost.or(Some(0))
            };
            let stopped = self.walked.stopped.is_some();
            let range = (self.chunk.offset, self.chunk.end);
            let message = "the checksum of the chunk fails; its messages are kept and suspect";
            let here = if stopped { Some(0) } else { hidden };
            let mut reason = loss("loss.chunk_crc", range, here, message.to_owned());
            reason.suspect_messages = reader.tallies.total();
            losses.push(reason);
        }
        losses.extend(self.partial_loss(lost, size < declared && check == Crc::Absent));
        if losses.is_empty() && !suspect {
            self.check_times(&mut reader);
            check_indexes(context.bytes, self.chunk, self.records, &mut reader);
        }
        reader.finish(losses, suspect)
    }

    /// Compares the checksum of a chunk that was decompressed to its end. A frame of the
    /// compression may have its own; where the chunk has none, that one decides.
    fn checksum(&mut self, reader: &mut Reader<'_, '_, '_>) -> Crc {
        let head = &self.chunk.head;
        let at = Some(wide(self.chunk.offset));
        let complete = wide(self.records.len()) == head.uncompressed_size;
        let frame_fails = complete && matches!(self.decoded, Decoded::Damaged { .. });
        if self.chunk.missing > 0 || self.decoded != Decoded::Whole && !frame_fails {
            return Crc::Absent;
        }
        let crc = Crc::compare(head.uncompressed_crc, || crc32fast::hash(self.records));
        if frame_fails {
            self.decoded = Decoded::Whole;
        }
        match crc {
            Crc::Valid if frame_fails => {
                reader.notes.add("structure.record_repaired", at, || {
                    "a chunk's compressed form is damaged, but its records agree with their checksum".to_owned()
                });
                Crc::Valid
            }
            Crc::Absent if !frame_fails => Crc::Absent,
            Crc::Valid => Crc::Valid,
            Crc::Absent | Crc::Invalid => {
                reader.notes.add("structure.chunk_crc", at, || {
                    let declared = head.uncompressed_crc;
                    format!("the checksum of a chunk fails, declared is `{declared:#010x}`")
                });
                Crc::Invalid
            }
        }
    }

    /// What of the chunk could not be read.
    fn partial_loss(&self, lost: Option<u64>, shorter: bool) -> Option<LossReason> {
        let chunk = self.chunk;
        let stored = chunk.head.records.len();
        let end = plus(chunk.records_offset, stored);
        let here = |consumed: usize| (plus(chunk.records_offset, consumed), end);
        let unread = if self.plain {
            here(self.walked.end)
        } else {
            here(0)
        };
        if chunk.missing > 0 {
            let message = format!(
                "the file ends `{}` bytes before the end of a chunk; complete messages before the cut were kept",
                chunk.missing
            );
            let range = match self.decoded {
                Decoded::Damaged { consumed, .. } => here(consumed.min(stored)),
                _ if self.plain => unread,
                _ => here(stored),
            };
            return Some(loss("loss.truncated", range, None, message));
        }
        match &self.decoded {
            Decoded::Damaged { consumed, reason } => {
                let message = format!(
                    "a chunk does not decompress past `{}` of `{}` bytes: {reason}",
                    self.records.len(),
                    chunk.head.uncompressed_size
                );
                Some(loss("loss.decompress", here(*consumed), lost, message))
            }
            Decoded::TooLarge => {
                let message = format!(
                    "a chunk is larger than the limit of `{}` bytes; the rest was not read",
                    self.records.len()
                );
                Some(loss("loss.too_large", unread, lost, message))
            }
            Decoded::Whole => match &self.walked.stopped {
                Some(reason) => {
                    let message = format!("{reason}; the rest of the chunk was not read");
                    Some(loss("loss.record", unread, lost, message))
                }
                None if shorter && lost != Some(0) => {
                    let message = format!(
                        "a chunk ends after `{}` of `{}` bytes",
                        self.records.len(),
                        chunk.head.uncompressed_size
                    );
                    Some(loss("loss.decompress", here(stored), lost, message))
                }
                None => None,
            },
        }
    }

    fn check_times(&self, reader: &mut Reader<'_, '_, '_>) {
        let head = &self.chunk.head;
        let declared = (head.message_start_time, head.message_end_time);
        let Some(actual) = reader.times.filter(|actual| *actual != declared) else {
            return;
        };
        let at = Some(wide(self.chunk.offset));
        reader.notes.add("structure.chunk_times", at, || {
            format!(
                "a chunk declares log times `{}` to `{}` and holds `{}` to `{}`",
                declared.0, declared.1, actual.0, actual.1
            )
        });
    }
}

/// Compares the message index records behind a chunk with its messages.
fn check_indexes(
    bytes: &[u8],
    chunk: &ChunkUnit<'_>,
    records: &[u8],
    reader: &mut Reader<'_, '_, '_>,
) {
    let mut indexed: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    for (offset, channel, entries) in message_indexes(bytes, (chunk.end, chunk.indexes_end)) {
        let (count, sum) = indexed.entry(channel).or_default();
        let mut wrong = 0_u64;
        for entry in entries {
            let (time, position) = entry_fields(entry);
            *count = count.saturating_add(1);
            *sum = sum.wrapping_add(position);
            let message = frame_at(records, narrow(position))
                .ok()
                .filter(|frame| frame.opcode == opcode::MESSAGE)
                .and_then(|frame| MessageHeader::split(frame.body));
            if !message.is_some_and(|(h, _)| h.channel == channel && h.log_time == time) {
                wrong = wrong.saturating_add(1);
            }
        }
        if wrong > 0 {
            reader.notes.add("structure.message_index", Some(wide(offset)), || {
                format!("`{wrong}` entries of the message index of channel `{channel}` do not point at such a message")
            });
        }
    }
    if indexed.is_empty() {
        return;
    }
    for (channel, tally) in reader.tallies.all() {
        let (count, sum) = indexed.remove(&channel).unwrap_or_default();
        if (count, sum) != (tally.count, tally.offsets) {
            reader.notes.add("structure.message_index", Some(wide(chunk.end)), || {
                format!("the message index has `{count}` entries for channel `{channel}`, the chunk `{}` messages, or they differ", tally.count)
            });
        }
    }
}

/// Messages of the chunk that were not read, by its message index records; none without sound ones.
fn lost_messages(bytes: &[u8], chunk: &ChunkUnit<'_>, read: &Tallies) -> Option<u64> {
    let mut total = 0_u64;
    for (_, _, entries) in message_indexes(bytes, (chunk.end, chunk.indexes_end)) {
        let beyond = |entry: &[u8; 16]| entry_fields(entry).1 >= chunk.head.uncompressed_size;
        if entries.iter().any(beyond) {
            return None;
        }
        total = total.saturating_add(wide(entries.len()));
    }
    // Not channel by channel: damage may have moved a message to another one.
    let counted = total.checked_sub(read.total());
    counted.filter(|_| total > 0)
}

fn entry_fields(entry: &[u8; 16]) -> (u64, u64) {
    let c = &mut Cursor::new(entry);
    (c.u64().unwrap_or_default(), c.u64().unwrap_or_default())
}

fn frame_trouble(error: FrameError) -> String {
    match error {
        FrameError::End => "the bytes end".to_owned(),
        FrameError::ShortHeader => "the bytes end within the header of a record".to_owned(),
        FrameError::ZeroOpcode => "a record has opcode `0`".to_owned(),
        FrameError::TooLong { opcode, length } => format!(
            "a {} record claims `{length}` bytes, more than there are",
            opcode_name(opcode)
        ),
    }
}

fn loss(code: &str, range: (usize, usize), messages: Option<u64>, message: String) -> LossReason {
    LossReason {
        code: code.to_owned(),
        start: wide(range.0),
        end: wide(range.1.max(range.0)),
        messages,
        suspect_messages: 0,
        message,
    }
}

/// A time of the format as the signed one used everywhere else; saturates.
pub(crate) fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// Bytes of a run, for progress.
pub(crate) fn run_bytes(run: Run) -> u64 {
    wide(minus(run.end, run.start))
}
