//! Laws of comparisons: before and after, new and old.

use super::worked::{above, binomial, conditional, poisson};
use super::{Case, Count, Kind, Noise, PLAIN, decided, heard, is_there, known, quiet};
use fieldassay_measure::stats::SplitMix;
use serde_json::{Value, json};

/// Evidence that asks to stop.
const STOPS: Count = Count::Decision(Kind::FalseAlarm, is_there);
const STOPS_RIGHTLY: Count = Count::Decision(Kind::Power, is_there);
/// Whether something new is let through, where it is worse by just the margin, and where it is as good.
const PASSES: Count = Count::Decision(Kind::FalseAlarm, is_passed);
const PASSES_RIGHTLY: Count = Count::Decision(Kind::Power, is_passed);

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "compare.mcnemar",
        law: "items of which 1 in 10 gets worse and 1 in 10 better",
        unit: "items",
        sizes: &[60, 200],
        trials: 1000,
        seed: 121,
        is_resampled: false,
        statistics: &[quiet("exact", "/exact_p"), quiet("mid-p", "/mid_p")],
        draw: |noise, n| flips(noise, n, [0.1, 0.1], None),
        ..PLAIN
    },
    Case {
        measure: "compare.mcnemar",
        law: "items of which 20 in 100 get worse and 5 in 100 better",
        unit: "items",
        sizes: &[60, 120],
        seed: 122,
        is_resampled: false,
        statistics: &[
            heard("exact", "/exact_p", |n| {
                conditional(&binomial(n, 0.25), 0.8, two_sided)
            }),
            heard("mid-p", "/mid_p", |n| {
                conditional(&binomial(n, 0.25), 0.8, mid)
            }),
        ],
        draw: |noise, n| flips(noise, n, [0.2, 0.05], None),
        ..PLAIN
    },
    Case {
        measure: "compare.mcnemar",
        law: "items of which 8 in 100 get worse and 3 in 100 better, a margin of 5 in 100: worse by just the margin",
        unit: "items",
        sizes: &[100, 400],
        trials: 1000,
        seed: 123,
        is_resampled: false,
        statistics: &[decided(
            "passed at the margin",
            "/non_inferiority/verdict",
            |_| 0.05,
            PASSES,
        )],
        draw: |noise, n| flips(noise, n, [0.08, 0.03], Some(0.05)),
        ..PLAIN
    },
    Case {
        measure: "compare.mcnemar",
        law: "items of which 5 in 100 get worse and 5 in 100 better; the margin is the increase said to be detectable 8 times in 10",
        unit: "items",
        sizes: &[200, 800],
        seed: 124,
        is_resampled: false,
        statistics: &[decided(
            "passed",
            "/non_inferiority/verdict",
            |_| 0.8,
            PASSES_RIGHTLY,
        )],
        draw: |noise, n| {
            flips(
                noise,
                n,
                [0.05, 0.05],
                Some(2.486_475 * (0.1 / n as f64).sqrt()),
            )
        },
        ..PLAIN
    },
    Case {
        measure: "compare.mann_whitney",
        law: "waiting times (exponential); those of the experiment are later by 0.3",
        unit: "values of either side",
        sizes: &[15, 60],
        seed: 125,
        is_resampled: false,
        statistics: &[known("Hodges-Lehmann shift", "/hodges_lehmann", |_| 0.3)],
        draw: |noise, n| {
            let control = waits(noise, n, 1.0);
            let experiment: Vec<f64> = waits(noise, n, 1.0).iter().map(|x| x + 0.3).collect();
            json!({"control": control, "experiment": experiment})
        },
        ..PLAIN
    },
    Case {
        measure: "compare.mann_whitney",
        law: "waiting times (exponential), alike on both sides",
        unit: "values of either side",
        sizes: &[15, 60],
        trials: 1000,
        seed: 126,
        is_resampled: false,
        statistics: &[quiet("alarm", "/p_asymptotic_cc")],
        draw: |noise, n| json!({"control": waits(noise, n, 1.0), "experiment": waits(noise, n, 1.0)}),
        ..PLAIN
    },
    Case {
        measure: "compare.mann_whitney",
        law: "waiting times (exponential), twice as long on one side: larger in 2 of 3 pairs; rate after Noether 1987",
        unit: "values of either side",
        sizes: &[30, 60],
        seed: 127,
        is_resampled: false,
        statistics: &[heard("found", "/p_asymptotic_cc", |n| {
            above(1.959_964 - (6.0 * n as f64).sqrt() / 6.0)
        })],
        draw: |noise, n| json!({"control": waits(noise, n, 1.0), "experiment": waits(noise, n, 2.0)}),
        ..PLAIN
    },
    Case {
        measure: "compare.multiple_testing",
        law: "tests that all have nothing to find",
        unit: "tests",
        sizes: &[5, 50],
        trials: 2000,
        seed: 128,
        is_resampled: false,
        statistics: &[
            decided("Bonferroni, any false", "/bonferroni/reject", |_| 0.05, ANY),
            decided("Holm, any false", "/holm/reject", |_| 0.05, ANY),
            decided(
                "Benjamini-Hochberg, any false",
                "/fdr_bh/reject",
                |_| 0.05,
                ANY,
            ),
            decided(
                "Benjamini-Yekutieli, any false",
                "/fdr_by/reject",
                |_| 0.05,
                ANY,
            ),
            decided("two-stage, any false", "/fdr_tsbh/reject", |_| 0.05, ANY),
        ],
        draw: |noise, n| {
            let p: Vec<f64> = (0..n).map(|_| noise.between(0.0, 1.0)).collect();
            json!({"p": p})
        },
        ..PLAIN
    },
    Case {
        measure: "compare.multiple_testing",
        law: "tests of which the second half has nothing to find and the first a mean 3 standard errors above",
        unit: "tests",
        sizes: &[20, 60],
        trials: 2000,
        seed: 129,
        is_resampled: false,
        statistics: &[
            decided("Holm, any false", "/holm/reject", |_| 0.05, ANY_LATER),
            decided(
                "Benjamini-Hochberg, share of false findings",
                "/fdr_bh",
                |_| 0.025,
                PICKED,
            ),
            decided(
                "Benjamini-Yekutieli, share of false findings",
                "/fdr_by",
                |_| 0.025,
                PICKED,
            ),
            decided(
                "two-stage, share of false findings",
                "/fdr_tsbh",
                |_| 0.05,
                PICKED,
            ),
            // At least what Bonferroni finds of one.
            decided("Holm, the first found", "/holm/reject/0", holm_power, FIRST),
        ],
        draw: |noise, n| {
            let p = |i: usize, noise: &mut Noise| {
                let z = noise.normal() + if i < n / 2 { 3.0 } else { 0.0 };
                2.0 * above(z.abs())
            };
            let all: Vec<f64> = (0..n).map(|i| p(i, noise)).collect();
            json!({"p": all})
        },
        ..PLAIN
    },
    Case {
        measure: "compare.rate_ratio",
        law: "events come alike on both sides, n expected on the new one over one exposure and twice as many on the old one over two",
        unit: "events expected",
        sizes: &[5, 30],
        trials: 1000,
        seed: 130,
        is_resampled: false,
        statistics: &[
            quiet("exact, two-sided", "/exact_cond_p_two"),
            quiet("exact, one-sided", "/exact_cond_p_greater"),
            quiet("score", "/sm_score"),
            quiet("E-test", "/sm_etest"),
            decided(
                "interval holds the ratio",
                "/exact_ratio_ci95",
                |_| 0.95,
                HOLDS_ONE,
            ),
        ],
        draw: |noise, n| {
            let (new, old) = (noise.poisson(n as f64), noise.poisson(2.0 * n as f64));
            json!({"x_new": new, "exposure_new": 1.0, "x_old": old, "exposure_old": 2.0})
        },
        ..PLAIN
    },
    Case {
        measure: "compare.rate_ratio",
        law: "events come twice as often on the new side, n expected on the old one, over the same exposure",
        unit: "events expected",
        sizes: &[10, 25],
        seed: 131,
        is_resampled: false,
        statistics: &[heard("found, one-sided", "/exact_cond_p_greater", |n| {
            conditional(&poisson(3.0 * n as f64, 6 * n + 40), 2.0 / 3.0, at_least)
        })],
        draw: |noise, n| {
            let (new, old) = (noise.poisson(2.0 * n as f64), noise.poisson(n as f64));
            json!({"x_new": new, "exposure_new": 1.0, "x_old": old, "exposure_old": 1.0})
        },
        ..PLAIN
    },
    Case {
        measure: "compare.paired_bootstrap",
        law: "items whose scores rise by 0.05 on average, by skewed amounts (exponential)",
        unit: "items",
        sizes: &[20, 100],
        seed: 132,
        statistics: &[
            known("mean difference", "/mean_diff", |_| 0.05),
            decided(
                "percentile interval holds it",
                "/pct_ci95",
                |_| 0.95,
                HOLDS_RISE,
            ),
        ],
        draw: |noise, n| paired(noise, n, (1, 0.05)),
        ..PLAIN
    },
    Case {
        measure: "compare.paired_bootstrap",
        law: "drives of 8 items whose scores rise by 0.05 on average, by skewed amounts that differ from drive to drive as much as within one",
        unit: "drives",
        sizes: &[20, 100],
        seed: 133,
        statistics: &[
            known("mean difference", "/mean_diff", |_| 0.05),
            decided(
                "percentile interval holds it",
                "/pct_ci95",
                |_| 0.95,
                HOLDS_RISE,
            ),
        ],
        draw: |noise, n| paired(noise, n, (8, 0.05)),
        ..PLAIN
    },
    Case {
        measure: "compare.paired_bootstrap",
        law: "drives of 8 items whose scores fall by 0.1 on average, by amounts that differ from drive to drive, and a margin of 0.1: worse by just the margin",
        unit: "drives",
        sizes: &[20, 100],
        trials: 1000,
        seed: 134,
        statistics: &[decided(
            "passed at the margin",
            "/verdict",
            |_| 0.05,
            PASSES,
        )],
        draw: |noise, n| {
            let mut case = paired(noise, n, (8, -0.1));
            case["margin"] = json!(0.1);
            case
        },
        ..PLAIN
    },
    Case {
        measure: "compare.judge",
        law: "a metric whose points hang together (autoregressive, 1/2), higher by 0.5 in the experiment",
        unit: "points of either side",
        sizes: &[60, 300],
        seed: 135,
        is_resampled: false,
        statistics: &[known("shift", "/metrics/0/shift", |_| 0.5)],
        draw: |noise, n| canary(noise, n, (1, 0.5)),
        ..PLAIN
    },
    Case {
        measure: "compare.judge",
        law: "five metrics whose points hang together (autoregressive, 1/2), alike on both sides, no change too small to matter",
        unit: "points of either side",
        sizes: &[60, 300],
        seed: 136,
        is_resampled: false,
        statistics: &[decided(
            "any metric called worse",
            "/metrics",
            |_| 0.05,
            ANY_WORSE,
        )],
        draw: |noise, n| canary(noise, n, (5, 0.0)),
        ..PLAIN
    },
    Case {
        measure: "compare.msprt",
        law: "normal values without an effect, looked at after each",
        unit: "values",
        sizes: &[100, 2000],
        trials: 1000,
        seed: 137,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", |_| 0.05, STOPS)],
        draw: |noise, n| json!({"d": noise.around(0.0, n), "sigma2": 1.0, "tau2": 0.09}),
        ..PLAIN
    },
    Case {
        measure: "compare.msprt",
        law: "normal values with a mean of 0.3 standard deviations, looked at after each; rate: that it stops at the last",
        unit: "values",
        sizes: &[100, 200],
        seed: 138,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", mixture_power, STOPS_RIGHTLY)],
        draw: |noise, n| json!({"d": noise.around(0.3, n), "sigma2": 1.0, "tau2": 0.09}),
        ..PLAIN
    },
    Case {
        measure: "compare.betting",
        law: "successes 3 times in 10 against a bound of 0.3, looked at after each",
        unit: "values",
        sizes: &[100, 2000],
        trials: 1000,
        seed: 139,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", |_| 0.05, STOPS)],
        draw: |noise, n| json!({"x": coins(noise, n, 0.3), "m": 0.3}),
        ..PLAIN
    },
    Case {
        measure: "compare.betting",
        law: "successes 5 times in 10 against a bound of 0.3, looked at after each; rate: wealth of the best bet, less the price of half ln n to learn it, is above 20 at the last",
        unit: "values",
        sizes: &[100, 200],
        seed: 140,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", betting_power, STOPS_RIGHTLY)],
        draw: |noise, n| json!({"x": coins(noise, n, 0.5), "m": 0.3}),
        ..PLAIN
    },
    Case {
        measure: "compare.event_evidence",
        law: "events of either arm alike, looked at after each",
        unit: "events",
        sizes: &[100, 2000],
        trials: 1000,
        seed: 141,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", |_| 0.05, STOPS)],
        draw: |noise, n| json!({"event_is_new": coins(noise, n, 0.5), "pi0": 0.5}),
        ..PLAIN
    },
    Case {
        measure: "compare.event_evidence",
        law: "events of the new arm twice as frequent, looked at after each; rate: that it stops at the last",
        unit: "events",
        sizes: &[60, 120],
        seed: 142,
        is_resampled: false,
        statistics: &[decided("stops", "/stops_at", event_power, STOPS_RIGHTLY)],
        draw: |noise, n| json!({"event_is_new": coins(noise, n, 2.0 / 3.0), "pi0": 0.5}),
        ..PLAIN
    },
];

