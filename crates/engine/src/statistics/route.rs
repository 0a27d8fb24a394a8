//! `route`: which items a model may answer alone, with a guarantee, and how many people must look at.

use super::predictions::{Predictions, Said};
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_measure::confidence::risk::FEWEST_ANSWERED;
use fieldassay_measure::confidence::routing::{Guarantee, Routing, hundredths, routing};
use fieldassay_measure::confidence::selective::{Ranked, RiskCoverage, risk_coverage};
use fieldassay_measure::confidence::{Classes, ConfidenceError};
use fieldassay_measure::stats::{Interval, StatsError, Z95, wilson, wilson_share};
use fieldassay_model::plot::{About, Curves, Line};
use serde::Serialize;

pub use fieldassay_measure::confidence::risk::Family;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// How a threshold is found, and so what is guaranteed of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Selection with guaranteed risk: halving over the scores seen.
    #[default]
    Sgr,
    /// Learn then test: thresholds fixed beforehand.
    Ltt,
    /// Conformal risk control: the expected share of all items that are answered and wrong.
    Crc,
}

/// Which scores, and what must hold.
#[derive(Clone, Debug)]
pub struct Request {
    /// A score per item, or probabilities of classes, of which the largest is the score.
    pub scores: Source,
    /// Whether answers were right, or true classes.
    pub labels: Source,
    /// Largest share of errors.
    pub risk: f64,
    /// Chance with which the guarantee holds over samples of items.
    pub confidence: f64,
    /// How a threshold is found.
    pub method: Method,
    /// How thresholds share the level (`ltt`).
    pub family: Family,
    /// Thresholds fixed beforehand (`ltt`, `crc`); hundredths from 0 to 1 when none.
    pub thresholds: Option<Vec<f64>>,
}

/// What `route --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.route`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The scores.
    pub input: String,
    /// Items.
    pub n: usize,
    /// How the threshold was found.
    pub method: Method,
    /// Largest share of errors asked for.
    pub risk: f64,
    /// Chance with which the guarantee must hold.
    pub confidence: f64,
    /// Whether there is a threshold.
    pub feasible: bool,
    /// Items with at least this score are answered; none where there is no threshold.
    pub threshold: Option<f64>,
    /// Share of items that are answered.
    pub coverage: Estimate,
    /// Share of items that people look at.
    pub review_load: Estimate,
    /// What the risk is below, by the guarantee; none where there is no threshold.
    pub risk_bound: Option<f64>,
    /// Share of errors among the answered items that were seen; none where none is answered.
    pub selective_risk: Option<Estimate>,
    /// Share of errors if all items were answered.
    pub risk_of_all: Estimate,
    /// Area under the curve of risk against coverage: the mean risk over all thresholds.
    pub aurc: f64,
    /// Where there is no threshold, the smallest risk for which these items would give one.
    pub least_feasible_risk: Option<f64>,
    /// What holds, in words.
    pub guarantee: String,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
    /// What [`svg`] draws.
    #[serde(skip)]
    curve: Vec<f64>,
}

