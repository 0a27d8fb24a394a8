//! Clock facts, once it is known which clock the recording's header stamps are on.

use super::RECORDING;
use super::clock::{Clock, Model};
use super::order::NO_STAMPS;
use super::sheet::{Annotate as _, Sheet, count_detail, secs_detail, text_detail};
use super::stream::StreamOutcome;
use fieldassay_measure::clock::{EpochMatch, EpochMistake, LatencySummary};
use fieldassay_model::{Fact, FactValue};

/// Offsets beyond this are no latency, whatever their name.
const FOREIGN_NS: i64 = 60_000_000_000;
/// Skew beyond which a clock near zero is simulated time and no oscillator.
const OSCILLATOR_PPM: f64 = 1000.0;

/// Which clock the header stamps of the recording are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Common {
    /// The recorder's, or one like it.
    Wall,
    /// All count from boot or from the start of a simulation.
    NearZero,
    /// All share an offset to the recorder's clock: replayed data.
    Replayed(i64),
}

/// The clock most stamped streams are on.
pub(crate) fn common_clock(outcomes: &[StreamOutcome]) -> Common {
    let stamped: Vec<&Clock> = outcomes
        .iter()
        .filter_map(|outcome| outcome.clock.as_ref())
        .collect();
    let regular: Vec<&Clock> = stamped.iter().copied().filter(|c| c.is_regular).collect();
    let judged = if regular.is_empty() { stamped } else { regular };
    if judged.is_empty() {
        return Common::Wall;
    }
    let near_zero = |c: &&Clock| c.offset.class == EpochMistake::SinceBoot;
    if judged.iter().all(near_zero) {
        return Common::NearZero;
    }
    let mut offsets: Vec<i64> = judged.iter().map(|c| c.offset.offset_ns).collect();
    offsets.sort_unstable();
    let middle = offsets.get(offsets.len() / 2).copied().unwrap_or(0);
    let unnamed = judged
        .iter()
        .all(|c| c.offset.class == EpochMistake::Unknown);
    let shared = offsets
        .iter()
        .all(|offset| offset.saturating_sub(middle).saturating_abs() < FOREIGN_NS);
    if middle.saturating_abs() > FOREIGN_NS && unnamed && shared {
        return Common::Replayed(middle);
    }
    Common::Wall
}

/// Facts about the clocks of every stream, and about the recording's common clock.
pub(crate) fn clock_facts(outcomes: &[StreamOutcome]) -> Vec<Fact> {
    let common = common_clock(outcomes);
    let stamped = outcomes.iter().filter(|o| o.clock.is_some()).count();
    let mut sheet = Sheet::new(RECORDING, stamped);
    if stamped == 0 {
        sheet.none(
            "clock.simulated",
            "bool",
            "no channel carries header stamps",
        );
    } else {
        let what = match common {
            Common::Wall => "the recorder's clock or one like it",
            Common::NearZero => "simulated time or time since boot",
            Common::Replayed(_) => "the clock of an earlier recording that was replayed",
        };
        sheet
            .boolean(
                "clock.simulated",
                common != Common::Wall,
                "all stamped streams share an offset no latency explains",
            )
            .with(&[text_detail("clock", what)]);
    }
    let mut facts = sheet.facts;
    for outcome in outcomes {
        if outcome.report.message_count == 0 {
            continue;
        }
        let n = usize::try_from(outcome.report.message_count).unwrap_or(usize::MAX);
        let mut sheet = Sheet::new(&outcome.report.topic, n);
        if let Some(clock) = &outcome.clock {
            stream_facts(clock, common, &mut sheet);
        } else {
            sheet.none_of(DIRECT, NO_STAMPS);
            sheet.none_of(&[STEP], NO_STAMPS);
            sheet.none_of(MODEL, NO_STAMPS);
        }
        facts.append(&mut sheet.facts);
    }
    facts
}

