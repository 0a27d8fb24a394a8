//! The measures of this subject by name.

use super::judge::{Class, Metric, Rules, WorseIf, judge};
use super::mcnemar::{McNemar, NonInferiority, Pairs, mcnemar, non_inferiority};
use super::paired::{Claim, Compared, Differences, Method, compare};
use super::ranks::{MannWhitney, Samples, mann_whitney, shift};
use super::rates::{Events, rate_ratio};
use super::sequential::{Evidence, NormalMixture, betting_evidence, event_evidence, msprt};
use super::{CompareError, Verdict};
use crate::registry::{About, Direction, Measure, Number, call};
use crate::stats::{Adjusted, Adjustment, Bca, Estimate, Interval, Resampling, StatsError, adjust};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct McNemarCase {
    both_pass: u64,
    old_pass_new_fail: u64,
    old_fail_new_pass: u64,
    both_fail: u64,
    margin: Option<f64>,
}

#[derive(Serialize)]
struct McNemarFound {
    #[serde(flatten)]
    test: McNemar,
    non_inferiority: Option<NonInferiority>,
}

fn paired_flags(case: &McNemarCase) -> Result<McNemarFound, CompareError> {
    let pairs = Pairs {
        both_pass: case.both_pass,
        old_pass_new_fail: case.old_pass_new_fail,
        old_fail_new_pass: case.old_fail_new_pass,
        both_fail: case.both_fail,
    };
    let margin = case.margin.map(|margin| non_inferiority(&pairs, margin));
    Ok(McNemarFound {
        test: mcnemar(&pairs)?,
        non_inferiority: margin.transpose()?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MultipleCase {
    p: Vec<f64>,
    #[serde(default = "five_percent")]
    alpha: f64,
}

const fn five_percent() -> f64 {
    0.05
}

#[derive(Serialize)]
struct MultipleFound {
    bonferroni: Adjusted,
    holm: Adjusted,
    fdr_bh: Adjusted,
    fdr_by: Adjusted,
    fdr_tsbh: Adjusted,
}

fn many(case: &MultipleCase) -> Result<MultipleFound, CompareError> {
    if case.p.is_empty() {
        return Err(StatsError::Empty.into());
    }
    let by = |how| adjust(&case.p, case.alpha, how);
    Ok(MultipleFound {
        bonferroni: by(Adjustment::Bonferroni)?,
        holm: by(Adjustment::Holm)?,
        fdr_bh: by(Adjustment::BenjaminiHochberg)?,
        fdr_by: by(Adjustment::BenjaminiYekutieli)?,
        fdr_tsbh: by(Adjustment::TwoStage)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RatesCase {
    x_new: u64,
    exposure_new: f64,
    x_old: u64,
    exposure_old: f64,
    #[serde(default = "one")]
    margin: f64,
}

const fn one() -> f64 {
    1.0
}

#[derive(Serialize)]
struct RatesFound {
    rate_ratio: Option<Number>,
    exact_cond_p_two: f64,
    exact_cond_p_greater: f64,
    exact_ratio_ci95: [Number; 2],
    #[serde(rename = "sm_exact-cond")]
    exact_cond: f64,
    sm_score: f64,
    sm_etest: Option<f64>,
    verdict: Verdict,
}

fn rates(case: &RatesCase) -> Result<RatesFound, CompareError> {
    let events = Events {
        new: case.x_new,
        exposure_new: case.exposure_new,
        old: case.x_old,
        exposure_old: case.exposure_old,
    };
    let found = rate_ratio(&events, case.margin)?;
    Ok(RatesFound {
        rate_ratio: found.ratio.map(Number),
        exact_cond_p_two: found.exact_two_sided,
        exact_cond_p_greater: found.exact_greater,
        exact_ratio_ci95: [Number(found.interval.low), Number(found.interval.high)],
        exact_cond: found.exact_two_sided,
        sm_score: found.score,
        sm_etest: found.e_test,
        verdict: found.verdict,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairedCase {
    old: Vec<f64>,
    new: Vec<f64>,
    cluster: Option<Vec<u32>>,
    resample_indices: Option<Vec<Vec<usize>>>,
    #[serde(default)]
    bootstrap: Resampling,
    #[serde(default)]
    margin: f64,
    #[serde(default = "yes")]
    higher_is_better: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Serialize)]
struct PairedFound {
    mean_diff: Estimate,
    clusters: usize,
    boot_means_sorted_first5: Vec<f64>,
    pct_ci90: [f64; 2],
    pct_ci95: [f64; 2],
    z0: Option<Number>,
    accel: Option<f64>,
    bca_ci90: Option<[f64; 2]>,
    bca_ci95: Option<[f64; 2]>,
    method: Method,
    verdict: Verdict,
}

const fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

fn paired(case: &PairedCase) -> Result<PairedFound, CompareError> {
    let differences = match &case.cluster {
        Some(cluster) => Differences::by_cluster(&case.old, &case.new, cluster)?,
        None => Differences::by_item(&case.old, &case.new)?,
    };
    let mut replicates = match &case.resample_indices {
        Some(draws) => draws
            .iter()
            .map(|drawn| differences.mean_of(drawn))
            .collect::<Result<Vec<_>, _>>()?,
        None => differences.replicates(case.bootstrap),
    };
    replicates.sort_unstable_by(f64::total_cmp);
    let first: Vec<f64> = replicates.iter().take(5).copied().collect();
    let claim = Claim {
        margin: case.margin,
        is_higher_better: case.higher_is_better,
    };
    let found: Compared = compare(&differences, &mut replicates, claim)?;
    let of = |bca: Option<Bca>| bca.map(|b| ends(b.interval));
    let interval = match (found.method, found.bca95) {
        (Method::Bca, Some(bca)) => bca.interval,
        _ => found.percentile95,
    };
    Ok(PairedFound {
        mean_diff: Estimate::with(found.mean, Some(interval), differences.clusters()),
        clusters: differences.clusters(),
        boot_means_sorted_first5: first,
        pct_ci90: ends(found.percentile90),
        pct_ci95: ends(found.percentile95),
        z0: found.bca90.map(|b| Number(b.bias)),
        accel: found.bca90.map(|b| b.acceleration),
        bca_ci90: of(found.bca90),
        bca_ci95: of(found.bca95),
        method: found.method,
        verdict: found.verdict,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RanksCase {
    control: Vec<f64>,
    experiment: Vec<f64>,
    #[serde(default = "five_percent")]
    alpha: f64,
}

#[derive(Serialize)]
struct RanksFound {
    #[serde(flatten)]
    test: MannWhitney,
    hodges_lehmann: Estimate,
    mean_ratio: Number,
}

fn ranks(case: &RanksCase) -> Result<RanksFound, CompareError> {
    let samples = Samples::new(&case.control, &case.experiment)?;
    let found = shift(&samples, case.alpha)?;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let n = case.control.len() + case.experiment.len();
    Ok(RanksFound {
        test: mann_whitney(&samples)?,
        hodges_lehmann: Estimate::with(found.shift, Some(found.interval), n),
        mean_ratio: Number(mean(&case.experiment) / mean(&case.control)),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MsprtCase {
    d: Vec<f64>,
    sigma2: f64,
    tau2: f64,
    #[serde(default)]
    theta0: f64,
    #[serde(default = "five_percent")]
    alpha: f64,
}

#[derive(Serialize)]
struct MsprtFound {
    #[serde(rename = "Lambda")]
    lambda: Vec<Number>,
    always_valid_p: Vec<f64>,
    stops_at: Option<usize>,
}

fn mixture(case: &MsprtCase) -> Result<MsprtFound, CompareError> {
    let mixture = NormalMixture {
        sigma2: case.sigma2,
        tau2: case.tau2,
        theta0: case.theta0,
    };
    super::open_unit("alpha", case.alpha)?;
    let found = msprt(&case.d, mixture)?;
    Ok(MsprtFound {
        stops_at: found.stops_at(case.alpha),
        lambda: found.e.into_iter().map(Number).collect(),
        always_valid_p: found.always_valid_p,
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
struct EventsCase {
    event_is_new: Vec<Flag>,
    pi0: f64,
    #[serde(default = "uniform")]
    beta_prior: (f64, f64),
    #[serde(default = "five_percent")]
    alpha: f64,
}

const fn uniform() -> (f64, f64) {
    (1.0, 1.0)
}

#[derive(Serialize)]
struct EvidenceFound {
    e: Vec<Number>,
    always_valid_p: Vec<f64>,
    stops_at: Option<usize>,
}

fn evidence(found: Evidence, alpha: f64) -> Result<EvidenceFound, CompareError> {
    super::open_unit("alpha", alpha)?;
    Ok(EvidenceFound {
        stops_at: found.stops_at(alpha),
        e: found.e.into_iter().map(Number).collect(),
        always_valid_p: found.always_valid_p,
    })
}

fn events(case: &EventsCase) -> Result<EvidenceFound, CompareError> {
    let flag = |flag: &Flag| match flag {
        Flag::Word(is_new) => *is_new,
        Flag::Digit(digit) => *digit != 0,
    };
    let flags: Vec<bool> = case.event_is_new.iter().map(flag).collect();
    evidence(
        event_evidence(&flags, case.pi0, case.beta_prior)?,
        case.alpha,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BettingCase {
    x: Vec<f64>,
    m: f64,
    #[serde(default = "five_percent")]
    alpha: f64,
}

fn betting(case: &BettingCase) -> Result<EvidenceFound, CompareError> {
    evidence(betting_evidence(&case.x, case.m, case.alpha)?, case.alpha)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricCase {
    name: String,
    control: Vec<Option<f64>>,
    experiment: Vec<Option<f64>>,
    #[serde(default)]
    worse_if: WorseIf,
    #[serde(default = "ten_percent")]
    least_effect: f64,
    #[serde(default)]
    least_effect_absolute: f64,
    #[serde(default = "one")]
    weight: f64,
    #[serde(default)]
    critical: bool,
}

const fn ten_percent() -> f64 {
    0.1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgeCase {
    metrics: Vec<MetricCase>,
    #[serde(default)]
    rules: Rules,
}

#[derive(Serialize)]
struct MetricFound {
    name: String,
    class: Class,
    shift: Option<Estimate>,
    p: f64,
    p_adjusted: f64,
    blocks: (usize, usize),
}

#[derive(Serialize)]
struct JudgeFound {
    metrics: Vec<MetricFound>,
    score: Option<f64>,
    data_share: f64,
    verdict: Verdict,
}

fn judged(case: &JudgeCase) -> Result<JudgeFound, CompareError> {
    let values =
        |list: &[Option<f64>]| -> Vec<f64> { list.iter().map(|x| x.unwrap_or(f64::NAN)).collect() };
    let sides: Vec<(Vec<f64>, Vec<f64>)> = case
        .metrics
        .iter()
        .map(|m| (values(&m.control), values(&m.experiment)))
        .collect();
    let metrics: Vec<Metric<'_>> = case
        .metrics
        .iter()
        .zip(&sides)
        .map(|(m, (control, experiment))| Metric {
            control,
            experiment,
            worse_if: m.worse_if,
            least_effect: m.least_effect,
            least_effect_absolute: m.least_effect_absolute,
            weight: m.weight,
            is_critical: m.critical,
        })
        .collect();
    let found = judge(&metrics, case.rules)?;
    let named = case.metrics.iter().zip(&found.metrics);
    let metrics = named.map(|(m, j)| MetricFound {
        name: m.name.clone(),
        class: j.class,
        shift: j
            .shift
            .map(|s| Estimate::with(s.shift, Some(s.interval), j.blocks.0 + j.blocks.1)),
        p: j.p,
        p_adjusted: j.p_adjusted,
        blocks: j.blocks,
    });
    Ok(JudgeFound {
        metrics: metrics.collect(),
        score: found.score,
        data_share: found.data_share,
        verdict: found.verdict,
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "compare.betting",
        about: About {
            title: "Evidence at any time that a mean of values in 0 to 1 is above a bound",
            formula: "wealth = prod(1 + bet_i (x_i - m)), bet_i from the past values alone; reject at wealth >= 1/alpha",
            defaults: "alpha 0.05; bets at most 1/(2m)",
            direction: Direction::Describes,
            blind_spots: "one-sided; weak for small effects; assumes the mean given the past is at most m under no effect",
            peers: "none; Waudby-Smith's `confseq` has the two-sided interval",
            source: "Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, section 4",
        },
        example: r#"{"x": [1, 0, 1, 1, 1, 0, 1], "m": 0.3}"#,
        run: |case| call(case, betting),
    },
    Measure {
        name: "compare.event_evidence",
        about: About {
            title: "Evidence at any time that events favor the new arm",
            formula: "e = B(a+x, b+n-x) / B(a,b) / (pi0^x (1-pi0)^(n-x)) after each of n events, x of the new arm; pi0 = t_new / (t_new + t_old)",
            defaults: "beta_prior [1, 1]; alpha 0.05: stop at 20",
            direction: Direction::Describes,
            blind_spots: "the split of exposure must be fixed beforehand; two-sided: fewer new events count as evidence too",
            peers: "none known",
            source: "beta-binomial mixture; Ville 1939",
        },
        example: r#"{"event_is_new": [1, 1, 0, 1, 1], "pi0": 0.5, "beta_prior": [1, 1]}"#,
        run: |case| call(case, events),
    },
    Measure {
        name: "compare.judge",
        about: About {
            title: "Many metrics of a canary, one verdict",
            formula: "per metric Mann-Whitney on block means, Holm over metrics, Hodges-Lehmann shift with interval against the effect that matters; score = 100 (passed + unsure/2) / weight with data",
            defaults: "worse_if higher; least_effect 0.1 of the control's median, least_effect_absolute 0; weight 1; rules: alpha 0.05, pass 95, marginal 75, least_data 0.5",
            direction: Direction::Describes,
            blind_spots: "a metric that is missing in both arms is no data, not a pass; blocks are guessed from the series itself",
            peers: "Kayenta's NetflixACAJudge: a group without data scores 100 there, the gate on the effect is skipped where a mean is 0, 25 % and 98 % are fixed in code, points of a series count as independent; here none of it",
            source: "Kayenta's documentation; Mann and Whitney 1947; Hodges and Lehmann 1963; Politis and White 2004",
        },
        example: r#"{"metrics": [{"name": "latency", "control": [10, 11, 12, 10, 9, 11, 10, 12], "experiment": [15, 16, 14, 15, 17, 16, 15, 14], "critical": true}]}"#,
        run: |case| call(case, judged),
    },
    Measure {
        name: "compare.mann_whitney",
        about: About {
            title: "Whether one of two independent samples lies higher, and by how much",
            formula: "U = pairs with experiment > control, ties by half; p by the normal approximation with corrections, exact without ties up to 400 pairs; Hodges-Lehmann = median of all differences",
            defaults: "alpha 0.05 for the interval of the shift",
            direction: Direction::Describes,
            blind_spots: "values of one sample count as independent; a test of order, not of means: mean_ratio stands beside it",
            peers: "scipy 1.17.1 `mannwhitneyu`; makes all pairs for the shift, we make none",
            source: "Mann and Whitney 1947; Hodges and Lehmann 1963",
        },
        example: r#"{"control": [10, 11, 12, 10, 9, 11], "experiment": [10, 12, 11, 10, 9, 13]}"#,
        run: |case| call(case, ranks),
    },
    Measure {
        name: "compare.mcnemar",
        about: About {
            title: "Whether items changed sides by more than chance, and whether the new one is no worse by a margin",
            formula: "b = old pass and new fail, c = the reverse; exact p = 2 P(Bin(b+c, 1/2) <= min(b, c)); mid-p; chi2 = (|b-c|-1)^2/(b+c); upper bound of (b-c)/n",
            defaults: "without margin no verdict; with it Tango's score interval at 90 %, at least Clopper-Pearson of b/n where c = 0",
            direction: Direction::Describes,
            blind_spots: "items of one drive are no independent items; the Wald bound is 0 where nothing changed and is kept for comparison only",
            peers: "statsmodels 0.15.0 `mcnemar`",
            source: "McNemar 1947; Fagerland, Lydersen and Laake 2013; Tango 1998, eq. 15",
        },
        example: r#"{"both_pass": 59, "old_pass_new_fail": 6, "old_fail_new_pass": 16, "both_fail": 80, "margin": 0.05}"#,
        run: |case| call(case, paired_flags),
    },
    Measure {
        name: "compare.msprt",
        about: About {
            title: "Evidence at any time of a mean difference",
            formula: "Lambda_n = sqrt(s/(s+nt)) exp(n^2 t (mean-theta0)^2 / (2 s (s+nt))), s = sigma2, t = tau2; p_n = min(p_(n-1), 1/Lambda_n); reject at Lambda >= 1/alpha",
            defaults: "theta0 0, alpha 0.05; tau2 about the square of the effect looked for",
            direction: Direction::Describes,
            blind_spots: "sigma2 must be known or well estimated; differences of one drive are not independent",
            peers: "closed form checked against numeric integration with scipy",
            source: "Robbins 1970; Johari, Pekelis and Walsh 2017, eq. 4",
        },
        example: r#"{"d": [0.4, -0.1, 0.9, 0.3], "sigma2": 1.0, "tau2": 0.25, "theta0": 0.0}"#,
        run: |case| call(case, mixture),
    },
    Measure {
        name: "compare.multiple_testing",
        about: About {
            title: "p-values that may be read together",
            formula: "Bonferroni m p; Holm step down; Benjamini-Hochberg step up m p/k; Benjamini-Yekutieli the same times sum 1/k; two-stage step up times the estimated share of true hypotheses",
            defaults: "alpha 0.05",
            direction: Direction::Describes,
            blind_spots: "Benjamini-Hochberg holds under independence and positive dependence; safety claims want Holm",
            peers: "statsmodels 0.15.0 `multipletests`",
            source: "Holm 1979; Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001; Benjamini, Krieger and Yekutieli 2006",
        },
        example: r#"{"p": [0.01, 0.02, 0.03, 0.04, 0.05], "alpha": 0.05}"#,
        run: |case| call(case, many),
    },
    Measure {
        name: "compare.paired_bootstrap",
        about: About {
            title: "Mean difference of scores on the same items, by item or by cluster",
            formula: "mean(new - old); percentile and BCa intervals over drawn clusters; verdict from the 90 % interval against the margin",
            defaults: "margin 0, higher_is_better true; bootstrap 1000 resamples, seed 1; BCa from 20 clusters on, percentile below, inconclusive below 6",
            direction: Direction::Higher,
            blind_spots: "clusters must be named: items of one log resemble each other, and intervals over items are then far too narrow",
            peers: "numpy 2.4.6 with the same draws; scipy `bootstrap` knows no clusters",
            source: "Efron and Tibshirani 1993, 13.3 and 14.3; Efron 1987",
        },
        example: r#"{"old": [0.9, 0.8, 0.7, 0.8, 0.6, 0.9, 0.5, 0.7], "new": [0.9, 0.9, 0.8, 0.8, 0.7, 0.9, 0.6, 0.9], "margin": 0.02}"#,
        run: |case| call(case, paired),
    },
    Measure {
        name: "compare.rate_ratio",
        about: About {
            title: "Ratio of two rates of events",
            formula: "given n = x_new + x_old, x_new is binomial with pi = t_new/(t_new + t_old): exact test and Clopper-Pearson interval; score test; E-test at the pooled rate",
            defaults: "margin 1: a ratio up to it counts as not worse",
            direction: Direction::Lower,
            blind_spots: "events that come in groups look surer than they are; see `compare::rates::overdispersion`",
            peers: "statsmodels 0.15.0 `test_poisson_2indep`, scipy 1.17.1 `binomtest`",
            source: "Przyborowski and Wilenski 1940; Krishnamoorthy and Thomson 2004",
        },
        example: r#"{"x_new": 3, "exposure_new": 100000.0, "x_old": 10, "exposure_old": 1000000.0, "margin": 1.2}"#,
        run: |case| call(case, rates),
    },
];
