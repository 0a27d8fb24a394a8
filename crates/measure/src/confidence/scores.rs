//! Scores of probabilities without bins: Brier, log loss, and the parts of the Brier score.
//!
//! Read [`brier`] and [`murphy`] first. Not here: calibration errors ([`super::bins`]).

use super::bins::{Binning, reliability};
use super::{Classes, ConfidenceError, Predictions};
use serde::Serialize;

/// Smallest probability a logarithm is taken of: what scikit-learn 1.9.1 clips to for 64-bit numbers.
const SMALLEST: f64 = f64::EPSILON;

/// Mean of `(confidence - correct)^2` (Brier 1950). 0 is best; 0.25 is a coin. Cost: `O(n)`.
pub fn brier(predictions: &Predictions<'_>) -> f64 {
    let square = |(c, right): (f64, bool)| (c - f64::from(u8::from(right))).powi(2);
    predictions.iter().map(square).sum::<f64>() / predictions.n() as f64
}

/// Mean of `-ln` of the probability given to what came; probabilities cut to 2.2e-16 from 0 and 1. Cost: `O(n)`.
pub fn log_loss(predictions: &Predictions<'_>) -> f64 {
    let loss = |(c, right): (f64, bool)| {
        let c = c.clamp(SMALLEST, 1.0 - SMALLEST);
        if right { -c.ln() } else { -(1.0 - c).ln() }
    };
    predictions.iter().map(loss).sum::<f64>() / predictions.n() as f64
}

/// Mean over items of the sum over classes of `(p - [label])^2`; 0 to 2. Cost: `O(n classes)`.
pub fn brier_classes(classes: &Classes<'_>) -> f64 {
    let item = |(row, label): (&[f64], usize)| -> f64 {
        let one = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == label))).powi(2);
        row.iter().enumerate().map(one).sum()
    };
    classes.rows().map(item).sum::<f64>() / classes.n() as f64
}

/// Mean of `-ln` of the label's probability, cut as in [`log_loss`]. Cost: `O(n)`.
pub fn log_loss_classes(classes: &Classes<'_>) -> f64 {
    let item = |(row, label): (&[f64], usize)| -row[label].clamp(SMALLEST, 1.0).ln();
    classes.rows().map(item).sum::<f64>() / classes.n() as f64
}

/// Parts of the Brier score over bins: `reliability - resolution + uncertainty` (Murphy 1973).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Murphy {
    /// Squared gaps of bins: less is better.
    pub reliability: f64,
    /// How far the bins' accuracies lie apart: more is better.
    pub resolution: f64,
    /// `a (1 - a)` of the accuracy a: the data's own.
    pub uncertainty: f64,
    /// Brier score less the three: what differs within bins.
    pub within: f64,
}

/// The parts over bins.
///
/// Errors: as [`reliability`]. Cost: `O(n)`.
pub fn murphy(predictions: &Predictions<'_>, binning: Binning) -> Result<Murphy, ConfidenceError> {
    let found = reliability(predictions, binning)?;
    let (n, accuracy) = (predictions.n() as f64, predictions.accuracy());
    let (mut gaps, mut resolution) = (0.0, 0.0);
    for bin in found.bins.iter().filter(|b| b.n > 0) {
        let share = bin.n as f64 / n;
        gaps += share * (bin.confidence - bin.accuracy).powi(2);
        resolution += share * (bin.accuracy - accuracy).powi(2);
    }
    let uncertainty = accuracy * (1.0 - accuracy);
    Ok(Murphy {
        reliability: gaps,
        resolution,
        uncertainty,
        within: brier(predictions) - (gaps - resolution + uncertainty),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_where_bins_hold_one_value() {
        let confidence = [0.15, 0.15, 0.15, 0.85, 0.85, 0.55];
        let correct = [false, false, true, true, true, false];
        let predictions = Predictions::new(&confidence, &correct).unwrap();
        assert!(
            murphy(&predictions, Binning::Width(10))
                .unwrap()
                .within
                .abs()
                < 1e-12
        );
    }

    #[test]
    fn certain_and_wrong_is_bad_but_finite() {
        let predictions = Predictions::new(&[1.0], &[false]).unwrap();
        assert_eq!(brier(&predictions), 1.0);
        assert!((log_loss(&predictions) - 36.04).abs() < 0.01);
        let p = [1.0, 0.0, 0.0];
        let classes = Classes::new(&p, &[2], 3).unwrap();
        assert_eq!(brier_classes(&classes), 2.0);
        assert!((log_loss_classes(&classes) - 36.04).abs() < 0.01);
    }
}
