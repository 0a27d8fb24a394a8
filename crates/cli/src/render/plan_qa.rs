//! The answer of `plan-qa`: how many in all, then stratum by stratum.

use super::{Align, Table, text_with_notes};
use fieldassay_engine::statistics::plan_qa::Document;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let whom = if document.is_joint {
        "for all strata together"
    } else {
        "for each stratum"
    };
    let mut out = format!(
        "review {} of {} items: at least {} % right with {} % confidence, {whom}\n\n",
        document.n,
        document.size,
        100.0 * document.claim,
        100.0 * document.confidence,
    );
    let mut table = Table::new(&[
        ("stratum", Align::Left),
        ("size", Align::Right),
        ("review", Align::Right),
        ("share", Align::Right),
        ("allowed", Align::Right),
        ("why", Align::Left),
    ]);
    for one in &document.strata {
        table.row(vec![
            one.stratum.clone(),
            one.size.to_string(),
            one.n.to_string(),
            format!("{:.1} %", 100.0 * one.share),
            one.allowed.to_string(),
            one.why.clone(),
        ]);
    }
    out.push_str(&table.render(""));
    text_with_notes(&out, &document.notes)
}
