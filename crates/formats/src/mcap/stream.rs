//! Reads an MCAP stream that is pushed in pieces of any size, for pipes.
//!
//! Read [`StreamReader`] first. It parses the same records as [`super::McapRecording`], but cannot
//! look ahead: behind damage to the framing nothing is searched for, the rest is reported as lost.

use super::compression::{self, Compression, Decoded};
use super::cursor::{
    FRAME_HEADER_BYTES, Frame, FrameError, MAGIC, frame_at, minus, narrow, plus, wide,
};
use super::open::{McapError, check_magic};
use super::records::{Chunk, Footer, Record, opcode};
use super::salvage;
use crate::{Buffers, Limits, Notes};
use fieldassay_model::{Account, LossReason};

/// A record of a stream, borrowed until the next call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRecord<'s> {
    /// Offset in the stream of the record, or of the chunk it is in.
    pub offset: u64,
    /// Whether it comes from a chunk.
    pub in_chunk: bool,
    /// Whether it comes from a chunk whose checksum fails.
    pub suspect: bool,
    /// The record; never a chunk, whose records come one by one instead.
    pub record: Record<'s>,
}

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Magic,
    Records,
    EndMagic,
    Done,
}

/// The chunk being read.
#[derive(Debug)]
struct OpenChunk {
    /// Bytes of the chunk record at the front of the buffer.
    record_bytes: usize,
    /// Where its plain records are in the buffer; none when they were decompressed.
    plain: Option<(usize, usize)>,
    position: usize,
    crc_fails: bool,
    messages: u64,
    /// Why not all of it can be read, with the code of the loss.
    damage: Option<(&'static str, String)>,
}

/// Where the next record is: in the buffer or in the decompressed chunk, from and to.
struct Found {
    opcode: u8,
    body: (usize, usize),
    decompressed: bool,
    offset: u64,
    in_chunk: bool,
    suspect: bool,
}

/// Takes the bytes of a stream in pieces and gives its records.
///
/// Push bytes with [`StreamReader::feed`], take records with [`StreamReader::next_record`] until it
/// gives none, and say with [`StreamReader::finish`] that no more bytes come. What comes out does
/// not depend on how the stream was cut. Memory: the largest record, or chunk with its
/// decompressed records, up to [`Limits::unit_bytes`]; larger records are skipped and reported.
#[derive(Debug)]
pub struct StreamReader {
    limits: Limits,
    state: State,
    finished: bool,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    start: usize,
    /// Offset in the stream of the first byte that is not done with.
    offset: u64,
    /// Bytes still to be skipped and the loss they belong to: a record too large to hold, or, with
    /// the largest number, everything to the end.
    skip: Option<(u64, usize)>,
    chunk: Option<OpenChunk>,
    buffers: Buffers,
    /// Checksum since the start of the section, and where the section starts.
    crc: (crc32fast::Hasher, u64),
    notes: Notes,
    losses: Vec<LossReason>,
}

impl StreamReader {
    /// A reader at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Magic,
            finished: false,
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            skip: None,
            chunk: None,
            buffers: Buffers::default(),
            crc: (crc32fast::Hasher::new(), 0),
            notes: Notes::new(limits.notes_per_code),
            losses: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that the stream has ended; what is left can then be taken.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Whether nothing more will come.
    pub fn is_done(&self) -> bool {
        self.state == State::Done && self.chunk.is_none()
    }

    /// What was violated and lost so far.
    pub fn account(&self) -> Account {
        let mut account = Account {
            losses: self.losses.clone(),
            ..Account::default()
        };
        self.notes.clone().finish(&mut account);
        account
    }

    /// The next record; none when more bytes are needed, or all has been read.
    ///
    /// # Errors
    /// Only when the stream does not start like an MCAP file.
    pub fn next_record(&mut self) -> Result<Option<StreamRecord<'_>>, McapError> {
        let Some(found) = self.find()? else {
            return Ok(None);
        };
        let (from, to) = found.body;
        let source = if found.decompressed {
            &self.buffers.decompressed
        } else {
            &self.buffer
        };
        let body = source.get(from..to).unwrap_or_default();
        Ok(
            Record::parse(found.opcode, body).map(|record| StreamRecord {
                offset: found.offset,
                in_chunk: found.in_chunk,
                suspect: found.suspect,
                record,
            }),
        )
    }

