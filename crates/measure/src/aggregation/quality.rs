//! How good each annotator is, with how sure that is.

use super::{SoftLabels, Votes, VotesError, choices, soft_labels};
use crate::stats::{Estimate, Interval, Z95, wilson_share};

/// How good an annotator is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnnotatorQuality {
    /// Chance of a vote to be right; the interval is Wilson's, on the annotator's votes.
    pub accuracy: Estimate,
    /// Chance of being right that is left when guessing by the shares of labels is taken off (as kappa does); none
    /// where guessing is always right.
    pub above_chance: Option<f64>,
}

/// Accuracy of each annotator where the label of each item is known with probability `soft`: the mean probability of the
/// labels given, over items with a vote.
///
/// The interval treats votes as independent and `soft` as right; with probabilities from the same votes
/// ([`super::dawid_skene`]) it is a little too narrow, most for annotators who decide many items alone.
/// None for annotators without votes. Errors: probabilities that do not fit. Cost: one pass.
pub fn annotator_quality(
    votes: &Votes,
    soft: &SoftLabels,
) -> Result<Vec<Option<AnnotatorQuality>>, VotesError> {
    let k = votes.labels();
    if soft.labels != k || soft.p.len() != votes.items() * k {
        let (found, expected) = (soft.p.len(), votes.items() * k);
        return Err(VotesError::Length {
            what: "probabilities",
            found,
            expected,
        });
    }
    let mut sums = vec![(0.0, 0_usize); votes.annotators()];
    let mut given = vec![0.0; votes.annotators() * k];
    let mut true_share = vec![0.0; votes.annotators() * k];
    for ((annotators, labels), row) in votes.iter().zip(soft.rows()) {
        for (&w, &y) in annotators.iter().zip(labels) {
            let (w, y) = (w as usize, y as usize);
            sums[w].0 += row[y];
            sums[w].1 += 1;
            given[w * k + y] += 1.0;
            let shares = true_share[w * k..(w + 1) * k].iter_mut();
            shares.zip(row).for_each(|(to, x)| *to += x);
        }
    }
    let one = |w: usize| {
        let (right, n) = sums[w];
        (n > 0).then(|| {
            let count = n as f64;
            let p = (right / count).clamp(0.0, 1.0);
            let of = w * k..(w + 1) * k;
            let pairs = given[of.clone()].iter().zip(&true_share[of]);
            let chance: f64 = pairs.map(|(a, b)| a * b / (count * count)).sum();
            let interval: Interval = wilson_share(p, count, Z95);
            AnnotatorQuality {
                accuracy: Estimate::with(p, Some(interval), n),
                above_chance: (chance < 1.0).then(|| (p - chance) / (1.0 - chance)),
            }
        })
    };
    Ok((0..votes.annotators()).map(one).collect())
}

/// Share of each annotator's votes that equal the majority vote (ties to the lowest code): what crowd-kit calls Wawa.
///
/// The annotator's own vote is in the majority, so it is too high where few vote. Cost: two passes.
pub fn agreement_with_majority(votes: &Votes) -> Result<Vec<Option<Estimate>>, VotesError> {
    let chosen = choices(&soft_labels(votes, 0.0)?);
    let k = votes.labels();
    let mut p = vec![0.0; votes.items() * k];
    for (row, choice) in p.chunks_exact_mut(k).zip(chosen) {
        row[choice.label as usize] = 1.0;
    }
    let found = annotator_quality(votes, &SoftLabels { labels: k, p })?;
    Ok(found.into_iter().map(|q| q.map(|q| q.accuracy)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn intervals_cover_the_true_accuracy() {
        let mut random = SplitMix::new(3);
        let mut covered = 0;
        for _ in 0..300 {
            let items: Vec<u32> = (0..60).collect();
            let labels: Vec<u32> = items
                .iter()
                .map(|_| u32::from(random.unit() > 0.8))
                .collect();
            let votes = Votes::from_rows(&items, &[0; 60], &labels)
                .unwrap()
                .with_labels(2);
            let p = items.iter().flat_map(|_| [1.0, 0.0]).collect();
            let found = annotator_quality(&votes, &SoftLabels { labels: 2, p }).unwrap();
            let accuracy = found[0].unwrap().accuracy;
            covered += usize::from(accuracy.low <= Some(0.8) && Some(0.8) <= accuracy.high);
        }
        assert!((276..=296).contains(&covered), "{covered} of 300");
    }

    #[test]
    fn who_always_says_the_same_is_not_above_chance() {
        let votes = Votes::from_rows(&[0, 1, 2, 3], &[0; 4], &[0; 4])
            .unwrap()
            .with_labels(2);
        let p = vec![1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let found = annotator_quality(&votes, &SoftLabels { labels: 2, p }).unwrap();
        let quality = found[0].unwrap();
        assert_eq!(quality.accuracy.estimate, 0.75);
        assert_eq!(quality.above_chance, Some(0.0));
    }
}
