//! Sans-I/O readers and writers: bytes in, records out (and back).
//!
//! Read [`Recording`] first: every recording format is a list of units (chunks, or runs of
//! records) that can be read in parallel and in any order. [`mcap`], [`rosbag1`] and [`rosbag2`]
//! hold the formats, [`decode`] turns payloads into typed columns and views.
//!
//! Not here: files, threads' lifetimes, clocks. Bytes are passed in, usually a memory map.

pub mod decode;
pub mod mcap;
mod recording;
pub mod rosbag1;
pub mod rosbag2;
mod rules;

pub use recording::{
    Buffers, Channel, Format, Limits, Message, Recording, Schema, UnitDetail, UnitSummary, Visitor,
    full_account,
};
pub use rules::{Notes, Rule};
