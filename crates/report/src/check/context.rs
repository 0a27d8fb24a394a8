//! What every part of a recording's section needs to know.

use super::limits::Budget;
use crate::{ReportInput, TruthMark, text};
use fieldassay_model::{
    CheckInfo, Finding, Power, RecordingReport, Severity, Verdict, Window,
    plot::{ChannelPlot, RecordingPlots},
};
use std::collections::{BTreeMap, BTreeSet};

/// One recording with what belongs to it, indexed.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Facts, findings and verdict.
    pub(crate) report: &'a RecordingReport,
    /// Series to draw.
    pub(crate) plots: Option<&'a RecordingPlots>,
    /// Faults known to be there; none when nothing is known.
    pub(crate) truth: Option<&'a [TruthMark]>,
    /// Checks by code.
    pub(crate) catalog: BTreeMap<&'a str, &'a CheckInfo>,
    /// What the checks found in simulated drives.
    pub(crate) power: &'a [Power],
    /// Start of every anchor of the section, `r1`.
    pub(crate) anchor: String,
    /// Time shown by the timeline, log time.
    pub(crate) span: Window,
    /// What may be shown.
    pub(crate) budget: Budget,
    /// Findings of each channel, alone or as one side of a pair, worst first.
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// Findings about no channel.
    general: Vec<&'a Finding>,
    plots_by_topic: BTreeMap<&'a str, &'a ChannelPlot>,
}

impl<'a> Context<'a> {
    /// The recording at `index` of the document; none beyond its end.
    pub(crate) fn new(input: &ReportInput<'a>, index: usize, sections: usize) -> Option<Self> {
        let report = input.document.recordings.get(index)?;
        let plots = input.plots.get(index).and_then(Option::as_ref);
        let start = report.start_ns.or(plots.map(|p| p.start_ns)).unwrap_or(0);
        let end = report.end_ns.or(plots.map(|p| p.end_ns)).unwrap_or(start);
        let mut findings: BTreeMap<&str, Vec<&Finding>> = report
            .channels
            .iter()
            .map(|channel| (channel.topic.as_str(), Vec::new()))
            .collect();
        let mut general = Vec::new();
        for finding in &report.findings {
            let mut known = false;
            for topic in sides(&finding.subject) {
                if let Some(list) = findings.get_mut(topic) {
                    list.push(finding);
                    known = true;
                }
            }
            if !known {
                general.push(finding);
            }
        }
        Some(Self {
            report,
            plots,
            truth: input
                .truth
                .and_then(|truth| truth.get(index))
                .map(Vec::as_slice),
            catalog: input.catalog.iter().map(|info| (info.code, info)).collect(),
            power: input.power,
            anchor: format!("r{}", index + 1),
            span: Window {
                start_ns: start,
                end_ns: end.max(start),
            },
            budget: Budget::share(sections, report.channels.len()),
            findings,
            general,
            plots_by_topic: plots
                .into_iter()
                .flat_map(|p| &p.channels)
                .map(|plot| (plot.topic.as_str(), plot))
                .collect(),
        })
    }

    /// The series of a channel.
    pub(crate) fn plot(&self, topic: &str) -> Option<&'a ChannelPlot> {
        self.plots_by_topic.get(topic).copied()
    }

    /// Findings about this channel, alone or as one side of a pair, worst first.
    pub(crate) fn findings_of(&self, topic: &str) -> &[&'a Finding] {
        self.findings.get(topic).map_or(&[], Vec::as_slice)
    }

    /// Findings about no channel: the recording as a whole, frames.
    pub(crate) fn general_findings(&self) -> &[&'a Finding] {
        &self.general
    }

    /// Anchor of the findings of one check and severity.
    pub(crate) fn finding_anchor(&self, severity: Severity, code: &str) -> String {
        let code: String = code
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        format!(
            "{}-{}-{code}",
            self.anchor,
            SeverityView::of(severity).class
        )
    }

    /// Topic or path shown for a subject.
    pub(crate) fn subject(subject: &str) -> String {
        if subject == "recording" {
            "whole recording".to_owned()
        } else {
            text::name(subject)
        }
    }
}

/// What a subject names: itself, and both sides of a pair.
pub(crate) fn sides(subject: &str) -> impl Iterator<Item = &str> {
    let pair = subject.split_once(" -> ");
    let parts = pair.into_iter().flat_map(|(a, b)| [a, b]);
    std::iter::once(subject).chain(parts)
}

/// How a severity looks: never by color alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeverityView {
    /// Class in the style sheet.
    pub(crate) class: &'static str,
    /// Sign.
    pub(crate) icon: &'static str,
    /// Word.
    pub(crate) word: &'static str,
}

impl SeverityView {
    /// The looks of a severity.
    pub(crate) const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self {
                class: "error",
                icon: "✕",
                word: "Error",
            },
            Severity::Warn => Self {
                class: "warn",
                icon: "▲",
                word: "Warning",
            },
            Severity::Info => Self {
                class: "info",
                icon: "●",
                word: "Note",
            },
        }
    }

    /// The looks of a verdict; a recording that could not be read looks like a failed one.
    pub(crate) const fn of_verdict(verdict: Verdict, unread: bool) -> Self {
        match verdict {
            _ if unread => Self {
                class: "error",
                icon: "✕",
                word: "Not read",
            },
            Verdict::Pass => Self {
                class: "pass",
                icon: "✓",
                word: "Pass",
            },
            Verdict::Warn => Self {
                class: "warn",
                icon: "▲",
                word: "Warn",
            },
            Verdict::Fail => Self {
                class: "error",
                icon: "✕",
                word: "Fail",
            },
            Verdict::NotEvaluated => Self {
                class: "unknown",
                icon: "?",
                word: "Not evaluated",
            },
        }
    }
}

/// A link to the findings of one check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CodeLink {
    /// Anchor of the group.
    pub(crate) anchor: String,
    /// Code of the check.
    pub(crate) code: String,
    /// Severity of the findings there.
    pub(crate) severity: SeverityView,
}

impl CodeLink {
    /// Links to the groups of these findings, each once, in their order.
    pub(crate) fn of<'f>(
        context: &Context<'_>,
        findings: impl Iterator<Item = &'f Finding>,
    ) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        findings
            .filter(|finding| seen.insert((finding.severity, finding.code.clone())))
            .map(|finding| Self {
                anchor: context.finding_anchor(finding.severity, &finding.code),
                code: text::name(&finding.code),
                severity: SeverityView::of(finding.severity),
            })
            .collect()
    }
}
