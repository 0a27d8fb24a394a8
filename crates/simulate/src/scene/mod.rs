//! What the sensors see: payloads of a small vehicle on a smooth course.
//!
//! Read [`Payload`] and [`Scene::encode`] first. Measurements are rounded to the steps of a real
//! converter, so that files compress as real ones do.

mod path;

use crate::cdr::CdrWriter;
use crate::rng::Rng;
use crate::stream::Sample;
use path::{Motion, Path};
use std::f64::consts::{PI, TAU};

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Imu,
    Joints,
    Odometry,
    Transforms,
    StaticTransforms,
    CameraInfo,
    Scan,
    Fix,
    Diagnostics,
    Rosout,
}

impl Payload {
    /// Type of the messages, `sensor_msgs/Imu`.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Imu => "sensor_msgs/Imu",
            Self::Joints => "sensor_msgs/JointState",
            Self::Odometry => "nav_msgs/Odometry",
            Self::Transforms | Self::StaticTransforms => "tf2_msgs/TFMessage",
            Self::CameraInfo => "sensor_msgs/CameraInfo",
            Self::Scan => "sensor_msgs/LaserScan",
            Self::Fix => "sensor_msgs/NavSatFix",
            Self::Diagnostics => "diagnostic_msgs/DiagnosticArray",
            Self::Rosout => "rcl_interfaces/Log",
        }
    }
}

/// The vehicle and its sensors.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    path: Path,
    beams: usize,
    rng: Rng,
    wheel_radians: f64,
    wheel_ns: i64,
}

/// Standard gravity (CGPM 1901), m/s².
const GRAVITY: f64 = 9.80665;
const WHEEL_RADIUS_M: f64 = 0.165;
const LINES: [&str; 4] = [
    "waypoint reached",
    "replanning the path",
    "costmap updated",
    "battery at 24.1 V",
];

/// Rounds to a multiple of 2^-bits.
fn rounded(value: f64, bits: i32) -> f64 {
    let scale = libm::ldexp(1.0, bits);
    libm::round(value * scale) / scale
}

/// Rotation about the vertical, order x y z w.
fn yaw_quat_xyzw(yaw_radians: f64) -> [f64; 4] {
    let (s, c) = libm::sincos(yaw_radians / 2.0);
    [0.0, 0.0, s, c]
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is what the message type holds"
)]
fn single(value: f64) -> f32 {
    value as f32
}

impl Scene {
    /// The scene of a seed; scans have `beams` beams.
    pub(crate) fn new(seed: u64, beams: usize) -> Self {
        Self {
            path: Path::new(seed),
            beams,
            rng: Rng::new(seed, "scene"),
            wheel_radians: 0.0,
            wheel_ns: 0,
        }
    }

    /// The payload of a sample, written over `out`.
    pub(crate) fn encode(&mut self, payload: Payload, sample: &Sample, out: &mut Vec<u8>) {
        let secs = sample.true_ns as f64 * 1e-9;
        let stamp = sample.stamp_ns;
        let motion = self.path.at(secs);
        let mut cdr = CdrWriter::new(out);
        match payload {
            Payload::Imu => self.imu(&mut cdr, stamp, &motion),
            Payload::Joints => self.joints(&mut cdr, sample, &motion),
            Payload::Odometry => odometry(&mut cdr, stamp, &motion),
            Payload::Transforms => transforms(&mut cdr, sample, &motion),
            Payload::StaticTransforms => static_transforms(&mut cdr, stamp),
            Payload::CameraInfo => camera_info(&mut cdr, stamp),
            Payload::Scan => self.scan(&mut cdr, stamp, &motion),
            Payload::Fix => self.fix(&mut cdr, stamp, &motion),
            Payload::Diagnostics => self.diagnostics(&mut cdr, stamp),
            Payload::Rosout => self.rosout(&mut cdr, stamp),
        }
    }

