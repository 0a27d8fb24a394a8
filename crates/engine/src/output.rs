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
    /// Starts a file beside `path`; refuses to replace anything without `force`, and what is no file even with it. A link
    /// stays one: what it leads to is replaced.
    pub(crate) fn create(path: &Path, force: bool) -> Result<Self, EngineError> {
        let target = target(path)?;
        refuse_existing(path, force)?;
        let path = target.as_path();
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

/// Where a file at `path` lies: elsewhere where that is a link. Errors: something that is no file, a link that leads
/// nowhere, what the system says.
fn target(path: &Path) -> Result<PathBuf, EngineError> {
    let io = |error| EngineError::io("write", path, error);
    let is_file = match std::fs::metadata(path) {
        Ok(found) => found.is_file(),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        Err(_) if path.is_symlink() => false,
        Err(_) => return Ok(path.to_owned()),
    };
    if !is_file {
        return Err(EngineError::NoFile {
            path: path.to_owned(),
        });
    }
    if path.is_symlink() {
        std::fs::canonicalize(path).map_err(io)
    } else {
        Ok(path.to_owned())
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

#[cfg(all(test, unix))]
mod tests {
    use super::write_text;

    #[test]
    fn links_are_followed_and_what_is_no_file_is_left_alone() {
        let place = tempfile::tempdir().expect("a folder");
        let (target, link) = (place.path().join("a.csv"), place.path().join("link.csv"));
        write_text(&target, "old", false).expect("written");
        std::os::unix::fs::symlink("a.csv", &link).expect("a link");
        assert!(write_text(&link, "new", false).is_err());
        write_text(&link, "new", true).expect("written");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&target).expect("text"), "new");
        let socket = place.path().join("socket");
        let held = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        // A pipe has no path of its own, only a name that leads to it.
        let (_reader, writer) = std::io::pipe().expect("a pipe");
        let number = std::os::fd::AsRawFd::as_raw_fd(&writer);
        let links = ["pipe", "nowhere"].map(|name| place.path().join(name));
        for (link, to) in links
            .iter()
            .zip([format!("/proc/self/fd/{number}"), "none".to_owned()])
        {
            std::os::unix::fs::symlink(to, link).expect("a link");
        }
        for path in [socket.as_path(), place.path(), &links[0], &links[1]] {
            for force in [false, true] {
                let error = write_text(path, "new", force).expect_err("no file");
                assert_eq!(error.code(), "output.no_file", "{error}");
            }
        }
        assert!(links.iter().all(|link| link.is_symlink()));
        drop(held);
        assert!(!socket.is_file());
    }
}
