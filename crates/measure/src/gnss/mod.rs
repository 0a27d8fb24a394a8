//! Satellite positions: fix, accuracy, jumps, frozen receivers, covariance sanity, denied stretches.
//!
//! Read [`Fix`] and [`Plane`] first: positions are looked at in meters east, north and up of a tangent plane.
//!
//! Not here: the time scale of the stamps ([`crate::clock`]) and thresholds.

mod denied;
mod frozen;
mod jump;
mod plane;

pub use denied::{Denied, DeniedCause, DeniedOptions, denied};
pub use frozen::frozen_runs;
pub use jump::{Jump, JumpReport, jumps, line_speed};
pub use plane::{Plane, ecef};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Range error of a single-frequency receiver that a dilution of precision is multiplied with, meters (3 to 5).
pub const USER_RANGE_ERROR_METERS: f64 = 4.0;

/// One position report (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Fix {
    /// When it was measured, nanoseconds on the clock of the header stamps.
    pub t_nanos: i64,
    /// Status as in `sensor_msgs/NavSatStatus`: -1 no fix, 0 fix, 1 SBAS, 2 ground-based augmentation;
    /// `i64::MIN` where the message has none.
    pub status: i64,
    /// Latitude, degrees, north positive.
    pub latitude_degrees: f64,
    /// Longitude, degrees, east positive.
    pub longitude_degrees: f64,
    /// Height above the ellipsoid, meters.
    pub altitude_meters: f64,
    /// Covariance of the position in east, north, up, row-major, square meters; NaN where the message has none.
    pub covariance_meters2: [f64; 9],
    /// 0 unknown, 1 approximated, 2 diagonal known, 3 known; `i64::MIN` where the message has none.
    pub covariance_type: i64,
    /// Horizontal dilution of precision; NaN where the message has none.
    pub hdop_ratio: f64,
}

impl Fix {
    /// Whether it holds a position: the status does not deny it, and latitude and longitude are in range.
    pub fn is_position(&self) -> bool {
        (self.status == i64::MIN || self.status >= 0)
            && self.latitude_degrees.abs() <= 90.0
            && self.longitude_degrees.abs() <= 360.0
    }

    /// Horizontal standard deviation `sqrt(var east + var north)`, meters, by the covariance, else by the dilution of
    /// precision times [`USER_RANGE_ERROR_METERS`]; none where the message says neither. Signals reference, B.6.
    pub fn sigma_meters(&self) -> Option<f64> {
        let variance = self.covariance_meters2[0] + self.covariance_meters2[4];
        if self.covariance_type != 0 && variance.is_finite() && variance > 0.0 {
            return Some(variance.sqrt());
        }
        (self.hdop_ratio > 0.0 && self.hdop_ratio.is_finite())
            .then_some(self.hdop_ratio * USER_RANGE_ERROR_METERS)
    }

    /// Whether a covariance is declared but all zero.
    pub fn has_empty_covariance(&self) -> bool {
        self.covariance_type > 0 && self.covariance_meters2.iter().all(|x| *x == 0.0)
    }
}
