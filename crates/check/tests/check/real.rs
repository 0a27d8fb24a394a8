//! Known answers on real recordings of the shared data.

use crate::common::{alarms, evidence, fact, values};
use fieldassay_check::{CheckOptions, Evidence, HeapOnly, NoProgress, check};
use fieldassay_formats::Limits;
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_model::{FactStatus, FactValue};
use fieldassay_testkit::{expect_near, shared_data};

#[expect(clippy::expect_used, reason = "a test helper may panic")]
fn mcap(relative: &str) -> Option<Evidence> {
    let bytes = std::fs::read(shared_data(relative)?).expect("readable");
    Some(evidence(&bytes))
}

#[expect(clippy::expect_used, reason = "a test helper may panic")]
fn bag(relative: &str) -> Option<Evidence> {
    let bytes = std::fs::read(shared_data(relative)?).expect("readable");
    let recording = BagRecording::open(&bytes, Limits::default()).expect("a bag");
    Some(check(
        &recording,
        &CheckOptions::default(),
        &HeapOnly,
        &NoProgress,
    ))
}

#[test]
fn the_navigation_simulation() {
    let Some(evidence) = mcap("evo_nav2_mcap/nav2_turtlebot.mcap") else {
        return;
    };
    assert_eq!(evidence.message_count, 8197);
    let counts: Vec<(&str, u64)> = evidence
        .channels
        .iter()
        .map(|c| (c.topic.as_str(), c.message_count))
        .collect();
    assert_eq!(
        counts,
        [
            ("/amcl_pose", 135),
            ("/odom", 2639),
            ("/tf", 5422),
            ("/tf_static", 1)
        ]
    );
    let span = evidence
        .end_ns
        .zip(evidence.start_ns)
        .map(|(end, start)| end - start);
    expect_near(span.expect("messages") as f64 / 1e9, 97.355, 1e-5);
    let odom = &evidence.channels[1];
    expect_near(odom.max_gap_ns.expect("periods") as f64 / 1e9, 2.157, 1e-3);
    let gap = fact(&evidence, "time.gap", "/odom");
    assert_eq!(gap.detail["class"], FactValue::Text("sensor_drop".into()));
    // Simulated time, event-like poses: nothing to blame them for.
    assert_eq!(
        fact(&evidence, "clock.simulated", "recording").value,
        Some(FactValue::Bool(true))
    );
    assert_eq!(
        fact(&evidence, "time.gap", "/amcl_pose").status,
        FactStatus::NotEvaluated
    );
    assert_eq!(
        fact(&evidence, "time.gap", "/tf").status,
        FactStatus::NotEvaluated
    );
    assert_eq!(
        values(&evidence, "transform.disconnected", "recording"),
        [0.0]
    );
    assert_eq!(
        alarms(&evidence),
        [
            "time.gap /odom",
            "time.loss /odom",
            "transform.gap base_link -> left_wheel",
            "transform.gap base_link -> right_wheel",
            "transform.gap map -> odom",
            "transform.gap odom -> base_link",
        ]
    );
}

#[test]
fn the_turtle_bags_agree_and_are_quiet() {
    let (Some(plain), Some(packed)) = (
        bag("lichtblick_dev/example.bag"),
        bag("lichtblick_dev/example-bz2.bag"),
    ) else {
        return;
    };
    for evidence in [&plain, &packed] {
        assert_eq!(evidence.message_count, 8647);
        assert_eq!(evidence.channels.len(), 9);
        let span = evidence
            .end_ns
            .zip(evidence.start_ns)
            .map(|(end, start)| end - start);
        expect_near(span.expect("messages") as f64 / 1e9, 21.700, 1e-4);
        assert_eq!(alarms(evidence), Vec::<String>::new());
    }
    let counts = |e: &Evidence| -> Vec<(String, u64)> {
        e.channels
            .iter()
            .map(|c| (c.topic.clone(), c.message_count))
            .collect()
    };
    assert_eq!(counts(&plain), counts(&packed));
}

#[test]
fn the_mouse_log_and_the_test_bags_are_quiet() {
    let base = "rosbag2/rosbag2_py/test/resources/mcap/reindex_test_bags/multiple_files";
    let bags = [
        ("lichtblick_dev/example.mcap".to_owned(), 111),
        (format!("{base}/multiple_files_0.mcap"), 1324),
        (format!("{base}/multiple_files_1.mcap"), 1324),
        (format!("{base}/multiple_files_2.mcap"), 529),
        (
            "rosbag2/rosbag2_py/test/resources/mcap/talker/talker.mcap".to_owned(),
            20,
        ),
        (
            "rosbag2/rosbag2_py/test/resources/mcap/wbag/wbag_0.mcap".to_owned(),
            1246,
        ),
        (
            "rosbag2/rosbag2_py/test/resources/mcap/wbag/wbag_4.mcap".to_owned(),
            1108,
        ),
    ];
    for (path, count) in bags {
        let Some(evidence) = mcap(&path) else {
            continue;
        };
        assert_eq!(evidence.message_count, count, "{path}");
        assert_eq!(alarms(&evidence), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn payloads_in_an_unknown_format_are_told_not_blamed() {
    let path = "rosbag2/rosbag2_tests/resources/mcap/wrong_rmw_test/wrong_rmw_test_0.mcap";
    let Some(evidence) = mcap(path) else { return };
    let unsupported = fact(&evidence, "decode.unsupported", "/test_topic");
    assert_eq!(unsupported.value, Some(FactValue::Bool(true)));
    assert_eq!(
        unsupported.detail["encoding"],
        FactValue::Text("wrong_format".into())
    );
    assert_eq!(alarms(&evidence), Vec::<String>::new());
}
