//! The few special functions the intervals need.

use super::StatsError;

/// Coefficients of Lanczos' approximation with g = 7, n = 9 (as tabulated by P. Godfrey, 2001); error below 1e-14.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The whole part of a count held as a float: fractions are cut off; below 0 and NaN it is 0, above the largest integer
/// that one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is said above"
)]
pub(crate) fn whole(x: f64) -> u64 {
    x as u64
}

/// [`whole`] as a size.
pub(crate) fn whole_usize(x: f64) -> usize {
    usize::try_from(whole(x)).unwrap_or(usize::MAX)
}

/// Natural logarithm of the gamma function for `x > 0` (Lanczos 1964).
///
/// Errors: [`StatsError::BadProbability`] for `x <= 0` or not finite. Relative error below 1e-13.
pub fn ln_gamma(x: f64) -> Result<f64, StatsError> {
    if !(x > 0.0 && x.is_finite()) {
        return Err(StatsError::BadProbability { value: x });
    }
    Ok(ln_gamma_positive(x))
}

fn ln_gamma_positive(x: f64) -> f64 {
    let x = x - 1.0;
    let mut series = LANCZOS[0];
    for (i, c) in LANCZOS.iter().enumerate().skip(1) {
        series += c / (x + i as f64);
    }
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// Regularized lower incomplete gamma function P(a, x) for `a > 0`, `x >= 0`; see [`gamma_q`].
pub fn gamma_p(a: f64, x: f64) -> Result<f64, StatsError> {
    Ok(gamma_tails(a, x)?.0)
}

/// Regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x) for `a > 0`, `x >= 0`, without cancellation:
/// the series below `x = a + 1`, Lentz's continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31).
///
/// Errors: [`StatsError::BadProbability`] for arguments out of range. Cost: `O(sqrt(a))` terms.
pub fn gamma_q(a: f64, x: f64) -> Result<f64, StatsError> {
    Ok(gamma_tails(a, x)?.1)
}

fn gamma_tails(a: f64, x: f64) -> Result<(f64, f64), StatsError> {
    if !(a > 0.0 && a.is_finite()) {
        return Err(StatsError::BadProbability { value: a });
    }
    if x.is_nan() || x < 0.0 {
        return Err(StatsError::BadProbability { value: x });
    }
    if x == 0.0 {
        return Ok((0.0, 1.0));
    }
    if x.is_infinite() {
        return Ok((1.0, 0.0));
    }
    let front = (a * x.ln() - x - ln_gamma_positive(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            k += 1.0;
            term *= x / k;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let low = (front * sum).clamp(0.0, 1.0);
        return Ok((low, 1.0 - low));
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..100_000 {
        let an = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = 1.0 / floor_away(an * d + b, tiny);
        c = floor_away(b + an / c, tiny);
        let delta = d * c;
        h *= delta;
        if (delta - 1.0).abs() < 1e-16 {
            break;
        }
    }
    let high = (front * h).clamp(0.0, 1.0);
    Ok((1.0 - high, high))
}

/// Digamma function, the derivative of `ln_gamma`, for `x > 0`: upward by its recurrence to 10, then the asymptotic
/// series (Abramowitz and Stegun 6.3.5 and 6.3.18). Error below 1e-13.
///
/// Errors: [`StatsError::BadProbability`] for `x <= 0` or not finite. Cost: constant.
pub fn digamma(x: f64) -> Result<f64, StatsError> {
    /// `B_2k / 2k` for k = 1 to 7.
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
    ];
    if !(x > 0.0 && x.is_finite()) {
        return Err(StatsError::BadProbability { value: x });
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let tail = SERIES.iter().rev().fold(0.0, |t, c| (t + c) * square);
    Ok(sum + x.ln() - 0.5 / x - tail)
}

fn floor_away(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny { tiny } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_of_integers_is_the_factorial() {
        let mut factorial = 1.0_f64;
        for n in 1..20_u32 {
            assert!(
                (ln_gamma(f64::from(n)).unwrap() - factorial.ln()).abs()
                    < 1e-12 * factorial.ln().max(1.0)
            );
            factorial *= f64::from(n);
        }
        assert!(ln_gamma(0.0).is_err());
    }

    #[test]
    fn incomplete_gamma_by_closed_forms() {
        for x in [0.1, 1.0, 2.5, 10.0, 40.0] {
            let one: f64 = 1.0 - (-x_f(x)).exp();
            assert!((gamma_p(1.0, x).unwrap() - one).abs() < 1e-14);
            let three = 1.0 - (-x_f(x)).exp() * (1.0 + x + x * x / 2.0);
            assert!((gamma_p(3.0, x).unwrap() - three).abs() < 1e-13);
        }
        assert_eq!(gamma_p(2.0, 0.0).unwrap(), 0.0);
        assert!(gamma_p(2.0, -1.0).is_err());
    }

    #[test]
    fn digamma_by_closed_forms() {
        let euler = 0.577_215_664_901_532_9;
        assert!((digamma(1.0).unwrap() + euler).abs() < 1e-13);
        assert!((digamma(0.5).unwrap() + euler + 2.0 * 2.0_f64.ln()).abs() < 1e-13);
        assert!((digamma(101.0).unwrap() - digamma(100.0).unwrap() - 0.01).abs() < 1e-13);
        assert!(digamma(0.0).is_err());
    }

    #[test]
    fn the_upper_tail_keeps_its_digits() {
        // exp(-50): one minus the lower tail would be 0.
        assert!((gamma_q(1.0, 50.0).unwrap() / (-50.0_f64).exp() - 1.0).abs() < 1e-13);
    }

    fn x_f(x: f64) -> f64 {
        x
    }
}