/// Finds the threshold of largest coverage that holds the risk. That there is none is an answer, not an error.
///
/// Errors: a risk or confidence outside 0 to 1, options a method does not have, tables that cannot be read or do not belong
/// together, scores beyond the thresholds. Cost: the table in memory and one sort.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    check_options(request)?;
    let path = &request.scores.path;
    let read = Predictions::read(&request.scores, &request.labels, &["score", "confidence"])?;
    let of_input = |error: ConfidenceError| undefined(path, error);
    let (score, correct) = match read.said {
        Said::Scores { score, correct } => (score, correct),
        Said::Classes { names, p, labels } => Classes::new(&p, &labels, names.len())
            .map_err(of_input)?
            .top(),
    };
    check_range(request, &score)?;
    let is_error: Vec<bool> = correct.iter().map(|right| !right).collect();
    let ranked = Ranked::new(&score, &is_error).map_err(of_input)?;
    let found = found(request, &ranked).map_err(of_input)?;
    let of_counts = |error: StatsError| undefined(path, error);
    let share = |part: usize, of: usize| -> Result<Estimate, StatsError> {
        let interval = wilson(part as u64, of as u64)?;
        Ok(Estimate::with(part as f64 / of as f64, Some(interval), of))
    };
    let n = ranked.n();
    let wrong = is_error.iter().filter(|wrong| **wrong).count();
    let best = found.best;
    let accepted = best.map_or(0, |best| best.accepted);
    let (coverage, review_load, selective_risk) = match &best {
        Some(best) => (
            share(accepted, n).map_err(of_counts)?,
            share(n - accepted, n).map_err(of_counts)?,
            // A threshold by its expected loss may answer nothing.
            wilson(best.errors, accepted as u64).ok().map(|interval| {
                let risk = best.errors as f64 / accepted as f64;
                Estimate::with(risk, Some(interval), accepted)
            }),
        ),
        None => (Estimate::bare(0.0, n), Estimate::bare(1.0, n), None),
    };
    let curve: RiskCoverage = risk_coverage(&ranked);
    let mut document = Document {
        schema: "fieldassay.route",
        version: DOCUMENT_VERSION,
        input: path.display().to_string(),
        n,
        method: request.method,
        risk: request.risk,
        confidence: request.confidence,
        feasible: best.is_some(),
        threshold: best.map(|best| best.threshold),
        coverage,
        review_load,
        risk_bound: best.map(|best| best.bound),
        selective_risk,
        risk_of_all: share(wrong, n).map_err(of_counts)?,
        aurc: curve.aurc,
        least_feasible_risk: found.least_risk,
        guarantee: String::new(),
        notes: read.notes,
        curve: curve.risk,
    };
    document.guarantee = guarantee_in_words(&document);
    explain(&mut document);
    Ok(document)
}

fn found(request: &Request, ranked: &Ranked) -> Result<Routing, ConfidenceError> {
    let guarantee = match request.method {
        Method::Sgr => Guarantee::Sgr,
        Method::Ltt => Guarantee::Ltt(request.family),
        Method::Crc => Guarantee::Crc,
    };
    let grid = request.thresholds.clone().unwrap_or_else(hundredths);
    routing(
        ranked,
        guarantee,
        &grid,
        (request.risk, 1.0 - request.confidence),
    )
}

fn wrong_option(message: String) -> EngineError {
    EngineError::Request { message }
}

