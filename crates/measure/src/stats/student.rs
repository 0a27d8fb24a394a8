//! Student's t, and tails of the normal distribution to full relative precision.
//!
//! Read [`student_tail`] and [`normal_tail`] first. Not here: the normal distribution function itself
//! ([`super::normal_cdf`]), which serves wherever an absolute error of 1e-14 will do.

use super::beta::{Tail, beta_quantile, tails_of};
use super::{StatsError, normal_cdf};

/// `P(Z > z)` of the standard normal: to about 1e-13 of itself also far out, by the continued fraction of Abramowitz and
/// Stegun 26.2.14 above 3. Errors: NaN.
pub fn normal_tail(z: f64) -> Result<f64, StatsError> {
    if z.is_nan() || z < 3.0 {
        return normal_cdf(-z);
    }
    if z == f64::INFINITY {
        return Ok(0.0);
    }
    // From the far end, where the fraction has long settled: 200 terms are enough from 3 on.
    let fraction = (1..=200).rev().fold(z, |below, k| z + f64::from(k) / below);
    Ok((-0.5 * z * z).exp() / (std::f64::consts::TAU.sqrt() * fraction))
}

/// Probability that a standard normal value is at least as far from 0 as `z`. Errors: NaN.
pub fn normal_two_sided(z: f64) -> Result<f64, StatsError> {
    Ok((2.0 * normal_tail(z.abs())?).min(1.0))
}

/// `P(T > t)` of Student's t with `degrees` degrees of freedom, which need not be whole.
///
/// Errors: [`StatsError::BadProbability`] for degrees that are not positive or a NaN. Cost: one incomplete beta function.
pub fn student_tail(t: f64, degrees: f64) -> Result<f64, StatsError> {
    if t.is_nan() {
        return Err(StatsError::BadProbability { value: t });
    }
    if !(degrees > 0.0 && degrees.is_finite()) {
        return Err(StatsError::BadProbability { value: degrees });
    }
    let half = if t.is_infinite() {
        0.0
    } else {
        let all = degrees + t * t;
        0.5 * tails_of(0.5 * degrees, 0.5, degrees / all, t * t / all).0
    };
    Ok(if t >= 0.0 { half } else { 1.0 - half })
}

/// The `t` above which `tail` of Student's t lies; negative for `tail` above one half.
///
/// Errors: [`StatsError::BadProbability`] for a tail outside the open interval (0, 1) or degrees that are not positive.
/// Cost: one quantile of a beta distribution.
pub fn student_quantile(tail: f64, degrees: f64) -> Result<f64, StatsError> {
    if !(tail > 0.0 && tail < 1.0) {
        return Err(StatsError::BadProbability { value: tail });
    }
    let outer = 2.0 * tail.min(1.0 - tail);
    let share = beta_quantile(0.5, 0.5 * degrees, Tail::Upper, outer)?;
    // Near 1 the share's complement has the digits.
    let rest = if share > 0.5 {
        beta_quantile(0.5 * degrees, 0.5, Tail::Lower, outer)?
    } else {
        1.0 - share
    };
    let t = (degrees * share / rest).sqrt();
    Ok(if tail <= 0.5 { t } else { -t })
}

/// Standard errors to either side of a mean that make its 95 % interval, when the error was estimated with these degrees
/// of freedom; infinite with none.
pub fn student(degrees: usize) -> f64 {
    student_quantile(0.025, degrees as f64).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn tails_by_high_precision() {
        // mpmath 1.3.0 with 50 digits: `erfc(z / sqrt 2) / 2` and half the incomplete beta function.
        for &(z, tail) in NORMAL {
            near(normal_tail(z).unwrap(), tail, 1e-12);
        }
        for &(t, degrees, tail) in STUDENT {
            near(student_tail(t, degrees).unwrap(), tail, 1e-12);
            near(student_tail(-t, degrees).unwrap(), 1.0 - tail, 1e-12);
        }
        assert_eq!(normal_tail(f64::INFINITY).unwrap(), 0.0);
        near(
            normal_two_sided(-1.959_963_984_540_054).unwrap(),
            0.05,
            1e-13,
        );
        assert!(normal_tail(f64::NAN).is_err() && student_tail(1.0, 0.0).is_err());
    }

    #[test]
    fn quantiles_invert() {
        assert!(student(0).is_infinite());
        near(student(4), 2.776_445_105_197_793, 1e-12);
        for degrees in [1.0, 2.5, 9.0, 40.0, 1e5] {
            for tail in [1e-6, 0.025, 0.3, 0.5, 0.9] {
                let t = student_quantile(tail, degrees).unwrap();
                assert!((student_tail(t, degrees).unwrap() - tail).abs() < 1e-12 * tail.max(1e-2));
            }
        }
        near(
            student_quantile(0.025, 1.0).unwrap(),
            // One degree of freedom is the Cauchy distribution.
            (0.475 * std::f64::consts::PI).tan(),
            1e-12,
        );
        near(
            student_quantile(0.025, 10.0).unwrap(),
            2.228_138_851_986_275,
            1e-12,
        );
    }

    const NORMAL: &[(f64, f64)] = &[
        (-2.0, 0.9772498680518208),
        (0.0, 0.5),
        (0.5, 0.3085375387259869),
        (1.959963984540054, 0.025000000000000012),
        (2.99, 0.0013948872354922494),
        (3.0, 0.0013498980316300946),
        (5.0, 2.866515718791939e-7),
        (12.0, 1.776482112077679e-33),
        (30.0, 4.906713927148187e-198),
    ];

    const STUDENT: &[(f64, f64, f64)] = &[
        (0.001, 3.0, 0.49963244748473046),
        (0.7, 1.0, 0.30559988778578523),
        (1.0, 1.0, 0.25),
        (2.5, 4.5, 0.029952843251100272),
        (3.2, 30.0, 0.0016193008559765676),
        (5.106_829_720_831_747_5, 10.0, 0.000_229_712_849_078_309_55),
        (6.0, 200.0, 4.557560174405193e-9),
        (40.0, 2.0, 0.0003122073360923703),
    ];
}
