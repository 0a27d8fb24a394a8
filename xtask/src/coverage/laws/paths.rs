//! Laws of paths: straight references, and estimates whose errors are noise of known law.

use super::{Case, Count, Kind, Noise, PLAIN, Statistic, decided, known, sampled};
use serde_json::{Value, json};
use std::f64::consts::PI;

/// Standard deviation of the noise along each axis, meters.
const SIGMA: f64 = 0.1;
/// Distance from pose to pose of KITTI's law, meters.
const KITTI_STEP_METERS: f64 = 2.0;
/// Standard deviation of the yaw of one step, radians.
const YAW_SIGMA: f64 = 0.01;
/// Drift of the logarithm of the scale, per meter.
const DRIFT: f64 = 1e-4;

/// Lengths of three-dimensional normal noise follow Maxwell's law.
const MAXWELL: &[Statistic] = &[
    known("rmse", "/stats/rmse", |_| SIGMA * 3.0_f64.sqrt()),
    known("mean", "/stats/mean", |_| SIGMA * (8.0 / PI).sqrt()),
    known("median", "/stats/median", |_| SIGMA * 2.365_974_f64.sqrt()),
    known("std", "/stats/std", |_| SIGMA * (3.0 - 8.0 / PI).sqrt()),
];

pub(super) const CASES: &[Case] = &[
    Case {
        measure: "trajectory.ape",
        law: "positions off by normal noise that each pose has anew; no alignment",
        unit: "poses",
        sizes: &[100, 1000],
        seed: 16,
        statistics: MAXWELL,
        draw: |noise, n| positions(noise, n, 0.0),
        ..PLAIN
    },
    Case {
        measure: "trajectory.ape",
        law: "positions off by normal noise of which each pose keeps 0.9 of the one before; no alignment",
        unit: "poses",
        sizes: &[200, 2000],
        seed: 17,
        statistics: MAXWELL,
        draw: |noise, n| positions(noise, n, 0.9),
        ..PLAIN
    },
    Case {
        measure: "trajectory.rpe",
        law: "steps of one frame off by normal noise of which each step keeps 0.8 of the one before",
        unit: "poses",
        sizes: &[200, 2000],
        seed: 18,
        statistics: MAXWELL,
        draw: |noise, n| steps(noise, n, (0.8, 1)),
        ..PLAIN
    },
    Case {
        measure: "trajectory.rpe",
        law: "all pairs ten frames apart, which overlap; every frame adds its own normal noise",
        unit: "poses",
        sizes: &[200, 2000],
        seed: 19,
        statistics: MAXWELL,
        draw: |noise, n| steps(noise, n, (0.0, 10)),
        ..PLAIN
    },
    Case {
        measure: "trajectory.kitti",
        law: "frames 2 m apart on a straight line, each adding its own normal noise; lengths of 100 to 800 m",
        unit: "frames",
        sizes: &[2_000, 4_000, 10_000],
        trials: 400,
        seed: 20,
        statistics: &[known("translation", "/translation_ratio", kitti_ratio)],
        draw: kitti,
        ..PLAIN
    },
    Case {
        measure: "trajectory.relative_errors",
        law: "frames 1 m apart on a straight line, each adding its own normal noise and yaw; stretches of 10 m from every frame, which overlap",
        unit: "poses",
        sizes: &[200, 2000],
        sample: 100_000,
        seed: 21,
        statistics: &[
            // Ten normal turns add up; the mean size of a normal number is sqrt(2 / pi) of its deviation.
            known("yaw, mean", "/by_length/0/yaw_radians/mean", |_| {
                YAW_SIGMA * (20.0 / PI).sqrt()
            }),
            sampled("translation, mean", "/by_length/0/translation_ratio/mean"),
            sampled("translation, rmse", "/by_length/0/translation_ratio/rmse"),
        ],
        draw: turning,
        ..PLAIN
    },
    Case {
        measure: "trajectory.scale_drift",
        law: "stretches of 20 m whose scale grows by 1 in 10,000 per meter, each with normal noise of 2 %",
        unit: "stretches",
        sizes: &[5, 50],
        seed: 22,
        is_resampled: false,
        statistics: &[known("slope", "/log_scale_per_meter", |_| DRIFT)],
        draw: scales,
        ..PLAIN
    },
    Case {
        measure: "trajectory.loop_residual",
        law: "right loop closures, each component off by normal noise of the sigma that is given; an alarm is a p_value below 0.05",
        seed: 28,
        statistics: &[decided("alarm", "/loops/0/p_value", |_| 0.05, ALARM)],
        draw: |noise, n| closure(noise, n, 0.0),
        ..CLOSURES
    },
    Case {
        measure: "trajectory.loop_residual",
        law: "loop closures wrong by 3.5 sigma along one axis, each component off by normal noise of the sigma that is given; an alarm is a p_value below 0.05",
        seed: 29,
        // Chi-squared with six degrees of freedom and noncentrality 12.25 beyond 12.5916.
        statistics: &[decided("alarm", "/loops/0/p_value", |_| 0.748_398, FOUND)],
        draw: |noise, n| closure(noise, n, 3.5),
        ..CLOSURES
    },
];

/// One closure a data set, over paths of some poses.
const CLOSURES: Case = Case {
    unit: "poses",
    sizes: &[10, 100],
    trials: 1000,
    is_resampled: false,
    ..PLAIN
};

const ALARM: Count = Count::Decision(Kind::FalseAlarm, is_alarm);
const FOUND: Count = Count::Decision(Kind::Power, is_alarm);

fn is_alarm(p_value: &Value) -> Option<bool> {
    Some(p_value.as_f64()? < 0.05)
}

