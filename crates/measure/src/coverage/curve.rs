//! Kinds expected in smaller and larger samples.

use super::richness::unseen;
use super::{Abundance, CoverageError};
use crate::stats::{Estimate, Interval, ln_gamma, whole};
use std::collections::BTreeMap;

/// Kinds expected among `m` individuals drawn without repetition (Hurlbert 1971): `sum_i 1 - C(N - N_i, m) / C(N, m)`.
///
/// Errors: [`CoverageError::TooFar`] for more individuals than there are. Cost: distinct counts.
pub fn rarefy(abundance: &Abundance, m: u64) -> Result<f64, CoverageError> {
    if m > abundance.individuals() {
        return Err(CoverageError::TooFar {
            asked: m,
            most: abundance.individuals(),
        });
    }
    Ok(rarefy_counts(abundance, m))
}

pub(super) fn rarefy_counts(abundance: &Abundance, m: u64) -> f64 {
    expected(abundance.frequencies(), abundance.individuals(), m)
}

/// Kinds expected among `m` of `n` units where each kind lies in as many units as its frequency says.
pub(super) fn expected(frequencies: &[(u64, u64)], n: u64, m: u64) -> f64 {
    if m >= n {
        return frequencies.iter().map(|f| f.1 as f64).sum();
    }
    frequencies
        .iter()
        .map(|(count, kinds)| *kinds as f64 * seen_share(*count, n, m))
        .sum()
}

/// `1 - C(n - count, m) / C(n, m)`. Short products are multiplied out; long ones go by logarithms of factorials, whose
/// rounding stays below 1e-11.
fn seen_share(count: u64, n: u64, m: u64) -> f64 {
    if count + m > n {
        return 1.0;
    }
    let factors = count.min(m);
    if factors <= 1000 {
        let other = count.max(m) as f64;
        let unseen: f64 = (0..factors).map(|i| 1.0 - other / (n - i) as f64).product();
        return 1.0 - unseen;
    }
    let ln_factorial = |k: u64| ln_gamma(k as f64 + 1.0).unwrap_or(0.0);
    let ln = ln_factorial(n - count) + ln_factorial(n - m)
        - ln_factorial(n - count - m)
        - ln_factorial(n);
    -ln.exp_m1()
}

/// Kinds expected in a sample enlarged to `size` individuals (Chao and others 2014, equation 9):
/// `S + f0 [1 - (1 - f1 / (n f0 + f1))^(size - n)]` with `f0` of the corrected Chao1.
///
/// Errors: [`CoverageError::TooFar`] below the sample or above twice its size: further the bias of Chao1 rules.
pub fn extrapolate(abundance: &Abundance, size: u64) -> Result<f64, CoverageError> {
    let n = abundance.individuals();
    if size < n || size > 2 * n {
        return Err(CoverageError::TooFar {
            asked: size,
            most: 2 * n,
        });
    }
    let (f1, f2) = (abundance.frequency(1) as f64, abundance.frequency(2) as f64);
    Ok(abundance.kinds() as f64 + beyond(f1, f2, n as f64, (size - n) as f64))
}

/// Kinds that `more` units are expected to add to `n`.
pub(super) fn beyond(f1: f64, f2: f64, n: f64, more: f64) -> f64 {
    let f0 = unseen(f1, f2);
    if f0 <= 0.0 {
        return 0.0;
    }
    f0 * (1.0 - (more * (-f1 / (n * f0 + f1)).ln_1p()).exp())
}

/// How many kinds `f0` (never seen) has, and how it changes with the kinds seen once and twice.
fn unseen_slopes(f1: f64, f2: f64) -> (f64, [f64; 2]) {
    let f0 = unseen(f1, f2);
    (
        f0,
        [(2.0 * f1 - 1.0) / (2.0 * (f2 + 1.0)), -f0 / (f2 + 1.0)],
    )
}

/// How [`beyond`] changes with the kinds seen once and twice.
fn beyond_slopes(f1: f64, f2: f64, n: f64, more: f64) -> [f64; 2] {
    let (f0, slopes) = unseen_slopes(f1, f2);
    if f0 <= 0.0 {
        return [0.0; 2];
    }
    let all = n * f0 + f1;
    let left = -f1 / all;
    let never = (more * left.ln_1p()).exp();
    let shares = [
        n * (f0 - f1 * slopes[0]) / (all * all),
        -f1 * n * slopes[1] / (all * all),
    ];
    // The derivative of 1 - (1 - share)^more by the share.
    let steep = if more > 0.0 {
        more * never / (1.0 + left)
    } else {
        0.0
    };
    [0, 1].map(|i| slopes[i] * (1.0 - never) + f0 * steep * shares[i])
}

/// Variance of `sum_k slope(k) f_k` where the kinds are a sample of `all` kinds of which each was seen `k` times with its
/// own chance: `sum slope^2 f_k - (sum slope f_k)^2 / all`.
pub(super) fn delta_variance(
    frequencies: &[(u64, u64)],
    all: f64,
    slope: impl Fn(u64) -> f64,
) -> f64 {
    let (mut squares, mut sum) = (0.0, 0.0);
    for &(count, kinds) in frequencies {
        let d = slope(count);
        squares += d * d * kinds as f64;
        sum += d * kinds as f64;
    }
    (squares - sum * sum / all).max(0.0)
}

