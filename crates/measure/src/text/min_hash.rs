//! Signatures whose equal entries estimate how much two sets have in common.

use super::TextError;
use crate::stats::SplitMix;

/// `MinHash` (Broder 1997) by the scheme `affine32` of datasketch 2.0: `min over x of a_k mix(x) + b_k mod 2^32`, `a_k` odd,
/// with the finalizer of `MurmurHash3`. Bit for bit as there for the same constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinHash {
    a: Vec<u32>,
    b: Vec<u32>,
}

impl MinHash {
    /// From given constants. Errors: [`TextError::Mismatch`], [`TextError::Empty`].
    pub fn new(a: Vec<u32>, b: Vec<u32>) -> Result<Self, TextError> {
        if a.len() != b.len() {
            return Err(TextError::Mismatch {
                seen: b.len(),
                expected: a.len(),
                hint: "one a and one b per permutation",
            });
        }
        if a.is_empty() {
            return Err(TextError::Empty);
        }
        Ok(Self { a, b })
    }

    /// With constants from a seed: signatures compare with each other, not with those of other programs, which draw
    /// theirs from another generator. No permutations count as one.
    pub fn seeded(permutations: usize, seed: u64) -> Self {
        let mut random = SplitMix::new(seed);
        let mut draw = || u32::try_from(random.next_u64() >> 32).unwrap_or(0);
        let n = permutations.max(1);
        Self {
            a: (0..n).map(|_| draw() | 1).collect(),
            b: (0..n).map(|_| draw()).collect(),
        }
    }

    /// How many permutations.
    pub fn permutations(&self) -> usize {
        self.a.len()
    }

    /// Signature of a set of 32-bit hashes into `out`, whose further entries stay as they are; the largest value everywhere
    /// for an empty set. Order and repetitions change nothing. Cost: hashes times permutations, in lanes.
    pub fn sign(&self, hashes: impl IntoIterator<Item = u32>, out: &mut [u32]) {
        // Signed lanes have a minimum in every instruction set: the order is that of the numbers less 2^31.
        const HALF: u32 = 1 << 31;
        out.iter_mut()
            .take(self.a.len())
            .for_each(|x| *x = u32::MAX ^ HALF);
        for hash in hashes {
            let mixed = mix32(hash);
            for ((x, a), b) in out.iter_mut().zip(&self.a).zip(&self.b) {
                let value = a.wrapping_mul(mixed).wrapping_add(b ^ HALF);
                *x = x.cast_signed().min(value.cast_signed()).cast_unsigned();
            }
        }
        out.iter_mut().take(self.a.len()).for_each(|x| *x ^= HALF);
    }

    /// The same as a new list.
    pub fn signature(&self, hashes: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut out = vec![0; self.a.len()];
        self.sign(hashes, &mut out);
        out
    }
}

/// The finalizer of `MurmurHash3`, 32 bits.
fn mix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// The scheme `affine64` of datasketch 2.0, modulo 2^64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinHash64 {
    /// Multipliers, odd.
    pub a: Vec<u64>,
    /// Summands.
    pub b: Vec<u64>,
}

impl MinHash64 {
    /// Signature of 64-bit hashes; the largest value everywhere for an empty set.
    pub fn signature(&self, hashes: &[u64]) -> Vec<u64> {
        smallest(&self.a, &self.b, hashes, |a, b, h| {
            a.wrapping_mul(mix64(h)).wrapping_add(b)
        })
    }
}

/// The finalizer of `MurmurHash3`, 64 bits.
fn mix64(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

/// The scheme of datasketch before 2.0: `((a x + b) mod 2^64 mod 2^61 - 1) mod 2^32`. Folding to 32 bits makes large sets
/// look more alike than they are: only to read signatures that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinHashLegacy {
    /// Multipliers.
    pub a: Vec<u64>,
    /// Summands.
    pub b: Vec<u64>,
}

impl MinHashLegacy {
    /// Signature of 32-bit hashes; 2^32 - 1 everywhere for an empty set.
    pub fn signature(&self, hashes: &[u32]) -> Vec<u64> {
        const PRIME: u64 = (1 << 61) - 1;
        let wide: Vec<u64> = hashes.iter().map(|h| u64::from(*h)).collect();
        let found = smallest(&self.a, &self.b, &wide, |a, b, h| {
            (a.wrapping_mul(h).wrapping_add(b) % PRIME) & u64::from(u32::MAX)
        });
        found
            .into_iter()
            .map(|x| x.min(u64::from(u32::MAX)))
            .collect()
    }
}

fn smallest(
    a: &[u64],
    b: &[u64],
    hashes: &[u64],
    permute: impl Fn(u64, u64, u64) -> u64,
) -> Vec<u64> {
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            hashes
                .iter()
                .map(|h| permute(*a, *b, *h))
                .min()
                .unwrap_or(u64::MAX)
        })
        .collect()
}

/// Share of equal entries: an estimate of the Jaccard similarity with standard error `sqrt(j (1 - j) / n)`. NaN for empty
/// or unequal signatures.
pub fn estimated_jaccard<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    if a.len() != b.len() {
        return f64::NAN;
    }
    a.iter().zip(b).filter(|(x, y)| x == y).count() as f64 / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_near_the_similarity() {
        let hash = MinHash::seeded(512, 7);
        let set = |from: u32, to: u32| hash.signature(from..to);
        let found = estimated_jaccard(&set(0, 300), &set(100, 400));
        // 200 of 400.
        assert!(
            (found - 0.5).abs() < 4.0 * (0.25_f64 / 512.0).sqrt(),
            "{found}"
        );
        assert_eq!(estimated_jaccard(&set(0, 50), &set(0, 50)), 1.0);
        assert!(set(0, 0).iter().all(|x| *x == u32::MAX));
        assert!(estimated_jaccard::<u32>(&[], &[]).is_nan());
        assert!(MinHash::new(vec![1], vec![]).is_err());
    }
}
