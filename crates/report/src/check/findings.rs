//! Findings grouped by check, worst first, each with its explanation and the facts it rests on.

use super::context::{Context, SeverityView};
use super::drawings::Drawings;
use super::limits;
use super::power::PowerView;
use crate::markup::Markup;
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{Fact, FactStatus, Finding, Severity, display};
use std::collections::BTreeMap;

/// Every finding of a recording.
#[derive(Debug, Template)]
#[template(path = "findings.html")]
pub(crate) struct Findings {
    groups: Vec<Group>,
    left_out: usize,
}

impl HtmlSafe for Findings {}

/// Findings of one check and severity.
#[derive(Debug)]
struct Group {
    anchor: String,
    severity: SeverityView,
    code: String,
    title: String,
    explanation: Option<Explanation>,
    hint: Option<Markup>,
    count: usize,
    rows: Vec<Row>,
    left_out: usize,
    drawings: Drawings,
    power: PowerView,
}

#[derive(Debug)]
struct Explanation {
    meaning: Markup,
    formula: Markup,
    source: Markup,
    blind_spots: Markup,
}

#[derive(Debug)]
struct Row {
    subject: String,
    place: String,
    more_places: String,
    message: Markup,
    hint: Option<Markup>,
    evidence: Vec<Evidence>,
}

#[derive(Debug)]
struct Evidence {
    name: String,
    value: String,
    rest: String,
}

type Facts<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Fact>>;

impl Findings {
    /// The findings of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let mut facts: Facts<'_> = BTreeMap::new();
        for fact in &context.report.facts {
            let key = (fact.name.as_str(), fact.subject.as_str());
            facts.entry(key).or_default().push(fact);
        }
        let mut by_check: BTreeMap<(std::cmp::Reverse<Severity>, usize), Vec<&Finding>> =
            BTreeMap::new();
        let mut order: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &context.report.findings {
            let next = order.len();
            let position = *order.entry(&finding.code).or_insert(next);
            let key = (std::cmp::Reverse(finding.severity), position);
            by_check.entry(key).or_default().push(finding);
        }
        let total = by_check.len();
        let mut budget = context.budget.findings;
        // Where many recordings share a page, fewer checks are shown rather than empty ones.
        let shown = limits::GROUPS.min(budget / 3);
        let mut remaining = total.min(shown);
        let mut groups = Vec::new();
        for findings in by_check.into_values().take(shown) {
            // Every group gets its share of what is left, so that the last ones are not empty.
            let rows = findings.len().min(budget / remaining.max(1));
            budget = budget.saturating_sub(rows);
            remaining = remaining.saturating_sub(1);
            groups.extend(group(context, &facts, &findings, rows));
        }
        Self {
            left_out: total - groups.len(),
            groups,
        }
    }
}

fn group(
    context: &Context<'_>,
    facts: &Facts<'_>,
    findings: &[&Finding],
    rows: usize,
) -> Option<Group> {
    let first = findings.first()?;
    let info = context.catalog.get(first.code.as_str());
    let common_hint = findings.iter().all(|finding| finding.hint == first.hint);
    Some(Group {
        anchor: context.finding_anchor(first.severity, &first.code),
        severity: SeverityView::of(first.severity),
        code: text::name(&first.code),
        title: info.map_or_else(
            || text::name(&first.code),
            |info| capitalized(&info.title.replace('_', " ")),
        ),
        explanation: info.map(|info| Explanation {
            meaning: text::rich(info.meaning),
            formula: text::rich(info.formula),
            source: text::rich(info.source),
            blind_spots: text::rich(info.blind_spots),
        }),
        hint: common_hint
            .then_some(first.hint.as_str())
            .filter(|hint| !hint.is_empty())
            .map(said),
        count: findings.len(),
        rows: findings
            .iter()
            .take(rows)
            .map(|finding| row(context, facts, finding, !common_hint))
            .collect(),
        left_out: findings.len().saturating_sub(rows),
        drawings: Drawings::beside(context, findings),
        power: PowerView::new(context.power, &first.code),
    })
}

fn row(context: &Context<'_>, facts: &Facts<'_>, finding: &Finding, own_hint: bool) -> Row {
    let start = context.span.start_ns;
    Row {
        subject: Context::subject(&finding.subject),
        place: finding
            .window
            .map_or_else(String::new, |window| text::window(window, start)),
        more_places: more_places(finding, start),
        message: said(&finding.message),
        hint: (own_hint && !finding.hint.is_empty()).then(|| said(&finding.hint)),
        evidence: finding
            .facts
            .iter()
            .take(6)
            .filter_map(|name| evidence(facts, finding, name))
            .collect(),
    }
}

/// Where else: the first few further windows, and how many more there are.
fn more_places(finding: &Finding, start_ns: i64) -> String {
    const NAMED: usize = 3;
    let others = || {
        finding
            .windows
            .iter()
            .filter(|w| finding.window != Some(**w))
    };
    let named: Vec<String> = others()
        .take(NAMED)
        .map(|window| text::window(*window, start_ns))
        .collect();
    let own = u64::from(finding.window.is_some());
    let left = finding.count.saturating_sub(named.len() as u64 + own);
    match (named.is_empty(), left) {
        (true, _) => String::new(),
        (false, 0) => format!("also {}", named.join(", ")),
        (false, left) => format!("also {} and {} more", named.join(", "), text::integer(left)),
    }
}

/// A message or hint as a sentence.
fn said(sentence: &str) -> Markup {
    text::rich(&capitalized(&text::sentence(sentence)))
}

/// The fact of this name the finding rests on: the one with its window, else the first.
fn evidence(facts: &Facts<'_>, finding: &Finding, name: &str) -> Option<Evidence> {
    let alike = facts.get(&(name, finding.subject.as_str()))?;
    let fact = alike
        .iter()
        .find(|fact| fact.window == finding.window)
        .or_else(|| alike.first())?;
    let mut rest = Vec::new();
    if let Some(interval) = interval(fact) {
        rest.push(format!("95 % interval {interval}"));
    }
    if fact.n > 0 {
        rest.push(format!("n = {}", text::integer(fact.n)));
    }
    if !fact.method.is_empty() {
        rest.push(text::name(&fact.method));
    }
    Some(Evidence {
        name: text::name(&fact.name),
        value: value(fact),
        rest: rest.join(" · "),
    })
}

/// The value of a fact, or why there is none.
pub(crate) fn value(fact: &Fact) -> String {
    match (&fact.value, fact.status) {
        (Some(value), FactStatus::Ok) => text::name(&display::fact_value(value, &fact.unit)),
        _ => format!(
            "not evaluated: {}",
            text::sentence(fact.reason.as_deref().unwrap_or("no reason given"))
        ),
    }
}

/// The interval of a fact.
pub(crate) fn interval(fact: &Fact) -> Option<String> {
    let end = |x: f64| display::quantity(x, &fact.unit);
    match (fact.low, fact.high) {
        (None, None) => None,
        (Some(low), None) => Some(format!("from {}", end(low))),
        (None, Some(high)) => Some(format!("up to {}", end(high))),
        (Some(low), Some(high)) => Some(format!("{} to {}", end(low), end(high))),
    }
}

/// With a capital first letter, when the text starts with a plain word and not a name.
pub(crate) fn capitalized(text: &str) -> String {
    let word = text.split([' ', ':', ',', ';']).next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if word.chars().all(|c| c.is_ascii_lowercase()) => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
