//! Labels given against labels that a model is confident of.

use super::LabelError;
use super::rounding::round_preserving_sum;
use crate::stats::{RowFault, largest, row_fault, whole};

/// Slack of comparisons of probabilities (cleanlab 2.9.0).
pub(super) const SLACK: f64 = 1e-6;

/// Smallest threshold (cleanlab 2.9.0).
const LEAST_THRESHOLD: f64 = 2.0 * SLACK;

/// Threshold of a class that no label has: out of reach.
const UNREACHABLE: f64 = 2.0;

/// Labels and a model's out-of-sample probabilities for the same items.
#[derive(Clone, Copy, Debug)]
pub struct Predictions<'a> {
    /// Number of classes.
    pub classes: usize,
    /// Probabilities, item after item.
    pub p: &'a [f64],
    /// Codes of the labels given.
    pub labels: &'a [u32],
}

impl<'a> Predictions<'a> {
    /// Checks that every item has a label and a row of probabilities that sums to 1 (within 0.01).
    ///
    /// The probabilities must come from models that did not see the item (cross-validation): a model that has learned the
    /// wrong labels confirms them. Errors: nothing, lists of other lengths, labels without a column, numbers that are no
    /// probabilities. Cost: one pass.
    pub fn new(classes: usize, p: &'a [f64], labels: &'a [u32]) -> Result<Self, LabelError> {
        if classes < 2 {
            return Err(LabelError::Classes { classes });
        }
        if labels.is_empty() {
            return Err(LabelError::Empty);
        }
        if p.len() != labels.len() * classes {
            let (found, expected) = (p.len(), labels.len() * classes);
            return Err(LabelError::Length {
                what: "probabilities",
                found,
                expected,
            });
        }
        if let Some((item, &label)) = labels
            .iter()
            .enumerate()
            .find(|(_, y)| **y as usize >= classes)
        {
            return Err(LabelError::Label {
                item,
                label,
                classes,
            });
        }
        match row_fault(p, classes) {
            Some((item, RowFault::Value(value))) => Err(LabelError::Probability { item, value }),
            Some((item, RowFault::Sum(sum))) => Err(LabelError::Sum { item, sum }),
            None => Ok(Self { classes, p, labels }),
        }
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none; never for what [`Predictions::new`] made.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Labels with their rows.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &'a [f64])> {
        let labels = self.labels.iter().map(|y| *y as usize);
        labels.zip(self.p.chunks_exact(self.classes))
    }

    /// Class the model would give an item: the most probable one, of equals the first.
    pub fn predicted(&self, item: usize) -> usize {
        largest(&self.p[item * self.classes..(item + 1) * self.classes]).0
    }

    /// Probability of an item's label.
    pub fn self_confidence(&self, item: usize) -> f64 {
        self.p[item * self.classes + self.labels[item] as usize]
    }

    /// Items per label.
    pub fn label_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        self.labels.iter().for_each(|y| counts[*y as usize] += 1);
        counts
    }
}

/// Whether the model would give the label itself, within the slack.
pub(super) fn is_predicted(row: &[f64], label: usize) -> bool {
    let own = row[label] + SLACK;
    row.iter()
        .enumerate()
        .all(|(j, x)| j == label || if j < label { *x < own } else { *x <= own })
}

/// How often each label was given where another one is true, as far as the model is confident.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidentJoint {
    /// Number of classes.
    pub classes: usize,
    /// Probability from which on the model is confident of each class: its mean over items with that label; 2 for a
    /// class without items.
    pub thresholds: Vec<f64>,
    /// Counts in the order label given, label true; at least 1 on the diagonal.
    pub counts: Vec<u64>,
    /// Items whose confident label is another.
    pub off_diagonal: Vec<u32>,
    /// Counts scaled so that each row sums to the number of items with that label.
    pub calibrated: Vec<u64>,
    /// Labels that are wrong by the calibrated counts.
    pub estimated_errors: u64,
}

/// What follows from a joint of given and true labels.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseEstimate {
    /// Share of each true label.
    pub truth: Vec<f64>,
    /// Chance of each given label where a label is true, in the order given, true; columns sum to 1.
    pub given_if_true: Vec<f64>,
    /// Chance of each true label where a label is given, in the order true, given; columns sum to 1.
    pub true_if_given: Vec<f64>,
}

/// Confident learning: a class is taken for true where its probability reaches the mean probability of that class among
/// items labeled with it (within 1e-6); of several confident ones the most probable class of all.
///
/// Cost: two passes over the probabilities. Source: Northcutt, Jiang and Chuang 2021; as cleanlab 2.9.0.
pub fn confident_joint(predictions: &Predictions) -> ConfidentJoint {
    let k = predictions.classes;
    let (mut sums, counted) = (vec![0.0; k], predictions.label_counts());
    for (y, row) in predictions.rows() {
        sums[y] += row[y];
    }
    let thresholds: Vec<f64> = sums
        .iter()
        .zip(&counted)
        .map(|(sum, n)| {
            if *n > 0 {
                (sum / *n as f64).max(LEAST_THRESHOLD)
            } else {
                UNREACHABLE
            }
        })
        .collect();
    let reach: Vec<f64> = thresholds.iter().map(|t| t - SLACK).collect();
    let mut counts = vec![0_u64; k * k];
    let mut off_diagonal = Vec::new();
    for (item, (y, row)) in (0_u32..).zip(predictions.rows()) {
        let mut confident = 0_u32;
        let mut first = 0;
        for (j, (x, t)) in row.iter().zip(&reach).enumerate() {
            let is = x >= t;
            first = if is && confident == 0 { j } else { first };
            confident += u32::from(is);
        }
        if confident == 0 {
            continue;
        }
        let truth = if confident > 1 { largest(row).0 } else { first };
        counts[y * k + truth] += 1;
        if truth != y {
            off_diagonal.push(item);
        }
    }
    for i in 0..k {
        counts[i * k + i] = counts[i * k + i].max(1);
    }
    let calibrated = calibrate(&counts, &counted);
    let right: u64 = (0..k).map(|i| calibrated[i * k + i]).sum();
    let all: u64 = calibrated.iter().sum();
    ConfidentJoint {
        classes: k,
        thresholds,
        counts,
        off_diagonal,
        estimated_errors: all - right,
        calibrated,
    }
}

