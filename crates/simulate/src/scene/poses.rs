//! Odometry, transforms, and poses that are computed from pictures and clouds.

use super::{altered, rounded, secs};
use crate::Vehicle;
use crate::alter::Alter;
use crate::math::{Pose, Vec3, add, from_rotation_vector, multiply, rotate};
use crate::rng::Rng;
use crate::stream::Sample;
use crate::vehicle::{Mount, Rig};
use fieldassay_formats::message::{self, CdrWriter, Twist};
use fieldassay_formats::sensor;

/// Wheels are a little larger than the odometry believes.
const WHEEL_SCALE: f64 = 1.002;

/// Writes a pose and its child's name as a message field list.
fn claim<'a>(parent: &'a str, child: &'a str, pose: &Pose) -> sensor::Pose<'a> {
    sensor::Pose {
        parent: parent.into(),
        child: child.into(),
        translation_meters: pose.meters.map(|value| rounded(value, 16)),
        quat_xyzw: pose.quat_xyzw.map(|value| rounded(value, 24)),
    }
}

fn shift(sample: &Sample) -> Vec3 {
    altered(sample, |alter| match alter {
        Alter::Shift { meters } => Some(*meters),
        _ => None,
    })
    .unwrap_or_default()
}

/// `odom_from_base` of wheels, or `base_from_tool` of the arm.
fn body(rig: &Rig, secs: f64) -> Pose {
    let pose = rig.course.flat(secs);
    if rig.vehicle == Vehicle::Arm {
        return pose;
    }
    let mut local = rig.course.flat(0.0).inverse().then(&pose);
    local.meters = local.meters.map(|value| value * WHEEL_SCALE);
    local
}

const fn frames(vehicle: Vehicle) -> (&'static str, &'static str) {
    match vehicle {
        Vehicle::Arm => ("base_link", "tool0"),
        Vehicle::Car | Vehicle::Robot => ("odom", "base_link"),
    }
}

/// `nav_msgs/Odometry` of wheels or joints.
pub(super) fn odometry(rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
    let secs = secs(sample);
    let motion = rig.course.flat_motion(secs);
    let (parent, child) = frames(rig.vehicle);
    let mut pose = body(rig, secs);
    pose.meters = add(pose.meters, shift(sample));
    let pose = claim(parent, child, &pose);
    let covariance = if rig.vehicle == Vehicle::Arm {
        [1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6]
    } else {
        [1e-3, 1e-3, 1e6, 1e6, 1e6, 1e-2]
    };
    let mut cdr = CdrWriter::new(out);
    cdr.header(sample.stamp_ns, parent);
    cdr.string(child);
    cdr.f64s(&pose.translation_meters);
    cdr.f64s(&pose.quat_xyzw);
    cdr.diagonal(&covariance);
    cdr.f64s(&motion.velocity.map(|value| rounded(value, 14)));
    cdr.f64s(&motion.rates.map(|value| rounded(value, 14)));
    cdr.diagonal(&covariance);
}

/// `/tf`: where the body is.
pub(super) fn transforms(rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
    let secs = secs(sample);
    let stamp = sample.stamp_ns;
    let (parent, child) = frames(rig.vehicle);
    let parent = if sample.reparented { "map" } else { parent };
    let mut list = Vec::with_capacity(3);
    if rig.vehicle == Vehicle::Arm {
        list.push((stamp, claim("map", "base_link", &Pose::IDENTITY)));
        list.push((stamp, claim(parent, child, &body(rig, secs))));
    } else {
        // The odometry drifts slowly against the map.
        let turn = from_rotation_vector([0.0, 0.0, 2e-3]);
        let drift = Pose::new([0.2 + 0.002 * secs, -0.1, 0.0], turn);
        list.push((stamp, claim("map", "odom", &drift)));
        list.push((stamp, claim(parent, child, &body(rig, secs))));
    }
    if sample.closes_ring {
        list.push((stamp, claim(child, "map", &Pose::IDENTITY)));
    }
    message::transforms(out, &list);
}

/// `/tf_static`: where the sensors are claimed to be.
pub(super) fn static_transforms(rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
    let mut list = Vec::new();
    for (mount, pose) in rig.mounts() {
        let mut pose = *pose;
        for alter in &sample.alterations {
            if let Alter::Mount {
                mount: wrong,
                rotation,
                meters,
            } = alter
                && wrong == mount
            {
                pose.meters = add(pose.meters, rotate(pose.quat_xyzw, *meters));
                pose.quat_xyzw = multiply(pose.quat_xyzw, from_rotation_vector(*rotation));
            }
        }
        let claimed = sensor::Pose {
            parent: rig.body_frame().into(),
            child: mount.frame().into(),
            translation_meters: pose.meters,
            quat_xyzw: pose.quat_xyzw,
        };
        list.push((sample.stamp_ns, claimed));
    }
    message::transforms(out, &list);
}

/// Errors of single poses, meters and radians: scan matching in streets (1 cm, 0.03 degrees), visual odometry of
/// a vehicle and of an arm close to its work. Choices within what KISS-ICP and ORB-SLAM3 papers report per step.
const LIDAR_ERROR: (f64, f64) = (0.010, 5e-4);
const CAMERA_ERROR: (f64, f64) = (0.010, 7e-4);
const TOOL_ERROR: (f64, f64) = (0.002, 7e-4);
/// Poses from clouds and pictures have a small error of scale.
const SCALE: f64 = 1.001;

/// Poses of a sensor as computed from what it sees, in the frame of the odometry.
#[derive(Clone, Debug)]
pub(super) struct Estimate {
    pub(super) mount: Mount,
    start: Pose,
    error: (f64, f64),
    parent: &'static str,
    rng: Rng,
}

impl Estimate {
    pub(super) fn new(seed: u64, mount: Mount, rig: &Rig) -> Self {
        let error = match (mount, rig.vehicle) {
            (Mount::Lidar, _) => LIDAR_ERROR,
            (_, Vehicle::Arm) => TOOL_ERROR,
            _ => CAMERA_ERROR,
        };
        Self {
            mount,
            // In the frame of the body's own odometry, so that one tree holds all of them.
            start: match rig.vehicle {
                Vehicle::Arm => Pose::IDENTITY,
                Vehicle::Car | Vehicle::Robot => rig.course.flat(0.0).inverse(),
            },
            error,
            parent: frames(rig.vehicle).0,
            rng: Rng::new(seed, &format!("poses {}", mount.frame())),
        }
    }

    pub(super) fn encode(&mut self, rig: &Rig, sample: &Sample, out: &mut Vec<u8>) {
        let motion = rig.motion(self.mount, secs(sample));
        let mut three = |sigma: f64| -> Vec3 { std::array::from_fn(|_| sigma * self.rng.normal()) };
        let (meters, radians) = (three(self.error.0), three(self.error.1));
        let mut pose = self.start.then(&motion.pose);
        pose.meters = add(pose.meters.map(|value| value * SCALE), meters);
        pose.meters = add(pose.meters, shift(sample));
        pose.quat_xyzw = multiply(pose.quat_xyzw, from_rotation_vector(radians));
        let twist = Twist {
            linear_meters_per_sec: motion.velocity.map(|value| rounded(value, 14)),
            angular_radians_per_sec: motion.rates.map(|value| rounded(value, 14)),
        };
        let pose = claim(self.parent, self.mount.frame(), &pose);
        message::odometry(out, sample.stamp_ns, &pose, &twist);
    }
}
