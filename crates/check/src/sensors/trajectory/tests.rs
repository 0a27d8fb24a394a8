//! Real paths, judged by the default policy.

use super::{outcome, repeats};
use crate::sensors::Track;
use crate::sensors::imu::tests::{complaints, csv, track, with_context};
use fieldassay_measure::pose::{Pose, StampedPose, matrix::Matrix};

fn told(poses: &[StampedPose]) -> Vec<String> {
    let log: Vec<i64> = poses.iter().map(|pose| pose.t_nanos).collect();
    with_context(&[], &[], |context| {
        complaints(&outcome(track(poses, &log), context).facts)
    })
}

fn tum(path: &std::path::Path) -> Vec<StampedPose> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let v: Vec<f64> = line
                .split_whitespace()
                .map(|cell| cell.parse().unwrap())
                .collect();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "seconds since 1970 in nanoseconds fit"
            )]
            let t_nanos = (v[0] * 1e9) as i64;
            StampedPose {
                t_nanos,
                pose: Pose {
                    translation_meters: [v[1], v[2], v[3]],
                    quat_xyzw: [v[4], v[5], v[6], v[7]],
                },
            }
        })
        .collect()
}

#[test]
fn real_paths_have_no_warning() {
    if let Some(path) = fieldassay_testkit::shared_data("evo_fr2_desk") {
        let mut files: Vec<_> = std::fs::read_dir(path)
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        let mut seen = 0;
        for file in files
            .iter()
            .filter(|f| f.to_string_lossy().contains("groundtruth"))
        {
            let poses = tum(file);
            assert!(poses.len() > 10_000, "{}", poses.len());
            let all = told(&poses);
            assert!(all.is_empty(), "{file:?} {all:?}");
            seen += 1;
        }
        assert_eq!(seen, 1);
    }
    if let Some(path) = fieldassay_testkit::shared_data("evo_kitti00/KITTI_00_gt.txt") {
        let poses: Vec<StampedPose> = std::fs::read_to_string(path)
            .unwrap()
            .lines()
            .enumerate()
            .map(|(i, line)| {
                let v: Vec<f64> = line
                    .split_whitespace()
                    .map(|cell| cell.parse().unwrap())
                    .collect();
                let rotation: Matrix<3, 3> =
                    [[v[0], v[1], v[2]], [v[4], v[5], v[6]], [v[8], v[9], v[10]]];
                StampedPose {
                    t_nanos: i64::try_from(i).unwrap() * 103_700_000,
                    pose: Pose::from_matrix(&rotation, [v[3], v[7], v[11]]),
                }
            })
            .collect();
        assert_eq!(poses.len(), 4541);
        let all = told(&poses);
        assert!(all.is_empty(), "{all:?}");
    }
    if let Some(path) = fieldassay_testkit::shared_data("euroc_v101_imu_gt/mav0/gt0/data.csv") {
        let poses: Vec<StampedPose> = csv(&path)
            .iter()
            .map(|(t_nanos, v)| StampedPose {
                t_nanos: *t_nanos,
                pose: Pose {
                    translation_meters: [v[0], v[1], v[2]],
                    quat_xyzw: [v[4], v[5], v[6], v[3]],
                },
            })
            .collect();
        assert_eq!(poses.len(), 3340);
        let all = told(&poses);
        assert!(all.is_empty(), "{all:?}");
    }
}

#[test]
fn a_teleport_is_told_once() {
    let poses: Vec<StampedPose> = (0..500_i32)
        .map(|i| StampedPose {
            t_nanos: i64::from(i) * 50_000_000,
            pose: Pose {
                translation_meters: [
                    f64::from(i) * 0.05 + if i >= 250 { 2.0 } else { 0.0 },
                    0.0,
                    0.0,
                ],
                ..Pose::IDENTITY
            },
        })
        .collect();
    let all = told(&poses);
    assert!(
        all.len() == 1 && all[0].starts_with("trajectory.jump:"),
        "{all:?}"
    );
}

#[test]
fn a_transform_that_says_what_a_topic_says_is_a_repetition() {
    let series = |offset_nanos: i64, jump_meters: f64| -> Vec<StampedPose> {
        (0..500_i64)
            .map(|i| {
                let t_nanos = i * 20_000_000 + offset_nanos;
                let secs = t_nanos as f64 / 1e9;
                let side = if i > 400 { jump_meters } else { 0.0 };
                StampedPose {
                    t_nanos,
                    pose: Pose {
                        translation_meters: [5.0 * secs, secs.sin() + side, 0.0],
                        quat_xyzw: [0.0, 0.0, (0.05 * secs).sin(), (0.05 * secs).cos()],
                    },
                }
            })
            .collect()
    };
    let (topic, edge, other) = (
        series(0, 0.0),
        series(7_000_000, 0.0),
        series(7_000_000, 0.3),
    );
    let as_topic = track(&topic, &[]);
    let as_edge = |rows| Track {
        stream: None,
        ..track(rows, &[])
    };
    assert!(repeats(&as_edge(&edge), &as_topic));
    assert!(!repeats(&as_edge(&other), &as_topic));
    // Two topics are two sources, and so are the same numbers in another frame.
    assert!(!repeats(&as_topic, &as_topic));
    let mapped = Track {
        parent: "map",
        ..as_edge(&edge)
    };
    assert!(!repeats(&mapped, &as_topic));
}
