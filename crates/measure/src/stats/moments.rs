//! Mean and standard deviation with a documented order of summation.

use super::StatsError;
use serde::Serialize;

/// First two moments and the range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// Number of values.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation, `sqrt(sum (x - mean)^2 / n)`.
    pub std_population: f64,
    /// Standard deviation with `n - 1`; none for a single value.
    pub std_sample: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// Running sum with the correction of Neumaier (1974): the error does not grow with the count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, x: f64) {
        let next = self.total + x;
        self.lost += if self.total.abs() >= x.abs() {
            (self.total - next) + x
        } else {
            (x - next) + self.total
        };
        self.total = next;
    }

    pub(crate) fn value(self) -> f64 {
        self.total + self.lost
    }
}

fn finish(n: usize, mean: f64, squares: f64, min: f64, max: f64) -> Moments {
    Moments {
        n,
        mean,
        std_population: (squares / n as f64).max(0.0).sqrt(),
        std_sample: (n > 1).then(|| (squares / (n - 1) as f64).max(0.0).sqrt()),
        min,
        max,
    }
}

/// Moments of floats: two passes in slice order, both with Neumaier's compensated sum.
///
/// Errors: [`StatsError::Empty`], [`StatsError::NotFinite`]. Cost: two passes, no memory.
pub fn moments(values: &[f64]) -> Result<Moments, StatsError> {
    if values.is_empty() {
        return Err(StatsError::Empty);
    }
    if let Some(index) = values.iter().position(|x| !x.is_finite()) {
        return Err(StatsError::NotFinite { index });
    }
    let mut sum = Sum::default();
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for &x in values {
        sum.add(x);
        min = min.min(x);
        max = max.max(x);
    }
    let n = values.len();
    let mean = sum.value() / n as f64;
    let mut squares = Sum::default();
    for &x in values {
        squares.add((x - mean) * (x - mean));
    }
    Ok(finish(n, mean, squares.value(), min, max))
}

/// Moments of integers: sums are exact integers, so the result does not depend on the order of the values.
///
/// Deviations beyond 2^50 (13 days in nanoseconds) fall back to floats, in slice order.
/// Errors: [`StatsError::Empty`]. Cost: two passes, no memory.
pub fn moments_i64(values: &[i64]) -> Result<Moments, StatsError> {
    let (Some(&min), Some(&max)) = (values.iter().min(), values.iter().max()) else {
        return Err(StatsError::Empty);
    };
    let n = values.len();
    // Relative to the smallest value, so that nothing large is ever rounded.
    let above: i128 = values
        .iter()
        .map(|&x| i128::from(x) - i128::from(min))
        .sum();
    let shift = above as f64 / n as f64;
    let center = above / n as i128;
    let range = i128::from(max) - i128::from(min);
    let squares = if range < 1 << 50 {
        let sum: i128 = values
            .iter()
            .map(|&x| {
                let d = i128::from(x) - i128::from(min) - center;
                d * d
            })
            .sum();
        // Koenig and Huygens: from the integer center to the mean.
        let rest = shift - center as f64;
        sum as f64 - n as f64 * rest * rest
    } else {
        let mut sum = Sum::default();
        for &x in values {
            let d = (i128::from(x) - i128::from(min)) as f64 - shift;
            sum.add(d * d);
        }
        sum.value()
    };
    Ok(finish(
        n,
        min as f64 + shift,
        squares,
        min as f64,
        max as f64,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_sample() {
        let m = moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!(
            (m.mean, m.std_population, m.min, m.max),
            (5.0, 2.0, 2.0, 9.0)
        );
        assert_eq!(moments(&[3.0]).unwrap().std_sample, None);
        assert_eq!(moments_i64(&[]), Err(StatsError::Empty));
    }

    #[test]
    fn the_compensated_sum_keeps_what_a_plain_sum_loses() {
        assert_eq!(moments(&[1e16, 1.0, -1e16, 1.0]).unwrap().mean, 0.5);
    }

    #[test]
    fn extreme_integers_do_not_overflow() {
        let m = moments_i64(&[i64::MIN, i64::MAX]).unwrap();
        assert!(m.std_population.is_finite() && m.std_population > 9e18);
    }

    proptest! {
        #[test]
        fn integers_equal_floats_and_ignore_order(mut values in prop::collection::vec(-1_000_000_i64..1_000_000, 1..100)) {
            let a = moments_i64(&values).unwrap();
            let floats: Vec<f64> = values.iter().map(|&x| x as f64).collect();
            let b = moments(&floats).unwrap();
            prop_assert!((a.mean - b.mean).abs() <= 1e-9 * b.mean.abs().max(1.0));
            prop_assert!((a.std_population - b.std_population).abs() <= 1e-9 * b.std_population.max(1.0));
            values.reverse();
            prop_assert_eq!(a, moments_i64(&values).unwrap());
        }
    }
}
