//! The answer of `label-errors`: how many labels are wrong, which classes, and which items to look at first.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::label_errors::Document;

/// Rows of a table; the document has all.
const SHOWN: usize = 20;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let (wrong, n) = (document.estimated_errors.estimate, document.n);
    let mut out = format!(
        "about {wrong:.0} of {n} labels are wrong ({:.2} %); {} suspects by {}\n\n",
        100.0 * wrong / n as f64,
        document.items.len(),
        statistic::word(&document.filter).replace('_', " "),
    );
    out += &items(document);
    out.push('\n');
    out += &confusions(document);
    text_with_notes(&out, &document.notes)
}

fn items(document: &Document) -> String {
    let has_names = document.items.iter().any(|item| item.item.is_some());
    let is_own = document
        .items
        .iter()
        .all(|item| item.score == item.self_confidence);
    let mut heads = vec![
        (if has_names { "item" } else { "row" }, Align::Left),
        ("given", Align::Left),
        ("suggested", Align::Left),
        ("p given", Align::Right),
        ("p suggested", Align::Right),
    ];
    if !is_own {
        heads.push(("score", Align::Right));
    }
    let mut table = Table::new(&heads);
    for item in document.items.iter().take(SHOWN) {
        let mut row = vec![
            item.item.clone().unwrap_or_else(|| item.row.to_string()),
            item.given.clone(),
            item.suggested.clone(),
            format!("{:.4}", item.self_confidence),
            format!("{:.4}", item.suggested_confidence),
        ];
        if !is_own {
            row.push(format!("{:.4}", item.score));
        }
        table.row(row);
    }
    if document.items.is_empty() {
        return "no label is suspected\n".to_owned();
    }
    table.render("") + &statistic::left_out(document.items.len(), SHOWN, "suspects")
}

/// The labels that are given for others most often.
fn confusions(document: &Document) -> String {
    if document.confusions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("given", Align::Left),
        ("true", Align::Left),
        ("about so many", Align::Right),
    ]);
    for one in document.confusions.iter().take(SHOWN / 2) {
        table.row(vec![
            one.given.clone(),
            one.suggested.clone(),
            one.count.to_string(),
        ]);
    }
    table.render("") + &statistic::left_out(document.confusions.len(), SHOWN / 2, "pairs")
}
