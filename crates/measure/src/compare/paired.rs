//! Differences of scores on the same items, with intervals over items or over clusters of them.
//!
//! Read [`Differences`] and [`compare`] first. Not here: pass and fail ([`super::mcnemar`]); unpaired samples
//! ([`super::ranks`]).

use super::{CompareError, Verdict, finite, range};
use crate::stats::{Bca, Interval, Resampling, SplitMix, StatsError, bca, quantiles};
use serde::Serialize;

/// Fewest clusters for a verdict: of five all of one sign still come by chance in 2 of 32 cases.
pub const FEWEST_CLUSTERS: usize = 6;

/// Clusters from which on `BCa` is the better interval; with fewer its acceleration is too rough (scenarios, D.1).
pub const FEWEST_FOR_BCA: usize = 20;

/// Sums of paired differences by cluster, which is all a mean needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    sums: Vec<f64>,
    counts: Vec<f64>,
    items: usize,
}

impl Differences {
    /// `new - old` per item; every item is its own cluster.
    ///
    /// Errors: [`CompareError`] for other lengths, a value that is not finite, or no items. Cost: `O(n)`.
    pub fn by_item(old: &[f64], new: &[f64]) -> Result<Self, CompareError> {
        checked(old, new)?;
        Ok(Self {
            sums: new.iter().zip(old).map(|(new, old)| new - old).collect(),
            counts: vec![1.0; old.len()],
            items: old.len(),
        })
    }

    /// `new - old` per item, summed by cluster codes from 0: logs, drives, sites. Codes without items do not count.
    ///
    /// Errors: as [`Self::by_item`]. Cost: `O(n + largest code)`.
    pub fn by_cluster(old: &[f64], new: &[f64], cluster: &[u32]) -> Result<Self, CompareError> {
        checked(old, new)?;
        same_length("cluster", cluster.len(), old.len())?;
        let codes = cluster.iter().max().map_or(0, |c| *c as usize + 1);
        let (mut sums, mut counts) = (vec![0.0; codes], vec![0.0; codes]);
        for ((new, old), code) in new.iter().zip(old).zip(cluster) {
            sums[*code as usize] += new - old;
            counts[*code as usize] += 1.0;
        }
        let is_used: Vec<bool> = counts.iter().map(|n| *n > 0.0).collect();
        let kept = |list: Vec<f64>| {
            let pairs = list.into_iter().zip(&is_used);
            pairs.filter(|(_, used)| **used).map(|(x, _)| x).collect()
        };
        Ok(Self {
            sums: kept(sums),
            counts: kept(counts),
            items: old.len(),
        })
    }

    /// Items.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Clusters, which are what an interval rests on.
    pub fn clusters(&self) -> usize {
        self.sums.len()
    }

    /// Mean difference over all items.
    pub fn mean(&self) -> f64 {
        self.sums.iter().sum::<f64>() / self.items as f64
    }

    /// Mean over drawn clusters.
    ///
    /// Errors: [`CompareError::BadIndex`], and [`CompareError::TooFew`] for none.
    pub fn mean_of(&self, drawn: &[usize]) -> Result<f64, CompareError> {
        let (mut sum, mut count) = (0.0, 0.0);
        for &index in drawn {
            let (Some(s), Some(n)) = (self.sums.get(index), self.counts.get(index)) else {
                return Err(CompareError::BadIndex {
                    index,
                    units: self.clusters(),
                });
            };
            sum += s;
            count += n;
        }
        if drawn.is_empty() {
            return Err(none_drawn());
        }
        Ok(sum / count)
    }

    /// Means of `how.resamples` bootstrap draws of clusters. Cost: `O(resamples clusters)`, no memory per draw.
    pub fn replicates(&self, how: Resampling) -> Vec<f64> {
        let mut random = SplitMix::new(how.seed);
        let clusters = self.clusters();
        let mut one = || {
            let (mut sum, mut count) = (0.0, 0.0);
            for _ in 0..clusters {
                let i = random.below(clusters);
                sum += self.sums[i];
                count += self.counts[i];
            }
            sum / count
        };
        (0..how.resamples).map(|_| one()).collect()
    }

