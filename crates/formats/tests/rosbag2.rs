//! rosbag2: embedded definitions against recorded ones, metadata of every form.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use expect_test::expect;
use fieldassay_formats::decode::definition::Definitions;
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::rosbag2::{
    Metadata, Observed, service_event_definition, standard_definition, standard_types,
};
use fieldassay_formats::{Notes, Recording, Schema};
use fieldassay_model::Account;
use fieldassay_testkit::shared_data;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files below a folder with one extension, sorted.
fn files(folder: PathBuf, extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![folder];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Fields of a definition as type and name, without comments, constants and defaults.
fn fields(package: &str, body: &str) -> Vec<(String, String)> {
    body.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (kind, name) = (words.next()?, words.next()?);
            let constant = name.contains('=') || words.next().is_some_and(|w| w.starts_with('='));
            if constant {
                return None;
            }
            let end = kind.find(['[', '<']).unwrap_or(kind.len());
            let (base, bounds) = kind.split_at(end);
            let base = if base.starts_with(char::is_uppercase) {
                format!("{package}/{base}")
            } else {
                base.to_owned()
            };
            Some((format!("{base}{bounds}"), name.to_owned()))
        })
        .collect()
}

/// Every type of a concatenated definition: name `pkg/Type` and its fields.
fn parts(root: &str, text: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let separator = "=".repeat(80);
    let mut parts = BTreeMap::new();
    for (i, part) in text.split(&separator).enumerate() {
        let (name, body) = if i == 0 {
            (root.replacen("/msg/", "/", 1), part)
        } else {
            let part = part.trim_start().strip_prefix("MSG: ").unwrap();
            let (name, body) = part.split_once('\n').unwrap_or((part, ""));
            (name.trim().to_owned(), body)
        };
        let package = name.split('/').next().unwrap().to_owned();
        parts.insert(name, fields(&package, body));
    }
    parts
}

