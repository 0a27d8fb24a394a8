//! Facts about poses over time.
use super::{Context, Outcome, Track};
use fieldassay_measure::pose::StampedPose;
pub(crate) fn outcome(_: Track<'_, StampedPose>, _: &Context<'_>) -> Outcome {
    Outcome::default()
}
