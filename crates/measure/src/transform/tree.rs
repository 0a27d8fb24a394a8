//! The finished tree: edges, defects, components.

use super::CACHE_NS;
use super::builder::{EdgeColumn, EdgeKey};
use super::cycle::{Cycle, cycles};
use super::parents::{Reparent, parent_runs, reparents};
use crate::stats::median_i64;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is wrong with an edge or a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectKind {
    /// Parent and child are one frame; tf2 refuses it.
    SelfTransform,
    /// Parent or child has no name; tf2 refuses it.
    EmptyFrame,
    /// A NaN or infinity; tf2 refuses it.
    NonFinite,
    /// A quaternion whose squared norm is off by more than 0.01; tf2 refuses it.
    Denormalized,
    /// A frame name starts with a slash: tf2 strips it when storing and refuses it when looking up.
    LeadingSlash,
    /// A static transform was sent again with another value.
    StaticChanged,
    /// A child has static transforms to several parents.
    ConflictingStatic,
    /// A child has static and dynamic transforms: the kind flips with every message.
    StaticAndDynamic,
}

impl DefectKind {
    /// The name used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfTransform => "self_transform",
            Self::EmptyFrame => "empty_frame",
            Self::NonFinite => "non_finite",
            Self::Denormalized => "denormalized",
            Self::LeadingSlash => "leading_slash",
            Self::StaticChanged => "static_changed",
            Self::ConflictingStatic => "conflicting_static",
            Self::StaticAndDynamic => "static_and_dynamic",
        }
    }
}

/// One defect, summed up over the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// What is wrong.
    pub kind: DefectKind,
    /// Parent frame.
    pub parent: u32,
    /// Child frame.
    pub child: u32,
    /// Transforms, values or parents concerned.
    pub count: u64,
    /// Smallest stamp concerned, nanoseconds.
    pub first_ns: Option<i64>,
}

/// One edge of the tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EdgeReport {
    /// Parent frame.
    pub parent: u32,
    /// Child frame.
    pub child: u32,
    /// Whether it came from a static topic.
    pub is_static: bool,
    /// Whether tf2 would take it: false for self transforms and frames without a name.
    pub is_valid: bool,
    /// Transforms accepted.
    pub count: usize,
    /// Smallest stamp, nanoseconds.
    pub first_ns: Option<i64>,
    /// Largest stamp, nanoseconds.
    pub last_ns: Option<i64>,
    /// Median period, nanoseconds; none for static edges and single samples.
    pub median_period_ns: Option<f64>,
    /// Rate, hertz; none for static edges and where all stamps are equal.
    pub rate_hz: Option<f64>,
    /// Longest time between two stamps, nanoseconds.
    pub max_gap_ns: Option<i64>,
    /// Stamps below the one before, in file order.
    pub regressions: u64,
    /// Stamps seen before on this edge.
    pub duplicates: u64,
    /// Stamps more than 10 s behind the latest, which tf2 ignores (`TF_OLD_DATA`).
    pub old: u64,
    /// Transforms with a NaN or an infinity.
    pub non_finite: u64,
    /// Transforms with a quaternion off its norm.
    pub denormalized: u64,
    /// Largest `| |q|^2 - 1 |` of finite quaternions.
    pub worst_norm_deviation: f64,
    /// Different values of a static transform, at most 8 are told apart.
    pub static_values: usize,
}

/// The frame tree of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransformTree {
    /// Edges by child, parent and kind.
    pub edges: Vec<EdgeReport>,
    /// Defects by kind, parent and child.
    pub defects: Vec<Defect>,
    /// Cycles by their frames.
    pub cycles: Vec<Cycle>,
    /// Children with several dynamic parents over time, by child.
    pub reparents: Vec<Reparent>,
    /// Sets of connected frames over the whole recording, each ascending, largest first. One is a whole tree.
    pub components: Vec<Vec<u32>>,
    /// Frames without a parent in any valid edge, ascending.
    pub roots: Vec<u32>,
    /// Ascending stamps per edge, in the order of `edges`.
    #[serde(skip)]
    pub(super) stamps: Vec<Vec<i64>>,
}

/// Maps each frame to the one it is the same as: `/x` to `x` where both exist.
fn same_frames(names: &[String]) -> Vec<u32> {
    let mut by_name: BTreeMap<&str, u32> = BTreeMap::new();
    let mut same = Vec::with_capacity(names.len());
    // Names without a slash first, so that they are the ones kept.
    for (id, name) in (0_u32..).zip(names) {
        if !name.starts_with('/') {
            by_name.entry(name).or_insert(id);
        }
    }
    for (id, name) in (0_u32..).zip(names) {
        let bare = name.strip_prefix('/').unwrap_or(name);
        same.push(*by_name.entry(bare).or_insert(id));
    }
    same
}

