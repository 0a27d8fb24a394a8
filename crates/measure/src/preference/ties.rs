//! Strengths and a parameter of ties.

use super::{Pairs, PreferenceError, center};
use serde::Serialize;

/// Iterations at most.
const MOST: usize = 100_000;
/// At rest where no log strength and no tie parameter changes by more.
const TOLERANCE: f64 = 1e-12;

/// A fitted model of wins and ties.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TieFit {
    /// Logarithms of the strengths, mean 0.
    pub theta_sum0: Vec<f64>,
    /// The tie parameter: Davidson's `nu`, or Rao and Kupper's `eta`.
    pub tie: f64,
    /// Negative log likelihood.
    pub nll: f64,
    /// Iterations.
    pub iterations: usize,
}

/// Davidson 1970: `P(i wins) : P(j wins) : P(tie) = p_i : p_j : nu sqrt(p_i p_j)`, by the iteration of Newman 2023
/// (his `v` is `nu / 2`).
///
/// Errors: [`PreferenceError::NotConnected`], [`PreferenceError::NotConverged`]. Without ties `nu` is 0 and the strengths
/// are those of Bradley and Terry. Cost: pairs per iteration.
pub fn davidson(pairs: &Pairs) -> Result<TieFit, PreferenceError> {
    pairs.connected()?;
    // Square roots of the strengths: the tie term is then a product.
    let mut roots = vec![1.0_f64; pairs.items()];
    let mut v = 0.5;
    let mut change = f64::INFINITY;
    for iteration in 1..=MOST {
        let (mut ties, mut wins) = (0.0, 0.0);
        for (i, edge) in pairs.each() {
            let (a, b) = (roots[i], roots[edge.other as usize]);
            let (sum, both) = (a * a + b * b, a * b);
            let d = sum + 2.0 * v * both;
            ties += edge.ties * sum / d;
            wins += (edge.wins + edge.losses) * 2.0 * both / d;
        }
        let next = ties / wins;
        change = (next - v).abs();
        v = next;
        for i in 0..roots.len() {
            let a = roots[i];
            let (mut up, mut down) = (0.0, 0.0);
            for edge in pairs.of(i) {
                let b = roots[edge.other as usize];
                let d = a * a + b * b + 2.0 * v * a * b;
                up += (edge.wins + 0.5 * edge.ties) * (b * b + v * a * b) / d;
                down += (edge.losses + 0.5 * edge.ties) * (1.0 + v * b / a) / d;
            }
            let next = (up / down).sqrt();
            change = change.max((2.0 * (next / a).ln()).abs());
            roots[i] = next;
        }
        even(&mut roots);
        if change < TOLERANCE {
            return Ok(finish(&roots, 2.0 * v, iteration, |roots, nu| {
                davidson_cost(pairs, roots, nu)
            }));
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: MOST,
        change,
    })
}

fn davidson_cost(pairs: &Pairs, roots: &[f64], nu: f64) -> f64 {
    pairs
        .each()
        .map(|(i, edge)| {
            let (a, b) = (roots[i], roots[edge.other as usize]);
            let d = a * a + b * b + nu * a * b;
            let tied = if edge.ties > 0.0 {
                edge.ties * (nu * a * b / d).ln()
            } else {
                0.0
            };
            -(edge.wins * (a * a / d).ln() + edge.losses * (b * b / d).ln() + tied)
        })
        .sum()
}

/// Rao and Kupper 1967: `P(i wins) = p_i / (p_i + eta p_j)`, a tie where neither wins clearly. The strengths go item after
/// item as in Newman's iteration, `eta` by its own equation (Hunter 2004, section 3).
///
/// Errors: [`PreferenceError::NoTies`], [`PreferenceError::NotConnected`], [`PreferenceError::NotConverged`].
/// Cost: pairs per iteration.
pub fn rao_kupper(pairs: &Pairs) -> Result<TieFit, PreferenceError> {
    pairs.connected()?;
    let ties: f64 = pairs.each().map(|(_, e)| e.ties).sum();
    if ties <= 0.0 {
        return Err(PreferenceError::NoTies);
    }
    let mut roots = vec![1.0_f64; pairs.items()];
    let mut eta = 1.5_f64;
    let mut change = f64::INFINITY;
    for iteration in 1..=MOST {
        let mut lost = 0.0;
        for (i, edge) in pairs.each() {
            let (p, q) = (roots[i].powi(2), roots[edge.other as usize].powi(2));
            lost += (edge.wins + edge.ties) * q / (p + eta * q);
            lost += (edge.losses + edge.ties) * p / (q + eta * p);
        }
        // 2 eta / (eta^2 - 1) = lost / ties.
        let c = lost / ties;
        let next = (1.0 + (1.0 + c * c).sqrt()) / c;
        change = (next - eta).abs();
        eta = next;
        for i in 0..roots.len() {
            let p = roots[i].powi(2);
            let (mut up, mut down) = (0.0, 0.0);
            for edge in pairs.of(i) {
                let q = roots[edge.other as usize].powi(2);
                up += (edge.wins + edge.ties) * eta * q / (p + eta * q);
                down += (edge.losses + edge.ties) * eta / (q + eta * p);
            }
            let next = up / down;
            change = change.max((next / p).ln().abs());
            roots[i] = next.sqrt();
        }
        even(&mut roots);
        if change < TOLERANCE {
            return Ok(finish(&roots, eta, iteration, |roots, eta| {
                rao_kupper_cost(pairs, roots, eta)
            }));
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: MOST,
        change,
    })
}

