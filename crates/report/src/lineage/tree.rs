//! Lineage as a tree of text.

use super::{LineageEdge, LineageGraph, LineageNode, named, short};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Things shown below one thing.
const BELOW: usize = 20;
/// Lines in all.
const LINES: usize = 500;
/// How deep the tree is drawn.
const DEEP: usize = 64;

/// A tree from what was asked about: to what it came from, or (`downwards`) to what came of it. What was shown before is
/// not unfolded again; long lists and trees end in a line that says how much there is beyond.
pub fn tree(graph: &LineageGraph, downwards: bool) -> String {
    let mut next: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for LineageEdge {
        child,
        parent,
        label,
    } in &graph.edges
    {
        let (near, far) = if downwards {
            (parent, child)
        } else {
            (child, parent)
        };
        next.entry(near).or_default().insert((far, label));
    }
    let nodes = graph.nodes.iter().map(|node| (node.id.as_str(), node));
    let mut drawn = Drawn {
        nodes: nodes.collect(),
        next,
        seen: BTreeSet::new(),
        out: String::new(),
        lines: 0,
    };
    drawn.line("", &graph.root, "");
    drawn.below(&graph.root, "", 0);
    if !graph.left_out.is_empty() {
        let _ = writeln!(drawn.out, "{}", graph.left_out);
    }
    drawn.out
}

struct Drawn<'a> {
    nodes: BTreeMap<&'a str, &'a LineageNode>,
    next: BTreeMap<&'a str, BTreeSet<(&'a str, &'a str)>>,
    seen: BTreeSet<&'a str>,
    out: String,
    lines: usize,
}

impl<'a> Drawn<'a> {
    /// One thing. Gives whether what is below it was shown before.
    fn line(&mut self, stem: &str, id: &str, label: &str) {
        self.lines += 1;
        let by = if label.is_empty() {
            String::new()
        } else {
            format!("{label}: ")
        };
        let Some(node) = self.nodes.get(id) else {
            let _ = writeln!(self.out, "{stem}{by}{}", short(id));
            return;
        };
        let name = named(node);
        let id = short(id);
        let _ = write!(self.out, "{stem}{by}{} {id}", node.kind);
        if name != id {
            let _ = write!(self.out, "  {name}");
        }
        if !node.note.is_empty() {
            let _ = write!(self.out, "  {}", crate::text::sentence(&node.note));
        }
        self.out.push('\n');
    }

    fn below(&mut self, id: &'a str, stem: &str, depth: usize) {
        let all: Vec<(&str, &str)> = self.next.get(id).into_iter().flatten().copied().collect();
        if all.is_empty() {
            return;
        }
        if !self.seen.insert(id) {
            let _ = writeln!(self.out, "{stem}└─ (as above)");
            return;
        }
        if depth >= DEEP {
            let _ = writeln!(self.out, "{stem}└─ …");
            return;
        }
        let shown = all.len().min(BELOW);
        for (index, (far, label)) in all.iter().take(shown).enumerate() {
            if self.lines >= LINES {
                let _ = writeln!(self.out, "{stem}└─ … (--format json lists all)");
                return;
            }
            let is_last = index + 1 == all.len();
            let (branch, more) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.line(&format!("{stem}{branch}"), far, label);
            self.below(far, &format!("{stem}{more}"), depth + 1);
        }
        if all.len() > shown {
            let rest = all.len() - shown;
            let _ = writeln!(
                self.out,
                "{stem}└─ … and {rest} more (--format json lists all)"
            );
        }
    }
}
