//! ROS 1 bag files, version 2.0: read and salvaged.
//!
//! Read [`BagRecording`] first; [`RULES`] lists what its notes and losses mean.
//! Source: ROS wiki, Bags/Format/2.0; LZ4 chunks hold one LZ4 frame, bzip2 chunks one stream.
//!
//! Not here: decoding of payloads (`decode`), writing bags.

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod chunk;
mod connection;
mod layout;
mod lz4;
mod reader;
mod record;
mod resync;

pub use reader::BagRecording;
pub(crate) use reader::read_part;

use crate::Rule;

/// First bytes of every bag.
pub(crate) const MAGIC: &[u8] = b"#ROSBAG V2.0\n";

/// Why bytes cannot be read as a bag at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BagError {
    /// The bytes do not start like any bag.
    #[error(
        "not a ROS 1 bag: the first bytes are `{found}`, not `#ROSBAG V2.0`; hint: supported are MCAP, ROS 1 bag 2.0 and rosbag2 SQLite"
    )]
    NotABag {
        /// The first bytes, escaped.
        found: String,
    },
    /// A bag of another version.
    #[error(
        "ROS 1 bag version `{version}` is not supported; hint: `rosbag fix` rewrites old bags as version 2.0"
    )]
    Version {
        /// The version as written.
        version: String,
    },
}

impl BagError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotABag { .. } => "rosbag1.not_a_bag",
            Self::Version { .. } => "rosbag1.version",
        }
    }
}

/// Whether the bytes start as a bag does, in any version, or hold a bag header behind a damaged start.
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#ROSBAG V")
        || bytes.starts_with(b"#ROSRECORD V")
        || record::parse(bytes, MAGIC.len()).is_ok_and(|first| first.is(record::OP_BAG_HEADER))
}

/// Every code the reader's notes and losses carry.
pub const RULES: &[Rule] = &[
    rule(
        "structure.magic",
        true,
        "The first bytes are damaged, but a bag header follows them.",
    ),
    rule(
        "structure.bag_header_missing",
        true,
        "The bag header record is missing or damaged.",
    ),
    rule(
        "structure.bag_header_mismatch",
        true,
        "The bag header names another index position, chunk count or connection count than the file has.",
    ),
    rule(
        "structure.index_missing",
        true,
        "The bag was not closed or not indexed: the header names no index section, or chunks have no index records.",
    ),
    rule(
        "structure.message_index",
        true,
        "The index records after a chunk disagree with the messages in it.",
    ),
    rule(
        "structure.chunk_index_mismatch",
        true,
        "The index section describes a chunk with other counts or times than it has, or one that is not there.",
    ),
    rule(
        "structure.chunk_size",
        true,
        "A chunk holds another number of bytes, compressed or not, than its header claims.",
    ),
    rule(
        "structure.record_repaired",
        true,
        "A record claims another length than the place of the next record shows.",
    ),
    rule(
        "structure.undefined_channel",
        true,
        "Messages belong to a connection that no record defines.",
    ),
    rule(
        "structure.channel_conflict",
        true,
        "The same connection id is defined twice with different content.",
    ),
    rule(
        "structure.illegal_record_in_chunk",
        true,
        "A chunk holds a record that is neither message nor connection.",
    ),
    rule(
        "structure.unknown_opcode",
        false,
        "A record is of a kind the format does not define.",
    ),
    rule(
        "structure.message_order",
        false,
        "A message has an earlier log time than one before it in the file.",
    ),
    rule("loss.truncated", true, "The file ends early."),
    rule(
        "loss.framing",
        true,
        "No record can be made of these bytes outside chunks.",
    ),
    rule(
        "loss.decompress",
        true,
        "Compressed data of a chunk is damaged or incomplete.",
    ),
    rule(
        "loss.record",
        true,
        "No record can be made of these bytes inside a chunk.",
    ),
    rule(
        "loss.too_large",
        true,
        "A chunk decompresses to more than the limit.",
    ),
    rule(
        "loss.unknown_compression",
        true,
        "A chunk is compressed in a way the format does not define.",
    ),
];

const fn rule(code: &'static str, error: bool, meaning: &'static str) -> Rule {
    Rule {
        code,
        error,
        meaning,
    }
}
