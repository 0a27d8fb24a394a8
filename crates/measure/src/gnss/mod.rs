//! Satellite positions: fix, accuracy, jumps, frozen receivers, covariance sanity, denied stretches.
//!
//! Read [`Fix`] first.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

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
