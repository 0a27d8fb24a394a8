//! `plan-qa`: how many items to review.

use super::Picture;
use crate::render;
use fieldassay_engine::statistics::plan_qa::{self, Claim, Request};
use fieldassay_engine::statistics::{Columns, Source};
use std::path::PathBuf;

/// Say how many items of each stratum to review so that the labels' accuracy is shown, and why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "STRATA is a table `stratum,size[,expected_error,cluster_size,reviewer_miss]`: a name, how many items it has, the share of errors expected, how many items are reviewed together, the share of errors reviewers miss. CSV, Parquet, Feather, JSON lines or NumPy."
)]
pub(crate) struct Arguments {
    /// The strata, one per row.
    #[arg(value_name = "STRATA")]
    strata: PathBuf,
    /// Columns under other names: `stratum=class,size=items`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// Accuracy (share of items that are right, such as 0.98) that the review must show of every stratum.
    #[arg(long, value_name = "P")]
    claim: f64,
    /// Confidence with which it must.
    #[arg(long, value_name = "C")]
    confidence: f64,
    /// Share of every stratum that is reviewed anyway.
    #[arg(long, value_name = "SHARE", default_value_t = Claim::default().floor)]
    floor: f64,
    /// Reviews of every stratum at least, as far as it holds so many.
    #[arg(long, value_name = "N", default_value_t = Claim::default().least)]
    least: u64,
    /// Correlation of errors within a cluster.
    #[arg(long, value_name = "R", default_value_t = Claim::default().rho)]
    rho: f64,
    /// Chance that a stratum with its expected share of errors passes, at least.
    #[arg(long, value_name = "SHARE", default_value_t = Claim::default().power)]
    power: f64,
    /// Hold the confidence for all strata together instead of each on its own.
    #[arg(long)]
    joint: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: Picture,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    arguments.picture.refuse()?;
    let document = plan_qa::run(&Request {
        strata: Source::new(&arguments.strata, arguments.columns.as_ref()),
        claim: Claim {
            accuracy: arguments.claim,
            confidence: arguments.confidence,
            floor: arguments.floor,
            least: arguments.least,
            rho: arguments.rho,
            power: arguments.power,
            is_joint: arguments.joint,
        },
    })?;
    render::answer(arguments.json, &document, render::plan_qa::document)?;
    arguments.picture.write(|| plan_qa::svg(&document))?;
    Ok(crate::exit::DONE)
}
