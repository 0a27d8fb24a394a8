//! Intervals by drawing images or sequences again, for scores that are made from counts per unit.
//!
//! Read [`draws`] and [`percentiles`] first. Not here: intervals of one statistic of drawn units ([`crate::stats::bootstrap`]).

use crate::stats::{Interval, Resampling, SplitMix, corrected_percentiles};

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

/// Bias-corrected percentile intervals of several statistics from their `estimates` and their values per draw, none
/// where one is undefined for a draw (or none at all, where all are); see [`corrected_percentiles`].
///
/// As [`crate::stats::bootstrap`]: no interval for fewer than two units, for a statistic that has no estimate, or where
/// more than one draw in twenty is undefined. Cost: a selection per statistic.
pub fn percentiles(
    units: usize,
    how: Resampling,
    estimates: &[Option<f64>],
    values: impl IntoIterator<Item = Vec<Option<f64>>>,
) -> Vec<Option<Interval>> {
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); estimates.len()];
    for values in values {
        for (list, value) in found.iter_mut().zip(values) {
            list.extend(value.filter(|x| x.is_finite()));
        }
    }
    let interval = |(list, estimate): (&mut Vec<f64>, &Option<f64>)| {
        let undefined = how.resamples.saturating_sub(list.len());
        if units < 2 || list.is_empty() || undefined * 20 > how.resamples {
            return None;
        }
        corrected_percentiles((*estimate)?, units, list)
    };
    found.iter_mut().zip(estimates).map(interval).collect()
}

/// Bootstrap of several statistics at once: `statistics` sees how often each of `units` counts and gives the same
/// number of values each time; see [`percentiles`]. Cost: `resamples` calls and one more.
pub(crate) fn bootstrap_weights(
    units: usize,
    how: Resampling,
    mut statistics: impl FnMut(&[u32]) -> Vec<Option<f64>>,
) -> Vec<Option<Interval>> {
    let estimates = statistics(&vec![1; units]);
    percentiles(
        units,
        how,
        &estimates,
        draws(units, how).map(|weights| statistics(&weights)),
    )
}
