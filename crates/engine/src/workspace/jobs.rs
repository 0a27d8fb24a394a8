//! `jobs` and `worker`: work that is queued, and whoever does it.
//!
//! Read [`enqueue`] and [`work`] first. A job is one input to bring in. It may be done twice (a worker that says nothing
//! for a while loses it to another), and nothing comes in twice by that, because nothing does by any way.
//!
//! Not here: the queue itself (`store`).

use super::ingest::{self, Outcome, Request, Watch};
use super::layouts::{Form, Skipped};
use super::opened::{Workspace, World};
use crate::limits::Limits;
use crate::statistics::Columns;
use crate::{EngineError, ErrorKind};
use fieldassay_model::{Policy, hexadecimal};
use fieldassay_store::{Claim, Job, JobState, NewJob, Retry};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// What a job of this kind does.
const INGEST: &str = "ingest";
/// How long a worker may say nothing, and how often it says that it lives.
const LEASE_US: i64 = 60_000_000;
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Wait before the second try; it doubles with every further one.
const BACKOFF_US: i64 = 5_000_000;
/// How long a worker without work waits before it looks again.
const IDLE: Duration = Duration::from_millis(500);
/// Tries before a job is dead.
const MOST_ATTEMPTS: i64 = 5;

/// The document of `jobs --json`.
#[derive(Clone, Debug, Serialize)]
pub struct JobsDocument {
    /// `fieldassay.jobs`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Jobs, those that are to be claimed first first.
    pub jobs: Vec<ShownJob>,
    /// Files no job was made of, with the reason; of what was queued now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}

/// A job as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct ShownJob {
    /// Its id.
    pub job_id: String,
    /// What it does.
    pub kind: String,
    /// To what.
    pub input: String,
    /// `ready`, `running`, `done`, `dead` or `cancelled`.
    pub state: &'static str,
    /// Lower comes first.
    pub priority: i64,
    /// Times it was claimed.
    pub attempt: i64,
    /// Claims before it is dead.
    pub most_attempts: i64,
    /// Who has it.
    pub worker: Option<String>,
    /// What a worker must be able to do; empty for any worker.
    pub label: String,
    /// What came of it.
    pub result: Option<serde_json::Value>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// All that a worker needs to bring an input in, wherever it runs.
#[derive(Serialize, Deserialize)]
struct Arguments {
    input: PathBuf,
    policy: String,
    context: Vec<String>,
    context_file: Option<PathBuf>,
    form: Option<String>,
    image_sizes: Option<PathBuf>,
    class_names: Option<PathBuf>,
    columns: String,
    #[serde(default)]
    contracts: Vec<PathBuf>,
    #[serde(default)]
    ontology: Option<String>,
}

/// Queues every input of a request that is not in the workspace yet. What is queued already is not queued again.
pub fn enqueue(
    workspace: &Workspace,
    world: &World<'_>,
    request: &Request<'_>,
    policy_name: &str,
) -> Result<JobsDocument, EngineError> {
    let plan = ingest::plan(workspace, request)?;
    let now_us = (world.now_ns)() / 1000;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut ids = Vec::new();
    for input in plan.inputs.iter().filter(|input| input.present.is_none()) {
        let arguments = Arguments {
            input: absolute(Path::new(&input.path)),
            policy: request.policy.to_yaml(),
            context: request.context.to_vec(),
            context_file: request.context_file.as_deref().map(absolute),
            form: request.form.map(|form| form.name().to_owned()),
            image_sizes: request.image_sizes.as_deref().map(absolute),
            class_names: request.class_names.as_deref().map(absolute),
            columns: request.columns.to_string(),
            contracts: request
                .contracts
                .iter()
                .map(|path| absolute(path))
                .collect(),
            ontology: request.ontology.as_ref().map(|named| {
                let path = Path::new(named);
                if path.is_file() {
                    absolute(path).display().to_string()
                } else {
                    named.clone()
                }
            }),
        };
        let text = serde_json::to_string(&arguments).map_err(|error| EngineError::Request {
            message: format!("the job cannot be written: {error}"),
        })?;
        let stamp = format!(
            "{text}\0{policy_name}\0{}\0{:?}",
            input.size_bytes, input.stamp
        );
        let key = hexadecimal(&sha2::Sha256::digest(stamp.as_bytes()));
        let job_id = format!("j-{}", key.chars().take(16).collect::<String>());
        let job = NewJob {
            job_id: &job_id,
            kind: INGEST,
            arguments: &text,
            idempotency_key: &key,
            priority: 0,
            run_after_us: now_us,
            most_attempts: MOST_ATTEMPTS,
            label: "",
            parent: None,
        };
        workspace
            .runtime
            .block_on(workspace.catalog.enqueue(&job, now_us))?;
        ids.push(job_id);
    }
    let mut all = list(workspace, None)?;
    all.jobs.retain(|job| ids.contains(&job.job_id));
    all.skipped = plan.skipped;
    Ok(all)
}

/// The jobs of a workspace, of one state where one is named.
pub fn list(workspace: &Workspace, state: Option<&str>) -> Result<JobsDocument, EngineError> {
    const STATES: [JobState; 5] = [
        JobState::Running,
        JobState::Ready,
        JobState::Dead,
        JobState::Cancelled,
        JobState::Done,
    ];
    let mut jobs = Vec::new();
    for one in STATES
        .iter()
        .filter(|one| state.is_none_or(|state| state == one.as_str()))
    {
        jobs.extend(
            workspace
                .runtime
                .block_on(workspace.catalog.jobs(Some(*one)))?,
        );
    }
    Ok(JobsDocument {
        schema: "fieldassay.jobs",
        version: 1,
        jobs: jobs.into_iter().map(shown).collect(),
        skipped: Vec::new(),
    })
}

fn shown(job: Job) -> ShownJob {
    let arguments: Option<Arguments> = serde_json::from_str(&job.arguments).ok();
    ShownJob {
        input: arguments.map_or(job.arguments, |arguments| {
            arguments.input.display().to_string()
        }),
        job_id: job.job_id,
        kind: job.kind,
        state: job.state.as_str(),
        priority: job.priority,
        attempt: job.attempt,
        most_attempts: job.most_attempts,
        worker: job.lease_owner,
        label: job.label,
        result: job
            .result
            .and_then(|result| serde_json::from_str(&result).ok()),
        error: job.error,
    }
}

/// Makes a dead or cancelled job ready again. Errors: one that is not there, or that is neither.
pub fn retry(workspace: &Workspace, world: &World<'_>, job_id: &str) -> Result<(), EngineError> {
    let now_us = (world.now_ns)() / 1000;
    changed(
        workspace
            .runtime
            .block_on(workspace.catalog.revive(job_id, now_us))?,
        job_id,
        "dead or cancelled",
    )
}

/// Takes back a job that nobody has claimed. Errors: one that is not there, or that is not ready.
pub fn cancel(workspace: &Workspace, job_id: &str) -> Result<(), EngineError> {
    changed(
        workspace
            .runtime
            .block_on(workspace.catalog.cancel(job_id))?,
        job_id,
        "ready",
    )
}

fn changed(is_changed: bool, job_id: &str, states: &str) -> Result<(), EngineError> {
    if is_changed {
        return Ok(());
    }
    Err(EngineError::Request {
        message: format!(
            "no job `{job_id}` is {states}\nhint: `fieldassay jobs` lists jobs with their states"
        ),
    })
}

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Worker<'a> {
    /// What it can do, one word; empty for what any worker can.
    pub label: &'a str,
    /// Whether it ends when there is nothing to do.
    pub until_empty: bool,
    /// Threads; 0 means one per core.
    pub jobs: usize,
}

