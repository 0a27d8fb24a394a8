//! Recordings made in memory, and what checks say about them.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    reason = "a test helper: it may panic, and its made-up stamps and counts are small"
)]

use fieldassay_check::{
    CheckOptions, Evidence, HeapOnly, NoProgress, Scratch, ScratchBytes, catalog, check,
};
use fieldassay_formats::mcap::{McapRecording, MessageHeader, OpenOptions, Writer, WriterOptions};
use fieldassay_formats::{Recording, Schema};
use fieldassay_model::{Fact, FactStatus, Finding, Policy, Severity, Verdict, evaluate};
use std::collections::BTreeMap;

/// 2025-06-01T00:00:00Z.
pub(crate) const START: i64 = 1_748_736_000_000_000_000;
pub(crate) const MS: i64 = 1_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

const HEADER: &str = "
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
";

/// One message of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) log: i64,
    pub(crate) publish: i64,
    pub(crate) header: i64,
    pub(crate) sequence: u32,
    pub(crate) value: u64,
}

/// A stream of stamped samples on one topic.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) topic: String,
    pub(crate) kind: &'static str,
    pub(crate) frame: &'static str,
    pub(crate) samples: Vec<Sample>,
}

impl Stream {
    /// `count` samples every `period`, stamped on time and logged 1 to 2 ms later.
    pub(crate) fn regular(topic: &str, period: i64, count: usize) -> Self {
        let mut noise = fieldassay_testkit::Lcg::new(topic.len() as u64 + count as u64);
        let samples = (0..count)
            .map(|i| {
                let header = START + i as i64 * period + noise.below(20_000) as i64;
                let publish = header + 200_000 + noise.below(100_000) as i64;
                Sample {
                    log: publish + MS + noise.below(900_000) as i64,
                    publish,
                    header,
                    sequence: i as u32,
                    value: i as u64,
                }
            })
            .collect();
        Self {
            topic: topic.to_owned(),
            kind: "sensor_msgs/msg/Imu",
            frame: "imu_link",
            samples,
        }
    }
}

/// A transform as a `tf2_msgs/msg/TFMessage` of one.
#[derive(Clone, Debug)]
pub(crate) struct Transform {
    pub(crate) log: i64,
    pub(crate) stamp: i64,
    pub(crate) parent: &'static str,
    pub(crate) child: &'static str,
    pub(crate) x: f64,
    pub(crate) w: f64,
    pub(crate) is_static: bool,
}

impl Transform {
    pub(crate) fn new(stamp: i64, parent: &'static str, child: &'static str) -> Self {
        Self {
            log: stamp + MS,
            stamp,
            parent,
            child,
            x: 1.0,
            w: 1.0,
            is_static: false,
        }
    }
}

/// A recording to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drive {
    pub(crate) streams: Vec<Stream>,
    pub(crate) transforms: Vec<Transform>,
    /// Whether messages are written in the order given instead of by log time.
    pub(crate) keep_order: bool,
    pub(crate) chunk_bytes: Option<usize>,
    pub(crate) without_index: bool,
}

fn cdr() -> Vec<u8> {
    vec![0, 1, 0, 0]
}

fn put_header(out: &mut Vec<u8>, stamp: i64, frame: &str) {
    out.extend(((stamp.div_euclid(SECOND)) as i32).to_le_bytes());
    out.extend(((stamp.rem_euclid(SECOND)) as u32).to_le_bytes());
    put_text(out, frame);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    while !(out.len() - 4).is_multiple_of(4) {
        out.push(0);
    }
    out.extend((text.len() as u32 + 1).to_le_bytes());
    out.extend(text.as_bytes());
    out.push(0);
}

fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    while !(out.len() - 4).is_multiple_of(8) {
        out.push(0);
    }
    for value in values {
        out.extend(value.to_le_bytes());
    }
}

