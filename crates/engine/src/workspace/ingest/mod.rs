//! `ingest`: what the field recorded is kept as it came, checked, indexed and published.
//!
//! Read [`Request`], [`plan`] and [`run`] first. [`inputs`] finds what there is, [`keep`] keeps one input and makes its
//! rows, [`publish`] makes several visible together. Inputs are worked on side by side and published in the order of
//! their paths, so that a run that was interrupted and repeated ends as one that was not.
//!
//! Not here: what a recording is worth (`check`), which labels a layout holds (`layouts`).

mod context;
pub(in crate::workspace) mod contracts;
mod evidence;
mod inputs;
mod keep;
pub(in crate::workspace) mod publish;
mod queue;
mod tee;
mod together;

use super::content;
use super::layouts::{Form, LabelInput, Skipped};
use super::opened::{Workspace, World};
use super::passing::Passing;
use crate::EngineError;
use crate::limits::Limits;
use crate::statistics::Columns;
use fieldassay_check::{NoProgress, Progress};
use fieldassay_model::contract::ContractReference;
use fieldassay_model::{Policy, PolicyReference, canonical_json, hexadecimal};
use fieldassay_store::{STAGING, SeenFile, StoreError, Verdicts};
use inputs::{Before, Input, Kind};
use publish::{Prepared, Scene};
use queue::Queue;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use contracts::{HeldTo, OntologyReference};

/// Version of the documents.
const DOCUMENT_VERSION: u32 = 1;
/// Recordings published together at most, and how long the first of them waits at most.
const BATCH: usize = 256;
const BATCH_NS: i64 = 20_000_000_000;

/// What to bring in, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Files, folders and globs.
    pub inputs: &'a [String],
    /// What is tolerated.
    pub policy: &'a Policy,
    /// `field=value`, for all.
    pub context: &'a [String],
    /// A file of context.
    pub context_file: Option<PathBuf>,
    /// What the inputs are, where it cannot be told from them.
    pub form: Option<Form>,
    /// A table of the sizes of images, or a folder of images, for forms of labels that carry none.
    pub image_sizes: Option<PathBuf>,
    /// Names of classes, for forms of labels that count or code them and have none beside.
    pub class_names: Option<PathBuf>,
    /// Which column of a table plays which part: `item=question,annotator=worker`.
    pub columns: Columns,
    /// Files of contracts, besides those of the settings.
    pub contracts: Vec<PathBuf>,
    /// The ontology labels are of that name none: `name@version`, or its file.
    pub ontology: Option<String>,
    /// Read files that look unchanged too.
    pub rehash: bool,
    /// Threads; 0 means one per core.
    pub jobs: usize,
    /// Written limits.
    pub limits: Limits,
}

impl<'a> Request<'a> {
    /// All inputs as they are, with nothing said about them.
    pub fn new(inputs: &'a [String], policy: &'a Policy) -> Self {
        Self {
            inputs,
            policy,
            context: &[],
            context_file: None,
            form: None,
            image_sizes: None,
            class_names: None,
            columns: Columns::default(),
            contracts: Vec::new(),
            ontology: None,
            rehash: false,
            jobs: 0,
            limits: Limits::default(),
        }
    }

