//! Recordings that cannot be read by byte range, put together again from their blobs: databases, logs, folders.

use super::ask::{Row, quoted};
use crate::EngineError;
use crate::limits::Limits;
use crate::sources::Source;
use fieldassay_formats::{Buffers, Channel, Message, Visitor};
use fieldassay_query::recordings::{Recordings, Wanted};
use fieldassay_query::{Options, QueryError, Session, Sources};
use fieldassay_store::{Blobs, Place};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Bytes of a blob that are fetched at a time.
const PIECE_BYTES: u64 = 16 << 20;

/// Puts recordings together again.
#[derive(Clone, Debug)]
pub(super) struct Materializer {
    pub(super) place: Place,
    pub(super) sources: Sources,
    pub(super) runtime: Arc<Runtime>,
}

/// A recording in a folder of its own, which is gone when this is dropped. In a store that is a folder it is made of
/// links.
pub(super) struct Together {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

/// One file of a recording.
struct File {
    name: String,
    sha256: String,
    size_bytes: u64,
    /// Whether it is the recording, and not one of the files of a folder or one that stands beside.
    is_recording: bool,
}

impl Materializer {
    /// Waits here, on whatever thread: a clip is read by the one that already drives the question.
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::task::block_in_place(|| self.runtime.block_on(future))
    }

    pub(super) fn together(&self, recording_id: &str) -> Result<Together, EngineError> {
        let files = self.wait(self.files(recording_id))?;
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |error| EngineError::io(action, &path, error)
        };
        // Not in `staging`, which a run of `ingest` clears away.
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("fieldassay-reading-")
            .tempdir_in(&parent)
            .map_err(io("write", &parent))?;
        for file in &files {
            let path = folder.path().join(&file.name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(io("create", parent))?;
            }
            self.fetch(file, &path)?;
        }
        // What stands beside the file of a recording is no part of it, but its reader looks for it.
        let main = files.iter().find(|file| file.is_recording);
        let path = main.map_or_else(
            || folder.path().to_owned(),
            |file| folder.path().join(&file.name),
        );
        Ok(Together {
            _folder: folder,
            path,
        })
    }

    async fn files(&self, recording_id: &str) -> Result<Vec<File>, EngineError> {
        let session = Session::new(self.sources.clone(), &Options::small())?;
        let sql = format!(
            "SELECT path, sha256, size_bytes, role FROM files WHERE recording_id = {}",
            quoted(recording_id)
        );
        let rows = super::ask::rows(&session, &sql).await?;
        let text = |row: &Row, name: &str| row.get(name)?.as_str().map(str::to_owned);
        let file = |row: &Row| {
            Some(File {
                name: text(row, "path")?,
                sha256: text(row, "sha256")?,
                size_bytes: row.get("size_bytes")?.as_u64()?,
                is_recording: text(row, "role")? == "recording",
            })
        };
        Ok(rows.iter().filter_map(file).collect())
    }

    fn fetch(&self, kept: &File, path: &Path) -> Result<(), EngineError> {
        let io = |error| EngineError::io("write", path, error);
        if let Some(folder) = self.place.as_folder() {
            let blob = folder.join(Blobs::path(&kept.sha256)?.as_ref());
            return link(&blob, path).map_err(io);
        }
        let blobs = Blobs::new(self.place.clone());
        let mut file = std::fs::File::create(path).map_err(io)?;
        let mut at = 0;
        while at < kept.size_bytes {
            let end = kept.size_bytes.min(at + PIECE_BYTES);
            let bytes = self.wait(blobs.read(&kept.sha256, at..end))?;
            std::io::Write::write_all(&mut file, &bytes).map_err(io)?;
            at = end;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to).map(drop)
}

struct Passing<'a> {
    wanted: &'a Wanted,
    visit: &'a mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
    state: ControlFlow<()>,
}

impl Visitor for Passing<'_> {
    fn channel(&mut self, _channel: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        let is_wanted = self.wanted.channels.contains(&message.channel)
            && (self.wanted.start_ns..=self.wanted.end_ns).contains(&message.log_time);
        if is_wanted && self.state.is_continue() {
            self.state = (self.visit)(message);
        }
    }
}

impl Recordings for Materializer {
    fn read(
        &self,
        recording_id: &str,
        wanted: &Wanted,
        visit: &mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let failed = |error: EngineError| QueryError::Failed {
            message: format!("recording `{recording_id}` cannot be read: {error}"),
        };
        let together = self.together(recording_id).map_err(failed)?;
        let limits = Limits::default();
        let source = Source::read(&together.path).map_err(failed)?;
        let opened = source.open(true, &limits).map_err(failed)?;
        let recording = opened.recording();
        let mut buffers = Buffers::default();
        let mut passing = Passing {
            wanted,
            visit,
            state: ControlFlow::Continue(()),
        };
        for unit in 0..recording.unit_count() {
            let outside = |(first, last)| last < wanted.start_ns || first > wanted.end_ns;
            if recording.unit_log_times(unit).is_some_and(outside) {
                continue;
            }
            recording.read_unit(unit, &mut buffers, &mut passing);
            if passing.state.is_break() {
                break;
            }
        }
        Ok(())
    }
}
