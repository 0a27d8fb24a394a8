//! Labels and confusion of annotators together, by expectation maximization.

use super::soft::soft_labels;
use super::{SoftLabels, Votes, VotesError};
use crate::stats::Sum;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Smallest count or probability that is kept, so that no logarithm is infinite (crowd-kit 1.4.2).
pub(super) const LEAST: f64 = 1e-10;

/// `exp` of less than this is below the rounding of what it is added to, even summed over 1e8 items.
const NEGLIGIBLE: f64 = -60.0;

/// When expectation maximization stops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmOptions {
    /// Rounds at most.
    pub iterations: usize,
    /// Gain of the bound per vote, nats, below which it stops; below 0 it runs all rounds.
    pub tolerance: f64,
}

impl Default for EmOptions {
    fn default() -> Self {
        Self {
            iterations: 100,
            tolerance: 1e-5,
        }
    }
}

/// What is known beforehand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Items and their true labels; they stay as they are in every round.
    pub gold: &'a [(u32, u32)],
    /// What annotators did before, as counts, `annotators * labels * labels` in the order annotator, label given, true
    /// label; empty for none. They count in every round (crowd-kit 1.4.2 forgets its `initial_error` after the first).
    pub pseudo_counts: &'a [f64],
}

/// Result of [`dawid_skene`].
#[derive(Clone, Debug, PartialEq)]
pub struct DawidSkene {
    /// Probability of each label of each item.
    pub soft: SoftLabels,
    /// Share of each label among items.
    pub priors: Vec<f64>,
    /// Chance that an annotator gives a label, in the order annotator, label given, true label; 0 for labels an annotator
    /// never gave.
    pub errors: Vec<f64>,
    /// The bound before each round's update, nats: the logarithm of the likelihood of all votes, which never falls.
    pub elbo: Vec<f64>,
    /// Whether it stopped because of the tolerance.
    pub is_converged: bool,
}

/// Fixes the probabilities of items whose label is known.
fn apply_gold(p: &mut [f64], k: usize, gold: &[(u32, u32)]) {
    for &(item, label) in gold {
        let row = &mut p[item as usize * k..(item as usize + 1) * k];
        row.fill(0.0);
        row[label as usize] = 1.0;
    }
}

pub(super) fn check_gold(votes: &Votes, gold: &[(u32, u32)]) -> Result<(), VotesError> {
    for &(item, label) in gold {
        for (what, code, size) in [
            ("item of gold", item, votes.items()),
            ("label of gold", label, votes.labels()),
        ] {
            if code as usize >= size {
                return Err(VotesError::BadNumber {
                    what,
                    value: f64::from(code),
                    expected: "a code below the number of items or labels",
                });
            }
        }
    }
    Ok(())
}

/// Probabilities, from logarithms up to a constant; returns the logarithm of their sum.
pub(super) fn normalize_logs(logs: &mut [f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for x in logs.iter_mut() {
        let d = *x - most;
        *x = if d > NEGLIGIBLE { d.exp() } else { 0.0 };
        sum += *x;
    }
    let scale = 1.0 / sum;
    for x in logs.iter_mut() {
        *x *= scale;
    }
    most + sum.ln()
}

struct Em<'a> {
    votes: &'a Votes,
    gold_of: Vec<u32>,
    p: Vec<f64>,
    /// Counts while they are gathered, error shares after the maximization, logarithms for the expectation.
    counts: Vec<f64>,
    logs: Vec<f64>,
    priors: Vec<f64>,
    is_given: Vec<bool>,
    voted_items: usize,
}

const NO_GOLD: u32 = u32::MAX;

