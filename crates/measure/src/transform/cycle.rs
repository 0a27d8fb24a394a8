//! Cycles: frames that are their own ancestors while each has its latest parent.

use super::parents::ParentRun;
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

/// Cycles among frames that each follow their latest parent, as tf2 keeps it; by their frames.
///
/// `statics`: (child, parent) that hold from the start, a later one replacing an earlier one of the same child, until
/// a run of that child begins; `runs`: changes of parent in any order, those at one moment take effect together;
/// `window`: (start, end) of the recording, nanoseconds: where cycles of statics start and open cycles end.
/// tf2 itself only notices a cycle by giving up after 1000 steps. Cost: the depth of the tree per run.
pub fn cycles(statics: &[(u32, u32)], runs: &[ParentRun], window: (i64, i64)) -> Vec<Cycle> {
    let (begin, end) = window;
    let mut sweep = Sweep::default();
    for &(child, parent) in statics {
        sweep.set(child, parent, begin);
    }
    for &(child, _) in statics {
        sweep.look(child, begin);
    }
    let mut events = runs.to_vec();
    events.sort_unstable_by_key(|r| (r.start_ns, r.child, r.parent));
    for moment in events.chunk_by(|a, b| a.start_ns == b.start_ns) {
        for run in moment {
            sweep.set(run.child, run.parent, run.start_ns);
        }
        for run in moment {
            sweep.look(run.child, run.start_ns);
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
