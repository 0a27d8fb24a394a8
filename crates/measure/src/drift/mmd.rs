//! Maximum mean discrepancy: do two sets of rows come from the same distribution, in any respect?

use super::DriftError;
use super::units::Units;
use crate::rows::{PairDistances, Rows};
use crate::stats::{Resampling, SplitMix};
use serde::Serialize;

/// Rows whose pairs are summed together for all permutations, so that they stay in the cache.
const TILE: usize = 8;

/// The statistic and its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MmdStatistic {
    /// Width of the kernel: the median distance of all pairs, where none was given.
    pub sigma_median: f64,
    /// `1 / (2 sigma^2)` of `exp(-gamma d^2)`.
    pub gamma: f64,
    /// With pairs of a row with itself: never negative, too large.
    pub mmd2_biased: f64,
    /// Without them: 0 on average without drift.
    pub mmd2_unbiased: f64,
}

/// The statistic with its permutation test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mmd {
    /// The statistic.
    #[serde(flatten)]
    pub statistic: MmdStatistic,
    /// Probability of such an unbiased statistic or a larger one without drift; none without permutations.
    pub p: Option<f64>,
    /// Units of the reference that were dealt.
    pub reference_units: usize,
    /// The same of the current sample.
    pub current_units: usize,
}

/// How the test is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct MmdOptions<'a> {
    /// Width of the kernel; none takes the median distance.
    pub sigma: Option<f64>,
    /// Permutations; none for the statistic alone.
    pub resampling: Option<Resampling>,
    /// Clusters of the reference rows.
    pub reference_clusters: Option<&'a [u32]>,
    /// Clusters of the current rows.
    pub current_clusters: Option<&'a [u32]>,
}

/// Kernels of all pairs, and which rows are of the reference.
struct Kernel {
    pairs: PairDistances,
    /// Sum of a row's kernels with all others.
    sums: Vec<f64>,
    total: f64,
    gamma: f64,
    sigma: f64,
}

impl Kernel {
    fn new(rows: &Rows, sigma: Option<f64>) -> Result<Self, DriftError> {
        let pairs = PairDistances::squared(rows)?;
        let sigma = sigma.or_else(|| pairs.median_root()).unwrap_or(0.0);
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(DriftError::BadOption {
                name: "sigma",
                value: sigma,
                hint: "the width of the kernel must be positive; more than half of the rows are equal where the median is 0: give one",
            });
        }
        let gamma = 0.5 / (sigma * sigma);
        let kernels = Self::of(pairs, |square| exp_negative(gamma * square));
        Ok(Self {
            gamma,
            sigma,
            ..kernels
        })
    }

    /// With kernels of squared distances by a function; those of a row with itself do not count.
    fn of(mut pairs: PairDistances, kernel: impl Fn(f64) -> f64) -> Self {
        pairs.map(kernel);
        let mut sums = vec![0.0; pairs.len()];
        for row in 0..pairs.len() {
            let mut sum = 0.0;
            for (other, k) in sums.iter_mut().zip(pairs.row(row)) {
                *other += k;
                sum += k;
            }
            sums[row] += sum;
        }
        Self {
            total: sums.iter().sum(),
            pairs,
            sums,
            gamma: 0.0,
            sigma: 0.0,
        }
    }

    /// `(biased, unbiased)` from the sum over ordered pairs inside the reference and the reference's sum over rows.
    fn statistic(&self, n: f64, inside: f64, rows: f64) -> (f64, f64) {
        let m = self.pairs.len() as f64 - n;
        let across = rows - inside;
        let other = self.total - 2.0 * rows + inside;
        let cross = 2.0 * across / (n * m);
        (
            (inside + n) / (n * n) + (other + m) / (m * m) - cross,
            inside / (n * (n - 1.0)) + other / (m * (m - 1.0)) - cross,
        )
    }

    /// Sum over ordered pairs inside each of several sets of rows, given as ascending row numbers. One tile of rows is
    /// summed for all sets before the next is touched.
    fn inside(&self, sets: &[Vec<u32>]) -> Vec<f64> {
        let mut sums = vec![0.0; sets.len()];
        let mut from = vec![0_usize; sets.len()];
        for tile in 0..self.pairs.len().div_ceil(TILE) {
            let end = u32::try_from((tile + 1) * TILE).unwrap_or(u32::MAX);
            for ((set, from), sum) in sets.iter().zip(&mut from).zip(&mut sums) {
                while let Some(row) = set.get(*from).filter(|row| **row < end) {
                    *sum += gathered(self.pairs.row(*row as usize), &set[..*from]);
                    *from += 1;
                }
            }
        }
        sums.iter().map(|s| 2.0 * s).collect()
    }
}

