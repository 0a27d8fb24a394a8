//! Lineage as a drawing: columns of boxes from what was there first to what came of it.

use super::LineageGraph;
use super::layers::{Layout, Placed, layout};
use crate::markup::Markup;
use crate::svg::Coordinate;
use crate::text::{clean, sentence};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Colors for a file that is shown without a page: light, and dark where the viewer asks for it.
const STYLE: &str = "<style>\
svg{--bg:#ffffff;--text:#191c20;--muted:#555d68;--line:#8b94a1;--box:#f6f7f9;--edge:#d8dce2;--blob:#6b7280;--recording:#1c5a9c;--release:#17673a;--policy:#5a4a8c;--contract:#8a3ca0;--sample:#c25b12}\
@media(prefers-color-scheme:dark){svg{--bg:#14171b;--text:#e4e7eb;--muted:#a4acb8;--line:#76808e;--box:#1b1f25;--edge:#3a414b;--blob:#a4acb8;--recording:#86b7f2;--release:#80d49b;--policy:#c0b2f0;--contract:#cf8ae2;--sample:#f0924a}}\
text{fill:var(--muted);font:11px system-ui,sans-serif;font-variant-numeric:tabular-nums}\
.title{fill:var(--text);font-size:13px;font-weight:600}.head{fill:var(--text);font-size:15px;font-weight:600}\
.back{fill:var(--bg)}.box{fill:var(--box);stroke:var(--edge)}.root .box{stroke:var(--text);stroke-width:1.6}.many .box{stroke-dasharray:4 3}\
.bar{fill:var(--blob)}.recording .bar{fill:var(--recording)}.release .bar{fill:var(--release)}.policy .bar{fill:var(--policy)}.contract .bar{fill:var(--contract)}.sample .bar,.row .bar{fill:var(--sample)}\
.arrow{fill:none;stroke:var(--line);stroke-width:1.1}.tip{fill:var(--line)}.label{fill:var(--muted);font-size:10px;paint-order:stroke;stroke:var(--bg);stroke-width:3px}\
</style>";

/// Size of a box, and what is between two.
const BOX: (f64, f64) = (240.0, 44.0);
const GAP: (f64, f64) = (92.0, 14.0);
/// Height that an arrow takes where it passes a column.
const PASSING: f64 = 6.0;
/// Space around, and for the heading.
const MARGIN: f64 = 20.0;
const HEAD: f64 = 34.0;
/// Longest lines in a box, in characters.
const TITLE_CHARS: usize = 25;
const NOTE_CHARS: usize = 35;

/// A drawing as one SVG: every box with what it is in full when it is pointed at. Long lists of the same are one box; a
/// graph too large is cut, and says so.
pub fn drawing(graph: &LineageGraph) -> String {
    let layout = layout(graph);
    let columns = layout.size.0;
    let (corners, tallest) = corners(&layout);
    let width = (columns as f64).mul_add(BOX.0 + GAP.0, 2.0 * MARGIN) - GAP.0;
    let height = 2.0f64.mul_add(MARGIN, HEAD) + tallest;
    let left_out = notes(graph, &layout);
    let height = height + if left_out.is_empty() { 0.0 } else { 24.0 };
    let width = width.max(420.0);
    let title = format!("Lineage of {}", clean(&graph.root, 60));
    let mut out = Markup::new();
    out.literal("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"t d\"")
        .attribute(
            "viewBox",
            format_args!("0 0 {} {}", Coordinate(width), Coordinate(height)),
        )
        .attribute("width", Coordinate(width))
        .attribute("height", Coordinate(height))
        .literal("><title id=\"t\">")
        .text(&title)
        .literal("</title><desc id=\"d\">");
    let boxes = layout
        .placed
        .iter()
        .filter(|one| one.shown.is_some())
        .count();
    out.text(format_args!(
        "{boxes} boxes in {columns} columns, from what was there first on the left to what came of it on the right."
    ))
    .literal("</desc>")
    .literal(STYLE)
    .literal("<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>")
    .literal("<rect class=\"back\" width=\"100%\" height=\"100%\"/><text class=\"head\"")
    .attribute("x", MARGIN)
    .attribute("y", MARGIN + 8.0)
    .literal(">")
    .text(&title)
    .literal("</text>");
    arrows(&layout, &corners, &mut out);
    for (placed, corner) in layout.placed.iter().zip(&corners) {
        one_box(placed, *corner, &graph.root, &mut out);
    }
    if !left_out.is_empty() {
        out.literal("<text")
            .attribute("x", MARGIN)
            .attribute("y", Coordinate(height - 12.0))
            .literal(">")
            .text(sentence(&left_out))
            .literal("</text>");
    }
    out.literal("</svg>\n");
    out.to_string()
}

fn notes(graph: &LineageGraph, layout: &Layout) -> String {
    let mut notes = Vec::new();
    if layout.left_out > 0 {
        notes.push(format!("{} more boxes are not drawn.", layout.left_out));
    }
    if !graph.left_out.is_empty() {
        notes.push(graph.left_out.clone());
    }
    notes.join(" ")
}

