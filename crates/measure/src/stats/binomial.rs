//! Binomial and hypergeometric probabilities, the exact test, and intervals of shares at any confidence.
//!
//! Read [`binomial_tails`], [`clopper_pearson`] and [`share_interval`] first. Not here: sample sizes ([`crate::sampling`]).

use super::beta::{Tail, beta_quantile, beta_tails, binomial_kernel, poisson_kernel};
use super::{Interval, StatsError, normal_quantile, whole, wilson_at};

fn probability(p: f64) -> Result<(), StatsError> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        Err(StatsError::BadProbability { value: p })
    }
}

fn counts(successes: u64, trials: u64) -> Result<(), StatsError> {
    if trials == 0 || successes > trials {
        return Err(StatsError::BadCounts { successes, trials });
    }
    Ok(())
}

/// `P(X = k)` for X binomial with `n` trials of probability `p`; 0 for `k > n`. Relative error about 1e-14.
///
/// Errors: [`StatsError::BadProbability`]. Cost: constant.
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> Result<f64, StatsError> {
    probability(p)?;
    Ok(if k > n {
        0.0
    } else {
        binomial_kernel(k as f64, n as f64, p, 1.0 - p)
    })
}

/// `P(X = k)` for X with a Poisson distribution of that mean. Relative error about 1e-14.
///
/// Errors: [`StatsError::BadProbability`] for a mean that is negative or not finite. Cost: constant.
pub fn poisson_pmf(k: u64, mean: f64) -> Result<f64, StatsError> {
    if !(mean >= 0.0 && mean.is_finite()) {
        return Err(StatsError::BadProbability { value: mean });
    }
    Ok(poisson_kernel(k as f64, mean))
}

/// `P(X <= k)` and `P(X > k)` for X binomial with `n` trials of probability `p`, by the incomplete beta function.
///
/// Errors: [`StatsError::BadProbability`]. Cost: `O(sqrt(n))`.
pub fn binomial_tails(k: u64, n: u64, p: f64) -> Result<(f64, f64), StatsError> {
    probability(p)?;
    if k >= n {
        return Ok((1.0, 0.0));
    }
    let (above, below) = beta_tails((k + 1) as f64, (n - k) as f64, p)?;
    Ok((below, above))
}

/// Ways to test a share against a fixed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// The true share is another one: outcomes no likelier than the one seen are summed.
    TwoSided,
    /// The true share is larger.
    Greater,
    /// The true share is smaller.
    Less,
}

/// p-value of the exact binomial test of `k` successes of `n` against the share `p`; two-sided by the outcomes that are
/// no likelier than the one seen (within 1e-7, as scipy 1.17 `binomtest`).
///
/// Errors: [`StatsError`]; no trials give 1. Cost: `O(sqrt(n) + log n)`.
pub fn binomial_test(k: u64, n: u64, p: f64, side: Alternative) -> Result<f64, StatsError> {
    probability(p)?;
    if n == 0 {
        return Ok(1.0);
    }
    counts(k, n)?;
    let at_least = if k == 0 {
        1.0
    } else {
        binomial_tails(k - 1, n, p)?.1
    };
    let at_most = binomial_tails(k, n, p)?.0;
    match side {
        Alternative::Greater => return Ok(at_least),
        Alternative::Less => return Ok(at_most),
        Alternative::TwoSided => {}
    }
    let limit = binomial_kernel(k as f64, n as f64, p, 1.0 - p) * (1.0 + 1e-7);
    let is_rare = |i: u64| binomial_kernel(i as f64, n as f64, p, 1.0 - p) <= limit;
    let mean = p * n as f64;
    let seen = k as f64;
    if seen == mean {
        return Ok(1.0);
    }
    // Probabilities fall on either side of the mean, so the rare ones on the other side are found by halving.
    let total = if seen < mean {
        let first = first_where(whole(mean.ceil()), n + 1, is_rare);
        at_most
            + if first == 0 {
                1.0
            } else {
                binomial_tails(first - 1, n, p)?.1
            }
    } else {
        let past = first_where(0, whole(mean.floor()) + 1, |i| !is_rare(i));
        at_least
            + if past == 0 {
                0.0
            } else {
                binomial_tails(past - 1, n, p)?.0
            }
    };
    Ok(total.min(1.0))
}

