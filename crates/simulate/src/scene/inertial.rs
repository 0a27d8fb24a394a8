//! IMU, joints and satellite receiver.

use super::{altered, rounded, secs};
use crate::Vehicle;
use crate::alter::Alter;
use crate::math::{Vec3, add, conjugate, from_rotation_vector, multiply, rotate, scale};
use crate::noise::ImuNoise;
use crate::rng::Rng;
use crate::stream::Sample;
use crate::vehicle::{ARM_JOINTS, Course, Mount, Rig};
use fieldassay_formats::message::{self, CdrWriter};
use fieldassay_formats::sensor::{Fix, Joints};
use std::borrow::Cow;
use std::f64::consts::TAU;

/// Normal gravity at 48 degrees north and 420 m (WGS 84, free air), m/s².
const GRAVITY: f64 = 9.8076;
/// Least steps of a 16-bit converter: about 2^-10 rad/s of +-2000 deg/s, 2^-8 m/s² of +-16 g.
const GYRO_BITS: i32 = 10;
const ACCEL_BITS: i32 = 8;
/// 16 g and 2000 deg/s in whole steps.
const ACCEL_RANGE: f64 = 40_168.0 / 256.0;
const GYRO_RANGE: f64 = 35_744.0 / 1024.0;
/// What is left of the biases of a calibrated sensor, standard deviations, rad/s and m/s².
const GYRO_BIAS: f64 = 6e-4;
const ACCEL_BIAS: f64 = 0.012;
/// Correlation time of bias in run, seconds.
const BIAS_SECS: f64 = 100.0;

/// An inertial sensor.
#[derive(Clone, Debug)]
pub(super) struct Imu {
    /// Number of the channel it fills.
    pub(super) channel: usize,
    noise: ImuNoise,
    rng: Rng,
    last_secs: f64,
    /// Gyroscope and accelerometer: constant and wandering part.
    constant: [Vec3; 2],
    wander: [Vec3; 2],
    values: [f64; 10],
}

impl Imu {
    pub(super) fn new(seed: u64, channel: usize, noise: &ImuNoise) -> Self {
        let mut rng = Rng::new(seed, &format!("imu {channel}"));
        let mut three = |sigma: f64| -> Vec3 { std::array::from_fn(|_| sigma * rng.normal()) };
        let constant = [three(GYRO_BIAS), three(ACCEL_BIAS)];
        let wander = [
            three(noise.gyro_instability),
            three(noise.accel_instability),
        ];
        Self {
            channel,
            noise: *noise,
            constant,
            wander,
            last_secs: 0.0,
            values: [0.0; 10],
            rng,
        }
    }

    pub(super) fn encode(&mut self, rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
        let repeat = altered(sample, |alter| (*alter == Alter::Repeat).then_some(()));
        if repeat.is_none() {
            self.values = self.measure(rig, sample);
        }
        let [orientation @ .., gx, gy, gz, ax, ay, az] = self.values;
        let mut cdr = CdrWriter::new(out);
        cdr.header(sample.stamp_ns, Mount::Imu.frame());
        cdr.f64s(&orientation);
        cdr.diagonal(&[1e-4, 1e-4, 1e-3]);
        cdr.f64s(&[gx, gy, gz]);
        cdr.diagonal(&[self.noise.gyro_sigma * self.noise.gyro_sigma; 3]);
        cdr.f64s(&[ax, ay, az]);
        cdr.diagonal(&[self.noise.accel_sigma * self.noise.accel_sigma; 3]);
    }

    /// Orientation, rates, specific force.
    fn measure(&mut self, rig: &Rig, sample: &Sample) -> [f64; 10] {
        let secs = secs(sample);
        let motion = rig.motion(Mount::Imu, secs);
        self.drift(secs);
        let up = rotate(conjugate(motion.pose.quat_xyzw), [0.0, 0.0, GRAVITY]);
        let mut rates = add(motion.rates, add(self.constant[0], self.wander[0]));
        let mut force = add(
            add(motion.acceleration, up),
            add(self.constant[1], self.wander[1]),
        );
        for alter in &sample.alterations {
            match alter {
                Alter::GyroBias { radians_per_sec } => rates = add(rates, *radians_per_sec),
                Alter::AccelScale { ratio } => force = scale(force, *ratio),
                Alter::Shock { share } => force[2] += share * ACCEL_RANGE,
                _ => {}
            }
        }
        let noise = self.noise;
        let mut noisy = |value: f64, sigma: f64, bits: i32, range: f64| {
            rounded(value + sigma * self.rng.normal(), bits).clamp(-range, range)
        };
        let rates = rates.map(|rate| noisy(rate, noise.gyro_sigma, GYRO_BITS, GYRO_RANGE));
        let force = force.map(|value| noisy(value, noise.accel_sigma, ACCEL_BITS, ACCEL_RANGE));
        // The orientation filter's own noise, about 0.02 degrees.
        let small: Vec3 = std::array::from_fn(|_| 3e-4 * self.rng.normal());
        let [x, y, z, w] = multiply(motion.pose.quat_xyzw, from_rotation_vector(small))
            .map(|value| rounded(value, 20));
        let ([gx, gy, gz], [ax, ay, az]) = (rates, force);
        [x, y, z, w, gx, gy, gz, ax, ay, az]
    }

    /// First-order Gauss-Markov bias.
    fn drift(&mut self, secs: f64) {
        let step = (secs - self.last_secs).max(0.0);
        self.last_secs = secs;
        let keep = libm::exp(-step / BIAS_SECS);
        let fresh = libm::sqrt((1.0 - keep * keep).max(0.0));
        let sigmas = [self.noise.gyro_instability, self.noise.accel_instability];
        for (bias, sigma) in self.wander.iter_mut().zip(sigmas) {
            for value in bias {
                *value = *value * keep + sigma * fresh * self.rng.normal();
            }
        }
    }
}