/// Topics whose stamps are on another clock than those of the rest.
pub(crate) fn foreign_topics(facts: &[Fact]) -> Vec<String> {
    facts
        .iter()
        .filter(|fact| {
            matches!(
                fact.name.as_str(),
                "clock.epoch_mistake" | "clock.whole_seconds"
            ) && fact
                .value
                .as_ref()
                .and_then(FactValue::as_f64)
                .is_some_and(|value| value != 0.0)
        })
        .map(|fact| fact.subject.clone())
        .collect()
}

/// Facts that need no model of the clock, before its steps.
const DIRECT: &[(&str, &str)] = &[
    ("clock.latency", "s"),
    ("clock.transport", "s"),
    ("clock.driver", "s"),
    ("clock.epoch_mistake", "bool"),
    ("clock.whole_seconds", "s"),
    ("clock.future", "s"),
    ("clock.stale", "s"),
];
const STEP: (&str, &str) = ("clock.step", "s");
/// Facts of the model of the clock.
const MODEL: &[(&str, &str)] = &[
    ("clock.skew", "ppm"),
    ("clock.skew_at_least", "ppm"),
    ("clock.skew_linear", "ppm"),
    ("clock.offset", "s"),
    ("clock.drift", "s"),
    ("clock.queue", "s"),
];
const SIMULATED: &str =
    "header stamps are simulated time, which does not run at the recorder's pace";

fn stream_facts(clock: &Clock, common: Common, sheet: &mut Sheet) {
    latency_facts(clock, sheet);
    let foreign = epoch_facts(clock, common, sheet);
    age_facts(clock, foreign, sheet);
    // Simulated time stops and runs at its own pace; on an oscillator that counts from boot skew means something.
    let paced = clock
        .model
        .as_ref()
        .is_ok_and(|model| model.hull.skew_ppm.abs() <= OSCILLATOR_PPM);
    if common == Common::NearZero && !paced {
        sheet.none_of(&[STEP], SIMULATED);
        sheet.none_of(MODEL, SIMULATED);
        return;
    }
    step_facts(clock, sheet);
    match &clock.model {
        Ok(model) => model_facts(model, sheet),
        Err(reason) => sheet.none_of(MODEL, reason),
    }
}

fn latency_facts(clock: &Clock, sheet: &mut Sheet) {
    let mut fact = |name: &str, summary: &LatencySummary, method: &str| {
        sheet
            .number(name, summary.p95_ns / 1e9, "s", method)
            .of(summary.n)
            .with(&[
                secs_detail("min_secs", summary.min_ns as f64),
                secs_detail("p50_secs", summary.p50_ns),
                secs_detail("p99_secs", summary.p99_ns),
                secs_detail("max_secs", summary.max_ns as f64),
                count_detail("negative_count", summary.negative as u64),
            ]);
    };
    fact(
        "clock.latency",
        &clock.total,
        "95 % quantile of log time - header stamp",
    );
    match &clock.transport {
        Some(transport) if transport.always_equal => sheet.none_of(
            &[("clock.transport", "s"), ("clock.driver", "s")],
            "the publish time is a copy of the log time",
        ),
        Some(transport) => {
            fact(
                "clock.transport",
                transport,
                "95 % quantile of log time - publish time",
            );
            if let Some(driver) = &clock.driver {
                fact(
                    "clock.driver",
                    driver,
                    "95 % quantile of publish time - header stamp",
                );
            } else {
                sheet.none("clock.driver", "s", "some messages carry no stamp");
            }
        }
        None => sheet.none_of(
            &[("clock.transport", "s"), ("clock.driver", "s")],
            "the format has no publish time",
        ),
    }
}

