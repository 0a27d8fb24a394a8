//! Collects transforms into one column per edge.

use super::{NORM_TOLERANCE, TransformTree, tree};
use std::collections::BTreeMap;

/// Different values of a static transform remembered per edge.
const KEPT_VALUES: usize = 8;
/// Values closer than this, per component, are the same transform sent again.
const SAME_VALUE: f64 = 1e-9;

/// One transform as it was sent: `parent_from_child` at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeSample {
    /// Id of the parent frame in the caller's table of names.
    pub parent: u32,
    /// Id of the child frame.
    pub child: u32,
    /// Stamp, nanoseconds.
    pub stamp_ns: i64,
    /// Whether it came from a static topic.
    pub is_static: bool,
    /// Position of the child in the parent, meters.
    pub translation: [f64; 3],
    /// Orientation of the child in the parent, order x y z w.
    pub quat_xyzw: [f64; 4],
}

/// What identifies an edge; ordered by child, so that all parents of a child are neighbors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EdgeKey {
    pub(super) child: u32,
    pub(super) parent: u32,
    pub(super) is_static: bool,
}

/// Everything remembered about one edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EdgeColumn {
    /// Stamps of accepted transforms in file order.
    pub(super) stamps: Vec<i64>,
    pub(super) non_finite: u64,
    pub(super) denormalized: u64,
    pub(super) worst_norm_deviation: f64,
    /// Stamp of the first transform refused for its numbers.
    pub(super) first_refused_ns: Option<i64>,
    /// Different values of a static transform, with the smallest stamp of each.
    pub(super) values: Vec<([f64; 7], i64)>,
}

impl EdgeColumn {
    fn push(&mut self, sample: &EdgeSample) {
        let numbers = sample.translation.iter().chain(&sample.quat_xyzw);
        if numbers.clone().any(|x| !x.is_finite()) {
            self.non_finite += 1;
            self.refuse(sample.stamp_ns);
            return;
        }
        let deviation = (sample.quat_xyzw.iter().map(|x| x * x).sum::<f64>() - 1.0).abs();
        self.worst_norm_deviation = self.worst_norm_deviation.max(deviation);
        if deviation > NORM_TOLERANCE {
            self.denormalized += 1;
            self.refuse(sample.stamp_ns);
            return;
        }
        self.stamps.push(sample.stamp_ns);
        if sample.is_static {
            self.note_value(canonical(sample), sample.stamp_ns);
        }
    }

    fn refuse(&mut self, stamp_ns: i64) {
        self.first_refused_ns = Some(self.first_refused_ns.map_or(stamp_ns, |t| t.min(stamp_ns)));
    }

    fn note_value(&mut self, value: [f64; 7], stamp_ns: i64) {
        let same = |kept: &&mut ([f64; 7], i64)| {
            kept.0
                .iter()
                .zip(&value)
                .all(|(a, b)| (a - b).abs() <= SAME_VALUE)
        };
        if let Some(kept) = self.values.iter_mut().find(same) {
            kept.1 = kept.1.min(stamp_ns);
        } else if self.values.len() < KEPT_VALUES {
            self.values.push((value, stamp_ns));
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.stamps.extend(other.stamps);
        self.non_finite += other.non_finite;
        self.denormalized += other.denormalized;
        self.worst_norm_deviation = self.worst_norm_deviation.max(other.worst_norm_deviation);
        if let Some(stamp) = other.first_refused_ns {
            self.refuse(stamp);
        }
        for (value, stamp) in other.values {
            self.note_value(value, stamp);
        }
    }
}

/// Translation and quaternion with the sign that makes its largest component positive: `q` and `-q` are one rotation.
fn canonical(sample: &EdgeSample) -> [f64; 7] {
    let [x, y, z] = sample.translation;
    let largest = sample
        .quat_xyzw
        .iter()
        .copied()
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
        .unwrap_or(1.0);
    let [a, b, c, d] = sample.quat_xyzw.map(|q| q * largest.signum());
    [x, y, z, a, b, c, d]
}

/// Collects transforms; parts of a recording may be collected apart and merged in file order.
///
/// Memory: 8 bytes per accepted transform and a constant per edge. Values of dynamic transforms are checked and dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeBuilder {
    edges: BTreeMap<EdgeKey, EdgeColumn>,
}

impl TreeBuilder {
    /// Takes one transform. Those with a NaN, an infinity or a quaternion whose squared norm is off by more than 0.01 are
    /// counted and kept out of the tree, as tf2 does. Cost: logarithmic in the number of edges.
    pub fn push(&mut self, sample: &EdgeSample) {
        let key = EdgeKey {
            child: sample.child,
            parent: sample.parent,
            is_static: sample.is_static,
        };
        self.edges.entry(key).or_default().push(sample);
    }

    /// Appends what was collected from a later part of the recording.
    pub fn merge(&mut self, later: Self) {
        for (key, column) in later.edges {
            self.edges.entry(key).or_default().merge(column);
        }
    }

    /// Renames frames, for parts that were collected with ids of their own; `new_id` maps old to new ids and may map
    /// several to one.
    #[must_use]
    pub fn renamed(self, new_id: impl Fn(u32) -> u32) -> Self {
        let mut renamed = Self::default();
        for (key, column) in self.edges {
            let key = EdgeKey {
                child: new_id(key.child),
                parent: new_id(key.parent),
                ..key
            };
            renamed.edges.entry(key).or_default().merge(column);
        }
        renamed
    }

    /// Whether no transform was seen.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Transforms accepted so far.
    pub fn len(&self) -> usize {
        self.edges.values().map(|e| e.stamps.len()).sum()
    }

    /// Builds the tree. `names[id]` is the name of frame `id`; an id without a name counts as an empty name.
    ///
    /// Frames that differ only by one leading slash are one frame, as in tf2, and the slash is reported.
    /// Everything but the order counts of [`super::EdgeReport`] is independent of the order of the samples.
    /// Cost: `O(n log n)` for `n` transforms.
    pub fn finish(self, names: &[String]) -> TransformTree {
        tree::build(self.edges, names)
    }
}
