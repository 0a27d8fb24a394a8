//! Rules on the index records of the summary: each must agree with what it points at.
//!
//! Read [`check`] first.

use super::cursor::{Frame, minus, narrow, plus, wide};
use super::layout::{ChunkUnit, Unit};
use super::open::McapRecording;
use super::records::{ChunkIndex, Record, opcode};
use super::summary::message_indexes;
use super::verify::facts;
use crate::{Notes, UnitSummary};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn check(recording: &McapRecording<'_>, units: &[UnitSummary], notes: &mut Notes) {
    let indexed = chunk_indexes(recording, notes);
    if !indexed.is_empty() {
        repeated(recording, units, &indexed, notes);
    }
    attachment_indexes(recording, notes);
    metadata_indexes(recording, notes);
    summary_offsets(recording, notes);
    footer(recording, notes);
}

/// Compares every chunk index with its chunk; returns the offsets of the indexed chunks.
fn chunk_indexes(recording: &McapRecording<'_>, notes: &mut Notes) -> BTreeSet<usize> {
    let mut chunks: BTreeMap<usize, &ChunkUnit<'_>> = BTreeMap::new();
    for unit in &recording.layout.units {
        if let Unit::Chunk(chunk) = unit {
            chunks.insert(chunk.offset, chunk);
        }
    }
    let mut indexed = BTreeSet::new();
    for (offset, index) in &recording.summary.chunk_indexes {
        let target = narrow(index.chunk_start_offset);
        let at = Some(wide(*offset));
        if !indexed.insert(target) {
            notes.add("structure.chunk_index_duplicate", at, || {
                format!("a second chunk index for the chunk at `{target}`")
            });
        }
        let Some(chunk) = chunks.get(&target) else {
            notes.add("structure.chunk_index_offset", at, || {
                format!("a chunk index points at `{target}`, where no chunk is")
            });
            continue;
        };
        for difference in index_differences(recording.bytes, index, chunk) {
            notes.add("structure.chunk_index_mismatch", at, || {
                format!("the index of the chunk at `{target}` declares {difference}")
            });
        }
    }
    if indexed.is_empty() && !chunks.is_empty() {
        notes.add("structure.index_missing", None, || {
            format!("`{}` chunks are not indexed", chunks.len())
        });
    } else {
        for offset in chunks.keys().filter(|offset| !indexed.contains(offset)) {
            notes.add("structure.chunk_not_indexed", Some(wide(*offset)), || {
                "a chunk is missing from the chunk index".to_owned()
            });
        }
    }
    indexed
}

fn index_differences(bytes: &[u8], index: &ChunkIndex<'_>, chunk: &ChunkUnit<'_>) -> Vec<String> {
    let head = &chunk.head;
    let stored = wide(plus(head.records.len(), chunk.missing));
    let pairs = [
        (
            "a length",
            index.chunk_length,
            wide(minus(chunk.end, chunk.offset)),
        ),
        (
            "a first log time",
            index.message_start_time,
            head.message_start_time,
        ),
        (
            "a last log time",
            index.message_end_time,
            head.message_end_time,
        ),
        ("a compressed size", index.compressed_size, stored),
        (
            "an uncompressed size",
            index.uncompressed_size,
            head.uncompressed_size,
        ),
    ];
    let mut differences: Vec<String> = pairs
        .iter()
        .filter(|(_, declared, found)| declared != found)
        .map(|(what, declared, found)| format!("{what} of `{declared}`, the chunk has `{found}`"))
        .collect();
    if index.compression != head.compression {
        let (declared, found) = (&index.compression, &head.compression);
        differences.push(format!("compression `{declared}`, the chunk has `{found}`"));
    }
    let indexes = wide(minus(chunk.indexes_end, chunk.end));
    let declared = index.message_index_length;
    if !index.message_index_offsets.is_empty() && declared != indexes {
        differences.push(format!(
            "`{declared}` bytes of message indexes, there are `{indexes}`"
        ));
    }
    let found: BTreeMap<u16, u64> = message_indexes(bytes, (chunk.end, chunk.indexes_end))
        .map(|(offset, channel, _)| (channel, wide(offset)))
        .collect();
    let wrong = index.message_index_offsets.iter();
    let wrong = wrong.filter(|(channel, offset)| found.get(channel) != Some(offset));
    for (channel, offset) in wrong {
        differences.push(format!(
            "the message index of channel `{channel}` at `{offset}`, where it is not"
        ));
    }
    differences
}

/// Every schema and channel of an indexed chunk must be in the summary.
fn repeated(
    recording: &McapRecording<'_>,
    units: &[UnitSummary],
    indexed: &BTreeSet<usize>,
    notes: &mut Notes,
) {
    let summary = &recording.summary;
    let schemas = summary.schemas.iter().map(|(_, s)| (opcode::SCHEMA, s.id));
    let channels = summary
        .channels
        .iter()
        .map(|(_, c)| (opcode::CHANNEL, c.id));
    let known: BTreeSet<(u8, u16)> = schemas.chain(channels).collect();
    let mut missing = BTreeSet::new();
    for (unit, read) in recording.layout.units.iter().zip(units) {
        if let (Unit::Chunk(chunk), Some(facts)) = (unit, facts(read))
            && indexed.contains(&chunk.offset)
        {
            missing.extend(facts.definitions.keys().filter(|key| !known.contains(key)));
        }
    }
    for (kind, id) in missing {
        let what = if kind == opcode::SCHEMA {
            "schema"
        } else {
            "channel"
        };
        notes.add("structure.index_not_repeated", None, || {
            format!("{what} `{id}` of an indexed chunk is not repeated in the summary")
        });
    }
}

