//! The answer of `check`: verdict first, then the findings that matter, then a table by channel.

use super::{Align, Style, Table, statistic, text};
use fieldassay_model::{
    ChannelReport, CheckDocument, Finding, Loss, LossReason, RecordingReport, Severity, Verdict,
    display,
};
use std::fmt::Write as _;

/// Kinds of finding shown per recording; the rest is counted.
const FINDINGS_SHOWN: usize = 20;
/// Subjects shown in full per kind of finding.
const SUBJECTS_SHOWN: usize = 3;
/// Further subjects named per kind of finding.
const NAMES_SHOWN: usize = 8;
/// Damaged places shown per recording; the rest is counted.
const LOSSES_SHOWN: usize = 8;

pub(crate) fn document(document: &CheckDocument) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    for (index, recording) in document.recordings.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one(&mut out, recording, style);
    }
    if document.recordings.len() > 1 {
        summary(&mut out, document, style);
    }
    text(&out)
}

fn one(out: &mut String, recording: &RecordingReport, style: Style) {
    let _ = writeln!(
        out,
        "{}  {}",
        style.verdict(recording.verdict),
        style.strong(&recording.path)
    );
    if let Some(error) = &recording.error {
        let _ = writeln!(out, "  {}", error.replace('\n', "\n  "));
        return;
    }
    let _ = writeln!(out, "  {}", style.faint(&facts_line(recording)));
    losses(out, recording);
    findings(out, recording, style);
    if !recording.channels.is_empty() {
        out.push('\n');
        out.push_str(&channels(&recording.channels));
    }
}

fn facts_line(recording: &RecordingReport) -> String {
    let mut parts = vec![recording.format.clone()];
    if let (Some(start), Some(end)) = (recording.start_ns, recording.end_ns) {
        parts.push(display::seconds(end.saturating_sub(start) as f64 * 1e-9));
    }
    let count = |count: u64, one: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {one}{plural}", display::integer(count as f64))
    };
    parts.push(count(recording.message_count, "message"));
    parts.push(count(recording.channels.len() as u64, "channel"));
    parts.push(display::bytes(recording.size_bytes as f64));
    if let Some(id) = &recording.id {
        parts.push(id.to_string());
    }
    parts.join(", ")
}

fn losses(out: &mut String, recording: &RecordingReport) {
    let loss = &recording.loss;
    if loss.reasons.is_empty() {
        return;
    }
    let _ = write!(out, "  lost: {}", lost(loss));
    if loss.suspect_messages > 0 {
        let _ = write!(
            out,
            "; {} messages are suspect",
            display::integer(loss.suspect_messages as f64)
        );
    }
    out.push('\n');
    for reason in loss.reasons.iter().take(LOSSES_SHOWN) {
        let _ = writeln!(out, "    {}", loss_line(reason));
    }
    if let Some(more) = loss
        .reasons
        .len()
        .checked_sub(LOSSES_SHOWN)
        .filter(|more| *more > 0)
    {
        let _ = writeln!(out, "    and {more} more places, see --json or --report");
    }
}

/// What was lost, in words.
pub(super) fn lost(loss: &Loss) -> String {
    let bytes = display::bytes(loss.bytes as f64);
    match loss.messages {
        Some(0) if loss.bytes == 0 => "nothing".to_owned(),
        Some(1) => format!("1 message, {bytes}"),
        Some(count) => format!("{} messages, {bytes}", display::integer(count as f64)),
        None => format!("an unknown number of messages, {bytes}"),
    }
}

pub(super) fn loss_line(reason: &LossReason) -> String {
    format!(
        "bytes {}..{}  {}  {}",
        reason.start, reason.end, reason.code, reason.message
    )
}

