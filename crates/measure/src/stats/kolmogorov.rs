//! Tails of the chi-square and Kolmogorov–Smirnov distributions.

use super::interval::gamma_quantile;
use super::special::{gamma_q, ln_gamma};
use super::{Interval, StatsError};

/// Samples up to which the one-sample distribution is exact.
const EXACT_SAMPLES: usize = 10_000;

/// Probability of a chi-square variable at or above `x`, far out to about 1e-12 of itself; 1 without degrees of freedom.
///
/// Errors: [`StatsError::BadProbability`] for negative degrees or a negative `x`.
pub fn chi_square_tail(x: f64, degrees: f64) -> Result<f64, StatsError> {
    if degrees == 0.0 {
        return Ok(1.0);
    }
    gamma_q(0.5 * degrees, 0.5 * x)
}

/// The value a chi-square variable stays below with `probability`.
///
/// Errors: [`StatsError::BadProbability`] outside (0, 1) or for degrees that are not positive.
pub fn chi_square_quantile(probability: f64, degrees: f64) -> Result<f64, StatsError> {
    if !(probability > 0.0 && probability < 1.0) {
        return Err(StatsError::BadProbability { value: probability });
    }
    Ok(2.0 * gamma_quantile(0.5 * degrees, probability)?)
}

/// One-sided upper bound of a Poisson mean after `count` events (Garwood 1936): `chi2(confidence; 2 count + 2) / 2`.
/// For no events at 95 % it is 2.996, the rule of three.
///
/// Errors: [`StatsError::BadProbability`] for a confidence outside (0, 1).
pub fn poisson_upper(count: u64, confidence: f64) -> Result<f64, StatsError> {
    Ok(0.5 * chi_square_quantile(confidence, 2.0 * (count as f64 + 1.0))?)
}

/// Two-sided exact interval of a Poisson rate: [`super::poisson`] over the exposure.
///
/// Errors: [`StatsError::BadProbability`] for an exposure that is not positive.
pub fn poisson_rate(count: u64, exposure: f64) -> Result<Interval, StatsError> {
    if !(exposure > 0.0 && exposure.is_finite()) {
        return Err(StatsError::BadProbability { value: exposure });
    }
    let mean = super::poisson(count)?;
    Ok(Interval {
        low: mean.low / exposure,
        high: mean.high / exposure,
    })
}

