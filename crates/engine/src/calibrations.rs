//! Calibrations found in recordings, written as files of their own.

use crate::EngineError;
use crate::output::write_text;
use fieldassay_model::{Calibration, CheckDocument};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes each calibration of the document to `folder/ID.json` and returns the files, each calibration once.
///
/// The name is that of the content, so a file that is there already holds the same calibration and is left as it is.
///
/// # Errors
/// Where the folder cannot be made or a file not be written.
pub fn write(document: &CheckDocument, folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let found = document
        .recordings
        .iter()
        .filter_map(|recording| recording.calibration.as_ref());
    let by_id: BTreeMap<&str, &Calibration> = found
        .map(|calibration| (calibration.id.as_str(), calibration))
        .collect();
    std::fs::create_dir_all(folder).map_err(|error| EngineError::io("make", folder, error))?;
    let mut files = Vec::with_capacity(by_id.len());
    for (id, calibration) in by_id {
        let path = folder.join(format!("{id}.json"));
        if !path.exists() {
            let text =
                serde_json::to_string_pretty(calibration).map_err(|error| EngineError::Report {
                    message: error.to_string(),
                })?;
            write_text(&path, &format!("{text}\n"), false)?;
        }
        files.push(path);
    }
    Ok(files)
}
