//! Plans by attributes: review n, pass the lot with at most so many errors.
//!
//! Read [`AcceptancePlan`] and [`characteristic`] first. Not here: the tables of MIL-STD-105E ([`super::military`]); plans
//! made for two risks ([`super::required::two_point_plan`]).

use super::{SamplingError, open_unit, range};
use crate::stats::{Tail, Urn, beta_quantile, binomial_tails, hypergeometric_cdf};
use serde::Serialize;

/// A single plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AcceptancePlan {
    /// Items reviewed.
    pub n: u64,
    /// Errors with which the lot still passes.
    pub accept: u64,
}

impl AcceptancePlan {
    /// Chance that a lot with the share `p` of errors passes: `P(Bin(n, p) <= accept)`.
    ///
    /// Errors: [`SamplingError::Stats`] outside 0 to 1. Cost: one incomplete beta function.
    pub fn passes(&self, p: f64) -> Result<f64, SamplingError> {
        Ok(binomial_tails(self.accept, self.n, p)?.0)
    }

    /// The same for a lot of `size` items with `errors` among them, drawn without repetition.
    ///
    /// Errors: [`SamplingError::Stats`] for more errors or reviews than items. Cost: `O(accept)`.
    pub fn passes_lot(&self, size: u64, errors: u64) -> Result<f64, SamplingError> {
        let urn = Urn {
            size,
            marked: errors,
            drawn: self.n,
        };
        Ok(hypergeometric_cdf(self.accept, urn)?)
    }

    /// The share of errors with which a lot passes with this chance: 0.10 gives the limiting quality a consumer is
    /// protected against, 0.95 what a producer must deliver.
    ///
    /// Errors: [`SamplingError`] for a chance outside (0, 1) or a plan without reviews. Cost: one beta quantile.
    pub fn share_passing(&self, chance: f64) -> Result<f64, SamplingError> {
        open_unit("chance", chance)?;
        range("n", self.n as f64, self.n > 0, "at least one review")?;
        if self.accept >= self.n {
            return Ok(1.0);
        }
        let (c, n) = (self.accept as f64, self.n as f64);
        Ok(beta_quantile(c + 1.0, n - c, Tail::Upper, chance)?)
    }
}

/// One point of an operating characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OcPoint {
    /// Share of errors in the lot.
    pub p: f64,
    /// Chance to pass.
    pub passes: f64,
    /// Share of errors after lots that failed were reviewed in full and mended, for large lots: `p` times `passes`.
    pub average_outgoing: f64,
    /// Items reviewed per lot on average, as a share of the lot, when failed lots are reviewed in full; none without its size.
    pub average_review: Option<f64>,
}

/// The operating characteristic at shares of errors `p`.
///
/// Errors: as [`AcceptancePlan::passes`]. Cost: one incomplete beta function per point.
pub fn characteristic(
    plan: AcceptancePlan,
    p: &[f64],
    lot: Option<u64>,
) -> Result<Vec<OcPoint>, SamplingError> {
    if let Some(size) = lot {
        range(
            "lot",
            size as f64,
            size >= plan.n && size > 0,
            "at least the sample",
        )?;
    }
    let point = |p: &f64| {
        let passes = plan.passes(*p)?;
        let average_review = lot.map(|size| {
            let share = plan.n as f64 / size as f64;
            share + (1.0 - passes) * (1.0 - share)
        });
        Ok(OcPoint {
            p: *p,
            passes,
            average_outgoing: p * passes * lot.map_or(1.0, |s| 1.0 - plan.n as f64 / s as f64),
            average_review,
        })
    };
    p.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_chances_invert_each_other() {
        let plan = AcceptancePlan { n: 125, accept: 3 };
        for chance in [0.05, 0.1, 0.5, 0.95] {
            let p = plan.share_passing(chance).unwrap();
            assert!((plan.passes(p).unwrap() - chance).abs() < 1e-12);
        }
        // A lot with twice the errors that the quality limit of 1 % names passes three times of four.
        assert!((plan.passes(0.02).unwrap() - 0.7587).abs() < 1e-4);
        assert_eq!(
            AcceptancePlan { n: 2, accept: 2 }
                .share_passing(0.1)
                .unwrap(),
            1.0
        );
        assert!(plan.share_passing(0.0).is_err() && plan.passes(2.0).is_err());
    }

    #[test]
    fn small_lots_are_judged_more_sharply() {
        let plan = AcceptancePlan { n: 50, accept: 1 };
        assert!(plan.passes_lot(100, 5).unwrap() < plan.passes(0.05).unwrap());
        let points = characteristic(plan, &[0.0, 0.02, 0.3], Some(500)).unwrap();
        assert_eq!(
            (points[0].passes, points[0].average_review),
            (1.0, Some(0.1))
        );
        assert!(points[2].average_review.unwrap() > 0.99 && points[2].average_outgoing < 1e-4);
        assert!(characteristic(plan, &[0.1], Some(10)).is_err());
    }
}
