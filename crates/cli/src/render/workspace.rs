//! The answers of the verbs of a workspace.

use super::{Align, Style, Table, text};
use fieldassay_engine::workspace::ingest::{Ingested, Outcome, Plan};
use fieldassay_engine::workspace::jobs::{JobsDocument, Worked};
use fieldassay_engine::workspace::list::{BatchesDocument, ListDocument, ShowDocument};
use fieldassay_engine::workspace::{Skipped, clip};
use fieldassay_model::{Severity, Verdict, display};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines shown of a long list.
const SHOWN: usize = 50;
/// Sorts of things shown that an input holds and were not read.
const LEFT_SHOWN: usize = 10;
/// Reasons shown for files nothing was made of.
const SKIPPED_SHOWN: usize = 5;

fn counted(count: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        display::integer(count as f64),
        if count == 1 { one } else { many }
    )
}

/// `ingest --dry-run`.
pub(crate) fn plan(plan: &Plan) -> anyhow::Result<()> {
    let mut out = String::new();
    let mut table = Table::new(&[
        ("", Align::Left),
        ("what", Align::Left),
        ("files", Align::Right),
        ("size", Align::Right),
        ("input", Align::Left),
    ]);
    for input in plan.inputs.iter().take(SHOWN) {
        table.row(vec![
            if input.present.is_some() {
                "present"
            } else {
                "add"
            }
            .to_owned(),
            input.kind.to_owned(),
            input.files.to_string(),
            display::bytes(input.size_bytes as f64),
            input.path.clone(),
        ]);
    }
    out.push_str(&table.render(""));
    if plan.inputs.len() > SHOWN {
        let _ = writeln!(
            out,
            "… and {} more (--json lists them)",
            plan.inputs.len() - SHOWN
        );
    }
    let new = plan
        .inputs
        .iter()
        .filter(|input| input.present.is_none())
        .count();
    let _ = writeln!(
        out,
        "{} to add, {} to read, {} present; policy {} {}; plan {}",
        counted(new, "input", "inputs"),
        display::bytes(plan.size_bytes as f64),
        plan.inputs.len() - new,
        plan.policy.name,
        plan.policy.version,
        plan.plan_sha256.get(..12).unwrap_or_default()
    );
    out.push_str("nothing was changed\n");
    text(&out)
}

fn verdict(style: Style, word: &str) -> String {
    let known = match word {
        "pass" => Verdict::Pass,
        "warn" => Verdict::Warn,
        "fail" => Verdict::Fail,
        _ => Verdict::NotEvaluated,
    };
    style.verdict(known)
}

/// `ingest`.
pub(crate) fn ingested(outcome: &Outcome) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    if outcome.finished_batches > 0 {
        let _ = writeln!(
            out,
            "finished first: {} that an interrupted run had left",
            counted(outcome.finished_batches, "batch", "batches")
        );
    }
    let news = outcome
        .inputs
        .iter()
        .filter(|input| input.status != "present" || !input.notes.is_empty());
    for input in news.clone().take(SHOWN) {
        one(&mut out, style, input);
    }
    let more = news.count().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(out, "… and {more} more (--json lists them)");
    }
    skipped(&mut out, &outcome.skipped, outcome.skipped_count);
    let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
    for input in &outcome.inputs {
        *by_status.entry(input.status).or_default() += 1;
    }
    let of = |status: &str| by_status.get(status).copied().unwrap_or(0);
    let quarantined = outcome
        .inputs
        .iter()
        .filter(|input| input.quarantined)
        .count();
    let added: u64 = outcome.inputs.iter().map(|input| input.added_bytes).sum();
    let _ = write!(
        out,
        "{} added ({}), {} present",
        of("added"),
        display::bytes(added as f64),
        of("present")
    );
    if of("failed") > 0 {
        let _ = write!(out, ", {} failed", of("failed"));
    }
    if quarantined > 0 {
        let _ = write!(
            out,
            "; {quarantined} quarantined (`fieldassay ls --quarantined`)"
        );
    }
    out.push('\n');
    text(&out)
}

/// Files nothing was made of: those of which something can be said, and how many there are.
fn skipped(out: &mut String, skipped: &[Skipped], count: u64) {
    let telling = skipped.iter().filter(|one| one.is_telling());
    let shown: Vec<&Skipped> = telling.take(SKIPPED_SHOWN).collect();
    for one in &shown {
        let _ = writeln!(out, "skipped: {one}");
    }
    if skipped.len() > shown.len() {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let _ = writeln!(
            out,
            "skipped: {} in all (--json says why)",
            counted(count, "file", "files")
        );
    }
}

