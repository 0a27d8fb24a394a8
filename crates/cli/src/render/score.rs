//! The answer of `score`: the lines each benchmark is known for, then classes and slices.

use super::{Align, Table, statistic, text_with_notes};
use fieldassay_engine::score::{Node, Number, ScoreDocument};
use std::fmt::Write as _;

pub(crate) fn document(document: &ScoreDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    let digits = if document.benchmark == "mot" { 4 } else { 3 };
    match document.benchmark {
        "coco" | "lvis" => {
            out.push_str(&coco(document));
            out.push('\n');
            out.push_str(&classes("category", &document.per_class, digits));
        }
        "kitti" => out.push_str(&kitti(&document.per_class)),
        "mot" => out.push_str(&mot(document)),
        _ => {
            out.push_str(&lines(&document.summary, 4));
            out.push('\n');
            let class = if document.benchmark == "voc" {
                "class"
            } else {
                "category"
            };
            out.push_str(&classes(class, &document.per_class, digits));
        }
    }
    if let Some(slices) = &document.slices {
        out.push('\n');
        let named = slices.values.iter().map(|slice| {
            let value = slice.value.clone().unwrap_or_else(|| "(none)".to_owned());
            (value, slice.summary.clone(), units(&slice.summary))
        });
        let heading = format!("{} of each", document.unit);
        let named: Vec<_> = named.collect();
        out.push_str(&sliced(&slices.by, &heading, &named, digits));
    }
    text_with_notes(&out, &document.notes)
}

/// `n` of the first number.
fn units(node: &Node) -> usize {
    node.parts()
        .iter()
        .find_map(|(name, _)| node.number(&[name]))
        .map_or(0, |number| number.n)
}

/// A number with its interval, where it has one.
fn shown(number: Option<Number>, digits: usize) -> String {
    let known = number.and_then(|n| Some((n.estimate?, (n.low, n.high))));
    statistic::or_dash(known, |(estimate, ends)| {
        statistic::with_ends(estimate, ends, digits)
    })
}

/// A count.
fn counted(number: Option<Number>) -> String {
    statistic::number_or_dash(number.and_then(|n| n.estimate), 0)
}

/// Names and numbers, a line each.
fn lines(node: &Node, digits: usize) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    for (name, part) in node.parts() {
        table.row(vec![name.clone(), shown(part.number(&[]), digits)]);
    }
    // The headings are empty.
    let text = table.render("");
    text.trim_start_matches('\n').to_owned()
}

/// A row per class, a column per number.
fn classes(heading: &str, node: &Node, digits: usize) -> String {
    let Some((_, first)) = node.parts().first() else {
        return String::new();
    };
    let names: Vec<&str> = first
        .parts()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut headings = vec![(heading, Align::Left)];
    headings.extend(names.iter().map(|name| (*name, Align::Right)));
    let mut table = Table::new(&headings);
    for (class, part) in node.parts() {
        let mut row = vec![class.clone()];
        row.extend(names.iter().map(|name| match *name {
            "labels" => counted(part.number(&[name])),
            name => shown(part.number(&[name]), digits),
        }));
        table.row(row);
    }
    table.render("")
}

/// A row per slice.
fn sliced(by: &str, heading: &str, slices: &[(String, Node, usize)], digits: usize) -> String {
    let Some((_, first, _)) = slices.first() else {
        return String::new();
    };
    let names: Vec<String> = first.parts().iter().map(|(name, _)| name.clone()).collect();
    let mut headings = vec![(by, Align::Left), (heading, Align::Right)];
    headings.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
    let mut table = Table::new(&headings);
    for (value, node, count) in slices {
        let mut row = vec![value.clone(), count.to_string()];
        row.extend(names.iter().map(|name| shown(node.number(&[name]), digits)));
        table.row(row);
    }
    table.render("")
}