    /// What of it decides how labels are read.
    fn options(&self) -> BTreeMap<&'static str, String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let columns = self.columns.to_string();
        let all = [
            ("as", self.form.map(|form| form.name().to_owned())),
            ("image-sizes", path(&self.image_sizes)),
            ("class-names", path(&self.class_names)),
            (
                "columns",
                Some(columns).filter(|columns| !columns.is_empty()),
            ),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Told how far a run is; may stop it. Tests stop it at any step.
pub trait Watch: Progress {
    /// A step was reached. Errors end the run as a crash there would.
    fn reached(&self, step: Reached) -> Result<(), EngineError> {
        let _ = step;
        Ok(())
    }
}

impl Watch for NoProgress {}

/// Steps of a run, after each of which it may be interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The files of an input are kept.
    Kept,
    /// The rows of an input are made.
    Prepared,
    /// The right to publish was taken.
    Publisher,
    /// The file of one table is written.
    TableFile,
    /// One file of a release is kept.
    ReleaseFile,
    /// The manifest of a release is kept.
    Manifest,
    /// The batch is opened.
    Opened,
    /// One table has its files.
    Committed,
    /// The document of the batch is written.
    Logged,
    /// The files of the log's tree are written.
    Tiles,
    /// The new checkpoint stands beside the private key.
    Remembered,
    /// The store has the new checkpoint.
    Checkpoint,
    /// Readers see it.
    Published,
}

/// What a run would do: the document of `--dry-run`.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// `fieldassay.ingest_plan`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// SHA-256 of the canonical JSON of all that follows.
    pub plan_sha256: String,
    /// The policy that will judge.
    pub policy: PolicyReference,
    /// What is said of all recordings with the command.
    pub context: Vec<String>,
    /// How labels are to be read, where the command says it: by the name of the option.
    pub options: BTreeMap<&'static str, String>,
    /// Contracts all are held to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<ContractReference>,
    /// The ontology labels are of that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ontology: Option<OntologyReference>,
    /// Inputs, by path.
    pub inputs: Vec<PlannedInput>,
    /// Bytes to read.
    pub size_bytes: u64,
    /// Files nothing is made of, at most a thousand reasons for each input; no part of the document, for nothing is done
    /// about them.
    #[serde(skip)]
    pub skipped: Vec<Skipped>,
    /// How many files those are.
    #[serde(skip)]
    pub skipped_count: u64,
    #[serde(skip)]
    found: Vec<Input>,
    #[serde(skip)]
    verdicts: Verdicts,
    #[serde(skip)]
    given: context::Given,
    #[serde(skip)]
    rules: contracts::Rules,
}

/// One input of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedInput {
    /// Its path.
    pub path: String,
    /// `recording`, or the form of labels.
    pub kind: &'static str,
    /// Its files.
    pub files: usize,
    /// Their size.
    pub size_bytes: u64,
    /// The recording it is, where nothing has changed since it was brought in.
    pub present: Option<String>,
    /// Size, time and number of its files, by which it is known again.
    #[serde(skip)]
    pub(in crate::workspace) stamp: inputs::Stamp,
}

/// What became of one input.
#[derive(Clone, Debug, Serialize)]
pub struct Ingested {
    /// Its path.
    pub path: String,
    /// The recording it is; null where it could not be read.
    pub recording_id: Option<String>,
    /// `added`, `present` (already there) or `failed`.
    pub status: &'static str,
    /// Container, layout or form.
    pub format: Option<String>,
    /// What the policy says, or said when it came in; null where nothing could be read.
    pub verdict: Option<&'static str>,
    /// Whether it is kept apart.
    pub quarantined: bool,
    /// Whether nothing was lost; true for what was not read now.
    pub complete: bool,
    /// Size of its files.
    pub size_bytes: u64,
    /// Bytes that the workspace did not have yet.
    pub added_bytes: u64,
    /// Rows by table.
    pub rows: BTreeMap<&'static str, usize>,
    /// Findings, worst first, at most ten: code, severity, message.
    pub findings: Vec<IngestedFinding>,
    /// Contracts it was held to.
    pub contracts: Vec<HeldTo>,
    /// What a file of labels holds and is not read: how often, by its name.
    pub left_out: BTreeMap<String, u64>,
    /// What to mind.
    pub notes: Vec<String>,
    /// Why nothing could be read; null otherwise.
    pub error: Option<String>,
}

/// A finding in short.
#[derive(Clone, Debug, Serialize)]
pub struct IngestedFinding {
    /// Code.
    pub code: String,
    /// Severity.
    pub severity: &'static str,
    /// What it is about.
    pub subject: String,
    /// What was found.
    pub message: String,
}

/// What came of a run: the document of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.ingest`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The plan.
    pub plan_sha256: String,
    /// The policy that judged.
    pub policy: PolicyReference,
    /// Inputs, by path.
    pub inputs: Vec<Ingested>,
    /// Files nothing was made of, with the reason.
    pub skipped: Vec<Skipped>,
    /// How many files those are.
    pub skipped_count: u64,
    /// Numbers of the batches that were published.
    pub batches: Vec<i64>,
    /// Batches of an earlier, interrupted run that were finished first.
    pub finished_batches: usize,
}

