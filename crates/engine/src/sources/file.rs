//! One input: a file, mapped and recognized by its first bytes, or a folder with a known layout.
#![expect(
    unsafe_code,
    reason = "mapping an input is the only way to read it without copying; see `Source::read`"
)]

use super::{FolderFiles, rosbag2_sqlite};
use crate::{EngineError, digests, limits::Limits};
use fieldassay_formats::folder::{self, FolderRecording};
use fieldassay_formats::{Recording, mcap, rosbag1, trajectory, ulog};
use fieldassay_model::Digests;
use std::path::{Path, PathBuf};

/// An input and where its bytes are.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    content: Content,
}

/// What an input is.
#[derive(Debug)]
enum Content {
    /// A file; no map when it is empty.
    File(Option<memmap2::Mmap>),
    /// A trajectory in a file, and its times where they are in one apart.
    Trajectory(trajectory::Kind, TrajectoryFiles),
    /// A folder whose layout makes it one recording.
    Folder(folder::Layout, FolderFiles),
}

/// A recording of any format, borrowed from its source.
pub enum OpenedRecording<'a> {
    /// MCAP.
    Mcap(Box<mcap::McapRecording<'a>>),
    /// ROS 1 bag.
    Rosbag1(Box<rosbag1::BagRecording<'a>>),
    /// rosbag2 in SQLite.
    Rosbag2(Box<rosbag2_sqlite::SqliteRecording>),
    /// PX4 `ULog`.
    Ulog(Box<ulog::UlogRecording<'a>>),
    /// A folder, or a trajectory file.
    Folder(Box<FolderRecording<'a>>),
}

/// The kind of a trajectory, its bytes, and those of its times where they are in a file apart.
pub(crate) type TrajectoryText<'a> = (trajectory::Kind, &'a [u8], Option<&'a [u8]>);

impl OpenedRecording<'_> {
    /// The recording behind the common trait.
    pub fn recording(&self) -> &dyn Recording {
        match self {
            Self::Mcap(recording) => recording.as_ref(),
            Self::Rosbag1(recording) => recording.as_ref(),
            Self::Rosbag2(recording) => recording.as_ref(),
            Self::Ulog(recording) => recording.as_ref(),
            Self::Folder(recording) => recording.as_ref(),
        }
    }
}

impl Source {
    /// Maps a file, or lists a folder. The input is opened for reading only and never changed.
    ///
    /// Somebody else cutting a file while it is read would end the process; recordings are not
    /// rewritten in place, and copying every input first would double the I/O.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        Self::read_as(path, None)
    }

    /// As [`Source::read`], with a file taken for a trajectory of that kind whatever its rows look like.
    pub(crate) fn read_as(
        path: &Path,
        kind: Option<trajectory::Kind>,
    ) -> Result<Self, EngineError> {
        let content = if path.is_dir() {
            let files = FolderFiles::list(path, &Limits::default())?;
            let layout = files.layout().ok_or_else(|| EngineError::Unsupported {
                path: path.to_owned(),
                reason: "it is a folder of no known layout".to_owned(),
            })?;
            Content::Folder(layout, files)
        } else {
            let map = map(path)?;
            let bytes = map.as_deref().unwrap_or_default();
            match kind.or_else(|| trajectory::sniff(bytes)) {
                Some(kind) => Content::Trajectory(kind, TrajectoryFiles::new(path, kind, map)),
                None => Content::File(map),
            }
        };
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// The kind of a trajectory in a file, its bytes, and those of its times where they are in one apart.
    pub(crate) fn trajectory(&self) -> Option<TrajectoryText<'_>> {
        match &self.content {
            Content::Trajectory(kind, files) => Some((*kind, self.bytes(), files.times.as_deref())),
            Content::File(_) | Content::Folder(..) => None,
        }
    }

    /// The bytes of a file that is no trajectory.
    pub(crate) fn file(&self) -> Option<&[u8]> {
        match &self.content {
            Content::File(map) => Some(map.as_deref().unwrap_or_default()),
            Content::Trajectory(..) | Content::Folder(..) => None,
        }
    }

    /// The kind of trajectory a file of text was probably meant to be, by the columns of its first row.
    pub(crate) fn likely_trajectory(&self) -> Option<trajectory::Kind> {
        match &self.content {
            Content::File(map) => trajectory::likely(map.as_deref().unwrap_or_default()),
            Content::Trajectory(..) | Content::Folder(..) => None,
        }
    }

    /// Whether its first bytes, its rows or its layout are those of a recording.
    #[cfg(feature = "platform")]
    pub(crate) fn is_recording(&self) -> bool {
        match &self.content {
            Content::Trajectory(..) | Content::Folder(..) => true,
            Content::File(_) => {
                let bytes = self.bytes();
                mcap::sniff(bytes)
                    || rosbag1::sniff(bytes)
                    || ulog::sniff(bytes)
                    || rosbag2_sqlite::sniff(bytes)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes; none of a folder.
    fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::File(map) => map.as_deref().unwrap_or_default(),
            Content::Trajectory(_, files) => files.poses.as_deref().unwrap_or_default(),
            Content::Folder(..) => &[],
        }
    }

    /// Bytes of the file, or of all files of the folder.
    pub fn size_bytes(&self) -> u64 {
        match &self.content {
            Content::Folder(_, files) => files.size_bytes(),
            Content::File(_) | Content::Trajectory(..) => self.bytes().len() as u64,
        }
    }

    /// The files it is made of, with their paths within it: the file itself, or every file of the folder, sorted.
    #[cfg(feature = "platform")]
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        match &self.content {
            Content::Folder(_, files) => files
                .files()
                .map(|(path, file)| (path.to_owned(), file))
                .collect(),
            Content::File(_) | Content::Trajectory(..) => {
                let name = self.path.file_name().unwrap_or_default();
                vec![(name.to_string_lossy().into_owned(), self.path.clone())]
            }
        }
    }

    /// Files beside it that say something about it: times of KITTI poses, `metadata.yaml` of rosbag2.
    #[cfg(feature = "platform")]
    pub(crate) fn companions(&self, path: &Path) -> Vec<(String, PathBuf)> {
        let beside = match &self.content {
            Content::Trajectory(trajectory::Kind::Kitti, _) => times_beside(path),
            Content::File(_) if rosbag2_sqlite::sniff(self.bytes()) => {
                Some(path.with_file_name("metadata.yaml")).filter(|file| file.is_file())
            }
            _ => None,
        };
        let named =
            beside.and_then(|file| Some((file.file_name()?.to_string_lossy().into_owned(), file)));
        named.into_iter().collect()
    }

    /// The layout, where it is a folder.
    pub(crate) fn layout(&self) -> Option<folder::Layout> {
        match &self.content {
            Content::Folder(layout, _) => Some(*layout),
            Content::File(_) | Content::Trajectory(..) => None,
        }
    }

    /// Digests of the bytes; of a folder those of its sorted list of files, see
    /// [`FolderFiles::digests`].
    ///
    /// # Errors
    /// When a file of a folder cannot be read.
    pub fn digests(&self) -> Result<Digests, EngineError> {
        match &self.content {
            Content::Folder(_, files) => files.digests(),
            Content::File(_) | Content::Trajectory(..) => Ok(digests(self.bytes(), &|_| ())),
        }
    }

    /// Opens it by what its first bytes say, whatever its name.
    ///
    /// `scan_definitions` reads every chunk for channel definitions instead of trusting the index.
    pub fn open(
        &self,
        scan_definitions: bool,
        limits: &Limits,
    ) -> Result<OpenedRecording<'_>, EngineError> {
        let bytes = self.bytes();
        let unsupported = |reason: String| EngineError::Unsupported {
            path: self.path.clone(),
            reason,
        };
        let folder = match &self.content {
            Content::File(_) => None,
            Content::Folder(layout, files) => Some(folder::open(files, *layout, limits.formats())),
            Content::Trajectory(kind, files) => {
                let layout = trajectory::layout(*kind);
                Some(folder::open(files, layout, limits.formats()))
            }
        };
        if let Some(opened) = folder {
            return opened
                .map(|recording| OpenedRecording::Folder(Box::new(recording)))
                .map_err(|error| unsupported(error.to_string()));
        }
        if ulog::sniff(bytes) {
            return ulog::UlogRecording::open(bytes, limits.formats())
                .map(|recording| OpenedRecording::Ulog(Box::new(recording)))
                .map_err(|error| unsupported(error.to_string()));
        }
        if mcap::sniff(bytes) {
            let options = mcap::OpenOptions {
                scan_definitions,
                limits: limits.formats(),
            };
            return mcap::McapRecording::open(bytes, options)
                .map(|recording| OpenedRecording::Mcap(Box::new(recording)))
                .map_err(|error| unsupported(error.to_string()));
        }
        if rosbag1::sniff(bytes) {
            return rosbag1::BagRecording::open(bytes, limits.formats())
                .map(|recording| OpenedRecording::Rosbag1(Box::new(recording)))
                .map_err(|error| unsupported(error.to_string()));
        }
        if rosbag2_sqlite::sniff(bytes) {
            let metadata = self.metadata_yaml();
            return rosbag2_sqlite::SqliteRecording::open(&self.path, metadata.as_deref())
                .map(|recording| OpenedRecording::Rosbag2(Box::new(recording)))
                .map_err(|error| unsupported(error.to_string()));
        }
        Err(unsupported(describe(bytes)))
    }

    /// The `metadata.yaml` rosbag2 writes beside its files.
    fn metadata_yaml(&self) -> Option<String> {
        std::fs::read_to_string(self.path.with_file_name("metadata.yaml")).ok()
    }
}

