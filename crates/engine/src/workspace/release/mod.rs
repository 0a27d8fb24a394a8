//! Releases: members, labels and facts as files of their own, under a manifest that says all there is to say.
//!
//! Read [`create`] first (plan, then run). [`show`] lists them and resolves names, [`tag`] names versions, [`export`] writes
//! them out, [`reproduce`] makes them again and compares, [`diff`] says what changed. A release is made in steps:
//! [`select`] (which members), [`likeness`] and [`groups`] (which split), [`leaks`] (what ties splits together), [`make`]
//! (files and manifest).
//!
//! Not here: the form of a manifest (`model::release`), the arithmetic of splits (`measure::split`), the log that a
//! release is entered in (`publish`).

mod cells;
pub mod create;
pub mod diff;
pub mod export;
mod groups;
mod leaks;
mod likeness;
mod make;
pub mod reproduce;
mod select;
pub mod show;
pub mod tag;

use super::ask::{self, quoted};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_query::Session;
use fieldassay_store::Place;

/// Name in SQL of the recordings that members of a release are of, each once.
const RECORDINGS_TABLE: &str = "release_recordings";
/// The members with their splits, a table of the session where they are split.
const MEMBERS_TABLE: &str = "release_members";

/// A release that is being made: the workspace as it was after one batch, and a folder for what is not yet kept.
struct Making {
    session: Session,
    scratch: tempfile::TempDir,
    place: Place,
}

impl Making {
    /// Where a table of the release is written.
    fn file(&self, table: &str) -> std::path::PathBuf {
        self.scratch.path().join(format!("{table}.parquet"))
    }

    async fn at(workspace: &Workspace, sequence: i64, jobs: usize) -> Result<Self, EngineError> {
        let limits = ask::Limits {
            threads: jobs,
            ..ask::Limits::default()
        };
        let options = ask::options(workspace, limits);
        Ok(Self {
            session: workspace.session(Some(sequence), &options).await?,
            scratch: scratch(workspace)?,
            place: workspace.place.clone(),
        })
    }
}

/// A folder that is gone when this is dropped. Not in `staging`, which a run of `ingest` clears away.
fn scratch(workspace: &Workspace) -> Result<tempfile::TempDir, EngineError> {
    let parent = workspace.folder.join(".fieldassay");
    let made = tempfile::Builder::new()
        .prefix("making-")
        .tempdir_in(&parent);
    made.map_err(|error| EngineError::io("write", &parent, error))
}

/// A version of a release by its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    /// `name@version`, for people.
    name: String,
    manifest_sha256: String,
}

/// Fetches a file of a release, and holds it to its digest. Gives whether the release has it.
///
/// Errors: a file that is not there, or not what the manifest says.
async fn fetch(
    workspace: &Workspace,
    named: &show::Named,
    file: &str,
    to: &std::path::Path,
) -> Result<bool, EngineError> {
    let Some(expected) = named.manifest.files.iter().find(|one| one.path == file) else {
        return Ok(false);
    };
    let manifest_sha256 = &named.release.manifest_sha256;
    let made = std::fs::File::create(to);
    let mut made = made.map_err(|error| EngineError::io("write", to, error))?;
    let releases = fieldassay_store::Releases::new(workspace.place.clone());
    let (digests, _) = releases.copy(manifest_sha256, file, &mut made).await?;
    if digests.sha256 == expected.sha256 {
        return Ok(true);
    }
    Err(EngineError::Store(fieldassay_store::StoreError::Damaged {
        path: format!("releases/{manifest_sha256}/{file}"),
        what: format!(
            "its SHA-256 is `{}`, not `{}`",
            digests.sha256, expected.sha256
        ),
    }))
}
