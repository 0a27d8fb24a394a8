//! What the sensors say: payloads of a vehicle on its course.
//!
//! Read [`Payload`] and [`Scene::encode`] first. Measurements are rounded to the steps of a real
//! converter, so that files compress as real ones do. Every channel has its own generator, so what
//! one says does not depend on which others are recorded.

mod audio;
mod camera;
mod inertial;
mod lidar;
mod poses;

pub(crate) use inertial::{joint_names, joint_position};

use crate::alter::Alter;
use crate::noise::ImuNoise;
use crate::rng::Rng;
use crate::stream::Sample;
use crate::vehicle::{Mount, Rig};
use crate::world::World;
use crate::{CameraSpec, DriveSpec, LidarSpec, Rates, SimulateError};
use audio::Clapper;
use camera::Eye;
use fieldassay_formats::message::{self, CdrWriter};
use inertial::{Imu, Receiver};
use poses::Estimate;

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Imu,
    Joints,
    Odometry,
    Transforms,
    StaticTransforms,
    CameraInfo(Mount),
    Image(Mount),
    Scan,
    Cloud,
    /// Poses of a sensor, computed from what it sees.
    Poses(Mount),
    Fix,
    Audio,
    Diagnostics,
    Rosout,
}

impl Payload {
    /// Type of the messages, `sensor_msgs/msg/Imu`.
    pub(crate) fn type_name(self, camera: &CameraSpec) -> &'static str {
        match self {
            Self::Imu => "sensor_msgs/msg/Imu",
            Self::Joints => "sensor_msgs/msg/JointState",
            Self::Odometry | Self::Poses(_) => "nav_msgs/msg/Odometry",
            Self::Transforms | Self::StaticTransforms => "tf2_msgs/msg/TFMessage",
            Self::CameraInfo(_) => "sensor_msgs/msg/CameraInfo",
            Self::Image(_) if camera.encoding == crate::Encoding::Jpeg => {
                "sensor_msgs/msg/CompressedImage"
            }
            Self::Image(_) => "sensor_msgs/msg/Image",
            Self::Scan => "sensor_msgs/msg/LaserScan",
            Self::Cloud => "sensor_msgs/msg/PointCloud2",
            Self::Fix => "sensor_msgs/msg/NavSatFix",
            Self::Audio => "foxglove_msgs/msg/RawAudio",
            Self::Diagnostics => "diagnostic_msgs/msg/DiagnosticArray",
            Self::Rosout => "rcl_interfaces/msg/Log",
        }
    }
}

/// The vehicle, its sensors and what they see.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    rig: Rig,
    /// None where no channel looks at it.
    world: Option<World>,
    camera: CameraSpec,
    lidar: LidarSpec,
    beams: usize,
    imus: Vec<Imu>,
    eyes: Vec<Eye>,
    estimates: Vec<Estimate>,
    receiver: Receiver,
    clapper: Option<Clapper>,
    scan_rng: Rng,
    cloud_rng: Rng,
    rng: Rng,
}

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