    fn find(&mut self) -> Result<Option<Found>, McapError> {
        loop {
            if self.chunk.is_some() {
                if let Some(found) = self.find_in_chunk() {
                    return Ok(Some(found));
                }
                continue;
            }
            if let Some((left, loss)) = self.skip {
                if self.skip(left, loss) {
                    continue;
                }
                if self.finished {
                    self.skip = None;
                    self.state = State::Done;
                }
                return Ok(None);
            }
            match self.state {
                State::Magic => {
                    let rest = self.rest();
                    if rest.len() < MAGIC.len() && !self.finished {
                        return Ok(None);
                    }
                    // Without looking ahead only the true magic counts.
                    if !check_magic(rest.get(..MAGIC.len()).unwrap_or(rest))? {
                        return Ok(None);
                    }
                    self.consume(MAGIC.len());
                    self.state = State::Records;
                }
                State::Records => match self.find_at_top() {
                    Step::Found(found) => return Ok(Some(found)),
                    Step::Wait => return Ok(None),
                    Step::Again => {}
                },
                State::EndMagic => {
                    let rest = self.rest();
                    if rest.len() < MAGIC.len() && !self.finished {
                        return Ok(None);
                    }
                    self.end_magic();
                }
                State::Done => return Ok(None),
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, bytes: usize) {
        let end = plus(self.start, bytes).min(self.buffer.len());
        let done = self.buffer.get(self.start..end).unwrap_or_default();
        self.crc.0.update(done);
        self.offset = self.offset.saturating_add(wide(done.len()));
        self.start = end;
    }

    fn lose(&mut self, code: &str, bytes: u64, messages: Option<u64>, message: String) {
        self.losses.push(LossReason {
            code: code.to_owned(),
            start: self.offset,
            end: self.offset.saturating_add(bytes),
            messages,
            suspect_messages: 0,
            message,
        });
    }

    /// Everything from here on is lost.
    fn give_up(&mut self, code: &str, message: &str) {
        self.skip = Some((u64::MAX, self.losses.len()));
        self.lose(code, 0, None, message.to_owned());
    }

    /// Skips what is there; whether all that is to be skipped has come.
    fn skip(&mut self, left: u64, loss: usize) -> bool {
        let here = self.rest().len().min(narrow(left));
        self.consume(here);
        if let Some(loss) = self.losses.get_mut(loss) {
            loss.end = self.offset;
        }
        let left = left.saturating_sub(wide(here));
        self.skip = Some((left, loss)).filter(|(left, _)| *left > 0);
        left == 0
    }

    fn find_at_top(&mut self) -> Step {
        match frame_at(&self.buffer, self.start) {
            Ok(frame) => {
                let (opcode, body_from, end) = (frame.opcode, frame.body_offset(), frame.end);
                if opcode == opcode::CHUNK {
                    self.open_chunk(body_from, end, true);
                    return Step::Again;
                }
                self.take_record(opcode, body_from, end)
            }
            Err(FrameError::ZeroOpcode) => {
                self.give_up(
                    "loss.framing",
                    "a record has opcode `0`; the rest of the stream cannot be framed",
                );
                Step::Again
            }
            Err(FrameError::TooLong { opcode, length }) => self.too_long(opcode, length),
            Err(FrameError::End | FrameError::ShortHeader) if !self.finished => Step::Wait,
            Err(FrameError::End | FrameError::ShortHeader) => {
                self.give_up("loss.truncated", "the stream ends without a footer");
                Step::Again
            }
        }
    }

    fn take_record(&mut self, opcode: u8, body_from: usize, end: usize) -> Step {
        let record_bytes = minus(end, self.start);
        let body = self.buffer.get(body_from..end).unwrap_or_default();
        let frame = Frame {
            opcode,
            offset: self.start,
            body,
            end,
        };
        if !salvage::skim(&frame) {
            let messages = (opcode == opcode::MESSAGE).then_some(1);
            let message = "the fields of a record run past its length; it was skipped".to_owned();
            self.lose("loss.record", wide(record_bytes), messages, message);
            self.consume(record_bytes);
            return Step::Again;
        }
        let found = Found {
            opcode,
            body: (body_from, end),
            decompressed: false,
            offset: self.offset,
            in_chunk: false,
            suspect: false,
        };
        match Record::parse(opcode, body) {
            Some(Record::DataEnd(end)) => {
                self.compare_crc(
                    "structure.data_crc",
                    end.data_section_crc,
                    self.crc.0.clone(),
                );
                self.consume(record_bytes);
                self.crc = (crc32fast::Hasher::new(), self.offset);
            }
            Some(Record::Footer(footer)) => {
                self.summary_crc(&footer, record_bytes);
                self.consume(record_bytes);
                self.state = State::EndMagic;
            }
            _ => self.consume(record_bytes),
        }
        Step::Found(found)
    }

    fn summary_crc(&mut self, footer: &Footer, record_bytes: usize) {
        let mut hasher = if footer.summary_start == 0 {
            crc32fast::Hasher::new()
        } else {
            self.crc.0.clone()
        };
        let covered = self.rest().get(..record_bytes.min(25)).unwrap_or_default();
        hasher.update(covered);
        if footer.summary_start == 0 || footer.summary_start == self.crc.1 {
            self.compare_crc("structure.summary_crc", footer.summary_crc, hasher);
        }
    }

    fn compare_crc(&mut self, code: &'static str, declared: u32, hasher: crc32fast::Hasher) {
        let found = hasher.finalize();
        if declared != 0 && declared != found {
            self.notes.add(code, Some(self.offset), || {
                format!("the checksum is `{found:#010x}`, declared is `{declared:#010x}`")
            });
        }
    }

    /// The record is not there whole: it may still come, be cut off, or be too large.
    fn too_long(&mut self, opcode: u8, length: u64) -> Step {
        if narrow(length) > self.limits.unit_bytes {
            let record_bytes = length.saturating_add(wide(FRAME_HEADER_BYTES));
            let messages = (opcode == opcode::MESSAGE).then_some(1);
            let message =
                format!("a record of `{length}` bytes is larger than the limit; it was skipped");
            self.skip = Some((record_bytes, self.losses.len()));
            self.lose("loss.too_large", 0, messages, message);
            return Step::Again;
        }
        if !self.finished {
            return Step::Wait;
        }
        let body_from = plus(self.start, FRAME_HEADER_BYTES);
        if opcode == opcode::CHUNK {
            self.open_chunk(body_from, self.buffer.len(), false);
        } else {
            self.give_up("loss.truncated", "the stream ends within a record");
        }
        Step::Again
    }

    /// Opens the chunk whose body is there from `body_from` to `end`, perhaps cut off.
    fn open_chunk(&mut self, body_from: usize, end: usize, whole: bool) {
        let record_bytes = minus(end, self.start);
        let body = self.buffer.get(body_from..end).unwrap_or_default();
        let Some((head, length, head_bytes)) = Chunk::parse_head(body) else {
            let code = if whole {
                "loss.record"
            } else {
                "loss.truncated"
            };
            let message = "the header of a chunk runs past its record".to_owned();
            self.lose(code, wide(record_bytes), None, message);
            self.consume(record_bytes);
            return;
        };
        let from = plus(body_from, head_bytes);
        let to = plus(from, narrow(length)).min(end);
        let stored = self.buffer.get(from..to).unwrap_or_default();
        let missing = wide(minus(to, from)) < length;
        let compression =
            Compression::from_name(&head.compression).or_else(|| compression::sniff(stored));
        let (claimed, declared) = (head.uncompressed_size, head.uncompressed_crc);
        let decoded = compression.map(|compression| {
            let limit = self.limits.unit_bytes;
            compression::decompress(compression, stored, claimed, limit, &mut self.buffers)
        });
        let plain = matches!(compression, None | Some(Compression::None));
        let records = if plain {
            stored
        } else {
            &self.buffers.decompressed
        };
        let complete = decoded == Some(Decoded::Whole) && !missing;
        let damage = match decoded {
            None => Some((
                "loss.unknown_compression",
                format!("a chunk is compressed with `{}`", head.compression),
            )),
            Some(_) if missing => Some((
                "loss.truncated",
                "the stream ends within a chunk".to_owned(),
            )),
            Some(Decoded::Damaged { reason, .. }) => Some((
                "loss.decompress",
                format!("a chunk does not decompress: {reason}"),
            )),
            Some(Decoded::TooLarge) => Some((
                "loss.too_large",
                "a chunk is larger than the limit".to_owned(),
            )),
            Some(Decoded::Whole) => None,
        };
        self.chunk = Some(OpenChunk {
            record_bytes,
            crc_fails: complete && declared != 0 && crc32fast::hash(records) != declared,
            // Offsets in the buffer move with its start when more bytes are fed.
            plain: plain.then(|| (minus(from, self.start), minus(to, self.start))),
            position: if compression.is_none() { usize::MAX } else { 0 },
            messages: 0,
            damage,
        });
    }

    fn find_in_chunk(&mut self) -> Option<Found> {
        let chunk = self.chunk.as_mut()?;
        let (records, shift) = match chunk.plain {
            Some((from, to)) => {
                let (from, to) = (plus(self.start, from), plus(self.start, to));
                (self.buffer.get(from..to).unwrap_or_default(), from)
            }
            None => (self.buffers.decompressed.as_slice(), 0),
        };
        match frame_at(records, chunk.position) {
            Ok(frame) if salvage::skim(&frame) => {
                chunk.position = frame.end;
                if frame.opcode == opcode::MESSAGE {
                    chunk.messages = chunk.messages.saturating_add(1);
                }
                return Some(Found {
                    opcode: frame.opcode,
                    body: (plus(shift, frame.body_offset()), plus(shift, frame.end)),
                    decompressed: chunk.plain.is_none(),
                    offset: self.offset,
                    in_chunk: true,
                    suspect: chunk.crc_fails,
                });
            }
            Err(FrameError::End) => {}
            Ok(_) | Err(_) => {
                let broken = || {
                    (
                        "loss.record",
                        "a record in a chunk is damaged; the rest of the chunk was not read"
                            .to_owned(),
                    )
                };
                chunk.damage.get_or_insert_with(broken);
            }
        }
        self.close_chunk();
        None
    }

    fn close_chunk(&mut self) {
        let Some(chunk) = self.chunk.take() else {
            return;
        };
        let bytes = wide(chunk.record_bytes);
        if chunk.crc_fails {
            let message =
                "the checksum of a chunk fails; its messages are kept and suspect".to_owned();
            self.lose("loss.chunk_crc", bytes, Some(0), message);
            if let Some(loss) = self.losses.last_mut() {
                loss.suspect_messages = chunk.messages;
            }
        }
        if let Some((code, message)) = chunk.damage {
            self.lose(code, bytes, None, message);
            if code == "loss.truncated" {
                self.state = State::Done;
            }
        }
        self.consume(chunk.record_bytes);
    }

    fn end_magic(&mut self) {
        let rest = self.rest().len();
        if !self.rest().starts_with(&MAGIC) {
            let at = Some(self.offset);
            self.notes.add("structure.end_magic", at, || {
                "the stream does not end with the magic".to_owned()
            });
            if rest < MAGIC.len() {
                let message = "the stream is cut off within its end magic; all data is there";
                self.lose("loss.truncated", wide(rest), Some(0), message.to_owned());
            }
        }
        self.consume(rest);
        self.state = State::Done;
    }
}

/// What looking for a record at top level came to.
enum Step {
    Found(Found),
    Wait,
    Again,
}
