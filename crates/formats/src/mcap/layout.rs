//! Finds out where everything in a file is, by walking its record frames from front to back.
//!
//! Read [`Layout`] first. Nothing is decompressed, and the summary is never trusted for where data
//! is: its chunk index only helps to get past damage ([`super::salvage`]).
//! Not here: what the records say ([`super::unit`], [`super::verify`]).

use super::compression::{self, Compression};
use super::cursor::{Frame, FrameError, MAGIC, frame_at, minus, plus, wide};
use super::records::{Chunk, ChunkIndex, Footer, Header, Record, opcode, opcode_name};
use super::salvage::{self, ChunkSpan};
use crate::{Limits, Notes};
use fieldassay_model::LossReason;
use std::collections::BTreeMap;

/// Top-level records are cut into units of about this many bytes.
const RUN_BYTES: usize = 4 << 20;

/// A part of the file that is read at once.
#[derive(Clone, Debug)]
pub(crate) enum Unit<'a> {
    /// A chunk with the message index records right behind it.
    Chunk(Box<ChunkUnit<'a>>),
    /// Top-level schemas, channels and messages (with metadata or unknown records between).
    Run(Run),
}

impl Unit<'_> {
    /// Offset of its first byte.
    pub(crate) fn offset(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.offset,
            Self::Run(run) => run.start,
        }
    }
}

/// Top-level records from one offset to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) start: usize,
    pub(crate) end: usize,
    messages: bool,
    useful: bool,
}

/// A chunk and where it is.
#[derive(Clone, Debug)]
pub(crate) struct ChunkUnit<'a> {
    /// Offset of the record.
    pub(crate) offset: usize,
    /// Offset behind the record.
    pub(crate) end: usize,
    /// Offset behind its message index records.
    pub(crate) indexes_end: usize,
    /// Header, and the stored records as far as they are there.
    pub(crate) head: Chunk<'a>,
    /// Offset of the stored records.
    pub(crate) records_offset: usize,
    /// Compression, by name or by what the stored bytes show.
    pub(crate) compression: Option<Compression>,
    /// Stored bytes the file is too short for.
    pub(crate) missing: usize,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) units: Vec<Unit<'a>>,
    pub(crate) header: Option<Header<'a>>,
    /// Schemas and channels at top level, in the data section.
    pub(crate) definitions: Vec<Frame<'a>>,
    pub(crate) attachments: Vec<Frame<'a>>,
    pub(crate) metadata: Vec<Frame<'a>>,
    /// Offset and declared checksum of the data section's end.
    pub(crate) data_end: Option<(usize, u32)>,
    /// Records of the summary and summary offset sections.
    pub(crate) summary: Vec<Frame<'a>>,
    /// Offset of the footer, and the footer.
    pub(crate) footer: Option<(usize, Footer)>,
    /// Whether a top-level message exists.
    pub(crate) loose_messages: bool,
    /// Whether a top-level record may have been a message before it was damaged.
    pub(crate) strange: bool,
    pub(crate) notes: Notes,
    pub(crate) losses: Vec<LossReason>,
}

/// Walks the frames of a file. `hints` are the chunk indexes of a summary that looks sound.
pub(crate) fn walk<'a>(
    bytes: &'a [u8],
    hints: &BTreeMap<usize, ChunkIndex<'a>>,
    notes: Notes,
) -> Layout<'a> {
    walk_from(bytes, MAGIC.len(), hints, notes)
}

/// The units of a stretch of a file that begins with a record.
pub(crate) fn units_of(bytes: &[u8], limits: Limits) -> Vec<Unit<'_>> {
    let notes = Notes::new(limits.notes_per_code);
    walk_from(bytes, 0, &BTreeMap::new(), notes).units
}