impl Em<'_> {
    fn clear(&mut self, pseudo: &[f64]) {
        if pseudo.is_empty() {
            self.counts.fill(0.0);
        } else {
            self.counts.copy_from_slice(pseudo);
        }
        self.priors.fill(0.0);
    }

    /// Shares from counts: over the labels each annotator gave, for every true label.
    fn maximize(&mut self) {
        let k = self.votes.labels();
        let mut totals = vec![0.0; k];
        for (block, given) in self
            .counts
            .chunks_exact_mut(k * k)
            .zip(self.is_given.chunks_exact(k))
        {
            totals.fill(0.0);
            for (row, _) in block.chunks_exact_mut(k).zip(given).filter(|(_, g)| **g) {
                for (x, total) in row.iter_mut().zip(&mut totals) {
                    *x = x.max(LEAST);
                    *total += *x;
                }
            }
            for (row, &is_given) in block.chunks_exact_mut(k).zip(given) {
                for (x, total) in row.iter_mut().zip(&totals) {
                    *x = if is_given { *x / total } else { 0.0 };
                }
            }
        }
        let scale = 1.0 / self.voted_items as f64;
        self.priors.iter_mut().for_each(|x| *x *= scale);
    }

    /// One round: probabilities from the shares, counts for the next shares, and the logarithm of the likelihood.
    fn round(&mut self, pseudo: &[f64]) -> f64 {
        for (to, x) in self.logs.iter_mut().zip(&self.counts) {
            *to = if *x > 0.0 { x.ln() } else { 0.0 };
        }
        let log_priors: Vec<f64> = self.priors.iter().map(|x| x.max(LEAST).ln()).collect();
        let (votes, logs, gold_of) = (self.votes, &self.logs, &self.gold_of);
        let expect = |item: usize, row: &mut [f64]| -> f64 {
            let k = row.len();
            let (annotators, labels) = votes.of(item);
            row.copy_from_slice(&log_priors);
            for (&w, &y) in annotators.iter().zip(labels) {
                let at = (w as usize * k + y as usize) * k;
                for (to, x) in row.iter_mut().zip(&logs[at..at + k]) {
                    *to += x;
                }
            }
            let gold = gold_of.get(item).copied().unwrap_or(NO_GOLD);
            if gold == NO_GOLD {
                return normalize_logs(row);
            }
            let joint = row[gold as usize];
            row.fill(0.0);
            row[gold as usize] = 1.0;
            joint
        };
        let parts = gathered(votes, &mut self.p, expect);
        self.take(pseudo, &parts);
        parts.iter().map(|part| part.likelihood).sum()
    }

    /// Shares from what the parts counted.
    fn take(&mut self, pseudo: &[f64], parts: &[Part]) {
        self.clear(pseudo);
        let add = |to: &mut [f64], from: &[f64]| {
            for (to, x) in to.iter_mut().zip(from) {
                *to += x;
            }
        };
        for part in parts {
            add(&mut self.counts, &part.counts);
            add(&mut self.priors, &part.priors);
        }
        self.maximize();
    }
}

/// Items that are counted together; how many depends on the votes alone, so that the sums do not depend on threads.
struct Part {
    counts: Vec<f64>,
    priors: Vec<f64>,
    likelihood: f64,
}

/// Parts of a large table.
const PARTS: usize = 8;
/// Votes below which a table is one part.
const SMALL: usize = 20_000;

/// Makes the probabilities of every item by `expect`, which gives a term of the likelihood, and counts them.
fn gathered(
    votes: &Votes,
    p: &mut [f64],
    expect: impl Fn(usize, &mut [f64]) -> f64 + Sync,
) -> Vec<Part> {
    let k = votes.labels();
    let parts = if votes.len() < SMALL { 1 } else { PARTS };
    let items = votes.items().div_ceil(parts).max(1);
    let part = |(at, rows): (usize, &mut [f64])| {
        let mut part = Part {
            counts: vec![0.0; votes.annotators() * k * k],
            priors: vec![0.0; k],
            likelihood: 0.0,
        };
        let mut likelihood = Sum::default();
        for (item, row) in (at * items..).zip(rows.chunks_exact_mut(k)) {
            let term = expect(item, row);
            let (annotators, labels) = votes.of(item);
            for (&w, &y) in annotators.iter().zip(labels) {
                let at = (w as usize * k + y as usize) * k;
                for (to, x) in part.counts[at..at + k].iter_mut().zip(row.iter()) {
                    *to += x;
                }
            }
            if !labels.is_empty() {
                likelihood.add(term);
                for (to, x) in part.priors.iter_mut().zip(row.iter()) {
                    *to += x;
                }
            }
        }
        part.likelihood = likelihood.value();
        part
    };
    p.par_chunks_mut(items * k).enumerate().map(part).collect()
}

