//! Strengths with a penalty on their size: finite for any graph of comparisons.

use super::bradley_terry::{Fit, log_likelihood};
use super::{Pairs, PreferenceError};
use crate::stats::{logistic, soft_plus};

/// What large strengths cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Penalty {
    /// `c sum t^2`, as choix has it.
    Square(f64),
    /// `c sum [ln(1 + e^t) + ln(1 + e^-t)]`: `c` wins and `c` losses against an item of strength 1 (Chen and others 2013).
    VirtualItem(f64),
}

impl Penalty {
    /// First and second derivative for one log strength.
    fn slopes(self, t: f64) -> (f64, f64) {
        match self {
            Self::Square(c) => (2.0 * c * t, 2.0 * c),
            Self::VirtualItem(c) => {
                let p = logistic(t);
                (c * (2.0 * p - 1.0), 2.0 * c * p * (1.0 - p))
            }
        }
    }

    /// What it costs.
    pub(super) fn cost(self, log_strengths: &[f64]) -> f64 {
        let one = |t: &f64| match self {
            Self::Square(c) => c * t * t,
            Self::VirtualItem(c) => c * (soft_plus(*t) + soft_plus(-t)),
        };
        log_strengths.iter().map(one).sum()
    }

    pub(super) fn check(self) -> Result<(), PreferenceError> {
        let (Self::Square(c) | Self::VirtualItem(c)) = self;
        if c > 0.0 && c.is_finite() {
            Ok(())
        } else {
            Err(PreferenceError::BadOption {
                name: "penalty",
                value: c,
                hint: "it must be positive",
            })
        }
    }
}

/// Bradley–Terry strengths that maximize the log likelihood less the penalty, item after item by Newton's step. Ties
/// count half a win to either. Log strengths are as the penalty leaves them: of mean 0 for comparisons alone.
///
/// Errors: [`PreferenceError::BadOption`] for a penalty that is not positive, [`PreferenceError::NotConverged`].
/// Cost: pairs per iteration.
pub fn penalized(pairs: &Pairs, penalty: Penalty) -> Result<Fit, PreferenceError> {
    penalty.check()?;
    let mut log_strengths = vec![0.0; pairs.items()];
    let most = 100_000;
    let mut change = f64::INFINITY;
    for iteration in 1..=most {
        change = newton_sweep(pairs, penalty, &mut log_strengths);
        if change < 1e-11 {
            return Ok(Fit {
                log_likelihood: log_likelihood(pairs, &log_strengths),
                log_strengths,
                iterations: iteration,
            });
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: most,
        change,
    })
}

/// One Newton step per item against the newest others; gives the largest change.
pub(super) fn newton_sweep(pairs: &Pairs, penalty: Penalty, log_strengths: &mut [f64]) -> f64 {
    let mut change = 0.0_f64;
    for i in 0..log_strengths.len() {
        let own = log_strengths[i];
        let (mut slope, mut curve) = penalty.slopes(own);
        for edge in pairs.of(i) {
            let p = logistic(own - log_strengths[edge.other as usize]);
            let all = edge.wins + edge.losses + edge.ties;
            slope += all * p - edge.wins - 0.5 * edge.ties;
            curve += all * p * (1.0 - p);
        }
        // A step of more than one is taken in parts, so that it cannot overshoot for good.
        let step = (slope / curve).clamp(-1.0, 1.0);
        log_strengths[i] = own - step;
        change = change.max(step.abs());
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_vanishes() {
        let wins = [0.0, 6.0, 1.0, 2.0, 0.0, 4.0, 0.0, 0.0, 0.0];
        let pairs = Pairs::from_wins(&wins, 3).unwrap();
        for penalty in [Penalty::Square(0.5), Penalty::VirtualItem(0.3)] {
            let fit = penalized(&pairs, penalty).unwrap();
            for i in 0..3 {
                let at = |d: f64| {
                    let mut t = fit.log_strengths.clone();
                    t[i] += d;
                    log_likelihood(&pairs, &t) - penalty.cost(&t)
                };
                assert!((at(1e-5) - at(-1e-5)).abs() < 1e-9);
            }
        }
        assert!(penalized(&pairs, Penalty::Square(0.0)).is_err());
    }
}
