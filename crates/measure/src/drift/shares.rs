//! Differences of shares over bins: the population stability index and the divergence of Jensen and Shannon.

use super::units::{Units, permutation_p};
use super::{DriftError, finite};
use crate::stats::{Resampling, chi_square_quantile, chi_square_tail, quantiles, whole_usize};
use serde::Serialize;

/// How the index treats empty bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PsiOptions {
    /// Share that stands for an empty bin.
    pub epsilon: f64,
    /// Whether shares are brought back to a sum of 1 afterwards.
    pub renormalize: bool,
}

impl Default for PsiOptions {
    fn default() -> Self {
        Self {
            epsilon: 1e-4,
            renormalize: false,
        }
    }
}

/// The population stability index and what it would be without drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Psi {
    /// The index.
    pub estimate: f64,
    /// Values of both samples.
    pub n: usize,
    /// Bins that hold anything.
    pub bins: usize,
    /// What independent samples of these sizes give on average without drift: `(bins - 1) (1/n + 1/m)`.
    pub expected_without_drift: f64,
    /// What they stay below in 99 of 100 cases: `chi2(0.99; bins - 1) (1/n + 1/m)`.
    pub bound99: f64,
    /// Probability of the index or a larger one without drift: by the chi-square approximation for independent values,
    /// by permutation of whole clusters where there are any.
    pub p: f64,
}

/// Population stability index `sum (q - p) ln(q / p)` of the counts in the same bins of a reference and a current sample.
///
/// The usual bounds 0.1 and 0.25 know no sample size: two samples of 100 values in ten bins give 0.18 on average without
/// drift. Judge by `p` or `bound99`, and by size only then. Values must be independent; else [`psi_clustered`].
///
/// Errors: [`DriftError::Mismatch`] for other numbers of bins; [`DriftError::Empty`]; [`DriftError::BadOption`] for counts
/// that are negative or not finite. Cost: one pass.
pub fn psi(reference: &[f64], current: &[f64], options: PsiOptions) -> Result<Psi, DriftError> {
    let estimate = index(reference, current, options)?;
    let (n, m): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let used = |(r, c): &(&f64, &f64)| **r > 0.0 || **c > 0.0;
    let bins = reference.iter().zip(current).filter(used).count();
    let scale = 1.0 / n + 1.0 / m;
    let degrees = bins.saturating_sub(1) as f64;
    let (bound99, p) = if degrees > 0.0 {
        (
            chi_square_quantile(0.99, degrees)? * scale,
            chi_square_tail(estimate.max(0.0) / scale, degrees)?,
        )
    } else {
        (0.0, 1.0)
    };
    Ok(Psi {
        estimate,
        n: whole_usize(n + m),
        bins,
        expected_without_drift: degrees * scale,
        bound99,
        p,
    })
}

/// The same for values that come in clusters: bins of every value, reference first, and the units. `p` permutes whole
/// units; `expected_without_drift` and `bound99` are the mean and the 99 % quantile of the permutations.
///
/// Errors: as [`psi`], and [`DriftError::TooFewUnits`]. Cost: units times bins per permutation.
pub fn psi_clustered(
    bins: &[u32],
    bin_count: usize,
    units: &Units,
    options: PsiOptions,
    how: Resampling,
) -> Result<Psi, DriftError> {
    let (reference_units, current_units) = units.counts();
    let all = reference_units + current_units;
    if bins.len() != units.of_values().len() {
        return Err(DriftError::Mismatch {
            seen: bins.len(),
            expected: units.of_values().len(),
            hint: "one bin per value of both samples",
        });
    }
    let mut table = vec![0.0; all * bin_count];
    for (bin, unit) in bins.iter().zip(units.of_values()) {
        if let Some(cell) = table.get_mut(*unit as usize * bin_count + *bin as usize) {
            *cell += 1.0;
        }
    }
    let (mut p, mut q) = (vec![0.0; bin_count], vec![0.0; bin_count]);
    let mut split = |sides: &[bool]| {
        p.fill(0.0);
        q.fill(0.0);
        for (row, is_reference) in table.chunks_exact(bin_count).zip(sides) {
            let to = if *is_reference { &mut p } else { &mut q };
            for (sum, x) in to.iter_mut().zip(row) {
                *sum += x;
            }
        }
        (p.clone(), q.clone())
    };
    let (reference, current) = split(&units.observed());
    let plain = psi(&reference, &current, options)?;
    let mut found = Vec::with_capacity(how.resamples);
    let p_value = permutation_p(units, how, plain.estimate, |sides| {
        let (a, b) = split(sides);
        let value = index(&a, &b, options).unwrap_or(0.0);
        found.push(value);
        value
    })?;
    let mean = found.iter().sum::<f64>() / found.len().max(1) as f64;
    let bound99 = quantiles(&mut found, &[0.99])?[0];
    Ok(Psi {
        expected_without_drift: mean,
        bound99,
        p: p_value,
        ..plain
    })
}

