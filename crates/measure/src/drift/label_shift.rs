//! Shares of true classes in unlabeled data, from predictions (black-box shift estimation).

use super::DriftError;
use crate::stats::linear::{eigenvalues, solve};
use crate::stats::{Estimate, Interval, Z95};
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

/// [`LabelShift`] from counts, with intervals; see [`label_shift_of_counts`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountedLabelShift {
    /// The estimates.
    #[serde(flatten)]
    pub shift: LabelShift,
    /// Share of each true class in the target with its interval at 95 %; n is the target's rows.
    pub shares: Vec<Estimate>,
}

/// [`label_shift`] from the counts of a confusion matrix (`[predicted * classes + true]`) and of the predictions on the
/// target, with intervals by the delta method: with `q = C^-1 mu` and multinomial counts the covariance of q is
/// `C^-1 (S_mu + sum_c q_c^2 S_c) C^-T`, `S_mu` and `S_c` those of the target's predictions and of the predictions of
/// class c over their rows. Intervals are cut to 0 to
/// 1. Rows must be independent: with frames of one drive intervals are too narrow.
///
/// Errors: as [`label_shift`]; [`DriftError::Empty`] for a target without rows; [`DriftError::BadOption`] for a class
/// without rows. Cost: `classes^4`.
pub fn label_shift_of_counts(
    confusion: &[u64],
    predicted: &[u64],
) -> Result<CountedLabelShift, DriftError> {
    let k = predicted.len();
    let rows: u64 = predicted.iter().sum();
    if rows == 0 {
        return Err(DriftError::Empty {
            sample: "predicted",
        });
    }
    if confusion.len() != k * k {
        return Err(DriftError::Mismatch {
            seen: confusion.len(),
            expected: k * k,
            hint: "a square confusion matrix, and as many shares as it has classes",
        });
    }
    let of_class: Vec<u64> = (0..k)
        .map(|class| confusion.iter().skip(class).step_by(k).sum())
        .collect();
    let total: u64 = of_class.iter().sum();
    let columns: Vec<f64> = confusion
        .iter()
        .enumerate()
        .map(|(at, count)| *count as f64 / of_class[at % k] as f64)
        .collect();
    let mu: Vec<f64> = predicted.iter().map(|c| *c as f64 / rows as f64).collect();
    let prior: Vec<f64> = of_class.iter().map(|n| *n as f64 / total as f64).collect();
    // A class without rows has a share of 0, which is refused there.
    let shift = label_shift(&columns, &mu, &prior)?;
    let mut spread = vec![0.0; k * k];
    add_multinomial(&mut spread, &mu, 1.0 / rows as f64);
    for (class, n) in of_class.iter().enumerate() {
        let column: Vec<f64> = columns.iter().skip(class).step_by(k).copied().collect();
        add_multinomial(
            &mut spread,
            &column,
            shift.unclipped[class].powi(2) / *n as f64,
        );
    }
    // A row of the inverse solves the transposed system for a unit vector.
    let turned: Vec<f64> = (0..k * k).map(|at| columns[at % k * k + at / k]).collect();
    let n = usize::try_from(rows).unwrap_or(usize::MAX);
    let mut shares = Vec::with_capacity(k);
    for (class, share) in shift.target_prior.iter().enumerate() {
        let mut unit = vec![0.0; k];
        unit[class] = 1.0;
        let inverse = solve(turned.clone(), k, unit).ok_or(DriftError::Singular)?;
        let variance: f64 = (0..k * k)
            .map(|at| inverse[at / k] * spread[at] * inverse[at % k])
            .sum();
        let half = Z95 * variance.max(0.0).sqrt();
        let middle = shift.unclipped[class];
        let interval = Interval {
            low: (middle - half).clamp(0.0, 1.0),
            high: (middle + half).clamp(0.0, 1.0),
        };
        shares.push(Estimate::with(share.min(1.0), Some(interval), n));
    }
    Ok(CountedLabelShift { shift, shares })
}

/// Adds the covariance of one multinomial draw, times a factor.
fn add_multinomial(spread: &mut [f64], shares: &[f64], factor: f64) {
    let k = shares.len();
    for (at, cell) in spread.iter_mut().enumerate() {
        let (i, j) = (at / k, at % k);
        let own = if i == j { shares[i] } else { 0.0 };
        *cell += factor * (own - shares[i] * shares[j]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    fn drawn(noise: &mut Noise, shares: &[f64], n: usize) -> Vec<u64> {
        let mut counts = vec![0; shares.len()];
        for _ in 0..n {
            let mut left = noise.uniform();
            let at = shares.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            counts[at.unwrap_or(shares.len() - 1)] += 1;
        }
        counts
    }

    #[test]
    fn intervals_cover_the_true_shares() {
        // Columns of the true class.
        let confusion = [[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.1, 0.2, 0.7]];
        let truth = [0.2, 0.5, 0.3];
        let mut mu = [0.0; 3];
        for (column, share) in confusion.iter().zip(truth) {
            for (m, c) in mu.iter_mut().zip(column) {
                *m += c * share;
            }
        }
        let mut noise = Noise::new(21);
        let mut covered = [0_u32; 3];
        for _ in 0..1000 {
            let mut counts = [0; 9];
            for (class, (column, n)) in confusion.iter().zip([150, 300, 80]).enumerate() {
                for (predicted, count) in drawn(&mut noise, column, n).into_iter().enumerate() {
                    counts[predicted * 3 + class] = count;
                }
            }
            let target = drawn(&mut noise, &mu, 400);
            let found = label_shift_of_counts(&counts, &target).unwrap();
            for ((hit, share), estimate) in covered.iter_mut().zip(truth).zip(&found.shares) {
                let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
                assert!(low <= estimate.estimate && estimate.estimate <= high);
                *hit += u32::from(low <= share && share <= high);
            }
        }
        // 95 % of 1000 and three standard errors of 7, and a little for the normal approximation.
        assert!(
            covered.iter().all(|hit| (920..=980).contains(hit)),
            "{covered:?}"
        );
        assert!(label_shift_of_counts(&[1, 0, 0, 0], &[1, 1]).is_err());
        assert!(label_shift_of_counts(&[1, 0, 0], &[1, 1]).is_err());
        assert!(label_shift_of_counts(&[1, 0, 0, 1], &[0, 0]).is_err());
    }

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
