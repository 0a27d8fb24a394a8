//! Writing files whole or not at all.

use crate::EngineError;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that appears under its name only when it is complete.
pub(crate) struct Output {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
}

impl Output {
    /// Starts a file beside `path`; refuses to replace anything without `force`.
    pub(crate) fn create(path: &Path, force: bool) -> Result<Self, EngineError> {
        refuse_existing(path, force)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".fieldassay-")
            .tempfile_in(folder)
            .map_err(|error| EngineError::io("write", path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> Result<(), EngineError> {
        let Self { path, file } = self;
        let io = |error| EngineError::io("write", &path, error);
        let file = file.into_inner().map_err(|error| io(error.into_error()))?;
        set_default_permissions(file.as_file()).map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// An error when something is at `path` and may not be replaced, or its folder is not there.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> Result<(), EngineError> {
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        return Err(EngineError::NoFolder {
            path: folder.to_owned(),
        });
    }
    if !force && path.exists() {
        return Err(EngineError::Exists {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The same, and an error when the name of `path` promises another form than `ending`, which is what `rule` says.
pub(crate) fn refuse_other_form(
    path: &Path,
    force: bool,
    (ending, rule): (&str, &str),
) -> Result<(), EngineError> {
    let given = path.extension();
    if given.is_some_and(|given| !given.eq_ignore_ascii_case(ending)) {
        return Err(EngineError::Request {
            message: format!(
                "`{}` is not named as what it would be: {rule}\nhint: end its name in .{ending}",
                path.display()
            ),
        });
    }
    refuse_existing(path, force)
}

/// Writes a whole text file.
pub(crate) fn write_text(path: &Path, text: &str, force: bool) -> Result<(), EngineError> {
    write_bytes(path, text.as_bytes(), force)
}

/// Writes a whole file.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8], force: bool) -> Result<(), EngineError> {
    let mut output = Output::create(path, force)?;
    output
        .write_all(bytes)
        .map_err(|error| EngineError::io("write", path, error))?;
    output.finish()
}

/// Temporary files are private; results are readable like any file a program writes.
#[cfg(unix)]
fn set_default_permissions(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
