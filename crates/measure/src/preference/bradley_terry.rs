//! Strengths from wins: `P(i beats j) = p_i / (p_i + p_j)`.

use super::pairs::Edge;
use super::{Pairs, PreferenceError, center};
use crate::stats::soft_plus;

/// How the maximum of the likelihood is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Newman 2023: the same maximum in a tenth of the iterations.
    Newman,
    /// Zermelo 1929 and Hunter 2004, all items at once, as choix does.
    Mm,
}

/// How strengths are fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// Iteration.
    pub method: Method,
    /// Added to wins and to their expectation, by [`Method::Mm`] only (choix' `alpha`): above 0 strengths are finite whatever
    /// the graph.
    pub alpha: f64,
    /// At rest where no log strength changes by more.
    pub tolerance: f64,
    /// Iterations at most.
    pub most_iterations: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            method: Method::Newman,
            alpha: 0.0,
            tolerance: 1e-10,
            most_iterations: 10_000,
        }
    }
}

/// Fitted strengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Logarithms of the strengths, mean 0.
    pub log_strengths: Vec<f64>,
    /// Log likelihood at them, ties as halves.
    pub log_likelihood: f64,
    /// Iterations.
    pub iterations: usize,
}

/// Bradley–Terry strengths of largest likelihood; ties count half a win to either (for a model of ties see
/// [`super::davidson`]).
///
/// Errors: [`PreferenceError::NotConnected`] where wins do not lead from every item to every other and `alpha` is 0;
/// [`PreferenceError::NotConverged`]; [`PreferenceError::BadOption`]. Cost: pairs per iteration, about twenty iterations.
/// Agrees with choix 0.4.1; crowd-kit 1.4.2 stops after two iterations at any tolerance.
pub fn bradley_terry(pairs: &Pairs, options: FitOptions) -> Result<Fit, PreferenceError> {
    if !(options.alpha >= 0.0 && options.alpha.is_finite()) {
        return Err(PreferenceError::BadOption {
            name: "alpha",
            value: options.alpha,
            hint: "0 or more",
        });
    }
    let method = if options.alpha > 0.0 {
        Method::Mm
    } else {
        pairs.connected()?;
        options.method
    };
    let mut strengths = vec![1.0; pairs.items()];
    let mut next = strengths.clone();
    let mut change = f64::INFINITY;
    for iteration in 1..=options.most_iterations {
        next.copy_from_slice(&strengths);
        match method {
            Method::Newman => sweep(pairs, &mut next),
            Method::Mm => majorize(pairs, options.alpha, &mut next),
        }
        change = strengths
            .iter()
            .zip(&next)
            .fold(0.0_f64, |m, (a, b)| m.max((a / b - 1.0).abs()));
        std::mem::swap(&mut strengths, &mut next);
        if change <= options.tolerance {
            let mut log_strengths: Vec<f64> = strengths.iter().map(|p| p.ln()).collect();
            center(&mut log_strengths);
            return Ok(Fit {
                log_likelihood: log_likelihood(pairs, &log_strengths),
                log_strengths,
                iterations: iteration,
            });
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: options.most_iterations,
        change,
    })
}

/// Item after item, each against the newest strengths of the others; then the geometric mean is 1.
fn sweep(pairs: &Pairs, strengths: &mut [f64]) {
    for i in 0..strengths.len() {
        let own = strengths[i];
        let (mut up, mut down) = (0.0, 0.0);
        for Edge {
            other,
            wins,
            losses,
            ties,
        } in pairs.of(i)
        {
            let strength = strengths[*other as usize];
            let share = 1.0 / (own + strength);
            up += (wins + 0.5 * ties) * strength * share;
            down += (losses + 0.5 * ties) * share;
        }
        strengths[i] = up / down;
    }
    let mean = strengths.iter().map(|p| p.ln()).sum::<f64>() / strengths.len() as f64;
    let scale = (-mean).exp();
    for p in strengths.iter_mut() {
        *p *= scale;
    }
}

/// `p_i <- (W_i + a) / (sum_j n_ij / (p_i + p_j) + a)` from the old strengths, whose sum is the number of items; what
/// `alpha` means depends on that scale.
fn majorize(pairs: &Pairs, alpha: f64, strengths: &mut [f64]) {
    let old = strengths.to_vec();
    for (i, p) in strengths.iter_mut().enumerate() {
        let (mut wins, mut expected) = (0.0, 0.0);
        for edge in pairs.of(i) {
            wins += edge.wins + 0.5 * edge.ties;
            let all = edge.wins + edge.losses + edge.ties;
            expected += all / (old[i] + old[edge.other as usize]);
        }
        *p = (wins + alpha) / (expected + alpha);
    }
    let scale = strengths.len() as f64 / strengths.iter().sum::<f64>();
    for p in strengths.iter_mut() {
        *p *= scale;
    }
}

/// `sum w ln P`, ties half to either side.
pub(super) fn log_likelihood(pairs: &Pairs, log_strengths: &[f64]) -> f64 {
    pairs
        .each()
        .map(|(i, edge)| {
            let gap = log_strengths[i] - log_strengths[edge.other as usize];
            let (wins, losses) = (edge.wins + 0.5 * edge.ties, edge.losses + 0.5 * edge.ties);
            -(wins * soft_plus(-gap) + losses * soft_plus(gap))
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_items_have_the_ratio_of_their_wins() {
        let pairs = Pairs::from_wins(&[0.0, 6.0, 2.0, 0.0], 2).unwrap();
        for method in [Method::Newman, Method::Mm] {
            let options = FitOptions {
                method,
                ..FitOptions::default()
            };
            let fit = bradley_terry(&pairs, options).unwrap();
            let gap = fit.log_strengths[0] - fit.log_strengths[1];
            assert!((gap - 3.0_f64.ln()).abs() < 1e-9, "{method:?} {gap}");
        }
    }

    #[test]
    fn an_unbeaten_item_is_an_error_unless_penalized() {
        let pairs = Pairs::from_wins(&[0.0, 6.0, 0.0, 0.0], 2).unwrap();
        assert!(bradley_terry(&pairs, FitOptions::default()).is_err());
        let options = FitOptions {
            alpha: 0.1,
            ..FitOptions::default()
        };
        assert!(bradley_terry(&pairs, options).unwrap().log_strengths[0] > 0.0);
        let options = FitOptions {
            alpha: -1.0,
            ..FitOptions::default()
        };
        assert!(bradley_terry(&pairs, options).is_err());
    }
}
