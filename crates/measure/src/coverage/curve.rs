//! Kinds expected in smaller and larger samples.

use super::richness::unseen;
use super::{Abundance, CoverageError};
use crate::stats::ln_gamma;
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
    fn both_ways_to_the_share_agree() {
        let by_logarithms = seen_share(1500, 40_000, 2000);
        let by_product: f64 = 1.0
            - (0..1500_u64)
                .map(|i| 1.0 - 2000.0 / (40_000 - i) as f64)
                .product::<f64>();
        assert!((by_logarithms - by_product).abs() < 1e-11);
    }
}