/// Probability that the empirical distribution of `n` values rises above the true one by `d` or more somewhere
/// (Smirnov 1944): `d sum_j C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j)`. All terms are positive. Cost: `n` terms.
pub fn smirnov_tail(n: usize, d: f64) -> f64 {
    if n == 0 || d <= 0.0 {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    let size = n as f64;
    let ln_factorial = |k: f64| ln_gamma(k + 1.0).unwrap_or(f64::NAN);
    let whole = ln_factorial(size);
    let mut sum = 0.0;
    for j in 0..n {
        let j = j as f64;
        let rest = 1.0 - d - j / size;
        if rest <= 0.0 {
            break;
        }
        let ln_choose = whole - ln_factorial(j) - ln_factorial(size - j);
        sum += (ln_choose + (j - 1.0) * (d + j / size).ln() + (size - j) * rest.ln()).exp();
    }
    (d * sum).clamp(0.0, 1.0)
}

/// Probability that the empirical distribution of `n` values differs from the true one by `d` or more somewhere.
///
/// Where `n d^2 >= 4`, twice the one-sided tail (both sides at once then happen with less than 1e-10 of it); else the
/// matrix form of Durbin by Marsaglia, Tsang and Wang 2003, exact to 1e-12 or so; above 10,000 values Kolmogorov's limit
/// with the correction of Vrbik 2018, whose error is below 1e-6. Cost: `O(n^1.5 log n)` at most.
pub fn kolmogorov_tail(n: usize, d: f64) -> f64 {
    if n == 0 || d <= 0.0 {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    let size = n as f64;
    if size * d * d >= 4.0 {
        return (2.0 * smirnov_tail(n, d)).min(1.0);
    }
    if n > EXACT_SAMPLES {
        let x = d * size.sqrt();
        return kolmogorov_limit(x + 1.0 / (6.0 * size.sqrt()) + (x - 1.0) / (4.0 * size));
    }
    (1.0 - durbin(n, d)).clamp(0.0, 1.0)
}

/// `2 sum_k (-1)^(k-1) exp(-2 k^2 x^2)`, by the theta transformation where that converges faster.
fn kolmogorov_limit(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let scale = std::f64::consts::PI.powi(2) / (8.0 * x * x);
        let sum: f64 = (0..20)
            .map(|k| (-scale * f64::from(2 * k + 1).powi(2)).exp())
            .sum();
        return (1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * sum).clamp(0.0, 1.0);
    }
    let mut sum = 0.0;
    for k in 1..20 {
        let term = (-2.0 * f64::from(k * k) * x * x).exp();
        sum += if k % 2 == 1 { term } else { -term };
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Marsaglia, Tsang and Wang 2003: the middle entry of the `n`-th power of a matrix with about `2 n d` rows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "n d is below 2 sqrt(n)"
)]
fn durbin(n: usize, d: f64) -> f64 {
    let size = n as f64;
    let k = (size * d) as usize + 1;
    let m = 2 * k - 1;
    let h = k as f64 - size * d;
    let mut base = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..m {
            base[i * m + j] = if i + 1 >= j { 1.0 } else { 0.0 };
        }
    }
    let mut power = 1.0;
    for i in 0..m {
        power *= h;
        base[i * m] -= power;
        base[(m - 1) * m + (m - 1 - i)] -= power;
    }
    base[(m - 1) * m] += if 2.0 * h > 1.0 {
        (2.0 * h - 1.0).powi(i32::try_from(m).unwrap_or(i32::MAX))
    } else {
        0.0
    };
    for i in 0..m {
        for j in 0..m {
            if i + 1 > j {
                for g in 1..=(i + 1 - j) {
                    base[i * m + j] /= g as f64;
                }
            }
        }
    }
    let (matrix, mut exponent) = matrix_power(&base, m, n);
    let mut found = matrix[(k - 1) * m + k - 1];
    for i in 1..=n {
        found *= i as f64 / size;
        if found < 1e-140 {
            found *= 1e140;
            exponent -= 140;
        }
    }
    found * 10_f64.powi(exponent)
}

/// `base^n` with its decimal exponent apart.
fn matrix_power(base: &[f64], m: usize, n: usize) -> (Vec<f64>, i32) {
    let product = |a: &[f64], b: &[f64]| {
        let mut out = vec![0.0; m * m];
        for i in 0..m {
            for k in 0..m {
                let x = a[i * m + k];
                if x != 0.0 {
                    for j in 0..m {
                        out[i * m + j] += x * b[k * m + j];
                    }
                }
            }
        }
        out
    };
    let rescale = |matrix: &mut Vec<f64>, exponent: &mut i32| {
        if matrix[(m / 2) * m + m / 2] > 1e140 {
            for x in matrix.iter_mut() {
                *x *= 1e-140;
            }
            *exponent += 140;
        }
    };
    let mut square = base.to_vec();
    let mut square_exponent = 0;
    let mut found: Option<(Vec<f64>, i32)> = None;
    let mut rest = n;
    while rest > 0 {
        if rest % 2 == 1 {
            found = Some(match found.take() {
                None => (square.clone(), square_exponent),
                Some((matrix, exponent)) => {
                    let mut next = product(&matrix, &square);
                    let mut sum = exponent + square_exponent;
                    rescale(&mut next, &mut sum);
                    (next, sum)
                }
            });
        }
        rest /= 2;
        if rest > 0 {
            square = product(&square, &square);
            square_exponent *= 2;
            rescale(&mut square, &mut square_exponent);
        }
    }
    found.unwrap_or((square, square_exponent))
}

