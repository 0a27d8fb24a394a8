//! Paths of poses: association, alignment, errors against a reference, plausibility, closure.
//!
//! Read [`pairs`] (which pose belongs to which), [`ape`] and [`rpe`] first; then [`kitti_segments`],
//! [`relative_errors`], [`scale_drift`], [`loop_residual`] and [`pairwise_consistency`]. [`umeyama`] aligns points,
//! [`plausibility`] needs no reference. Poses are `world_from_body`, stamps nanoseconds.
//!
//! Not here: rotations and rigid motions themselves ([`crate::pose`]), reading files and thresholds.

mod align;
mod ape;
mod associate;
pub(crate) mod cases;
mod errors;
mod fit;
mod frame;
mod kitti;
mod loops;
mod plausible;
mod prepare;
mod relative;
mod rpe;
mod select;
mod thin;

pub use align::{AlignError, Alignment, umeyama, umeyama_plane, umeyama_yaw};
pub use ape::{Ape, ape};
pub use associate::{AssociateError, Association, Pairs, Stamps, associate, pairs};
pub use errors::{ErrorStats, PathErrors, Relation, TrajectoryError, error_stats};
pub use fit::{Fit, Motion, fit};
pub use frame::{Frame, PathError, distances, frames};
pub use kitti::{
    KITTI_LENGTHS_METERS, KittiOptions, KittiScores, LengthScore, Segment, kitti_scores,
    kitti_segments,
};
pub use loops::{Consistency, Loop, LoopNoise, LoopResidual, loop_residual, pairwise_consistency};
pub use plausible::{Closure, Extreme, PathJump, Plausibility, closure, plausibility};
pub use prepare::{MotionFilter, Preparation};
pub use relative::{RelativeError, ScaleDrift, relative_errors, scale_drift};
pub use rpe::{Rpe, rpe};
pub use select::{DeltaUnit, Step, select};
pub use thin::{Plane, downsample, filter_motion, project};
