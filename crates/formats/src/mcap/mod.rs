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
mod definitions;
mod encode;
mod layout;
mod open;
pub mod records;
mod rules;
mod salvage;
mod stream;
mod summary;
mod tally;
mod unit;
mod verify;
mod verify_index;
mod writer;

pub use compression::Compression;
pub use cursor::MAGIC;
pub(crate) use open::read_part;
pub use open::{Attachment, McapError, McapRecording, Metadata, OpenOptions, sniff};
pub use records::{MessageHeader, Record};
pub use rules::RULES;
pub use stream::{StreamReader, StreamRecord};
pub use summary::Crc;
pub(crate) use unit::UnitFacts;
pub use writer::{RecordWriter, Writer, WriterOptions};
