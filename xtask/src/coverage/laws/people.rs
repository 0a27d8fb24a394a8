//! Laws of annotators and of what they prefer.

use super::worked::chi_square_power;
use super::{Case, Noise, PLAIN, heard, known, quiet, sampled};
use serde_json::{Value, json};

/// Names of annotators.
const NAMES: [&str; 5] = ["ann", "bob", "cyd", "dan", "eve"];
/// How often each is right, where they differ.
const SKILLS: [f64; 5] = [0.9, 0.85, 0.8, 0.75, 0.7];
/// Log strengths of the five that are compared.
const STRENGTHS: [f64; 5] = [-1.0, -0.5, 0.0, 0.5, 1.0];
/// Krippendorff's alpha of the three annotators of [`triple`]: 0.66 of pairs agree, 0.3954 by chance.
const ALPHA: f64 = (0.66 - 0.3954) / (1.0 - 0.3954);

const QUALITY: &str = "items of two labels, 6 in 10 of the first; five annotators are right 90, 85, 80, 75 and 70 times in 100, independently";
const TRIPLE: &str = "items of three labels, 60, 30 and 10 in 100; three annotators are right 8 times in 10, else name either other label alike";

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "aggregation.majority",
        law: "items of two labels, 6 in 10 of the first; five annotators are right 8 times in 10, independently; the truth is how often one votes with the majority of the five",
        unit: "items",
        sizes: &[30, 300],
        seed: 101,
        is_resampled: false,
        // Right and at least 2 of the other 4 too, or wrong with at least 2 of them.
        statistics: &[known(
            "agreement with majority",
            "/agreement_with_majority/ann",
            |_| 0.8 * 0.9728 + 0.2 * 0.1808,
        )],
        draw: |noise, n| json!({"annotations": votes(noise, n, [0.8; 5])}),
        ..PLAIN
    },
    Case {
        measure: "aggregation.dawid_skene",
        law: QUALITY,
        unit: "items",
        sizes: &[50, 400],
        trials: 300,
        seed: 102,
        is_resampled: false,
        weakness: Some((
            "the labels are inferred from the same votes, and the interval takes them as known",
            0.8,
        )),
        statistics: &[
            known("accuracy of the best", "/annotators/ann/accuracy", |_| 0.9),
            known("accuracy of the third", "/annotators/cyd/accuracy", |_| 0.8),
            known("accuracy of the last", "/annotators/eve/accuracy", |_| 0.7),
        ],
        draw: |noise, n| json!({"annotations": votes(noise, n, SKILLS)}),
        ..PLAIN
    },
    Case {
        measure: "aggregation.one_coin",
        law: QUALITY,
        unit: "items",
        sizes: &[50, 400],
        trials: 300,
        seed: 103,
        is_resampled: false,
        weakness: Some((
            "the labels are inferred from the same votes, and the interval takes them as known",
            0.8,
        )),
        statistics: &[
            known("accuracy of the best", "/annotators/ann/accuracy", |_| 0.9),
            known("accuracy of the third", "/annotators/cyd/accuracy", |_| 0.8),
            known("accuracy of the last", "/annotators/eve/accuracy", |_| 0.7),
        ],
        draw: |noise, n| json!({"annotations": votes(noise, n, SKILLS)}),
        ..PLAIN
    },
    Case {
        measure: "agreement.votes",
        law: TRIPLE,
        unit: "items",
        sizes: &[40, 200],
        seed: 104,
        is_resampled: false,
        statistics: &[
            known("alpha", "/overall/alpha", |_| ALPHA),
            known("Fleiss' kappa", "/overall/fleiss", |_| ALPHA),
            known("AC1", "/overall/ac1", |_| (0.66 - 0.3023) / 0.6977),
            known("Brennan-Prediger", "/overall/brennan_prediger", |_| 0.49),
            known("kappa of a pair", "/pairs/0/kappa", |_| ALPHA),
            // The first label against the others: 0.736 of pairs agree, 0.52^2 + 0.48^2 by chance.
            known("alpha of a label", "/per_category/0/alpha", |_| {
                (0.736 - 0.5008) / 0.4992
            }),
        ],
        draw: |noise, n| {
            let rows = triple(noise, n);
            let named = |(item, row): (usize, [usize; 3])| {
                (0..3).map(move |who| json!([item, NAMES[who], row[who]]))
            };
            let all: Vec<Value> = rows.into_iter().enumerate().flat_map(named).collect();
            json!({"annotations": all})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.coefficients",
        law: TRIPLE,
        unit: "items",
        sizes: &[40, 200],
        seed: 105,
        is_resampled: false,
        statistics: &[
            known("Gwet", "/gwet/value", |_| (0.66 - 0.3023) / 0.6977),
            known("Fleiss", "/fleiss/value", |_| ALPHA),
            known("Krippendorff", "/krippendorff/value", |_| ALPHA),
            known("Conger", "/conger/value", |_| ALPHA),
            known("Brennan-Prediger", "/brennan_prediger/value", |_| 0.49),
        ],
        draw: |noise, n| json!({"items": triple(noise, n)}),
        ..PLAIN
    },
    Case {
        measure: "agreement.cohen",
        law: TRIPLE,
        unit: "items",
        sizes: &[40, 200],
        seed: 106,
        is_resampled: false,
        statistics: &[known("kappa", "/kappa", |_| ALPHA)],
        draw: |noise, n| {
            let rows = triple(noise, n);
            let of = |who: usize| rows.iter().map(|row| row[who]).collect::<Vec<_>>();
            json!({"a": of(0), "b": of(1)})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.cohen",
        law: "two annotators name three labels, 60, 30 and 10 in 100, without looking at the item",
        unit: "items",
        sizes: &[40, 200],
        seed: 107,
        is_resampled: false,
        statistics: &[quiet("agreement beyond chance", "/p_value")],
        draw: |noise, n| {
            let mut column = || (0..n).map(|_| label(noise)).collect::<Vec<_>>();
            json!({"a": column(), "b": column()})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.krippendorff",
        law: "units with a normal value of variance 1; four annotators add normal errors of variance 1/4, and leave out 1 value in 10",
        unit: "units",
        sizes: &[20, 100],
        trials: 300,
        seed: 108,
        statistics: &[known("alpha, interval", "/alpha", |_| 0.8)],
        draw: |noise, n| {
            let truth = noise.around(0.0, n);
            let mut row = || -> Vec<Option<f64>> {
                let one = |x: &f64| (!noise.chance(0.1)).then(|| x + 0.5 * noise.normal());
                truth.iter().map(one).collect()
            };
            json!({"raters": [row(), row(), row(), row()], "level": "interval"})
        },
        ..PLAIN
    },
    Case {
        measure: "agreement.objects",
        law: "images with 1 to 4 objects of two classes far apart; three annotators each mark an object 9 times in 10, its class right 85 times in 100, its box shifted by up to a tenth of its width",
        unit: "images",
        sizes: &[10, 40],
        sample: 4000,
        trials: 200,
        seed: 109,
        statistics: &[
            sampled("alpha", "/global"),
            sampled("overlap", "/location/iou"),
        ],
        draw: marks,
        ..PLAIN
    },
    Case {
        measure: "preference.bradley_terry",
        law: "five items of log strengths -1, -1/2, 0, 1/2 and 1, every pair compared n times",
        unit: "comparisons of a pair",
        sizes: &[15, 60],
        seed: 110,
        is_resampled: false,
        statistics: &[
            known("weakest", "/strengths/0", |_| -1.0),
            known("middle", "/strengths/2", |_| 0.0),
            known("strongest", "/strengths/4", |_| 1.0),
        ],
        draw: |noise, n| {
            let mut games = Vec::new();
            for (i, j) in pairs() {
                let share = logistic(STRENGTHS[i] - STRENGTHS[j]);
                games.extend((0..n).map(|_| if noise.chance(share) { [i, j] } else { [j, i] }));
            }
            json!({"comparisons": games})
        },
        ..PLAIN
    },
    Case {
        measure: "preference.side_bias",
        law: "five items of log strengths -1 to 1, every pair compared n times on random sides, the left one with an advantage of 0.4 in log odds",
        unit: "comparisons of a pair",
        sizes: &[15, 60],
        seed: 111,
        is_resampled: false,
        statistics: &[known("log odds of the left", "/left", |_| 0.4)],
        draw: |noise, n| sides(noise, n, 0.4),
        ..PLAIN
    },
    Case {
        measure: "preference.side_bias",
        law: "five items of log strengths -1 to 1, every pair compared n times on random sides, which do not matter",
        unit: "comparisons of a pair",
        sizes: &[15, 60],
        seed: 112,
        is_resampled: false,
        statistics: &[quiet("alarm", "/p")],
        draw: |noise, n| sides(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "preference.intransitivity",
        law: "four items of log strengths -1, -1/2, 0 and 1/2 that one order explains, every pair compared n times",
        unit: "comparisons of a pair",
        sizes: &[20, 60],
        trials: 300,
        seed: 113,
        is_resampled: false,
        statistics: &[
            quiet("alarm by draws", "/fit/p_bootstrap"),
            quiet("alarm by chi-square", "/fit/p_chi_square"),
        ],
        draw: |noise, n| {
            let share = |i: usize, j: usize| logistic(STRENGTHS[i] - STRENGTHS[j]);
            wins(noise, n, (4, share))
        },
        ..PLAIN
    },
    Case {
        measure: "preference.intransitivity",
        law: "three items that beat each other in a circle, 7 times in 10, every pair compared n times",
        unit: "comparisons of a pair",
        sizes: &[10, 20],
        trials: 300,
        seed: 114,
        is_resampled: false,
        statistics: &[
            heard("found by draws", "/fit/p_bootstrap", circle_power),
            heard("found by chi-square", "/fit/p_chi_square", circle_power),
        ],
        draw: |noise, n| {
            wins(
                noise,
                n,
                (3, |i: usize, j: usize| if j == i + 1 { 0.7 } else { 0.3 }),
            )
        },
        ..PLAIN
    },
];

/// The ratio of likelihoods is chi-square with one degree, with twice the distance of 0.7 from 1/2 for every game.
fn circle_power(n: usize) -> f64 {
    let distance = 0.7 * (0.7_f64 / 0.5).ln() + 0.3 * (0.3_f64 / 0.5).ln();
    chi_square_power(0.05, 1.0, 6.0 * n as f64 * distance)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// All pairs of five.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j)))
}

/// Item, annotator and label.
fn votes(noise: &mut Noise, n: usize, skills: [f64; 5]) -> Vec<Value> {
    let mut rows = Vec::new();
    for item in 0..n {
        let truth = usize::from(!noise.chance(0.6));
        for (name, skill) in NAMES.iter().zip(skills) {
            let given = if noise.chance(skill) {
                truth
            } else {
                1 - truth
            };
            rows.push(json!([item, name, given]));
        }
    }
    rows
}

/// One of three labels.
fn label(noise: &mut Noise) -> usize {
    let place = noise.between(0.0, 1.0);
    usize::from(place > 0.6) + usize::from(place > 0.9)
}

/// Labels of three annotators for each item.
fn triple(noise: &mut Noise, n: usize) -> Vec<[usize; 3]> {
    let item = |noise: &mut Noise| {
        let truth = label(noise);
        std::array::from_fn(|_| {
            if noise.chance(0.8) {
                truth
            } else {
                (truth + 1 + noise.below(2)) % 3
            }
        })
    };
    (0..n).map(|_| item(noise)).collect()
}

fn sides(noise: &mut Noise, n: usize, advantage: f64) -> Value {
    let mut rows = Vec::new();
    for (i, j) in pairs() {
        for _ in 0..n {
            let (left, right) = if noise.chance(0.5) { (i, j) } else { (j, i) };
            let share = logistic(STRENGTHS[left] - STRENGTHS[right] + advantage);
            let winner = if noise.chance(share) { "i" } else { "j" };
            rows.push(json!([left, right, winner]));
        }
    }
    json!({"data": rows})
}

fn wins(
    noise: &mut Noise,
    n: usize,
    (items, share): (usize, impl Fn(usize, usize) -> f64),
) -> Value {
    let mut table = vec![vec![0; items]; items];
    for (i, j) in (0..items).flat_map(|i| (i + 1..items).map(move |j| (i, j))) {
        let won = noise.count(n, share(i, j));
        table[i][j] = won;
        table[j][i] = n - won;
    }
    json!({"wins": table, "bootstrap": {"resamples": 99, "seed": noise.below(1 << 20)}})
}

fn marks(noise: &mut Noise, n: usize) -> Value {
    let names = &NAMES[..3];
    let image = |noise: &mut Noise| {
        let mut objects = Vec::new();
        for place in 0..=noise.below(4) {
            let class = noise.below(2);
            let width = noise.between(30.0, 60.0);
            for name in names {
                if noise.chance(0.1) {
                    continue;
                }
                let given = if noise.chance(0.85) { class } else { 1 - class };
                let x = 200.0 * place as f64 + width * noise.between(-0.1, 0.1);
                let bbox = [x, width * noise.between(-0.1, 0.1), width, width];
                objects.push(json!({"annotator": name, "category": given, "bbox": bbox}));
            }
        }
        json!({"annotators": names, "objects": objects})
    };
    let images: Vec<Value> = (0..n).map(|_| image(noise)).collect();
    json!({"images": images})
}
