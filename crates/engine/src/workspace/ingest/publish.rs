//! Publishing: what was prepared becomes visible, whole or not at all.
//!
//! Read [`publish`] first. Every step can be repeated: files are named by their content, a table takes a step once, an
//! entry of the log is put where none is, and the catalogue comes last. A batch that was opened and not finished is
//! finished by the next publisher, from what the catalogue holds of it.

use super::{Reached, Watch};
use crate::EngineError;
use crate::workspace::opened::{Workspace, World};
use arrow_array::RecordBatch;
use fieldassay_model::hexadecimal;
use fieldassay_model::tables::{TABLES, Table};
use fieldassay_store::{Batch, DataFile, Listed, Log, Publication, Publisher, SeenFile, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};

/// Who takes the steps of tables.
const WRITER: &str = "fieldassay";
/// How long a publisher may say nothing before another takes over.
const LEASE_US: i64 = 30_000_000;
/// How long to wait between two tries to become the publisher.
const WAIT: std::time::Duration = std::time::Duration::from_millis(100);

/// What one input brings.
pub(in crate::workspace) struct Prepared {
    pub(in crate::workspace) listed: Listed,
    pub(in crate::workspace) seen: Vec<SeenFile>,
    pub(in crate::workspace) rows: Vec<(&'static Table, RecordBatch)>,
}

/// What a batch did.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct Published {
    /// Number of the batch; none where nothing was new.
    pub(in crate::workspace) sequence: Option<i64>,
    /// Recordings that were there before, or that come twice in this batch.
    pub(in crate::workspace) present: BTreeSet<String>,
    /// Those among them that were there before.
    pub(in crate::workspace) others: BTreeSet<String>,
}

/// All that is needed to finish a batch, kept in the catalogue when it is opened.
#[derive(Serialize, Deserialize)]
struct Content {
    tables: BTreeMap<String, Vec<File>>,
    /// Files in whose place those of the same table come, where rows were only put together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    replaced: BTreeMap<String, Vec<File>>,
    recordings: Vec<Listed>,
    seen: Vec<SeenFile>,
    /// The entry of the log, but for the number of the batch and the versions of tables.
    entry: BTreeMap<String, Json>,
}

#[derive(Clone, Serialize, Deserialize)]
struct File {
    path: String,
    size_bytes: u64,
    stats: String,
}

impl From<DataFile> for File {
    fn from(file: DataFile) -> Self {
        Self {
            path: file.path,
            size_bytes: file.size_bytes,
            stats: file.stats,
        }
    }
}

impl From<&File> for DataFile {
    fn from(file: &File) -> Self {
        Self {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            stats: file.stats.clone(),
        }
    }
}

/// A plan as the log has it.
pub(in crate::workspace) struct Plan<'a> {
    pub(in crate::workspace) verb: &'a str,
    pub(in crate::workspace) sha256: &'a str,
    /// What else the log says of it.
    pub(in crate::workspace) about: BTreeMap<String, Json>,
}

/// Where something is published, by whom, and who watches.
#[derive(Clone, Copy)]
pub(in crate::workspace) struct Scene<'a> {
    pub(in crate::workspace) workspace: &'a Workspace,
    pub(in crate::workspace) world: &'a World<'a>,
    pub(in crate::workspace) watch: &'a dyn Watch,
}

/// Publishes what was prepared, after finishing what others left. Recordings that are there already are left out.
pub(in crate::workspace) async fn publish(
    scene: Scene<'_>,
    plan: &Plan<'_>,
    prepared: Vec<Prepared>,
) -> Result<Published, EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    let right = Right::take(workspace, world).await?;
    let done = with_right(scene, &right, plan, prepared).await;
    let left = right.leave(workspace).await;
    let done = done?;
    left?;
    Ok(done)
}

/// Finishes what an interrupted process left, if it left anything.
pub(in crate::workspace) async fn roll_forward(scene: Scene<'_>) -> Result<usize, EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    if workspace.catalog.unfinished().await?.is_empty() {
        return Ok(0);
    }
    let right = Right::take(workspace, world).await?;
    let done = finish_all(scene, &right.publisher).await;
    let left = right.leave(workspace).await;
    let done = done?;
    left?;
    Ok(done)
}

async fn with_right(
    scene: Scene<'_>,
    right: &Right,
    plan: &Plan<'_>,
    prepared: Vec<Prepared>,
) -> Result<Published, EngineError> {
    let Scene {
        workspace,
        world,
        watch,
    } = scene;
    watch.reached(Reached::Publisher)?;
    finish_all(scene, &right.publisher).await?;
    let mut published = Published::default();
    let (mut recordings, mut seen, mut tables) = (Vec::new(), Vec::new(), BTreeMap::new());
    for one in prepared {
        seen.extend(one.seen);
        let id = &one.listed.recording_id;
        let is_twice = recordings
            .iter()
            .any(|known: &Listed| known.recording_id == *id);
        if is_twice || workspace.catalog.has_recording(id).await? {
            published.present.insert(id.clone());
            if !is_twice {
                published.others.insert(id.clone());
            }
            continue;
        }
        for (table, rows) in one.rows {
            let all: &mut Vec<RecordBatch> = tables.entry(table.name).or_default();
            all.push(rows);
        }
        recordings.push(one.listed);
    }
    if recordings.is_empty() {
        workspace.catalog.see(&right.publisher, &seen).await?;
        return Ok(published);
    }
    let content = Content {
        tables: write_files(workspace, &tables, watch).await?,
        replaced: BTreeMap::new(),
        entry: entry(world, plan, &recordings),
        recordings,
        seen,
    };
    let batch = open_and_finish(scene, right, plan, &content).await?;
    published.sequence = Some(batch.sequence);
    put_together(scene, right).await?;
    Ok(published)
}

