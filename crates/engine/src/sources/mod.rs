//! Finding and opening recordings: files, folders, globs.
//!
//! Read [`find`] first, then [`Source`]. Bytes come from a memory map; SQLite needs a file, so
//! `.db3` is opened by path in [`rosbag2_sqlite`].
//!
//! Not here: the formats themselves (`formats`).

mod file;
pub mod rosbag2_sqlite;

pub use file::{OpenedRecording, Source};

use crate::{EngineError, limits::Limits};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Extensions of recordings looked for in folders.
const EXTENSIONS: [&str; 3] = ["mcap", "bag", "db3"];

/// The files a list of paths, folders and globs stands for, sorted, each once.
///
/// A file that is named is taken whatever its extension; folders are searched to their bottom for
/// the known extensions; a pattern that names an existing file is that file.
pub fn find(inputs: &[String], limits: &Limits) -> Result<Vec<PathBuf>, EngineError> {
    let mut found = BTreeSet::new();
    for input in inputs {
        if input.contains("://") {
            return Err(EngineError::Remote { url: input.clone() });
        }
        let path = PathBuf::from(input);
        if path.is_dir() {
            let before = found.len();
            search(&path, &mut found)?;
            if found.len() == before {
                return Err(EngineError::NothingThere { path });
            }
        } else if path.exists() {
            found.insert(path);
        } else if input.contains(['*', '?', '[']) {
            expand(input, &mut found)?;
        } else {
            return Err(EngineError::NotFound { path });
        }
        if found.len() > limits.files {
            return Err(EngineError::Request {
                message: format!(
                    "more than `{}` files in one run\nhint: split the run by folder",
                    limits.files
                ),
            });
        }
    }
    Ok(found.into_iter().collect())
}

fn search(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), EngineError> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| EngineError::io("read", folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| EngineError::io("read", folder, error))?;
        let path = entry.path();
        // `file_type` does not follow links, so a link to a parent cannot make a loop.
        let kind = entry
            .file_type()
            .map_err(|error| EngineError::io("read", &path, error))?;
        if kind.is_dir() {
            search(&path, found)?;
        } else if has_known_extension(&path) && path.is_file() {
            found.insert(path);
        }
    }
    Ok(())
}

fn expand(pattern: &str, found: &mut BTreeSet<PathBuf>) -> Result<(), EngineError> {
    let paths = glob::glob(pattern).map_err(|error| EngineError::Glob {
        pattern: pattern.to_owned(),
        message: error.to_string(),
    })?;
    let before = found.len();
    for path in paths {
        let path = path.map_err(|error| {
            let path = error.path().to_owned();
            EngineError::io("read", &path, error.into())
        })?;
        if path.is_dir() {
            search(&path, found)?;
        } else {
            found.insert(path);
        }
    }
    if found.len() == before {
        return Err(EngineError::NothingThere {
            path: PathBuf::from(pattern),
        });
    }
    Ok(())
}

fn has_known_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}
