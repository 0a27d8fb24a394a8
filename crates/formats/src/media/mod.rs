//! Pixels, video and sound: as much decoding as a check needs, and no more.
//!
//! Read [`grey`] and [`GreyImage`] first: every kind of image becomes 8-bit luma, whole or at an eighth
//! of its size, which for JPEG costs no inverse transform. [`depth_meters`] keeps distances, [`probe`]
//! reads no pixels; [`encode_png_grey`], [`encode_jpeg_grey`] and [`thumbnail`] write.
//!
//! [`sound()`] gives samples, [`video`] reads the headers of streams and the tables of MP4 files.
//!
//! Not here: judging images (`measure`), color, decoding of video (its headers are enough for checks).
#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod boxes;
mod compressed_depth;
mod depth;
mod error;
mod grey;
mod jpeg;
mod png_file;
mod raw;
mod sound;
mod thumbnail;
pub mod video;

pub use depth::{DepthImage, depth_meters};
pub use error::MediaError;
pub use grey::{Codec, GreyImage, ImageInfo, Limits, Scale, grey, probe};
pub use jpeg::encode_jpeg_grey;
pub use png_file::encode_png_grey;
pub use sound::{Sound, sound};
pub use thumbnail::thumbnail;
