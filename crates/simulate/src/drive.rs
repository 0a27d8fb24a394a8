//! Writes a drive: channels merged by arrival, recorded, encoded, with the truth beside them.
//!
//! Read [`write_drive`] first. Memory does not grow with the length: one pending message per
//! channel, one chunk of the writer.

use crate::damage::{Counter, Damage, DamagedSink, hits_bytes};
use crate::fleet::{self, ChannelPlan, Injection};
use crate::noise::{Noise, whole_ns};
use crate::recorder::Recorder;
use crate::scene::{Payload, Scene};
use crate::stream::{Sample, Stream};
use crate::truth::{Truth, TruthEntry};
use crate::vehicle::Rig;
use crate::{DriveSpec, Rates, SimulateError};
use fieldassay_formats::mcap::{Compression, MessageHeader, Writer, WriterOptions};
use fieldassay_formats::message::schema;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::Write;

/// Drives start on 15 January 2026 at 09:00 UTC, one minute later per seed.
const FIRST_START_NS: i64 = 1_768_467_600_000_000_000;
const MINUTE_NS: i64 = 60_000_000_000;

/// Writes a drive as MCAP and returns what was injected.
///
/// The recording has profile `ros2`, CDR payloads, `ros2msg` schemas with every definition they
/// use, zstd chunks, and a metadata record `fieldassay.simulate` that says how it was made. Times
/// are nanoseconds since the Unix epoch. The same recipe gives the same bytes on every platform.
///
/// Cost: one pass, about a microsecond and a half per message; with faults that damage bytes a
/// second pass, because their places depend on the size of the file.
///
/// # Errors
/// [`SimulateError`] when the recipe is not possible or `sink` fails.
pub fn write_drive<W: Write>(spec: &DriveSpec, sink: W) -> Result<Truth, SimulateError> {
    spec.validate()?;
    let spec = &spec.written_out();
    if !spec.faults.iter().any(|fault| hits_bytes(fault.kind)) {
        return Drive::plan(spec)?.write(sink);
    }
    let mut counter = Counter::default();
    Drive::plan(spec)?.write(&mut counter)?;
    let damage = Damage::plan(spec, counter.bytes)?;
    let ranges = damage.ranges.clone();
    let mut truth = Drive::plan(spec)?.write(DamagedSink::new(sink, damage))?;
    for (number, start, end) in ranges {
        if let Some(entry) = truth.0.get_mut(number) {
            entry.byte_start = Some(start);
            entry.byte_end = Some(end);
        }
    }
    Ok(truth)
}

/// A drive about to be written.
struct Drive<'a> {
    spec: &'a DriveSpec,
    noise: Noise,
    start_ns: i64,
    plans: Vec<ChannelPlan>,
    streams: Vec<Stream>,
    recorder: Recorder,
    scene: Scene,
    topics: Vec<Option<String>>,
}

/// What a fault has touched so far, on the time of the drive.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    range: Option<(i64, i64)>,
    messages: u64,
}

/// What is kept per channel while writing.
#[derive(Debug, Default)]
struct Output {
    id: u16,
    sequence: u32,
    payload: Vec<u8>,
}

impl<'a> Drive<'a> {
    fn plan(spec: &'a DriveSpec) -> Result<Self, SimulateError> {
        if spec.faults.len() > 64 {
            return Err(SimulateError::TooManyFaults {
                count: spec.faults.len(),
            });
        }
        let noise = Noise::fitted()?;
        let plans = fleet::channels(spec)?;
        let duration_ns = duration_ns(spec, &plans);
        let rig = Rig::new(spec.seed, spec.vehicle, spec.duration_secs);
        let offset = i64::try_from(spec.seed % 100_000).unwrap_or(0);
        let start_ns = FIRST_START_NS.saturating_add(offset.saturating_mul(MINUTE_NS));
        let Injection {
            channels,
            stalls,
            topics,
        } = fleet::inject(spec, &plans, &rig, duration_ns)?;
        let recorder = Recorder::new(spec.seed, stalls);
        let streams = plans
            .iter()
            .zip(channels)
            .map(|(plan, injected)| {
                Stream::new(
                    (&plan.topic, &plan.clock),
                    spec.seed,
                    start_ns,
                    plan.timing.clone(),
                    injected,
                )
                .on_loaded_host(recorder.is_loaded())
            })
            .collect();
        let payloads: Vec<_> = plans.iter().map(|plan| plan.payload).collect();
        Ok(Self {
            start_ns,
            streams,
            recorder,
            scene: Scene::new(spec, rig, &noise.imu(), &payloads),
            noise,
            topics,
            plans,
            spec,
        })
    }

    fn write<W: Write>(mut self, sink: W) -> Result<Truth, SimulateError> {
        let mut writer = Writer::new(sink, self.options())?;
        writer.metadata("fieldassay.simulate", &self.origin())?;
        let mut outputs = self.define(&mut writer)?;
        let mut touched = vec![Touched::default(); self.spec.faults.len()];
        let mut last_ns = 0;

        // The heap holds the next message of every channel; ties go to the first channel.
        let mut waiting: Vec<Option<Sample>> = Vec::new();
        let mut heap = BinaryHeap::new();
        for (channel, stream) in self.streams.iter_mut().enumerate() {
            let sample = stream.next_sample(&self.noise);
            if let Some(sample) = &sample {
                heap.push(Reverse((sample.arrival_ns, channel)));
            }
            waiting.push(sample);
        }
        while let Some(Reverse((_, channel))) = heap.pop() {
            let Some(slot) = waiting.get_mut(channel) else {
                continue;
            };
            let next = match self.streams.get_mut(channel) {
                Some(stream) => stream.next_sample(&self.noise),
                None => None,
            };
            if let Some(next) = &next {
                heap.push(Reverse((next.arrival_ns, channel)));
            }
            let Some(sample) = std::mem::replace(slot, next) else {
                continue;
            };
            let (log_ns, bits) = if sample.lost {
                (sample.arrival_ns, sample.touched)
            } else {
                let logged = self.recorder.log(sample.arrival_ns, &self.noise);
                (logged.log_ns, sample.touched | logged.touched)
            };
            note(&mut touched, bits, log_ns);
            last_ns = last_ns.max(log_ns);
            if let (false, Some(output)) = (sample.lost, outputs.get_mut(channel)) {
                self.record(&mut writer, channel, output, (&sample, log_ns))?;
            }
        }
        writer.finish()?.flush()?;
        Ok(self.truth(&touched, last_ns))
    }

