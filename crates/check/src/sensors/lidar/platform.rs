//! How the vehicle moves, as far as clouds need to know.

use crate::sensors::Context;
use fieldassay_measure::imu::Sample;
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