/// Dawid and Skene 1979: the label of each item and the confusion of each annotator, each from the other.
///
/// Starts from the shares of votes. Each round makes probabilities from shares (`prior_c prod e_w[y|c]`), then priors
/// and shares from probabilities, counts below 1e-10 raised to it. Items without votes get the priors.
/// Errors: a single label, gold or pseudo-counts that do not fit. Cost: per round `votes * labels` additions and
/// `items * labels` exponentials, on all cores; memory `(items + 10 annotators * labels) * labels` numbers.
/// Source: the paper, eq. 2.3 to 2.5; same numbers as crowd-kit 1.4.2 after equally many rounds (its stopping rule rests
/// on a bound that counts the prior once per vote; this one is the likelihood itself).
pub fn dawid_skene(
    votes: &Votes,
    known: Known,
    options: EmOptions,
) -> Result<DawidSkene, VotesError> {
    let k = votes.labels();
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    check_gold(votes, known.gold)?;
    let cells = votes.annotators() * k * k;
    if !known.pseudo_counts.is_empty() && known.pseudo_counts.len() != cells {
        return Err(VotesError::Length {
            what: "pseudo-counts",
            found: known.pseudo_counts.len(),
            expected: cells,
        });
    }
    if let Some(&value) = known
        .pseudo_counts
        .iter()
        .find(|x| !(**x >= 0.0 && x.is_finite()))
    {
        return Err(VotesError::BadNumber {
            what: "pseudo-count",
            value,
            expected: "a count that is not negative",
        });
    }
    let mut em = start(votes, known)?;
    let (mut elbo, mut is_converged) = (Vec::new(), false);
    for _ in 0..options.iterations {
        let found = em.round(known.pseudo_counts);
        let gain = elbo.last().map(|before| found - before);
        elbo.push(found);
        if gain.is_some_and(|gain| gain < options.tolerance * votes.len() as f64) {
            is_converged = true;
            break;
        }
    }
    Ok(DawidSkene {
        soft: SoftLabels { labels: k, p: em.p },
        priors: em.priors,
        errors: em.counts,
        elbo,
        is_converged,
    })
}

