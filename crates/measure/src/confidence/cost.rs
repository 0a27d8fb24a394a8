//! When to accept a prediction and when to have it reviewed, by what each costs.
//!
//! Read [`Costs`] first. Needs calibrated confidences. Not here: thresholds with a guarantee ([`super::selective`]).

use super::{ConfidenceError, Predictions, range};
use serde::{Deserialize, Serialize};

/// What things cost, in any one unit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// An error that gets through; weighted by severity.
    #[serde(rename = "C_error")]
    pub error: f64,
    /// A review.
    #[serde(rename = "C_review")]
    pub review: f64,
    /// Share of errors a reviewer catches.
    #[serde(rename = "review_catch_prob_q")]
    pub caught: f64,
}

impl Costs {
    fn checked(&self) -> Result<(), ConfidenceError> {
        range(
            "C_error",
            self.error,
            self.error > 0.0 && self.error.is_finite(),
            "above 0",
        )?;
        range(
            "C_review",
            self.review,
            self.review >= 0.0 && self.review.is_finite(),
            "0 or more",
        )?;
        let is_share = self.caught > 0.0 && self.caught <= 1.0;
        range(
            "review_catch_prob_q",
            self.caught,
            is_share,
            "above 0, at most 1",
        )
    }

    /// Accept from this confidence on: `1 - review / (caught error)` (Chow 1970 with reviewers who miss). 0 where a review
    /// costs more than it can save: then nothing is worth one.
    ///
    /// Errors: [`ConfidenceError::OutOfRange`]. Cost: constant.
    pub fn threshold(&self) -> Result<f64, ConfidenceError> {
        self.checked()?;
        Ok((1.0 - self.review / (self.caught * self.error)).max(0.0))
    }

    /// What a review of an item of this confidence saves on average.
    pub fn gain(&self, confidence: f64) -> f64 {
        (1.0 - confidence) * self.caught * self.error - self.review
    }
}

/// What goes to review.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Queue {
    /// Items to review, the most worthwhile first.
    pub items: Vec<usize>,
    /// What the reviews save together, on average.
    pub gain: f64,
    /// Items that would be worth a review beyond the capacity.
    pub left: usize,
}

/// The items most worth a review, at most `capacity`: sorted by [`Costs::gain`], only where it is above 0; equal ones in
/// their order. `severity` multiplies the cost of an error item by item.
///
/// Errors: [`ConfidenceError`] for costs out of range or another number of severities. Cost: one sort.
pub fn queue(
    predictions: &Predictions<'_>,
    severity: Option<&[f64]>,
    costs: Costs,
    capacity: usize,
) -> Result<Queue, ConfidenceError> {
    costs.checked()?;
    if let Some(severity) = severity {
        super::same_length("severity", severity.len(), predictions.n())?;
        if let Some(bad) = severity.iter().find(|s| !(**s >= 0.0 && s.is_finite())) {
            range("severity", *bad, false, "0 or more")?;
        }
    }
    let weight = |i: usize| severity.map_or(1.0, |s| s[i]);
    let confidences = predictions.confidences().iter().enumerate();
    let mut gains: Vec<(f64, usize)> = confidences
        .map(|(i, confidence)| {
            let costs = Costs {
                error: costs.error * weight(i),
                ..costs
            };
            (costs.gain(*confidence), i)
        })
        .filter(|(gain, _)| *gain > 0.0)
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    let left = gains.len().saturating_sub(capacity);
    gains.truncate(capacity);
    Ok(Queue {
        gain: gains.iter().map(|(gain, _)| gain).sum(),
        items: gains.into_iter().map(|(_, i)| i).collect(),
        left,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        error: 100.0,
        review: 2.0,
        caught: 0.97,
    };

    #[test]
    fn at_the_threshold_a_review_is_worth_nothing() {
        assert!(COSTS.gain(COSTS.threshold().unwrap()).abs() < 1e-12);
        let dear = Costs {
            review: 200.0,
            ..COSTS
        };
        assert_eq!(dear.threshold().unwrap(), 0.0);
        assert!(
            Costs {
                caught: 0.0,
                ..COSTS
            }
            .threshold()
            .is_err()
        );
        assert!(
            Costs {
                error: f64::NAN,
                ..COSTS
            }
            .threshold()
            .is_err()
        );
    }

    #[test]
    fn the_worst_come_first_and_no_more_than_fit() {
        let predictions = Predictions::new(&[0.99, 0.5, 0.9, 0.7], &[true; 4]).unwrap();
        let found = queue(&predictions, None, COSTS, 2).unwrap();
        assert_eq!((found.items, found.left), (vec![1, 3], 1));
        let severe = queue(&predictions, Some(&[100.0, 1.0, 1.0, 1.0]), COSTS, 1).unwrap();
        assert_eq!(severe.items, vec![0]);
        assert!(queue(&predictions, Some(&[1.0]), COSTS, 1).is_err());
    }
}
