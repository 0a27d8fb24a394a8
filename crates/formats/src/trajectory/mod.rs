//! Trajectory files: TUM, KITTI and `EuRoC`.
//!
//! Read [`Trajectory::parse`] and [`sniff`] first. [`layout`] makes such a file a recording of one
//! channel of poses. [`text`] reads tables of numbers line by line: integers stay integers, decimal
//! seconds become nanoseconds exactly, errors name line and column.
//!
//! Not here: comparing trajectories (`measure`); folders of `EuRoC` and KITTI (`folder`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod parse;
mod recording;
pub mod text;

pub(crate) use parse::parse_row;
pub use parse::{
    Kind, Pose, Trajectory, TrajectoryError, likely, parse_matrices, parse_times, sniff,
};
pub use recording::{TIMES_PATH, TRAJECTORY_PATH, layout};
