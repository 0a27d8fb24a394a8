//! `drift`: has a table changed.

use crate::render;
use fieldassay_engine::statistics::Resampling;
use fieldassay_engine::statistics::drift::{self, Correction, Request};
use std::path::PathBuf;

/// Say whether a table has changed: column by column, and all numbers together.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "REF and CUR are tables with the same columns: CSV, Parquet, Feather, JSON lines or NumPy. Rows that follow each other are often alike; they count as blocks of as many rows as that takes, unless `--cluster` names what belongs together, or `--block 1` says that the order of rows means nothing. `inconclusive` is no pass."
)]
pub(crate) struct Arguments {
    /// The table as it was.
    #[arg(value_name = "REF")]
    reference: PathBuf,
    /// The table as it is.
    #[arg(value_name = "CUR")]
    current: PathBuf,
    /// Columns to look at; all that both have when not given. Places (`0,1`) in files without a line of names.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    columns: Vec<String>,
    /// Columns whose numbers are names.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    categories: Vec<String>,
    /// Column of what belongs together (drives, days): whole clusters are permuted.
    #[arg(long, value_name = "COLUMN", conflicts_with = "block")]
    cluster: Option<String>,
    /// Rows that belong together; 1 takes all as independent. Told by each column when not given.
    #[arg(long, value_name = "N")]
    block: Option<usize>,
    /// How p-values of many columns are read together.
    #[arg(long, value_enum, default_value_t = Many::Holm)]
    correction: Many,
    /// Chance of a false alarm.
    #[arg(long, value_name = "A", default_value_t = 0.05)]
    alpha: f64,
    /// Permutations.
    #[arg(long, value_name = "N", default_value_t = 999)]
    permutations: usize,
    /// Seed of the permutations.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Corrections for many tests.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Many {
    /// No false alarm at all, but for the chance of one (Holm 1979).
    Holm,
    /// That share of the alarms may be false (Benjamini and Hochberg 1995).
    Bh,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let document = drift::run(&Request {
        reference: arguments.reference.clone(),
        current: arguments.current.clone(),
        columns: arguments.columns.clone(),
        categories: arguments.categories.clone(),
        cluster: arguments.cluster.clone(),
        block: arguments.block,
        alpha: arguments.alpha,
        correction: match arguments.correction {
            Many::Holm => Correction::Holm,
            Many::Bh => Correction::Bh,
        },
        resampling: Resampling {
            resamples: arguments.permutations,
            seed: arguments.seed,
        },
    })?;
    render::answer(arguments.json, &document, render::drift::document)?;
    Ok(crate::exit::DONE)
}
