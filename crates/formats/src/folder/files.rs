//! Where the bytes of a folder come from.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The files of a folder: paths are relative, with `/` between the parts.
pub trait Files: Sync {
    /// Every path, sorted by bytes.
    fn paths(&self) -> &[String];
    /// Bytes of a file; 0 for a path that is not there.
    fn size(&self, path: &str) -> u64;
    /// The content of a file, mapped or read on use and given back when the value is dropped.
    ///
    /// # Errors
    /// [`FolderError::Missing`] and [`FolderError::Read`].
    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError>;
}

impl dyn Files + '_ {
    /// Whether a path is there. Cost: a binary search.
    pub fn has(&self, path: &str) -> bool {
        self.paths()
            .binary_search_by(|known| known.as_str().cmp(path))
            .is_ok()
    }

    /// The paths that start with `prefix`, a slice of the sorted list. Cost: two binary searches.
    pub fn under(&self, prefix: &str) -> &[String] {
        let paths = self.paths();
        let start = paths.partition_point(|path| path.as_str() < prefix);
        let rest = paths.get(start..).unwrap_or_default();
        let count = rest.partition_point(|path| path.starts_with(prefix));
        rest.get(..count).unwrap_or_default()
    }

    /// The content of the first file whose path begins so; none where there is no such, or it cannot be read.
    pub(crate) fn first(&self, prefix: &str) -> Option<FileBytes<'_>> {
        self.read(self.under(prefix).first()?).ok()
    }

    /// Names of the folders directly below `prefix` (empty, or ending in `/`), each once, sorted.
    /// Cost: a binary search per folder.
    pub fn folders(&self, prefix: &str) -> Vec<&str> {
        let mut rest = self.under(prefix);
        let mut found = Vec::new();
        while let Some(path) = rest.first() {
            let below = path.get(prefix.len()..).unwrap_or_default();
            let skip = match below.split_once('/') {
                Some((name, _)) => {
                    found.push(name);
                    let whole = format!("{prefix}{name}/");
                    rest.partition_point(|path| path.starts_with(&whole))
                }
                None => 1,
            };
            rest = rest.get(skip.max(1)..).unwrap_or_default();
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A small text file as text, invalid UTF-8 replaced.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn text(&self, path: &str) -> Result<String, FolderError> {
        Ok(String::from_utf8_lossy(self.read(path)?.as_ref()).into_owned())
    }
}

/// The content of a file, given back when dropped.
pub enum FileBytes<'a> {
    /// Borrowed from whoever holds the files.
    Borrowed(&'a [u8]),
    /// Read into memory or mapped.
    Owned(Box<dyn AsRef<[u8]> + Send + Sync + 'a>),
}

impl AsRef<[u8]> for FileBytes<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => (**bytes).as_ref(),
        }
    }
}

impl std::fmt::Debug for FileBytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileBytes({} bytes)", self.as_ref().len())
    }
}

/// Why a folder or one of its files cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// A file is not there.
    #[error("`{path}` is missing; hint: copy the folder again from its origin")]
    Missing {
        /// The file.
        path: String,
    },
    /// The system refused.
    #[error("`{path}` cannot be read: {reason}; hint: check its permissions and the disk")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The layout is there and holds no message.
    #[error(
        "the folder is laid out as `{layout}` but holds no message: {reason}; hint: copy it again from its origin"
    )]
    Empty {
        /// Name of the layout.
        layout: &'static str,
        /// What was looked for.
        reason: String,
    },
}

impl FolderError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "folder.missing",
            Self::Read { .. } => "folder.read",
            Self::Empty { .. } => "folder.empty",
        }
    }
}

/// Files held in memory; for tests and for single files that make a recording of their own.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles<'a> {
    paths: Vec<String>,
    files: BTreeMap<String, &'a [u8]>,
}

impl<'a> MemoryFiles<'a> {
    /// Files by path.
    pub fn new(files: impl IntoIterator<Item = (String, &'a [u8])>) -> Self {
        let files: BTreeMap<String, &[u8]> = files.into_iter().collect();
        Self {
            paths: files.keys().cloned().collect(),
            files,
        }
    }
}

impl Files for MemoryFiles<'_> {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, path: &str) -> u64 {
        self.files.get(path).map_or(0, |bytes| bytes.len() as u64)
    }

    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError> {
        self.files
            .get(path)
            .map(|bytes| FileBytes::Borrowed(bytes))
            .ok_or_else(|| FolderError::Missing {
                path: path.to_owned(),
            })
    }
}

/// A folder within a folder, seen as a folder of its own.
pub struct Part<'a> {
    files: &'a dyn Files,
    prefix: String,
    paths: Cow<'a, [String]>,
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({:?}, {} files)", self.prefix, self.paths.len())
    }
}

impl<'a> Part<'a> {
    /// The part below `prefix`, which ends in `/` or is empty.
    pub fn new(files: &'a dyn Files, prefix: &str) -> Self {
        let paths = if prefix.is_empty() {
            Cow::Borrowed(files.paths())
        } else {
            let below = files.under(prefix).iter();
            let below = below.filter_map(|path| path.strip_prefix(prefix));
            below.map(str::to_owned).collect()
        };
        Self {
            files,
            prefix: prefix.to_owned(),
            paths,
        }
    }
}

impl Files for Part<'_> {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, path: &str) -> u64 {
        self.files.size(&format!("{}{path}", self.prefix))
    }

    fn read(&self, path: &str) -> Result<FileBytes<'_>, FolderError> {
        self.files.read(&format!("{}{path}", self.prefix))
    }
}

/// Files kept open while a unit is read: the last few, so that a table is not opened once per row.
#[derive(Debug)]
pub struct OpenFiles<'a> {
    files: &'a dyn Files,
    paths: &'a [String],
    open: Vec<(u32, FileBytes<'a>)>,
}

/// Files [`OpenFiles`] keeps.
const KEPT_OPEN: usize = 8;

impl std::fmt::Debug for dyn Files + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({} paths)", self.paths().len())
    }
}

impl<'a> OpenFiles<'a> {
    pub(crate) fn new(files: &'a dyn Files, paths: &'a [String]) -> Self {
        Self {
            files,
            paths,
            open: Vec::new(),
        }
    }

    /// The path of a file of [`Contents`](super::Contents); empty for a number that names none.
    pub fn path(&self, file: u32) -> &'a str {
        usize::try_from(file)
            .ok()
            .and_then(|file| self.paths.get(file))
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// The content of the first file whose path begins so; none where there is no such, or it cannot be read.
    pub(crate) fn first(&self, prefix: &str) -> Option<FileBytes<'a>> {
        self.files.first(prefix)
    }

    /// The content of a file of [`Contents`](super::Contents), opened when it is not.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub fn bytes(&mut self, file: u32) -> Result<&[u8], FolderError> {
        if let Some(place) = self.open.iter().position(|(known, _)| *known == file) {
            let found = self.open.remove(place);
            self.open.push(found);
        } else {
            let bytes = self.files.read(self.path(file))?;
            if self.open.len() >= KEPT_OPEN {
                self.open.remove(0);
            }
            self.open.push((file, bytes));
        }
        Ok(self
            .open
            .last()
            .map(|(_, bytes)| bytes.as_ref())
            .unwrap_or_default())
    }
}
