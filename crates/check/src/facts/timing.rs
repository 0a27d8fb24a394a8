//! Rate, jitter, gaps, bursts, losses and coverage of one stream.

use super::clock::statement;
use super::columns::{Columns, is_sampled};
use super::sheet::{Annotate as _, Sheet, count_detail, secs_detail, text_detail};
use crate::collect::{Scratchpad, Stream};
use crate::run::Span;
use fieldassay_measure::time::{
    self, GapClass, GapRule, PeriodSummary, bursts, classify_gaps, lattice, period_summary,
};
use fieldassay_model::FactValue;
use fieldassay_model::plot::GapMark;

/// Share of periods within half a median of the median from which a stream counts as regular.
/// Events at random reach 0.35, a stream that loses one message in ten 0.9.
const REGULAR_SHARE: f64 = 0.9;
/// The same for types that sensors publish at a fixed rate: a sensor that loses half its messages is
/// still expected to be regular.
const SAMPLED_SHARE: f64 = 0.45;
/// A pause is a period above this many medians.
const PAUSE_FACTOR: f64 = 3.0;
/// A stream pauses on purpose when at least this many pauses, this share of its messages follow one, and
/// together they take this share of its time: keys held and released, a filter that runs while the robot moves.
const PAUSES: usize = 3;
const PAUSE_SHARE: f64 = 0.01;
const PAUSED_TIME: f64 = 0.1;
/// Messages below which no rhythm is claimed.
pub(crate) const LEAST_MESSAGES: usize = 10;
/// Periods above which a silence is kept as a gap.
const GAP_FACTOR: f64 = 1.5;
/// Gaps and bursts kept per stream.
const EVENTS: usize = 100;

/// The rhythm of a stream on its clocks.
pub(crate) struct Timing {
    /// Periods of the log times; none without span.
    pub(crate) log: Option<PeriodSummary>,
    /// Periods of the header stamps; none without usable stamps.
    pub(crate) header: Option<PeriodSummary>,
    /// Share of log periods near the median.
    log_regularity: f64,
    /// Share of header periods near the median.
    header_regularity: f64,
    /// Whether sensors publish its type at a fixed rate.
    sampled: bool,
    /// Share from which this stream counts as regular.
    needed: f64,
    /// Gaps for the report, longest first.
    pub(crate) gaps: Vec<GapMark>,
}

impl Timing {
    /// Measures the rhythm of a stream.
    pub(crate) fn new(
        stream: &Stream,
        columns: &Columns<'_>,
        scratch: &mut Scratchpad<'_>,
    ) -> Self {
        let sampled = is_sampled(stream);
        let log = period_summary(&columns.log, scratch).ok();
        let header = columns
            .header_and_log()
            .and_then(|(header, _)| period_summary(header, scratch).ok());
        let regularity = |stamps: &[i64], summary: &Option<PeriodSummary>| {
            summary
                .as_ref()
                .filter(|s| {
                    stamps.len() >= LEAST_MESSAGES && (sampled || !pauses(stamps, s.median_ns))
                })
                .map_or(0.0, |s| near_median(stamps, s.median_ns))
        };
        Self {
            log_regularity: regularity(&columns.log, &log),
            header_regularity: columns
                .header_and_log()
                .map_or(0.0, |(stamps, _)| regularity(stamps, &header)),
            sampled,
            needed: if sampled {
                SAMPLED_SHARE
            } else {
                REGULAR_SHARE
            },
            log,
            header,
            gaps: Vec::new(),
        }
    }

    /// Whether the header stamps have a rhythm.
    pub(crate) fn header_is_regular(&self) -> bool {
        self.header_regularity >= self.needed
    }

    /// Whether the stream has a rhythm on either clock.
    pub(crate) fn is_regular(&self) -> bool {
        self.header_is_regular() || self.log_regularity >= self.needed
    }

    /// The period of a regular stream, nanoseconds: by header stamps where they have a rhythm.
    pub(crate) fn period_ns(&self) -> Option<f64> {
        let summary = if self.header_is_regular() {
            self.header.as_ref()
        } else if self.is_regular() {
            self.log.as_ref()
        } else {
            None
        };
        summary.map(|s| s.median_ns).filter(|period| *period > 0.0)
    }

