//! The transform tree.

use crate::common::{Drive, MS, START, Stream, Transform, alarms, evidence, fact, values};
use fieldassay_model::FactValue;

/// `map -> odom -> base_link -> imu_link`, the first two moving.
fn tree() -> Drive {
    let mut transforms = Vec::new();
    for i in 0..1500 {
        let stamp = START - 20 * MS + i * 20 * MS;
        transforms.push(Transform::new(stamp, "map", "odom"));
        transforms.push(Transform::new(stamp, "odom", "base_link"));
    }
    transforms.push(Transform {
        is_static: true,
        ..Transform::new(START, "base_link", "imu_link")
    });
    Drive {
        streams: vec![Stream::regular("/imu", 5 * MS, 5900)],
        transforms,
        ..Drive::default()
    }
}

#[test]
fn a_whole_tree_is_quiet_and_available() {
    let evidence = evidence(&tree().bytes());
    assert_eq!(alarms(&evidence), Vec::<String>::new());
    assert_eq!(
        values(&evidence, "transform.available", "/imu -> map"),
        [1.0]
    );
    assert_eq!(evidence.plots.transforms.len(), 3);
    let rate = values(&evidence, "transform.rate", "map -> odom")[0];
    assert!((rate - 50.0).abs() < 1e-6, "{rate}");
}

#[test]
fn a_ring_is_a_cycle() {
    let mut drive = tree();
    drive
        .transforms
        .push(Transform::new(START + 15_000 * MS, "base_link", "map"));
    let evidence = evidence(&drive.bytes());
    let cycle = evidence
        .facts
        .iter()
        .find(|f| f.name == "transform.cycle")
        .expect("a fact");
    assert_eq!(cycle.value, Some(FactValue::Integer(1)));
    for frame in ["map", "odom", "base_link"] {
        assert!(cycle.subject.contains(frame), "{}", cycle.subject);
    }
    assert_eq!(
        cycle.window.expect("a window").start_ns,
        START + 15_001 * MS
    );
    assert_eq!(
        alarms(&evidence),
        [format!("transform.cycle {}", cycle.subject)]
    );
}

#[test]
fn another_parent_is_told_with_both_names() {
    let mut drive = tree();
    drive
        .transforms
        .push(Transform::new(START + 15_005 * MS, "map", "base_link"));
    let evidence = evidence(&drive.bytes());
    let fact = fact(&evidence, "transform.reparent", "base_link");
    assert_eq!(fact.value, Some(FactValue::Integer(2)), "there and back");
    assert_eq!(
        fact.detail["parents"],
        FactValue::Text("`map`, `odom`".into())
    );
}

#[test]
fn data_stays_available_across_a_change_of_parent() {
    let mut drive = tree();
    let change = START + 15_000 * MS;
    for transform in &mut drive.transforms {
        if transform.child == "base_link" && transform.stamp >= change {
            transform.parent = "map";
        }
    }
    let evidence = evidence(&drive.bytes());
    assert_eq!(
        values(&evidence, "transform.available", "/imu -> map"),
        [1.0]
    );
    assert_eq!(alarms(&evidence), ["transform.reparent base_link"]);
}

#[test]
fn faults_of_single_transforms_are_told() {
    let mut drive = tree();
    let at = START + 10_001 * MS;
    drive.transforms.extend([
        Transform {
            w: 1.1,
            ..Transform::new(at, "odom", "base_link")
        },
        Transform {
            x: f64::NAN,
            ..Transform::new(at + 1, "odom", "base_link")
        },
        Transform::new(at + 2, "odom", "odom"),
        Transform::new(at + 3, "", "lost"),
        Transform {
            x: 2.0,
            is_static: true,
            ..Transform::new(at + 4, "base_link", "imu_link")
        },
        Transform {
            is_static: true,
            ..Transform::new(at + 5, "far", "away")
        },
        Transform {
            is_static: true,
            ..Transform::new(at + 6, "map", "odom")
        },
    ]);
    let evidence = evidence(&drive.bytes());
    let mut found = alarms(&evidence);
    found.sort();
    assert_eq!(
        found,
        [
            "transform.denormalized odom -> base_link",
            "transform.disconnected recording",
            "transform.not_finite odom -> base_link",
            "transform.self recording",
            "transform.static_conflict base_link -> imu_link",
            "transform.static_dynamic odom",
            "transform.unnamed recording",
        ]
    );
}

#[test]
fn silence_of_an_edge_makes_data_unavailable() {
    let mut drive = tree();
    let hole = START + 5_000 * MS..START + 10_000 * MS;
    drive
        .transforms
        .retain(|t| t.child != "base_link" || !hole.contains(&t.stamp));
    let evidence = evidence(&drive.bytes());
    let share = values(&evidence, "transform.available", "/imu -> map")[0];
    // The last transform holds for one second.
    assert!((share - (1.0 - 4.0 / 29.5)).abs() < 0.01, "{share}");
    let mut found = alarms(&evidence);
    found.sort();
    assert_eq!(
        found,
        [
            "transform.available /imu -> map",
            "transform.gap odom -> base_link"
        ]
    );
}

#[test]
fn a_frame_outside_the_tree_is_unknown() {
    let mut drive = tree();
    drive.streams[0].frame = "gps";
    let evidence = evidence(&drive.bytes());
    assert_eq!(alarms(&evidence), ["transform.unknown_frame /imu"]);
}