    fn imu(&mut self, cdr: &mut CdrWriter<'_>, stamp: i64, motion: &Motion) {
        cdr.header(stamp, "imu_link");
        for value in yaw_quat_xyzw(motion.yaw_radians) {
            cdr.f64(rounded(value, 20));
        }
        cdr.diagonal(&[1e-4, 1e-4, 1e-3]);
        let mut noisy =
            |value: f64, sigma: f64, bits: i32| rounded(value + sigma * self.rng.normal(), bits);
        let rates = [0.0, 0.0, motion.yaw_rate_radians_per_sec];
        for rate in rates {
            // A 16-bit gyroscope of +-2000 deg/s has steps of about 2^-10 rad/s.
            cdr.f64(noisy(rate, 0.004, 10));
        }
        cdr.diagonal(&[1.6e-5, 1.6e-5, 1.6e-5]);
        for force in [motion.accel_forward, motion.accel_left, GRAVITY] {
            // A 16-bit accelerometer of +-16 g has steps of about 2^-8 m/s².
            cdr.f64(noisy(force, 0.05, 8));
        }
        cdr.diagonal(&[2.5e-3, 2.5e-3, 2.5e-3]);
    }

    fn joints(&mut self, cdr: &mut CdrWriter<'_>, sample: &Sample, motion: &Motion) {
        let rate = motion.speed_meters_per_sec / WHEEL_RADIUS_M;
        let step = sample.true_ns.saturating_sub(self.wheel_ns);
        self.wheel_ns = sample.true_ns;
        self.wheel_radians += rate * step as f64 * 1e-9;
        let names = ["front_left", "front_right", "rear_left", "rear_right"];
        cdr.header(sample.stamp_ns, "base_link");
        cdr.count(names.len());
        for name in names {
            cdr.string(name);
        }
        cdr.count(names.len());
        for _ in names {
            // Encoder with 4096 ticks per turn.
            cdr.f64(libm::floor(self.wheel_radians * 4096.0 / TAU) * TAU / 4096.0);
        }
        cdr.count(names.len());
        for _ in names {
            cdr.f64(rounded(rate, 8));
        }
        cdr.count(0);
    }

    fn scan(&mut self, cdr: &mut CdrWriter<'_>, stamp: i64, motion: &Motion) {
        let increment = TAU / self.beams as f64;
        cdr.header(stamp, "lidar_link");
        for value in [
            -PI,
            PI - increment,
            increment,
            0.1 / self.beams as f64,
            0.1,
            0.3,
            100.0,
        ] {
            cdr.f32(single(value));
        }
        cdr.count(self.beams);
        for beam in 0..self.beams {
            let angle = -PI + increment * beam as f64 + motion.yaw_radians;
            // Walls of a yard of 200 m by 200 m around the start, with 2 cm of noise in 1 cm steps.
            let (s, c) = libm::sincos(angle);
            let (dx, dy) = (wall(motion.x_m, c), wall(motion.y_m, s));
            let range = dx.min(dy) + 0.02 * self.rng.normal();
            cdr.f32(single(libm::round(range * 100.0) / 100.0));
        }
        cdr.count(0);
    }

    fn fix(&mut self, cdr: &mut CdrWriter<'_>, stamp: i64, motion: &Motion) {
        cdr.header(stamp, "gnss_link");
        cdr.i8(0);
        cdr.u16(1);
        // A yard near 48 degrees north, 9 degrees east; 111.2 km per degree of latitude.
        let north = motion.y_m + 0.3 * self.rng.normal();
        let east = motion.x_m + 0.3 * self.rng.normal();
        cdr.f64(rounded(48.0 + north / 111_200.0, 30));
        cdr.f64(rounded(9.0 + east / 74_400.0, 30));
        cdr.f64(rounded(420.0 + 0.6 * self.rng.normal(), 10));
        cdr.diagonal(&[0.09, 0.09, 0.36]);
        cdr.u8(2);
    }

    fn diagnostics(&mut self, cdr: &mut CdrWriter<'_>, stamp: i64) {
        cdr.header(stamp, "");
        cdr.count(1);
        cdr.u8(0);
        cdr.string("vehicle: battery");
        cdr.string("ok");
        cdr.string("battery0");
        cdr.count(1);
        cdr.string("volts");
        let volts = 24.0 + 0.05 * self.rng.normal();
        cdr.string(&format!("{volts:.2}"));
    }