    /// All facts about rhythm.
    pub(crate) fn facts(
        &mut self,
        columns: &Columns<'_>,
        span: Option<Span>,
        scratch: &mut Scratchpad<'_>,
        sheet: &mut Sheet,
    ) {
        self.rate_facts(sheet);
        self.irregular_fact(columns.log.len(), sheet);
        let Some(period) = self.period_ns() else {
            let reason = if columns.log.len() < LEAST_MESSAGES {
                "fewer than 10 messages"
            } else {
                "irregular stream: its periods follow no lasting rhythm"
            };
            sheet.none_of(
                &[
                    ("time.jitter", "periods"),
                    ("time.gap", "periods"),
                    ("time.stall", "s"),
                    ("time.stamp_gap", "periods"),
                    ("time.loss", "share"),
                    ("time.loss_at_least", "share"),
                    ("time.burst", "messages"),
                    ("time.coverage", "share"),
                ],
                reason,
            );
            return;
        };
        self.jitter_facts(sheet);
        match columns.header_and_log() {
            Some((header, log)) if self.header_is_regular() => {
                self.classified_gap_facts(header, log, period, sheet);
                loss_fact(header, "header stamps", scratch, sheet);
            }
            _ => {
                self.plain_gap_facts(&columns.log, period, sheet);
                loss_fact(&columns.log, "log times", scratch, sheet);
            }
        }
        burst_facts(&columns.log, period, sheet);
        coverage_fact(&columns.log, period, span, sheet);
    }

    fn rate_facts(&self, sheet: &mut Sheet) {
        match &self.log {
            Some(log) => {
                sheet
                    .number("time.rate", log.rate_hz, "Hz", "(n - 1) / span of log time")
                    .within(log.rate_interval);
                sheet
                    .number("time.period", log.median_ns / 1e9, "s", "median log period")
                    .within(
                        log.median_interval
                            .map(|i| fieldassay_measure::stats::Interval {
                                low: i.low / 1e9,
                                high: i.high / 1e9,
                            }),
                    );
                sheet
                    .number(
                        "time.log_jitter",
                        log.jitter_p95_ns / 1e9,
                        "s",
                        "95 % quantile of |d - median d|, log time",
                    )
                    .with(&[
                        secs_detail("max_secs", log.jitter_max_ns),
                        secs_detail("std_secs", log.std_ns),
                        secs_detail("rms_secs", log.rms_deviation_ns),
                    ]);
                sheet.number(
                    "time.max_gap",
                    log.max_ns as f64 / 1e9,
                    "s",
                    "largest difference of consecutive log times",
                );
            }
            None => sheet.none_of(
                &[
                    ("time.rate", "Hz"),
                    ("time.period", "s"),
                    ("time.log_jitter", "s"),
                    ("time.max_gap", "s"),
                ],
                "fewer than two different log times",
            ),
        }
        sheet.number(
            "time.regularity",
            self.log_regularity.max(self.header_regularity),
            "share",
            "share of periods within half a median of the median, better of log and header",
        );
    }

    fn irregular_fact(&self, messages: usize, sheet: &mut Sheet) {
        if self.sampled && messages >= 2 * LEAST_MESSAGES {
            let share = self.log_regularity.max(self.header_regularity);
            sheet
                .boolean(
                    "time.irregular",
                    !self.is_regular(),
                    "sensor types without rhythm on either clock",
                )
                .with(&[("regularity_share", FactValue::Number(share))]);
        } else {
            sheet.none(
                "time.irregular",
                "bool",
                "not a type that sensors publish at a fixed rate, or fewer than 20 messages",
            );
        }
    }

