//! Publishing: what was prepared becomes visible, whole or not at all.
//!
//! Read [`publish`] first. Every step can be repeated: files are named by their content, a table takes a step once, the
//! document of a batch is put where none is, its entries of the log are signed to the same bytes, and the catalogue comes
//! last. A batch that was opened and not finished is
//! finished by the next publisher, from what the catalogue holds of it.

use super::together::Together;
use super::{HeldTo, Reached, Watch};
use crate::EngineError;
use crate::workspace::ledger::keys::random;
use crate::workspace::ledger::say::Said;
use crate::workspace::ledger::{self, Adding, Ledger};
use crate::workspace::lineage::record::{self, Done};
use crate::workspace::opened::{Workspace, World};
use arrow_array::RecordBatch;
use fieldassay_model::tables::{TABLES, Table};
use fieldassay_model::{PolicyReference, Verdict, hexadecimal};
use fieldassay_proof::TreeHead;
use fieldassay_proof::commitment::{Commitment, Salt};
use fieldassay_proof::statement::Reference;
use fieldassay_store::{
    Batch, Committed, DataFile, Listed, Log, Publication, Publisher, Recorded, SeenFile, Step,
};
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
    /// Contracts it was held to, with what came of it.
    pub(in crate::workspace) contracts: Vec<HeldTo>,
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
    /// The signed checkpoint of the log with it.
    pub(in crate::workspace) checkpoint: Option<String>,
}

/// What an operation without rows of tables says and records.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct Told {
    /// What the log says of it.
    pub(in crate::workspace) statements: Vec<Said>,
    /// What the catalogue gets.
    pub(in crate::workspace) recorded: Recorded,
    /// What names it: the same operation is published once.
    pub(in crate::workspace) key: String,
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
    /// What else the batch records.
    #[serde(default)]
    recorded: Recorded,
    /// The document of the batch, but for its number and the versions of tables.
    entry: BTreeMap<String, Json>,
    /// What the log says of it.
    #[serde(default)]
    said: Vec<Said>,
}

#[derive(Clone, Serialize, Deserialize)]
struct File {
    path: String,
    size_bytes: u64,
    stats: String,
}

impl File {
    fn to_json(&self) -> Json {
        let digest = DataFile::sha256_of(&self.path);
        json!({"path": self.path, "sha256": digest, "size_bytes": self.size_bytes})
    }
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
    with_right(scene, async |right, _| {
        publish_prepared(scene, right, plan, prepared).await
    })
    .await
}

/// Finishes what an interrupted process left, if it left anything. Gives how many batches.
pub(in crate::workspace) async fn roll_forward(scene: Scene<'_>) -> Result<usize, EngineError> {
    if scene.workspace.catalog.unfinished().await?.is_empty() {
        return Ok(0);
    }
    with_right(scene, async |_, finished| Ok(finished)).await
}

/// Takes the right to publish, finishes what others left, does `work` (which is told how many batches these were), and
/// gives the right back whatever came of it.
async fn with_right<T>(
    scene: Scene<'_>,
    work: impl AsyncFnOnce(&Right, usize) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let right = Right::take(scene.workspace, scene.world).await?;
    let done = async {
        scene.watch.reached(Reached::Publisher)?;
        let finished = finish_all(scene, &right.publisher).await?;
        work(&right, finished).await
    };
    let done = done.await;
    let left = right.leave(scene.workspace).await;
    let done = done?;
    left?;
    Ok(done)
}

async fn publish_prepared(
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
    let mut published = Published::default();
    let (mut recordings, mut seen, mut tables) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut contracts = Together::default();
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
        contracts.add(id, one.contracts);
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
    let mut content = Content {
        tables: write_files(workspace, &tables, watch).await?,
        recordings,
        seen,
        ..Content::of(world, plan)?
    };
    content.recorded.lineage =
        record::of_batch(&done(plan, &content.entry), &tables, &contracts.pairs())?;
    content.said = content.said_of_inputs(plan);
    content.said.extend(contracts.said());
    let key = key(plan, &content);
    let batch = open_and_finish(scene, right, key, &mut content).await?;
    published.sequence = Some(batch.sequence);
    put_together(scene, right).await?;
    published.checkpoint = checkpoint(workspace, None).await?;
    Ok(published)
}

