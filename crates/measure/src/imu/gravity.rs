//! Normal gravity.

/// Magnitude of gravity, meters per second squared, at a geodetic latitude (radians) and height above the
/// ellipsoid (meters): Somigliana's formula with the constants of WGS 84 and the free-air gradient.
///
/// The truth differs by up to 0.001 (anomalies). NaN in gives NaN out. Cost: constant.
/// Source: NIMA TR8350.2, equation 4-1; gradient -3.086e-6 per second squared.
pub fn normal_gravity(latitude_radians: f64, height_meters: f64) -> f64 {
    let sin2 = latitude_radians.sin().powi(2);
    let at_ellipsoid =
        9.7803253359 * (1.0 + 0.001931852652458 * sin2) / (1.0 - 0.00669437999014 * sin2).sqrt();
    at_ellipsoid - 3.086e-6 * height_meters
}