/// What became of one job.
#[derive(Clone, Debug, Serialize)]
pub struct Worked {
    /// The job.
    pub job_id: String,
    /// To what.
    pub input: String,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Does jobs until there are none, or until `tell` says that it is enough.
///
/// Errors: what the catalogue says. A job that fails is tried again later, or is dead where that cannot help.
pub fn work(
    workspace: &Workspace,
    world: &World<'_>,
    worker: &Worker<'_>,
    watch: &dyn Watch,
    tell: &mut dyn FnMut(&Worked) -> bool,
) -> Result<(), EngineError> {
    loop {
        let now_us = (world.now_ns)() / 1000;
        let claim = workspace
            .catalog
            .claim(world.process, worker.label, now_us, now_us + LEASE_US);
        let Some(claim) = workspace.runtime.block_on(claim)? else {
            if worker.until_empty {
                return Ok(());
            }
            std::thread::sleep(IDLE);
            continue;
        };
        let worked = with_heartbeat(workspace, world, &claim, || {
            one(workspace, world, worker, &claim, watch)
        })?;
        if !tell(&worked) {
            return Ok(());
        }
    }
}

/// Says all the while that the worker lives.
fn with_heartbeat<T>(
    workspace: &Workspace,
    world: &World<'_>,
    claim: &Claim,
    work: impl FnOnce() -> T,
) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(HEARTBEAT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let until_us = (world.now_ns)() / 1000 + LEASE_US;
                let beat = workspace.catalog.heartbeat(claim, until_us);
                // A lost claim shows when the job is finished.
                let _ = workspace.runtime.block_on(beat);
            }
        });
        let out = work();
        drop(done);
        out
    })
}

