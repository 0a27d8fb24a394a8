//! Distances between two samples of single numbers: Kolmogorov–Smirnov, Wasserstein and energy.

use super::units::{Sample, Units};
use super::{DriftError, finite};
use crate::stats::{Resampling, SplitMix, kolmogorov_tail, moments, smirnov_two_sample_tail};
use serde::Serialize;

/// Lattice steps up to which the two-sample distribution is exact.
const MOST_STEPS: usize = 100_000_000;

/// Three distances between two distribution functions F (reference) and G (current).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// Kolmogorov–Smirnov: the largest `|F - G|`.
    pub ks: f64,
    /// Where it is first reached.
    pub ks_location: f64,
    /// 1 where F is above G there, -1 where it is below.
    pub ks_sign: i8,
    /// Wasserstein distance of order 1, `integral |F - G|`, in the unit of the values.
    pub wasserstein: f64,
    /// Energy distance, `sqrt(2 integral (F - G)^2)`, as scipy has it.
    pub energy: f64,
}

/// Both samples in one order; distances for any dealing of units to the sides are then one pass.
struct Pooled {
    values: Vec<f64>,
    units: Vec<u32>,
}

impl Pooled {
    fn new(reference: &[f64], current: &[f64], units: &Units) -> Self {
        let mut both: Vec<(f64, u32)> = reference
            .iter()
            .chain(current)
            .copied()
            .zip(units.of_values().iter().copied())
            .collect();
        both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (values, units) = both.into_iter().unzip();
        Self { values, units }
    }

    fn distances(&self, is_reference: impl Fn(u32) -> bool) -> Distances {
        let inside = self.units.iter().filter(|u| is_reference(**u)).count();
        let (n, m) = (inside as f64, (self.units.len() - inside) as f64);
        let mut found = Distances {
            ks: 0.0,
            ks_location: self.values.first().copied().unwrap_or(0.0),
            ks_sign: 1,
            wasserstein: 0.0,
            energy: 0.0,
        };
        // F - G times n m is a whole number, so ties of the largest difference are seen exactly.
        let (mut gap, mut largest) = (0.0_f64, 0.0_f64);
        let mut ends = self.values.iter().skip(1);
        for (x, unit) in self.values.iter().zip(&self.units) {
            gap += if is_reference(*unit) { m } else { -n };
            let Some(next) = ends.next() else {
                break;
            };
            let width = next - x;
            if width > 0.0 {
                if gap.abs() > largest {
                    largest = gap.abs();
                    found.ks_location = *x;
                    found.ks_sign = if gap > 0.0 { 1 } else { -1 };
                }
                found.wasserstein += gap.abs() * width;
                found.energy += gap * gap * width;
            }
        }
        found.ks = largest / (n * m);
        found.wasserstein /= n * m;
        found.energy = (2.0 * found.energy).sqrt() / (n * m);
        found
    }
}

/// Distances of two samples. Errors: [`DriftError::Empty`], [`DriftError::NotFinite`]. Cost: one sort.
pub fn distances(reference: &[f64], current: &[f64]) -> Result<Distances, DriftError> {
    finite("reference", reference)?;
    finite("current", current)?;
    let units = Units::new((reference.len(), None), (current.len(), None))?;
    Ok(observed(&Pooled::new(reference, current, &units), &units))
}

fn observed(pooled: &Pooled, units: &Units) -> Distances {
    let first = u32::try_from(units.counts().0).unwrap_or(u32::MAX);
    pooled.distances(|unit| unit < first)
}

/// Kolmogorov–Smirnov test of two independent samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KolmogorovSmirnov {
    /// Largest difference of the distribution functions.
    #[serde(rename = "D")]
    pub d: f64,
    /// Where it is first reached.
    pub location: f64,
    /// 1 where the first sample's function is above there.
    pub sign: i8,
    /// Exact probability of such a difference or a larger one; none for samples whose product is above 1e8. With ties
    /// it is too large, that is, careful.
    pub p_exact: Option<f64>,
    /// By the one-sample distribution at `n m / (n + m)` values, as scipy's `asymp`.
    pub p_asymp: f64,
}

/// Kolmogorov–Smirnov test of independent values; for values in clusters use [`two_sample`].
///
/// Errors: [`DriftError::Empty`], [`DriftError::NotFinite`]. Cost: two sorts and at most 1e8 steps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "half the harmonic mean of two lengths"
)]
pub fn kolmogorov_smirnov(x: &[f64], y: &[f64]) -> Result<KolmogorovSmirnov, DriftError> {
    let found = distances(x, y)?;
    let (n, m) = (x.len(), y.len());
    let size = n as f64 * m as f64 / (n + m) as f64;
    Ok(KolmogorovSmirnov {
        d: found.ks,
        location: found.ks_location,
        sign: found.ks_sign,
        p_exact: (n.saturating_mul(m) <= MOST_STEPS)
            .then(|| smirnov_two_sample_tail(n, m, found.ks)),
        p_asymp: kolmogorov_tail((size.round_ties_even() as usize).max(1), found.ks),
    })
}

