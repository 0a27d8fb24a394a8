//! How many items of each stratum to review, and why.
//!
//! Read [`Stratum`], [`Claim`] and [`plan`] first. Not here: reading the strata from a table; what the review found
//! ([`super::estimate`]).

use super::allocate::floor_of;
use super::required::{confidence_each, design_effect, errors_at_limit, inflated, required_at};
use super::{SamplingError, open_unit, range};
use crate::stats::{Urn, binomial_pmf, binomial_tails, first_where, hypergeometric_cdf, whole};
use serde::Serialize;

/// Errors at the limit up to which a lot is treated as an urn; above, as without end, which asks for a little more.
const MOST_MARKED: u64 = 2_000;

/// Errors a plan may allow at most.
const MOST_ALLOWED: u64 = 60;

/// One stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Items in it.
    pub size: u64,
    /// Share of errors expected; with it the plan allows as many errors as it takes to pass with the power asked for.
    pub expected_error: Option<f64>,
    /// Items that are reviewed together (objects of a frame), whose errors resemble each other.
    pub cluster_size: Option<f64>,
    /// Share of errors a reviewer misses.
    pub reviewer_miss: Option<f64>,
}

/// What the review must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Accuracy of at least this.
    pub accuracy: f64,
    /// With this confidence.
    pub confidence: f64,
    /// Share of every stratum that is reviewed anyway.
    pub floor: f64,
    /// Reviews of every stratum at least, as far as it holds so many.
    pub least: u64,
    /// Correlation of errors within a cluster.
    pub rho: f64,
    /// Chance that a stratum with its expected share of errors passes, at least.
    pub power: f64,
    /// Whether all strata together are claimed at the confidence (Bonferroni), instead of each on its own.
    pub is_joint: bool,
}

impl Default for Claim {
    fn default() -> Self {
        Self {
            accuracy: 0.95,
            confidence: 0.95,
            floor: 0.10,
            least: 30,
            rho: 0.1,
            power: 0.8,
            is_joint: false,
        }
    }
}

/// Why a stratum needs as many reviews as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The claim needs them.
    Claim,
    /// The floor, a share of the stratum, asks for more than the claim.
    Floor,
    /// The least number of any stratum.
    Least,
    /// All there are: the claim, the floor or the least number would take more.
    Whole,
    /// All there are, and even so the claim cannot be shown: reviewers miss too much, or more errors are expected than the
    /// claim allows.
    NotProvable,
}

/// Reviews of one stratum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// Items to review.
    pub n: u64,
    /// Errors with which the claim still holds.
    pub allowed: u64,
    /// Reviews the claim alone needs; none where no number does.
    pub required: Option<u64>,
    /// Reviews the floor asks for.
    pub floor: u64,
    /// Why `n`.
    pub reason: Reason,
    /// Reviews that are worth one independent review.
    pub design_effect: f64,
    /// Confidence of this stratum's own claim.
    pub confidence: f64,
    /// Chance to pass at the expected share of errors; none without one.
    pub power: Option<f64>,
}

/// Plans each stratum: `n = clip(max(floor, required, least), 0, size)`.
///
/// `required` counts the errors a reviewer misses (each error is seen with `1 - miss`), the finite size of the stratum
/// (an urn, up to 2,000 errors at the limit) and clusters (`1 + (m - 1) rho`).
/// Errors: [`SamplingError`] for no strata, an empty one, or parameters out of range. Cost: below a millisecond per stratum
/// without, some milliseconds with an expected share of errors.
pub fn plan(strata: &[Stratum], claim: &Claim) -> Result<Vec<Planned>, SamplingError> {
    if strata.is_empty() {
        return Err(SamplingError::EmptyStratum { index: 0 });
    }
    open_unit("claim", claim.accuracy)?;
    open_unit("confidence", claim.confidence)?;
    open_unit("power", claim.power)?;
    range(
        "floor",
        claim.floor,
        (0.0..=1.0).contains(&claim.floor),
        "a share",
    )?;
    range(
        "rho",
        claim.rho,
        (0.0..=1.0).contains(&claim.rho),
        "a correlation, 0 to 1",
    )?;
    let families = if claim.is_joint {
        strata.len() as u64
    } else {
        1
    };
    let confidence = confidence_each(claim.confidence, families);
    let with_index = strata.iter().enumerate();
    with_index
        .map(|(index, stratum)| one(index, stratum, claim, confidence))
        .collect()
}

