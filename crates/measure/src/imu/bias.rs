//! Means at rest with honest intervals.

use crate::stats::{Interval, student};

/// The mean of a series of window means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanAtRest {
    /// Mean.
    pub mean: f64,
    /// Interval of the mean, wider than white noise gives where the window means wander (flicker).
    pub interval: Interval,
    /// Number of window means.
    pub n: usize,
}

/// Mean of window means and its interval by batch means: the standard error is computed from batches of 1, 2, 4, …
/// windows while three batches remain, and the largest is taken, so that slow wander widens the interval.
///
/// None below 4 values or where one is not finite. Cost: two passes of the values.
/// Source: method of batch means (Schmeiser 1982) with Student's t.
pub fn mean_at_rest(window_means: &[f64]) -> Option<MeanAtRest> {
    let n = window_means.len();
    if n < 4 || window_means.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mean = window_means.iter().sum::<f64>() / n as f64;
    let mut half: f64 = 0.0;
    let mut size = 1;
    while size == 1 || n / size >= 3 {
        let batches: Vec<f64> = window_means
            .chunks_exact(size)
            .map(|batch| batch.iter().sum::<f64>() / size as f64)
            .collect();
        let count = batches.len() as f64;
        let center = batches.iter().sum::<f64>() / count;
        let squares: f64 = batches.iter().map(|x| (x - center).powi(2)).sum();
        let error = (squares / (count * (count - 1.0))).sqrt();
        half = half.max(student(batches.len() - 1) * error);
        size *= 2;
    }
    Some(MeanAtRest {
        mean,
        interval: Interval {
            low: mean - half,
            high: mean + half,
        },
        n,
    })
}

/// Largest change of the mean between two rests, as far as their intervals keep apart: 0 where all overlap.
///
/// Returns the change from the earlier to the later of the two, and their positions. Cost: quadratic in rests;
/// give at most a few hundred.
pub fn bias_drift(rests: &[MeanAtRest]) -> Option<(f64, usize, usize)> {
    if rests.len() < 2 {
        return None;
    }
    let mut worst = (0.0, 0, rests.len() - 1);
    for (i, a) in rests.iter().enumerate() {
        for (j, b) in rests.iter().enumerate().skip(i + 1) {
            let apart = (b.interval.low - a.interval.high)
                .max(a.interval.low - b.interval.high)
                .max(0.0);
            if apart > f64::abs(worst.0) {
                worst = (apart.copysign(b.mean - a.mean), i, j);
            }
        }
    }
    Some(worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn the_interval_covers_under_white_noise_and_under_wander() {
        for wander in [0.0, 0.3] {
            let mut covered = 0;
            for seed in 0..400 {
                let mut noise = Noise::new(seed);
                let mut slow = 0.0;
                let values: Vec<f64> = (0..60)
                    .map(|_| {
                        slow = 0.9 * slow + wander * noise.normal();
                        0.01 + noise.normal() + slow
                    })
                    .collect();
                let found = mean_at_rest(&values).unwrap();
                covered += usize::from(found.interval.contains(0.01));
            }
            assert!(covered >= 350, "{covered} of 400 at {wander}");
        }
        assert!(mean_at_rest(&[1.0, 2.0, 3.0]).is_none());
    }
}
