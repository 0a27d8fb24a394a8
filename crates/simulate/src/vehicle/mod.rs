//! The vehicles: how they move and where their sensors sit.
//!
//! Read [`Rig`] first: it answers where a sensor is at a moment, exactly; what the transforms of
//! a recording claim starts from the same numbers.

mod course;
mod progress;

use crate::Vehicle;
use crate::math::{Pose, from_yaw_pitch_roll, multiply};
use crate::rng::Rng;
pub(crate) use course::{ARM_JOINTS, Course, Motion};

/// A sensor that is mounted somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    Imu,
    Lidar,
    Camera,
    CameraRight,
    Gnss,
}

impl Mount {
    /// Frame of its data.
    pub(crate) const fn frame(self) -> &'static str {
        match self {
            Self::Imu => "imu_link",
            Self::Lidar => "lidar_link",
            Self::Camera => "camera_optical_frame",
            Self::CameraRight => "camera_right_optical_frame",
            Self::Gnss => "gnss_link",
        }
    }
}

/// A vehicle on its course with its sensors.
#[derive(Clone, Debug)]
pub(crate) struct Rig {
    pub(crate) vehicle: Vehicle,
    pub(crate) course: Course,
    mounts: Vec<(Mount, Pose)>,
}

/// Optical frame (x right, y down, z forward) in a frame with x forward and z up.
const OPTICAL: [f64; 4] = [-0.5, 0.5, -0.5, 0.5];
/// How far mounts are off their nominal angles, radians.
const TILT: f64 = 0.03;

impl Rig {
    /// The rig of a seed.
    pub(crate) fn new(seed: u64, vehicle: Vehicle, duration_secs: f64) -> Self {
        let mut rng = Rng::new(seed, "rig");
        let mut tilted = |meters: [f64; 3], nominal: [f64; 4], tilt: f64| {
            let mut small = || rng.between(-tilt, tilt);
            let turn = from_yaw_pitch_roll(small(), small(), small());
            Pose::new(meters, multiply(turn, nominal))
        };
        let straight = [0.0, 0.0, 0.0, 1.0];
        let down = from_yaw_pitch_roll(0.0, 0.06, 0.0);
        let (imu, lidar, camera, baseline_m) = match vehicle {
            Vehicle::Car => (
                tilted([0.10, 0.00, 0.30], straight, 0.0),
                tilted([0.90, 0.00, 1.80], straight, TILT),
                tilted([1.50, 0.15, 1.35], multiply(down, OPTICAL), TILT),
                0.30,
            ),
            Vehicle::Robot => (
                tilted([0.05, 0.00, 0.20], straight, 0.0),
                tilted([0.20, 0.00, 0.75], straight, TILT),
                tilted([0.35, 0.06, 0.55], multiply(down, OPTICAL), TILT),
                0.12,
            ),
            Vehicle::Arm => (
                tilted([0.02, 0.00, 0.03], straight, TILT),
                Pose::IDENTITY,
                tilted([0.05, 0.02, 0.06], straight, 2.0 * TILT),
                0.06,
            ),
        };
        let right = camera.then(&Pose::new([baseline_m, 0.0, 0.0], straight));
        let mut mounts = vec![
            (Mount::Imu, imu),
            (Mount::Camera, camera),
            (Mount::CameraRight, right),
        ];
        if vehicle != Vehicle::Arm {
            mounts.push((Mount::Lidar, lidar));
        }
        if vehicle == Vehicle::Car {
            mounts.push((Mount::Gnss, Pose::new([-0.20, 0.00, 1.60], straight)));
        }
        Self {
            vehicle,
            course: Course::new(seed, vehicle, duration_secs),
            mounts,
        }
    }

    /// Frame of the moving body that sensors are fixed to.
    pub(crate) const fn body_frame(&self) -> &'static str {
        match self.vehicle {
            Vehicle::Arm => "tool0",
            Vehicle::Car | Vehicle::Robot => "base_link",
        }
    }

    /// The sensors and where they are: `body_from_sensor`.
    pub(crate) fn mounts(&self) -> &[(Mount, Pose)] {
        &self.mounts
    }

    /// `body_from_sensor`; the body itself where the vehicle has no such sensor.
    pub(crate) fn mount(&self, mount: Mount) -> Pose {
        let found = self.mounts.iter().find(|(known, _)| *known == mount);
        found.map_or(Pose::IDENTITY, |(_, pose)| *pose)
    }

    /// `world_from_sensor`.
    pub(crate) fn sensor(&self, mount: Mount, secs: f64) -> Pose {
        self.course.body(secs).then(&self.mount(mount))
    }

    /// Motion of a sensor.
    pub(crate) fn motion(&self, mount: Mount, secs: f64) -> Motion {
        self.course.motion(secs, &self.mount(mount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{norm, rotation_vector, sub};

    const VEHICLES: [Vehicle; 3] = [Vehicle::Car, Vehicle::Robot, Vehicle::Arm];

    #[test]
    fn vehicles_rest_at_both_ends_and_turn_enough_between() {
        for vehicle in VEHICLES {
            for seed in 1..20 {
                let rig = Rig::new(seed, vehicle, 20.0);
                for secs in [0.0, 1.0, 2.9, 17.2, 19.0] {
                    let motion = rig.motion(Mount::Imu, secs);
                    assert!(norm(motion.rates) < 1e-9 && norm(motion.acceleration) < 1e-6);
                }
                let rates: Vec<f64> = (400..1600)
                    .map(|i| norm(rig.motion(Mount::Imu, f64::from(i) * 0.01).rates))
                    .collect();
                let n = rates.len() as f64;
                let mean = rates.iter().sum::<f64>() / n;
                let spread = (rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / n).sqrt();
                let rms = (rates.iter().map(|r| r * r).sum::<f64>() / n).sqrt();
                assert!(
                    spread > 0.1 && rms > 0.2,
                    "{vehicle:?} {seed} {spread} {rms}"
                );
                assert!(rms < 1.2, "{vehicle:?} {seed} {rms}");
            }
        }
    }

    #[test]
    fn motion_is_that_of_a_vehicle() {
        for vehicle in VEHICLES {
            let rig = Rig::new(3, vehicle, 60.0);
            let (speed, force) = match vehicle {
                Vehicle::Car => (9.0, 7.0),
                Vehicle::Robot => (2.2, 2.0),
                Vehicle::Arm => (1.5, 3.0),
            };
            for i in 0..1200 {
                let motion = rig.motion(Mount::Imu, f64::from(i) * 0.05);
                assert!(norm(motion.velocity) < speed, "{vehicle:?} {motion:?}");
                assert!(norm(motion.acceleration) < force, "{vehicle:?} {motion:?}");
            }
        }
    }

    #[test]
    fn rates_integrate_to_the_orientation() {
        let rig = Rig::new(5, Vehicle::Arm, 20.0);
        let step = 1e-3;
        let mut now = rig.sensor(Mount::Imu, 0.0).quat_xyzw;
        for i in 0..10_000 {
            let rates = rig.motion(Mount::Imu, (f64::from(i) + 0.5) * step).rates;
            let turn = crate::math::from_rotation_vector(rates.map(|rate| rate * step));
            now = multiply(now, turn);
        }
        let truth = rig.sensor(Mount::Imu, 10.0).quat_xyzw;
        let apart = rotation_vector(multiply(crate::math::conjugate(truth), now));
        assert!(norm(apart) < 1e-4, "{apart:?}");
        let far = sub(
            rig.sensor(Mount::Imu, 10.0).meters,
            rig.sensor(Mount::Imu, 0.0).meters,
        );
        assert!(norm(far) < 3.0);
    }
}