fn walk_from<'a>(
    bytes: &'a [u8],
    start: usize,
    hints: &BTreeMap<usize, ChunkIndex<'a>>,
    notes: Notes,
) -> Layout<'a> {
    let mut walker = Walker {
        bytes,
        hints,
        run: None,
        previous: None,
        records: 0,
        done: false,
        layout: Layout {
            units: Vec::new(),
            header: None,
            definitions: Vec::new(),
            attachments: Vec::new(),
            metadata: Vec::new(),
            data_end: None,
            summary: Vec::new(),
            footer: None,
            loose_messages: false,
            strange: false,
            notes,
            losses: Vec::new(),
        },
    };
    let mut position = start;
    while !walker.done {
        position = match frame_at(bytes, position) {
            Ok(frame) => walker.record(&frame),
            Err(error) => walker.no_record(position, error),
        };
    }
    walker.close_run();
    walker.finish()
}

struct Walker<'a, 'h> {
    bytes: &'a [u8],
    hints: &'h BTreeMap<usize, ChunkIndex<'a>>,
    run: Option<Run>,
    /// The record before, when its length cannot be checked from within.
    previous: Option<Frame<'a>>,
    records: u64,
    done: bool,
    layout: Layout<'a>,
}

impl<'a> Walker<'a, '_> {
    /// Takes in a framed record; returns the offset of the next.
    fn record(&mut self, frame: &Frame<'a>) -> usize {
        self.records = self.records.saturating_add(1);
        if frame.opcode == opcode::MESSAGE && salvage::skim(frame) {
            if !self.takes_as_index(frame) {
                self.data_after_end(frame);
                self.extend_run(frame, true);
                self.layout.loose_messages = true;
                self.previous = Some(*frame);
            }
            return frame.end;
        }
        let next = self.other_record(frame);
        next.unwrap_or_else(|| self.damaged_record(frame))
    }

    /// Takes a record marked as a message for the message index behind a chunk, if it is one.
    fn takes_as_index(&mut self, frame: &Frame<'a>) -> bool {
        let behind = match self.layout.units.last_mut() {
            Some(Unit::Chunk(chunk)) if chunk.indexes_end == frame.offset => chunk,
            _ => return false,
        };
        if !salvage::is_message_index(frame.body) {
            return false;
        }
        behind.indexes_end = frame.end;
        let at = Some(wide(frame.offset));
        self.layout.notes.add("structure.record_repaired", at, || {
            "a record marked `Message` behind a chunk is a message index and was read as one"
                .to_owned()
        });
        true
    }

    /// Takes in anything but a message; none when the record cannot be what its opcode says.
    fn other_record(&mut self, frame: &Frame<'a>) -> Option<usize> {
        if let Some(unit) = self.chunk_in(frame) {
            self.data_after_end(frame);
            return Some(self.push_chunk(unit));
        }
        if frame.opcode == opcode::CHUNK || !salvage::skim(frame) {
            return None;
        }
        let soft = self.previous.take();
        match frame.opcode {
            opcode::HEADER => self.header(frame)?,
            opcode::SCHEMA | opcode::CHANNEL if self.layout.data_end.is_none() => {
                self.layout.definitions.push(*frame);
                self.extend_run(frame, true);
            }
            opcode::MESSAGE_INDEX => self.message_index(frame),
            opcode::ATTACHMENT => {
                self.data_after_end(frame);
                self.close_run();
                self.layout.attachments.push(*frame);
            }
            opcode::METADATA => {
                self.data_after_end(frame);
                self.layout.metadata.push(*frame);
                self.extend_run(frame, false);
            }
            opcode::DATA_END => self.data_end(frame)?,
            opcode::FOOTER => return self.footer(frame),
            opcode::SCHEMA
            | opcode::CHANNEL
            | opcode::CHUNK_INDEX
            | opcode::ATTACHMENT_INDEX
            | opcode::STATISTICS
            | opcode::METADATA_INDEX
            | opcode::SUMMARY_OFFSET => {
                self.close_run();
                self.layout.summary.push(*frame);
            }
            unknown => {
                self.layout.strange = true;
                if !salvage::plausible(self.bytes, frame.end) {
                    self.previous = soft;
                    return None;
                }
                if unknown < 0x80 {
                    let at = Some(wide(frame.offset));
                    self.layout.notes.add("structure.unknown_opcode", at, || {
                        format!("a record with opcode `{unknown:#04x}`, which has no meaning in this version of MCAP, was skipped")
                    });
                }
                self.extend_run(frame, false);
            }
        }
        Some(frame.end)
    }

    fn header(&mut self, frame: &Frame<'a>) -> Option<()> {
        let Some(Record::Header(header)) = Record::parse(frame.opcode, frame.body) else {
            return None;
        };
        if self.records == 1 {
            self.layout.header = Some(header);
        } else {
            self.misplaced(
                frame,
                "a second header, or one that is not the first record",
            );
        }
        Some(())
    }

    fn message_index(&mut self, frame: &Frame<'a>) {
        let follows = match self.layout.units.last_mut() {
            Some(Unit::Chunk(chunk)) if chunk.indexes_end == frame.offset => {
                chunk.indexes_end = frame.end;
                true
            }
            _ => false,
        };
        if !follows {
            self.close_run();
            self.layout.strange = true;
            let at = Some(wide(frame.offset));
            self.layout.notes.add("structure.message_index_misplaced", at, || {
                "a message index does not follow a chunk; it indexes messages outside chunks, which the format does not have".to_owned()
            });
        }
    }

    fn data_end(&mut self, frame: &Frame<'a>) -> Option<()> {
        let Some(Record::DataEnd(end)) = Record::parse(frame.opcode, frame.body) else {
            return None;
        };
        // Opcode and length are nine bytes that agree; a longer one needs a witness.
        if frame.body.len() != 4 && !salvage::plausible(self.bytes, frame.end) {
            return None;
        }
        self.close_run();
        if self.layout.data_end.is_some() {
            self.misplaced(frame, "a second end of the data section");
        } else {
            self.layout.data_end = Some((frame.offset, end.data_section_crc));
        }
        Some(())
    }

    /// A footer is believed when the file ends with it.
    fn footer(&mut self, frame: &Frame<'a>) -> Option<usize> {
        let Some(Record::Footer(footer)) = Record::parse(frame.opcode, frame.body) else {
            return None;
        };
        let rest = self.bytes.get(frame.end..).unwrap_or_default();
        let magic = rest.starts_with(&MAGIC);
        if !magic && rest.len() > MAGIC.len() {
            return None;
        }
        self.close_run();
        self.layout.footer = Some((frame.offset, footer));
        self.done = true;
        let at = Some(wide(frame.end));
        if !magic {
            self.layout.notes.add("structure.end_magic", at, || {
                format!(
                    "the file ends with `{}` bytes that are not the magic",
                    rest.len()
                )
            });
            if rest.len() < MAGIC.len() {
                let end = self.bytes.len();
                let message = "the file is cut off within its end magic; all data is there";
                self.lose(
                    "loss.truncated",
                    (frame.end, end),
                    Some(0),
                    message.to_owned(),
                );
            }
        } else if rest.len() > MAGIC.len() {
            let start = plus(frame.end, MAGIC.len());
            let end = self.bytes.len();
            let message = format!("`{}` bytes follow the end of the file", minus(end, start));
            self.lose("loss.framing", (start, end), None, message);
        }
        Some(frame.end)
    }

    /// Data after the end of the data section shows that the end was none.
    fn data_after_end(&mut self, frame: &Frame<'a>) {
        if self.layout.data_end.take().is_some() {
            self.misplaced(frame, "data after the end of the data section");
            let definition = |f: &Frame<'_>| matches!(f.opcode, opcode::SCHEMA | opcode::CHANNEL);
            let summary = std::mem::take(&mut self.layout.summary);
            self.layout
                .definitions
                .extend(summary.into_iter().filter(definition));
        }
    }

    fn misplaced(&mut self, frame: &Frame<'a>, what: &str) {
        self.layout.strange = true;
        let at = Some(wide(frame.offset));
        let name = opcode_name(frame.opcode);
        self.layout.notes.add("structure.misplaced_record", at, || {
            format!("{name}: {what}")
        });
    }

    fn extend_run(&mut self, frame: &Frame<'a>, useful: bool) {
        if self
            .run
            .is_some_and(|run| minus(run.end, run.start) >= RUN_BYTES || run.end != frame.offset)
        {
            self.close_run();
        }
        let run = self.run.get_or_insert(Run {
            start: frame.offset,
            end: frame.offset,
            messages: false,
            useful: false,
        });
        run.end = frame.end;
        run.useful |= useful;
        run.messages |= frame.opcode == opcode::MESSAGE;
    }

    fn close_run(&mut self) {
        if let Some(run) = self
            .run
            .take()
            .filter(|run| run.useful && run.end > run.start)
        {
            self.layout.units.push(Unit::Run(run));
        }
    }

    /// The chunk this record is: by its opcode, or by its content when the opcode is damaged.
    fn chunk_in(&mut self, frame: &Frame<'a>) -> Option<ChunkUnit<'a>> {
        let span = salvage::chunk_in_frame(self.bytes, frame)?;
        let unit = self.chunk_unit(&span)?;
        let at = Some(wide(frame.offset));
        if frame.opcode != opcode::CHUNK {
            self.layout.notes.add("structure.record_repaired", at, || {
                format!(
                    "a record marked `{}` holds a chunk and was read as one",
                    opcode_name(frame.opcode)
                )
            });
        } else if let Some(what) = span.repaired {
            self.layout
                .notes
                .add("structure.record_repaired", at, || what.to_owned());
        }
        Some(unit)
    }

    fn chunk_unit(&self, span: &ChunkSpan<'a>) -> Option<ChunkUnit<'a>> {
        let claimed_end = plus(span.records_offset, span.records_length);
        let stored_end = claimed_end.min(self.bytes.len());
        let mut head = span.head.clone();
        head.records = self.bytes.get(span.records_offset..stored_end)?;
        let compression =
            Compression::from_name(&head.compression).or_else(|| compression::sniff(head.records));
        Some(ChunkUnit {
            offset: span.offset,
            end: span.end.min(self.bytes.len()),
            indexes_end: span.end.min(self.bytes.len()),
            head,
            records_offset: span.records_offset,
            compression,
            missing: minus(claimed_end, stored_end),
        })
    }

    fn push_chunk(&mut self, unit: ChunkUnit<'a>) -> usize {
        self.previous = None;
        self.close_run();
        let end = unit.end;
        self.layout.units.push(Unit::Chunk(Box::new(unit)));
        end
    }

    /// The record's frame fits into the file, but its fields do not fit into the frame.
    fn damaged_record(&mut self, frame: &Frame<'a>) -> usize {
        if let Some(next) = self.indexed_chunk(frame.offset) {
            return next;
        }
        if !salvage::plausible(self.bytes, frame.end) {
            return self.resync(frame.offset, "is damaged");
        }
        self.close_run();
        let name = opcode_name(frame.opcode);
        let messages = (frame.opcode == opcode::MESSAGE).then_some(1);
        let message = format!(
            "the fields of a {name} record run past its `{}` bytes; it was skipped",
            frame.body.len()
        );
        self.lose("loss.record", (frame.offset, frame.end), messages, message);
        frame.end
    }

    /// Takes the chunk that the summary says is at `offset`, when it fits.
    fn indexed_chunk(&mut self, offset: usize) -> Option<usize> {
        let span = salvage::chunk_by_index(self.bytes, self.hints.get(&offset)?)?;
        let unit = self.chunk_unit(&span)?;
        let at = Some(wide(offset));
        self.layout.notes.add("structure.record_repaired", at, || {
            "a chunk whose header is damaged was found through the chunk index".to_owned()
        });
        Some(self.push_chunk(unit))
    }

    /// No record is at `position`: the end, a cut, or damage.
    fn no_record(&mut self, position: usize, error: FrameError) -> usize {
        let end = self.bytes.len();
        if error == FrameError::End {
            self.done = true;
            self.cut((end, end), "the file ends without a footer".to_owned());
            return end;
        }
        if let Some(next) = self.indexed_chunk(position) {
            return next;
        }
        if let FrameError::TooLong { opcode, length } = error
            && let Some(next) = self.cut_record(position, opcode, length)
        {
            return next;
        }
        self.resync(position, "has no valid opcode and length")
    }

    /// The record at `position` runs past the end, and is sound as far as it goes.
    fn cut_record(&mut self, position: usize, opcode: u8, length: u64) -> Option<usize> {
        let end = self.bytes.len();
        if opcode == opcode::ATTACHMENT && salvage::attachment_is_cut(self.bytes, position, length)
        {
            self.done = true;
            self.cut(
                (position, end),
                "the file ends within an attachment".to_owned(),
            );
            return Some(end);
        }
        if opcode != opcode::CHUNK {
            return None;
        }
        let span = salvage::chunk_past_end(self.bytes, position, length)?;
        let unit = self.chunk_unit(&span)?;
        if unit.missing == 0 {
            let at = Some(wide(position));
            self.layout.notes.add("structure.record_repaired", at, || {
                format!("a chunk claims `{length}` bytes, its header says where it ends")
            });
            return Some(self.push_chunk(unit));
        }
        // What of it can be read, and the loss, are the unit's to tell.
        self.done = true;
        Some(self.push_chunk(unit))
    }

    /// Looks for the next place where records can be read again.
    fn resync(&mut self, position: usize, what: &str) -> usize {
        let end = self.bytes.len();
        let previous = self.previous.take();
        let from = previous.map_or(position, |frame| frame.offset);
        let found = salvage::next_records(self.bytes, plus(from, 1), position, self.hints);
        let Some(next) = found else {
            self.done = true;
            self.cut(
                (position, end),
                format!("the record at byte {position} {what}, and nothing readable follows"),
            );
            return end;
        };
        let start = match previous {
            Some(frame) if next < position => {
                self.roll_back(&frame);
                frame.offset
            }
            _ => position,
        };
        self.close_run();
        let message = format!(
            "the record at byte {start} {what}; `{}` bytes were skipped to the next readable record",
            minus(next, start)
        );
        self.lose("loss.framing", (start, next), None, message);
        next
    }

    /// Takes back the last message: its length was a lie.
    fn roll_back(&mut self, frame: &Frame<'a>) {
        if let Some(run) = &mut self.run
            && run.end == frame.end
        {
            run.end = frame.offset;
        }
    }

    fn cut(&mut self, range: (usize, usize), message: String) {
        self.close_run();
        let messages = self.layout.data_end.is_some().then_some(0);
        self.lose("loss.truncated", range, messages, message);
    }

    fn lose(
        &mut self,
        code: &str,
        (start, end): (usize, usize),
        messages: Option<u64>,
        message: String,
    ) {
        self.layout.losses.push(LossReason {
            code: code.to_owned(),
            start: wide(start),
            end: wide(end),
            messages,
            suspect_messages: 0,
            message,
        });
    }

    fn finish(mut self) -> Layout<'a> {
        // Behind the end of the data section no message can be lost.
        let data_end = self.layout.data_end.map_or(usize::MAX, |(end, _)| end);
        for loss in &mut self.layout.losses {
            if loss.start >= wide(data_end) {
                loss.messages = Some(0);
            }
        }
        let notes = &mut self.layout.notes;
        if self.layout.data_end.is_none() {
            notes.add("structure.no_data_end", None, || {
                "the data section has no end record".to_owned()
            });
        }
        if self.layout.footer.is_none() {
            notes.add("structure.no_footer", None, || {
                "the file has no footer: it was cut off, or never finished".to_owned()
            });
        }
        self.layout
    }
}
