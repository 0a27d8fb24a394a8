//! Joint states and robot-learning episodes.
//!
//! Read [`Series`] and [`JointReport`] first.
//!
//! Not here: thresholds; smoothness is measured, but nothing is rejected for it.

mod episode;
mod series;

pub use episode::{Shift, near_duplicate, shift};
pub use series::{JointReport, Series, Stretch, report};
