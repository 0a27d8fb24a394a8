//! The measures of this subject by name.

use super::SamplingError;
use super::acceptance::{AcceptancePlan, OcPoint, characteristic};
use super::allocate::{Stratum, bounded, floor_of, neyman, proportional, whole};
use super::estimate::{
    Clustered, Corrected, Reviewed, ReviewerCheck, Stratified, clustered, corrected, stratified,
};
use super::gold::{RELIABILITY_OF_100, Seeding, Window, reliability_of_one, seeding};
use super::military::{Inspection, Level, TablePlan, code_letter, single_plan};
use super::plan::{Claim, Planned, Stratum as PlannedStratum, plan};
use super::required::{
    TwoPoints, design_effect, required_n, required_of_lot, two_point_plan, zero_failure_n,
};
use super::sprt::{Decision, Lines, Sprt};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{
    Estimate, ShareMethod, StatsError, clopper_pearson_lower, clopper_pearson_upper, share_interval,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareCase {
    count: u64,
    nobs: u64,
    #[serde(default = "five_percent")]
    alpha: f64,
}

const fn five_percent() -> f64 {
    0.05
}

#[derive(Serialize)]
struct ShareFound {
    share: Estimate,
    wilson: [f64; 2],
    clopper_pearson: [f64; 2],
    agresti_coull: [f64; 2],
    jeffreys: [f64; 2],
    normal: [f64; 2],
    clopper_pearson_one_sided_upper: f64,
    clopper_pearson_one_sided_lower: f64,
}

fn share(case: &ShareCase) -> Result<ShareFound, StatsError> {
    let of = |method| {
        let interval = share_interval(case.count, case.nobs, case.alpha, method)?;
        Ok::<_, StatsError>([interval.low, interval.high])
    };
    let exact = share_interval(
        case.count,
        case.nobs,
        case.alpha,
        ShareMethod::ClopperPearson,
    )?;
    let n = usize::try_from(case.nobs).unwrap_or(usize::MAX);
    Ok(ShareFound {
        share: Estimate::with(case.count as f64 / case.nobs as f64, Some(exact), n),
        wilson: of(ShareMethod::Wilson)?,
        clopper_pearson: of(ShareMethod::ClopperPearson)?,
        agresti_coull: of(ShareMethod::AgrestiCoull)?,
        jeffreys: of(ShareMethod::Jeffreys)?,
        normal: of(ShareMethod::Wald)?,
        clopper_pearson_one_sided_upper: clopper_pearson_upper(case.count, case.nobs, case.alpha)?,
        clopper_pearson_one_sided_lower: clopper_pearson_lower(case.count, case.nobs, case.alpha)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequiredCase {
    accuracy: f64,
    confidence: f64,
    #[serde(default)]
    allowed_errors: u64,
    lot: Option<u64>,
}

#[derive(Serialize)]
struct Size {
    n: u64,
}

fn required(case: &RequiredCase) -> Result<Size, SamplingError> {
    let n = match case.lot {
        Some(lot) => required_of_lot(lot, case.accuracy, case.confidence, case.allowed_errors)?,
        None => required_n(case.accuracy, case.confidence, case.allowed_errors)?,
    };
    Ok(Size { n })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZeroCase {
    limit: f64,
    #[serde(default = "ninety_five")]
    confidence: f64,
    #[serde(default)]
    reviewer_miss: f64,
    #[serde(default = "one")]
    cluster_size: f64,
    #[serde(default = "tenth")]
    rho: f64,
}

const fn ninety_five() -> f64 {
    0.95
}

const fn one() -> f64 {
    1.0
}

const fn tenth() -> f64 {
    0.1
}

fn zero(case: &ZeroCase) -> Result<Size, SamplingError> {
    let design = design_effect(case.cluster_size, case.rho);
    let n = zero_failure_n(case.limit, case.confidence, case.reviewer_miss, design)?;
    Ok(Size { n })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoPointsCase {
    good: f64,
    bad: f64,
    #[serde(default = "five_percent")]
    producer_risk: f64,
    #[serde(default = "tenth")]
    consumer_risk: f64,
}

fn two_points(case: &TwoPointsCase) -> Result<AcceptancePlan, SamplingError> {
    two_point_plan(TwoPoints {
        good: case.good,
        bad: case.bad,
        producer_risk: case.producer_risk,
        consumer_risk: case.consumer_risk,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StratumCase {
    size: u64,
    expected_error: f64,
    #[serde(default = "one")]
    severity: f64,
    #[serde(default = "one")]
    cost: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllocateCase {
    strata: Vec<StratumCase>,
    n: f64,
    #[serde(default = "tenth")]
    floor: f64,
    lower: Option<Vec<f64>>,
    upper: Option<Vec<f64>>,
}

#[derive(Serialize)]
struct Bounded {
    real: Vec<f64>,
    whole: Vec<u64>,
}

#[derive(Serialize)]
struct AllocateFound {
    proportional: Vec<f64>,
    neyman: Vec<f64>,
    neyman_whole: Vec<u64>,
    floor: Vec<u64>,
    floor_total: u64,
    bounded: Option<Bounded>,
}

fn allocated(case: &AllocateCase) -> Result<AllocateFound, SamplingError> {
    let strata: Vec<Stratum> = case
        .strata
        .iter()
        .map(|s| {
            let plain = Stratum::of_share(s.size, s.expected_error);
            Stratum {
                spread: plain.spread * s.severity,
                cost: s.cost,
                ..plain
            }
        })
        .collect();
    let real = neyman(&strata, case.n)?;
    let floor: Vec<u64> = case
        .strata
        .iter()
        .map(|s| floor_of(s.size, case.floor))
        .collect();
    let sizes: Vec<f64> = strata.iter().map(|s| s.size).collect();
    let bounded = match (&case.lower, &case.upper) {
        (None, None) => None,
        (lower, upper) => {
            let zeros = vec![0.0; strata.len()];
            let lower = lower.as_ref().unwrap_or(&zeros);
            let upper = upper.as_ref().unwrap_or(&sizes);
            let real = bounded(&strata, case.n, lower, upper)?;
            let whole = whole(&real, Some(upper))?;
            Some(Bounded { real, whole })
        }
    };
    Ok(AllocateFound {
        proportional: proportional(&strata, case.n)?,
        neyman_whole: whole(&real, None)?,
        neyman: real,
        floor_total: floor.iter().sum(),
        floor,
        bounded,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StratifiedCase {
    strata: Vec<Reviewed>,
}

#[derive(Serialize)]
struct StratifiedFound {
    share: Estimate,
    #[serde(flatten)]
    found: Stratified,
}

fn strata(case: &StratifiedCase) -> Result<StratifiedFound, SamplingError> {
    let found = stratified(&case.strata)?;
    let n: u64 = case.strata.iter().map(|s| s.reviewed).sum();
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    Ok(StratifiedFound {
        share: Estimate::with(found.p_strat, Some(found.interval), n),
        found,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusteredCase {
    errors: Vec<u64>,
    items: Vec<u64>,
}

fn clusters(case: &ClusteredCase) -> Result<Clustered, SamplingError> {
    if case.errors.len() != case.items.len() {
        return Err(SamplingError::OutOfRange {
            field: "items",
            value: case.items.len() as f64,
            hint: "one entry per entry of `errors`",
        });
    }
    let pairs: Vec<(u64, u64)> = case
        .errors
        .iter()
        .copied()
        .zip(case.items.iter().copied())
        .collect();
    clustered(&pairs)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrectedCase {
    errors: u64,
    reviewed: u64,
    check: ReviewerCheck,
}

fn behind(case: &CorrectedCase) -> Result<Corrected, SamplingError> {
    corrected(case.errors, case.reviewed, &case.check)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptanceCase {
    n: u64,
    accept: u64,
    p: Vec<f64>,
    lot: Option<u64>,
}

#[derive(Serialize)]
struct AcceptanceFound {
    points: Vec<OcPoint>,
    lq10: f64,
    p95: f64,
}

fn acceptance(case: &AcceptanceCase) -> Result<AcceptanceFound, SamplingError> {
    let plan = AcceptancePlan {
        n: case.n,
        accept: case.accept,
    };
    Ok(AcceptanceFound {
        points: characteristic(plan, &case.p, case.lot)?,
        lq10: plan.share_passing(0.1)?,
        p95: plan.share_passing(0.95)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MilitaryCase {
    lot: Option<u64>,
    #[serde(default)]
    level: Level,
    letter: Option<char>,
    aql_percent: f64,
    #[serde(default)]
    inspection: Inspection,
}

#[derive(Serialize)]
struct MilitaryFound {
    letter: char,
    #[serde(flatten)]
    plan: TablePlan,
    is_full_review: bool,
    lq10: f64,
    p95: f64,
}

fn military(case: &MilitaryCase) -> Result<MilitaryFound, SamplingError> {
    let letter = match (case.letter, case.lot) {
        (Some(letter), _) => letter,
        (None, Some(lot)) => code_letter(lot, case.level)?,
        (None, None) => code_letter(0, case.level)?,
    };
    let plan = single_plan(case.inspection, letter, case.aql_percent)?;
    Ok(MilitaryFound {
        letter,
        plan,
        is_full_review: case.lot.is_some_and(|lot| plan.n >= lot),
        lq10: plan.plan().share_passing(0.1)?,
        p95: plan.plan().share_passing(0.95)?,
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Word(bool),
    Digit(u8),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SprtCase {
    x: Vec<Flag>,
    p0: f64,
    p1: f64,
    #[serde(default = "five_percent")]
    alpha: f64,
    #[serde(default = "tenth")]
    beta: f64,
}

#[derive(Serialize)]
struct SprtFound {
    #[serde(rename = "A")]
    upper: f64,
    #[serde(rename = "B")]
    lower: f64,
    path: Vec<(f64, Decision)>,
    decision: Decision,
    n: usize,
    lines: Lines,
    #[serde(rename = "ASN_p0")]
    expected_n_p0: f64,
    #[serde(rename = "ASN_p1")]
    expected_n_p1: f64,
}

fn sequential(case: &SprtCase) -> Result<SprtFound, SamplingError> {
    let test = Sprt::new(case.p0, case.p1, case.alpha, case.beta)?;
    let flag = |flag: &Flag| match flag {
        Flag::Word(is_error) => *is_error,
        Flag::Digit(digit) => *digit != 0,
    };
    let items: Vec<bool> = case.x.iter().map(flag).collect();
    let path = test.path(&items);
    let (upper, lower) = test.bounds();
    let (expected_n_p0, expected_n_p1) = test.expected_n();
    Ok(SprtFound {
        upper,
        lower,
        decision: path
            .last()
            .map_or(Decision::Continue, |(_, decision)| *decision),
        n: path.len(),
        path,
        lines: test.lines(),
        expected_n_p0,
        expected_n_p1,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldCase {
    items: u64,
    people: u64,
    #[serde(default = "once")]
    reuse: u64,
    #[serde(default = "seventy")]
    reliability: f64,
    reliability_of_one: Option<f64>,
}

const fn once() -> u64 {
    1
}

const fn seventy() -> f64 {
    0.7
}

fn gold(case: &GoldCase) -> Result<Seeding, SamplingError> {
    let window = Window {
        items: case.items,
        people: case.people,
        reuse: case.reuse,
    };
    let of_one = case
        .reliability_of_one
        .unwrap_or_else(|| reliability_of_one(100.0, RELIABILITY_OF_100));
    seeding(window, case.reliability, of_one)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanStratum {
    stratum: String,
    size: u64,
    expected_error: Option<f64>,
    cluster_size: Option<f64>,
    reviewer_miss: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanCase {
    strata: Vec<PlanStratum>,
    claim: f64,
    #[serde(default = "ninety_five")]
    confidence: f64,
    #[serde(default = "tenth")]
    floor: f64,
    #[serde(default = "thirty")]
    least: u64,
    #[serde(default = "tenth")]
    rho: f64,
    #[serde(default = "eighty")]
    power: f64,
    #[serde(default)]
    joint: bool,
}

const fn thirty() -> u64 {
    30
}

const fn eighty() -> f64 {
    0.8
}

#[derive(Serialize)]
struct PlanRow {
    stratum: String,
    #[serde(flatten)]
    planned: Planned,
}

#[derive(Serialize)]
struct PlanFound {
    strata: Vec<PlanRow>,
    total: u64,
}

fn planned(case: &PlanCase) -> Result<PlanFound, SamplingError> {
    let strata: Vec<PlannedStratum> = case
        .strata
        .iter()
        .map(|s| PlannedStratum {
            size: s.size,
            expected_error: s.expected_error,
            cluster_size: s.cluster_size,
            reviewer_miss: s.reviewer_miss,
        })
        .collect();
    let claim = Claim {
        accuracy: case.claim,
        confidence: case.confidence,
        floor: case.floor,
        least: case.least,
        rho: case.rho,
        power: case.power,
        is_joint: case.joint,
    };
    let found = plan(&strata, &claim)?;
    let total = found.iter().map(|p| p.n).sum();
    let named = case.strata.iter().zip(found);
    let strata = named.map(|(s, planned)| PlanRow {
        stratum: s.stratum.clone(),
        planned,
    });
    Ok(PlanFound {
        strata: strata.collect(),
        total,
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "sampling.acceptance",
        about: About {
            title: "What a plan lets pass: its operating characteristic",
            formula: "P(pass | p) = P(Bin(n, p) <= accept); lq10 and p95 are the shares of errors that pass with 10 % and 95 %; average outgoing share p P(pass) (1 - n/lot)",
            defaults: "without lot the lot is without end",
            direction: Direction::Describes,
            blind_spots: "items drawn at random and judged without error",
            peers: "scipy 1.12.0 `binom`, `beta`",
            source: "Schilling and Neubauer 2017, chapter 5",
        },
        example: r#"{"n": 125, "accept": 3, "p": [0.001, 0.01, 0.02, 0.05], "lot": 5000}"#,
        run: |case| call(case, acceptance),
    },
    Measure {
        name: "sampling.allocate",
        about: About {
            title: "Spreads a sample over strata",
            formula: "proportional n_h ~ N_h; Neyman n_h ~ N_h S_h / sqrt(c_h), S = severity sqrt(p (1-p)); bounded n_h = clip(lambda N_h S_h, L_h, U_h) with the lambda that keeps the sum; whole numbers by largest remainder",
            defaults: "floor 0.10, severity 1, cost 1; bounded only with lower or upper",
            direction: Direction::Describes,
            blind_spots: "as good as the expected shares; a stratum expected to be without error gets nothing from Neyman: give it a lower bound",
            peers: "own formulas, checked by full enumeration",
            source: "Neyman 1934; Cochran 1977, 5.5",
        },
        example: r#"{"strata": [{"size": 60000, "expected_error": 0.02}, {"size": 4000, "expected_error": 0.08}], "n": 500, "lower": [59, 59]}"#,
        run: |case| call(case, allocated),
    },
    Measure {
        name: "sampling.clustered",
        about: About {
            title: "Share of errors from whole clusters (frames, clips)",
            formula: "sum errors / sum items; standard error by leaving each cluster out; t interval with clusters - 1 degrees; rho by analysis of variance; effective n = items / design effect",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "below about ten clusters, and where nearly all are without error, the interval is too narrow: draw one item per cluster and use an exact bound",
            peers: "agrees with the linearized ratio estimator to first order",
            source: "Cochran 1977, 6 and 9A; Ridout, Demétrio and Firth 1999",
        },
        example: r#"{"errors": [0, 3, 1, 0, 2], "items": [10, 12, 9, 11, 10]}"#,
        run: |case| call(case, clusters),
    },
    Measure {
        name: "sampling.corrected_share",
        about: About {
            title: "The share of errors behind what imperfect reviewers found",
            formula: "(observed + specificity - 1) / (sensitivity + specificity - 1); bounds from exact one-sided bounds of all three at a third of 2.5 %",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "planted errors must be as hard to find as real ones",
            peers: "none known that bounds all three",
            source: "Rogan and Gladen 1978; Bonferroni",
        },
        example: r#"{"errors": 8, "reviewed": 1000, "check": {"planted": 100, "found": 80, "right": 200, "passed": 199}}"#,
        run: |case| call(case, behind),
    },
    Measure {
        name: "sampling.gold_seeding",
        about: About {
            title: "How many items with a known answer each person must meet",
            formula: "r_n = n r / (1 + (n-1) r) solved for n; pool = seeds people / reuse",
            defaults: "reliability 0.7; reliability_of_one from 0.7 at 100 items; reuse 1",
            direction: Direction::Describes,
            blind_spots: "the 0.7 at 100 is from airport screeners with hit rates below 0.9; labelers with higher ones need more",
            peers: "none; CVAT and Toloka leave the number to the user",
            source: "Spearman 1910; Brown 1910; Buser et al. 2025",
        },
        example: r#"{"items": 900, "people": 10, "reuse": 4, "reliability": 0.8}"#,
        run: |case| call(case, gold),
    },
    Measure {
        name: "sampling.mil_std_105e",
        about: About {
            title: "Single plan of MIL-STD-105E, and what it lets pass",
            formula: "letter from lot and level (table I); n, accept and reject from tables II-A, II-B, II-C with arrows followed",
            defaults: "level II, inspection normal; letter overrides the lot",
            direction: Direction::Describes,
            blind_spots: "an acceptance quality limit is no claim: K at 1.0 passes lots with 2 % errors three times of four",
            peers: "AQLSchemes 1.7-2 (R): all 1,248 cells agree; the tables are entered from the standard",
            source: "MIL-STD-105E (1989), tables I and II",
        },
        example: r#"{"lot": 5000, "aql_percent": 1.0}"#,
        run: |case| call(case, military),
    },
    Measure {
        name: "sampling.plan",
        about: About {
            title: "How many items of each stratum to review, and why",
            formula: "n = clip(max(ceil(floor N), n_req, least), 0, N); n_req from an urn of N with each error seen with 1 - miss, times 1 + (m-1) rho; joint: confidence 1 - (1-C)/strata",
            defaults: "confidence 0.95, floor 0.10, least 30, rho 0.1, power 0.8, joint false",
            direction: Direction::Describes,
            blind_spots: "rho and the share missed must be known from earlier reviews; with an expected share it allows as many errors as the power takes",
            peers: "none does floor, claim, clusters, reviewers and several strata at once",
            source: "Cochran 1977; Kish 1965; hypergeometric bounds",
        },
        example: r#"{"strata": [{"stratum": "car", "size": 60000, "expected_error": 0.01}, {"stratum": "tram", "size": 30}], "claim": 0.97}"#,
        run: |case| call(case, planned),
    },
    Measure {
        name: "sampling.required_n",
        about: About {
            title: "Reviews that show an accuracy",
            formula: "smallest n with P(Bin(n, 1 - accuracy) <= allowed) <= 1 - confidence; with a lot P(Hypergeometric(lot, floor(lot (1 - accuracy)) + 1, n) <= allowed)",
            defaults: "allowed_errors 0; without lot the lot is without end",
            direction: Direction::Describes,
            blind_spots: "independent items, reviewers who miss nothing: see `sampling.plan`",
            peers: "scipy 1.12.0 `binom`, `hypergeom` by search",
            source: "Clopper and Pearson 1934, inverted",
        },
        example: r#"{"accuracy": 0.99, "confidence": 0.95, "allowed_errors": 1, "lot": 500}"#,
        run: |case| call(case, required),
    },
    Measure {
        name: "sampling.share_intervals",
        about: About {
            title: "A share with five kinds of interval and exact one-sided bounds",
            formula: "Wilson's score; Clopper-Pearson from beta quantiles; Agresti-Coull; Jeffreys Beta(k+1/2, n-k+1/2); Wald; one-sided bounds at alpha",
            defaults: "alpha 0.05; the share itself carries Clopper-Pearson",
            direction: Direction::Describes,
            blind_spots: "Wald is far too narrow near 0 and 1 and stands here to be compared with; claims want the one-sided bound",
            peers: "statsmodels 0.15.0 `proportion_confint`",
            source: "Brown, Cai and DasGupta 2001; Clopper and Pearson 1934",
        },
        example: r#"{"count": 3, "nobs": 40, "alpha": 0.05}"#,
        run: |case| call(case, share),
    },
    Measure {
        name: "sampling.sprt",
        about: About {
            title: "Reviewing one by one until it is clear",
            formula: "ratio += x ln(p1/p0) + (1-x) ln((1-p1)/(1-p0)); refuse at A = ln((1-beta)/alpha), accept at B = ln(beta/(1-alpha)); the path ends where it decides",
            defaults: "alpha 0.05, beta 0.1",
            direction: Direction::Describes,
            blind_spots: "items must come in random order; set an end (three times the fixed sample)",
            peers: "own formulas",
            source: "Wald 1945",
        },
        example: r#"{"x": [0, 0, 1, 0, 0], "p0": 0.01, "p1": 0.05, "alpha": 0.05, "beta": 0.1}"#,
        run: |case| call(case, sequential),
    },
    Measure {
        name: "sampling.stratified",
        about: About {
            title: "Share of errors over strata that were reviewed unevenly",
            formula: "sum W_h k_h/n_h, W_h = N_h/N; variance sum W_h^2 (1 - n_h/N_h) p_h (1-p_h)/(n_h - 1); total sum k_h N_h/n_h; Kish's design effect",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "items within a stratum drawn at random; the interval says nothing where no error was found: see upper95",
            peers: "own formulas, checked by full enumeration",
            source: "Cochran 1977, 5; Horvitz and Thompson 1952; Kish 1965",
        },
        example: r#"{"strata": [{"size": 6000, "reviewed": 120, "errors": 2}, {"size": 150, "reviewed": 60, "errors": 10}]}"#,
        run: |case| call(case, strata),
    },
    Measure {
        name: "sampling.two_point_plan",
        about: About {
            title: "The smallest plan that passes good lots and stops bad ones",
            formula: "fewest accept for which the smallest n with P(pass | bad) <= consumer_risk has P(pass | good) >= 1 - producer_risk",
            defaults: "producer_risk 0.05, consumer_risk 0.1",
            direction: Direction::Describes,
            blind_spots: "independent items",
            peers: "agrees with Minitab's and Montgomery's plan for 1 % and 5 %",
            source: "Guenther 1969",
        },
        example: r#"{"good": 0.01, "bad": 0.05}"#,
        run: |case| call(case, two_points),
    },
    Measure {
        name: "sampling.zero_failure",
        about: About {
            title: "Reviews without error that rule a share of errors out",
            formula: "(1 + (m-1) rho) ln(1-C) / ln(1 - limit (1 - miss)), rounded up",
            defaults: "confidence 0.95, reviewer_miss 0, cluster_size 1, rho 0.1",
            direction: Direction::Describes,
            blind_spots: "one error found and the claim is not shown: plan with `sampling.plan` and an expected share",
            peers: "59, 149 and 299 for 95, 98 and 99 % are the usual numbers",
            source: "Clopper and Pearson 1934 with no success",
        },
        example: r#"{"limit": 0.01, "reviewer_miss": 0.2}"#,
        run: |case| call(case, zero),
    },
];
