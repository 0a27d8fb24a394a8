//! Who answers and who only clicks.

use super::dawid_skene::normalize_logs;
use super::{SoftLabels, Votes, VotesError};
use crate::stats::{SplitMix, Sum, digamma};
use serde::{Deserialize, Serialize};

/// How parameters are made from counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spamming {
    /// Shares, with `0.01 / K` added to each count.
    Em,
    /// Variational Bayes: Beta(0.5, 0.5) for spamming, Dirichlet(10) for what spammers answer.
    Vb,
}

/// How [`mace`] runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaceOptions {
    /// How parameters are made from counts.
    pub method: Spamming,
    /// Rounds.
    pub iterations: usize,
    /// Starts, each from other numbers; the one with the largest likelihood is kept.
    pub restarts: usize,
    /// Seed of the first start.
    pub seed: u64,
}

impl Default for MaceOptions {
    fn default() -> Self {
        Self {
            method: Spamming::Vb,
            iterations: 50,
            restarts: 10,
            seed: 0,
        }
    }
}

/// Where a run starts.
#[derive(Clone, Debug, PartialEq)]
pub struct MaceStart {
    /// Chance to spam and chance to answer, for each annotator.
    pub spamming: Vec<[f64; 2]>,
    /// What each annotator answers when spamming, `annotators * labels`.
    pub strategies: Vec<f64>,
}

/// Result of [`mace`].
#[derive(Clone, Debug, PartialEq)]
pub struct Mace {
    /// Probability of each label of each item.
    pub soft: SoftLabels,
    /// Chance to spam and chance to answer, for each annotator; they sum to 1 except with variational Bayes.
    pub spamming: Vec<[f64; 2]>,
    /// What each annotator answers when spamming, `annotators * labels`.
    pub strategies: Vec<f64>,
    /// Logarithm of the likelihood of all votes, nats; for variational Bayes not normalized.
    pub log_likelihood: f64,
}

/// Expected counts of a round.
struct Counts {
    spamming: Vec<[f64; 2]>,
    strategies: Vec<f64>,
}

/// Probabilities of labels, expected counts, and the logarithm of the likelihood.
fn expect(votes: &Votes, at: &MaceStart, p: &mut [f64]) -> (Counts, f64) {
    let k = votes.labels();
    let mut counts = Counts {
        spamming: vec![[0.0; 2]; votes.annotators()],
        strategies: vec![0.0; votes.annotators() * k],
    };
    let mut likelihood = Sum::default();
    for ((annotators, labels), row) in votes.iter().zip(p.chunks_exact_mut(k)) {
        row.fill(-(k as f64).ln());
        let mut common = 0.0;
        for (&w, &y) in annotators.iter().zip(labels) {
            let (w, y) = (w as usize, y as usize);
            let spam = at.spamming[w][0] * at.strategies[w * k + y];
            let ln_spam = spam.max(f64::MIN_POSITIVE).ln();
            common += ln_spam;
            row[y] += (spam + at.spamming[w][1]).max(f64::MIN_POSITIVE).ln() - ln_spam;
        }
        let term = normalize_logs(row);
        if labels.is_empty() {
            continue;
        }
        likelihood.add(term + common);
        for (&w, &y) in annotators.iter().zip(labels) {
            let (w, y) = (w as usize, y as usize);
            let spam = at.spamming[w][0] * at.strategies[w * k + y];
            let either = (spam + at.spamming[w][1]).max(f64::MIN_POSITIVE);
            let knew = row[y] * at.spamming[w][1] / either;
            let clicked = (1.0 - row[y]) + row[y] * spam / either;
            counts.strategies[w * k + y] += clicked;
            counts.spamming[w][0] += clicked;
            counts.spamming[w][1] += knew;
        }
    }
    (counts, likelihood.value())
}

/// `exp` of digamma; 0 below where it would be.
fn exp_digamma(x: f64) -> f64 {
    digamma(x).map_or(0.0, f64::exp)
}

fn shares(row: &mut [f64], method: Spamming, smoothing: f64, prior: f64) {
    let add = match method {
        Spamming::Em => smoothing,
        Spamming::Vb => prior,
    };
    for x in row.iter_mut() {
        *x += add;
    }
    let total: f64 = row.iter().sum();
    for x in row {
        *x = match method {
            Spamming::Em => *x / total,
            Spamming::Vb => exp_digamma(*x) / exp_digamma(total),
        };
    }
}

