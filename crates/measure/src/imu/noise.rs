//! Single axes: how a series is written, smooth or in steps of a converter.

/// Values looked at.
const LOOKED_AT: usize = 4096;
/// A series whose values are nearly all different is not quantized.
const DISTINCT_SHARE: f64 = 0.9;

/// The steps and the scatter of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grain {
    /// Step of the converter; 0 where values are nearly all different.
    pub step: f64,
    /// Median.
    pub median: f64,
    /// `1.4826` times the median absolute deviation.
    pub sigma: f64,
}

/// Step, median and scatter of a series, from at most 4096 values evenly spread over it.
///
/// The step is the 5 % quantile of the distances between neighboring distinct values, so a few odd values
/// do not matter. None for an empty series; values that are not finite are left out. Cost: one sort of 4096.
pub fn grain(values: &[f64]) -> Option<Grain> {
    let stride = values.len().div_ceil(LOOKED_AT).max(1);
    let mut some: Vec<f64> = values
        .iter()
        .step_by(stride)
        .copied()
        .filter(|x| x.is_finite())
        .collect();
    some.sort_unstable_by(f64::total_cmp);
    let median = *some.get(some.len() / 2)?;
    let mut gaps: Vec<f64> = some
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap > 0.0)
        .collect();
    let is_smooth = (gaps.len() + 1) as f64 > DISTINCT_SHARE * some.len() as f64;
    gaps.sort_unstable_by(f64::total_cmp);
    let step = match gaps.get(gaps.len() / 20) {
        Some(step) if !is_smooth => *step,
        _ => 0.0,
    };
    let mut away: Vec<f64> = some.iter().map(|x| (x - median).abs()).collect();
    away.sort_unstable_by(f64::total_cmp);
    let sigma = crate::stats::MAD_TO_SIGMA * away.get(away.len() / 2)?;
    Some(Grain {
        step,
        median,
        sigma,
    })
}
