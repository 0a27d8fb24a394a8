//! Inertial measurements: units, rest, gravity, bias, saturation, stuck values, spikes, Allan deviation, excitation.
//!
//! Read [`Sample`] and [`windows`] first: windows of half a second say where the sensor rests, and most of the
//! rest is measured there. [`oadev`] and its siblings work on any series.
//!
//! Not here: time offset from motion ([`crate::motion`]) and thresholds.

mod allan;
mod bias;
mod extremes;
mod gravity;
mod noise;
mod rest;
mod rotation;
mod runs;
mod spikes;

pub use allan::{
    AllanError, AllanPoint, NoiseFit, adev, decade_taus, hdev, mdev, noise_fit, oadev, oadev_phase,
    octave_taus, ohdev, phase, tdev,
};
pub use bias::{MeanAtRest, bias_drift, mean_at_rest};
pub use extremes::{FULL_SCALE_ACCEL, FULL_SCALE_GYRO, Saturation, saturation};
pub use gravity::normal_gravity;
pub use noise::{Grain, grain};
pub use rest::{RestOptions, Stretch, Window, period_secs, rests, windows};
pub use rotation::{AngleMatch, Excitation, Turn, angle_match, excitation, turns_of_gyro};
pub use runs::{Runs, StuckRun, repeated_samples, runs};
pub use spikes::{Spike, spikes};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One inertial measurement, in the frame of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sample {
    /// When it was measured, nanoseconds on the clock of the header stamps.
    pub t_nanos: i64,
    /// Angular rate as recorded; radians per second if the sensor keeps to SI. NaN where it is not measured.
    pub gyro: [f64; 3],
    /// Specific force as recorded; meters per second squared if the sensor keeps to SI. NaN where it is not measured.
    pub accel: [f64; 3],
}
