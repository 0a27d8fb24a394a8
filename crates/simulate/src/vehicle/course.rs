//! Where a vehicle is: smooth closed courses of a car and a robot, the joints of an arm.

use super::progress::Progress;
use crate::Vehicle;
use crate::math::{
    Pose, Vec3, add, conjugate, from_rotation_vector, from_yaw_pitch_roll, multiply, rotate,
    rotation_vector, scale, sub,
};
use crate::rng::Rng;
use std::f64::consts::TAU;

/// Number of joints of the arm.
pub(crate) const ARM_JOINTS: usize = 6;
/// Time step of the differences that give rates and accelerations, seconds: the error of either is
/// below a thousandth of the sensor noise.
const STEP_SECS: f64 = 1e-3;

/// A wave over the way: amplitude, radians per meter, phase.
type Wave = (f64, f64, f64);

/// The course of a seed.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    vehicle: Vehicle,
    progress: Progress,
    size: Size,
    start_radians: f64,
    lobes: [(f64, f64, f64); 2],
    pitch: [Wave; 2],
    roll: [Wave; 2],
    heave: Wave,
    joints: [(f64, f64, f64, f64); ARM_JOINTS],
}

/// What differs between the vehicles that drive.
#[derive(Clone, Copy, Debug)]
struct Size {
    radius_m: f64,
    lobes_m: [f64; 2],
    top_speed: f64,
    bump_radians: f64,
    bump_m: f64,
}

/// Motion of a frame of the vehicle in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Motion {
    /// `world_from_frame`.
    pub(crate) pose: Pose,
    /// In the frame, radians per second.
    pub(crate) rates: Vec3,
    /// In the frame, meters per second.
    pub(crate) velocity: Vec3,
    /// In the frame, without gravity, m/s².
    pub(crate) acceleration: Vec3,
}

const CAR: Size = Size {
    radius_m: 32.0,
    lobes_m: [2.2, 0.7],
    top_speed: 7.0,
    bump_radians: 0.007,
    bump_m: 9.0,
};
const ROBOT: Size = Size {
    radius_m: 7.0,
    lobes_m: [0.45, 0.18],
    top_speed: 1.4,
    bump_radians: 0.012,
    bump_m: 1.7,
};
/// Waves of the course per lap.
const LOBES: [f64; 2] = [5.0, 8.0];
/// Where the joints of the arm stand at rest, and how far each swings, radians.
const ARM_POSE: [f64; ARM_JOINTS] = [0.0, 0.45, 1.35, 0.0, 0.75, 0.0];
const ARM_SWING: [f64; ARM_JOINTS] = [0.45, 0.16, 0.18, 0.35, 0.28, 0.5];