/// Three distances with permutation tests of each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TwoSample {
    /// The distances as observed.
    #[serde(flatten)]
    pub distances: Distances,
    /// Wasserstein distance over the larger of the reference's standard deviation and 0.001, as Evidently has it.
    pub wasserstein_normed: f64,
    /// Permutation p-values of the three.
    pub ks_p: f64,
    /// Of the Wasserstein distance.
    pub wasserstein_p: f64,
    /// Of the energy distance.
    pub energy_p: f64,
    /// Units that were dealt: values, or clusters.
    pub reference_units: usize,
    /// The same of the current sample.
    pub current_units: usize,
}

/// Do two samples come from the same distribution? Whole clusters are permuted, so that the test keeps its level when
/// frames of one drive are alike; exact whatever the distribution as long as clusters are exchangeable.
///
/// Errors: [`DriftError`]. Cost: one sort, then one pass per permutation for all three statistics.
pub fn two_sample(
    reference: Sample<'_>,
    current: Sample<'_>,
    how: Resampling,
) -> Result<TwoSample, DriftError> {
    finite("reference", reference.values)?;
    finite("current", current.values)?;
    let units = Units::new(
        (reference.values.len(), reference.clusters),
        (current.values.len(), current.clusters),
    )?;
    units.enough()?;
    let pooled = Pooled::new(reference.values, current.values, &units);
    let seen = observed(&pooled, &units);
    let limits = [seen.ks, seen.wasserstein, seen.energy].map(|x| x * (1.0 - 1e-12));
    let mut at_least = [0_usize; 3];
    let mut random = SplitMix::new(how.seed);
    let mut sides = units.observed();
    for _ in 0..how.resamples {
        random.shuffle(&mut sides);
        let found = pooled.distances(|unit| usize::try_from(unit).is_ok_and(|u| sides[u]));
        let values = [found.ks, found.wasserstein, found.energy];
        for ((count, value), limit) in at_least.iter_mut().zip(values).zip(limits) {
            *count += usize::from(value >= limit);
        }
    }
    let p = at_least.map(|count| (1 + count) as f64 / (1 + how.resamples) as f64);
    let spread = moments(reference.values)?.std_population;
    let (reference_units, current_units) = units.counts();
    Ok(TwoSample {
        distances: seen,
        wasserstein_normed: seen.wasserstein / spread.max(0.001),
        ks_p: p[0],
        wasserstein_p: p[1],
        energy_p: p[2],
        reference_units,
        current_units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::blocks;

    fn normal(random: &mut SplitMix) -> f64 {
        (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
    }

    #[test]
    fn clustered_frames_keep_the_level_and_shifts_are_found() {
        let mut random = SplitMix::new(21);
        let how = Resampling {
            resamples: 59,
            seed: 9,
        };
        let clusters = blocks(160, 20);
        let (mut false_alarms, mut naive, mut found, runs) = (0, 0, 0, 80);
        for _ in 0..runs {
            let mut side = |shift: f64| -> Vec<f64> {
                let mut values = Vec::new();
                for _ in 0..8 {
                    let level = normal(&mut random) + shift;
                    values.extend((0..20).map(|_| level + 0.3 * normal(&mut random)));
                }
                values
            };
            let (a, b, c) = (side(0.0), side(0.0), side(3.0));
            let clustered = |values| Sample {
                values,
                clusters: Some(&clusters),
            };
            let test = |x, y| two_sample(clustered(x), clustered(y), how).unwrap();
            false_alarms += usize::from(test(&a, &b).wasserstein_p <= 0.05);
            found += usize::from(test(&a, &c).wasserstein_p <= 0.05);
            naive += usize::from(kolmogorov_smirnov(&a, &b).unwrap().p_asymp <= 0.05);
        }
        assert!(false_alarms <= 10, "{false_alarms}");
        assert!(naive >= 60, "{naive}");
        assert!(found >= 75, "{found}");
    }

    #[test]
    fn the_exact_level_of_independent_values() {
        let mut random = SplitMix::new(4);
        let rejected = (0..1000)
            .filter(|_| {
                let x: Vec<f64> = (0..30).map(|_| random.unit()).collect();
                let y: Vec<f64> = (0..23).map(|_| random.unit()).collect();
                kolmogorov_smirnov(&x, &y).unwrap().p_exact.unwrap() <= 0.05
            })
            .count();
        assert!((20..=65).contains(&rejected), "{rejected}");
    }

    #[test]
    fn ties_and_ends() {
        let same = distances(&[1.0, 2.0, 2.0], &[2.0, 1.0, 2.0]).unwrap();
        assert_eq!((same.ks, same.wasserstein, same.energy), (0.0, 0.0, 0.0));
        let apart = distances(&[0.0, 1.0], &[3.0, 4.0]).unwrap();
        assert_eq!((apart.ks, apart.wasserstein), (1.0, 3.0));
        assert!(distances(&[], &[1.0]).is_err());
        assert!(distances(&[1.0], &[f64::NAN]).is_err());
        let one = Sample::independent(&[1.0]);
        assert!(two_sample(one, one, Resampling::default()).is_err());
    }
}
