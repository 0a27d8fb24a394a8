//! Charts of shares: p chart, Laney's p′, exact limits.

use crate::agreement::AgreementError;
use crate::stats::binomial_tails;

/// Mean range of two normal values over their standard deviation.
const D2: f64 = 1.128;

/// Chance of a point above three standard deviations, if it were normal.
const THREE_SIGMA_TAIL: f64 = 0.00135;

/// A chart of shares of samples that may differ in size.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareChart {
    /// Share over the samples of the first phase.
    pub mean: f64,
    /// Deviation of each sample from the mean, in its binomial standard deviations.
    pub z: Vec<f64>,
    /// Three-sigma limits, at least 0 and at most 1.
    pub limits: Vec<[f64; 2]>,
    /// How much samples vary beyond the binomial, from neighbors in the first phase; 1 is none.
    pub spread: f64,
    /// Laney's limits, widened by the spread.
    pub laney: Vec<[f64; 2]>,
    /// Largest count of each sample that is no alarm: the smallest with a chance above it of at most 0.00135.
    pub exact: Vec<u64>,
    /// Samples outside the three-sigma limits.
    pub signals: Vec<usize>,
    /// Samples outside Laney's limits.
    pub laney_signals: Vec<usize>,
    /// Samples with more than the exact count.
    pub exact_signals: Vec<usize>,
}

/// Share of errors in the first samples, which must tell something.
fn first_mean(counts: &[u64], sizes: &[u64], first: usize) -> Result<f64, AgreementError> {
    if counts.len() != sizes.len() {
        let (found, expected) = (counts.len(), sizes.len());
        return Err(AgreementError::Length {
            what: "counts",
            found,
            expected,
        });
    }
    if first < 2 || counts.len() < first {
        return Err(AgreementError::TooFew {
            units: counts.len().min(first),
            needed: first.max(2),
        });
    }
    if let Some((&value, _)) = counts.iter().zip(sizes).find(|(c, n)| c > n || **n == 0) {
        let expected = "samples need items, and no more errors than items";
        return Err(AgreementError::BadValue {
            value: value as f64,
            expected,
        });
    }
    let total = |list: &[u64]| list[..first].iter().sum::<u64>() as f64;
    let mean = total(counts) / total(sizes);
    if mean <= 0.0 || mean >= 1.0 {
        return Err(AgreementError::NoVariation { values: first });
    }
    Ok(mean)
}

/// p chart: shares of errors against the mean of the first `first` samples.
///
/// The three-sigma limits are poor where `n p` is below 5: then use the exact ones; where errors come in batches the
/// chart alarms too often: then use Laney's. Errors: fewer than two samples in the first phase, more errors than items,
/// no or only errors in the first phase. Cost: a binomial tail per step of the exact limits.
/// Source: Montgomery, Statistical Quality Control, 7.2; Laney 2002.
pub fn share_chart(
    counts: &[u64],
    sizes: &[u64],
    first: usize,
) -> Result<ShareChart, AgreementError> {
    let mean = first_mean(counts, sizes, first)?;
    let sigmas: Vec<f64> = sizes
        .iter()
        .map(|n| (mean * (1.0 - mean) / *n as f64).sqrt())
        .collect();
    let shares: Vec<f64> = counts
        .iter()
        .zip(sizes)
        .map(|(c, n)| *c as f64 / *n as f64)
        .collect();
    let z: Vec<f64> = shares
        .iter()
        .zip(&sigmas)
        .map(|(p, s)| (p - mean) / s)
        .collect();
    let ranges: f64 = z[..first].windows(2).map(|w| (w[1] - w[0]).abs()).sum();
    let spread = ranges / (first - 1) as f64 / D2;
    let limits = |wide: f64| -> Vec<[f64; 2]> {
        let of = |s: &f64| {
            [
                (mean - 3.0 * s * wide).max(0.0),
                (mean + 3.0 * s * wide).min(1.0),
            ]
        };
        sigmas.iter().map(of).collect()
    };
    let exact = sizes
        .iter()
        .map(|&n| largest_quiet(n, mean))
        .collect::<Result<Vec<u64>, _>>()?;
    let outside = |limits: &[[f64; 2]]| -> Vec<usize> {
        let points = shares.iter().zip(limits).enumerate();
        points
            .filter(|(_, (p, [low, high]))| *p < low || *p > high)
            .map(|(i, _)| i)
            .collect()
    };
    let (plain, laney) = (limits(1.0), limits(spread));
    let above = counts
        .iter()
        .zip(&exact)
        .enumerate()
        .filter(|(_, (c, e))| c > e);
    Ok(ShareChart {
        mean,
        spread,
        signals: outside(&plain),
        laney_signals: outside(&laney),
        exact_signals: above.map(|(i, _)| i).collect(),
        limits: plain,
        laney,
        exact,
        z,
    })
}

/// Smallest count with a chance above it of at most 0.00135, by bisection.
fn largest_quiet(n: u64, p: f64) -> Result<u64, AgreementError> {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if binomial_tails(middle, n, p)?.1 <= THREE_SIGMA_TAIL {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn exact_limits_hold_their_false_alarm_rate() {
        // Rare errors, where three sigma alarms far too often.
        let mut random = SplitMix::new(4);
        let sizes = vec![60; 2000];
        let counts: Vec<u64> = (0..2000)
            .map(|_| (0..60).filter(|_| random.unit() < 0.02).count() as u64)
            .collect();
        let found = share_chart(&counts, &sizes, 2000).unwrap();
        assert!(
            found.exact_signals.len() <= 9,
            "{}",
            found.exact_signals.len()
        );
        assert!(found.signals.len() > found.exact_signals.len());
        assert!((0.8..1.2).contains(&found.spread));
    }

    #[test]
    fn undefined_charts_are_refused() {
        assert!(share_chart(&[0, 0], &[5, 5], 2).is_err());
        assert!(share_chart(&[6, 1], &[5, 5], 2).is_err());
        assert!(share_chart(&[1], &[5], 1).is_err());
    }
}
