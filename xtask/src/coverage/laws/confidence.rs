//! Laws of confidences, and of risks that are promised.

use super::{Case, Count, Kind, Noise, PLAIN, decided, known, quiet};
use serde_json::{Value, json};

/// Settings and their risks: two of five are too risky for 0.1, the first of them by just a hair.
const RISKS: [f64; 5] = [0.02, 0.05, 0.08, 0.1001, 0.13];
/// Risk among the answered that is asked for.
const RISK: f64 = 0.1;

const ROUTED: &str = "scores from 0 to 1, evenly; an answer is wrong with chance (1 - score) / 2; asked is a risk of 0.1 among the answered with confidence 0.9";
const SETTINGS: &str = "five settings of true risk 0.02, 0.05, 0.08, 0.1001 and 0.13 on the same items; each fails where the one before does; asked is a risk of 0.1";

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "confidence.calibration",
        law: "confidences from 1/2 to 1, evenly; right as often as 0.1 + 0.8 of the confidence: too sure by up to 0.1",
        unit: "items",
        sizes: &[200, 3000],
        trials: 200,
        seed: 191,
        statistics: &[known("accuracy", "/accuracy", |_| 0.1 + 0.8 * 0.75)],
        draw: |noise, n| confident(noise, n),
        ..PLAIN
    },
    Case {
        measure: "confidence.calibration",
        law: "confidences from 1/2 to 1, evenly; right as often as 0.1 + 0.8 of the confidence: too sure by up to 0.1; errors of calibration",
        unit: "items",
        sizes: &[200, 3000],
        trials: 200,
        seed: 192,
        weakness: Some((
            "bins of few items look wrong by chance, so the error is estimated too high, the more so the smaller it is",
            0.7,
        )),
        statistics: &[
            // The gap is never below 0, so bins do not hide any of it: 0.2 of the mean confidence, less 0.1.
            known("expected calibration error", "/ece", |_| 0.2 * 0.75 - 0.1),
            known("the same over bins of equal mass", "/adaptive_ece", |_| {
                0.2 * 0.75 - 0.1
            }),
        ],
        draw: |noise, n| confident(noise, n),
        ..PLAIN
    },
    Case {
        measure: "confidence.route",
        law: ROUTED,
        unit: "items",
        sizes: &[200, 1000],
        trials: 1000,
        seed: 193,
        is_resampled: false,
        statistics: &[decided("sgr", "/threshold", |_| 0.9, AMONG)],
        draw: |noise, n| routed(noise, n, "sgr"),
        ..PLAIN
    },
    Case {
        measure: "confidence.route",
        law: "scores from 0 to 1, evenly; an answer is wrong with chance (1 - score) / 2; asked is a risk of 0.1 among the answered with confidence 0.9, of fixed thresholds",
        unit: "items",
        sizes: &[200, 1000],
        trials: 600,
        seed: 194,
        is_resampled: false,
        statistics: &[decided("ltt", "/threshold", |_| 0.9, AMONG)],
        draw: |noise, n| routed(noise, n, "ltt"),
        ..PLAIN
    },
    Case {
        measure: "confidence.route",
        law: "scores from 0 to 1, evenly; an answer is wrong with chance (1 - score) / 2; of all items at most 0.1 are to be answered and wrong on average; an alarm is that the next one is",
        unit: "items",
        sizes: &[50, 500],
        trials: 2000,
        seed: 195,
        is_resampled: false,
        statistics: &[decided(
            "crc, next item answered and wrong",
            "/threshold",
            |_| RISK,
            NEXT_ROUTED,
        )],
        draw: |noise, n| {
            let mut case = routed(noise, n, "crc");
            // The next item's chance rides on the thresholds, below what matters to them.
            let next = noise.between(0.0, 1.0);
            let at = |i: u32| (f64::from(i) + 0.1 * next) / 100.0;
            case["thresholds"] = (0..100).map(at).collect();
            case
        },
        ..PLAIN
    },
    Case {
        measure: "confidence.learn_then_test",
        law: SETTINGS,
        unit: "items",
        sizes: &[100, 1000],
        trials: 1000,
        seed: 196,
        is_resampled: false,
        statistics: &[
            decided("Bonferroni", "/bonferroni_valid_idx", |_| 0.9, NONE_RISKY),
            decided("Holm", "/holm_valid_idx", |_| 0.9, NONE_RISKY),
            decided(
                "fixed sequence",
                "/fixed_sequence_valid_idx",
                |_| 0.9,
                NONE_RISKY,
            ),
        ],
        draw: |noise, n| {
            let losses = losses(noise, n);
            json!({"mean_loss": losses, "n": n, "alpha": RISK, "delta": 0.1})
        },
        ..PLAIN
    },
    Case {
        measure: "confidence.conformal_risk",
        law: "five settings of true risk 0.02, 0.05, 0.08, 0.1001 and 0.13 on the same items; each fails where the one before does; an alarm is that the next item fails, of which at most 0.1 may",
        unit: "items",
        sizes: &[50, 500],
        trials: 2000,
        seed: 197,
        is_resampled: false,
        statistics: &[decided("next item fails", "/lambda", |_| RISK, NEXT_FAILS)],
        draw: |noise, n| {
            let losses = losses(noise, n);
            let next = noise.between(0.0, 1.0);
            // Setting and the next item's chance in one number.
            let lambdas: Vec<f64> = (0..5).map(|i| f64::from(i) + next).collect();
            json!({"mean_loss": losses, "lambdas": lambdas, "n": n, "alpha": RISK})
        },
        ..PLAIN
    },
    Case {
        measure: "confidence.conformal_p",
        law: "a known item among known ones, all scores normal",
        unit: "calibration items",
        sizes: &[20, 200],
        trials: 1000,
        seed: 198,
        is_resampled: false,
        statistics: &[quiet("alarm", "/0")],
        draw: |noise, n| json!({"score": [noise.normal()], "calibration": noise.around(0.0, n)}),
        ..PLAIN
    },
];