/// One run of [`mace`] from a given start.
///
/// Errors: a single label, a start of another size. Cost: per round about ten operations and two logarithms per vote.
pub fn mace_from(
    votes: &Votes,
    start: MaceStart,
    method: Spamming,
    iterations: usize,
) -> Result<Mace, VotesError> {
    let k = votes.labels();
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    for (what, found, expected) in [
        ("spamming", start.spamming.len(), votes.annotators()),
        ("strategies", start.strategies.len(), votes.annotators() * k),
    ] {
        if found != expected {
            return Err(VotesError::Length {
                what,
                found,
                expected,
            });
        }
    }
    let mut at = start;
    let mut p = vec![0.0; votes.items() * k];
    let (mut counts, mut log_likelihood) = expect(votes, &at, &mut p);
    let smoothing = 0.01 / k as f64;
    for _ in 0..iterations {
        for pair in &mut counts.spamming {
            shares(pair, method, smoothing, 0.5);
        }
        for row in counts.strategies.chunks_exact_mut(k) {
            shares(row, method, smoothing, 10.0);
        }
        at = MaceStart {
            spamming: counts.spamming,
            strategies: counts.strategies,
        };
        (counts, log_likelihood) = expect(votes, &at, &mut p);
    }
    Ok(Mace {
        soft: SoftLabels { labels: k, p },
        spamming: at.spamming,
        strategies: at.strategies,
        log_likelihood,
    })
}

/// MACE (Hovy et al. 2013): an annotator knows the label, or spams with a strategy of their own.
///
/// Runs from several random starts (uniform in 1 to 2.5, normalized) and keeps the best. Errors: a single label.
/// Cost: `restarts * iterations` rounds, see [`mace_from`]. crowd-kit 1.4.2 numbers workers and labels by first appearance
/// but reads sorted tables, so its rows are permuted unless the data happen to be sorted, and starts all restarts alike;
/// this one does neither.
pub fn mace(votes: &Votes, options: MaceOptions) -> Result<Mace, VotesError> {
    let k = votes.labels();
    let mut random = SplitMix::new(options.seed);
    let mut best: Option<Mace> = None;
    for _ in 0..options.restarts.max(1) {
        let mut draw = |row: &mut [f64]| {
            row.fill_with(|| 1.0 + 1.5 * random.unit());
            let total: f64 = row.iter().sum();
            for x in row.iter_mut() {
                *x /= total;
            }
        };
        let mut start = MaceStart {
            spamming: vec![[0.0; 2]; votes.annotators()],
            strategies: vec![0.0; votes.annotators() * k],
        };
        start.spamming.iter_mut().for_each(|pair| draw(pair));
        start.strategies.chunks_exact_mut(k).for_each(&mut draw);
        let found = mace_from(votes, start, options.method, options.iterations)?;
        let is_better = best
            .as_ref()
            .is_none_or(|best| found.log_likelihood > best.log_likelihood);
        if is_better {
            best = Some(found);
        }
    }
    best.ok_or(VotesError::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregation::choices;

    #[test]
    fn a_spammer_is_found_in_any_order_of_names() {
        // Annotators 1 and 2 know, annotator 0 always clicks 2.
        let (mut items, mut annotators, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..30_u32 {
            for annotator in 0..3_u32 {
                items.push(item);
                annotators.push(annotator);
                labels.push(if annotator == 0 { 2 } else { item % 3 });
            }
        }
        let votes = Votes::from_rows(&items, &annotators, &labels).unwrap();
        for method in [Spamming::Em, Spamming::Vb] {
            let found = mace(
                &votes,
                MaceOptions {
                    method,
                    ..MaceOptions::default()
                },
            )
            .unwrap();
            assert!(found.spamming[0][0] > 0.8, "{:?}", found.spamming);
            assert!(found.spamming[1][0] < 0.2, "{:?}", found.spamming);
            assert!(found.strategies[2] > found.strategies[0]);
            let chosen = choices(&found.soft);
            assert!(
                chosen
                    .iter()
                    .enumerate()
                    .all(|(i, c)| c.label as usize == i % 3)
            );
        }
    }
}
