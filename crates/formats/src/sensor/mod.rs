//! What sensors say, whatever the encoding: one message as a typed [`Sample`].
//!
//! Read [`Sample`] and [`SensorReader`] first. Large parts (pixels, points, sound) stay borrowed
//! from the payload; how they are decoded is in [`crate::media`]. `layout` is the table of what is known.
//!
//! Not here: judging anything; values are passed on as written, NaN included.
#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod boxes;
pub mod cloud;
mod layout;
mod motion;
mod pictures;
mod reader;
mod sample;
mod slots;
mod space;

pub use reader::SensorReader;
pub use sample::{
    Audio, Box3, Boxes, CameraInfo, Cloud, CloudField, FieldType, Fix, Image, Imu, Joints, Pose,
    Sample, Scan, SensorKind, Video,
};
