//! Opens a recording: layout, summary, definitions.
//!
//! Read [`McapRecording`] first.

use super::cursor::{Frame, MAGIC, frame_at, minus, wide};
use super::definitions::Definitions;
use super::layout::{self, Layout, Unit};
use super::records::{self, Header, Record, Statistics, opcode};
use super::summary::{self, Crc, Summary};
use super::{salvage, unit, verify};
use crate::{Buffers, Channel, Format, Limits, Notes, Recording, UnitPart, UnitSummary, Visitor};
use fieldassay_model::Account;
use rayon::prelude::*;

/// Why something cannot be opened as an MCAP file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum McapError {
    /// The bytes do not start like an MCAP file.
    #[error(
        "the file starts with `{found}`, an MCAP file with `894d434150300d0a`; hint: check that the file is an MCAP recording and was copied whole"
    )]
    BadMagic {
        /// The first bytes, hexadecimal.
        found: String,
    },
    /// An MCAP file of a later version of the format.
    #[error(
        "the file is MCAP version `{version}`, known is version `0`; hint: use a newer Fieldassay"
    )]
    Version {
        /// The version byte as a character.
        version: char,
    },
}

impl McapError {
    /// Stable code of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadMagic { .. } => "mcap.bad_magic",
            Self::Version { .. } => "mcap.version",
        }
    }
}

/// How to open a recording.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Look for schemas and channels in the data even when the summary seems to have them all.
    pub scan_definitions: bool,
    /// Limits of memory and notes.
    pub limits: Limits,
}

/// An attachment of a recording, borrowed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// Offset of its record.
    pub offset: u64,
    /// The record.
    pub record: records::Attachment<'a>,
    /// Whether its checksum holds.
    pub crc: Crc,
}

/// A metadata record of a recording, borrowed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// Offset of its record.
    pub offset: u64,
    /// The record.
    pub record: records::Metadata<'a>,
}

/// Whether the bytes look like an MCAP file, perhaps cut off, perhaps with a damaged first byte or two.
pub fn sniff(bytes: &[u8]) -> bool {
    check_magic(bytes).is_ok()
}

/// Whether the magic is sound; the error when the bytes are no MCAP file.
pub(super) fn check_magic(bytes: &[u8]) -> Result<bool, McapError> {
    // `\x89MCAP` alone tells the format, so that a file cut within its magic still opens.
    const NAME_BYTES: usize = 5;
    let start = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    if start == MAGIC || start.len() >= NAME_BYTES && MAGIC.starts_with(start) {
        return Ok(true);
    }
    let version = |start: &[u8]| match start {
        [0x89, b'M', b'C', b'A', b'P', version, b'\r', b'\n'] => Some(char::from(*version)),
        _ => None,
    };
    if let Some(version) = version(start).filter(char::is_ascii_digit) {
        return Err(McapError::Version { version });
    }
    let header = frame_at(bytes, MAGIC.len())
        .is_ok_and(|frame| frame.opcode == opcode::HEADER && salvage::skim(&frame));
    if header
        && bytes
            .get(MAGIC.len()..)
            .is_some_and(|rest| rest.len() > MAGIC.len())
    {
        return Ok(false);
    }
    let found: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    Err(McapError::BadMagic {
        found: found.concat(),
    })
}

/// An opened MCAP file.
///
/// Opening walks the record frames without decompressing; the summary is only believed for
/// schemas and channels, and only when nothing speaks against it. Cost: one look at every
/// top-level record; without a sound summary also one pass over all chunks; with top-level
/// messages and a data section checksum one pass over the bytes.
#[derive(Debug)]
pub struct McapRecording<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) limits: Limits,
    pub(crate) layout: Layout<'a>,
    pub(crate) summary: Summary<'a>,
    pub(crate) definitions: Definitions<'a>,
    pub(crate) magic: bool,
    /// Result of the data section checksum where it was needed already.
    pub(crate) data_crc: Option<Crc>,
}

impl<'a> McapRecording<'a> {
    /// Opens the bytes of a file, however damaged.
    ///
    /// # Errors
    /// Only when this is no MCAP file, or one of another version.
    pub fn open(bytes: &'a [u8], options: OpenOptions) -> Result<Self, McapError> {
        let magic = check_magic(bytes)?;
        let limits = options.limits;
        let notes = Notes::new(limits.notes_per_code);
        let layout = layout::walk(bytes, &summary::hints(bytes), notes);
        let summary = Summary::new(bytes, &layout);
        let believe = !options.scan_definitions && summary.defines_everything(&layout, bytes);
        let definitions = if believe {
            Definitions::from_summary(&layout)
        } else {
            Definitions::from_data(&layout, limits)
        };
        let unprotected = layout.loose_messages
            || layout.units.iter().any(|unit| match unit {
                Unit::Chunk(chunk) => chunk.head.uncompressed_crc == 0,
                Unit::Run(_) => false,
            });
        let data_crc = unprotected.then(|| data_crc(bytes, &layout));
        Ok(Self {
            bytes,
            limits,
            layout,
            summary,
            definitions,
            magic,
            data_crc,
        })
    }

