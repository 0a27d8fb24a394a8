//! Faults known to be in a simulated recording, beside the findings at their place.

use super::context::{CodeLink, Context, sides};
use super::limits;
use crate::{TruthMark, text};
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{Finding, Severity, display};

/// The table of known faults.
#[derive(Debug, Default, Template)]
#[template(path = "truth.html")]
pub(crate) struct Truth {
    known: bool,
    rows: Vec<Row>,
    left_out: usize,
}

impl HtmlSafe for Truth {}

#[derive(Debug)]
struct Row {
    kind: String,
    channel: String,
    place: String,
    magnitude: String,
    codes: Vec<CodeLink>,
}

impl Truth {
    /// The known faults of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let Some(truth) = context.truth else {
            return Self::default();
        };
        Self {
            known: true,
            rows: truth
                .iter()
                .take(limits::TRUTHS)
                .map(|mark| row(context, mark))
                .collect(),
            left_out: truth.len().saturating_sub(limits::TRUTHS),
        }
    }

    /// Whether nothing is known.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.known
    }
}

fn row(context: &Context<'_>, mark: &TruthMark) -> Row {
    let findings = context.report.findings.iter();
    let there = findings.filter(|f| f.severity > Severity::Info && beside(f, mark));
    let mut codes = CodeLink::of(context, there);
    codes.truncate(6);
    Row {
        kind: text::name(&mark.kind),
        channel: Context::subject(&mark.channel),
        place: mark
            .window
            .map_or_else(String::new, |w| text::window(w, context.span.start_ns)),
        magnitude: mark
            .magnitude
            .map_or_else(String::new, |m| match mark.unit.as_str() {
                "percent" => format!("{} %", display::number(m)),
                unit => text::name(&display::quantity(m, unit)),
            }),
        codes,
    }
}

/// Whether a finding is about the channel and the time of a fault. A side that names no channel
/// or no time matches any.
fn beside(finding: &Finding, mark: &TruthMark) -> bool {
    let whole = |subject: &str| subject.is_empty() || subject == "recording";
    let subjects = whole(&mark.channel)
        || whole(&finding.subject)
        || sides(&mark.channel).any(|side| sides(&finding.subject).any(|other| other == side));
    let Some(fault) = mark.window else {
        return subjects;
    };
    let mut windows = finding.windows.iter().chain(&finding.window).peekable();
    let timeless = windows.peek().is_none();
    subjects
        && (timeless || windows.any(|w| w.start_ns <= fault.end_ns && fault.start_ns <= w.end_ns))
}
