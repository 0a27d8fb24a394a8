//! PX4 `ULog` files.
//!
//! Read [`UlogRecording::open`] first. A topic is a channel `/<name>` (`/<name>/<instance>` above the
//! first) whose messages are passed on as they lie in the file: `ULog` packs fields as ROS 1 does, so
//! the schema is `ros1msg` text made from the file's own formats and the message encoding is `ros1`.
//! Log time is the message's `timestamp`, microseconds since boot, in nanoseconds. Logged strings
//! are `rcl_interfaces/msg/Log` on `/log`.
//!
//! Source: "`ULog` File Format", PX4 documentation, versions 0 and 1, with appended data.
//! Not here: what PX4's topics mean (`sensor`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod bytes;
mod format;
mod recording;
mod scan;

pub use recording::UlogRecording;

use crate::Rule;

/// First bytes of a file, before the version.
const MAGIC: &[u8] = b"ULog\x01\x12\x35";
/// Bytes of the file header.
const HEADER_BYTES: usize = 16;

/// Whether the bytes start as a `ULog` does.
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UlogError {
    /// The file header is missing or cut.
    #[error("the `ULog` header is cut; hint: copy the file again from the vehicle")]
    Header,
    /// The file uses parts of the format that cannot be ignored.
    #[error(
        "the file sets incompatible flags `{flags:#x}`, of which this version knows `0x1`; hint: a newer version may read it"
    )]
    Incompatible {
        /// The first byte of flags.
        flags: u64,
    },
}

impl UlogError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Header => "ulog.header",
            Self::Incompatible { .. } => "ulog.incompatible",
        }
    }
}

/// Every code the notes and losses of `ULog` files carry.
pub const RULES: &[Rule] = &[
    rule(
        "loss.dropout",
        true,
        "The logger could not write fast enough and lost what came in the meantime.",
    ),
    rule(
        "loss.framing",
        true,
        "Bytes that are no message; reading goes on at the next place that fits.",
    ),
    rule(
        "loss.record",
        true,
        "A message does not hold what the format it is subscribed with says.",
    ),
    rule("loss.truncated", true, "The file ends within a message."),
    rule(
        "structure.definition_missing",
        false,
        "A subscription names a format the file does not define, so its messages cannot be decoded.",
    ),
    rule(
        "structure.undefined_channel",
        true,
        "Messages belong to an id that no subscription names.",
    ),
    rule(
        "structure.unknown_opcode",
        false,
        "Messages of a type that the specification does not list.",
    ),
];

const fn rule(code: &'static str, error: bool, meaning: &'static str) -> Rule {
    Rule {
        code,
        error,
        meaning,
    }
}
