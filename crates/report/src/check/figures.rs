//! Clock plots and period histograms, channels with findings first.

use super::context::{CodeLink, Context};
use super::limits;
use crate::markup::Markup;
use crate::svg::{clock, histogram};
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{ChannelReport, Finding, display, plot::ClockPlot};

/// Plots of one kind.
#[derive(Debug, Default, Template)]
#[template(path = "figures.html")]
pub(crate) struct Figures {
    shown: Vec<Figure>,
    folded: Vec<Figure>,
    left_out: usize,
    noun: &'static str,
}

impl HtmlSafe for Figures {}

#[derive(Debug)]
struct Figure {
    name: String,
    codes: Vec<CodeLink>,
    svg: Markup,
    values: Vec<(&'static str, String)>,
    note: String,
}

impl Figures {
    /// Recorder against sensor clock, one plot per channel with header stamps.
    pub(crate) fn clocks(context: &Context<'_>) -> Self {
        let about = |finding: &Finding| finding.code.starts_with("clock.");
        Self::collect(context, "clock plot", about, |channel, id, codes| {
            let data = context.plot(&channel.topic)?.clock.as_ref()?;
            let name = text::name(&channel.topic);
            let title = format!("Clock of {name}");
            let drawing = clock::draw(id, &title, data, context.budget.points)?;
            Some(Figure {
                name,
                codes,
                svg: drawing.svg,
                values: clock_values(context, &channel.topic, data),
                note: clock_note(context, &channel.topic, data, drawing.beyond),
            })
        })
    }

    /// Histograms of the periods, one per channel.
    pub(crate) fn periods(context: &Context<'_>) -> Self {
        let about = |finding: &Finding| finding.code.starts_with("time.");
        Self::collect(context, "histogram", about, |channel, id, codes| {
            let data = &context.plot(&channel.topic)?.periods;
            let name = text::name(&channel.topic);
            let title = format!("Periods of {name}");
            let median = channel.median_period_ns.map(|ns| ns as f64 * 1e-9);
            Some(Figure {
                svg: histogram::draw(id, &title, data, median)?,
                name,
                codes,
                values: period_values(channel),
                note: String::new(),
            })
        })
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.folded.is_empty()
    }

    fn collect(
        context: &Context<'_>,
        noun: &'static str,
        about: impl Fn(&Finding) -> bool,
        draw: impl Fn(&ChannelReport, &str, Vec<CodeLink>) -> Option<Figure>,
    ) -> Self {
        let mut flagged = Vec::new();
        let mut others = Vec::new();
        let mut available = 0;
        let kind = noun.split(' ').next().unwrap_or(noun);
        for (index, channel) in context.report.channels.iter().enumerate() {
            let all = context.findings_of(&channel.topic).iter().copied();
            let findings = all.filter(|finding| about(finding));
            let codes = CodeLink::of(context, findings);
            let with_codes = !codes.is_empty();
            let id = format!("{}-{kind}{}", context.anchor, index + 1);
            let Some(figure) = draw(channel, &id, codes) else {
                continue;
            };
            available += 1;
            let list = if with_codes {
                &mut flagged
            } else {
                &mut others
            };
            if list.len() < context.budget.plots {
                list.push(figure);
            }
        }
        // Plots without figures, a clock nothing was fitted to, say least.
        others.sort_by_key(|figure| figure.values.is_empty());
        flagged.append(&mut others);
        flagged.truncate(context.budget.plots);
        let left_out = available - flagged.len();
        let with_codes = flagged.iter().filter(|f| !f.codes.is_empty()).count();
        let shown = with_codes.clamp(limits::PLOTS_SHOWN, 4 * limits::PLOTS_SHOWN);
        // Folding one or two plots away would cost more than it saves.
        let folded = if flagged.len() > shown + 2 {
            flagged.split_off(shown)
        } else {
            Vec::new()
        };
        Self {
            shown: flagged,
            folded,
            left_out,
            noun,
        }
    }
}

/// Both models in figures, the hull with its interval; nothing where none was fitted.
fn clock_values(
    context: &Context<'_>,
    topic: &str,
    data: &ClockPlot,
) -> Vec<(&'static str, String)> {
    let fact = |name: &str| {
        let mut facts = context.report.facts.iter();
        facts.find(|fact| fact.subject == topic && fact.name == name)
    };
    if data.hull.is_empty() {
        return Vec::new();
    }
    let skew = fact("clock.skew");
    let interval = match skew.map(|fact| (fact.low, fact.high)) {
        Some((Some(low), Some(high))) => {
            format!(" [{}, {}]", display::number(low), display::number(high))
        }
        _ => String::new(),
    };
    let from = |secs: f64| format!("from {}", display::seconds(secs));
    let (hull, linear) = (data.hull_skew_ppm, data.linear_skew_ppm);
    let (hull, linear) = (
        display::quantity(hull, "ppm"),
        display::quantity(linear, "ppm"),
    );
    vec![
        (
            "hull",
            format!("{hull}{interval} {}", from(data.hull_offset_secs)),
        ),
        (
            "least squares",
            format!("{linear} {}", from(data.linear_offset_secs)),
        ),
    ]
}

/// Why there is no model, and which points lie outside the axes.
fn clock_note(context: &Context<'_>, topic: &str, data: &ClockPlot, beyond: usize) -> String {
    let mut notes = Vec::new();
    if data.hull.is_empty() {
        let mut facts = context.report.facts.iter();
        let reason = facts
            .find(|fact| fact.subject == topic && fact.name == "clock.skew")
            .and_then(|fact| fact.reason.as_deref())
            .unwrap_or("too little to fit");
        notes.push(format!("No clock model: {}.", text::sentence(reason)));
    }
    if beyond > 0 {
        let points = text::counted(beyond, "point");
        notes.push(format!("{points} outside the axes, drawn at the edge."));
    }
    notes.join(" ")
}

fn period_values(channel: &ChannelReport) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    if let Some(median) = channel.median_period_ns {
        values.push(("median", display::quantity(median as f64, "ns")));
    }
    if let Some(rate) = channel.rate_hz {
        values.push(("rate", display::quantity(rate, "Hz")));
    }
    if let Some(gap) = channel.max_gap_ns {
        values.push(("longest", display::quantity(gap as f64, "ns")));
    }
    values
}
