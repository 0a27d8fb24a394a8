//! Intervals by drawing images or sequences again, for scores that are made from counts per unit.
//!
//! Read [`bootstrap_weights`] first. Not here: intervals of one statistic of drawn units ([`crate::stats::bootstrap`]).

use crate::stats::{Interval, Resampling, SplitMix, quantiles};

/// Percentile bootstrap of several statistics at once: `statistics` sees how often each of `units` was drawn and gives
/// the same number of values each time, none where one is undefined for the draw (or none at all, where all are).
///
/// As [`crate::stats::bootstrap`]: no interval for fewer than two units, or where more than one draw in twenty is
/// undefined. Cost: `resamples` calls.
pub(crate) fn bootstrap_weights(
    units: usize,
    how: Resampling,
    mut statistics: impl FnMut(&[u32]) -> Vec<Option<f64>>,
) -> Vec<Option<Interval>> {
    let mut random = SplitMix::new(how.seed);
    let mut weights = vec![0_u32; units];
    let mut found: Vec<Vec<f64>> = Vec::new();
    for _ in 0..how.resamples {
        weights.fill(0);
        for _ in 0..units {
            weights[random.below(units)] += 1;
        }
        let values = statistics(&weights);
        if found.len() < values.len() {
            found.resize(values.len(), Vec::new());
        }
        for (list, value) in found.iter_mut().zip(values) {
            list.extend(value.filter(|x| x.is_finite()));
        }
    }
    let interval = |list: &mut Vec<f64>| {
        if units < 2 || list.is_empty() || (how.resamples - list.len()) * 20 > how.resamples {
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
