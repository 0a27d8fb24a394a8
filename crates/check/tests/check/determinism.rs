//! The same evidence for any number of threads, any memory, any chunking.

use crate::common::{Drive, FakeScratch, MS, START, Stream, Transform, evidence_with};
use fieldassay_check::{CheckOptions, Evidence, HeapOnly};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};

fn drive(chunk_bytes: usize) -> Drive {
    let mut drive = Drive {
        streams: vec![
            Stream::regular("/imu", 5 * MS, 20_000),
            Stream::regular("/camera_left", 40 * MS, 2500),
            Stream::regular("/camera_right", 40 * MS, 2500),
        ],
        chunk_bytes: Some(chunk_bytes),
        ..Drive::default()
    };
    drive.streams[0].samples.drain(700..705);
    for i in 0..3000 {
        drive
            .transforms
            .push(Transform::new(START + i * 30 * MS, "odom", "base"));
        drive
            .transforms
            .push(Transform::new(START + i * 30 * MS, "base", "imu_link"));
    }
    drive
}

#[expect(clippy::expect_used, reason = "a test helper may panic")]
fn run(bytes: &[u8], threads: usize, memory_bytes: usize) -> Evidence {
    let recording = McapRecording::open(bytes, OpenOptions::default()).expect("an MCAP file");
    let options = CheckOptions {
        threads,
        memory_bytes,
        ..CheckOptions::default()
    };
    evidence_with(&recording, &options, &FakeScratch)
}

#[test]
fn threads_and_memory_do_not_change_the_evidence() {
    let bytes = drive(4096).bytes();
    let reference = run(&bytes, 1, 128 << 20);
    assert!(reference.facts.len() > 100);
    for (threads, memory_bytes) in [(8, 128 << 20), (2, 0), (8, 0), (1, 100_000)] {
        assert_eq!(
            run(&bytes, threads, memory_bytes),
            reference,
            "{threads} {memory_bytes}"
        );
    }
    let recording = McapRecording::open(&bytes, OpenOptions::default()).expect("an MCAP file");
    let options = CheckOptions {
        memory_bytes: 0,
        ..CheckOptions::default()
    };
    // Without scratch the heap is the fallback.
    assert_eq!(evidence_with(&recording, &options, &HeapOnly), reference);
}

#[test]
fn chunking_and_missing_indexes_do_not_change_what_is_measured() {
    let reference = run(&drive(4096).bytes(), 2, 128 << 20);
    let measured = |evidence: &Evidence| {
        let mut facts = evidence.facts.clone();
        facts.retain(|f| !f.name.starts_with("structure."));
        facts
    };
    for chunk_bytes in [300, 100_000_000] {
        let other = run(&drive(chunk_bytes).bytes(), 2, 128 << 20);
        assert_eq!(measured(&other), measured(&reference));
        assert_eq!(other.plots, reference.plots);
    }
    let unindexed = Drive {
        without_index: true,
        ..drive(4096)
    };
    let other = run(&unindexed.bytes(), 2, 128 << 20);
    assert_eq!(measured(&other), measured(&reference));
    assert_eq!(other.channels, reference.channels);
}

#[test]
fn topics_and_windows_select() {
    let bytes = drive(4096).bytes();
    let recording = McapRecording::open(&bytes, OpenOptions::default()).expect("an MCAP file");
    let is_camera = |topic: &str| topic.starts_with("/camera");
    let options = CheckOptions {
        topics: Some(&is_camera),
        window: Some((Some(START + 10_000 * MS), Some(START + 20_000 * MS))),
        ..CheckOptions::default()
    };
    let evidence = evidence_with(&recording, &options, &HeapOnly);
    let topics: Vec<&str> = evidence.channels.iter().map(|c| c.topic.as_str()).collect();
    assert_eq!(topics, ["/camera_left", "/camera_right"]);
    assert_eq!(evidence.message_count, 500);
    assert!(evidence.start_ns.expect("messages") >= START + 10_000 * MS);
    assert!(evidence.end_ns.expect("messages") <= START + 20_000 * MS);
}