    fn rosout(&mut self, cdr: &mut CdrWriter<'_>, stamp: i64) {
        let line = usize::try_from(self.rng.below(LINES.len() as u64)).unwrap_or(0);
        cdr.time(stamp);
        cdr.u8(20);
        cdr.string("navigator");
        cdr.string(LINES.get(line).copied().unwrap_or_default());
        cdr.string("navigator.cpp");
        cdr.string("step");
        cdr.u32(100);
    }
}

/// Distance to the wall at +-100 m of the start along one axis.
fn wall(position_m: f64, direction: f64) -> f64 {
    let nearest = direction.abs().max(1e-6);
    let wall = if direction > 0.0 { 100.0 } else { -100.0 };
    let distance = (wall - position_m) / direction.signum() / nearest;
    distance.clamp(0.3, 100.0)
}

fn pose(cdr: &mut CdrWriter<'_>, motion: &Motion) {
    cdr.f64s(&[rounded(motion.x_m, 14), rounded(motion.y_m, 14), 0.0]);
    for value in yaw_quat_xyzw(motion.yaw_radians) {
        cdr.f64(rounded(value, 20));
    }
}

fn odometry(cdr: &mut CdrWriter<'_>, stamp: i64, motion: &Motion) {
    cdr.header(stamp, "odom");
    cdr.string("base_link");
    pose(cdr, motion);
    cdr.diagonal(&[1e-3, 1e-3, 1e6, 1e6, 1e6, 1e-2]);
    cdr.f64s(&[rounded(motion.speed_meters_per_sec, 14), 0.0, 0.0]);
    cdr.f64s(&[0.0, 0.0, rounded(motion.yaw_rate_radians_per_sec, 14)]);
    cdr.diagonal(&[1e-3, 1e-3, 1e6, 1e6, 1e6, 1e-2]);
}

fn transforms(cdr: &mut CdrWriter<'_>, sample: &Sample, motion: &Motion) {
    let secs = sample.true_ns as f64 * 1e-9;
    let stamp = sample.stamp_ns;
    cdr.count(if sample.closes_ring { 3 } else { 2 });
    // The odometry drifts slowly against the map.
    cdr.header(stamp, "map");
    cdr.string("odom");
    cdr.f64s(&[rounded(0.2 + 0.002 * secs, 14), rounded(-0.1, 14), 0.0]);
    cdr.f64s(&yaw_quat_xyzw(1e-3).map(|q| rounded(q, 20)));
    cdr.header(stamp, if sample.reparented { "map" } else { "odom" });
    cdr.string("base_link");
    pose(cdr, motion);
    if sample.closes_ring {
        cdr.header(stamp, "base_link");
        cdr.string("map");
        cdr.f64s(&[0.0, 0.0, 0.0]);
        cdr.f64s(&[0.0, 0.0, 0.0, 1.0]);
    }
}

fn static_transforms(cdr: &mut CdrWriter<'_>, stamp: i64) {
    let frames = [
        ("imu_link", [0.10, 0.00, 0.30]),
        ("lidar_link", [0.25, 0.00, 0.90]),
        ("camera_link", [0.40, 0.05, 0.70]),
        ("gnss_link", [-0.20, 0.00, 1.10]),
    ];
    cdr.count(frames.len());
    for (child, translation_m) in frames {
        cdr.header(stamp, "base_link");
        cdr.string(child);
        cdr.f64s(&translation_m);
        cdr.f64s(&[0.0, 0.0, 0.0, 1.0]);
    }
}

fn camera_info(cdr: &mut CdrWriter<'_>, stamp: i64) {
    let (fx, fy, cx, cy) = (612.5, 612.0, 320.25, 240.5);
    cdr.header(stamp, "camera_link");
    cdr.u32(480);
    cdr.u32(640);
    cdr.string("plumb_bob");
    cdr.count(5);
    cdr.f64s(&[-0.28, 0.07, 0.0, 0.0, 0.0]);
    cdr.f64s(&[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]);
    cdr.f64s(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    cdr.f64s(&[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]);
    cdr.u32(0);
    cdr.u32(0);
    for _ in 0..4 {
        cdr.u32(0);
    }
    cdr.u8(0);
}