async fn checkpoint(of: &Workspace, sequence: Option<i64>) -> Result<Option<String>, EngineError> {
    let head = of.catalog.log_head(sequence).await?;
    Ok(head.map(|head| head.checkpoint))
}

/// Publishes an operation that writes no rows of tables: a release, a tag, a change of a key. The same operation (by
/// [`Told::key`]) is published once, however often it is asked for.
///
/// Errors: a release of that name and version that another operation has made meanwhile; as [`publish`].
pub(in crate::workspace) async fn publish_operation(
    scene: Scene<'_>,
    plan: &Plan<'_>,
    told: Told,
) -> Result<Published, EngineError> {
    with_right(scene, async |right, _| {
        publish_told(scene, right, plan, told).await
    })
    .await
}

async fn publish_told(
    scene: Scene<'_>,
    right: &Right,
    plan: &Plan<'_>,
    told: Told,
) -> Result<Published, EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    let key = key_of(&[plan.verb, plan.sha256, &told.key]);
    let is_new = !workspace.catalog.has_batch(&key).await?;
    if is_new && let Some(taken) = taken(workspace, &told.recorded).await? {
        return Err(EngineError::Request {
            message: format!(
                "`{taken}` is there already: another operation made it meanwhile\nhint: try again, which takes the next version"
            ),
        });
    }
    let mut content = Content::of(world, plan)?;
    content.said.extend(told.statements);
    content.recorded = Recorded {
        people: content.recorded.people,
        ..told.recorded
    };
    let batch = open_and_finish(scene, right, key, &mut content).await?;
    Ok(Published {
        sequence: Some(batch.sequence),
        checkpoint: checkpoint(workspace, Some(batch.sequence)).await?,
        ..Published::default()
    })
}

/// Changes the key of the log: the one before signs the last tree it vouches for and the new key. Gives what was said.
pub(in crate::workspace) async fn rotate_key(
    scene: Scene<'_>,
) -> Result<(Published, Said), EngineError> {
    with_right(scene, async |right, _| publish_next_key(scene, right).await).await
}

async fn publish_next_key(
    scene: Scene<'_>,
    right: &Right,
) -> Result<(Published, Said), EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    let ledger = Ledger::open(workspace, world).await?;
    let last = workspace.catalog.log_head(None).await?;
    let last = last.as_ref().map_or(Ok(TreeHead::EMPTY), ledger::head_of)?;
    let said = ledger.next_key(world, last)?;
    let plan = Plan {
        verb: "rotate",
        sha256: &hexadecimal(&sha2::Sha256::digest(format!("rotate {}", last.root))),
        about: BTreeMap::new(),
    };
    let mut content = Content::of(world, &plan)?;
    content.said.push(said.clone());
    let key = key_of(&[plan.verb, plan.sha256]);
    let batch = open_and_finish(scene, right, key, &mut content).await?;
    let published = Published {
        sequence: Some(batch.sequence),
        checkpoint: checkpoint(workspace, Some(batch.sequence)).await?,
        ..Published::default()
    };
    Ok((published, said))
}

/// A release of these that is there already.
async fn taken(workspace: &Workspace, recorded: &Recorded) -> Result<Option<String>, EngineError> {
    if recorded.releases.is_empty() {
        return Ok(None);
    }
    let there = workspace.catalog.releases().await?;
    let name = |one: &fieldassay_store::Release| (one.name.clone(), one.version);
    let mut new = recorded.releases.iter().map(name);
    let taken = new.find(|new| there.iter().any(|old| name(old) == *new));
    Ok(taken.map(|(name, version)| format!("{name}@{version}")))
}

/// Publishes the first entry of the log, which vouches for what is there already; nothing where it has one.
pub(in crate::workspace) async fn begin_log(scene: Scene<'_>) -> Result<(), EngineError> {
    with_right(scene, async |right, _| publish_first(scene, right).await).await
}

