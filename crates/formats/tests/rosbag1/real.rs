//! Real recordings and round trips.

use crate::writer::{Omit, Packing, write_bag};
use crate::{Content, examples, read, small};
use expect_test::expect;
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_formats::{Buffers, Format, Limits, Recording as _, read_part};
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn overview(content: &Content) -> String {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for sample in &content.samples {
        *counts.entry(sample.conn).or_default() += 1;
    }
    let mut topics: BTreeMap<(String, String), usize> = BTreeMap::new();
    for channel in &content.channels {
        let schema = channel.schema.as_ref().unwrap();
        *topics
            .entry((channel.topic.clone(), schema.name.clone()))
            .or_default() += counts.get(&channel.id).copied().unwrap_or(0);
    }
    let mut out = String::new();
    for ((topic, name), count) in topics {
        let _ = writeln!(out, "{count:>5} {topic} {name}");
    }
    let first = content.samples.iter().map(|s| s.time).min().unwrap();
    let last = content.samples.iter().map(|s| s.time).max().unwrap();
    let _ = writeln!(
        out,
        "{} messages, {} ns, {:?}",
        content.samples.len(),
        last - first,
        content.codes()
    );
    out
}

#[test]
fn real_bags_have_the_known_counts() {
    let Some((plain, bz2)) = examples() else {
        return;
    };
    let plain = read(&plain);
    expect![[r#"
           10 /rosout rosgraph_msgs/Log
         2688 /tf tf/tfMessage
            1 /tf_static tf2_msgs/TFMessage
          357 /turtle1/cmd_vel geometry_msgs/Twist
         1351 /turtle1/color_sensor turtlesim/Color
         1344 /turtle1/pose turtlesim/Pose
          208 /turtle2/cmd_vel geometry_msgs/Twist
         1344 /turtle2/color_sensor turtlesim/Color
         1344 /turtle2/pose turtlesim/Pose
        8647 messages, 21700086256 ns, ["structure.message_order"]
    "#]]
    .assert_eq(&overview(&plain));
    assert_eq!(plain.samples.len(), 8647);
    let bz2 = read(&bz2);
    // `rosbag compress` put the late messages in order.
    assert_eq!(
        overview(&plain).replace("\"structure.message_order\"", ""),
        overview(&bz2)
    );
    // It also numbered the connections anew.
    let sorted = |content: &Content| {
        let samples = content.samples.iter();
        let mut pairs: Vec<_> = samples.map(|s| (s.time, s.data.clone())).collect();
        pairs.sort();
        pairs
    };
    assert!(sorted(&plain) == sorted(&bz2));
}

#[test]
fn rewriting_with_every_compression_changes_nothing() {
    let Some((plain, _)) = examples() else {
        return;
    };
    let plain = read(&plain);
    for packing in [Packing::Loose, Packing::None, Packing::Bz2, Packing::Lz4] {
        let bytes = write_bag(
            &plain.connections(),
            &plain.samples,
            packing,
            500,
            Omit::default(),
        );
        let again = read(&bytes);
        assert_eq!(again.samples, plain.samples, "{packing:?}");
        assert_eq!(again.channels, plain.channels, "{packing:?}");
        // The recorder itself wrote some messages late.
        assert_eq!(again.codes(), ["structure.message_order"], "{packing:?}");
    }
}

#[test]
fn a_bag_without_any_index_is_read_whole() {
    let (connections, samples) = small(300);
    let omit = Omit {
        index_records: true,
        index_section: true,
    };
    for packing in [Packing::None, Packing::Bz2, Packing::Lz4] {
        let content = read(&write_bag(&connections, &samples, packing, 40, omit));
        assert_eq!(content.samples, samples);
        assert_eq!(content.channels.len(), 3);
        assert_eq!(content.codes(), ["structure.index_missing"]);
    }
}

#[test]
fn every_unit_is_read_from_its_own_bytes() {
    let (connections, samples) = small(400);
    let packings = [Packing::None, Packing::Bz2, Packing::Lz4];
    let mut bags: Vec<Vec<u8>> = packings
        .iter()
        .map(|packing| write_bag(&connections, &samples, *packing, 50, Omit::default()))
        .collect();
    if let Some((plain, bz2)) = examples() {
        bags.extend([plain, bz2]);
    }
    // The last one ends within a chunk.
    let cut = bags[0].len() * 2 / 3;
    bags.push(bags[0][..cut].to_vec());
    for bytes in &bags {
        let recording = BagRecording::open(bytes, Limits::default()).unwrap();
        let mut buffers = Buffers::default();
        let mut messages = 0;
        for unit in 0..recording.unit_count() {
            let (mut whole, mut part) = (Content::default(), Content::default());
            recording.read_unit(unit, &mut buffers, &mut whole);
            let place = recording.unit_part(unit).unwrap();
            let start = usize::try_from(place.offset).unwrap();
            let end = start + usize::try_from(place.length).unwrap();
            let own = &bytes[start..end];
            assert!(read_part(
                Format::Rosbag1,
                own,
                Limits::default(),
                &mut buffers,
                &mut part
            ));
            assert_eq!(part.samples, whole.samples, "unit {unit}");
            messages += part.samples.len();
        }
        assert_eq!(messages, read(bytes).samples.len());
        assert!(messages > 100);
        assert_eq!(recording.unit_part(recording.unit_count()), None);
    }
}
