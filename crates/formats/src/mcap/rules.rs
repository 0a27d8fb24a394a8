//! Every rule of the format that is checked, and the rules about single records.
//!
//! Read [`RULES`]. Rules that compare records with each other are in [`super::verify`].

use super::records::Schema;
use crate::{Notes, Rule};

/// Rules on a schema record.
pub(crate) fn schema(schema: &Schema<'_>, at: Option<u64>, notes: &mut Notes) {
    if schema.id == 0 {
        notes.add("structure.schema_id_zero", at, || {
            format!("schema `{}` has id 0, which means no schema", schema.name)
        });
    }
    if !schema.encoding.is_empty() {
        return;
    }
    if schema.data.is_empty() {
        notes.add("structure.schema_empty", at, || {
            format!(
                "schema `{}` has neither encoding nor definition",
                schema.name
            )
        });
    } else {
        notes.add("structure.schema_encoding_empty", at, || {
            format!("schema `{}` has a definition but no encoding", schema.name)
        });
    }
}

const fn error(code: &'static str, meaning: &'static str) -> Rule {
    Rule {
        code,
        error: true,
        meaning,
    }
}

const fn unusual(code: &'static str, meaning: &'static str) -> Rule {
    Rule {
        code,
        error: false,
        meaning,
    }
}

/// Every rule that is checked, by code; a superset of `mcap doctor` (mcap-cli 0.3.0), whose severity
/// is kept where it has the rule. Unlike it, nothing stops at the first violation.
pub const RULES: &[Rule] = &[
    error(
        "structure.magic",
        "The first bytes are not the magic of an MCAP file, though a header follows.",
    ),
    error(
        "structure.end_magic",
        "The file does not end with the magic.",
    ),
    error("structure.no_header", "The first record is not a header."),
    unusual(
        "structure.header_library",
        "The header names no writing library.",
    ),
    unusual(
        "structure.header_profile",
        "The header names a profile that is not registered.",
    ),
    error(
        "structure.no_data_end",
        "The data section has no end record.",
    ),
    error(
        "structure.no_footer",
        "The file has no footer: it was cut off or never finished.",
    ),
    error(
        "structure.data_crc",
        "The checksum over the data section fails.",
    ),
    error(
        "structure.summary_crc",
        "The checksum over the summary fails.",
    ),
    error("structure.chunk_crc", "The checksum over a chunk fails."),
    error(
        "structure.attachment_crc",
        "The checksum over an attachment fails.",
    ),
    error(
        "structure.record_repaired",
        "A record's opcode or length is damaged, and was put right from the rest.",
    ),
    error(
        "structure.misplaced_record",
        "A record stands where its kind has no place.",
    ),
    unusual(
        "structure.unknown_opcode",
        "A record has an opcode without a meaning.",
    ),
    error(
        "structure.illegal_record_in_chunk",
        "A chunk holds something other than schemas, channels and messages.",
    ),
    error(
        "structure.schema_id_zero",
        "A schema has id 0, which is reserved for no schema.",
    ),
    error(
        "structure.schema_encoding_empty",
        "A schema has a definition but no encoding.",
    ),
    unusual(
        "structure.schema_empty",
        "A schema has neither encoding nor definition.",
    ),
    error(
        "structure.schema_conflict",
        "A schema id is defined in two different ways.",
    ),
    error(
        "structure.channel_conflict",
        "A channel id is defined in two different ways.",
    ),
    unusual(
        "structure.duplicate_schema",
        "A schema is defined more than once in the data section.",
    ),
    unusual(
        "structure.duplicate_channel",
        "A channel is defined more than once in the data section.",
    ),
    error(
        "structure.undefined_channel",
        "A message comes before any definition of its channel.",
    ),
    error(
        "structure.unknown_schema",
        "A channel names a schema that is not defined.",
    ),
    error(
        "structure.chunk_times",
        "A chunk's log times are not those of its messages.",
    ),
    error(
        "structure.chunk_size",
        "A chunk's decompressed size is not the one it declares.",
    ),
    error(
        "structure.time_range",
        "A log time is too large for signed nanoseconds.",
    ),
    unusual(
        "structure.message_order",
        "A message has a log time before that of an earlier one.",
    ),
    error(
        "structure.message_index",
        "A message index does not agree with the messages of its chunk.",
    ),
    unusual(
        "structure.message_index_misplaced",
        "A message index does not follow a chunk.",
    ),
    unusual(
        "structure.index_missing",
        "Chunks are not indexed by a summary, so readers cannot seek.",
    ),
    error(
        "structure.chunk_index_duplicate",
        "Two chunk indexes point at one offset.",
    ),
    error(
        "structure.chunk_index_offset",
        "A chunk index points at something that is no chunk.",
    ),
    error(
        "structure.chunk_index_mismatch",
        "A chunk index disagrees with its chunk.",
    ),
    error(
        "structure.chunk_not_indexed",
        "A chunk is missing from the chunk index.",
    ),
    error(
        "structure.index_not_repeated",
        "A schema or channel of an indexed chunk is missing from the summary.",
    ),
    error(
        "structure.statistics_duplicate",
        "The file has more than one statistics record.",
    ),
    error(
        "structure.statistics_mismatch",
        "The statistics disagree with the file.",
    ),
    error(
        "structure.statistics_channel_counts",
        "The statistics count a channel's messages wrongly.",
    ),
    error(
        "structure.attachment_index",
        "An attachment index disagrees with the attachments.",
    ),
    error(
        "structure.metadata_index",
        "A metadata index disagrees with the metadata records.",
    ),
    error(
        "structure.summary_offset",
        "A summary offset does not point at a group of summary records.",
    ),
    error(
        "structure.footer_offsets",
        "The footer points at the wrong place for the summary.",
    ),
    error(
        "loss.truncated",
        "The file ends too early; complete messages before the cut are kept.",
    ),
    error(
        "loss.chunk_crc",
        "A chunk's checksum fails; its messages are kept and suspect.",
    ),
    error(
        "loss.data_crc",
        "The data section's checksum fails; messages without a checksum of their own are kept and suspect.",
    ),
    error(
        "loss.attachment_crc",
        "An attachment's checksum fails; it is kept and suspect.",
    ),
    error(
        "loss.decompress",
        "A chunk does not decompress to its end; complete messages before that are kept.",
    ),
    error(
        "loss.missing",
        "Messages the statistics count are not there, and the data has changed since they were written.",
    ),
    error(
        "loss.framing",
        "Bytes between readable records are no records.",
    ),
    error(
        "loss.record",
        "A record is damaged and was skipped, in a chunk with all that follows.",
    ),
    error(
        "loss.unknown_compression",
        "A chunk is compressed in an unknown way.",
    ),
    error(
        "loss.too_large",
        "A chunk is larger than the limit; what is beyond was not read.",
    ),
];
