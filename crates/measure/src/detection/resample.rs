//! Intervals by drawing images or sequences again, for scores that are made from counts per unit.
//!
//! Read [`draws`] and [`percentiles`] first. Not here: intervals of one statistic of drawn units ([`crate::stats::bootstrap`]).

use crate::stats::{Interval, Resampling, SplitMix, quantiles};

/// How often each of `units` units is drawn, resample by resample: the draws of [`crate::stats::bootstrap`] as counts.
///
/// Without units the counts are empty. Cost: linear in the units per draw.
pub fn draws(units: usize, how: Resampling) -> impl Iterator<Item = Vec<u32>> {
    let mut random = SplitMix::new(how.seed);
    (0..how.resamples).map(move |_| {
        let mut weights = vec![0_u32; units];
        for _ in 0..units {
            weights[random.below(units)] += 1;
        }
        weights
    })
}

/// Percentile intervals of several statistics from their values per draw, none where one is undefined for a draw (or
/// none at all, where all are).
///
/// As [`crate::stats::bootstrap`]: no interval for fewer than two units, or where more than one draw in twenty is
/// undefined. Cost: a sort per statistic.
pub fn percentiles(
    units: usize,
    how: Resampling,
    values: impl IntoIterator<Item = Vec<Option<f64>>>,
) -> Vec<Option<Interval>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for values in values {
        if found.len() < values.len() {
            found.resize(values.len(), Vec::new());
        }
        for (list, value) in found.iter_mut().zip(values) {
            list.extend(value.filter(|x| x.is_finite()));
        }
    }
    let interval = |list: &mut Vec<f64>| {
        let undefined = how.resamples.saturating_sub(list.len());
        if units < 2 || list.is_empty() || undefined * 20 > how.resamples {
            return None;
        }
        let ends = quantiles(list, &[0.025, 0.975]).ok()?;
        Some(Interval {
            low: ends[0],
            high: ends[1],
        })
    };
    found.iter_mut().map(interval).collect()
}

/// Percentile bootstrap of several statistics at once: `statistics` sees how often each of `units` was drawn and gives
/// the same number of values each time; see [`percentiles`]. Cost: `resamples` calls.
pub(crate) fn bootstrap_weights(
    units: usize,
    how: Resampling,
    mut statistics: impl FnMut(&[u32]) -> Vec<Option<f64>>,
) -> Vec<Option<Interval>> {
    percentiles(
        units,
        how,
        draws(units, how).map(|weights| statistics(&weights)),
    )
}
