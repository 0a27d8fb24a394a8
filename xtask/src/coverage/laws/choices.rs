//! Laws of choosing, of shares of classes behind a classifier, and of languages.

use super::{Case, Noise, PLAIN, known};
use serde_json::{Value, json};

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "drift.label_shift_counts",
        law: "a classifier that is right on 90 in 100 of one class and 80 in 100 of the other, known from as many rows of each; 3 in 10 of the target are of the first",
        unit: "rows of the target and of each class",
        sizes: &[100, 1000],
        seed: 301,
        is_resampled: false,
        statistics: &[known("share of the first", "/shares/0", |_| 0.3)],
        draw: shifted,
        ..PLAIN
    },
    Case {
        measure: "selection.against_random",
        law: "scores that have nothing to do with what is wanted, 3 in 10 items; a fifth of the items is taken",
        unit: "items",
        sizes: &[50, 500],
        seed: 302,
        is_resampled: false,
        statistics: &[known("found over expected", "/ratio", |_| 1.0)],
        draw: |noise, n| {
            let score: Vec<f64> = (0..n).map(|_| noise.between(0.0, 1.0)).collect();
            let wanted: Vec<bool> = (0..n).map(|_| noise.chance(0.3)).collect();
            json!({"score": score, "wanted": wanted, "budget": n / 5})
        },
        ..PLAIN
    },
    Case {
        measure: "text.language",
        law: "sentences of plain English, and in 3 of 10 cases a single short word",
        unit: "texts",
        sizes: &[20, 100],
        trials: 200,
        seed: 303,
        is_resampled: false,
        statistics: &[known("undetermined", "/undetermined", |_| 0.3)],
        draw: |noise, n| {
            const LONG: &str = "The pedestrian waits at the crossing and then walks on to the other side of the street.";
            let text = |noise: &mut Noise| if noise.chance(0.3) { "stop" } else { LONG };
            let texts: Vec<&str> = (0..n).map(|_| text(noise)).collect();
            json!({"texts": texts, "expected": ["en", "de"]})
        },
        ..PLAIN
    },
];

fn shifted(noise: &mut Noise, n: usize) -> Value {
    let first = noise.count(n, 0.9);
    let second = noise.count(n, 0.2);
    let seen = noise.count(n, 0.3 * 0.9 + 0.7 * 0.2);
    json!({
        "C_pred_given_true": [[first, second], [n - first, n - second]],
        "target_pred": [seen, n - seen],
    })
}
