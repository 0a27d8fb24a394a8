//! Answering only where confident: risk against coverage, and a threshold with a guarantee.
//!
//! Read [`risk_coverage`] and [`sgr`] first. Not here: thresholds by multiple testing ([`super::risk`]).

use super::{ConfidenceError, at_least, open_unit, range, same_length};
use crate::stats::clopper_pearson_upper;
use serde::Serialize;

/// Items by falling confidence, with what came of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    score: Vec<f64>,
    /// Errors among the first i items; those of equal scores count at the end of their group.
    errors: Vec<u64>,
}

impl Ranked {
    /// Sorts by falling score.
    ///
    /// Errors: [`ConfidenceError`] for other lengths, no items or a score that is NaN. Cost: one sort.
    pub fn new(score: &[f64], is_error: &[bool]) -> Result<Self, ConfidenceError> {
        same_length("error", is_error.len(), score.len())?;
        at_least("score", score.len(), 1, "nothing was predicted")?;
        if let Some(index) = score.iter().position(|x| x.is_nan()) {
            return Err(ConfidenceError::BadProbability {
                index,
                value: f64::NAN,
            });
        }
        let mut items: Vec<(f64, bool)> = score
            .iter()
            .copied()
            .zip(is_error.iter().copied())
            .collect();
        items.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut sum = 0;
        let errors = items.iter().map(|(_, e)| {
            sum += u64::from(*e);
            sum
        });
        let errors = errors.collect();
        Ok(Self {
            score: items.into_iter().map(|(s, _)| s).collect(),
            errors,
        })
    }

    /// Items.
    pub fn n(&self) -> usize {
        self.score.len()
    }

    /// Errors among the `i` most confident items.
    fn errors_of(&self, i: usize) -> u64 {
        i.checked_sub(1).map_or(0, |i| self.errors[i])
    }

    /// Items with a score of at least `threshold`, and errors among them.
    pub fn accepted(&self, threshold: f64) -> (usize, u64) {
        let accepted = self.score.partition_point(|s| *s >= threshold);
        (accepted, self.errors_of(accepted))
    }

    /// Expected errors among the first `i` items where equal scores come in any order.
    fn expected(&self) -> Vec<f64> {
        let mut found = Vec::with_capacity(self.n());
        let mut from = 0;
        for group in self.score.chunk_by(|a, b| a == b) {
            let before = self.errors_of(from) as f64;
            let inside = self.errors_of(from + group.len()) as f64 - before;
            let each = inside / group.len() as f64;
            found.extend((1..=group.len()).map(|i| before + each * i as f64));
            from += group.len();
        }
        found
    }
}

/// Risk against coverage.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskCoverage {
    /// Share of errors among the first 1, 2, ... items; equal scores in any order, on average.
    pub risk: Vec<f64>,
    /// Area under the curve: the mean risk.
    pub aurc: f64,
    /// Area above what the best order of the same errors has.
    pub excess_aurc: f64,
    /// The same by the closed form for large n, `aurc - (r + (1 - r) ln(1 - r))` (Geifman, Uziel and El-Yaniv 2019).
    pub excess_closed_form: f64,
}

impl RiskCoverage {
    /// Risk when the share `coverage` of items is answered, rounded up to whole items.
    ///
    /// Errors: [`ConfidenceError::OutOfRange`] outside (0, 1]. Cost: constant.
    pub fn at(&self, coverage: f64) -> Result<f64, ConfidenceError> {
        range(
            "coverage",
            coverage,
            coverage > 0.0 && coverage <= 1.0,
            "above 0, at most 1",
        )?;
        let n = self.risk.len();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and n"
        )]
        let items = (coverage * n as f64 - 1e-9).ceil() as usize;
        Ok(self.risk[items.clamp(1, n) - 1])
    }
}

/// The curve of risk against coverage (El-Yaniv and Wiener 2010). Cost: `O(n)`.
pub fn risk_coverage(ranked: &Ranked) -> RiskCoverage {
    let (n, all) = (ranked.n(), ranked.errors_of(ranked.n()));
    let mean = |risks: &[f64]| risks.iter().sum::<f64>() / n as f64;
    let expected = ranked.expected().into_iter();
    let risk: Vec<f64> = expected.zip(1..).map(|(e, i)| e / f64::from(i)).collect();
    let right = n as u64 - all;
    let best = |i: u64| i.saturating_sub(right) as f64 / i as f64;
    let best: Vec<f64> = (1..=n as u64).map(best).collect();
    let aurc = mean(&risk);
    let r = all as f64 / n as f64;
    let rest = if r < 1.0 {
        (1.0 - r) * (1.0 - r).ln()
    } else {
        0.0
    };
    RiskCoverage {
        aurc,
        excess_aurc: aurc - mean(&best),
        excess_closed_form: aurc - (r + rest),
        risk,
    }
}

/// One threshold tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// Items with at least this score are answered.
    pub threshold: f64,
    /// Place of the threshold by rising score.
    pub place: usize,
    /// Items answered.
    pub accepted: usize,
    /// Errors among them.
    pub errors: u64,
    /// Upper bound of the risk, each at `delta / probes`.
    pub bound: f64,
}

