//! Every message of the shared recordings, against what released programs decode.
//!
//! `conformance/decode/recordings.json` holds their digests per topic, made by `make_recordings.py`
//! beside it; the recordings themselves are shared data and not part of the repository.

use crate::support::conformance;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use fieldassay_formats::decode::{ColumnDecoder, StampReader, TransformReader, TransformSample};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_formats::{Buffers, Channel, Limits, Message, Recording, Visitor};
use fieldassay_testkit::shared_data;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Payloads by topic, with the channel.
#[derive(Default)]
struct Topics(BTreeMap<u32, (Option<Channel>, Vec<Vec<u8>>)>);

impl Visitor for Topics {
    fn channel(&mut self, channel: &Channel) {
        self.0.entry(channel.id).or_default().0 = Some(channel.clone());
    }

    fn message(&mut self, message: &Message<'_>) {
        let (_, payloads) = self.0.entry(message.channel).or_default();
        payloads.push(message.data.to_vec());
    }
}

/// Messages of a shared recording by channel; none when the data is absent.
fn read(relative: &str) -> Option<Vec<(Channel, Vec<Vec<u8>>)>> {
    let bytes = std::fs::read(shared_data(relative)?).expect("readable");
    let mut topics = Topics::default();
    let mut read = |recording: &dyn Recording| {
        for channel in recording.channels() {
            topics.channel(channel);
        }
        let mut buffers = Buffers::default();
        for unit in 0..recording.unit_count() {
            let _ = recording.read_unit(unit, &mut buffers, &mut topics);
        }
    };
    if bytes.starts_with(b"#ROSBAG") {
        read(&BagRecording::open(&bytes, Limits::default()).expect("bag"));
    } else {
        read(&McapRecording::open(&bytes, OpenOptions::default()).expect("MCAP"));
    }
    let channels = topics.0.into_values();
    Some(
        channels
            .map(|(channel, payloads)| (channel.expect("defined"), payloads))
            .collect(),
    )
}

fn decode(channel: &Channel, payloads: &[Vec<u8>]) -> Option<RecordBatch> {
    let schema = channel.schema.as_deref();
    let mut decoder = ColumnDecoder::new(schema, &channel.message_encoding).ok()?;
    for payload in payloads {
        decoder.push(payload).expect("a message others decode");
    }
    Some(decoder.finish().expect("batch"))
}

/// The line of a value, in the form `make_recordings.py` describes.
fn line(array: &dyn Array, row: usize, out: &mut String) {
    use std::fmt::Write as _;
    macro_rules! number {
        ($type:ty) => {
            write!(out, "{}", array.as_primitive::<$type>().value(row)).expect("memory")
        };
    }
    let float = |v: f64, out: &mut String| {
        if v.is_nan() {
            out.push_str("nan");
        } else {
            write!(out, "{:016x}", v.to_bits()).expect("memory");
        }
    };
    match array.data_type() {
        DataType::Boolean => out.push(if array.as_boolean().value(row) {
            '1'
        } else {
            '0'
        }),
        DataType::Int8 => number!(Int8Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => float(
            f64::from(array.as_primitive::<Float32Type>().value(row)),
            out,
        ),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row), out),
        DataType::Utf8 => {
            let text = array.as_string::<i32>().value(row);
            out.push_str(&serde_json::to_string(text).expect("text"));
        }
        DataType::Binary => {
            let bytes = array.as_binary::<i32>().value(row).iter();
            let texts: Vec<String> = bytes.map(u8::to_string).collect();
            write!(out, "[{}]", texts.join(",")).expect("memory");
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            out.push('[');
            for i in 0..items.len() {
                if i > 0 {
                    out.push(',');
                }
                line(items.as_ref(), i, out);
            }
            out.push(']');
        }
        DataType::Struct(_) => members(array.as_struct().columns(), row, out),
        other => panic!("no column has type {other}"),
    }
}

fn members(columns: &[arrow_array::ArrayRef], row: usize, out: &mut String) {
    out.push('{');
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        line(column.as_ref(), row, out);
    }
    out.push('}');
}

/// The line of every row.
fn lines(batch: &RecordBatch) -> impl Iterator<Item = String> + '_ {
    (0..batch.num_rows()).map(|row| {
        let mut text = String::new();
        members(batch.columns(), row, &mut text);
        text.push('\n');
        text
    })
}