const ANY: Count = Count::Decision(Kind::FalseAlarm, |list| Some(any(list, 0)));
const ANY_LATER: Count = Count::Decision(Kind::FalseAlarm, |list| {
    Some(any(list, list.as_array()?.len() / 2))
});
const FIRST: Count = Count::Decision(Kind::Power, Value::as_bool);
const PICKED: Count = Count::Decision(Kind::FalseAlarm, is_picked_false);
const HOLDS_ONE: Count = Count::Decision(Kind::RiskHeld, |ends| holds(ends, 1.0));
const HOLDS_RISE: Count = Count::Decision(Kind::RiskHeld, |ends| holds(ends, 0.05));
const ANY_WORSE: Count = Count::Decision(Kind::FalseAlarm, |metrics| {
    Some(metrics.as_array()?.iter().any(|m| m["class"] == "worse"))
});

fn is_passed(verdict: &Value) -> Option<bool> {
    verdict.as_str().map(|v| v == "not_worse" || v == "better")
}

fn any(list: &Value, from: usize) -> bool {
    let all = list.as_array().into_iter().flatten();
    all.skip(from).any(|x| x == true)
}

/// Whether ends, of which a missing one is without end, hold a value.
fn holds(ends: &Value, truth: f64) -> Option<bool> {
    let low = ends.get(0)?.as_f64().unwrap_or(f64::NEG_INFINITY);
    let high = ends.get(1)?.as_f64().unwrap_or(f64::INFINITY);
    Some(low <= truth && truth <= high)
}