fn one(out: &mut String, style: Style, input: &Ingested) {
    let id = input.recording_id.as_deref().unwrap_or("-");
    let word = input
        .verdict
        .map_or_else(String::new, |word| verdict(style, word));
    let rows: usize = input.rows.values().sum();
    let about = if input.status == "present" {
        "present".to_owned()
    } else if input.recording_id.is_some() {
        format!(
            "{}, {}, {}",
            input.format.as_deref().unwrap_or_default(),
            display::bytes(input.size_bytes as f64),
            counted(rows, "row", "rows")
        )
    } else {
        style.error("failed")
    };
    let _ = writeln!(out, "{id}  {word}  {}  ({about})", input.path);
    if let Some(error) = &input.error {
        for line in error.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    if !input.complete && input.error.is_none() {
        let _ = writeln!(
            out,
            "    parts of it are lost or suspect: `fieldassay show {id}`"
        );
    }
    for held in &input.contracts {
        let _ = writeln!(
            out,
            "    contract {} {}: {}, {}",
            held.contract.contract,
            held.contract.version,
            held.verdict.replace('_', " "),
            counted(
                usize::try_from(held.violations).unwrap_or(usize::MAX),
                "violation",
                "violations"
            )
        );
    }
    let bad = input
        .findings
        .iter()
        .filter(|finding| finding.severity != "info");
    for finding in bad.take(3) {
        let _ = writeln!(
            out,
            "    {} {} {}: {}",
            finding.severity, finding.code, finding.subject, finding.message
        );
    }
    for (what, count) in input.left_out.iter().take(LEFT_SHOWN) {
        let _ = writeln!(out, "    not read: {count} {what}");
    }
    let more = input.left_out.len().saturating_sub(LEFT_SHOWN);
    if more > 0 {
        let _ = writeln!(out, "    not read: {more} sorts more (--json lists them)");
    }
    for note in &input.notes {
        let _ = writeln!(out, "    note: {note}");
    }
}

/// `ls`.
pub(crate) fn list(document: &ListDocument) -> anyhow::Result<()> {
    if document.recordings.is_empty() {
        return text("no recordings; `fieldassay ingest DIR` brings some in\n");
    }
    let mut table = Table::new(&[
        ("id", Align::Left),
        ("verdict", Align::Left),
        ("format", Align::Left),
        ("size", Align::Right),
        ("messages", Align::Right),
        ("start", Align::Left),
        ("length", Align::Right),
        ("name", Align::Left),
    ]);
    for one in &document.recordings {
        let length = one.start_ns.zip(one.end_ns);
        let length = length.map(|(start, end)| display::seconds((end - start) as f64 * 1e-9));
        let mut word = one.verdict.replace('_', " ");
        if one.quarantined {
            word.push_str(" (kept apart)");
        }
        table.row(vec![
            one.recording_id.clone(),
            word,
            one.format.clone(),
            display::bytes(one.size_bytes as f64),
            display::integer(one.message_count as f64),
            one.start_ns.map(display::iso8601).unwrap_or_default(),
            length.unwrap_or_default(),
            one.name.clone(),
        ]);
    }
    let total: i64 = document.recordings.iter().map(|one| one.size_bytes).sum();
    let mut out = table.render("");
    let _ = writeln!(
        out,
        "{}, {}",
        counted(document.recordings.len(), "recording", "recordings"),
        display::bytes(total as f64)
    );
    text(&out)
}

pub(crate) fn batches(document: &BatchesDocument) -> anyhow::Result<()> {
    if document.batches.is_empty() {
        return text("nothing is published yet; `fieldassay ingest DIR` does\n");
    }
    let mut table = Table::new(&[
        ("batch", Align::Right),
        ("published", Align::Left),
        ("recordings", Align::Right),
        ("plan", Align::Left),
    ]);
    for one in &document.batches {
        table.row(vec![
            one.sequence.to_string(),
            display::iso8601(one.published_us.saturating_mul(1000)),
            one.recordings.to_string(),
            one.plan_sha256.chars().take(12).collect(),
        ]);
    }
    text(&table.render(""))
}

fn word(row: &Map<String, Value>, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// What its row of `recordings` says.
fn facts(out: &mut String, style: Style, about: &Map<String, Value>) {
    let number = |name: &str| about.get(name).and_then(Value::as_i64);
    let verdict_word = word(about, "verdict");
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<10} {value}");
        }
    };
    let kept_apart = about.get("quarantined") == Some(&Value::Bool(true));
    let policy = word(about, "policy_name");
    line(
        "verdict",
        format!(
            "{}{}{}",
            verdict(style, &verdict_word),
            if policy.is_empty() {
                String::new()
            } else {
                format!(" by policy {policy}")
            },
            if kept_apart { ", quarantined" } else { "" }
        ),
    );
    line("error", word(about, "error").replace('\n', " "));
    line("format", word(about, "format"));
    line("library", word(about, "library"));
    line(
        "size",
        display::bytes(number("size_bytes").unwrap_or(0) as f64),
    );
    line(
        "start",
        number("start_ns").map(display::iso8601).unwrap_or_default(),
    );
    let length = number("start_ns").zip(number("end_ns"));
    line(
        "length",
        length
            .map(|(start, end)| display::seconds((end - start) as f64 * 1e-9))
            .unwrap_or_default(),
    );
    line(
        "messages",
        display::integer(number("message_count").unwrap_or(0) as f64),
    );
    line("sha256", word(about, "sha256"));
    line(
        "ingested",
        format!(
            "{} by {}",
            number("ingested_ns")
                .map(display::iso8601)
                .unwrap_or_default(),
            word(about, "actor")
        ),
    );
    line("path", word(about, "path"));
}

