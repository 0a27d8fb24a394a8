//! `votes`: one label per item from the votes of many.

use crate::render;
use fieldassay_engine::statistics::votes::{self, Method, Request};
use fieldassay_engine::statistics::{Columns, Source};
use std::path::PathBuf;

/// Make one label per item out of the votes of many, and say how sure it is and how good each annotator is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "VOTES is a long table `item,annotator,label`: CSV, Parquet, Feather, JSON lines or NumPy. T is a table `item,label`."
)]
pub(crate) struct Arguments {
    /// The votes, one per row.
    #[arg(value_name = "VOTES")]
    votes: PathBuf,
    /// Columns under other names: `item=question,annotator=worker,label=answer`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// How votes become labels.
    #[arg(long, value_enum, default_value_t = How::Mv)]
    method: How,
    /// True labels of some items: say what share is right (of labels that are tied each counts by its share).
    #[arg(long, value_name = "T")]
    truth: Option<PathBuf>,
    /// Columns of T under other names: `item=question,label=truth`.
    #[arg(long, value_name = "PART=NAME,…", requires = "truth")]
    truth_columns: Option<Columns>,
    /// Rounds at most (all but mv); 100 when not given, glad 2000, mace 50.
    #[arg(long, value_name = "N")]
    iterations: Option<usize>,
    /// Stop below this gain per vote (ds, onecoin; 1e-5) or this change (glad; 1e-8).
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    tolerance: Option<f64>,
    /// Seed of the starts of mace; 1 when not given.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Write the labels as `item,label,confidence,votes`.
    #[arg(long, value_name = "LABELS.csv")]
    out: Option<PathBuf>,
    /// Replace an existing file of labels.
    #[arg(long, requires = "out")]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Methods by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum How {
    /// Majority vote: the label given most often.
    Mv,
    /// Dawid and Skene: learns which labels each annotator confuses.
    Ds,
    /// One chance of being right per annotator; for few votes each.
    Onecoin,
    /// Abilities of annotators and difficulties of items.
    Glad,
    /// Who answers and who spams.
    Mace,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    if let Some(file) = &arguments.out {
        votes::refuse(file, arguments.force)?;
    }
    let truth_columns = arguments.truth_columns.as_ref();
    let truth = arguments.truth.as_deref();
    let document = votes::run(&Request {
        votes: Source::new(&arguments.votes, arguments.columns.as_ref()),
        truth: truth.map(|path| Source::of_truth(path, truth_columns)),
        method: match arguments.method {
            How::Mv => Method::Mv,
            How::Ds => Method::Ds,
            How::Onecoin => Method::Onecoin,
            How::Glad => Method::Glad,
            How::Mace => Method::Mace,
        },
        iterations: arguments.iterations,
        tolerance: arguments.tolerance,
        seed: arguments.seed,
    })?;
    if let Some(file) = &arguments.out {
        votes::write(&document, file, arguments.force)?;
    }
    render::answer(arguments.json, &document, render::votes::document)?;
    if let Some(file) = &arguments.out {
        render::note(&format!("labels written to {}", file.display()));
    }
    Ok(crate::exit::DONE)
}