fn index(reference: &[f64], current: &[f64], options: PsiOptions) -> Result<f64, DriftError> {
    let p = shares("reference", reference, options)?;
    let q = shares("current", current, options)?;
    if p.len() != q.len() {
        return Err(DriftError::Mismatch {
            seen: q.len(),
            expected: p.len(),
            hint: "both samples are counted in the same bins",
        });
    }
    Ok(p.iter().zip(&q).map(|(p, q)| (q - p) * (q / p).ln()).sum())
}

fn shares(
    sample: &'static str,
    counts: &[f64],
    options: PsiOptions,
) -> Result<Vec<f64>, DriftError> {
    if let Some(value) = counts.iter().find(|c| !(**c >= 0.0 && c.is_finite())) {
        return Err(DriftError::BadOption {
            name: "count",
            value: *value,
            hint: "counts are 0 or more",
        });
    }
    let sum: f64 = counts.iter().sum();
    if sum <= 0.0 {
        return Err(DriftError::Empty { sample });
    }
    let mut shares: Vec<f64> = counts
        .iter()
        .map(|c| if *c > 0.0 { c / sum } else { options.epsilon })
        .collect();
    if options.renormalize {
        let sum: f64 = shares.iter().sum();
        for s in &mut shares {
            *s /= sum;
        }
    }
    Ok(shares)
}

/// Bins of both samples, reference first, by quantiles of the reference (type 7): `bins - 1` inner edges, equal ones
/// merged, open at both ends, a value on an edge in the upper bin. Gives the bins and how many there are.
///
/// Errors: [`DriftError::Empty`], [`DriftError::NotFinite`]. Cost: one sort and a search per value.
pub fn bins_of(
    reference: &[f64],
    current: &[f64],
    bins: usize,
) -> Result<(Vec<u32>, usize), DriftError> {
    finite("reference", reference)?;
    finite("current", current)?;
    let ranks: Vec<f64> = (1..bins.max(1)).map(|i| i as f64 / bins as f64).collect();
    let mut edges = quantiles(&mut reference.to_vec(), &ranks)?;
    edges.dedup();
    let found = reference
        .iter()
        .chain(current)
        .map(|x| u32::try_from(edges.partition_point(|e| e <= x)).unwrap_or(u32::MAX))
        .collect();
    Ok((found, edges.len() + 1))
}

/// Divergences of two lists of shares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct JensenShannon {
    /// Distance, the root of the divergence, in bits to the half: a metric from 0 to 1.
    pub js_distance_base2: f64,
    /// Divergence in bits, 0 to 1.
    pub js_divergence_base2: f64,
    /// Divergence in nats.
    pub js_divergence_nats: f64,
    /// Kullback–Leibler divergence of the first from the second in nats; infinite where the second has nothing.
    #[serde(serialize_with = "number")]
    pub kl_pq_nats: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn number<S: serde::Serializer>(x: &f64, to: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&crate::registry::Number(*x), to)
}

