//! What poses and positions know about motion, for an inertial sensor that only seems to rest.

use super::norm;
use crate::sensors::Context;
use fieldassay_measure::gnss::Fix;
use fieldassay_measure::pose::{StampedPose, angle_between};

/// What poses and positions say about motion.
pub(super) struct Witness<'a> {
    poses: Vec<&'a [StampedPose]>,
    fixes: Vec<&'a [Fix]>,
}

impl<'a> Witness<'a> {
    pub(super) fn new(context: &Context<'a>) -> Self {
        let ascends = |rows: &[StampedPose]| rows.is_sorted_by_key(|row| row.t_nanos);
        Self {
            poses: context
                .poses
                .iter()
                .map(|track| track.rows)
                .filter(|rows| ascends(rows))
                .collect(),
            fixes: context
                .fixes
                .iter()
                .map(|track| track.rows)
                .filter(|rows| rows.is_sorted_by_key(|row| row.t_nanos))
                .collect(),
        }
    }

    /// Whether anything moved between the times and a quarter second around them; none when nothing is known.
    pub(super) fn moves(&self, start: i64, end: i64) -> Option<bool> {
        let mut known = None;
        for rows in &self.poses {
            let Some(moved) = pose_moves(rows, start - 250_000_000, end + 250_000_000) else {
                continue;
            };
            if moved {
                return Some(true);
            }
            known = Some(false);
        }
        // Positions can tell motion but not that nothing turns.
        let moves = self
            .fixes
            .iter()
            .any(|rows| fixes_move(rows, start - 2_500_000_000, end + 2_500_000_000));
        if moves { Some(true) } else { known }
    }
}

fn pose_moves(rows: &[StampedPose], start: i64, end: i64) -> Option<bool> {
    let nearest = |t: i64| {
        let at = rows.partition_point(|row| row.t_nanos < t);
        let candidates = [at.checked_sub(1).and_then(|i| rows.get(i)), rows.get(at)];
        candidates
            .into_iter()
            .flatten()
            .min_by_key(|row| row.t_nanos.abs_diff(t))
            .filter(|row| row.t_nanos.abs_diff(t) < 250_000_000)
    };
    let (a, b) = (nearest(start)?, nearest(end)?);
    let (p, q) = (a.pose.translation_meters, b.pose.translation_meters);
    let distance = norm(std::array::from_fn(|k| q[k] - p[k]));
    let turn = angle_between(&a.pose.quat_xyzw, &b.pose.quat_xyzw);
    // A tenth of a meter or one degree within a second.
    (distance.is_finite() && turn.is_finite()).then_some(distance > 0.1 || turn > 0.02)
}

fn fixes_move(rows: &[Fix], start: i64, end: i64) -> bool {
    let first = rows.partition_point(|row| row.t_nanos < start);
    let last = rows.partition_point(|row| row.t_nanos <= end);
    let near = rows.get(first..last).unwrap_or_default();
    fieldassay_measure::gnss::line_speed(near)
        .is_some_and(|(speed, error)| speed > 0.3 + 4.0 * error)
}
