//! Paths of poses: alignment, plausibility, closure.
//!
//! Read [`plausibility`] and [`umeyama`] first. Poses are `world_from_body`, stamps nanoseconds.
//!
//! Not here: rotations and rigid motions themselves ([`crate::pose`]) and thresholds.

mod align;
mod plausible;

pub use align::{AlignError, Alignment, umeyama, umeyama_plane};
pub use plausible::{Closure, Extreme, PathJump, Plausibility, closure, plausibility};
