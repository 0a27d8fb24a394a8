//! Ability of annotators and difficulty of items.

use super::dawid_skene::normalize_logs;
use super::soft::soft_labels;
use super::{Grouped, SoftLabels, Votes, VotesError};
use crate::stats::{Sum, logistic, soft_plus};
use serde::{Deserialize, Serialize};

/// How [`glad`] runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GladOptions {
    /// Rounds at most.
    pub iterations: usize,
    /// Stops when no ability, difficulty or probability changes by more than this.
    pub tolerance: f64,
}

impl Default for GladOptions {
    fn default() -> Self {
        Self {
            iterations: 2000,
            tolerance: 1e-8,
        }
    }
}

/// Result of [`glad`].
#[derive(Clone, Debug, PartialEq)]
pub struct Glad {
    /// Probability of each label of each item.
    pub soft: SoftLabels,
    /// Ability of each annotator: 0 guesses, below 0 is contrary.
    pub abilities: Vec<f64>,
    /// Logarithm of the inverse difficulty of each item: above 0 is easy.
    pub log_ease: Vec<f64>,
    /// The bound with the priors of abilities and difficulties, before each round's update, nats.
    pub elbo: Vec<f64>,
    /// Whether it stopped because of the tolerance.
    pub is_converged: bool,
}

/// A step of Newton's method, at most 1 long; `information` is positive.
fn step(gradient: f64, information: f64) -> f64 {
    (gradient / information).clamp(-1.0, 1.0)
}

struct Em<'a> {
    votes: &'a Votes,
    grouped: Grouped,
    p: Vec<f64>,
    abilities: Vec<f64>,
    log_ease: Vec<f64>,
}

impl Em<'_> {
    /// Probabilities of labels from abilities and ease; returns the bound and the largest change.
    fn expect(&mut self) -> (f64, f64) {
        let k = self.votes.labels();
        let (mut bound, mut change) = (Sum::default(), 0.0_f64);
        let ln_others = ((k - 1) as f64).ln();
        let mut row = vec![0.0; k];
        for (item, (annotators, labels)) in self.votes.iter().enumerate() {
            let ease = self.log_ease[item].exp();
            row.fill(-(k as f64).ln());
            for (&w, &y) in annotators.iter().zip(labels) {
                let x = self.abilities[w as usize] * ease;
                let wrong = -soft_plus(x) - ln_others;
                for to in &mut row {
                    *to += wrong;
                }
                row[y as usize] += -soft_plus(-x) - wrong;
            }
            bound.add(normalize_logs(&mut row));
            for (to, x) in self.p[item * k..(item + 1) * k].iter_mut().zip(&row) {
                change = change.max((*to - x).abs());
                *to = *x;
            }
        }
        for x in self.abilities.iter().chain(&self.log_ease) {
            bound.add(-0.5 * (x - 1.0).powi(2));
        }
        (bound.value(), change)
    }

    /// A step of each ability; returns the largest.
    fn step_abilities(&mut self) -> f64 {
        let k = self.votes.labels();
        let mut change = 0.0_f64;
        for (w, ability) in self.abilities.iter_mut().enumerate() {
            let (items, labels) = self.grouped.of(w);
            let (mut gradient, mut information) = (1.0 - *ability, 1.0);
            for (&t, &y) in items.iter().zip(labels) {
                let ease = self.log_ease[t as usize].exp();
                let right = logistic(*ability * ease);
                gradient += (self.p[t as usize * k + y as usize] - right) * ease;
                information += right * (1.0 - right) * ease * ease;
            }
            let moved = step(gradient, information);
            *ability += moved;
            change = change.max(moved.abs());
        }
        change
    }

    /// A step of the ease of each item; returns the largest.
    fn step_ease(&mut self) -> f64 {
        let k = self.votes.labels();
        let mut change = 0.0_f64;
        for (item, (annotators, labels)) in self.votes.iter().enumerate() {
            let ease = self.log_ease[item].exp();
            let (mut gradient, mut information) = (1.0 - self.log_ease[item], 1.0);
            for (&w, &y) in annotators.iter().zip(labels) {
                let x = self.abilities[w as usize] * ease;
                let right = logistic(x);
                gradient += (self.p[item * k + y as usize] - right) * x;
                information += right * (1.0 - right) * x * x;
            }
            let moved = step(gradient, information);
            self.log_ease[item] += moved;
            change = change.max(moved.abs());
        }
        change
    }
}

/// GLAD (Whitehill et al. 2009): an annotator gives the true label with chance `sigmoid(ability * exp(log_ease))`, else
/// any other label alike; labels are equally likely beforehand, abilities and logarithms of ease are normal with mean 1
/// and variance 1 (as in crowd-kit 1.4.2).
///
/// Expectation maximization with Fisher scoring of one group at a time, so any stationary point is one of the bound.
/// Errors: a single label. Cost: per round a few dozen operations per vote, and `items * labels` exponentials.
pub fn glad(votes: &Votes, options: GladOptions) -> Result<Glad, VotesError> {
    let k = votes.labels();
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    let mut em = Em {
        votes,
        grouped: votes.by_annotator(),
        p: soft_labels(votes, 0.0)?.p,
        abilities: vec![1.0; votes.annotators()],
        log_ease: vec![1.0; votes.items()],
    };
    let (mut elbo, mut is_converged) = (Vec::new(), false);
    for _ in 0..options.iterations {
        let (bound, moved) = em.expect();
        elbo.push(bound);
        let change = moved.max(em.step_abilities()).max(em.step_ease());
        if change < options.tolerance {
            is_converged = true;
            break;
        }
    }
    Ok(Glad {
        soft: SoftLabels { labels: k, p: em.p },
        abilities: em.abilities,
        log_ease: em.log_ease,
        elbo,
        is_converged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn abilities_are_ordered_as_they_were_drawn() {
        let mut random = SplitMix::new(21);
        let (mut items, mut annotators, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..200_u32 {
            for (annotator, skill) in [0.95, 0.8, 0.65, 0.2].iter().enumerate() {
                let right = random.unit() < *skill;
                items.push(item);
                annotators.push(u32::try_from(annotator).unwrap());
                labels.push((item + u32::from(!right)) % 2);
            }
        }
        let votes = Votes::from_rows(&items, &annotators, &labels).unwrap();
        let found = glad(&votes, GladOptions::default()).unwrap();
        assert!(found.is_converged);
        assert!(
            found.abilities.windows(2).all(|w| w[0] > w[1]),
            "{:?}",
            found.abilities
        );
        assert!(found.abilities[3] < 0.0);
        let (first, last) = (found.elbo[0], found.elbo[found.elbo.len() - 1]);
        assert!(last > first);
    }
}