fn check_options(request: &Request) -> Result<(), EngineError> {
    for (option, value) in [
        ("--risk", request.risk),
        ("--confidence", request.confidence),
    ] {
        if !(value > 0.0 && value < 1.0) {
            return Err(wrong_option(format!(
                "`{option}` is `{value}`\nhint: give a share between 0 and 1, as in `--risk 0.02 --confidence 0.95`"
            )));
        }
    }
    if request.method == Method::Sgr && request.thresholds.is_some() {
        return Err(wrong_option(
            "`--thresholds` has no meaning for `sgr`, which takes the scores that were seen\nhint: leave it out, or choose `--method ltt`"
                .to_owned(),
        ));
    }
    match &request.thresholds {
        Some(list) if list.is_empty() || list.iter().any(|x| x.is_nan()) => Err(wrong_option(
            "`--thresholds` holds no numbers to try\nhint: as in `--thresholds 0.5,0.9,0.99`"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Scores that no hundredth from 0 to 1 divides need thresholds of their own.
fn check_range(request: &Request, score: &[f64]) -> Result<(), EngineError> {
    if request.method == Method::Sgr || request.thresholds.is_some() {
        return Ok(());
    }
    match score.iter().position(|x| !(0.0..=1.0).contains(x)) {
        Some(row) => Err(wrong_option(format!(
            "`{}` row `{row}` (the first is 0): the score is `{}`, and thresholds are tried from 0 to 1\nhint: give `--thresholds` chosen without looking at these items, or `--method sgr`",
            request.scores.path.display(),
            score.get(row).copied().unwrap_or(f64::NAN)
        ))),
        None => Ok(()),
    }
}

fn guarantee_in_words(document: &Document) -> String {
    let percent = |x: f64| format!("{} %", short(100.0 * x));
    let risk = percent(document.risk);
    let Some(threshold) = document.threshold else {
        return format!(
            "none: no threshold can be shown to hold a risk of {risk} with these {} items",
            document.n
        );
    };
    match document.method {
        Method::Crc => format!(
            "of all new items, the expected share that is answered (score at least {threshold}) and wrong is at most {risk}, on average over samples such as this one; the stated confidence plays no part"
        ),
        Method::Sgr | Method::Ltt => format!(
            "of new items that are answered (score at least {threshold}), at most {risk} are wrong; found this way, the threshold keeps that for {} % of samples such as this one",
            short(100.0 * document.confidence)
        ),
    }
}

/// A number with at most four digits behind the point, so that `5.000000000000001` is `5`.
fn short(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn explain(document: &mut Document) {
    document.notes.push(
        "this holds for new items drawn from the same stream as these; drift ends it".to_owned(),
    );
    if document.feasible {
        return;
    }
    document.notes.push(match document.least_feasible_risk {
        Some(least) => format!(
            "a risk from {least:.4} on would be feasible here; for less give more items or a better model"
        ),
        None => format!(
            "no threshold has {FEWEST_ANSWERED} items to be tested on; give more items or other `--thresholds`"
        ),
    });
}

/// Height of the picture over the highest risk drawn.
const ROOM: f64 = 1.4;
/// Points a curve is drawn with.
const POINTS: usize = 1400;

/// Risk against coverage as SVG, with the risk asked for and the coverage found.
pub fn svg(document: &Document) -> String {
    let n = document.curve.len();
    // The share of errors among a handful of items says nothing and would set the scale.
    let first = FEWEST_ANSWERED.max(n / 100).min(n);
    let stride = n.div_ceil(POINTS).max(1);
    let places = || {
        let places = (first..=n).step_by(stride);
        places.chain((n > 0 && !(n - first).is_multiple_of(stride)).then_some(n))
    };
    let points = |of: &dyn Fn(f64, f64) -> f64| -> Vec<(f64, f64)> {
        places()
            .filter_map(|i| {
                let risk = document.curve.get(i.checked_sub(1)?)?;
                Some((i as f64 / n as f64, of(*risk, i as f64)))
            })
            .collect()
    };
    let bound = |end: fn(Interval) -> f64| move |risk, i| end(wilson_share(risk, i, Z95));
    let risk = points(&|risk, _| risk);
    let highest = risk.iter().map(|p| p.1).fold(document.risk, f64::max);
    // Where few are answered the interval is wide and would set the scale.
    let most = ROOM * highest;
    let mut high = points(&bound(|i| i.high));
    high.retain(|p| p.1 <= most);
    let mut interval = points(&bound(|i| i.low));
    interval.push((f64::NAN, f64::NAN));
    interval.extend(high);
    let chosen = match document.threshold {
        Some(threshold) => {
            let x = document.coverage.estimate;
            (
                format!("threshold {threshold:.6} answers {:.1} %", 100.0 * x),
                vec![(x, 0.0), (x, most)],
            )
        }
        None => ("no threshold holds it".to_owned(), Vec::new()),
    };
    let names = [
        format!("largest risk asked for: {}", document.risk),
        "risk: share of errors among answered items".to_owned(),
        "its 95 % interval at each coverage".to_owned(),
        chosen.0,
    ];
    let lines = [
        vec![(0.0, document.risk), (1.0, document.risk)],
        risk,
        interval,
        chosen.1,
    ];
    let line = |(name, points): (&String, Vec<(f64, f64)>)| Line {
        name: name.clone(),
        points,
    };
    let curves = Curves {
        about: About {
            title: "Risk against coverage".to_owned(),
            ..About::default()
        },
        x_label: "coverage (share of items answered)".to_owned(),
        y_label: "risk (share of errors)".to_owned(),
        lines: names.iter().zip(lines).map(line).collect(),
        ..Curves::default()
    };
    fieldassay_report::picture(
        &format!("Risk against coverage of {n} items"),
        &names,
        &[(&curves, 260.0)],
    )
}
