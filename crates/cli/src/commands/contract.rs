//! `contract`: recordings and labels against what they must be, and versions of a contract against each other.

use crate::exit::{DONE, GATE, Happened};
use crate::render::{self, Bar};
use fieldassay_engine::contract::{self, CheckDocument, Files, Request};
use fieldassay_engine::limits::Limits;
use fieldassay_model::Verdict;
use fieldassay_model::contract::Mode;
use std::path::PathBuf;

/// Hold recordings and labels to a contract: channels, types, units, frames, rates, ranges, missing values, context, categories.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(CheckArguments),
    Compare(CompareArguments),
}

/// Hold recordings to a contract. Exits with 4 when one breaks it, or when something it asks could not be looked at.
#[derive(Debug, clap::Args)]
struct CheckArguments {
    /// The contract.
    #[arg(value_name = "CONTRACT.yaml")]
    contract: PathBuf,
    /// Recordings, folders of data sets or of drives, globs; with the workspace built in also labels, and its recordings by id (`r-…`).
    #[arg(required = true, value_name = "FILES|DIRS|GLOBS|IDS")]
    inputs: Vec<String>,
    /// An ontology the contract names: its file, or one that comes with the program; files beside the contract are found.
    #[arg(long, value_name = "FILE|NAME@V")]
    ontology: Vec<String>,
    /// The data is of this older version: read it as the new one, by the steps that declares; oldest first, repeated for every version between.
    #[arg(long, value_name = "OLD.yaml")]
    migrate_from: Vec<PathBuf>,
    /// What is known about all of them: `site=plant-3`; may be repeated.
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A YAML file of what is known, as `ingest` takes it.
    #[arg(long, value_name = "FILE.yaml")]
    context: Option<PathBuf>,
    #[cfg(feature = "platform")]
    #[command(flatten)]
    workspace: super::workspace::Where,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Say what a new version changes, and for whom. Exits with 4 when it breaks what the old one keeps.
#[derive(Debug, clap::Args)]
struct CompareArguments {
    /// The old version.
    #[arg(value_name = "OLD.yaml")]
    old: PathBuf,
    /// The new version.
    #[arg(value_name = "NEW.yaml")]
    new: PathBuf,
    /// What must be kept; what the old version says when not given.
    #[arg(long, value_enum)]
    mode: Option<Keep>,
    /// An ontology they name: its file, or one that comes with the program; files beside the contracts are found.
    #[arg(long, value_name = "FILE|NAME@V")]
    ontology: Vec<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// What must be kept.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Keep {
    /// Readers of the new version read old data.
    Backward,
    /// Readers of the old version read new data.
    Forward,
    /// Both.
    Full,
    /// Nothing.
    None,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.verb {
        Verb::Check(arguments) => check(arguments),
        Verb::Compare(arguments) => compare(arguments),
    }
}

fn check(arguments: &CheckArguments) -> anyhow::Result<u8> {
    let files = Files::read(
        &arguments.contract,
        &arguments.ontology,
        &arguments.migrate_from,
    )?;
    let (ids, paths) = named(arguments);
    let limits = Limits::default();
    let request = Request {
        inputs: &paths,
        context: &arguments.set,
        context_file: arguments.context.clone(),
        jobs: arguments.jobs,
        limits,
    };
    let plan = contract::plan(&request)?;
    let bar = Bar::new(plan.size_bytes);
    let mut document = contract::run(&files, &request, &plan, &bar)?;
    if !ids.is_empty() {
        let kept = kept(arguments, &ids, (&files, &bar))?;
        let all = document.inputs.into_iter().chain(kept);
        document = contract::document(&files, all.collect());
    }
    bar.finish();
    render::answer(arguments.json, &document, render::contract::checked)?;
    Ok(happened(&document).code())
}

/// Recordings of a workspace, and everything else.
#[cfg(feature = "platform")]
fn named(arguments: &CheckArguments) -> (Vec<String>, Vec<String>) {
    let inputs = arguments.inputs.iter().cloned();
    inputs.partition(|input| fieldassay_engine::workspace::held::is_id(input))
}

#[cfg(not(feature = "platform"))]
fn named(arguments: &CheckArguments) -> (Vec<String>, Vec<String>) {
    (Vec::new(), arguments.inputs.clone())
}

#[cfg(feature = "platform")]
fn kept(
    arguments: &CheckArguments,
    ids: &[String],
    (files, bar): (&Files, &Bar),
) -> anyhow::Result<Vec<contract::CheckedInput>> {
    let workspace = arguments.workspace.open()?;
    let limits = Limits::default();
    let held = fieldassay_engine::workspace::held::check(&workspace, ids, files, (&limits, bar));
    Ok(held?)
}

#[cfg(not(feature = "platform"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "reading a workspace may fail in the other build"
)]
fn kept(
    _: &CheckArguments,
    _: &[String],
    _: (&Files, &Bar),
) -> anyhow::Result<Vec<contract::CheckedInput>> {
    Ok(Vec::new())
}

fn happened(document: &CheckDocument) -> Happened {
    let mut happened = Happened::default();
    for input in &document.inputs {
        happened.failed |= input.error.is_some();
        happened.loss |= !input.complete && input.error.is_none();
        happened.refused |= input.verdict != Verdict::Pass;
    }
    happened
}

fn compare(arguments: &CompareArguments) -> anyhow::Result<u8> {
    let mode = arguments.mode.map(|keep| match keep {
        Keep::Backward => Mode::Backward,
        Keep::Forward => Mode::Forward,
        Keep::Full => Mode::Full,
        Keep::None => Mode::None,
    });
    let document = contract::compare(&arguments.old, &arguments.new, (&arguments.ontology, mode))?;
    render::answer(arguments.json, &document, render::contract::compared)?;
    Ok(if document.accepted { DONE } else { GATE })
}