/// Facts about the constant offset; true when the stamps are on a clock of their own.
fn epoch_facts(clock: &Clock, common: Common, sheet: &mut Sheet) -> bool {
    let offset = clock.offset;
    let whole = matches!(
        offset.class,
        EpochMistake::GpsUtc
            | EpochMistake::TaiUtc
            | EpochMistake::TaiGps
            | EpochMistake::LeapSecond
    );
    let in_common = match common {
        Common::Wall => false,
        Common::NearZero => offset.class == EpochMistake::SinceBoot,
        Common::Replayed(middle) => {
            offset.offset_ns.saturating_sub(middle).saturating_abs() < FOREIGN_NS
        }
    };
    let far = offset.offset_ns.saturating_abs() > FOREIGN_NS;
    // Irregular streams (maps, goals) may hold old stamps for good reasons; a named epoch is none of them.
    let mistaken = !in_common
        && match offset.class {
            EpochMistake::None | EpochMistake::NotFilled => false,
            EpochMistake::Unknown => far && clock.is_regular,
            _ => !whole,
        };
    let guess = guess(&offset);
    sheet
        .boolean(
            "clock.epoch_mistake",
            mistaken,
            "median of log time - header stamp against known epochs and units",
        )
        .of(clock.n)
        .with(&[
            secs_detail("offset_secs", offset.offset_ns as f64),
            text_detail("guess", &guess),
        ]);
    let seconds = if whole && !in_common {
        // Positive when the header is ahead.
        -(offset.known_ns as f64) / 1e9
    } else {
        0.0
    };
    sheet
        .number(
            "clock.whole_seconds",
            seconds,
            "s",
            "leap-second offsets that explain the median of header stamp - log time",
        )
        .of(clock.n)
        .with(&[
            text_detail("guess", &guess),
            text_detail(
                "direction",
                if seconds > 0.0 { "ahead of" } else { "behind" },
            ),
            ("size_secs", FactValue::Number(seconds.abs())),
        ]);
    mistaken || in_common || seconds != 0.0
}

fn guess(offset: &EpochMatch) -> String {
    match offset.class {
        EpochMistake::None => "the recorder's clock".to_owned(),
        EpochMistake::NotFilled => "stamps that were never set".to_owned(),
        EpochMistake::SinceBoot => "time since boot or simulated time".to_owned(),
        EpochMistake::GpsUtc => "GPS time and UTC taken for one another".to_owned(),
        EpochMistake::TaiUtc => "TAI and UTC taken for one another".to_owned(),
        EpochMistake::TaiGps => "TAI and GPS time taken for one another".to_owned(),
        EpochMistake::LeapSecond => "one leap second too many or too few".to_owned(),
        EpochMistake::TimeZone => "local time written as UTC".to_owned(),
        EpochMistake::GpsEpoch => "seconds since the GPS epoch (1980)".to_owned(),
        EpochMistake::OtherEpoch => "another epoch (1900 NTP, 1904 Mac or 2001 Apple)".to_owned(),
        EpochMistake::Unit => format!("another unit (off by a factor of {})", offset.unit_factor),
        EpochMistake::Unknown => "no known epoch".to_owned(),
    }
}

fn age_facts(clock: &Clock, foreign: bool, sheet: &mut Sheet) {
    if foreign {
        let reason = "the stamps are not on the recorder's clock";
        sheet.none_of(&[("clock.future", "s"), ("clock.stale", "s")], reason);
        return;
    }
    let ahead = clock.total.min_ns.saturating_neg().max(0);
    sheet
        .number(
            "clock.future",
            ahead as f64 / 1e9,
            "s",
            "largest header stamp - log time",
        )
        .of(clock.n)
        .with(&[count_detail("ahead_count", clock.total.negative as u64)]);
    if clock.is_regular {
        sheet
            .number(
                "clock.stale",
                clock.total.p50_ns.max(0.0) / 1e9,
                "s",
                "median of log time - header stamp",
            )
            .of(clock.n);
    } else {
        sheet.none(
            "clock.stale",
            "s",
            "irregular stream: old values may be meant",
        );
    }
}

