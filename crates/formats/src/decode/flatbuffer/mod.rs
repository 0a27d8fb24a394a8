//! `FlatBuffers` by their binary schema (`flatc --binary --schema`), without generated code.
//!
//! Read [`Schema`] first; `table` walks buffers, every offset checked. Sources: "`FlatBuffers` Internals"
//! (flatbuffers.dev/internals) and `reflection.fbs` (numbers of fields and base types).
//!
//! Not here: unions and 64-bit vectors, which are skipped; writing; size-prefixed buffers; a check that
//! a buffer is what a builder would write (two offsets may meet, which costs time linear in the fields read).

mod schema;
mod table;

pub(crate) use schema::{Base, Field, Kind, Object, Schema};
pub(crate) use table::Table;

use super::error::{DecodeCause, DecodeError};

/// A buffer that breaks the format.
#[cold]
pub(crate) fn broken(offset: usize, reason: &'static str) -> DecodeError {
    DecodeError::new(offset, DecodeCause::FlatBuffer { reason })
}
