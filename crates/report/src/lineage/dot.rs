//! Lineage as a graph of Graphviz.

use super::{LineageGraph, named, short};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A directed graph in Graphviz's language, from what was there first on the left to what came of it.
pub fn dot(graph: &LineageGraph) -> String {
    let mut out = String::from(
        "digraph lineage {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];\n  edge [fontname=\"sans-serif\", fontsize=8];\n",
    );
    let nodes: BTreeSet<_> = graph.nodes.iter().collect();
    for node in nodes {
        let label = format!("{}\n{} {}", named(node), node.kind, short(&node.id));
        let is_root = if node.id == graph.root {
            ", penwidth=2"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  {} [label={}{is_root}];",
            quoted(&node.id),
            quoted(&label)
        );
    }
    let edges: BTreeSet<_> = graph.edges.iter().collect();
    for edge in edges {
        let _ = writeln!(
            out,
            "  {} -> {} [label={}];",
            quoted(&edge.parent),
            quoted(&edge.child),
            quoted(&edge.label)
        );
    }
    if !graph.left_out.is_empty() {
        let _ = writeln!(out, "  label={};", quoted(&graph.left_out));
    }
    out.push_str("}\n");
    out
}

/// A text in quotes: nothing in it ends them, and a backslash is one.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