#[test]
fn embedded_definitions_are_those_recordings_carry() {
    let (Some(rosbag2), Some(nav2)) = (shared_data("rosbag2"), shared_data("evo_nav2_mcap")) else {
        return;
    };
    let mut compared: BTreeSet<String> = BTreeSet::new();
    for path in files(rosbag2, "mcap")
        .into_iter()
        .chain(files(nav2, "mcap"))
    {
        // Upstream wrote this file's definitions by hand, with one field each and hashes `hash1` to `hash3`.
        if path.ends_with("talker.mcap") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let recording = McapRecording::open(&bytes, OpenOptions::default()).unwrap();
        for schema in recording
            .channels()
            .iter()
            .filter_map(|c| c.schema.as_ref())
        {
            if schema.encoding != "ros2msg" || schema.data.is_empty() {
                continue;
            }
            let text = String::from_utf8(schema.data.clone()).unwrap();
            for (name, recorded) in parts(&schema.name, &text) {
                let Some(embedded) = standard_definition(&name.replacen('/', "/msg/", 1)) else {
                    continue;
                };
                let full = name.replacen('/', "/msg/", 1);
                let embedded = parts(&full, &embedded).remove(&name).unwrap();
                assert_eq!(embedded, recorded, "{name} in {}", path.display());
                compared.insert(name);
            }
        }
    }
    expect![[r"
        builtin_interfaces/Time
        geometry_msgs/Point
        geometry_msgs/Pose
        geometry_msgs/PoseWithCovariance
        geometry_msgs/PoseWithCovarianceStamped
        geometry_msgs/Quaternion
        geometry_msgs/Transform
        geometry_msgs/TransformStamped
        geometry_msgs/Twist
        geometry_msgs/TwistWithCovariance
        geometry_msgs/Vector3
        nav_msgs/Odometry
        rcl_interfaces/Log
        rcl_interfaces/Parameter
        rcl_interfaces/ParameterEvent
        rcl_interfaces/ParameterValue
        rosbag2_interfaces/WriteSplitEvent
        std_msgs/Header
        std_msgs/String
        tf2_msgs/TFMessage"]]
    .assert_eq(&compared.into_iter().collect::<Vec<_>>().join("\n"));
}

/// A service event made from a service definition, and every standard type, are definitions the decoder takes.
#[test]
fn the_decoder_takes_every_embedded_definition() {
    let parse = |name: &str, text: String| {
        let schema = Schema {
            name: name.into(),
            encoding: "ros2msg".into(),
            data: text.into_bytes(),
        };
        let definitions = Definitions::parse(&schema).unwrap();
        definitions.root_type().unwrap().fields.len()
    };
    assert!(standard_types().len() > 140);
    for name in standard_types() {
        let text = standard_definition(name).unwrap();
        let (package, kind) = name.split_once("/msg/").unwrap();
        let own = &parts(name, &text)[&format!("{package}/{kind}")];
        let own = own.len();
        assert_eq!(parse(name, text), own, "{name}");
    }
    let event = service_event_definition("my_msgs/srv/Add_Event", "int64 a\n---\nint64 b\n");
    assert_eq!(parse("my_msgs/srv/Add_Event", event.unwrap()), 3);
}

fn metadata(path: &Path) -> Metadata {
    Metadata::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_real_metadata_file_is_read() {
    let Some(folder) = shared_data("rosbag2") else {
        return;
    };
    let mut out = String::new();
    for path in files(folder, "yaml") {
        let metadata = metadata(&path);
        let topics: u64 = metadata
            .topics
            .iter()
            .map(|topic| topic.message_count)
            .sum();
        assert_eq!(metadata.message_count, Some(topics), "{}", path.display());
        let folder = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_string_lossy();
        let line = format!(
            "v{} {} {folder}: {} files, {} described, {} topics, {topics} messages, start {:?}\n",
            metadata.version,
            metadata.storage_identifier,
            metadata.relative_file_paths.len(),
            metadata.files.len(),
            metadata.topics.len(),
            metadata.start_ns,
        );
        out.push_str(&line);
    }
    expect![[r"
        v4 sqlite3 empty_bag: 1 files, 0 described, 2 topics, 0 messages, start None
        v5 mcap convert_a: 1 files, 1 described, 2 topics, 150 messages, start Some(0)
        v5 mcap convert_b: 1 files, 1 described, 2 topics, 75 messages, start Some(0)
        v4 mcap talker: 1 files, 0 described, 3 topics, 20 messages, start Some(1585866235112411371)
        v4 mcap wbag: 5 files, 0 described, 8 topics, 6074 messages, start Some(2623)
        v5 sqlite3 convert_a: 1 files, 1 described, 2 topics, 150 messages, start Some(0)
        v5 sqlite3 convert_b: 1 files, 1 described, 2 topics, 75 messages, start Some(0)
        v4 sqlite3 talker: 1 files, 0 described, 3 topics, 20 messages, start Some(1585866235112411371)
        v4 sqlite3 wbag: 5 files, 0 described, 8 topics, 6074 messages, start Some(2623)
        v8 mcap bag_with_topics_and_service_events: 1 files, 1 described, 5 topics, 10 messages, start Some(1699345836270074454)
        v7 mcap cdr_test: 1 files, 1 described, 2 topics, 7 messages, start Some(1586406456763032325)
        v6 mcap wrong_rmw_test: 1 files, 1 described, 2 topics, 7 messages, start Some(1586406456763032325)
        v8 sqlite3 bag_with_topics_and_service_events: 1 files, 1 described, 5 topics, 10 messages, start Some(1699345836023194036)
        v7 sqlite3 cdr_test: 1 files, 1 described, 2 topics, 7 messages, start Some(1586406456763032325)
        v4 sqlite3 wrong_rmw_test: 1 files, 0 described, 2 topics, 7 messages, start Some(1586406456763032325)
    "]].assert_eq(&out);
}

/// Form 9 gives quality of service as a list; keys of later forms are ignored.
const FORM_9: &str = r"
rosbag2_bagfile_information:
  version: 9
  storage_identifier: sqlite3
  duration:
    nanoseconds: 10
  starting_time:
    nanoseconds_since_epoch: 100
  message_count: 3
  topics_with_message_count:
    - topic_metadata:
        name: /a
        type: std_msgs/msg/String
        serialization_format: cdr
        offered_qos_profiles:
          - history: keep_last
            depth: 10
        type_description_hash: RIHS01_0
      message_count: 3
  compression_format: zstd
  compression_mode: message
  relative_file_paths:
    - bag_0.db3
  files:
    - path: bag_0.db3
      starting_time:
        nanoseconds_since_epoch: 100
      duration:
        nanoseconds: 10
      message_count: 3
  custom_data: ~
  ros_distro: jazzy
  something_new: [1, 2]
";

#[test]
fn form_9_is_read() {
    let metadata = Metadata::parse(FORM_9).unwrap();
    assert_eq!(metadata.compression_mode, "MESSAGE");
    assert_eq!(metadata.ros_distro, "jazzy");
    assert_eq!(
        metadata.topics[0].offered_qos_profiles,
        r#"[{"depth":10,"history":"keep_last"}]"#
    );
}

fn mismatches(text: &str, observed: &Observed<'_>) -> Vec<String> {
    let mut notes = Notes::new(20);
    Metadata::parse(text).unwrap().check(observed, &mut notes);
    let mut account = Account::default();
    notes.finish(&mut account);
    account.notes.into_iter().map(|note| note.message).collect()
}

#[test]
fn what_metadata_says_otherwise_is_noted() {
    let sound = Observed {
        file_name: "bag_0.db3",
        storage_identifier: "sqlite3",
        topics: vec![("/a", "std_msgs/msg/String", "cdr", 3)],
        log_time_range: Some((100, 110)),
    };
    assert_eq!(mismatches(FORM_9, &sound), Vec::<String>::new());
    let other = Observed {
        storage_identifier: "mcap",
        topics: vec![
            ("/a", "std_msgs/msg/Int8", "wrong_format", 2),
            ("/b", "std_msgs/msg/Int8", "cdr", 0),
        ],
        log_time_range: Some((100, 109)),
        ..sound.clone()
    };
    expect![[r"
        `metadata.yaml` says storage `sqlite3`, the file is `mcap`
        `metadata.yaml` says `3` messages in `bag_0.db3`, `2` were read
        `metadata.yaml` gives topic `/a` the type `std_msgs/msg/String`, the file `std_msgs/msg/Int8`
        `metadata.yaml` gives topic `/a` the serialization format `cdr`, the file `wrong_format`
        `metadata.yaml` says `3` messages on `/a`, `2` were read
        `metadata.yaml` does not list the topic `/b`
        `metadata.yaml` says log times `100` to `110` ns, read `100` to `109` ns"]].assert_eq(&mismatches(FORM_9, &other).join("\n"));
    let renamed = Observed {
        file_name: "renamed.db3",
        ..sound
    };
    assert_eq!(
        mismatches(FORM_9, &renamed),
        ["`metadata.yaml` does not list the file `renamed.db3`"]
    );
}

#[test]
fn text_that_is_no_metadata_is_an_error_with_a_hint() {
    for text in [
        "",
        "a: b",
        "rosbag2_bagfile_information:\n  version: [",
        "- 1\n- 2",
    ] {
        let error = Metadata::parse(text).unwrap_err();
        assert!(error.to_string().contains("hint: "), "{error}");
        assert_eq!(error.code(), "rosbag2.metadata");
    }
}
