//! What is to be brought in: recordings, and files and folders of labels, each with its files.
//!
//! Read [`Input`] first. Not here: reading them (`keep`).

use crate::EngineError;
use crate::limits::Limits;
use crate::sources::{self, FileStat, FolderFiles, Found};
use crate::workspace::layouts::{self, Form, LabelInput, Skipped};
use fieldassay_store::{Known, SeenFile, Verdicts};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// One input: what becomes a row of `recordings`.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// As the user would name it.
    pub(super) path: PathBuf,
    /// The path under which it is known again.
    pub(super) absolute: String,
    pub(super) kind: Kind,
    /// Size, time and number of its files, by which it is known again without reading.
    pub(super) stamp: Stamp,
}

/// What an input is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A recording, checked and indexed.
    Recording,
    /// A layout of labels, or a table of votes, predictions, events or outcomes.
    Labels(Box<LabelInput>),
}

impl Kind {
    /// The stamp of an input of this kind as it is now. Errors: what the system says, when it is gone.
    pub(super) fn stamp(&self, path: &Path) -> Result<Stamp, EngineError> {
        match self {
            Self::Recording => Stamp::of(path),
            Self::Labels(labels) => {
                let all: Result<Vec<_>, EngineError> = labels
                    .files
                    .iter()
                    .map(|file| Ok((file.to_string_lossy(), Stamp::of(file)?)))
                    .collect();
                let all = all?;
                Ok(match all.as_slice() {
                    [(_, one)] => *one,
                    all => Stamp::of_files(all.iter().map(|(name, stamp)| (name.as_ref(), *stamp))),
                })
            }
        }
    }
}

/// What tells without reading that files are the same as before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::workspace) struct Stamp {
    pub(super) size_bytes: u64,
    /// Of the youngest file.
    pub(super) modified_ns: i64,
    /// Of a folder a digest of names, sizes, times and numbers of its files.
    pub(super) inode: i64,
    pub(super) files: usize,
}

impl Stamp {
    /// The stamp of a file or of all files of a folder. Errors: what the system says, when it is gone.
    pub(super) fn of(path: &Path) -> Result<Self, EngineError> {
        let metadata =
            std::fs::metadata(path).map_err(|error| EngineError::io("read", path, error))?;
        if metadata.is_file() {
            return Ok(Self::of_file(FileStat::of(&metadata)));
        }
        let files = FolderFiles::list(path, &Limits::default())?;
        let all = files.stats();
        Ok(Self::of_files(
            all.map(|(name, stat)| (name, Self::of_file(stat))),
        ))
    }

    /// The stamp of a list of files, in its order.
    pub(super) fn of_files<'a>(files: impl Iterator<Item = (&'a str, Self)>) -> Self {
        let mut all = Self::default();
        let mut digest = blake3::Hasher::new();
        for (name, one) in files {
            all.size_bytes += one.size_bytes;
            all.modified_ns = all.modified_ns.max(one.modified_ns);
            all.files += 1;
            let line = format!(
                "{name}\0{}\0{}\0{}\n",
                one.size_bytes, one.modified_ns, one.inode
            );
            digest.update(line.as_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(digest.finalize().as_bytes().get(..8).unwrap_or(&[0; 8]));
        all.inode = i64::from_le_bytes(first);
        all
    }

    fn of_file(stat: FileStat) -> Self {
        Self {
            size_bytes: stat.size_bytes,
            modified_ns: stat.modified_ns,
            inode: stat.inode,
            files: 1,
        }
    }

    /// Whether a file that was brought in before is this one.
    pub(super) fn is(&self, seen: &SeenFile) -> bool {
        i64::try_from(self.size_bytes) == Ok(seen.size_bytes)
            && (self.modified_ns, self.inode) == (seen.modified_ns, seen.inode)
    }
}

/// What was brought in before.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Sorted by absolute path.
    pub(super) files: Vec<Known>,
    pub(super) verdicts: Verdicts,
}

impl Before {
    /// What is known of a file.
    pub(super) fn get(&self, absolute: &str) -> Option<&Known> {
        let by_path = |known: &Known| known.file.path.as_str().cmp(absolute);
        let at = self.files.binary_search_by(by_path).ok()?;
        self.files.get(at)
    }
}

/// Everything the user named.
pub(super) struct Listed {
    /// Sorted by path, each once.
    pub(super) inputs: Vec<Input>,
    /// What was brought in before.
    pub(super) before: Before,
    /// Files nothing is made of, and how many there are.
    pub(super) skipped: (Vec<Skipped>, u64),
}