/// Whether a finding drawn from all is false: one of the second half. The mean over data sets is the false discovery rate.
fn is_picked_false(found: &Value) -> Option<bool> {
    let all = found.get("reject")?.as_array()?;
    let places = |(i, x): (usize, &Value)| (x == true).then_some(i);
    let findings: Vec<usize> = all.iter().enumerate().filter_map(places).collect();
    if findings.is_empty() {
        return Some(false);
    }
    let bits = |sum: u64, p: &Value| sum.rotate_left(5) ^ p.as_f64().map_or(0, f64::to_bits);
    let seed = found.get("p_adj")?.as_array()?.iter().fold(0, bits);
    let picked = findings[SplitMix::new(seed).below(findings.len())];
    Some(picked >= all.len() / 2)
}

/// What Bonferroni finds of a mean 3 standard errors above, with n tests.
fn holm_power(n: usize) -> f64 {
    let level = 0.05 / n as f64;
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if 2.0 * above(middle) > level {
            low = middle;
        } else {
            high = middle;
        }
    }
    above(high - 3.0)
}

fn two_sided(even: &[f64], k: usize) -> f64 {
    let least = k.min(even.len() - 1 - k);
    (2.0 * even[..=least].iter().sum::<f64>()).min(1.0)
}

fn mid(even: &[f64], k: usize) -> f64 {
    let least = k.min(even.len() - 1 - k);
    if 2 * least + 1 == even.len() {
        return 1.0;
    }
    two_sided(even, k) - even[least]
}

