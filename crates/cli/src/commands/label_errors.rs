//! `label-errors`: labels that are likely wrong.

use super::Given;
use crate::render;
use fieldassay_engine::statistics::label_errors::{self, Filter, Request, Score};

/// Find labels that are likely wrong, by confident learning.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "PROBS has a column of probabilities per class, named by the class or in the order of codes, by models that did not see the item (cross-validation). LABELS has the label given of each row. Both: NumPy, Parquet, Feather, CSV or JSON lines; rows belong together by their order, or by a column `item` in both."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// How suspects are picked.
    #[arg(long, value_enum, default_value_t = Pick::PruneByNoiseRate)]
    filter: Pick,
    /// What suspects are ranked by, the lowest first.
    #[arg(long, value_enum, default_value_t = Rank::SelfConfidence)]
    score: Rank,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Filters by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Pick {
    /// Labels the model is confident are others.
    #[value(alias = "confident-learning")]
    Confident,
    /// As many per label as estimated, the least probable ones.
    PruneByClass,
    /// As many per label and other label as estimated, those with the largest margin (the default of cleanlab).
    PruneByNoiseRate,
    /// Those that both ways of pruning pick.
    Both,
}

/// Scores by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rank {
    /// Probability of the label given.
    SelfConfidence,
    /// By how much it is ahead of the best other class, from 0 to 1.
    NormalizedMargin,
    /// Entropy over the probability of the label given.
    ConfidenceWeightedEntropy,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let (predictions, labels) = arguments.given.sources();
    let document = label_errors::run(&Request {
        predictions,
        labels,
        filter: match arguments.filter {
            Pick::Confident => Filter::ConfidentLearning,
            Pick::PruneByClass => Filter::PruneByClass,
            Pick::PruneByNoiseRate => Filter::PruneByNoiseRate,
            Pick::Both => Filter::Both,
        },
        score: match arguments.score {
            Rank::SelfConfidence => Score::SelfConfidence,
            Rank::NormalizedMargin => Score::NormalizedMargin,
            Rank::ConfidenceWeightedEntropy => Score::ConfidenceWeightedEntropy,
        },
    })?;
    render::answer(arguments.json, &document, render::label_errors::document)?;
    Ok(crate::exit::DONE)
}
