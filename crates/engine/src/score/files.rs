//! Reading labels and predictions from disk.

use crate::EngineError;
use std::path::{Path, PathBuf};

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, EngineError> {
    crate::input::bytes(path, "file", |path| EngineError::NoLabels { path })
}

/// A path for messages.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// The name of a file without its ending.
pub(super) fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The entries of a folder, sorted by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let io = |error| EngineError::io("read", folder, error);
    let entries = std::fs::read_dir(folder).map_err(io)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The files of a folder with one of these endings, sorted by name. Errors: there is none.
pub(super) fn with_ending(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, EngineError> {
    exists(folder)?;
    let found = entries(folder)?.into_iter();
    some(
        folder,
        endings,
        found.filter(|path| has_ending(path, endings)).collect(),
    )
}

/// The files of a folder and the folders in it with one of these endings, sorted by path. Errors: there is none.
pub(super) fn below(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, EngineError> {
    /// Folders in folders, so that a link to a folder above has an end.
    const DEPTH: usize = 16;
    fn add(
        folder: &Path,
        endings: &[&str],
        depth: usize,
        out: &mut Vec<PathBuf>,
    ) -> Result<(), EngineError> {
        for path in entries(folder)? {
            if path.is_dir() && depth < DEPTH {
                add(&path, endings, depth + 1, out)?;
            } else if has_ending(&path, endings) {
                out.push(path);
            }
        }
        Ok(())
    }
    exists(folder)?;
    let mut found = Vec::new();
    add(folder, endings, 0, &mut found)?;
    found.sort();
    some(folder, endings, found)
}

fn exists(path: &Path) -> Result<(), EngineError> {
    if path.exists() {
        return Ok(());
    }
    Err(EngineError::NoLabels {
        path: path.to_owned(),
    })
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let mut endings = endings.iter();
    path.is_file() && endings.any(|wanted| ending.eq_ignore_ascii_case(wanted))
}

fn some(folder: &Path, endings: &[&str], found: Vec<PathBuf>) -> Result<Vec<PathBuf>, EngineError> {
    if found.is_empty() {
        return Err(EngineError::Request {
            message: format!(
                "`{}` holds no file ending in .{}\nhint: give the folder the files lie in",
                folder.display(),
                endings.join(" or .")
            ),
        });
    }
    Ok(found)
}

/// Numbers of names, by the order in which they are first met.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    numbers: std::collections::BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of a name, a new one where it is new.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    /// The number of a name that is known.
    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Names in the order of their numbers.
    pub(super) fn list(&self) -> &[String] {
        &self.names
    }
}
