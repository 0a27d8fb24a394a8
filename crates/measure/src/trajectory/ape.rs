//! Absolute pose errors.

use super::align::Alignment;
use super::associate::Pairs;
use super::errors::{PathErrors, Relation, TrajectoryError, error_stats};
use super::fit::{Fit, fit};
use super::frame::Frame;
use crate::pose::matrix::{Matrix, norm, subtract};
use crate::stats::Resampling;

/// Absolute pose errors and the alignment they were measured after.
#[derive(Clone, Debug, PartialEq)]
pub struct Ape {
    /// How the estimate was moved.
    pub alignment: Alignment<3>,
    /// Errors, pair by pair.
    pub errors: PathErrors,
}

/// Absolute pose errors of the pairs, after an alignment: `E = P_est^-1 P_ref`.
///
/// Errors: [`TrajectoryError`]. Cost: a few passes. Source: Sturm et al. 2012; evo 1.38.1 `evo_ape`.
pub fn ape(
    pairs: &Pairs,
    relation: Relation,
    how: &Fit,
    intervals: Option<Resampling>,
) -> Result<Ape, TrajectoryError> {
    if relation == Relation::PointDistanceErrorRatio {
        return Err(TrajectoryError::RatioOfPoses);
    }
    let alignment = fit(&pairs.reference, &pairs.estimate, how)?;
    let both = pairs.reference.iter().zip(&pairs.estimate);
    let errors: Vec<f64> = match relation {
        Relation::TranslationPart | Relation::PointDistance => both
            .map(|(a, b)| {
                norm(&subtract(
                    &alignment.apply(&b.position_meters),
                    &a.position_meters,
                ))
            })
            .collect(),
        _ => both
            .map(|(a, b)| pose_error(&alignment.apply_frame(b).between(a), relation))
            .collect(),
    };
    Ok(Ape {
        alignment,
        errors: error_stats(errors, intervals)?,
    })
}

/// Squared Frobenius norm of `R - I`.
fn rotation_square(m: &Matrix<3, 3>) -> f64 {
    let cells = m.iter().enumerate().flat_map(|(i, row)| {
        row.iter()
            .enumerate()
            .map(move |(j, x)| if i == j { x - 1.0 } else { *x })
    });
    cells.map(|x| x * x).sum()
}

/// The part of an error that a relation asks for; of distances the length of the translation.
pub(super) fn pose_error(error: &Frame, relation: Relation) -> f64 {
    match relation {
        Relation::RotationPart => rotation_square(&error.rotation).sqrt(),
        Relation::FullTransformation => rotation_square(&error.rotation)
            .sqrt()
            .hypot(error.distance_meters()),
        Relation::RotationAngleRad => error.angle_radians(),
        Relation::RotationAngleDeg => error.angle_radians().to_degrees(),
        Relation::TranslationPart | Relation::PointDistance | Relation::PointDistanceErrorRatio => {
            error.distance_meters()
        }
    }
}
