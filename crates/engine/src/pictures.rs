//! Pictures written as files of their own.

use crate::EngineError;
use crate::output::{refuse_existing, write_text};
use std::path::Path;

/// An error when a picture is already there and may not be replaced, or its name promises another form; ask before the
/// work.
pub fn refuse(path: &Path, force: bool) -> Result<(), EngineError> {
    let ending = path.extension();
    if ending.is_some_and(|ending| !ending.eq_ignore_ascii_case("svg")) {
        return Err(EngineError::Request {
            message: format!(
                "`{}` is not named as what it would be: pictures are SVG\nhint: end its name in .svg",
                path.display()
            ),
        });
    }
    refuse_existing(path, force)
}

/// Writes a picture.
pub fn write(svg: &str, path: &Path, force: bool) -> Result<(), EngineError> {
    write_text(path, svg, force)
}
