//! Laws of control charts: how soon they alarm without a cause.

use super::{Case, Count, Kind, Noise, PLAIN, decided, is_there};
use fieldassay_measure::agreement::charts::{Chart, bernoulli_threshold, run_length};
use serde_json::{Value, json};
use std::sync::LazyLock;

const ALARMS: Count = Count::Decision(Kind::FalseAlarm, is_there);
const ANY: Count = Count::Decision(Kind::FalseAlarm, |series| {
    let all = series.as_array()?;
    Some(all.iter().any(|s| !s["first_signal"].is_null()))
});
const ANY_FOUND: Count = Count::Decision(Kind::FalseAlarm, |series| {
    let is_found = |s: &Value| s["adjusted"].as_f64().is_some_and(|p| p <= 0.05);
    Some(series.as_array()?.iter().any(is_found))
});

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "agreement.ewma",
        law: "independent normal values of known mean and spread; rate: values over the run length",
        unit: "values",
        sizes: &[20, 100],
        trials: 1000,
        seed: 231,
        is_resampled: false,
        statistics: &[decided(
            "any alarm",
            "/signals",
            |n| within(n, 371.0),
            ALARMS,
        )],
        draw: |noise, n| json!({"x": noise.around(0.0, n)}),
        ..PLAIN
    },
    Case {
        measure: "agreement.cusum",
        law: "independent normal values of known mean and spread, k 0.5, h 5; rate: values over the run length",
        unit: "values",
        sizes: &[20, 100],
        trials: 1000,
        seed: 232,
        is_resampled: false,
        statistics: &[decided(
            "any alarm",
            "/signals",
            |n| {
                within(
                    n,
                    run_length(Chart::Cusum { k: 0.5, h: 5.0 }, 0.0).unwrap_or(f64::NAN),
                )
            },
            ALARMS,
        )],
        draw: |noise, n| json!({"kind": "tabular", "z": noise.around(0.0, n), "k": 0.5, "h": 5.0}),
        ..PLAIN
    },
    Case {
        measure: "agreement.cusum",
        law: "independent items, 2 in 100 wrong, watched for 6 in 100 with the threshold for 1000 items between false alarms",
        unit: "items",
        sizes: &[100, 500],
        trials: 1000,
        seed: 233,
        is_resampled: false,
        statistics: &[decided(
            "any alarm",
            "/first_signal",
            |n| within(n, 1000.0),
            ALARMS,
        )],
        draw: |noise, n| {
            let x: Vec<u8> = (0..n).map(|_| u8::from(noise.chance(0.02))).collect();
            json!({"kind": "bernoulli", "x": x, "p0": 0.02, "p1": 0.06, "h": *OF_ITEMS})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.cusum",
        law: "samples of 50 items, 5 in 100 wrong, watched for 10 in 100 with h = ln 200; rate: no more than samples over e^h (Lorden 1971)",
        unit: "samples",
        sizes: &[20, 60],
        trials: 1000,
        seed: 234,
        is_resampled: false,
        statistics: &[decided(
            "any alarm",
            "/first_signal",
            |n| n as f64 / 200.0,
            ALARMS,
        )],
        draw: |noise, n| {
            let defects: Vec<usize> = (0..n).map(|_| noise.count(50, 0.05)).collect();
            json!({
                "kind": "binomial", "defects": defects, "n": vec![50; n], "p0": 0.05, "p1": 0.1,
                "h": 200.0_f64.ln(),
            })
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.charts",
        law: "five series of samples of 200 items, 10 in 100 wrong; n samples give mean and spread, 100 more are watched, with one false alarm in 1000 samples",
        unit: "first samples",
        sizes: &[20, 200],
        trials: 300,
        seed: 235,
        is_resampled: false,
        statistics: &[
            decided("any alarm", "/series", |_| within(100, 1000.0), ANY),
            decided("any changed at 5 %", "/series", |_| 0.05, ANY_FOUND),
        ],
        draw: |noise, n| {
            let series = |name: usize, noise: &mut Noise| {
                let defects: Vec<usize> = (0..n + 100).map(|_| noise.count(200, 0.1)).collect();
                json!({"name": name.to_string(), "defects": defects, "n": vec![200; n + 100]})
            };
            let all: Vec<Value> = (0..5).map(|i| series(i, noise)).collect();
            json!({"series": all, "first": n})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.share_chart",
        law: "samples of 200 items, 10 in 100 wrong; n samples give mean and spread, 30 more are watched",
        unit: "first samples",
        sizes: &[20, 200],
        trials: 1000,
        seed: 236,
        is_resampled: false,
        // The exact limit is passed by at most 0.00135 of samples.
        statistics: &[decided(
            "any alarm beyond the exact limit",
            "",
            |_| 30.0 * 0.00135,
            LATER,
        )],
        draw: |noise, n| {
            let defects: Vec<usize> = (0..n + 30).map(|_| noise.count(200, 0.1)).collect();
            json!({"defects": defects, "n": vec![200; n + 30], "first": n})
        },
        ..PLAIN
    },
];

/// Whether one of the last 30 samples, which do not give the mean, is beyond the exact limit.
const LATER: Count = Count::Decision(Kind::FalseAlarm, |found| {
    let samples = found.get("z")?.as_array()?.len() as u64;
    let is_late = |i: &Value| i.as_u64().is_some_and(|i| i + 30 >= samples);
    Some(found.get("exact_signals")?.as_array()?.iter().any(is_late))
});

/// Threshold for 1000 items between false alarms, of which 2 in 100 are wrong and 6 are looked for.
static OF_ITEMS: LazyLock<f64> =
    LazyLock::new(|| bernoulli_threshold([0.02, 0.06], 1000.0).map_or(f64::NAN, |found| found.0));

/// Chance of an alarm within `n` values where one comes in `length` on average, at any value alike.
fn within(n: usize, length: f64) -> f64 {
    1.0 - (1.0 - 1.0 / length).powf(n as f64)
}