    fn jitter_facts(&self, sheet: &mut Sheet) {
        let log_is_regular = self.log_regularity >= self.needed;
        let (summary, period_ns, clock) = match (&self.header, &self.log) {
            (Some(header), _) if self.header_is_regular() => {
                (header, header.median_ns, "header stamps")
            }
            // A sensor that arrives in rhythm and is stamped without one: the stamps scatter.
            (Some(header), Some(log)) if self.sampled && log_is_regular => {
                (header, log.median_ns, "header stamps, period by log times")
            }
            (_, Some(log)) => (log, log.median_ns, "log times"),
            _ => return,
        };
        let method = format!("95 % quantile of |d - median d| / median d, {clock}");
        sheet
            .number(
                "time.jitter",
                summary.jitter_p95_ns / period_ns,
                "periods",
                &method,
            )
            .with(&[
                secs_detail("jitter_secs", summary.jitter_p95_ns),
                secs_detail("period_secs", period_ns),
                secs_detail("max_secs", summary.jitter_max_ns),
            ]);
    }

    fn classified_gap_facts(
        &mut self,
        header: &[i64],
        log: &[i64],
        period: f64,
        sheet: &mut Sheet,
    ) {
        let log_period = match &self.log {
            Some(summary) if self.log_regularity >= self.needed => summary.median_ns,
            _ => period,
        };
        let rule = GapRule {
            factor: GAP_FACTOR,
            log_period_ns: log_period,
            header_period_ns: period,
        };
        let Ok(mut found) = classify_gaps(log, header, &rule, EVENTS) else {
            return;
        };
        found.sort_by_key(|gap| (-gap.length_ns(), gap.index));
        for (class, name, unit) in [
            (GapClass::SensorDrop, "time.gap", "periods"),
            (GapClass::RecorderStall, "time.stall", "s"),
            (GapClass::StampingFault, "time.stamp_gap", "periods"),
        ] {
            let mut none = true;
            for gap in found.iter().filter(|gap| gap.class == class) {
                none = false;
                let length = gap.length_ns() as f64;
                let value = if unit == "s" { length / 1e9 } else { gap.ratio };
                // The ratio is in periods of the clock that shows the gap, and so is what is told.
                let period = match class {
                    GapClass::StampingFault => period,
                    _ => log_period,
                };
                sheet
                    .number(
                        name,
                        value,
                        unit,
                        "gap above 1.5 periods, log time against header stamps",
                    )
                    .with(&[
                        text_detail("class", class.name()),
                        secs_detail("length_secs", length),
                        secs_detail("period_secs", period),
                        ("ratio", FactValue::Number(gap.ratio)),
                    ])
                    .at(gap.log_start_ns, gap.log_end_ns);
            }
            if none {
                sheet
                    .number(name, 0.0, unit, "no gap above 1.5 periods")
                    .with(&[text_detail("class", class.name())]);
            }
        }
        self.gaps = found
            .iter()
            .map(|gap| GapMark {
                start_ns: gap.log_start_ns,
                end_ns: gap.log_end_ns,
                class: gap.class.name().to_owned(),
            })
            .collect();
    }

    fn plain_gap_facts(&mut self, log: &[i64], period: f64, sheet: &mut Sheet) {
        let reason = "no header stamps with a rhythm to compare with";
        sheet.none_of(
            &[("time.stall", "s"), ("time.stamp_gap", "periods")],
            reason,
        );
        let Ok(report) = time::gaps(log, period, GAP_FACTOR, EVENTS) else {
            return;
        };
        let mut found = report.gaps;
        found.sort_by_key(|gap| (gap.start_ns.saturating_sub(gap.end_ns), gap.index));
        if found.is_empty() {
            sheet.number("time.gap", 0.0, "periods", "no gap above 1.5 periods");
        }
        for gap in &found {
            sheet
                .number(
                    "time.gap",
                    gap.ratio,
                    "periods",
                    "gap above 1.5 periods, log time only",
                )
                .with(&[
                    text_detail("class", "unknown"),
                    secs_detail("length_secs", gap.ratio * period),
                    secs_detail("period_secs", period),
                ])
                .at(gap.start_ns, gap.end_ns);
        }
        self.gaps = found
            .iter()
            .map(|gap| GapMark {
                start_ns: gap.start_ns,
                end_ns: gap.end_ns,
                class: "unknown".to_owned(),
            })
            .collect();
    }
}