fn at_least(even: &[f64], k: usize) -> f64 {
    even[k..].iter().sum()
}

/// Chance that the mean of n values is far enough from 0 for evidence of 20.
fn mixture_power(n: usize) -> f64 {
    let (n, tau2) = (n as f64, 0.09);
    let spread = 1.0 + n * tau2;
    let square = 2.0 * spread * (20.0 * spread.sqrt()).ln() / (n * n * tau2);
    above((square.sqrt() - 0.3) * n.sqrt())
}

fn betting_power(n: usize) -> f64 {
    let (up, down) = ((0.5_f64 / 0.3).ln(), (0.5_f64 / 0.7).ln());
    let count = n as f64;
    let needed = 20.0_f64.ln() + 0.5 * count.ln();
    above((needed - count * 0.5 * (up + down)) / (count.sqrt() * 0.5 * (up - down)))
}

/// Chance that the number of events of the new arm gives evidence of 20: 1 / ((n + 1) (n over x)) / 2^-n.
fn event_power(n: usize) -> f64 {
    let even = binomial(n, 0.5);
    let is_enough = |k: usize| 1.0 / ((n + 1) as f64 * even[k]) >= 20.0;
    let seen = binomial(n, 2.0 / 3.0).into_iter().enumerate();
    seen.filter(|(k, _)| is_enough(*k)).map(|(_, p)| p).sum()
}

