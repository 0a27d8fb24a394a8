//! Sans-I/O readers and writers: bytes in, records out (and back).
//!
//! Read [`Recording`] first: every recording format is a list of units (chunks, or runs of
//! records) that can be read in parallel and in any order. [`mcap`], [`rosbag1`] and [`rosbag2`]
//! hold the formats, [`ulog`], [`trajectory`] and [`folder`] what others write; [`decode`] turns payloads into
//! typed columns and views, [`sensor`] into samples, [`media`] decodes pixels, video and sound; [`labels`] reads files of
//! labels and predictions, [`table`] tables of any form; [`croissant`] describes data sets for others.
//!
//! Not here: files, threads' lifetimes, clocks. Bytes are passed in, usually a memory map.

pub mod croissant;
pub mod decode;
pub mod folder;
pub mod labels;
pub mod mcap;
pub mod media;
pub mod message;
mod recording;
pub mod rosbag1;
pub mod rosbag2;
mod rules;
pub mod sensor;
pub mod table;
pub mod trajectory;
pub mod ulog;

pub use recording::{
    Buffers, Channel, Format, Limits, Message, Recording, Schema, UnitDetail, UnitPart,
    UnitSummary, VideoFile, Visitor, full_account, read_part,
};
pub(crate) use rules::bound_losses;
pub use rules::{Notes, Rule};
