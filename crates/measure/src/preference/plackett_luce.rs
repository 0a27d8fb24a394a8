//! Strengths from rankings.

use super::{PreferenceError, center};
use serde::Serialize;

/// Fitted strengths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlackettLuce {
    /// Logarithms of the strengths, mean 0.
    pub log_strengths: Vec<f64>,
    /// Log likelihood at them.
    pub log_likelihood: f64,
    /// The part of each ranking.
    pub per_ranking: Vec<f64>,
    /// Iterations.
    pub iterations: usize,
}

/// Plackett–Luce strengths of largest likelihood from rankings, best first, partial ones welcome:
/// `prod_k p_k / sum_{l >= k} p_l` (Plackett 1975), by the iteration of Hunter 2004, section 5.
///
/// Errors: [`PreferenceError::Empty`] for a ranking of fewer than two items, [`PreferenceError::NoSuchItem`],
/// [`PreferenceError::Itself`] for an item twice in a ranking, [`PreferenceError::NotConnected`] where some item is never
/// ranked above, or never below, the others; [`PreferenceError::NotConverged`]. Cost: entries per iteration.
pub fn plackett_luce(rankings: &[Vec<u32>], items: usize) -> Result<PlackettLuce, PreferenceError> {
    check(rankings, items)?;
    let mut wins = vec![0.0; items];
    for ranking in rankings {
        for item in &ranking[..ranking.len() - 1] {
            wins[*item as usize] += 1.0;
        }
    }
    let mut strengths = vec![1.0_f64; items];
    let mut expected = vec![0.0; items];
    let (most, mut change) = (100_000, f64::INFINITY);
    for iteration in 1..=most {
        expected.fill(0.0);
        for ranking in rankings {
            // Sums from the end, then shares of all stages an item took part in from the start.
            let mut rest: f64 = ranking.iter().map(|i| strengths[*i as usize]).sum();
            let mut share = 0.0;
            for (stage, item) in ranking.iter().enumerate() {
                if stage + 1 < ranking.len() {
                    share += 1.0 / rest;
                }
                expected[*item as usize] += share;
                rest -= strengths[*item as usize];
            }
        }
        change = 0.0_f64;
        for ((p, w), e) in strengths.iter_mut().zip(&wins).zip(&expected) {
            let next = w / e;
            change = change.max((next / *p).ln().abs());
            *p = next;
        }
        let mean = strengths.iter().map(|p| p.ln()).sum::<f64>() / items as f64;
        for p in &mut strengths {
            *p *= (-mean).exp();
        }
        if change < 1e-12 {
            return Ok(finish(rankings, &strengths, iteration));
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: most,
        change,
    })
}

fn finish(rankings: &[Vec<u32>], strengths: &[f64], iterations: usize) -> PlackettLuce {
    let one = |ranking: &Vec<u32>| -> f64 {
        let mut rest = 0.0;
        let mut sum = 0.0;
        for (at, item) in ranking.iter().rev().enumerate() {
            let p = strengths[*item as usize];
            rest += p;
            if at > 0 {
                sum += (p / rest).ln();
            }
        }
        sum
    };
    let per_ranking: Vec<f64> = rankings.iter().map(one).collect();
    let mut log_strengths: Vec<f64> = strengths.iter().map(|p| p.ln()).collect();
    center(&mut log_strengths);
    PlackettLuce {
        log_likelihood: per_ranking.iter().sum(),
        log_strengths,
        per_ranking,
        iterations,
    }
}

fn check(rankings: &[Vec<u32>], items: usize) -> Result<(), PreferenceError> {
    if rankings.is_empty() || items < 2 {
        return Err(PreferenceError::Empty);
    }
    let mut wins = Vec::new();
    for (index, ranking) in rankings.iter().enumerate() {
        if ranking.len() < 2 {
            return Err(PreferenceError::Empty);
        }
        if let Some(&item) = ranking.iter().find(|i| **i as usize >= items) {
            return Err(PreferenceError::NoSuchItem { item, items });
        }
        let mut sorted = ranking.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]) {
            return Err(PreferenceError::Itself {
                index,
                item: twice[0],
            });
        }
        // Neighbors suffice: winning is passed on along a ranking.
        wins.extend(ranking.windows(2).map(|w| (w[0], w[1])));
    }
    let (left, right): (Vec<u32>, Vec<u32>) = wins.into_iter().unzip();
    let comparisons = super::Comparisons {
        items,
        left: &left,
        right: &right,
        outcomes: None,
        weights: None,
    };
    super::Pairs::count(&comparisons)?.connected()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::{Comparisons, FitOptions, Pairs, bradley_terry};

    #[test]
    fn rankings_of_two_are_comparisons() {
        let rankings: Vec<Vec<u32>> = [[0, 1], [0, 1], [1, 0], [1, 2], [2, 0], [0, 2]]
            .iter()
            .map(|r| r.to_vec())
            .collect();
        let fit = plackett_luce(&rankings, 3).unwrap();
        let (left, right): (Vec<u32>, Vec<u32>) = rankings.iter().map(|r| (r[0], r[1])).unzip();
        let comparisons = Comparisons {
            items: 3,
            left: &left,
            right: &right,
            outcomes: None,
            weights: None,
        };
        let pairs = Pairs::count(&comparisons).unwrap();
        let other = bradley_terry(&pairs, FitOptions::default()).unwrap();
        for (a, b) in fit.log_strengths.iter().zip(&other.log_strengths) {
            assert!((a - b).abs() < 1e-8);
        }
        assert!((fit.log_likelihood - other.log_likelihood).abs() < 1e-9);
        assert!(plackett_luce(&[vec![0, 1, 0]], 2).is_err());
        assert!(plackett_luce(&[vec![0, 1]], 2).is_err());
    }
}
