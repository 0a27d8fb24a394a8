//! First pass: every unit is read once, in parallel, into columns in file order.
//!
//! Read [`collect`] first; [`Collected`] is what the second pass measures.

mod again;
mod claims;
mod registry;
mod samples;
mod store;
mod transforms;
mod unit;

pub(crate) use again::Again;
pub(crate) use registry::Stream;
pub(crate) use samples::SampleData;
pub(crate) use store::{Arena, Column, Scratchpad, Segment, Store};
pub(crate) use transforms::{EdgeKey, UnitTransforms};
pub(crate) use unit::{NO_STAMP, is_repeated, sequence_of};

use crate::options::{CheckOptions, Progress, Scratch};
use claims::Claims;
use fieldassay_formats::{Buffers, Recording, UnitSummary};
use rayon::prelude::*;
use registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use unit::{Print, UnitRows, UnitVisitor};

/// Bytes of the file read between two merges, at least one unit per thread.
const BATCH_BYTES: u64 = 4 << 20;

/// Columns of one stream.
#[derive(Default)]
pub(crate) struct StreamData {
    /// Segments of columns [`LOG`], [`PUBLISH`], [`PACKED`] and, with stamps, [`HEADER`].
    pub(crate) segments: Vec<Segment>,
    pub(crate) messages: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) without_publish: u64,
    pub(crate) without_sequence: u64,
    pub(crate) without_stamp: u64,
    pub(crate) undecodable: u64,
    pub(crate) frame: Option<String>,
    /// Smallest and largest log time.
    pub(crate) log_range: Option<(i64, i64)>,
    last: Option<Print>,
}

/// Column of log times.
pub(crate) const LOG: usize = 0;
/// Column of publish times; the log time where there is none.
pub(crate) const PUBLISH: usize = 1;
/// Column of packed words, see [`sequence_of`] and [`is_repeated`].
pub(crate) const PACKED: usize = 2;
/// Column of header stamps, [`NO_STAMP`] where there is none.
pub(crate) const HEADER: usize = 3;

/// Everything the first pass yields.
pub(crate) struct Collected<'a> {
    pub(crate) streams: Vec<Stream>,
    pub(crate) data: Vec<StreamData>,
    /// Samples of sensors, by stream.
    pub(crate) samples: Vec<SampleData>,
    pub(crate) transforms: UnitTransforms,
    /// Stamps and log times of dynamic edges.
    pub(crate) edge_segments: BTreeMap<EdgeKey, Vec<Segment>>,
    /// Poses of dynamic edges, as words.
    pub(crate) pose_segments: BTreeMap<EdgeKey, Vec<Segment>>,
    pub(crate) store: Store<'a>,
    pub(crate) units: Vec<UnitSummary>,
    /// Stream of each channel id.
    pub(crate) channels: BTreeMap<u32, u32>,
    pub(crate) undefined_messages: u64,
    pub(crate) cancelled: bool,
    /// Whether one recorder wrote it all, as opposed to the files of a data set.
    pub(crate) is_recorded: bool,
}

/// Reads the recording.
pub(crate) fn collect<'a>(
    recording: &dyn Recording,
    options: &CheckOptions<'_>,
    scratch: &'a dyn Scratch,
    progress: &dyn Progress,
) -> Collected<'a> {
    let mut registry = Registry::new(options.topics);
    for channel in recording.channels() {
        registry.define(channel);
    }
    let window = options.window.unwrap_or_default();
    let reader = Reader {
        recording,
        window: (window.0.unwrap_or(i64::MIN), window.1.unwrap_or(i64::MAX)),
        buffers: Mutex::new(Vec::new()),
        claims: Claims::default(),
        progress,
    };
    let mut merged = Merged::new(recording, options, scratch);
    let mut next = 0;
    let mut cancelled = false;
    let mut pending: Vec<UnitRows> = Vec::new();
    while next < recording.unit_count() || !pending.is_empty() {
        cancelled = cancelled || progress.cancelled();
        if cancelled {
            next = recording.unit_count();
        }
        let batch = batch(recording, next);
        next = batch.end;
        // The batch before is merged while this one is read, unless it defined channels.
        let ready = std::mem::take(&mut pending);
        if ready.iter().any(|unit| !unit.definitions.is_empty()) {
            merged.merge(ready, &mut registry, &reader);
            pending = reader.read(&registry, batch);
        } else {
            let mut read = Vec::new();
            rayon::join(
                || read = reader.read(&registry, batch),
                || merged.merge_known(ready, &registry.streams),
            );
            pending = read;
        }
    }
    merged
        .data
        .resize_with(registry.streams.len(), StreamData::default);
    merged
        .samples
        .resize_with(registry.streams.len(), SampleData::default);
    Collected {
        channels: registry.channels(),
        streams: registry.streams,
        data: merged.data,
        samples: merged.samples,
        transforms: merged.transforms,
        edge_segments: merged.edge_segments,
        pose_segments: merged.pose_segments,
        store: merged.store,
        units: merged.units,
        undefined_messages: merged.undefined_messages,
        cancelled,
        is_recorded: recording.format().is_recorded(),
    }
}

