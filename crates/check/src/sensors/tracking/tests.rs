//! Tracks, judged by the default policy.

use super::{BoxRow, NameTable, outcome, reduce};
use crate::sensors::At;
use crate::sensors::imu::tests::{complaints, track, with_context};
use fieldassay_formats::sensor::{Box3, Boxes};
use fieldassay_measure::pose::{Pose, StampedPose, quat_of_rotation_vector};

/// Ten seconds of a car that is overtaken by another and passes a pedestrian, in the frame of the car.
fn scene(change: impl Fn(usize, &mut Boxes<'_>)) -> (Vec<BoxRow>, NameTable, Vec<StampedPose>) {
    let (mut rows, mut names, mut poses) = (Vec::new(), NameTable::default(), Vec::new());
    for i in 0..100_usize {
        let t = i as f64 * 0.1;
        let t_nanos = i64::try_from(i).unwrap() * 100_000_000;
        poses.push(StampedPose {
            t_nanos,
            pose: Pose {
                translation_meters: [20.0 * t, 0.0, 0.0],
                ..Pose::IDENTITY
            },
        });
        let one = |track: &'static str, category: &'static str, x: f64, length: f64| Box3 {
            track: track.into(),
            category: category.into(),
            center_meters: [x, 3.0, 0.5],
            quat_xyzw: [0.0, 0.0, 0.0, 1.0],
            size_meters: [length, 1.0, 1.7],
            points: Some(40),
        };
        let mut boxes = Boxes {
            frame: "ego".into(),
            boxes: vec![
                one("a", "REGULAR_VEHICLE", 4.0 * t - 20.0, 4.5),
                one("b", "PEDESTRIAN", 60.0 - 20.0 * t, 0.7),
            ],
        };
        change(i, &mut boxes);
        let at = At {
            t_nanos,
            log_nanos: t_nanos,
            sampled: true,
        };
        // Units are read apart and merged in order.
        let (mut part, mut part_names) = (Vec::new(), NameTable::default());
        reduce(&boxes, at, &mut part, &mut part_names);
        names.merge(part_names, &mut part);
        rows.append(&mut part);
    }
    (rows, names, poses)
}

fn told((rows, names, poses): &(Vec<BoxRow>, NameTable, Vec<StampedPose>)) -> Vec<String> {
    let log: Vec<i64> = poses.iter().map(|p| p.t_nanos).collect();
    let mut carrier = track(poses, &log);
    carrier.frame = "ego";
    with_context(&[carrier], &[], |context| {
        complaints(&outcome("/boxes", "ego", rows, names, context).facts)
    })
}

#[test]
fn faults_are_told_and_a_pedestrian_seen_from_a_car_is_none() {
    assert!(
        told(&scene(|_, _| {})).is_empty(),
        "{:?}",
        told(&scene(|_, _| {}))
    );
    let flipped = told(&scene(|i, boxes| {
        if i == 50 {
            boxes.boxes[0].quat_xyzw = quat_of_rotation_vector(&[0.0, 0.0, 3.1]);
        }
    }));
    assert!(
        flipped.len() == 1 && flipped[0].starts_with("tracking.heading_flip:"),
        "{flipped:?}"
    );
    let moved = told(&scene(|i, boxes| {
        if i >= 50 {
            boxes.boxes[0].center_meters[1] += 6.0;
        }
    }));
    assert!(
        moved.len() == 1 && moved[0].starts_with("tracking.teleport:"),
        "{moved:?}"
    );
    let other = told(&scene(|i, boxes| {
        if i >= 50 {
            boxes.boxes[0].category = "BUS".into();
        }
    }));
    assert!(
        other.len() == 1 && other[0].starts_with("tracking.class_change:"),
        "{other:?}"
    );
    let gone = told(&scene(|i, boxes| {
        if (30..70).contains(&i) {
            boxes.boxes.remove(0);
        }
    }));
    assert!(gone.is_empty(), "{gone:?}");
}
