//! MCAP files other programs recorded: counts and known answers.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::support::{Nothing, read_units};
use fieldassay_formats::Recording;
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_testkit::shared_data;
use std::collections::BTreeMap;

/// Messages per topic, and the codes of everything noted or lost.
fn survey(relative: &str) -> Option<(BTreeMap<String, u64>, Vec<String>)> {
    let bytes = std::fs::read(shared_data(relative)?).unwrap();
    let mut surveys = Vec::new();
    for scan_definitions in [false, true] {
        let options = OpenOptions {
            scan_definitions,
            ..OpenOptions::default()
        };
        let recording = McapRecording::open(&bytes, options).unwrap();
        let units = read_units(&recording, &mut Nothing);
        let mut counts = BTreeMap::new();
        for channel in recording.channels() {
            counts.insert(channel.topic.clone(), 0);
        }
        let mut codes = Vec::new();
        for unit in &units {
            assert_eq!(unit.undefined_channel_messages, 0);
            for (id, count) in &unit.channel_messages {
                let mut channels = recording.channels().iter();
                let channel = channels.find(|channel| channel.id == *id).unwrap();
                *counts.get_mut(&channel.topic).unwrap() += count;
            }
            codes.extend(unit.account.notes.iter().map(|note| note.code.to_owned()));
            codes.extend(unit.account.losses.iter().map(|loss| loss.code.clone()));
        }
        let account = recording.account(&units);
        codes.extend(account.notes.iter().map(|note| note.code.to_owned()));
        codes.extend(account.losses.iter().map(|loss| loss.code.clone()));
        codes.sort();
        codes.dedup();
        surveys.push((counts, codes));
    }
    assert_eq!(
        surveys[0], surveys[1],
        "definitions from summary and data agree"
    );
    surveys.pop()
}

#[test]
fn nav2_turtlebot() {
    let Some((counts, codes)) = survey("evo_nav2_mcap/nav2_turtlebot.mcap") else {
        return;
    };
    let expected = [
        ("/amcl_pose", 135),
        ("/odom", 2639),
        ("/tf", 5422),
        ("/tf_static", 1),
    ];
    let expected = expected.map(|(topic, count)| (topic.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
    assert_eq!(codes, Vec::<String>::new());
}

#[test]
fn lichtblick_example() {
    let Some((counts, codes)) = survey("lichtblick_dev/example.mcap") else {
        return;
    };
    assert_eq!(counts.values().sum::<u64>(), 111);
    assert_eq!(codes, Vec::<String>::new());
}

#[test]
fn rosbag2_recordings() {
    let recordings = [
        ("rosbag2_py/test/resources/mcap/talker/talker.mcap", 20),
        (
            "rosbag2_py/test/resources/mcap/reindex_test_bags/multiple_files/multiple_files_0.mcap",
            1324,
        ),
        (
            "rosbag2_py/test/resources/mcap/reindex_test_bags/multiple_files/multiple_files_1.mcap",
            1324,
        ),
        (
            "rosbag2_py/test/resources/mcap/reindex_test_bags/multiple_files/multiple_files_2.mcap",
            529,
        ),
        ("rosbag2_py/test/resources/mcap/wbag/wbag_0.mcap", 1246),
        ("rosbag2_py/test/resources/mcap/wbag/wbag_1.mcap", 1240),
        ("rosbag2_py/test/resources/mcap/wbag/wbag_2.mcap", 1240),
        ("rosbag2_py/test/resources/mcap/wbag/wbag_3.mcap", 1240),
        ("rosbag2_py/test/resources/mcap/wbag/wbag_4.mcap", 1108),
    ];
    for (relative, messages) in recordings {
        let Some((counts, codes)) = survey(&format!("rosbag2/{relative}")) else {
            return;
        };
        assert_eq!(counts.values().sum::<u64>(), messages, "{relative}");
        assert_eq!(codes, Vec::<String>::new(), "{relative}");
    }
}
