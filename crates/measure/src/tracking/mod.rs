//! Tracks of boxes, from labels or from a tracker: scores against ground truth, and coherence without it.
//!
//! Read [`Sequence`] and [`tracking_counts`] first (HOTA, CLEAR MOT, identity), then [`track_report`] and [`coherence`]
//! for tracks alone, [`triangulate`] and [`view_agreement`] for several cameras. [`Assigner`] is the assignment under
//! all of them.
//!
//! Not here: reading files, masks and boxes in space, thresholds.

mod assign;
pub(crate) mod cases;
mod clear;
mod coherence;
mod hota;
mod identity;
mod scores;
mod sequence;
mod views;

pub use assign::{Assigner, Edge};
pub use clear::{Clear, ClearCounts, clear, clear_motmetrics};
pub use coherence::{Coherence, Observation, TrackReport, coherence, fragments, track_report};
pub use hota::{Alphas, HOTA_ALPHAS, Hota, HotaCounts, alphas, hota, mean_over_alphas};
pub use identity::{Identity, IdentityCounts, identity};
pub use scores::{TrackingCounts, TrackingSummary, tracking_counts, tracking_summary};
pub use sequence::{BoxXywh, Sequence, TrackingError};
pub use views::{
    Sighting, TimedPosition, Triangulated, View, ViewAgreement, ViewError, distance_in_time,
    reprojected_iou, triangulate, view_agreement,
};