fn findings(out: &mut String, recording: &RecordingReport, style: Style) {
    let start = recording.start_ns.unwrap_or(0);
    let (serious, notes): (Vec<&Finding>, Vec<&Finding>) = recording
        .findings
        .iter()
        .partition(|finding| finding.severity > Severity::Info);
    if serious.is_empty() && recording.verdict == Verdict::Pass {
        let _ = writeln!(out, "  no warnings or errors");
    }
    let mut shown = serious.clone();
    // What made a verdict impossible is information, yet it is the answer.
    if recording.verdict == Verdict::NotEvaluated {
        shown.extend(
            notes
                .iter()
                .filter(|note| note.message.contains("not evaluated")),
        );
    }
    if !shown.is_empty() {
        out.push('\n');
    }
    let groups = grouped(&shown);
    for group in groups.iter().take(FINDINGS_SHOWN) {
        group_lines(out, group, start, style);
    }
    if let Some(more) = groups
        .len()
        .checked_sub(FINDINGS_SHOWN)
        .filter(|more| *more > 0)
    {
        let _ = writeln!(
            out,
            "  and {more} more kinds of finding, see --json or --report"
        );
    }
    let hidden = notes.len();
    if hidden > 0 && recording.verdict != Verdict::NotEvaluated {
        let plural = if hidden == 1 { "" } else { "s" };
        let line = format!("{hidden} more note{plural} of severity info, see --json or --report");
        let _ = writeln!(out, "  {}", style.faint(&line));
    }
}

/// Findings of the same code and severity together, in the order of the first of each.
fn grouped<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            group.first().is_some_and(|first| {
                (&first.code, first.severity) == (&finding.code, finding.severity)
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// A group: each subject with its message, then what to do, once.
fn group_lines(out: &mut String, group: &[&Finding], start: i64, style: Style) {
    let Some(first) = group.first() else { return };
    let _ = writeln!(
        out,
        "  {} {}",
        style.severity(first.severity),
        style.strong(&first.code)
    );
    for finding in group.iter().take(SUBJECTS_SHOWN) {
        let place = finding.window.map_or_else(String::new, |window| {
            let at = window.start_ns.saturating_sub(start) as f64 * 1e-9;
            format!(" at {at:.3} s")
        });
        let _ = writeln!(
            out,
            "        {}{place}: {}",
            style.strong(&finding.subject),
            finding.message
        );
    }
    if let Some(more) = group.get(SUBJECTS_SHOWN..).filter(|more| !more.is_empty()) {
        let names: Vec<&str> = more
            .iter()
            .map(|finding| finding.subject.as_str())
            .take(NAMES_SHOWN)
            .collect();
        let rest = if more.len() > names.len() {
            ", …"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "        and on {} more: {}{rest}",
            more.len(),
            names.join(", ")
        );
    }
    if !first.hint.is_empty() {
        let hint = format!("hint: {}", first.hint);
        let _ = writeln!(out, "        {}", style.faint(&hint));
    }
}

fn channels(channels: &[ChannelReport]) -> String {
    let mut table = Table::new(&[
        ("channel", Align::Left),
        ("type", Align::Left),
        ("messages", Align::Right),
        ("rate", Align::Right),
        ("period", Align::Right),
        ("longest gap", Align::Right),
        ("worst", Align::Left),
    ]);
    let nanos =
        |nanos| statistic::or_dash(nanos, |nanos: i64| display::quantity(nanos as f64, "ns"));
    for channel in channels {
        table.row(vec![
            channel.topic.clone(),
            channel.schema.clone(),
            display::integer(channel.message_count as f64),
            statistic::or_dash(channel.rate_hz, |rate| display::quantity(rate, "Hz")),
            nanos(channel.median_period_ns),
            nanos(channel.max_gap_ns),
            match channel.worst {
                None => "",
                Some(Severity::Info) => "info",
                Some(Severity::Warn) => "warn",
                Some(Severity::Error) => "error",
            }
            .to_owned(),
        ]);
    }
    table.render("  ")
}

fn summary(out: &mut String, document: &CheckDocument, style: Style) {
    let count = |verdict: Verdict| {
        document
            .recordings
            .iter()
            .filter(|recording| recording.verdict == verdict)
            .count()
    };
    let parts: Vec<String> = [
        (Verdict::Pass, "pass"),
        (Verdict::Warn, "warn"),
        (Verdict::Fail, "fail"),
        (Verdict::NotEvaluated, "not evaluated"),
    ]
    .into_iter()
    .filter(|(verdict, _)| count(*verdict) > 0)
    .map(|(verdict, word)| format!("{} {word}", count(verdict)))
    .collect();
    let line = format!(
        "{} recordings: {}",
        document.recordings.len(),
        parts.join(", ")
    );
    let _ = writeln!(out, "\n{}", style.strong(&line));
}