/// `show`.
pub(crate) fn show(document: &ShowDocument) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let about = &document.recording;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {}",
        style.strong(&word(about, "recording_id")),
        word(about, "name")
    );
    facts(&mut out, style, about);
    context(&mut out, &document.context);
    findings(&mut out, style, &document.findings);
    channels(&mut out, &document.channels);
    if document.files.len() > 1 {
        let _ = writeln!(
            out,
            "  files: {}{}",
            document.files.len(),
            if document.files.len() == 100 {
                " and more"
            } else {
                ""
            }
        );
    }
    let rows: Vec<String> = document
        .rows
        .iter()
        .map(|(table, count)| format!("{table} {}", display::integer(*count as f64)))
        .collect();
    let _ = writeln!(out, "  rows: {}", rows.join(", "));
    text(&out)
}

fn context(out: &mut String, rows: &[Map<String, Value>]) {
    if rows.is_empty() {
        return;
    }
    out.push_str("  context\n");
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for row in rows {
        let unit = word(row, "unit");
        let value = format!(
            "{}{}{unit}",
            word(row, "value"),
            if unit.is_empty() { "" } else { " " }
        );
        table.row(vec![
            word(row, "field"),
            value,
            format!("({} {})", word(row, "given_by"), word(row, "place")),
        ]);
    }
    let lines = table.render("    ");
    out.push_str(lines.split_once('\n').map_or("", |(_, rest)| rest));
}

fn findings(out: &mut String, style: Style, rows: &[Map<String, Value>]) {
    if rows.is_empty() {
        return;
    }
    out.push_str("  findings\n");
    for row in rows.iter().take(SHOWN) {
        let severity = word(row, "severity");
        let shown = match severity.as_str() {
            "error" => style.severity(Severity::Error),
            "warn" => style.severity(Severity::Warn),
            _ => severity,
        };
        let _ = writeln!(
            out,
            "    {shown}  {}  {}: {}",
            word(row, "code"),
            word(row, "subject"),
            word(row, "message")
        );
    }
    if rows.len() > SHOWN {
        let _ = writeln!(
            out,
            "    … and {} more (--json lists them)",
            rows.len() - SHOWN
        );
    }
}

fn channels(out: &mut String, rows: &[Map<String, Value>]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("topic", Align::Left),
        ("type", Align::Left),
        ("messages", Align::Right),
        ("rate", Align::Right),
        ("size", Align::Right),
    ]);
    for row in rows {
        let real = |name: &str| row.get(name).and_then(Value::as_f64);
        table.row(vec![
            word(row, "topic"),
            word(row, "schema_name"),
            display::integer(real("message_count").unwrap_or(0.0)),
            real("rate_hz")
                .map(|rate| format!("{rate:.2} Hz"))
                .unwrap_or_default(),
            display::bytes(real("size_bytes").unwrap_or(0.0)),
        ]);
    }
    out.push_str("  channels\n");
    out.push_str(&table.render("    "));
}

/// `clip`.
pub(crate) fn clip(outcome: &clip::Outcome) -> anyhow::Result<()> {
    let mut out = format!(
        "wrote {} messages on {} channels to {}\n",
        display::integer(outcome.message_count as f64),
        outcome.channel_count,
        outcome.output
    );
    if outcome.held_count > 0 {
        let _ = writeln!(
            out,
            "  with {} from before it that still hold: static transforms, latched topics",
            counted(
                usize::try_from(outcome.held_count).unwrap_or(usize::MAX),
                "message",
                "messages"
            )
        );
    }
    text(&out)
}

/// `jobs`, and what `ingest --enqueue` put there.
pub(crate) fn jobs(document: &JobsDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    let count = document.skipped.iter().map(|one| one.count).sum();
    skipped(&mut out, &document.skipped, count);
    if document.jobs.is_empty() {
        out.push_str("no jobs\n");
        return text(&out);
    }
    let mut table = Table::new(&[
        ("job", Align::Left),
        ("state", Align::Left),
        ("tries", Align::Right),
        ("what", Align::Left),
        ("input", Align::Left),
        ("worker", Align::Left),
    ]);
    for job in &document.jobs {
        table.row(vec![
            job.job_id.clone(),
            job.state.to_owned(),
            format!("{}/{}", job.attempt, job.most_attempts),
            job.kind.clone(),
            job.input.clone(),
            job.worker.clone().unwrap_or_default(),
        ]);
    }
    out.push_str(&table.render(""));
    for job in document
        .jobs
        .iter()
        .filter(|job| job.error.is_some())
        .take(SHOWN)
    {
        let error = job.error.as_deref().unwrap_or_default().replace('\n', "; ");
        let _ = writeln!(out, "{}: {error}", job.job_id);
    }
    text(&out)
}

/// One job of `worker`.
pub(crate) fn worked(worked: &Worked) -> anyhow::Result<()> {
    if let Some(outcome) = &worked.outcome {
        ingested(outcome)?;
    }
    if let Some(error) = &worked.error {
        text(&format!("{} failed: {error}\n", worked.job_id))?;
    }
    Ok(())
}
