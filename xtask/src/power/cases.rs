//! What is tried: faults, magnitudes, the channels they hit and the codes that must be found.
//!
//! Not here: how a trial runs (`trial`).

use fieldassay_simulate::{FaultKind, Vehicle, fault_kinds};
use std::fmt;

/// One kind of fault and the magnitudes it is tried with.
pub(super) struct Case {
    pub(super) kind: FaultKind,
    pub(super) magnitudes: &'static [f64],
    /// The magnitude the project promises to find in at least 95 % of drives; none where only the
    /// curve is of interest.
    pub(super) promised: Option<f64>,
    /// A finding with one of these codes, or starting with one that ends in a dot, is the right one.
    pub(super) codes: &'static [&'static str],
    /// What the finding must be about.
    pub(super) about: About,
    /// What drives.
    pub(super) drive: Drive,
}

/// The drive a fault is put into: short, and only the sensors the fault touches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drive {
    /// Vehicles, in turn by seed.
    pub(super) vehicles: &'static [Vehicle],
    /// Topics recorded; none means the core of the vehicle, `*` everything it has.
    pub(super) topics: &'static [&'static str],
    /// Length, seconds.
    pub(super) secs: f64,
    /// Topic the fault hits; none for the default of the kind, or for those that take turns.
    pub(super) hits: Option<&'static str>,
}

/// The drive of the faults of time, delivery, transforms and bytes.
const CORE: Drive = Drive {
    vehicles: &[Vehicle::Car],
    topics: &[],
    secs: 60.0,
    hits: None,
};

impl Case {
    /// Whether it is put into drives of the core sensors.
    pub(super) fn is_core(&self) -> bool {
        self.drive == CORE
    }

    /// What it is put into, in words.
    pub(super) fn place(&self) -> String {
        match self.about {
            About::Sensor => "channels of the car in turn".to_owned(),
            About::Frames | About::Recording => "the car".to_owned(),
            About::Side | About::Any => {
                let topic = self.drive.hits.or(self.kind.info().default_channel);
                format!("{} of {}", topic.unwrap_or("the drive"), self.drive)
            }
        }
    }
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.vehicles.iter().map(|v| vehicle_name(*v)).collect();
        write!(f, "{}, {} s", names.join(", "), self.secs)
    }
}

/// The name of a vehicle.
pub(super) fn vehicle_name(vehicle: Vehicle) -> &'static str {
    match vehicle {
        Vehicle::Car => "car",
        Vehicle::Robot => "robot",
        Vehicle::Arm => "arm",
    }
}

/// A drive that records only these topics.
const fn only(vehicles: &'static [Vehicle], topics: &'static [&'static str], secs: f64) -> Drive {
    Drive {
        vehicles,
        topics,
        secs,
        hits: None,
    }
}

const CAR: &[Vehicle] = &[Vehicle::Car];
const CAR_OR_ROBOT: &[Vehicle] = &[Vehicle::Car, Vehicle::Robot];
const ROBOT: &[Vehicle] = &[Vehicle::Robot];
const ARM: &[Vehicle] = &[Vehicle::Arm];
/// All vehicles.
pub(super) const ALL: &[Vehicle] = &[Vehicle::Car, Vehicle::Robot, Vehicle::Arm];

/// Drives without faults, with everything their vehicles have.
pub(super) const CLEAN: Drive = only(ALL, &["*"], 20.0);

/// What the finding must be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The channel that was hit, one of [`SENSORS`] in turn.
    Sensor,
    /// The frames of the fault.
    Frames,
    /// The recording, or any channel of it where the recorder stalled.
    Recording,
    /// The channel that was hit, alone or as one side of a pair.
    Side,
    /// Any subject: what is hit is a mount or a calibration that several streams rest on.
    Any,
}

/// The channels that faults hit in turn, by seed. Not `/diagnostics`, which the default policy
/// leaves out, and not `/tf`, which has faults of its own.
pub(super) const SENSORS: [&str; 6] = [
    "/imu",
    "/joint_states",
    "/odom",
    "/camera/camera_info",
    "/lidar/scan",
    "/gnss/fix",
];

/// Promises that the committed results do not hold, found in less than 95 % of the drives.
#[cfg(test)]
pub(super) const MISSED: &[&str] = &[];

const LOSS: &[&str] = &["loss.", "structure."];

