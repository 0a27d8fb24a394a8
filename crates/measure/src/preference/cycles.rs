//! Is there one order at all? Cycles among majorities, and a test of the fit.

use super::bradley_terry::log_likelihood;
use super::{FitOptions, Pairs, PreferenceError, bradley_terry, components};
use crate::stats::{Resampling, SplitMix, chi_square_tail, logistic};
use serde::Serialize;

/// Cycles of majorities; see [`intransitivity`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intransitivity {
    /// Pairs with a majority, winner first, in ascending order.
    pub majority_edges: Vec<(u32, u32)>,
    /// Triples in which all three pairs have a majority.
    pub complete_triads: u64,
    /// Those that go in a circle.
    pub cyclic_triads: u64,
    /// Kendall and Babington Smith 1940, `n(n-1)(2n-1)/12 - sum s^2 / 2`; none where some pair has no majority.
    #[serde(rename = "kendall_babington_smith_d_formula_(tournament)")]
    pub kendall_babington_smith: Option<f64>,
    /// Circular triples expected of complete triples if every majority were a coin: a quarter.
    pub cyclic_if_random: f64,
    /// Groups inside which majorities go in circles; every item alone where there is one order.
    pub strongly_connected_components: Vec<Vec<u32>>,
}

/// Counts circles among majorities: more wins than losses makes a majority. Cost: triples of items that were compared.
pub fn intransitivity(pairs: &Pairs) -> Intransitivity {
    let mut majority_edges: Vec<(u32, u32)> = pairs
        .each()
        .filter_map(|(i, e)| {
            let i = u32::try_from(i).ok()?;
            if e.wins > e.losses {
                Some((i, e.other))
            } else if e.losses > e.wins {
                Some((e.other, i))
            } else {
                None
            }
        })
        .collect();
    majority_edges.sort_unstable();
    let found = tournament(pairs);
    Intransitivity {
        majority_edges,
        complete_triads: found.complete,
        cyclic_triads: found.cyclic,
        kendall_babington_smith: found.by_scores,
        cyclic_if_random: found.complete as f64 / 4.0,
        strongly_connected_components: components(pairs, |e| e.wins > e.losses),
    }
}

/// Triples among majorities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tournament {
    /// All three pairs have a majority.
    pub complete: u64,
    /// And they go in a circle.
    pub cyclic: u64,
    /// The number of circles from the items' scores; none where some pair has no majority.
    pub by_scores: Option<f64>,
}

/// Counts triples over the majorities.
pub fn tournament(pairs: &Pairs) -> Tournament {
    let n = pairs.items();
    let beats = |a: &super::Edge| (a.wins - a.losses).total_cmp(&0.0) as i8;
    let mut found = Tournament {
        complete: 0,
        cyclic: 0,
        by_scores: None,
    };
    let (mut squares, mut decided) = (0.0, 0_usize);
    for i in 0..n {
        let own: Vec<_> = pairs.of(i).iter().filter(|e| beats(e) != 0).collect();
        let score = own.iter().filter(|e| beats(e) > 0).count() as f64;
        squares += score * score;
        decided += own.len();
        for (at, a) in own.iter().enumerate().filter(|(_, a)| a.other as usize > i) {
            // Both lists are ascending: the third item is found by going along them together.
            let mut third = pairs.of(a.other as usize).iter().peekable();
            for b in &own[at + 1..] {
                while third.next_if(|c| c.other < b.other).is_some() {}
                let Some(c) = third.peek().filter(|c| c.other == b.other && beats(c) != 0) else {
                    continue;
                };
                found.complete += 1;
                // i over a, a over b, b over i, or all the other way.
                let is_cycle = beats(a) == beats(c) && beats(a) == -beats(b);
                found.cyclic += u64::from(is_cycle);
            }
        }
    }
    let size = n as f64;
    if decided == n * (n - 1) {
        found.by_scores = Some(size * (size - 1.0) * (2.0 * size - 1.0) / 12.0 - 0.5 * squares);
    }
    found
}

/// Does one order with strengths explain the wins? See [`fit_test`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FitTest {
    /// Twice the log of the ratio of likelihoods, pairs on their own against Bradley and Terry.
    pub likelihood_ratio: f64,
    /// Pairs less items plus one.
    pub degrees: usize,
    /// By chi-square; right for many comparisons per pair only.
    pub p_chi_square: Option<f64>,
    /// By comparisons drawn from the fitted strengths: right for few as well. None where more than a tenth of the draws
    /// could not be fitted.
    pub p_bootstrap: Option<f64>,
}

