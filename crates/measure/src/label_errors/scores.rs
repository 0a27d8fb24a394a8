//! How well each label goes with the model.

use super::confident::Predictions;
use serde::{Deserialize, Serialize};

/// What a label's score is; the lower the more suspicious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Probability of the label.
    #[default]
    SelfConfidence,
    /// `(p_label - largest other + 1) / 2`.
    NormalizedMargin,
    /// `ln(e + 1) / e` with `e` the entropy over that of a uniform distribution, over the probability of the label.
    ConfidenceWeightedEntropy,
}

/// Probabilities are raised to this before they divide (cleanlab 2.9.0).
const LEAST: f64 = 1e-6;

/// Score of each label, 0 to 1. Cost: one pass. Source: cleanlab 2.9.0 `rank`.
pub fn label_scores(predictions: &Predictions, score: Score) -> Vec<f64> {
    let of = |(y, row): (usize, &[f64])| match score {
        Score::SelfConfidence => row[y],
        Score::NormalizedMargin => {
            let others = row.iter().enumerate().filter(|(j, _)| *j != y);
            let most = others.map(|(_, x)| *x).fold(f64::NEG_INFINITY, f64::max);
            0.5 * (row[y] - most + 1.0)
        }
        Score::ConfidenceWeightedEntropy => {
            let entropy = crate::stats::entropy(row) / (row.len() as f64).ln();
            let e = entropy / row[y].max(LEAST);
            // Towards 1 for a certain label; cleanlab 2.9.0 gives 0 there, its worst score.
            if e > 0.0 { e.ln_1p() / e } else { 1.0 }
        }
    };
    predictions.rows().map(of).collect()
}

/// Probabilities with each class's threshold taken off and rows made to sum to 1 again: classes the model is always unsure
/// of are no longer more suspicious than others.
///
/// `thresholds` are those of [`super::confident_joint`]. Cost: one pass. Source: cleanlab 2.9.0.
pub fn adjusted(predictions: &Predictions, thresholds: &[f64]) -> Vec<f64> {
    let most = thresholds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut out = Vec::with_capacity(predictions.p.len());
    for (_, row) in predictions.rows() {
        let moved = || row.iter().zip(thresholds).map(|(x, t)| x - t + most);
        let sum: f64 = moved().sum();
        out.extend(moved().map(|x| x / sum));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_by_hand() {
        let p = [0.7, 0.2, 0.1, 1.0, 0.0, 0.0];
        let predictions = Predictions::new(3, &p, &[0, 0]).unwrap();
        let of = |score| label_scores(&predictions, score);
        assert_eq!(of(Score::SelfConfidence), [0.7, 1.0]);
        assert!((of(Score::NormalizedMargin)[0] - 0.75).abs() < 1e-15);
        let found = of(Score::ConfidenceWeightedEntropy);
        assert!(found[0] < 1.0 && found[1] == 1.0);
    }
}
