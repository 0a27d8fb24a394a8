//! Laws of reviews by sample, and of what a field holds.

use super::{Case, Count, Kind, Noise, PLAIN, decided, known};
use serde_json::{Value, json};

/// Items and errors of three strata.
const STRATA: [(usize, usize); 3] = [(6000, 180), (1500, 120), (500, 100)];

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "sampling.share_intervals",
        law: "independent items, 5 in 100 wrong",
        unit: "items",
        sizes: &[40, 300],
        trials: 1000,
        seed: 211,
        is_resampled: false,
        weakness: Some((
            "Jeffreys' interval holds its share on average over all true shares, not at each of them",
            0.92,
        )),
        statistics: &[
            known("share, Clopper-Pearson", "/share", |_| 0.05),
            decided("Wilson holds it", "/wilson", |_| 0.95, HOLDS),
            decided("Jeffreys holds it", "/jeffreys", |_| 0.95, HOLDS),
            decided("Agresti-Coull holds it", "/agresti_coull", |_| 0.95, HOLDS),
            decided(
                "one-sided bound is above it",
                "/clopper_pearson_one_sided_upper",
                |_| 0.95,
                ABOVE,
            ),
        ],
        draw: |noise, n| json!({"count": noise.count(n, 0.05), "nobs": n}),
        ..PLAIN
    },
    Case {
        measure: "sampling.stratified",
        law: "strata of 6000, 1500 and 500 items with 3, 8 and 20 in 100 wrong; n of each are drawn without repetition",
        unit: "items of a stratum",
        sizes: &[60, 300],
        trials: 1000,
        seed: 212,
        is_resampled: false,
        statistics: &[
            known("share", "/share", |_| 0.05),
            decided("upper bound is above it", "/upper95", |_| 0.95, ABOVE),
        ],
        draw: |noise, n| {
            let strata = STRATA.map(|(size, wrong)| {
                json!({"size": size, "reviewed": n, "errors": urn(noise, (size, wrong), n)})
            });
            json!({"strata": strata})
        },
        ..PLAIN
    },
    Case {
        measure: "sampling.sprt",
        law: "items of which 1 in 100 is wrong, as accepted by the test",
        unit: "items",
        sizes: &[2000],
        trials: 1000,
        seed: 213,
        is_resampled: false,
        statistics: &[
            decided("refused", "/decision", |_| 0.05, REFUSED),
            decided("accepted", "/decision", |_| 0.95, ACCEPTED_RIGHTLY),
        ],
        draw: |noise, n| one_by_one(noise, n, 0.01),
        ..PLAIN
    },
    Case {
        measure: "sampling.sprt",
        law: "items of which 5 in 100 are wrong, as refused by the test",
        unit: "items",
        sizes: &[2000],
        trials: 1000,
        seed: 214,
        is_resampled: false,
        statistics: &[
            decided("accepted", "/decision", |_| 0.1, ACCEPTED),
            decided("refused", "/decision", |_| 0.9, REFUSED_RIGHTLY),
        ],
        draw: |noise, n| one_by_one(noise, n, 0.05),
        ..PLAIN
    },
    Case {
        measure: "coverage.weighted",
        law: "units of the field with 1 to 6 instances each in ten cells; an instance lies in the unit's own cell half the time, else in any; the data set covers seven of the ten",
        unit: "units",
        sizes: &[20, 100],
        seed: 215,
        statistics: &[known("coverage", "/coverage", |_| 0.7)],
        draw: |noise, n| {
            let mut field = Vec::new();
            for unit in 0..n {
                let own = noise.below(10);
                for _ in 0..=noise.below(6) {
                    let cell = if noise.chance(0.5) {
                        own
                    } else {
                        noise.below(10)
                    };
                    field.push([unit, cell]);
                }
            }
            json!({"field": field, "train": [9, 5, 7, 6, 8, 20, 5, 4, 0, 1]})
        },
        ..PLAIN
    },
    Case {
        measure: "text.inconsistent",
        law: "questions of twelve random words, each asked twice, of which 2 in 10 are answered differently",
        unit: "questions",
        sizes: &[20, 100],
        trials: 300,
        seed: 216,
        is_resampled: false,
        statistics: &[known("share answered differently", "/rate", |_| 0.2)],
        draw: questions,
        ..PLAIN
    },
];

const HOLDS: Count = Count::Decision(Kind::RiskHeld, |ends| {
    Some(ends.get(0)?.as_f64()? <= 0.05 && 0.05 <= ends.get(1)?.as_f64()?)
});
const ABOVE: Count = Count::Decision(Kind::RiskHeld, |bound| Some(bound.as_f64()? >= 0.05));
const REFUSED: Count = Count::Decision(Kind::FalseAlarm, |d| is(d, "h1"));
const REFUSED_RIGHTLY: Count = Count::Decision(Kind::Power, |d| is(d, "h1"));
const ACCEPTED: Count = Count::Decision(Kind::FalseAlarm, |d| is(d, "h0"));
const ACCEPTED_RIGHTLY: Count = Count::Decision(Kind::Power, |d| is(d, "h0"));

fn is(decision: &Value, wanted: &str) -> Option<bool> {
    Some(decision.as_str()?.ends_with(wanted))
}

/// Wrong items among `n` drawn without repetition.
fn urn(noise: &mut Noise, (mut size, mut wrong): (usize, usize), n: usize) -> usize {
    let all = wrong;
    for _ in 0..n {
        if noise.below(size) < wrong {
            wrong -= 1;
        }
        size -= 1;
    }
    all - wrong
}

fn one_by_one(noise: &mut Noise, n: usize, share: f64) -> Value {
    let x: Vec<u8> = (0..n).map(|_| u8::from(noise.chance(share))).collect();
    json!({"x": x, "p0": 0.01, "p1": 0.05, "alpha": 0.05, "beta": 0.1})
}

fn questions(noise: &mut Noise, n: usize) -> Value {
    let (mut inputs, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let words: Vec<String> = (0..12).map(|_| format!("w{}", noise.below(5000))).collect();
        let text = words.join(" ");
        inputs.push(format!("{text}?"));
        inputs.push(text);
        let other = if noise.chance(0.2) { "no" } else { "yes" };
        answers.extend(["yes", other]);
    }
    json!({"inputs": inputs, "answers": answers})
}
