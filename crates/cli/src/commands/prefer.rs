//! `prefer`: which item is better.

use crate::render;
use fieldassay_engine::statistics::prefer::{self, Request, Ties};
use fieldassay_engine::statistics::{Columns, Resampling, Source};
use std::path::PathBuf;

/// Rank items by comparisons of pairs, and say whether there is one order at all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "PAIRS is a table `left,right,winner[,annotator,weight]`: two items and the name of the better one; `tie` or nothing is a tie, `left` and `right` are read too. CSV, Parquet, Feather, JSON lines or NumPy."
)]
pub(crate) struct Arguments {
    /// The comparisons, one per row.
    #[arg(value_name = "PAIRS")]
    pairs: PathBuf,
    /// Columns under other names: `left=model_a,right=model_b,annotator=judge`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// What a tie is.
    #[arg(long, value_enum, default_value_t = TieModel::Half)]
    ties: TieModel,
    /// Draw strengths to each other by so many wins and losses against an item of strength 1, which places items that the
    /// comparisons alone do not connect; without intervals.
    #[arg(long, value_name = "C", conflicts_with = "ties")]
    penalty: Option<f64>,
    /// Draws of the test of one order.
    #[arg(long, value_name = "N", default_value_t = 200)]
    bootstrap: usize,
    /// Seed of the draws.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Models of ties.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TieModel {
    /// Half a win for either (Bradley and Terry).
    Half,
    /// Most likely between equals, with a parameter of their own (Davidson 1970).
    Davidson,
    /// Where the difference is below a threshold (Rao and Kupper 1967).
    RaoKupper,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let document = prefer::run(&Request {
        pairs: Source::new(&arguments.pairs, arguments.columns.as_ref()),
        ties: match arguments.ties {
            TieModel::Half => Ties::Half,
            TieModel::Davidson => Ties::Davidson,
            TieModel::RaoKupper => Ties::RaoKupper,
        },
        penalty: arguments.penalty,
        resampling: Resampling {
            resamples: arguments.bootstrap,
            seed: arguments.seed,
        },
    })?;
    render::answer(arguments.json, &document, render::prefer::document)?;
    Ok(crate::exit::DONE)
}