fn one(
    workspace: &Workspace,
    world: &World<'_>,
    worker: &Worker<'_>,
    claim: &Claim,
    watch: &dyn Watch,
) -> Result<Worked, EngineError> {
    let job = &claim.job;
    let done = bring_in(workspace, world, worker, &job.arguments, watch);
    let mut worked = Worked {
        job_id: job.job_id.clone(),
        input: shown(job.clone()).input,
        outcome: None,
        error: None,
    };
    let (error, retry) = match done {
        Ok(outcome) => {
            let failed = outcome.inputs.iter().find_map(|input| input.error.clone());
            let is_kept = outcome
                .inputs
                .iter()
                .all(|input| input.recording_id.is_some());
            let result = serde_json::to_string(&outcome).unwrap_or_default();
            worked.outcome = Some(outcome);
            if is_kept {
                workspace
                    .runtime
                    .block_on(workspace.catalog.finish(claim, &result))?;
                return Ok(worked);
            }
            (failed.unwrap_or_default(), Retry::Never)
        }
        Err(error) => {
            let doubled = BACKOFF_US << job.attempt.clamp(0, 10);
            let retry = match error.kind() {
                ErrorKind::System => Retry::After((world.now_ns)() / 1000 + doubled),
                ErrorKind::Usage | ErrorKind::Input | ErrorKind::Gate => Retry::Never,
            };
            (error.to_string(), retry)
        }
    };
    workspace
        .runtime
        .block_on(workspace.catalog.fail(claim, &error, retry))?;
    worked.error = Some(error);
    Ok(worked)
}

fn bring_in(
    workspace: &Workspace,
    world: &World<'_>,
    worker: &Worker<'_>,
    arguments: &str,
    watch: &dyn Watch,
) -> Result<Outcome, EngineError> {
    let wrong = |what: String| EngineError::Request {
        message: format!("the job cannot be read: {what}"),
    };
    let arguments: Arguments =
        serde_json::from_str(arguments).map_err(|error| wrong(error.to_string()))?;
    let policy = Policy::parse(&arguments.policy).map_err(|error| wrong(error.to_string()))?;
    let inputs = [arguments.input.display().to_string()];
    let request = Request {
        inputs: &inputs,
        policy: &policy,
        context: &arguments.context,
        context_file: arguments.context_file,
        form: arguments
            .form
            .as_deref()
            .map(str::parse::<Form>)
            .transpose()?,
        image_sizes: arguments.image_sizes,
        class_names: arguments.class_names,
        contracts: arguments.contracts,
        ontology: arguments.ontology,
        columns: match arguments.columns.as_str() {
            "" => Columns::default(),
            columns => columns.parse().map_err(wrong)?,
        },
        rehash: false,
        jobs: worker.jobs,
        limits: Limits::default(),
    };
    let plan = ingest::plan(workspace, &request)?;
    ingest::run(workspace, world, &request, &plan, watch)
}
