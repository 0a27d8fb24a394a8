//! Quantiles by linear interpolation, without sorting.

use super::{MAD_TO_SIGMA, StatsError};
use serde::Serialize;
use std::cmp::Ordering;

/// Puts the elements of the given ranks (ascending, in range) where a full sort would put them.
///
/// Generic over the comparison, so that it is compiled into the selection.
fn multi_select<T, C>(values: &mut [T], ranks: &[usize], base: usize, cmp: C)
where
    C: Fn(&T, &T) -> Ordering + Copy,
{
    let Some(&rank) = ranks.get(ranks.len() / 2) else {
        return;
    };
    let here = rank - base;
    if here >= values.len() {
        return;
    }
    let (left, _, right) = values.select_nth_unstable_by(here, |a, b| cmp(a, b));
    let split = ranks.len() / 2;
    multi_select(left, &ranks[..split], base, cmp);
    multi_select(right, &ranks[split + 1..], rank + 1, cmp);
}

/// Lower rank and weight of the upper neighbor for quantile `q` of `n` values.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`q` is in 0..=1, so the position is in 0..n"
)]
fn position(q: f64, n: usize) -> (usize, f64) {
    let at = q * (n - 1) as f64;
    let low = (at.floor() as usize).min(n - 1);
    (low, at - low as f64)
}

/// Interpolation in the form numpy uses, exact at both ends.
fn lerp(low: f64, high: f64, weight: f64) -> f64 {
    if weight == 0.0 {
        return low;
    }
    let step = high - low;
    if weight >= 0.5 {
        high - step * (1.0 - weight)
    } else {
        low + step * weight
    }
}

fn select_quantiles<T: Copy, C>(
    scratch: &mut [T],
    qs: &[f64],
    cmp: C,
    to_f64: fn(T) -> f64,
) -> Result<Vec<f64>, StatsError>
where
    C: Fn(&T, &T) -> Ordering + Copy,
{
    let n = scratch.len();
    if n == 0 {
        return Err(StatsError::Empty);
    }
    let mut ranks = Vec::with_capacity(2 * qs.len());
    for &q in qs {
        if !(0.0..=1.0).contains(&q) {
            return Err(StatsError::BadProbability { value: q });
        }
        let (low, weight) = position(q, n);
        ranks.push(low);
        if weight > 0.0 {
            ranks.push((low + 1).min(n - 1));
        }
    }
    ranks.sort_unstable();
    ranks.dedup();
    multi_select(scratch, &ranks, 0, cmp);
    Ok(qs
        .iter()
        .map(|&q| {
            let (low, weight) = position(q, n);
            lerp(
                to_f64(scratch[low]),
                to_f64(scratch[(low + 1).min(n - 1)]),
                weight,
            )
        })
        .collect())
}

/// Quantiles of integers by linear interpolation (Hyndman and Fan type 7; the default of numpy 2.4 `quantile`).
///
/// `scratch` holds the values and is reordered, so no memory is taken but the result's; `qs` are probabilities
/// in 0 to 1, in any order. Values above 2^53 lose their last bits in `f64`.
///
/// Errors: [`StatsError::Empty`], [`StatsError::BadProbability`].
/// Cost: expected `O(n log k)` for `k` probabilities, about 10 ns per value for one to four of them.
pub fn quantiles_i64(scratch: &mut [i64], qs: &[f64]) -> Result<Vec<f64>, StatsError> {
    select_quantiles(scratch, qs, i64::cmp, |x| x as f64)
}

/// One quantile of integers; see [`quantiles_i64`].
pub fn quantile_i64(scratch: &mut [i64], q: f64) -> Result<f64, StatsError> {
    quantiles_i64(scratch, &[q])?
        .first()
        .copied()
        .ok_or(StatsError::Empty)
}

/// Median of integers; the mean of the two middle values for an even count. See [`quantiles_i64`].
pub fn median_i64(scratch: &mut [i64]) -> Result<f64, StatsError> {
    quantile_i64(scratch, 0.5)
}

