//! Sample sizes that prove a share of errors is below a limit.
//!
//! Read [`required_n`] and [`required_of_lot`] first. Not here: spreading a sample over strata ([`super::allocate`]).

use super::acceptance::AcceptancePlan;
use super::{SamplingError, open_unit, range};
use crate::stats::{Urn, binomial_tails, first_where, hypergeometric_cdf};

/// Largest sample looked for.
pub const MOST: u64 = 1 << 40;

/// Smallest sample that shows accuracy of at least `accuracy` at `confidence` if at most `allowed` errors are found in it:
/// the smallest n with `P(Bin(n, 1 - accuracy) <= allowed) <= 1 - confidence`.
///
/// Without errors this is `ln(1 - C) / ln p` rounded up. For a lot of known size see [`required_of_lot`].
/// Errors: [`SamplingError::OutOfRange`]. Cost: about 40 incomplete beta functions.
pub fn required_n(accuracy: f64, confidence: f64, allowed: u64) -> Result<u64, SamplingError> {
    open_unit("accuracy", accuracy)?;
    open_unit("confidence", confidence)?;
    required_at(1.0 - accuracy, 1.0 - confidence, allowed)
}

/// As [`required_n`] with the share of errors at the limit and the risk that remains.
pub fn required_at(limit: f64, risk: f64, allowed: u64) -> Result<u64, SamplingError> {
    open_unit("limit", limit)?;
    open_unit("risk", risk)?;
    // The probability of so few errors falls as the sample grows. Rounding of one part in 1e12 must not add a review.
    let is_enough = |n: u64| {
        binomial_tails(allowed, n, limit).is_ok_and(|(below, _)| below <= risk * (1.0 + 1e-12))
    };
    let n = first_where(allowed + 1, MOST, is_enough);
    if n == MOST {
        return Err(SamplingError::NotProvable {
            most: MOST,
            hint: "allow a larger share of errors or less confidence",
        });
    }
    Ok(n)
}

/// Errors in a lot of `lot` items at which its accuracy is just below `accuracy`: `floor(lot (1 - accuracy)) + 1`.
pub fn errors_at_limit(lot: u64, accuracy: f64) -> u64 {
    // A product such as 100 (1 - 0.95) = 5.000000000000004 or 4.999999999999999 is the whole number it stands for.
    let errors = lot as f64 * (1.0 - accuracy);
    let near = errors.round();
    let whole = if (errors - near).abs() < 1e-9 * near.max(1.0) {
        near
    } else {
        errors.floor()
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the size of the lot"
    )]
    let whole = whole.max(0.0) as u64;
    whole + 1
}

/// As [`required_n`] for a lot of `lot` items reviewed without repetition (hypergeometric): the smallest n with
/// `P(X <= allowed) <= 1 - confidence` where the lot holds [`errors_at_limit`] errors.
///
/// Errors: [`SamplingError::NotProvable`] where a full review would still be allowed to find so many errors.
/// Cost: about `log2(lot)` hypergeometric sums of `allowed` terms.
pub fn required_of_lot(
    lot: u64,
    accuracy: f64,
    confidence: f64,
    allowed: u64,
) -> Result<u64, SamplingError> {
    open_unit("accuracy", accuracy)?;
    open_unit("confidence", confidence)?;
    range("lot", lot as f64, lot > 0, "at least one item")?;
    let marked = errors_at_limit(lot, accuracy).min(lot);
    let risk = (1.0 - confidence) * (1.0 + 1e-12);
    let is_enough = |drawn: u64| {
        let urn = Urn {
            size: lot,
            marked,
            drawn,
        };
        hypergeometric_cdf(allowed, urn).is_ok_and(|below| below <= risk)
    };
    let n = first_where(allowed + 1, lot + 1, is_enough);
    if n > lot {
        return Err(SamplingError::NotProvable {
            most: lot,
            hint: "as many errors as are allowed make the claim false in so small a lot; allow fewer",
        });
    }
    Ok(n)
}

/// Reviews without error that rule a share of errors of `limit` out at `confidence`, when a reviewer misses the share
/// `miss` of errors and clusters make `design_effect` reviews worth one:
/// `design_effect ln(1 - C) / ln(1 - limit (1 - miss))`, rounded up.
///
/// Errors: [`SamplingError::OutOfRange`]. Cost: constant.
pub fn zero_failure_n(
    limit: f64,
    confidence: f64,
    miss: f64,
    design_effect: f64,
) -> Result<u64, SamplingError> {
    open_unit("limit", limit)?;
    open_unit("confidence", confidence)?;
    range(
        "miss",
        miss,
        (0.0..1.0).contains(&miss),
        "0 or more, below 1",
    )?;
    design(design_effect)?;
    inflated(
        required_at(limit * (1.0 - miss), 1.0 - confidence, 0)?,
        design_effect,
    )
}

