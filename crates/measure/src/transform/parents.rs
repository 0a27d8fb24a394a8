//! Which parent each child has when.

use super::tree::{EdgeReport, is_used};
use serde::Serialize;

/// Changes kept per child.
const KEPT_EVENTS: usize = 100;

/// A child got another parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReparentEvent {
    /// Stamp of the first transform with the new parent, nanoseconds.
    pub stamp_ns: i64,
    /// Parent before.
    pub old_parent: u32,
    /// Parent from now on.
    pub new_parent: u32,
}

/// All changes of parent of one child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reparent {
    /// The child.
    pub child: u32,
    /// Its parents, ascending.
    pub parents: Vec<u32>,
    /// Changes of parent.
    pub changes: usize,
    /// Whether a former parent comes back: two publishers at once.
    pub is_alternating: bool,
    /// Stamp of the first change, nanoseconds.
    pub first_ns: i64,
    /// Stamp of the last change, nanoseconds.
    pub last_ns: i64,
    /// The first 100 changes.
    pub events: Vec<ReparentEvent>,
}

/// From a moment on, a child has this parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ParentRun {
    /// The child.
    pub child: u32,
    /// First moment, nanoseconds.
    pub start_ns: i64,
    /// The parent.
    pub parent: u32,
}

/// Follows the latest parent of each child, as tf2 keeps it, by dynamic transforms.
/// Of equal stamps the larger id comes last.
pub(super) fn parent_runs(edges: &[EdgeReport], stamps: &[Vec<i64>]) -> Vec<ParentRun> {
    let all: Vec<(&EdgeReport, &Vec<i64>)> = edges
        .iter()
        .zip(stamps)
        .filter(|(e, _)| is_used(e) && !e.is_static)
        .collect();
    let mut runs = Vec::new();
    for group in all.chunk_by(|a, b| a.0.child == b.0.child) {
        let child = group[0].0.child;
        let mut samples: Vec<(i64, u32)> = match group {
            [(edge, stamps)] => stamps
                .first()
                .map(|t| (*t, edge.parent))
                .into_iter()
                .collect(),
            _ => group
                .iter()
                .flat_map(|(edge, stamps)| stamps.iter().map(|t| (*t, edge.parent)))
                .collect(),
        };
        samples.sort_unstable();
        samples.dedup_by_key(|s| s.1);
        runs.extend(samples.into_iter().map(|(start_ns, parent)| ParentRun {
            child,
            start_ns,
            parent,
        }));
    }
    runs
}

/// Changes of parent per child, by child.
///
/// `runs`: stretches with one parent each, in any order; neighboring ones of one child with the same parent are one.
/// Cost: `O(n log n)`.
pub fn reparents(runs: &[ParentRun]) -> Vec<Reparent> {
    let mut runs = runs.to_vec();
    runs.sort_unstable();
    runs.dedup_by_key(|r| (r.child, r.parent));
    runs.chunk_by(|a, b| a.child == b.child)
        .filter(|c| c.len() > 1)
        .map(|c| {
            let mut parents: Vec<u32> = c.iter().map(|r| r.parent).collect();
            parents.sort_unstable();
            parents.dedup();
            let events: Vec<ReparentEvent> = c
                .windows(2)
                .take(KEPT_EVENTS)
                .map(|w| ReparentEvent {
                    stamp_ns: w[1].start_ns,
                    old_parent: w[0].parent,
                    new_parent: w[1].parent,
                })
                .collect();
            Reparent {
                child: c[0].child,
                is_alternating: c.len() > parents.len(),
                parents,
                changes: c.len() - 1,
                first_ns: c[1].start_ns,
                last_ns: c[c.len() - 1].start_ns,
                events,
            }
        })
        .collect()
}
