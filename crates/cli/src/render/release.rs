//! The answers of the verbs of releases.

use super::{Align, Table, text};
use fieldassay_engine::statistics::Estimate;
use fieldassay_engine::workspace::release::create::{Outcome, Plan};
use fieldassay_engine::workspace::release::diff::{Document, NumberChange, ShareChange};
use fieldassay_engine::workspace::release::show::{ListDocument, ShowDocument};
use fieldassay_engine::workspace::release::{export, reproduce, tag};
use fieldassay_model::display;
use fieldassay_model::release::{LeakageReport, LeakageStatus, Part, ReleaseFile};
use std::fmt::Write as _;

/// Lines shown of a long list.
const SHOWN: usize = 20;
/// Digits shown of a digest.
const DIGITS: usize = 16;

fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}

fn splits(out: &mut String, parts: &[Part], deviations: &[String]) {
    if parts.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("split", Align::Left),
        ("members", Align::Right),
        ("groups", Align::Right),
        ("share", Align::Right),
        ("asked", Align::Right),
    ]);
    for part in parts {
        table.row(vec![
            part.name.clone(),
            part.members.to_string(),
            part.groups.to_string(),
            format!("{:.1} %", part.ratio * 100.0),
            format!("{:.1} %", part.wanted_ratio * 100.0),
        ]);
    }
    out.push_str(&table.render(""));
    for deviation in deviations {
        let _ = writeln!(out, "note: {deviation}");
    }
}

fn leakage(out: &mut String, report: &LeakageReport) {
    for check in &report.checks {
        let status = match check.status {
            LeakageStatus::None => "none".to_owned(),
            LeakageStatus::Found => format!("{} found", check.count),
            LeakageStatus::Allowed => format!("{} found, allowed", check.count),
            LeakageStatus::NotEvaluated => "not evaluated".to_owned(),
        };
        let reason = check.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        let _ = writeln!(out, "leakage, {}: {status}{reason}", check.kind.name());
        for finding in check.findings.iter().take(SHOWN) {
            let (first, second) = (&finding.first, &finding.second);
            let split = |split: &Option<String>| split.clone().unwrap_or_default();
            let _ = writeln!(
                out,
                "  {} ({}) and {} ({}): {}",
                first.recording_id,
                split(&first.split),
                second.recording_id,
                split(&second.split),
                finding.message
            );
        }
        let more = check.count.saturating_sub(SHOWN as u64);
        if more > 0 {
            let _ = writeln!(out, "  … and {more} more (--json lists them)");
        }
    }
}

/// `release create --dry-run`, and a plan that refuses.
pub(crate) fn plan(plan: &Plan) -> anyhow::Result<()> {
    let mut out = format!(
        "{}@{}: {} members of {} recordings, after batch {}\n",
        plan.name, plan.version, plan.members, plan.recordings, plan.tables_at
    );
    if let Some(split) = &plan.split {
        splits(&mut out, &split.parts, &split.deviations);
    }
    if plan.kept_groups > 0 {
        let _ = writeln!(
            out,
            "{} groups stay where {} had them",
            plan.kept_groups,
            plan.kept_splits.join(", ")
        );
    }
    leakage(&mut out, &plan.leakage);
    for note in &plan.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out.push_str("nothing was changed\n");
    text(&out)
}

fn files(out: &mut String, files: &[ReleaseFile]) {
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("rows", Align::Right),
        ("size", Align::Right),
        ("sha256", Align::Left),
    ]);
    for file in files {
        table.row(vec![
            file.path.clone(),
            file.rows.to_string(),
            display::bytes(file.size_bytes as f64),
            short(&file.sha256).to_owned(),
        ]);
    }
    out.push_str(&table.render(""));
}

/// `release create`.
pub(crate) fn created(outcome: &Outcome) -> anyhow::Result<()> {
    let mut out = String::new();
    files(&mut out, &outcome.files);
    splits(&mut out, &outcome.splits, &outcome.deviations);
    leakage(&mut out, &outcome.leakage);
    let _ = writeln!(
        out,
        "{}@{}: {} members of {} recordings{}\nmanifest {}",
        outcome.name,
        outcome.version,
        outcome.members,
        outcome.recordings,
        if outcome.is_new {
            ""
        } else {
            "; it was there already, and nothing has changed since"
        },
        outcome.manifest_sha256
    );
    text(&out)
}