const WHEEL_RADIUS_M: f64 = 0.165;
const WHEELS: [&str; 5] = [
    "front_left",
    "front_right",
    "rear_left",
    "rear_right",
    "steering",
];
const ARM: [&str; ARM_JOINTS] = [
    "joint_1", "joint_2", "joint_3", "joint_4", "joint_5", "joint_6",
];

/// The joints of a vehicle.
pub(crate) fn joint_names(vehicle: Vehicle) -> &'static [&'static str] {
    match vehicle {
        Vehicle::Arm => &ARM,
        Vehicle::Car | Vehicle::Robot => &WHEELS,
    }
}

/// Position of a joint, radians, as its encoder gives it: 4096 ticks per turn for wheels and steering, 2^17 for
/// the arm.
pub(crate) fn joint_position(course: &Course, vehicle: Vehicle, joint: usize, secs: f64) -> f64 {
    let ticks = if vehicle == Vehicle::Arm {
        131_072.0
    } else {
        4096.0
    };
    libm::floor(exact_position(course, vehicle, joint, secs) * ticks / TAU) * TAU / ticks
}

fn exact_position(course: &Course, vehicle: Vehicle, joint: usize, secs: f64) -> f64 {
    match vehicle {
        Vehicle::Arm => course.joints(secs).get(joint).copied().unwrap_or(0.0),
        _ if joint < 4 => course.way(secs) / WHEEL_RADIUS_M,
        // The front wheels of a vehicle with a wheelbase of 2.7 m (car) or 0.6 m.
        Vehicle::Car => libm::atan(2.7 * course.curvature(secs)),
        Vehicle::Robot => libm::atan(0.6 * course.curvature(secs)),
    }
}

/// `sensor_msgs/JointState` of all joints.
pub(super) fn joints(rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
    let (course, vehicle, at) = (&rig.course, rig.vehicle, secs(sample));
    let names = joint_names(vehicle);
    let mut position: Vec<f64> = (0..names.len())
        .map(|joint| joint_position(course, vehicle, joint, at))
        .collect();
    let mut velocity: Vec<f64> = (0..names.len())
        .map(|joint| {
            let exact = |secs: f64| exact_position(course, vehicle, joint, secs);
            rounded((exact(at + 1e-3) - exact(at - 1e-3)) * 500.0, 8)
        })
        .collect();
    let clip = altered(sample, |alter| match alter {
        Alter::ClipJoint { joint, limit } => Some((*joint, *limit)),
        _ => None,
    });
    if let Some((joint, limit)) = clip
        && let (Some(position), Some(velocity)) = (position.get_mut(joint), velocity.get_mut(joint))
        && *position >= limit
    {
        *position = limit;
        *velocity = 0.0;
    }
    let joints = Joints {
        names: names.iter().map(|name| Cow::Borrowed(*name)).collect(),
        position,
        velocity,
        effort: Vec::new(),
    };
    message::joint_state(out, sample.stamp_ns, "base_link", &joints);
}

/// Error of a u-blox ZED-F9P with fixed ambiguities 5 km from its base (data sheet UBX-17051259: 0.01 m + 1 ppm
/// CEP): standard deviations per axis east, north, up, meters; most of it is correlated over a minute.
const GNSS_SIGMA_M: Vec3 = [0.013, 0.013, 0.02];
const GNSS_CORRELATED: f64 = 0.9;
const GNSS_SECS: f64 = 60.0;

/// A satellite receiver.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    rng: Rng,
    error: Vec3,
    last_secs: f64,
}

impl Receiver {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, "gnss");
        let error = std::array::from_fn(|_| rng.normal());
        Self {
            rng,
            error,
            last_secs: 0.0,
        }
    }

    pub(super) fn encode(&mut self, rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
        let now = secs(sample);
        let keep = libm::exp(-(now - self.last_secs).max(0.0) / GNSS_SECS);
        self.last_secs = now;
        let fresh = libm::sqrt((1.0 - keep * keep).max(0.0));
        let white = libm::sqrt(1.0 - GNSS_CORRELATED * GNSS_CORRELATED);
        let mut position = rig.sensor(Mount::Gnss, now).meters;
        for ((value, error), sigma) in position.iter_mut().zip(&mut self.error).zip(GNSS_SIGMA_M) {
            *error = *error * keep + fresh * self.rng.normal();
            *value += sigma * (GNSS_CORRELATED * *error + white * self.rng.normal());
        }
        let lost = sample.alterations.contains(&Alter::NoFix);
        if let Some(meters) = altered(sample, |alter| match alter {
            Alter::Shift { meters } => Some(*meters),
            _ => None,
        }) {
            position = add(position, meters);
        }
        // A yard near 48 degrees north, 9 degrees east; 111.2 km per degree of latitude.
        let [east, north, up] = position;
        let [se, sn, su] = GNSS_SIGMA_M.map(|sigma| sigma * sigma);
        let fix = Fix {
            status: Some(if lost { -1 } else { 2 }),
            latitude_degrees: rounded(48.0 + north / 111_200.0, 33),
            longitude_degrees: rounded(9.0 + east / 74_400.0, 33),
            altitude_meters: rounded(420.0 + up, 12),
            covariance_meters2: Some([se, 0.0, 0.0, 0.0, sn, 0.0, 0.0, 0.0, su]),
            covariance_type: Some(2),
            hdop_ratio: None,
        };
        message::nav_sat_fix(out, sample.stamp_ns, Mount::Gnss.frame(), &fix);
    }
}
