//! Series of stamped poses: values at a time, angular rates between them.

use super::matrix::scale;
use super::rotation::{conjugate, multiply_quat, rotation_vector};
use super::{Pose, StampedPose};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// An angular rate at a time.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Rate {
    /// When it holds, nanoseconds.
    pub t_nanos: i64,
    /// Angular rate in the frame of the body, radians per second.
    pub radians_per_sec: [f64; 3],
}

/// Angular rates between consecutive poses, in the frame of the body (b of `a_from_b`), at the middle of their times:
/// `log(R_i^T R_{i+1}) / dt` (ethz-asl/hand_eye_calibration; signals reference, B.4).
///
/// Pairs with time that stands still or runs back, that are further apart than `max_gap_secs`, or with a quaternion
/// that is zero or not finite, give no rate. The mean rate of an interval is that of the middle up to second order.
/// Cost: one pass.
pub fn body_rates(poses: &[StampedPose], max_gap_secs: f64) -> Vec<Rate> {
    poses
        .iter()
        .zip(poses.iter().skip(1))
        .filter_map(|(first, second)| {
            let step_nanos = second.t_nanos.checked_sub(first.t_nanos)?;
            let step_secs = step_nanos as f64 / 1e9;
            if step_nanos <= 0 || step_secs > max_gap_secs {
                return None;
            }
            let (a, b) = (first.pose.normalized()?, second.pose.normalized()?);
            let vector = rotation_vector(&multiply_quat(&conjugate(&a.quat_xyzw), &b.quat_xyzw));
            Some(Rate {
                t_nanos: first.t_nanos + step_nanos / 2,
                radians_per_sec: scale(&vector, 1.0 / step_secs),
            })
        })
        .collect()
}

/// The pose at a time, interpolated between the neighbors as tf2 does; none outside the series, between neighbors
/// further apart than `max_gap_secs`, or where one of them is no pose.
///
/// `poses` ascend in time; of equal times the last counts. Cost `O(log n)`.
pub fn pose_at(poses: &[StampedPose], t_nanos: i64, max_gap_secs: f64) -> Option<Pose> {
    let after = poses.partition_point(|p| p.t_nanos <= t_nanos);
    let before = poses.get(after.checked_sub(1)?)?;
    let first = before.pose.normalized()?;
    if before.t_nanos == t_nanos {
        return Some(first);
    }
    let next = poses.get(after)?;
    let step_nanos = next.t_nanos.checked_sub(before.t_nanos)? as f64;
    if step_nanos > max_gap_secs * 1e9 {
        return None;
    }
    let fraction = (t_nanos - before.t_nanos) as f64 / step_nanos;
    Some(first.interpolate(&next.pose.normalized()?, fraction))
}

#[cfg(test)]
mod tests {
    use super::super::rotation::quat_of_rotation_vector;
    use super::*;

    fn turning(count: i64, rate: [f64; 3]) -> Vec<StampedPose> {
        (0..count)
            .map(|i| StampedPose {
                t_nanos: i * 100_000_000,
                pose: Pose {
                    translation_meters: [i as f64, 0.0, 0.0],
                    quat_xyzw: quat_of_rotation_vector(&scale(&rate, 0.1 * i as f64)),
                },
            })
            .collect()
    }

    #[test]
    fn a_constant_rate_is_found_exactly() {
        let rates = body_rates(&turning(5, [0.1, -0.2, 0.3]), 1.0);
        assert_eq!(rates.len(), 4);
        assert_eq!(rates[0].t_nanos, 50_000_000);
        for rate in rates {
            assert!((rate.radians_per_sec[1] + 0.2).abs() < 1e-12);
        }
    }

    #[test]
    fn gaps_repeats_and_broken_poses_give_no_rate() {
        let mut poses = turning(4, [0.1, 0.0, 0.0]);
        poses[1].t_nanos = 0;
        poses[3].pose.quat_xyzw = [0.0; 4];
        assert_eq!(body_rates(&poses, 1.0).len(), 1);
        assert_eq!(body_rates(&poses, 0.15).len(), 0);
        assert_eq!(body_rates(&[], 1.0), vec![]);
    }

    #[test]
    fn a_pose_between_two_is_found_and_none_outside() {
        let poses = turning(3, [0.0, 0.0, 1.0]);
        let middle = pose_at(&poses, 150_000_000, 1.0).unwrap();
        assert!((middle.translation_meters[0] - 1.5).abs() < 1e-12);
        assert!((middle.angle_radians() - 0.15).abs() < 1e-12);
        assert_eq!(pose_at(&poses, -1, 1.0), None);
        assert_eq!(pose_at(&poses, 200_000_001, 1.0), None);
        assert!(pose_at(&poses, 200_000_000, 1.0).is_some());
        assert_eq!(pose_at(&poses, 150_000_000, 0.05), None);
    }
}
