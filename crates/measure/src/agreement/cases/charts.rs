//! Control charts.

use crate::agreement::AgreementError;
use crate::agreement::charts::{
    Chart, Series, bernoulli_cusum, bernoulli_run_length, bernoulli_threshold, cusum_threshold,
    ewma, ratio_cusum, run_length, share_chart, tabular_cusum, watch,
};
use crate::registry::{About, Direction, Measure, call};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharesCase {
    defects: Vec<u64>,
    n: Vec<u64>,
    first: usize,
}

fn shares(case: &SharesCase) -> Result<Value, AgreementError> {
    let found = share_chart(&case.defects, &case.n, case.first)?;
    let end = |limits: &[[f64; 2]], i: usize| limits.iter().map(|l| l[i]).collect::<Vec<f64>>();
    Ok(json!({
        "mean": found.mean, "z": found.z, "spread": found.spread,
        "low": end(&found.limits, 0), "high": end(&found.limits, 1),
        "laney_low": end(&found.laney, 0), "laney_high": end(&found.laney, 1),
        "exact_high_count": found.exact, "signals": found.signals,
        "laney_signals": found.laney_signals, "exact_signals": found.exact_signals,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EwmaCase {
    x: Vec<f64>,
    #[serde(default = "fifth")]
    lambda: f64,
    #[serde(default = "width")]
    width: f64,
    #[serde(default)]
    target: f64,
    #[serde(default = "one")]
    sigma: f64,
}

fn fifth() -> f64 {
    0.2
}

fn width() -> f64 {
    2.86
}

fn one() -> f64 {
    1.0
}

fn averages(case: &EwmaCase) -> Result<Value, AgreementError> {
    let found = ewma(&case.x, case.lambda, case.width, [case.target, case.sigma])?;
    Ok(json!({
        "ewma": found.ewma, "limits": found.limits, "signals": found.signals,
        "high": case.target + found.steady, "low": case.target - found.steady,
    }))
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum CusumCase {
    Tabular {
        z: Vec<f64>,
        k: f64,
        h: f64,
    },
    Binomial {
        defects: Vec<u64>,
        n: Vec<u64>,
        p0: f64,
        p1: f64,
        h: f64,
    },
    Bernoulli {
        x: Vec<u8>,
        p0: f64,
        p1: f64,
        h: f64,
    },
}

fn cusum(case: &CusumCase) -> Result<Value, AgreementError> {
    Ok(match case {
        CusumCase::Tabular { z, k, h } => {
            let expected = "k at least 0, h above 0";
            let bad = |_| AgreementError::BadOption {
                name: "k or h",
                value: *h,
                expected,
            };
            let found = tabular_cusum(z, *k, *h).map_err(bad)?;
            json!({"sums": found.sums, "signals": found.signals})
        }
        CusumCase::Binomial {
            defects,
            n,
            p0,
            p1,
            h,
        } => {
            let found = ratio_cusum(defects, n, [*p0, *p1], *h)?;
            json!({"weights": found.weights, "sums": found.sums, "first_signal": found.first_signal})
        }
        CusumCase::Bernoulli { x, p0, p1, h } => {
            let found = bernoulli_cusum(x.iter().map(|x| *x > 0), [*p0, *p1], *h)?;
            // Items may be many: the path is the typed function's.
            let last = found.sums.len().saturating_sub(10);
            let max = found.sums.iter().copied().reduce(f64::max);
            json!({
                "gamma": found.gamma, "max": max, "last_sums": found.sums[last..],
                "first_signal": found.first_signal,
            })
        }
    })
}

#[derive(Deserialize)]
#[serde(tag = "chart", rename_all = "snake_case", deny_unknown_fields)]
enum RunLengthCase {
    Cusum {
        k: f64,
        h: f64,
        #[serde(default)]
        shift: f64,
    },
    CusumOneSided {
        k: f64,
        h: f64,
        #[serde(default)]
        shift: f64,
    },
    Ewma {
        lambda: f64,
        width: f64,
        #[serde(default)]
        shift: f64,
    },
    Bernoulli {
        p: f64,
        gamma: f64,
        h: f64,
    },
    /// Threshold for a wanted run length of each of several charts together.
    CusumThreshold {
        k: f64,
        between: f64,
        #[serde(default = "single")]
        charts: u32,
    },
    BernoulliThreshold {
        p0: f64,
        p1: f64,
        between: f64,
        #[serde(default = "single")]
        charts: u32,
    },
}

fn single() -> u32 {
    1
}

fn lengths(case: &RunLengthCase) -> Result<Value, AgreementError> {
    let of = |chart, shift| Ok(json!({"run_length": run_length(chart, shift)?}));
    match *case {
        RunLengthCase::Cusum { k, h, shift } => of(Chart::Cusum { k, h }, shift),
        RunLengthCase::CusumOneSided { k, h, shift } => of(Chart::CusumOneSided { k, h }, shift),
        RunLengthCase::Ewma {
            lambda,
            width,
            shift,
        } => of(Chart::Ewma { lambda, width }, shift),
        RunLengthCase::Bernoulli { p, gamma, h } => {
            Ok(json!({"run_length": bernoulli_run_length(p, gamma, h)?}))
        }
        RunLengthCase::CusumThreshold { k, between, charts } => {
            let h = cusum_threshold(k, between * f64::from(charts))?;
            Ok(json!({"h": h, "run_length": run_length(Chart::Cusum { k, h }, 0.0)?}))
        }
        RunLengthCase::BernoulliThreshold {
            p0,
            p1,
            between,
            charts,
        } => {
            let (h, gamma) = bernoulli_threshold([p0, p1], between * f64::from(charts))?;
            let run_length = bernoulli_run_length(p0, gamma, h)?;
            Ok(json!({"h": h, "gamma": gamma, "run_length": run_length}))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchCase {
    series: Vec<SeriesCase>,
    first: usize,
    #[serde(default = "half")]
    k: f64,
    #[serde(default = "thousand")]
    between: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesCase {
    name: String,
    defects: Vec<u64>,
    n: Vec<u64>,
}

fn half() -> f64 {
    0.5
}

fn thousand() -> f64 {
    1000.0
}

fn watched(case: &WatchCase) -> Result<Value, AgreementError> {
    let series: Vec<Series> = case
        .series
        .iter()
        .map(|s| Series {
            counts: &s.defects,
            sizes: &s.n,
        })
        .collect();
    let (h, found) = watch(&series, case.first, case.k, case.between)?;
    let rows: Vec<Value> = case
        .series
        .iter()
        .zip(found)
        .map(|(series, found)| match found {
            Ok(w) => json!({
                "name": series.name, "mean": w.mean, "spread": w.spread, "largest": w.largest,
                "first_signal": w.first_signal, "p_value": w.p_value, "adjusted": w.adjusted,
            }),
            Err(error) => json!({"name": series.name, "not_evaluated": error.to_string()}),
        })
        .collect();
    Ok(json!({"h": h, "series": rows}))
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "agreement.share_chart",
        about: About {
            title: "Control chart of error shares: p chart, Laney's p', exact limits",
            formula: "mean +- 3 sqrt(mean (1 - mean) / n); Laney widens by the mean range of neighboring z over 1.128; exact: smallest count c with P(X > c) <= 0.00135",
            defaults: "`first` samples give mean and spread",
            direction: Direction::Describes,
            blind_spots: "three sigma alarms too often where n p is below 5; a slow rise is seen late: see agreement.ewma and agreement.cusum",
            peers: "own formulas, as Montgomery",
            source: "Montgomery, Statistical Quality Control, 7.2; Laney 2002",
        },
        example: r#"{"defects": [3, 4, 2, 12], "n": [50, 60, 40, 50], "first": 3}"#,
        run: |case| call(case, shares),
    },
    Measure {
        name: "agreement.ewma",
        about: About {
            title: "Exponentially weighted moving average with its limits",
            formula: "E = lambda x + (1 - lambda) E from target; limits width sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^2i))",
            defaults: "lambda 0.2, width 2.86 (one false alarm in 371 values), target 0, sigma 1",
            direction: Direction::Describes,
            blind_spots: "values must be independent; a drop after a rise is seen late",
            peers: "NIST/SEMATECH handbook, 6.3.2.4",
            source: "Roberts 1959; Montgomery 9.2",
        },
        example: r#"{"x": [0.1, -0.3, 1.2, 1.5, 1.4, 2.0]}"#,
        run: |case| call(case, averages),
    },
    Measure {
        name: "agreement.cusum",
        about: About {
            title: "Cumulative sums: of standardized values, of counts, of single items",
            formula: "tabular: C+ = max(0, C+ + z - k), C- = max(0, C- - z - k), alarm above h; binomial: log likelihood ratio of p1 to p0, alarm from h; bernoulli: B = max(0, B) + x - gamma, alarm from h",
            defaults: "kind tabular, binomial or bernoulli; no default thresholds: choose them with agreement.run_length",
            direction: Direction::Describes,
            blind_spots: "made for one size of change; says when an alarm comes, not when the change came",
            peers: "own formulas, as Montgomery and Reynolds and Stoumbos",
            source: "Page 1954; Reynolds and Stoumbos 1999",
        },
        example: r#"{"kind": "bernoulli", "x": [0, 0, 1, 0, 1, 1], "p0": 0.02, "p1": 0.06, "h": 2}"#,
        run: |case| call(case, cusum),
    },
    Measure {
        name: "agreement.run_length",
        about: About {
            title: "How long a chart runs to an alarm, and the threshold for a wanted time between false alarms",
            formula: "the integral equation of the run length with 80 points of Gauss and Legendre; two-sided CUSUM 1/L = 1/L+ + 1/L-; Bernoulli on its lattice, exact for gamma one over a whole number; `charts` charts together get one false alarm in `between` values of each",
            defaults: "shift 0: the time between false alarms; chart cusum, cusum_one_sided, ewma, bernoulli, cusum_threshold or bernoulli_threshold",
            direction: Direction::Describes,
            blind_spots: "values are taken as independent and normal, and the mean as known: one estimated from few samples makes false alarms more frequent",
            peers: "textbook values 465 (CUSUM 0.5, 5) and 371 (EWMA 0.2, 2.86) by Markov chain",
            source: "Goel and Wu 1971; Crowder 1987; Reynolds and Stoumbos 1999",
        },
        example: r#"{"chart": "cusum", "k": 0.5, "h": 5}"#,
        run: |case| call(case, lengths),
    },
    Measure {
        name: "agreement.charts",
        about: About {
            title: "Many error series at once, with false alarms held over all of them",
            formula: "CUSUM of z over the spread of the first phase; one threshold for all, so that together they give one false alarm in `between` samples of each; p = 1 - (1 - 1/L)^m for the largest sum in m samples, adjusted over series after Benjamini and Hochberg",
            defaults: "k 0.5, between 1000",
            direction: Direction::Describes,
            blind_spots: "samples must be large enough to be nearly normal (n p above 5), and the first phase long: mean and spread are estimated from it, and with only 20 first samples four in ten charts of still data alarm somewhere, one in eight with 100 (see the counts below)",
            peers: "none known",
            source: "Page 1954; Benjamini and Hochberg 1995",
        },
        example: r#"{"series": [{"name": "ann", "defects": [5, 6, 4, 5, 7, 14, 15, 16], "n": [50, 50, 50, 50, 50, 50, 50, 50]}], "first": 4}"#,
        run: |case| call(case, watched),
    },
];
