//! `demo`: drives with faults, checked, with the truth beside what was found.

use crate::check::{self, Outcome};
use crate::limits::Limits;
use crate::{EngineError, page};
use fieldassay_check::Progress;
use fieldassay_model::{Policy, RecordingReport, Severity, Window};
use fieldassay_report::TruthMark;
use fieldassay_simulate::{
    CameraSpec, DriveSpec, Encoding, Fault, LidarSpec, Sensors, Truth, Vehicle, write_drive,
};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// One drive: who drives, what is recorded and what goes wrong.
struct Recipe {
    name: &'static str,
    vehicle: Vehicle,
    /// Topics, or `core`.
    sensors: &'static str,
    faults: &'static [&'static str],
    /// Pixels of its pictures.
    picture: (u32, u32),
    seed: u64,
}

/// Pictures in which turns can be measured, and smaller ones where they need only be seen.
const LARGE: (u32, u32) = (640, 480);
const SMALL: (u32, u32) = (320, 240);

/// Beams of the lidar per turn and ring: a coarse one, for small files.
const LIDAR_COLUMNS: u16 = 450;
/// Length of a drive, seconds.
const DRIVE_SECS: f64 = 20.0;
/// Every drive; the sensors are those that show the fault, so that the files stay small.
const DRIVES: [Recipe; 8] = [
    Recipe {
        name: "clean",
        vehicle: Vehicle::Car,
        sensors: "/imu,/odom,/tf,/joint_states,/gnss/fix,/camera/image,/camera/odometry",
        faults: &[],
        picture: SMALL,
        seed: 2026,
    },
    Recipe {
        name: "late-camera",
        vehicle: Vehicle::Robot,
        sensors: "/imu,/tf,/camera/image",
        faults: &["offset_ms=30@/camera/image"],
        picture: LARGE,
        seed: 2027,
    },
    Recipe {
        name: "gnss-jump",
        vehicle: Vehicle::Car,
        sensors: "/imu,/odom,/tf,/gnss/fix",
        faults: &["gnss_jump_m=8"],
        picture: SMALL,
        seed: 2027,
    },
    Recipe {
        name: "dead-ring",
        vehicle: Vehicle::Robot,
        sensors: "/imu,/odom,/tf,/camera/image,/lidar/points",
        faults: &["dead_ring_count=1", "freeze_s=2"],
        picture: SMALL,
        seed: 2028,
    },
    Recipe {
        name: "turned-camera",
        vehicle: Vehicle::Arm,
        sensors: "/imu,/joint_states,/tf,/tool/odometry,/camera/odometry",
        faults: &["extrinsic_rotation_deg=2@/camera/odometry"],
        picture: SMALL,
        seed: 2029,
    },
    Recipe {
        name: "biased-gyro",
        vehicle: Vehicle::Robot,
        sensors: "/imu,/odom,/tf",
        faults: &["gyro_bias_rad_s=0.02"],
        picture: SMALL,
        seed: 2030,
    },
    Recipe {
        name: "silent-lidar",
        vehicle: Vehicle::Car,
        sensors: "core",
        faults: &["stall_s=0.5"],
        picture: SMALL,
        seed: 2031,
    },
    Recipe {
        name: "cut-off",
        vehicle: Vehicle::Car,
        sensors: "core",
        faults: &["truncate_percent=30"],
        picture: SMALL,
        seed: 2032,
    },
];

/// What the demo did.
#[derive(Debug)]
pub struct DemoOutcome {
    /// One entry per drive.
    pub drives: Vec<DemoDrive>,
    /// The page.
    pub report: PathBuf,
}

/// One drive of the demo.
#[derive(Debug)]
pub struct DemoDrive {
    /// The recording.
    pub path: PathBuf,
    /// What was injected.
    pub truth: Truth,
    /// What was found.
    pub report: RecordingReport,
}

impl DemoDrive {
    /// The findings that matter: warnings and errors, worst first.
    pub fn findings(&self) -> impl Iterator<Item = &fieldassay_model::Finding> {
        self.report
            .findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Warn)
    }
}

