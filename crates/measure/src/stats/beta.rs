//! The beta distribution, on which exact intervals of shares and Student's t rest.
//!
//! Read [`beta_tails`] and [`beta_quantile`] first. Not here: intervals of shares ([`super::clopper_pearson`]).

use super::StatsError;
use super::special::ln_gamma;

/// `ln(n!)` minus Stirling's formula: by the gamma function below 8, by the asymptotic series above (error below 1e-15).
fn stirling_error(n: f64) -> f64 {
    /// Coefficients of `1/n, 1/n^3, ...` (Abramowitz and Stegun 6.1.41).
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    if n < 8.0 {
        let ln_factorial = ln_gamma(n + 1.0).unwrap_or(f64::NAN);
        return ln_factorial - (n + 0.5) * n.ln() + n - 0.5 * std::f64::consts::TAU.ln();
    }
    let square = 1.0 / (n * n);
    SERIES.iter().rev().fold(0.0, |sum, c| sum * square + c) / n
}

/// `x ln(x/m) + m - x` without cancellation where `x` is near `m` (Loader 2000, `bd0`).
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `Gamma(n+1) / (Gamma(x+1) Gamma(n-x+1)) p^x (1-p)^(n-x)` for real `0 <= x <= n` and `p` in 0 to 1, by C. Loader's
/// saddle point form (2000): relative error about 1e-14 at any size, where differences of gamma functions lose digits.
pub(super) fn binomial_kernel(x: f64, n: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return f64::from(u8::from(x == 0.0));
    }
    if p >= 1.0 {
        return f64::from(u8::from(x == n));
    }
    if x == 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if x == n {
        return (n * p.ln()).exp();
    }
    let rest = n - x;
    let ln = stirling_error(n)
        - stirling_error(x)
        - stirling_error(rest)
        - deviance(x, n * p)
        - deviance(rest, n * (1.0 - p));
    let spread = std::f64::consts::TAU * x * (rest / n);
    ln.exp() / spread.sqrt()
}

/// `x^a (1-x)^b / (a B(a, b))` times the continued fraction of Abramowitz and Stegun 26.5.8 by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let front = b / (a + b) * binomial_kernel(a, a + b, x);
    if front == 0.0 {
        return 0.0;
    }
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let step = d * c;
        h *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * h
}

fn shapes(a: f64, b: f64) -> Result<(), StatsError> {
    match [a, b].into_iter().find(|s| !(*s > 0.0 && s.is_finite())) {
        Some(value) => Err(StatsError::BadProbability { value }),
        None => Ok(()),
    }
}

/// Both tails of Beta(`a`, `b`) at `x`: the regularized incomplete beta function `I_x(a, b)` and `1 - I_x(a, b)`, each to
/// about 1e-13 of itself where it is the smaller one.
///
/// Errors: [`StatsError::BadProbability`] for shapes that are not positive or `x` outside 0 to 1. Cost: `O(sqrt(a + b))`.
pub fn beta_tails(a: f64, b: f64, x: f64) -> Result<(f64, f64), StatsError> {
    shapes(a, b)?;
    if !(0.0..=1.0).contains(&x) {
        return Err(StatsError::BadProbability { value: x });
    }
    if x == 0.0 {
        return Ok((0.0, 1.0));
    }
    if x == 1.0 {
        return Ok((1.0, 0.0));
    }
    Ok(if x <= (a + 1.0) / (a + b + 2.0) {
        let low = fraction(a, b, x).clamp(0.0, 1.0);
        (low, 1.0 - low)
    } else {
        let high = fraction(b, a, 1.0 - x).clamp(0.0, 1.0);
        (1.0 - high, high)
    })
}

/// Which tail of a distribution a probability belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Below the quantile.
    Lower,
    /// Above the quantile; give 0.025 here instead of 0.975 below, which has lost digits.
    Upper,
}

