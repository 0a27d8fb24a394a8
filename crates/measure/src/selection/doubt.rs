//! Doubt of a model, from its probabilities.

use super::SelectionError;
use crate::stats::{entropy, row_fault};
use serde::Serialize;

/// Scores per row, higher is more doubtful except for the margin; see [`uncertainty`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uncertainty {
    /// Entropy in nats.
    pub entropy_nats: Vec<f64>,
    /// `1 - p1`.
    pub least_confidence: Vec<f64>,
    /// `p1 - p2`: lower is more doubtful.
    pub margin: Vec<f64>,
    /// `p2 / p1`.
    pub ratio: Vec<f64>,
}

/// Entropy, least confidence, margin and ratio (Settles 2009, 3.1) of rows of class probabilities, row after row.
///
/// Errors: [`SelectionError::Empty`] below two classes, [`SelectionError::NotProbabilities`]. Cost: one pass.
pub fn uncertainty(probabilities: &[f64], classes: usize) -> Result<Uncertainty, SelectionError> {
    check(probabilities, classes)?;
    let rows = probabilities.len() / classes;
    let mut found = Uncertainty {
        entropy_nats: Vec::with_capacity(rows),
        least_confidence: Vec::with_capacity(rows),
        margin: Vec::with_capacity(rows),
        ratio: Vec::with_capacity(rows),
    };
    for row in probabilities.chunks_exact(classes) {
        let (mut first, mut second) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for p in row {
            if *p > first {
                (first, second) = (*p, first);
            } else if *p > second {
                second = *p;
            }
        }
        found.entropy_nats.push(entropy(row));
        found.least_confidence.push(1.0 - first);
        found.margin.push(first - second);
        found.ratio.push(second / first);
    }
    Ok(found)
}

fn check(probabilities: &[f64], classes: usize) -> Result<(), SelectionError> {
    if classes < 2 || probabilities.is_empty() {
        return Err(SelectionError::Empty);
    }
    if !probabilities.len().is_multiple_of(classes) {
        return Err(SelectionError::Mismatch {
            seen: probabilities.len() % classes,
            expected: classes,
        });
    }
    match row_fault(probabilities, classes) {
        Some((row, _)) => Err(SelectionError::NotProbabilities {
            row,
            sum: probabilities[row * classes..][..classes].iter().sum(),
        }),
        None => Ok(()),
    }
}

/// Scores of several passes of a model, or of several models; see [`disagreement`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// Entropy of the mean.
    pub predictive_entropy: Vec<f64>,
    /// Mean of the entropies: doubt that more data will not remove.
    pub expected_entropy: Vec<f64>,
    /// Their difference (BALD): what the passes do not agree on.
    pub bald: Vec<f64>,
    /// Share of passes that do not vote for the class with most votes.
    pub variation_ratio_of_votes: Vec<f64>,
}

/// BALD (Houlsby, Huszar, Ghahramani and Lengyel 2011) and the variation ratio of the votes (Freeman 1965), from
/// probabilities pass after pass, each row after row. Of equal probabilities the lower class has the vote.
///
/// Errors: [`SelectionError`]. Cost: one pass over the numbers.
pub fn disagreement(
    probabilities: &[f64],
    passes: usize,
    classes: usize,
) -> Result<Disagreement, SelectionError> {
    check(probabilities, classes)?;
    let all = probabilities.len() / classes;
    if passes == 0 || !all.is_multiple_of(passes) {
        return Err(SelectionError::Mismatch {
            seen: all,
            expected: passes,
        });
    }
    let rows = all / passes;
    let mut mean = vec![0.0; rows * classes];
    let mut votes = vec![0_u32; rows * classes];
    let mut expected_entropy = vec![0.0; rows];
    let share = 1.0 / passes as f64;
    for pass in probabilities.chunks_exact(rows * classes) {
        for (row, values) in pass.chunks_exact(classes).enumerate() {
            expected_entropy[row] += share * entropy(values);
            let mut best = 0;
            for (class, p) in values.iter().enumerate() {
                mean[row * classes + class] += share * p;
                if *p > values[best] {
                    best = class;
                }
            }
            votes[row * classes + best] += 1;
        }
    }
    let predictive_entropy: Vec<f64> = mean.chunks_exact(classes).map(entropy).collect();
    Ok(Disagreement {
        bald: predictive_entropy
            .iter()
            .zip(&expected_entropy)
            .map(|(a, b)| a - b)
            .collect(),
        variation_ratio_of_votes: votes
            .chunks_exact(classes)
            .map(|v| 1.0 - f64::from(v.iter().copied().max().unwrap_or(0)) * share)
            .collect(),
        predictive_entropy,
        expected_entropy,
    })
}

/// Weights of classes for the doubt of detections (PPAL, Yang and others 2024): `1 + alpha ln((e^(1/alpha) - 1) (1 - q) + 1)
/// bound`, heavier for classes of low quality `q`.
///
/// Errors: [`SelectionError::BadOption`] for an `alpha` that is not positive or a quality outside 0 to 1.
pub fn class_weights(quality: &[f64], alpha: f64, bound: f64) -> Result<Vec<f64>, SelectionError> {
    if alpha <= 0.0 || alpha.is_nan() {
        return Err(SelectionError::BadOption {
            name: "alpha",
            value: alpha,
            hint: "it must be positive",
        });
    }
    if let Some(value) = quality.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        return Err(SelectionError::BadOption {
            name: "quality",
            value: *value,
            hint: "a share from 0 to 1",
        });
    }
    let scale = (1.0 / alpha).exp_m1();
    Ok(quality
        .iter()
        .map(|q| 1.0 + alpha * (scale * (1.0 - q)).ln_1p() * bound)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_and_torn() {
        let found = uncertainty(&[1.0, 0.0, 0.5, 0.5], 2).unwrap();
        assert_eq!(found.entropy_nats[0], 0.0);
        assert!((found.entropy_nats[1] - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(found.margin, [1.0, 0.0]);
        assert!(uncertainty(&[0.5, 0.6], 2).is_err());
        // Passes that contradict each other: all doubt is disagreement.
        let found = disagreement(&[1.0, 0.0, 0.0, 1.0], 2, 2).unwrap();
        assert!((found.bald[0] - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(found.variation_ratio_of_votes, [0.5]);
        assert!(disagreement(&[1.0, 0.0], 2, 2).is_err());
        assert_eq!(class_weights(&[1.0], 0.3, 0.2).unwrap(), [1.0]);
    }
}
