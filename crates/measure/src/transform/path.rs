//! Whether two frames can be related at a moment.

use super::TransformError;
use super::tree::{TransformTree, is_used};
use crate::stats::{Interval, wilson};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Over which time, and how long a transform stays usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Start, nanoseconds.
    pub start_ns: i64,
    /// End, nanoseconds.
    pub end_ns: i64,
    /// A dynamic transform is usable until the next one, but not longer than this, nanoseconds.
    pub max_stale_ns: i64,
}

/// When two frames are connected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathAvailability {
    /// Stretches in which a path exists, within the window, ascending and apart from each other.
    pub intervals: Vec<(i64, i64)>,
    /// Their length together over that of the window.
    pub share: f64,
    /// The longest stretch of the window without a path; none when it always exists.
    pub longest_unavailable: Option<(i64, i64)>,
    /// Stretches without a path.
    pub interruptions: usize,
}

/// Joins ascending stamps into stretches: gaps up to `max_stale_ns` are bridged, and the last one is held that long.
///
/// Stamps that go back start a stretch of their own; sort them first. Cost: one pass.
pub fn live_intervals(stamps: &[i64], max_stale_ns: i64) -> Vec<(i64, i64)> {
    let mut intervals: Vec<(i64, i64)> = Vec::new();
    for &t in stamps {
        let until = t.saturating_add(max_stale_ns);
        match intervals.last_mut() {
            Some(last) if t <= last.1 => last.1 = until,
            _ => intervals.push((t, until)),
        }
    }
    intervals
}

/// Whether `from` and `to` are connected by the live edges.
fn is_connected(live: &BTreeMap<u32, BTreeMap<u32, u32>>, from: u32, to: u32) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(frame) = open.pop() {
        if frame == to {
            return true;
        }
        for &next in live.get(&frame).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

impl TransformTree {
    /// When the edge at `index` of `edges` is usable: static ones always (one stretch over all of time), others from each stamp
    /// to the next one, at most `max_stale_ns` long. Empty for an index out of range and for edges tf2 refuses.
    pub fn edge_availability(&self, index: usize, max_stale_ns: i64) -> Vec<(i64, i64)> {
        match (self.edges.get(index), self.stamps.get(index)) {
            (Some(edge), Some(stamps)) if is_used(edge) => {
                if edge.is_static {
                    vec![(i64::MIN, i64::MAX)]
                } else {
                    live_intervals(stamps, max_stale_ns)
                }
            }
            _ => Vec::new(),
        }
    }

    /// When a path between two frames exists, in whatever direction its edges point; see [`path_availability`].
    ///
    /// Errors: [`TransformError::EmptyWindow`], [`TransformError::BadStaleness`].
    pub fn path(
        &self,
        from: u32,
        to: u32,
        sweep: &Sweep,
    ) -> Result<PathAvailability, TransformError> {
        let Sweep {
            start_ns,
            end_ns,
            max_stale_ns,
        } = *sweep;
        if max_stale_ns < 0 {
            return Err(TransformError::BadStaleness { max_stale_ns });
        }
        let edges: Vec<LiveEdge> = self
            .edges
            .iter()
            .enumerate()
            .map(|(index, edge)| LiveEdge {
                parent: edge.parent,
                child: edge.child,
                intervals: self.edge_availability(index, max_stale_ns),
            })
            .collect();
        path_availability(&edges, (from, to), (start_ns, end_ns))
    }
}

/// When an edge is usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEdge {
    /// Parent frame.
    pub parent: u32,
    /// Child frame.
    pub child: u32,
    /// Stretches in which it is usable, nanoseconds; `(i64::MIN, i64::MAX)` for a static edge. See [`live_intervals`].
    pub intervals: Vec<(i64, i64)>,
}