fn name_of(names: &[String], id: u32) -> &str {
    usize::try_from(id)
        .ok()
        .and_then(|i| names.get(i))
        .map_or("", String::as_str)
}

fn is_empty_name(names: &[String], id: u32) -> bool {
    matches!(name_of(names, id), "" | "/")
}

pub(super) fn build(columns: BTreeMap<EdgeKey, EdgeColumn>, names: &[String]) -> TransformTree {
    let mut defects = slash_defects(&columns, names);
    let same = same_frames(names);
    let one = |id: u32| {
        usize::try_from(id)
            .ok()
            .and_then(|i| same.get(i))
            .copied()
            .unwrap_or(id)
    };
    let mut merged: BTreeMap<EdgeKey, EdgeColumn> = BTreeMap::new();
    for (key, column) in columns {
        let key = EdgeKey {
            child: one(key.child),
            parent: one(key.parent),
            ..key
        };
        merged.entry(key).or_default().merge(column);
    }
    let (mut edges, mut stamps) = (Vec::new(), Vec::new());
    for (key, column) in merged {
        let is_valid = key.parent != key.child
            && !is_empty_name(names, key.parent)
            && !is_empty_name(names, key.child);
        edge_defects(key, &column, names, &mut defects);
        let (edge, sorted) = report(key, column, is_valid);
        edges.push(edge);
        stamps.push(sorted);
    }
    child_defects(&edges, &mut defects);
    defects.sort_by_key(|d| (d.kind, d.parent, d.child));
    let runs = parent_runs(&edges, &stamps);
    let pairs: Vec<(u32, u32)> = edges
        .iter()
        .filter(|e| is_used(e))
        .map(|e| (e.parent, e.child))
        .collect();
    TransformTree {
        cycles: cycles(&statics_of(&edges), &runs, window_of(&stamps)),
        reparents: reparents(&runs),
        components: components(&pairs),
        roots: roots(&edges),
        edges,
        defects,
        stamps,
    }
}

fn slash_defects(columns: &BTreeMap<EdgeKey, EdgeColumn>, names: &[String]) -> Vec<Defect> {
    columns
        .iter()
        .filter(|(key, _)| {
            [key.parent, key.child]
                .iter()
                .any(|id| name_of(names, *id).starts_with('/'))
        })
        .map(|(key, column)| Defect {
            kind: DefectKind::LeadingSlash,
            parent: key.parent,
            child: key.child,
            count: column.stamps.len() as u64 + column.denormalized + column.non_finite,
            first_ns: column
                .stamps
                .iter()
                .min()
                .copied()
                .or(column.first_refused_ns),
        })
        .collect()
}

fn edge_defects(key: EdgeKey, column: &EdgeColumn, names: &[String], defects: &mut Vec<Defect>) {
    let first = column.stamps.iter().min().copied();
    let all = column.stamps.len() as u64 + column.denormalized + column.non_finite;
    let mut add = |kind, count: u64, first_ns| {
        if count > 0 {
            defects.push(Defect {
                kind,
                parent: key.parent,
                child: key.child,
                count,
                first_ns,
            });
        }
    };
    let either = first.or(column.first_refused_ns);
    if is_empty_name(names, key.parent) || is_empty_name(names, key.child) {
        add(DefectKind::EmptyFrame, all, either);
    } else if key.parent == key.child {
        add(DefectKind::SelfTransform, all, either);
    }
    add(
        DefectKind::NonFinite,
        column.non_finite,
        column.first_refused_ns,
    );
    add(
        DefectKind::Denormalized,
        column.denormalized,
        column.first_refused_ns,
    );
    if column.values.len() > 1 {
        let mut since: Vec<i64> = column.values.iter().map(|v| v.1).collect();
        since.sort_unstable();
        add(
            DefectKind::StaticChanged,
            column.values.len() as u64,
            since.get(1).copied(),
        );
    }
}

/// Defects that only show when all edges of a child are seen together.
fn child_defects(edges: &[EdgeReport], defects: &mut Vec<Defect>) {
    for group in edges.chunk_by(|a, b| a.child == b.child) {
        let of_kind = |is_static: bool| {
            group
                .iter()
                .filter(move |e| e.is_valid && e.count > 0 && e.is_static == is_static)
        };
        let statics = of_kind(true).count();
        let first = |e: &&EdgeReport| e.first_ns;
        if statics > 1
            && let Some(latest) = of_kind(true).max_by_key(first)
        {
            defects.push(Defect {
                kind: DefectKind::ConflictingStatic,
                parent: latest.parent,
                child: latest.child,
                count: statics as u64,
                first_ns: latest.first_ns,
            });
        }
        if statics > 0
            && let Some(dynamic) = of_kind(false).min_by_key(first)
        {
            defects.push(Defect {
                kind: DefectKind::StaticAndDynamic,
                parent: dynamic.parent,
                child: dynamic.child,
                count: of_kind(false).map(|e| e.count as u64).sum(),
                first_ns: dynamic.first_ns,
            });
        }
    }
}

