//! From latitude, longitude and height to meters.

use super::Fix;

/// Semi-major axis of WGS 84, meters.
const MAJOR: f64 = 6_378_137.0;
/// First eccentricity of WGS 84, squared.
const ECCENTRICITY2: f64 = 0.006694379990141316;

/// Earth-centered, earth-fixed position in meters of geodetic latitude, longitude (radians) and height (meters).
///
/// Source: NIMA TR8350.2, 4.1. NaN in, NaN out. Cost: constant.
pub fn ecef(latitude_radians: f64, longitude_radians: f64, height_meters: f64) -> [f64; 3] {
    let (sin_lat, cos_lat) = latitude_radians.sin_cos();
    let (sin_lon, cos_lon) = longitude_radians.sin_cos();
    let normal = MAJOR / (1.0 - ECCENTRICITY2 * sin_lat * sin_lat).sqrt();
    [
        (normal + height_meters) * cos_lat * cos_lon,
        (normal + height_meters) * cos_lat * sin_lon,
        (normal * (1.0 - ECCENTRICITY2) + height_meters) * sin_lat,
    ]
}

/// A plane that touches the ellipsoid at an origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    origin: [f64; 3],
    latitude: (f64, f64),
    longitude: (f64, f64),
}

impl Plane {
    /// The plane at the place of a fix. A height that is not finite counts as 0.
    pub fn at(fix: &Fix) -> Self {
        let (lat, lon) = (
            fix.latitude_degrees.to_radians(),
            fix.longitude_degrees.to_radians(),
        );
        Self {
            origin: ecef(lat, lon, height(fix)),
            latitude: lat.sin_cos(),
            longitude: lon.sin_cos(),
        }
    }

    /// East, north and up of a fix, meters.
    pub fn east_north_up(&self, fix: &Fix) -> [f64; 3] {
        let p = ecef(
            fix.latitude_degrees.to_radians(),
            fix.longitude_degrees.to_radians(),
            height(fix),
        );
        let [x, y, z] = [
            p[0] - self.origin[0],
            p[1] - self.origin[1],
            p[2] - self.origin[2],
        ];
        let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (self.latitude, self.longitude);
        [
            -sin_lon * x + cos_lon * y,
            -sin_lat * cos_lon * x - sin_lat * sin_lon * y + cos_lat * z,
            cos_lat * cos_lon * x + cos_lat * sin_lon * y + sin_lat * z,
        ]
    }
}

fn height(fix: &Fix) -> f64 {
    if fix.altitude_meters.is_finite() {
        fix.altitude_meters
    } else {
        0.0
    }
}
