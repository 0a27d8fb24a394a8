//! Every channel over the time of the recording.

use super::context::{CodeLink, Context};
use super::limits;
use crate::markup::Markup;
use crate::svg::strip::{Strip, gap_class};
use crate::svg::{nice_ticks, tick_label};
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{ChannelReport, Finding, Severity, Window, plot::GapMark};
use std::collections::BTreeMap;

/// The timeline of one recording.
#[derive(Debug, Template)]
#[template(path = "timeline.html")]
pub(crate) struct Timeline {
    start: String,
    ticks: Vec<AxisTick>,
    rows: Vec<Row>,
    left_out: usize,
}

impl HtmlSafe for Timeline {}

#[derive(Debug)]
struct AxisTick {
    percent: String,
    label: String,
    position: &'static str,
}

#[derive(Debug)]
struct Row {
    name: String,
    svg: Markup,
    codes: Vec<CodeLink>,
    more_codes: usize,
}

impl Timeline {
    /// The timeline of one recording; empty without messages.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let secs = (context.span.end_ns.saturating_sub(context.span.start_ns)) as f64 * 1e-9;
        let ticks = nice_ticks(0.0, secs, 7);
        let shares: Vec<f64> = ticks.iter().map(|tick| tick / secs).collect();
        let report = context.report;
        let mut rows = Vec::new();
        rows.extend(general_row(context, &shares));
        let shown = context.budget.channels;
        for channel in report.channels.iter().take(shown) {
            rows.push(channel_row(context, channel, &shares));
        }
        let mut axis = axis(&ticks, &shares);
        // The end is worth a label where there is room for one.
        if shares.last().is_some_and(|share| *share < 0.9) {
            axis.push(AxisTick {
                percent: "100".to_owned(),
                label: fieldassay_model::display::number(secs),
                position: "end",
            });
        }
        Self {
            start: report
                .start_ns
                .map_or_else(String::new, fieldassay_model::display::iso8601),
            ticks: axis,
            rows,
            left_out: report.channels.len().saturating_sub(shown),
        }
    }

    /// Whether there is anything to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn axis(ticks: &[f64], shares: &[f64]) -> Vec<AxisTick> {
    ticks
        .iter()
        .zip(shares)
        .map(|(tick, share)| AxisTick {
            percent: format!("{:.2}", share * 100.0),
            label: tick_label(*tick, ticks),
            // The outermost labels stay inside the picture.
            position: match *share {
                share if share < 0.02 => "start",
                share if share > 0.97 => "end",
                _ => "middle",
            },
        })
        .collect()
}

/// Findings about the recording as a whole and about transforms.
fn general_row(context: &Context<'_>, ticks: &[f64]) -> Option<Row> {
    let findings: Vec<&Finding> = context
        .general_findings()
        .iter()
        .copied()
        .filter(|finding| finding.window.is_some() || !finding.windows.is_empty())
        .collect();
    if findings.is_empty() {
        return None;
    }
    Some(row(
        context,
        "recording and transforms",
        &findings,
        ticks,
        Series::default(),
    ))
}

fn channel_row(context: &Context<'_>, channel: &ChannelReport, ticks: &[f64]) -> Row {
    let findings = context.findings_of(&channel.topic);
    let series = context
        .plot(&channel.topic)
        .map_or_else(Series::default, |plot| Series {
            messages: channel.message_count,
            activity: &plot.activity,
            gaps: &plot.gaps,
        });
    row(
        context,
        &text::name(&channel.topic),
        findings,
        ticks,
        series,
    )
}

#[derive(Clone, Copy, Default)]
struct Series<'a> {
    messages: u64,
    activity: &'a [u32],
    gaps: &'a [GapMark],
}

fn row(
    context: &Context<'_>,
    name: &str,
    findings: &[&Finding],
    ticks: &[f64],
    series: Series<'_>,
) -> Row {
    let marks = marks(context, findings);
    let strip = Strip {
        span: context.span,
        activity: series.activity,
        gaps: series.gaps,
        marks: &marks,
        ticks,
        max_gaps: context.budget.gaps,
        max_bins: context.budget.bins,
    };
    let mut codes = CodeLink::of(context, findings.iter().copied());
    let more_codes = codes.len().saturating_sub(2);
    codes.truncate(2);
    Row {
        name: name.to_owned(),
        svg: strip.draw(&label(name, series, findings)),
        codes,
        more_codes,
    }
}

/// What a strip shows, in words.
fn label(name: &str, series: Series<'_>, findings: &[&Finding]) -> String {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for gap in series.gaps {
        *classes.entry(gap_class(&gap.class)).or_default() += 1;
    }
    let gaps: Vec<String> = classes
        .iter()
        .map(|(class, count)| format!("{} ({class})", text::counted(*count, "gap")))
        .collect();
    let gaps = if gaps.is_empty() {
        "no gaps".to_owned()
    } else {
        gaps.join(", ")
    };
    format!(
        "{name}: {} messages, {gaps}, {}",
        text::integer(series.messages),
        text::counted(findings.len(), "finding")
    )
}

/// Windows of findings, notes first so that errors are drawn over them.
fn marks(context: &Context<'_>, findings: &[&Finding]) -> Vec<(Window, Severity, String)> {
    let mut marks = Vec::new();
    for finding in findings {
        let own = finding.window.as_slice();
        let windows = if finding.windows.is_empty() {
            own
        } else {
            &finding.windows
        };
        for window in windows {
            let place = text::window(*window, context.span.start_ns);
            let words = format!("{}: {place}", text::name(&finding.code));
            marks.push((*window, finding.severity, words));
        }
    }
    marks.truncate(limits::MARKS);
    marks.reverse();
    marks
}
