//! The answer of `route`: the threshold with its guarantee, and what is left for people.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::Estimate;
use fieldassay_engine::statistics::route::Document;
use std::fmt::Write as _;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let shown = |value: &Estimate| statistic::with_digits(value, 4);
    let mut out = match document.threshold {
        Some(threshold) => format!(
            "answer alone from a score of {threshold} on: {:.1} % of items; {:.1} % go to people\n",
            100.0 * document.coverage.estimate,
            100.0 * document.review_load.estimate,
        ),
        None => "not feasible: every item goes to people\n".to_owned(),
    };
    let _ = write!(out, "guarantee: {}\n\n", document.guarantee);
    let mut table = Table::new(&[
        ("of these items", Align::Left),
        ("estimate [95 %]", Align::Left),
        ("n", Align::Right),
    ]);
    let mut row = |name: &str, value: Option<&Estimate>| {
        if let Some(value) = value {
            table.row(vec![name.to_owned(), shown(value), value.n.to_string()]);
        }
    };
    row("coverage", Some(&document.coverage));
    row("review load", Some(&document.review_load));
    row("risk of answered items", document.selective_risk.as_ref());
    row("risk if all were answered", Some(&document.risk_of_all));
    out += &table.render("");
    if let Some(bound) = document.risk_bound {
        let _ = writeln!(
            out,
            "bound of the risk {bound:.4}, asked for {}",
            document.risk
        );
    }
    text_with_notes(&out, &document.notes)
}