/// Divergence of Jensen and Shannon (Lin 1991) and of Kullback and Leibler of two lists of shares or counts, which are
/// brought to a sum of 1 first. Empty entries need no stand-in.
///
/// Errors: [`DriftError::Mismatch`], [`DriftError::Empty`], [`DriftError::BadOption`]. Cost: one pass.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> Result<JensenShannon, DriftError> {
    let exact = PsiOptions {
        epsilon: 0.0,
        renormalize: false,
    };
    let (p, q) = (shares("p", p, exact)?, shares("q", q, exact)?);
    if p.len() != q.len() {
        return Err(DriftError::Mismatch {
            seen: q.len(),
            expected: p.len(),
            hint: "both lists have the same entries",
        });
    }
    let term = |a: f64, b: f64| if a > 0.0 { a * (a / b).ln() } else { 0.0 };
    let nats: f64 = p
        .iter()
        .zip(&q)
        .map(|(a, b)| {
            let middle = 0.5 * (a + b);
            0.5 * (term(*a, middle) + term(*b, middle))
        })
        .sum();
    let nats = nats.max(0.0);
    let bits = nats / std::f64::consts::LN_2;
    Ok(JensenShannon {
        js_distance_base2: bits.sqrt(),
        js_divergence_base2: bits,
        js_divergence_nats: nats,
        kl_pq_nats: p.iter().zip(&q).map(|(a, b)| term(*a, *b)).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn the_null_of_the_index_holds() {
        let mut random = SplitMix::new(2);
        let (mut rejected, mut sum, runs) = (0, 0.0, 400);
        for _ in 0..runs {
            let mut count = |n: usize| {
                let mut counts = [0.0; 10];
                (0..n).for_each(|_| counts[random.below(10)] += 1.0);
                counts
            };
            let found = psi(&count(400), &count(300), PsiOptions::default()).unwrap();
            rejected += usize::from(found.p <= 0.05);
            sum += found.estimate / found.expected_without_drift;
        }
        assert!((8..=36).contains(&rejected), "{rejected}");
        assert!((sum / f64::from(runs) - 1.0).abs() < 0.1);
    }

    #[test]
    fn clusters_are_not_taken_for_values() {
        // Every drive has its own level: 10 drives of 100 frames a side, no drift.
        let mut random = SplitMix::new(8);
        let (mut naive, mut honest, runs) = (0, 0, 60);
        for _ in 0..runs {
            let mut side = || -> (Vec<f64>, Vec<u32>) {
                let mut values = Vec::new();
                for _ in 0..10 {
                    let level = random.unit();
                    values.extend((0..50).map(|_| level + 0.1 * random.unit()));
                }
                let clusters = super::super::blocks(500, 50);
                (values, clusters)
            };
            let (a, ca) = side();
            let (b, cb) = side();
            let (bins, count) = bins_of(&a, &b, 5).unwrap();
            let units = Units::new((500, Some(&ca)), (500, Some(&cb))).unwrap();
            let how = Resampling {
                resamples: 99,
                seed: 4,
            };
            let found = psi_clustered(&bins, count, &units, PsiOptions::default(), how).unwrap();
            honest += usize::from(found.p <= 0.05);
            let mut counts = [vec![0.0; count], vec![0.0; count]];
            for (i, bin) in bins.iter().enumerate() {
                counts[i / 500][*bin as usize] += 1.0;
            }
            let plain = psi(&counts[0], &counts[1], PsiOptions::default()).unwrap();
            naive += usize::from(plain.p <= 0.05);
        }
        assert!(honest <= 8, "{honest}");
        assert!(naive >= 50, "{naive}");
    }

    #[test]
    fn divergences() {
        let same = jensen_shannon(&[1.0, 2.0], &[2.0, 4.0]).unwrap();
        assert!(same.js_distance_base2 < 1e-8);
        let apart = jensen_shannon(&[1.0, 0.0], &[0.0, 1.0]).unwrap();
        assert!((apart.js_divergence_base2 - 1.0).abs() < 1e-15);
        assert!(apart.kl_pq_nats.is_infinite());
        assert!(psi(&[1.0], &[1.0, 2.0], PsiOptions::default()).is_err());
        assert!(psi(&[0.0], &[1.0], PsiOptions::default()).is_err());
    }
}