/// Units from `start` that make one batch.
fn batch(recording: &dyn Recording, start: usize) -> std::ops::Range<usize> {
    let least = rayon::current_num_threads() * 2;
    let mut end = start;
    let mut bytes = 0_u64;
    while end < recording.unit_count() && (end - start < least || bytes < BATCH_BYTES) {
        bytes = bytes.saturating_add(recording.unit_bytes(end));
        end += 1;
    }
    start..end
}

struct Reader<'a> {
    recording: &'a dyn Recording,
    window: (i64, i64),
    buffers: Mutex<Vec<Buffers>>,
    claims: Claims,
    progress: &'a dyn Progress,
}

impl Reader<'_> {
    fn read(&self, registry: &Registry<'_>, units: std::ops::Range<usize>) -> Vec<UnitRows> {
        units
            .into_par_iter()
            .map(|unit| {
                let rows = self.read_unit(registry, unit);
                self.progress.advance(self.recording.unit_bytes(unit));
                rows
            })
            .collect()
    }

    fn read_unit(&self, registry: &Registry<'_>, unit: usize) -> UnitRows {
        let spare = || self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffers = spare().pop().unwrap_or_default();
        let mut visitor = UnitVisitor::new(registry, self.window, &self.claims, unit);
        let summary = self.recording.read_unit(unit, &mut buffers, &mut visitor);
        spare().push(buffers);
        let mut rows = visitor.unit;
        rows.summary = summary;
        rows
    }
}

struct Merged<'a> {
    data: Vec<StreamData>,
    samples: Vec<SampleData>,
    transforms: UnitTransforms,
    edge_segments: BTreeMap<EdgeKey, Vec<Segment>>,
    pose_segments: BTreeMap<EdgeKey, Vec<Segment>>,
    store: Store<'a>,
    units: Vec<UnitSummary>,
    undefined_messages: u64,
}

impl<'a> Merged<'a> {
    fn new(
        recording: &dyn Recording,
        options: &CheckOptions<'_>,
        scratch: &'a dyn Scratch,
    ) -> Self {
        Self {
            data: Vec::new(),
            samples: Vec::new(),
            transforms: UnitTransforms::default(),
            edge_segments: BTreeMap::new(),
            pose_segments: BTreeMap::new(),
            store: Store::new(scratch, options.memory_bytes),
            units: Vec::with_capacity(recording.unit_count()),
            undefined_messages: 0,
        }
    }

    /// Merges units some of which define channels: units that used a channel before its
    /// definition was known are read again.
    fn merge(&mut self, units: Vec<UnitRows>, registry: &mut Registry<'_>, reader: &Reader<'_>) {
        for mut unit in units {
            for channel in &unit.definitions {
                registry.define(channel);
            }
            if unit.unresolved > 0 {
                unit = reader.read_unit(registry, self.units.len());
            }
            self.merge_known(vec![unit], &registry.streams);
        }
    }

    fn merge_known(&mut self, units: Vec<UnitRows>, streams: &[Stream]) {
        for unit in units {
            self.merge_unit(unit, streams);
        }
    }

    fn merge_unit(&mut self, unit: UnitRows, streams: &[Stream]) {
        if self.data.len() < streams.len() {
            self.data.resize_with(streams.len(), StreamData::default);
            self.samples.resize_with(streams.len(), SampleData::default);
        }
        for ((data, rows), stream) in self.data.iter_mut().zip(unit.rows).zip(streams) {
            let Some(mut rows) = rows else { continue };
            rows.link(data.last);
            let columns: [&[i64]; 4] = [&rows.log, &rows.publish, &rows.packed, &rows.header];
            let used = if stream.has_stamps() { 4 } else { 3 };
            data.segments
                .push(self.store.push(columns.get(..used).unwrap_or_default()));
            data.messages += rows.log.len() as u64;
            let range = rows.log.iter().min().zip(rows.log.iter().max());
            if let Some((low, high)) = range {
                let known = data.log_range.get_or_insert((*low, *high));
                *known = (known.0.min(*low), known.1.max(*high));
            }
            data.payload_bytes += rows.payload_bytes;
            data.without_publish += rows.without_publish;
            data.without_sequence += rows.without_sequence;
            data.without_stamp += rows.without_stamp;
            data.undecodable += rows.undecodable;
            data.frame = data.frame.take().or(rows.frame);
            data.last = rows.last;
        }
        let store = &mut self.store;
        for (data, samples) in self.samples.iter_mut().zip(unit.samples) {
            if let Some(samples) = samples {
                data.append(*samples, store);
            }
        }
        let (stamps, poses) = (&mut self.edge_segments, &mut self.pose_segments);
        self.transforms.append(unit.transforms, |key, edge| {
            stamps
                .entry(key)
                .or_default()
                .push(store.push(&[&edge.stamps, &edge.logs]));
            samples::push_rows(&edge.poses, poses.entry(key).or_default(), store);
        });
        self.undefined_messages += unit.unresolved;
        self.units.push(unit.summary);
    }
}
