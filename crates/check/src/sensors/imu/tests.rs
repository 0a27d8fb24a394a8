//! Healthy and faulty inertial sensors, judged by the default policy.

use super::outcome;
use crate::sensors::{Context, NoReread, Rig, Track};
use fieldassay_measure::gnss::Fix;
use fieldassay_measure::imu::Sample;
use fieldassay_measure::pose::{Pose, StampedPose, quat_of_rotation_vector};
use fieldassay_model::{Fact, Policy, Severity};

/// Standard normal numbers from a seed (sum of twelve uniform ones, so no value is beyond 6).
pub(crate) struct Noise(fieldassay_testkit::Lcg);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fieldassay_testkit::Lcg::new(seed))
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Findings of warning and worse, as `code: message`.
pub(crate) fn complaints(facts: &[Fact]) -> Vec<String> {
    let policy = Policy::built_in("default").unwrap();
    let (findings, _) = fieldassay_model::evaluate(&policy, crate::catalog(), facts);
    findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warn)
        // Only subjects of this room are given here, so what the policy misses elsewhere does not count.
        .filter(|finding| {
            !finding.code.starts_with("structure.") && !finding.code.starts_with("channel.")
        })
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect()
}

pub(crate) fn with_context<R>(
    poses: &[Track<'_, StampedPose>],
    fixes: &[Track<'_, Fix>],
    run: impl FnOnce(&Context<'_>) -> R,
) -> R {
    let rig = Rig::default();
    run(&Context {
        rig: &rig,
        imus: &[],
        poses,
        fixes,
        reread: &NoReread,
        start_nanos: 0,
    })
}

pub(crate) fn track<'a, T>(rows: &'a [T], log_nanos: &'a [i64]) -> Track<'a, T> {
    Track {
        stream: Some(0),
        topic: "/imu",
        frame: "imu",
        parent: "odom",
        log_nanos,
        rows,
        start_nanos: 0,
    }
}

fn facts(samples: &[Sample], poses: &[StampedPose]) -> Vec<Fact> {
    let log: Vec<i64> = samples.iter().map(|s| s.t_nanos).collect();
    let pose_log: Vec<i64> = poses.iter().map(|s| s.t_nanos).collect();
    let pose_tracks = [track(poses, &pose_log)];
    let poses = if poses.is_empty() {
        &[][..]
    } else {
        &pose_tracks[..]
    };
    with_context(poses, &[], |context| {
        outcome(track(samples, &log), context).facts
    })
}

fn fact<'a>(facts: &'a [Fact], name: &str) -> &'a Fact {
    facts.iter().find(|fact| fact.name == name).unwrap()
}

/// A car for 60 s at 200 Hz: at rest for the first 15 s and the last 10 s, in between driving with vibration.
fn drive(seed: u64, step: f64) -> (Vec<Sample>, Vec<StampedPose>) {
    let mut noise = Noise::new(seed);
    let bias: [f64; 3] = std::array::from_fn(|_| 0.001 * noise.normal());
    let tilt = 0.05 * noise.normal();
    let (mut heading, mut x, mut y) = (0.0_f64, 0.0_f64, 0.0_f64);
    let round = |v: f64, step: f64| {
        if step > 0.0 {
            (v / step).round() * step
        } else {
            v
        }
    };
    let (mut samples, mut poses) = (Vec::new(), Vec::new());
    for i in 0..12_000_i32 {
        let t = f64::from(i) / 200.0;
        let moves = if (15.0..50.0).contains(&t) { 1.0 } else { 0.0 };
        let phase = (t - 15.0) / 35.0 * std::f64::consts::PI;
        let speed = moves * 10.0 * phase.sin();
        let turn = moves * 0.3 * (t * 0.5).sin();
        heading += turn / 200.0;
        x += speed * heading.cos() / 200.0;
        y += speed * heading.sin() / 200.0;
        let mut n = |size: f64| size * noise.normal();
        let shake = 0.02 + 0.4 * moves;
        let gyro = [
            bias[0] + n(0.002),
            bias[1] + n(0.002),
            turn + bias[2] + n(0.002),
        ];
        let accel = [
            9.81 * tilt.sin() + n(shake) + moves * phase.cos(),
            speed * turn + n(shake),
            9.81 * tilt.cos() + n(shake),
        ];
        samples.push(Sample {
            t_nanos: i64::from(i) * 5_000_000,
            gyro: gyro.map(|v| round(v, step)),
            accel: accel.map(|v| round(v, 10.0 * step)),
        });
        if i % 4 == 0 {
            poses.push(StampedPose {
                t_nanos: i64::from(i) * 5_000_000,
                pose: Pose {
                    translation_meters: [x, y, 0.0],
                    quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, heading]),
                },
            });
        }
    }
    (samples, poses)
}

