//! Channels, losses and facts as tables.

use super::context::{Context, SeverityView};
use super::findings::{interval, value};
use super::limits;
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{ChannelReport, Fact, FactStatus, LossReason, display};
use std::collections::BTreeSet;

/// The table of channels.
#[derive(Debug, Template)]
#[template(path = "channels.html")]
pub(crate) struct Channels {
    anchor: String,
    rows: Vec<ChannelRow>,
    left_out: usize,
}

impl HtmlSafe for Channels {}

#[derive(Debug)]
struct ChannelRow {
    topic: String,
    schema: String,
    encoding: String,
    messages: String,
    rate: String,
    median: String,
    gap: String,
    regressions: [String; 3],
    worst: Option<SeverityView>,
}

impl Channels {
    /// The channels of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let channels = &context.report.channels;
        let shown = context.budget.channels;
        Self {
            anchor: context.anchor.clone(),
            rows: channels.iter().take(shown).map(channel_row).collect(),
            left_out: channels.len().saturating_sub(shown),
        }
    }
}

fn channel_row(channel: &ChannelReport) -> ChannelRow {
    let nanos = |ns: Option<i64>| ns.map_or_else(none, |ns| display::quantity(ns as f64, "ns"));
    let steps = |count: Option<u64>| count.map_or_else(none, text::integer);
    ChannelRow {
        topic: text::name(&channel.topic),
        schema: text::name(&channel.schema),
        encoding: text::name(&channel.encoding),
        messages: text::integer(channel.message_count),
        rate: channel
            .rate_hz
            .map_or_else(none, |rate| display::quantity(rate, "Hz")),
        median: nanos(channel.median_period_ns),
        gap: nanos(channel.max_gap_ns),
        regressions: [
            steps(Some(channel.regressions.log_time)),
            steps(channel.regressions.publish_time),
            steps(channel.regressions.header_time),
        ],
        worst: channel.worst.map(SeverityView::of),
    }
}

/// Shown where there is no value.
fn none() -> String {
    "–".to_owned()
}

/// The table of damaged places.
#[derive(Debug, Template)]
#[template(path = "losses.html")]
pub(crate) struct Losses {
    rows: Vec<LossRow>,
    left_out: usize,
    messages: String,
    bytes: String,
    suspect: String,
}

impl HtmlSafe for Losses {}

#[derive(Debug)]
struct LossRow {
    code: String,
    range: String,
    bytes: String,
    messages: String,
    suspect: String,
    message: String,
}

impl Losses {
    /// The damaged places of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let loss = &context.report.loss;
        Self {
            rows: loss
                .reasons
                .iter()
                .take(limits::LOSSES)
                .map(loss_row)
                .collect(),
            left_out: loss.reasons.len().saturating_sub(limits::LOSSES),
            messages: lost(loss.messages),
            bytes: text::integer(loss.bytes),
            suspect: text::integer(loss.suspect_messages),
        }
    }

    /// Whether nothing was lost.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn lost(messages: Option<u64>) -> String {
    messages.map_or_else(|| "uncountable".to_owned(), text::integer)
}

fn loss_row(reason: &LossReason) -> LossRow {
    LossRow {
        code: text::name(&reason.code),
        range: format!(
            "{}–{}",
            text::integer(reason.start),
            text::integer(reason.end)
        ),
        bytes: text::integer(reason.end.saturating_sub(reason.start)),
        messages: lost(reason.messages),
        suspect: text::integer(reason.suspect_messages),
        message: text::sentence(&reason.message),
    }
}

/// The table of facts.
#[derive(Debug, Template)]
#[template(path = "facts.html")]
pub(crate) struct Facts {
    anchor: String,
    rows: Vec<FactRow>,
    total: String,
    not_evaluated: usize,
    left_out: usize,
}

impl HtmlSafe for Facts {}

#[derive(Debug)]
struct FactRow {
    name: String,
    subject: String,
    evaluated: bool,
    value: String,
    interval: String,
    n: String,
    window: String,
    method: String,
    detail: String,
}

impl Facts {
    /// The facts of one recording. Where not all fit, those that findings rest on stay.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let facts = &context.report.facts;
        let chosen = chosen(context);
        Self {
            anchor: context.anchor.clone(),
            left_out: facts.len() - chosen.len(),
            rows: chosen.iter().map(|fact| fact_row(context, fact)).collect(),
            total: text::integer(facts.len() as u64),
            not_evaluated: facts
                .iter()
                .filter(|fact| fact.status == FactStatus::NotEvaluated)
                .count(),
        }
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn chosen<'a>(context: &Context<'a>) -> Vec<&'a Fact> {
    let facts = &context.report.facts;
    let budget = context.budget.facts;
    if facts.len() <= budget {
        return facts.iter().collect();
    }
    let used: BTreeSet<(&str, &str)> = context
        .report
        .findings
        .iter()
        .flat_map(|finding| {
            let subject = finding.subject.as_str();
            finding
                .facts
                .iter()
                .map(move |name| (name.as_str(), subject))
        })
        .collect();
    let mut order: Vec<usize> = (0..facts.len()).collect();
    let unused = |index: &usize| {
        facts
            .get(*index)
            .is_none_or(|fact| !used.contains(&(fact.name.as_str(), fact.subject.as_str())))
    };
    order.sort_by_key(unused);
    order.truncate(budget);
    order.sort_unstable();
    order.iter().filter_map(|index| facts.get(*index)).collect()
}

fn fact_row(context: &Context<'_>, fact: &Fact) -> FactRow {
    let detail: Vec<String> = fact
        .detail
        .iter()
        .take(8)
        .map(|(key, value)| {
            let unit = display::unit_of_name(key);
            format!("{key} {}", display::fact_value(value, unit))
        })
        .collect();
    let method = text::name(&fact.method);
    FactRow {
        name: text::name(&fact.name),
        subject: Context::subject(&fact.subject),
        evaluated: fact.status == FactStatus::Ok,
        value: value(fact),
        interval: interval(fact).unwrap_or_default(),
        n: if fact.n == 0 {
            none()
        } else {
            text::integer(fact.n)
        },
        window: fact
            .window
            .map_or_else(String::new, |w| text::window(w, context.span.start_ns)),
        method: format!("{method} v{}", fact.version)
            .trim_start()
            .to_owned(),
        detail: text::name(&detail.join(", ")),
    }
}