/// Everything the user named. What was brought in before is asked for once recordings were listed: where a stamp is the
/// same, a file is not looked into to tell what it holds.
///
/// Errors: a path where nothing is, or where nothing is known; what `before` says.
pub(super) fn find(
    named: &[String],
    form: Option<Form>,
    limits: &Limits,
    before: impl FnOnce() -> Result<Before, EngineError>,
) -> Result<Listed, EngineError> {
    // The system is asked once, not for every path.
    let here = std::env::current_dir().unwrap_or_default();
    let absolute = |path: &Path| absolute(&here, path);
    let mut found: Vec<(PathBuf, Kind, Option<FileStat>)> = Vec::new();
    let mut others: Vec<PathBuf> = Vec::new();
    for one in &spelled_out(named)? {
        let path = PathBuf::from(one);
        let recordings = if form.is_some() {
            NONE
        } else {
            recordings(one, limits)?
        };
        // A folder may hold both; a file is what it is.
        if recordings.recordings.is_empty() || (path.is_dir() && !recordings.is_all) {
            others.push(path);
        }
        let recordings = recordings.recordings.into_iter();
        found.extend(recordings.map(|(path, stat)| (path, Kind::Recording, stat)));
    }
    // Asked only where there may be labels besides.
    let taken = found.iter().filter(|_| !others.is_empty());
    let taken: Vec<PathBuf> = taken.map(|(path, ..)| path.clone()).collect();
    let before = before()?;
    let form_of = |path: &Path| {
        let known = before.get(&absolute(path))?;
        let is_same = Stamp::of(path).is_ok_and(|stamp| stamp.is(&known.file));
        let format = known.format.as_deref()?;
        let form = Form::ALL.iter().find(|form| form.name() == format);
        form.copied().filter(|_| is_same)
    };
    let survey = layouts::find(&others, &taken, form, &form_of)?;
    for labels in survey.inputs {
        found.push((labels.path.clone(), Kind::Labels(Box::new(labels)), None));
    }
    // Recordings stay where both are said of one path.
    sources::sort_by_path(&mut found, |(path, ..)| path);
    let inputs: Result<Vec<Input>, EngineError> = found
        .into_par_iter()
        .map(|(path, kind, stat)| {
            Ok(Input {
                absolute: absolute(&path),
                stamp: match stat {
                    Some(stat) => Stamp::of_file(stat),
                    None => kind.stamp(&path)?,
                },
                path,
                kind,
            })
        })
        .collect();
    Ok(Listed {
        inputs: inputs?,
        before,
        skipped: (survey.skipped, survey.skipped_count),
    })
}

/// A path from the root, without parts that mean nothing.
fn absolute(here: &Path, path: &Path) -> String {
    // Thousands of paths are plain: putting them together by their parts takes longer than asking the system about them.
    let is_plain = |text: &&str| {
        !["//", "/./"].iter().any(|part| text.contains(part))
            && !text.starts_with("./")
            && !text.ends_with(['/', '.'])
            && !text.is_empty()
    };
    if cfg!(unix)
        && let (Some(here), Some(path)) = (here.to_str(), path.to_str().filter(is_plain))
        && here.starts_with('/')
    {
        return if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", here.trim_end_matches('/'))
        };
    }
    let path = here.join(path);
    let path = std::path::absolute(&path).unwrap_or(path);
    path.display().to_string()
}

/// Patterns as the paths they stand for; a path that is there is itself.
fn spelled_out(named: &[String]) -> Result<Vec<String>, EngineError> {
    let mut all = Vec::new();
    for one in named {
        if one.contains("://") {
            return Err(EngineError::Remote { url: one.clone() });
        }
        if Path::new(one).exists() || !one.contains(['*', '?', '[']) {
            all.push(one.clone());
            continue;
        }
        let paths = glob::glob(one).map_err(|error| EngineError::Glob {
            pattern: one.clone(),
            message: error.to_string(),
        })?;
        let before = all.len();
        all.extend(paths.flatten().map(|path| path.display().to_string()));
        if all.len() == before {
            return Err(EngineError::NothingThere {
                path: PathBuf::from(one),
            });
        }
    }
    Ok(all)
}

/// No recording among the files.
const NONE: Found = Found {
    recordings: Vec::new(),
    is_all: false,
};

/// Recordings among what one argument names; none where it names a file that is no recording, or a folder without any.
fn recordings(named: &str, limits: &Limits) -> Result<Found, EngineError> {
    let path = Path::new(named);
    if path.is_file() && !sources::is_recording(path) {
        return Ok(NONE);
    }
    match sources::find_with_stats(&[named.to_owned()], limits) {
        Err(EngineError::NothingThere { .. }) if path.is_dir() => Ok(NONE),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::absolute;
    use std::path::Path;

    #[cfg(unix)]
    #[test]
    fn plain_paths_and_others_are_as_the_library_makes_them() {
        let here = Path::new("/data/here");
        for path in [
            "a", "a/b.mcap", "/a/b", "./a", "a/./b", "a//b", "a/", "..", "../a", "a/../b", ".",
            "a.", "a/.b", "//a", "/", "a/..",
        ] {
            let slow = std::path::absolute(here.join(path)).expect("a path");
            assert_eq!(
                absolute(here, Path::new(path)),
                slow.display().to_string(),
                "{path}"
            );
        }
        assert_eq!(absolute(Path::new("/"), Path::new("a")), "/a");
    }
}
