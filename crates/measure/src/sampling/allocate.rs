//! Spreading a sample over strata.
//!
//! Read [`Stratum`], [`bounded`] and [`whole`] first. Not here: how large the sample must be ([`super::required`]).

use super::{SamplingError, range};

/// One stratum as allocation sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Items in it.
    pub size: f64,
    /// Spread of one item: `sqrt(p (1 - p))` for a share of errors p; times a severity where errors weigh differently.
    pub spread: f64,
    /// Cost of one review.
    pub cost: f64,
}

impl Stratum {
    /// For an expected share of errors, at a cost of 1.
    pub fn of_share(size: u64, errors: f64) -> Self {
        Self {
            size: size as f64,
            spread: (errors * (1.0 - errors)).max(0.0).sqrt(),
            cost: 1.0,
        }
    }
}

/// Expected share of errors from earlier reviews, never 0 or 1: `(k + 1) / (n + 2)`.
pub fn expected_share(errors: u64, reviewed: u64) -> f64 {
    (errors as f64 + 1.0) / (reviewed as f64 + 2.0)
}

fn checked(strata: &[Stratum], total: f64) -> Result<(), SamplingError> {
    if strata.is_empty() {
        return Err(SamplingError::EmptyStratum { index: 0 });
    }
    range(
        "total",
        total,
        total >= 0.0 && total.is_finite(),
        "a number of reviews",
    )?;
    for (index, stratum) in strata.iter().enumerate() {
        if !(stratum.size > 0.0 && stratum.size.is_finite()) {
            return Err(SamplingError::EmptyStratum { index });
        }
        let is_spread = stratum.spread >= 0.0 && stratum.spread.is_finite();
        range("spread", stratum.spread, is_spread, "0 or more")?;
        let is_cost = stratum.cost > 0.0 && stratum.cost.is_finite();
        range("cost", stratum.cost, is_cost, "above 0")?;
    }
    Ok(())
}

fn shared(total: f64, weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| total * w / sum).collect()
}

/// By size alone.
///
/// Errors: [`SamplingError`] for no strata or an empty one. Cost: `O(strata)`.
pub fn proportional(strata: &[Stratum], total: f64) -> Result<Vec<f64>, SamplingError> {
    checked(strata, total)?;
    let weights: Vec<f64> = strata.iter().map(|s| s.size).collect();
    Ok(shared(total, &weights))
}

/// By size, spread and cost: `n_h ~ N_h S_h / sqrt(c_h)` (Neyman 1934; with costs Cochran 1977, 5.5), the least variance
/// for the total; by size where no stratum has any spread. May ask for more than a stratum holds: see [`bounded`].
///
/// Errors and cost: as [`proportional`].
pub fn neyman(strata: &[Stratum], total: f64) -> Result<Vec<f64>, SamplingError> {
    checked(strata, total)?;
    Ok(shared(total, &weights(strata)))
}

fn weights(strata: &[Stratum]) -> Vec<f64> {
    let by_spread = strata.iter().map(|s| s.size * s.spread / s.cost.sqrt());
    let weights: Vec<f64> = by_spread.collect();
    if weights.iter().any(|w| *w > 0.0) {
        weights
    } else {
        strata.iter().map(|s| s.size).collect()
    }
}

