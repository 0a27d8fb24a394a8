//! What a temperature would gain on items it was not fitted on.
//!
//! Read [`cross_fitted`] first. Not here: the fit ([`super::fit`]).

use super::bins::{Binning, reliability};
use super::fit::{softmax, temperature};
use super::{Classes, ConfidenceError, Predictions, range};
use crate::stats::{SplitMix, largest};
use serde::Serialize;

/// Smallest probability a logarithm is taken of, as in [`super::scores::log_loss_classes`].
const SMALLEST: f64 = f64::EPSILON;

/// A temperature, and what it gains on items it was not fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CrossFitted {
    /// Fitted on all items: what to divide logits by.
    pub temperature: f64,
    /// Expected calibration error over bins of equal width as it is.
    pub ece_before: f64,
    /// The same with every item scaled by a temperature fitted on the other parts.
    pub ece_after: f64,
    /// Mean negative log likelihood as it is.
    pub nll_before: f64,
    /// The same with every item scaled by a temperature fitted on the other parts.
    pub nll_after: f64,
    /// Parts.
    pub folds: usize,
}

/// Fits a temperature on all parts but one, in turn, and judges it on that one: what scaling would give on new items.
///
/// Logarithms of probabilities, raised to 2.2e-16, are taken for logits: softmax does not see a constant added to a row.
/// Items are dealt to parts at random by `seed`. Errors: [`ConfidenceError::OutOfRange`] for fewer than two parts, more
/// parts than items, or no bins; [`ConfidenceError::OneOutcome`] where no finite temperature is best without some part.
/// Cost: `folds + 1` fits of about ten passes.
pub fn cross_fitted(
    classes: &Classes<'_>,
    bins: usize,
    folds: usize,
    seed: u64,
) -> Result<CrossFitted, ConfidenceError> {
    let (n, width) = (classes.n(), classes.classes());
    let is_inside = (2..=n).contains(&folds);
    range("folds", folds as f64, is_inside, "2 to the number of items")?;
    let mut logits = Vec::with_capacity(n * width);
    let mut labels = Vec::with_capacity(n);
    for (row, _) in classes.rows() {
        logits.extend(row.iter().map(|p| p.max(SMALLEST).ln()));
    }
    labels.extend_from_slice(classes.label);
    let all = temperature(&Classes::of_logits(&logits, &labels, width)?)?;
    let mut order: Vec<usize> = (0..n).collect();
    let mut random = SplitMix::new(seed);
    random.shuffle(&mut order);
    let (mut confidence, mut correct) = (vec![0.0; n], vec![false; n]);
    let (mut some, mut their, mut scaled) = (Vec::new(), Vec::new(), Vec::new());
    let mut nll = 0.0;
    for fold in 0..folds {
        some.clear();
        their.clear();
        for (place, &item) in order.iter().enumerate() {
            if place % folds != fold {
                some.extend_from_slice(&logits[item * width..(item + 1) * width]);
                their.push(labels[item]);
            }
        }
        let fitted = temperature(&Classes::of_logits(&some, &their, width)?)?;
        for &item in order.iter().skip(fold).step_by(folds) {
            let row = &logits[item * width..(item + 1) * width];
            softmax(row, width, fitted.t, &mut scaled);
            let (best, value) = largest(&scaled);
            let label = labels[item] as usize;
            confidence[item] = value.min(1.0);
            correct[item] = best == label;
            nll -= scaled[label].clamp(SMALLEST, 1.0).ln();
        }
    }
    let ece = |confidence: &[f64], correct: &[bool]| {
        let predictions = Predictions::new(confidence, correct)?;
        Ok::<_, ConfidenceError>(reliability(&predictions, Binning::Width(bins))?.ece)
    };
    let (before, was_correct) = classes.top();
    Ok(CrossFitted {
        temperature: all.t,
        ece_before: ece(&before, &was_correct)?,
        ece_after: ece(&confidence, &correct)?,
        nll_before: all.nll_before,
        nll_after: nll / n as f64,
        folds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items drawn from the softmax of logits, which are then told `sureness` times too surely.
    fn told(sureness: f64) -> (Vec<f64>, Vec<u32>) {
        let mut random = SplitMix::new(4);
        let (mut p, mut labels) = (Vec::new(), Vec::new());
        let (mut true_row, mut row) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let logits: Vec<f64> = (0..3).map(|_| 3.0 * random.unit()).collect();
            softmax(&logits, 3, 1.0, &mut true_row);
            softmax(&logits, 3, 1.0 / sureness, &mut row);
            let draw = random.unit();
            let label = if draw < true_row[0] {
                0
            } else if draw < true_row[0] + true_row[1] {
                1
            } else {
                2
            };
            labels.push(label);
            p.extend_from_slice(&row);
        }
        (p, labels)
    }

    #[test]
    fn an_overconfident_model_is_mended_on_items_not_fitted_on() {
        let (p, labels) = told(2.5);
        let classes = Classes::new(&p, &labels, 3).unwrap();
        let found = cross_fitted(&classes, 15, 5, 1).unwrap();
        assert!((found.temperature - 2.5).abs() < 0.15, "{found:?}");
        assert!(
            found.ece_before > 0.15 && found.ece_after < 0.04,
            "{found:?}"
        );
        assert!(found.nll_after < found.nll_before);
        assert_eq!(found, cross_fitted(&classes, 15, 5, 1).unwrap());
    }

    #[test]
    fn a_calibrated_model_is_left_alone_and_a_perfect_one_refused() {
        let (p, labels) = told(1.0);
        let classes = Classes::new(&p, &labels, 3).unwrap();
        let found = cross_fitted(&classes, 15, 5, 1).unwrap();
        assert!((found.temperature - 1.0).abs() < 0.06, "{found:?}");
        assert!(found.nll_after < found.nll_before + 0.002, "{found:?}");
        assert!(cross_fitted(&classes, 15, 1, 1).is_err());
        let sure = [0.9, 0.1, 0.2, 0.8, 0.7, 0.3];
        let perfect = Classes::new(&sure, &[0, 1, 0], 2).unwrap();
        assert!(matches!(
            cross_fitted(&perfect, 15, 2, 1),
            Err(ConfidenceError::OneOutcome { .. })
        ));
    }
}
