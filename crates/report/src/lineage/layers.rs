//! Which column and row every thing of a drawing is in: Sugiyama's method in its simplest form.
//!
//! A column is one more than that of the last thing something came from, so that every arrow goes to the right; within a
//! column things stand where their neighbors in the column before are (barycenters, forth and back). Long lists of things
//! of one kind of which the same came are folded into one box.
//!
//! K. Sugiyama, S. Tagawa, M. Toda: Methods for Visual Understanding of Hierarchical System Structures, IEEE Transactions
//! on Systems, Man, and Cybernetics 11 (1981), 109–125.

use super::{LineageGraph, LineageNode, named, short};
use std::collections::{BTreeMap, BTreeSet};

/// Things of one kind of which the same came that are drawn one by one; beyond, the rest are one box.
const ALIKE: usize = 4;
/// Rounds of folding: as deep as what leads to what is folded is folded too.
const ROUNDS: usize = 8;
/// Boxes drawn at most.
pub(super) const BOXES: usize = 300;
/// Passes of ordering.
const PASSES: usize = 8;

/// A thing with its place, or the place where a long arrow passes a column.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// The thing; none where an arrow passes.
    pub(super) shown: Option<Shown>,
    /// Column from the left.
    pub(super) column: usize,
    /// Row from the top.
    pub(super) row: usize,
}

/// What stands in a box.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// Its id, or what it is for many.
    pub(super) id: String,
    /// What it is.
    pub(super) kind: String,
    /// First line.
    pub(super) title: String,
    /// Second line.
    pub(super) note: String,
    /// How many it stands for.
    pub(super) count: usize,
}

/// A drawing before it is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Everything that has a place.
    pub(super) placed: Vec<Placed>,
    /// Arrows, each through the places it passes, with its label.
    pub(super) arrows: Vec<(Vec<usize>, String)>,
    /// Columns and rows of the tallest.
    pub(super) size: (usize, usize),
    /// Boxes that did not fit.
    pub(super) left_out: usize,
}

/// Places everything.
pub(super) fn layout(graph: &LineageGraph) -> Layout {
    let (boxes, arrows) = folded(graph);
    let shown: Vec<Shown> = boxes.iter().take(BOXES).cloned().collect();
    let left_out = boxes.len() - shown.len();
    let index: BTreeMap<&str, usize> = shown
        .iter()
        .enumerate()
        .map(|(at, one)| (one.id.as_str(), at))
        .collect();
    let arrows: BTreeSet<(usize, usize, String)> = arrows
        .into_iter()
        .filter_map(|(parent, child, label)| {
            Some((
                *index.get(parent.as_str())?,
                *index.get(child.as_str())?,
                label,
            ))
        })
        .filter(|(parent, child, _)| parent != child)
        .collect();
    let columns = columns(shown.len(), &arrows);
    let mut out = Layout {
        placed: shown
            .into_iter()
            .zip(&columns)
            .map(|(shown, column)| Placed {
                shown: Some(shown),
                column: *column,
                row: 0,
            })
            .collect(),
        left_out,
        ..Layout::default()
    };
    for (parent, child, label) in arrows {
        let (Some(from), Some(to)) = (columns.get(parent), columns.get(child)) else {
            continue;
        };
        let mut path = vec![parent];
        for column in from + 1..*to {
            path.push(out.placed.len());
            out.placed.push(Placed {
                shown: None,
                column,
                row: 0,
            });
        }
        path.push(child);
        out.arrows.push((path, label));
    }
    order(&mut out);
    out
}

type Arrow = (String, String, String);

/// Boxes and arrows. Things of one kind of which the same came are one box beyond the first few; what only led to these
/// then has the same come of it, and is folded in the next round.
fn folded(graph: &LineageGraph) -> (Vec<Shown>, BTreeSet<Arrow>) {
    let mut boxes: BTreeMap<String, Shown> = graph
        .nodes
        .iter()
        .map(|node| (node.id.clone(), shown(node)))
        .collect();
    let mut arrows: BTreeSet<Arrow> = graph
        .edges
        .iter()
        .map(|edge| (edge.parent.clone(), edge.child.clone(), edge.label.clone()))
        .collect();
    for _ in 0..ROUNDS {
        let (stands_for, made) = fold(&boxes, &arrows, &graph.root);
        if stands_for.is_empty() {
            break;
        }
        boxes.retain(|id, _| !stands_for.contains_key(id));
        boxes.extend(made.into_iter().map(|one| (one.id.clone(), one)));
        let drawn = |id: String| stands_for.get(&id).cloned().unwrap_or(id);
        arrows = arrows
            .into_iter()
            .map(|(parent, child, label)| (drawn(parent), drawn(child), label))
            .collect();
    }
    let mut boxes: Vec<Shown> = boxes.into_values().collect();
    // What was asked about is never what is left out.
    boxes.sort_by_key(|one| one.id != graph.root);
    (boxes, arrows)
}

