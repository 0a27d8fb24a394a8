//! `compare`: is the new one worse.

use crate::render;
use fieldassay_engine::statistics::compare::{self, Request};
use fieldassay_engine::statistics::{Columns, Resampling};
use std::path::PathBuf;

/// Say whether the new one is better, not worse or worse than the old one, by scores on the same items.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("direction"),
    after_help = "OLD and NEW are tables with a column that names items and one of scores (numbers, or 0 and 1 for failed and passed). CSV, Parquet, Feather, JSON lines or NumPy. Items in one table only do not count. The verdict is read from one-sided bounds at 95 %; `inconclusive` is no pass."
)]
pub(crate) struct Arguments {
    /// Scores of the old one.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// Scores of the new one.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Column that names items.
    #[arg(long, value_name = "COLUMN", default_value = "item")]
    by: String,
    /// Column of scores.
    #[arg(long, value_name = "COLUMN", default_value = "score")]
    score: String,
    /// Column of what belongs together (drives, sites), in either table: whole clusters are drawn.
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// Columns under other names, in both tables: `item=0,score=1` for files without a line of names.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// Loss that is tolerated, in units of the score.
    #[arg(
        long,
        value_name = "M",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    margin: f64,
    /// A higher score is better; so it is when nothing is said.
    #[arg(long, group = "direction")]
    higher_is_better: bool,
    /// A lower score is better: errors, distances, failures as 1.
    #[arg(long, group = "direction")]
    lower_is_better: bool,
    /// Draws of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    bootstrap: usize,
    /// Seed of the draws.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let document = compare::run(&Request {
        old: arguments.old.clone(),
        new: arguments.new.clone(),
        columns: arguments.columns.clone().unwrap_or_default(),
        by: arguments.by.clone(),
        score: arguments.score.clone(),
        cluster: arguments.cluster.clone(),
        margin: arguments.margin,
        is_lower_better: arguments.lower_is_better,
        resampling: Resampling {
            resamples: arguments.bootstrap,
            seed: arguments.seed,
        },
    })?;
    render::answer(arguments.json, &document, render::compare::document)?;
    Ok(crate::exit::DONE)
}
