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

/// The stretches of one child with one parent each, by dynamic transforms: (first stamp, parent), in time order.
pub(super) struct ParentChanges {
    pub(super) child: u32,
    pub(super) runs: Vec<(i64, u32)>,
}

/// Follows the latest parent of each child, as tf2 keeps it. Of equal stamps the larger id comes last.
pub(super) fn parent_changes(edges: &[EdgeReport], stamps: &[Vec<i64>]) -> Vec<ParentChanges> {
    let all: Vec<(&EdgeReport, &Vec<i64>)> = edges
        .iter()
        .zip(stamps)
        .filter(|(e, _)| is_used(e) && !e.is_static)
        .collect();
    all.chunk_by(|a, b| a.0.child == b.0.child)
        .map(|group| {
            let child = group[0].0.child;
            if let [(edge, stamps)] = group {
                let runs = stamps
                    .first()
                    .map(|t| (*t, edge.parent))
                    .into_iter()
                    .collect();
                return ParentChanges { child, runs };
            }
            let mut samples: Vec<(i64, u32)> = group
                .iter()
                .flat_map(|(edge, stamps)| stamps.iter().map(|t| (*t, edge.parent)))
                .collect();
            samples.sort_unstable();
            samples.dedup_by_key(|s| s.1);
            ParentChanges {
                child,
                runs: samples,
            }
        })
        .collect()
}

pub(super) fn find_reparents(changes: &[ParentChanges]) -> Vec<Reparent> {
    changes
        .iter()
        .filter(|c| c.runs.len() > 1)
        .map(|c| {
            let mut parents: Vec<u32> = c.runs.iter().map(|r| r.1).collect();
            parents.sort_unstable();
            parents.dedup();
            let events: Vec<ReparentEvent> = c
                .runs
                .windows(2)
                .take(KEPT_EVENTS)
                .map(|w| ReparentEvent {
                    stamp_ns: w[1].0,
                    old_parent: w[0].1,
                    new_parent: w[1].1,
                })
                .collect();
            Reparent {
                child: c.child,
                is_alternating: c.runs.len() > parents.len(),
                parents,
                changes: c.runs.len() - 1,
                first_ns: c.runs[1].0,
                last_ns: c.runs[c.runs.len() - 1].0,
                events,
            }
        })
        .collect()
}
