//! How the vehicle moves, as far as clouds need to know.

use super::Columns;
use crate::sensors::Context;
use fieldassay_measure::imu::Sample;
use fieldassay_measure::pose::matrix::{add, transform};
use fieldassay_measure::pose::{Pose, StampedPose, pose_at};

/// Motion below this is rest: a gyroscope's noise and a crawl, radians and meters per second.
const REST_RATE: f64 = 0.05;
const REST_SPEED: f64 = 0.1;
/// Window over which speed and rate are measured, nanoseconds to either side.
const REACH_NANOS: i64 = 250_000_000;
/// Longest gap between poses that is bridged, seconds.
const MOST_GAP_SECS: f64 = 1.0;

/// Poses and gyroscope of the vehicle; the longest track of each.
pub(crate) struct Platform<'a> {
    gyro: Option<&'a [Sample]>,
    poses: Option<&'a [StampedPose]>,
}

impl<'a> Platform<'a> {
    pub(crate) fn new(context: &Context<'a>) -> Self {
        let is_sorted = |times: &mut dyn Iterator<Item = i64>| times.is_sorted();
        let gyro = context.imus.iter().map(|track| track.rows);
        let poses = context.poses.iter().map(|track| track.rows);
        Self {
            gyro: gyro
                .filter(|rows| is_sorted(&mut rows.iter().map(|r| r.t_nanos)))
                .max_by_key(|rows| rows.len()),
            poses: poses
                .filter(|rows| is_sorted(&mut rows.iter().map(|r| r.t_nanos)))
                .max_by_key(|rows| rows.len()),
        }
    }

    /// Turn rate around a time, radians per second: mean of the gyroscope, else from poses; none where neither is.
    pub(crate) fn rate(&self, t_nanos: i64) -> Option<f64> {
        let from_gyro = self.gyro.and_then(|rows| {
            let start = rows.partition_point(|r| r.t_nanos < t_nanos.saturating_sub(REACH_NANOS));
            let end = rows.partition_point(|r| r.t_nanos <= t_nanos.saturating_add(REACH_NANOS));
            let rows = rows.get(start..end)?;
            let norms = rows
                .iter()
                .map(|r| r.gyro.iter().map(|w| w * w).sum::<f64>().sqrt());
            let norms: Vec<f64> = norms.filter(|n| n.is_finite()).collect();
            (!norms.is_empty()).then(|| norms.iter().sum::<f64>() / norms.len() as f64)
        });
        from_gyro.or_else(|| {
            let (before, after, secs) = self.around(t_nanos)?;
            Some(before.inverse().compose(&after).angle_radians() / secs)
        })
    }

    /// Speed around a time, meters per second; none without poses there.
    pub(crate) fn speed(&self, t_nanos: i64) -> Option<f64> {
        let (before, after, secs) = self.around(t_nanos)?;
        let apart = before
            .translation_meters
            .iter()
            .zip(after.translation_meters);
        let squares: f64 = apart.map(|(a, b)| (a - b) * (a - b)).sum();
        Some(squares.sqrt() / secs)
    }

    /// Poses to either side, and the seconds between them.
    fn around(&self, t_nanos: i64) -> Option<(Pose, Pose, f64)> {
        let poses = self.poses?;
        let before = pose_at(poses, t_nanos.saturating_sub(REACH_NANOS), MOST_GAP_SECS)?;
        let after = pose_at(poses, t_nanos.saturating_add(REACH_NANOS), MOST_GAP_SECS)?;
        Some((before, after, 2.0 * REACH_NANOS as f64 / 1e9))
    }

    /// Whether the vehicle moves around a time; none where nothing tells.
    pub(crate) fn moves(&self, t_nanos: i64) -> Option<bool> {
        let (rate, speed) = (self.rate(t_nanos), self.speed(t_nanos));
        if rate.is_none() && speed.is_none() {
            return None;
        }
        Some(rate.is_some_and(|r| r > REST_RATE) || speed.is_some_and(|s| s > REST_SPEED))
    }
}

/// Slots of a sweep that are moved as one: 1.6 ms of a turn at 10 Hz.
const SLOTS: usize = 64;
/// Longest gap between poses that is bridged when points are moved, seconds.
const MOST_MOVE_GAP_SECS: f64 = 0.25;

/// Poses of the body a LiDAR is mounted on.
pub(crate) struct Carrier<'a> {
    poses: &'a [StampedPose],
    /// Topic of the poses.
    pub(crate) topic: &'a str,
    body_from_lidar: Pose,
}

impl<'a> Carrier<'a> {
    /// The longest series of poses of a frame rigidly connected with the LiDAR's; none without.
    pub(crate) fn of(frame: &str, context: &Context<'a>) -> Option<Self> {
        let mounted = context.poses.iter().filter_map(|track| {
            let body_from_lidar = context.rig.between(track.frame, frame)?;
            track
                .rows
                .is_sorted_by_key(|row| row.t_nanos)
                .then_some(Self {
                    poses: track.rows,
                    topic: track.topic,
                    body_from_lidar,
                })
        });
        mounted.max_by_key(|carrier| carrier.poses.len())
    }

    /// Where the LiDAR of `from_nanos` was for the LiDAR of `to_nanos`, `to_from_from`; none without poses there.
    pub(crate) fn between(&self, to_nanos: i64, from_nanos: i64) -> Option<Pose> {
        let place = |t_nanos: i64| {
            let pose = pose_at(self.poses, t_nanos, MOST_MOVE_GAP_SECS)?;
            Some(pose.compose(&self.body_from_lidar))
        };
        Some(place(to_nanos)?.inverse().compose(&place(from_nanos)?))
    }

    /// Moves the points of a sweep to where the LiDAR would have seen them at `to_nanos`; false, and nothing done,
    /// without times or without poses all through. Cost: 128 interpolations, and a multiplication per point.
    pub(crate) fn move_points(
        &self,
        columns: &mut Columns,
        stamp_nanos: i64,
        to_nanos: i64,
    ) -> bool {
        let times = &columns.times_secs;
        let first = times.iter().copied().fold(f64::NAN, f64::min);
        let last = times.iter().copied().fold(f64::NAN, f64::max);
        if times.len() != columns.positions.len() || !(last - first).is_finite() {
            return false;
        }
        let step = (last - first) / SLOTS as f64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seconds within a sweep, and the cast saturates"
        )]
        let at = |slot: usize| {
            stamp_nanos.saturating_add(((first + (slot as f64 + 0.5) * step) * 1e9) as i64)
        };
        let moves: Option<Vec<_>> = (0..SLOTS)
            .map(|slot| self.between(to_nanos, at(slot)))
            .map(|pose| pose.map(|pose| (pose.rotation_matrix(), pose.translation_meters)))
            .collect();
        let Some(moves) = moves else { return false };
        for (position, secs) in columns.positions.iter_mut().zip(&columns.times_secs) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a slot of the sweep, and positions in single precision as they came"
            )]
            if let Some((rotation, shift)) =
                moves.get((((secs - first) / step) as usize).min(SLOTS - 1))
            {
                let moved = add(&transform(rotation, &position.map(f64::from)), shift);
                *position = moved.map(|x| x as f32);
            }
        }
        true
    }
}
