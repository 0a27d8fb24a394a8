//! The answer of `compare`: the verdict first, then what it rests on.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::compare::{Document, Verdict};
use std::fmt::Write as _;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let verdict = match document.verdict {
        Verdict::Better => "the new one is better".to_owned(),
        Verdict::NotWorse => format!("the new one is not worse by {} or more", document.margin),
        Verdict::Worse => "the new one is worse".to_owned(),
        Verdict::Inconclusive => "inconclusive: these items cannot tell".to_owned(),
    };
    let direction = if document.is_lower_better {
        "lower"
    } else {
        "higher"
    };
    let mut out = format!("{verdict} ({direction} scores are better)\n\n");
    let mut table = Table::new(&[
        ("mean score", Align::Left),
        ("estimate [95 %]", Align::Left),
    ]);
    for (name, value) in [
        ("old", &document.old_mean),
        ("new", &document.new_mean),
        ("new - old", &document.difference),
    ] {
        table.row(vec![name.to_owned(), statistic::with_digits(value, 4)]);
    }
    out.push_str(&table.render(""));
    let units = match document.clusters {
        Some(clusters) => format!("{} items in {clusters} clusters", document.items),
        None => format!("{} items", document.items),
    };
    let _ = writeln!(
        out,
        "\n{units}; one-sided 95 % bounds of new - old: {:.4} and {:.4} ({})",
        document.bounds.low,
        document.bounds.high,
        document.method.replace('_', " "),
    );
    let tests = &document.tests;
    if let Some(counts) = &tests.counts {
        let _ = writeln!(
            out,
            "{} passed before and fail now, {} failed and pass now, {} pass and {} fail in both",
            counts.old_pass_new_fail, counts.old_fail_new_pass, counts.both_pass, counts.both_fail,
        );
    }
    if let Some(found) = &tests.mcnemar {
        let _ = writeln!(
            out,
            "McNemar: p {} exact, {} mid-p",
            statistic::chance(found.exact_p),
            statistic::chance(found.mid_p)
        );
    }
    if let Some(found) = tests.non_inferiority.as_ref().filter(|f| !f.is_powered) {
        let _ = writeln!(
            out,
            "so many items show a change of {:.4} or more; the margin is {}",
            found.detectable, found.margin
        );
    }
    text_with_notes(&out, &document.notes)
}
