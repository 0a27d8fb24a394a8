//! `confidence`: how often a model is right when it is so sure.

use super::predictions::{Predictions, Said};
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_measure::confidence::bins::{
    Bin, Binning, Reliability, classwise_ece, error_intervals, reliability, width_edges,
};
use fieldassay_measure::confidence::cross::{CrossFitted, cross_fitted};
use fieldassay_measure::confidence::scores::{brier_classes_estimate, brier_estimate};
use fieldassay_measure::confidence::{Classes, ConfidenceError, Predictions as Sure};
use fieldassay_measure::stats::{Interval, Resampling, wilson};
use fieldassay_model::plot::{About, Curves, Line};
use serde::Serialize;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Parts a temperature is fitted on in turn.
const FOLDS: usize = 5;

/// Bins that a picture can show.
const MOST_BINS: usize = 1000;

/// Which predictions, and how they are put into bins.
#[derive(Clone, Debug)]
pub struct Request {
    /// Probabilities of classes, or one confidence per item.
    pub predictions: Source,
    /// True classes, or whether the model was right.
    pub labels: Source,
    /// Bins.
    pub bins: usize,
    /// How intervals of calibration errors are drawn; none without them.
    pub bootstrap: Option<Resampling>,
    /// Seed of the parts a temperature is fitted on.
    pub seed: u64,
}

/// What `confidence --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.confidence`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The predictions.
    pub input: String,
    /// Items.
    pub n: usize,
    /// Names of classes; empty where there is one confidence per item.
    pub classes: Vec<String>,
    /// Bins.
    pub bins: usize,
    /// Expected calibration error over bins of equal width.
    pub ece: Estimate,
    /// The same over bins of equally many items; none for fewer items than bins.
    pub adaptive_ece: Option<Estimate>,
    /// Largest gap of a bin of equal width.
    pub mce: Estimate,
    /// Mean of `(confidence - right)^2` of the class that was predicted.
    pub brier: Estimate,
    /// Mean over items of the sum over classes of `(p - true)^2`, 0 to 2; only with probabilities of classes.
    pub brier_classes: Option<Estimate>,
    /// Mean over classes of the calibration error of each; only with probabilities of classes.
    pub classwise_ece: Option<Estimate>,
    /// Calibration error less what chance gives in bins so small (a root of mean squares).
    pub debiased_calibration_error: Estimate,
    /// Share of items that the model had right.
    pub accuracy: Estimate,
    /// Mean confidence.
    pub mean_confidence: Estimate,
    /// What a temperature would gain, on items it was not fitted on; only with probabilities of classes.
    pub temperature: Option<CrossFitted>,
    /// Bins of equal width, from low to high confidence.
    pub reliability: Vec<Edged>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
}

/// A bin of [`Document::reliability`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Edged {
    /// Smallest confidence in it.
    pub low_edge: f64,
    /// Where the next one begins; the last holds 1.
    pub high_edge: f64,
    /// Items, mean confidence, share of right ones and its interval.
    #[serde(flatten)]
    pub bin: Bin,
}

/// Says what the confidence of a model is worth.
///
/// Errors: no bins, tables that cannot be read or do not belong together, numbers that are no probabilities or do not add
/// to 1, labels without a class. Cost: the table in memory, two passes and one sort, and ten fits for the temperature.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    if request.bins == 0 || request.bins > MOST_BINS {
        return Err(EngineError::Request {
            message: format!(
                "`--bins` is `{}`\nhint: give 1 to {MOST_BINS}; 15 is usual",
                request.bins
            ),
        });
    }
    let path = &request.predictions.path;
    let read = Predictions::read(&request.predictions, &request.labels, &["confidence"])?;
    let of_input = |error: ConfidenceError| undefined(path, error);
    let mut document = match &read.said {
        Said::Scores { score, correct } => {
            let sure = Sure::new(score, correct).map_err(of_input)?;
            judged(request, &sure).map_err(of_input)?
        }
        Said::Classes { names, p, labels } => {
            let classes = Classes::new(p, labels, names.len()).map_err(of_input)?;
            let mut document = of_classes(request, &classes).map_err(of_input)?;
            document.classes.clone_from(names);
            document
        }
    };
    document.notes.splice(0..0, read.notes);
    Ok(document)
}

/// What needs the probabilities of all classes.
fn of_classes(request: &Request, classes: &Classes<'_>) -> Result<Document, ConfidenceError> {
    let (confidence, correct) = classes.top();
    let mut document = judged(request, &Sure::new(&confidence, &correct)?)?;
    document.brier_classes = Some(brier_classes_estimate(classes)?);
    let classwise = classwise_ece(classes, request.bins)?;
    document.classwise_ece = Some(Estimate::bare(classwise, classes.n()));
    match cross_fitted(classes, request.bins, FOLDS, request.seed) {
        Ok(found) => document.temperature = Some(found),
        Err(ConfidenceError::OneOutcome { .. }) => document.notes.push(
            "no temperature is best: without wrong answers a model can never be too sure"
                .to_owned(),
        ),
        Err(ConfidenceError::OutOfRange { .. }) => document.notes.push(format!(
            "no temperature is fitted to fewer than {FOLDS} items"
        )),
        Err(other) => return Err(other),
    }
    Ok(document)
}

