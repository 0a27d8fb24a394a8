//! The whole run: read once, then measure stream by stream.

use crate::collect::{Arena, Collected, collect};
use crate::facts::{self, StreamOutcome};
use crate::options::{CheckOptions, Progress, Scratch};
use crate::sensors;
use fieldassay_formats::{Recording, full_account};
use fieldassay_model::{Calibration, ChannelReport, Fact, Loss, plot::RecordingPlots};
use rayon::prelude::*;
use std::sync::atomic::AtomicUsize;

/// Everything found out about a recording, free of any policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Messages looked at, suspect ones included.
    pub message_count: u64,
    /// Smallest log time, nanoseconds; none without messages.
    pub start_ns: Option<i64>,
    /// Largest log time, nanoseconds; none without messages.
    pub end_ns: Option<i64>,
    /// Whether everything the file holds was read and nothing is suspect or cut off.
    pub complete: bool,
    /// What could not be read.
    pub loss: Loss,
    /// One entry per channel, by topic.
    pub channels: Vec<ChannelReport>,
    /// All measurements.
    pub facts: Vec<Fact>,
    /// The calibration the recording holds; none where it says nothing about one.
    pub calibration: Option<Calibration>,
    /// Reduced series for the report.
    pub plots: RecordingPlots,
    /// Messages no channel definition names.
    pub undefined_channel_messages: u64,
}

/// Reads a recording once and measures it.
///
/// Never fails: damage is part of the evidence. The result does not depend on the number of
/// threads or on whether columns were spilled. Cost: one read of every unit, then O(n) expected
/// per channel; heap memory is bounded by `options.memory_bytes`, half of it again for the second
/// pass, the largest units and the number of channels.
pub fn check(
    recording: &dyn Recording,
    options: &CheckOptions<'_>,
    scratch: &dyn Scratch,
    progress: &dyn Progress,
) -> Evidence {
    let run = || {
        let collected = collect(recording, options, scratch, progress);
        measure(recording, options, scratch, &collected)
    };
    if options.threads == 0 {
        return run();
    }
    match rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
    {
        Ok(pool) => pool.install(run),
        // Without a pool of its own the run takes the current one; the result is the same.
        Err(_) => run(),
    }
}

/// What every part of the second pass needs to know about the recording as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    /// Whether one recorder wrote it all, as opposed to the files of a data set.
    pub(crate) is_recorded: bool,
}

impl Span {
    /// Length in nanoseconds.
    pub(crate) fn length(self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

fn measure<'a>(
    recording: &dyn Recording,
    options: &CheckOptions<'_>,
    scratch: &'a dyn Scratch,
    collected: &'a Collected<'a>,
) -> Evidence {
    let account = full_account(recording, &collected.units);
    let heap_left = AtomicUsize::new(options.memory_bytes / 2);
    let arena = Arena::new(scratch, &heap_left);
    let mut order: Vec<usize> = (0..collected.streams.len()).collect();
    order.sort_by_key(|index| {
        collected
            .streams
            .get(*index)
            .map(|s| (s.topic.as_str(), s.schema.as_str(), s.encoding.as_str()))
    });
    let span = facts::recording_span(collected);
    let mut outcomes: Vec<StreamOutcome> = order
        .par_iter()
        .filter_map(|index| facts::stream_outcome(collected, &arena, *index, span))
        .collect();
    let loss = facts::total_loss(collected, &account);
    let message_count =
        collected.data.iter().map(|d| d.messages).sum::<u64>() + collected.undefined_messages;
    let mut facts = facts::structure_facts(recording.format(), collected, &account, &loss);
    let (shared_facts, foreign) = facts::recording_facts(collected, &arena, &mut outcomes);
    facts.extend(shared_facts);
    let (transform_facts, transforms) =
        facts::transform_facts(collected, &arena, &outcomes, &foreign, span);
    facts.extend(transform_facts);
    let (sensors, calibration) = sensors::measure(recording, collected, &arena, span);
    facts.extend(sensors.facts);
    let mut channels = Vec::with_capacity(outcomes.len());
    let mut plots = RecordingPlots {
        start_ns: span.map_or(0, |s| s.start_ns),
        end_ns: span.map_or(0, |s| s.end_ns),
        transforms,
        curves: sensors.curves,
        pictures: sensors.pictures,
        tables: sensors.tables,
        ..RecordingPlots::default()
    };
    for outcome in outcomes {
        facts.extend(outcome.facts);
        channels.push(outcome.report);
        plots.channels.extend(outcome.plot);
    }
    Evidence {
        message_count,
        start_ns: span.map(|s| s.start_ns),
        end_ns: span.map(|s| s.end_ns),
        complete: account.losses.is_empty() && loss.suspect_messages == 0 && !collected.cancelled,
        loss,
        channels,
        facts,
        calibration,
        plots,
        undefined_channel_messages: collected.undefined_messages,
    }
}
