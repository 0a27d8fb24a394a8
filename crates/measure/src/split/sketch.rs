//! Sets of digests, small enough to be compared.

use super::{ALL_PAIRS, Alike, all_pairs, pairs_of};
use std::collections::{BTreeMap, BTreeSet};

/// Digests a sketch keeps.
pub const SKETCH: usize = 256;
/// Smallest digests of a sketch by which rows are bucketed.
const BANDS: usize = 32;

/// The smallest of the distinct digests of a set (bottom-k sketch: Cohen and Kaplan 2007), by which the share that two
/// sets have in common is estimated: exactly where both together have at most [`SKETCH`], else with a standard deviation
/// of at most `0.5 / sqrt(SKETCH)`, about 0.03. Digests have to be uniform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    smallest: BTreeSet<u64>,
}

impl Sketch {
    /// Adds a digest. Cost: logarithmic in [`SKETCH`].
    pub fn add(&mut self, digest: u64) {
        if self.smallest.len() >= SKETCH {
            if self.smallest.last().is_some_and(|last| digest >= *last) {
                return;
            }
            if self.smallest.insert(digest) {
                self.smallest.pop_last();
            }
            return;
        }
        self.smallest.insert(digest);
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.smallest.is_empty()
    }

    /// Share of the union of two sets that both have (Jaccard); 0 where both are empty.
    pub fn jaccard(&self, other: &Self) -> f64 {
        let union = self.smallest.union(&other.smallest).take(SKETCH);
        let (mut all, mut both) = (0_u32, 0_u32);
        for digest in union {
            all += 1;
            let is_both = self.smallest.contains(digest) && other.smallest.contains(digest);
            both += u32::from(is_both);
        }
        if all == 0 {
            return 0.0;
        }
        f64::from(both) / f64::from(all)
    }
}

/// Pairs of sketches whose sets have at least `at_least` of their union in common, ascending.
///
/// Up to 1500 rows every pair is compared. Beyond that those that share one of their 32 smallest digests: two sets with
/// the share `j` are missed with a probability of about `(1 - j)^32`. Cost: rows times bands, and the pairs compared.
pub fn similar_sketches(sketches: &[Sketch], at_least: f64) -> Vec<Alike> {
    let compare = |(first, second): (usize, usize)| {
        let (a, b) = (sketches.get(first)?, sketches.get(second)?);
        let value = a.jaccard(b);
        (value >= at_least && value > 0.0).then_some(Alike {
            first,
            second,
            value,
        })
    };
    if sketches.len() <= ALL_PAIRS {
        return all_pairs(sketches.len()).filter_map(compare).collect();
    }
    let mut buckets: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (row, sketch) in sketches.iter().enumerate() {
        for digest in sketch.smallest.iter().take(BANDS) {
            buckets.entry(*digest).or_default().push(row);
        }
    }
    let pairs = pairs_of(buckets.values());
    pairs.into_iter().filter_map(compare).collect()
}
