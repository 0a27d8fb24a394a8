//! Errors relative to the distance covered: translation, yaw and gravity as `rpg_trajectory_evaluation` splits them, and
//! drift of the scale.

use super::errors::TrajectoryError;
use super::frame::{Frame, distances, orthonormal};
use super::select::{DeltaUnit, Step, select};
use crate::pose::matrix::{multiply, norm, subtract, transform, transpose};
use crate::stats::{Estimate, Interval, student};
use serde::Serialize;

/// Error over one stretch of a path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RelativeError {
    /// Pose it starts at.
    pub first: usize,
    /// Pose it ends at.
    pub last: usize,
    /// Translation of the error, meters, in the frame of the world.
    pub translation_meters: [f64; 3],
    /// Its length over the nominal length of the stretch.
    pub translation_ratio: f64,
    /// Rotation of the error about the vertical, radians; negative to the right.
    pub yaw_radians: f64,
    /// Rotation of the error that tilts the vertical, radians: root of squared pitch and roll.
    pub gravity_radians: f64,
    /// Angle of the rotation of the error, radians.
    pub angle_radians: f64,
    /// Distance between the ends in the estimate over that in the reference, less 1; none where the reference comes back
    /// to its start.
    pub scale_error_ratio: Option<f64>,
}

/// Errors over all stretches of `length_meters` along the reference, each from every pose to the one nearest to that
/// length on, where within `rel_tol` of it.
///
/// The error is turned into the world by the end pose of the estimate, so that yaw and gravity mean the vertical: align
/// the estimate first ([`super::fit`]). Frames pair by pair. Errors: as [`select`]. Cost: `O(n log n)`. Source: Zhang
/// and Scaramuzza 2018, section IV.B; `rpg_trajectory_evaluation` uses `rel_tol` 0.2.
pub fn relative_errors(
    reference: &[Frame],
    estimate: &[Frame],
    length_meters: f64,
    rel_tol: f64,
) -> Result<Vec<RelativeError>, TrajectoryError> {
    let step = Step {
        delta: length_meters,
        unit: DeltaUnit::Meters,
        is_over_all_pairs: true,
        rel_tol,
        ..Step::default()
    };
    let pairs = select(reference, &[], &step)?;
    Ok(pairs
        .into_iter()
        .filter(|(_, last)| *last < estimate.len())
        .map(|ends| one(reference, estimate, ends, length_meters))
        .collect())
}

fn one(
    reference: &[Frame],
    estimate: &[Frame],
    (first, last): (usize, usize),
    length_meters: f64,
) -> RelativeError {
    let moved = estimate[first].between(&estimate[last]);
    let truth = reference[first].between(&reference[last]);
    let error = truth.between(&moved);
    let to_world = orthonormal(&estimate[last].rotation);
    let m = multiply(&to_world, &multiply(&error.rotation, &transpose(&to_world)));
    let translation_meters = transform(&to_world, &error.position_meters);
    let pitch = (-m[2][0]).atan2(m[0][0].hypot(m[1][0]));
    let roll = m[2][1].atan2(m[2][2]);
    let distance = truth.distance_meters();
    RelativeError {
        first,
        last,
        translation_meters,
        translation_ratio: norm(&translation_meters) / length_meters,
        yaw_radians: m[1][0].atan2(m[0][0]),
        gravity_radians: pitch.hypot(roll),
        angle_radians: error.angle_radians(),
        scale_error_ratio: (distance > 0.0).then(|| moved.distance_meters() / distance - 1.0),
    }
}

/// How the scale of an estimate changes along the path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleDrift {
    /// Scale of each stretch: distance between its ends in the estimate over that in the reference.
    pub scales: Vec<f64>,
    /// Slope of the logarithm of the scale along the reference, per meter: 0 for a scale that is wrong but constant.
    pub log_scale_per_meter: Estimate,
    /// Scale at the end over scale at the start, by the fitted slope.
    pub end_over_start: f64,
}

