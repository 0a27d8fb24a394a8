//! Writes standard ROS 2 messages: CDR payloads and the schemas that go with them.
//!
//! Read [`schema`] and the encoders ([`imu`], [`image`], [`point_cloud2`], …) first: each clears its
//! buffer and leaves one payload in it. [`CdrWriter`] writes types that have no encoder here.
//! Definitions of standard types are those rosbag2 bags without definitions are read with; types
//! of our own, where no standard has one, are in [`own_definition`].
//!
//! Not here: reading (`decode`, `sensor`); containers (`mcap::Writer`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod cdr;
mod definitions;
mod encode;

pub use cdr::CdrWriter;
pub use definitions::{own_definition, schema};
pub use encode::{
    LogLine, Twist, audio, boxes3d, camera_info, compressed_image, image, imu, joint_state,
    laser_scan, log, nav_sat_fix, odometry, point_cloud2, pose_stamped, transforms,
};
