//! Finding and opening recordings: files, folders, globs.
//!
//! Read [`find`] first, then [`Source`]. Bytes come from a memory map; SQLite needs a file, so
//! `.db3` is opened by path in [`rosbag2_sqlite`].
//!
//! Not here: the formats themselves (`formats`).

mod file;
mod folder;
pub mod rosbag2_sqlite;

#[cfg(feature = "platform")]
pub(crate) use file::map;
pub use file::{OpenedRecording, Source};
#[cfg(feature = "platform")]
pub(crate) use folder::list_digests;
pub use folder::{FileStat, FolderFiles};

use crate::{EngineError, limits::Limits};
use fieldassay_formats::folder::Files as _;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Extensions of recordings looked for in folders.
const EXTENSIONS: [&str; 4] = ["mcap", "bag", "db3", "ulg"];

/// The recordings a list of paths, folders and globs stands for, sorted, each once.
///
/// A file that is named is taken whatever its extension. A folder with a known layout is one
/// recording; other folders are searched to their bottom for such folders. Files with the known
/// extensions are recordings wherever they lie. A pattern that names an existing file is that file.
pub fn find(inputs: &[String], limits: &Limits) -> Result<Vec<PathBuf>, EngineError> {
    let found = find_with_stats(inputs, limits)?;
    Ok(found.recordings.into_iter().map(|(path, _)| path).collect())
}

/// A recording, and what was said of its file where a folder was listed to find it.
pub type Listed = (PathBuf, Option<FileStat>);

/// Recordings, and what the search learned on the way, so that nobody has to ask the system again.
#[derive(Clone, Debug)]
pub struct Found {
    /// Sorted by path, each once.
    pub recordings: Vec<Listed>,
    /// Whether they are all the files there are.
    pub is_all: bool,
}

/// As [`find`], with what was learned on the way.
pub fn find_with_stats(inputs: &[String], limits: &Limits) -> Result<Found, EngineError> {
    let mut found = Vec::new();
    let mut is_all = true;
    for input in inputs {
        if input.contains("://") {
            return Err(EngineError::Remote { url: input.clone() });
        }
        let path = PathBuf::from(input);
        if path.is_dir() {
            let before = found.len();
            is_all &= search(&path, &mut found, limits)?;
            if found.len() == before {
                return Err(EngineError::NothingThere { path });
            }
        } else if path.exists() {
            found.push((path, None));
        } else if input.contains(['*', '?', '[']) {
            expand(input, &mut found, limits)?;
            is_all = false;
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
    sort_by_path(&mut found, |listed| &listed.0);
    Ok(Found {
        recordings: found,
        is_all,
    })
}

/// Sorts by path and keeps the first of each. Thousands are mostly in order already: one look at each, side by side, tells.
pub(crate) fn sort_by_path<T: Send + Sync>(all: &mut Vec<T>, path: impl Fn(&T) -> &Path + Sync) {
    let is_before = |pair: &[T]| matches!(pair, [a, b] if path(a) < path(b));
    if !all.par_windows(2).all(is_before) {
        all.sort_by(|a, b| path(a).cmp(path(b)));
        all.dedup_by(|later, first| path(later) == path(first));
    }
}

/// Adds the recordings of a folder; gives whether its files are recordings, one each.
fn search(folder: &Path, found: &mut Vec<Listed>, limits: &Limits) -> Result<bool, EngineError> {
    let files = FolderFiles::list(folder, limits)?;
    let mut is_all = files.is_whole();
    for prefix in files.recordings() {
        // An empty relative path would add a separator to the name the user gave.
        let path = if prefix.is_empty() {
            folder.to_owned()
        } else {
            folder.join(prefix.trim_end_matches('/'))
        };
        found.push((path, None));
        is_all = false;
    }
    let before = found.len();
    let known = files.par_stats();
    let known = known.filter(|(path, _)| has_known_extension(Path::new(path)));
    found.par_extend(known.map(|(path, stat)| (folder.join(path), Some(stat))));
    Ok(is_all && found.len() - before == files.paths().len())
}

/// Size of a recording: of its file, or of all files of its folder.
pub fn size_bytes(path: &Path) -> u64 {
    if path.is_dir() {
        FolderFiles::list(path, &Limits::default()).map_or(0, |files| files.size_bytes())
    } else {
        std::fs::metadata(path).map_or(0, |metadata| metadata.len())
    }
}

fn expand(pattern: &str, found: &mut Vec<Listed>, limits: &Limits) -> Result<(), EngineError> {
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
            search(&path, found, limits)?;
        } else {
            found.push((path, None));
        }
    }
    if found.len() == before {
        return Err(EngineError::NothingThere {
            path: PathBuf::from(pattern),
        });
    }
    Ok(())
}

/// Whether a file is a recording by its name or its first bytes.
#[cfg(feature = "platform")]
pub(crate) fn is_recording(path: &Path) -> bool {
    has_known_extension(path) || Source::read(path).is_ok_and(|source| source.is_recording())
}

fn has_known_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            let mut known = EXTENSIONS.iter();
            known.any(|known| known.eq_ignore_ascii_case(extension))
        })
}

#[cfg(test)]
mod tests {
    use super::{has_known_extension, sort_by_path};
    use std::path::{Path, PathBuf};

    #[test]
    fn paths_are_sorted_by_their_parts_and_the_first_of_each_stays() {
        let sorted = |paths: &[&str]| {
            let mut all: Vec<(PathBuf, usize)> = paths
                .iter()
                .enumerate()
                .map(|(at, path)| (PathBuf::from(path), at))
                .collect();
            sort_by_path(&mut all, |(path, _)| path);
            all.into_iter().map(|(_, at)| at).collect::<Vec<_>>()
        };
        assert!(sorted(&[]).is_empty());
        assert_eq!(sorted(&["a", "b", "c"]), [0, 1, 2]);
        assert_eq!(sorted(&["a-b", "a/b"]), [1, 0]);
        assert_eq!(sorted(&["b", "a", "b", "a/c"]), [1, 3, 0]);
        assert_eq!(sorted(&["a", "a", "b"]), [0, 2]);
    }

    #[test]
    fn extensions_are_known_in_any_case() {
        for (name, is_known) in [
            ("a.mcap", true),
            ("a.MCAP", true),
            ("a.Db3", true),
            ("mcap", false),
            ("a.mcap.zst", false),
            ("a", false),
        ] {
            assert_eq!(has_known_extension(Path::new(name)), is_known, "{name}");
        }
    }
}