/// Kinds expected among `size` of `n` units or, above `n`, in a sample enlarged to it, with the interval at 95 % of a
/// sample that is itself drawn from all kinds (Colwell and others 2012, equations 5, 9 and 10; the number of all kinds is
/// Chao's lower bound, so that intervals are rather too short). The `n` of the estimate is the size.
pub(super) fn point(frequencies: &[(u64, u64)], n: u64, size: u64) -> Estimate {
    let of = |k: u64| {
        let at = frequencies.binary_search_by_key(&k, |f| f.0);
        at.ok()
            .and_then(|at| frequencies.get(at))
            .map_or(0.0, |f| f.1 as f64)
    };
    let (f1, f2) = (of(1), of(2));
    let seen: f64 = frequencies.iter().map(|f| f.1 as f64).sum();
    let all = seen + unseen(f1, f2);
    let (kinds, variance) = if size <= n {
        (
            expected(frequencies, n, size),
            delta_variance(frequencies, all, |count| seen_share(count, n, size)),
        )
    } else {
        let (n, more) = (n as f64, (size - n) as f64);
        let slopes = beyond_slopes(f1, f2, n, more);
        let slope = |count: u64| match count {
            1 => 1.0 + slopes[0],
            2 => 1.0 + slopes[1],
            _ => 1.0,
        };
        (
            seen + beyond(f1, f2, n, more),
            delta_variance(frequencies, all, slope),
        )
    };
    let Interval { low, high } = Interval::normal(kinds, variance.sqrt());
    let interval = Interval {
        low: low.max(0.0),
        high,
    };
    Estimate::with(
        kinds,
        Some(interval),
        usize::try_from(size).unwrap_or(usize::MAX),
    )
}

/// Units to add until the coverage is expected to be `target` (Chao and Jost 2012, equation 12): the missing share is
/// `share ratio^(more + 1)`. None where no number is large enough.
pub(super) fn more_for(share: f64, ratio: f64, target: f64) -> Result<Option<u64>, CoverageError> {
    if !(target > 0.0 && target < 1.0) {
        return Err(CoverageError::BadOption {
            name: "coverage",
            value: target,
            hint: "between 0 and 1",
        });
    }
    if share * ratio <= 1.0 - target {
        return Ok(Some(0));
    }
    let more = (((1.0 - target) / share).ln() / ratio.ln() - 1.0).ceil();
    Ok((more < 1e15).then_some(whole(more.max(0.0))))
}

/// The curve at those of `sizes` that lie between 1 and `n`, by size.
pub fn accumulation(n: u64, sizes: &[u64], curve: impl Fn(u64) -> f64) -> BTreeMap<u64, f64> {
    sizes
        .iter()
        .filter(|m| (1..=n).contains(*m))
        .map(|m| (*m, curve(*m)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_meets_the_sample_and_never_falls() {
        let counts = Abundance::new(&[40, 12, 7, 3, 2, 1, 1, 1]).unwrap();
        let n = counts.individuals();
        let mut before = 0.0;
        for m in 0..=n {
            let found = rarefy(&counts, m).unwrap();
            assert!(found >= before - 1e-12);
            before = found;
        }
        assert_eq!(before, 8.0);
        assert!((rarefy(&counts, 1).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(extrapolate(&counts, n).unwrap(), 8.0);
        let far = extrapolate(&counts, 2 * n).unwrap();
        assert!(far > 8.0 && far < 8.0 + unseen(3.0, 1.0));
        assert!(extrapolate(&counts, 2 * n + 1).is_err() && rarefy(&counts, n + 1).is_err());
    }

    #[test]
    fn intervals_meet_at_the_sample_and_follow_the_slopes() {
        let counts = Abundance::new(&[40, 12, 7, 3, 2, 2, 1, 1, 1, 1]).unwrap();
        let n = counts.individuals();
        let at = |size: u64| point(counts.frequencies(), n, size);
        let (here, next) = (at(n), at(n + 1));
        assert_eq!(here.estimate, 10.0);
        // S (1 - S / S_est) at the sample.
        let all = 10.0 + unseen(4.0, 2.0);
        let error = (10.0 * (1.0 - 10.0 / all)).sqrt();
        assert!((here.high.unwrap() - 10.0 - crate::stats::Z95 * error).abs() < 1e-12);
        assert!((next.high.unwrap() - here.high.unwrap()).abs() < 0.2);
        for (f1, f2, more) in [(4.0, 2.0, 30.0), (9.0, 1.0, 5.0), (3.0, 0.0, 100.0)] {
            let h = 1e-6;
            let found = beyond_slopes(f1, f2, 70.0, more);
            let by = |d1: f64, d2: f64| beyond(f1 + d1, f2 + d2, 70.0, more);
            let first = (by(h, 0.0) - by(-h, 0.0)) / (2.0 * h);
            let second = (by(0.0, h) - by(0.0, -h)) / (2.0 * h);
            assert!((found[0] - first).abs() < 1e-6 && (found[1] - second).abs() < 1e-6);
        }
    }

    #[test]
    fn the_sample_for_a_coverage_reaches_it() {
        for (share, ratio) in [(0.2_f64, 0.99_f64), (0.05, 0.5), (0.9, 0.9999)] {
            let more = more_for(share, ratio, 0.95).unwrap().unwrap() as f64;
            assert!(share * ratio.powf(more + 1.0) <= 0.05 + 1e-12);
            assert!(more == 0.0 || share * ratio.powf(more) > 0.05);
        }
        assert_eq!(more_for(0.0, 0.0, 0.99).unwrap(), Some(0));
        assert!(more_for(0.1, 0.5, 1.0).is_err());
    }

    #[test]
    fn both_ways_to_the_share_agree() {
        let by_logarithms = seen_share(1500, 40_000, 2000);
        let by_product: f64 = 1.0
            - (0..1500_u64)
                .map(|i| 1.0 - 2000.0 / (40_000 - i) as f64)
                .product::<f64>();
        assert!((by_logarithms - by_product).abs() < 1e-11);
    }
}