fn start<'a>(votes: &'a Votes, known: Known) -> Result<Em<'a>, VotesError> {
    let k = votes.labels();
    let cells = votes.annotators() * k * k;
    let mut gold_of = Vec::new();
    if !known.gold.is_empty() {
        gold_of.resize(votes.items(), NO_GOLD);
        for &(item, label) in known.gold {
            gold_of[item as usize] = label;
        }
    }
    let mut is_given = vec![false; votes.annotators() * k];
    for (annotators, labels) in votes.iter() {
        for (&w, &y) in annotators.iter().zip(labels) {
            is_given[w as usize * k + y as usize] = true;
        }
    }
    // What was counted before makes a label one that the annotator gives.
    for (is_given, row) in is_given.iter_mut().zip(known.pseudo_counts.chunks_exact(k)) {
        *is_given |= row.iter().any(|x| *x > 0.0);
    }
    let mut p = soft_labels(votes, 0.0)?.p;
    apply_gold(&mut p, k, known.gold);
    let mut em = Em {
        votes,
        gold_of,
        p,
        counts: vec![0.0; cells],
        logs: vec![0.0; cells],
        priors: vec![0.0; k],
        is_given,
        voted_items: votes
            .iter()
            .filter(|(_, labels)| !labels.is_empty())
            .count(),
    };
    let parts = gathered(votes, &mut em.p, |_, _| 0.0);
    em.take(known.pseudo_counts, &parts);
    Ok(em)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::choices;
    use crate::stats::SplitMix;

    /// Items with a true label and annotators who are right with the given chances.
    pub(crate) fn crowd(items: u32, skills: &[f64], k: u32, seed: u64) -> (Votes, Vec<u32>) {
        let mut random = SplitMix::new(seed);
        let (mut rows, mut truth) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
        for item in 0..items {
            let label = u32::try_from(random.below(k as usize)).unwrap();
            truth.push(label);
            for (annotator, skill) in (0_u32..).zip(skills) {
                let other = 1 + u32::try_from(random.below(k as usize - 1)).unwrap();
                let vote = if random.unit() < *skill {
                    label
                } else {
                    (label + other) % k
                };
                rows[0].push(item);
                rows[1].push(annotator);
                rows[2].push(vote);
            }
        }
        (
            Votes::from_rows(&rows[0], &rows[1], &rows[2]).unwrap(),
            truth,
        )
    }

    #[test]
    fn the_bound_never_falls_and_beats_the_majority() {
        let (votes, truth) = crowd(400, &[0.9, 0.85, 0.45, 0.4, 0.35], 3, 3);
        let options = EmOptions {
            iterations: 60,
            tolerance: -1.0,
        };
        let found = dawid_skene(&votes, Known::default(), options).unwrap();
        for pair in found.elbo.windows(2) {
            assert!(pair[1] >= pair[0] - 1e-7, "{pair:?}");
        }
        let right = |soft: &SoftLabels| {
            let chosen = choices(soft);
            chosen
                .iter()
                .zip(&truth)
                .filter(|(c, t)| c.label == **t)
                .count()
        };
        let majority = right(&soft_labels(&votes, 0.0).unwrap());
        let ours = right(&found.soft);
        assert!(ours > majority + 10, "{ours} against {majority}");
        let total: f64 = found.priors.iter().sum();
        assert!((total - 1.0).abs() < 1e-12);
    }

    #[test]
    fn pseudo_counts_and_gold_are_heard() {
        // Two annotators who always contradict each other: only what is known before can tell who is right.
        let votes = Votes::from_rows(&[0, 0, 1, 1], &[0, 1, 0, 1], &[0, 1, 1, 0]).unwrap();
        let good = [9.0, 1.0, 1.0, 9.0];
        let bad = [5.0; 4];
        let history: Vec<f64> = good.iter().chain(&bad).copied().collect();
        let known = Known {
            pseudo_counts: &history,
            ..Known::default()
        };
        let found = dawid_skene(&votes, known, EmOptions::default()).unwrap();
        let chosen: Vec<u32> = choices(&found.soft).iter().map(|c| c.label).collect();
        assert_eq!(chosen, [0, 1]);
        let known = Known {
            gold: &[(0, 1)],
            ..Known::default()
        };
        let found = dawid_skene(&votes, known, EmOptions::default()).unwrap();
        assert_eq!(found.soft.of(0), [0.0, 1.0]);
        let known = Known {
            gold: &[(0, 7)],
            ..Known::default()
        };
        assert!(dawid_skene(&votes, known, EmOptions::default()).is_err());
        let one = Votes::from_rows(&[0, 1], &[0, 0], &[0, 0]).unwrap();
        assert!(dawid_skene(&one, Known::default(), EmOptions::default()).is_err());
    }

    #[test]
    fn the_order_of_rows_changes_nothing() {
        let (votes, _) = crowd(60, &[0.8, 0.7, 0.6], 3, 5);
        let mut rows = [Vec::new(), Vec::new(), Vec::new()];
        for (item, (annotators, labels)) in (0_u32..).zip(votes.iter()) {
            for (w, y) in annotators.iter().zip(labels) {
                rows[0].insert(0, item);
                rows[1].insert(0, *w);
                rows[2].insert(0, *y);
            }
        }
        let again = Votes::from_rows(&rows[0], &rows[1], &rows[2]).unwrap();
        assert_eq!(again, votes);
    }
}
