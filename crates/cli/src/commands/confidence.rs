//! `confidence`: what the confidence of a model is worth.

use super::{Given, Picture, resampling};
use crate::render;
use fieldassay_engine::statistics::confidence::{self, Request};

/// Say how often a model is right when it is so sure: calibration errors and the reliability diagram.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("drawn").multiple(true))]
#[command(
    after_help = "PROBS has a column of probabilities per class, named by the class or in the order of codes, or one column (or one called `confidence`) of how sure the model was of its answer. LABELS has the true class of each row; with one column of confidences 1 where the model was right and 0 where not. Both: NumPy, Parquet, Feather, CSV or JSON lines; rows belong together by their order, or by a column `item` in both."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Bins of equal width.
    #[arg(long, value_name = "N", default_value_t = 15)]
    bins: usize,
    /// Give the calibration errors intervals at 95 % by drawing items again, 1000 times.
    #[arg(long, group = "drawn")]
    intervals: bool,
    /// The same with so many draws.
    #[arg(long, value_name = "N", group = "drawn")]
    bootstrap: Option<usize>,
    /// Seed of the draws, and of the parts a temperature is fitted on.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: Picture,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    arguments.picture.refuse()?;
    let (predictions, labels) = arguments.given.sources();
    let (is_asked, draws) = (arguments.intervals, arguments.bootstrap);
    let document = confidence::run(&Request {
        predictions,
        labels,
        bins: arguments.bins,
        bootstrap: resampling(is_asked, draws, arguments.seed),
        seed: arguments.seed,
    })?;
    render::answer(arguments.json, &document, render::confidence::document)?;
    arguments.picture.write(|| confidence::svg(&document))?;
    Ok(crate::exit::DONE)
}
