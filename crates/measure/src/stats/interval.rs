//! Intervals at 95 %.

use super::special::gamma_p;
use super::{StatsError, Z95};
use serde::Serialize;

/// A two-sided interval, at 95 % unless what made it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end; never below `low`.
    pub high: f64,
}

impl Interval {
    /// Whether the interval holds `x`, ends included.
    pub fn contains(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// `center ± Z95 standard_error`.
    pub fn normal(center: f64, standard_error: f64) -> Self {
        let half = Z95 * standard_error;
        Self {
            low: center - half,
            high: center + half,
        }
    }
}

/// Wilson's score interval of a share (Wilson 1927, as Brown, Cai and `DasGupta` 2001, eq. 4).
///
/// Errors: [`StatsError::BadCounts`]. Cost: constant.
pub fn wilson(successes: u64, trials: u64) -> Result<Interval, StatsError> {
    wilson_at(successes, trials, Z95)
}

/// Interval of a difference `b - a` of two independent estimates from their own intervals (MOVER: Newcombe 1998, method 10,
/// for shares; Zou and Donner 2008 for any). Where the samples share units it is too wide, never too narrow, as long as
/// they go together. Cost: constant.
pub fn difference_interval((a, of_a): (f64, Interval), (b, of_b): (f64, Interval)) -> Interval {
    let (down, up) = (
        (b - of_b.low).hypot(of_a.high - a),
        (of_b.high - b).hypot(a - of_a.low),
    );
    Interval {
        low: b - a - down,
        high: b - a + up,
    }
}

/// As [`wilson`], `z` standard errors to either side.
pub fn wilson_at(successes: u64, trials: u64, z: f64) -> Result<Interval, StatsError> {
    if trials == 0 || successes > trials {
        return Err(StatsError::BadCounts { successes, trials });
    }
    let n = trials as f64;
    let Interval { low, high } = wilson_share(successes as f64 / n, n, z);
    // The ends are exact at no and at all successes, where rounding would miss them.
    Ok(Interval {
        low: if successes == 0 { 0.0 } else { low },
        high: if successes == trials { 1.0 } else { high },
    })
}

/// Wilson's score interval of a share `p` of `n` trials, `z` standard errors to either side, where successes need not be
/// whole; see [`wilson`]. `n` is above 0 and `p` in 0 to 1, else the ends are NaN or meaningless.
pub fn wilson_share(p: f64, n: f64, z: f64) -> Interval {
    let z2 = z * z;
    let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Interval {
        low: (center - half).max(0.0),
        high: (center + half).min(1.0),
    }
}

/// Exact interval of a Poisson mean after `count` events (Garwood 1936):
/// the 2.5 % quantile of Gamma(count) and the 97.5 % quantile of Gamma(count + 1).
///
/// Errors: none in range; the result keeps the type of the other intervals. Cost: 200 incomplete gamma functions.
pub fn poisson(count: u64) -> Result<Interval, StatsError> {
    let n = count as f64;
    let low = if count == 0 {
        0.0
    } else {
        gamma_quantile(n, 0.025)?
    };
    Ok(Interval {
        low,
        high: gamma_quantile(n + 1.0, 0.975)?,
    })
}

/// Quantile of Gamma(shape, 1) by bisection.
pub(super) fn gamma_quantile(shape: f64, probability: f64) -> Result<f64, StatsError> {
    let mut low = 0.0;
    let mut high = shape + 10.0 * shape.sqrt() + 20.0;
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if gamma_p(shape, middle)? < probability {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= 1e-14 * high {
            break;
        }
    }
    Ok(0.5 * (low + high))
}

/// Distribution function of the standard normal, by the incomplete gamma function:
/// `Phi(x) = (1 + sign(x) P(1/2, x^2/2)) / 2`. Absolute error below 1e-14. Errors: NaN.
pub fn normal_cdf(x: f64) -> Result<f64, StatsError> {
    let p = gamma_p(0.5, 0.5 * x * x)?;
    Ok(if x >= 0.0 {
        0.5 + 0.5 * p
    } else {
        0.5 - 0.5 * p
    })
}

/// Quantile of the standard normal distribution, by bisection of [`normal_cdf`] on the lower half.
///
/// Errors: [`StatsError::BadProbability`] outside the open interval (0, 1). Absolute error below 1e-11
/// for probabilities from 1e-6 to `1 - 1e-6`. Cost: about 50 distribution functions.
pub fn normal_quantile(probability: f64) -> Result<f64, StatsError> {
    if !(probability > 0.0 && probability < 1.0) {
        return Err(StatsError::BadProbability { value: probability });
    }
    let tail = probability.min(1.0 - probability);
    let (mut low, mut high) = (-40.0, 0.0);
    while high - low > 1e-13 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if normal_cdf(middle)? < tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    let z = 0.5 * (low + high);
    Ok(if probability <= 0.5 { z } else { -z })
}

/// Ranks (from 0) of the two order statistics that enclose the median of independent values with at least 95 %,
/// whatever their distribution (David and Nagaraja, Order Statistics, 7.1): the largest `l` with
/// `P(Binomial(n, 1/2) < l) <= 2.5 %` gives ranks `l - 1` and `n - l`.
///
/// None below six values, where no such pair exists. Exact to 1000 values, by the normal approximation above.
/// Cost: `O(n)` up to 1000 values, constant above.
pub fn median_ranks(n: usize) -> Option<(usize, usize)> {
    if n < 6 {
        return None;
    }
    let l = if n <= 1000 {
        exact_rank(n)
    } else {
        approximate_rank(n)
    };
    (l >= 1).then(|| (l - 1, n - l))
}

fn exact_rank(n: usize) -> usize {
    let ln_half = n as f64 * 0.5_f64.ln();
    let mut ln_term = ln_half;
    let mut below = 0.0;
    for k in 0..n {
        below += ln_term.exp();
        if below > 0.025 {
            return k;
        }
        ln_term += ((n - k) as f64 / (k + 1) as f64).ln();
    }
    0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "n is above 1000, so the value is positive and below n"
)]
fn approximate_rank(n: usize) -> usize {
    (0.5 * (n as f64 - Z95 * (n as f64).sqrt())).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{a} is not {b}"
        );
    }

    #[test]
    fn wilson_by_hand() {
        // 5 of 100: center and half width worked out from the formula with z = 1.959964.
        let i = wilson(5, 100).unwrap();
        near(i.low, 0.021543679, 1e-8);
        near(i.high, 0.111750469, 1e-8);
        assert_eq!(wilson(0, 299).unwrap().low, 0.0);
        assert!(wilson(0, 0).is_err() && wilson(3, 2).is_err());
    }

    #[test]
    fn poisson_by_closed_form() {
        let zero = poisson(0).unwrap();
        near(zero.high, -(0.025_f64.ln()), 1e-12);
        let ten = poisson(10).unwrap();
        near(ten.low, 4.795389, 1e-6);
        near(ten.high, 18.390356, 1e-6);
    }

    /// Probability of each count from 0 to `most` for a Poisson mean.
    fn poisson_weights(mean: f64, most: u32) -> impl Iterator<Item = (u64, f64)> {
        let mut weight = (-mean).exp();
        (0..=most).map(move |k| {
            if k > 0 {
                weight *= mean / f64::from(k);
            }
            (u64::from(k), weight)
        })
    }

    #[test]
    fn exact_intervals_never_cover_less_than_they_say() {
        for mean in [0.1, 0.7, 2.0, 3.3, 8.0, 21.5] {
            let covered: f64 = poisson_weights(mean, 90)
                .filter(|(k, _)| poisson(*k).unwrap().contains(mean))
                .map(|(_, weight)| weight)
                .sum();
            assert!(covered >= 0.95, "{covered} at {mean}");
        }
    }

    #[test]
    fn wilson_covers_on_average() {
        let n = 60_u32;
        let mut total = 0.0;
        for step in 1..100 {
            let p = f64::from(step) / 100.0;
            let mut weight = (1.0 - p).powi(60);
            for k in 0..=n {
                if k > 0 {
                    weight *= p / (1.0 - p) * f64::from(n - k + 1) / f64::from(k);
                }
                let interval = wilson(u64::from(k), u64::from(n)).unwrap();
                total += if interval.contains(p) { weight } else { 0.0 };
            }
        }
        near(total / 99.0, 0.952, 0.006);
    }

    #[test]
    fn normal_quantiles() {
        near(normal_quantile(0.975).unwrap(), Z95, 1e-11);
        near(normal_quantile(0.5).unwrap(), 0.0, 1e-11);
        near(normal_quantile(1e-4).unwrap(), -3.719016485455709, 1e-10);
        assert!(normal_quantile(0.0).is_err() && normal_quantile(f64::NAN).is_err());
    }

    #[test]
    fn ranks_around_the_median() {
        assert_eq!(median_ranks(5), None);
        assert_eq!(median_ranks(6), Some((0, 5)));
        assert_eq!(median_ranks(20), Some((5, 14)));
        let exact = median_ranks(1000).unwrap();
        let approximate = approximate_rank(1000);
        assert!(exact.0.abs_diff(approximate - 1) <= 1);
    }

    proptest! {
        #[test]
        fn wilson_holds_the_share(n in 1_u64..10_000, k in 0_u64..10_000) {
            let k = k.min(n);
            prop_assert!(wilson(k, n).unwrap().contains(k as f64 / n as f64));
        }

        #[test]
        fn quantile_inverts_the_distribution(p in 0.001_f64..0.999) {
            prop_assert!((normal_cdf(normal_quantile(p).unwrap()).unwrap() - p).abs() < 1e-10);
        }
    }
}
