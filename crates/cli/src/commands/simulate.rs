//! `simulate`: a drive with known faults.

use crate::exit::{DONE, UsageError};
use crate::render;
use fieldassay_engine::simulate::{
    self, CameraSpec, DriveSpec, Encoding, Fault, LidarSpec, Rates, Sensors, Truth, Vehicle,
    fault_kinds,
};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Write a simulated drive with known faults, and a truth file beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = faults_help())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Arguments {
    /// The MCAP to write; the truth goes beside it as `.truth.json`.
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Seed of everything random; the same seed gives the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Length of the drive, seconds.
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    duration: f64,
    /// Write this many small IMU messages on eight channels instead of a drive (for speed races).
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
    /// Write about this many bytes of three 720p cameras, a lidar and an IMU instead of a drive (for speed races).
    #[arg(long, value_name = "BYTES", conflicts_with = "messages")]
    mixed_bytes: Option<u64>,
    /// Lower sensor rates, for a small file.
    #[arg(long)]
    small: bool,
    /// Who drives.
    #[arg(long, value_name = "VEHICLE", default_value = "car")]
    vehicle: VehicleName,
    /// `core` (no pictures, clouds, poses and sound), `all`, or topics with commas between them; a fault brings
    /// the channel it hits along.
    #[arg(long, value_name = "SENSORS", default_value = "core")]
    sensors: String,
    /// Pictures per second.
    #[arg(long, value_name = "HZ", default_value_t = 10)]
    camera_hz: u32,
    /// Size of pictures, pixels.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "640x480")]
    camera_size: String,
    /// Store pictures as JPEG instead of raw.
    #[arg(long)]
    jpeg: bool,
    /// Rings of the lidar.
    #[arg(long, value_name = "N", default_value_t = 16)]
    lidar_rings: u16,
    /// A fault, for example `stall_s=0.5` or `drop_percent=1@/imu`; may be repeated.
    #[arg(long = "fault", value_name = "KIND=MAGNITUDE[@TOPIC]")]
    faults: Vec<String>,
    /// Replace existing files.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Who drives.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum VehicleName {
    /// A car in a street.
    Car,
    /// A robot in a warehouse.
    Robot,
    /// An arm with a camera on its tool.
    Arm,
}

impl From<VehicleName> for Vehicle {
    fn from(name: VehicleName) -> Self {
        match name {
            VehicleName::Car => Self::Car,
            VehicleName::Robot => Self::Robot,
            VehicleName::Arm => Self::Arm,
        }
    }
}

#[derive(Serialize)]
struct SimulateDocument<'a> {
    schema: &'static str,
    version: u32,
    output: String,
    truth_file: String,
    truth: &'a Truth,
}

fn faults_help() -> String {
    let mut out = String::from("Faults (KIND=MAGNITUDE, the unit is in the name):\n");
    for fault in fault_kinds() {
        let _ = writeln!(out, "  {}\n      {}", fault.name, fault.what);
    }
    out
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let faults = arguments
        .faults
        .iter()
        .map(|text| Fault::parse(text).map_err(|error| UsageError(error.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let spec = DriveSpec {
        mixed_bytes: arguments.mixed_bytes,
        vehicle: arguments.vehicle.into(),
        sensors: sensors(&arguments.sensors),
        camera: camera(arguments)?,
        lidar: LidarSpec {
            rings: arguments.lidar_rings,
            ..LidarSpec::default()
        },
        seed: arguments.seed,
        duration_secs: arguments.duration,
        messages: arguments.messages,
        faults,
        rates: if arguments.small {
            Rates::Small
        } else {
            Rates::Full
        },
    };
    let truth = simulate::run(&spec, &arguments.output, arguments.force)?;
    if arguments.json {
        render::json(&SimulateDocument {
            schema: "fieldassay.simulate",
            version: 1,
            output: arguments.output.display().to_string(),
            truth_file: simulate::truth_path(&arguments.output)
                .display()
                .to_string(),
            truth: &truth,
        })?;
    } else {
        render::simulate::truth(&arguments.output, &truth)?;
    }
    Ok(DONE)
}

fn sensors(text: &str) -> Sensors {
    match text {
        "core" => Sensors::Core,
        "all" => Sensors::All,
        topics => Sensors::Topics(topics.split(',').map(|one| one.trim().to_owned()).collect()),
    }
}

fn camera(arguments: &Arguments) -> Result<CameraSpec, UsageError> {
    let size = arguments.camera_size.split_once('x');
    let size = size.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let (width, height) = size.ok_or_else(|| {
        UsageError(format!(
            "`{}` is not a size of pictures\nhint: write WIDTHxHEIGHT, for example 640x480",
            arguments.camera_size
        ))
    })?;
    Ok(CameraSpec {
        hz: arguments.camera_hz,
        width,
        height,
        encoding: if arguments.jpeg {
            Encoding::Jpeg
        } else {
            Encoding::Mono8
        },
    })
}
