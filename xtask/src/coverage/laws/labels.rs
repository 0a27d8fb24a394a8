//! Laws of label errors: habit or chance.

use super::worked::{above, chi_square_power};
use super::{Case, Count, Kind, Noise, PLAIN, decided, heard, known, quiet};
use serde_json::{Value, json};

const CALLED: Count = Count::Decision(Kind::FalseAlarm, is_called);
const CALLED_RIGHTLY: Count = Count::Decision(Kind::Power, |features| {
    features.pointer("/0/is_systematic")?.as_bool()
});

const EVEN: &str = "items of four groups, 15 in 100 wrong whatever the group";

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "label_errors.association",
        law: EVEN,
        unit: "items of a group",
        sizes: &[50, 400],
        trials: 1000,
        seed: 171,
        is_resampled: false,
        statistics: &[quiet("chi-squared", "/p"), quiet("G", "/G_p")],
        draw: |noise, n| table(noise, n, [0.15; 4]),
        ..PLAIN
    },
    Case {
        measure: "label_errors.association",
        law: "items of two groups, 15 in 100 wrong in both",
        unit: "items of a group",
        sizes: &[40, 200],
        trials: 1000,
        seed: 172,
        is_resampled: false,
        statistics: &[
            quiet("Fisher", "/fisher_p"),
            quiet("Fisher, mid-p", "/fisher_mid_p"),
            quiet("Yates", "/p_yates"),
        ],
        draw: |noise, n| {
            let mut row = || {
                let wrong = noise.count(n, 0.15);
                [wrong, n - wrong]
            };
            json!({"table": [row(), row()]})
        },
        ..PLAIN
    },
    Case {
        measure: "label_errors.association",
        law: "items of four groups, 10, 10, 20 and 20 in 100 wrong",
        unit: "items of a group",
        sizes: &[80, 160],
        seed: 173,
        is_resampled: false,
        // (0.05)^2 / (0.15 0.85) for each item of the 4 n.
        statistics: &[heard("chi-squared", "/p", |n| {
            chi_square_power(0.05, 3.0, 4.0 * n as f64 * 0.0025 / (0.15 * 0.85))
        })],
        draw: |noise, n| table(noise, n, [0.1, 0.1, 0.2, 0.2]),
        ..PLAIN
    },
    Case {
        measure: "label_errors.permutation",
        law: EVEN,
        unit: "items",
        sizes: &[60, 300],
        trials: 600,
        seed: 174,
        is_resampled: false,
        statistics: &[quiet("alarm", "/p")],
        draw: |noise, n| grouped(noise, n, [0.15; 4]),
        ..PLAIN
    },
    Case {
        measure: "label_errors.permutation",
        law: "items of four groups, 40 in 100 wrong in the first and 10 in 100 in the others; rate: that the first alone is found at a fourth of the level",
        unit: "items",
        sizes: &[100, 200],
        seed: 175,
        is_resampled: false,
        statistics: &[heard("found", "/p", |n| {
            let (n, mean) = (n as f64, 0.175_f64);
            let null = (mean * (1.0 - mean) * (4.0 / n + 4.0 / (3.0 * n))).sqrt();
            let spread = (0.24 * 4.0 / n + 0.09 * 4.0 / (3.0 * n)).sqrt();
            above((2.2414 * null - 0.3) / spread)
        })],
        draw: |noise, n| grouped(noise, n, [0.4, 0.1, 0.1, 0.1]),
        ..PLAIN
    },
    Case {
        measure: "label_errors.runs",
        law: "items in order, 3 in 10 wrong whatever came before",
        unit: "items",
        sizes: &[50, 400],
        trials: 1000,
        seed: 176,
        is_resampled: false,
        statistics: &[quiet("alarm", "/p")],
        draw: |noise, n| {
            let errors: Vec<u8> = (0..n).map(|_| u8::from(noise.chance(0.3))).collect();
            json!({"errors": errors})
        },
        ..PLAIN
    },
    Case {
        measure: "label_errors.runs",
        law: "items in order, half of them wrong, each like the one before 65 times in 100",
        unit: "items",
        sizes: &[100, 200],
        seed: 177,
        is_resampled: false,
        // Runs are 1 and 0.35 of n - 1, against n / 2 with standard deviation sqrt(n) / 2.
        statistics: &[heard("found", "/p", |n| {
            let n = n as f64;
            above((0.98 * n.sqrt() - 0.15 * n) / (n * 0.35 * 0.65).sqrt())
        })],
        draw: |noise, n| {
            let mut last = noise.chance(0.5);
            let mut next = || {
                last ^= noise.chance(0.35);
                u8::from(last)
            };
            let errors: Vec<u8> = (0..n).map(|_| next()).collect();
            json!({"errors": errors})
        },
        ..PLAIN
    },
    Case {
        measure: "label_errors.habits",
        law: "three labels that are confused alike both ways, and ten annotators who are wrong 15 times in 100",
        unit: "items of an annotator",
        sizes: &[50, 300],
        trials: 1000,
        seed: 178,
        is_resampled: false,
        statistics: &[
            quiet("direction", "/symmetry/p"),
            quiet("overdispersion", "/overdispersion/p"),
        ],
        draw: |noise, n| {
            let mut confusion = [[n; 3]; 3];
            for (i, j) in [(0, 1), (0, 2), (1, 2)] {
                let all = noise.count(n, 0.3);
                confusion[i][j] = noise.count(all, 0.5);
                confusion[j][i] = all - confusion[i][j];
            }
            let errors: Vec<usize> = (0..10).map(|_| noise.count(n, 0.15)).collect();
            json!({"confusion": confusion, "errors": errors, "items": vec![n; 10]})
        },
        ..PLAIN
    },
    Case {
        measure: "label_errors.systematic",
        law: "items with five features of four values, 15 in 100 wrong whatever they are",
        unit: "items",
        sizes: &[200, 1000],
        trials: 400,
        seed: 179,
        is_resampled: false,
        statistics: &[
            known("error rate", "/rate", |_| 0.15),
            decided("any called a habit", "/features", |_| 0.05, CALLED),
        ],
        draw: |noise, n| features(noise, n, [0.15; 4]),
        ..PLAIN
    },
    Case {
        measure: "label_errors.systematic",
        law: "items with five features of four values; 5, 5, 5 and 30 in 100 are wrong by the first, the others do not matter; rate: that both halves find it, the first at a fifth of the level",
        unit: "items",
        sizes: &[200, 400],
        trials: 300,
        seed: 180,
        is_resampled: false,
        weakness: Some((
            "the power worked out is that of chi-squared with equal halves; halves here differ",
            0.85,
        )),
        statistics: &[
            known(
                "error rate of the worst value",
                "/features/0/worst/rate",
                |_| 0.3,
            ),
            decided(
                "found",
                "/features",
                |n| {
                    let strength = (3.0 * 0.0625_f64.powi(2) + 0.1875_f64.powi(2)) / 4.0;
                    let noncentrality = n as f64 / 2.0 * strength / (0.1125 * 0.8875);
                    chi_square_power(0.01, 3.0, noncentrality)
                        * chi_square_power(0.05, 3.0, noncentrality)
                },
                CALLED_RIGHTLY,
            ),
        ],
        draw: |noise, n| features(noise, n, [0.05, 0.05, 0.05, 0.3]),
        ..PLAIN
    },
];

