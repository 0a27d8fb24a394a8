//! Motions of two trajectories between the same moments.

use crate::pose::{Pose, StampedPose, angle_between, pose_at};

/// How two bodies moved between the same two moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionPair {
    /// Nanoseconds.
    pub start_nanos: i64,
    /// Nanoseconds.
    pub end_nanos: i64,
    /// Pose of body a at the end in body a at the start.
    pub a: Pose,
    /// Pose of body b at the end in body b at the start.
    pub b: Pose,
}

/// Which motions are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairOptions {
    /// Angle a motion should have, radians.
    pub angle_radians: f64,
    /// Longest motion, seconds.
    pub max_secs: f64,
    /// Longest gap of b that is interpolated, seconds.
    pub max_gap_secs: f64,
    /// Most motions; their starts are thinned evenly.
    pub max_pairs: usize,
}

impl Default for PairOptions {
    /// 25 degrees, 20 s, 0.25 s, 1000: large angles against noise, short times against drift.
    fn default() -> Self {
        Self {
            angle_radians: 25.0_f64.to_radians(),
            max_secs: 20.0,
            max_gap_secs: 0.25,
            max_pairs: 1000,
        }
    }
}

/// Motions of two trajectories `world_from_body` between the same moments: from each stamp of a to the first later one by
/// which a has turned by the wanted angle, with b interpolated at both.
///
/// The stamps of b must be on the clock of a (shift them by the time offset first). Both ascend in time. Overlapping motions
/// share noise; [`super::hand_eye`] allows for that. Cost: `O(starts x stamps in max_secs)`, starts at most `max_pairs`.
pub fn motion_pairs(
    a: &[StampedPose],
    b: &[StampedPose],
    options: &PairOptions,
) -> Vec<MotionPair> {
    let stride = a.len().div_ceil(options.max_pairs.max(1)).max(1);
    let most_nanos = options.max_secs * 1e9;
    let at = |t_nanos: i64| pose_at(b, t_nanos, options.max_gap_secs);
    (0..a.len())
        .step_by(stride)
        .filter_map(|i| {
            let first = a[i];
            let start = first.pose.normalized()?;
            let other_start = at(first.t_nanos)?;
            let (end_nanos, end) = a[i + 1..]
                .iter()
                .take_while(|p| p.t_nanos.saturating_sub(first.t_nanos) as f64 <= most_nanos)
                .filter_map(|p| Some((p.t_nanos, p.pose.normalized()?)))
                .find(|(_, end)| {
                    angle_between(&start.quat_xyzw, &end.quat_xyzw) >= options.angle_radians
                })?;
            Some(MotionPair {
                start_nanos: first.t_nanos,
                end_nanos,
                a: start.inverse().compose(&end),
                b: other_start.inverse().compose(&at(end_nanos)?),
            })
        })
        .collect()
}