impl Drive {
    /// The bytes of the MCAP file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let options = WriterOptions {
            chunk_bytes: self.chunk_bytes.unwrap_or(16 * 1024),
            profile: "ros2".to_owned(),
            repeat_channels: !self.without_index,
            repeat_schemas: !self.without_index,
            chunk_index: !self.without_index,
            statistics: !self.without_index,
            ..WriterOptions::default()
        };
        let mut writer = Writer::new(Vec::new(), options).expect("in memory");
        let mut messages: Vec<(i64, MessageHeader, Vec<u8>)> = Vec::new();
        for stream in &self.streams {
            let schema = Schema {
                name: stream.kind.to_owned(),
                encoding: "ros2msg".to_owned(),
                data: format!("std_msgs/Header header\nuint64 value\n{HEADER}").into_bytes(),
            };
            let schema = writer.schema(&schema).expect("in memory");
            let channel = writer
                .channel(&stream.topic, schema, "cdr", &BTreeMap::new())
                .expect("in memory");
            for sample in &stream.samples {
                let mut payload = cdr();
                put_header(&mut payload, sample.header, stream.frame);
                put_floats(&mut payload, &[f64::from_bits(sample.value)]);
                let header = MessageHeader {
                    channel,
                    sequence: sample.sequence,
                    log_time: sample.log as u64,
                    publish_time: sample.publish as u64,
                };
                messages.push((sample.log, header, payload));
            }
        }
        self.put_transforms(&mut writer, &mut messages);
        if !self.keep_order {
            messages.sort_by_key(|(log, _, _)| *log);
        }
        for (_, header, payload) in &messages {
            writer.message(header, payload).expect("in memory");
        }
        writer.finish().expect("in memory")
    }

    fn put_transforms(
        &self,
        writer: &mut Writer<Vec<u8>>,
        messages: &mut Vec<(i64, MessageHeader, Vec<u8>)>,
    ) {
        let schema = Schema {
            name: "tf2_msgs/msg/TFMessage".to_owned(),
            encoding: "ros2msg".to_owned(),
            data: format!(
                "geometry_msgs/TransformStamped[] transforms
================================================================================
MSG: geometry_msgs/TransformStamped
std_msgs/Header header
string child_frame_id
geometry_msgs/Transform transform
================================================================================
MSG: geometry_msgs/Transform
geometry_msgs/Vector3 translation
geometry_msgs/Quaternion rotation
================================================================================
MSG: geometry_msgs/Vector3
float64 x
float64 y
float64 z
================================================================================
MSG: geometry_msgs/Quaternion
float64 x
float64 y
float64 z
float64 w{HEADER}"
            )
            .into_bytes(),
        };
        for is_static in [false, true] {
            let chosen: Vec<&Transform> = self
                .transforms
                .iter()
                .filter(|t| t.is_static == is_static)
                .collect();
            if chosen.is_empty() {
                continue;
            }
            let schema = writer.schema(&schema).expect("in memory");
            let topic = if is_static { "/tf_static" } else { "/tf" };
            let channel = writer
                .channel(topic, schema, "cdr", &BTreeMap::new())
                .expect("in memory");
            for transform in chosen {
                let mut payload = cdr();
                payload.extend(1_u32.to_le_bytes());
                put_header(&mut payload, transform.stamp, transform.parent);
                put_text(&mut payload, transform.child);
                put_floats(
                    &mut payload,
                    &[transform.x, 0.0, 0.0, 0.0, 0.0, 0.0, transform.w],
                );
                let header = MessageHeader {
                    channel,
                    sequence: 0,
                    log_time: transform.log as u64,
                    publish_time: transform.log as u64,
                };
                messages.push((transform.log, header, payload));
            }
        }
    }
}

/// Evidence about the bytes of an MCAP file, everything on the heap.
pub(crate) fn evidence(bytes: &[u8]) -> Evidence {
    let recording = McapRecording::open(bytes, OpenOptions::default()).expect("an MCAP file");
    check(&recording, &CheckOptions::default(), &HeapOnly, &NoProgress)
}

/// Evidence with these options.
pub(crate) fn evidence_with(
    recording: &dyn Recording,
    options: &CheckOptions<'_>,
    scratch: &dyn Scratch,
) -> Evidence {
    check(recording, options, scratch, &NoProgress)
}

/// Scratch memory that is 8-aligned heap, so that spilling can be tested without files.
#[derive(Debug, Default)]
pub(crate) struct FakeScratch;

struct FakeBytes {
    words: Vec<u64>,
}

impl Scratch for FakeScratch {
    fn columns(&self, bytes: usize) -> Option<Box<dyn ScratchBytes>> {
        Some(Box::new(FakeBytes {
            words: vec![0; bytes.div_ceil(8)],
        }))
    }
}

impl ScratchBytes for FakeBytes {
    fn bytes(&mut self) -> &mut [u8] {
        zerocopy::IntoBytes::as_mut_bytes(self.words.as_mut_slice())
    }

    fn as_slice(&self) -> &[u8] {
        zerocopy::IntoBytes::as_bytes(self.words.as_slice())
    }
}

/// Findings and verdict under a built-in policy.
pub(crate) fn judge(evidence: &Evidence, policy: &str) -> (Vec<Finding>, Verdict) {
    let policy = Policy::built_in(policy).expect("built in");
    evaluate(&policy, catalog(), &evidence.facts)
}

/// `severity code subject` of findings that are warnings or worse under the default policy.
pub(crate) fn alarms(evidence: &Evidence) -> Vec<String> {
    judge(evidence, "default")
        .0
        .iter()
        .inspect(|finding| {
            let message = &finding.message;
            assert!(!message.contains(['{', '}']), "{}: {message}", finding.code);
        })
        .filter(|finding| finding.severity > Severity::Info)
        .map(|finding| format!("{} {}", finding.code, finding.subject))
        .collect()
}

/// The values of all evaluated facts of this name and subject.
pub(crate) fn values(evidence: &Evidence, name: &str, subject: &str) -> Vec<f64> {
    evidence
        .facts
        .iter()
        .filter(|f| f.name == name && f.subject == subject && f.status == FactStatus::Ok)
        .filter_map(|f| f.value.as_ref()?.as_f64())
        .collect()
}

/// The only fact of this name and subject.
pub(crate) fn fact<'a>(evidence: &'a Evidence, name: &str, subject: &str) -> &'a Fact {
    let found: Vec<&Fact> = evidence
        .facts
        .iter()
        .filter(|f| f.name == name && f.subject == subject)
        .collect();
    assert_eq!(found.len(), 1, "facts {name} about {subject}: {found:?}");
    found[0]
}
