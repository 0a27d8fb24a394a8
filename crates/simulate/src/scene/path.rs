//! Where the vehicle is: a smooth closed course with analytic derivatives.

use crate::rng::Rng;
use std::f64::consts::TAU;

/// Motion of the vehicle in the plane at one moment, frame `odom`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Motion {
    pub(crate) x_m: f64,
    pub(crate) y_m: f64,
    pub(crate) yaw_radians: f64,
    pub(crate) speed_meters_per_sec: f64,
    pub(crate) yaw_rate_radians_per_sec: f64,
    /// Along the vehicle.
    pub(crate) accel_forward: f64,
    /// To its left.
    pub(crate) accel_left: f64,
}

/// A circle of 40 m radius with two harmonics; the speed stays between about 3 and 9 m/s.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    rate: f64,
    phase_x: f64,
    phase_y: f64,
    origin: (f64, f64),
}

const RADIUS_M: f64 = 40.0;
const SECOND_M: f64 = 6.0;
const THIRD_M: f64 = 3.0;

impl Path {
    /// The course of a seed; it starts at the origin of `odom`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "path");
        let mut path = Self {
            rate: rng.between(0.13, 0.16),
            phase_x: rng.between(0.0, TAU),
            phase_y: rng.between(0.0, TAU),
            origin: (0.0, 0.0),
        };
        let start = path.at(0.0);
        path.origin = (start.x_m, start.y_m);
        path
    }

    /// The motion `secs` after the start.
    pub(crate) fn at(&self, secs: f64) -> Motion {
        let w = self.rate;
        let (s1, c1) = libm::sincos(w * secs);
        let (s2, c2) = libm::sincos(2.0 * w * secs + self.phase_x);
        let (s3, c3) = libm::sincos(3.0 * w * secs + self.phase_y);
        let x = RADIUS_M * c1 + SECOND_M * c2;
        let y = RADIUS_M * s1 + THIRD_M * s3;
        let vx = w * (-RADIUS_M * s1 - 2.0 * SECOND_M * s2);
        let vy = w * (RADIUS_M * c1 + 3.0 * THIRD_M * c3);
        let ax = w * w * (-RADIUS_M * c1 - 4.0 * SECOND_M * c2);
        let ay = w * w * (-RADIUS_M * s1 - 9.0 * THIRD_M * s3);
        let speed = libm::sqrt(vx * vx + vy * vy);
        Motion {
            x_m: x - self.origin.0,
            y_m: y - self.origin.1,
            yaw_radians: libm::atan2(vy, vx),
            speed_meters_per_sec: speed,
            yaw_rate_radians_per_sec: (vx * ay - vy * ax) / (speed * speed),
            accel_forward: (vx * ax + vy * ay) / speed,
            accel_left: (vx * ay - vy * ax) / speed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn derivatives_are_those_of_the_position() {
        let path = Path::new(4);
        let h = 1e-5;
        for i in 0..60 {
            let t = f64::from(i);
            let (before, now, after) = (path.at(t - h), path.at(t), path.at(t + h));
            let vx = (after.x_m - before.x_m) / (2.0 * h);
            let vy = (after.y_m - before.y_m) / (2.0 * h);
            assert!((libm::hypot(vx, vy) - now.speed_meters_per_sec).abs() < 1e-5);
            let turn = libm::remainder(
                after.yaw_radians - before.yaw_radians,
                std::f64::consts::TAU,
            );
            assert!((turn / (2.0 * h) - now.yaw_rate_radians_per_sec).abs() < 1e-5);
            let forward = (after.speed_meters_per_sec - before.speed_meters_per_sec) / (2.0 * h);
            assert!((forward - now.accel_forward).abs() < 1e-5);
            assert!((2.0..12.0).contains(&now.speed_meters_per_sec));
        }
    }
}
