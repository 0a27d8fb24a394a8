//! Recovery, honest sigmas and what is not observable, on a simulated arm and a simulated car.

use super::*;
use crate::calibration::{PairOptions, motion_pairs};
use crate::pose::StampedPose;
use crate::test_noise::{Noise, nanos};

const X: Pose = Pose {
    translation_meters: [0.05, -0.02, 0.1],
    quat_xyzw: [0.5, -0.5, 0.5, 0.5],
};

/// Poses of body a and of body b, which sees the world from elsewhere, with noise of each pose.
fn scene(seed: u64, planar: bool, noise_radians: f64, noise_meters: f64) -> [Vec<StampedPose>; 2] {
    let mut noise = Noise::new(seed);
    let mut phase = || std::f64::consts::TAU * noise.uniform();
    let phases = [phase(), phase(), phase(), phase(), phase(), phase()];
    let mut jitter = Noise::new(seed + 77);
    let other_world = Pose::exp(&[0.3, -0.2, 1.0, 2.0, 1.0, -1.0]);
    let mut streams = [Vec::new(), Vec::new()];
    for i in 0..600 {
        let t = 0.05 * f64::from(i);
        let wave = |k: usize, size: f64, hz: f64| {
            size * (std::f64::consts::TAU * hz * t + phases[k]).sin()
        };
        let tilt = if planar { 0.0 } else { 1.0 };
        let vector = [
            wave(0, 0.5 * tilt, 0.21),
            wave(1, 0.6 * tilt, 0.17),
            wave(2, 0.9, 0.13),
        ];
        let a = Pose {
            translation_meters: [
                wave(3, 0.4, 0.11),
                wave(4, 0.3, 0.19),
                tilt * wave(5, 0.3, 0.15),
            ],
            quat_xyzw: quat_of_rotation_vector(&vector),
        };
        let b = other_world.compose(&a).compose(&X);
        for (stream, pose) in streams.iter_mut().zip([a, b]) {
            let screw = std::array::from_fn(|k| {
                jitter.normal() * if k < 3 { noise_radians } else { noise_meters }
            });
            stream.push(StampedPose {
                t_nanos: nanos(1e9 * t),
                pose: pose.compose(&Pose::exp(&screw)),
            });
        }
    }
    streams
}

fn estimate(
    streams: &[Vec<StampedPose>; 2],
    claimed: Option<&Pose>,
) -> Result<Estimate, HandEyeError> {
    let pairs = motion_pairs(&streams[0], &streams[1], &PairOptions::default());
    hand_eye(&pairs, claimed)
}

#[test]
fn the_transform_is_recovered_exactly_without_noise() {
    let found = estimate(&scene(1, false, 0.0, 0.0), None).unwrap();
    let apart = found.a_from_b.inverse().compose(&X);
    assert!(apart.angle_radians() < 1e-6, "{found:?}");
    assert!(norm(&apart.translation_meters) < 1e-6);
}

/// 0.1 degrees and 3 mm of noise in every pose: half of the arms have X turned by a degree.
#[test]
fn one_degree_is_found_and_no_degree_is_not() {
    let runs = 60;
    let (mut found_count, mut false_alarms, mut inside) = (0, 0, 0);
    for run in 0..runs {
        let streams = scene(run, false, 0.1_f64.to_radians(), 0.003);
        let found = estimate(&streams, Some(&X)).unwrap();
        let truth = found.rotation_deviation(&X, 0.5_f64.to_radians()).unwrap();
        assert_eq!(truth.directions, 3);
        inside += u32::from(truth.d2 < 7.815);
        let axis = std::array::from_fn(|i| {
            if i as u64 == run % 3 {
                1.0_f64.to_radians()
            } else {
                0.0
            }
        });
        let wrong = Pose {
            quat_xyzw: multiply_quat(&quat_of_rotation_vector(&axis), &X.quat_xyzw),
            ..X
        };
        let seen = found
            .rotation_deviation(&wrong, 0.5_f64.to_radians())
            .unwrap();
        let limit = 0.5_f64.to_radians();
        found_count += u32::from(seen.size - 1.96 * seen.sigma > limit && seen.d2 > 11.345);
        false_alarms += u32::from(truth.size - 1.96 * truth.sigma > limit && truth.d2 > 11.345);
        let shift = found.translation_deviation(&X, 0.02).unwrap();
        assert!(shift.size < 5.0 * shift.sigma + 0.001, "{shift:?}");
    }
    // d2 of three directions is below 7.815 in 95 %.
    assert!(inside >= 50, "{inside} of {runs}");
    assert_eq!((found_count, false_alarms), (60, 0));
}

#[test]
fn a_car_does_not_show_everything() {
    let found = estimate(&scene(3, true, 0.02_f64.to_radians(), 0.002), Some(&X)).unwrap();
    // Height is not observable when all rotation is about the vertical.
    assert!(found.sigmas()[5] > 0.1, "{:?}", found.sigmas());
    assert!(found.sigmas()[3] < 0.01 && found.sigmas()[4] < 0.01);
    let shift = found.translation_deviation(&X, 0.02).unwrap();
    assert_eq!(shift.directions, 2);
}

#[test]
fn what_cannot_be_estimated_is_an_error() {
    assert!(matches!(
        hand_eye(&[], None),
        Err(HandEyeError::TooFew { .. })
    ));
    let [a, _] = scene(4, false, 0.0, 0.0);
    let [_, other] = scene(5, false, 0.0, 0.0);
    assert!(matches!(
        estimate(&[a, other], None),
        Err(HandEyeError::NotRigid { .. })
    ));
    assert_eq!(chi2_tail(-1.0, 3), None);
    // 95 % of chi-squared with 6 degrees of freedom is 12.592 (signals reference, B.9.6).
    assert!((chi2_tail(12.592, 6).unwrap() - 0.05).abs() < 1e-4);
    assert!((chi2_tail(16.812, 6).unwrap() - 0.01).abs() < 1e-5);
}