fn judged(request: &Request, sure: &Sure<'_>) -> Result<Document, ConfidenceError> {
    let (n, bins) = (sure.n(), request.bins);
    let mut notes = Vec::new();
    let width = Binning::Width(bins);
    let found = reliability(sure, width)?;
    let intervals = |binning| match request.bootstrap {
        Some(how) => error_intervals(sure, binning, how),
        None => Ok(None),
    };
    let of_width = intervals(width)?;
    let adaptive_ece = if n >= bins {
        let mass = Binning::Mass(bins);
        let interval = intervals(mass)?.map(|[ece, _]| ece);
        Some(Estimate::with(reliability(sure, mass)?.ece, interval, n))
    } else {
        notes.push(format!(
            "{n} items cannot fill {bins} bins with equally many: no adaptive error"
        ));
        None
    };
    let first = |of: fn([Interval; 2]) -> Interval| of_width.map(of);
    let right = sure.iter().filter(|(_, right)| *right).count();
    let (mean, share) = (mean_confidence(&found, n), wilson(right as u64, n as u64)?);
    Ok(Document {
        schema: "fieldassay.confidence",
        version: DOCUMENT_VERSION,
        input: request.predictions.path.display().to_string(),
        n,
        classes: Vec::new(),
        bins,
        ece: Estimate::with(found.ece, first(|[ece, _]| ece), n),
        adaptive_ece,
        mce: Estimate::with(found.mce, first(|[_, mce]| mce), n),
        brier: brier_estimate(sure)?,
        brier_classes: None,
        classwise_ece: None,
        debiased_calibration_error: Estimate::bare(found.rms_debiased, n),
        accuracy: Estimate::with(sure.accuracy(), Some(share), n),
        mean_confidence: Estimate::bare(mean, n),
        temperature: None,
        reliability: edged(&found, bins),
        notes,
    })
}

fn mean_confidence(found: &Reliability, n: usize) -> f64 {
    let sum: f64 = found
        .bins
        .iter()
        .map(|bin| bin.confidence * bin.n as f64)
        .sum();
    sum / n as f64
}

fn edged(found: &Reliability, bins: usize) -> Vec<Edged> {
    let edges = width_edges(bins).zip(&found.bins);
    edges
        .map(|((low_edge, high_edge), bin)| Edged {
            low_edge,
            high_edge,
            bin: *bin,
        })
        .collect()
}

/// Where a line has a gap.
const GAP: (f64, f64) = (f64::NAN, f64::NAN);

/// The reliability diagram as SVG: how often items of a confidence are right, and where the items are.
pub fn svg(document: &Document) -> String {
    let filled = || document.reliability.iter().filter(|edged| edged.bin.n > 0);
    let line = |name: &str, points: Vec<(f64, f64)>| Line {
        name: name.to_owned(),
        points,
    };
    let accuracy = filled().map(|e| (e.bin.confidence, e.bin.accuracy));
    let intervals = filled().flat_map(|e| {
        let x = e.bin.confidence;
        [(x, e.bin.low), (x, e.bin.high), GAP]
    });
    let n = document.n as f64;
    let shares = document.reliability.iter().flat_map(|e| {
        let share = e.bin.n as f64 / n;
        [
            (e.low_edge, 0.0),
            (e.low_edge, share),
            (e.high_edge, share),
            (e.high_edge, 0.0),
        ]
    });
    let names = [
        "right as often as sure".to_owned(),
        format!(
            "accuracy of the {} bins that hold items (ECE {:.4})",
            filled().count(),
            document.ece.estimate
        ),
        "its 95 % interval".to_owned(),
        "share of the items in each bin".to_owned(),
    ];
    let [diagonal, of_accuracy, of_interval, of_share] = &names;
    let lines = vec![
        line(diagonal, vec![(0.0, 0.0), (1.0, 1.0)]),
        line(of_accuracy, accuracy.collect()),
        line(of_interval, intervals.collect()),
    ];
    let mut below = vec![Line::default(); 3];
    below.push(line(of_share, shares.collect()));
    let curves = |title: &str, y_label: &str, lines| Curves {
        about: About {
            title: title.to_owned(),
            ..About::default()
        },
        x_label: "confidence (probability of the predicted class)".to_owned(),
        y_label: y_label.to_owned(),
        lines,
        ..Curves::default()
    };
    fieldassay_report::picture(
        &format!("Reliability of {} predictions", document.n),
        &names,
        &[
            (
                &curves("Reliability", "accuracy (share right)", lines),
                300.0,
            ),
            (&curves("Items", "share of items", below), 130.0),
        ],
    )
}