async fn publish_first(scene: Scene<'_>, right: &Right) -> Result<(), EngineError> {
    let Scene {
        workspace, world, ..
    } = scene;
    if workspace.catalog.log_head(None).await?.is_some() {
        return Ok(());
    }
    let plan = Plan {
        verb: "init",
        sha256: &hexadecimal(&sha2::Sha256::digest(b"init")),
        about: ledger::before(workspace).await?,
    };
    let mut content = Content::of(world, &plan)?;
    let key = key_of(&[plan.verb]);
    let text = content.named(&key)?;
    let now_us = (world.now_ns)() / 1000;
    let batch = workspace
        .catalog
        .open_founding(&right.publisher, &key, &text, now_us)
        .await?;
    finish(scene, &right.publisher, &batch).await
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
    let mut content = Content {
        tables,
        replaced,
        ..Content::of(world, &plan)?
    };
    let key = key(&plan, &content);
    open_and_finish(scene, right, key, &mut content).await?;
    Ok(())
}

/// Opens a batch and takes it to its end.
async fn open_and_finish(
    scene: Scene<'_>,
    right: &Right,
    key: String,
    content: &mut Content,
) -> Result<Batch, EngineError> {
    let Scene {
        workspace,
        world,
        watch,
    } = scene;
    right.keep(workspace, world).await?;
    let text = content.named(&key)?;
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
    let mut parts = vec![plan.sha256];
    parts.extend(
        content
            .recordings
            .iter()
            .map(|one| one.recording_id.as_str()),
    );
    key_of(&parts)
}

fn key_of(parts: &[&str]) -> String {
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hexadecimal(&hash.finalize())
}

impl Content {
    /// A batch without anything, of this plan. Who asks for it stands in its document as a commitment.
    fn of(world: &World<'_>, plan: &Plan<'_>) -> Result<Self, EngineError> {
        let salt = Salt::from_bytes(random(world)?);
        let actor = Commitment::new(ACTOR, &salt, world.actor.as_bytes()).to_string();
        let person = Committed {
            commitment: actor.clone(),
            purpose: ACTOR.to_owned(),
            salt: hexadecimal(salt.as_bytes()),
            value: world.actor.to_owned(),
        };
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
            ("actor", json!(actor)),
            ("time_ns", json!((world.now_ns)())),
        ] {
            entry.insert(name.to_owned(), value);
        }
        Ok(Self {
            tables: BTreeMap::new(),
            replaced: BTreeMap::new(),
            recordings: Vec::new(),
            seen: Vec::new(),
            recorded: Recorded {
                people: vec![person],
                ..Recorded::default()
            },
            entry,
            said: vec![Said::Performed],
        })
    }

    /// What is said of inputs that were brought in, and judged.
    fn said_of_inputs(&self, plan: &Plan<'_>) -> Vec<Said> {
        let failed = plan.about.get("failed").and_then(Json::as_u64).unwrap_or(0);
        let mut said = vec![Said::Ingest { failed }];
        let policy = plan.about.get("policy").cloned();
        let policy = policy.and_then(|json| serde_json::from_value::<PolicyReference>(json).ok());
        let verdicts = self
            .recordings
            .iter()
            .filter_map(|one| serde_json::from_value::<Verdict>(json!(one.verdict)).ok());
        if let (Some(policy), Some(verdict)) = (policy, worst(verdicts)) {
            let policy = Reference {
                name: policy.name,
                version: policy.version,
                sha256: policy.sha256,
            };
            said.push(Said::Check { policy, verdict });
        }
        said
    }

    /// The batch as the catalogue keeps it, with what names it in its document.
    fn named(&mut self, key: &str) -> Result<String, EngineError> {
        let ids = self.recordings.iter().map(|one| one.recording_id.as_str());
        let ids: Vec<&str> = ids.collect();
        self.entry.insert("recordings".to_owned(), json!(ids));
        // Whoever records something need not know how its document names who did it.
        let actor = self
            .entry
            .get("actor")
            .and_then(Json::as_str)
            .unwrap_or_default();
        for release in &mut self.recorded.releases {
            actor.clone_into(&mut release.actor);
        }
        for operation in &mut self.recorded.lineage.operations {
            actor.clone_into(&mut operation.actor);
        }
        self.entry.insert("batch_sha256".to_owned(), json!(key));
        serde_json::to_string(self).map_err(|error| not_json(&error))
    }
}

