//! Files that are read whole.
//!
//! Not here: recordings, which are mapped (`sources`).

use crate::EngineError;
use std::path::{Path, PathBuf};

/// The bytes of a file.
///
/// Errors: `missing` of a path where nothing is, a folder (which says that a `what` belongs there), what the system says.
pub(crate) fn bytes(
    path: &Path,
    what: &str,
    missing: impl FnOnce(PathBuf) -> EngineError,
) -> Result<Vec<u8>, EngineError> {
    if !path.exists() {
        return Err(missing(path.to_owned()));
    }
    if path.is_dir() {
        return Err(EngineError::Request {
            message: format!(
                "`{}` is a folder, and a {what} belongs there\nhint: name the file in it",
                path.display()
            ),
        });
    }
    std::fs::read(path).map_err(|error| EngineError::io("read", path, error))
}