/// Neyman's allocation within bounds: `n_h = clip(lambda w_h, L_h, U_h)` with the lambda that makes their sum `total`,
/// which is the least variance there is within the bounds (Karush, Kuhn, Tucker).
///
/// Errors: [`SamplingError::Infeasible`] where the bounds do not allow the total. Cost: 200 sweeps over the strata.
pub fn bounded(
    strata: &[Stratum],
    total: f64,
    lower: &[f64],
    upper: &[f64],
) -> Result<Vec<f64>, SamplingError> {
    checked(strata, total)?;
    for (index, stratum) in strata.iter().enumerate() {
        let bounds = lower.get(index).zip(upper.get(index));
        let is_in_order = bounds.is_some_and(|(l, u)| *l >= 0.0 && l <= u && *u <= stratum.size);
        if !is_in_order {
            return Err(SamplingError::OutOfRange {
                field: "bounds",
                value: lower.get(index).copied().unwrap_or(f64::NAN),
                hint: "one pair per stratum, 0 <= lower <= upper <= size",
            });
        }
    }
    let (least, most) = (lower.iter().sum::<f64>(), upper.iter().sum::<f64>());
    if total < least - 1e-9 || total > most + 1e-9 {
        return Err(SamplingError::Infeasible { total, least, most });
    }
    let mut weights = weights(strata);
    // A stratum without spread must be able to take what the others cannot.
    let tiny = weights.iter().fold(0.0_f64, |a, b| a.max(*b)) * 1e-12;
    for (weight, stratum) in weights.iter_mut().zip(strata) {
        *weight = weight.max(tiny * stratum.size);
    }
    let at = |lambda: f64| -> Vec<f64> {
        let bounds = lower.iter().zip(upper);
        let clipped = weights.iter().zip(bounds);
        clipped
            .map(|(w, (l, u))| (lambda * w).clamp(*l, *u))
            .collect()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while at(high).iter().sum::<f64>() < total - 1e-9 && high < 1e300 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if at(middle).iter().sum::<f64>() < total {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(at(0.5 * (low + high)))
}

/// Whole numbers with the same sum (rounded), by largest remainder; ties go to the earlier stratum. Within `upper` if it is
/// given, whose entries are then whole.
///
/// Errors: [`SamplingError::OutOfRange`] for a share that is negative or not finite. Cost: one sort.
pub fn whole(shares: &[f64], upper: Option<&[f64]>) -> Result<Vec<u64>, SamplingError> {
    for &share in shares {
        range("share", share, (0.0..9e15).contains(&share), "0 or more")?;
    }
    let room = |i: usize| {
        upper
            .and_then(|u| u.get(i))
            .copied()
            .unwrap_or(f64::INFINITY)
    };
    // A share such as 58.99999999999997 is the whole number it stands for.
    let floored = |x: f64| (x + 1e-9).floor();
    let mut counts: Vec<f64> = shares.iter().map(|x| floored(*x)).collect();
    let mut missing = shares.iter().sum::<f64>().round() - counts.iter().sum::<f64>();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&i, &j| (shares[j] - counts[j]).total_cmp(&(shares[i] - counts[i])));
    while missing >= 1.0 {
        let before = missing;
        for &i in &order {
            if missing >= 1.0 && counts[i] + 1.0 <= room(i) {
                counts[i] += 1.0;
                missing -= 1.0;
            }
        }
        if missing >= before {
            break;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative and below 9e15"
    )]
    let counts = counts.into_iter().map(|x| x as u64).collect();
    Ok(counts)
}

/// Reviews that a floor of `share` of each stratum asks for, rounded up.
pub fn floor_of(size: u64, share: f64) -> u64 {
    let reviews = size as f64 * share;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the size"
    )]
    let reviews = (reviews - 1e-9 * reviews.max(1.0))
        .ceil()
        .clamp(0.0, size as f64) as u64;
    reviews
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variance(strata: &[Stratum], n: &[f64]) -> f64 {
        let terms = strata.iter().zip(n);
        terms.map(|(s, n)| (s.size * s.spread).powi(2) / n).sum()
    }

    proptest! {
        #[test]
        fn bounded_keeps_sum_and_bounds_and_no_exchange_helps(
            parts in prop::collection::vec((10..5000_u64, 0.01..0.5_f64), 2..8), share in 0.1..0.9_f64,
        ) {
            let strata: Vec<Stratum> = parts.iter().map(|(n, p)| Stratum::of_share(*n, *p)).collect();
            let lower: Vec<f64> = strata.iter().map(|s| (0.05 * s.size).ceil()).collect();
            let upper: Vec<f64> = strata.iter().map(|s| s.size).collect();
            let (least, most) = (lower.iter().sum::<f64>(), upper.iter().sum::<f64>());
            let total = least + share * (most - least);
            let n = bounded(&strata, total, &lower, &upper).unwrap();
            prop_assert!((n.iter().sum::<f64>() - total).abs() < 1e-6);
            let before = variance(&strata, &n);
            for i in 0..n.len() {
                for j in 0..n.len() {
                    let mut moved = n.clone();
                    moved[i] -= 0.01;
                    moved[j] += 0.01;
                    if i != j && moved[i] >= lower[i] && moved[j] <= upper[j] {
                        prop_assert!(variance(&strata, &moved) >= before * (1.0 - 1e-9));
                    }
                }
            }
            let counts = whole(&n, Some(&upper)).unwrap();
            prop_assert_eq!(counts.iter().sum::<u64>() as f64, n.iter().sum::<f64>().round());
            prop_assert!(counts.iter().zip(&upper).all(|(n, u)| *n as f64 <= *u));
        }
    }

    #[test]
    fn bounds_that_cannot_be_met_are_said() {
        let strata = [Stratum::of_share(10, 0.1), Stratum::of_share(20, 0.1)];
        let of = |total, lower: &[f64], upper: &[f64]| bounded(&strata, total, lower, upper);
        assert!(matches!(
            of(40.0, &[0.0; 2], &[10.0, 20.0]),
            Err(SamplingError::Infeasible { .. })
        ));
        assert!(of(5.0, &[0.0; 2], &[11.0, 20.0]).is_err() && of(5.0, &[0.0], &[1.0]).is_err());
        let all = of(30.0, &[0.0; 2], &[10.0, 20.0]).unwrap();
        assert!((all[0] - 10.0).abs() < 1e-12 && (all[1] - 20.0).abs() < 1e-12);
        assert!(neyman(&[], 5.0).is_err());
        let none = [Stratum::of_share(10, 0.0), Stratum::of_share(30, 0.0)];
        assert_eq!(neyman(&none, 4.0).unwrap(), vec![1.0, 3.0]);
        assert_eq!(
            (floor_of(30, 0.1), floor_of(31, 0.1), floor_of(3, 2.0)),
            (3, 4, 3)
        );
    }

    #[test]
    fn dear_strata_get_less() {
        let mut strata = [Stratum::of_share(100, 0.1), Stratum::of_share(100, 0.1)];
        strata[1].cost = 4.0;
        assert_eq!(neyman(&strata, 30.0).unwrap(), vec![20.0, 10.0]);
    }
}
