//! What the summary section of a file says, and whether to believe it.
//!
//! Read [`Summary`] first. Not here: comparing it with the data ([`super::verify`]).

use super::cursor::{Frame, MAGIC, frame_at, minus, narrow, plus, wide};
use super::layout::{Layout, Unit};
use super::records::{
    AttachmentIndex, Channel, ChunkIndex, Footer, MetadataIndex, Record, Schema, Statistics,
    SummaryOffset, opcode,
};
use fieldassay_model::LossReason;
use std::collections::{BTreeMap, BTreeSet};

/// Result of comparing a checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crc {
    /// The file has none.
    #[default]
    Absent,
    /// It agrees with the bytes.
    Valid,
    /// It does not.
    Invalid,
}

impl Crc {
    /// Compares a declared CRC-32 with the bytes it covers; 0 means none was computed.
    pub(crate) fn compare(declared: u32, bytes: impl FnOnce() -> u32) -> Self {
        if declared == 0 {
            Self::Absent
        } else if bytes() == declared {
            Self::Valid
        } else {
            Self::Invalid
        }
    }
}

/// The records of the summary with their offsets.
#[derive(Debug, Default)]
pub(crate) struct Summary<'a> {
    pub(crate) schemas: Vec<(usize, Schema<'a>)>,
    pub(crate) channels: Vec<(usize, Channel<'a>)>,
    pub(crate) statistics: Vec<(usize, Statistics)>,
    pub(crate) chunk_indexes: Vec<(usize, ChunkIndex<'a>)>,
    pub(crate) attachment_indexes: Vec<(usize, AttachmentIndex<'a>)>,
    pub(crate) metadata_indexes: Vec<(usize, MetadataIndex<'a>)>,
    pub(crate) offsets: Vec<(usize, SummaryOffset)>,
    pub(crate) crc: Crc,
    /// Whether the file was walked without damage from the end of its data to its footer.
    pub(crate) whole: bool,
}

impl<'a> Summary<'a> {
    pub(crate) fn new(bytes: &[u8], layout: &Layout<'a>) -> Self {
        let mut summary = Self::default();
        for frame in &layout.summary {
            summary.take(frame);
        }
        if let Some((offset, footer)) = layout.footer {
            summary.crc = summary_crc(bytes, offset, &footer);
            if summary.crc == Crc::Invalid
                && let Some(first) = layout.summary.first()
            {
                // Bytes lost or added before the summary move it; its checksum moves along.
                let summary_start = wide(first.offset);
                let moved = Footer {
                    summary_start,
                    ..footer
                };
                summary.crc = summary_crc(bytes, offset, &moved);
            }
            let data_end = layout.data_end.map(|(end, _)| wide(end));
            let start = Some(footer.summary_start).filter(|start| *start != 0);
            summary.whole = data_end.or(start).is_some_and(|start| {
                let hit = |loss: &LossReason| loss.end > start && loss.code != "loss.truncated";
                !layout.losses.iter().any(hit)
            });
        }
        summary
    }

    fn take(&mut self, frame: &Frame<'a>) {
        let at = frame.offset;
        match Record::parse(frame.opcode, frame.body) {
            Some(Record::Schema(r)) => self.schemas.push((at, r)),
            Some(Record::Channel(r)) => self.channels.push((at, r)),
            Some(Record::Statistics(r)) => self.statistics.push((at, r)),
            Some(Record::ChunkIndex(r)) => self.chunk_indexes.push((at, r)),
            Some(Record::AttachmentIndex(r)) => self.attachment_indexes.push((at, r)),
            Some(Record::MetadataIndex(r)) => self.metadata_indexes.push((at, r)),
            Some(Record::SummaryOffset(r)) => self.offsets.push((at, r)),
            _ => {}
        }
    }

    /// Whether it is there, undamaged and not known to be wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.whole && self.crc != Crc::Invalid
    }

    /// The statistics, when they can be relied on.
    pub(crate) fn sound_statistics(&self) -> Option<&Statistics> {
        match self.statistics.as_slice() {
            [(_, statistics)] if self.is_sound() => Some(statistics),
            _ => None,
        }
    }

    /// Whether its schemas and channels are all there are, as far as can be told without reading.
    pub(crate) fn defines_everything(&self, layout: &Layout<'_>, bytes: &[u8]) -> bool {
        let chunks = layout
            .units
            .iter()
            .any(|unit| matches!(unit, Unit::Chunk(_)));
        if !chunks {
            // The walk has seen every top-level definition.
            return true;
        }
        if !self.is_sound() || self.channels.is_empty() && self.statistics.is_empty() {
            return false;
        }
        let channels: BTreeSet<u16> = self.channels.iter().map(|(_, c)| c.id).collect();
        let schemas: BTreeSet<u16> = self.schemas.iter().map(|(_, s)| s.id).collect();
        let counted = |(_, s): &(usize, Statistics)| {
            usize::try_from(s.channel_count).is_ok_and(|count| count <= channels.len())
                && s.channel_message_counts
                    .keys()
                    .all(|id| channels.contains(id))
        };
        self.statistics.iter().all(counted)
            && self
                .channels
                .iter()
                .all(|(_, c)| c.schema_id == 0 || schemas.contains(&c.schema_id))
            && indexed_channels(layout, bytes).all(|id| channels.contains(&id))
    }
}

/// Channel ids of all message index records.
fn indexed_channels<'r>(layout: &'r Layout<'_>, bytes: &'r [u8]) -> impl Iterator<Item = u16> + 'r {
    layout.units.iter().flat_map(move |unit| {
        let range = match unit {
            Unit::Chunk(chunk) => (chunk.end, chunk.indexes_end),
            Unit::Run(_) => (0, 0),
        };
        message_indexes(bytes, range).map(|(_, channel, _)| channel)
    })
}

/// Offset, channel and raw entries (log time, offset) of the message index records in a range.
pub(crate) fn message_indexes(
    bytes: &[u8],
    (mut position, end): (usize, usize),
) -> impl Iterator<Item = (usize, u16, &[[u8; 16]])> {
    let bytes = bytes.get(..end).unwrap_or_default();
    std::iter::from_fn(move || {
        let frame = frame_at(bytes, position).ok()?;
        position = frame.end;
        let c = &mut super::cursor::Cursor::new(frame.body);
        let channel = c.u16()?;
        Some((frame.offset, channel, c.bytes_u32()?.as_chunks::<16>().0))
    })
}

/// The summary's checksum: from its start, or the footer's without a summary, up to the field.
fn summary_crc(bytes: &[u8], offset: usize, footer: &Footer) -> Crc {
    let start = if footer.summary_start == 0 {
        offset
    } else {
        narrow(footer.summary_start)
    };
    let covered = bytes.get(start..plus(offset, 25)).unwrap_or_default();
    Crc::compare(footer.summary_crc, || crc32fast::hash(covered))
}

/// The chunk indexes of a summary whose checksum does not speak against it, by chunk offset.
/// They are needed before the walk, to get past damage.
pub(crate) fn hints(bytes: &[u8]) -> BTreeMap<usize, ChunkIndex<'_>> {
    const FOOTER_BYTES: usize = 29;
    let mut hints = BTreeMap::new();
    let footer_offset = minus(bytes.len(), plus(FOOTER_BYTES, MAGIC.len()));
    let Ok(frame) = frame_at(bytes, footer_offset) else {
        return hints;
    };
    let Some(Record::Footer(footer)) = Record::parse(frame.opcode, frame.body) else {
        return hints;
    };
    if footer.summary_start == 0 || summary_crc(bytes, footer_offset, &footer) == Crc::Invalid {
        return hints;
    }
    let mut position = narrow(footer.summary_start);
    while position < footer_offset {
        let Ok(frame) = frame_at(bytes, position) else {
            break;
        };
        if frame.opcode == opcode::CHUNK_INDEX
            && let Some(Record::ChunkIndex(index)) = Record::parse(frame.opcode, frame.body)
        {
            hints.insert(narrow(index.chunk_start_offset), index);
        }
        position = frame.end;
    }
    hints
}
