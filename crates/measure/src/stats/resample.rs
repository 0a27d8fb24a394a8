//! Intervals by resampling.

use super::{Interval, Z95, normal_cdf, normal_quantile, quantiles, student};
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

/// Standard deviations between the middle and the ends of a percentile interval at 95 % from draws of `units` units
/// (Hesterberg 2015, 4.6: expanded percentiles).
///
/// Draws of a sample scatter less than samples do, by `sqrt((n - 1) / n)` as its variance does, and that scatter is
/// itself estimated, as for Student's interval of a mean. Infinite below two units. Cost: constant.
fn reach(units: usize) -> f64 {
    let degrees = units.saturating_sub(1);
    student(degrees) * (units as f64 / degrees.max(1) as f64).sqrt()
}

/// Bias-corrected percentile interval at 95 % (Efron 1981; Efron and Tibshirani 1993, 14.3 with an acceleration of 0)
/// from the values of a statistic on draws of `units` units and its `estimate` on all of them.
///
/// Where draws lie on one side of the estimate more often than on the other, as those of an average precision do, the
/// same shift is expected between the truth and the estimate, so the ends are moved the other way by twice as much. The
/// correction ends where the interval would no longer hold the estimate. Of draws that equal the estimate half count as
/// below. The ends lie further out where units are few, for draws scatter less than samples do: at 2.147 standard
/// deviations for 20 units, at 1.99 for 100 (Hesterberg 2015, 4.6: expanded percentiles). None without draws or for a
/// number that is not finite. `draws` are reordered. Cost: a selection.
pub fn corrected_percentiles(estimate: f64, units: usize, draws: &mut [f64]) -> Option<Interval> {
    if draws.is_empty() || !estimate.is_finite() {
        return None;
    }
    let twice_below: usize = draws
        .iter()
        .map(|x| usize::from(*x < estimate) + usize::from(*x <= estimate))
        .sum();
    let share = twice_below as f64 / (2 * draws.len()) as f64;
    // No draw on one side has no finite shift.
    let shift = if share > 0.0 && share < 1.0 {
        normal_quantile(share).ok()?.clamp(-Z95, Z95)
    } else {
        Z95.copysign(share - 0.5)
    };
    let level = |z: f64| normal_cdf(2.0 * shift + z);
    let reach = reach(units);
    let ends = quantiles(draws, &[level(-reach).ok()?, level(reach).ok()?]).ok()?;
    Some(Interval {
        low: ends[0].min(estimate),
        high: ends[1].max(estimate),
    })
}

/// Bootstrap over `units` units with [`corrected_percentiles`]: `statistic` sees the drawn units by index, with
/// repetition, and gives none where it is undefined for that draw.
///
/// None for fewer than two units, where it is undefined for all of them once each, or where more than one draw in
/// twenty is undefined. Cost: `resamples` calls and one more.
pub fn bootstrap(
    units: usize,
    how: Resampling,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    if units < 2 {
        return None;
    }
    let mut random = SplitMix::new(how.seed);
    let mut drawn: Vec<usize> = (0..units).collect();
    let estimate = statistic(&drawn)?;
    let mut found = Vec::with_capacity(how.resamples);
    for _ in 0..how.resamples {
        drawn.fill_with(|| random.below(units));
        found.extend(statistic(&drawn).filter(|x| x.is_finite()));
    }
    if found.is_empty() || (how.resamples - found.len()) * 20 > how.resamples {
        return None;
    }
    corrected_percentiles(estimate, units, &mut found)
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
        // Intervals by resampling 40 units cover slightly less than 95 %: 200 trials stay above 170 for 91 %.
        assert!(covered > 170, "{covered} of 200");
    }

    #[test]
    fn ends_move_against_the_bias_of_the_draws_and_hold_the_estimate() {
        let draws: Vec<f64> = (0..1001).map(f64::from).collect();
        let ends =
            |estimate: f64| corrected_percentiles(estimate, 1_000_000, &mut draws.clone()).unwrap();
        // Without a bias these are the plain percentiles.
        let plain = ends(500.0);
        assert!((plain.low - 25.0).abs() < 0.5 && (plain.high - 975.0).abs() < 0.5);
        // 15.9 % below are one standard deviation: ends at -3.96 and -0.04.
        let moved = ends(158.655);
        assert!(
            moved.low < 0.5 && (moved.high - 484.0).abs() < 2.0,
            "{moved:?}"
        );
        assert_eq!(ends(-3.0).low, -3.0);
        assert!((ends(-3.0).high - 25.0).abs() < 0.5 && ends(2000.0).high == 2000.0);
        assert_eq!(corrected_percentiles(1.0, 9, &mut []), None);
        assert_eq!(corrected_percentiles(f64::NAN, 9, &mut [1.0]), None);
    }

    #[test]
    fn few_units_have_ends_further_out() {
        let draws: Vec<f64> = (0..1001).map(f64::from).collect();
        let ends = |units| corrected_percentiles(500.0, units, &mut draws.clone()).unwrap();
        // The normal law is below -2.1474 in 1.588 of 100.
        assert!((ends(20).low - 15.88).abs() < 0.05, "{:?}", ends(20));
        assert!(ends(2).low < 0.01 && (ends(2).high - 1000.0).abs() < 0.01);
        assert!((ends(10_000).low - 25.0).abs() < 0.05);
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
