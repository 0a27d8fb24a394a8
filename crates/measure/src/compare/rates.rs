//! Events per distance or time of two versions.
//!
//! Read [`Events`] and [`rate_ratio`] first. Not here: one rate alone ([`crate::stats::poisson`]).

use super::{CompareError, Verdict, positive, range};
use crate::stats::{
    Alternative, Interval, StatsError, Tail, beta_quantile, binomial_test, first_where, gamma_p,
    normal_two_sided, poisson_pmf,
};

/// Events and what they were seen over, of the new and of the old one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events {
    /// Events of the new one.
    pub new: u64,
    /// What it drove or ran, in any unit.
    pub exposure_new: f64,
    /// Events of the old one.
    pub old: u64,
    /// What it drove or ran, in the same unit.
    pub exposure_old: f64,
}

/// A ratio of rates, tested against 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRatio {
    /// New over old; infinite without old events; none without any.
    pub ratio: Option<f64>,
    /// Exact conditional interval at 95 % (Clopper and Pearson on the share of new events): never covers less.
    pub interval: Interval,
    /// Exact conditional test, two-sided.
    pub exact_two_sided: f64,
    /// Exact conditional test: is the new rate larger.
    pub exact_greater: f64,
    /// Score test, two-sided.
    pub score: f64,
    /// E-test (Krishnamoorthy and Thomson 2004) with the score statistic, two-sided: more power than the conditional one;
    /// none above 200,000 events, where the score test is as good.
    pub e_test: Option<f64>,
    /// What the interval says; never a pass on too few events.
    pub verdict: Verdict,
}

/// Events that an E-test sums over at most.
const MOST_EVENTS: u64 = 200_000;

/// Compares two rates of events (Przyborowski and Wilenski 1940): given their sum, the new events are binomial with the
/// share `t1 / (t1 + t0)` if the rates are equal. `margin` is the ratio above 1 that still counts as not worse.
///
/// Events must be independent; clustered events (many from one drive) look surer than they are.
/// Errors: [`CompareError::OutOfRange`] for exposures that are not positive or a margin below 1.
/// Cost: `O(n log n)` for the E-test of `n` events.
pub fn rate_ratio(events: &Events, margin: f64) -> Result<RateRatio, CompareError> {
    positive("exposure_new", events.exposure_new)?;
    positive("exposure_old", events.exposure_old)?;
    range("margin", margin, margin >= 1.0, "a ratio of at least 1")?;
    let (x, total) = (events.new, events.new + events.old);
    let share = events.exposure_new / (events.exposure_new + events.exposure_old);
    let odds = events.exposure_old / events.exposure_new;
    let interval = conditional_interval(events, odds)?;
    let ratio = if total == 0 {
        None
    } else if events.old == 0 {
        Some(f64::INFINITY)
    } else {
        Some(x as f64 / events.old as f64 * odds)
    };
    Ok(RateRatio {
        ratio,
        interval,
        exact_two_sided: binomial_test(x, total, share, Alternative::TwoSided)?,
        exact_greater: binomial_test(x, total, share, Alternative::Greater)?,
        score: normal_two_sided(score(x as f64, events.old as f64, 1.0 / odds))?,
        e_test: if total <= MOST_EVENTS {
            Some(e_test(events)?)
        } else {
            None
        },
        verdict: Verdict::of_increase(interval.low.ln(), interval.high.ln(), margin.ln()),
    })
}

fn conditional_interval(events: &Events, odds: f64) -> Result<Interval, CompareError> {
    let (x, y) = (events.new as f64, events.old as f64);
    // The share of the other side is asked for as well, so that no digit is lost where one of them is near 1.
    let ratio = |a: f64, b: f64, tail: Tail, other: Tail| -> Result<f64, CompareError> {
        let new = beta_quantile(a, b, tail, 0.025)?;
        let old = beta_quantile(b, a, other, 0.025)?;
        Ok(new / old * odds)
    };
    Ok(Interval {
        low: if events.new == 0 {
            0.0
        } else {
            ratio(x, y + 1.0, Tail::Lower, Tail::Upper)?
        },
        high: if events.old == 0 {
            f64::INFINITY
        } else {
            ratio(x + 1.0, y, Tail::Upper, Tail::Lower)?
        },
    })
}

/// Score statistic for equal rates; `share` is the exposure of the new one over that of the old one.
fn score(x: f64, y: f64, share: f64) -> f64 {
    (x - y * share) / ((x + y) * share + 1e-20).sqrt()
}

