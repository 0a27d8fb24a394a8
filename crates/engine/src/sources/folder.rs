//! A folder whose layout makes it one recording: its files listed once, mapped when they are read.
#![expect(
    unsafe_code,
    reason = "mapping an input is the only way to read it without copying; see `Source::read`"
)]

use crate::{EngineError, digests, limits::Limits};
use fieldassay_formats::folder::{FileBytes, Files, FolderError, Layout, Part, detect};
use fieldassay_model::{Digests, hexadecimal};
use rayon::prelude::*;
use sha2::Digest as _;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What the system says of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Its size.
    pub size_bytes: u64,
    /// When it was changed last, nanoseconds since 1970; 0 where it is not told.
    pub modified_ns: i64,
    /// Its number in the file system; 0 where there is none.
    pub inode: i64,
}

impl FileStat {
    /// Of a file that was asked about.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Self {
            size_bytes: metadata.len(),
            modified_ns: since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(0)),
            inode: inode(metadata),
        }
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.ino().cast_signed()
}

#[cfg(not(unix))]
fn inode(_metadata: &std::fs::Metadata) -> i64 {
    0
}

/// The files below a folder. None is held open.
#[derive(Debug)]
pub struct FolderFiles {
    root: PathBuf,
    paths: Vec<String>,
    stats: Vec<FileStat>,
    is_whole: bool,
}

impl FolderFiles {
    /// Lists a folder to its bottom. Links to folders are not followed, so they cannot make a loop;
    /// names that are not UTF-8 are left out, no layout has any.
    pub fn list(root: &Path, limits: &Limits) -> Result<Self, EngineError> {
        let mut found: Vec<(String, FileStat)> = Vec::new();
        let mut waiting = vec![(root.to_owned(), String::new())];
        let mut is_whole = true;
        while let Some((folder, prefix)) = waiting.pop() {
            let io = |error| EngineError::io("read", &folder, error);
            let mut files = Vec::new();
            for entry in std::fs::read_dir(&folder).map_err(io)? {
                let entry = entry.map_err(io)?;
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                    is_whole = false;
                    continue;
                };
                let kind = entry.file_type().map_err(io)?;
                if kind.is_dir() {
                    waiting.push((entry.path(), format!("{prefix}{name}/")));
                } else {
                    files.push((entry, format!("{prefix}{name}"), kind.is_symlink()));
                }
            }
            // Asked by the entry, the system need not walk the path again.
            let stats = files.into_par_iter().filter_map(|(entry, name, is_link)| {
                let metadata = if is_link {
                    std::fs::metadata(entry.path())
                } else {
                    entry.metadata()
                };
                let metadata = metadata.ok().filter(std::fs::Metadata::is_file)?;
                Some((name, FileStat::of(&metadata)))
            });
            found.par_extend(stats);
            if found.len() > limits.files {
                return Err(EngineError::Request {
                    message: format!(
                        "more than `{}` files are in `{}`\nhint: split the run by folder",
                        limits.files,
                        root.display()
                    ),
                });
            }
        }
        // Paths are each there once.
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (paths, stats) = found.into_iter().unzip();
        Ok(Self {
            root: root.to_owned(),
            paths,
            stats,
            is_whole,
        })
    }

    /// Folders that are recordings: this one, or those found going down until a layout fits.
    /// Paths are relative, empty for this folder itself.
    pub fn recordings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![String::new()];
        while let Some(prefix) = waiting.pop() {
            let part = Part::new(self, &prefix);
            if detect(&part).is_some() {
                found.push(prefix);
                continue;
            }
            let part: &dyn Files = &part;
            for name in part.folders("") {
                waiting.push(format!("{prefix}{name}/"));
            }
        }
        found
    }

    /// The layout of this folder.
    pub fn layout(&self) -> Option<Layout> {
        detect(self)
    }

    /// Size of all files.
    pub fn size_bytes(&self) -> u64 {
        self.stats.iter().map(|stat| stat.size_bytes).sum()
    }

    /// Digests of the sorted list of files: of the text `<digest>  <path>\n` per file, sorted by
    /// path, which is what `sha256sum` and `b3sum` print. Files are read in parallel, one map per thread.
    pub fn digests(&self) -> Result<Digests, EngineError> {
        let each: Vec<Digests> = self
            .paths
            .par_iter()
            .map(|path| {
                let bytes = self.read(path).map_err(|error| EngineError::Unsupported {
                    path: self.root.clone(),
                    reason: error.to_string(),
                })?;
                Ok(digests(bytes.as_ref(), &|_| ()))
            })
            .collect::<Result<_, EngineError>>()?;
        Ok(list_digests(
            self.paths.iter().map(String::as_str).zip(&each),
        ))
    }

    /// Whether nothing was left out.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What was said of each file when the folder was listed, with its path within the folder.
    pub fn stats(&self) -> impl Iterator<Item = (&str, FileStat)> {
        let paths = self.paths.iter().map(String::as_str);
        paths.zip(self.stats.iter().copied())
    }

    /// As [`Self::stats`], side by side.
    pub fn par_stats(&self) -> impl ParallelIterator<Item = (&str, FileStat)> {
        let paths = self.paths.par_iter().map(String::as_str);
        paths.zip(self.stats.par_iter().copied())
    }

    /// Where each file lies, with its path within the folder.
    pub fn files(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        let paths = self.paths.iter();
        paths.map(|path| (path.as_str(), self.root.join(path)))
    }
}

/// Digests of a list of files that is sorted by path: of the text `<digest>  <path>\n` per file.
pub(crate) fn list_digests<'a>(files: impl Iterator<Item = (&'a str, &'a Digests)>) -> Digests {
    let (mut sha256, mut blake3) = (sha2::Sha256::new(), blake3::Hasher::new());
    let mut line = String::new();
    for (path, digests) in files {
        line.clear();
        let _ = writeln!(line, "{}  {path}", digests.sha256);
        sha256.update(line.as_bytes());
        line.clear();
        let _ = writeln!(line, "{}  {path}", digests.blake3);
        blake3.update(line.as_bytes());
    }
    Digests {
        sha256: hexadecimal(&sha256.finalize()),
        blake3: blake3.finalize().to_hex().to_string(),
    }
}

impl Files for FolderFiles {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, path: &str) -> u64 {
        self.paths
            .binary_search_by(|known| known.as_str().cmp(path))
            .ok()
            .and_then(|index| self.stats.get(index))
            .map_or(0, |stat| stat.size_bytes)
    }

    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError> {
        let missing = || FolderError::Missing {
            path: path.to_owned(),
        };
        self.paths
            .binary_search_by(|known| known.as_str().cmp(path))
            .map_err(|_| missing())?;
        let refused = |error: std::io::Error| FolderError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let file = std::fs::File::open(self.root.join(path)).map_err(refused)?;
        if file.metadata().map_err(refused)?.len() == 0 {
            return Ok(FileBytes::Borrowed(&[]));
        }
        // SAFETY: the map is read only and lives as long as the value; see `Source::read`.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(refused)?;
        Ok(FileBytes::Owned(Box::new(map)))
    }
}
