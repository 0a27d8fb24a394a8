//! Intrinsics, extrinsics and what their errors do: plausibility, hand-eye, alignment, epipolar residuals, drift.
//!
//! Read [`defects`] (intrinsics) and [`hand_eye`] (extrinsics from motion) first.

mod hand_eye;
mod intrinsics;

pub(crate) use hand_eye::deviation;
pub use hand_eye::{
    Deviation, Estimate, HandEyeError, MotionPair, PairOptions, Screw, chi2_tail, hand_eye,
    motion_pairs, residual, screw,
};
pub use intrinsics::{Intrinsics, IntrinsicsDefect, defects, is_uncalibrated};

pub mod alignment;
pub mod epipolar;