/// Small files of a table that are left alone; beyond them they are put together, so that a workspace fed little by
/// little stays fast to ask. Readers of earlier versions keep theirs.
const SMALL_FILES: usize = 32;
/// Size up to which a file is small, and rows that are put together at most.
const SMALL_BYTES: u64 = 8 << 20;
const MOST_ROWS: u64 = 4 << 20;

/// Puts small files of tables together, as a batch of its own.
async fn put_together(scene: Scene<'_>, right: &Right) -> Result<(), EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    let (mut tables, mut replaced) = (BTreeMap::new(), BTreeMap::new());
    for (name, snapshot) in workspace.snapshots(None).await? {
        let small = snapshot
            .files
            .into_iter()
            .filter(|file| file.size_bytes < SMALL_BYTES);
        let mut rows = 0;
        let small: Vec<DataFile> = small
            .take_while(|file| {
                rows += file.rows();
                rows <= MOST_ROWS
            })
            .collect();
        let Some(table) = TABLES.iter().find(|table| table.name == name) else {
            continue;
        };
        if small.len() <= SMALL_FILES {
            continue;
        }
        let mut batches = Vec::new();
        for file in &small {
            batches.extend(workspace.tables.read(&name, file).await?);
        }
        let rows = fieldassay_store::put_together(table, &batches)?;
        let file = workspace.tables.write(table, &rows).await?;
        tables.insert(
            name.clone(),
            file.into_iter().map(File::from).collect::<Vec<_>>(),
        );
        replaced.insert(name, small.into_iter().map(File::from).collect::<Vec<_>>());
        right.keep(workspace, world).await?;
    }
    if tables.is_empty() {
        return Ok(());
    }
    let names: Vec<&String> = tables.values().flatten().map(|file| &file.path).collect();
    let digest = sha2::Sha256::digest(json!(names).to_string().as_bytes());
    let plan = Plan {
        verb: "put_together",
        sha256: &hexadecimal(&digest),
        about: BTreeMap::new(),
    };
    let content = Content {
        entry: entry(world, &plan, &[]),
        tables,
        replaced,
        recordings: Vec::new(),
        seen: Vec::new(),
    };
    open_and_finish(scene, right, &plan, &content).await?;
    Ok(())
}

/// Opens a batch and takes it to its end.
async fn open_and_finish(
    scene: Scene<'_>,
    right: &Right,
    plan: &Plan<'_>,
    content: &Content,
) -> Result<Batch, EngineError> {
    let Scene {
        workspace,
        world,
        watch,
    } = scene;
    right.keep(workspace, world).await?;
    let key = key(plan, content);
    let text = serde_json::to_string(content).map_err(|error| not_json(&error))?;
    let now_us = (world.now_ns)() / 1000;
    let batch = workspace
        .catalog
        .open_batch(&right.publisher, &key, &text, now_us)
        .await?;
    watch.reached(Reached::Opened)?;
    finish(scene, &right.publisher, &batch).await?;
    Ok(batch)
}

fn not_json(error: &serde_json::Error) -> EngineError {
    EngineError::Request {
        message: format!("the batch cannot be written: {error}"),
    }
}

/// What names a batch: the same plan over the same recordings is the same batch.
fn key(plan: &Plan<'_>, content: &Content) -> String {
    let mut hash = sha2::Sha256::new();
    hash.update(plan.sha256.as_bytes());
    for one in &content.recordings {
        hash.update(one.recording_id.as_bytes());
    }
    hexadecimal(&hash.finalize())
}

async fn write_files(
    workspace: &Workspace,
    tables: &BTreeMap<&'static str, Vec<RecordBatch>>,
    watch: &dyn Watch,
) -> Result<BTreeMap<String, Vec<File>>, EngineError> {
    let mut files = BTreeMap::new();
    for table in TABLES {
        let Some(batches) = tables.get(table.name) else {
            continue;
        };
        let rows = fieldassay_store::put_together(table, batches)?;
        let file = workspace.tables.write(table, &rows).await?;
        let files_of = file.into_iter().map(File::from).collect();
        files.insert(table.name.to_owned(), files_of);
        watch.reached(Reached::TableFile)?;
    }
    Ok(files)
}