fn is_called(features: &Value) -> Option<bool> {
    Some(
        features
            .as_array()?
            .iter()
            .any(|f| f["is_systematic"] == true),
    )
}

fn table(noise: &mut Noise, n: usize, rates: [f64; 4]) -> Value {
    let rows = rates.map(|rate| {
        let wrong = noise.count(n, rate);
        [wrong, n - wrong]
    });
    json!({"table": rows})
}

fn grouped(noise: &mut Noise, n: usize, rates: [f64; 4]) -> Value {
    let groups: Vec<usize> = (0..n).map(|i| i % 4).collect();
    let errors: Vec<u8> = groups
        .iter()
        .map(|g| u8::from(noise.chance(rates[*g])))
        .collect();
    json!({"errors": errors, "groups": groups, "count": 199, "seed": noise.below(1 << 20)})
}

/// Rows of five features; errors depend on the first.
fn features(noise: &mut Noise, n: usize, rates: [f64; 4]) -> Value {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let row: [usize; 5] = std::array::from_fn(|_| noise.below(4));
        errors.push(u8::from(noise.chance(rates[row[0]])));
        rows.push(row);
    }
    let names = ["who", "hour", "sensor", "distance", "tool"];
    let options = json!({"permutations": 199, "seed": noise.below(1 << 20)});
    json!({"columns": names, "rows": rows, "errors": errors, "options": options})
}
