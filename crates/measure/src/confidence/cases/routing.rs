//! What to answer without review: risk by coverage, guarantees and costs.

use super::{Flag, flags};
use crate::confidence::cost::{Costs, Queue, queue};
use crate::confidence::risk::{
    Family, Feasible, RiskP, conformal, hoeffding_bentkus, learn_then_test,
};
use crate::confidence::routing::{Guarantee, hundredths, routing};
use crate::confidence::selective::{Probe, Ranked, risk_coverage};
use crate::confidence::{ConfidenceError, Predictions, same_length};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};

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
    let found = routing(
        &ranked,
        guarantee,
        &grid,
        (case.risk, 1.0 - case.confidence),
    )?;
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
    #[serde(default = "super::one")]
    bound: f64,
}

#[derive(Serialize)]
struct CrcFound {
    feasible: Feasible,
    lambda: Option<f64>,
}

fn crc(case: &CrcCase) -> Result<CrcFound, ConfidenceError> {
    same_length("lambdas", case.lambdas.len(), case.mean_loss.len())?;
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

pub(crate) static MEASURES: &[Measure] = &[
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
];
