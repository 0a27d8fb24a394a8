//! LiDAR against camera in simulated streets and on a real frame.
#![expect(
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "helpers of tests: a panic is the failure, and values are small"
)]

mod kitti;
mod world;

use fieldassay_measure::calibration::alignment::{AlignmentError, Change, SearchOptions};
use world::{SIXTEEN, World, camera, mounting, turned};

/// Axes the claimed mounting is turned about: pitch, yaw, and one in between that is mostly roll.
const AXES: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.4, -0.3, 1.0]];
/// Judged as in the policy: the low end of the interval, degrees.
const WARN_DEGREES: f64 = 0.3;

#[test]
fn one_degree_is_found_and_clean_drives_stay_quiet() {
    for (seed, axis) in (100..).zip(AXES) {
        let wrong = turned(&mounting(), axis, 1_f64.to_radians());
        let scenes = World::new(seed).scenes(&[mounting(), wrong], 10, SIXTEEN);
        let options = SearchOptions::default();
        let found: Vec<_> = scenes
            .iter()
            .map(|scene| scene.decalibration(&options).expect("measurable"))
            .collect();
        let (low, ..) = found[0].angle();
        assert!(low.to_degrees() < WARN_DEGREES, "{seed}: {:?}", found[0]);
        let (low, angle, high) = found[1].angle();
        assert!(low.to_degrees() > WARN_DEGREES, "{seed}: {:?}", found[1]);
        assert!(low.to_degrees() < 1.0 && high.to_degrees() > 1.0);
        assert!((angle.to_degrees() - 1.0).abs() < 0.4);
        // The pictures want the turn undone, so that both mountings end up at the same place.
        let norm = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
        for (i, a) in axis.iter().enumerate() {
            let apart = found[1].rotation_radians[i] - found[0].rotation_radians[i];
            assert!(
                (apart.to_degrees() + a / norm).abs() < 0.1,
                "{seed}: axis {i}"
            );
        }
        // The claimed mounting scores better than most changes of it exactly when it is right, and the
        // brightness tells more about the intensity.
        let share = |i: usize| scenes[i].share_worse(0.5_f64.to_radians(), 0.05).ratio();
        assert!(
            share(0) > 0.9 && share(1) < share(0),
            "{} {}",
            share(0),
            share(1)
        );
        let nid = |i: usize| scenes[i].nid(&Change::default()).expect("intensities");
        assert!(nid(0) < nid(1), "{} {}", nid(0), nid(1));
    }
}

#[test]
fn a_mounting_beyond_the_range_is_refused() {
    let wrong = turned(&mounting(), [0.0, 1.0, 0.0], 12_f64.to_radians());
    let scenes = World::new(7).scenes(&[wrong], 5, SIXTEEN);
    let refused = scenes[0].decalibration(&SearchOptions::default());
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn nothing_to_see_is_refused() {
    let scene = fieldassay_measure::calibration::alignment::Scene::new(&camera(), &mounting());
    let refused = scene.decalibration(&SearchOptions::default());
    assert!(matches!(
        refused,
        Err(AlignmentError::FewEdges {
            edges: 0,
            frames: 0,
            ..
        })
    ));
    assert_eq!(scene.nid(&Change::default()), None);
}