/// Probability, at the common rate estimated from all events, of a score at least as far from 0 as the one seen.
fn e_test(events: &Events) -> Result<f64, CompareError> {
    let share = events.exposure_new / events.exposure_old;
    let all = (events.new + events.old) as f64;
    let mean_old = all / (1.0 + share);
    let mean_new = mean_old * share;
    // Rounding must not put what was seen on the wrong side.
    let seen = score(events.new as f64, events.old as f64, share).abs() - 1e-15;
    let last = reach(mean_new.max(mean_old));
    let weights = |mean: f64| -> Result<Vec<f64>, StatsError> {
        (0..=last).map(|k| poisson_pmf(k, mean)).collect()
    };
    let (new, old) = (weights(mean_new)?, weights(mean_old)?);
    let mut below = Vec::with_capacity(old.len() + 1);
    let mut sum = 0.0;
    below.push(sum);
    for p in &old {
        sum += p;
        below.push(sum);
    }
    let mut p = 0.0;
    let count = old.len() as u64;
    for (x, weight) in new.iter().enumerate() {
        let x = x as f64;
        // The score falls as `y` grows, so both far sides are runs of `y`.
        let high_until = first_where(0, count, |y| score(x, y as f64, share) < seen);
        let low_from = first_where(high_until, count, |y| score(x, y as f64, share) <= -seen);
        let mid = |i: u64| usize::try_from(i).ok().and_then(|i| below.get(i)).copied();
        let (first, second) = (mid(high_until), mid(low_from));
        let inner = second.unwrap_or(sum) - first.unwrap_or(sum);
        p += weight * (sum - inner);
    }
    Ok(p.min(1.0))
}

/// Counts beyond which less than 1e-13 lies, at least 100.
fn reach(mean: f64) -> u64 {
    let far = mean + 8.0 * mean.sqrt() + 40.0;
    let far = far.max(100.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and far below 2^53 for the events taken here"
    )]
    let whole = far as u64;
    whole
}

/// Whether counts of equal exposure scatter more than a Poisson rate allows: Pearson's statistic over its degrees of
/// freedom, and its upper p-value. Above about 1.5 the exact tests here are too sure: resample clusters instead.
///
/// Errors: [`CompareError::TooFew`] for fewer than two counts or no events. Cost: `O(n)`.
pub fn overdispersion(counts: &[u64]) -> Result<(f64, f64), CompareError> {
    let total: u64 = counts.iter().sum();
    if counts.len() < 2 || total == 0 {
        return Err(CompareError::TooFew {
            field: "counts",
            seen: counts.len(),
            least: 2,
            hint: "two parts of equal exposure with an event between them",
        });
    }
    let mean = total as f64 / counts.len() as f64;
    let degrees = (counts.len() - 1) as f64;
    let square = |x: &u64| (*x as f64 - mean).powi(2) / mean;
    let chi2: f64 = counts.iter().map(square).sum();
    Ok((chi2 / degrees, 1.0 - gamma_p(0.5 * degrees, 0.5 * chi2)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    fn of(new: u64, exposure_new: f64, old: u64, exposure_old: f64) -> Events {
        Events {
            new,
            exposure_new,
            old,
            exposure_old,
        }
    }

    #[test]
    fn published_example_of_two_hospitals() {
        // Gu et al. 2008; statsmodels 0.15.0: E-test 0.000567, exact 0.000675.
        let found = rate_ratio(&of(60, 51477.5, 30, 54308.7), 1.0).unwrap();
        assert!(found.ratio.is_some_and(|r| (r - 2.1099).abs() < 1e-3));
        assert!(
            (found.exact_two_sided - 0.0006751826586863219).abs() < 1e-12,
            "{found:?}"
        );
        assert!(
            found
                .e_test
                .is_some_and(|p| (p - 0.0005672617581627942).abs() < 1e-9),
            "{found:?}"
        );
        assert_eq!(found.verdict, Verdict::Worse);
    }

    #[test]
    fn no_events_say_nothing() {
        let found = rate_ratio(&of(0, 1.0, 0, 1.0), 1.5).unwrap();
        assert_eq!((found.ratio, found.verdict), (None, Verdict::Inconclusive));
        assert_eq!(
            (found.interval.low, found.interval.high),
            (0.0, f64::INFINITY)
        );
        assert!(rate_ratio(&of(0, 0.0, 0, 1.0), 1.5).is_err());
        assert!(rate_ratio(&of(0, 1.0, 0, 1.0), 0.5).is_err());
    }

    #[test]
    fn many_events_pass_and_scatter_is_seen() {
        let found = rate_ratio(&of(10_000, 1e6, 10_100, 1e6), 1.2).unwrap();
        assert_eq!(found.verdict, Verdict::NotWorse);
        assert!(overdispersion(&[10, 9, 11, 10]).unwrap().1 > 0.5);
        let (ratio, p) = overdispersion(&[0, 0, 40, 0]).unwrap();
        assert!(ratio > 10.0 && p < 1e-6);
        assert!(overdispersion(&[3]).is_err());
    }

    fn poisson(noise: &mut Noise, mean: f64) -> u64 {
        let limit = (-mean).exp();
        let (mut k, mut product) = (0, noise.uniform());
        while product > limit {
            product *= noise.uniform();
            k += 1;
        }
        k
    }

    #[test]
    fn levels_and_coverage_by_simulation() {
        let mut noise = Noise::new(17);
        let (mut exact, mut e, mut covered, trials) = (0, 0, 0, 600);
        for _ in 0..trials {
            let events = of(
                poisson(&mut noise, 6.0),
                1.0,
                poisson(&mut noise, 12.0),
                2.0,
            );
            let found = rate_ratio(&events, 1.0).unwrap();
            exact += usize::from(found.exact_two_sided <= 0.05);
            e += usize::from(found.e_test.unwrap() <= 0.05);
            covered += usize::from(found.interval.contains(1.0));
        }
        assert!(exact <= 30 && covered >= 570, "{exact} {covered}");
        // Four standard errors above 5 %.
        assert!(e <= 52, "{e}");
    }
}
