//! Header stamps against the recorder's clock: what is measured per stream.
//!
//! What it means depends on the other streams (simulated time, wrong epochs); see [`super::epoch`].

use super::columns::{Columns, is_shared};
use super::timing::Timing;
use crate::collect::{Scratchpad, Stream};
use fieldassay_measure::clock::{
    EpochMatch, HullClock, LatencySummary, LinearClock, StepOptions, StepReport, epoch_mistake,
    hull_within, latency, linear, steps,
};
use fieldassay_model::plot::ClockPlot;

/// Messages below which no skew is claimed.
const LEAST_MESSAGES: usize = 100;
/// Span below which no skew is claimed: a crystal's 50 ppm are half a millisecond in 10 s.
const LEAST_SPAN_NS: i64 = 10_000_000_000;
/// Points of the clock plot.
const PLOT_POINTS: usize = 1500;
/// Hull vertices of the clock plot.
const PLOT_VERTICES: usize = 200;

/// Measurements of one stream's clocks.
pub(crate) struct Clock {
    /// Stamped messages.
    pub(crate) n: usize,
    /// Log minus header.
    pub(crate) total: LatencySummary,
    /// Log minus publish; none without publish time.
    pub(crate) transport: Option<LatencySummary>,
    /// Publish minus header; none without publish time or when some messages carry no stamp.
    pub(crate) driver: Option<LatencySummary>,
    /// What explains the typical offset.
    pub(crate) offset: EpochMatch,
    /// Whether the header stamps have a rhythm.
    pub(crate) is_regular: bool,
    /// Steps, or why none can be told.
    pub(crate) steps: Result<StepReport, String>,
    /// The clock model of the longest stretch without a step, or why there is none.
    pub(crate) model: Result<Model, String>,
}

/// Clock models of a stretch of messages.
pub(crate) struct Model {
    pub(crate) hull: HullClock,
    pub(crate) linear: Option<LinearClock>,
    /// Stretch in log time.
    pub(crate) window: (i64, i64),
}

impl Clock {
    /// Measures a stream's clocks; none without header stamps.
    pub(crate) fn measure(
        stream: &Stream,
        columns: &Columns<'_>,
        timing: &Timing,
        scratch: &mut Scratchpad<'_>,
    ) -> Option<Self> {
        let (header, log) = columns.header_and_log()?;
        let total = latency(log, header, scratch).ok()?;
        let publish = columns.publish.as_deref();
        let transport = publish.and_then(|publish| latency(&columns.log, publish, scratch).ok());
        let driver = publish
            .filter(|publish| publish.len() == header.len())
            .and_then(|publish| latency(publish, header, scratch).ok());
        let typical_log = log.get(log.len() / 2).copied().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a median of i64 values lies within i64"
        )]
        let offset = epoch_mistake(typical_log, typical_log.saturating_sub(total.p50_ns as i64));
        let is_regular = timing.header_is_regular();
        let refusal = if is_shared(stream) {
            Some("several nodes may publish on this topic")
        } else if !is_regular {
            Some("irregular stream: its header stamps follow no rhythm")
        } else {
            None
        };
        let steps = match refusal {
            Some(reason) => Err(reason.to_owned()),
            None => find_steps(header, log),
        };
        let model = match refusal {
            Some(reason) => Err(reason.to_owned()),
            None => model(header, log, steps.as_ref().ok(), scratch),
        };
        Some(Self {
            n: header.len(),
            total,
            transport,
            driver,
            offset,
            is_regular,
            steps,
            model,
        })
    }
}

fn find_steps(header: &[i64], log: &[i64]) -> Result<StepReport, String> {
    steps(header, log, &StepOptions::default())
        .map_err(|error| statement(&error.to_string()).to_owned())
}

fn model(
    header: &[i64],
    log: &[i64],
    steps: Option<&StepReport>,
    scratch: &mut Scratchpad<'_>,
) -> Result<Model, String> {
    let mut cuts: Vec<usize> = steps
        .map(|report| report.steps.iter().map(|step| step.index).collect())
        .unwrap_or_default();
    cuts.push(header.len());
    let mut start = 0;
    let mut longest = 0..0;
    for cut in cuts {
        if cut.saturating_sub(start) > longest.len() {
            longest = start..cut;
        }
        start = cut;
    }
    let (Some(header), Some(log)) = (header.get(longest.clone()), log.get(longest)) else {
        return Err("no messages".to_owned());
    };
    let span = log
        .iter()
        .max()
        .zip(log.iter().min())
        .map_or(0, |(high, low)| high.saturating_sub(*low));
    if header.len() < LEAST_MESSAGES || span < LEAST_SPAN_NS {
        return Err("a skew needs 100 messages over 10 s".to_owned());
    }
    let hull = hull_within(header, log, scratch)
        .map_err(|error| statement(&error.to_string()).to_owned())?;
    let window = log
        .first()
        .zip(log.last())
        .map_or((0, 0), |(first, last)| (*first, *last));
    Ok(Model {
        hull,
        linear: linear(header, log).ok(),
        window,
    })
}

/// The statement of an error without its hint.
pub(crate) fn statement(text: &str) -> &str {
    text.split("; hint").next().unwrap_or_default()
}

/// The clock plot: latency over header time, thinned, with both models.
pub(crate) fn clock_plot(columns: &Columns<'_>, clock: &Clock) -> Option<ClockPlot> {
    let (header, log) = columns.header_and_log()?;
    let origin = *header.first()?;
    let secs = |nanos: i64| nanos as f64 / 1e9;
    let at = |h: i64, l: i64| (secs(h.saturating_sub(origin)), secs(l.saturating_sub(h)));
    let stride = header.len().div_ceil(PLOT_POINTS).max(1);
    let points = header
        .iter()
        .zip(log)
        .step_by(stride)
        .map(|(h, l)| at(*h, *l))
        .collect();
    let mut plot = ClockPlot {
        points,
        ..ClockPlot::default()
    };
    if let Ok(model) = &clock.model {
        let stride = model.hull.vertices.len().div_ceil(PLOT_VERTICES).max(1);
        plot.hull = model
            .hull
            .vertices
            .iter()
            .step_by(stride)
            .map(|(h, l)| at(*h, *l))
            .collect();
        // Both lines are given at the first stamp of the plot, which may lie before the stretch they fit.
        let before = secs(model.hull.first_ns.saturating_sub(origin));
        plot.hull_skew_ppm = model.hull.skew_ppm;
        plot.hull_offset_secs = model.hull.offset_ns / 1e9 - model.hull.skew_ppm / 1e6 * before;
        if let Some(linear) = &model.linear {
            plot.linear_skew_ppm = linear.skew_ppm;
            plot.linear_offset_secs = linear.offset_ns / 1e9 - linear.skew_ppm / 1e6 * before;
        }
    }
    Some(plot)
}
