//! Reviewing one by one until it is clear: Wald's sequential test of a share.
//!
//! Read [`Sprt`] first. Items must come in random order. Not here: evidence without a planned error rate
//! ([`crate::compare::sequential`]).

use super::{SamplingError, open_unit, range};
use serde::Serialize;

/// A sequential test of the share `p0` against the larger `p1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sprt {
    p0: f64,
    p1: f64,
    /// Log likelihood ratio at which the lot is refused, `ln((1 - beta) / alpha)`.
    upper: f64,
    /// Log likelihood ratio at which it is accepted, `ln(beta / (1 - alpha))`.
    lower: f64,
    alpha: f64,
    beta: f64,
}

/// Where the test stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Neither line reached.
    Continue,
    /// The share is `p0`: accept.
    AcceptH0,
    /// The share is `p1`: refuse.
    AcceptH1,
}

/// The test as lines in the plane of reviews and errors: accept at or below `slope n - accept`, refuse at or above
/// `slope n + reject`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lines {
    /// Common slope.
    pub slope_s: f64,
    /// Distance of the line of acceptance.
    pub h_accept: f64,
    /// Distance of the line of refusal.
    pub h_reject: f64,
}

impl Sprt {
    /// `alpha` is the chance to refuse at `p0`, `beta` that to accept at `p1`, both about (Wald 1945).
    ///
    /// Errors: [`SamplingError::OutOfRange`] for shares not in order or risks that add to 1 or more.
    pub fn new(p0: f64, p1: f64, alpha: f64, beta: f64) -> Result<Self, SamplingError> {
        open_unit("p0", p0)?;
        open_unit("p1", p1)?;
        open_unit("alpha", alpha)?;
        open_unit("beta", beta)?;
        range("p1", p1, p1 > p0, "above p0")?;
        range("beta", beta, alpha + beta < 1.0, "below 1 - alpha")?;
        Ok(Self {
            p0,
            p1,
            upper: ((1.0 - beta) / alpha).ln(),
            lower: (beta / (1.0 - alpha)).ln(),
            alpha,
            beta,
        })
    }

    /// Log bounds: of refusal and of acceptance.
    pub fn bounds(&self) -> (f64, f64) {
        (self.upper, self.lower)
    }

    /// What an error and what a right item add to the log likelihood ratio.
    fn steps(&self) -> (f64, f64) {
        (
            (self.p1 / self.p0).ln(),
            ((1.0 - self.p1) / (1.0 - self.p0)).ln(),
        )
    }

    /// The log likelihood ratio after another item.
    pub fn step(&self, ratio: f64, is_error: bool) -> f64 {
        let (error, right) = self.steps();
        ratio + if is_error { error } else { right }
    }

    /// What a log likelihood ratio says.
    pub fn decide(&self, ratio: f64) -> Decision {
        if ratio >= self.upper {
            Decision::AcceptH1
        } else if ratio <= self.lower {
            Decision::AcceptH0
        } else {
            Decision::Continue
        }
    }

    /// Ratio and decision after each item, up to the one that decides.
    pub fn path(&self, is_error: &[bool]) -> Vec<(f64, Decision)> {
        let mut path = Vec::new();
        let mut ratio = 0.0;
        for error in is_error {
            ratio = self.step(ratio, *error);
            let decision = self.decide(ratio);
            path.push((ratio, decision));
            if decision != Decision::Continue {
                break;
            }
        }
        path
    }

    /// The test as lines.
    pub fn lines(&self) -> Lines {
        let (error, right) = self.steps();
        let both = error - right;
        Lines {
            slope_s: -right / both,
            h_accept: -self.lower / both,
            h_reject: self.upper / both,
        }
    }

    /// Expected number of reviews at `p0` and at `p1`, leaving out what is overshot (Wald 1945, 4:9).
    pub fn expected_n(&self) -> (f64, f64) {
        let (error, right) = self.steps();
        let drift = |p: f64| p * error + (1.0 - p) * right;
        let at = |refused: f64| refused * self.upper + (1.0 - refused) * self.lower;
        (
            at(self.alpha) / drift(self.p0),
            at(1.0 - self.beta) / drift(self.p1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn both_risks_hold_and_reviews_are_saved() {
        let test = Sprt::new(0.02, 0.08, 0.05, 0.1).unwrap();
        let mut random = SplitMix::new(13);
        let mut of = |p: f64| {
            let (mut refused, mut reviews) = (0, 0);
            for _ in 0..1000 {
                let items: Vec<bool> = (0..1500).map(|_| random.unit() < p).collect();
                let path = test.path(&items);
                reviews += path.len();
                refused += usize::from(path.last().is_some_and(|(_, d)| *d == Decision::AcceptH1));
            }
            (refused, reviews as f64 / 1000.0)
        };
        let (at_p0, n0) = of(0.02);
        let (at_p1, n1) = of(0.08);
        assert!(at_p0 <= 70 && at_p1 >= 880, "{at_p0} {at_p1}");
        let (e0, e1) = test.expected_n();
        assert!(
            (n0 / e0 - 1.0).abs() < 0.25 && (n1 / e1 - 1.0).abs() < 0.25,
            "{n0} {e0} {n1} {e1}"
        );
    }

    #[test]
    fn lines_and_ratios_agree() {
        let test = Sprt::new(0.01, 0.05, 0.05, 0.1).unwrap();
        let lines = test.lines();
        for n in 1..200_u32 {
            for errors in 0..5_u32.min(n) {
                let mut ratio = 0.0;
                for i in 0..n {
                    ratio = test.step(ratio, i < errors);
                }
                let at = f64::from(errors) - lines.slope_s * f64::from(n);
                assert_eq!(
                    test.decide(ratio) == Decision::AcceptH0,
                    at <= -lines.h_accept
                );
                assert_eq!(
                    test.decide(ratio) == Decision::AcceptH1,
                    at >= lines.h_reject
                );
            }
        }
        assert!(
            Sprt::new(0.05, 0.01, 0.05, 0.1).is_err() && Sprt::new(0.1, 0.2, 0.6, 0.5).is_err()
        );
    }
}
