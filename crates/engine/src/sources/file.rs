//! One file: mapped, recognized by its first bytes, opened as a recording.
#![expect(
    unsafe_code,
    reason = "mapping an input is the only way to read it without copying; see `Source::read`"
)]

use super::rosbag2_sqlite;
use crate::{EngineError, limits::Limits};
use fieldassay_formats::{Recording, mcap, rosbag1};
use std::path::{Path, PathBuf};

/// An input file and its bytes.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    map: Option<memmap2::Mmap>,
}

/// A recording of any format, borrowed from its source.
pub enum OpenedRecording<'a> {
    /// MCAP.
    Mcap(Box<mcap::McapRecording<'a>>),
    /// ROS 1 bag.
    Rosbag1(Box<rosbag1::BagRecording<'a>>),
    /// rosbag2 in SQLite.
    Rosbag2(Box<rosbag2_sqlite::SqliteRecording>),
}

impl OpenedRecording<'_> {
    /// The recording behind the common trait.
    pub fn recording(&self) -> &dyn Recording {
        match self {
            Self::Mcap(recording) => recording.as_ref(),
            Self::Rosbag1(recording) => recording.as_ref(),
            Self::Rosbag2(recording) => recording.as_ref(),
        }
    }
}

impl Source {
    /// Maps a file. The input is opened for reading only and never changed.
    ///
    /// Somebody else cutting the file while it is read would end the process; recordings are not
    /// rewritten in place, and copying every input first would double the I/O.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        let io = |error| EngineError::io("read", path, error);
        let file = std::fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(EngineError::Unsupported {
                path: path.to_owned(),
                reason: "it is a folder".to_owned(),
            });
        }
        let map = if metadata.len() == 0 {
            None
        } else {
            // SAFETY: the map is read only and lives as long as this source; see above.
            Some(unsafe { memmap2::Mmap::map(&file) }.map_err(io)?)
        };
        Ok(Self {
            path: path.to_owned(),
            map,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
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

/// What a file that is no recording looks like.
fn describe(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 7] = [
        (b"\x1f\x8b", "gzip data; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"ULog\x01\x12\x35", "a PX4 ULog, which is not read yet"),
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
    let head: Vec<String> = bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("its first bytes are `{}`", head.join(" "))
}
