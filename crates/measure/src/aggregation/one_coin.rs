//! One number per annotator: the chance of being right.

use super::dawid_skene::{LEAST, normalize_logs};
use super::soft::soft_labels;
use super::{EmOptions, SoftLabels, Votes, VotesError};
use crate::stats::Sum;

/// Result of [`one_coin`].
#[derive(Clone, Debug, PartialEq)]
pub struct OneCoin {
    /// Probability of each label of each item.
    pub soft: SoftLabels,
    /// Share of each label among items.
    pub priors: Vec<f64>,
    /// Chance that each annotator gives the true label; 0 for annotators without votes.
    pub skills: Vec<f64>,
    /// The bound before each round's update, nats.
    pub elbo: Vec<f64>,
    /// Whether it stopped because of the tolerance.
    pub is_converged: bool,
}

/// Mean probability of the labels each annotator gave, and of each label.
fn maximize(votes: &Votes, p: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let k = votes.labels();
    let mut skills = vec![(0.0, 0_usize); votes.annotators()];
    let (mut priors, mut n) = (vec![0.0; k], 0_usize);
    for ((annotators, labels), row) in votes.iter().zip(p.chunks_exact(k)) {
        for (&w, &y) in annotators.iter().zip(labels) {
            let (sum, n) = &mut skills[w as usize];
            *sum += row[y as usize];
            *n += 1;
        }
        if !labels.is_empty() {
            n += 1;
            priors.iter_mut().zip(row).for_each(|(to, x)| *to += x);
        }
    }
    for x in &mut priors {
        *x /= n as f64;
    }
    let mean = |(sum, n): (f64, usize)| if n > 0 { sum / n as f64 } else { 0.0 };
    (skills.into_iter().map(mean).collect(), priors)
}

/// Dawid and Skene with one coin per annotator: right with chance `s_w`, else any other label alike.
///
/// For few votes per annotator, where a whole confusion table cannot be learned. Starts from the shares of votes; chances
/// are kept within 1e-10 of 0 and 1. Errors: a single label. Cost: per round `votes + items * labels`.
/// Source: Zhang et al. 2016, section 3; same numbers as crowd-kit 1.4.2 after equally many rounds.
pub fn one_coin(votes: &Votes, options: EmOptions) -> Result<OneCoin, VotesError> {
    let k = votes.labels();
    if k < 2 {
        return Err(VotesError::OneLabel { votes: votes.len() });
    }
    let mut p = soft_labels(votes, 0.0)?.p;
    let (mut skills, mut priors) = maximize(votes, &p);
    let (mut elbo, mut is_converged) = (Vec::new(), false);
    for _ in 0..options.iterations {
        let clip = |x: f64| x.clamp(LEAST, 1.0 - LEAST);
        let logs: Vec<[f64; 2]> = skills
            .iter()
            .map(|s| [clip(*s).ln(), clip((1.0 - s) / (k - 1) as f64).ln()])
            .collect();
        let log_priors: Vec<f64> = priors.iter().map(|x: &f64| x.max(LEAST).ln()).collect();
        let mut likelihood = Sum::default();
        for ((annotators, labels), row) in votes.iter().zip(p.chunks_exact_mut(k)) {
            row.copy_from_slice(&log_priors);
            let mut common = 0.0;
            for (&w, &y) in annotators.iter().zip(labels) {
                let [right, wrong] = logs[w as usize];
                common += wrong;
                row[y as usize] += right - wrong;
            }
            let term = normalize_logs(row);
            if !labels.is_empty() {
                likelihood.add(term + common);
            }
        }
        (skills, priors) = maximize(votes, &p);
        let found = likelihood.value();
        let gain = elbo.last().map(|before| found - before);
        elbo.push(found);
        if gain.is_some_and(|gain| gain < options.tolerance * votes.len() as f64) {
            is_converged = true;
            break;
        }
    }
    Ok(OneCoin {
        soft: SoftLabels { labels: k, p },
        priors,
        skills,
        elbo,
        is_converged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contrary_annotator_is_found_out() {
        // Three agree on eight items, the fourth always says the opposite.
        let (mut items, mut annotators, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..8_u32 {
            for annotator in 0..4_u32 {
                items.push(item);
                annotators.push(annotator);
                labels.push((item + u32::from(annotator == 3)) % 2);
            }
        }
        let votes = Votes::from_rows(&items, &annotators, &labels).unwrap();
        let found = one_coin(&votes, EmOptions::default()).unwrap();
        assert!(
            found.skills[0] > 0.99 && found.skills[3] < 0.01,
            "{:?}",
            found.skills
        );
        for pair in found.elbo.windows(2) {
            assert!(pair[1] >= pair[0] - 1e-9);
        }
    }
}