    /// Mean with each cluster left out once; empty for a single cluster.
    pub fn left_out(&self) -> Vec<f64> {
        if self.clusters() < 2 {
            return Vec::new();
        }
        let (sum, count) = (self.sums.iter().sum::<f64>(), self.items as f64);
        let clusters = self.sums.iter().zip(&self.counts);
        clusters.map(|(s, n)| (sum - s) / (count - n)).collect()
    }
}

fn none_drawn() -> CompareError {
    CompareError::TooFew {
        field: "resamples",
        seen: 0,
        least: 1,
        hint: "ask for 1000 or more",
    }
}

fn same_length(field: &'static str, seen: usize, expected: usize) -> Result<(), CompareError> {
    if seen == expected {
        Ok(())
    } else {
        Err(CompareError::Lengths {
            field,
            seen,
            expected,
        })
    }
}

fn checked(old: &[f64], new: &[f64]) -> Result<(), CompareError> {
    same_length("new", new.len(), old.len())?;
    if old.is_empty() {
        return Err(CompareError::TooFew {
            field: "items",
            seen: 0,
            least: 1,
            hint: "no item has a score of both; match items by name",
        });
    }
    finite(old)?;
    finite(new)
}

/// A mean difference with intervals of the two kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Mean of new - old over items.
    pub mean: f64,
    /// Percentile interval at 90 %, whose ends are one-sided 95 % bounds.
    pub percentile90: Interval,
    /// Percentile interval at 95 %.
    pub percentile95: Interval,
    /// `BCa` interval at 90 %; none below two clusters.
    pub bca90: Option<Bca>,
    /// `BCa` interval at 95 %.
    pub bca95: Option<Bca>,
    /// Which interval the verdict was read from.
    pub method: Method,
    /// What follows.
    pub verdict: Verdict,
}

/// Kind of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Quantiles of the replicates.
    Percentile,
    /// Bias-corrected and accelerated.
    Bca,
}

/// What counts as worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Loss that is tolerated, in units of the score, 0 or more.
    pub margin: f64,
    /// Whether a higher score is better.
    pub is_higher_better: bool,
}

