//! rosbag2: `metadata.yaml`, embedded standard definitions, and SQLite pages for salvage.
//!
//! Read [`Metadata`] and [`standard_definition`] first; [`RULES`] lists what notes and losses of
//! rosbag2 SQLite files mean.
//!
//! Not here: SQLite itself, which needs a file (`engine`); MCAP storage (`mcap`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod definitions;
mod metadata;
pub mod pages;
mod payload;

pub use definitions::{service_event_definition, standard_definition, standard_types};
pub use metadata::{FileMetadata, Metadata, MetadataError, Observed, TopicMetadata};
pub use payload::{PayloadError, decompress_payload};

use crate::Rule;

/// Every code the notes and losses of rosbag2 SQLite files carry.
pub const RULES: &[Rule] = &[
    rule(
        "structure.metadata_mismatch",
        true,
        "`metadata.yaml` says something else about files, topics, counts or times than the file holds.",
    ),
    rule(
        "structure.metadata_unreadable",
        true,
        "`metadata.yaml` is there but cannot be read.",
    ),
    rule(
        "structure.undefined_channel",
        true,
        "Messages belong to a topic id that the topics table does not list.",
    ),
    rule(
        "structure.definition_missing",
        false,
        "The file holds no definition of a message type and none is embedded, so its messages cannot be decoded.",
    ),
    rule(
        "structure.journal_leftover",
        false,
        "A write-ahead log or rollback journal lies beside the file: recording ended without closing it. A copy of both was read.",
    ),
    rule(
        "structure.message_order",
        false,
        "A message has an earlier log time than one before it in the file.",
    ),
    rule(
        "structure.row_gap",
        false,
        "Row ids are missing though SQLite reports no damage: rows were deleted, or a damaged page hides them.",
    ),
    rule(
        "structure.sqlite_damaged",
        true,
        "SQLite reports damage; rows were read page by page as far as they could be.",
    ),
    rule(
        "loss.truncated",
        true,
        "The file is shorter than its header says.",
    ),
    rule(
        "loss.page",
        true,
        "Rows lie on pages that are damaged or missing.",
    ),
    rule(
        "loss.record",
        true,
        "A row of the messages table does not hold what it must.",
    ),
    rule(
        "loss.decompress",
        true,
        "The compressed payload of a message is damaged.",
    ),
    rule(
        "loss.too_large",
        true,
        "The compressed payload of a message exceeds the limit.",
    ),
];

const fn rule(code: &'static str, error: bool, meaning: &'static str) -> Rule {
    Rule {
        code,
        error,
        meaning,
    }
}
