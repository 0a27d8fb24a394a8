//! Tails of the usual distributions, for tests of hypotheses.
//!
//! Read [`chi2_above`] and [`fisher_exact`] first. Not here: what is tested; many tests at once ([`super::adjust`]).

use super::beta::{Tail, beta_quantile, beta_tails};
use super::special::{gamma_q, ln_gamma};
use super::{Interval, StatsError};

/// Probability that chi-squared with `degrees` degrees of freedom exceeds `x`; 1 without degrees of freedom.
///
/// Errors: a negative or NaN `x`. Relative error about 1e-12, also far out.
pub fn chi2_above(x: f64, degrees: usize) -> Result<f64, StatsError> {
    if degrees == 0 {
        return Ok(1.0);
    }
    gamma_q(0.5 * degrees as f64, 0.5 * x)
}

/// Probability that a standard normal value is at least as far from 0 as `z`. Errors: NaN.
pub fn normal_two_sided(z: f64) -> Result<f64, StatsError> {
    gamma_q(0.5, 0.5 * z * z)
}

/// Probability that Student's t with `degrees` degrees of freedom is at least as far from 0 as `t`.
///
/// Errors: NaN, or no degrees of freedom.
pub fn student_two_sided(t: f64, degrees: usize) -> Result<f64, StatsError> {
    if t.is_infinite() && degrees > 0 {
        return Ok(0.0);
    }
    let n = degrees as f64;
    Ok(beta_tails(0.5 * n, 0.5, n / (n + t * t))?.0)
}

/// Standard errors to either side of an estimate that make its interval at 95 %, exactly: the 97.5 % quantile of
/// Student's t. Errors: no degrees of freedom.
pub fn student_quantile(degrees: usize) -> Result<f64, StatsError> {
    let n = degrees as f64;
    let x = beta_quantile(0.5 * n, 0.5, Tail::Lower, 0.05)?;
    Ok((n * (1.0 - x) / x).sqrt())
}

/// Probability of more than `count` successes in `trials` with probability `p`. Errors: `p` outside 0 to 1.
pub fn binomial_above(count: u64, trials: u64, p: f64) -> Result<f64, StatsError> {
    if !(0.0..=1.0).contains(&p) {
        return Err(StatsError::BadProbability { value: p });
    }
    if count >= trials {
        return Ok(0.0);
    }
    Ok(beta_tails(count as f64 + 1.0, (trials - count) as f64, p)?.0)
}

/// Fisher's exact test of the table `[[a, b], [c, d]]`: the two-sided probability and the two-sided mid-p, in which
/// tables as likely as the one seen count half.
///
/// Tables no more likely than the one seen count, as in R and scipy (relative slack 1e-7). An interval holds
/// `[mid-p, p]`. Errors: counts beyond what fits. Cost: one term per possible table.
pub fn fisher_exact([[a, b], [c, d]]: [[u64; 2]; 2]) -> Result<Interval, StatsError> {
    let (row, col, n) = (a + b, a + c, a + b + c + d);
    let ln_choose = |n: u64, k: u64| -> Result<f64, StatsError> {
        Ok(ln_gamma(n as f64 + 1.0)? - ln_gamma(k as f64 + 1.0)? - ln_gamma((n - k) as f64 + 1.0)?)
    };
    let ln_all = ln_choose(n, col)?;
    let ln_of = |x: u64| Ok(ln_choose(row, x)? + ln_choose(n - row, col - x)? - ln_all);
    let seen: f64 = ln_of(a)?;
    let (mut p, mut ties) = (0.0, 0.0);
    for x in (row + col).saturating_sub(n)..=row.min(col) {
        let ln: f64 = ln_of(x)?;
        if ln <= seen + 1e-7 {
            p += ln.exp();
            if ln >= seen - 1e-7 {
                ties += ln.exp();
            }
        }
    }
    let p = p.min(1.0);
    Ok(Interval {
        low: (p - 0.5 * ties).max(0.0),
        high: p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_by_closed_forms() {
        // Two degrees of freedom: exp(-x/2). One degree of Student's t: the Cauchy distribution.
        assert!((chi2_above(80.0, 2).unwrap() / (-40.0_f64).exp() - 1.0).abs() < 1e-12);
        assert_eq!(chi2_above(3.0, 0).unwrap(), 1.0);
        assert!((student_two_sided(1.0, 1).unwrap() - 0.5).abs() < 1e-13);
        assert!((student_quantile(1).unwrap() - 12.706_204_736_174_707).abs() < 1e-8);
        assert!((student_quantile(10).unwrap() - 2.228_138_851_964_938_5).abs() < 1e-10);
        assert!((normal_two_sided(1.959_963_984_540_054).unwrap() - 0.05).abs() < 1e-13);
        // 1 - (1/2)^3 (1 + 3): two or three heads.
        assert!((binomial_above(1, 3, 0.5).unwrap() - 0.5).abs() < 1e-14);
        assert!(student_quantile(0).is_err());
    }

    #[test]
    fn the_lady_tasting_tea() {
        let p = fisher_exact([[3, 1], [1, 3]]).unwrap();
        assert!((p.high - 34.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.low - 18.0 / 70.0).abs() < 1e-12, "{p:?}");
    }
}