/// What commitments to people are for.
const ACTOR: &str = "actor";

/// The worst of what was judged; none where nothing was.
fn worst(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::NotEvaluated => 0,
        Verdict::Pass => 1,
        Verdict::Warn => 2,
        Verdict::Fail => 3,
    };
    let worst = verdicts.max_by_key(rank);
    worst.filter(|verdict| *verdict != Verdict::NotEvaluated)
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

/// What an entry of the log says of who did what, for lineage.
fn done<'a>(plan: &Plan<'a>, entry: &'a BTreeMap<String, Json>) -> Done<'a> {
    Done {
        verb: plan.verb,
        plan_sha256: plan.sha256,
        actor: entry
            .get("actor")
            .and_then(Json::as_str)
            .unwrap_or_default(),
        time_ns: entry
            .get("time_ns")
            .and_then(Json::as_i64)
            .unwrap_or_default(),
    }
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
    let mut content: Content =
        serde_json::from_str(&batch.content).map_err(|error| not_json(&error))?;
    ledger::change_key(workspace, &content.said).await?;
    let ledger = Ledger::open(workspace, world).await?;
    ledger.key()?;
    let (versions, logged) = commit(scene, publisher, (batch.sequence, &content)).await?;
    let document = &mut content.entry;
    document.insert("sequence".to_owned(), json!(batch.sequence));
    if !logged.is_empty() || !document.contains_key("tables") {
        document.insert("tables".to_owned(), json!(logged));
    }
    let text = serde_json::to_string(&document).map_err(|error| not_json(&error))?;
    Log::new(workspace.place.clone())
        .append(batch.sequence, &text)
        .await?;
    watch.reached(Reached::Logged)?;
    let before = workspace.catalog.log_head(None).await?;
    let before = before
        .as_ref()
        .map_or(Ok(TreeHead::EMPTY), ledger::head_of)?;
    if content.said.is_empty() {
        content.said.push(Said::Performed);
    }
    let adding = Adding {
        sequence: batch.sequence,
        document: &content.entry,
        text: &text,
        said: &content.said,
    };
    let added = ledger.append(&before, &adding, watch).await?;
    content.recorded.head.clone_from(&added.head);
    content.recorded.entries = added.entries;
    let publication = Publication {
        versions,
        recordings: content.recordings,
        files: content.seen,
        recorded: Recorded {
            lineage: record::numbered(content.recorded.lineage, batch.sequence, &content.entry),
            ..content.recorded
        },
    };
    let now_us = (world.now_ns)() / 1000;
    workspace
        .catalog
        .publish(publisher, batch.sequence, &publication, now_us)
        .await?;
    if let Some(head) = &added.head {
        ledger.prune(&before, head).await?;
    }
    watch.reached(Reached::Published)
}

/// Commits the files of an open batch to their tables. Gives versions by table, and what the document says of them.
async fn commit(
    scene: Scene<'_>,
    publisher: &Publisher,
    (sequence, content): (i64, &Content),
) -> Result<(BTreeMap<String, i64>, BTreeMap<String, Json>), EngineError> {
    let Scene {
        workspace,
        world,
        watch,
    } = scene;
    let step = Step {
        writer: WRITER,
        number: sequence,
    };
    let (mut versions, mut logged) = (BTreeMap::new(), BTreeMap::new());
    for (table, files) in &content.tables {
        let until_us = (world.now_ns)() / 1000 + LEASE_US;
        workspace
            .catalog
            .keep_publisher(publisher, until_us)
            .await?;
        let named: Vec<Json> = files.iter().map(File::to_json).collect();
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
        let log = workspace.tables.commit_files(table, version).await?;
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        versions.insert(table.clone(), version);
        let mut said = json!({"version": version, "files": named, "log": log});
        if let (Some(old), Some(said)) = (content.replaced.get(table), said.as_object_mut()) {
            let old: Vec<&str> = old.iter().map(|file| file.path.as_str()).collect();
            said.insert("replaced".to_owned(), json!(old));
        }
        logged.insert(table.clone(), said);
        watch.reached(Reached::Committed)?;
    }
    Ok((versions, logged))
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
