//! The answers of `contract`.

use super::{Align, Style, Table, text};
use fieldassay_engine::contract::{CheckDocument, CheckedInput, CompareDocument};
use fieldassay_model::{Verdict, display};
use std::fmt::Write as _;

/// Lines shown of a long list.
const SHOWN: usize = 20;

/// `contract check`.
pub(crate) fn checked(document: &CheckDocument) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    for input in &document.inputs {
        one(&mut out, style, input);
    }
    let count = |verdict: Verdict| {
        let inputs = document.inputs.iter();
        inputs.filter(|input| input.verdict == verdict).count()
    };
    let contract = &document.contract;
    let _ = write!(
        out,
        "contract {} version {} ({}): {} of {} met",
        contract.contract,
        contract.version,
        contract.sha256.get(..12).unwrap_or_default(),
        count(Verdict::Pass),
        document.inputs.len()
    );
    for (verdict, word) in [
        (Verdict::Fail, "broken"),
        (Verdict::NotEvaluated, "not evaluated"),
    ] {
        if count(verdict) > 0 {
            let _ = write!(out, ", {} {word}", count(verdict));
        }
    }
    if let Some(migration) = &document.migration {
        let _ = write!(
            out,
            "; data of version {} read by {} steps",
            migration.from.version,
            migration.steps.len()
        );
    }
    out.push('\n');
    text(&out)
}

fn one(out: &mut String, style: Style, input: &CheckedInput) {
    let _ = writeln!(out, "{} {}", style.verdict(input.verdict), input.path);
    if let Some(error) = &input.error {
        let _ = writeln!(out, "  {}", super::with_hint(error).replace('\n', "\n  "));
    }
    for violation in input.violations.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}", violation.code, violation.message());
        let rows = violation.rows.iter().zip(&violation.values);
        let rows: Vec<String> = rows
            .enumerate()
            .take(3)
            .map(|(at, (row, value))| match violation.times_ns.get(at) {
                Some(time) => format!(
                    "row {row} at {} s: {value}",
                    display::number(*time as f64 / 1e9)
                ),
                None => format!("row {row}: {value}"),
            })
            .collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "    {}", rows.join("; "));
        }
        let _ = writeln!(out, "    hint: {}", violation.hint());
    }
    more(out, input.violations.len());
    for skipped in input.not_evaluated.iter().take(SHOWN) {
        let place = match &skipped.field {
            Some(field) => format!("`{field}` of `{}`", skipped.stream),
            None => format!("`{}`", skipped.stream),
        };
        let _ = writeln!(out, "  not evaluated: {place}: {}", skipped.reason);
    }
    more(out, input.not_evaluated.len());
    for assumed in input.assumed.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "  taken to be in {}: `{}` of `{}`, whose source states no unit",
            assumed.unit, assumed.field, assumed.stream
        );
    }
    for relabel in &input.notes.relabel {
        let into: Vec<&str> = relabel.into.iter().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "  to be labeled again: {} rows of `{}` with `{}`, one of {}",
            relabel.count,
            relabel.stream,
            relabel.category,
            into.join(", ")
        );
    }
    for used in &input.notes.deprecated {
        let word = used.category.as_ref().or(used.field.as_ref());
        let _ = writeln!(
            out,
            "  deprecated and still used: `{}` of `{}`, {} values",
            word.map_or("", String::as_str),
            used.stream,
            used.count
        );
    }
    if !input.complete && input.error.is_none() {
        let lost = input.loss.reasons.len();
        let _ = writeln!(
            out,
            "  {lost} damaged places: the rest was judged (`fieldassay check` names them)"
        );
    }
}

fn more(out: &mut String, count: usize) {
    if let Some(more) = count.checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "  … and {more} more (--json lists them)");
    }
}

/// `contract compare`.
pub(crate) fn compared(document: &CompareDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    let changes = &document.changes;
    if !changes.changes.is_empty() {
        let mut table = Table::new(&[
            ("where", Align::Left),
            ("what", Align::Left),
            ("before", Align::Left),
            ("after", Align::Left),
            ("keeps", Align::Left),
            ("why", Align::Left),
        ]);
        for change in &changes.changes {
            let place = match &change.field {
                Some(field) => format!("{} {field}", change.stream),
                None => change.stream.clone(),
            };
            let migrated = if change.migrated { " (migrated)" } else { "" };
            table.row(vec![
                place,
                change.part.clone(),
                change.before.clone(),
                change.after.clone(),
                format!("{}{migrated}", change.compatibility.name()),
                change.explanation.clone(),
            ]);
        }
        out.push_str(&table.render(""));
    }
    let _ = writeln!(
        out,
        "{} {} -> {}: {} compatible, {} with its migration",
        changes.old.contract,
        changes.old.version,
        changes.new.version,
        changes.compatibility.name(),
        changes.with_migration.name()
    );
    match &document.reason {
        Some(reason) => {
            let _ = writeln!(out, "refused: {}", super::with_hint(reason));
        }
        None => out.push_str("it may follow\n"),
    }
    text(&out)
}
