//! Pictures written as files of their own.

use crate::EngineError;
use crate::output::{refuse_other_form, write_text};
use std::path::Path;

/// An error when a picture is already there and may not be replaced, or its name promises another form; ask before the
/// work.
pub fn refuse(path: &Path, force: bool) -> Result<(), EngineError> {
    refuse_other_form(path, force, ("svg", "pictures are SVG"))
}

/// Writes a picture.
pub fn write(svg: &str, path: &Path, force: bool) -> Result<(), EngineError> {
    write_text(path, svg, force)
}
