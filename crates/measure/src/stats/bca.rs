//! Bias-corrected and accelerated intervals of a bootstrap.
//!
//! Read [`bca`] first. Not here: drawing ([`super::bootstrap`]).

use super::{Interval, StatsError, normal_cdf, normal_quantile, quantiles};

/// A `BCa` interval and what it was corrected by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bca {
    /// The interval.
    pub interval: Interval,
    /// Bias correction z0: the normal quantile of the share of replicates below the estimate.
    pub bias: f64,
    /// Acceleration a, from the jackknife.
    pub acceleration: f64,
}

/// Acceleration from the statistic with each unit left out: a sixth of the skewness of their deviations (Efron 1987,
/// eq. 6.6). 0 where they are all alike. Cost: `O(n)`.
pub fn jackknife_acceleration(left_out: &[f64]) -> f64 {
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for x in left_out {
        let d = mean - x;
        squares += d * d;
        cubes += d * d * d;
    }
    if squares > 0.0 {
        cubes / (6.0 * squares.powf(1.5))
    } else {
        0.0
    }
}

/// Probability whose quantile of the replicates stands where `p` would without bias and acceleration (Efron 1987).
pub(crate) fn bca_level(p: f64, bias: f64, acceleration: f64) -> Result<f64, StatsError> {
    let shifted = bias + normal_quantile(p)?;
    normal_cdf(bias + shifted / (1.0 - acceleration * shifted))
}

/// `BCa` interval at confidence `1 - alpha` from bootstrap `replicates` (reordered) of a statistic whose value is
/// `estimate`, and from its values `left_out` with each unit left out once.
///
/// Efron 1987; quantiles of type 7. Replicates all on one side of the estimate have no correction: the percentile ends
/// come back with an infinite `bias`. Errors: [`StatsError`] for no replicates, a value that is not finite, or `alpha`
/// outside (0, 1). Cost: `O(B + n)`.
pub fn bca(
    replicates: &mut [f64],
    estimate: f64,
    left_out: &[f64],
    alpha: f64,
) -> Result<Bca, StatsError> {
    if replicates.is_empty() {
        return Err(StatsError::Empty);
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StatsError::BadProbability { value: alpha });
    }
    let below = replicates.iter().filter(|x| **x < estimate).count();
    let share = below as f64 / replicates.len() as f64;
    let acceleration = jackknife_acceleration(left_out);
    let bias = if below == 0 {
        f64::NEG_INFINITY
    } else if below == replicates.len() {
        f64::INFINITY
    } else {
        normal_quantile(share)?
    };
    let moved = |p: f64| -> Result<f64, StatsError> {
        if bias.is_infinite() {
            return Ok(p);
        }
        bca_level(p, bias, acceleration)
    };
    let levels = [moved(0.5 * alpha)?, moved(1.0 - 0.5 * alpha)?];
    let ends = quantiles(replicates, &levels)?;
    Ok(Bca {
        interval: Interval {
            low: ends[0].min(ends[1]),
            high: ends[0].max(ends[1]),
        },
        bias,
        acceleration,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_replicates_give_the_percentile_interval() {
        let mut drawn: Vec<f64> = (0..1000).map(|i| f64::from(i) - 499.5).collect();
        let plain = quantiles(&mut drawn.clone(), &[0.05, 0.95]).unwrap();
        let found = bca(&mut drawn, 0.0, &[-1.0, 0.0, 1.0], 0.1).unwrap();
        assert!((found.interval.low - plain[0]).abs() < 1e-9);
        assert!((found.interval.high - plain[1]).abs() < 1e-9);
        assert_eq!(found.acceleration, 0.0);
    }

    #[test]
    fn one_sided_replicates_and_bad_input() {
        let found = bca(&mut [1.0, 2.0, 3.0], 0.0, &[1.0], 0.1).unwrap();
        assert!(found.bias == f64::NEG_INFINITY && found.interval.low >= 1.0);
        assert!(bca(&mut [], 0.0, &[], 0.1).is_err());
        assert!(bca(&mut [1.0], 0.0, &[], 0.0).is_err());
    }
}
