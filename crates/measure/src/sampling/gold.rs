//! Items with a known answer among the work: how many each person must meet.
//!
//! Read [`Seeding`] and [`seeding`] first. Not here: what the answers say about a person (aggregation).

use super::{SamplingError, open_unit, range};
use crate::stats::wilson;
use serde::Serialize;

/// Reliability of a hit rate of 100 seeded items per person, where hit rates are below 0.9: 0.7 (Buser et al. 2025, 728
/// screeners of airport security, 1.2 million events).
pub const RELIABILITY_OF_100: f64 = 0.7;

/// Reliability of one item from that of `n` (Spearman and Brown, inverted).
pub fn reliability_of_one(n: f64, reliability: f64) -> f64 {
    reliability / (n - (n - 1.0) * reliability)
}

/// Reliability of the mean of `n` items from that of one: `n r / (1 + (n - 1) r)` (Spearman 1910; Brown 1910).
pub fn reliability(n: f64, of_one: f64) -> f64 {
    n * of_one / (1.0 + (n - 1.0) * of_one)
}

/// Seeded items per person and window for a reliability of `target`.
///
/// Errors: [`SamplingError::OutOfRange`] for values outside (0, 1). Cost: constant.
pub fn seeds_for(target: f64, of_one: f64) -> Result<u64, SamplingError> {
    open_unit("target", target)?;
    open_unit("of_one", of_one)?;
    let n = target * (1.0 - of_one) / (of_one * (1.0 - target));
    whole((n - 1e-9).ceil())
}

fn whole(n: f64) -> Result<u64, SamplingError> {
    range(
        "seeds",
        n,
        n < 1e15,
        "less reliability, or items that tell more",
    )?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be below 1e15; at least 1"
    )]
    let n = n.max(1.0) as u64;
    Ok(n)
}

/// Seeded items for a person with the hit rate `expected` to show at least `least` by the lower end of Wilson's interval.
///
/// Errors: [`SamplingError::OutOfRange`] for rates out of order. Cost: some ten intervals.
pub fn seeds_to_show(expected: f64, least: f64) -> Result<u64, SamplingError> {
    open_unit("expected", expected)?;
    open_unit("least", least)?;
    range(
        "least",
        least,
        least < expected,
        "below the expected hit rate",
    )?;
    let is_enough = |n: u64| -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and n"
        )]
        let hits = (expected * n as f64).floor() as u64;
        wilson(hits, n).is_ok_and(|i| i.low >= least)
    };
    let mut n = 1;
    while n < 1 << 40 && !is_enough(n) {
        n += (n / 50).max(1);
    }
    whole(n as f64)
}

/// A plan of seeding for one window of work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seeding {
    /// Seeded items per person.
    pub seeds: u64,
    /// Share of seeded items among all a person sees.
    pub share: f64,
    /// Distinct items with a known answer needed, if none is shown twice to a person and each is shown to `reuse` people.
    pub pool: u64,
    /// Reliability reached.
    pub reliability: f64,
}

/// What one window of work looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Items of real work per person.
    pub items: u64,
    /// People.
    pub people: u64,
    /// People one seeded item may be shown to before it is worn out.
    pub reuse: u64,
}

/// Seeded items for a reliability of `target`, with the reliability of one item from [`reliability_of_one`].
///
/// Errors: [`SamplingError`] for values out of range. Cost: constant.
pub fn seeding(window: Window, target: f64, of_one: f64) -> Result<Seeding, SamplingError> {
    range(
        "people",
        window.people as f64,
        window.people > 0,
        "at least one",
    )?;
    range(
        "reuse",
        window.reuse as f64,
        window.reuse > 0,
        "at least one",
    )?;
    let seeds = seeds_for(target, of_one)?;
    let shown = seeds.saturating_mul(window.people);
    Ok(Seeding {
        seeds,
        share: seeds as f64 / (seeds as f64 + window.items as f64),
        pool: shown.div_ceil(window.reuse.min(window.people)).max(seeds),
        reliability: reliability(seeds as f64, of_one),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers() {
        let one = reliability_of_one(100.0, RELIABILITY_OF_100);
        assert!((one - 0.0228).abs() < 1e-4);
        assert_eq!(seeds_for(0.7, one).unwrap(), 100);
        // annotation, D.6: about 171 for 0.8.
        assert!((171..=172).contains(&seeds_for(0.8, one).unwrap()));
        assert!(seeds_for(1.0, one).is_err() && seeds_to_show(0.8, 0.9).is_err());
    }

    #[test]
    fn a_plan_reaches_what_it_promises() {
        let window = Window {
            items: 900,
            people: 10,
            reuse: 4,
        };
        let one = reliability_of_one(100.0, RELIABILITY_OF_100);
        let plan = seeding(window, 0.7, one).unwrap();
        assert_eq!((plan.seeds, plan.share, plan.pool), (100, 0.1, 250));
        assert!(plan.reliability >= 0.7 - 1e-9);
        let n = seeds_to_show(0.95, 0.9).unwrap();
        assert!((140..=145).contains(&n), "{n}");
    }
}