/// Intervals and a verdict from replicates (reordered) of the mean difference.
///
/// `BCa` from [`FEWEST_FOR_BCA`] clusters on, percentiles below; below [`FEWEST_CLUSTERS`] always inconclusive. Differences
/// that are all alike give an interval without width: inconclusive at a margin of 0.
/// Source: Efron and Tibshirani 1993, 13.3 and 14.3; clusters as Davison and Hinkley 1997, 3.8.
///
/// Errors: [`CompareError`] for no replicates or a negative margin. Cost: `O(replicates + clusters)`.
pub fn compare(
    differences: &Differences,
    replicates: &mut [f64],
    claim: Claim,
) -> Result<Compared, CompareError> {
    let is_margin = claim.margin >= 0.0 && claim.margin.is_finite();
    range(
        "margin",
        claim.margin,
        is_margin,
        "0 or more, in units of the score",
    )?;
    if replicates.is_empty() {
        return Err(none_drawn());
    }
    let mean = differences.mean();
    let ends = quantiles(replicates, &[0.025, 0.05, 0.95, 0.975])?;
    let percentile = |low: usize, high: usize| Interval {
        low: ends[low],
        high: ends[high],
    };
    let left_out = differences.left_out();
    let mut corrected = |alpha: f64| -> Result<Option<Bca>, StatsError> {
        if left_out.is_empty() {
            return Ok(None);
        }
        bca(replicates, mean, &left_out, alpha).map(Some)
    };
    let (bca90, bca95) = (corrected(0.1)?, corrected(0.05)?);
    let clusters = differences.clusters();
    let (method, interval) = match bca90 {
        Some(found) if clusters >= FEWEST_FOR_BCA => (Method::Bca, found.interval),
        _ => (Method::Percentile, percentile(1, 2)),
    };
    let verdict = if clusters < FEWEST_CLUSTERS {
        Verdict::Inconclusive
    } else if claim.is_higher_better {
        Verdict::of_increase(-interval.high, -interval.low, claim.margin)
    } else {
        Verdict::of_increase(interval.low, interval.high, claim.margin)
    };
    Ok(Compared {
        mean,
        percentile90: percentile(1, 2),
        percentile95: percentile(0, 3),
        bca90,
        bca95,
        method,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    const HIGHER: Claim = Claim {
        margin: 0.1,
        is_higher_better: true,
    };

    fn how(seed: u64) -> Resampling {
        Resampling {
            resamples: 300,
            seed,
        }
    }

    #[test]
    fn clusters_are_sums() {
        let (old, new) = ([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 4.0, 3.0]);
        let found = Differences::by_cluster(&old, &new, &[7, 2, 7, 2]).unwrap();
        assert_eq!(
            (found.clusters(), found.items(), found.mean()),
            (2, 4, 0.75)
        );
        assert_eq!(found.left_out(), vec![1.5, 0.0]);
        assert_eq!(found.mean_of(&[1, 1]).unwrap(), 1.5);
        assert!(found.mean_of(&[2]).is_err() && found.mean_of(&[]).is_err());
        assert!(Differences::by_item(&[], &[]).is_err());
        assert!(Differences::by_item(&[1.0], &[f64::NAN]).is_err());
        assert!(Differences::by_cluster(&[1.0], &[1.0], &[]).is_err());
    }

    /// Clusters of five items that share half of their variance; the truth is no difference.
    fn simulated(noise: &mut Noise, clusters: u32) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
        let (mut old, mut new, mut code) = (vec![], vec![], vec![]);
        for c in 0..clusters {
            let shared = noise.normal();
            for _ in 0..5 {
                old.push(0.0);
                new.push(shared + 0.5 * noise.normal());
                code.push(c);
            }
        }
        (old, new, code)
    }

    #[test]
    fn clustered_intervals_cover_and_those_of_items_do_not() {
        let mut noise = Noise::new(23);
        let (mut percentile, mut corrected, mut of_items) = (0, 0, 0);
        for seed in 0..200 {
            let (old, new, code) = simulated(&mut noise, 40);
            let clustered = Differences::by_cluster(&old, &new, &code).unwrap();
            let found = compare(&clustered, &mut clustered.replicates(how(seed)), HIGHER).unwrap();
            percentile += usize::from(found.percentile95.contains(0.0));
            corrected += usize::from(found.bca95.unwrap().interval.contains(0.0));
            let items = Differences::by_item(&old, &new).unwrap();
            let found = compare(&items, &mut items.replicates(how(seed)), HIGHER).unwrap();
            of_items += usize::from(found.percentile95.contains(0.0));
        }
        assert!(
            percentile >= 178 && corrected >= 178,
            "{percentile} {corrected}"
        );
        assert!(of_items <= 150, "{of_items}");
    }

    #[test]
    fn verdicts() {
        let old = vec![0.0; 40];
        let of = |shift: f64, spread: f64| {
            let new: Vec<f64> = (0..40)
                .map(|i| shift + spread * f64::from(i % 5 - 2))
                .collect();
            let differences = Differences::by_item(&old, &new).unwrap();
            compare(&differences, &mut differences.replicates(how(1)), HIGHER)
                .unwrap()
                .verdict
        };
        assert_eq!(of(1.0, 0.1), Verdict::Better);
        assert_eq!(of(-0.01, 0.01), Verdict::NotWorse);
        assert_eq!(of(-1.0, 0.1), Verdict::Worse);
        assert_eq!(of(0.0, 3.0), Verdict::Inconclusive);
        let few = Differences::by_item(&[0.0; 5], &[9.0; 5]).unwrap();
        let found = compare(&few, &mut few.replicates(how(1)), HIGHER).unwrap();
        assert_eq!(found.verdict, Verdict::Inconclusive);
    }
}