/// Maps a file; none when it is empty.
pub(crate) fn map(path: &Path) -> Result<Option<memmap2::Mmap>, EngineError> {
    let io = |error| EngineError::io("read", path, error);
    let file = std::fs::File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() == 0 {
        return Ok(None);
    }
    // SAFETY: the map is read only and lives as long as its source; see `Source::read`.
    unsafe { memmap2::Mmap::map(&file) }.map(Some).map_err(io)
}

/// A trajectory in a file, seen as a folder of two.
#[derive(Debug)]
struct TrajectoryFiles {
    paths: Vec<String>,
    poses: Option<memmap2::Mmap>,
    times: Option<memmap2::Mmap>,
}

/// The file of times that belongs to KITTI poses.
fn times_beside(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let places = [
        path.with_file_name(format!("{stem}_times.txt")),
        path.with_file_name("times.txt"),
        path.with_file_name(format!("../sequences/{stem}/times.txt")),
    ];
    places.into_iter().find(|path| path.is_file())
}

impl TrajectoryFiles {
    /// KITTI poses have their times in a file apart: `<name>_times.txt` or `times.txt` beside
    /// them, or that of the sequence where the folders are those of the benchmark.
    fn new(path: &Path, kind: trajectory::Kind, poses: Option<memmap2::Mmap>) -> Self {
        let times = if kind == trajectory::Kind::Kitti {
            times_beside(path).and_then(|path| map(&path).ok().flatten())
        } else {
            None
        };
        let mut paths = vec![trajectory::TRAJECTORY_PATH.to_owned()];
        if times.is_some() {
            paths.push(trajectory::TIMES_PATH.to_owned());
        }
        Self {
            paths,
            poses,
            times,
        }
    }

