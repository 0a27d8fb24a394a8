//! Hand-eye consistency: two trajectories of one rigid body against the claimed transform between them.
//!
//! Read [`MotionPair`], [`motion_pairs`] and [`hand_eye`] first. With A the motion of body a and B that of body b between
//! the same two moments, the transform `a_from_b`, X, must satisfy `A X = X B`.

mod fit;
mod pairs;

pub(crate) use fit::deviation;
pub use fit::{Deviation, Estimate, HandEyeError, chi2_tail, hand_eye};
pub use pairs::{MotionPair, PairOptions, motion_pairs};

use crate::pose::matrix::{dot, norm, scale};
use crate::pose::{Pose, rotation_vector};

/// `E = (A X)^-1 (X B)`: how far a motion pair is from `A X = X B` (signals reference, B.9.3).
///
/// Returns the angle in radians and the translation's length in meters. Never a measure of the error of X by itself: a
/// wrong X may leave a small residual in a small motion. Quaternions must have norm 1.
pub fn residual(a: &Pose, b: &Pose, a_from_b: &Pose) -> (f64, f64) {
    let error = a.compose(a_from_b).inverse().compose(&a_from_b.compose(b));
    (error.angle_radians(), norm(&error.translation_meters))
}

/// The screw of a motion: what two rigidly linked bodies share whatever the transform between them (Chen 1991).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screw {
    /// Angle, radians, 0 to pi.
    pub angle_radians: f64,
    /// Unit axis; zero without rotation.
    pub axis: [f64; 3],
    /// Translation along the axis, meters.
    pub along_meters: f64,
}

/// Screw of a motion. The quaternion must have norm 1.
pub fn screw(motion: &Pose) -> Screw {
    let vector = rotation_vector(&motion.quat_xyzw);
    let angle_radians = norm(&vector);
    let axis = if angle_radians > 0.0 {
        scale(&vector, 1.0 / angle_radians)
    } else {
        [0.0; 3]
    };
    Screw {
        angle_radians,
        axis,
        along_meters: dot(&axis, &motion.translation_meters),
    }
}
