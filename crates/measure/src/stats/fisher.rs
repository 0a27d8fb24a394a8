//! Fisher's exact test of a two-by-two table, and the odds it leaves possible.

use super::binomial::{Urn, hypergeometric_pmf};
use super::{Interval, StatsError};

/// Probabilities of tables at least as extreme as one seen, its margins given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fisher {
    /// Of a first entry as small or smaller.
    pub less: f64,
    /// Of a first entry as large or larger.
    pub greater: f64,
    /// Of a table no likelier than the one seen, as R and scipy count (relative slack 1e-7).
    pub two_sided: f64,
    /// As [`Self::two_sided`], tables as likely as the one seen counted half: less conservative.
    pub two_sided_mid: f64,
}

/// Fisher's exact test of `[[a, b], [c, d]]`.
///
/// Errors: [`StatsError::BadCounts`] for a table without counts. Cost: one term per possible table.
pub fn fisher_exact([[a, b], [c, d]]: [[u64; 2]; 2]) -> Result<Fisher, StatsError> {
    let urn = Urn {
        size: a + b + c + d,
        marked: a + c,
        drawn: a + b,
    };
    let seen = hypergeometric_pmf(a, urn)?;
    let mut found = Fisher {
        less: 0.0,
        greater: 0.0,
        two_sided: 0.0,
        two_sided_mid: 0.0,
    };
    for x in (urn.drawn + urn.marked).saturating_sub(urn.size)..=urn.drawn.min(urn.marked) {
        let p = hypergeometric_pmf(x, urn)?;
        if x <= a {
            found.less += p;
        }
        if x >= a {
            found.greater += p;
        }
        if p <= seen * (1.0 + 1e-7) {
            found.two_sided += p;
            found.two_sided_mid += if p >= seen * (1.0 - 1e-7) { 0.5 * p } else { p };
        }
    }
    let capped = |p: f64| p.min(1.0);
    Ok(Fisher {
        less: capped(found.less),
        greater: capped(found.greater),
        two_sided: capped(found.two_sided),
        two_sided_mid: capped(found.two_sided_mid),
    })
}

/// What the marked things drawn from an urn say of the odds of drawing a marked one; see [`fisher_interval`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FisherInterval {
    /// The odds ratio; 0 and infinity where as few or as many are drawn as can be.
    pub odds: Interval,
    /// Marked things drawn on average at these odds.
    pub mean: Interval,
}

/// Exact interval at confidence `1 - alpha` of the odds ratio of a drawn to a left thing, `seen` marked ones drawn: the
/// odds at which `P(X >= seen)` and `P(X <= seen)` are `alpha / 2`, X with Fisher's noncentral hypergeometric
/// distribution `pmf(x) odds^x` (Cornfield 1956; Agresti 2013, 16.6.4), never covering less.
///
/// Errors: [`StatsError::BadCounts`] for a number that cannot be drawn, [`StatsError::BadProbability`] for an `alpha`
/// outside the open interval (0, 1). Cost: about 100 passes over the possible numbers.
pub fn fisher_interval(seen: u64, urn: Urn, alpha: f64) -> Result<FisherInterval, StatsError> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StatsError::BadProbability { value: alpha });
    }
    let tilted = Tilted::new(urn)?;
    if !(tilted.least..=tilted.most).contains(&seen) {
        return Err(StatsError::BadCounts {
            successes: seen,
            trials: tilted.most,
        });
    }
    let tail = 0.5 * alpha;
    let low = if seen == tilted.least {
        f64::NEG_INFINITY
    } else {
        increasing_root(|odds| tilted.at(odds, seen).at_least - tail)
    };
    let high = if seen == tilted.most {
        f64::INFINITY
    } else {
        increasing_root(|odds| tail - tilted.at(odds, seen).at_most)
    };
    let mean = |odds: f64, end: u64| {
        if odds.is_finite() {
            tilted.at(odds, seen).mean
        } else {
            end as f64
        }
    };
    Ok(FisherInterval {
        odds: Interval {
            low: low.exp(),
            high: high.exp(),
        },
        mean: Interval {
            low: mean(low, tilted.least),
            high: mean(high, tilted.most),
        },
    })
}