/// The first number from `low` where `is_past` holds, `high` where none does; it must hold for all later ones.
pub(crate) fn first_where(low: u64, high: u64, is_past: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_past(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// An urn drawn from without putting back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urn {
    /// Things in it.
    pub size: u64,
    /// Marked ones among them.
    pub marked: u64,
    /// Things drawn.
    pub drawn: u64,
}

/// `P(X <= k)` for X the marked things drawn from an [`Urn`] (hypergeometric), by sums from the mode's far side.
///
/// Errors: [`StatsError::BadCounts`] for more marked or drawn than there are. Cost: `O(k)`.
pub fn hypergeometric_cdf(k: u64, urn: Urn) -> Result<f64, StatsError> {
    possible(urn)?;
    let least = (urn.drawn + urn.marked).saturating_sub(urn.size);
    let most = urn.drawn.min(urn.marked);
    if k < least {
        return Ok(0.0);
    }
    if k >= most {
        return Ok(1.0);
    }
    let term = |x: u64| urn_kernel(x, urn);
    let ratio = |x: u64| {
        (urn.marked - x) as f64 * (urn.drawn - x) as f64
            / ((x + 1) as f64 * ((urn.size - urn.marked + x + 1) - urn.drawn) as f64)
    };
    let mut sum = 0.0;
    if (k as f64) * (urn.size as f64) < urn.marked as f64 * urn.drawn as f64 {
        // Below the mean: terms fall on the way down.
        let mut now = term(k);
        for x in (least..=k).rev() {
            sum += now;
            if x == least || now < sum * 1e-18 {
                break;
            }
            now /= ratio(x - 1);
        }
        Ok(sum.min(1.0))
    } else {
        let mut now = term(k + 1);
        for x in k + 1..=most {
            sum += now;
            if x == most || now < sum * 1e-18 {
                break;
            }
            now *= ratio(x);
        }
        Ok((1.0 - sum).max(0.0))
    }
}

/// `P(X = k)` for X the marked things drawn from an [`Urn`].
///
/// Errors: as [`hypergeometric_cdf`]. Cost: constant.
pub fn hypergeometric_pmf(k: u64, urn: Urn) -> Result<f64, StatsError> {
    possible(urn)?;
    let least = (urn.drawn + urn.marked).saturating_sub(urn.size);
    Ok(if (least..=urn.drawn.min(urn.marked)).contains(&k) {
        urn_kernel(k, urn)
    } else {
        0.0
    })
}

fn possible(urn: Urn) -> Result<(), StatsError> {
    match [urn.marked, urn.drawn]
        .into_iter()
        .find(|part| *part > urn.size)
    {
        Some(part) => Err(StatsError::BadCounts {
            successes: part,
            trials: urn.size,
        }),
        None => Ok(()),
    }
}

/// The probability of a possible `x` (Loader 2000: three binomial probabilities, no factorials).
fn urn_kernel(x: u64, urn: Urn) -> f64 {
    let p = urn.drawn as f64 / urn.size as f64;
    let kernel = |x: u64, n: u64| binomial_kernel(x as f64, n as f64, p, 1.0 - p);
    kernel(x, urn.marked) * kernel(urn.drawn - x, urn.size - urn.marked)
        / kernel(urn.drawn, urn.size)
}

/// Exact one-sided lower bound of a share at confidence `1 - alpha` (Clopper and Pearson 1934); 0 without successes.
///
/// Errors: [`StatsError`]. Cost: about ten incomplete beta functions.
pub fn clopper_pearson_lower(successes: u64, trials: u64, alpha: f64) -> Result<f64, StatsError> {
    counts(successes, trials)?;
    if successes == 0 {
        return Ok(0.0);
    }
    let (k, n) = (successes as f64, trials as f64);
    beta_quantile(k, n - k + 1.0, Tail::Lower, alpha)
}

/// Exact one-sided upper bound of a share at confidence `1 - alpha`; 1 where all succeed. See [`clopper_pearson_lower`].
pub fn clopper_pearson_upper(successes: u64, trials: u64, alpha: f64) -> Result<f64, StatsError> {
    counts(successes, trials)?;
    if successes == trials {
        return Ok(1.0);
    }
    let (k, n) = (successes as f64, trials as f64);
    beta_quantile(k + 1.0, n - k, Tail::Upper, alpha)
}

/// Exact two-sided interval of a share at confidence `1 - alpha` (Clopper and Pearson 1934): never covers less.
///
/// Errors: [`StatsError`]. Cost: two quantiles of the beta distribution.
pub fn clopper_pearson(successes: u64, trials: u64, alpha: f64) -> Result<Interval, StatsError> {
    Ok(Interval {
        low: clopper_pearson_lower(successes, trials, 0.5 * alpha)?,
        high: clopper_pearson_upper(successes, trials, 0.5 * alpha)?,
    })
}

/// How the interval of a share is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareMethod {
    /// Score interval (Wilson 1927): right on average, the best general choice.
    Wilson,
    /// Exact (Clopper and Pearson 1934): never covers less than it says.
    ClopperPearson,
    /// Wald about a shrunken center (Agresti and Coull 1998).
    AgrestiCoull,
    /// Equal tails of Beta(k + 1/2, n - k + 1/2), ends not moved to 0 and 1 (as statsmodels).
    Jeffreys,
    /// Wald: far too narrow near 0 and 1; here to be compared with.
    Wald,
}

