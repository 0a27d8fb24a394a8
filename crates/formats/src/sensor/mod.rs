//! What sensors say, whatever the encoding: one message as a typed [`Sample`].
//!
//! Read [`Sample`] and [`SensorReader`] first. Large parts (pixels, points, sound) stay borrowed
//! from the payload; how they are decoded is in [`crate::media`] and [`cloud`].
//!
//! Not here: judging anything; values are passed on as written, NaN included.

mod reader;
mod sample;

pub use reader::SensorReader;
pub use sample::{
    Audio, Box3, Boxes, CameraInfo, Cloud, CloudField, FieldType, Fix, Image, Imu, Joints, Pose,
    Sample, Scan, SensorKind, Video,
};