pub(crate) fn design(design_effect: f64) -> Result<(), SamplingError> {
    let is_inside = design_effect >= 1.0 && design_effect.is_finite();
    range("design_effect", design_effect, is_inside, "at least 1")
}

/// `n` independent reviews as reviews in clusters, rounded up.
pub(crate) fn inflated(n: u64, design_effect: f64) -> Result<u64, SamplingError> {
    let more = (n as f64 * design_effect - 1e-9).ceil();
    if more >= MOST as f64 {
        return Err(SamplingError::NotProvable {
            most: MOST,
            hint: "spread the review over more clusters",
        });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between n and 2^40"
    )]
    let more = more as u64;
    Ok(more.max(n))
}

/// `1 + (m - 1) rho`: reviews that are worth one when `m` are taken from each cluster and their errors are correlated by
/// `rho` (Kish 1965). At least 1.
pub fn design_effect(mean_cluster: f64, rho: f64) -> f64 {
    (1.0 + (mean_cluster - 1.0) * rho).max(1.0)
}

/// Confidence of each of `families` claims that makes all of them hold together at `confidence`, whatever their
/// dependence (Bonferroni): `1 - (1 - C) / k`.
pub fn confidence_each(confidence: f64, families: u64) -> f64 {
    1.0 - (1.0 - confidence) / families.max(1) as f64
}

/// What a plan of two points must do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoPoints {
    /// Share of errors that should pass.
    pub good: f64,
    /// Share of errors that must not.
    pub bad: f64,
    /// Chance to refuse the good one, at most.
    pub producer_risk: f64,
    /// Chance to pass the bad one, at most.
    pub consumer_risk: f64,
}

/// Smallest plan with both risks held: the fewest allowed errors for which the sample that holds the consumer's risk
/// also holds the producer's (Guenther 1969).
///
/// Errors: [`SamplingError`] for shares out of order or none up to 10,000 allowed errors. Cost: about 40 incomplete beta
/// functions for each number of allowed errors.
pub fn two_point_plan(points: TwoPoints) -> Result<AcceptancePlan, SamplingError> {
    open_unit("producer_risk", points.producer_risk)?;
    open_unit("good", points.good)?;
    let is_above = points.bad > points.good;
    range("bad", points.bad, is_above, "above the good share")?;
    for accept in 0..10_000 {
        let n = required_at(points.bad, points.consumer_risk, accept)?;
        if binomial_tails(accept, n, points.good)?.0 >= 1.0 - points.producer_risk {
            return Ok(AcceptancePlan { n, accept });
        }
    }
    Err(SamplingError::NotProvable {
        most: MOST,
        hint: "the good and the bad share are too close; put them further apart",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_sizes() {
        // annotation, D.2, at 95 %.
        for (accuracy, sizes) in [
            (0.90, [29, 46, 61]),
            (0.95, [59, 93, 124]),
            (0.97, [99, 157, 208]),
            (0.99, [299, 473, 628]),
            (0.999, [2995, 4742, 6294]),
        ] {
            for (allowed, n) in (0..).zip(sizes) {
                assert_eq!(required_n(accuracy, 0.95, allowed).unwrap(), n);
            }
        }
        assert_eq!(required_of_lot(500, 0.99, 0.95, 0).unwrap(), 196);
        assert_eq!(required_of_lot(100, 0.99, 0.95, 0).unwrap(), 78);
        assert!(required_of_lot(10, 0.95, 0.95, 3).is_err());
        assert!(required_n(1.0, 0.95, 0).is_err() && required_n(0.9, f64::NAN, 0).is_err());
    }

    #[test]
    fn missing_reviewers_and_clusters_cost_reviews() {
        assert_eq!(zero_failure_n(0.01, 0.95, 0.0, 1.0).unwrap(), 299);
        assert_eq!(zero_failure_n(0.01, 0.95, 0.2, 1.0).unwrap(), 373);
        assert_eq!(
            zero_failure_n(0.01, 0.95, 0.0, design_effect(11.0, 0.1)).unwrap(),
            598
        );
        assert!(zero_failure_n(0.01, 0.95, 1.0, 1.0).is_err());
        assert!(zero_failure_n(0.01, 0.95, 0.0, 0.5).is_err());
        assert!((confidence_each(0.95, 5) - 0.99).abs() < 1e-15);
    }

    #[test]
    fn two_points_hold_both_risks() {
        let points = TwoPoints {
            good: 0.01,
            bad: 0.05,
            producer_risk: 0.05,
            consumer_risk: 0.1,
        };
        let plan = two_point_plan(points).unwrap();
        // scipy 1.17: with 3 allowed 132 is the smallest n for the consumer, and passes 95.6 % of the good.
        assert_eq!((plan.n, plan.accept), (132, 3));
        assert!(
            two_point_plan(TwoPoints {
                bad: 0.005,
                ..points
            })
            .is_err()
        );
    }
}
