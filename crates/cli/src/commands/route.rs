//! `route`: which items a model may answer alone.

use super::{Given, Picture};
use crate::render;
use fieldassay_engine::statistics::route::{self, Family, Method, Request};

/// Find the score from which on a model may answer alone, with a guarantee, and how many items people must look at.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "PROBS is one column of scores (or one called `score` or `confidence`), or a column of probabilities per class, of which the largest is the score. LABELS says of each row 1 where the model was right and 0 where not, or with probabilities the true class. Both: NumPy, Parquet, Feather, CSV or JSON lines. That no threshold holds the risk is an answer (`feasible: false`, exit code 0)."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    /// Largest share of errors, between 0 and 1.
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    risk: f64,
    /// Chance with which the guarantee holds, between 0 and 1 (crc: plays no part).
    #[arg(long, value_name = "C", allow_negative_numbers = true)]
    confidence: f64,
    /// How the threshold is found, and so what is guaranteed.
    #[arg(long, value_enum, default_value_t = How::Sgr)]
    method: How,
    /// How thresholds share the level (ltt).
    #[arg(long, value_enum, default_value_t = Share::FixedSequence)]
    family: Share,
    /// Thresholds chosen without looking at these items (ltt, crc); hundredths from 0 to 1 when not given.
    #[arg(
        long,
        value_name = "X,…",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    thresholds: Vec<f64>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: Picture,
}

/// Methods by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum How {
    /// Selection with guaranteed risk: errors among answered items, over the scores seen.
    Sgr,
    /// Learn then test: errors among answered items, over thresholds fixed beforehand.
    Ltt,
    /// Conformal risk control: the expected share of all items that are answered and wrong.
    Crc,
}

/// Families of tests by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Share {
    /// One after the other from the safest, up to the first that fails.
    FixedSequence,
    /// Step down.
    Holm,
    /// Each at the level over their number.
    Bonferroni,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    arguments.picture.refuse()?;
    let (scores, labels) = arguments.given.sources();
    let thresholds = arguments.thresholds.clone();
    let document = route::run(&Request {
        scores,
        labels,
        risk: arguments.risk,
        confidence: arguments.confidence,
        method: match arguments.method {
            How::Sgr => Method::Sgr,
            How::Ltt => Method::Ltt,
            How::Crc => Method::Crc,
        },
        family: match arguments.family {
            Share::FixedSequence => Family::FixedSequence,
            Share::Holm => Family::Holm,
            Share::Bonferroni => Family::Bonferroni,
        },
        thresholds: (!thresholds.is_empty()).then_some(thresholds),
    })?;
    render::answer(arguments.json, &document, render::route::document)?;
    arguments.picture.write(|| route::svg(&document))?;
    Ok(crate::exit::DONE)
}
