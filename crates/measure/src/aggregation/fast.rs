//! Dawid and Skene with hard decisions.

use super::dawid_skene::{LEAST, normalize_logs};
use super::soft::{choice, soft_labels};
use super::{SoftLabels, Votes, VotesError};
use serde::{Deserialize, Serialize};

/// How [`fast_dawid_skene`] runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastOptions {
    /// Rounds at most.
    pub iterations: usize,
    /// Stops when priors change by less than this in all.
    pub tolerance: f64,
    /// Decides softly until priors change by at most this; 0 decides hard from the start, infinity would never.
    pub soft_until: f64,
}

impl Default for FastOptions {
    fn default() -> Self {
        Self {
            iterations: 100,
            tolerance: 1e-4,
            soft_until: 0.0,
        }
    }
}

/// Result of [`fast_dawid_skene`].
#[derive(Clone, Debug, PartialEq)]
pub struct FastDawidSkene {
    /// Label of each item.
    pub labels: Vec<u32>,
    /// Share of each label among items.
    pub priors: Vec<f64>,
    /// Rounds it took.
    pub iterations: usize,
}

/// Priors and shares in the order annotator, label given, true label.
fn maximize(votes: &Votes, p: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let k = votes.labels();
    let mut errors = vec![0.0; votes.annotators() * k * k];
    let (mut priors, mut n) = (vec![0.0; k], 0_usize);
    for ((annotators, labels), row) in votes.iter().zip(p.chunks_exact(k)) {
        for (&w, &y) in annotators.iter().zip(labels) {
            let at = (w as usize * k + y as usize) * k;
            errors[at..at + k]
                .iter_mut()
                .zip(row)
                .for_each(|(to, x)| *to += x);
        }
        if !labels.is_empty() {
            n += 1;
            priors.iter_mut().zip(row).for_each(|(to, x)| *to += x);
        }
    }
    for x in &mut priors {
        *x /= n as f64;
    }
    for block in errors.chunks_exact_mut(k * k) {
        for truth in 0..k {
            let total: f64 = (0..k).map(|y| block[y * k + truth]).sum();
            for y in 0..k {
                let x = &mut block[y * k + truth];
                *x = if total > 0.0 { *x / total } else { 0.0 }.max(LEAST);
            }
        }
    }
    (priors, errors)
}

/// Fast Dawid–Skene (Sinha et al. 2018): as [`super::dawid_skene`], but each round gives every item the label that is most
/// probable now; with `soft_until` above 0 the hybrid of the paper.
///
/// Converges in a few rounds and to worse optima: use it where [`super::dawid_skene`] is too slow, which it is not up to
/// hundreds of millions of votes. Ties go to the lowest code (at random in the authors' code). Errors: a single label.
/// Cost: as [`super::dawid_skene`] per round.
pub fn fast_dawid_skene(votes: &Votes, options: FastOptions) -> Result<FastDawidSkene, VotesError> {
    let k = votes.labels();
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    let mut p = soft_labels(votes, 0.0)?.p;
    let mut is_hard = options.soft_until <= 0.0;
    if is_hard {
        p.chunks_exact_mut(k).for_each(harden);
    }
    let mut before: Option<Vec<f64>> = None;
    let mut iterations = 0;
    while iterations < options.iterations.max(1) {
        iterations += 1;
        let (priors, errors) = maximize(votes, &p);
        let logs: Vec<f64> = errors.iter().map(|x| x.ln()).collect();
        for ((annotators, labels), row) in votes.iter().zip(p.chunks_exact_mut(k)) {
            for (to, prior) in row.iter_mut().zip(&priors) {
                *to = prior.max(LEAST).ln();
            }
            for (&w, &y) in annotators.iter().zip(labels) {
                let at = (w as usize * k + y as usize) * k;
                row.iter_mut()
                    .zip(&logs[at..at + k])
                    .for_each(|(to, x)| *to += x);
            }
            normalize_logs(row);
            if is_hard {
                harden(row);
            }
        }
        if let Some(before) = before {
            let change: f64 = priors
                .iter()
                .zip(&before)
                .map(|(a, b): (&f64, &f64)| (a - b).abs())
                .sum();
            if change < options.tolerance {
                break;
            }
            is_hard = is_hard || change <= options.soft_until;
        }
        before = Some(priors);
    }
    let (priors, _) = maximize(votes, &p);
    let soft = SoftLabels { labels: k, p };
    Ok(FastDawidSkene {
        labels: soft.rows().map(|row| choice(row).label).collect(),
        priors,
        iterations,
    })
}

fn harden(row: &mut [f64]) {
    let label = choice(row).label as usize;
    row.fill(0.0);
    row[label] = 1.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_votes_are_kept() {
        let votes = Votes::from_rows(
            &[0, 0, 0, 1, 1, 1],
            &[0, 1, 2, 0, 1, 2],
            &[0, 0, 1, 1, 1, 1],
        )
        .unwrap();
        let found = fast_dawid_skene(&votes, FastOptions::default()).unwrap();
        assert_eq!(found.labels, [0, 1]);
        let hybrid = FastOptions {
            soft_until: 0.005,
            ..FastOptions::default()
        };
        assert_eq!(fast_dawid_skene(&votes, hybrid).unwrap().labels, [0, 1]);
    }
}