/// The `x` that leaves `probability` in that tail of Beta(`a`, `b`): Newton's steps on the logarithm of the tail, kept in
/// a bracket. About 1e-13 of the result.
///
/// Errors: [`StatsError::BadProbability`]. Cost: about ten incomplete beta functions.
pub fn beta_quantile(a: f64, b: f64, tail: Tail, probability: f64) -> Result<f64, StatsError> {
    shapes(a, b)?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(StatsError::BadProbability { value: probability });
    }
    let is_lower = tail == Tail::Lower;
    if probability == 0.0 || probability == 1.0 {
        return Ok(f64::from(u8::from((probability == 1.0) == is_lower)));
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..2000 {
        let (below, above) = beta_tails(a, b, x)?;
        let at = if is_lower { below } else { above };
        if at == probability {
            return Ok(x);
        }
        if (at < probability) == is_lower {
            low = x;
        } else {
            high = x;
        }
        // x times the density, from x^a (1-x)^b / B(a, b).
        let slope = a * b / (a + b) * binomial_kernel(a, a + b, x) / (1.0 - x);
        let step = (at / probability).ln() * at / slope;
        // In ln x below, where F ~ x^a; in x above, where the logarithm of the tail is concave.
        let mut next = if is_lower {
            x * (-step).exp()
        } else {
            x + step * x
        };
        let is_inside = next > low && next < high;
        if !is_inside {
            next = if low > 0.0 && high > 4.0 * low {
                (low * high).sqrt()
            } else if low > 0.0 {
                0.5 * (low + high)
            } else {
                0.125 * high
            };
        }
        if (next - x).abs() <= 2e-16 * x || !(next > low && next < high) {
            return Ok(next);
        }
        x = next;
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn tails_by_high_precision() {
        // mpmath 1.3.0, `betainc(a, b, 0, x, regularized=True)` with 50 digits.
        for &(a, b, x, low, high) in BETA {
            let (l, h) = beta_tails(a, b, x).unwrap();
            near(l, low, 3e-13);
            near(h, high, 3e-13);
        }
        assert!(beta_tails(0.0, 1.0, 0.5).is_err() && beta_tails(1.0, 1.0, f64::NAN).is_err());
        assert_eq!(beta_tails(2.0, 3.0, 1.0).unwrap(), (1.0, 0.0));
    }

    #[test]
    fn kernel_by_exact_fractions() {
        near(binomial_kernel(3.0, 10.0, 0.5), 120.0 / 1024.0, 1e-14);
        near(binomial_kernel(1.0, 2.0, 0.25), 0.375, 1e-14);
        assert_eq!(binomial_kernel(0.0, 5.0, 0.0), 1.0);
        assert_eq!(binomial_kernel(5.0, 5.0, 1.0), 1.0);
        // scipy 1.17 has 0.000797884... = about 1/sqrt(2 pi n/4) for a million tosses.
        near(binomial_kernel(500_000.0, 1e6, 0.5), 7.978843613318692e-4, 1e-12);
    }

    proptest! {
        #[test]
        fn quantiles_invert_the_tails(a in 0.3..3000.0_f64, b in 0.3..3000.0_f64, e in -9.0..-0.01_f64) {
            let p = 10.0_f64.powf(e);
            let low = beta_quantile(a, b, Tail::Lower, p).unwrap();
            prop_assert!((beta_tails(a, b, low).unwrap().0 / p - 1.0).abs() < 1e-9 || low > 0.999_999);
            let high = beta_quantile(a, b, Tail::Upper, p).unwrap();
            prop_assert!((beta_tails(a, b, high).unwrap().1 / p - 1.0).abs() < 1e-9 || high > 0.999_999);
        }
    }

    const BETA: &[(f64, f64, f64, f64, f64)] = &[
        (0.5, 0.5, 0.3, 0.36901011956554538, 0.63098988043445462),
        (1.0, 10.0, 0.03, 0.26257587310507173, 0.73742412689492827),
        (2.0, 3.0, 0.9, 0.9963, 0.0036999999999999976),
        (0.5, 10.5, 0.0001, 0.036119686468826104, 0.9638803135311739),
        (8.0, 1993.0, 0.0035, 0.40128601183583354, 0.59871398816416646),
        (8.0, 1993.0, 0.02, 0.99999999987397225, 1.260277516712617e-10),
        (300.0, 200.0, 0.6, 0.497571383680068, 0.502428616319932),
        (300.0, 200.0, 0.7, 0.99999895030147567, 1.0496985243293091e-6),
        (15.0, 8.0, 0.2, 1.312292337614849e-6, 0.99999868770766239),
        (10000.0, 10000.0, 0.49, 0.0023370593301101495, 0.99766294066988985),
        (100000.0, 300000.0, 0.252, 0.99823083409419667, 0.0017691659058033269),
        (6.0, 495.0, 6.25e-05, 1.2223633803962722e-12, 0.99999999999877764),
        (30.5, 12.25, 0.999, 1.0, 2.1882035289453175e-27),
        (1.0, 1.0, 0.5, 0.5, 0.5),
    ];
}