/// Probability that the empirical distributions of two independent samples of `n` and `m` values without ties differ by
/// `d` or more somewhere: the share of lattice paths from (0, 0) to (n, m) that leave the band (Hodges 1957, summed
/// from the outside so that small probabilities keep their digits). Exact. Cost: `n m` steps at most, fewer for small `d`.
///
/// With ties the true probability is smaller: the test is then conservative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "lengths are below 2^63; d n m is below 2^53 for samples that fit into memory, and rounds to a whole number"
)]
pub fn smirnov_two_sample_tail(n: usize, m: usize, d: f64) -> f64 {
    if n == 0 || m == 0 || d <= 0.0 {
        return 1.0;
    }
    if d > 1.0 {
        return 0.0;
    }
    let (rows, columns) = (n as i64, m as i64);
    let limit = (d * n as f64 * m as f64).round() as i64;
    let mut outside = vec![1.0; m + 1];
    for (j, x) in outside.iter_mut().enumerate() {
        if (j as i64) * rows < limit {
            *x = 0.0;
        }
    }
    for i in 1..=rows {
        // Inside the band: |i m - j n| < limit.
        let low = ((i * columns - limit).div_euclid(rows) + 1).max(0);
        let high = ((i * columns + limit - 1).div_euclid(rows)).min(columns);
        let first = usize::try_from(low).unwrap_or(0);
        if first > 0 {
            outside[first - 1] = 1.0;
        }
        let last = usize::try_from(high).unwrap_or(0);
        let mut before = if first > 0 { 1.0 } else { outside[0] };
        let i = i as f64;
        for (offset, x) in outside
            .get_mut(first.max(1)..=last)
            .unwrap_or_default()
            .iter_mut()
            .enumerate()
        {
            let j = (first.max(1) + offset) as f64;
            *x = (i * *x + j * before) / (i + j);
            before = *x;
        }
    }
    outside[m].clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_square_by_closed_forms() {
        for x in [0.5, 3.0, 12.0] {
            assert!((chi_square_tail(x, 2.0).unwrap() - (-0.5 * x).exp()).abs() < 1e-13);
        }
        assert!((chi_square_quantile(0.95, 2.0).unwrap() + 2.0 * 0.05_f64.ln()).abs() < 1e-9);
        assert!((poisson_upper(0, 0.95).unwrap() + 0.05_f64.ln()).abs() < 1e-9);
        assert!(chi_square_quantile(1.0, 2.0).is_err());
        assert!(poisson_rate(1, 0.0).is_err());
    }

    #[test]
    fn one_sample_by_known_values() {
        // Marsaglia, Tsang and Wang 2003: K(10, 0.274) = 0.6284796154565043.
        assert!((1.0 - kolmogorov_tail(10, 0.274) - 0.628_479_615_456_504_3).abs() < 1e-12);
        // One value: P(max(u, 1 - u) >= d) = 2 (1 - d).
        assert!((kolmogorov_tail(1, 0.8) - 0.4).abs() < 1e-12);
        // The forms agree where they meet.
        for n in [200_usize, 3000] {
            let d = (4.0 / n as f64).sqrt();
            assert!((1.0 - durbin(n, d) - 2.0 * smirnov_tail(n, d)).abs() < 1e-10);
        }
        let (n, d) = (10_000_usize, 0.012);
        let x = d * 100.0;
        let limit = kolmogorov_limit(x + 1.0 / 600.0 + (x - 1.0) / 40_000.0);
        assert!((limit - kolmogorov_tail(n, d)).abs() < 1e-6);
    }

    #[test]
    fn two_samples_by_counting_paths() {
        // Two against two: of six orders two have distance 1, all have at least 1/2.
        assert!((smirnov_two_sample_tail(2, 2, 1.0) - 1.0 / 3.0).abs() < 1e-15);
        assert!((smirnov_two_sample_tail(2, 2, 0.5) - 1.0).abs() < 1e-15);
        // One against three: the lone value lies at an end in two of four places.
        assert!((smirnov_two_sample_tail(1, 3, 1.0) - 0.5).abs() < 1e-15);
        assert_eq!(
            smirnov_two_sample_tail(7, 12, 0.4),
            smirnov_two_sample_tail(12, 7, 0.4)
        );
    }
}
