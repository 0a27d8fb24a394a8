//! Facts about inertial sensors.
use super::{Context, Outcome, Track};
use fieldassay_measure::imu::Sample as ImuSample;
pub(crate) fn outcome(_: Track<'_, ImuSample>, _: &Context<'_>) -> Outcome {
    Outcome::default()
}