fn rao_kupper_cost(pairs: &Pairs, roots: &[f64], eta: f64) -> f64 {
    pairs
        .each()
        .map(|(i, edge)| {
            let (p, q) = (roots[i].powi(2), roots[edge.other as usize].powi(2));
            let (win, loss) = (p / (p + eta * q), q / (q + eta * p));
            let tie = (eta * eta - 1.0) * win * loss;
            -(edge.wins * win.ln() + edge.losses * loss.ln() + edge.ties * tie.ln())
        })
        .sum()
}

/// Geometric mean 1.
fn even(roots: &mut [f64]) {
    let mean = roots.iter().map(|r| r.ln()).sum::<f64>() / roots.len() as f64;
    let scale = (-mean).exp();
    for r in roots.iter_mut() {
        *r *= scale;
    }
}

fn finish(roots: &[f64], tie: f64, iterations: usize, cost: impl Fn(&[f64], f64) -> f64) -> TieFit {
    let mut theta_sum0: Vec<f64> = roots.iter().map(|r| 2.0 * r.ln()).collect();
    center(&mut theta_sum0);
    TieFit {
        nll: cost(roots, tie),
        theta_sum0,
        tie,
        iterations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::{Comparisons, Outcome};

    fn pairs() -> Pairs {
        let rows = [(0, 1, 9, 3, 4), (0, 2, 8, 1, 2), (1, 2, 6, 4, 5)];
        let (mut left, mut right, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (a, b, wins, losses, ties) in rows {
            for (count, outcome) in [
                (wins, Outcome::Left),
                (losses, Outcome::Right),
                (ties, Outcome::Tie),
            ] {
                for _ in 0..count {
                    left.push(a);
                    right.push(b);
                    outcomes.push(outcome);
                }
            }
        }
        let comparisons = Comparisons {
            items: 3,
            left: &left,
            right: &right,
            outcomes: Some(&outcomes),
            weights: None,
        };
        Pairs::count(&comparisons).unwrap()
    }

    #[test]
    fn both_are_at_a_minimum() {
        type Cost = fn(&Pairs, &[f64], f64) -> f64;
        let pairs = pairs();
        let models: [(TieFit, Cost); 2] = [
            (davidson(&pairs).unwrap(), davidson_cost),
            (rao_kupper(&pairs).unwrap(), rao_kupper_cost),
        ];
        for (fit, cost) in models {
            let at = |i: usize, d: f64| {
                let mut roots: Vec<f64> = fit.theta_sum0.iter().map(|t| (0.5 * t).exp()).collect();
                let mut tie = fit.tie;
                match roots.get_mut(i) {
                    Some(root) => *root *= 1.0 + d,
                    None => tie += d,
                }
                cost(&pairs, &roots, tie)
            };
            for i in 0..4 {
                assert!((at(i, 1e-5) - at(i, -1e-5)).abs() < 1e-8);
                assert!(at(i, 1e-2) > fit.nll && at(i, -1e-2) > fit.nll);
            }
        }
    }

    #[test]
    fn without_ties() {
        let pairs = Pairs::from_wins(&[0.0, 6.0, 2.0, 0.0], 2).unwrap();
        let fit = davidson(&pairs).unwrap();
        assert_eq!(fit.tie, 0.0);
        assert!((fit.theta_sum0[0] - 0.5 * 3.0_f64.ln()).abs() < 1e-9);
        assert_eq!(rao_kupper(&pairs), Err(PreferenceError::NoTies));
    }
}
