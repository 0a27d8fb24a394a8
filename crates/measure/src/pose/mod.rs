//! Rotations and rigid motions: SO(3), SE(3), exponential and logarithm.
//!
//! Read [`Pose`] first. Quaternions are in the order x y z w; a pose `a_from_b` maps points of frame b to frame a.
//! [`matrix`] holds the small matrices that fits of poses need.

pub mod matrix;
mod rigid;
mod rotation;
mod series;

pub use rigid::{PoseDefect, TF2_NORM_TOLERANCE, is_rotation, is_rotation_within, validate};
pub use rotation::{
    angle_between, bearing, conjugate, matrix_of_quat, multiply_quat, normalized, quat_of_matrix,
    quat_of_rotation_vector, roll_pitch_yaw, rotate, rotation_vector, same_rotation,
    share_one_axis, slerp, wrapped_angle,
};
pub use series::{Rate, body_rates, pose_at};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A rigid motion `a_from_b`.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Pose {
    /// Origin of b in a, meters.
    pub translation_meters: [f64; 3],
    /// Rotation, order x y z w; as recorded, so it need not have norm 1.
    pub quat_xyzw: [f64; 4],
}

/// A pose at a time.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct StampedPose {
    /// When it holds, nanoseconds on the clock of the header stamps.
    pub t_nanos: i64,
    /// The pose.
    pub pose: Pose,
}