/// What a request comes to. Nothing is changed, and no content is read.
///
/// Errors: inputs that are not there or that nothing is known in, a context that cannot be used, what the catalogue says.
pub fn plan(workspace: &Workspace, request: &Request<'_>) -> Result<Plan, EngineError> {
    let given = context::Given::read(request.context, request.context_file.as_deref())?;
    let rules = contracts::Rules::read(workspace, request)?;
    // Read while folders are listed.
    let catalog = workspace.catalog.clone();
    let rehash = request.rehash;
    let seen = workspace.runtime.spawn(async move {
        if rehash {
            return Ok(Before::default());
        }
        Ok::<Before, StoreError>(Before {
            files: catalog.seen_files(&Form::ALL.map(Form::name)).await?,
            verdicts: catalog.verdicts().await?,
        })
    });
    let before = || {
        let seen = workspace.runtime.block_on(seen);
        let seen = seen.map_err(|error| EngineError::Request {
            message: format!("the catalogue could not be read: {error}"),
        })?;
        Ok(seen?)
    };
    let listed = inputs::find(request.inputs, request.form, &request.limits, before)?;
    let (found, seen) = (listed.inputs, listed.before);
    let inputs: Vec<PlannedInput> = found
        .par_iter()
        .map(|input| PlannedInput {
            path: input.path.display().to_string(),
            kind: match &input.kind {
                Kind::Recording => "recording",
                Kind::Labels(labels) => labels.form.name(),
            },
            files: input.stamp.files,
            size_bytes: input.stamp.size_bytes,
            present: seen
                .get(&input.absolute)
                .filter(|seen| input.stamp.is(&seen.file))
                .map(|seen| seen.file.recording_id.clone()),
            stamp: input.stamp,
        })
        .collect();
    let new = inputs.iter().filter(|input| input.present.is_none());
    let mut plan = Plan {
        schema: "fieldassay.ingest_plan",
        version: DOCUMENT_VERSION,
        plan_sha256: String::new(),
        policy: request.policy.reference(),
        context: request.context.to_vec(),
        options: request.options(),
        contracts: rules.references(),
        ontology: rules.ontology(),
        size_bytes: new.map(|input| input.size_bytes).sum(),
        inputs,
        skipped: listed.skipped.0,
        skipped_count: listed.skipped.1,
        found,
        verdicts: seen.verdicts,
        given,
        rules,
    };
    let canonical = plan.canonical();
    plan.plan_sha256 = hexadecimal(&sha2::Sha256::digest(canonical.as_bytes()));
    Ok(plan)
}

impl Plan {
    /// Its canonical JSON, as [`canonical_json`] would make it of a tree of its values: the names of these fields are in
    /// order, and the tree of ten thousand inputs takes as long as finding them.
    fn canonical(&self) -> String {
        #[derive(Serialize)]
        struct Sorted<'a> {
            context: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            contracts: Option<serde_json::Value>,
            inputs: Vec<SortedInput<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ontology: Option<serde_json::Value>,
            options: &'a BTreeMap<&'static str, String>,
            plan_sha256: &'a str,
            policy: serde_json::Value,
            schema: &'a str,
            size_bytes: u64,
            version: u32,
        }
        #[derive(Serialize)]
        struct SortedInput<'a> {
            files: usize,
            kind: &'a str,
            path: &'a str,
            present: Option<&'a str>,
            size_bytes: u64,
        }
        let inputs = self.inputs.iter().map(|input| SortedInput {
            files: input.files,
            kind: input.kind,
            path: &input.path,
            present: input.present.as_deref(),
            size_bytes: input.size_bytes,
        });
        let sorted = Sorted {
            context: &self.context,
            contracts: Some(&self.contracts)
                .filter(|all| !all.is_empty())
                .map(|all| json!(all)),
            inputs: inputs.collect(),
            ontology: self.ontology.as_ref().map(|one| json!(one)),
            options: &self.options,
            plan_sha256: &self.plan_sha256,
            policy: json!(self.policy),
            schema: self.schema,
            size_bytes: self.size_bytes,
            version: self.version,
        };
        // Room for all at once: growing to megabytes step by step is copying them.
        let mut text = Vec::with_capacity(1024 + 256 * self.inputs.len());
        let written = serde_json::to_writer(&mut text, &sorted).ok();
        let canonical = written.and_then(|()| String::from_utf8(text).ok());
        let canonical = canonical.unwrap_or_default();
        debug_assert_eq!(Some(&canonical), canonical_json(self).as_ref());
        canonical
    }
}

