//! Run-time decoding of message payloads: header stamps, typed views, typed columns.
//!
//! Read [`StampReader`] (a few nanoseconds per message) and [`TransformReader`] first.
//!
//! Not here: containers; a payload is whatever bytes a container stored for one message.

mod error;
mod header;
mod views;

pub use error::{DecodeCause, DecodeError};
pub use header::{StampKind, StampReader};
pub use views::{TransformReader, TransformRef, TransformSample};
