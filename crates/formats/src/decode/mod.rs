//! Run-time decoding of message payloads: header stamps, typed views, typed columns.
//!
//! Read [`StampReader`] (a few nanoseconds per message), [`TransformReader`] and [`ColumnDecoder`]
//! first, then [`fields`] for a few chosen fields; [`definition`] parses what recordings say about their types.
//!
//! Not here: containers; a payload is whatever bytes a container stored for one message.
#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod cdr;
mod columns;
pub mod definition;
mod descriptor;
mod error;
pub mod fields;
mod flatbuffer;
mod header;
mod json;
mod locate;
mod plan;
mod proto;
mod stamp_fields;
mod view_fields;
mod view_json;
mod view_proto;
mod views;
mod wire;

pub use columns::ColumnDecoder;
pub use error::{DecodeCause, DecodeError};
pub use header::{StampKind, StampReader};
pub(crate) use json::rfc3339;
pub use views::{PoseReader, TransformReader, TransformRef, TransformSample};