/// Upper left corner of everything placed, and the height of the tallest column; short columns stand in the middle.
fn corners(layout: &Layout) -> (Vec<(f64, f64)>, f64) {
    let mut columns: Vec<Vec<(usize, usize)>> = vec![Vec::new(); layout.size.0];
    for (at, one) in layout.placed.iter().enumerate() {
        if let Some(column) = columns.get_mut(one.column) {
            column.push((one.row, at));
        }
    }
    let height_of = |at: usize| {
        let is_box = layout.placed.get(at).is_some_and(|one| one.shown.is_some());
        if is_box { BOX.1 } else { PASSING }
    };
    let tall = |column: &Vec<(usize, usize)>| {
        let heights = column.iter().map(|(_, at)| height_of(*at) + GAP.1);
        (heights.sum::<f64>() - GAP.1).max(0.0)
    };
    let tallest = columns.iter().map(tall).fold(0.0, f64::max);
    let mut corners = vec![(0.0, 0.0); layout.placed.len()];
    for (number, column) in columns.iter_mut().enumerate() {
        column.sort_unstable();
        let x = (number as f64).mul_add(BOX.0 + GAP.0, MARGIN);
        let mut y = MARGIN + HEAD + (tallest - tall(column)) / 2.0;
        for (_, at) in column.iter() {
            if let Some(corner) = corners.get_mut(*at) {
                *corner = (x, y);
            }
            y += height_of(*at) + GAP.1;
        }
    }
    (corners, tallest)
}

/// Where arrows come to: the middle of the left edge.
fn door(placed: &Placed, (x, y): (f64, f64)) -> (f64, f64) {
    let height = if placed.shown.is_some() {
        BOX.1
    } else {
        PASSING
    };
    (x, y + height / 2.0)
}

fn arrows(layout: &Layout, corners: &[(f64, f64)], out: &mut Markup) {
    let place = |at: &usize| {
        let placed = layout.placed.get(*at)?;
        Some(door(placed, *corners.get(*at)?))
    };
    let mut labelled = BTreeSet::new();
    let mut labels = Markup::new();
    for (path, label) in &layout.arrows {
        let places: Vec<(f64, f64)> = path.iter().filter_map(place).collect();
        let mut line = String::new();
        let mut from: Option<(f64, f64)> = None;
        for (index, (x, middle)) in places.iter().copied().enumerate() {
            let (left, right) = (x, x + BOX.0);
            match from {
                None => {
                    let _ = write!(line, "M{} {}", Coordinate(right), Coordinate(middle));
                }
                Some((px, py)) => {
                    let bend = GAP.0 * 0.45;
                    let _ = write!(
                        line,
                        "C{} {} {} {} {} {}",
                        Coordinate(px + bend),
                        Coordinate(py),
                        Coordinate(left - bend),
                        Coordinate(middle),
                        Coordinate(left),
                        Coordinate(middle)
                    );
                    if index + 1 < places.len() {
                        let _ = write!(line, "H{}", Coordinate(right));
                    }
                }
            }
            from = Some((right, middle));
        }
        out.literal("<path class=\"arrow\" marker-end=\"url(#tip)\"")
            .attribute("d", line)
            .literal("/>");
        // One label per target and operation: twenty times the same word says nothing.
        if let (Some(target), false) = (path.last(), label.is_empty())
            && labelled.insert((*target, label.as_str()))
            && let Some((x, middle)) = place(target)
        {
            let earlier = labelled.iter().filter(|(at, _)| at == target).count();
            labels
                .literal("<text class=\"label\" text-anchor=\"end\"")
                .attribute("x", Coordinate(x - 9.0))
                .attribute(
                    "y",
                    Coordinate((earlier as f64).mul_add(-11.0, middle + 6.0)),
                )
                .literal(">")
                .text(clean(label, 16))
                .literal("</text>");
        }
    }
    out.append(&labels);
}

/// A text of at most so many characters: its ends tell more than its middle.
fn middle(text: &str, limit: usize) -> String {
    let text = clean(text, usize::MAX);
    let count = text.chars().count();
    if count <= limit {
        return text;
    }
    let last = limit / 2;
    let first = text.chars().take(limit - last - 1);
    let end = text.chars().skip(count - last);
    first.chain(['…']).chain(end).collect()
}

fn one_box(placed: &Placed, (x, y): (f64, f64), root: &str, out: &mut Markup) {
    let Some(shown) = &placed.shown else {
        return;
    };
    let mut class = clean(&shown.kind, 20);
    if shown.id == root {
        class.push_str(" root");
    }
    if shown.count > 1 {
        class.push_str(" many");
    }
    out.literal("<g")
        .attribute("class", class)
        .literal("><title>");
    out.text(clean(&format!("{}\n{}", shown.title, shown.id), 200))
        .literal("</title><rect class=\"box\" rx=\"5\"")
        .attribute("x", Coordinate(x))
        .attribute("y", Coordinate(y))
        .attribute("width", BOX.0)
        .attribute("height", BOX.1)
        .literal("/><rect class=\"bar\" rx=\"2\"")
        .attribute("x", Coordinate(x + 5.0))
        .attribute("y", Coordinate(y + 6.0))
        .attribute("width", 4.0)
        .attribute("height", BOX.1 - 12.0)
        .literal("/><text class=\"title\"")
        .attribute("x", Coordinate(x + 17.0))
        .attribute("y", Coordinate(y + 19.0))
        .literal(">")
        .text(middle(&shown.title, TITLE_CHARS))
        .literal("</text><text")
        .attribute("x", Coordinate(x + 17.0))
        .attribute("y", Coordinate(y + 34.0))
        .literal(">")
        .text(middle(&shown.note, NOTE_CHARS))
        .literal("</text></g>");
}