/// Everything that is tried.
pub(super) const CASES: &[Case] = &[
    sensor(
        FaultKind::SkewPpm,
        &[50.0, 100.0, 150.0, 200.0, 400.0],
        Some(200.0),
        &["clock.skew"],
    ),
    sensor(
        FaultKind::StepMs,
        &[2.0, 5.0, 10.0, 20.0, 50.0],
        Some(20.0),
        &["clock.step"],
    ),
    sensor(
        FaultKind::DropPercent,
        &[0.2, 0.5, 1.0, 2.0],
        Some(1.0),
        &["time.loss", "time.gap"],
    ),
    sensor(
        FaultKind::StallS,
        &[0.1, 0.25, 0.5, 1.0],
        Some(0.5),
        &["time.gap", "time.loss"],
    ),
    whole(
        FaultKind::RecorderStallS,
        &[0.1, 0.25, 0.5, 1.0],
        None,
        &["time.stall"],
    ),
    sensor(
        FaultKind::BurstCount,
        &[5.0, 7.0, 10.0, 20.0],
        Some(10.0),
        &["time.burst"],
    ),
    sensor(
        FaultKind::DuplicatePercent,
        &[0.1, 0.5, 1.0, 2.0],
        Some(1.0),
        &["time.duplicate"],
    ),
    sensor(
        FaultKind::ReorderCount,
        &[1.0, 2.0],
        Some(1.0),
        &["time.header_order", "time.publish_order"],
    ),
    sensor(
        FaultKind::JitterMs,
        &[1.0, 2.0, 5.0, 20.0],
        None,
        &["time.jitter"],
    ),
    sensor(
        FaultKind::EpochOffsetS,
        &[315_964_800.0, 86_400.0],
        Some(315_964_800.0),
        &["clock.epoch"],
    ),
    sensor(FaultKind::UptimeS, &[100.0], Some(100.0), &["clock.epoch"]),
    sensor(
        FaultKind::LeapS,
        &[1.0, 18.0],
        Some(18.0),
        &["clock.whole_seconds"],
    ),
    sensor(
        FaultKind::TaiS,
        &[37.0],
        Some(37.0),
        &["clock.whole_seconds"],
    ),
    frames(FaultKind::TransformCycleCount, &["transform.cycle"]),
    frames(FaultKind::ReparentCount, &["transform.reparent"]),
    whole(FaultKind::FlipBytes, &[1.0], Some(1.0), LOSS),
    whole(
        FaultKind::TruncatePercent,
        &[1.0, 10.0, 50.0],
        Some(10.0),
        LOSS,
    ),
    whole(
        FaultKind::TruncateBytes,
        &[1.0, 100.0, 10_000.0],
        Some(100.0),
        LOSS,
    ),
    fault(
        FaultKind::OffsetMs,
        &[5.0, 10.0, 15.0, 30.0],
        Some(15.0),
        &["motion.offset"],
        Drive {
            hits: Some("/camera/image"),
            ..only(ROBOT, &["/imu", "/camera/image"], 60.0)
        },
    ),
    // A car turns slowly and passes what it sees at speed, so the same excitation says less about time.
    fault(
        FaultKind::OffsetMs,
        &[15.0, 30.0, 60.0],
        None,
        &["motion.offset"],
        Drive {
            hits: Some("/camera/image"),
            ..only(CAR, &["/imu", "/camera/image"], 60.0)
        },
    ),
    mount(
        FaultKind::ExtrinsicRotationDeg,
        &[0.25, 0.5, 1.0, 2.0],
        Some(1.0),
        &["calibration.lidar_camera"],
        Drive {
            hits: Some("/camera/image"),
            ..only(
                CAR_OR_ROBOT,
                &["/camera/image", "/lidar/points", "/odom"],
                20.0,
            )
        },
    ),
    mount(
        FaultKind::ExtrinsicRotationDeg,
        &[0.25, 0.5, 1.0, 2.0],
        Some(1.0),
        &["calibration.hand_eye_rotation", "motion.rotation"],
        Drive {
            hits: Some("/camera/odometry"),
            ..only(ARM, &["/tool/odometry", "/camera/odometry"], 30.0)
        },
    ),
    mount(
        FaultKind::ExtrinsicShiftM,
        &[0.01, 0.02, 0.05, 0.1],
        None,
        &["calibration.hand_eye_translation"],
        Drive {
            hits: Some("/camera/odometry"),
            ..only(ARM, &["/tool/odometry", "/camera/odometry"], 30.0)
        },
    ),
    mount(
        FaultKind::FocalPercent,
        &[2.0, 5.0, 10.0, 30.0],
        None,
        &["calibration.", "motion.rotation"],
        only(
            CAR_OR_ROBOT,
            &["/camera/image", "/lidar/points", "/odom"],
            20.0,
        ),
    ),
    fault(
        FaultKind::GyroBiasRadS,
        &[0.002, 0.005, 0.01, 0.02],
        Some(0.01),
        &["imu.gyro_bias"],
        only(ALL, &["/imu"], 60.0),
    ),
    fault(
        FaultKind::AccelScalePercent,
        &[0.5, 1.0, 2.0, 4.0],
        Some(2.0),
        &["imu.gravity"],
        only(ALL, &["/imu"], 60.0),
    ),
    fault(
        FaultKind::ImuSaturationCount,
        &[1.0, 2.0, 3.0, 5.0],
        Some(3.0),
        &["imu.saturation"],
        only(CAR_OR_ROBOT, &["/imu"], 60.0),
    ),
    fault(
        FaultKind::ImuStuckS,
        &[0.05, 0.1, 0.5, 1.0],
        None,
        &["imu.stuck"],
        only(ALL, &["/imu"], 60.0),
    ),
    fault(
        FaultKind::FreezeS,
        &[0.5, 1.0, 2.0, 4.0],
        Some(2.0),
        &["camera.freeze"],
        only(ALL, &["/imu", "/odom", "/camera/image"], 30.0),
    ),
    fault(
        FaultKind::BlurRatio,
        &[0.25, 0.5, 0.7, 0.9],
        Some(0.5),
        &["camera.blur"],
        only(ALL, &["/imu", "/camera/image"], 30.0),
    ),
    fault(
        FaultKind::OverexposePercent,
        &[10.0, 30.0, 50.0, 80.0],
        None,
        &["camera.over_exposed"],
        only(ALL, &["/camera/image"], 20.0),
    ),
    fault(
        FaultKind::DeadRingCount,
        &[1.0, 2.0],
        Some(1.0),
        &["lidar.dead_ring"],
        only(CAR_OR_ROBOT, &["/lidar/points"], 30.0),
    ),
    fault(
        FaultKind::BlockedSectorDeg,
        &[5.0, 7.0, 10.0, 20.0],
        Some(10.0),
        &["lidar.blocked_sector"],
        only(CAR_OR_ROBOT, &["/lidar/points"], 30.0),
    ),
    fault(
        FaultKind::NoPointTimeCount,
        &[1.0],
        None,
        &["lidar.no_point_time"],
        only(CAR_OR_ROBOT, &["/lidar/points"], 10.0),
    ),
    fault(
        FaultKind::PoseJumpM,
        &[0.2, 0.5, 1.0, 5.0],
        None,
        &["trajectory.jump"],
        only(CAR_OR_ROBOT, &["/odom"], 60.0),
    ),
    fault(
        FaultKind::GnssJumpM,
        &[1.0, 2.0, 5.0, 10.0],
        Some(5.0),
        &["gnss.jump"],
        only(CAR, &["/gnss/fix", "/odom"], 60.0),
    ),
    fault(
        FaultKind::GnssOutageS,
        &[0.5, 1.0, 2.0, 5.0],
        Some(2.0),
        &["gnss.outage"],
        only(CAR, &["/gnss/fix", "/odom"], 60.0),
    ),
    fault(
        FaultKind::JointClipPercent,
        &[20.0, 50.0, 60.0, 90.0],
        None,
        &["joints.clipped"],
        only(ARM, &["/joint_states"], 60.0),
    ),
    fault(
        FaultKind::AudioLagMs,
        &[30.0, 60.0, 125.0, 250.0],
        None,
        &["audio.sync"],
        only(ROBOT, &["/audio", "/camera/image"], 30.0),
    ),
];