/// Numbers of one edge, and its stamps in ascending order.
fn report(key: EdgeKey, column: EdgeColumn, is_valid: bool) -> (EdgeReport, Vec<i64>) {
    let (mut regressions, mut old) = (0_u64, 0_u64);
    let mut latest = i64::MIN;
    for pair in column.stamps.windows(2) {
        regressions += u64::from(pair[1] < pair[0]);
    }
    for t in &column.stamps {
        old += u64::from(latest.saturating_sub(*t) > CACHE_NS);
        latest = latest.max(*t);
    }
    let mut stamps = column.stamps;
    stamps.sort_unstable();
    let mut gaps: Vec<i64> = stamps
        .windows(2)
        .map(|w| w[1].saturating_sub(w[0]))
        .collect();
    let duplicates = gaps.iter().filter(|d| **d == 0).count() as u64;
    let (first_ns, last_ns) = (stamps.first().copied(), stamps.last().copied());
    let max_gap_ns = gaps.iter().max().copied().filter(|_| !key.is_static);
    let median_period_ns = if key.is_static {
        None
    } else {
        median_i64(&mut gaps).ok().filter(|m| *m > 0.0)
    };
    let span = first_ns
        .zip(last_ns)
        .map_or(0, |(a, b)| b.saturating_sub(a));
    let rate_hz =
        (!key.is_static && span > 0).then(|| (stamps.len() - 1) as f64 / (span as f64 * 1e-9));
    let edge = EdgeReport {
        parent: key.parent,
        child: key.child,
        is_static: key.is_static,
        is_valid,
        count: stamps.len(),
        first_ns,
        last_ns,
        median_period_ns,
        rate_hz,
        max_gap_ns,
        regressions,
        duplicates,
        old,
        non_finite: column.non_finite,
        denormalized: column.denormalized,
        worst_norm_deviation: column.worst_norm_deviation,
        static_values: column.values.len(),
    };
    (edge, stamps)
}

/// Edges that hold the tree together.
pub(super) fn is_used(edge: &EdgeReport) -> bool {
    edge.is_valid && edge.count > 0
}

/// (child, parent) of the static edges, in the order of their first stamps.
fn statics_of(edges: &[EdgeReport]) -> Vec<(u32, u32)> {
    let mut statics: Vec<&EdgeReport> =
        edges.iter().filter(|e| is_used(e) && e.is_static).collect();
    statics.sort_by_key(|e| (e.first_ns, e.parent, e.child));
    statics.into_iter().map(|e| (e.child, e.parent)).collect()
}

/// Smallest and largest stamp of all edges.
fn window_of(stamps: &[Vec<i64>]) -> (i64, i64) {
    let begin = stamps
        .iter()
        .filter_map(|s| s.first())
        .min()
        .copied()
        .unwrap_or(0);
    let end = stamps
        .iter()
        .filter_map(|s| s.last())
        .max()
        .copied()
        .unwrap_or(0);
    (begin, end)
}

/// Sets of frames connected by edges, each ascending, the largest first.
///
/// `edges`: pairs of frames, in any order and direction. Cost: near linear.
pub fn components(edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut leader: BTreeMap<u32, u32> = BTreeMap::new();
    let find = |leader: &BTreeMap<u32, u32>, mut id: u32| {
        while let Some(&next) = leader.get(&id).filter(|next| **next != id) {
            id = next;
        }
        id
    };
    for &(a, b) in edges {
        for id in [a, b] {
            leader.entry(id).or_insert(id);
        }
        let (a, b) = (find(&leader, a), find(&leader, b));
        leader.insert(a.max(b), a.min(b));
    }
    let mut sets: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &id in leader.keys() {
        sets.entry(find(&leader, id)).or_default().push(id);
    }
    let mut sets: Vec<Vec<u32>> = sets.into_values().collect();
    sets.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    sets
}

fn roots(edges: &[EdgeReport]) -> Vec<u32> {
    let used = || edges.iter().filter(|e| is_used(e));
    let children: std::collections::BTreeSet<u32> = used().map(|e| e.child).collect();
    let parents: std::collections::BTreeSet<u32> = used().map(|e| e.parent).collect();
    parents.difference(&children).copied().collect()
}
