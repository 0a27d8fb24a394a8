//! `simulate`: a drive with known faults, and the truth about it.

use crate::EngineError;
use crate::output::{Output, refuse_existing, write_text};
pub use fieldassay_simulate::{
    CameraSpec, DriveSpec, Encoding, Fault, LidarSpec, Rates, Sensors, Truth, TruthEntry, Vehicle,
    fault_kinds,
};
use fieldassay_simulate::{SimulateError, write_drive};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where the truth about a drive is written: beside it, `.truth.json` instead of its extension.
pub fn truth_path(output: &Path) -> PathBuf {
    output.with_extension("truth.json")
}

/// Writes a drive and its truth file; neither replaces anything without `force`.
pub fn run(spec: &DriveSpec, output: &Path, force: bool) -> Result<Truth, EngineError> {
    let truth_path = truth_path(output);
    refuse_existing(output, force)?;
    refuse_existing(&truth_path, force)?;
    let mut file = Output::create(output, force)?;
    let truth = write_drive(spec, &mut file).map_err(|error| match error {
        SimulateError::Write(source) => EngineError::io("write", output, source),
        other => EngineError::Simulate {
            message: other.to_string(),
        },
    })?;
    file.flush()
        .map_err(|error| EngineError::io("write", output, error))?;
    file.finish()?;
    write_text(&truth_path, &truth.to_json(), force)?;
    Ok(truth)
}
