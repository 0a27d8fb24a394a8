//! Scores of probabilities without bins: Brier, log loss, and the parts of the Brier score.
//!
//! Read [`brier`] and [`murphy`] first. Not here: calibration errors ([`super::bins`]).

use super::bins::{Binning, reliability};
use super::{Classes, ConfidenceError, Predictions};
use crate::stats::{Estimate, Interval, moments};
use serde::Serialize;

/// Smallest probability a logarithm is taken of: what scikit-learn 1.9.1 clips to for 64-bit numbers.
const SMALLEST: f64 = f64::EPSILON;

/// Mean of `(confidence - correct)^2` (Brier 1950). 0 is best; 0.25 is a coin. Cost: `O(n)`.
pub fn brier(predictions: &Predictions<'_>) -> f64 {
    let square = |(c, right): (f64, bool)| (c - f64::from(u8::from(right))).powi(2);
    predictions.iter().map(square).sum::<f64>() / predictions.n() as f64
}

/// A mean over items with the interval `mean ± 1.96 s / sqrt(n)`, cut to `range`; none for a single item.
fn mean_of(
    items: impl Iterator<Item = f64>,
    (low, high): (f64, f64),
) -> Result<Estimate, ConfidenceError> {
    let values: Vec<f64> = items.collect();
    let found = moments(&values)?;
    let interval = found.std_sample.map(|s| {
        let whole = Interval::normal(found.mean, s / (found.n as f64).sqrt());
        Interval {
            low: whole.low.max(low),
            high: whole.high.min(high),
        }
    });
    Ok(Estimate::with(found.mean, interval, found.n))
}

/// [`brier`] with the normal interval of a mean of independent items.
pub fn brier_estimate(predictions: &Predictions<'_>) -> Result<Estimate, ConfidenceError> {
    let square = |(c, right): (f64, bool)| (c - f64::from(u8::from(right))).powi(2);
    mean_of(predictions.iter().map(square), (0.0, 1.0))
}

/// [`brier_classes`] with the normal interval of a mean of independent items.
pub fn brier_classes_estimate(classes: &Classes<'_>) -> Result<Estimate, ConfidenceError> {
    mean_of(classes.rows().map(square_of), (0.0, 2.0))
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
    classes.rows().map(square_of).sum::<f64>() / classes.n() as f64
}

fn square_of((row, label): (&[f64], usize)) -> f64 {
    let one = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == label))).powi(2);
    row.iter().enumerate().map(one).sum()
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
    fn means_have_intervals_inside_their_range() {
        let predictions =
            Predictions::new(&[0.9, 0.6, 0.8, 0.7], &[true, false, true, true]).unwrap();
        let found = brier_estimate(&predictions).unwrap();
        assert_eq!((found.estimate, found.n), (brier(&predictions), 4));
        assert!(found.low >= Some(0.0) && found.low < Some(found.estimate));
        assert!(found.high > Some(found.estimate) && found.high <= Some(1.0));
        let one = Predictions::new(&[0.9], &[true]).unwrap();
        assert_eq!(brier_estimate(&one).unwrap().low, None);
        let p = [0.8, 0.2, 0.3, 0.7];
        let classes = Classes::new(&p, &[0, 0], 2).unwrap();
        let found = brier_classes_estimate(&classes).unwrap();
        assert!((found.estimate - brier_classes(&classes)).abs() < 1e-15);
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
