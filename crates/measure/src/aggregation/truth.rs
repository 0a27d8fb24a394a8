//! Decided labels against the truth.

use super::{SoftLabels, VotesError};
use crate::stats::{Estimate, Sum, Z95, wilson_share};

/// How near to the largest probability a label is tied with it (as [`super::choices`]).
const TIE: f64 = 1e-12;

/// The labels that are most probable, with the share of each: one, or several that are tied.
fn most_probable(row: &[f64]) -> impl Iterator<Item = (usize, f64)> {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_best = move |x: f64| x >= most - TIE;
    let share = 1.0 / row.iter().filter(|x| is_best(**x)).count().max(1) as f64;
    let best = row.iter().enumerate().filter(move |(_, x)| is_best(**x));
    best.map(move |(label, _)| (label, share))
}

/// Probabilities of 1 for the most probable label of each item; labels that are tied share it. Cost: one pass.
pub fn decided(soft: &SoftLabels) -> SoftLabels {
    let mut p = vec![0.0; soft.p.len()];
    for (to, row) in p.chunks_exact_mut(soft.labels.max(1)).zip(soft.rows()) {
        for (label, share) in most_probable(row) {
            to[label] = share;
        }
    }
    SoftLabels {
        labels: soft.labels,
        p,
    }
}

/// Share of items whose most probable label is the true one; of labels that are tied each counts by its share, so that no
/// order of labels is better than another. The interval is Wilson's.
///
/// `truth` holds items with their true labels; a label beyond those of `soft` is one that nobody gave, and wrong.
/// None for no truth. Errors: an item that is not there. Cost: one pass over `truth`.
pub fn accuracy(soft: &SoftLabels, truth: &[(u32, u32)]) -> Result<Option<Estimate>, VotesError> {
    let items = soft.p.len() / soft.labels.max(1);
    let mut right = Sum::default();
    for &(item, label) in truth {
        if item as usize >= items {
            return Err(VotesError::BadNumber {
                what: "item of the truth",
                value: f64::from(item),
                expected: "a code below the number of items",
            });
        }
        let mut best = most_probable(soft.of(item as usize));
        if let Some((_, share)) = best.find(|(found, _)| *found == label as usize) {
            right.add(share);
        }
    }
    let n = truth.len();
    Ok((n > 0).then(|| {
        let p = (right.value() / n as f64).clamp(0.0, 1.0);
        Estimate::with(p, Some(wilson_share(p, n as f64, Z95)), n)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_by_their_share_and_unknown_labels_are_wrong() {
        let soft = SoftLabels {
            labels: 2,
            p: vec![0.9, 0.1, 0.5, 0.5, 0.2, 0.8],
        };
        let found = accuracy(&soft, &[(0, 0), (1, 1), (2, 7)]).unwrap().unwrap();
        assert_eq!((found.estimate, found.n), (0.5, 3));
        assert!(found.low < Some(0.5) && found.high > Some(0.5));
        assert_eq!(accuracy(&soft, &[]), Ok(None));
        assert!(accuracy(&soft, &[(3, 0)]).is_err());
        assert_eq!(decided(&soft).p, [1.0, 0.0, 0.5, 0.5, 0.0, 1.0]);
    }
}
