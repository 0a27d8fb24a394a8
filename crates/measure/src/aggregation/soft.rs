//! Shares of votes, and what they decide.

use super::{Votes, VotesError};
use crate::stats::entropy;
use serde::Serialize;

/// One probability per item and label, item after item.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftLabels {
    /// Number of labels, at least 1.
    pub labels: usize,
    /// Probabilities, `items * labels`; a row sums to 1, or is uniform for an item without votes.
    pub p: Vec<f64>,
}

/// What the probabilities of one item decide.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// The most probable label; of equals the one with the lowest code.
    pub label: u32,
    /// Its probability.
    pub probability: f64,
    /// Whether another label is as probable, to 1e-12.
    pub is_tied: bool,
    /// Entropy of the probabilities, nats.
    pub entropy: f64,
}

impl SoftLabels {
    /// Probabilities of an item.
    pub fn of(&self, item: usize) -> &[f64] {
        &self.p[item * self.labels..(item + 1) * self.labels]
    }

    /// What the probabilities of an item decide.
    pub fn choice(&self, item: usize) -> Choice {
        choice(self.of(item))
    }

    /// Probabilities of every item in turn.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.p.chunks_exact(self.labels.max(1))
    }
}

/// Shares of votes: `(n_k + pseudo) / (n + K pseudo)`; uniform for items without votes.
///
/// With `pseudo` 0 it is the majority vote's distribution. Errors: a `pseudo` that is negative or not finite.
/// Cost: one pass.
pub fn soft_labels(votes: &Votes, pseudo: f64) -> Result<SoftLabels, VotesError> {
    if !(pseudo >= 0.0 && pseudo.is_finite()) {
        return Err(VotesError::BadNumber {
            what: "pseudo",
            value: pseudo,
            expected: "a count that is not negative",
        });
    }
    let k = votes.labels();
    let mut p = vec![0.0; votes.items() * k];
    for (row, (_, labels)) in p.chunks_exact_mut(k).zip(votes.iter()) {
        for &label in labels {
            row[label as usize] += 1.0;
        }
        let total = labels.len() as f64 + pseudo * k as f64;
        for x in row.iter_mut() {
            *x = if total > 0.0 {
                (*x + pseudo) / total
            } else {
                1.0 / k as f64
            };
        }
    }
    Ok(SoftLabels { labels: k, p })
}

/// What the probabilities of each item decide. Cost: one pass.
pub fn choices(soft: &SoftLabels) -> Vec<Choice> {
    soft.rows().map(choice).collect()
}

pub(super) fn choice(p: &[f64]) -> Choice {
    let (mut label, mut probability) = (0, f64::NEG_INFINITY);
    for (code, &x) in (0_u32..).zip(p) {
        // Sums of the same shares in another order differ in the last bits.
        if x > probability + 1e-12 {
            (label, probability) = (code, x);
        }
    }
    let ties = p.iter().filter(|x| **x >= probability - 1e-12).count();
    Choice {
        label,
        probability,
        is_tied: ties > 1,
        entropy: entropy(p),
    }
}

/// Every vote as a training example of its own: rounds of one vote per item, annotators in turn, so that an item with
/// `n` votes is seen `n` times (multipass training, arXiv 2605.20642).
///
/// Returns rounds of (item, label); an item without a vote left is not in a round. Cost: one pass.
pub fn multipass(votes: &Votes) -> Vec<Vec<(u32, u32)>> {
    let most = votes
        .iter()
        .map(|(_, labels)| labels.len())
        .max()
        .unwrap_or(0);
    let round = |at: usize| {
        let items = (0_u32..).zip(votes.iter());
        items
            .filter_map(|(item, (_, labels))| Some((item, *labels.get(at)?)))
            .collect()
    };
    (0..most).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes() -> Votes {
        Votes::from_rows(&[0, 0, 0, 1, 1], &[0, 1, 2, 0, 1], &[1, 1, 0, 0, 2]).unwrap()
    }

    #[test]
    fn shares_and_choices_by_hand() {
        let soft = soft_labels(&votes(), 0.0).unwrap();
        assert_eq!(soft.of(1), [0.5, 0.0, 0.5]);
        let found = choices(&soft);
        assert_eq!((found[0].label, found[0].is_tied), (1, false));
        assert_eq!((found[1].label, found[1].is_tied), (0, true));
        assert!((found[1].entropy - 2.0_f64.ln()).abs() < 1e-15);
        let smooth = soft_labels(&votes(), 1.0).unwrap();
        assert_eq!(smooth.of(1), [0.4, 0.2, 0.4]);
        assert!(soft_labels(&votes(), -1.0).is_err());
    }

    #[test]
    fn every_vote_is_in_one_round() {
        let rounds = multipass(&votes());
        assert_eq!(
            rounds,
            [vec![(0, 1), (1, 0)], vec![(0, 1), (1, 2)], vec![(0, 0)]]
        );
    }
}
