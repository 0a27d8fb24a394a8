//! Real recordings: the counts and known answers of the shared data's README.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

use fieldassay_engine::check::{self, Outcome, Request};
use fieldassay_engine::convert;
use fieldassay_engine::limits::Limits;
use fieldassay_engine::{NoProgress, catalog, info};
use fieldassay_model::{Policy, RecordingReport, Severity, Verdict};
use fieldassay_testkit::shared_data;
use std::path::Path;

fn checked(path: &Path) -> Outcome {
    let policy = Policy::built_in("default").expect("built in");
    let inputs = [path.display().to_string()];
    let request = Request {
        inputs: &inputs,
        policy: &policy,
        topics: None,
        start: None,
        end: None,
        jobs: 2,
        limits: Limits::default(),
    };
    let (paths, _) = check::plan(&request).expect("files");
    check::run(&request, &paths, &NoProgress).expect("a run")
}

fn counts(recording: &RecordingReport) -> Vec<(&str, u64)> {
    recording
        .channels
        .iter()
        .map(|channel| (channel.topic.as_str(), channel.message_count))
        .collect()
}

#[test]
fn nav2_turtlebot_has_its_counts_and_its_known_gap() {
    let Some(path) = shared_data("evo_nav2_mcap/nav2_turtlebot.mcap") else {
        return;
    };
    let outcome = checked(&path);
    let recording = &outcome.document.recordings[0];
    assert_eq!(recording.message_count, 8197);
    assert_eq!(
        counts(recording),
        [
            ("/amcl_pose", 135),
            ("/odom", 2639),
            ("/tf", 5422),
            ("/tf_static", 1)
        ]
    );
    let span = recording.end_ns.expect("an end") - recording.start_ns.expect("a start");
    assert_eq!((span as f64 * 1e-6).round(), 97_355.0);
    let odom = recording
        .channels
        .iter()
        .find(|c| c.topic == "/odom")
        .expect("odom");
    assert_eq!(
        (odom.max_gap_ns.expect("a gap") as f64 * 1e-6).round(),
        2157.0
    );
    assert!(recording.complete);
    assert!(recording.findings.iter().any(|finding| {
        finding.code == "time.gap"
            && finding.subject == "/odom"
            && finding.severity > Severity::Info
    }));
}

#[test]
fn both_lichtblick_bags_hold_the_same_recording() {
    let (Some(plain), Some(bz2)) = (
        shared_data("lichtblick_dev/example.bag"),
        shared_data("lichtblick_dev/example-bz2.bag"),
    ) else {
        return;
    };
    let (plain, bz2) = (checked(&plain), checked(&bz2));
    let (plain, bz2) = (&plain.document.recordings[0], &bz2.document.recordings[0]);
    assert_eq!(plain.message_count, 8647);
    assert_eq!(plain.channels.len(), 9);
    assert_eq!(counts(plain), counts(bz2));
    let span = plain.end_ns.expect("an end") - plain.start_ns.expect("a start");
    assert_eq!((span as f64 * 1e-6).round(), 21_700.0);
    // The container differs, the evidence about the messages does not.
    let facts = |recording: &RecordingReport| {
        let mut facts = recording.facts.clone();
        facts
            .retain(|fact| !fact.name.starts_with("structure.") && !fact.name.starts_with("loss."));
        facts
    };
    assert_eq!(facts(plain), facts(bz2));
    let example = shared_data("lichtblick_dev/example.mcap").expect("beside the bags");
    assert_eq!(checked(&example).document.recordings[0].message_count, 111);
}

#[test]
fn rosbag2_pairs_agree_between_mcap_and_sqlite() {
    let Some(root) = shared_data("rosbag2/rosbag2_py/test/resources") else {
        return;
    };
    for (name, count) in [
        ("talker/talker", 20),
        ("convert_a/rewriter_a_0", 0),
        ("reindex_test_bags/multiple_files/multiple_files_0", 1324),
        ("reindex_test_bags/multiple_files/multiple_files_1", 1324),
        ("reindex_test_bags/multiple_files/multiple_files_2", 529),
        ("wbag/wbag_0", 1246),
        ("wbag/wbag_1", 1240),
        ("wbag/wbag_2", 1240),
        ("wbag/wbag_3", 1240),
        ("wbag/wbag_4", 1108),
    ] {
        let mcap = checked(&root.join(format!("mcap/{name}.mcap")));
        let sqlite = checked(&root.join(format!("sqlite3/{name}.db3")));
        let (mcap, sqlite) = (&mcap.document.recordings[0], &sqlite.document.recordings[0]);
        if count > 0 {
            assert_eq!(mcap.message_count, count, "{name}");
        }
        assert_eq!(counts(mcap), counts(sqlite), "{name}");
        assert_eq!(
            (mcap.start_ns, mcap.end_ns),
            (sqlite.start_ns, sqlite.end_ns),
            "{name}"
        );
    }
}

#[test]
fn every_recording_of_the_shared_data_is_read_whole() {
    for folder in [
        "evo_nav2_mcap",
        "rosbag2",
        "lichtblick_dev",
        "mcap_conformance_dev",
    ] {
        let Some(path) = shared_data(folder) else {
            return;
        };
        for recording in checked(&path).document.recordings {
            assert_eq!(recording.error, None, "{}", recording.path);
            assert!(
                recording.complete,
                "{} {:?}",
                recording.path, recording.loss
            );
        }
    }
}

#[test]
fn an_empty_bag_is_never_a_pass() {
    let Some(path) = shared_data("rosbag2/ros2bag/test/resources/empty_bag/empty_bag_0.db3") else {
        return;
    };
    let outcome = checked(&path);
    let recording = &outcome.document.recordings[0];
    assert_eq!(recording.message_count, 0);
    assert_ne!(recording.verdict, Verdict::Pass);
}

#[test]
fn bags_and_databases_convert_without_loss() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, count) in [
        ("lichtblick_dev/example-bz2.bag", 8647),
        (
            "rosbag2/rosbag2_py/test/resources/sqlite3/wbag/wbag_0.db3",
            1246,
        ),
        ("evo_nav2_mcap/nav2_turtlebot.mcap", 8197),
    ] {
        let Some(input) = shared_data(name) else {
            return;
        };
        let output = folder.path().join("out.mcap");
        let outcome = convert::run(&convert::Request {
            input: input.clone(),
            output: output.clone(),
            force: true,
            verb: "convert",
            limits: Limits::default(),
        })
        .expect("converted");
        assert_eq!(
            (outcome.message_count, outcome.complete),
            (count, true),
            "{name}"
        );
        let before = info::run(&input, 1, &Limits::default()).expect("read");
        let after = info::run(&output, 1, &Limits::default()).expect("read");
        let key = |document: &info::InfoDocument| {
            document
                .channels
                .iter()
                .map(|c| (c.topic.clone(), c.schema.clone(), c.message_count))
                .collect::<Vec<_>>()
        };
        assert_eq!(key(&before), key(&after), "{name}");
        assert_eq!(
            (before.start_ns, before.end_ns),
            (after.start_ns, after.end_ns)
        );
    }
}

#[test]
fn every_code_of_a_finding_is_in_the_catalog() {
    let Some(path) = shared_data("rosbag2") else {
        return;
    };
    for recording in checked(&path).document.recordings {
        for finding in &recording.findings {
            assert!(
                catalog().iter().any(|check| check.code == finding.code),
                "{} in {}",
                finding.code,
                recording.path
            );
            assert!(!finding.message.contains('{'), "{}", finding.message);
        }
    }
}