fn one(
    index: usize,
    stratum: &Stratum,
    claim: &Claim,
    confidence: f64,
) -> Result<Planned, SamplingError> {
    if stratum.size == 0 {
        return Err(SamplingError::EmptyStratum { index });
    }
    let miss = stratum.reviewer_miss.unwrap_or(0.0);
    range(
        "reviewer_miss",
        miss,
        (0.0..1.0).contains(&miss),
        "0 or more, below 1",
    )?;
    let cluster = stratum.cluster_size.unwrap_or(1.0);
    let is_cluster = cluster >= 1.0 && cluster.is_finite();
    range("cluster_size", cluster, is_cluster, "at least 1")?;
    let task = Task {
        size: stratum.size,
        limit: 1.0 - claim.accuracy,
        marked: errors_at_limit(stratum.size, claim.accuracy).min(stratum.size),
        risk: (1.0 - confidence) * (1.0 + 1e-12),
        seen: 1.0 - miss,
        design: design_effect(cluster, claim.rho),
    };
    let (required, allowed, power) = match stratum.expected_error {
        None => (task.required(0)?, 0, None),
        Some(expected) => {
            range(
                "expected_error",
                expected,
                (0.0..1.0).contains(&expected),
                "0 or more, below 1",
            )?;
            task.powered(expected, claim.power)?
        }
    };
    let floor = floor_of(stratum.size, claim.floor);
    let wanted = required.unwrap_or(stratum.size).max(floor).max(claim.least);
    let n = wanted.min(stratum.size);
    let reason = match required {
        None => Reason::NotProvable,
        Some(_) if wanted >= stratum.size => Reason::Whole,
        Some(required) if required >= n => Reason::Claim,
        Some(_) if floor >= n => Reason::Floor,
        Some(_) => Reason::Least,
    };
    Ok(Planned {
        n,
        allowed,
        required,
        floor,
        reason,
        design_effect: task.design,
        confidence,
        power,
    })
}

/// Chance that a stratum passes its plan where a share of its items is wrong: the operating characteristic, with what
/// reviewers miss and, as far as items of a cluster repeat each other, with as many independent reviews as there are.
///
/// Errors: [`SamplingError`] for a share outside 0 to 1, or a stratum that does not fit its plan. Cost: as one step of
/// [`plan`].
pub fn passes(stratum: &Stratum, planned: &Planned, share: f64) -> Result<f64, SamplingError> {
    range(
        "share",
        share,
        (0.0..=1.0).contains(&share),
        "a share, 0 to 1",
    )?;
    let size = stratum.size as f64;
    let seen = 1.0 - stratum.reviewer_miss.unwrap_or(0.0);
    let marked = whole((share * size).round());
    // A full review sees every cluster, so nothing is repeated.
    let n = if planned.n >= stratum.size {
        stratum.size
    } else {
        whole((planned.n as f64 / planned.design_effect).round()).max(1)
    };
    if n < stratum.size && marked > MOST_MARKED {
        return Ok(binomial_tails(planned.allowed, n, share * seen)?.0);
    }
    if n == stratum.size {
        // All are reviewed: only what reviewers miss is left to chance.
        return Ok(binomial_tails(planned.allowed, marked, seen)?.0);
    }
    let task = Task {
        size: stratum.size,
        limit: share,
        marked,
        risk: 0.0,
        seen,
        design: planned.design_effect,
    };
    task.found_at_most(planned.allowed, n)
}

