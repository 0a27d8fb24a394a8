//! MCAP: read, written, salvaged.
//!
//! Read [`McapRecording`] (a whole file, unit by unit), [`StreamReader`] (a pipe) and [`Writer`]
//! first; [`records`] holds the record kinds and [`RULES`] every rule of the format that is checked.
//! Record parsing is our own: borrowed, free of panics, and it goes on where others stop.
//! Source: MCAP specification, version 0. Not here: decoding of payloads ([`crate::decode`]).
#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod compression;
mod cursor;
pub mod records;
mod writer;

pub use compression::Compression;
pub use cursor::MAGIC;
pub use records::{MessageHeader, Record};
pub use writer::{RecordWriter, Writer, WriterOptions};

/// What the reader remembers of a unit for its account of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitFacts {}