    /// The header, when the file has one.
    pub const fn header(&self) -> Option<&Header<'a>> {
        self.layout.header.as_ref()
    }

    /// The first statistics record, when there is one; nothing vouches for what it says.
    pub fn statistics(&self) -> Option<&Statistics> {
        self.summary.statistics.first().map(|(_, s)| s)
    }

    /// All attachments in file order, with their checksums compared. Cost: one pass over them.
    pub fn attachments(&self) -> Vec<Attachment<'a>> {
        let attachments = self.layout.attachments.par_iter();
        attachments.filter_map(attachment).collect()
    }

    /// All metadata records in file order.
    pub fn metadata(&self) -> Vec<Metadata<'a>> {
        let metadata = self.layout.metadata.iter();
        metadata
            .filter_map(|frame| match Record::parse(frame.opcode, frame.body)? {
                Record::Metadata(record) => Some(Metadata {
                    offset: wide(frame.offset),
                    record,
                }),
                _ => None,
            })
            .collect()
    }
}

fn attachment<'a>(frame: &Frame<'a>) -> Option<Attachment<'a>> {
    let Record::Attachment(record) = Record::parse(frame.opcode, frame.body)? else {
        return None;
    };
    let covered = records::Attachment::covered(frame.body)?;
    Some(Attachment {
        offset: wide(frame.offset),
        crc: Crc::compare(record.crc, || crc32fast::hash(covered)),
        record,
    })
}

/// Compares the checksum of the data section.
pub(crate) fn data_crc(bytes: &[u8], layout: &Layout<'_>) -> Crc {
    const BLOCK_BYTES: usize = 8 << 20;
    let Some((end, declared)) = layout.data_end else {
        return Crc::Absent;
    };
    Crc::compare(declared, || {
        let blocks = bytes.get(..end).unwrap_or_default().par_chunks(BLOCK_BYTES);
        let hashed: Vec<crc32fast::Hasher> = blocks
            .map(|block| {
                let mut hasher = crc32fast::Hasher::new();
                hasher.update(block);
                hasher
            })
            .collect();
        let mut whole = crc32fast::Hasher::new();
        for part in &hashed {
            whole.combine(part);
        }
        whole.finalize()
    })
}

/// Reads a chunk, or a run of top-level records, from its bytes alone.
pub(crate) fn read_part(
    bytes: &[u8],
    limits: Limits,
    buffers: &mut Buffers,
    visitor: &mut dyn Visitor,
) {
    let definitions = Definitions::default();
    let context = unit::Context {
        bytes,
        definitions: &definitions,
        limits,
        data_suspect: false,
    };
    for unit in layout::units_of(bytes, limits) {
        match unit {
            Unit::Chunk(chunk) => unit::read_chunk(&context, &chunk, buffers, visitor),
            Unit::Run(run) => unit::read_run(&context, run, visitor),
        };
    }
}

impl Recording for McapRecording<'_> {
    fn format(&self) -> Format {
        Format::Mcap
    }

    fn channels(&self) -> &[Channel] {
        &self.definitions.channels
    }

    fn unit_count(&self) -> usize {
        self.layout.units.len()
    }

    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)> {
        let Unit::Chunk(chunk) = self.layout.units.get(unit)? else {
            return None;
        };
        let (start, end) = (chunk.head.message_start_time, chunk.head.message_end_time);
        (start <= end && end > 0).then(|| (unit::signed(start), unit::signed(end)))
    }

    fn unit_bytes(&self, unit: usize) -> u64 {
        match self.layout.units.get(unit) {
            Some(Unit::Chunk(chunk)) => wide(minus(chunk.indexes_end, chunk.offset)),
            Some(Unit::Run(run)) => unit::run_bytes(*run),
            None => 0,
        }
    }

    fn unit_part(&self, unit: usize) -> Option<UnitPart> {
        Some(match self.layout.units.get(unit)? {
            Unit::Chunk(chunk) => UnitPart {
                offset: wide(chunk.offset),
                // Message indexes behind the chunk are not needed to read it.
                length: wide(minus(chunk.end, chunk.offset)),
                compression: chunk.head.compression.clone().into_owned(),
                uncompressed_bytes: chunk.head.uncompressed_size,
            },
            Unit::Run(run) => UnitPart {
                offset: wide(run.start),
                length: unit::run_bytes(*run),
                compression: String::new(),
                uncompressed_bytes: unit::run_bytes(*run),
            },
        })
    }

    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary {
        let context = unit::Context {
            bytes: self.bytes,
            definitions: &self.definitions,
            limits: self.limits,
            data_suspect: self.data_crc == Some(Crc::Invalid),
        };
        match self.layout.units.get(unit) {
            Some(Unit::Chunk(chunk)) => unit::read_chunk(&context, chunk, buffers, visitor),
            Some(Unit::Run(run)) => unit::read_run(&context, *run, visitor),
            None => UnitSummary::default(),
        }
    }

    fn account(&self, units: &[UnitSummary]) -> Account {
        verify::account(self, units)
    }

    fn origin(&self) -> (String, String) {
        self.header().map_or_else(Default::default, |header| {
            (
                header.profile.clone().into_owned(),
                header.library.clone().into_owned(),
            )
        })
    }
}