fn digest(lines: &mut [String]) -> String {
    lines.sort_unstable();
    let hash = Sha256::digest(lines.concat().as_bytes());
    let digits: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[test]
fn every_message_decodes_as_in_other_programs() {
    // rosbags reads `byte` as signed, see `disagreement` in the file.
    let known = [("rosbags 0.11.9", "cdr_test_0.mcap", "/array_topic")];
    let expected = conformance("decode/recordings.json");
    for (file, programs) in expected["files"].as_object().expect("files") {
        let Some(channels) = read(file) else {
            return;
        };
        // A topic may have several connections; nobody decodes `wrong_format`.
        let mut ours: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (channel, payloads) in &channels {
            if let Some(batch) = decode(channel, payloads) {
                ours.entry(&channel.topic)
                    .or_default()
                    .extend(lines(&batch));
            }
        }
        for (program, topics) in programs.as_object().expect("programs") {
            for (topic, theirs) in topics.as_object().expect("topics") {
                let lines = ours.get_mut(topic.as_str()).expect("topic");
                assert_eq!(theirs["messages"], lines.len(), "{file} {topic}");
                let sha256 = digest(lines);
                let differs = known
                    .iter()
                    .any(|(p, f, t)| p == program && file.ends_with(f) && t == topic);
                assert_eq!(
                    theirs["sha256"] != sha256,
                    differs,
                    "{program}: {file} {topic}"
                );
            }
        }
    }
}

/// Columns by path from the root of a batch or struct.
fn at<'a>(
    columns: &'a [arrow_array::ArrayRef],
    names: &[&str],
    path: &[&str],
) -> Option<&'a dyn Array> {
    let (first, rest) = path.split_first()?;
    let column = columns.get(names.iter().position(|n| n == first)?)?;
    if rest.is_empty() {
        return Some(column.as_ref());
    }
    let inner = column.as_struct_opt()?;
    at(inner.columns(), &inner.column_names(), rest)
}

#[test]
fn stamps_agree_with_the_columns() {
    let mut compared = 0;
    for file in [
        "evo_nav2_mcap/nav2_turtlebot.mcap",
        "lichtblick_dev/example.bag",
    ] {
        let Some(channels) = read(file) else {
            return;
        };
        for (channel, payloads) in &channels {
            let stamps = StampReader::new(channel.schema.as_deref(), &channel.message_encoding);
            let batch = decode(channel, payloads).expect("batch");
            let schema = batch.schema();
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let Some(column) = at(batch.columns(), &names, &["header", "stamp"]) else {
                continue;
            };
            let frames = at(batch.columns(), &names, &["header", "frame_id"]).expect("frames");
            let sequences = at(batch.columns(), &names, &["header", "seq"]);
            for (row, payload) in payloads.iter().enumerate() {
                let stamp = column.as_primitive::<Int64Type>().value(row);
                assert_eq!(
                    stamps.stamp(payload),
                    Some(stamp),
                    "{file} {}",
                    channel.topic
                );
                let frame = frames.as_string::<i32>().value(row);
                assert_eq!(stamps.frame_id(payload), Some(frame));
                let sequence = sequences.map(|s| s.as_primitive::<UInt32Type>().value(row));
                assert_eq!(stamps.header_sequence(payload), sequence);
                compared += 1;
            }
        }
    }
    assert!(compared > 2700, "{compared} messages with headers");
}

#[test]
fn transforms_agree_with_the_columns() {
    let mut compared = 0;
    for file in [
        "evo_nav2_mcap/nav2_turtlebot.mcap",
        "lichtblick_dev/example.bag",
    ] {
        let Some(channels) = read(file) else {
            return;
        };
        for (channel, payloads) in channels.iter().filter(|(c, _)| c.topic.starts_with("/tf")) {
            let schema = channel.schema.as_deref().expect("schema");
            let reader =
                TransformReader::new(schema, &channel.message_encoding).expect("transforms");
            let batch = decode(channel, payloads).expect("batch");
            let lists = batch.column(0).as_list::<i32>();
            for (row, payload) in payloads.iter().enumerate() {
                let mut found: Vec<TransformSample> = Vec::new();
                reader
                    .read(payload, &mut |t| found.push(t.into()))
                    .expect("valid");
                let items = lists.value(row);
                let items = items.as_struct();
                let names = items.column_names();
                let get = |path: &[&str]| at(items.columns(), &names, path).expect("column");
                let float =
                    |path: &[&str], i: usize| get(path).as_primitive::<Float64Type>().value(i);
                let expected: Vec<TransformSample> = (0..items.len())
                    .map(|i| TransformSample {
                        parent: get(&["header", "frame_id"])
                            .as_string::<i32>()
                            .value(i)
                            .to_owned(),
                        child: get(&["child_frame_id"])
                            .as_string::<i32>()
                            .value(i)
                            .to_owned(),
                        stamp_ns: get(&["header", "stamp"])
                            .as_primitive::<Int64Type>()
                            .value(i),
                        translation_m: ["x", "y", "z"]
                            .map(|a| float(&["transform", "translation", a], i)),
                        quat_xyzw: ["x", "y", "z", "w"]
                            .map(|a| float(&["transform", "rotation", a], i)),
                    })
                    .collect();
                assert_eq!(found, expected);
                compared += found.len();
            }
        }
    }
    assert!(compared > 8000, "{compared} transforms");
}
