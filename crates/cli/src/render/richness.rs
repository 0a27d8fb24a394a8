//! The answer of `richness`: how many there are, how much is covered, what it takes.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::richness::{Basis, Document};

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let what = match document.basis {
        Basis::Counts => "samples",
        Basis::Units => "units",
    };
    let mut out = format!(
        "{} categories in {} {what}; {} seen once, {} twice\n\n",
        document.observed, document.samples, document.once, document.twice,
    );
    let mut table = Table::new(&[("statistic", Align::Left), ("estimate [95 %]", Align::Left)]);
    for (name, value) in [
        ("categories at least (Chao1)", document.chao1),
        ("categories at least (Chao2)", document.chao2),
        ("categories (ACE)", document.ace),
    ] {
        if let Some(value) = value {
            table.row(vec![name.to_owned(), statistic::with_digits(&value, 1)]);
        }
    }
    for (name, value) in [
        ("coverage (Good-Turing)", document.coverage.good_turing),
        ("coverage (Chao-Jost)", document.coverage.chao_jost),
    ] {
        table.row(vec![name.to_owned(), statistic::with_digits(&value, 4)]);
    }
    out.push_str(&table.render(""));
    out.push('\n');
    for more in &document.more {
        let percent = 100.0 * more.coverage;
        let line = match more.samples {
            Some(0) => format!("{percent} % coverage is reached\n"),
            Some(n) if more.is_rough => {
                format!(
                    "{percent} % coverage takes {n} more {what}, roughly: that is beyond twice these\n"
                )
            }
            Some(n) => format!("{percent} % coverage takes {n} more {what}\n"),
            None => format!("{percent} % coverage is out of reach\n"),
        };
        out.push_str(&line);
    }
    text_with_notes(&out, &document.notes)
}
