//! The measures of this subject by name.

use super::bins::{Bin, Binning, classwise_ece, ece_interval, reliability};
use super::cost::{Costs, Queue, queue};
use super::fit::{BetaMap, Isotonic, Platt, Temperature, temperature};
use super::novelty::{LogitScores, Mahalanobis, conformal_p, logit_scores, neighbor_distance};
use super::oversight::{
    Anchoring, Arms, Changes, Detection, Seeded, Timing, anchoring, changes, detection, timing,
};
use super::risk::{Family, Feasible, RiskP, conformal, hoeffding_bentkus, learn_then_test};
use super::routing::{Guarantee, hundredths, routing};
use super::scores::{Murphy, brier, brier_classes, log_loss, log_loss_classes, murphy};
use super::selective::{Probe, Ranked, risk_coverage};
use super::{Classes, ConfidenceError, Predictions};
use crate::registry::{About, Direction, Measure, Number, call};
use crate::stats::{Estimate, Resampling};
use serde::{Deserialize, Serialize};

/// Yes or no, also as 1 or 0.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Flag {
    Word(bool),
    Digit(u8),
}

fn flags(list: &[Flag]) -> Vec<bool> {
    let flag = |flag: &Flag| match flag {
        Flag::Word(is_set) => *is_set,
        Flag::Digit(digit) => *digit != 0,
    };
    list.iter().map(flag).collect()
}

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