/// One round: which box stands for which, and the new boxes.
fn fold(
    boxes: &BTreeMap<String, Shown>,
    arrows: &BTreeSet<Arrow>,
    root: &str,
) -> (BTreeMap<String, String>, Vec<Shown>) {
    let mut came: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (parent, child, label) in arrows {
        came.entry(parent).or_default().insert((child, label));
    }
    let mut alike: BTreeMap<(&str, Option<&BTreeSet<_>>), Vec<&Shown>> = BTreeMap::new();
    for one in boxes.values().filter(|one| one.id != root) {
        let key = (one.kind.as_str(), came.get(one.id.as_str()));
        alike.entry(key).or_default().push(one);
    }
    let (mut stands_for, mut made) = (BTreeMap::new(), Vec::new());
    for ((kind, came), mut members) in alike {
        members.sort_by_key(|one| one.count > 1);
        // What leads to many that are one box is one box at once.
        let to_many =
            |(child, _): &(&str, &str)| boxes.get(*child).is_some_and(|one| one.count > 1);
        let kept = if came.is_some_and(|came| came.iter().any(to_many)) {
            0
        } else {
            ALIKE
        };
        let rest = members.get(kept..).unwrap_or_default();
        let [first, _, ..] = rest else {
            continue;
        };
        let id = format!("more:{}", first.id);
        let count: usize = rest.iter().map(|one| one.count).sum();
        stands_for.extend(rest.iter().map(|one| (one.id.clone(), id.clone())));
        made.push(Shown {
            id,
            kind: kind.to_owned(),
            title: format!("{count} more {}", plural(kind)),
            note: "--format json lists all".to_owned(),
            count,
        });
    }
    (stands_for, made)
}

fn plural(kind: &str) -> String {
    kind.strip_suffix('y')
        .map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
}

fn shown(node: &LineageNode) -> Shown {
    let (title, id) = (named(node), short(&node.id));
    let says_kind = id.starts_with(&format!("{}:", node.kind));
    let mut note = if says_kind {
        String::new()
    } else {
        node.kind.clone()
    };
    for more in [id.as_str(), node.note.as_str()] {
        if !more.is_empty() && more != title {
            if !note.is_empty() {
                note.push_str(" · ");
            }
            note.push_str(more);
        }
    }
    Shown {
        id: node.id.clone(),
        kind: node.kind.clone(),
        title,
        note,
        count: 1,
    }
}

/// One more than the column of the last thing something came from; arrows that close a circle do not count.
fn columns(count: usize, arrows: &BTreeSet<(usize, usize, String)>) -> Vec<usize> {
    let mut columns = vec![0_usize; count];
    for _ in 0..count {
        let mut is_done = true;
        for (parent, child, _) in arrows {
            let wanted = columns.get(*parent).map_or(0, |column| column + 1);
            if let Some(column) = columns.get_mut(*child)
                && *column < wanted
                && wanted < count
            {
                *column = wanted;
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    // What came from nothing stands right before what came of it first.
    let fed: BTreeSet<usize> = arrows.iter().map(|(_, child, _)| *child).collect();
    for source in (0..count).filter(|one| !fed.contains(one)) {
        let nearest = arrows.iter().filter(|(parent, _, _)| *parent == source);
        let nearest = nearest
            .filter_map(|(_, child, _)| columns.get(*child).copied())
            .min();
        if let (Some(column), Some(nearest)) = (columns.get_mut(source), nearest) {
            *column = nearest.saturating_sub(1);
        }
    }
    columns
}

/// What stands left and right of everything, joined by an arrow.
fn neighbors(layout: &Layout) -> BTreeMap<usize, (Vec<usize>, Vec<usize>)> {
    let mut near: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (path, _) in &layout.arrows {
        for pair in path.windows(2) {
            let [left, right] = pair else { continue };
            near.entry(*left).or_default().1.push(*right);
            near.entry(*right).or_default().0.push(*left);
        }
    }
    near
}

/// Orders every column by where neighbors stand.
fn order(layout: &mut Layout) {
    let width = layout
        .placed
        .iter()
        .map(|one| one.column + 1)
        .max()
        .unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); width];
    for (at, one) in layout.placed.iter().enumerate() {
        if let Some(column) = columns.get_mut(one.column) {
            column.push(at);
        }
    }
    let near = neighbors(layout);
    let mut at = vec![0.0_f64; layout.placed.len()];
    let settle = |columns: &[Vec<usize>], at: &mut [f64]| {
        for column in columns {
            for (row, one) in column.iter().enumerate() {
                if let Some(place) = at.get_mut(*one) {
                    // From the middle, so that short columns pull on the middle of long ones.
                    *place = row as f64 - column.len() as f64 / 2.0;
                }
            }
        }
    };
    settle(&columns, &mut at);
    for pass in 0..PASSES {
        let forth = pass % 2 == 0;
        let mut order: Vec<usize> = (0..width).collect();
        if !forth {
            order.reverse();
        }
        for column in order {
            let Some(members) = columns.get_mut(column) else {
                continue;
            };
            let middle = |one: &usize| {
                let sides = near.get(one);
                let side = sides.map(|(left, right)| if forth { left } else { right });
                let side = side.filter(|side| !side.is_empty());
                side.map_or_else(
                    || at.get(*one).copied().unwrap_or(0.0),
                    |side| {
                        let sum: f64 = side.iter().filter_map(|far| at.get(*far)).sum();
                        sum / side.len() as f64
                    },
                )
            };
            let mut keyed: Vec<(f64, usize)> =
                members.iter().map(|one| (middle(one), *one)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *members = keyed.into_iter().map(|(_, one)| one).collect();
            settle(&columns, &mut at);
        }
    }
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    for column in &columns {
        for (row, one) in column.iter().enumerate() {
            if let Some(placed) = layout.placed.get_mut(*one) {
                placed.row = row;
            }
        }
    }
    layout.size = (width, tallest);
}