const fn sensor(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
) -> Case {
    Case {
        kind,
        magnitudes,
        promised,
        codes,
        about: About::Sensor,
        drive: CORE,
    }
}

/// A fault of what one sensor says.
const fn fault(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
    drive: Drive,
) -> Case {
    Case {
        about: About::Side,
        drive,
        ..sensor(kind, magnitudes, promised, codes)
    }
}

/// A fault of how a sensor is said to be mounted or calibrated.
const fn mount(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
    drive: Drive,
) -> Case {
    Case {
        about: About::Any,
        ..fault(kind, magnitudes, promised, codes, drive)
    }
}

const fn frames(kind: FaultKind, codes: &'static [&'static str]) -> Case {
    Case {
        about: About::Frames,
        ..sensor(kind, &[1.0], Some(1.0), codes)
    }
}

const fn whole(
    kind: FaultKind,
    magnitudes: &'static [f64],
    promised: Option<f64>,
    codes: &'static [&'static str],
) -> Case {
    Case {
        about: About::Recording,
        ..sensor(kind, magnitudes, promised, codes)
    }
}

/// Kinds of fault that no case tries, for the page: nothing can find them from one recording alone.
pub(super) fn untried() -> Vec<&'static str> {
    fault_kinds()
        .iter()
        .filter(|info| CASES.iter().all(|case| case.kind != info.kind))
        .map(|info| info.name)
        .collect()
}
