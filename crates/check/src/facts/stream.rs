//! One stream by itself: its report, its facts and its plot.

use super::clock::{Clock, clock_plot};
use super::columns::Columns;
use super::order::Order;
use super::sheet::Sheet;
use super::timing::Timing;
use crate::collect::{Arena, Collected, Scratchpad, Stream, StreamData};
use crate::run::Span;
use fieldassay_model::plot::{ChannelPlot, Histogram};
use fieldassay_model::{ChannelReport, Fact};

/// Bins of the activity strip.
const ACTIVITY_BINS: usize = 600;
/// Bins of the period histogram.
const PERIOD_BINS: usize = 60;

/// What the second pass finds out about one stream.
pub(crate) struct StreamOutcome {
    pub(crate) index: usize,
    pub(crate) report: ChannelReport,
    pub(crate) facts: Vec<Fact>,
    pub(crate) plot: Option<ChannelPlot>,
    /// Period of a stream with regular header stamps, nanoseconds.
    pub(crate) header_period_ns: Option<f64>,
    /// Header stamps against the recorder's clock.
    pub(crate) clock: Option<Clock>,
}

/// Smallest and largest log time of all messages.
pub(crate) fn recording_span(collected: &Collected<'_>) -> Option<Span> {
    collected
        .data
        .iter()
        .filter_map(|data| data.log_range)
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .map(|(start_ns, end_ns)| Span {
            start_ns,
            end_ns,
            is_recorded: collected.is_recorded,
        })
}

/// Measures one stream; none when the index names no stream.
pub(crate) fn stream_outcome<'a>(
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    index: usize,
    span: Option<Span>,
) -> Option<StreamOutcome> {
    let stream = collected.streams.get(index)?;
    let data = collected.data.get(index)?;
    let columns = Columns::gather(collected, arena, stream, data);
    let mut sheet = Sheet::new(&stream.topic, columns.log.len());
    sheet.count("channel.messages", data.messages, "messages read");
    sheet.number(
        "channel.bytes",
        data.payload_bytes as f64,
        "bytes",
        "sum of payload sizes",
    );
    let mut scratch = Scratchpad::new(arena);
    let mut timing = Timing::new(stream, &columns, &mut scratch);
    let order = Order::new(&columns);
    let report = report(stream, data, &timing, &order, columns.log.len());
    if data.messages == 0 {
        return Some(StreamOutcome {
            index,
            report,
            facts: sheet.facts,
            plot: None,
            header_period_ns: None,
            clock: None,
        });
    }
    timing.facts(&columns, span, &mut scratch, &mut sheet);
    order.facts(stream, &columns, &timing, &mut sheet);
    let clock = Clock::measure(stream, &columns, &timing, &mut scratch);
    let plot = span.map(|span| ChannelPlot {
        clock: clock.as_ref().and_then(|clock| clock_plot(&columns, clock)),
        ..plot(stream, &columns, &mut timing, span)
    });
    Some(StreamOutcome {
        index,
        report,
        facts: sheet.facts,
        plot,
        header_period_ns: timing.period_ns().filter(|_| timing.header_is_regular()),
        clock,
    })
}

fn report(
    stream: &Stream,
    data: &StreamData,
    timing: &Timing,
    order: &Order,
    messages: usize,
) -> ChannelReport {
    let log = timing.log.as_ref();
    // Messages that all share one log time have a period of zero and no rate.
    let together = log.is_none() && messages > 1;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a median of i64 values lies within i64"
    )]
    let median = log.map(|s| s.median_ns.round() as i64);
    ChannelReport {
        topic: stream.topic.clone(),
        schema: stream.schema.clone(),
        encoding: stream.encoding.clone(),
        message_count: data.messages,
        rate_hz: log.map(|s| s.rate_hz),
        median_period_ns: median.or(together.then_some(0)),
        max_gap_ns: log.map(|s| s.max_ns).or(together.then_some(0)),
        regressions: order.regressions(),
        worst: None,
    }
}

fn plot(stream: &Stream, columns: &Columns<'_>, timing: &mut Timing, span: Span) -> ChannelPlot {
    ChannelPlot {
        topic: stream.topic.clone(),
        activity: activity(&columns.log, span),
        gaps: std::mem::take(&mut timing.gaps),
        periods: period_histogram(&columns.log, timing),
        clock: None,
    }
}

/// Bin of `value` in `[0, length]` cut into `bins`.
fn bin(value: f64, length: f64, bins: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the bins"
    )]
    let bin = (value / length * bins as f64).clamp(0.0, (bins - 1) as f64) as usize;
    bin
}

fn activity(log: &[i64], span: Span) -> Vec<u32> {
    // Fine bins even for few messages: their number says where in the recording they lie.
    let bins = ACTIVITY_BINS;
    let mut counts = vec![0_u32; bins];
    let length = span.length().max(1) as f64;
    for t in log {
        let at = bin(t.saturating_sub(span.start_ns) as f64, length, bins);
        if let Some(count) = counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

fn period_histogram(log: &[i64], timing: &Timing) -> Histogram {
    let Some(summary) = timing.log.as_ref() else {
        return Histogram::default();
    };
    // Three medians show the shape; what is longer belongs to the gaps.
    let low = 0.0;
    let high = (summary.median_ns * 3.0).max(summary.p95_ns).max(1.0);
    let mut counts = vec![0_u64; PERIOD_BINS];
    for (a, b) in log.iter().zip(log.iter().skip(1)) {
        let at = bin(b.saturating_sub(*a) as f64 - low, high - low, PERIOD_BINS);
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }
    Histogram {
        low: low / 1e9,
        high: high / 1e9,
        counts,
    }
}
