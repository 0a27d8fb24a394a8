//! Laws of shares and of mean scores.

use super::{Case, Noise, PLAIN, known};
use serde_json::{Value, json};

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "driving.scenario_mean",
        law: "independent scenarios: 15 in 100 fail and score nothing, the others score evenly from 0.5 to 1",
        unit: "scenarios",
        seed: 1,
        statistics: &[known("mean score", "", |_| 0.85 * 0.75)],
        draw: scenarios,
        ..PLAIN
    },
    Case {
        measure: "driving.spl",
        law: "independent episodes: 7 in 10 reach the goal, on a path longer than the shortest by up to its own length, evenly",
        unit: "episodes",
        seed: 2,
        statistics: &[known("SPL", "", |_| 0.7 * std::f64::consts::LN_2)],
        draw: episodes,
        ..PLAIN
    },
    Case {
        measure: "stats.proportion",
        law: "independent trials, 9 in 10 succeed",
        unit: "trials",
        trials: 1000,
        seed: 3,
        is_resampled: false,
        statistics: &[known("share", "", |_| 0.9)],
        draw: |noise, n| {
            let successes = (0..n).filter(|_| noise.chance(0.9)).count();
            json!({"successes": successes, "trials": n})
        },
        ..PLAIN
    },
    Case {
        measure: "stats.proportion",
        law: "against what it takes for granted: frames of recordings, 20 frames each; in 8 of 10 recordings every frame succeeds, in the others half of them",
        unit: "frames",
        sizes: &[200, 2000],
        seed: 4,
        is_resampled: false,
        weakness: Some((
            "Wilson's interval takes every frame as a trial of its own, and frames of a recording are not; count recordings, or resample them",
            0.4,
        )),
        statistics: &[known("share", "", |_| 0.9)],
        draw: |noise, n| {
            let of_recording = |noise: &mut Noise| {
                let share = if noise.chance(0.8) { 1.0 } else { 0.5 };
                (0..20).filter(|_| noise.chance(share)).count()
            };
            let successes: usize = (0..n / 20).map(|_| of_recording(noise)).sum();
            json!({"successes": successes, "trials": n})
        },
        ..PLAIN
    },
];

fn scenarios(noise: &mut Noise, n: usize) -> Value {
    let one = |noise: &mut Noise| (!noise.chance(0.15)).then(|| noise.between(0.5, 1.0));
    let scores: Vec<Option<f64>> = (0..n).map(|_| one(noise)).collect();
    json!({"scores": scores})
}

fn episodes(noise: &mut Noise, n: usize) -> Value {
    let (mut success, mut shortest, mut actual) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let meters = noise.between(5.0, 15.0);
        success.push(if noise.chance(0.7) { 1.0 } else { 0.0 });
        shortest.push(meters);
        actual.push(meters * noise.between(1.0, 2.0));
    }
    json!({"success": success, "shortest": shortest, "actual": actual})
}
