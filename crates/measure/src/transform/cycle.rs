//! Cycles: frames that are their own ancestors while each has its latest parent.

use super::parents::ParentChanges;
use super::tree::{EdgeReport, is_used};
use serde::Serialize;
use std::collections::BTreeMap;

/// A cycle, summed up over the stretches in which it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cycle {
    /// The frames from child to parent, starting with the smallest id; the last one's parent is the first.
    pub frames: Vec<u32>,
    /// Stretches.
    pub windows: usize,
    /// Start of the first stretch, nanoseconds.
    pub first_ns: i64,
    /// End of the last stretch, nanoseconds: the transform that opened the cycle, or the last stamp of the recording.
    pub last_ns: i64,
    /// Length of all stretches together, nanoseconds.
    pub total_ns: i64,
}

/// State of the sweep over time.
#[derive(Default)]
struct Sweep {
    parent: BTreeMap<u32, u32>,
    /// Open cycle each frame is part of.
    member: BTreeMap<u32, usize>,
    /// Frames and start of each cycle, open or closed.
    opened: Vec<(Vec<u32>, i64)>,
    found: BTreeMap<Vec<u32>, Cycle>,
}

impl Sweep {
    /// Gives `child` a new parent; a cycle through `child` ends.
    fn set(&mut self, child: u32, parent: u32, at: i64) {
        if self.parent.insert(child, parent) == Some(parent) {
            return;
        }
        if let Some(index) = self.member.get(&child).copied() {
            self.close(index, at);
        }
    }

    /// Opens the cycle through `child`, if its parents lead back to it.
    fn look(&mut self, child: u32, at: i64) {
        if self.member.contains_key(&child) {
            return;
        }
        let mut frames = vec![child];
        let mut frame = child;
        while let Some(&next) = self.parent.get(&frame) {
            if next == child {
                let smallest = frames
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, f)| **f)
                    .map_or(0, |(i, _)| i);
                frames.rotate_left(smallest);
                for f in &frames {
                    self.member.insert(*f, self.opened.len());
                }
                self.opened.push((frames, at));
                return;
            }
            // Another cycle, or a frame seen: `child` only hangs on it.
            if self.member.contains_key(&next) || frames.len() > self.parent.len() {
                return;
            }
            frames.push(next);
            frame = next;
        }
    }

    fn close(&mut self, index: usize, at: i64) {
        let (frames, start) = self.opened[index].clone();
        for f in &frames {
            self.member.remove(f);
        }
        let cycle = self.found.entry(frames.clone()).or_insert(Cycle {
            frames,
            windows: 0,
            first_ns: start,
            last_ns: at,
            total_ns: 0,
        });
        cycle.windows += 1;
        cycle.first_ns = cycle.first_ns.min(start);
        cycle.last_ns = cycle.last_ns.max(at);
        cycle.total_ns = cycle.total_ns.saturating_add(at.saturating_sub(start));
    }
}

/// Sweeps over all changes of parent. Static transforms hold from the start, the latest for a child with several; a dynamic
/// one takes over with its first stamp. Changes at one stamp take effect together.
pub(super) fn find_cycles(
    edges: &[EdgeReport],
    stamps: &[Vec<i64>],
    changes: &[ParentChanges],
) -> Vec<Cycle> {
    let used: Vec<&EdgeReport> = edges.iter().filter(|e| is_used(e)).collect();
    let end = stamps
        .iter()
        .filter_map(|s| s.last())
        .max()
        .copied()
        .unwrap_or(0);
    let begin = stamps
        .iter()
        .filter_map(|s| s.first())
        .min()
        .copied()
        .unwrap_or(0);
    let mut statics: Vec<&EdgeReport> = used.iter().copied().filter(|e| e.is_static).collect();
    statics.sort_by_key(|e| (e.first_ns, e.parent, e.child));
    let mut sweep = Sweep::default();
    for edge in &statics {
        sweep.set(edge.child, edge.parent, begin);
    }
    for edge in &statics {
        sweep.look(edge.child, begin);
    }
    let mut events: Vec<(i64, u32, u32)> = changes
        .iter()
        .flat_map(|c| c.runs.iter().map(|(at, parent)| (*at, c.child, *parent)))
        .collect();
    events.sort_unstable();
    for moment in events.chunk_by(|a, b| a.0 == b.0) {
        for &(at, child, parent) in moment {
            sweep.set(child, parent, at);
        }
        for &(at, child, _) in moment {
            sweep.look(child, at);
        }
    }
    let mut open: Vec<usize> = sweep.member.values().copied().collect();
    open.sort_unstable();
    open.dedup();
    for index in open {
        sweep.close(index, end);
    }
    sweep.found.into_values().collect()
}
