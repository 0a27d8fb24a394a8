//! Shares of true classes in unlabeled data, from predictions (black-box shift estimation).

use super::DriftError;
use crate::stats::linear::{eigenvalues, solve};
use serde::Serialize;

/// Estimated class shares; see [`label_shift`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelShift {
    /// Share of each true class in the target.
    pub target_prior: Vec<f64>,
    /// Target share over training share, never negative.
    pub weights: Vec<f64>,
    /// The solution before negative shares were cut; parts below 0 say that the confusion matrix does not fit.
    pub unclipped: Vec<f64>,
    /// Largest over smallest singular value of the confusion matrix: above 100 do not trust the shares.
    pub condition: f64,
}

/// Class shares of a target from the confusion matrix of a classifier (`[predicted * classes + true]`, columns summing to
/// 1), the distribution of its predictions on the target and the class shares it was measured with (Lipton, Wang and
/// Smola 2018): solves `C q = mu`, cuts negative shares and divides by the training shares.
///
/// Holds where `P(input | class)` has not changed. Errors: [`DriftError::Mismatch`]; [`DriftError::Singular`];
/// [`DriftError::BadOption`] for a training share that is not positive. Cost: `classes^3`.
pub fn label_shift(
    confusion: &[f64],
    predicted: &[f64],
    train_prior: &[f64],
) -> Result<LabelShift, DriftError> {
    let k = predicted.len();
    if k == 0 {
        return Err(DriftError::Empty {
            sample: "predicted",
        });
    }
    for (seen, expected) in [(confusion.len(), k * k), (train_prior.len(), k)] {
        if seen != expected {
            return Err(DriftError::Mismatch {
                seen,
                expected,
                hint: "a square confusion matrix, and as many shares as it has classes",
            });
        }
    }
    if let Some(value) = train_prior.iter().find(|p| **p <= 0.0 || p.is_nan()) {
        return Err(DriftError::BadOption {
            name: "training share",
            value: *value,
            hint: "every class must occur in training",
        });
    }
    let unclipped = solve(confusion.to_vec(), k, predicted.to_vec()).ok_or(DriftError::Singular)?;
    let mut square = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..k {
            square[i * k + j] = (0..k)
                .map(|r| confusion[r * k + i] * confusion[r * k + j])
                .sum();
        }
    }
    let squares = eigenvalues(square, k);
    let condition = match (squares.first(), squares.last()) {
        (Some(low), Some(high)) if *low > 0.0 => (high / low).sqrt(),
        _ => f64::INFINITY,
    };
    let target_prior: Vec<f64> = unclipped.iter().map(|q| q.max(0.0)).collect();
    Ok(LabelShift {
        weights: target_prior
            .iter()
            .zip(train_prior)
            .map(|(q, p)| q / p)
            .collect(),
        target_prior,
        unclipped,
        condition,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_shares_come_back() {
        let confusion = [0.9, 0.2, 0.1, 0.8];
        let truth = [0.3, 0.7];
        let predicted = [0.9 * 0.3 + 0.2 * 0.7, 0.1 * 0.3 + 0.8 * 0.7];
        let found = label_shift(&confusion, &predicted, &[0.5, 0.5]).unwrap();
        for (a, b) in found.target_prior.iter().zip(truth) {
            assert!((a - b).abs() < 1e-12);
        }
        assert!((found.weights[1] - 1.4).abs() < 1e-12);
        assert!(found.condition > 1.0 && found.condition < 3.0);
        assert_eq!(
            label_shift(&[0.5; 4], &predicted, &[0.5, 0.5]),
            Err(DriftError::Singular)
        );
    }
}