fn entry(world: &World<'_>, plan: &Plan<'_>, recordings: &[Listed]) -> BTreeMap<String, Json> {
    let ids: Vec<&str> = recordings
        .iter()
        .map(|one| one.recording_id.as_str())
        .collect();
    let mut entry = plan.about.clone();
    for (name, value) in [
        ("schema", json!("fieldassay.log")),
        ("version", json!(1)),
        ("verb", json!(plan.verb)),
        ("plan_sha256", json!(plan.sha256)),
        (
            "program",
            json!(concat!("fieldassay ", env!("CARGO_PKG_VERSION"))),
        ),
        ("actor", json!(world.actor)),
        ("time_ns", json!((world.now_ns)())),
        ("recordings", json!(ids)),
    ] {
        entry.insert(name.to_owned(), value);
    }
    entry
}

async fn finish_all(scene: Scene<'_>, publisher: &Publisher) -> Result<usize, EngineError> {
    let unfinished = scene.workspace.catalog.unfinished().await?;
    for batch in &unfinished {
        finish(scene, publisher, batch).await?;
    }
    Ok(unfinished.len())
}

/// Takes an open batch to its end; every step may have been done before.
async fn finish(scene: Scene<'_>, publisher: &Publisher, batch: &Batch) -> Result<(), EngineError> {
    let Scene {
        workspace,
        world,
        watch,
    } = scene;
    if batch.is_published {
        return Ok(());
    }
    let content: Content =
        serde_json::from_str(&batch.content).map_err(|error| not_json(&error))?;
    let step = Step {
        writer: WRITER,
        number: batch.sequence,
    };
    let (mut versions, mut logged) = (BTreeMap::new(), BTreeMap::new());
    for (table, files) in &content.tables {
        let until_us = (world.now_ns)() / 1000 + LEASE_US;
        workspace
            .catalog
            .keep_publisher(publisher, until_us)
            .await?;
        let named = files.iter().map(|file| {
            let digest = DataFile::sha256_of(&file.path);
            json!({"path": file.path, "sha256": digest, "size_bytes": file.size_bytes})
        });
        let named: Vec<Json> = named.collect();
        let files: Vec<DataFile> = files.iter().map(DataFile::from).collect();
        let version = match content.replaced.get(table) {
            Some(old) => {
                let old: Vec<DataFile> = old.iter().map(DataFile::from).collect();
                workspace
                    .tables
                    .replace(table, step, (&old, &files))
                    .await?
            }
            None => workspace.tables.append(table, step, &files).await?,
        };
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        versions.insert(table.clone(), version);
        logged.insert(table.clone(), json!({"version": version, "files": named}));
        watch.reached(Reached::Committed)?;
    }
    let mut entry = content.entry;
    entry.insert("sequence".to_owned(), json!(batch.sequence));
    entry.insert("tables".to_owned(), json!(logged));
    let text = serde_json::to_string(&entry).map_err(|error| not_json(&error))?;
    Log::new(workspace.place.clone())
        .append(batch.sequence, &text)
        .await?;
    watch.reached(Reached::Logged)?;
    let publication = Publication {
        versions,
        recordings: content.recordings,
        files: content.seen,
    };
    let now_us = (world.now_ns)() / 1000;
    workspace
        .catalog
        .publish(publisher, batch.sequence, &publication, now_us)
        .await?;
    watch.reached(Reached::Published)
}

/// The right to publish. Where the catalogue is a file, a lock of the system stands behind it, so that whoever gets the
/// lock knows that no other lives; elsewhere the lease has to end.
struct Right {
    publisher: Publisher,
    _lock: Option<std::fs::File>,
}

impl Right {
    async fn take(workspace: &Workspace, world: &World<'_>) -> Result<Self, EngineError> {
        let lock = workspace
            .is_local()
            .then(|| lock(&workspace.folder.join(".fieldassay/publisher.lock")))
            .transpose()?;
        loop {
            let now_us = (world.now_ns)() / 1000;
            // Who has the lock need not wait for the lease of a process that is gone.
            let seen_us = if lock.is_some() { i64::MAX } else { now_us };
            let taken = workspace
                .catalog
                .take_publisher(world.process, seen_us, now_us + LEASE_US)
                .await?;
            if let Some(publisher) = taken {
                return Ok(Self {
                    publisher,
                    _lock: lock,
                });
            }
            tokio::time::sleep(WAIT).await;
        }
    }

    async fn keep(&self, workspace: &Workspace, world: &World<'_>) -> Result<(), EngineError> {
        let until_us = (world.now_ns)() / 1000 + LEASE_US;
        let kept = workspace.catalog.keep_publisher(&self.publisher, until_us);
        Ok(kept.await?)
    }

    async fn leave(self, workspace: &Workspace) -> Result<(), EngineError> {
        Ok(workspace.catalog.leave_publisher(&self.publisher).await?)
    }
}

/// A file locked for this process alone, waiting until it is free. The system unlocks it when the process ends.
fn lock(path: &std::path::Path) -> Result<std::fs::File, EngineError> {
    let io = |error| EngineError::io("lock", path, error);
    let file = std::fs::File::create(path).map_err(io)?;
    file.lock().map_err(io)?;
    Ok(file)
}