fn step_facts(clock: &Clock, sheet: &mut Sheet) {
    let report = match &clock.steps {
        Ok(report) => report,
        Err(reason) => return sheet.none("clock.step", "s", reason),
    };
    let detectable = secs_detail("detectable_secs", report.detectable_ns);
    if report.steps.is_empty() {
        sheet
            .number("clock.step", 0.0, "s", "jumps of the least latency")
            .of(clock.n)
            .with(std::slice::from_ref(&detectable));
    }
    for step in &report.steps {
        let direction = if step.size_ns < 0.0 { "ahead" } else { "back" };
        sheet
            .number(
                "clock.step",
                step.size_ns / 1e9,
                "s",
                "jumps of the least latency",
            )
            .of(clock.n)
            .within(Some(scaled(step.size_interval, 1e9)))
            .with(&[
                detectable.clone(),
                text_detail("direction", direction),
                secs_detail("size_secs", step.size_ns.abs()),
            ])
            .at(step.low_ns, step.high_ns);
    }
}

fn scaled(
    interval: fieldassay_measure::stats::Interval,
    divisor: f64,
) -> fieldassay_measure::stats::Interval {
    fieldassay_measure::stats::Interval {
        low: interval.low / divisor,
        high: interval.high / divisor,
    }
}

fn model_facts(model: &Model, sheet: &mut Sheet) {
    let hull = &model.hull;
    let (start, end) = model.window;
    let span_ns = hull.last_ns.saturating_sub(hull.first_ns) as f64;
    let linear_ppm = model.linear.as_ref().map_or(f64::NAN, |l| l.skew_ppm);
    let direction = if hull.skew_ppm > 0.0 { "slow" } else { "fast" };
    let details = [
        ("skew_ppm", FactValue::Number(hull.skew_ppm.abs())),
        ("linear_ppm", FactValue::Number(linear_ppm)),
        secs_detail("drift_secs", hull.drift_ns.abs()),
        secs_detail("span_secs", span_ns),
        text_detail("direction", direction),
        count_detail("hull_count", hull.hull_size as u64),
    ];
    sheet
        .number("clock.skew", hull.skew_ppm, "ppm", HULL)
        .of(hull.n)
        .within(hull.skew_interval_ppm)
        .with(&details)
        .at(start, end);
    match hull.skew_interval_ppm {
        Some(interval) => {
            let nearest = if interval.low > 0.0 {
                interval.low
            } else {
                interval.high.min(0.0)
            };
            sheet
                .number(
                    "clock.skew_at_least",
                    nearest,
                    "ppm",
                    "end of the 95 % interval nearest to zero",
                )
                .of(hull.n)
                .within(Some(interval))
                .with(&details)
                .at(start, end);
        }
        None => sheet.none(
            "clock.skew_at_least",
            "ppm",
            "too few messages for an interval",
        ),
    }
    linear_fact(model, sheet);
    delay_facts(model, sheet);
}

fn linear_fact(model: &Model, sheet: &mut Sheet) {
    if let Some(linear) = &model.linear {
        sheet
            .number(
                "clock.skew_linear",
                linear.skew_ppm,
                "ppm",
                "least squares on log time - header stamp",
            )
            .of(linear.n)
            .within(Some(linear.skew_interval_ppm))
            .with(&[
                secs_detail("offset_secs", linear.offset_ns),
                secs_detail("jitter_secs", linear.jitter_ns),
            ])
            .at(model.window.0, model.window.1);
    }
}

fn delay_facts(model: &Model, sheet: &mut Sheet) {
    let hull = &model.hull;
    let (start, end) = model.window;
    sheet
        .number("clock.offset", hull.offset_ns / 1e9, "s", HULL)
        .of(hull.n)
        .at(start, end);
    sheet
        .number(
            "clock.drift",
            hull.drift_ns.abs() / 1e9,
            "s",
            "|skew| x span of the header stamps",
        )
        .of(hull.n)
        .at(start, end);
    sheet
        .number(
            "clock.queue",
            hull.residual_p95_ns / 1e9,
            "s",
            "95 % quantile of the delay above the hull line",
        )
        .of(hull.n)
        .with(&[
            secs_detail("p50_secs", hull.residual_p50_ns),
            secs_detail("max_secs", hull.residual_max_ns),
        ])
        .at(start, end);
}

const HULL: &str = "lower convex hull of (header stamp, log time)";
