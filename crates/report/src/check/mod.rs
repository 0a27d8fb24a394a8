//! The page of one run of `check`.
//!
//! Read [`Page`] first. Each part of a recording's section is a template of its own, filled by the
//! module of the same name; [`limits`] says how much of each list is shown.

mod context;
mod drawings;
mod figures;
mod findings;
mod limits;
mod power;
mod summary;
mod tables;
mod timeline;
mod transforms;
mod truth;

use crate::markup::Markup;
use crate::{ReportError, ReportInput, text};
use askama::{Template, filters::HtmlSafe};
use context::{Context, SeverityView};
use fieldassay_model::{Verdict, display};

/// Renders the page.
pub(crate) fn render(input: &ReportInput<'_>) -> Result<String, ReportError> {
    Ok(Page::new(input).render()?)
}

#[derive(Debug, Template)]
#[template(path = "check.html")]
struct Page {
    title: String,
    tool_version: String,
    simulated: bool,
    overall: Vec<(SeverityView, usize)>,
    index: Vec<IndexRow>,
    index_left_out: usize,
    sections: Vec<Section>,
    sections_left_out: usize,
    policy: PolicyView,
}

/// A recording in the index.
#[derive(Debug)]
struct IndexRow {
    verdict: SeverityView,
    anchor: Option<String>,
    name: String,
    folder: String,
    sentence: Markup,
    duration: String,
    messages: String,
    channels: String,
    size: String,
}

/// Everything about one recording.
#[derive(Debug, Template)]
#[template(path = "section.html")]
struct Section {
    anchor: String,
    name: String,
    verdict: SeverityView,
    summary: summary::Summary,
    truth: truth::Truth,
    findings: findings::Findings,
    timeline: timeline::Timeline,
    clocks: figures::Figures,
    periods: figures::Figures,
    transforms: transforms::Transforms,
    sensors: drawings::Sensors,
    losses: tables::Losses,
    channels: tables::Channels,
    facts: tables::Facts,
    unread: bool,
    named_by_title: bool,
    one_of_many: bool,
}

impl HtmlSafe for Section {}

#[derive(Debug)]
struct PolicyView {
    name: String,
    version: u32,
    sha256: String,
    yaml: String,
}

impl Page {
    fn new(input: &ReportInput<'_>) -> Self {
        let recordings = &input.document.recordings;
        let shown = recordings.len().min(limits::SECTIONS);
        let contexts = || (0..recordings.len()).filter_map(|i| Context::new(input, i, shown));
        Self {
            title: text::name(input.title),
            tool_version: text::name(input.tool_version),
            simulated: input.simulated,
            overall: overall(input),
            index: contexts()
                .take(limits::INDEX_ROWS)
                .enumerate()
                .map(|(index, context)| IndexRow::new(&context, index < shown))
                .collect(),
            index_left_out: recordings.len().saturating_sub(limits::INDEX_ROWS),
            sections: contexts()
                .take(shown)
                .map(|c| Section::new(&c, input.title, recordings.len() > 1))
                .collect(),
            sections_left_out: recordings.len() - shown,
            policy: PolicyView {
                name: text::name(&input.document.policy.name),
                version: input.document.policy.version,
                sha256: text::name(&input.document.policy.sha256),
                yaml: policy_text(input.policy_yaml),
            },
        }
    }
}

/// How many recordings have each verdict, worst first.
fn overall(input: &ReportInput<'_>) -> Vec<(SeverityView, usize)> {
    let mut counts: Vec<(SeverityView, usize)> = [
        (Verdict::Fail, true),
        (Verdict::Fail, false),
        (Verdict::NotEvaluated, false),
        (Verdict::Warn, false),
        (Verdict::Pass, false),
    ]
    .map(|(verdict, unread)| (SeverityView::of_verdict(verdict, unread), 0))
    .to_vec();
    for report in &input.document.recordings {
        let view = SeverityView::of_verdict(report.verdict, report.error.is_some());
        if let Some(entry) = counts.iter_mut().find(|(known, _)| *known == view) {
            entry.1 += 1;
        }
    }
    counts.retain(|(_, count)| *count > 0);
    counts
}

/// The policy line by line, cut to its limit.
fn policy_text(yaml: &str) -> String {
    let mut out = String::new();
    for line in yaml.lines() {
        if out.len() + line.len() > limits::POLICY_CHARS {
            out.push_str("…\n");
            break;
        }
        out.push_str(&text::clean(line, limits::POLICY_CHARS));
        out.push('\n');
    }
    out
}

impl IndexRow {
    fn new(context: &Context<'_>, linked: bool) -> Self {
        let report = context.report;
        let path = text::name(&report.path);
        let name = text::file_name(&path).to_owned();
        Self {
            verdict: SeverityView::of_verdict(report.verdict, report.error.is_some()),
            anchor: linked.then(|| context.anchor.clone()),
            folder: path.strip_suffix(&name).unwrap_or_default().to_owned(),
            name,
            sentence: text::rich(&summary::sentence(context)),
            duration: match (report.start_ns, report.end_ns) {
                (Some(start), Some(end)) => text::duration(start, end),
                _ => "–".to_owned(),
            },
            messages: text::integer(report.message_count),
            channels: text::integer(report.channels.len() as u64),
            size: display::bytes(report.size_bytes as f64),
        }
    }
}

impl Section {
    fn new(context: &Context<'_>, title: &str, many: bool) -> Self {
        let report = context.report;
        let path = text::name(&report.path);
        Self {
            anchor: context.anchor.clone(),
            name: text::file_name(&path).to_owned(),
            verdict: SeverityView::of_verdict(report.verdict, report.error.is_some()),
            summary: summary::Summary::new(context),
            truth: truth::Truth::new(context),
            findings: findings::Findings::new(context),
            timeline: timeline::Timeline::new(context),
            clocks: figures::Figures::clocks(context),
            periods: figures::Figures::periods(context),
            transforms: transforms::Transforms::new(context),
            sensors: drawings::Sensors::new(context),
            losses: tables::Losses::new(context),
            channels: tables::Channels::new(context),
            facts: tables::Facts::new(context),
            unread: report.error.is_some(),
            one_of_many: many,
            named_by_title: text::file_name(&path) == title,
        }
    }
}