/// Counts of items, and a margin where there is one.
fn flips(noise: &mut Noise, n: usize, [worse, better]: [f64; 2], margin: Option<f64>) -> Value {
    let (mut b, mut c) = (0, 0);
    for _ in 0..n {
        let place = noise.between(0.0, 1.0);
        b += usize::from(place < worse);
        c += usize::from(place >= worse && place < worse + better);
    }
    json!({
        "both_pass": n - b - c, "old_pass_new_fail": b, "old_fail_new_pass": c, "both_fail": 0,
        "margin": margin,
    })
}

fn waits(noise: &mut Noise, n: usize, mean: f64) -> Vec<f64> {
    (0..n)
        .map(|_| -mean * (1.0 - noise.between(0.0, 1.0)).ln())
        .collect()
}

fn coins(noise: &mut Noise, n: usize, share: f64) -> Vec<u8> {
    (0..n).map(|_| u8::from(noise.chance(share))).collect()
}

/// Scores of drives of `size` items that rise by `rise` on average, by shares of their own and of the drive.
fn paired(noise: &mut Noise, n: usize, (size, rise): (usize, f64)) -> Value {
    let (mut old, mut new, mut cluster) = (Vec::new(), Vec::new(), Vec::new());
    for drive in 0..n {
        let shared = if size > 1 {
            0.1 * (waits(noise, 1, 1.0)[0] - 1.0)
        } else {
            0.0
        };
        for _ in 0..size {
            let score = noise.between(0.3, 0.7);
            old.push(score);
            new.push(score + rise + shared + 0.1 * (waits(noise, 1, 1.0)[0] - 1.0));
            cluster.push(drive);
        }
    }
    json!({"old": old, "new": new, "cluster": cluster})
}

fn canary(noise: &mut Noise, n: usize, (metrics, shift): (usize, f64)) -> Value {
    let mut series = |mean: f64| {
        let mut x = noise.normal() / 0.75_f64.sqrt();
        let mut step = || {
            x = 0.5 * x + noise.normal();
            10.0 + mean + x
        };
        (0..n).map(|_| step()).collect::<Vec<f64>>()
    };
    let mut metric = |number: usize| {
        json!({
            "name": number.to_string(), "control": series(0.0), "experiment": series(shift),
            "least_effect": 0.0,
        })
    };
    let all: Vec<Value> = (0..metrics).map(&mut metric).collect();
    json!({"metrics": all})
}
