//! Strengths from annotators of different reliability.

use super::pairs::Edge;
use super::penalized::newton_sweep;
use super::{Comparisons, Pairs, Penalty, PreferenceError};
use crate::stats::logistic;
use serde::Serialize;

/// One answer: who said that which item is better than which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The annotator's code.
    pub annotator: u32,
    /// The item said to be better.
    pub winner: u32,
    /// The other.
    pub loser: u32,
}

/// How the model is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrowdOptions {
    /// Wins and losses of every item against one of strength 1.
    pub penalty: f64,
    /// Beta prior of an annotator's reliability; `[1, 1]` for none, which lets a few lucky answers reach 1.
    pub prior: [f64; 2],
    /// Iterations at most.
    pub most_iterations: usize,
}

impl Default for CrowdOptions {
    fn default() -> Self {
        Self {
            penalty: 0.5,
            prior: [9.0, 1.0],
            most_iterations: 20_000,
        }
    }
}

/// Fitted strengths and reliabilities.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crowd {
    /// Log strengths, as the penalty leaves them.
    pub theta: Vec<f64>,
    /// Probability of each annotator to answer by the strengths: 1/2 guesses, below it is turned around.
    pub eta: Vec<f64>,
    /// Negative log likelihood with penalty, without the prior.
    pub objective: f64,
    /// Per answer the probability that it was meant as the strengths have it.
    pub q: Vec<f64>,
    /// Share of answers that are flips, `1 - mean q`: the noise rate for losses that take one.
    pub flip_rate: f64,
    /// Iterations.
    pub iterations: usize,
}

/// Crowd-BT (Chen, Bennett, Collins-Thompson and Horvitz 2013): `P(i over j by k) = eta_k s(t_i - t_j) + (1 - eta_k)
/// s(t_j - t_i)`, fitted by expectation and maximization, whose likelihood never falls; it starts from equal strengths
/// and reliabilities of 0.88, the side on which most annotators are right.
///
/// Errors: [`PreferenceError`]. Cost: answers per iteration, some hundreds of iterations.
pub fn crowd(
    votes: &[Vote],
    items: usize,
    annotators: usize,
    options: CrowdOptions,
) -> Result<Crowd, PreferenceError> {
    let penalty = Penalty::VirtualItem(options.penalty);
    penalty.check()?;
    if let Some(value) = options.prior.iter().find(|p| **p < 1.0 || p.is_nan()) {
        return Err(PreferenceError::BadOption {
            name: "prior",
            value: *value,
            hint: "both parameters are 1 or more",
        });
    }
    if let Some(vote) = votes.iter().find(|v| v.annotator as usize >= annotators) {
        return Err(PreferenceError::NoSuchItem {
            item: vote.annotator,
            items: annotators,
        });
    }
    let left: Vec<u32> = votes.iter().map(|v| v.winner).collect();
    let right: Vec<u32> = votes.iter().map(|v| v.loser).collect();
    let mut pairs = Pairs::count(&Comparisons {
        items,
        left: &left,
        right: &right,
        outcomes: None,
        weights: None,
    })?;
    let slots: Vec<[usize; 2]> = votes
        .iter()
        .filter_map(|v| pairs.slots(v.winner, v.loser))
        .collect();
    let mut theta = vec![0.0; items];
    // The logistic of 2.
    let mut eta = vec![0.880_797_077_977_882_3; annotators];
    let mut q = Vec::new();
    let mut change = f64::INFINITY;
    for iteration in 1..=options.most_iterations {
        q = vote_weights(votes, &theta, &eta);
        spread(&mut pairs, &slots, &q);
        change = 0.0_f64;
        for _ in 0..3 {
            change = change.max(newton_sweep(&pairs, penalty, &mut theta));
        }
        change = change.max(reliabilities(votes, &q, options.prior, &mut eta));
        if change < 1e-11 {
            return Ok(finish(votes, theta, eta, penalty, iteration));
        }
    }
    // Reliabilities creep to the end of their range without a prior; what is left is stated, not hidden.
    if change < 1e-7 {
        return Ok(finish(votes, theta, eta, penalty, options.most_iterations));
    }
    drop(q);
    Err(PreferenceError::NotConverged {
        iterations: options.most_iterations,
        change,
    })
}