/// `release ls`.
pub(crate) fn list(document: &ListDocument) -> anyhow::Result<()> {
    if document.releases.is_empty() {
        return text("no releases; `fieldassay release create NAME` makes one\n");
    }
    let mut table = Table::new(&[
        ("release", Align::Left),
        ("members", Align::Right),
        ("batch", Align::Right),
        ("made", Align::Left),
        ("tags", Align::Left),
        ("manifest", Align::Left),
    ]);
    for one in &document.releases {
        table.row(vec![
            format!("{}@{}", one.name, one.version),
            one.members.to_string(),
            one.tables_at.to_string(),
            display::iso8601(one.created_ns),
            one.tags.join(", "),
            short(&one.manifest_sha256).to_owned(),
        ]);
    }
    text(&table.render(""))
}

/// `release show`.
pub(crate) fn show(document: &ShowDocument) -> anyhow::Result<()> {
    let (release, manifest) = (&document.release, &document.manifest);
    let mut out = format!(
        "{}@{}: {} members of {} recordings\nmanifest {}\nmade {} by {}, after batch {}\n",
        release.name,
        release.version,
        manifest.members,
        manifest.recordings,
        release.manifest_sha256,
        display::iso8601(release.created_ns),
        document.envelope.program,
        release.tables_at
    );
    if !release.tags.is_empty() {
        let _ = writeln!(out, "tags: {}", release.tags.join(", "));
    }
    let _ = writeln!(out, "request: {}", manifest.request.canonical());
    for policy in &manifest.policies {
        let _ = writeln!(out, "policy: {} {}", policy.name, policy.version);
    }
    for contract in &manifest.contracts {
        let _ = writeln!(
            out,
            "contract: {}@{}, {} violations in {} recordings, not evaluated in {}",
            contract.name,
            contract.version,
            contract.violations,
            contract.recordings,
            contract.not_evaluated
        );
    }
    if !manifest.ontologies.is_empty() {
        let _ = writeln!(out, "ontologies: {}", manifest.ontologies.join(", "));
    }
    files(&mut out, &manifest.files);
    if let Some(split) = &manifest.split {
        splits(&mut out, &split.parts, &split.deviations);
    }
    leakage(&mut out, &manifest.leakage);
    text(&out)
}

fn estimate(one: &Estimate, scale: f64) -> String {
    let number = |value: f64| display::number(value * scale);
    match (one.low, one.high) {
        (Some(low), Some(high)) => {
            format!(
                "{} [{}, {}]",
                number(one.estimate),
                number(low),
                number(high)
            )
        }
        _ => number(one.estimate),
    }
}

fn shares(out: &mut String, changes: &[ShareChange]) {
    let mut changes: Vec<&ShareChange> = changes.iter().collect();
    changes.sort_by(|a, b| {
        let size = |one: &ShareChange| one.difference.estimate.abs();
        size(b).total_cmp(&size(a))
    });
    changes.retain(|one| one.difference.estimate != 0.0);
    if changes.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        ("share of", Align::Left),
        ("before, %", Align::Right),
        ("after, %", Align::Right),
        ("change, points", Align::Right),
    ]);
    for one in changes.iter().take(SHOWN) {
        table.row(vec![
            format!("{} = {}", one.field, one.value),
            estimate(&one.from, 100.0),
            estimate(&one.to, 100.0),
            estimate(&one.difference, 100.0),
        ]);
    }
    out.push_str(&table.render(""));
}

fn numbers(out: &mut String, changes: &[NumberChange]) {
    // What surely moved: its interval leaves 0 out.
    let moved = changes.iter().filter(|one| {
        let (low, high) = (one.shift.low, one.shift.high);
        low.is_some_and(|low| low > 0.0) || high.is_some_and(|high| high < 0.0)
    });
    let moved: Vec<&NumberChange> = moved.collect();
    let _ = writeln!(
        out,
        "{} of {} durations and facts moved",
        moved.len(),
        changes.len()
    );
    let mut table = Table::new(&[
        ("median of", Align::Left),
        ("before", Align::Right),
        ("after", Align::Right),
        ("shift", Align::Right),
        ("unit", Align::Left),
    ]);
    for one in moved.iter().take(SHOWN) {
        table.row(vec![
            one.name.clone(),
            estimate(&one.from, 1.0),
            estimate(&one.to, 1.0),
            estimate(&one.shift, 1.0),
            one.unit.clone(),
        ]);
    }
    if !moved.is_empty() {
        out.push_str(&table.render(""));
    }
}

