//! Whole commands: what goes to which stream, and the exit code.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod common;

use common::{json, run};
use std::path::PathBuf;

/// A folder with a simulated drive of 10 s.
fn folder_with_drive(faults: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut arguments = vec!["simulate", "drive.mcap", "--duration", "10", "--seed", "7"];
    for fault in faults {
        arguments.extend(["--fault", fault]);
    }
    let made = run(folder.path(), &arguments);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let path = folder.path().join("drive.mcap");
    (folder, path)
}

#[test]
fn a_clean_drive_passes_and_the_document_fits_its_schema() {
    let (folder, path) = folder_with_drive(&[]);
    let before = std::fs::read(&path).expect("the drive");
    let text = run(folder.path(), &["check", "drive.mcap"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(
        text.stdout.starts_with("PASS  drive.mcap\n"),
        "{}",
        text.stdout
    );
    let checked = run(folder.path(), &["check", "drive.mcap", "--json"]);
    let document = json(&checked);
    assert_eq!(document["schema"], "fieldassay.check");
    assert_eq!(document["recordings"][0]["verdict"], "pass");
    assert_eq!(document["recordings"][0]["complete"], true);
    let schema = fieldassay_testkit::repository_root().join("docs/reference/check.schema.json");
    let schema = std::fs::read_to_string(schema).expect("the generated schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "I9: promised JSON has a schema {errors:?}"
    );
    let after = std::fs::read(&path).expect("the drive");
    assert_eq!(after, before, "I8: inputs are never modified");
}

#[test]
fn the_same_input_gives_the_same_document_for_any_number_of_threads() {
    let (folder, _) = folder_with_drive(&["drop_percent=2"]);
    let one = run(
        folder.path(),
        &["check", "drive.mcap", "--json", "--jobs", "1"],
    );
    let eight = run(
        folder.path(),
        &["check", "drive.mcap", "--json", "--jobs", "8"],
    );
    assert_eq!(
        one.stdout, eight.stdout,
        "I5: same bytes for any thread count"
    );
}

#[test]
fn the_gate_says_no_with_four_and_data_loss_is_three() {
    let (folder, path) = folder_with_drive(&["stall_s=0.5"]);
    assert_eq!(run(folder.path(), &["check", "drive.mcap"]).code, 0);
    assert_eq!(
        run(folder.path(), &["check", "drive.mcap", "--fail-on", "warn"]).code,
        4
    );
    let bytes = std::fs::read(&path).expect("the drive");
    let cut = bytes.get(..bytes.len() / 2).expect("half of it");
    std::fs::write(folder.path().join("cut.mcap"), cut).expect("written");
    let checked = run(
        folder.path(),
        &["check", "cut.mcap", "--json", "--fail-on", "fail"],
    );
    assert_eq!(
        checked.code, 3,
        "I7: partial success is explicit {}",
        checked.stderr
    );
    let document = json(&checked);
    assert_eq!(document["recordings"][0]["complete"], false);
    assert!(document["recordings"][0]["message_count"].as_u64() > Some(0));
}

#[test]
fn an_unreadable_file_is_one_and_the_others_are_checked() {
    let (folder, _) = folder_with_drive(&[]);
    std::fs::write(folder.path().join("notes.mcap"), "not a recording").expect("written");
    let checked = run(folder.path(), &["check", ".", "--json"]);
    assert_eq!(checked.code, 1);
    let document = json(&checked);
    let recordings = document["recordings"].as_array().expect("a list");
    assert_eq!(recordings.len(), 2);
    let error = recordings[1]["error"].as_str().expect("a reason");
    assert!(
        error.contains("notes.mcap") && error.contains("rosbag2 SQLite"),
        "{error}"
    );
    let missing = run(folder.path(), &["check", "nowhere.mcap"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.stderr.contains("`nowhere.mcap` does not exist"),
        "{}",
        missing.stderr
    );
    assert!(missing.stdout.is_empty());
}

#[test]
fn wrong_arguments_are_two_and_say_what_to_do() {
    let (folder, _) = folder_with_drive(&[]);
    std::fs::write(
        folder.path().join("mine.yaml"),
        "extends: default\nchecks: {time.gpa: {warn: 3}}\n",
    )
    .expect("written");
    for (arguments, expected) in [
        (vec!["check"], "required"),
        (vec!["chekc", "drive.mcap"], "check"),
        (
            vec!["check", "drive.mcap", "--policy", "strct"],
            "did you mean `strict`?",
        ),
        (
            vec!["check", "drive.mcap", "--policy", "mine.yaml"],
            "did you mean `time.gap`?",
        ),
        (
            vec!["check", "drive.mcap", "--policy", "none.yaml"],
            "does not exist",
        ),
        (
            vec!["check", "drive.mcap", "--topics", "("],
            "not a regular expression",
        ),
        (
            vec!["check", "drive.mcap", "--start", "noon"],
            "seconds from the start",
        ),
        (vec!["checks", "time.gpa"], "did you mean `time.gap`?"),
        (vec!["simulate", "x.mcap", "--fault", "stal_s=1"], "stall_s"),
        (vec!["simulate", "drive.mcap"], "--force"),
        (
            vec!["check", "drive.mcap", "--report", "none/r.html"],
            "does not exist",
        ),
        (
            vec!["recover", "drive.mcap", "drive.mcap"],
            "the input itself",
        ),
    ] {
        let refused = run(folder.path(), &arguments);
        assert_eq!(refused.code, 2, "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(expected),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
}

#[test]
fn recover_writes_what_check_finds_complete() {
    let (folder, path) = folder_with_drive(&[]);
    let bytes = std::fs::read(&path).expect("the drive");
    let cut = bytes.get(..bytes.len() * 2 / 3).expect("a part");
    std::fs::write(folder.path().join("cut.mcap"), cut).expect("written");
    let recovered = run(
        folder.path(),
        &["recover", "cut.mcap", "clean.mcap", "--json"],
    );
    assert_eq!(recovered.code, 3, "{}", recovered.stderr);
    let written = json(&recovered)["message_count"].as_u64();
    let checked = run(folder.path(), &["check", "clean.mcap", "--json"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let document = json(&checked);
    assert_eq!(document["recordings"][0]["message_count"].as_u64(), written);
    assert_eq!(document["recordings"][0]["complete"], true);
    let again = run(folder.path(), &["recover", "cut.mcap", "clean.mcap"]);
    assert_eq!(again.code, 2, "nothing is replaced without --force");
}

#[test]
fn topics_and_times_select() {
    let (folder, _) = folder_with_drive(&[]);
    let all = json(&run(folder.path(), &["check", "drive.mcap", "--json"]));
    let part = json(&run(
        folder.path(),
        &[
            "check",
            "drive.mcap",
            "--json",
            "--topics",
            "^/imu",
            "--start",
            "2",
            "--end",
            "4.5",
        ],
    ));
    let start = all["recordings"][0]["start_ns"].as_i64().expect("a start");
    let recording = &part["recordings"][0];
    assert!(recording["start_ns"].as_i64() >= Some(start + 2_000_000_000));
    assert!(recording["end_ns"].as_i64() <= Some(start + 4_500_000_000));
    for channel in recording["channels"].as_array().expect("a list") {
        assert!(
            channel["topic"]
                .as_str()
                .is_some_and(|topic| topic.starts_with("/imu"))
        );
    }
}

#[test]
fn a_selection_that_leaves_nothing_is_never_a_pass() {
    let (folder, _) = folder_with_drive(&[]);
    for selection in [["--topics", "^/none"], ["--start", "5000"]] {
        let arguments = [&["check", "drive.mcap", "--json"], &selection[..]].concat();
        let document = json(&run(folder.path(), &arguments));
        let verdict = &document["recordings"][0]["verdict"];
        assert_eq!(verdict, "not_evaluated", "I6: missing facts are no pass");
        let gated = [&arguments[..], &["--fail-on", "fail"]].concat();
        assert_eq!(run(folder.path(), &gated).code, 4);
    }
}

#[test]
fn the_report_is_one_file_without_network() {
    let (folder, _) = folder_with_drive(&["step_ms=20"]);
    let made = run(
        folder.path(),
        &["check", "drive.mcap", "--report", "report.html"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("the page");
    assert!(page.contains("drive.mcap") && page.contains("<svg"));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));
    let again = run(
        folder.path(),
        &["check", "drive.mcap", "--report", "report.html"],
    );
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn the_demo_shows_truth_beside_findings_and_repeats() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = run(folder.path(), &["demo"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stdout.contains("simulated"));
    for (fault, found) in [
        ("offset_ms", "motion.offset on /imu -> /camera/image"),
        ("gnss_jump_m", "gnss.jump on /gnss/fix"),
        ("dead_ring_count", "lidar.dead_ring on /lidar/points"),
        ("freeze_s", "camera.freeze on /camera/image"),
        (
            "extrinsic_rotation_deg",
            "calibration.hand_eye_rotation on /camera/odometry",
        ),
        ("gyro_bias_rad_s", "imu.gyro_bias on /imu"),
        ("stall_s", "time.gap on /lidar/scan"),
        ("truncate_percent", "structure."),
    ] {
        let (_, rest) = first.stdout.split_once(fault).expect("the fault is shown");
        let drive = rest.split("\n\n").next().unwrap_or_default();
        assert!(drive.contains(found), "{fault}: {}", first.stdout);
    }
    assert!(folder.path().join("fieldassay-demo/report.html").is_file());
    // Again beside the same files: refused if a byte of them differed.
    let again = run(folder.path(), &["demo", "--json"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let document = json(&again);
    let drives = document["drives"].as_array().expect("a list");
    for drive in drives {
        let faults = drive["truth"].as_array().map_or(0, Vec::len);
        let found = drive["findings"].as_array().map_or(0, Vec::len);
        assert_eq!(faults > 0, found > 0, "{}", drive["path"]);
    }
}

#[test]
fn checks_are_listed_and_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = run(folder.path(), &["checks"]);
    assert_eq!(list.code, 0);
    assert!(list.stdout.contains("time.gap") && list.stdout.contains("transform.cycle"));
    let one = run(folder.path(), &["checks", "time.gap"]);
    assert!(one.stdout.contains("how it is computed"), "{}", one.stdout);
    let policy = run(
        folder.path(),
        &["checks", "--policy-file", "--policy", "strict"],
    );
    assert!(
        policy.stdout.contains("fieldassay.policy"),
        "{}",
        policy.stdout
    );
}