/// Counts from values that are whole.
pub(super) fn wholes(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| whole(*x)).collect()
}

fn calibrate(counts: &[u64], label_counts: &[usize]) -> Vec<u64> {
    let k = label_counts.len();
    let mut scaled: Vec<f64> = counts.iter().map(|c| *c as f64).collect();
    for (row, n) in scaled.chunks_exact_mut(k).zip(label_counts) {
        let sum: f64 = row.iter().sum();
        for x in row.iter_mut() {
            *x = *x / sum * *n as f64;
        }
    }
    let n = label_counts.iter().sum::<usize>() as f64;
    let sum: f64 = scaled.iter().sum();
    for x in &mut scaled {
        *x = *x / sum * n;
    }
    scaled
        .chunks_exact(k)
        .flat_map(|row| wholes(&round_preserving_sum(row)))
        .collect()
}

/// Columns that sum to 1, entries beside the diagonal at most 0.9999.
fn clip_rates(matrix: &mut [f64], k: usize) {
    for column in 0..k {
        let mut sum = 0.0;
        for row in 0..k {
            let x = &mut matrix[row * k + column];
            if row != column {
                *x = x.clamp(0.0, 0.9999);
            }
            sum += *x;
        }
        if sum > 0.0 {
            (0..k).for_each(|row| matrix[row * k + column] /= sum);
        }
    }
}

impl ConfidentJoint {
    /// Calibrated counts as shares of all items, in the order given, true.
    pub fn joint(&self) -> Vec<f64> {
        let all: u64 = self.calibrated.iter().sum();
        self.calibrated
            .iter()
            .map(|c| *c as f64 / all as f64)
            .collect()
    }

    /// Rates of confusion of given and true labels, from the calibrated counts.
    pub fn noise(&self) -> NoiseEstimate {
        let k = self.classes;
        let count = |given: usize, truth: usize| self.calibrated[given * k + truth] as f64;
        let given: Vec<f64> = (0..k).map(|i| (0..k).map(|j| count(i, j)).sum()).collect();
        let truth: Vec<f64> = (0..k).map(|j| (0..k).map(|i| count(i, j)).sum()).collect();
        let cells = || (0..k).flat_map(move |i| (0..k).map(move |j| (i, j)));
        let share = |x: f64, of: f64| if of > 0.0 { x / of } else { 0.0 };
        let mut given_if_true: Vec<f64> =
            cells().map(|(i, j)| share(count(i, j), truth[j])).collect();
        let mut true_if_given: Vec<f64> =
            cells().map(|(j, i)| share(count(i, j), given[i])).collect();
        let all: f64 = given.iter().sum();
        // P(true k) = P(given k) P(true k | given k) / P(given k | true k).
        let mut shares: Vec<f64> = (0..k)
            .map(|i| share(true_if_given[i * k + i], given_if_true[i * k + i]) * given[i] / all)
            .map(|x| x.clamp(SLACK, 1.0))
            .collect();
        let sum: f64 = shares.iter().sum();
        for x in &mut shares {
            *x /= sum;
        }
        clip_rates(&mut given_if_true, k);
        clip_rates(&mut true_if_given, k);
        NoiseEstimate {
            truth: shares,
            given_if_true,
            true_if_given,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_probabilities_are_refused_with_their_place() {
        assert!(matches!(
            Predictions::new(2, &[0.5, 0.5, 0.9, 0.9], &[0, 1]),
            Err(LabelError::Sum { item: 1, .. })
        ));
        assert!(matches!(
            Predictions::new(2, &[1.5, -0.5], &[0]),
            Err(LabelError::Probability { item: 0, .. })
        ));
        assert!(matches!(
            Predictions::new(2, &[f64::NAN, 1.0], &[0]),
            Err(LabelError::Probability { .. })
        ));
        assert!(matches!(
            Predictions::new(2, &[0.5, 0.5], &[2]),
            Err(LabelError::Label { .. })
        ));
        assert!(matches!(
            Predictions::new(1, &[1.0], &[0]),
            Err(LabelError::Classes { .. })
        ));
        assert!(matches!(
            Predictions::new(2, &[0.5], &[0]),
            Err(LabelError::Length { .. })
        ));
    }

    #[test]
    fn predictions_and_self_confidence_by_hand() {
        let p = [0.4, 0.4, 0.2, 0.1, 0.2, 0.7];
        let predictions = Predictions::new(3, &p, &[1, 0]).unwrap();
        assert_eq!((predictions.predicted(0), predictions.predicted(1)), (0, 2));
        assert_eq!(predictions.self_confidence(1), 0.1);
    }

    #[test]
    fn a_class_without_items_is_never_confident() {
        let p = [0.9, 0.1, 0.0, 0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.1, 0.8, 0.1];
        let predictions = Predictions::new(3, &p, &[0, 0, 1, 0]).unwrap();
        let found = confident_joint(&predictions);
        assert_eq!(found.thresholds[2], UNREACHABLE);
        assert_eq!(found.off_diagonal, [3]);
        assert_eq!(found.calibrated.iter().sum::<u64>(), 4);
    }
}