/// `diff`.
pub(crate) fn diff(document: &Document) -> anyhow::Result<()> {
    let members = &document.members;
    let mut out = format!(
        "{} → {}: {} → {} members; {} added, {} removed, {} in another split\n",
        document.from,
        document.to,
        members.from,
        members.to,
        members.added,
        members.removed,
        members.moved
    );
    if document.is_same {
        out.push_str("both are the same manifest\n");
        return text(&out);
    }
    for (split, before, after) in &members.splits {
        let _ = writeln!(out, "{split}: {before} → {after} members");
    }
    let listed = [
        ("+", &members.added_members),
        ("-", &members.removed_members),
    ];
    for (sign, listed) in listed {
        for member in listed.iter().take(SHOWN) {
            let _ = writeln!(out, "{sign} {}", member.recording_id);
        }
        if listed.len() > SHOWN {
            out.push_str("… and more (--json lists them)\n");
        }
    }
    for (member, before) in members.moved_members.iter().take(SHOWN) {
        let now = member.split.as_deref().unwrap_or("no split");
        let _ = writeln!(out, "~ {}: {before} → {now}", member.recording_id);
    }
    shares(&mut out, &document.shares);
    numbers(&mut out, &document.numbers);
    let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    for change in &document.tables {
        let column = change.column.as_ref();
        let column = column.map_or_else(String::new, |column| format!(".{column}"));
        let (from, to) = (said(&change.from), said(&change.to));
        let _ = writeln!(out, "schema, {}{column}: {from} → {to}", change.table);
    }
    for change in &document.request {
        let (from, to) = (said(&change.from), said(&change.to));
        let _ = writeln!(out, "request, {}: {from} → {to}", change.part);
    }
    text(&out)
}

/// `tag`.
pub(crate) fn tagged(outcome: &tag::Outcome) -> anyhow::Result<()> {
    let name = outcome.release.split('@').next().unwrap_or_default();
    text(&match (outcome.is_new, outcome.before) {
        (false, _) => format!("{} is {name}@{} already\n", outcome.release, outcome.tag),
        (true, None) => format!("{} is now {name}@{}\n", outcome.release, outcome.tag),
        (true, Some(before)) => format!(
            "{} is now {name}@{}, which was {name}@{before}\n",
            outcome.release, outcome.tag
        ),
    })
}

/// `export`.
pub(crate) fn exported(outcome: &export::Outcome) -> anyhow::Result<()> {
    let mut out = format!(
        "{} is in {}: {} files, {}\nmanifest {}\n",
        outcome.release,
        outcome.output,
        outcome.files,
        display::bytes(outcome.size_bytes as f64),
        outcome.manifest_sha256
    );
    match outcome.entry {
        Some(entry) => {
            let _ = writeln!(out, "its proof is entry {entry} of the log");
        }
        None => out.push_str("note: the log has no entry of it, so nothing proves it\n"),
    }
    for (what, count) in &outcome.left_out {
        let _ = writeln!(out, "left out: {count} {what}");
    }
    text(&out)
}

/// `reproduce`.
pub(crate) fn reproduced(outcome: &reproduce::Outcome) -> anyhow::Result<()> {
    let mut out = String::new();
    for one in &outcome.differences {
        let _ = writeln!(
            out,
            "{}: expected {}, found {}",
            one.what, one.expected, one.found
        );
    }
    let _ = writeln!(
        out,
        "{}: {}",
        outcome.release,
        if outcome.differences.is_empty() {
            format!(
                "made again from batch {}; manifest and {} files are the same",
                outcome.tables_at, outcome.files
            )
        } else {
            format!("{} differences", outcome.differences.len())
        }
    );
    text(&out)
}
