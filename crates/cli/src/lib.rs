//! The binary fieldassay: thin, over engine.
//!
//! Read [`Arguments`] first: one verb is one file in `commands/`, which calls one operation of
//! `engine` and shows its outcome with `render/`. [`main`] alone turns outcomes into exit codes.
//!
//! Not here: anything that reads a recording or decides a verdict.

mod commands;
mod exit;
mod reference;
mod render;

pub use reference::reference;

use clap::{CommandFactory as _, Parser, Subcommand};
use std::process::ExitCode;

/// What can be asked for on the command line.
#[derive(Debug, Parser)]
#[command(
    name = "fieldassay",
    version,
    about = "The open evidence engine for physical-AI data: proves what recordings of robots and vehicles are worth",
    after_help = "Exit codes: 0 done, 1 an input yielded nothing, 2 wrong arguments, 3 done with data loss, 4 a gate said no.",
    propagate_version = true
)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(commands::check::Arguments),
    Checks(commands::checks::Arguments),
    Info(commands::info::Arguments),
    Recover(commands::convert::RecoverArguments),
    Convert(commands::convert::ConvertArguments),
    Simulate(commands::simulate::Arguments),
    Demo(commands::demo::Arguments),
    Traj(commands::traj::Arguments),
    Measure(commands::measure::Arguments),
    Score(commands::score::Arguments),
    Agree(commands::agree::Arguments),
    Votes(commands::votes::Arguments),
    Confidence(commands::confidence::Arguments),
    LabelErrors(commands::label_errors::Arguments),
    Route(commands::route::Arguments),
    PlanQa(commands::plan_qa::Arguments),
    Prefer(commands::prefer::Arguments),
    Compare(commands::compare::Arguments),
    Drift(commands::drift::Arguments),
    Richness(commands::richness::Arguments),
    Contract(commands::contract::Arguments),
    Ontology(commands::ontology::Arguments),
    #[cfg(feature = "platform")]
    #[command(flatten)]
    Workspace(WorkspaceVerb),
}

/// Verbs of a workspace.
#[cfg(feature = "platform")]
#[derive(Debug, Subcommand)]
enum WorkspaceVerb {
    Init(commands::workspace::init::Arguments),
    Ingest(commands::workspace::ingest::Arguments),
    Ls(commands::workspace::ls::Arguments),
    Show(commands::workspace::show::Arguments),
    Query(commands::workspace::query::Arguments),
    Sql(commands::workspace::sql::Arguments),
    Clip(commands::workspace::clip::Arguments),
    Jobs(commands::workspace::jobs::JobsArguments),
    Worker(commands::workspace::jobs::WorkerArguments),
    Verify(commands::workspace::verify::Arguments),
    Log(commands::workspace::log::Arguments),
    Release(commands::workspace::release::Arguments),
    Diff(commands::workspace::releases::DiffArguments),
    Tag(commands::workspace::releases::TagArguments),
    Export(commands::workspace::releases::ExportArguments),
    Reproduce(commands::workspace::releases::ReproduceArguments),
    Lineage(commands::workspace::lineage::Arguments),
    Card(commands::workspace::card::Arguments),
}

/// What the workspace adds, for a build without it.
#[cfg(not(feature = "platform"))]
const WORKSPACE_VERBS: [&str; 18] = [
    "init",
    "ingest",
    "ls",
    "show",
    "query",
    "sql",
    "clip",
    "jobs",
    "worker",
    "release",
    "diff",
    "tag",
    "export",
    "reproduce",
    "lineage",
    "card",
    "verify",
    "log",
];

/// The definition of every verb, option and help text.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs one verb and gives the exit code of the contract.
pub fn main() -> ExitCode {
    #[cfg(not(feature = "platform"))]
    if let Some(verb) = std::env::args().nth(1)
        && WORKSPACE_VERBS.contains(&verb.as_str())
    {
        return exit::report(&exit::UsageError(format!(
            "`{verb}` works on a workspace, which this build leaves out so that it compiles in minutes\nhint: build with it: `cargo install --path crates/cli --features platform`"
        )).into());
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not mistakes; `clap` sends each to its stream.
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::DONE
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let outcome = match arguments.verb {
        Verb::Check(arguments) => commands::check::run(&arguments),
        Verb::Checks(arguments) => commands::checks::run(&arguments),
        Verb::Info(arguments) => commands::info::run(&arguments),
        Verb::Recover(arguments) => commands::convert::recover(&arguments),
        Verb::Convert(arguments) => commands::convert::convert(&arguments),
        Verb::Simulate(arguments) => commands::simulate::run(&arguments),
        Verb::Demo(arguments) => commands::demo::run(&arguments),
        Verb::Traj(arguments) => commands::traj::run(&arguments),
        Verb::Measure(arguments) => commands::measure::run(&arguments),
        Verb::Score(arguments) => commands::score::run(&arguments),
        Verb::Agree(arguments) => commands::agree::run(&arguments),
        Verb::Votes(arguments) => commands::votes::run(&arguments),
        Verb::Confidence(arguments) => commands::confidence::run(&arguments),
        Verb::LabelErrors(arguments) => commands::label_errors::run(&arguments),
        Verb::Route(arguments) => commands::route::run(&arguments),
        Verb::PlanQa(arguments) => commands::plan_qa::run(&arguments),
        Verb::Prefer(arguments) => commands::prefer::run(&arguments),
        Verb::Compare(arguments) => commands::compare::run(&arguments),
        Verb::Drift(arguments) => commands::drift::run(&arguments),
        Verb::Richness(arguments) => commands::richness::run(&arguments),
        Verb::Contract(arguments) => commands::contract::run(&arguments),
        Verb::Ontology(arguments) => commands::ontology::run(&arguments),
        #[cfg(feature = "platform")]
        Verb::Workspace(verb) => workspace(&verb),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => exit::report(&error),
    }
}

#[cfg(feature = "platform")]
fn workspace(verb: &WorkspaceVerb) -> anyhow::Result<u8> {
    use commands::workspace::{
        card, clip, ingest, init, jobs, lineage, log, ls, query, release, releases, show, sql,
        verify,
    };
    match verb {
        WorkspaceVerb::Init(arguments) => init::run(arguments),
        WorkspaceVerb::Ingest(arguments) => ingest::run(arguments),
        WorkspaceVerb::Ls(arguments) => ls::run(arguments),
        WorkspaceVerb::Show(arguments) => show::run(arguments),
        WorkspaceVerb::Query(arguments) => query::run(arguments),
        WorkspaceVerb::Sql(arguments) => sql::run(arguments),
        WorkspaceVerb::Clip(arguments) => clip::run(arguments),
        WorkspaceVerb::Jobs(arguments) => jobs::jobs(arguments),
        WorkspaceVerb::Worker(arguments) => jobs::worker(arguments),
        WorkspaceVerb::Verify(arguments) => verify::run(arguments),
        WorkspaceVerb::Log(arguments) => log::run(arguments),
        WorkspaceVerb::Release(arguments) => release::run(arguments),
        WorkspaceVerb::Diff(arguments) => releases::diff(arguments),
        WorkspaceVerb::Tag(arguments) => releases::tag(arguments),
        WorkspaceVerb::Export(arguments) => releases::export(arguments),
        WorkspaceVerb::Reproduce(arguments) => releases::reproduce(arguments),
        WorkspaceVerb::Lineage(arguments) => lineage::run(arguments),
        WorkspaceVerb::Card(arguments) => card::run(arguments),
    }
}