/// Probability of each answer to be meant as the strengths have it:
/// `eta s(d) / (eta s(d) + (1 - eta) s(-d))`, a weight for noise-aware training. Codes beyond the lists count as 0.
pub fn vote_weights(votes: &[Vote], theta: &[f64], eta: &[f64]) -> Vec<f64> {
    let at = |list: &[f64], code: u32| list.get(code as usize).copied().unwrap_or(0.0);
    votes
        .iter()
        .map(|v| {
            let p = logistic(at(theta, v.winner) - at(theta, v.loser));
            let own = at(eta, v.annotator);
            own * p / (own * p + (1.0 - own) * (1.0 - p))
        })
        .collect()
}

/// Deals each answer to the winner by `q` and to the loser by the rest.
fn spread(pairs: &mut Pairs, slots: &[[usize; 2]], q: &[f64]) {
    let edges = pairs.edges_mut();
    for Edge { wins, losses, .. } in edges.iter_mut() {
        (*wins, *losses) = (0.0, 0.0);
    }
    for ([own, other], q) in slots.iter().zip(q) {
        edges[*own].wins += q;
        edges[*own].losses += 1.0 - q;
        edges[*other].wins += 1.0 - q;
        edges[*other].losses += q;
    }
}

/// Mean of `q` per annotator under the prior; gives the largest change. Annotators without answers keep theirs.
fn reliabilities(votes: &[Vote], q: &[f64], prior: [f64; 2], eta: &mut [f64]) -> f64 {
    let mut sums = vec![[0.0; 2]; eta.len()];
    for (vote, q) in votes.iter().zip(q) {
        let sum = &mut sums[vote.annotator as usize];
        sum[0] += q;
        sum[1] += 1.0;
    }
    let mut change = 0.0_f64;
    for (own, [right, all]) in eta.iter_mut().zip(sums) {
        if all > 0.0 {
            let next = (right + prior[0] - 1.0) / (all + prior[0] + prior[1] - 2.0);
            change = change.max((next - *own).abs());
            *own = next;
        }
    }
    change
}

fn finish(
    votes: &[Vote],
    theta: Vec<f64>,
    eta: Vec<f64>,
    penalty: Penalty,
    iterations: usize,
) -> Crowd {
    let q = vote_weights(votes, &theta, &eta);
    let cost: f64 = votes
        .iter()
        .map(|v| {
            let p = logistic(theta[v.winner as usize] - theta[v.loser as usize]);
            let own = eta[v.annotator as usize];
            -(own * p + (1.0 - own) * (1.0 - p)).ln()
        })
        .sum();
    Crowd {
        objective: cost + penalty.cost(&theta),
        flip_rate: 1.0 - q.iter().sum::<f64>() / q.len() as f64,
        theta,
        eta,
        q,
        iterations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn reliabilities_come_back() {
        let (truth, skill) = ([1.5, 0.5, -0.5, -1.5], [0.95, 0.8, 0.5, 0.2]);
        let mut random = SplitMix::new(1);
        let mut votes = Vec::new();
        for _ in 0..4000 {
            let a = random.below(4);
            let b = (a + 1 + random.below(3)) % 4;
            let who = random.below(4);
            let p = logistic(truth[a] - truth[b]);
            let is_right = (random.unit() < p) == (random.unit() < skill[who]);
            let (winner, loser) = if is_right { (a, b) } else { (b, a) };
            let code = |x: usize| u32::try_from(x).unwrap();
            votes.push(Vote {
                annotator: code(who),
                winner: code(winner),
                loser: code(loser),
            });
        }
        let found = crowd(&votes, 4, 4, CrowdOptions::default()).unwrap();
        for (a, b) in found.eta.iter().zip(skill) {
            assert!((a - b).abs() < 0.06, "{:?}", found.eta);
        }
        assert!(found.theta.windows(2).all(|w| w[0] > w[1]));
        assert!(found.flip_rate > 0.2 && found.flip_rate < 0.6);
        assert!(crowd(&votes, 4, 3, CrowdOptions::default()).is_err());
    }
}