/// Sum of the entries of `row` at `at`, in four lanes.
fn gathered(row: &[f64], at: &[u32]) -> f64 {
    let mut sums = [0.0; 4];
    let lanes = at.chunks_exact(4);
    let rest: f64 = lanes.remainder().iter().map(|i| row[*i as usize]).sum();
    for four in lanes {
        for lane in 0..4 {
            sums[lane] += row[four[lane] as usize];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// `exp(-x)` for `x >= 0` by halving into a table-free polynomial; relative error below 1e-15. Written without calls so
/// that a loop over it runs in lanes.
fn exp_negative(x: f64) -> f64 {
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    // ln 2 in two parts, so that the remainder keeps its digits (fdlibm).
    const HIGH: f64 = 6.931_471_803_691_238e-1;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    // Rounds to a whole number whose bits stand at the low end.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    if x >= 700.0 || x.is_nan() {
        return (-x).exp();
    }
    let shifted = -x * LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (-x - k * HIGH) - k * LOW;
    let mut sum = 1.0 / 6_227_020_800.0;
    for factor in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = sum * r + factor;
    }
    // The low bits of the shifted number are the power of two.
    let exponent = (shifted.to_bits() << 52).wrapping_add(1023_u64 << 52);
    sum * f64::from_bits(exponent)
}

/// The squared maximum mean discrepancy of two sets of rows with the kernel `exp(-d^2 / 2 sigma^2)` (Gretton and others
/// 2012, equations 3 and 5).
///
/// Errors: as [`mmd`]. Cost: `(n + m)^2 / 2` kernels, which are kept: 8 bytes each.
pub fn mmd_statistic(
    reference: &Rows,
    current: &Rows,
    sigma: Option<f64>,
) -> Result<MmdStatistic, DriftError> {
    let options = MmdOptions {
        sigma,
        ..MmdOptions::default()
    };
    Ok(mmd(reference, current, options)?.statistic)
}

/// The statistic with its permutation test; rows of a cluster stay on one side, so that frames of one drive are not
/// taken for independent. The test is exact whatever the distribution as long as clusters are exchangeable.
///
/// Errors: [`DriftError::Rows`] for other columns or more than 20,000 rows together; [`DriftError::BadOption`] for a width
/// that is not positive; [`DriftError::Empty`] below two rows a side; [`DriftError::TooFewUnits`].
/// Cost: as [`mmd_statistic`], and `n^2 / 2` sums per permutation.
pub fn mmd(reference: &Rows, current: &Rows, options: MmdOptions<'_>) -> Result<Mmd, DriftError> {
    let units = units_of(reference, current, &options)?;
    let kernel = Kernel::new(&reference.joined(current)?, options.sigma)?;
    let found = dealt(&kernel, &units, options.resampling)?;
    let (biased, unbiased) = found[0];
    let (reference_units, current_units) = units.counts();
    Ok(Mmd {
        statistic: MmdStatistic {
            sigma_median: kernel.sigma,
            gamma: kernel.gamma,
            mmd2_biased: biased,
            mmd2_unbiased: unbiased,
        },
        p: options.resampling.map(|_| share_at_least(&found)),
        reference_units,
        current_units,
    })
}

/// Energy distance of two sets of rows with its permutation test; see [`energy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// `2 E|X - Y| - E|X - X'| - E|Y - Y'|` without pairs of a row with itself: 0 on average without drift.
    pub squared: f64,
    /// Probability of such a distance or a larger one without drift; none without permutations.
    pub p: Option<f64>,
}

/// Energy distance of two sets of rows (Székely and Rizzo 2013): zero only for equal distributions, without a width to
/// choose. Columns count by their scale: bring them to one before. Options as for [`mmd`], whose width is not used.
///
/// Errors: as [`mmd`]. Cost: as [`mmd`].
pub fn energy(
    reference: &Rows,
    current: &Rows,
    options: MmdOptions<'_>,
) -> Result<Energy, DriftError> {
    let units = units_of(reference, current, &options)?;
    let pairs = PairDistances::squared(&reference.joined(current)?)?;
    // A distance is a kernel turned around.
    let kernel = Kernel::of(pairs, |square| -square.sqrt());
    let found = dealt(&kernel, &units, options.resampling)?;
    Ok(Energy {
        squared: found[0].1,
        p: options.resampling.map(|_| share_at_least(&found)),
    })
}