/// Runs a plan. An input that cannot be read is told with its reason, and the others are brought in all the same.
///
/// Errors: what the store or the system says; what was published before stays, and the same command goes on from there.
pub fn run(
    workspace: &Workspace,
    world: &World<'_>,
    request: &Request<'_>,
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Outcome, EngineError> {
    let scene = Scene {
        workspace,
        world,
        watch,
    };
    let finished = publish::roll_forward(scene);
    let finished_batches = workspace.runtime.block_on(finished)?;
    let staging = workspace.place.as_folder();
    let staging = staging.map(|folder| Passing::enter(&folder.join(STAGING)));
    let staging = staging.transpose()?;
    let work: Vec<usize> = (0..plan.found.len())
        .filter(|index| {
            plan.inputs
                .get(*index)
                .is_some_and(|input| input.present.is_none())
        })
        .collect();
    let mut outcome = Outcome::new(plan, finished_batches);
    note_context(workspace, plan, &mut outcome.inputs)?;
    if work.is_empty() {
        return Ok(outcome);
    }
    ready_to_sign(workspace, world)?;
    let pool = crate::check::thread_pool(request.jobs)?;
    let lanes = pool.current_num_threads().min(work.len()).max(1);
    let keeper = keep::Keeper {
        workspace,
        world,
        request,
        pool: &pool,
        given: &plan.given,
        rules: &plan.rules,
        plan_sha256: &plan.plan_sha256,
        lanes,
        watch,
    };
    plan.rules.keep(workspace)?;
    let mut publishing = Publishing::new(scene, plan);
    let published = prepare_all(&keeper, plan, &work, &mut |at, (ingested, prepared)| {
        if let Some(slot) = outcome.inputs.get_mut(at) {
            *slot = ingested;
        }
        if let Some(prepared) = prepared {
            return publishing.add(at, prepared);
        }
        publishing.failed += 1;
        Ok(())
    });
    drop(staging);
    published?;
    publishing.flush()?;
    for at in publishing.present {
        if let Some(input) = outcome.inputs.get_mut(at) {
            input.status = "present";
        }
    }
    outcome.batches = publishing.batches;
    Ok(outcome)
}

impl Outcome {
    /// Nothing was brought in yet.
    fn new(plan: &Plan, finished_batches: usize) -> Self {
        Self {
            schema: "fieldassay.ingest",
            version: DOCUMENT_VERSION,
            plan_sha256: plan.plan_sha256.clone(),
            policy: plan.policy.clone(),
            inputs: plan
                .inputs
                .iter()
                .map(|input| present(input, &plan.verdicts))
                .collect(),
            skipped: plan.skipped.clone(),
            skipped_count: plan.skipped_count,
            batches: Vec::new(),
            finished_batches,
        }
    }
}

/// Before hours of reading: without the key nothing of it could be published.
fn ready_to_sign(workspace: &Workspace, world: &World<'_>) -> Result<(), EngineError> {
    let ledger = super::ledger::Ledger::open(workspace, world);
    workspace.runtime.block_on(ledger)?.key().map(drop)
}

/// Tells of context that is given now for what came in without it.
fn note_context(
    workspace: &Workspace,
    plan: &Plan,
    inputs: &mut [Ingested],
) -> Result<(), EngineError> {
    if plan.given.is_empty() || inputs.iter().all(|input| input.recording_id.is_none()) {
        return Ok(());
    }
    let before = context::Before::read(workspace)?;
    for (ingested, input) in inputs.iter_mut().zip(&plan.found) {
        if let Some(id) = &ingested.recording_id {
            let said = plan.given.of(&input.path, &BTreeMap::new())?;
            ingested.notes = before.notes(id, &said);
        }
    }
    Ok(())
}

/// Prepares inputs side by side and gives them in their order.
fn prepare_all(
    keeper: &keep::Keeper<'_>,
    plan: &Plan,
    work: &[usize],
    take: &mut dyn FnMut(usize, Done) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let queue = Queue::new(work.len(), keeper.lanes);
    let prepare = |index: usize| {
        let input = work.get(index).and_then(|at| plan.found.get(*at));
        let done = input.map(|input| keeper.pool.install(|| keeper.prepare(input, index)));
        done.transpose()
    };
    std::thread::scope(|scope| {
        for _ in 0..keeper.lanes {
            scope.spawn(|| queue.lane(prepare));
        }
        for at in work {
            let taken = queue.next().and_then(|done| match done {
                Some(done) => take(*at, done),
                None => Ok(()),
            });
            taken.inspect_err(|_| queue.stop())?;
        }
        Ok(())
    })
}

/// What is said of an input before it is read: all there is where it is there already.
fn present(input: &PlannedInput, verdicts: &Verdicts) -> Ingested {
    let judged = input.present.as_deref().and_then(|id| verdicts.of(id));
    Ingested {
        path: input.path.clone(),
        recording_id: input.present.clone(),
        status: if input.present.is_some() {
            "present"
        } else {
            "failed"
        },
        format: None,
        verdict: judged.and_then(|(verdict, _)| evidence::known_verdict(verdict)),
        quarantined: judged.is_some_and(|(_, is_quarantined)| is_quarantined),
        complete: true,
        size_bytes: input.size_bytes,
        added_bytes: 0,
        rows: BTreeMap::new(),
        findings: Vec::new(),
        contracts: Vec::new(),
        left_out: BTreeMap::new(),
        notes: Vec::new(),
        error: None,
    }
}

/// What was made of one input; nothing to publish where it could not be read.
type Done = (Ingested, Option<Prepared>);

/// What is prepared and not yet published.
struct Publishing<'a> {
    scene: Scene<'a>,
    plan: &'a Plan,
    waiting: Vec<(usize, Prepared)>,
    since_ns: i64,
    /// Inputs that could not be brought in since the batch before.
    failed: u64,
    batches: Vec<i64>,
    present: BTreeSet<usize>,
}