    fn content(&self, path: &str) -> Option<&[u8]> {
        match path {
            trajectory::TRAJECTORY_PATH => Some(self.poses.as_deref().unwrap_or_default()),
            trajectory::TIMES_PATH => self.times.as_deref(),
            _ => None,
        }
    }
}

impl folder::Files for TrajectoryFiles {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn size(&self, path: &str) -> u64 {
        self.content(path).map_or(0, |bytes| bytes.len() as u64)
    }

    fn read(&self, path: &str) -> Result<folder::FileBytes<'_>, folder::FolderError> {
        self.content(path)
            .map(folder::FileBytes::Borrowed)
            .ok_or_else(|| folder::FolderError::Missing {
                path: path.to_owned(),
            })
    }
}

/// What a file that is no recording looks like.
fn describe(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip data; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"PAR1", "a Parquet file, not a recording"),
        (b"RRF2", "a Rerun recording, which is not read"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer; run `git lfs pull` first",
        ),
    ];
    if bytes.is_empty() {
        return "it is empty".to_owned();
    }
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return format!("it is {what}");
    }
    let text = bytes.get(..256).unwrap_or(bytes);
    if std::str::from_utf8(text).is_ok_and(|text| !text.contains('\0')) {
        return "it is text, and no trajectory: rows of TUM have 8 numbers, of KITTI 12, of EuRoC 8 or more after a time in nanoseconds".to_owned();
    }
    let head: Vec<String> = bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("its first bytes are `{}`", head.join(" "))
}