    /// Encodes a message and hands it to the writer.
    fn record<W: Write>(
        &mut self,
        writer: &mut Writer<W>,
        channel: usize,
        output: &mut Output,
        (sample, log_ns): (&Sample, i64),
    ) -> Result<(), SimulateError> {
        if !sample.repeated
            && let Some(plan) = self.plans.get(channel)
        {
            self.scene
                .encode(channel, plan.payload, sample, &mut output.payload)?;
        }
        let header = MessageHeader {
            channel: output.id,
            sequence: output.sequence,
            log_time: unsigned(self.start_ns.saturating_add(log_ns)),
            publish_time: unsigned(self.start_ns.saturating_add(sample.publish_ns)),
        };
        // The recorder counts what it records, as rosbag2 does: no gap where a message was lost.
        output.sequence = output.sequence.wrapping_add(1);
        writer.message(&header, &output.payload)?;
        Ok(())
    }

    /// Schemas and channels, in the order of the plans.
    fn define<W: Write>(&self, writer: &mut Writer<W>) -> Result<Vec<Output>, SimulateError> {
        let mut outputs = Vec::with_capacity(self.plans.len());
        for plan in &self.plans {
            let type_name = plan.payload.type_name(&self.spec.camera);
            let definition = schema(type_name).ok_or(SimulateError::Definition { type_name })?;
            let schema = writer.schema(&definition)?;
            let id = writer.channel(&plan.topic, schema, "cdr", &BTreeMap::new())?;
            outputs.push(Output {
                id,
                ..Output::default()
            });
        }
        Ok(outputs)
    }

    /// Pictures and clouds are noise to a compressor: recordings with them are stored as they are.
    fn options(&self) -> WriterOptions {
        let large = self
            .plans
            .iter()
            .any(|plan| matches!(plan.payload, Payload::Image(_) | Payload::Cloud));
        let small = self.spec.rates == Rates::Small && self.spec.messages.is_none();
        WriterOptions {
            profile: "ros2".to_owned(),
            library: concat!("simulated by fieldassay ", env!("CARGO_PKG_VERSION")).to_owned(),
            compression: if large {
                Compression::None
            } else {
                Compression::Zstd
            },
            zstd_level: if small { 19 } else { 3 },
            ..WriterOptions::default()
        }
    }

    /// What the metadata record says.
    fn origin(&self) -> BTreeMap<String, String> {
        let faults: Vec<String> = self.spec.faults.iter().map(ToString::to_string).collect();
        let entries = [
            (
                "origin",
                "simulated by fieldassay, not recorded from a vehicle".to_owned(),
            ),
            ("seed", self.spec.seed.to_string()),
            ("faults", faults.join(" ")),
            ("host", self.recorder.host().to_owned()),
        ];
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    fn truth(&self, touched: &[Touched], last_ns: i64) -> Truth {
        let entries = self.spec.faults.iter().zip(touched).zip(&self.topics);
        Truth(
            entries
                .map(|((fault, touched), topic)| {
                    let bytes = hits_bytes(fault.kind);
                    let (first, last) = touched.range.unwrap_or((0, last_ns));
                    TruthEntry {
                        kind: fault.kind.name().to_owned(),
                        channel: topic.clone(),
                        start_ns: self.start_ns.saturating_add(first),
                        end_ns: self.start_ns.saturating_add(last),
                        magnitude: fault.magnitude,
                        unit: fault.kind.info().unit.to_owned(),
                        messages: (!bytes).then_some(touched.messages),
                        byte_start: None,
                        byte_end: None,
                    }
                })
                .collect(),
        )
    }
}

/// Length of the drive; a race recording is as long as its longest channel.
fn duration_ns(spec: &DriveSpec, plans: &[ChannelPlan]) -> i64 {
    if spec.messages.is_none() {
        return whole_ns(spec.duration_secs * 1e9);
    }
    plans
        .iter()
        .map(|plan| {
            let count = i64::try_from(plan.timing.count).unwrap_or(i64::MAX);
            plan.timing.period_ns.saturating_mul(count)
        })
        .max()
        .unwrap_or(0)
}

/// Remembers that the faults whose bits are set touched a message logged at `log_ns`.
fn note(touched: &mut [Touched], bits: u64, log_ns: i64) {
    for (number, entry) in touched.iter_mut().enumerate() {
        if bits & (1 << number) != 0 {
            let (first, last) = entry.range.unwrap_or((log_ns, log_ns));
            entry.range = Some((first.min(log_ns), last.max(log_ns)));
            entry.messages = entry.messages.saturating_add(1);
        }
    }
}

/// MCAP times are unsigned; drives start long after 1970.
fn unsigned(ns: i64) -> u64 {
    u64::try_from(ns).unwrap_or(0)
}
