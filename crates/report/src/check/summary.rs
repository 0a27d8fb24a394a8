//! The verdict in one sentence and the figures a reader wants first.

use super::context::{Context, SeverityView};
use crate::markup::Markup;
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{Finding, RecordingReport, Severity, Verdict, display};

/// Verdict, reason and figures of one recording.
#[derive(Debug, Template)]
#[template(path = "summary.html")]
pub(crate) struct Summary {
    verdict: SeverityView,
    sentence: Markup,
    tiles: Vec<Tile>,
    start: Option<String>,
    path: String,
    format: String,
    id: Option<String>,
    sha256: Option<String>,
    blake3: Option<String>,
}

impl HtmlSafe for Summary {}

#[derive(Debug)]
struct Tile {
    label: &'static str,
    value: String,
    note: String,
    class: &'static str,
}

impl Summary {
    /// The summary of one recording.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let report = context.report;
        Self {
            verdict: SeverityView::of_verdict(report.verdict, report.error.is_some()),
            sentence: text::rich(&sentence(context)),
            tiles: tiles(context),
            start: report.start_ns.map(display::iso8601),
            path: text::name(&report.path),
            format: text::name(&report.format),
            id: report.id.as_ref().map(|id| text::name(id.as_str())),
            sha256: report.sha256.as_deref().map(text::name),
            blake3: report.blake3.as_deref().map(text::name),
        }
    }
}

/// Findings per severity: errors, warnings, notes.
pub(crate) fn counts(report: &RecordingReport) -> [usize; 3] {
    [Severity::Error, Severity::Warn, Severity::Info].map(|severity| {
        let of = |finding: &&Finding| finding.severity == severity;
        report.findings.iter().filter(of).count()
    })
}

/// Why the verdict is what it is.
pub(crate) fn sentence(context: &Context<'_>) -> String {
    let report = context.report;
    if let Some(error) = &report.error {
        return format!("Nothing could be read: {}", text::sentence(error));
    }
    let [errors, warnings, notes] = counts(report);
    let and_notes = match notes {
        0 => String::new(),
        notes => format!(" {} for information.", text::counted(notes, "note")),
    };
    match report.verdict {
        Verdict::Pass => format!("Nothing goes beyond what the policy tolerates.{and_notes}"),
        Verdict::Warn => format!(
            "{}. {}",
            text::counted(warnings, "warning"),
            worst(report, context)
        ),
        Verdict::Fail => {
            let warned = match warnings {
                0 => String::new(),
                warnings => format!(" and {}", text::counted(warnings, "warning")),
            };
            let counted = text::counted(errors, "error");
            format!("{counted}{warned}. {}", worst(report, context))
        }
        Verdict::NotEvaluated => not_evaluated(report),
    }
}

/// The first finding as a sentence.
fn worst(report: &RecordingReport, context: &Context<'_>) -> String {
    let Some(finding) = report.findings.first() else {
        return "See the facts.".to_owned();
    };
    let message = text::sentence(&finding.message);
    match finding.subject.as_str() {
        "recording" => {
            let title = context
                .catalog
                .get(finding.code.as_str())
                .map(|info| info.title);
            let title = title.unwrap_or(&finding.code).replace('_', " ");
            format!("Worst: {title}, {message}.")
        }
        subject => format!("Worst is {}: {message}.", text::name(subject)),
    }
}

fn not_evaluated(report: &RecordingReport) -> String {
    const MARK: &str = "required by the policy but not evaluated: ";
    let reasons: Vec<&str> = report
        .findings
        .iter()
        .filter_map(|finding| finding.message.strip_prefix(MARK))
        .collect();
    let Some(first) = reasons.first() else {
        return "Something the policy requires could not be measured, so this is no pass."
            .to_owned();
    };
    let more = match reasons.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    format!(
        "The policy requires what could not be measured, so this is no pass: {}{more}.",
        text::sentence(first)
    )
}

fn tiles(context: &Context<'_>) -> Vec<Tile> {
    let report = context.report;
    let plain = |label, value, note| Tile {
        label,
        value,
        note,
        class: "",
    };
    let duration = match (report.start_ns, report.end_ns) {
        (Some(start), Some(end)) => text::duration(start, end),
        _ => "none".to_owned(),
    };
    let silent = report
        .channels
        .iter()
        .filter(|c| c.message_count == 0)
        .count();
    let channels_note = match silent {
        0 => String::new(),
        silent => format!("{} without messages", text::integer(silent as u64)),
    };
    let [errors, warnings, notes] = counts(report);
    vec![
        Tile {
            label: "Findings",
            value: text::integer((errors + warnings) as u64),
            note: [(errors, "error"), (warnings, "warning"), (notes, "note")]
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, noun)| text::counted(*count, noun))
                .collect::<Vec<_>>()
                .join(", "),
            class: match (errors, warnings) {
                (0, 0) => "",
                (0, _) => "warn",
                _ => "error",
            },
        },
        data_tile(report),
        plain("Duration", duration, String::new()),
        plain(
            "Messages",
            text::integer(report.message_count),
            String::new(),
        ),
        plain(
            "Channels",
            text::integer(report.channels.len() as u64),
            channels_note,
        ),
        plain(
            "Size",
            display::bytes(report.size_bytes as f64),
            format!("{} bytes", text::integer(report.size_bytes)),
        ),
    ]
}

fn data_tile(report: &RecordingReport) -> Tile {
    let loss = &report.loss;
    let (value, class) = if report.error.is_some() {
        ("Unreadable", "error")
    } else if report.complete {
        ("Complete", "pass")
    } else if loss.bytes > 0 || loss.messages != Some(0) {
        ("Data lost", "error")
    } else {
        ("Suspect", "warn")
    };
    let mut notes = Vec::new();
    if report.error.is_none() && !report.complete {
        notes.push(match loss.messages {
            Some(messages) => format!("{} messages lost", text::integer(messages)),
            None => "messages lost: uncountable".to_owned(),
        });
        if loss.bytes > 0 {
            notes.push(display::bytes(loss.bytes as f64));
        }
    }
    if loss.suspect_messages > 0 {
        notes.push(format!("{} suspect", text::integer(loss.suspect_messages)));
    }
    Tile {
        label: "Data",
        value: value.to_owned(),
        note: notes.join(", "),
        class,
    }
}