impl<'a> Publishing<'a> {
    fn new(scene: Scene<'a>, plan: &'a Plan) -> Self {
        Self {
            scene,
            plan,
            waiting: Vec::new(),
            since_ns: 0,
            failed: 0,
            batches: Vec::new(),
            present: BTreeSet::new(),
        }
    }

    fn add(&mut self, at: usize, prepared: Prepared) -> Result<(), EngineError> {
        let now_ns = (self.scene.world.now_ns)();
        if self.waiting.is_empty() {
            self.since_ns = now_ns;
        }
        self.waiting.push((at, prepared));
        if self.waiting.len() >= BATCH || now_ns - self.since_ns > BATCH_NS {
            return self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let ids: Vec<(usize, String)> = waiting
            .iter()
            .map(|(at, one)| (*at, one.listed.recording_id.clone()))
            .collect();
        let plan = publish::Plan {
            verb: "ingest",
            sha256: &self.plan.plan_sha256,
            about: BTreeMap::from([
                ("policy".to_owned(), json!(self.plan.policy)),
                ("failed".to_owned(), json!(std::mem::take(&mut self.failed))),
            ]),
        };
        let prepared = waiting.into_iter().map(|(_, one)| one).collect();
        let published = publish::publish(self.scene, &plan, prepared);
        let published = self.scene.workspace.runtime.block_on(published)?;
        self.batches.extend(published.sequence);
        let mut first = BTreeSet::new();
        for (at, id) in ids {
            // Of equal inputs in one batch the first brought it in.
            if published.present.contains(&id)
                && (published.others.contains(&id) || !first.insert(id))
            {
                self.present.insert(at);
            }
        }
        Ok(())
    }
}

/// Recordings and labels in what a user names. A file in which nothing is known is taken for a recording, whose reader says
/// why it is none.
///
/// Errors: a path where nothing is, a folder in which nothing is known.
pub(crate) fn find(
    named: &[String],
    limits: &Limits,
) -> Result<(Vec<PathBuf>, Vec<LabelInput>), EngineError> {
    let (mut recordings, mut labels) = (Vec::new(), Vec::new());
    for one in named {
        match inputs::find(std::slice::from_ref(one), None, limits, || {
            Ok(inputs::Before::default())
        }) {
            Ok(listed) => {
                for input in listed.inputs {
                    match input.kind {
                        Kind::Recording => recordings.push(input.path),
                        Kind::Labels(one) => labels.push(*one),
                    }
                }
            }
            Err(EngineError::NothingKnown { .. }) if Path::new(one).is_file() => {
                recordings.push(PathBuf::from(one));
            }
            Err(error) => return Err(error),
        }
    }
    recordings.sort();
    recordings.dedup();
    labels.sort_by(|a, b| a.path.cmp(&b.path));
    labels.dedup();
    Ok((recordings, labels))
}

/// Files and their stamps as the catalogue remembers them.
fn seen_file(input: &Input, recording_id: &str) -> SeenFile {
    SeenFile {
        path: input.absolute.clone(),
        size_bytes: i64::try_from(input.stamp.size_bytes).unwrap_or(i64::MAX),
        modified_ns: input.stamp.modified_ns,
        inode: input.stamp.inode,
        recording_id: recording_id.to_owned(),
    }
}

/// What an input of labels needs besides itself.
fn content_options(request: &Request<'_>) -> content::Options {
    content::Options {
        image_sizes: request.image_sizes.clone(),
        class_names: request.class_names.clone(),
        columns: request.columns.clone(),
        ..content::Options::default()
    }
}
