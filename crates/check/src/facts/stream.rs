//! One stream by itself: its report, its timing facts and its plot.

use crate::collect::{Arena, Collected, HEADER, LOG, NO_STAMP, PUBLISH};
use crate::run::Span;
use fieldassay_measure::stats::median_i64;
use fieldassay_model::plot::ChannelPlot;
use fieldassay_model::{ChannelReport, Fact, Regressions};

/// What the second pass finds out about one stream.
pub(crate) struct StreamOutcome {
    pub(crate) index: usize,
    pub(crate) report: ChannelReport,
    pub(crate) facts: Vec<Fact>,
    pub(crate) plot: Option<ChannelPlot>,
}

/// Smallest and largest log time of all messages.
pub(crate) fn recording_span(collected: &Collected<'_>, arena: &Arena<'_>) -> Option<Span> {
    let mut span: Option<Span> = None;
    for data in &collected.data {
        let log = collected.store.gather(arena, &data.segments, LOG);
        for &t in log.iter() {
            let known = span.get_or_insert(Span {
                start_ns: t,
                end_ns: t,
            });
            known.start_ns = known.start_ns.min(t);
            known.end_ns = known.end_ns.max(t);
        }
    }
    span
}

/// Measures one stream; none when the index names no stream.
pub(crate) fn stream_outcome(
    collected: &Collected<'_>,
    arena: &Arena<'_>,
    index: usize,
    _span: Option<Span>,
) -> Option<StreamOutcome> {
    let stream = collected.streams.get(index)?;
    let data = collected.data.get(index)?;
    let log = collected.store.gather(arena, &data.segments, LOG);
    let publish = collected.store.gather(arena, &data.segments, PUBLISH);
    let regressions = |times: &[i64]| -> u64 {
        times
            .iter()
            .zip(times.iter().skip(1))
            .map(|(a, b)| u64::from(b < a))
            .sum()
    };
    let header_time = stream.has_stamps().then(|| {
        let header = collected.store.gather(arena, &data.segments, HEADER);
        let present: Vec<i64> = header.iter().copied().filter(|t| *t != NO_STAMP).collect();
        regressions(&present)
    });
    let span = log
        .iter()
        .min()
        .zip(log.iter().max())
        .map(|(low, high)| high.saturating_sub(*low));
    let mut periods = arena.words(log.len().saturating_sub(1));
    for ((target, a), b) in periods.iter_mut().zip(log.iter()).zip(log.iter().skip(1)) {
        *target = b.saturating_sub(*a);
    }
    let max_gap_ns = periods.iter().max().copied();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a median of i64 values lies within i64"
    )]
    let median_period_ns = median_i64(&mut periods).ok().map(|m| m.round() as i64);
    let report = ChannelReport {
        topic: stream.topic.clone(),
        schema: stream.schema.clone(),
        encoding: stream.encoding.clone(),
        message_count: data.messages,
        rate_hz: span
            .filter(|span| *span > 0)
            .map(|span| (log.len() - 1) as f64 / (span as f64 * 1e-9)),
        median_period_ns,
        max_gap_ns,
        regressions: Regressions {
            log_time: regressions(&log),
            publish_time: (data.without_publish == 0 && data.messages > 0)
                .then(|| regressions(&publish)),
            header_time,
        },
        worst: None,
    };
    Some(StreamOutcome {
        index,
        report,
        facts: Vec::new(),
        plot: None,
    })
}