/// What a stratum's sample must do.
struct Task {
    size: u64,
    limit: f64,
    marked: u64,
    risk: f64,
    seen: f64,
    design: f64,
}

impl Task {
    /// Smallest sample that shows the claim with `allowed` errors found; none where not even a full review does.
    fn required(&self, allowed: u64) -> Result<Option<u64>, SamplingError> {
        let alone = if self.marked <= MOST_MARKED && allowed <= MOST_ALLOWED {
            let n = first_where(allowed + 1, self.size + 1, |n| {
                self.found_at_most(allowed, n).is_ok_and(|p| p <= self.risk)
            });
            if n > self.size {
                return Ok(None);
            }
            n
        } else {
            required_at(self.limit * self.seen, self.risk, allowed)?
        };
        let n = inflated(alone, self.design)?;
        // Beyond the stratum only a full review is left, which shows the claim if a full review can.
        let is_shown = n <= self.size || alone <= self.size;
        Ok(is_shown.then_some(n.min(self.size)))
    }

    /// Chance to find at most `allowed` errors in `n` of an urn with the errors at the limit, each seen with `seen`: those
    /// that would be seen are drawn first, then the sample.
    fn found_at_most(&self, allowed: u64, n: u64) -> Result<f64, SamplingError> {
        let of = |marked: u64| {
            let urn = Urn {
                size: self.size,
                marked,
                drawn: n,
            };
            hypergeometric_cdf(allowed, urn)
        };
        if self.seen >= 1.0 {
            return Ok(of(self.marked)?);
        }
        let mut sum = 0.0;
        for visible in 0..=self.marked {
            let weight = binomial_pmf(visible, self.marked, self.seen)?;
            if weight > 1e-18 {
                sum += weight * of(visible)?;
            }
        }
        Ok(sum)
    }

