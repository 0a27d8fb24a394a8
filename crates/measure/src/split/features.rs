//! Weighted features of rows, and rows whose features point the same way.

use super::{ALL_PAIRS, Alike, all_pairs, pairs_of};
use crate::stats::SplitMix;
use std::collections::BTreeMap;

/// Bits of a signature.
const BITS: usize = 512;
/// Share of true pairs that buckets may miss.
const MISSED: f64 = 0.001;

/// Features of one row by a uniform digest of their names, with weights of at least 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    weights: BTreeMap<u64, f64>,
}

impl Features {
    /// Adds weight to a feature; what is not above 0 and finite adds nothing.
    pub fn add(&mut self, feature: u64, weight: f64) {
        if weight > 0.0 && weight.is_finite() {
            *self.weights.entry(feature).or_default() += weight;
        }
    }

    /// Features with a weight.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether it has no feature.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    fn norm(&self) -> f64 {
        let squares = self.weights.values().map(|weight| weight * weight);
        squares.sum::<f64>().sqrt()
    }

    /// Cosine of the angle between two rows, at most 1; 0 where one has no feature.
    pub fn cosine(&self, other: &Self) -> f64 {
        let (a, b) = if self.len() <= other.len() {
            (self, other)
        } else {
            (other, self)
        };
        let both = a.weights.iter().filter_map(|(feature, weight)| {
            let other = b.weights.get(feature)?;
            Some(weight * other)
        });
        let dot: f64 = both.sum();
        let norms = self.norm() * other.norm();
        if norms > 0.0 {
            (dot / norms).min(1.0)
        } else {
            0.0
        }
    }

    /// Signs along random directions (Charikar 2002): two rows differ in a bit with the probability of their angle over pi.
    fn signature(&self) -> Vec<bool> {
        let mut sums = vec![0.0_f64; BITS];
        for (feature, weight) in &self.weights {
            let mut random = SplitMix::new(*feature);
            for chunk in sums.chunks_mut(64) {
                let bits = random.next_u64();
                for (bit, sum) in chunk.iter_mut().enumerate() {
                    *sum += if bits >> bit & 1 == 1 {
                        *weight
                    } else {
                        -weight
                    };
                }
            }
        }
        sums.into_iter().map(|sum| sum >= 0.0).collect()
    }

    /// Pairs of rows whose cosine is at least `at_least`, ascending.
    ///
    /// Up to 1500 rows every pair is compared. Beyond that rows whose signatures agree in a band; bands are as long as
    /// they can be without missing more than one pair in a thousand at the threshold. Cost: features times 512, and the
    /// pairs compared.
    pub fn alike(rows: &[Self], at_least: f64) -> Vec<Alike> {
        let compare = |(first, second): (usize, usize)| {
            let (a, b) = (rows.get(first)?, rows.get(second)?);
            let value = a.cosine(b);
            (value >= at_least && value > 0.0).then_some(Alike {
                first,
                second,
                value,
            })
        };
        if rows.len() <= ALL_PAIRS {
            return all_pairs(rows.len()).filter_map(compare).collect();
        }
        let length = band_length(at_least);
        let mut buckets: BTreeMap<(usize, Vec<bool>), Vec<usize>> = BTreeMap::new();
        for (row, features) in rows.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
            let signature = features.signature();
            for (band, bits) in signature.chunks_exact(length).enumerate() {
                buckets.entry((band, bits.to_vec())).or_default().push(row);
            }
        }
        let pairs = pairs_of(buckets.values());
        pairs.into_iter().filter_map(compare).collect()
    }
}

/// Bits of a band.
fn band_length(at_least: f64) -> usize {
    let equal = 1.0 - at_least.clamp(-1.0, 1.0).acos() / std::f64::consts::PI;
    let is_enough = |length: usize| {
        let exponent = i32::try_from(length).unwrap_or(i32::MAX);
        let bands = i32::try_from(BITS / length).unwrap_or(1);
        (1.0 - equal.powi(exponent)).powi(bands) <= MISSED
    };
    (1..=64)
        .rev()
        .find(|length| is_enough(*length))
        .unwrap_or(1)
}
