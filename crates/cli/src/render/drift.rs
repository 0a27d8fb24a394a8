//! The answer of `drift`: the verdict first, then column by column.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::Estimate;
use fieldassay_engine::statistics::drift::{Document, Together, Verdict};
use std::fmt::Write as _;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let changed: Vec<&str> = (document.columns.iter())
        .filter(|column| column.verdict == Verdict::Drift)
        .map(|column| column.column.as_str())
        .collect();
    let verdict = match document.verdict {
        Verdict::Drift if changed.is_empty() => {
            "drift: no column alone, but all numbers together".to_owned()
        }
        Verdict::Drift => format!("drift in {}", changed.join(", ")),
        Verdict::NoDrift => "no drift".to_owned(),
        Verdict::Inconclusive => "inconclusive: no drift is seen, but not all could be".to_owned(),
    };
    let [reference, current] = document.rows;
    let mut out = format!("{verdict}\n\n{reference} rows before, {current} now\n\n");
    out.push_str(&columns(document));
    if let Some(found) = &document.together {
        out.push('\n');
        out.push_str(&together(found));
    }
    text_with_notes(&out, &document.notes)
}

fn chance(p: Option<f64>) -> String {
    statistic::or_dash(p, statistic::chance)
}

fn columns(document: &Document) -> String {
    let mut table = Table::new(&[
        ("column", Align::Left),
        ("verdict", Align::Left),
        ("PSI", Align::Right),
        ("by chance", Align::Right),
        ("KS", Align::Right),
        ("Wasserstein", Align::Right),
        ("JS", Align::Right),
        ("p", Align::Right),
        ("adjusted", Align::Right),
        ("why", Align::Left),
    ]);
    for one in &document.columns {
        let digits = |value: Option<Estimate>, digits| {
            statistic::number_or_dash(value.map(|value| value.estimate), digits)
        };
        table.row(vec![
            one.column.clone(),
            statistic::word(&one.verdict).replace('_', " "),
            digits(one.psi, 3),
            statistic::or_dash(one.psi_without_drift, |null| {
                format!("<{:.3}", null.bound99)
            }),
            digits(one.ks, 3),
            digits(one.wasserstein, 4),
            digits(one.js, 3),
            chance(one.p),
            chance(one.p_adjusted),
            one.why.clone(),
        ]);
    }
    table.render("")
}

fn together(found: &Together) -> String {
    let mut table = Table::new(&[
        ("all numbers together", Align::Left),
        ("value", Align::Right),
        ("p", Align::Right),
        ("adjusted", Align::Right),
    ]);
    for one in &found.tests {
        let name = match one.test {
            "energy" => "energy distance",
            "mmd" => "maximum mean discrepancy",
            _ => "classifier, share told right",
        };
        table.row(vec![
            name.to_owned(),
            format!("{:.4}", one.estimate.estimate),
            chance(one.p),
            chance(one.p_adjusted),
        ]);
    }
    let mut out = table.render("");
    let first: Vec<&str> = (found.telling.iter().take(3))
        .map(|one| one.column.as_str())
        .collect();
    let _ = writeln!(out, "most telling: {}", first.join(", "));
    out
}