/// Scale of consecutive stretches of `length_meters` along the reference and its drift, by least squares with
/// Student's interval of a slope: the noise is estimated from what the line leaves, which two numbers took from.
///
/// Stretches whose ends are nearer than a tenth of the length in the reference are left out: their ratio is noise.
/// Frames pair by pair. Errors: as [`select`]; [`TrajectoryError::BadOption`] for fewer than three stretches. Cost: one
/// pass. Monocular paths drift so (Strasdat, Montiel and Davison 2010).
pub fn scale_drift(
    reference: &[Frame],
    estimate: &[Frame],
    length_meters: f64,
) -> Result<ScaleDrift, TrajectoryError> {
    let step = Step {
        delta: length_meters,
        unit: DeltaUnit::Meters,
        ..Step::default()
    };
    let along = distances(reference);
    let covered = |path: &[Frame], (i, j): (usize, usize)| {
        norm(&subtract(
            &path[j].position_meters,
            &path[i].position_meters,
        ))
    };
    let points: Vec<(f64, f64)> = select(reference, &[], &step)?
        .into_iter()
        .filter(|s| s.1 < estimate.len() && covered(reference, *s) >= 0.1 * length_meters)
        .filter_map(|s| {
            let scale = covered(estimate, s) / covered(reference, s);
            (scale > 0.0).then(|| (0.5 * (along[s.0] + along[s.1]), scale))
        })
        .collect();
    let n = points.len();
    if n < 3 {
        return Err(TrajectoryError::BadOption {
            name: "length_meters",
            value: length_meters,
            hint: "short enough for at least three stretches",
        });
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1.ln()));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|p| of(p.0 - x, p.1.ln() - y)).sum()
    };
    let spread = sum(&|dx, _| dx * dx);
    let slope = sum(&|dx, dy| dx * dy) / spread;
    let left = sum(&|dx, dy| (dy - slope * dx).powi(2));
    let half = student(n - 2) * (left / (n - 2) as f64 / spread).sqrt();
    let interval = Interval {
        low: slope - half,
        high: slope + half,
    };
    let total = along.last().copied().unwrap_or(0.0);
    Ok(ScaleDrift {
        scales: points.iter().map(|p| p.1).collect(),
        log_scale_per_meter: Estimate::with(slope, Some(interval), n),
        end_over_start: (slope * total).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::{Pose, quat_of_rotation_vector};

    fn circle(n: u32) -> Vec<Frame> {
        (0..n)
            .map(|i| {
                let angle = 0.02 * f64::from(i);
                Frame::of(&Pose {
                    translation_meters: [50.0 * angle.sin(), 50.0 - 50.0 * angle.cos(), 0.0],
                    quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, angle]),
                })
                .unwrap()
            })
            .collect()
    }

    #[test]
    fn yaw_and_tilt_are_told_apart() {
        let reference = circle(200);
        let turned = |axis: [f64; 3]| -> Vec<Frame> {
            let drift = |i: usize| {
                let pose = Pose {
                    translation_meters: [0.0; 3],
                    quat_xyzw: quat_of_rotation_vector(&axis.map(|x| x * i as f64)),
                };
                Frame::of(&pose).unwrap().rotation
            };
            let each = reference.iter().enumerate();
            each.map(|(i, f)| Frame {
                rotation: multiply(&drift(i), &f.rotation),
                ..*f
            })
            .collect()
        };
        let yawing = relative_errors(&reference, &turned([0.0, 0.0, 1e-3]), 10.0, 0.2).unwrap();
        let first = yawing[0];
        assert!(
            (first.yaw_radians - 1e-2).abs() < 1e-9 && first.gravity_radians < 1e-12,
            "{first:?}"
        );
        let tilting = relative_errors(&reference, &turned([1e-3, 0.0, 0.0]), 10.0, 0.2).unwrap();
        let first = tilting[0];
        assert!((first.gravity_radians - 1e-2).abs() < 1e-6 && first.yaw_radians.abs() < 1e-3);
    }

    #[test]
    fn a_growing_scale_is_a_drift_and_a_wrong_one_is_not() {
        let reference = circle(600);
        let mut sum = [0.0; 3];
        let mut last = reference[0].position_meters;
        let growing: Vec<Frame> = reference
            .iter()
            .enumerate()
            .map(|(i, f)| {
                let step = subtract(&f.position_meters, &last);
                last = f.position_meters;
                let scale = (1e-3 * i as f64).exp();
                sum = std::array::from_fn(|k| sum[k] + scale * step[k]);
                Frame {
                    position_meters: sum,
                    ..*f
                }
            })
            .collect();
        let found = scale_drift(&reference, &growing, 20.0).unwrap();
        // One pose is one meter.
        assert!(
            (found.log_scale_per_meter.estimate - 1e-3).abs() < 1e-5,
            "{found:?}"
        );
        let constant: Vec<Frame> = reference
            .iter()
            .map(|f| Frame {
                position_meters: f.position_meters.map(|x| 0.7 * x),
                ..*f
            })
            .collect();
        let found = scale_drift(&reference, &constant, 20.0).unwrap();
        assert!(
            (found.end_over_start - 1.0).abs() < 1e-12 && (found.scales[0] - 0.7).abs() < 1e-12
        );
        assert!(scale_drift(&reference, &constant, 250.0).is_err());
    }
}
