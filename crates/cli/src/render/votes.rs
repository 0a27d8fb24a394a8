//! The answer of `votes`: how many labels are right where that is known, then items and people.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::statistics::votes::{Annotator, Document, Item};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Items and annotators that are shown; the document has all.
const SHOWN: usize = 20;

pub(crate) fn document(document: &Document) -> anyhow::Result<()> {
    let mut out = format!(
        "{} votes of {} annotators on {} items, {} labels, method {}\n",
        document.votes,
        document.annotators.len(),
        document.items.len(),
        document.labels.len(),
        statistic::word(&document.method),
    );
    if let Some(accuracy) = &document.accuracy {
        let _ = write!(
            out,
            "accuracy {} on {} items with a truth",
            statistic::shown(accuracy),
            accuracy.n
        );
        if let Some(majority) = &document.majority_accuracy {
            let _ = write!(out, "; majority vote {}", statistic::shown(majority));
        }
        out.push('\n');
    }
    out.push('\n');
    out += &labels(document);
    out.push('\n');
    out += &unsure(document);
    out.push('\n');
    out += &people(document);
    text_with_notes(&out, &document.notes)
}

/// How often each label was found, and how sure.
fn labels(document: &Document) -> String {
    let mut table = Table::new(&[
        ("label", Align::Left),
        ("items", Align::Right),
        ("mean confidence", Align::Right),
    ]);
    let names = document.labels.iter().map(String::as_str);
    let mut sums: BTreeMap<&str, (usize, f64)> = names.map(|name| (name, (0, 0.0))).collect();
    for item in document.items.iter() {
        let found = item.label.and_then(|label| sums.get_mut(label));
        if let (Some((count, sum)), Some(confidence)) = (found, item.confidence) {
            *count += 1;
            *sum += confidence;
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (name, (count, sum)) in sums.iter().take(SHOWN) {
        let mean = (*count > 0).then(|| sum / *count as f64);
        table.row(vec![
            (*name).to_owned(),
            count.to_string(),
            statistic::number_or_dash(mean, 3),
        ]);
    }
    table.render("") + &statistic::left_out(sums.len(), SHOWN, "labels")
}

/// The items whose labels are least sure, first.
fn unsure(document: &Document) -> String {
    let mut table = Table::new(&[
        ("least sure item", Align::Left),
        ("label", Align::Left),
        ("confidence", Align::Right),
        ("votes", Align::Right),
    ]);
    let rank = |item: &Item<'_>| item.confidence.unwrap_or(-1.0);
    // The few least sure of many: a list that never grows beyond what is shown.
    let mut least: Vec<Item<'_>> = Vec::with_capacity(SHOWN + 1);
    for item in document.items.iter() {
        let at = least.partition_point(|known| rank(known) <= rank(&item));
        if at < SHOWN {
            least.insert(at, item);
            least.truncate(SHOWN);
        }
    }
    for item in &least {
        let tied = if item.tied { " (tied)" } else { "" };
        table.row(vec![
            item.item.to_owned(),
            format!("{}{tied}", item.label.unwrap_or("-")),
            statistic::number_or_dash(item.confidence, 3),
            item.votes.to_string(),
        ]);
    }
    table.render("") + &statistic::left_out(document.items.len(), SHOWN, "items")
}

/// The worst annotators first.
fn people(document: &Document) -> String {
    let has_skill = document.annotators.iter().any(|one| one.skill.is_some());
    let mut heads = vec![
        ("annotator", Align::Left),
        ("quality [95 %]", Align::Left),
        ("above chance", Align::Right),
        ("votes", Align::Right),
    ];
    if has_skill {
        heads.push(("skill", Align::Right));
    }
    let mut table = Table::new(&heads);
    let mut order: Vec<_> = document.annotators.iter().collect();
    let rank = |quality: Option<f64>| quality.unwrap_or(f64::INFINITY);
    order.sort_by(|a, b| {
        let of = |one: &Annotator| rank(one.quality.map(|quality| quality.estimate));
        of(a).total_cmp(&of(b))
    });
    for one in order.iter().take(SHOWN) {
        let mut row = vec![
            one.annotator.clone(),
            statistic::shown_or_dash(one.quality.as_ref()),
            statistic::number_or_dash(one.above_chance, 3),
            one.votes.to_string(),
        ];
        if has_skill {
            row.push(statistic::number_or_dash(one.skill, 3));
        }
        table.row(row);
    }
    table.render("") + &statistic::left_out(order.len(), SHOWN, "annotators")
}