/// Makes the drives in `folder`, checks them under the default policy and writes `report.html`.
///
/// The drives are the same on every machine, so running it again changes nothing; a file of the
/// same name with other content is refused without `force`.
pub fn run(
    folder: &Path,
    force: bool,
    progress: &dyn Progress,
) -> Result<DemoOutcome, EngineError> {
    std::fs::create_dir_all(folder).map_err(|error| EngineError::io("write", folder, error))?;
    let drives = DRIVES
        .par_iter()
        .map(|recipe| {
            let path = folder.join(format!("{}.mcap", recipe.name));
            let truth = make(&path, recipe, force)?;
            Ok((path, truth))
        })
        .collect::<Result<Vec<(PathBuf, Truth)>, EngineError>>()?;
    let policy = Policy::built_in("default").map_err(|source| EngineError::Policy {
        path: PathBuf::from("default"),
        source,
    })?;
    let request = check::Request {
        inputs: &[],
        policy: &policy,
        topics: None,
        start: None,
        end: None,
        jobs: 0,
        limits: Limits::default(),
    };
    let paths: Vec<PathBuf> = drives.iter().map(|(path, _)| path.clone()).collect();
    let outcome = check::run(&request, &paths, progress)?;
    let report = folder.join("report.html");
    write_page(&outcome, &drives, &policy, &report, force)?;
    let drives = drives
        .into_iter()
        .zip(outcome.document.recordings)
        .map(|((path, truth), report)| DemoDrive {
            path,
            truth,
            report,
        })
        .collect();
    Ok(DemoOutcome { drives, report })
}

fn make(path: &Path, recipe: &Recipe, force: bool) -> Result<Truth, EngineError> {
    let simulate_error = |message: String| EngineError::Simulate { message };
    let faults = recipe
        .faults
        .iter()
        .map(|fault| Fault::parse(fault))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| simulate_error(error.to_string()))?;
    let spec = DriveSpec {
        seed: recipe.seed,
        duration_secs: DRIVE_SECS,
        faults,
        vehicle: recipe.vehicle,
        sensors: sensors(recipe.sensors),
        camera: CameraSpec {
            width: recipe.picture.0,
            height: recipe.picture.1,
            encoding: Encoding::Jpeg,
            ..CameraSpec::default()
        },
        lidar: LidarSpec {
            columns: LIDAR_COLUMNS,
            ..LidarSpec::default()
        },
        ..DriveSpec::default()
    };
    let mut bytes = Vec::new();
    let truth =
        write_drive(&spec, &mut bytes).map_err(|error| simulate_error(error.to_string()))?;
    write_unless_same(path, &bytes, force)?;
    let truth_path = crate::simulate::truth_path(path);
    write_unless_same(&truth_path, truth.to_json().as_bytes(), force)?;
    Ok(truth)
}

fn sensors(text: &str) -> Sensors {
    match text {
        "core" => Sensors::Core,
        topics => Sensors::Topics(topics.split(',').map(str::to_owned).collect()),
    }
}

fn write_page(
    outcome: &Outcome,
    drives: &[(PathBuf, Truth)],
    policy: &Policy,
    path: &Path,
    force: bool,
) -> Result<(), EngineError> {
    let truth: Vec<Vec<TruthMark>> = drives
        .iter()
        .map(|(_, truth)| truth.0.iter().map(mark).collect())
        .collect();
    let text = page::text(outcome, Some(&truth), policy, "Fieldassay demo")?;
    write_unless_same(path, text.as_bytes(), force)
}

fn mark(entry: &fieldassay_simulate::TruthEntry) -> TruthMark {
    TruthMark {
        kind: entry.kind.clone(),
        channel: entry
            .channel
            .clone()
            .unwrap_or_else(|| "recording".to_owned()),
        window: Some(Window {
            start_ns: entry.start_ns,
            end_ns: entry.end_ns,
        }),
        magnitude: Some(entry.magnitude),
        unit: entry.unit.clone(),
    }
}

fn write_unless_same(path: &Path, bytes: &[u8], force: bool) -> Result<(), EngineError> {
    match std::fs::read(path) {
        Ok(present) if present == bytes => Ok(()),
        _ => crate::output::write_bytes(path, bytes, force),
    }
}
