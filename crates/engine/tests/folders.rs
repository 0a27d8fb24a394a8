//! Folders, trajectory files and `ULog` through the operations.

#![expect(clippy::unwrap_used, reason = "a test without its input fails")]

use fieldassay_engine::limits::Limits;
use fieldassay_engine::{NoProgress, check, convert, info, sources};
use fieldassay_model::{Policy, Severity};
use fieldassay_testkit::{repository_root, shared_data};
use std::path::Path;

fn found(path: &Path) -> Vec<String> {
    let input = [path.display().to_string()];
    let found = sources::find(&input, &Limits::default()).unwrap();
    let names = found.iter().map(|found| {
        let relative = found.strip_prefix(path).unwrap();
        relative.display().to_string().replace('\\', "/")
    });
    names.collect()
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_with_a_layout_is_one_recording_wherever_it_lies() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for flight in ["a", "deep/b"] {
        write(
            root,
            &format!("{flight}/mav0/imu0/data.csv"),
            b"5,1,2,3,4,5,6\n",
        );
    }
    write(root, "flight.ulg", b"ULog");
    write(root, "notes/words.txt", b"no recording");
    assert_eq!(found(root), ["a", "deep/b", "flight.ulg"]);
    assert_eq!(found(&root.join("a")), [""]);
    assert_eq!(found(&root.join("a/mav0")), [""]);
    assert!(
        sources::find(
            &[root.join("notes").display().to_string()],
            &Limits::default()
        )
        .is_err()
    );
}

/// The files of a single frame beside each other have neither times nor a form anybody defined.
#[test]
fn loose_frames_are_refused_with_the_layouts_there_are() {
    let root = tempfile::tempdir().unwrap();
    for name in ["000008.bin", "000008.png", "000008.txt"] {
        write(root.path(), name, b"1 0 0 0");
    }
    let input = [root.path().display().to_string()];
    let error = sources::find(&input, &Limits::default()).unwrap_err();
    let text = error.to_string();
    for layout in fieldassay_formats::folder::LAYOUTS {
        assert!(text.contains(layout.mark), "{text}");
    }
    assert!(
        text.contains("KITTI object: frames below each of"),
        "{text}"
    );
}

#[test]
fn the_id_of_a_folder_is_what_sha256sum_says() {
    let Some(path) = shared_data("euroc_micro") else {
        return;
    };
    let document = info::run(&path, 2, &Limits::default()).unwrap();
    // `find . -type f | sed 's,^\./,,' | LC_ALL=C sort | xargs sha256sum | sha256sum`
    assert_eq!(
        document.sha256,
        "d9399d4fb915060122c65b0c816bc4a160f9dde9c7ce73300e3bed0670e7406c"
    );
    assert_eq!(document.id.to_string(), "r-d9399d4fb9150601");
    assert_eq!((document.format, document.message_count), ("euroc", 29_217));
    assert!(document.complete);
}

#[test]
fn times_beside_kitti_poses_are_found() {
    let Some(path) = shared_data("evo_kitti00/KITTI_00_gt.txt") else {
        return;
    };
    let document = info::run(&path, 1, &Limits::default()).unwrap();
    assert_eq!(document.format, "kitti_poses");
    assert_eq!(document.message_count, 4_541);
    assert_eq!(document.end_ns, Some(470_581_600_000));
}

#[test]
fn a_ulog_keeps_its_parameters_through_convert() {
    let root = tempfile::tempdir().unwrap();
    let request = convert::Request {
        input: repository_root().join("conformance/ulog/full.ulg"),
        output: root.path().join("out.mcap"),
        force: false,
        verb: "convert",
        limits: Limits::default(),
    };
    let outcome = convert::run(&request).unwrap();
    assert_eq!((outcome.message_count, outcome.channel_count), (140, 6));
    let document = info::run(&request.output, 1, &Limits::default()).unwrap();
    let parameters = document
        .metadata
        .iter()
        .find(|m| m.name == "ulog.parameters");
    let entries = &parameters.unwrap().entries;
    assert_eq!(entries["SYS_AUTOSTART"], "4001");
    assert_eq!(entries["MC_ROLL_P"], "6.5");
}

#[test]
fn text_that_is_no_trajectory_says_what_would_be() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "words.txt", b"just words\n");
    let error = info::run(&root.path().join("words.txt"), 1, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("no trajectory"), "{error}");
}

/// Code and severity of every finding of a folder, under the default policy.
fn findings(path: &Path) -> Vec<(String, Severity)> {
    let policy = Policy::built_in("default").unwrap();
    let inputs = [path.display().to_string()];
    let request = check::Request {
        inputs: &inputs,
        policy: &policy,
        topics: None,
        start: None,
        end: None,
        jobs: 2,
        limits: Limits::default(),
    };
    let (paths, _) = check::plan(&request).unwrap();
    let outcome = check::run(&request, &paths, &NoProgress).unwrap();
    let findings = outcome.document.recordings[0].findings.iter();
    findings
        .map(|finding| (finding.code.clone(), finding.severity))
        .collect()
}

/// Healthy data sets of other people raise no warning. What is left is information, and it is right:
/// RLDS has no times, the Lyft tables came without their files.
#[test]
fn data_sets_of_others_raise_no_warning() {
    let own = |name: &str| Some(repository_root().join("conformance/folder").join(name));
    let log = "av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede";
    let sets = [
        (own("lerobot_v21"), "lerobot"),
        (own("lerobot_v30"), "lerobot"),
        (own("rlds/1.0.0"), "rlds"),
        (own("rlds_peer/tiny/1.0.0"), "rlds"),
        (shared_data("lyft_tables"), "nuscenes"),
        (shared_data(log), "argoverse2"),
    ];
    for (path, format) in sets {
        let Some(path) = path else { continue };
        let document = info::run(&path, 2, &Limits::default()).unwrap();
        assert_eq!(document.format, format);
        let findings = findings(&path);
        let beyond = findings
            .iter()
            .filter(|(_, severity)| *severity > Severity::Info);
        assert_eq!(
            beyond.collect::<Vec<_>>(),
            [] as [&(String, Severity); 0],
            "{format}"
        );
    }
}

/// The third episode of a data set of the package `lerobot` is its first one again; nothing else is wrong with it.
#[test]
fn a_copied_episode_is_the_only_warning() {
    for name in ["lerobot_peer_v21", "lerobot_peer_v30"] {
        let findings = findings(&repository_root().join("conformance/folder").join(name));
        let beyond: Vec<_> = findings
            .into_iter()
            .filter(|(_, s)| *s > Severity::Info)
            .collect();
        assert_eq!(
            beyond,
            [("joints.duplicate".to_owned(), Severity::Warn)],
            "{name}"
        );
    }
}

/// A data set whose totals were not written again after episodes were removed, and without its frames:
/// both are warnings, nothing is an error.
#[test]
fn a_trimmed_data_set_is_a_warning() {
    let Some(path) = shared_data("lerobot_meta_v21") else {
        return;
    };
    let findings = findings(&path);
    for code in ["structure.episode_count", "structure.empty"] {
        assert!(
            findings.contains(&(code.to_owned(), Severity::Warn)),
            "{findings:?}"
        );
    }
    assert!(
        findings
            .iter()
            .all(|(_, severity)| *severity < Severity::Error)
    );
}
