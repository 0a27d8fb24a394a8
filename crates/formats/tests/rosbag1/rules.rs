//! Lies and broken rules: each gives its code, and costs nothing that can be read.

use crate::writer::{Omit, Packing, Sample, record, write_bag};
use crate::{Content, read, read_with, small};
use fieldassay_formats::rosbag1::{BagError, BagRecording, RULES, sniff};
use fieldassay_formats::{Limits, Recording};
use proptest::prelude::*;

const PLAIN: [Packing; 4] = [Packing::Loose, Packing::None, Packing::Bz2, Packing::Lz4];

fn bag(packing: Packing) -> (Vec<u8>, Vec<Sample>) {
    let (connections, samples) = small(60);
    (
        write_bag(&connections, &samples, packing, 20, Omit::default()),
        samples,
    )
}

/// Offset of the `nth` occurrence of some bytes.
fn position(bytes: &[u8], needle: &[u8], nth: usize) -> usize {
    let places = bytes.windows(needle.len()).enumerate();
    let mut places = places
        .filter(|(_, window)| *window == needle)
        .map(|(at, _)| at);
    places.nth(nth).unwrap()
}

/// Overwrites the value of the `nth` field of that name.
fn set(bytes: &mut [u8], field: &[u8], nth: usize, value: &[u8]) {
    let at = position(bytes, field, nth) + field.len();
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn check(bytes: &[u8], samples: &[Sample], codes: &[&str]) -> Content {
    let content = read(bytes);
    assert!(
        content.samples == samples,
        "{:?} {:?}",
        content.samples.len(),
        content.losses()
    );
    assert_eq!(content.codes(), codes);
    let published = |code: &String| RULES.iter().any(|rule| rule.code == code);
    assert!(content.codes().iter().all(published));
    content
}

#[test]
fn sound_bags_break_no_rule() {
    for packing in PLAIN {
        let (bytes, samples) = bag(packing);
        let content = check(&bytes, &samples, &[]);
        assert_eq!(content.channels.len(), 3, "{packing:?}");
    }
}

#[test]
fn a_wrong_index_position_is_not_believed() {
    for wrong in [1_u64, 4109, 5000, u64::MAX] {
        let (mut bytes, samples) = bag(Packing::Bz2);
        set(&mut bytes, b"index_pos=", 0, &wrong.to_le_bytes());
        let code = if wrong == u64::MAX {
            "loss.truncated"
        } else {
            "structure.bag_header_mismatch"
        };
        check(&bytes, &samples, &[code]);
    }
}

#[test]
fn an_unclosed_bag_says_so() {
    let (mut bytes, samples) = bag(Packing::Lz4);
    set(&mut bytes, b"index_pos=", 0, &0_u64.to_le_bytes());
    check(&bytes, &samples, &["structure.index_missing"]);
}

#[test]
fn lying_counts_are_noted() {
    let (mut bytes, samples) = bag(Packing::None);
    set(&mut bytes, b"chunk_count=", 0, &1_u32.to_le_bytes());
    check(&bytes, &samples, &["structure.bag_header_mismatch"]);

    // The rows of the chunk info record: connection, count.
    let (mut bytes, samples) = bag(Packing::None);
    let info = position(&bytes, b"\x04\x00\x00\x00op=\x06", 0);
    let rows = position(&bytes[info..], b"ver=", 0) + info + 4 + 4 + 4;
    bytes[rows + 4] += 1;
    check(&bytes, &samples, &["structure.chunk_index_mismatch"]);

    let (mut bytes, samples) = bag(Packing::None);
    let info = position(&bytes, b"start_time=", 0);
    bytes[info + 11] ^= 1;
    check(&bytes, &samples, &["structure.chunk_index_mismatch"]);
}

#[test]
fn lying_index_records_are_noted() {
    let (mut bytes, samples) = bag(Packing::Bz2);
    let index = position(&bytes, b"\x04\x00\x00\x00op=\x04", 1);
    let rows = position(&bytes[index..], b"ver=", 0) + index + 4 + 4 + 4;
    bytes[rows + 8] ^= 0x40;
    check(&bytes, &samples, &["structure.message_index"]);
}

#[test]
fn a_wrong_chunk_size_costs_nothing() {
    for packing in [Packing::None, Packing::Bz2, Packing::Lz4] {
        let (mut bytes, samples) = bag(packing);
        set(&mut bytes, b"size=", 1, &7_u32.to_le_bytes());
        check(&bytes, &samples, &["structure.chunk_size"]);
    }
}

#[test]
fn a_wrong_chunk_length_costs_nothing() {
    for packing in [Packing::None, Packing::Bz2, Packing::Lz4] {
        for wrong in [3_u32, 100_000, u32::MAX] {
            let (mut bytes, samples) = bag(packing);
            let at = position(&bytes, b"size=", 1) + 9;
            bytes[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            let content = read(&bytes);
            assert!(
                content.samples == samples,
                "{packing:?} {wrong}: {:?}",
                content.losses()
            );
            assert_eq!(
                content.codes(),
                ["structure.record_repaired"],
                "{packing:?} {wrong}"
            );
        }
    }
}

#[test]
fn a_damaged_chunk_header_costs_nothing() {
    for packing in [Packing::None, Packing::Bz2, Packing::Lz4] {
        let (mut bytes, samples) = bag(packing);
        let at = position(&bytes, b"compression=", 1);
        bytes[at] = b'X';
        let content = read(&bytes);
        assert!(
            content.samples == samples,
            "{packing:?}: {:?}",
            content.losses()
        );
        assert_eq!(content.losses().len(), 1);
        assert_eq!(content.losses()[0].messages, Some(0), "{packing:?}");
    }
}

#[test]
fn an_unknown_compression_name_is_settled_by_the_data() {
    let (mut bytes, samples) = bag(Packing::Bz2);
    set(&mut bytes, b"compression=", 1, b"xyz");
    check(&bytes, &samples, &[]);
    // Without a signature nothing can be read, but what is lost is known.
    let data = position(&bytes, b"BZh", 1);
    bytes[data] = b'b';
    let content = read(&bytes);
    assert_eq!(content.samples.len(), 40);
    let losses = content.losses();
    assert_eq!(losses.len(), 1);
    assert_eq!(
        (losses[0].code.as_str(), losses[0].messages),
        ("loss.unknown_compression", Some(20))
    );
}

#[test]
fn a_failed_checksum_makes_messages_suspect() {
    for packing in [Packing::Bz2, Packing::Lz4] {
        let (connections, samples) = small(60);
        let mut bytes = write_bag(&connections, &samples, packing, 20, Omit::default());
        let length = position(&bytes, b"size=", 1) + 9;
        let data = length + 4;
        let length: [u8; 4] = bytes[length..data].try_into().unwrap();
        let end = data + usize::try_from(u32::from_le_bytes(length)).unwrap();
        // The stored checksum: of the bzip2 block behind its signature, of the LZ4 frame at its end.
        let at = if packing == Packing::Bz2 {
            data + 10
        } else {
            end - 1
        };
        bytes[at] ^= 0x10;
        let content = read(&bytes);
        assert!(content.samples == samples, "{packing:?}");
        let suspect: u64 = content.summaries.iter().map(|s| s.suspect_messages).sum();
        assert_eq!(suspect, 20, "{packing:?}: {:?}", content.losses());
        assert_eq!(content.losses()[0].messages, Some(0));
    }
}

#[test]
fn an_undefined_connection_is_counted() {
    let (mut connections, samples) = small(60);
    connections.pop();
    let bytes = write_bag(&connections, &samples, Packing::None, 20, Omit::default());
    let content = check(&bytes, &samples, &["structure.undefined_channel"]);
    let undefined: u64 = content
        .summaries
        .iter()
        .map(|s| s.undefined_channel_messages)
        .sum();
    assert_eq!(
        undefined,
        samples.iter().filter(|s| s.conn == 2).count() as u64
    );
}

#[test]
fn contradicting_definitions_are_noted() {
    let (mut bytes, samples) = bag(Packing::None);
    // The first definition of a topic is in a chunk, the second in the index section.
    let at = position(&bytes, b"topic=/topic_1", 0);
    bytes[at + 13] = b'9';
    check(&bytes, &samples, &["structure.channel_conflict"]);
}

#[test]
fn late_messages_and_unknown_records_are_noted() {
    let (connections, mut samples) = small(60);
    samples.swap(10, 11);
    samples.swap(19, 20);
    let mut bytes = write_bag(&connections, &samples, Packing::None, 20, Omit::default());
    let content = check(&bytes, &samples, &["structure.message_order"]);
    assert_eq!(content.notes().len(), 2);
    bytes.extend(record(&[("op", &[0x77])], b"later"));
    check(
        &bytes,
        &samples,
        &["structure.message_order", "structure.unknown_opcode"],
    );
}

#[test]
fn a_chunk_beyond_the_limit_is_cut_there() {
    for packing in [Packing::Bz2, Packing::Lz4] {
        let (bytes, samples) = bag(packing);
        let limits = Limits {
            unit_bytes: 1000,
            ..Limits::default()
        };
        let content = read_with(&bytes, limits);
        assert!(content.samples.len() < samples.len());
        assert!(
            content
                .losses()
                .iter()
                .all(|loss| loss.code == "loss.too_large")
        );
        let lost: u64 = content
            .losses()
            .iter()
            .map(|loss| loss.messages.unwrap())
            .sum();
        assert_eq!(
            content.samples.len() + usize::try_from(lost).unwrap(),
            samples.len()
        );
    }
}

#[test]
fn a_damaged_magic_does_not_hide_the_bag() {
    let (mut bytes, samples) = bag(Packing::None);
    bytes[3] ^= 1;
    assert!(sniff(&bytes));
    check(&bytes, &samples, &["structure.magic"]);
}

#[test]
fn other_files_are_refused_with_a_hint() {
    for (bytes, code) in [
        (b"".as_slice(), "rosbag1.not_a_bag"),
        (b"\x89MCAP0\r\n", "rosbag1.not_a_bag"),
        (b"#ROSBAG V1.2\n", "rosbag1.version"),
        (b"#ROSRECORD V1.1\n", "rosbag1.version"),
    ] {
        let error = BagRecording::open(bytes, Limits::default()).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("hint: "), "{error}");
    }
    let version = BagRecording::open(b"#ROSBAG V1.2\n", Limits::default());
    assert_eq!(
        version.unwrap_err(),
        BagError::Version {
            version: "1.2".into()
        }
    );
}

#[test]
fn units_beyond_the_last_read_nothing() {
    let (bytes, _) = bag(Packing::None);
    let recording = BagRecording::open(&bytes, Limits::default()).unwrap();
    let mut content = Content::default();
    let mut buffers = fieldassay_formats::Buffers::default();
    let summary = recording.read_unit(recording.unit_count(), &mut buffers, &mut content);
    assert_eq!((summary.messages, content.samples.len()), (0, 0));
    assert_eq!(recording.unit_bytes(usize::MAX), 0);
    let total: u64 = (0..recording.unit_count())
        .map(|unit| recording.unit_bytes(unit))
        .sum();
    assert!(total < bytes.len() as u64);
}

fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (
        0_u32..3,
        0_i64..4_000_000_000_000_000_000,
        prop::collection::vec(any::<u8>(), 0..200),
    );
    let sample = sample.prop_map(|(conn, time, data)| Sample { conn, time, data });
    prop::collection::vec(sample, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written is read, in order, in every packing.
    #[test]
    fn written_bags_are_read_back(samples in any_samples(), per_chunk in 1_usize..30) {
        let (connections, _) = small(1);
        for packing in PLAIN {
            let bytes = write_bag(&connections, &samples, packing, per_chunk, Omit::default());
            let content = read(&bytes);
            prop_assert!(content.samples == samples);
            prop_assert!(content.codes().iter().all(|code| code == "structure.message_order"));
        }
    }

    /// Any bytes behind the magic are read without panic, and accounted for.
    #[test]
    fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = b"#ROSBAG V2.0\n".to_vec();
        bytes.extend(&tail);
        let content = read(&bytes);
        prop_assert!(tail.is_empty() || !content.codes().is_empty());
    }
}
