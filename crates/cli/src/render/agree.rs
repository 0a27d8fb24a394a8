//! The answer of `agree`: coefficients first, then who and what.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::agree::{Chart, Document, Pair};
use std::fmt::Write as _;

/// Pairs and annotators that are shown; the document has all.
const SHOWN: usize = 20;
/// Items both labeled from which a pair is shown: kappa of fewer is noise.
const LEAST_ITEMS: usize = 10;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let mut out = format!(
        "{} votes of {} annotators on {} items, {} labels, level {}\n\n",
        document.votes,
        document.annotators,
        document.items,
        document.labels.len(),
        statistic::word(&document.level),
    );
    let overall = &document.overall;
    let mut table = Table::new(&[
        ("coefficient", Align::Left),
        ("estimate [95 %]", Align::Left),
        ("items", Align::Right),
    ]);
    for (name, value) in [
        ("Krippendorff's alpha", overall.alpha),
        ("Fleiss' kappa", overall.fleiss),
        ("Gwet's AC1", overall.ac1),
        ("Brennan and Prediger", overall.brennan_prediger),
    ] {
        table.row(vec![
            name.to_owned(),
            statistic::shown(&value),
            value.n.to_string(),
        ]);
    }
    out.push_str(&table.render(""));
    out.push('\n');
    out.push_str(&categories(document));
    out.push_str(&people(document));
    if let Some(chart) = &document.chart {
        out.push_str(&over_time(chart));
    }
    text_with_notes(&out, &document.notes)
}

/// What the chart says, in a sentence.
fn over_time(chart: &Chart) -> String {
    let signals = chart.samples.iter().filter(|sample| sample.is_signal);
    let told: Vec<String> = signals
        .map(|sample| {
            format!(
                "{} ({:.3}, limits {:.3} to {:.3})",
                sample.time, sample.share, sample.low, sample.high
            )
        })
        .collect();
    let outside = if told.is_empty() {
        "none is outside the limits".to_owned()
    } else {
        format!("outside the limits: {}", told.join(", "))
    };
    format!(
        "\n{} samples over time, disputed items {:.3} over the first {}: {outside}\n",
        chart.samples.len(),
        chart.mean,
        chart.first,
    )
}

fn categories(document: &Document) -> String {
    let mut table = Table::new(&[
        (&document.by, Align::Left),
        ("alpha [95 %]", Align::Left),
        ("AC1 [95 %]", Align::Left),
        ("votes", Align::Right),
    ]);
    for one in &document.per_category {
        table.row(vec![
            one.category.clone(),
            statistic::shown_or_dash(one.alpha.as_ref()),
            statistic::shown_or_dash(one.ac1.as_ref()),
            one.votes.to_string(),
        ]);
    }
    table.render("") + "\n"
}

/// Those who agree least, first.
fn people(document: &Document) -> String {
    let mut table = Table::new(&[
        ("annotator", Align::Left),
        ("same as others", Align::Right),
        ("alpha with - without", Align::Right),
        ("votes", Align::Right),
    ]);
    let mut order: Vec<_> = document.per_annotator.iter().collect();
    let rank = |same: Option<f64>| same.unwrap_or(f64::INFINITY);
    order.sort_by(|a, b| rank(a.same).total_cmp(&rank(b.same)));
    for one in order.iter().take(SHOWN) {
        table.row(vec![
            one.annotator.clone(),
            statistic::number_or_dash(one.same, 3),
            statistic::or_dash(one.vitality, |vitality| format!("{vitality:+.4}")),
            one.votes.to_string(),
        ]);
    }
    let mut out = table.render("");
    out += &statistic::left_out(order.len(), SHOWN, "annotators");
    let mut table = Table::new(&[
        ("pair", Align::Left),
        ("kappa [95 %]", Align::Left),
        ("same", Align::Right),
        ("items", Align::Right),
    ]);
    let is_shown = |pair: &&Pair| pair.kappa.is_some() && pair.n >= LEAST_ITEMS;
    let mut pairs: Vec<_> = document.pairs.iter().filter(is_shown).collect();
    let rank = |pair: &Pair| pair.kappa.map_or(f64::INFINITY, |k| k.estimate);
    pairs.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    for pair in pairs.iter().take(SHOWN) {
        table.row(vec![
            format!("{} - {}", pair.a, pair.b),
            statistic::shown_or_dash(pair.kappa.as_ref()),
            format!("{:.3}", pair.same),
            pair.n.to_string(),
        ]);
    }
    out.push('\n');
    out += &table.render("");
    let hidden = document.pairs.len() - pairs.len().min(SHOWN);
    if hidden > 0 {
        let _ = writeln!(
            out,
            "{hidden} more pairs are in --json, those that share fewer than {LEAST_ITEMS} items among them"
        );
    }
    out
}
