//! Inertial measurements: units, rest, gravity, bias, saturation, stuck values, spikes, Allan deviation, excitation.
//!
//! Read [`Sample`] first.

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