impl Scene {
    /// The scene of a recipe with channels of these payloads.
    pub(crate) fn new(spec: &DriveSpec, rig: Rig, noise: &ImuNoise, payloads: &[Payload]) -> Self {
        let seed = spec.seed;
        let sees = |payload: &Payload| {
            matches!(payload, Payload::Image(_) | Payload::Scan | Payload::Cloud)
        };
        let imus = payloads
            .iter()
            .enumerate()
            .filter(|(_, payload)| **payload == Payload::Imu);
        let imus = imus
            .map(|(channel, _)| Imu::new(seed, channel, noise))
            .collect();
        let mut eyes: Vec<Eye> = Vec::new();
        for (channel, payload) in payloads.iter().enumerate() {
            if let Payload::Image(mount) = payload {
                let alike = eyes.iter().filter(|eye| eye.mount == *mount).count();
                eyes.push(Eye::new(seed, (channel, alike), *mount, &spec.camera));
            }
        }
        let estimates = payloads.iter().filter_map(|payload| match payload {
            Payload::Poses(mount) => Some(Estimate::new(seed, *mount, &rig)),
            _ => None,
        });
        let claps = payloads.contains(&Payload::Audio);
        Self {
            world: payloads
                .iter()
                .any(sees)
                .then(|| World::new(seed, spec.vehicle)),
            camera: spec.camera,
            lidar: spec.lidar,
            beams: if spec.rates == Rates::Small { 60 } else { 180 },
            imus,
            eyes,
            estimates: estimates.collect(),
            receiver: Receiver::new(seed),
            clapper: claps.then(|| Clapper::new(seed, spec.duration_secs)),
            scan_rng: Rng::new(seed, "scan"),
            cloud_rng: Rng::new(seed, "cloud"),
            rng: Rng::new(seed, "scene"),
            rig,
        }
    }

    /// The payload of a sample of a channel, written over `out`.
    pub(crate) fn encode(
        &mut self,
        channel: usize,
        payload: Payload,
        sample: &Sample,
        out: &mut Vec<u8>,
    ) -> Result<(), SimulateError> {
        match payload {
            Payload::Imu => {
                if let Some(imu) = self.imus.iter_mut().find(|imu| imu.channel == channel) {
                    imu.encode(&self.rig, sample, out);
                }
            }
            Payload::Joints => inertial::joints(&self.rig, sample, out),
            Payload::Odometry => poses::odometry(&self.rig, sample, out),
            Payload::Transforms => poses::transforms(&self.rig, sample, out),
            Payload::StaticTransforms => poses::static_transforms(&self.rig, sample, out),
            Payload::CameraInfo(mount) => {
                camera::info(&self.rig, &self.camera, (mount, sample), out);
            }
            Payload::Image(_) => {
                let eye = self.eyes.iter_mut().find(|eye| eye.channel == channel);
                if let (Some(eye), Some(world)) = (eye, &self.world) {
                    let lit = self
                        .clapper
                        .as_ref()
                        .map(|clapper| clapper.lit(secs(sample)));
                    eye.encode((&self.rig, world), lit, sample, out)?;
                }
            }
            Payload::Scan => self.scan(sample, out),
            Payload::Cloud => self.cloud(sample, out),
            Payload::Poses(mount) => {
                let found = self.estimates.iter_mut().find(|one| one.mount == mount);
                if let Some(estimate) = found {
                    estimate.encode(&self.rig, sample, out);
                }
            }
            Payload::Fix => self.receiver.encode(&self.rig, sample, out),
            Payload::Audio => {
                if let Some(clapper) = &mut self.clapper {
                    clapper.encode(sample, out);
                }
            }
            Payload::Diagnostics => self.diagnostics(sample.stamp_ns, out),
            Payload::Rosout => self.rosout(sample.stamp_ns, out),
        }
        Ok(())
    }

    fn diagnostics(&mut self, stamp_ns: i64, out: &mut Vec<u8>) {
        let mut cdr = CdrWriter::new(out);
        cdr.header(stamp_ns, "");
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

    fn rosout(&mut self, stamp_ns: i64, out: &mut Vec<u8>) {
        let line = usize::try_from(self.rng.below(LINES.len() as u64)).unwrap_or(0);
        let line = message::LogLine {
            level: 20,
            name: "navigator",
            text: LINES.get(line).copied().unwrap_or_default(),
        };
        message::log(out, stamp_ns, &line);
    }
}

/// True time of a sample since the start of the drive, seconds.
fn secs(sample: &Sample) -> f64 {
    sample.true_ns as f64 * 1e-9
}

/// The first alteration of a kind.
fn altered<T>(sample: &Sample, pick: impl Fn(&Alter) -> Option<T>) -> Option<T> {
    sample.alterations.iter().find_map(pick)
}
