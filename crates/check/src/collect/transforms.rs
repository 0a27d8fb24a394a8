//! Transforms of a unit, reduced to what the tree checks need; units add up in file order.

use fieldassay_formats::decode::TransformRef;
use fieldassay_measure::pose::{self, StampedPose};
use fieldassay_measure::transform::NORM_TOLERANCE;
use std::collections::BTreeMap;

/// Largest number of frames kept; transforms of further frames are counted only.
const MAX_FRAMES: usize = 20_000;
/// Largest number of parent changes kept per child and unit; further ones extend the last run.
const MAX_RUNS: usize = 4096;
/// Components of a static transform may differ by this much and still be the same value: far below
/// what a text file or a `f32` keeps.
const SAME_VALUE: f64 = 1e-6;

/// Translation and rotation of a static transform.
type Pose = ([f64; 3], [f64; 4]);

/// What is known of one edge, `parent_from_child`, from one kind of topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) count: u64,
    pub(crate) first_log: i64,
    pub(crate) last_log: i64,
    pub(crate) not_finite: u64,
    pub(crate) denormalized: u64,
    pub(crate) worst_norm: f64,
    pub(crate) worst_norm_log: i64,
    /// How often the value differs from the one before.
    pub(crate) value_changes: u64,
    pub(crate) value_change_log: Option<i64>,
    first_pose: Option<Pose>,
    last_pose: Option<Pose>,
    /// Dynamic edges: stamps and log times, moved out when stored.
    pub(crate) stamps: Vec<i64>,
    pub(crate) logs: Vec<i64>,
    /// Dynamic edges: the values, parallel to `stamps`.
    pub(crate) poses: Vec<StampedPose>,
}

/// Consecutive transforms of one child under one parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) parent: u32,
    pub(crate) first_log: i64,
    pub(crate) last_log: i64,
    pub(crate) count: u64,
}

/// Key of an edge: parent, child, whether static.
pub(crate) type EdgeKey = (u32, u32, bool);

/// Transforms of one unit, or of all units merged so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitTransforms {
    pub(crate) frames: Vec<String>,
    by_name: BTreeMap<String, u32>,
    pub(crate) edges: BTreeMap<EdgeKey, Edge>,
    /// Dynamic transforms by child, in file order.
    pub(crate) runs: BTreeMap<u32, Vec<Run>>,
    /// Transforms of a frame onto itself, and the first log time.
    pub(crate) self_transforms: Counted,
    /// Transforms without a parent or child name.
    pub(crate) unnamed: Counted,
    /// Transforms of frames beyond the limit.
    pub(crate) beyond_limit: u64,
}

/// A count with the log time of the first case.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) first_log: Option<i64>,
}

impl Counted {
    fn add(&mut self, log: i64) {
        self.count += 1;
        self.first_log.get_or_insert(log);
    }

    fn append(&mut self, other: Self) {
        self.count += other.count;
        self.first_log = self.first_log.or(other.first_log);
    }
}

impl UnitTransforms {
    fn frame(&mut self, name: &str) -> Option<u32> {
        // tf2 strips one leading slash when a transform is inserted.
        let name = name.strip_prefix('/').unwrap_or(name);
        if let Some(id) = self.by_name.get(name) {
            return Some(*id);
        }
        if self.frames.len() >= MAX_FRAMES {
            return None;
        }
        let id = u32::try_from(self.frames.len()).ok()?;
        self.frames.push(name.to_owned());
        self.by_name.insert(name.to_owned(), id);
        Some(id)
    }

    /// Takes one transform.
    pub(crate) fn push(&mut self, transform: &TransformRef<'_>, log: i64, is_static: bool) {
        let slashless = |name: &str| name.strip_prefix('/').unwrap_or(name).is_empty();
        if slashless(transform.parent) || slashless(transform.child) {
            self.unnamed.add(log);
            return;
        }
        let (Some(parent), Some(child)) =
            (self.frame(transform.parent), self.frame(transform.child))
        else {
            self.beyond_limit += 1;
            return;
        };
        if parent == child {
            self.self_transforms.add(log);
            return;
        }
        let edge = self.edges.entry((parent, child, is_static)).or_default();
        if edge.count == 0 {
            edge.first_log = log;
        }
        edge.count += 1;
        edge.last_log = log;
        edge.judge_value(transform, log);
        if !is_static {
            edge.stamps.push(transform.stamp_ns);
            edge.logs.push(log);
            edge.poses.push(StampedPose {
                t_nanos: transform.stamp_ns,
                pose: pose::Pose {
                    translation_meters: transform.translation_m,
                    quat_xyzw: transform.quat_xyzw,
                },
            });
            let run = Run {
                parent,
                first_log: log,
                last_log: log,
                count: 1,
            };
            extend(self.runs.entry(child).or_default(), run);
        }
    }

