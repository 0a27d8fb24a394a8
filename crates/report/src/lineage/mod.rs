//! Lineage to look at: a tree of text, a graph of Graphviz, a drawing.
//!
//! Read [`LineageGraph`] first; [`tree`], [`dot`] and [`drawing`] show it. The same graph gives the same bytes, in whatever
//! order its parts come.
//!
//! Not here: where lineage is kept and how it is asked (`store`, `engine`).

mod dot;
mod drawing;
mod layers;
mod tree;

pub use dot::dot;
pub use drawing::drawing;
pub use tree::tree;

use crate::text;

/// Things and what they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineageGraph {
    /// The thing that was asked about.
    pub root: String,
    /// Things, each once.
    pub nodes: Vec<LineageNode>,
    /// Steps between them.
    pub edges: Vec<LineageEdge>,
    /// What is not in the graph, in a sentence; empty where it is whole.
    pub left_out: String,
}

/// A thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineageNode {
    /// Its id.
    pub id: String,
    /// What it is: `recording`, `blob`, `release`, …
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// More about it, in a few words.
    pub note: String,
}

/// That one thing came from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineageEdge {
    /// What came.
    pub child: String,
    /// From what.
    pub parent: String,
    /// By what: the verb of the operation.
    pub label: String,
}

/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// An id short enough to read: digests by their first 12 digits.
fn short(id: &str) -> String {
    let cut = id.rsplit_once(':').and_then(|(kind, digest)| {
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        is_digest.then(|| format!("{kind}:{}…", digest.get(..12).unwrap_or_default()))
    });
    text::clean(&cut.unwrap_or_else(|| id.to_owned()), NAME_CHARS)
}

/// Name of a thing, safe to read.
fn named(node: &LineageNode) -> String {
    if node.name.is_empty() {
        short(&node.id)
    } else {
        text::clean(&node.name, NAME_CHARS)
    }
}
