//! Relative pose errors.

use super::ape::pose_error;
use super::associate::Pairs;
use super::errors::{PathErrors, Relation, TrajectoryError, error_stats};
use super::frame::Frame;
use super::select::{Step, select};
use crate::pose::matrix::{norm, subtract, transform, transpose};
use crate::stats::Resampling;

/// Relative pose errors and the pairs they belong to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rpe {
    /// Index of both ends of each step.
    pub steps: Vec<(usize, usize)>,
    /// Errors, step by step.
    pub errors: PathErrors,
}

/// Relative pose errors over steps: `E = (Q_i^-1 Q_j)^-1 (P_i^-1 P_j)` with Q the reference and P the estimate.
///
/// Steps are looked for along the estimate, as evo does, or along the reference. Of
/// [`Relation::PointDistanceErrorRatio`] steps over which the reference does not move are left out. No alignment is
/// needed, as moving a whole path changes no step; a wrong scale does count. Errors: [`TrajectoryError`]. Cost: that of
/// [`select`] and one pass over the steps. Source: Sturm et al. 2012; evo 1.38.1 `evo_rpe`.
pub fn rpe(
    pairs: &Pairs,
    relation: Relation,
    (step, are_steps_of_reference): (&Step, bool),
    intervals: Option<Resampling>,
) -> Result<Rpe, TrajectoryError> {
    let path = if are_steps_of_reference {
        &pairs.reference
    } else {
        &pairs.estimate
    };
    let mut steps = select(path, &pairs.stamps_nanos, step)?;
    let (q, p) = (&pairs.reference, &pairs.estimate);
    let distance = |path: &[Frame], (i, j): (usize, usize)| {
        norm(&subtract(
            &path[j].position_meters,
            &path[i].position_meters,
        ))
    };
    let errors: Vec<f64> = match relation {
        Relation::TranslationPart => steps.iter().map(|s| translation(q, p, *s)).collect(),
        Relation::PointDistance => steps
            .iter()
            .map(|s| (distance(q, *s) - distance(p, *s)).abs())
            .collect(),
        Relation::PointDistanceErrorRatio => {
            steps.retain(|s| distance(q, *s) != 0.0);
            steps
                .iter()
                .map(|s| {
                    let wanted = distance(q, *s);
                    100.0 * (wanted - distance(p, *s)).abs() / wanted
                })
                .collect()
        }
        _ => steps
            .iter()
            .map(|&(i, j)| {
                let error = q[i].between(&q[j]).between(&p[i].between(&p[j]));
                pose_error(&error, relation)
            })
            .collect(),
    };
    Ok(Rpe {
        steps,
        errors: error_stats(errors, intervals)?,
    })
}

/// Length of the translation of the error, without the rotation of the error.
fn translation(q: &[Frame], p: &[Frame], (i, j): (usize, usize)) -> f64 {
    let moved = |path: &[Frame]| {
        let step = subtract(&path[j].position_meters, &path[i].position_meters);
        transform(&transpose(&path[i].rotation), &step)
    };
    let off = subtract(&moved(p), &moved(q));
    norm(&transform(
        &transpose(&q[j].rotation),
        &transform(&q[i].rotation, &off),
    ))
}