/// Whether the risk among items above the threshold, (1 - threshold) / 4, is as promised; none where nothing is answered.
const AMONG: Count = Count::Decision(Kind::RiskHeld, |threshold| {
    threshold.as_f64().map(|t| 0.25 * (1.0 - t) <= RISK)
});
/// Whether the next item is answered and wrong, which it is with chance (1 - threshold)^2 / 4.
const NEXT_ROUTED: Count = Count::Decision(Kind::FalseAlarm, |threshold| {
    let Some(threshold) = threshold.as_f64() else {
        return Some(false);
    };
    let next = 10.0 * (100.0 * threshold).fract();
    Some(next < 0.25 * (1.0 - threshold).powi(2))
});
const NONE_RISKY: Count = Count::Decision(Kind::RiskHeld, |valid| {
    let is_safe = |i: &Value| i.as_u64().is_some_and(|i| i < 3);
    Some(valid.as_array()?.iter().all(is_safe))
});
const NEXT_FAILS: Count = Count::Decision(Kind::FalseAlarm, |lambda| {
    let Some(lambda) = lambda.as_f64() else {
        return Some(false);
    };
    let place = (0..5_i32).position(|i| (0.0..1.0).contains(&(lambda - f64::from(i))))?;
    Some(lambda.fract() < RISKS[place])
});

fn confident(noise: &mut Noise, n: usize) -> Value {
    let confidence: Vec<f64> = (0..n).map(|_| noise.between(0.5, 1.0)).collect();
    let correct: Vec<bool> = confidence
        .iter()
        .map(|c| noise.chance(0.1 + 0.8 * c))
        .collect();
    json!({"confidence": confidence, "correct": correct})
}

fn routed(noise: &mut Noise, n: usize, method: &str) -> Value {
    let score: Vec<f64> = (0..n).map(|_| noise.between(0.0, 1.0)).collect();
    let error: Vec<bool> = score
        .iter()
        .map(|s| noise.chance(0.5 * (1.0 - s)))
        .collect();
    json!({"score": score, "error": error, "risk": RISK, "confidence": 0.9, "method": method})
}

/// Mean losses of the settings.
fn losses(noise: &mut Noise, n: usize) -> [f64; 5] {
    let items: Vec<f64> = (0..n).map(|_| noise.between(0.0, 1.0)).collect();
    RISKS.map(|risk| items.iter().filter(|x| **x < risk).count() as f64 / n as f64)
}