/// Two-sided interval of a share at confidence `1 - alpha`, cut to 0 to 1.
///
/// Errors: [`StatsError`]. Cost: constant, two quantiles of a beta distribution at most. Source: Brown, Cai and
/// `DasGupta` 2001; agrees with statsmodels 0.15.0 `proportion_confint`.
pub fn share_interval(
    successes: u64,
    trials: u64,
    alpha: f64,
    method: ShareMethod,
) -> Result<Interval, StatsError> {
    counts(successes, trials)?;
    let z = -normal_quantile(0.5 * alpha)?;
    let (k, n) = (successes as f64, trials as f64);
    let around = |center: f64, n: f64| {
        let half = z * (center * (1.0 - center) / n).sqrt();
        Interval {
            low: (center - half).max(0.0),
            high: (center + half).min(1.0),
        }
    };
    Ok(match method {
        ShareMethod::Wilson => wilson_at(successes, trials, z)?,
        ShareMethod::ClopperPearson => clopper_pearson(successes, trials, alpha)?,
        ShareMethod::AgrestiCoull => {
            let more = n + z * z;
            around((k + 0.5 * z * z) / more, more)
        }
        ShareMethod::Jeffreys => Interval {
            low: beta_quantile(k + 0.5, n - k + 0.5, Tail::Lower, 0.5 * alpha)?,
            high: beta_quantile(k + 0.5, n - k + 0.5, Tail::Upper, 0.5 * alpha)?,
        },
        ShareMethod::Wald => around(k / n, n),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn tails_by_sums() {
        for (n, p) in [(1, 0.3), (7, 0.01), (40, 0.5), (200, 0.93)] {
            let mut below = 0.0;
            for k in 0..=n {
                below += binomial_pmf(k, n, p).unwrap();
                let (low, high) = binomial_tails(k, n, p).unwrap();
                assert!((low - below).abs() < 1e-13 && (low + high - 1.0).abs() < 1e-13);
            }
            assert!((below - 1.0).abs() < 1e-13);
        }
        assert_eq!(binomial_pmf(3, 2, 0.5).unwrap(), 0.0);
        assert!(binomial_tails(1, 2, 1.5).is_err());
    }

    #[test]
    fn two_sided_test_by_its_definition() {
        for (n, p) in [(1, 0.3), (9, 0.5), (30, 0.07), (41, 0.83)] {
            for k in 0..=n {
                let seen = binomial_pmf(k, n, p).unwrap();
                let sum: f64 = (0..=n)
                    .map(|i| binomial_pmf(i, n, p).unwrap())
                    .filter(|x| *x <= seen * (1.0 + 1e-7))
                    .sum();
                let found = binomial_test(k, n, p, Alternative::TwoSided).unwrap();
                assert!(
                    (found - sum.min(1.0)).abs() < 1e-12,
                    "{k} of {n} at {p}: {found} {sum}"
                );
            }
        }
        // Corners where a share is certain.
        assert_eq!(
            binomial_test(0, 5, 0.0, Alternative::TwoSided).unwrap(),
            1.0
        );
        assert_eq!(binomial_test(1, 5, 0.0, Alternative::Greater).unwrap(), 0.0);
        assert_eq!(
            binomial_test(0, 0, 0.5, Alternative::TwoSided).unwrap(),
            1.0
        );
    }

    #[test]
    fn urns_by_counting() {
        let choose = |n: u64, k: u64| (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
        for urn in [
            Urn {
                size: 10,
                marked: 4,
                drawn: 5,
            },
            Urn {
                size: 30,
                marked: 25,
                drawn: 12,
            },
            Urn {
                size: 52,
                marked: 13,
                drawn: 40,
            },
            Urn {
                size: 9,
                marked: 0,
                drawn: 3,
            },
        ] {
            let mut below = 0.0;
            for k in 0..=urn.drawn {
                if k <= urn.marked && urn.drawn - k <= urn.size - urn.marked {
                    below += choose(urn.marked, k) * choose(urn.size - urn.marked, urn.drawn - k)
                        / choose(urn.size, urn.drawn);
                }
                let found = hypergeometric_cdf(k, urn).unwrap();
                assert!(
                    (found - below).abs() < 1e-13,
                    "{k} {urn:?}: {found} {below}"
                );
            }
        }
        let wrong = Urn {
            size: 3,
            marked: 4,
            drawn: 1,
        };
        assert!(hypergeometric_cdf(1, wrong).is_err());
    }

    #[test]
    fn intervals_at_the_ends() {
        near(
            clopper_pearson_upper(0, 59, 0.05).unwrap(),
            1.0 - 0.05_f64.powf(1.0 / 59.0),
            1e-13,
        );
        assert_eq!(clopper_pearson(0, 10, 0.05).unwrap().low, 0.0);
        assert_eq!(clopper_pearson(10, 10, 0.05).unwrap().high, 1.0);
        assert!(clopper_pearson(1, 0, 0.05).is_err());
    }

    /// Share of outcomes whose interval holds `p`, weighted by their probability.
    fn coverage(n: u64, p: f64, method: ShareMethod) -> f64 {
        (0..=n)
            .filter(|&k| share_interval(k, n, 0.05, method).unwrap().contains(p))
            .map(|k| binomial_pmf(k, n, p).unwrap())
            .sum()
    }

    #[test]
    fn exact_intervals_cover_and_the_normal_one_does_not() {
        for p in [0.003, 0.02, 0.1, 0.37, 0.5, 0.81] {
            assert!(coverage(60, p, ShareMethod::ClopperPearson) >= 0.95);
        }
        let mean = |method| {
            (1..50)
                .map(|i| coverage(50, f64::from(i) / 100.0, method))
                .sum::<f64>()
                / 49.0
        };
        assert!((mean(ShareMethod::Wilson) - 0.95).abs() < 0.01);
        assert!((mean(ShareMethod::Jeffreys) - 0.95).abs() < 0.01);
        assert!(mean(ShareMethod::AgrestiCoull) > 0.95);
        assert!(coverage(60, 0.02, ShareMethod::Wald) < 0.8);
    }
}