fn frame_length(frame: &Frame<'_>) -> u64 {
    wide(minus(frame.end, frame.offset))
}

fn attachment_indexes(recording: &McapRecording<'_>, notes: &mut Notes) {
    const CODE: &str = "structure.attachment_index";
    let frames = &recording.layout.attachments;
    let by_offset: BTreeMap<u64, &Frame<'_>> = frames.iter().map(|f| (wide(f.offset), f)).collect();
    let mut indexed = BTreeSet::new();
    for (offset, index) in &recording.summary.attachment_indexes {
        let at = Some(wide(*offset));
        let target = by_offset.get(&index.offset).copied();
        let record = target.and_then(|frame| Record::parse(frame.opcode, frame.body));
        let (Some(frame), Some(Record::Attachment(attachment))) = (target, record) else {
            notes.add(CODE, at, || {
                format!("attachment `{}` is not at `{}`", index.name, index.offset)
            });
            continue;
        };
        indexed.insert(frame.offset);
        let agrees = index.length == frame_length(frame)
            && index.data_size == wide(attachment.data.len())
            && (index.log_time, index.create_time) == (attachment.log_time, attachment.create_time)
            && (&index.name, &index.media_type) == (&attachment.name, &attachment.media_type);
        if !agrees {
            notes.add(CODE, at, || {
                format!(
                    "the index of attachment `{}` differs from it",
                    attachment.name
                )
            });
        }
    }
    if !indexed.is_empty() {
        for frame in frames
            .iter()
            .filter(|frame| !indexed.contains(&frame.offset))
        {
            notes.add(CODE, Some(wide(frame.offset)), || {
                "an attachment is not indexed".to_owned()
            });
        }
    }
}

fn metadata_indexes(recording: &McapRecording<'_>, notes: &mut Notes) {
    const CODE: &str = "structure.metadata_index";
    let frames = &recording.layout.metadata;
    let by_offset: BTreeMap<u64, &Frame<'_>> = frames.iter().map(|f| (wide(f.offset), f)).collect();
    let mut indexed = BTreeSet::new();
    for (offset, index) in &recording.summary.metadata_indexes {
        let at = Some(wide(*offset));
        let target = by_offset.get(&index.offset).copied();
        let record = target.and_then(|frame| Record::parse(frame.opcode, frame.body));
        let (Some(frame), Some(Record::Metadata(metadata))) = (target, record) else {
            notes.add(CODE, at, || {
                format!(
                    "metadata record `{}` is not at `{}`",
                    index.name, index.offset
                )
            });
            continue;
        };
        indexed.insert(frame.offset);
        if index.length != frame_length(frame) || index.name != metadata.name {
            notes.add(CODE, at, || {
                format!(
                    "the index of metadata record `{}` differs from it",
                    metadata.name
                )
            });
        }
    }
    if !indexed.is_empty() {
        for frame in frames
            .iter()
            .filter(|frame| !indexed.contains(&frame.offset))
        {
            notes.add(CODE, Some(wide(frame.offset)), || {
                "a metadata record is not indexed".to_owned()
            });
        }
    }
}

/// Every summary offset must cover all records of its kind, and nothing else.
fn summary_offsets(recording: &McapRecording<'_>, notes: &mut Notes) {
    let frames = &recording.layout.summary;
    for (offset, group) in &recording.summary.offsets {
        let start = narrow(group.group_start);
        let end = plus(start, narrow(group.group_length));
        let of_kind = |frame: &&Frame<'_>| frame.opcode == group.group_opcode;
        let inside = |frame: &&Frame<'_>| frame.offset >= start && frame.end <= end;
        let covered = frames.iter().filter(inside);
        let exact = covered.clone().all(|frame| of_kind(&frame))
            && covered.clone().map(frame_length).sum::<u64>() == group.group_length
            && covered.count() == frames.iter().filter(of_kind).count();
        if !exact {
            notes.add("structure.summary_offset", Some(wide(*offset)), || {
                format!(
                    "the records with opcode `{}` are not at `{start}` to `{end}`",
                    group.group_opcode
                )
            });
        }
    }
}

fn footer(recording: &McapRecording<'_>, notes: &mut Notes) {
    let (Some((offset, footer)), Some(_)) = (recording.layout.footer, recording.layout.data_end)
    else {
        return;
    };
    let frames = &recording.layout.summary;
    let group = |frame: &&Frame<'_>| frame.opcode == opcode::SUMMARY_OFFSET;
    let first = frames
        .iter()
        .find(|frame| !group(frame))
        .map_or(0, |frame| frame.offset);
    let first_group = frames.iter().find(group).map_or(0, |frame| frame.offset);
    let pairs = [
        ("summary", footer.summary_start, wide(first)),
        (
            "summary offset section",
            footer.summary_offset_start,
            wide(first_group),
        ),
    ];
    for (what, declared, found) in pairs {
        // An empty section may be declared by the place where it would be.
        let empty =
            found == 0 && (declared == wide(offset) || declared == footer.summary_offset_start);
        if declared != found && !empty {
            notes.add("structure.footer_offsets", Some(wide(offset)), || {
                format!("the footer says the {what} starts at `{declared}`, it does at `{found}` (0: there is none)")
            });
        }
    }
}
