//! The log and what was verified, in words.

use crate::render;
use fieldassay_engine::workspace::log::{EntriesDocument, RotateDocument, WitnessDocument};
use fieldassay_engine::workspace::verify::Document;
use std::fmt::Write as _;

/// What was verified: what is wrong first, then what holds, then what cannot be told.
pub(crate) fn verified(document: &Document) -> anyhow::Result<()> {
    let mut out = String::new();
    for problem in &document.problems {
        let _ = writeln!(
            out,
            "WRONG {} {}\n      expected {}\n      found    {}",
            problem.what, problem.place, problem.expected, problem.found
        );
    }
    let counts: Vec<String> = document
        .verified
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    let _ = writeln!(out, "verified: {}", counts.join(", "));
    for what in &document.not_verified {
        let _ = writeln!(out, "not verified: {what}");
    }
    let _ = writeln!(out, "public key: {}", document.public_key);
    let subject = &document.subject;
    let _ = match document.problems.len() {
        0 => writeln!(
            out,
            "{subject} holds: it is what was signed, in a log of {} entries",
            document.entries
        ),
        wrong => writeln!(out, "{subject} DOES NOT HOLD: {wrong} wrong"),
    };
    render::text(&out)
}

/// Entries, one a line; one alone with its whole statement.
pub(crate) fn entries(document: &EntriesDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    for entry in &document.entries {
        let who = entry.person.as_deref().unwrap_or("(erased)");
        let _ = writeln!(
            out,
            "{:>6}  {}  {:<12} {}  by {who}",
            entry.entry, entry.time, entry.kind, entry.subject
        );
    }
    if let [one] = document.entries.as_slice() {
        let _ = writeln!(out, "{}", serde_json::to_string_pretty(&one.statement)?);
    }
    render::text(&out)
}

/// Where the checkpoint is kept now.
pub(crate) fn witnessed(document: &WitnessDocument) -> anyhow::Result<()> {
    let mut out = format!(
        "{} keeps the checkpoint of {} entries; it continues the one of {}\n",
        document.file.display(),
        document.size,
        document.before
    );
    if let Some(key) = &document.cosigned_by {
        let _ = writeln!(out, "cosigned by {key}");
    }
    render::text(&out)
}

/// The new key.
pub(crate) fn rotated(document: &RotateDocument) -> anyhow::Result<()> {
    render::text(&format!(
        "from now on {} signs\nits private half is in {}\nthe key before, {}, named it; whoever holds that one or the first follows\n",
        document.new_key,
        document.key_file.display(),
        document.old_key
    ))
}