/// Share of consecutive differences within half a median of the median.
pub(crate) fn near_median(stamps: &[i64], median_ns: f64) -> f64 {
    if median_ns <= 0.0 {
        return 0.0;
    }
    let near = stamps
        .iter()
        .zip(stamps.iter().skip(1))
        .filter(|(a, b)| (b.saturating_sub(**a) as f64 - median_ns).abs() <= 0.5 * median_ns)
        .count();
    near as f64 / stamps.len().saturating_sub(1).max(1) as f64
}

/// Whether the stream pauses again and again, as streams do that follow what happens.
fn pauses(stamps: &[i64], median_ns: f64) -> bool {
    let (mut count, mut paused) = (0_usize, 0.0_f64);
    for (a, b) in stamps.iter().zip(stamps.iter().skip(1)) {
        let period = b.saturating_sub(*a) as f64;
        if period > PAUSE_FACTOR * median_ns {
            count += 1;
            paused += period;
        }
    }
    let span = stamps
        .first()
        .zip(stamps.last())
        .map_or(0.0, |(a, b)| b.saturating_sub(*a) as f64);
    count >= PAUSES
        && count as f64 >= PAUSE_SHARE * stamps.len() as f64
        && paused >= PAUSED_TIME * span
}

fn loss_fact(stamps: &[i64], clock: &str, scratch: &mut Scratchpad<'_>, sheet: &mut Sheet) {
    match lattice(stamps, None, scratch) {
        Ok(report) => {
            let method = format!("empty slots of the stream's own lattice, {clock}");
            let details = [
                count_detail("missing_count", report.missing),
                count_detail("longest_count", report.longest_missing),
                count_detail("extra_count", report.extra),
            ];
            sheet
                .number("time.loss", report.loss_ratio, "share", &method)
                .within(Some(report.interval))
                .with(&details)
                .of(report.n);
            sheet
                .number(
                    "time.loss_at_least",
                    report.interval.low,
                    "share",
                    "lower end of the 95 % interval of time.loss",
                )
                .within(Some(report.interval))
                .with(&details)
                .of(report.n);
        }
        Err(error) => sheet.none_of(
            &[("time.loss", "share"), ("time.loss_at_least", "share")],
            statement(&error.to_string()),
        ),
    }
}

fn burst_facts(log: &[i64], period: f64, sheet: &mut Sheet) {
    let Ok(report) = bursts(log, period, EVENTS) else {
        return;
    };
    if report.bursts.is_empty() {
        sheet.number(
            "time.burst",
            0.0,
            "messages",
            "no run of quick messages after a pause",
        );
    }
    for burst in &report.bursts {
        sheet
            .number(
                "time.burst",
                burst.messages as f64,
                "messages",
                "runs of periods below 0.1 after one above 2",
            )
            .with(&[
                secs_detail("pause_secs", burst.pause_ns as f64),
                secs_detail("period_secs", period),
            ])
            .at(burst.start_ns.saturating_sub(burst.pause_ns), burst.end_ns);
    }
}

fn coverage_fact(log: &[i64], period: f64, span: Option<Span>, sheet: &mut Sheet) {
    let range = log.iter().min().zip(log.iter().max());
    let Some(((first, last), span)) = range.zip(span).filter(|(_, span)| span.length() > 0) else {
        sheet.none("time.coverage", "share", "the recording spans no time");
        return;
    };
    if !span.is_recorded {
        let reason =
            "no recorder wrote the files of a data set, so they need not cover the same time";
        sheet.none("time.coverage", "share", reason);
        return;
    }
    let covered = last.saturating_sub(*first) as f64 + period;
    sheet
        .number(
            "time.coverage",
            (covered / span.length() as f64).min(1.0),
            "share",
            "(last - first + period) / recording, log time",
        )
        .with(&[
            secs_detail(
                "start_delay_secs",
                first.saturating_sub(span.start_ns) as f64,
            ),
            secs_detail("end_early_secs", span.end_ns.saturating_sub(*last) as f64),
        ]);
}