/// Result of [`sgr`].
#[derive(Clone, Debug, PartialEq)]
pub struct Guaranteed {
    /// The probe of largest coverage whose bound is at most the risk asked for; none where there is none.
    pub best: Option<Probe>,
    /// All that were tried.
    pub probes: Vec<Probe>,
}

/// Selection with guaranteed risk (Geifman and El-Yaniv 2017, algorithm 1): a threshold whose risk among answered items is
/// at most `risk` with probability `1 - delta` over the calibration sample, and the largest coverage on the way.
///
/// Halves over `ceil(log2 n)` thresholds, each bounded by the exact binomial bound at `delta / ceil(log2 n)`. Unlike the
/// authors' code counts are whole (theirs loses an error by truncation), all items of a tied score count, and a risk that
/// cannot be reached gives none (theirs returns the last probe). Items must come from the same stream as those answered.
/// Errors: [`ConfidenceError::OutOfRange`] for `risk` or `delta` outside (0, 1). Cost: `log2 n` beta quantiles.
pub fn sgr(ranked: &Ranked, risk: f64, delta: f64) -> Result<Guaranteed, ConfidenceError> {
    open_unit("risk", risk)?;
    open_unit("delta", delta)?;
    let n = ranked.n();
    let probes = (usize::BITS - (n - 1).leading_zeros()).max(1);
    let each = delta / f64::from(probes);
    let (mut low, mut high) = (0, n - 1);
    let mut found = Guaranteed {
        best: None,
        probes: Vec::new(),
    };
    for _ in 0..probes {
        let place = (low + high).div_ceil(2);
        let threshold = ranked.score[n - 1 - place];
        let (accepted, errors) = ranked.accepted(threshold);
        let bound = clopper_pearson_upper(errors, accepted as u64, each)?;
        let probe = Probe {
            threshold,
            place,
            accepted,
            errors,
            bound,
        };
        found.probes.push(probe);
        if bound <= risk {
            if found.best.is_none_or(|best| accepted > best.accepted) {
                found.best = Some(probe);
            }
            high = place;
        } else {
            low = place;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn curves_by_hand_and_ties_in_any_order() {
        let ranked = Ranked::new(&[0.9, 0.8, 0.7, 0.6], &[false, true, false, true]).unwrap();
        let found = risk_coverage(&ranked);
        assert_eq!(found.risk, vec![0.0, 0.5, 1.0 / 3.0, 0.5]);
        assert_eq!((found.at(0.5).unwrap(), found.at(1.0).unwrap()), (0.5, 0.5));
        assert!(found.at(0.0).is_err());
        let one = Ranked::new(&[0.5; 3], &[true, false, false]).unwrap();
        let other = Ranked::new(&[0.5; 3], &[false, false, true]).unwrap();
        assert_eq!(risk_coverage(&one), risk_coverage(&other));
        assert!(Ranked::new(&[f64::NAN], &[true]).is_err() && Ranked::new(&[], &[]).is_err());
        let best = Ranked::new(&[0.9, 0.8, 0.7], &[false, false, true]).unwrap();
        assert!(risk_coverage(&best).excess_aurc.abs() < 1e-15);
    }

    #[test]
    fn risk_is_held_and_what_cannot_be_is_said() {
        // Right with probability `score`, so the risk above t is (1 - t) / 2.
        let mut random = SplitMix::new(6);
        let (mut broken, mut found, trials) = (0, 0, 400);
        for _ in 0..trials {
            let score: Vec<f64> = (0..1000).map(|_| random.unit()).collect();
            let error: Vec<bool> = score.iter().map(|s| random.unit() > *s).collect();
            let ranked = Ranked::new(&score, &error).unwrap();
            if let Some(best) = sgr(&ranked, 0.2, 0.1).unwrap().best {
                found += 1;
                broken += usize::from((1.0 - best.threshold) / 2.0 > 0.2);
            }
        }
        assert!(found > 350, "{found}");
        assert!(broken <= 40, "{broken}");
        let hopeless = Ranked::new(&[0.5, 0.6], &[true, true]).unwrap();
        assert_eq!(sgr(&hopeless, 0.1, 0.1).unwrap().best, None);
        assert!(sgr(&hopeless, 1.0, 0.1).is_err());
        let single = Ranked::new(&[0.5], &[false]).unwrap();
        assert_eq!(sgr(&single, 0.1, 0.1).unwrap().probes.len(), 1);
    }

    #[test]
    fn tied_scores_are_answered_together() {
        let score = [vec![0.9; 60], vec![0.5; 40]].concat();
        let error: Vec<bool> = (0..100).map(|i| i >= 60).collect();
        let ranked = Ranked::new(&score, &error).unwrap();
        let best = sgr(&ranked, 0.2, 0.1).unwrap().best.unwrap();
        assert_eq!((best.accepted, best.errors, best.threshold), (60, 0, 0.9));
    }
}
