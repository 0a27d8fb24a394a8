//! What is cut from two paths before they are measured, as one request.

use super::associate::Pairs;
use super::errors::TrajectoryError;
use super::frame::Frame;
use super::thin::{Plane, downsample, filter_motion, project};
use crate::pose::StampedPose;
use serde::Serialize;

/// Cuts, made in this order: the reference in time; both paths to fewer poses, by count and by motion; after the
/// association both into a plane. None by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Preparation {
    /// Earliest stamp of the reference, nanoseconds.
    pub start_nanos: Option<i64>,
    /// Latest stamp of the reference, nanoseconds.
    pub end_nanos: Option<i64>,
    /// Poses kept of each path, spread evenly; see [`downsample`].
    pub downsample: Option<usize>,
    /// Motion since the last pose kept; see [`filter_motion`].
    pub motion_filter: Option<MotionFilter>,
    /// Plane both paths are laid into.
    pub plane: Option<Plane>,
}

/// Motion from which on a pose is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MotionFilter {
    /// Along the path, meters.
    pub meters: f64,
    /// Of the rotation, radians.
    pub radians: f64,
}

impl Preparation {
    /// Indices of the poses of a reference between the times, both included. Cost: one pass.
    pub fn in_time(&self, path: &[StampedPose]) -> Vec<usize> {
        let start = self.start_nanos.unwrap_or(i64::MIN);
        let end = self.end_nanos.unwrap_or(i64::MAX);
        let is_kept = |i: &usize| {
            path.get(*i)
                .is_some_and(|p| (start..=end).contains(&p.t_nanos))
        };
        (0..path.len()).filter(is_kept).collect()
    }

    /// Whether [`Preparation::kept`] may leave poses out.
    pub const fn is_thinning(&self) -> bool {
        self.downsample.is_some() || self.motion_filter.is_some()
    }

    /// Indices of the poses of a path that are kept. Errors and cost: those of [`downsample`] and [`filter_motion`].
    pub fn kept(&self, path: &[Frame]) -> Result<Vec<usize>, TrajectoryError> {
        let mut kept: Vec<usize> = match self.downsample {
            Some(count) => downsample(path.len(), count)?,
            None => (0..path.len()).collect(),
        };
        if let Some(filter) = self.motion_filter {
            let thinned: Vec<Frame> = kept.iter().map(|i| path[*i]).collect();
            let moved = filter_motion(&thinned, filter.meters, filter.radians)?;
            kept = moved.into_iter().map(|i| kept[i]).collect();
        }
        Ok(kept)
    }

    /// Lays the pairs into the plane, where there is one.
    pub fn lay(&self, pairs: &mut Pairs) {
        if let Some(plane) = self.plane {
            for frame in pairs.reference.iter_mut().chain(&mut pairs.estimate) {
                *frame = project(frame, plane);
            }
        }
    }
}
