//! A stretch of time is counted from the first message, whatever chunks declare.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

use fieldassay_engine::NoProgress;
use fieldassay_engine::check::{self, Request};
use fieldassay_engine::limits::Limits;
use fieldassay_formats::mcap::{
    MessageHeader, Record, RecordWriter,
    records::{Channel, Chunk, DataEnd, Footer, Header, Message},
};
use fieldassay_model::{Policy, TimeBound};

const START_NS: u64 = 1_700_000_000_000_000_000;

fn message(second: u32) -> Record<'static> {
    let log_time = START_NS + u64::from(second) * 1_000_000_000;
    Record::Message(Message {
        header: MessageHeader {
            channel: 1,
            sequence: second,
            log_time,
            publish_time: log_time,
        },
        data: b"{}",
    })
}

/// A message a second for 10 s; the first is in a chunk whose header declares a start of 1 ns.
fn recording_with_a_lying_chunk() -> Vec<u8> {
    let mut inner = Vec::new();
    let mut records = RecordWriter::new(&mut inner);
    let channel = Channel {
        id: 1,
        topic: "/a".into(),
        message_encoding: "json".into(),
        ..Channel::default()
    };
    records.record(&Record::Channel(channel)).expect("memory");
    records.record(&message(0)).expect("memory");
    drop(records);
    let mut bytes = Vec::new();
    let mut records = RecordWriter::new(&mut bytes);
    records.magic().expect("memory");
    let mut write = |record: Record<'_>| {
        records.record(&record).expect("memory");
    };
    write(Record::Header(Header::default()));
    write(Record::Chunk(Chunk {
        message_start_time: 1,
        message_end_time: START_NS,
        uncompressed_size: inner.len() as u64,
        records: &inner,
        ..Chunk::default()
    }));
    for second in 1..10 {
        write(message(second));
    }
    write(Record::DataEnd(DataEnd::default()));
    write(Record::Footer(Footer::default()));
    records.magic().expect("memory");
    drop(records);
    bytes
}

#[test]
fn a_lying_chunk_does_not_move_the_start() {
    let file = tempfile::NamedTempFile::with_suffix(".mcap").expect("a file");
    std::fs::write(file.path(), recording_with_a_lying_chunk()).expect("written");
    let policy = Policy::built_in("default").expect("built in");
    let inputs = [file.path().display().to_string()];
    let request = Request {
        inputs: &inputs,
        policy: &policy,
        topics: None,
        start: Some(TimeBound::FromStart(2_000_000_000)),
        end: Some(TimeBound::FromStart(5_000_000_000)),
        jobs: 1,
        limits: Limits::default(),
    };
    let (paths, _) = check::plan(&request).expect("files");
    let outcome = check::run(&request, &paths, &NoProgress).expect("a run");
    assert_eq!(outcome.document.recordings[0].message_count, 4);
}