fn units_of(
    reference: &Rows,
    current: &Rows,
    options: &MmdOptions<'_>,
) -> Result<Units, DriftError> {
    for (sample, rows) in [("reference", reference), ("current", current)] {
        if rows.len() < 2 {
            return Err(DriftError::Empty { sample });
        }
    }
    Units::new(
        (reference.len(), options.reference_clusters),
        (current.len(), options.current_clusters),
    )
}

/// Statistics as observed, and for every permutation.
fn dealt(
    kernel: &Kernel,
    units: &Units,
    resampling: Option<Resampling>,
) -> Result<Vec<(f64, f64)>, DriftError> {
    let set_of = |sides: &[bool]| -> Vec<u32> {
        units
            .of_values()
            .iter()
            .enumerate()
            .filter(|(_, unit)| sides[**unit as usize])
            .map(|(row, _)| u32::try_from(row).unwrap_or(u32::MAX))
            .collect()
    };
    let mut sides = units.observed();
    let mut sets = vec![set_of(&sides)];
    if let Some(how) = resampling {
        units.enough()?;
        let mut random = SplitMix::new(how.seed);
        for _ in 0..how.resamples {
            random.shuffle(&mut sides);
            sets.push(set_of(&sides));
        }
    }
    let sums = kernel.inside(&sets).into_iter().zip(&sets);
    Ok(sums
        .map(|(inside, set)| {
            let rows = gathered(&kernel.sums, set);
            kernel.statistic(set.len() as f64, inside, rows)
        })
        .collect())
}

/// Share of the statistics that are as large as the first, the first among them.
fn share_at_least(found: &[(f64, f64)]) -> f64 {
    let first = found[0].1;
    let limit = first - 1e-12 * first.abs();
    found.iter().filter(|f| f.1 >= limit).count() as f64 / found.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, shift: f64, random: &mut SplitMix) -> Rows {
        let values: Vec<f64> = (0..2 * n).map(|_| random.unit() + shift).collect();
        Rows::from_flat(&values, 2).unwrap()
    }

    #[test]
    fn the_exponential_keeps_its_digits() {
        for i in 0..20_000 {
            let x = f64::from(i) * 0.035;
            let (a, b) = (exp_negative(x), (-x).exp());
            assert!((a - b).abs() <= 4e-16 * b, "{x}: {a} {b}");
        }
        assert_eq!(exp_negative(800.0), (-800.0_f64).exp());
        assert_eq!(exp_negative(0.0), 1.0);
    }

    #[test]
    fn level_and_power() {
        let mut random = SplitMix::new(77);
        let options = MmdOptions {
            resampling: Some(Resampling {
                resamples: 59,
                seed: 3,
            }),
            ..MmdOptions::default()
        };
        let (mut alarms, mut found, mut by_energy) = (0, 0, [0; 2]);
        for _ in 0..120 {
            let (a, b, c) = (
                rows(20, 0.0, &mut random),
                rows(15, 0.0, &mut random),
                rows(15, 0.4, &mut random),
            );
            alarms += usize::from(mmd(&a, &b, options).unwrap().p.unwrap() <= 0.05);
            found += usize::from(mmd(&a, &c, options).unwrap().p.unwrap() <= 0.05);
            by_energy[0] += usize::from(energy(&a, &b, options).unwrap().p.unwrap() <= 0.05);
            by_energy[1] += usize::from(energy(&a, &c, options).unwrap().p.unwrap() <= 0.05);
        }
        assert!((1..=14).contains(&alarms), "{alarms}");
        assert!(found >= 110, "{found}");
        assert!(
            (1..=14).contains(&by_energy[0]) && by_energy[1] >= 110,
            "{by_energy:?}"
        );
    }

    #[test]
    fn energy_by_hand() {
        let of = |values: &[f64]| Rows::from_flat(values, 1).unwrap();
        let found = energy(&of(&[0.0, 1.0]), &of(&[3.0, 5.0]), MmdOptions::default()).unwrap();
        // 2 (3 + 5 + 2 + 4) / 4 - 1 - 2.
        assert!((found.squared - 4.0).abs() < 1e-12 && found.p.is_none());
    }

    #[test]
    fn wrong_input() {
        let mut random = SplitMix::new(1);
        let a = rows(5, 0.0, &mut random);
        let one = Rows::from_flat(&[1.0, 2.0], 2).unwrap();
        assert!(mmd_statistic(&a, &one, None).is_err());
        let same = Rows::from_flat(&[1.0; 8], 2).unwrap();
        assert!(mmd_statistic(&same, &same, None).is_err());
        assert!(
            mmd_statistic(&same, &same, Some(1.0))
                .unwrap()
                .mmd2_biased
                .abs()
                < 1e-12
        );
    }
}
