//! `ontology`: what labels may say, where classes go, what a new version changes, and what becomes of classes over time.

use crate::exit::{DONE, GATE};
use crate::render;
use fieldassay_engine::ontology;
#[cfg(feature = "platform")]
use fieldassay_engine::{contract::files, workspace::classes};

/// Ontologies of labels: check a file, map its classes to others, compare versions, look for drift of classes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(CheckArguments),
    Map(MapArguments),
    Compare(CompareArguments),
    #[cfg(feature = "platform")]
    Drift(DriftArguments),
}

/// Hold the file of an ontology to its rules, and its mappings to what they lead to. Exits with 4 when a mapping leads nowhere.
#[derive(Debug, clap::Args)]
struct CheckArguments {
    /// The ontology: a file, or one that comes with the program.
    #[arg(value_name = "FILE|NAME@V")]
    ontology: String,
    /// An ontology it maps to; files beside it are found.
    #[arg(long, value_name = "FILE|NAME@V")]
    with: Vec<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Say where each class goes in another ontology, and what is lost.
#[derive(Debug, clap::Args)]
struct MapArguments {
    /// The ontology: a file, or one that comes with the program.
    #[arg(value_name = "FILE|NAME@V")]
    ontology: String,
    /// Where to: `coco@2017`, `nuscenes`, a version of its own, or a file.
    #[arg(long, value_name = "NAME@V|FILE")]
    to: String,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Say what a new version changes, and which old labels have no one place in it. Exits with 4 when there are any.
#[derive(Debug, clap::Args)]
struct CompareArguments {
    /// The old version.
    #[arg(value_name = "OLD.yaml")]
    old: String,
    /// The new version.
    #[arg(value_name = "NEW.yaml")]
    new: String,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Look for new, vanishing, renamed and shifted classes in the labels of a workspace, by source and time.
#[cfg(feature = "platform")]
#[derive(Debug, clap::Args)]
struct DriftArguments {
    /// The ontology: a file, or one that comes with the program.
    #[arg(value_name = "FILE|NAME@V")]
    ontology: String,
    #[command(flatten)]
    workspace: super::workspace::Where,
    /// Length of a window of time, days.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=36_525))]
    window: u32,
    /// Column that says who labeled: supplier, tool, annotator, batch, guideline or source; supplier, else tool, else the form of the file when not given.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Earlier windows a window is compared with; all when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    history: usize,
    /// Share of false alarms among what is reported.
    #[arg(long, value_name = "A", default_value_t = 0.05)]
    alpha: f64,
    /// Classes for what has no class of its own.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    other: Vec<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.verb {
        Verb::Check(arguments) => {
            let document = ontology::check(&arguments.ontology, &arguments.with)?;
            render::answer(arguments.json, &document, render::ontology::checked)?;
            let is_wrong = document.mappings.iter().any(|one| !one.problems.is_empty());
            Ok(if is_wrong { GATE } else { DONE })
        }
        Verb::Map(arguments) => {
            let document = ontology::map(&arguments.ontology, &arguments.to)?;
            render::answer(arguments.json, &document, render::ontology::mapped)?;
            Ok(if document.problems.is_empty() {
                DONE
            } else {
                GATE
            })
        }
        Verb::Compare(arguments) => {
            let document = ontology::compare(&arguments.old, &arguments.new)?;
            render::answer(arguments.json, &document, render::ontology::compared)?;
            Ok(if document.lost.is_empty() { DONE } else { GATE })
        }
        #[cfg(feature = "platform")]
        Verb::Drift(arguments) => drift(arguments),
    }
}

#[cfg(feature = "platform")]
fn drift(arguments: &DriftArguments) -> anyhow::Result<u8> {
    let ontology = files::ontology(&arguments.ontology)?;
    let mut options = classes::TaxonomyOptions {
        alpha: arguments.alpha,
        history: arguments.history,
        ..classes::TaxonomyOptions::default()
    };
    if !arguments.other.is_empty() {
        options.other = arguments.other.iter().cloned().collect();
    }
    let workspace = arguments.workspace.open()?;
    let request = classes::Request {
        ontology: &ontology,
        window_days: arguments.window,
        by: arguments.by.clone(),
        options,
    };
    let document = classes::run(&workspace, &request)?;
    render::answer(arguments.json, &document, render::ontology::drifted)?;
    Ok(DONE)
}