impl Course {
    pub(crate) fn new(seed: u64, vehicle: Vehicle, duration_secs: f64) -> Self {
        let mut rng = Rng::new(seed, "course");
        let size = if vehicle == Vehicle::Robot {
            ROBOT
        } else {
            CAR
        };
        let mut wave = |share: f64, meters: f64| -> Wave {
            (
                size.bump_radians * share * rng.between(0.8, 1.2),
                TAU / (size.bump_m * meters * rng.between(0.9, 1.1)),
                rng.between(0.0, TAU),
            )
        };
        let pitch = [wave(1.0, 0.8), wave(0.5, 0.35)];
        let roll = [wave(1.6, 1.0), wave(0.5, 0.45)];
        let heave = wave(1.0, 0.6);
        let progress = Progress::new(duration_secs, &mut rng);
        let lobes = std::array::from_fn(|i| {
            let meters = size.lobes_m.get(i).copied().unwrap_or(0.0) * rng.between(0.92, 1.08);
            (
                meters,
                LOBES.get(i).copied().unwrap_or(1.0),
                rng.between(0.0, TAU),
            )
        });
        let joints = std::array::from_fn(|joint| {
            let middle = ARM_POSE[joint] + rng.between(-0.1, 0.1);
            let swing = ARM_SWING[joint] * rng.between(0.85, 1.15);
            (middle, swing, rng.between(0.9, 1.6), rng.between(0.0, TAU))
        });
        Self {
            vehicle,
            progress,
            size,
            start_radians: rng.between(0.0, TAU),
            lobes,
            pitch,
            roll,
            heave,
            joints,
        }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Way driven, meters; for the arm seconds under way.
    pub(crate) fn way(&self, secs: f64) -> f64 {
        let speed = if self.vehicle == Vehicle::Arm {
            1.0
        } else {
            self.size.top_speed
        };
        self.progress.at(secs) * speed
    }

    /// `world_from_body` (`base_link`, of the arm `tool0`).
    pub(crate) fn body(&self, secs: f64) -> Pose {
        if self.vehicle == Vehicle::Arm {
            return forward(&self.joints(secs));
        }
        let way = self.way(secs);
        let (x, y, yaw) = self.plane(way);
        let over = |waves: &[Wave]| -> f64 {
            waves
                .iter()
                .map(|(amplitude, rate, phase)| amplitude * libm::sin(rate * way + phase))
                .sum()
        };
        let pitch = over(&self.pitch);
        let roll = over(&self.roll);
        let z = over(&[self.heave]) * 1.5;
        Pose::new([x, y, z], from_yaw_pitch_roll(yaw, pitch, roll))
    }

    /// Position and heading on the ground after some way.
    fn plane(&self, way: f64) -> (f64, f64, f64) {
        let angle = self.start_radians + way / self.size.radius_m;
        let (mut radius, mut slope) = (self.size.radius_m, 0.0);
        for (meters, count, phase) in self.lobes {
            let (s, c) = libm::sincos(count * angle + phase);
            radius += meters * s;
            slope += meters * count * c;
        }
        let (s, c) = libm::sincos(angle);
        let yaw = libm::atan2(slope * s + radius * c, slope * c - radius * s);
        (radius * c, radius * s, yaw)
    }

    /// The same without pitch, roll and heave: what wheels and floor plan know.
    pub(crate) fn flat(&self, secs: f64) -> Pose {
        if self.vehicle == Vehicle::Arm {
            return self.body(secs);
        }
        let (x, y, yaw) = self.plane(self.way(secs));
        Pose::new([x, y, 0.0], from_yaw_pitch_roll(yaw, 0.0, 0.0))
    }

    /// How much the course turns per meter, radians; left is positive.
    pub(crate) fn curvature(&self, secs: f64) -> f64 {
        let way = self.way(secs);
        let (_, _, before) = self.plane(way - 0.01);
        let (_, _, after) = self.plane(way + 0.01);
        libm::remainder(after - before, TAU) / 0.02
    }

    /// Joint angles of the arm.
    pub(crate) fn joints(&self, secs: f64) -> [f64; ARM_JOINTS] {
        let way = self.progress.at(secs);
        self.joints
            .map(|(middle, swing, rate, phase)| middle + swing * libm::sin(rate * way + phase))
    }

    /// Motion of a frame mounted as `body_from_frame`, by central differences.
    pub(crate) fn motion(&self, secs: f64, mount: &Pose) -> Motion {
        moving(secs, |at| self.body(at).then(mount))
    }

    /// Motion over the ground plane.
    pub(crate) fn flat_motion(&self, secs: f64) -> Motion {
        moving(secs, |at| self.flat(at))
    }
}

fn moving(secs: f64, pose: impl Fn(f64) -> Pose) -> Motion {
    let (before, now, after) = (pose(secs - STEP_SECS), pose(secs), pose(secs + STEP_SECS));
    let turn = multiply(conjugate(before.quat_xyzw), after.quat_xyzw);
    let back = conjugate(now.quat_xyzw);
    let step = sub(after.meters, before.meters);
    let bend = sub(add(after.meters, before.meters), scale(now.meters, 2.0));
    Motion {
        pose: now,
        rates: scale(rotation_vector(turn), 0.5 / STEP_SECS),
        velocity: rotate(back, scale(step, 0.5 / STEP_SECS)),
        acceleration: rotate(back, scale(bend, 1.0 / (STEP_SECS * STEP_SECS))),
    }
}

/// `world_from_tool0` of the joint angles: a column of 0.45 m, arms of 0.45 m and 0.40 m, a tool of 0.12 m.
fn forward(joints: &[f64; ARM_JOINTS]) -> Pose {
    let [base, shoulder, elbow, twist, wrist, tool] = *joints;
    let links: [(Vec3, Vec3); ARM_JOINTS] = [
        ([0.0, 0.0, base], [0.0, 0.0, 0.45]),
        ([0.0, shoulder, 0.0], [0.0, 0.0, 0.45]),
        ([0.0, elbow, 0.0], [0.0, 0.0, 0.40]),
        ([0.0, 0.0, twist], [0.0, 0.0, 0.0]),
        ([0.0, wrist, 0.0], [0.0, 0.0, 0.12]),
        ([0.0, 0.0, tool], [0.0, 0.0, 0.0]),
    ];
    links.iter().fold(Pose::IDENTITY, |pose, (turn, link)| {
        let turned = pose.then(&Pose::new([0.0; 3], from_rotation_vector(*turn)));
        turned.then(&Pose::new(*link, [0.0, 0.0, 0.0, 1.0]))
    })
}
