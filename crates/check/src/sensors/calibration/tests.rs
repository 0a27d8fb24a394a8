//! What the calibration of a small rig gives.

use super::*;
use crate::sensors::rig::Mount;
use crate::sensors::{NoReread, Rig, Track};
use fieldassay_formats::sensor::CameraInfo;
use fieldassay_measure::pose::{Pose, StampedPose, quat_of_rotation_vector};

fn rig() -> Rig {
    Rig {
        mounts: vec![Mount {
            parent: "hand".to_owned(),
            child: "eye".to_owned(),
            parent_from_child: MOUNT,
        }],
        cameras: vec![Camera {
            topic: "/camera_info".to_owned(),
            info: CameraInfo {
                frame: "eye".to_owned(),
                width: 640,
                height: 480,
                distortion_model: "plumb_bob".to_owned(),
                k: [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0],
                ..CameraInfo::default()
            },
            log_nanos: 0,
            messages: 5,
            changes: 1,
            first_change_nanos: Some(7),
        }],
    }
}

const MOUNT: Pose = Pose {
    translation_meters: [0.05, 0.0, 0.1],
    quat_xyzw: [0.0, 0.0, 0.0, 1.0],
};

fn arm(mount: &Pose) -> [Vec<StampedPose>; 2] {
    moving_arm(|_| *mount)
}

/// An arm whose eye is mounted as `mount` says, seconds in.
fn moving_arm(mount: impl Fn(f64) -> Pose) -> [Vec<StampedPose>; 2] {
    let (mut hand, mut eye) = (Vec::new(), Vec::new());
    for i in 0..1200_i32 {
        let t = 0.05 * f64::from(i);
        let vector = [
            0.5 * (1.3 * t).sin(),
            0.6 * (1.07 * t + 1.0).sin(),
            0.9 * (0.82 * t + 2.0).sin(),
        ];
        let pose = Pose {
            translation_meters: [
                0.4 * (0.7 * t).sin(),
                0.3 * (1.2 * t).sin(),
                0.2 * (0.9 * t).cos(),
            ],
            quat_xyzw: quat_of_rotation_vector(&vector),
        };
        let t_nanos = i64::from(i) * 50_000_000;
        hand.push(StampedPose { t_nanos, pose });
        eye.push(StampedPose {
            t_nanos,
            pose: pose.compose(&mount(t)),
        });
    }
    [hand, eye]
}

fn outcome_of(rig: &Rig, poses: &[Vec<StampedPose>; 2]) -> Outcome {
    let log: Vec<i64> = poses[0].iter().map(|p| p.t_nanos).collect();
    let track = |topic: &'static str, frame: &'static str, rows| Track {
        stream: Some(0),
        topic,
        frame,
        parent: "",
        log_nanos: &log,
        rows,
        start_nanos: 0,
    };
    let tracks = [
        track("/hand", "hand", &poses[0]),
        track("/eye", "eye", &poses[1]),
    ];
    outcome(&Context {
        rig,
        imus: &[],
        poses: &tracks,
        fixes: &[],
        reread: &NoReread,
        start_nanos: 0,
    })
}

fn value(outcome: &Outcome, name: &str) -> Option<f64> {
    let fact = outcome.facts.iter().find(|fact| fact.name == name)?;
    fact.value.as_ref().and_then(FactValue::as_f64)
}

#[test]
fn a_mount_that_is_right_is_not_contradicted_and_a_degree_is() {
    let right = outcome_of(&rig(), &arm(&MOUNT));
    assert_eq!(value(&right, "calibration.intrinsics"), Some(0.0));
    assert_eq!(value(&right, "calibration.intrinsics_unusual"), Some(0.0));
    assert_eq!(value(&right, "calibration.changed"), Some(1.0));
    assert_eq!(value(&right, "calibration.extrinsic_invalid"), Some(0.0));
    assert!(value(&right, "calibration.hand_eye_rotation_at_least").expect("measured") < 0.05);
    assert!(value(&right, "calibration.hand_eye_translation_at_least").expect("measured") < 0.005);
    let turned = Pose {
        quat_xyzw: quat_of_rotation_vector(&[0.0, 1.0_f64.to_radians(), 0.0]),
        ..MOUNT
    };
    let wrong = outcome_of(&rig(), &arm(&turned));
    let degrees = value(&wrong, "calibration.hand_eye_rotation_at_least").expect("measured");
    assert!(degrees > 0.8 && degrees < 1.0, "{degrees}");
    assert!(value(&wrong, "calibration.drift_at_least").expect("measured") < 0.05);
    assert_eq!(wrong.tables.len(), 2);
}

#[test]
fn a_mount_that_gives_way_is_a_trend() {
    let right = outcome_of(&rig(), &arm(&MOUNT));
    assert_eq!(value(&right, "calibration.trend"), Some(0.0));
    let loose = moving_arm(|secs| Pose {
        quat_xyzw: quat_of_rotation_vector(&[0.0, (0.04 * secs).to_radians(), 0.0]),
        ..MOUNT
    });
    let wrong = outcome_of(&rig(), &loose);
    let degrees = value(&wrong, "calibration.trend").expect("measured");
    assert!(degrees > 0.8 && degrees < 2.4, "{degrees}");
    let fact = wrong.facts.iter().find(|f| f.name == "calibration.trend");
    let axis = fact.and_then(|fact| fact.detail.get("axis"));
    assert_eq!(axis, Some(&FactValue::Text("y".to_owned())));
}

#[test]
fn the_artefact_is_named_by_its_content() {
    let outcome = outcome_of(&rig(), &arm(&MOUNT));
    let fact = outcome
        .facts
        .iter()
        .find(|fact| fact.name == "calibration.id");
    let Some(FactValue::Text(id)) = fact.and_then(|fact| fact.value.clone()) else {
        panic!("no id");
    };
    assert!(id.starts_with("k-") && id.len() == 18);
}
