//! Folders of passing files: what a process that was killed left there is cleared away by the next.

use crate::EngineError;
use std::fs::File;
use std::path::Path;

/// A folder of passing files that is in use; the system lets go of it with the process, however it ends.
#[derive(Debug)]
pub(super) struct Passing {
    _lock: File,
}

impl Passing {
    /// Enters a folder, beside which lies a file of the same name and `.lock`. Where nobody is in it, it is cleared first.
    ///
    /// Errors: what the system says, as on a disk that is only to be read.
    pub(super) fn enter(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.with_added_extension("lock");
        let io = |error| EngineError::io("lock", &path, error);
        let file = File::create(&path).map_err(io)?;
        if file.try_lock().is_ok() {
            if folder.exists() {
                std::fs::remove_dir_all(folder)
                    .map_err(|error| EngineError::io("clear", folder, error))?;
            }
            file.unlock().map_err(io)?;
        }
        file.lock_shared().map_err(io)?;
        Ok(Self { _lock: file })
    }
}

#[cfg(test)]
mod tests {
    use super::Passing;

    #[test]
    fn what_is_left_is_cleared_when_nobody_is_there() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("spill");
        let file = folder.join("left");
        let leave = || {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&file, b"x").expect("a file");
        };
        leave();
        let first = Passing::enter(&folder).expect("entered");
        assert!(!file.exists());
        leave();
        let second = Passing::enter(&folder).expect("entered");
        assert!(file.exists(), "the first is in it");
        drop((first, second));
        drop(Passing::enter(&folder).expect("entered"));
        assert!(!file.exists());
        assert!(Passing::enter(&place.path().join("none/spill")).is_err());
    }
}