    /// Adds the transforms of a later unit; hands the values of each dynamic edge to `store`.
    pub(crate) fn append(&mut self, unit: Self, mut store: impl FnMut(EdgeKey, &Edge)) {
        let ids: Vec<Option<u32>> = unit.frames.iter().map(|name| self.frame(name)).collect();
        let id_of = |id: u32| ids.get(id as usize).copied().flatten();
        for ((parent, child, is_static), mut edge) in unit.edges {
            let (Some(parent), Some(child)) = (id_of(parent), id_of(child)) else {
                self.beyond_limit += edge.count;
                continue;
            };
            let key = (parent, child, is_static);
            if !edge.stamps.is_empty() {
                store(key, &edge);
                edge.stamps = Vec::new();
                edge.logs = Vec::new();
                edge.poses = Vec::new();
            }
            self.edges.entry(key).or_default().append(edge);
        }
        for (child, runs) in unit.runs {
            let Some(child) = id_of(child) else { continue };
            let merged = self.runs.entry(child).or_default();
            for run in runs {
                if let Some(parent) = id_of(run.parent) {
                    extend(merged, Run { parent, ..run });
                }
            }
        }
        self.self_transforms.append(unit.self_transforms);
        self.unnamed.append(unit.unnamed);
        self.beyond_limit += unit.beyond_limit;
    }
}

fn extend(runs: &mut Vec<Run>, run: Run) {
    let full = runs.len() >= MAX_RUNS;
    match runs.last_mut() {
        Some(last) if last.parent == run.parent || full => {
            last.last_log = run.last_log;
            last.count += run.count;
        }
        _ => runs.push(run),
    }
}

impl Edge {
    /// The value of an edge that keeps it for the whole recording.
    pub(crate) fn constant(&self) -> Option<pose::Pose> {
        let (translation_meters, quat_xyzw) =
            self.first_pose.filter(|_| self.value_changes == 0)?;
        Some(pose::Pose {
            translation_meters,
            quat_xyzw,
        })
    }

    /// The first finite value.
    pub(crate) fn first(&self) -> Option<pose::Pose> {
        let (translation_meters, quat_xyzw) = self.first_pose?;
        Some(pose::Pose {
            translation_meters,
            quat_xyzw,
        })
    }

    fn judge_value(&mut self, transform: &TransformRef<'_>, log: i64) {
        let quat = transform.quat_xyzw;
        let finite = transform
            .translation_m
            .iter()
            .chain(&quat)
            .all(|component| component.is_finite());
        if !finite {
            self.not_finite += 1;
            return;
        }
        let off = (quat.iter().map(|c| c * c).sum::<f64>() - 1.0).abs();
        self.denormalized += u64::from(off > NORM_TOLERANCE);
        if off > self.worst_norm {
            self.worst_norm = off;
            self.worst_norm_log = log;
        }
        let pose = (transform.translation_m, quat);
        if self.last_pose.is_some_and(|last| differs(&last, &pose)) {
            self.value_changes += 1;
            self.value_change_log.get_or_insert(log);
        }
        self.first_pose.get_or_insert(pose);
        self.last_pose = Some(pose);
    }

    fn append(&mut self, later: Self) {
        if self.count == 0 {
            *self = later;
            return;
        }
        self.count += later.count;
        self.last_log = later.last_log;
        self.not_finite += later.not_finite;
        self.denormalized += later.denormalized;
        if later.worst_norm > self.worst_norm {
            self.worst_norm = later.worst_norm;
            self.worst_norm_log = later.worst_norm_log;
        }
        if let (Some(last), Some(first)) = (&self.last_pose, &later.first_pose)
            && differs(last, first)
        {
            self.value_changes += 1;
            self.value_change_log.get_or_insert(later.first_log);
        }
        self.value_changes += later.value_changes;
        self.value_change_log = self.value_change_log.or(later.value_change_log);
        self.first_pose = self.first_pose.or(later.first_pose);
        self.last_pose = later.last_pose.or(self.last_pose);
    }
}

/// Whether two poses differ by more than rounding; `q` and `-q` are the same rotation.
fn differs(a: &Pose, b: &Pose) -> bool {
    let far = |a: &[f64], b: &[f64], sign: f64| {
        a.iter()
            .zip(b)
            .any(|(a, b)| (a - sign * b).abs() > SAME_VALUE)
    };
    far(&a.0, &b.0, 1.0) || (far(&a.1, &b.1, 1.0) && far(&a.1, &b.1, -1.0))
}