    /// The fewest allowed errors with which a stratum of the expected share passes with the power.
    fn powered(
        &self,
        expected: f64,
        power: f64,
    ) -> Result<(Option<u64>, u64, Option<f64>), SamplingError> {
        if expected >= self.limit {
            return Ok((None, 0, Some(0.0)));
        }
        for allowed in 0..=MOST_ALLOWED {
            let Some(n) = self.required(allowed)? else {
                break;
            };
            let reached = binomial_tails(allowed, n, expected * self.seen)?.0;
            if reached >= power || n >= self.size {
                return Ok((Some(n), allowed, Some(reached)));
            }
        }
        // No sample that small passes often enough; one without end would be larger than most strata.
        let n = self.required(MOST_ALLOWED)?;
        let reached = match n {
            Some(n) => binomial_tails(MOST_ALLOWED, n, expected * self.seen)?.0,
            None => 0.0,
        };
        Ok((n, MOST_ALLOWED, Some(reached)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    fn plain(size: u64) -> Stratum {
        Stratum {
            size,
            expected_error: None,
            cluster_size: None,
            reviewer_miss: None,
        }
    }

    fn of(stratum: Stratum, claim: Claim) -> Planned {
        plan(&[stratum], &claim).unwrap()[0]
    }

    #[test]
    fn ten_percent_is_no_rule() {
        let large = of(plain(98_180), Claim::default());
        assert_eq!((large.n, large.reason), (9818, Reason::Floor));
        let without = Claim {
            floor: 0.0,
            ..Claim::default()
        };
        assert_eq!(
            (
                of(plain(98_180), without).n,
                of(plain(98_180), without).reason
            ),
            (59, Reason::Claim)
        );
        let small = of(plain(30), Claim::default());
        assert_eq!((small.n, small.floor, small.reason), (30, 3, Reason::Whole));
        let loose = Claim {
            accuracy: 0.8,
            floor: 0.0,
            ..Claim::default()
        };
        assert_eq!(
            (of(plain(10_000), loose).n, of(plain(10_000), loose).reason),
            (30, Reason::Least)
        );
    }

    #[test]
    fn a_plan_passes_what_it_should() {
        let claim = Claim {
            floor: 0.0,
            ..Claim::default()
        };
        for stratum in [
            plain(10_000),
            plain(200),
            Stratum {
                reviewer_miss: Some(0.2),
                ..plain(5000)
            },
            Stratum {
                cluster_size: Some(11.0),
                ..plain(1_000_000)
            },
        ] {
            let planned = of(stratum, claim);
            let at = |share: f64| passes(&stratum, &planned, share).unwrap();
            assert_eq!(at(0.0), 1.0);
            // Just beyond the claim the chance is the risk, or below it by the last item.
            let risk = at(0.0501 + 1.0 / stratum.size as f64);
            assert!(risk <= 0.05 && risk > 0.035, "{stratum:?}: {risk}");
            assert!(at(0.01) > at(0.02));
        }
        let whole = of(plain(30), Claim::default());
        assert_eq!(passes(&plain(30), &whole, 0.1).unwrap(), 0.0);
        assert!(passes(&plain(30), &whole, 2.0).is_err());
    }

    #[test]
    fn what_makes_it_harder_costs_reviews() {
        let claim = Claim {
            floor: 0.0,
            ..Claim::default()
        };
        let base = of(plain(10_000), claim).n;
        assert!(of(plain(200), claim).n < base);
        let missed = Stratum {
            reviewer_miss: Some(0.2),
            ..plain(10_000)
        };
        assert!(of(missed, claim).n > base);
        let clustered = Stratum {
            cluster_size: Some(11.0),
            ..plain(10_000)
        };
        assert_eq!(of(clustered, claim).n, 2 * base);
        let both = plan(
            &[plain(10_000); 5],
            &Claim {
                is_joint: true,
                ..claim
            },
        )
        .unwrap();
        assert!(both[0].n > base && (both[0].confidence - 0.99).abs() < 1e-12);
        let known = of(
            Stratum {
                expected_error: Some(0.02),
                ..plain(10_000)
            },
            claim,
        );
        assert!(
            known.allowed > 0 && known.n > base && known.power.unwrap() >= 0.8,
            "{known:?}"
        );
    }

    #[test]
    fn what_cannot_be_shown_is_said() {
        let claim = Claim {
            floor: 0.0,
            accuracy: 0.99,
            ..Claim::default()
        };
        let blind = Stratum {
            reviewer_miss: Some(0.5),
            ..plain(40)
        };
        assert_eq!(of(blind, claim).reason, Reason::NotProvable);
        let bad = Stratum {
            expected_error: Some(0.05),
            ..plain(10_000)
        };
        assert_eq!(of(bad, claim).reason, Reason::NotProvable);
        assert!(plan(&[], &claim).is_err() && plan(&[plain(0)], &claim).is_err());
        assert!(
            plan(
                &[plain(9)],
                &Claim {
                    floor: 2.0,
                    ..claim
                }
            )
            .is_err()
        );
    }

    #[test]
    fn false_claims_are_rarely_shown() {
        // A stratum just worse than claimed, reviewers who miss a fifth.
        let stratum = Stratum {
            reviewer_miss: Some(0.2),
            ..plain(400)
        };
        let planned = of(
            stratum,
            Claim {
                floor: 0.0,
                ..Claim::default()
            },
        );
        let mut random = SplitMix::new(19);
        let (mut shown, trials) = (0, 4000);
        for _ in 0..trials {
            let mut left = 400;
            let mut errors = 21;
            let mut found = 0;
            for _ in 0..planned.n {
                if random.below(left) < errors {
                    errors -= 1;
                    found += usize::from(random.unit() < 0.8);
                }
                left -= 1;
            }
            shown += usize::from(found as u64 <= planned.allowed);
        }
        // 5 % is promised, and the next smaller sample would not hold it: three standard errors are 1 point.
        assert!((120..=245).contains(&shown), "{shown} of {trials}");
    }
}
