//! `ULog` files against what pyulog reads from them.

use crate::support::{Content, read};
use fieldassay_formats::decode::ColumnDecoder;
use fieldassay_formats::ulog::UlogRecording;
use fieldassay_formats::{Limits, Schema};
use fieldassay_testkit::repository_root;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = repository_root().join("conformance/ulog").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn open(bytes: &[u8]) -> UlogRecording<'_> {
    UlogRecording::open(bytes, Limits::default()).expect("a ULog")
}

/// A walker of `ros1msg` text and packed bytes, apart from the decoder: name of the value to its text.
struct Walker<'a> {
    types: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Walker<'a> {
    fn new(text: &'a str) -> Self {
        let mut types: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        let mut name = "";
        for line in text.lines().filter(|line| !line.starts_with('=')) {
            match line.strip_prefix("MSG: ") {
                Some(next) => name = next,
                None => types
                    .entry(name)
                    .or_default()
                    .push(line.split_once(' ').expect("a field")),
            }
        }
        Self { types }
    }

    fn walk(&self, of: &str, prefix: &str, bytes: &mut &[u8], out: &mut Vec<(String, String)>) {
        for (kind, name) in &self.types[of] {
            let (kind, count) = match kind.split_once('[') {
                Some((kind, rest)) => (kind, rest.trim_end_matches(']').parse().ok()),
                None => (*kind, None),
            };
            for index in 0..count.unwrap_or(1) {
                let place = match count {
                    Some(_) => format!("{prefix}{name}[{index}]"),
                    None => format!("{prefix}{name}"),
                };
                if self.types.contains_key(kind) {
                    self.walk(kind, &format!("{place}."), bytes, out);
                } else {
                    out.push((place, value(kind, bytes)));
                }
            }
        }
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (value, rest) = bytes.split_at(N);
    *bytes = rest;
    value.try_into().expect("the bytes")
}

fn float(value: f64) -> String {
    format!("{value:?}")
}

fn value(kind: &str, bytes: &mut &[u8]) -> String {
    match kind {
        "int8" => i8::from_le_bytes(take(bytes)).to_string(),
        "uint8" | "bool" | "char" => u8::from_le_bytes(take(bytes)).to_string(),
        "int16" => i16::from_le_bytes(take(bytes)).to_string(),
        "uint16" => u16::from_le_bytes(take(bytes)).to_string(),
        "int32" => i32::from_le_bytes(take(bytes)).to_string(),
        "uint32" => u32::from_le_bytes(take(bytes)).to_string(),
        "int64" => i64::from_le_bytes(take(bytes)).to_string(),
        "uint64" => u64::from_le_bytes(take(bytes)).to_string(),
        "float32" => float(f64::from(f32::from_le_bytes(take(bytes)))),
        "float64" => float(f64::from_le_bytes(take(bytes))),
        other => panic!("`{other}` is no type"),
    }
}

/// Columns of a topic: value name to texts, as pyulog gives them.
fn columns(found: &Content, topic: &str, schema: &Schema) -> BTreeMap<String, Vec<String>> {
    let walker = Walker::new(std::str::from_utf8(&schema.data).expect("UTF-8"));
    let mut decoder = ColumnDecoder::new(Some(schema), "ros1").expect("a definition we read too");
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in found.of(topic) {
        decoder.push(&message.data).expect("decodable");
        let mut bytes = message.data.as_slice();
        let mut row = Vec::new();
        walker.walk("", "", &mut bytes, &mut row);
        assert!(bytes.is_empty(), "{topic}: bytes are left");
        for (name, value) in row {
            columns.entry(name).or_default().push(value);
        }
    }
    columns
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list");
    list.iter()
        .map(|v| {
            let text = v.as_str().expect("a text");
            // Python writes 1e-05 where we write 0.00001 or 1e-5.
            if text.contains(['.', 'e']) {
                float(text.parse().expect("a number"))
            } else {
                text.to_owned()
            }
        })
        .collect()
}

