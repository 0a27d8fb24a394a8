//! Intervals for series whose neighbors resemble each other.

use super::{Interval, Resampling, SplitMix, moments, quantiles, whole_usize};

/// Blocks below which no interval is given: percentiles of fewer exchangeable parts say nothing.
const FEWEST_BLOCKS: usize = 8;

/// Correlations in a row that must be small for the series to be taken as forgotten: `max(5, sqrt(log10 n))` of Politis
/// and White, which is 5 for any series that fits into memory.
const RUN: usize = 5;

/// Length of the blocks that a moving-block bootstrap of a mean needs, in values.
///
/// Politis and White 2004 with the correction of Patton, Politis and White 2009 (circular blocks, flat-top window):
/// long where neighbors are alike, 1 for independent values. At most `3 sqrt(n)` and `n / 3`. 1 for constant series and
/// for fewer than ten values; NaN gives 1. Cost: `O(n m)` for `m` significant lags, at most `O(n^1.5)`.
pub fn block_length(values: &[f64]) -> usize {
    let n = values.len();
    let Ok(found) = moments(values) else {
        return 1;
    };
    if n < 10 || found.std_population == 0.0 {
        return 1;
    }
    let size = n as f64;
    let most_lag = (n.isqrt() + 1 + RUN).min(n - 1);
    let covariance = |lag: usize| {
        let ahead = values.iter().skip(lag);
        let products = values
            .iter()
            .zip(ahead)
            .map(|(a, b)| (a - found.mean) * (b - found.mean));
        products.sum::<f64>() / size
    };
    let covariances: Vec<f64> = (0..=most_lag).map(covariance).collect();
    let limit = 2.0 * (size.log10() / size).sqrt() * covariances[0];
    // The first lag after which a whole run of correlations is no larger than chance.
    let quiet = (1..=most_lag)
        .find(|&lag| {
            covariances
                .iter()
                .skip(lag)
                .take(RUN)
                .all(|c| c.abs() < limit)
        })
        .map_or(most_lag, |lag| lag - 1);
    let window = (2 * quiet.max(1)).min(most_lag);
    let (mut spectrum, mut slope) = (covariances[0], 0.0);
    for (lag, c) in covariances.iter().enumerate().take(window + 1).skip(1) {
        let share = lag as f64 / window as f64;
        let weight = if share <= 0.5 {
            1.0
        } else {
            2.0 * (1.0 - share)
        };
        spectrum += 2.0 * weight * c;
        slope += 2.0 * weight * lag as f64 * c;
    }
    let ratio = 1.5 * (slope / spectrum).powi(2);
    let length = (ratio * size).cbrt().ceil();
    let most = (3.0 * size.sqrt()).ceil().min(size / 3.0);
    // A spectrum of zero asks for the longest blocks there are.
    let length = if length.is_finite() {
        length.min(most)
    } else {
        most
    };
    whole_usize(length).max(1)
}

/// Percentile intervals at 95 % of several statistics by the moving-block bootstrap (Künsch 1989): blocks of `length`
/// neighboring values are drawn with repetition and joined to a series as long as the first.
///
/// `statistics` sees a drawn series, which it may reorder. None for fewer than eight blocks, a statistic that is not
/// finite, or no resamples. Cost: `resamples` calls and copies.
pub fn block_bootstrap<const K: usize>(
    values: &[f64],
    length: usize,
    how: Resampling,
    mut statistics: impl FnMut(&mut [f64]) -> [f64; K],
) -> Option<[Interval; K]> {
    let n = values.len();
    if length == 0 || how.resamples == 0 || n / length < FEWEST_BLOCKS {
        return None;
    }
    let mut random = SplitMix::new(how.seed);
    let mut drawn = Vec::with_capacity(n + length);
    let mut found: [Vec<f64>; K] = std::array::from_fn(|_| Vec::with_capacity(how.resamples));
    for _ in 0..how.resamples {
        drawn.clear();
        while drawn.len() < n {
            let start = random.below(n - length + 1);
            drawn.extend_from_slice(&values[start..start + length]);
        }
        drawn.truncate(n);
        for (list, value) in found.iter_mut().zip(statistics(&mut drawn)) {
            list.push(value);
        }
    }
    let mut intervals = [Interval {
        low: 0.0,
        high: 0.0,
    }; K];
    for (interval, list) in intervals.iter_mut().zip(&mut found) {
        let ends = quantiles(list, &[0.025, 0.975]).ok()?;
        *interval = Interval {
            low: ends[0],
            high: ends[1],
        };
    }
    Some(intervals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    /// `x_i = share x_(i-1) + noise`, mean 0.
    fn wandering(noise: &mut Noise, share: f64, n: usize) -> Vec<f64> {
        let mut x = noise.normal() / (1.0 - share * share).sqrt();
        (0..n)
            .map(|_| {
                x = share * x + noise.normal();
                x
            })
            .collect()
    }

    fn covered(share: f64, is_blocked: bool) -> usize {
        let mut noise = Noise::new(5);
        (0..200)
            .filter(|seed| {
                let x = wandering(&mut noise, share, 400);
                let length = if is_blocked { block_length(&x) } else { 1 };
                let how = Resampling {
                    resamples: 200,
                    seed: *seed,
                };
                let mean = |drawn: &mut [f64]| [drawn.iter().sum::<f64>() / drawn.len() as f64];
                block_bootstrap(&x, length, how, mean).is_some_and(|[i]| i.contains(0.0))
            })
            .count()
    }

    #[test]
    fn blocks_cover_where_single_draws_do_not() {
        // Moving blocks are known to cover somewhat less than they say.
        assert!(covered(0.0, true) >= 182);
        assert!(covered(0.8, true) >= 170);
        assert!(covered(0.8, false) <= 120);
    }

    #[test]
    fn blocks_grow_with_the_memory_of_the_series() {
        let mut noise = Noise::new(9);
        let short = block_length(&wandering(&mut noise, 0.0, 2000));
        let long = block_length(&wandering(&mut noise, 0.9, 2000));
        assert!(short <= 4 && long >= 15, "{short} {long}");
        assert_eq!(block_length(&[1.0; 50]), 1);
        assert_eq!(block_length(&[]), 1);
        let few = block_bootstrap(&[1.0, 2.0, 3.0], 1, Resampling::default(), |_| [0.0]);
        assert_eq!(few, None);
    }
}