/// Rows of one width as one list.
fn flat(rows: &[Vec<f64>]) -> Result<(Vec<f64>, usize), ConfidenceError> {
    let width = rows.first().map_or(0, Vec::len);
    match rows.iter().find(|row| row.len() != width) {
        Some(row) => Err(ConfidenceError::Lengths {
            field: "row",
            seen: row.len(),
            expected: width,
        }),
        None => Ok((rows.concat(), width)),
    }
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurveCase {
    score: Vec<f64>,
    error: Vec<Flag>,
    #[serde(default = "coverages")]
    coverage: Vec<f64>,
}

fn coverages() -> Vec<f64> {
    vec![0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
}

#[derive(Serialize)]
struct CurveFound {
    coverage: Vec<f64>,
    risk: Vec<f64>,
    aurc: f64,
    excess_aurc: f64,
    e_aurc_closed_form: f64,
}

fn curve(case: &CurveCase) -> Result<CurveFound, ConfidenceError> {
    let found = risk_coverage(&Ranked::new(&case.score, &flags(&case.error))?);
    let risk = case.coverage.iter().map(|c| found.at(*c));
    Ok(CurveFound {
        risk: risk.collect::<Result<_, _>>()?,
        coverage: case.coverage.clone(),
        aurc: found.aurc,
        excess_aurc: found.excess_aurc,
        e_aurc_closed_form: found.excess_closed_form,
    })
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RouteMethod {
    #[default]
    Sgr,
    Ltt,
    Crc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteCase {
    score: Vec<f64>,
    error: Vec<Flag>,
    risk: f64,
    #[serde(default = "ninety_five")]
    confidence: f64,
    #[serde(default)]
    method: RouteMethod,
    #[serde(default = "fixed")]
    family: Family,
    thresholds: Option<Vec<f64>>,
}

const fn ninety_five() -> f64 {
    0.95
}

const fn fixed() -> Family {
    Family::FixedSequence
}

#[derive(Serialize)]
struct RouteFound {
    feasible: bool,
    threshold: Option<f64>,
    coverage: f64,
    risk_bound: Option<f64>,
    accepted: usize,
    errors: u64,
    review_load: usize,
    least_risk: Option<f64>,
    probes: Vec<Probe>,
}

fn routed(case: &RouteCase) -> Result<RouteFound, ConfidenceError> {
    let ranked = Ranked::new(&case.score, &flags(&case.error))?;
    let guarantee = match case.method {
        RouteMethod::Sgr => Guarantee::Sgr,
        RouteMethod::Ltt => Guarantee::Ltt(case.family),
        RouteMethod::Crc => Guarantee::Crc,
    };
    let grid = case.thresholds.clone().unwrap_or_else(hundredths);
    let found = routing(&ranked, guarantee, &grid, (case.risk, 1.0 - case.confidence))?;
    let best = found.best;
    let accepted = best.map_or(0, |routed| routed.accepted);
    Ok(RouteFound {
        feasible: best.is_some(),
        threshold: best.map(|routed| routed.threshold),
        coverage: best.map_or(0.0, |routed| routed.coverage),
        risk_bound: best.map(|routed| routed.bound),
        accepted,
        errors: best.map_or(0, |routed| routed.errors),
        review_load: ranked.n() - accepted,
        least_risk: found.least_risk,
        probes: found.probes,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskCase {
    r_hat: f64,
    n: u64,
    alpha: f64,
}

fn risk_p(case: &RiskCase) -> Result<RiskP, ConfidenceError> {
    hoeffding_bentkus(case.r_hat, case.n, case.alpha)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LttCase {
    mean_loss: Vec<f64>,
    n: u64,
    alpha: f64,
    delta: f64,
}

#[derive(Serialize)]
struct LttFound {
    p: Vec<f64>,
    p_hb: Vec<f64>,
    bonferroni_valid_idx: Vec<usize>,
    holm_valid_idx: Vec<usize>,
    fixed_sequence_valid_idx: Vec<usize>,
}

fn ltt(case: &LttCase) -> Result<LttFound, ConfidenceError> {
    let one = |loss: &f64| hoeffding_bentkus(*loss, case.n, case.alpha);
    let all: Vec<RiskP> = case.mean_loss.iter().map(one).collect::<Result<_, _>>()?;
    let p: Vec<f64> = all.iter().map(|r| r.p).collect();
    let by = |family| learn_then_test(&p, case.delta, family);
    Ok(LttFound {
        p_hb: all.iter().map(|r| r.hb_p).collect(),
        bonferroni_valid_idx: by(Family::Bonferroni)?,
        holm_valid_idx: by(Family::Holm)?,
        fixed_sequence_valid_idx: by(Family::FixedSequence)?,
        p,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrcCase {
    mean_loss: Vec<f64>,
    lambdas: Vec<f64>,
    n: u64,
    alpha: f64,
    #[serde(default = "one")]
    bound: f64,
}

const fn one() -> f64 {
    1.0
}

#[derive(Serialize)]
struct CrcFound {
    feasible: Feasible,
    lambda: Option<f64>,
}

fn crc(case: &CrcCase) -> Result<CrcFound, ConfidenceError> {
    super::same_length("lambdas", case.lambdas.len(), case.mean_loss.len())?;
    let feasible = conformal(&case.mean_loss, case.n, case.bound, case.alpha)?;
    Ok(CrcFound {
        feasible,
        lambda: match feasible {
            Feasible::None => None,
            Feasible::UpTo(i) => case.lambdas.get(i).copied(),
            Feasible::All => case.lambdas.last().copied(),
        },
    })
}

#[derive(Deserialize)]
struct CostCase {
    #[serde(flatten)]
    costs: Costs,
    #[serde(default)]
    confidence: Vec<f64>,
    severity: Option<Vec<f64>>,
    capacity: Option<usize>,
}

#[derive(Serialize)]
struct CostFound {
    accept_if_p_at_least: f64,
    queue: Option<Queue>,
}

fn cost(case: &CostCase) -> Result<CostFound, ConfidenceError> {
    let queue = if case.confidence.is_empty() {
        None
    } else {
        let correct = vec![true; case.confidence.len()];
        let predictions = Predictions::new(&case.confidence, &correct)?;
        let capacity = case.capacity.unwrap_or(usize::MAX);
        Some(queue(
            &predictions,
            case.severity.as_deref(),
            case.costs,
            capacity,
        )?)
    };
    Ok(CostFound {
        accept_if_p_at_least: case.costs.threshold()?,
        queue,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogitCase {
    logits: Vec<Vec<f64>>,
    #[serde(rename = "T", default = "one")]
    t: f64,
}

fn strange(case: &LogitCase) -> Result<Vec<LogitScores>, ConfidenceError> {
    let (logits, width) = flat(&case.logits)?;
    logit_scores(&logits, width, case.t)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureCase {
    features: Vec<Vec<f64>>,
    reference: Vec<Vec<f64>>,
    labels: Option<Vec<u32>>,
    calibration: Option<Vec<Vec<f64>>>,
    #[serde(default = "once")]
    k: usize,
    #[serde(default = "ridge")]
    ridge: f64,
}

const fn once() -> usize {
    1
}

const fn ridge() -> f64 {
    1e-6
}

#[derive(Serialize)]
struct FeatureFound {
    neighbor_distance: Vec<f64>,
    neighbor_p: Option<Vec<f64>>,
    mahalanobis: Option<Vec<f64>>,
    mahalanobis_p: Option<Vec<f64>>,
}

fn features(case: &FeatureCase) -> Result<FeatureFound, ConfidenceError> {
    let (features, width) = flat(&case.features)?;
    let (reference, _) = flat(&case.reference)?;
    let calibration = case
        .calibration
        .as_ref()
        .map(|c| flat(c))
        .transpose()?
        .map(|c| c.0);
    let near = |x: &[f64]| neighbor_distance(x, &reference, width, case.k);
    let found = near(&features)?;
    let neighbor_p = match &calibration {
        Some(known) => Some(conformal_p(&found, &near(known)?)?),
        None => None,
    };
    let (mut far, mut far_p) = (None, None);
    if let Some(labels) = &case.labels {
        let model = Mahalanobis::fit(&reference, width, labels, case.ridge)?;
        let scores = model.scores(&features)?;
        if let Some(known) = &calibration {
            far_p = Some(conformal_p(&scores, &model.scores(known)?)?);
        }
        far = Some(scores);
    }
    Ok(FeatureFound {
        neighbor_distance: found,
        neighbor_p,
        mahalanobis: far,
        mahalanobis_p: far_p,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConformalCase {
    score: Vec<f64>,
    calibration: Vec<Number>,
}

fn conformal_values(case: &ConformalCase) -> Result<Vec<f64>, ConfidenceError> {
    let calibration: Vec<f64> = case.calibration.iter().map(|n| n.0).collect();
    conformal_p(&case.score, &calibration)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesCase {
    confidence: Vec<f64>,
    time_secs: Vec<f64>,
    #[serde(default = "second")]
    least_secs: f64,
}

const fn second() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewedCase {
    confidence: Vec<f64>,
    changed: Vec<Flag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OversightCase {
    seeded: Option<Seeded>,
    reviewed: Option<ReviewedCase>,
    arms: Option<Arms>,
    times: Option<TimesCase>,
}

#[derive(Serialize)]
struct OversightFound {
    detection: Option<Detection>,
    changes: Option<Changes>,
    anchoring: Option<Anchoring>,
    timing: Option<Timing>,
}

fn oversight(case: &OversightCase) -> Result<OversightFound, ConfidenceError> {
    let changes_of = |reviewed: &ReviewedCase| {
        let kept: Vec<bool> = flags(&reviewed.changed).iter().map(|c| !c).collect();
        changes(&Predictions::new(&reviewed.confidence, &kept)?)
    };
    let times = |t: &TimesCase| timing(&t.confidence, &t.time_secs, t.least_secs);
    Ok(OversightFound {
        detection: case.seeded.as_ref().map(detection).transpose()?,
        changes: case.reviewed.as_ref().map(changes_of).transpose()?,
        anchoring: case.arms.as_ref().map(anchoring).transpose()?,
        timing: case.times.as_ref().map(times).transpose()?,
    })
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
        name: "confidence.conformal_p",
        about: About {
            title: "Chance that a known item looks as strange",
            formula: "(1 + calibration scores >= score) / (n + 1)",
            defaults: "none; use Benjamini-Hochberg over a batch",
            direction: Direction::Describes,
            blind_spots: "calibration items must be exchangeable with known ones; never below 1/(n+1)",
            peers: "none needed",
            source: "Vovk, Gammerman and Shafer 2005",
        },
        example: r#"{"score": [5.0, 0.5], "calibration": [1, 2, 3]}"#,
        run: |case| call(case, conformal_values),
    },
    Measure {
        name: "confidence.conformal_risk",
        about: About {
            title: "Conformal risk control: the last setting whose expected loss is held",
            formula: "n/(n+1) mean_loss + bound/(n+1) <= alpha, settings in the order of rising loss",
            defaults: "bound 1",
            direction: Direction::Describes,
            blind_spots: "holds the mean over calibration sets, not with high probability: for routing prefer SGR or learn-then-test; the loss must be monotone",
            peers: "aangelopoulos/conformal-risk `get_lhat` returns the first setting both where all and where none will do; here `all` and `none` are told apart",
            source: "Angelopoulos et al. 2024, eq. 4",
        },
        example: r#"{"mean_loss": [0.0, 0.05, 0.3], "lambdas": [0.1, 0.5, 0.9], "n": 100, "alpha": 0.1}"#,
        run: |case| call(case, crc),
    },
    Measure {
        name: "confidence.cost_threshold",
        about: About {
            title: "From which confidence on to accept without review, by cost; and which items to review",
            formula: "accept if p >= 1 - C_review / (q C_error), at least 0; queue by (1-p) q C_error severity - C_review",
            defaults: "no queue without confidence; severity 1, capacity without end",
            direction: Direction::Describes,
            blind_spots: "confidences must be calibrated; costs are taken as known",
            peers: "own closed form",
            source: "Chow 1970 with reviewers who miss",
        },
        example: r#"{"C_error": 100.0, "C_review": 2.0, "review_catch_prob_q": 0.97, "confidence": [0.99, 0.6], "capacity": 1}"#,
        run: |case| call(case, cost),
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
        name: "confidence.learn_then_test",
        about: About {
            title: "Settings whose risk is held, all together with high probability",
            formula: "p = min(exp(-n h1(min(r, alpha), alpha)), e P(Bin(n, alpha) <= ceil(n r))); valid by Bonferroni, Holm, or in a fixed sequence from the first setting on at delta",
            defaults: "none; p_hb is the authors' value, see peers",
            direction: Direction::Describes,
            blind_spots: "settings are fixed beforehand; losses are from 0 to 1; for the risk among answered items see `confidence.route`",
            peers: "aangelopoulos/ltt: its Hoeffding term is NaN at a risk of 0 so that its p (kept as p_hb) is e times larger there; valid, with less power",
            source: "Angelopoulos et al. 2021; Bates et al. 2021",
        },
        example: r#"{"mean_loss": [0.0, 0.02, 0.2], "n": 300, "alpha": 0.1, "delta": 0.1}"#,
        run: |case| call(case, ltt),
    },
    Measure {
        name: "confidence.novelty_features",
        about: About {
            title: "How far items lie from known ones, by features",
            formula: "distance to the k-th nearest reference and squared Mahalanobis distance to the nearest class mean, features scaled to length 1; p-values from calibration items",
            defaults: "k 1, ridge 1e-6; Mahalanobis only with labels, p-values only with calibration",
            direction: Direction::Describes,
            blind_spots: "only as good as the features; no score wins everywhere",
            peers: "the cited papers' code on the same formulas",
            source: "Sun et al. 2022; Lee et al. 2018; Müller and Hein 2025",
        },
        example: r#"{"features": [[0.0, 1.0]], "reference": [[1.0, 0.1], [1.0, -0.1], [0.9, 0.2]], "k": 2}"#,
        run: |case| call(case, features),
    },
    Measure {
        name: "confidence.novelty_logits",
        about: About {
            title: "How strange items look, by logits",
            formula: "energy -T ln sum exp(z/T); -max z; 1 - max p; entropy; generalized entropy sum (p (1-p))^0.1 over the 100 largest p; higher is stranger",
            defaults: "T 1",
            direction: Direction::Describes,
            blind_spots: "a model can be sure of nonsense; set thresholds by `confidence.conformal_p`",
            peers: "the cited papers' code on the same formulas",
            source: "Liu et al. 2020; Hendrycks and Gimpel 2017; Hendrycks et al. 2022; Liu, Lochman and Zach 2023",
        },
        example: r#"{"logits": [[2.0, 0.5, 0.1], [9.0, 0.0, 0.0]]}"#,
        run: |case| call(case, strange),
    },
    Measure {
        name: "confidence.oversight",
        about: About {
            title: "Whether reviewers still look: seeded errors, changes, anchoring and time",
            formula: "hit rate with Wilson interval, d' = z(H) - z(F), c = -(z(H) + z(F))/2 with (k+1/2)/(n+1); changes against sum (1-p), Poisson-binomial; difference of error rates with and without the label (Newcombe, Fisher); Spearman of time with 1-p",
            defaults: "each part only where its counts are given; least_secs 1",
            direction: Direction::Describes,
            blind_spots: "seeded errors must be as hard as real ones; expected changes need calibrated confidences",
            peers: "scipy `fisher_exact`, `spearmanr`",
            source: "Green and Swets 1966; Hautus 1995; Newcombe 1998; Bonett and Wright 2000",
        },
        example: r#"{"seeded": {"planted": 100, "caught": 71, "right": 900, "changed": 12}, "arms": {"shown_errors": 12, "shown": 200, "blind_errors": 6, "blind": 210}}"#,
        run: |case| call(case, oversight),
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
        name: "confidence.risk_coverage",
        about: About {
            title: "Errors among the answered as more is answered",
            formula: "risk_i = errors among the i most confident / i; AURC its mean; excess over the best order of the same errors, exact and by r + (1-r) ln(1-r)",
            defaults: "coverage 0.1, 0.25, 0.5, 0.75, 0.9, 1; equal scores count in any order, on average",
            direction: Direction::Lower,
            blind_spots: "describes the sample; a guarantee needs `confidence.route`",
            peers: "own; others depend on the order of ties",
            source: "El-Yaniv and Wiener 2010; Geifman, Uziel and El-Yaniv 2019",
        },
        example: r#"{"score": [0.9, 0.8, 0.7, 0.6], "error": [0, 1, 0, 1], "coverage": [0.5, 1.0]}"#,
        run: |case| call(case, curve),
    },
    Measure {
        name: "confidence.risk_p",
        about: About {
            title: "p-values for a risk above a limit",
            formula: "Hoeffding exp(-n h1(min(r, alpha), alpha)), Bentkus e P(Bin(n, alpha) <= ceil(n r)), binomial for losses of 0 and 1",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "hb_p is the authors' value; at a risk of 0 it is e times p",
            peers: "aangelopoulos/ltt: NaN in the Hoeffding term at a risk of 0",
            source: "Bates et al. 2021, propositions 1 and 2",
        },
        example: r#"{"r_hat": 0.02, "n": 100, "alpha": 0.05}"#,
        run: |case| call(case, risk_p),
    },
    Measure {
        name: "confidence.route",
        about: About {
            title: "The threshold from which on answers need no review, with a guarantee",
            formula: "sgr: halving with exact binomial bounds at delta/ceil(log2 n); ltt: exact binomial p-values of fixed thresholds, family-wise; crc: expected share of answered and wrong items over all",
            defaults: "method sgr, confidence 0.95, family fixed_sequence, thresholds in hundredths; ltt leaves out thresholds with fewer than 25 answered",
            direction: Direction::Describes,
            blind_spots: "calibration items must be drawn at random from the stream that is answered, and again after drift; a slice may do worse than the whole",
            peers: "geifmany/selective_deep_learning truncates counts (15 of 22 errors give 0.804 for 0.840) and returns its last probe where nothing is feasible; here counts are whole and `feasible` is said",
            source: "Geifman and El-Yaniv 2017, algorithm 1; Angelopoulos et al. 2021 and 2024",
        },
        example: r#"{"score": [0.99, 0.98, 0.97, 0.96, 0.95, 0.6, 0.5, 0.4], "error": [0, 0, 0, 0, 0, 1, 0, 1], "risk": 0.6, "confidence": 0.8}"#,
        run: |case| call(case, routed),
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