#[test]
fn every_topic_field_and_value_is_that_of_pyulog() {
    for name in ["full", "appended", "version0"] {
        let bytes = file(&format!("{name}.ulg"));
        let peer: Value = serde_json::from_slice(&file(&format!("{name}.json"))).expect("JSON");
        let recording = open(&bytes);
        let found = read(&recording);
        // A topic comes in two parts where the peer starts anew at appended data.
        let mut expected: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for topic in peer["topics"].as_array().expect("topics") {
            let name = topic["name"].as_str().expect("a name");
            let full = match topic["instance"].as_u64() {
                Some(0) => format!("/{name}"),
                instance => format!("/{name}/{}", instance.expect("an instance")),
            };
            let columns = expected.entry(full).or_default();
            for (field, values) in topic["fields"].as_object().expect("fields") {
                columns
                    .entry(field.clone())
                    .or_default()
                    .extend(texts(values));
            }
        }
        let topics: Vec<&str> = expected.keys().map(String::as_str).collect();
        let mut ours: Vec<&str> = found.channels.iter().map(|c| c.topic.as_str()).collect();
        ours.retain(|topic| *topic != "/log");
        ours.sort_unstable();
        assert_eq!(ours, topics);
        for channel in found.channels.iter().filter(|c| c.topic != "/log") {
            assert_eq!(channel.message_encoding, "ros1");
            let schema = channel.schema.as_ref().expect("a schema");
            let found = columns(&found, &channel.topic, schema);
            assert_eq!(found, expected[&channel.topic], "{name} {}", channel.topic);
        }
        for message in found
            .messages
            .iter()
            .filter(|m| m.topic != "/log" && m.topic != "/wide")
        {
            let micros = u64::from_le_bytes(message.data[..8].try_into().expect("8 bytes"));
            assert_eq!(message.time, i64::try_from(micros * 1000).expect("small"));
        }
        logs(&found, &peer);
        for (key, value) in peer["parameters"].as_object().expect("parameters") {
            let ours: f64 = recording.parameters()[key].parse().expect("a number");
            assert_eq!(
                Some(ours),
                value.as_str().and_then(|v| v.parse().ok()),
                "{key}"
            );
        }
        for (key, value) in peer["info"].as_object().expect("info") {
            assert_eq!(
                Some(recording.information()[key].as_str()),
                value.as_str(),
                "{key}"
            );
        }
    }
}

/// Logged strings, tagged ones behind the others as the peer lists them.
fn logs(found: &Content, peer: &Value) {
    let mut expected: Vec<(i64, String)> = Vec::new();
    for (list, offset) in [("log", 0), ("tagged", 1)] {
        for line in peer[list].as_array().expect("lines") {
            let micros = line[offset + 1].as_i64().expect("a time");
            let text = line[offset + 2].as_str().expect("a text");
            expected.push((micros * 1000, text.to_owned()));
        }
    }
    expected.sort();
    let mut ours: Vec<(i64, String)> = found
        .of("/log")
        .map(|message| {
            // Stamp, level, name: then the text.
            let mut rest = &message.data[13..];
            rest = &rest[3..];
            let name = u32::from_le_bytes(take(&mut rest)) as usize;
            let skip = name.next_multiple_of(4);
            rest = &rest[skip..];
            let length = u32::from_le_bytes(take(&mut rest)) as usize;
            let text = std::str::from_utf8(&rest[..length - 1]).expect("UTF-8");
            (message.time, text.to_owned())
        })
        .collect();
    ours.sort();
    assert_eq!(ours, expected);
}

#[test]
fn dropouts_and_cuts_are_accounted_for() {
    let bytes = file("full.ulg");
    let said = read(&open(&bytes)).said();
    assert_eq!(
        said,
        ["loss.dropout: the logger lost `12` ms of data near `1.120` s"]
    );
    let bytes = file("appended.ulg");
    let said = read(&open(&bytes)).said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("loss.truncated: a message of `47` bytes"),
        "{said:?}"
    );
}

#[test]
fn reading_goes_on_behind_damage() {
    let clean = file("full.ulg");
    let all = read(&open(&clean)).messages;
    let start = clean
        .windows(3)
        .position(|w| w == [47, 0, b'D'])
        .expect("data");
    for at in (start..clean.len() - 200).step_by(97) {
        let mut bytes = clean.clone();
        bytes[at..at + 40].fill(0xEE);
        let found = read(&open(&bytes));
        let kept = found.messages.iter().filter(|m| all.contains(m)).count();
        // 40 bytes touch at most three messages of these sizes, and a damaged length a few more.
        assert!(
            kept + 12 >= all.len(),
            "at {at}: {kept} of {}: {:?}",
            all.len(),
            found.said()
        );
    }
}

#[test]
fn unknown_flags_are_refused_and_unknown_types_skipped() {
    let mut bytes = file("full.ulg");
    bytes[16 + 3 + 8] = 2;
    let error = UlogRecording::open(&bytes, Limits::default()).expect_err("an error");
    assert_eq!(error.code(), "ulog.incompatible");

    let clean = file("full.ulg");
    let at = clean
        .windows(3)
        .position(|w| w == [47, 0, b'D'])
        .expect("data");
    let mut bytes = clean.clone();
    bytes.splice(at..at, [3, 0, b'Z', 1, 2, 3]);
    let found = read(&open(&bytes));
    assert_eq!(found.messages, read(&open(&clean)).messages);
    assert!(
        found
            .said()
            .contains(&"structure.unknown_opcode: message of type `0x5a`".to_owned())
    );
}