/// The hypergeometric distribution by logarithms, so that no odds are too far out.
struct Tilted {
    least: u64,
    most: u64,
    ln_terms: Vec<f64>,
}

/// Of a tilted distribution, about one number.
struct Tails {
    at_least: f64,
    at_most: f64,
    mean: f64,
}

impl Tilted {
    fn new(urn: Urn) -> Result<Self, StatsError> {
        // Checks the urn.
        hypergeometric_pmf(0, urn)?;
        let least = (urn.drawn + urn.marked).saturating_sub(urn.size);
        let most = urn.drawn.min(urn.marked);
        let mut ln_terms = vec![0.0];
        let mut now = 0.0;
        for x in least..most {
            let up = (urn.marked - x) as f64 * (urn.drawn - x) as f64;
            let down = (x + 1) as f64 * ((urn.size + x + 1) - urn.marked - urn.drawn) as f64;
            now += (up / down).ln();
            ln_terms.push(now);
        }
        Ok(Self {
            least,
            most,
            ln_terms,
        })
    }

    fn at(&self, ln_odds: f64, seen: u64) -> Tails {
        let tilt = |i: usize| self.ln_terms.get(i).map(|term| term + i as f64 * ln_odds);
        let logs = || (0..self.ln_terms.len()).filter_map(tilt);
        let top = logs().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut above, mut below, mut sum) = (0.0, 0.0, 0.0, 0.0);
        for (x, log) in (self.least..).zip(logs()) {
            let term = (log - top).exp();
            total += term;
            sum += term * x as f64;
            if x >= seen {
                above += term;
            }
            if x <= seen {
                below += term;
            }
        }
        Tails {
            at_least: above / total,
            at_most: below / total,
            mean: sum / total,
        }
    }
}

/// Where a function that rises with its argument passes 0.
fn increasing_root(f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-1.0, 1.0);
    while f(low) > 0.0 && low > -1e4 {
        low *= 2.0;
    }
    while f(high) < 0.0 && high < 1e4 {
        high *= 2.0;
    }
    // Until the middle is no other number than an end.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_of_the_lady_tasting_tea() {
        let urn = Urn {
            size: 8,
            marked: 4,
            drawn: 4,
        };
        let found = fisher_interval(3, urn, 0.05).unwrap();
        // R's fisher.test gives 0.2117329 and 621.9337505: the same but for the coarse end of its search.
        assert!((found.odds.low / 0.2117329 - 1.0).abs() < 1e-4, "{found:?}");
        assert!(
            (found.odds.high / 621.9337505 - 1.0).abs() < 1e-2,
            "{found:?}"
        );
        let terms = |w: f64| [1.0, 16.0 * w, 36.0 * w.powi(2), 16.0 * w.powi(3), w.powi(4)];
        let low = terms(found.odds.low);
        let share = (low[3] + low[4]) / low.iter().sum::<f64>();
        assert!((share - 0.025).abs() < 1e-12, "{share}");
        let high = terms(found.odds.high);
        let share = 1.0 - high[4] / high.iter().sum::<f64>();
        assert!((share - 0.025).abs() < 1e-12, "{share}");
        let all = fisher_interval(4, urn, 0.05).unwrap();
        assert_eq!((all.odds.high, all.mean.high), (f64::INFINITY, 4.0));
        let none = fisher_interval(0, urn, 0.05).unwrap();
        assert_eq!((none.odds.low, none.mean.low), (0.0, 0.0));
        // Mirrored counts have the inverse odds.
        assert!((none.odds.high * all.odds.low - 1.0).abs() < 1e-9);
        assert!(fisher_interval(5, urn, 0.05).is_err());
        assert!(fisher_interval(3, urn, 0.0).is_err());
    }

    #[test]
    fn the_lady_tasting_tea() {
        let p = fisher_exact([[3, 1], [1, 3]]).unwrap();
        assert!((p.greater - 17.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.less - 69.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.two_sided - 34.0 / 70.0).abs() < 1e-12, "{p:?}");
        assert!((p.two_sided_mid - 18.0 / 70.0).abs() < 1e-12, "{p:?}");
    }
}