/// When a path between two frames exists, in whatever direction its edges point (signals reference, B.14; the idea is
/// baglint's). Frames that are equal are always connected; unknown ones never.
///
/// `frames`: (from, to), symmetric; `window`: (start, end), nanoseconds.
/// Deviation from tf2, which interpolates between two stamps however far apart within its cache: the intervals say
/// what still counts. Blind to cycles, which make tf2 refuse a path that exists.
///
/// Errors: [`TransformError::EmptyWindow`]. Cost: one search of the tree per start and end of a stretch.
pub fn path_availability(
    edges: &[LiveEdge],
    frames: (u32, u32),
    window: (i64, i64),
) -> Result<PathAvailability, TransformError> {
    let ((from, to), (start_ns, end_ns)) = (frames, window);
    if end_ns <= start_ns {
        return Err(TransformError::EmptyWindow { start_ns, end_ns });
    }
    let mut changes: Vec<(i64, bool, u32, u32)> = Vec::new();
    for edge in edges {
        for &(a, b) in &edge.intervals {
            let (a, b) = (a.max(start_ns), b.min(end_ns));
            if a < b {
                changes.push((a, true, edge.parent, edge.child));
                changes.push((b, false, edge.parent, edge.child));
            }
        }
    }
    changes.sort_unstable();
    let mut live: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
    let mut intervals: Vec<(i64, i64)> = Vec::new();
    let mut since = (from == to).then_some(start_ns);
    for moment in changes.chunk_by(|a, b| a.0 == b.0) {
        let at = moment[0].0;
        for &(_, starts, a, b) in moment {
            for (x, y) in [(a, b), (b, a)] {
                toggle(live.entry(x).or_default(), y, starts);
            }
        }
        since = match (since, is_connected(&live, from, to)) {
            (None, true) if at < end_ns => Some(at),
            (Some(start), false) => {
                intervals.push((start, at));
                None
            }
            (other, _) => other,
        };
    }
    if let Some(start) = since {
        intervals.push((start, end_ns));
    }
    Ok(summarize(intervals, start_ns, end_ns))
}

/// Counts edges to a neighbor up or down; several may run beside each other.
fn toggle(neighbors: &mut BTreeMap<u32, u32>, frame: u32, starts: bool) {
    let count = neighbors.entry(frame).or_insert(0);
    if starts {
        *count += 1;
    } else {
        *count = count.saturating_sub(1);
        if *count == 0 {
            neighbors.remove(&frame);
        }
    }
}

fn summarize(intervals: Vec<(i64, i64)>, start_ns: i64, end_ns: i64) -> PathAvailability {
    let mut without: Vec<(i64, i64)> = Vec::new();
    let mut at = start_ns;
    for &(a, b) in &intervals {
        if a > at {
            without.push((at, a));
        }
        at = b;
    }
    if at < end_ns {
        without.push((at, end_ns));
    }
    let length = |i: &(i64, i64)| i128::from(i.1) - i128::from(i.0);
    let missing: i128 = without.iter().map(length).sum();
    let window = i128::from(end_ns) - i128::from(start_ns);
    PathAvailability {
        share: (window - missing) as f64 / window as f64,
        interruptions: without.len(),
        longest_unavailable: without.iter().copied().rev().max_by_key(length),
        intervals,
    }
}

/// How many stamps can be transformed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Transformable {
    /// Stamps asked for.
    pub n: u64,
    /// Those at which the path exists.
    pub transformable: u64,
    /// `transformable / n`.
    pub share: f64,
    /// Wilson's interval of `share`; it takes the stamps as independent, an interruption makes it too narrow.
    pub interval: Interval,
}

/// Share of stamps at which a path exists: the number users feel (signals reference, B.14).
///
/// `stamps`: nanoseconds in any order; ends of stretches count as inside. Errors: [`TransformError::NoStamps`].
/// Cost: a binary search per stamp.
pub fn transformable(
    stamps: &[i64],
    path: &PathAvailability,
) -> Result<Transformable, TransformError> {
    let is_inside = |t: &&i64| {
        let next = path.intervals.partition_point(|i| i.0 <= **t);
        next.checked_sub(1)
            .and_then(|i| path.intervals.get(i))
            .is_some_and(|i| **t <= i.1)
    };
    let inside = stamps.iter().filter(is_inside).count() as u64;
    let n = stamps.len() as u64;
    let interval = wilson(inside, n).map_err(|_| TransformError::NoStamps)?;
    Ok(Transformable {
        n,
        transformable: inside,
        share: inside as f64 / n as f64,
        interval,
    })
}