/// The lines of pycocotools 2.0.11 and lvis 0.5.3, to the letter where no interval was asked for; -1 where a line is not
/// defined.
fn coco(document: &ScoreDocument) -> String {
    let rule = |name: &str| {
        let found = document.rules.iter().find(|rule| rule.name == name);
        found.map_or("", |rule| rule.value.as_str())
    };
    let limits: Vec<&str> = rule("limits").split(", ").collect();
    let most = limits.last().copied().unwrap_or_default();
    let is_lvis = document.benchmark == "lvis";
    let mut out = String::new();
    for (name, node) in document.summary.parts() {
        let number = node.number(&[]);
        let value = number.and_then(|n| n.estimate).unwrap_or(-1.0);
        let interval = match number.map(|n| (n.low, n.high)) {
            Some((Some(low), Some(high))) => format!(" [{low:0.3}, {high:0.3}]"),
            _ => String::new(),
        };
        let (kind, rest) = name.split_at(2.min(name.len()));
        let title = if kind == "AP" {
            "Average Precision"
        } else {
            "Average Recall"
        };
        let is_area = |letter: &str| rest.starts_with(letter);
        let area = match rest {
            _ if is_area("s") => ("small", "s"),
            _ if is_area("m") => ("medium", "m"),
            _ if is_area("l") => ("large", "l"),
            _ => ("all", "all"),
        };
        let iou = match rest {
            "50" => "0.50",
            "75" => "0.75",
            _ => rule("iou"),
        };
        if is_lvis {
            let group = match rest {
                "r" | "c" | "f" => rest,
                _ => "all",
            };
            let _ = writeln!(
                out,
                " {title:<18} ({kind}) @[ IoU={iou:<9} | area={:>6} | maxDets={most:>3} catIds={group:>3}] = {value:0.3}{interval}",
                area.1
            );
            continue;
        }
        let limit = match (kind, rest) {
            ("AR", "1" | "10" | "100") => rest,
            _ => most,
        };
        let _ = writeln!(
            out,
            " {title:<18} ({kind}) @[ IoU={iou:<9} | area={:>6} | maxDets={limit:>3} ] = {value:0.3}{interval}",
            area.0
        );
    }
    out
}

/// A block per class and rule, percent, as the devkit's tools print it.
fn kitti(per_class: &Node) -> String {
    let mut out = String::new();
    for (class, node) in per_class.parts() {
        let Some((_, first)) = node.parts().first() else {
            continue;
        };
        for points in ["AP_R11", "AP_R40"] {
            let _ = writeln!(out, "{class} {points} (easy, moderate, hard):");
            for (name, _) in first.parts() {
                let cells = node
                    .parts()
                    .iter()
                    .map(|(difficulty, _)| shown(node.number(&[difficulty, name, points]), 4));
                let cells: Vec<String> = cells.collect();
                let _ = writeln!(out, "{name:<4} AP: {}", cells.join(", "));
            }
        }
    }
    out
}

/// The columns of `MOTChallenge`, a row per sequence and one for all.
fn mot(document: &ScoreDocument) -> String {
    const COLUMNS: [(&str, &str, bool); 17] = [
        ("HOTA", "hota", false),
        ("DetA", "deta", false),
        ("AssA", "assa", false),
        ("MOTA", "mota", false),
        ("MOTP", "motp", false),
        ("IDF1", "idf1", false),
        ("IDP", "idp", false),
        ("IDR", "idr", false),
        ("Rcll", "recall", false),
        ("Prcn", "precision", false),
        ("GT", "objects", true),
        ("MT", "mostly_tracked", true),
        ("ML", "mostly_lost", true),
        ("FP", "false_positives", true),
        ("FN", "misses", true),
        ("IDs", "switches", true),
        ("FM", "fragmentations", true),
    ];
    let mut headings = vec![("sequence", Align::Left)];
    headings.extend(COLUMNS.iter().map(|(name, ..)| (*name, Align::Right)));
    let mut table = Table::new(&headings);
    let row = |name: &str, node: &Node| {
        let mut cells = vec![name.to_owned()];
        cells.extend(COLUMNS.iter().map(|(_, key, is_count)| {
            let number = node.number(&[key]);
            if *is_count {
                counted(number)
            } else {
                shown(number, 4)
            }
        }));
        cells
    };
    for (name, node) in document.per_sequence.parts() {
        table.row(row(name, node));
    }
    table.row(row("OVERALL", &document.summary));
    table.render("")
}
