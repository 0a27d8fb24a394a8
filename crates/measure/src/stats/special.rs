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

/// Regularized lower incomplete gamma function P(a, x) for `a > 0`, `x >= 0`:
/// the series below `x = a + 1`, Lentz's continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31).
///
/// Errors: [`StatsError::BadProbability`] for arguments out of range. Cost: `O(sqrt(a))` terms.
pub fn gamma_p(a: f64, x: f64) -> Result<f64, StatsError> {
    if !(a > 0.0 && a.is_finite()) {
        return Err(StatsError::BadProbability { value: a });
    }
    if x.is_nan() || x < 0.0 {
        return Err(StatsError::BadProbability { value: x });
    }
    if x == 0.0 {
        return Ok(0.0);
    }
    if x.is_infinite() {
        return Ok(1.0);
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
        return Ok((front * sum).clamp(0.0, 1.0));
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
    Ok((1.0 - front * h).clamp(0.0, 1.0))
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

    fn x_f(x: f64) -> f64 {
        x
    }
}
