//! `jobs` and `worker`: queued work, and doing it.

use super::{Where, in_world};
use crate::exit::Happened;
use crate::render;
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::jobs::{self, Worker};

/// List queued work, take a job back, or try a dead one again.
#[derive(Debug, clap::Args)]
pub(crate) struct JobsArguments {
    #[command(flatten)]
    workspace: Where,
    /// Only jobs of this state.
    #[arg(long, value_name = "STATE", value_parser = ["ready", "running", "done", "dead", "cancelled"])]
    state: Option<String>,
    /// Make this dead or cancelled job ready again.
    #[arg(long, value_name = "JOB", conflicts_with = "cancel")]
    retry: Option<String>,
    /// Take this job back, which nobody has begun.
    #[arg(long, value_name = "JOB")]
    cancel: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Do queued work, as many workers as you like, on as many machines as reach the workspace.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArguments {
    #[command(flatten)]
    workspace: Where,
    /// What this worker can do besides what any can: `gpu`.
    #[arg(long, value_name = "WORD", default_value = "")]
    label: String,
    /// End when there is nothing to do.
    #[arg(long)]
    until_empty: bool,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document per job instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn jobs(arguments: &JobsArguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    if let Some(job) = &arguments.retry {
        in_world(|world| Ok(jobs::retry(&workspace, world, job)?))?;
        render::note(&format!("{job} is ready again"));
        return Ok(crate::exit::DONE);
    }
    if let Some(job) = &arguments.cancel {
        jobs::cancel(&workspace, job)?;
        render::note(&format!("{job} is cancelled"));
        return Ok(crate::exit::DONE);
    }
    let document = jobs::list(&workspace, arguments.state.as_deref())?;
    render::answer(arguments.json, &document, render::workspace::jobs)?;
    Ok(crate::exit::DONE)
}

pub(crate) fn worker(arguments: &WorkerArguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let worker = Worker {
        label: &arguments.label,
        until_empty: arguments.until_empty,
        jobs: arguments.jobs,
    };
    let mut happened = Happened::default();
    in_world(|world| {
        jobs::work(&workspace, world, &worker, &NoProgress, &mut |worked| {
            happened.failed |= worked.error.is_some();
            if let Some(outcome) = &worked.outcome {
                let of_this = super::ingest::happened(outcome);
                happened.failed |= of_this.failed;
                happened.loss |= of_this.loss;
                happened.refused |= of_this.refused;
            }
            render::answer(arguments.json, worked, render::workspace::worked).is_ok()
        })?;
        Ok(())
    })?;
    Ok(happened.code())
}
