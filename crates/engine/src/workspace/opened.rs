//! A workspace that is open: its settings, files, tables and catalogue.
//!
//! Read [`Workspace`] first; [`init`] makes one. Not here: what is done with it (the modules beside).

use super::ledger::{self, Log};
use super::materialize::Materializer;
use super::passing::Passing;
use super::settings::{self, FILE, FIRST, Settings};
use crate::EngineError;
use fieldassay_model::tables::TABLES;
use fieldassay_query::{Options as QueryOptions, Session, Sources, Spill};
use fieldassay_store::{Blobs, Catalog, Place, Snapshot, Tables};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// What a caller says about the world: the engine asks neither clock nor environment.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Nanoseconds since 1970, UTC.
    pub now_ns: &'a (dyn Fn() -> i64 + Sync),
    /// A variable of the environment.
    pub environment: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Who asks: a name for the log.
    pub actor: &'a str,
    /// A name that no other process has, now or later.
    pub process: &'a str,
    /// Fills bytes that nobody can guess: for keys and for salts.
    pub random: &'a (dyn Fn(&mut [u8; 32]) -> std::io::Result<()> + Sync),
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = (self.actor, self.process);
        f.debug_tuple("World").field(&names).finish()
    }
}

/// An open workspace.
#[derive(Debug)]
pub struct Workspace {
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    pub(super) place: Place,
    pub(super) blobs: Blobs,
    pub(super) tables: Tables,
    pub(super) catalog: Catalog,
    /// Of the folder for what does not fit into memory, once it was asked for; none where it cannot be written to.
    passing: OnceLock<Option<Passing>>,
    /// Last, so that it outlives what is still closing.
    pub(super) runtime: Arc<Runtime>,
}

/// Folder of what a workspace keeps beside its settings.
const KEPT: &str = ".fieldassay";

/// What `init` made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// `fieldassay.init`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The folder.
    pub folder: PathBuf,
    /// Whether it was no workspace before.
    pub is_new: bool,
    /// Its log.
    pub log: Log,
}

/// Makes a workspace of a folder, which is created where it is not there, with a log and the key that signs it. A folder
/// that is one already is left as it is; where it has no log yet, it gets one that vouches for what is there.
///
/// Errors: no place for a private key, what the store says.
pub fn init(folder: &Path, world: &World<'_>) -> Result<(Workspace, Made), EngineError> {
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |error| EngineError::io(action, &path, error)
    };
    std::fs::create_dir_all(folder.join(KEPT)).map_err(io("create", folder))?;
    let file = folder.join(FILE);
    let is_new = !file.exists();
    if is_new {
        crate::output::write_text(&file, FIRST, false)?;
    }
    let mut workspace = Workspace::open(folder, world)?;
    let runtime = Arc::clone(&workspace.runtime);
    runtime.block_on(workspace.create_tables())?;
    let made = Made {
        schema: "fieldassay.init",
        version: 1,
        folder: folder.to_owned(),
        is_new,
        log: runtime.block_on(ledger::found(&mut workspace, world))?,
    };
    Ok((workspace, made))
}

impl Workspace {
    /// Opens the workspace that a folder is in.
    ///
    /// Errors: [`EngineError::NoWorkspace`], [`EngineError::Settings`], [`EngineError::NewerWorkspace`],
    /// [`EngineError::NoCatalog`], what the store says.
    pub fn open(from: &Path, world: &World<'_>) -> Result<Self, EngineError> {
        let folder = settings::find(from)?;
        let file = folder.join(FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| EngineError::io("read", &file, error))?;
        let settings = Settings::parse(&file, &text)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("fieldassay")
            .build()
            .map_err(|error| EngineError::io("start threads for", &folder, error))?;
        let place = if settings.store.contains("://") {
            Place::open(&settings.store, &settings.store_options, world.environment)?
        } else {
            Place::folder(&folder.join(&settings.store))?
        };
        let catalog = if settings.catalog.contains("://") {
            settings.catalog.clone()
        } else {
            let file = folder.join(&settings.catalog);
            if settings.log.is_some() && !file.exists() {
                return Err(EngineError::NoCatalog { path: file });
            }
            file.display().to_string()
        };
        let catalog = runtime.block_on(Catalog::open(&catalog))?;
        let notes = folder.join(KEPT).join("uploads");
        Ok(Self {
            folder,
            settings,
            blobs: Blobs::new(place.clone()).with_notes(notes),
            tables: Tables::new(place.clone()),
            place,
            catalog,
            passing: OnceLock::new(),
            runtime: Arc::new(runtime),
        })
    }

    /// The folder with its settings.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the catalogue is a file of this machine, so that a lock of the system tells who is alive.
    pub(super) fn is_local(&self) -> bool {
        !self.settings.catalog.contains("://")
    }

    /// Where questions put what does not fit into memory: beside the workspace, else where the system keeps such files.
    pub(super) fn spill(&self) -> Spill {
        let folder = self.folder.join(KEPT).join("spill");
        let enter = || {
            let entered = Passing::enter(&folder).ok()?;
            std::fs::create_dir_all(&folder).ok()?;
            Some(entered)
        };
        match self.passing.get_or_init(enter) {
            Some(_) => Spill::Folder(folder),
            None => Spill::System,
        }
    }

    pub(super) async fn create_tables(&self) -> Result<(), EngineError> {
        for table in TABLES {
            self.tables.create(table).await?;
        }
        Ok(())
    }

    /// Every table as readers see it after a batch, the last where none is named.
    pub(super) async fn snapshots(
        &self,
        sequence: Option<i64>,
    ) -> Result<BTreeMap<String, Snapshot>, EngineError> {
        let versions = self.catalog.versions(sequence).await?;
        let mut all = BTreeMap::new();
        for (table, version) in versions {
            let version = u64::try_from(version).unwrap_or(0);
            let snapshot = self.tables.snapshot(&table, Some(version)).await?;
            all.insert(table, snapshot);
        }
        Ok(all)
    }

    /// SQL over the workspace as it is after a batch, the last where none is named.
    pub(super) async fn session(
        &self,
        sequence: Option<i64>,
        options: &QueryOptions,
    ) -> Result<Session, EngineError> {
        let materializer = self.materializer(sequence).await?;
        let sources = Sources {
            recordings: Some(Arc::new(materializer.clone())),
            ..materializer.sources
        };
        Ok(Session::new(sources, options)?)
    }

    /// What puts recordings together again, those of a batch, the last where none is named.
    pub(super) async fn materializer(
        &self,
        sequence: Option<i64>,
    ) -> Result<Materializer, EngineError> {
        Ok(Materializer {
            place: self.place.clone(),
            sources: Sources {
                place: self.place.clone(),
                snapshots: self.snapshots(sequence).await?,
                recordings: None,
            },
            runtime: Arc::clone(&self.runtime),
        })
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let catalog = self.catalog.clone();
        self.runtime.block_on(async move { catalog.close().await });
    }
}
