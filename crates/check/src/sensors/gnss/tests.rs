//! Healthy and faulty receivers, judged by the default policy.

use super::outcome;
use crate::sensors::Track;
use crate::sensors::imu::tests::{Noise, complaints, track, with_context};
use fieldassay_measure::gnss::Fix;
use fieldassay_measure::pose::{Pose, StampedPose, quat_of_rotation_vector};

/// A car for 60 s: fixes at 5 Hz with white and wandering noise, odometry at 20 Hz in its own frame.
fn drive(seed: u64, white: f64) -> (Vec<Fix>, Vec<StampedPose>) {
    let mut noise = Noise::new(seed);
    let (mut x, mut y, mut heading) = (0.0_f64, 0.0_f64, 6.0 * noise.uniform());
    let turned = 6.0 * noise.uniform();
    let (mut east_wander, mut north_wander) = (0.0, 0.0);
    let (mut fixes, mut poses) = (Vec::new(), Vec::new());
    for i in 0..1200_i32 {
        let t = f64::from(i) / 20.0;
        let speed = 8.0 + 6.0 * (t * 0.2).sin();
        heading += 0.05 * 0.3 * (t * 0.2).sin();
        x += 0.05 * speed * heading.cos();
        y += 0.05 * speed * heading.sin();
        let t_nanos = i64::from(i) * 50_000_000;
        let (sin, cos) = turned.sin_cos();
        poses.push(StampedPose {
            t_nanos,
            pose: Pose {
                translation_meters: [cos * x - sin * y, sin * x + cos * y, 0.0],
                quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, heading + turned]),
            },
        });
        if i % 4 == 0 {
            east_wander = 0.99 * east_wander + 0.03 * noise.normal();
            north_wander = 0.99 * north_wander + 0.03 * noise.normal();
            let east = x + east_wander + white * noise.normal();
            let north = y + north_wander + white * noise.normal();
            let variance = 0.5 + 0.1 * noise.uniform();
            fixes.push(Fix {
                t_nanos,
                status: 0,
                latitude_degrees: 48.0 + north / 111_200.0,
                longitude_degrees: 11.0 + east / 74_500.0,
                altitude_meters: 500.0,
                covariance_meters2: [variance, 0.0, 0.0, 0.0, variance, 0.0, 0.0, 0.0, 4.0],
                covariance_type: 2,
                hdop_ratio: f64::NAN,
            });
        }
    }
    (fixes, poses)
}

fn told(fixes: &[Fix], poses: &[StampedPose]) -> Vec<String> {
    let log: Vec<i64> = fixes.iter().map(|fix| fix.t_nanos).collect();
    let pose_log: Vec<i64> = poses.iter().map(|pose| pose.t_nanos).collect();
    let tracks: Vec<Track<'_, StampedPose>> = if poses.is_empty() {
        Vec::new()
    } else {
        vec![track(poses, &pose_log)]
    };
    with_context(&tracks, &[], |context| {
        complaints(&outcome(track(fixes, &log), context).facts)
    })
}

#[test]
fn clean_drives_have_no_warning_and_promised_faults_are_found() {
    let (mut found, mut total) = ([0; 3], 0);
    for seed in 0..60 {
        for (white, with_poses) in [(0.02, false), (0.5, false), (0.02, true), (1.0, true)] {
            let (clean, poses) = drive(seed, white);
            let poses = if with_poses { &poses[..] } else { &[] };
            assert!(
                told(&clean, poses).is_empty(),
                "{seed} {white} {:?}",
                told(&clean, poses)
            );
            total += 1;
            let mut faulty = [clean.clone(), clean.clone(), clean];
            for fix in &mut faulty[0][150..] {
                fix.latitude_degrees += 5.0 / 111_200.0;
            }
            faulty[1].drain(150..160);
            let held = faulty[2][150];
            for fix in &mut faulty[2][150..165] {
                fix.latitude_degrees = held.latitude_degrees;
                fix.longitude_degrees = held.longitude_degrees;
            }
            for (k, code) in ["gnss.jump:", "gnss.outage:", "gnss.frozen:"]
                .iter()
                .enumerate()
            {
                let all = told(&faulty[k], poses);
                found[k] += usize::from(all.iter().any(|t| t.starts_with(code)));
            }
        }
    }
    assert!(
        found.iter().all(|f| f * 100 >= total * 95),
        "{found:?} of {total}"
    );
}