/// Quantiles of floats by linear interpolation; see [`quantiles_i64`].
///
/// Errors: as there, and [`StatsError::NotFinite`] for a NaN or an infinity.
pub fn quantiles(scratch: &mut [f64], qs: &[f64]) -> Result<Vec<f64>, StatsError> {
    if let Some(index) = scratch.iter().position(|x| !x.is_finite()) {
        return Err(StatsError::NotFinite { index });
    }
    select_quantiles(scratch, qs, f64::total_cmp, |x| x)
}

/// One quantile of floats; see [`quantiles`].
pub fn quantile(scratch: &mut [f64], q: f64) -> Result<f64, StatsError> {
    quantiles(scratch, &[q])?
        .first()
        .copied()
        .ok_or(StatsError::Empty)
}

/// Median of floats; see [`quantiles`].
pub fn median(scratch: &mut [f64]) -> Result<f64, StatsError> {
    quantile(scratch, 0.5)
}

/// Robust location and spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Median.
    pub median: f64,
    /// Median absolute deviation from the median, not scaled.
    pub mad: f64,
    /// `1.4826 mad`: the standard deviation if the values were normal (signals reference, B).
    pub sigma: f64,
}

/// Median and median absolute deviation.
///
/// `scratch` is overwritten with the absolute deviations. Errors: as [`quantiles`]. Cost: two selections.
pub fn median_abs_deviation(scratch: &mut [f64]) -> Result<Spread, StatsError> {
    let middle = median(scratch)?;
    for x in scratch.iter_mut() {
        *x = (*x - middle).abs();
    }
    let mad = median(scratch)?;
    Ok(Spread {
        median: middle,
        mad,
        sigma: MAD_TO_SIGMA * mad,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_sorting(values: &[f64], q: f64) -> f64 {
        let mut v = values.to_vec();
        v.sort_by(f64::total_cmp);
        let (low, weight) = position(q, v.len());
        lerp(v[low], v[(low + 1).min(v.len() - 1)], weight)
    }

    #[test]
    fn matches_numpy_by_hand() {
        let mut v = [4_i64, 1, 3, 2];
        assert_eq!(
            quantiles_i64(&mut v, &[0.0, 0.25, 0.5, 0.95, 1.0]).unwrap(),
            vec![1.0, 1.75, 2.5, 3.849_999_999_999_999_6, 4.0]
        );
        assert_eq!(median(&mut [7.0]).unwrap(), 7.0);
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(median_i64(&mut []), Err(StatsError::Empty));
        assert_eq!(
            median(&mut [1.0, f64::NAN]),
            Err(StatsError::NotFinite { index: 1 })
        );
        assert_eq!(
            quantile(&mut [1.0], 1.5),
            Err(StatsError::BadProbability { value: 1.5 })
        );
    }

    #[test]
    fn spread_of_a_small_sample() {
        let s = median_abs_deviation(&mut [1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]).unwrap();
        assert_eq!((s.median, s.mad), (2.0, 1.0));
        assert_eq!(s.sigma, 1.4826);
    }

    proptest! {
        #[test]
        fn selection_equals_sorting(values in prop::collection::vec(-1e6_f64..1e6, 1..200), qs in prop::collection::vec(0.0_f64..=1.0, 1..6)) {
            let mut scratch = values.clone();
            let got = quantiles(&mut scratch, &qs).unwrap();
            for (q, x) in qs.iter().zip(got) {
                prop_assert_eq!(x, by_sorting(&values, *q));
            }
        }

        #[test]
        fn integers_equal_floats(values in prop::collection::vec(-1_000_000_i64..1_000_000, 1..200), q in 0.0_f64..=1.0) {
            let floats: Vec<f64> = values.iter().map(|&x| x as f64).collect();
            prop_assert_eq!(quantile_i64(&mut values.clone(), q).unwrap(), by_sorting(&floats, q));
        }
    }
}
