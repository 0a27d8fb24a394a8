//! The transform tree as a nested list, with cycles and second parents named.

use super::context::{CodeLink, Context};
use super::limits;
use crate::text;
use askama::{Template, filters::HtmlSafe};
use fieldassay_model::{display, plot::TransformEdge};
use std::collections::{BTreeMap, BTreeSet};

/// Deepest nesting shown as such.
const DEPTH: usize = 60;

/// The transform tree of one recording.
#[derive(Debug, Default, Template)]
#[template(path = "transforms.html")]
pub(crate) struct Transforms {
    rows: Vec<Row>,
    trees: usize,
    edges: usize,
    left_out: usize,
}

impl HtmlSafe for Transforms {}

/// One frame; lists are opened and closed by the rows, so the page needs no recursion.
#[derive(Debug, Default)]
struct Row {
    frame: String,
    chips: Vec<String>,
    trouble: Option<String>,
    codes: Vec<CodeLink>,
    opens: bool,
    closes: usize,
}

impl Transforms {
    /// The tree of one recording; empty without transforms.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        let Some(plots) = context.plots else {
            return Self::default();
        };
        let edges: Vec<&TransformEdge> = plots.transforms.iter().take(limits::EDGES).collect();
        let mut walk = Walk::new(context, &edges);
        walk.run();
        Self {
            trees: walk.trees,
            rows: walk.rows,
            edges: plots.transforms.len(),
            left_out: plots.transforms.len() - edges.len(),
        }
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A depth-first walk over the edges.
struct Walk<'a, 'c> {
    context: &'c Context<'a>,
    children: BTreeMap<&'a str, Vec<&'a TransformEdge>>,
    parents: BTreeMap<&'a str, BTreeSet<&'a str>>,
    visited: BTreeSet<&'a str>,
    rows: Vec<Row>,
    trees: usize,
}

/// A frame on the way down: its edges still to show.
struct Open<'a> {
    frame: &'a str,
    left: std::vec::IntoIter<&'a TransformEdge>,
}

impl<'a, 'c> Walk<'a, 'c> {
    fn new(context: &'c Context<'a>, edges: &[&'a TransformEdge]) -> Self {
        let mut children: BTreeMap<&str, Vec<&TransformEdge>> = BTreeMap::new();
        let mut parents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for edge in edges {
            children.entry(&edge.parent).or_default().push(edge);
            parents.entry(&edge.child).or_default().insert(&edge.parent);
        }
        for list in children.values_mut() {
            list.sort_by(|a, b| (&a.child, a.is_static).cmp(&(&b.child, b.is_static)));
        }
        Self {
            context,
            children,
            parents,
            visited: BTreeSet::new(),
            rows: Vec::new(),
            trees: 0,
        }
    }

    /// Shows every tree from its root, then what hangs on no root: cycles.
    fn run(&mut self) {
        let frames: Vec<&'a str> = self.children.keys().copied().collect();
        let roots = frames.iter().filter(|f| !self.parents.contains_key(*f));
        let roots: Vec<&'a str> = roots.copied().collect();
        for root in roots {
            self.tree(root);
        }
        while let Some(frame) = self.start_of_cycle(&frames) {
            self.tree(frame);
        }
    }

    /// Of the frames no root leads to, the one whose parent was seen least: most likely the odd
    /// edge that closes the cycle.
    fn start_of_cycle(&self, frames: &[&'a str]) -> Option<&'a str> {
        let rarest = |frame: &str| {
            let edges = self.children.values().flatten();
            let counts = edges
                .filter(|edge| edge.child == frame)
                .map(|edge| edge.count);
            counts.min()
        };
        let left = frames.iter().filter(|frame| !self.visited.contains(*frame));
        left.min_by_key(|frame| rarest(frame)).copied()
    }

    fn tree(&mut self, root: &'a str) {
        self.trees += 1;
        self.visited.insert(root);
        self.rows.push(Row {
            frame: text::name(root),
            trouble: self
                .parents
                .contains_key(root)
                .then(|| "on a cycle: no frame is the root".to_owned()),
            ..Row::default()
        });
        let mut open = Vec::new();
        self.descend(&mut open, root);
        while let Some(top) = open.last_mut() {
            if let Some(edge) = top.left.next() {
                self.edge(&mut open, edge);
            } else {
                open.pop();
                if let Some(row) = self.rows.last_mut() {
                    row.closes += 1;
                }
            }
        }
    }

    /// Opens the list of the children of the frame shown last.
    fn descend(&mut self, open: &mut Vec<Open<'a>>, frame: &'a str) {
        let Some(edges) = self.children.get(frame) else {
            return;
        };
        if let Some(row) = self.rows.last_mut() {
            row.opens = true;
        }
        open.push(Open {
            frame,
            left: edges.clone().into_iter(),
        });
    }

    fn edge(&mut self, open: &mut Vec<Open<'a>>, edge: &'a TransformEdge) {
        let on_path = open.iter().any(|o| o.frame == edge.child);
        let again = !self.visited.insert(&edge.child);
        let others = self
            .parents
            .get(edge.child.as_str())
            .into_iter()
            .flatten()
            .filter(|parent| **parent != edge.parent)
            .map(|parent| text::name(parent))
            .collect::<Vec<_>>()
            .join(", ");
        let trouble = if edge.parent == edge.child {
            Some("its own parent".to_owned())
        } else if on_path {
            Some("cycle: leads back to this frame above".to_owned())
        } else if others.is_empty() {
            None
        } else {
            Some(format!("also under {others}"))
        };
        self.rows.push(Row {
            frame: text::name(&edge.child),
            chips: chips(edge),
            trouble,
            codes: codes(self.context, edge),
            opens: false,
            closes: 0,
        });
        if !on_path && !again && open.len() < DEPTH {
            self.descend(open, &edge.child);
        }
    }
}

fn chips(edge: &TransformEdge) -> Vec<String> {
    let mut chips = Vec::new();
    if edge.is_static {
        chips.push("static".to_owned());
    }
    if let Some(rate) = edge.rate_hz {
        chips.push(display::quantity(rate, "Hz"));
    }
    if edge.count > 1 || !edge.is_static {
        chips.push(text::counted(
            usize::try_from(edge.count).unwrap_or(usize::MAX),
            "transform",
        ));
    }
    chips
}

/// Findings about the edge, about a path or cycle it is part of, or about its child.
fn codes(context: &Context<'_>, edge: &TransformEdge) -> Vec<CodeLink> {
    let about = |subject: &str| {
        let frames: Vec<&str> = subject.split(" -> ").collect();
        frames == [edge.child.as_str()]
            || frames
                .windows(2)
                .any(|hop| hop == [edge.parent.as_str(), edge.child.as_str()])
    };
    let findings = context.report.findings.iter();
    let of_tree = findings.filter(|finding| finding.code.starts_with("transform."));
    let mut codes = CodeLink::of(context, of_tree.filter(|finding| about(&finding.subject)));
    codes.truncate(6);
    codes
}