#[test]
fn clean_drives_have_no_warning_and_promised_faults_are_found() {
    let (mut found, mut total) = ([0; 3], 0);
    for seed in 0..40 {
        for (step, with_poses) in [(0.0, true), (0.0011, false)] {
            let (samples, poses) = drive(seed, step);
            let poses = if with_poses { &poses[..] } else { &[] };
            let clean = facts(&samples, poses);
            assert!(
                complaints(&clean).is_empty(),
                "{seed} {:?}",
                complaints(&clean)
            );
            assert!(
                fact(&clean, "imu.rest")
                    .value
                    .as_ref()
                    .unwrap()
                    .as_f64()
                    .unwrap()
                    > 20.0
            );
            total += 1;
            let mut faulty = [samples.clone(), samples.clone(), samples];
            for s in &mut faulty[0] {
                s.gyro[1] += 0.01;
            }
            for s in &mut faulty[1] {
                s.accel = s.accel.map(|a| a * 1.02);
            }
            for s in &mut faulty[2][7000..7003] {
                s.accel[0] = 19.6133;
            }
            for (k, code) in ["imu.gyro_bias:", "imu.gravity:", "imu.saturation:"]
                .iter()
                .enumerate()
            {
                let told = complaints(&facts(&faulty[k], poses));
                found[k] += usize::from(told.len() == 1 && told[0].starts_with(code));
                assert!(told.iter().all(|t| t.starts_with(code)), "{told:?}");
            }
        }
    }
    assert!(
        found.iter().all(|f| f * 100 >= total * 95),
        "{found:?} of {total}"
    );
}

#[test]
fn without_rest_bias_and_gravity_are_not_evaluated() {
    let (samples, poses) = drive(1, 0.0);
    let all = facts(&samples[3200..9800], &poses);
    for name in [
        "imu.gyro_bias_at_least",
        "imu.gravity_error_at_least",
        "imu.noise",
    ] {
        assert!(fact(&all, name).reason.is_some(), "{name}");
    }
    assert!(complaints(&all).is_empty());
}

#[test]
fn units_and_frozen_axes_are_told() {
    let (mut samples, _) = drive(2, 0.0);
    for s in &mut samples {
        s.accel = s.accel.map(|a| a / 9.80665);
    }
    let told = complaints(&facts(&samples, &[]));
    assert!(
        told.len() == 1 && told[0].starts_with("imu.unit:"),
        "{told:?}"
    );
    let (mut samples, _) = drive(3, 0.0011);
    let held = samples[6000].gyro[0];
    for s in &mut samples[6000..6200] {
        s.gyro[0] = held;
    }
    let told = complaints(&facts(&samples, &[]));
    assert!(
        told.len() == 1 && told[0].starts_with("imu.stuck:"),
        "{told:?}"
    );
}

/// Rows of a CSV file: nanoseconds and numbers.
pub(crate) fn csv(path: &std::path::Path) -> Vec<(i64, Vec<f64>)> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (stamp, rest) = line.split_once(',').unwrap();
            let numbers = rest.split(',').map(|cell| cell.trim().parse().unwrap());
            (stamp.trim().parse().unwrap(), numbers.collect())
        })
        .collect()
}

fn euroc(path: &std::path::Path) -> Vec<Sample> {
    csv(path)
        .iter()
        .map(|(t_nanos, v)| Sample {
            t_nanos: *t_nanos,
            gyro: [v[0], v[1], v[2]],
            accel: [v[3], v[4], v[5]],
        })
        .collect()
}

#[test]
fn real_healthy_sensors_have_no_warning() {
    for (file, n) in [
        ("euroc_micro/mav0/imu0/data.csv", 29_120),
        ("euroc_v101_imu_gt/mav0/imu0/data.csv", 7_999),
    ] {
        let Some(path) = fieldassay_testkit::shared_data(file) else {
            continue;
        };
        let samples = euroc(&path);
        assert_eq!(samples.len(), n);
        let all = facts(&samples, &[]);
        assert!(complaints(&all).is_empty(), "{file} {:?}", complaints(&all));
        // The motors idle before the start and after the landing: nothing rests, and 0.08 rad/s of bias stays unseen.
        assert!(fact(&all, "imu.gyro_bias").reason.is_some());
    }
}
