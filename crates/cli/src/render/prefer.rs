//! The answer of `prefer`: the order first, then whether there is one.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::prefer::{Annotators, Document};
use std::fmt::Write as _;

/// Items and annotators that are shown; the document has all.
const SHOWN: usize = 30;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let mut out = format!(
        "{} comparisons of {} items, {} ties\n\n",
        document.comparisons,
        document.items.len(),
        document.tied,
    );
    out.push_str(&items(document));
    let _ = writeln!(out, "\n{}", order(document));
    if let Some(tie) = &document.tie_parameter {
        let _ = writeln!(out, "tie parameter {}", statistic::shown(tie));
    }
    if let Some(side) = &document.left_side {
        let _ = writeln!(
            out,
            "being left adds log odds of {}, p {:.3}",
            statistic::shown(&side.log_odds),
            side.p
        );
    }
    if let Some(found) = &document.annotators {
        out.push_str(&people(found));
    }
    text_with_notes(&out, &document.notes)
}

fn items(document: &Document) -> String {
    let mut table = Table::new(&[
        ("rank", Align::Right),
        ("item", Align::Left),
        ("log strength [95 %]", Align::Left),
        ("wins", Align::Right),
        ("losses", Align::Right),
        ("ties", Align::Right),
    ]);
    for one in document.items.iter().take(SHOWN) {
        table.row(vec![
            one.rank.to_string(),
            one.item.clone(),
            statistic::shown(&one.strength),
            one.wins.to_string(),
            one.losses.to_string(),
            one.ties.to_string(),
        ]);
    }
    table.render("") + &statistic::left_out(document.items.len(), SHOWN, "items")
}

/// Whether one order explains the comparisons.
fn order(document: &Document) -> String {
    let found = &document.intransitivity;
    let mut out = format!(
        "{} of {} triples go in a circle ({:.1} expected of coins)",
        found.cyclic, found.triads, found.cyclic_if_random
    );
    let Some(test) = &found.test else {
        return out;
    };
    match (test.p_bootstrap, test.p_chi_square) {
        (Some(p), _) => {
            let _ = write!(out, "; one order explains the wins: p {p:.3}");
        }
        (None, Some(p)) => {
            let _ = write!(out, "; one order explains the wins: p {p:.3} by chi-square");
        }
        (None, None) => {}
    }
    out
}

fn people(found: &Annotators) -> String {
    let mut out = String::from("\n");
    if let Some(alpha) = &found.alpha {
        let _ = writeln!(out, "annotators agree: alpha {}", statistic::shown(alpha));
    }
    if let Some(rate) = found.flip_rate {
        let _ = writeln!(
            out,
            "{:.1} % of answers go against the strengths",
            100.0 * rate
        );
    }
    let mut table = Table::new(&[
        ("annotator", Align::Left),
        ("comparisons", Align::Right),
        ("reliability", Align::Right),
        ("same as others", Align::Right),
    ]);
    for one in found.each.iter().take(SHOWN) {
        table.row(vec![
            one.annotator.clone(),
            one.comparisons.to_string(),
            statistic::number_or_dash(one.reliability, 3),
            statistic::number_or_dash(one.same, 3),
        ]);
    }
    out.push_str(&table.render(""));
    out + &statistic::left_out(found.each.len(), SHOWN, "annotators")
}
