//! The files of a release, asked in SQL: each of its tables is there as `release_<table>`.
//!
//! Read [`ReleaseFiles`] first. Not here: making releases.

use super::ask::{self, Row};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_model::release::{FILE, MAX_BYTES, Manifest};
use fieldassay_query::{Options, Session};
use fieldassay_store::{Release, Releases};
use std::path::PathBuf;

/// A release whose files can be asked.
pub(super) struct ReleaseFiles<'a> {
    workspace: &'a Workspace,
    session: Session,
    manifest: Manifest,
    /// Where files of another machine's store were copied to; dropped with it.
    _copies: Option<tempfile::TempDir>,
}

impl<'a> ReleaseFiles<'a> {
    /// Opens some tables of a release, those it has. A store that is no folder is copied from first.
    ///
    /// Errors: a manifest that is not the one the catalogue names, what the store says.
    pub(super) fn open(
        workspace: &'a Workspace,
        release: &Release,
        tables: &[&str],
    ) -> Result<Self, EngineError> {
        let manifest = manifest(workspace, release)?;
        let session = workspace
            .runtime
            .block_on(workspace.session(None, &Options::small()))?;
        let folder = workspace.place.as_folder();
        let copies =
            match folder {
                Some(_) => None,
                None => Some(tempfile::tempdir().map_err(|error| {
                    EngineError::io("make a folder in", &workspace.folder, error)
                })?),
            };
        let releases = Releases::new(workspace.place.clone());
        for file in &manifest.files {
            let Some(table) = file.path.strip_suffix(".parquet") else {
                continue;
            };
            if !tables.contains(&table) {
                continue;
            }
            let path: PathBuf = match (folder, &copies) {
                (Some(folder), _) => folder
                    .join("releases")
                    .join(&release.manifest_sha256)
                    .join(&file.path),
                (None, Some(copies)) => copies.path().join(&file.path),
                (None, None) => continue,
            };
            if copies.is_some() {
                let io = |error| EngineError::io("write", &path, error);
                let mut sink = std::fs::File::create(&path).map_err(io)?;
                let copied = releases.copy(&release.manifest_sha256, &file.path, &mut sink);
                workspace.runtime.block_on(copied)?;
            }
            let name = format!("release_{table}");
            workspace
                .runtime
                .block_on(session.add_parquet(&name, &path))?;
        }
        Ok(Self {
            workspace,
            session,
            manifest,
            _copies: copies,
        })
    }

    /// Its manifest.
    pub(super) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether it has rows of a table.
    pub(super) fn has(&self, table: &str) -> bool {
        let file = format!("{table}.parquet");
        self.manifest.files.iter().any(|one| one.path == file)
    }

    /// Rows of an answer that is small.
    pub(super) fn rows(&self, sql: &str) -> Result<Vec<Row>, EngineError> {
        self.workspace
            .runtime
            .block_on(ask::rows(&self.session, sql))
    }
}

/// The manifest of a release, held to its digest.
fn manifest(workspace: &Workspace, release: &Release) -> Result<Manifest, EngineError> {
    let releases = Releases::new(workspace.place.clone());
    let read = releases.read(&release.manifest_sha256, FILE, MAX_BYTES);
    let bytes = workspace.runtime.block_on(read)?;
    let wrong = |what: String| EngineError::Request {
        message: format!(
            "the manifest of `{}@{}` is not what the catalogue says: {what}\nhint: `fieldassay verify {}@{}` tells what is wrong",
            release.name, release.version, release.name, release.version
        ),
    };
    let manifest = Manifest::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let sha256 = manifest.sha256();
    if sha256 != release.manifest_sha256 {
        return Err(wrong(format!("it has the digest `{sha256}`")));
    }
    Ok(manifest)
}