/// Test of Bradley and Terry's model against pairs that each have their own probability: a small p means that one order
/// with strengths does not explain the wins, as circles do not. Ties count as halves in the ratio and are drawn as wins.
///
/// Errors: those of [`bradley_terry`]. Cost: a fit per draw.
pub fn fit_test(pairs: &Pairs, how: Resampling) -> Result<FitTest, PreferenceError> {
    let options = FitOptions {
        tolerance: 1e-8,
        ..FitOptions::default()
    };
    let ratio =
        |pairs: &Pairs, theta: &[f64]| 2.0 * (saturated(pairs) - log_likelihood(pairs, theta));
    let fit = bradley_terry(pairs, options)?;
    let seen = ratio(pairs, &fit.log_strengths);
    let edges = pairs.each().count();
    let degrees = (edges + 1).saturating_sub(pairs.items());
    let mut random = SplitMix::new(how.seed);
    let (mut at_least, mut fitted) = (0_usize, 0_usize);
    let n = pairs.items();
    for _ in 0..how.resamples {
        let mut wins = vec![0.0; n * n];
        for (i, edge) in pairs.each() {
            let j = edge.other as usize;
            let p = logistic(fit.log_strengths[i] - fit.log_strengths[j]);
            let mut left = edge.wins + edge.losses + edge.ties;
            // Weights that are not whole keep their rest as one draw.
            while left > 0.0 {
                let weight = left.min(1.0);
                let cell = if random.unit() < p {
                    i * n + j
                } else {
                    j * n + i
                };
                wins[cell] += weight;
                left -= 1.0;
            }
        }
        let drawn = Pairs::from_wins(&wins, n)?;
        if let Ok(other) = bradley_terry(&drawn, options) {
            fitted += 1;
            at_least += usize::from(ratio(&drawn, &other.log_strengths) >= seen - 1e-9);
        }
    }
    Ok(FitTest {
        likelihood_ratio: seen,
        degrees,
        p_chi_square: if degrees > 0 {
            Some(chi_square_tail(seen.max(0.0), degrees as f64)?)
        } else {
            None
        },
        p_bootstrap: (how.resamples > 0 && fitted * 10 >= how.resamples * 9)
            .then(|| (1 + at_least) as f64 / (1 + fitted) as f64),
    })
}

/// Log likelihood with every pair's own share.
fn saturated(pairs: &Pairs) -> f64 {
    let term = |w: f64, all: f64| if w > 0.0 { w * (w / all).ln() } else { 0.0 };
    pairs
        .each()
        .map(|(_, e)| {
            let (w, l) = (e.wins + 0.5 * e.ties, e.losses + 0.5 * e.ties);
            term(w, w + l) + term(l, w + l)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_three() {
        let wins = [0.0, 9.0, 1.0, 1.0, 0.0, 9.0, 9.0, 1.0, 0.0];
        let pairs = Pairs::from_wins(&wins, 3).unwrap();
        let found = intransitivity(&pairs);
        assert_eq!((found.complete_triads, found.cyclic_triads), (1, 1));
        assert_eq!(found.kendall_babington_smith, Some(1.0));
        assert_eq!(found.strongly_connected_components, [vec![0, 1, 2]]);
        let how = Resampling {
            resamples: 99,
            seed: 1,
        };
        let test = fit_test(&pairs, how).unwrap();
        assert!(test.p_chi_square.unwrap() < 1e-4 && test.p_bootstrap.unwrap() <= 0.02);
    }

    #[test]
    fn the_test_keeps_its_level_with_few_comparisons() {
        let truth = [0.8, 0.3, -0.2, -0.9];
        let mut random = SplitMix::new(6);
        let (mut rejected, mut all) = (0, 0);
        for run in 0..120 {
            let mut wins = vec![0.0; 16];
            for i in 0..4 {
                for j in i + 1..4 {
                    for _ in 0..8 {
                        let first = random.unit() < logistic(truth[i] - truth[j]);
                        wins[if first { i * 4 + j } else { j * 4 + i }] += 1.0;
                    }
                }
            }
            let how = Resampling {
                resamples: 59,
                seed: run,
            };
            let pairs = Pairs::from_wins(&wins, 4).unwrap();
            if let Ok(test) = fit_test(&pairs, how) {
                all += 1;
                rejected += usize::from(test.p_bootstrap.is_some_and(|p| p <= 0.05));
            }
        }
        assert!(all > 90 && rejected <= 13, "{rejected} of {all}");
    }
}
