//! `simulate`: a drive with known faults.

use crate::exit::{DONE, UsageError};
use crate::render;
use fieldassay_engine::simulate::{self, DriveSpec, Fault, Rates, Truth, fault_kinds};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Write a simulated drive with known faults, and a truth file beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = faults_help())]
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
    /// Lower sensor rates, for a small file.
    #[arg(long)]
    small: bool,
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
