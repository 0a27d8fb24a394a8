//! The answer of `confidence`: the errors, what a temperature would gain, and the bins.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::confidence::Document;
use std::fmt::Write as _;

/// Digits of calibration errors.
const DIGITS: usize = 4;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let over = if document.classes.is_empty() {
        String::new()
    } else {
        format!(", {} classes", document.classes.len())
    };
    let shown = |value| statistic::with_digits(value, DIGITS);
    let mut out = format!(
        "{} items{over}: right {}, sure {} on average\n\n",
        document.n,
        shown(&document.accuracy),
        shown(&document.mean_confidence),
    );
    let mut table = Table::new(&[("measure", Align::Left), ("estimate [95 %]", Align::Left)]);
    let bins = document.bins;
    let mut row = |name: String, value: Option<_>| {
        table.row(vec![name, statistic::or_dash(value, shown)]);
    };
    row(
        format!("ECE, {bins} bins of equal width"),
        Some(&document.ece),
    );
    row(
        format!("adaptive ECE, {bins} bins of equally many"),
        document.adaptive_ece.as_ref(),
    );
    row("largest gap of a bin (MCE)".to_owned(), Some(&document.mce));
    row(
        "calibration error without the noise of bins (RMS)".to_owned(),
        Some(&document.debiased_calibration_error),
    );
    row(
        "Brier score of the predicted class".to_owned(),
        Some(&document.brier),
    );
    if document.brier_classes.is_some() {
        row(
            "Brier score over classes (0 to 2)".to_owned(),
            document.brier_classes.as_ref(),
        );
        row("class-wise ECE".to_owned(), document.classwise_ece.as_ref());
    }
    out += &table.render("");
    if let Some(found) = &document.temperature {
        let _ = writeln!(
            out,
            "\nlogits divided by {:.3}: ECE {:.4} -> {:.4}, log loss {:.4} -> {:.4} (on items it was not fitted on, {} parts)",
            found.temperature,
            found.ece_before,
            found.ece_after,
            found.nll_before,
            found.nll_after,
            found.folds,
        );
    }
    out.push('\n');
    out += &reliability(document);
    text_with_notes(&out, &document.notes)
}

/// The bins that hold items.
fn reliability(document: &Document) -> String {
    let mut table = Table::new(&[
        ("confidence", Align::Left),
        ("mean", Align::Right),
        ("right [95 %]", Align::Left),
        ("items", Align::Right),
    ]);
    for edged in document.reliability.iter().filter(|edged| edged.bin.n > 0) {
        let bin = &edged.bin;
        table.row(vec![
            format!("{:.3} - {:.3}", edged.low_edge, edged.high_edge),
            format!("{:.3}", bin.confidence),
            format!("{:.3} [{:.3}, {:.3}]", bin.accuracy, bin.low, bin.high),
            bin.n.to_string(),
        ]);
    }
    table.render("")
}
