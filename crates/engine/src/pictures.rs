//! Pictures written as files of their own.

use crate::EngineError;
use crate::output::{refuse_existing, write_text};
use std::path::Path;

/// An error when a picture is already there and may not be replaced; ask before the work.
pub fn refuse(path: &Path, force: bool) -> Result<(), EngineError> {
    refuse_existing(path, force)
}

/// Writes a picture.
pub fn write(svg: &str, path: &Path, force: bool) -> Result<(), EngineError> {
    write_text(path, svg, force)
}
