//! A drive against the expert's: displacement and heading errors, misses, progress along the expert's path.
//!
//! Read [`errors`] and [`path_progress`] first. Not here: progress along a map's baselines, alignment of trajectories.

use super::{DrivingError, finite};
use std::f64::consts::{PI, TAU};

/// A pose in the plane: x and y in meters, heading in radians.
pub type PlanarPose = [f64; 3];

fn check(field: &'static str, poses: &[PlanarPose]) -> Result<(), DrivingError> {
    if poses.is_empty() {
        return Err(DrivingError::Empty { field, least: 1 });
    }
    poses
        .iter()
        .flatten()
        .try_for_each(|x| finite(&[(field, *x)]))
}

/// How far apart two headings are, 0 to pi.
pub fn heading_difference(a_radians: f64, b_radians: f64) -> f64 {
    ((a_radians - b_radians + PI).rem_euclid(TAU) - PI).abs()
}

/// Distance to the expert's pose at each sample, plus `heading_weight` meters for each radian between the headings
/// (nuPlan's `ego_expert_l2_error`, with weight 2.5 `.._with_yaw`); the expert may have more samples.
///
/// Errors: no poses, fewer expert than ego poses, numbers that are not finite. Cost: one pass.
pub fn errors(
    ego: &[PlanarPose],
    expert: &[PlanarPose],
    heading_weight: f64,
) -> Result<Vec<f64>, DrivingError> {
    check("ego", ego)?;
    check("expert", expert)?;
    finite(&[("heading_weight", heading_weight)])?;
    if expert.len() < ego.len() {
        return Err(DrivingError::Lengths {
            field: "expert",
            seen: expert.len(),
            expected: ego.len(),
        });
    }
    let one = |(a, b): (&PlanarPose, &PlanarPose)| {
        (a[0] - b[0]).hypot(a[1] - b[1]) + heading_weight * heading_difference(a[2], b[2])
    };
    Ok(ego.iter().zip(expert).map(one).collect())
}

/// Length of the expert's path covered between two points: where the last projects onto it less where the first
/// does, meters; negative for driving back. Along one baseline this is nuPlan's progress along the expert's route.
///
/// A point projects onto the nearest place of the path, the earlier one of two. A path that stands still has no length
/// and gives 0. Errors: no points, numbers that are not finite. Cost: one pass over the path.
pub fn path_progress(from: [f64; 2], to: [f64; 2], path: &[[f64; 2]]) -> Result<f64, DrivingError> {
    let flat = |p: [f64; 2]| [p[0], p[1], 0.0];
    check("path", &path.iter().map(|p| flat(*p)).collect::<Vec<_>>())?;
    check("ego", &[flat(from), flat(to)])?;
    Ok(project(to, path) - project(from, path))
}

/// Arc length of the nearest place of a path.
fn project(point: [f64; 2], path: &[[f64; 2]]) -> f64 {
    let (mut nearest, mut at, mut passed) = (f64::INFINITY, 0.0, 0.0);
    for (a, b) in path.iter().zip(path.iter().skip(1)) {
        let along = [b[0] - a[0], b[1] - a[1]];
        let length = along[0].hypot(along[1]);
        if length > 0.0 {
            let share =
                ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / (length * length);
            let share = share.clamp(0.0, 1.0);
            let off = [
                point[0] - a[0] - share * along[0],
                point[1] - a[1] - share * along[1],
            ];
            let distance = off[0].hypot(off[1]);
            if distance < nearest {
                nearest = distance;
                at = passed + share * length;
            }
        }
        passed += length;
    }
    at
}

/// Largest displacements a plan may have at 3, 5 and 8 s before it is a miss, meters (nuPlan's open loop).
pub const MISS_METERS: [(f64, f64); 3] = [(3.0, 6.0), (5.0, 8.0), (8.0, 16.0)];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn progress_on_the_path_is_its_length(steps in proptest::collection::vec([0.1..3.0_f64, -1.0..1.0_f64], 2..12)) {
            let mut path = vec![[0.0, 0.0]];
            for [dx, dy] in steps {
                let last = path[path.len() - 1];
                path.push([last[0] + dx, last[1] + dy]);
            }
            let length: f64 = path.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum();
            let (first, last) = (path[0], path[path.len() - 1]);
            prop_assert!((path_progress(first, last, &path).expect("defined") - length).abs() < 1e-9);
            prop_assert!((path_progress(last, first, &path).expect("defined") + length).abs() < 1e-9);
        }

        #[test]
        fn headings_differ_by_at_most_half_a_turn(a in -20.0..20.0_f64, b in -20.0..20.0_f64) {
            let d = heading_difference(a, b);
            prop_assert!((0.0..=PI + 1e-12).contains(&d));
            prop_assert!((d - heading_difference(b, a)).abs() < 1e-9);
            prop_assert!((d - heading_difference(a + TAU, b)).abs() < 1e-9);
        }
    }
}
