//! Laws of drift: two samples, and streams.

use super::worked::{above, chi_square_power, median_power};
use super::{Case, Count, Kind, Noise, PLAIN, Statistic, decided, heard, is_there, quiet};
use serde_json::{Value, json};

const ALARMS: Count = Count::Decision(Kind::FalseAlarm, is_there);
const ALARMS_RIGHTLY: Count = Count::Decision(Kind::Power, is_there);
/// Whether the index is above its bound of one in a hundred.
const BEYOND: Count = Count::Decision(Kind::FalseAlarm, |found| {
    Some(found.get("estimate")?.as_f64()? > found.get("bound99")?.as_f64()?)
});

const STILL: &str = "normal values, alike on both sides";
const STILL_DRIVES: &str = "drives of 10 values each, normal, with as much variance between drives as within one, alike on both sides";
const MOVED: &str = "normal values, moved by 0.6 standard deviations; rate: at least that of a comparison of medians";

/// The three distances by permutation.
const QUIET: &[Statistic] = &[
    quiet("Kolmogorov-Smirnov", "/ks_p"),
    quiet("Wasserstein", "/wasserstein_p"),
    quiet("energy", "/energy_p"),
];

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "drift.ks",
        law: STILL,
        unit: "values of either side",
        sizes: &[30, 200],
        trials: 1000,
        seed: 151,
        is_resampled: false,
        statistics: &[quiet("exact", "/p_exact"), quiet("asymptotic", "/p_asymp")],
        draw: |noise, n| two(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.ks",
        law: "normal values, moved by 0.5 standard deviations; rate: that the gap in the middle is seen (Massey 1950)",
        unit: "values of either side",
        sizes: &[100, 200],
        seed: 152,
        is_resampled: false,
        statistics: &[heard("asymptotic", "/p_asymp", |n| {
            let (share, half) = (above(0.25), n as f64 / 2.0);
            let needed = 1.3581 / half.sqrt();
            above((needed - (1.0 - 2.0 * share)) / (share * (1.0 - share) / half).sqrt())
        })],
        draw: |noise, n| two(noise, n, 0.5),
        ..PLAIN
    },
    Case {
        measure: "drift.two_sample",
        law: STILL,
        unit: "values of either side",
        sizes: &[20, 60],
        trials: 400,
        seed: 153,
        is_resampled: false,
        statistics: QUIET,
        draw: |noise, n| permuted(two(noise, n, 0.0), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.two_sample",
        law: STILL_DRIVES,
        unit: "drives of either side",
        sizes: &[8, 30],
        trials: 400,
        seed: 154,
        is_resampled: false,
        statistics: QUIET,
        draw: |noise, n| permuted(drives(noise, n, 0.0), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.two_sample",
        law: MOVED,
        unit: "values of either side",
        sizes: &[30, 60],
        trials: 300,
        seed: 155,
        is_resampled: false,
        statistics: &[
            heard("Kolmogorov-Smirnov", "/ks_p", |n| {
                median_power(0.6, n as f64)
            }),
            heard("Wasserstein", "/wasserstein_p", |n| {
                median_power(0.6, n as f64)
            }),
            heard("energy", "/energy_p", |n| median_power(0.6, n as f64)),
        ],
        draw: |noise, n| permuted(two(noise, n, 0.6), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.psi",
        law: "counts in 10 bins of equal shares, alike on both sides",
        unit: "values of either side",
        sizes: &[200, 2000],
        trials: 1000,
        seed: 156,
        is_resampled: false,
        statistics: &[
            quiet("alarm", "/p"),
            decided("above the 99 % bound", "", |_| 0.01, BEYOND),
        ],
        draw: |noise, n| bins(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.psi",
        law: "counts in 10 bins of equal shares; now five have 0.12 and five 0.08",
        unit: "values of either side",
        sizes: &[400, 800],
        seed: 157,
        is_resampled: false,
        // Sum of (q - p)^2 over the mean share, which is 0.11 or 0.09, times n / 2.
        statistics: &[heard("found", "/p", |n| {
            let distance = 5.0 * 0.0004 * (1.0 / 0.11 + 1.0 / 0.09);
            chi_square_power(0.05, 9.0, distance * n as f64 / 2.0)
        })],
        draw: |noise, n| bins(noise, n, 0.02),
        ..PLAIN
    },
    Case {
        measure: "drift.psi_values",
        law: STILL,
        unit: "values of either side",
        sizes: &[200, 1000],
        trials: 1000,
        seed: 158,
        is_resampled: false,
        statistics: &[quiet("alarm", "/psi/p")],
        draw: |noise, n| two(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.psi_values",
        law: STILL_DRIVES,
        unit: "drives of either side",
        sizes: &[10, 40],
        trials: 300,
        seed: 159,
        is_resampled: false,
        statistics: &[quiet("alarm", "/psi/p")],
        draw: |noise, n| permuted(drives(noise, n, 0.0), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.mmd",
        law: "rows of two normal numbers, alike on both sides",
        unit: "rows of either side",
        sizes: &[15, 40],
        trials: 400,
        seed: 160,
        is_resampled: false,
        statistics: &[quiet("alarm", "/p")],
        draw: |noise, n| permuted(rows(noise, n, 0.0), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.mmd",
        law: "rows of two normal numbers, each moved by 0.6 standard deviations; rate: at least that of a comparison of medians of one of them",
        unit: "rows of either side",
        sizes: &[20, 40],
        trials: 300,
        seed: 161,
        is_resampled: false,
        statistics: &[heard("found", "/p", |n| median_power(0.6, n as f64))],
        draw: |noise, n| permuted(rows(noise, n, 0.6), noise),
        ..PLAIN
    },
    Case {
        measure: "drift.classifier",
        law: "rows of two normal numbers, alike on both sides",
        unit: "rows of either side",
        sizes: &[30, 100],
        trials: 600,
        seed: 162,
        is_resampled: false,
        statistics: &[quiet("by units", "/unit_p")],
        draw: |noise, n| rows(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.classifier",
        law: "rows of two normal numbers, alike on both sides, by the accuracies of all folds",
        unit: "rows of either side",
        sizes: &[30, 100],
        trials: 600,
        seed: 168,
        is_resampled: false,
        weakness: Some((
            "accuracies of folds that share their training rows are not independent, so about one alarm in twelve comes where one in twenty is promised",
            0.13,
        )),
        statistics: &[quiet("binomial", "/binom_p_greater_vs_majority")],
        draw: |noise, n| rows(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.classifier",
        law: "rows of two normal numbers in drives of 10 rows, with as much variance between drives as within one, alike on both sides",
        unit: "drives of either side",
        sizes: &[15, 40],
        trials: 400,
        seed: 163,
        is_resampled: false,
        statistics: &[quiet("by units", "/unit_p")],
        draw: |noise, n| {
            let mut side = || -> Vec<[f64; 2]> {
                let drive = |noise: &mut Noise| {
                    let (x, y) = (noise.normal(), noise.normal());
                    [(); 10].map(|()| [x + noise.normal(), y + noise.normal()])
                };
                (0..n).flat_map(|_| drive(noise)).collect()
            };
            let cluster: Vec<usize> = (0..20 * n).map(|i| i / 10).collect();
            json!({"X": side(), "Y": side(), "cluster": cluster})
        },
        ..PLAIN
    },
    Case {
        measure: "drift.classifier",
        law: "rows of two normal numbers, each moved by 0.6 standard deviations; rate: that of the best line, right 66 times in 100",
        unit: "rows of either side",
        sizes: &[30, 60],
        seed: 164,
        is_resampled: false,
        statistics: &[heard("binomial", "/binom_p_greater_vs_majority", |n| {
            let right = 1.0 - above(0.3 * std::f64::consts::SQRT_2);
            let all = 2.0 * n as f64;
            let needed = 0.5 + (1.644_854 * 0.5 * all.sqrt() + 0.5) / all;
            above((needed - right) / (right * (1.0 - right) / all).sqrt())
        })],
        draw: |noise, n| rows(noise, n, 0.6),
        ..PLAIN
    },
    Case {
        measure: "drift.classifier",
        law: "rows of two normal numbers, each moved by 0.6 standard deviations; rate: that of Welch's test on the held-out rows along a line with nine tenths of the best separation",
        unit: "rows of either side",
        sizes: &[60, 120],
        trials: 400,
        seed: 169,
        is_resampled: false,
        statistics: &[heard("by units", "/unit_p", |n| {
            let held_out = 0.4 * n as f64;
            above(1.67 - 0.9 * 0.6 * std::f64::consts::SQRT_2 * (held_out / 2.0).sqrt())
        })],
        draw: |noise, n| rows(noise, n, 0.6),
        ..PLAIN
    },
    Case {
        measure: "drift.adwin",
        law: "a still stream of values from 0 to 1, evenly; rate of ADWIN: delta at each of the n / 32 looks, of Page-Hinkley: that a free walk spans the threshold",
        unit: "values",
        sizes: &[1000, 4000],
        trials: 300,
        seed: 165,
        is_resampled: false,
        statistics: &[
            decided(
                "ADWIN",
                "/adwin_detections",
                |n| 0.002 * n as f64 / 32.0,
                ALARMS,
            ),
            decided(
                "Page-Hinkley",
                "/page_hinkley_default_indices",
                |n| 8.0 * above(50.0 / (n as f64 / 12.0).sqrt()),
                ALARMS,
            ),
        ],
        draw: |noise, n| stream(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "drift.adwin",
        law: "a stream of values from 0 to 0.7, evenly, and halfway on from 0.3 to 1; rate of ADWIN: 1 - delta, for the rise is twice the cut",
        unit: "values",
        sizes: &[1000],
        trials: 300,
        seed: 166,
        is_resampled: false,
        statistics: &[
            decided("ADWIN", "/adwin_detections", |_| 0.998, ALARMS_RIGHTLY),
            // The sum rises by 150 ln 2, which is ten standard deviations above 50.
            decided(
                "Page-Hinkley",
                "/page_hinkley_default_indices",
                |_| 0.999,
                ALARMS_RIGHTLY,
            ),
        ],
        draw: |noise, n| stream(noise, n, 0.3),
        ..PLAIN
    },
];

fn two(noise: &mut Noise, n: usize, shift: f64) -> Value {
    json!({"x": noise.around(0.0, n), "y": noise.around(shift, n)})
}

fn drives(noise: &mut Noise, n: usize, shift: f64) -> Value {
    let mut side = |shift: f64| -> Vec<f64> {
        let drive = |noise: &mut Noise| {
            let mean = shift + noise.normal();
            noise.around(mean, 10)
        };
        (0..n).flat_map(|_| drive(noise)).collect()
    };
    let cluster = |from: usize| (from..from + 10 * n).map(|i| i / 10).collect::<Vec<_>>();
    json!({
        "x": side(0.0), "y": side(shift), "x_cluster": cluster(0), "y_cluster": cluster(10 * n),
    })
}

fn rows(noise: &mut Noise, n: usize, shift: f64) -> Value {
    let mut side = |shift: f64| -> Vec<[f64; 2]> {
        (0..n)
            .map(|_| [shift + noise.normal(), shift + noise.normal()])
            .collect()
    };
    json!({"X": side(0.0), "Y": side(shift)})
}

/// With a test by 199 permutations.
fn permuted(mut case: Value, noise: &mut Noise) -> Value {
    case["permutations"] = json!({"resamples": 199, "seed": noise.below(1 << 20)});
    case
}

/// Counts in ten bins; the first five of the second side are more frequent by `more`, the others less.
fn bins(noise: &mut Noise, n: usize, more: f64) -> Value {
    let mut side = |more: f64| {
        let mut counts = [0; 10];
        for _ in 0..n {
            let half = usize::from(!noise.chance(0.5 + 5.0 * more));
            counts[5 * half + noise.below(5)] += 1;
        }
        counts
    };
    json!({"ref": side(0.0), "cur": side(more)})
}

fn stream(noise: &mut Noise, n: usize, rise: f64) -> Value {
    let value = |i: usize, noise: &mut Noise| {
        let x = noise.between(0.0, 1.0);
        if rise > 0.0 {
            (1.0 - rise) * x + if i < n / 2 { 0.0 } else { rise }
        } else {
            x
        }
    };
    let x: Vec<f64> = (0..n).map(|i| value(i, noise)).collect();
    json!({"x": x})
}