/// A pose that is not turned.
fn row([x, y, z]: [f64; 3]) -> [f64; 7] {
    [x, y, z, 0.0, 0.0, 0.0, 1.0]
}

fn straight(poses: usize, step_meters: f64) -> Vec<[f64; 7]> {
    (0..poses)
        .map(|i| row([step_meters * i as f64, 0.0, 0.0]))
        .collect()
}

/// `n` vectors of unit normal noise that keep a share of the one before.
fn wandering(noise: &mut Noise, n: usize, share: f64) -> Vec<[f64; 3]> {
    let fresh = (1.0 - share * share).sqrt();
    let mut last = noise.normals();
    (0..n)
        .map(|_| {
            let new = noise.normals();
            last = std::array::from_fn(|k| share * last[k] + fresh * new[k]);
            last
        })
        .collect()
}

fn positions(noise: &mut Noise, n: usize, share: f64) -> Value {
    let off = wandering(noise, n, share);
    let place =
        |(i, e): (usize, &[f64; 3])| row([i as f64 + SIGMA * e[0], SIGMA * e[1], SIGMA * e[2]]);
    let estimate: Vec<[f64; 7]> = off.iter().enumerate().map(place).collect();
    json!({"reference": straight(n, 1.0), "estimate": estimate})
}

/// A path that goes ahead by `step_meters` and adds up noise.
fn adding(off: &[[f64; 3]], step_meters: f64, sigma: f64) -> Vec<[f64; 7]> {
    let mut at = [0.0; 3];
    let mut path = vec![row(at)];
    path.extend(off.iter().map(|e| {
        at = std::array::from_fn(|k| at[k] + sigma * e[k]);
        at[0] += step_meters;
        row(at)
    }));
    path
}

/// Errors of `delta` steps together have the deviation [`SIGMA`] along each axis.
fn steps(noise: &mut Noise, n: usize, (share, delta): (f64, u32)) -> Value {
    let off = wandering(noise, n - 1, share);
    let estimate = adding(&off, 1.0, SIGMA / f64::from(delta).sqrt());
    json!({
        "reference": straight(n, 1.0), "estimate": estimate,
        "delta": delta, "all_pairs": delta > 1,
    })
}

fn kitti(noise: &mut Noise, n: usize) -> Value {
    let off = wandering(noise, n - 1, 0.0);
    json!({
        "reference": straight(n, KITTI_STEP_METERS),
        "estimate": adding(&off, KITTI_STEP_METERS, SIGMA),
    })
}

/// Mean over all segments of `n` frames: of each length the noise of its frames adds up, and it ends at the first frame
/// beyond the length.
fn kitti_ratio(n: usize) -> f64 {
    let (mut sum, mut segments) = (0.0, 0.0);
    for length in (1..=8_u32).map(|i| 100 * i) {
        let frames = length as usize / 2 + 1;
        let starts = (n - frames).div_ceil(10) as f64;
        sum += starts * SIGMA * (8.0 / PI * frames as f64).sqrt() / f64::from(length);
        segments += starts;
    }
    sum / segments
}

fn turning(noise: &mut Noise, n: usize) -> Value {
    let (mut at, mut yaw) = ([0.0; 3], 0.0_f64);
    let mut estimate = Vec::with_capacity(n);
    for _ in 0..n {
        let half = 0.5 * yaw;
        estimate.push([at[0], at[1], at[2], 0.0, 0.0, half.sin(), half.cos()]);
        let e = noise.normals();
        let (ahead, left) = (1.0 + 0.3 * SIGMA * e[0], 0.3 * SIGMA * e[1]);
        at[0] += yaw.cos() * ahead - yaw.sin() * left;
        at[1] += yaw.sin() * ahead + yaw.cos() * left;
        at[2] += 0.3 * SIGMA * e[2];
        yaw += YAW_SIGMA * noise.normal();
    }
    json!({"reference": straight(n, 1.0), "estimate": estimate, "lengths_meters": [10.0]})
}

/// Two poses per stretch of 20 m.
fn scales(noise: &mut Noise, n: usize) -> Value {
    let mut at = 0.0;
    let mut estimate = vec![row([0.0; 3])];
    for stretch in 0..n {
        let middle = 20.0 * stretch as f64 + 10.0;
        let scale = (DRIFT * middle + 0.02 * noise.normal()).exp();
        for _ in 0..2 {
            at += 10.0 * scale;
            estimate.push(row([at, 0.0, 0.0]));
        }
    }
    json!({
        "reference": straight(2 * n + 1, 10.0), "estimate": estimate, "length_meters": 20.0,
    })
}

/// A straight path and a closure from its first pose to its last, with turns small enough that quaternions of half the
/// angles are those of their vectors to first order.
fn closure(noise: &mut Noise, n: usize, sigmas: f64) -> Value {
    let turn = noise.normals().map(|e| 0.5 * YAW_SIGMA * e);
    let shift = noise.normals();
    let ahead = (n - 1) as f64 + SIGMA * (shift[0] + sigmas);
    let [x, y, z] = turn;
    let length = (1.0 + x * x + y * y + z * z).sqrt();
    let [qx, qy, qz, qw] = [x, y, z, 1.0].map(|part| part / length);
    let measured = [ahead, SIGMA * shift[1], SIGMA * shift[2], qx, qy, qz, qw];
    json!({
        "path": straight(n, 1.0),
        "loops": [{"from": 0, "to": n - 1, "measured": measured}],
        "translation_sigma_meters": SIGMA, "rotation_sigma_radians": YAW_SIGMA,
    })
}
