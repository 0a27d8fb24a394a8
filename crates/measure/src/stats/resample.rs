//! Intervals by resampling.

use super::{Interval, quantiles};
use serde::{Deserialize, Serialize};

/// A statistic at the edge: what was estimated, its interval at 95 % where one is known, and from how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval; none where no interval was asked for or is sound.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Units it rests on: images, sequences, pairs; what counts is said where it is made.
    pub n: usize,
}

impl Estimate {
    /// An estimate without an interval.
    pub fn bare(estimate: f64, n: usize) -> Self {
        Self {
            estimate,
            low: None,
            high: None,
            n,
        }
    }

    /// An estimate with its interval, where there is one.
    pub fn with(estimate: f64, interval: Option<Interval>, n: usize) -> Self {
        Self {
            estimate,
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            n,
        }
    }
}

/// How often and from which seed units are drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resampling {
    /// Resamples; 1,000 give ends that are stable to about 3 % of the width.
    pub resamples: usize,
    /// Seed; the same seed gives the same interval on any machine.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self {
            resamples: 1000,
            seed: 1,
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014): equidistributed, tiny, the same everywhere.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// Starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, without bias worth naming (bias below `n / 2^64`); 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.next_u64()) * (n as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts values in a random order (Fisher and Yates). Cost: one number per value.
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

/// Percentile bootstrap over `units` units (Efron and Tibshirani 1993, 13.3): `statistic` sees the drawn units by
/// index, with repetition, and gives none where it is undefined for that draw.
///
/// None for fewer than two units, or where more than one draw in twenty is undefined. Cost: `resamples` calls.
pub fn bootstrap(
    units: usize,
    how: Resampling,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    if units < 2 {
        return None;
    }
    let mut random = SplitMix::new(how.seed);
    let mut drawn = vec![0; units];
    let mut found = Vec::with_capacity(how.resamples);
    for _ in 0..how.resamples {
        drawn.fill_with(|| random.below(units));
        found.extend(statistic(&drawn).filter(|x| x.is_finite()));
    }
    if found.is_empty() || (how.resamples - found.len()) * 20 > how.resamples {
        return None;
    }
    let ends = quantiles(&mut found, &[0.025, 0.975]).ok()?;
    Some(Interval {
        low: ends[0],
        high: ends[1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_covers_it() {
        let mut random = SplitMix::new(7);
        let mut covered = 0;
        for seed in 0..200 {
            let x: Vec<f64> = (0..40).map(|_| random.unit()).collect();
            let mean = |drawn: &[usize]| {
                Some(drawn.iter().map(|&i| x[i]).sum::<f64>() / drawn.len() as f64)
            };
            let how = Resampling {
                resamples: 400,
                seed,
            };
            let interval = bootstrap(x.len(), how, mean).expect("defined");
            covered += usize::from(interval.contains(0.5));
        }
        // Percentile intervals of 40 units cover slightly less than 95 %: 200 trials stay above 170 for 91 %.
        assert!(covered > 170, "{covered} of 200");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_one_unit_none() {
        let of = |seed| {
            bootstrap(
                5,
                Resampling {
                    resamples: 50,
                    seed,
                },
                |drawn| Some(drawn.iter().sum::<usize>() as f64),
            )
        };
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
        assert_eq!(bootstrap(1, Resampling::default(), |_| Some(1.0)), None);
        assert_eq!(bootstrap(3, Resampling::default(), |_| None), None);
    }
}
