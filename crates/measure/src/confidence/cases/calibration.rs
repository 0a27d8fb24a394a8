//! Confidences against what was right, and maps that mend them.

use super::{Flag, flags, flat};
use crate::confidence::bins::{Bin, Binning, classwise_ece, ece_interval, reliability};
use crate::confidence::fit::{BetaMap, Isotonic, Platt, Temperature, temperature};
use crate::confidence::scores::{Murphy, brier, brier_classes, log_loss, log_loss_classes, murphy};
use crate::confidence::{Classes, ConfidenceError, Predictions};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{Estimate, Resampling};
use serde::{Deserialize, Serialize};

const fn fifteen() -> usize {
    15
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalibrationCase {
    confidence: Vec<f64>,
    correct: Vec<Flag>,
    #[serde(default = "fifteen")]
    bins: usize,
    bootstrap: Option<Resampling>,
}

#[derive(Serialize)]
struct CalibrationFound {
    ece: Estimate,
    mce: f64,
    ace: f64,
    adaptive_ece: Option<Estimate>,
    rms_calibration_error: f64,
    rms_calibration_error_debiased: f64,
    brier: f64,
    log_loss: f64,
    murphy: Murphy,
    accuracy: Estimate,
    reliability: Vec<Bin>,
    reliability_equal_mass: Vec<Bin>,
}

fn calibration(case: &CalibrationCase) -> Result<CalibrationFound, ConfidenceError> {
    let correct = flags(&case.correct);
    let predictions = Predictions::new(&case.confidence, &correct)?;
    let n = predictions.n();
    let width = Binning::Width(case.bins);
    let by_width = reliability(&predictions, width)?;
    let interval = |binning| match case.bootstrap {
        Some(how) => ece_interval(&predictions, binning, how),
        None => Ok(None),
    };
    let (mut adaptive_ece, mut by_mass) = (None, Vec::new());
    // Fewer items than bins have no bins of equal mass.
    if n >= case.bins {
        let mass = Binning::Mass(case.bins);
        let found = reliability(&predictions, mass)?;
        adaptive_ece = Some(Estimate::with(found.ece, interval(mass)?, n));
        by_mass = found.bins;
    }
    let right = correct.iter().filter(|c| **c).count() as u64;
    let share = crate::stats::wilson(right, n as u64)?;
    Ok(CalibrationFound {
        ece: Estimate::with(by_width.ece, interval(width)?, n),
        mce: by_width.mce,
        ace: by_width.ace,
        adaptive_ece,
        rms_calibration_error: by_width.rms,
        rms_calibration_error_debiased: by_width.rms_debiased,
        brier: brier(&predictions),
        log_loss: log_loss(&predictions),
        murphy: murphy(&predictions, width)?,
        accuracy: Estimate::with(predictions.accuracy(), Some(share), n),
        reliability: by_width.bins,
        reliability_equal_mass: by_mass,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassesCase {
    probabilities: Vec<Vec<f64>>,
    labels: Vec<u32>,
    #[serde(default = "fifteen")]
    bins: usize,
}

#[derive(Serialize)]
struct ClassesFound {
    ece: f64,
    classwise_ece: f64,
    brier: f64,
    log_loss: f64,
    accuracy: f64,
}

fn many_classes(case: &ClassesCase) -> Result<ClassesFound, ConfidenceError> {
    let (probability, width) = flat(&case.probabilities)?;
    let classes = Classes::new(&probability, &case.labels, width)?;
    let (confidence, correct) = classes.top();
    let top = Predictions::new(&confidence, &correct)?;
    Ok(ClassesFound {
        ece: reliability(&top, Binning::Width(case.bins))?.ece,
        classwise_ece: classwise_ece(&classes, case.bins)?,
        brier: brier_classes(&classes),
        log_loss: log_loss_classes(&classes),
        accuracy: top.accuracy(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemperatureCase {
    logits: Vec<Vec<f64>>,
    labels: Vec<u32>,
}

fn warmed(case: &TemperatureCase) -> Result<Temperature, ConfidenceError> {
    let (logits, width) = flat(&case.logits)?;
    temperature(&Classes::of_logits(&logits, &case.labels, width)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FitCase {
    scores: Vec<f64>,
    correct: Vec<Flag>,
    #[serde(default)]
    predict_at: Vec<f64>,
}

#[derive(Serialize)]
struct FitFound<M> {
    #[serde(flatten)]
    map: M,
    predict: Vec<f64>,
}

fn fitted<M>(case: &FitCase, map: M, apply: impl Fn(&M, f64) -> f64) -> FitFound<M> {
    FitFound {
        predict: case.predict_at.iter().map(|s| apply(&map, *s)).collect(),
        map,
    }
}

fn platt(case: &FitCase) -> Result<FitFound<Platt>, ConfidenceError> {
    let map = Platt::fit(&case.scores, &flags(&case.correct))?;
    Ok(fitted(case, map, Platt::apply))
}

fn isotonic(case: &FitCase) -> Result<FitFound<Isotonic>, ConfidenceError> {
    let map = Isotonic::fit(&case.scores, &flags(&case.correct))?;
    Ok(fitted(case, map, Isotonic::apply))
}

fn beta(case: &FitCase) -> Result<FitFound<BetaMap>, ConfidenceError> {
    let map = BetaMap::fit(&case.scores, &flags(&case.correct))?;
    Ok(fitted(case, map, BetaMap::apply))
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "confidence.beta",
        about: About {
            title: "Beta calibration: a map from confidences to probabilities that can leave good ones alone",
            formula: "p = 1/(1 + exp(-(a ln s - b ln(1-s) + c))), largest likelihood with a, b >= 0",
            defaults: "confidences kept 1e-12 from 0 and 1",
            direction: Direction::Describes,
            blind_spots: "fit and judge on different data; the same map for all classes and slices",
            peers: "betacal (same model)",
            source: "Kull, Silva Filho and Flach 2017",
        },
        example: r#"{"scores": [0.1, 0.4, 0.35, 0.8, 0.9, 0.6], "correct": [0, 1, 0, 1, 1, 0], "predict_at": [0.5]}"#,
        run: |case| call(case, beta),
    },
    Measure {
        name: "confidence.calibration",
        about: About {
            title: "How far confidences are from how often they are right",
            formula: "ECE = sum n_b/n |accuracy_b - confidence_b|; MCE the largest gap; ACE the mean gap of filled bins; adaptive ECE over bins of equal mass; Brier mean (p - y)^2 = reliability - resolution + uncertainty; log loss",
            defaults: "15 bins of equal width, right-open, the last closed; intervals of ECE only with bootstrap",
            direction: Direction::Lower,
            blind_spots: "ECE depends on the binning and is biased upward in small bins: see the debiased RMS error; it cannot see which items are wrong",
            peers: "netcal 1.3.6 (ECE, MCE, ACE), scikit-learn 1.9.1 (Brier, log loss, curve)",
            source: "Naeini et al. 2015; Guo et al. 2017; Murphy 1973; Kumar, Liang and Ma 2019",
        },
        example: r#"{"confidence": [0.9, 0.8, 0.55, 0.6, 0.95], "correct": [1, 1, 0, 1, 1], "bins": 5}"#,
        run: |case| call(case, calibration),
    },
    Measure {
        name: "confidence.calibration_classes",
        about: About {
            title: "Calibration of the probabilities of several classes",
            formula: "ECE of the top class; class-wise ECE = mean over classes of the ECE of each class's probability; Brier sum over classes; log loss of the label",
            defaults: "15 bins of equal width",
            direction: Direction::Lower,
            blind_spots: "rare classes have few items per bin, and their error is mostly noise",
            peers: "scikit-learn 1.9.1 `log_loss`",
            source: "Nixon et al. 2019; Brier 1950",
        },
        example: r#"{"probabilities": [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]], "labels": [0, 1, 1], "bins": 5}"#,
        run: |case| call(case, many_classes),
    },
    Measure {
        name: "confidence.isotonic",
        about: About {
            title: "Isotonic calibration: the best map that never falls",
            formula: "least squares by pooling adjacent violators; equal scores are one point; straight between thresholds, level beyond",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "overfits below about a thousand items; gives exact 0 and 1, whose log loss is infinite",
            peers: "scikit-learn 1.9.1 `IsotonicRegression(out_of_bounds=\"clip\")`",
            source: "Ayer et al. 1955; Zadrozny and Elkan 2002",
        },
        example: r#"{"scores": [0.1, 0.4, 0.35, 0.8, 0.9], "correct": [0, 1, 0, 0, 1], "predict_at": [0.5]}"#,
        run: |case| call(case, isotonic),
    },
    Measure {
        name: "confidence.platt",
        about: About {
            title: "Platt scaling: a logistic map of scores",
            formula: "p = 1/(1 + exp(a f + b)), least log loss against (N+ + 1)/(N+ + 2) and 1/(N- + 2)",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "cannot be the identity on probabilities: give it logits; fit and judge on different data",
            peers: "scikit-learn 1.9.1, whose optimizer stops a little early (1e-4)",
            source: "Platt 1999; Lin, Lin and Weng 2007",
        },
        example: r#"{"scores": [-1.2, 0.3, -0.2, 1.4, 2.0, 0.1], "correct": [0, 1, 0, 1, 1, 0], "predict_at": [0.5]}"#,
        run: |case| call(case, platt),
    },
    Measure {
        name: "confidence.temperature",
        about: About {
            title: "Temperature scaling of logits",
            formula: "T of least mean negative log likelihood of softmax(z / T), by Newton on 1/T, in which it is convex",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "keeps the order of classes, so it mends confidence only; fit and judge on different data",
            peers: "scipy 1.12.0 by bounded search; aprender-core tries nine temperatures",
            source: "Guo et al. 2017",
        },
        example: r#"{"logits": [[2.0, 0.5, 0.1], [0.2, 1.5, 0.3], [1.0, 1.2, 0.1]], "labels": [0, 1, 0]}"#,
        run: |case| call(case, warmed),
    },
];
