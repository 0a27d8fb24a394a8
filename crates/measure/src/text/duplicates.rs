//! Groups of texts that are nearly the same.

use super::lsh::{Bands, optimal_bands};
use super::words::jaccard;
use super::{MinHash, TextError};
use serde::{Deserialize, Serialize};

/// Texts of one bucket that are compared with each other; beyond them each is compared with the first.
const ALL_PAIRS: usize = 32;

/// How near duplicates are searched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DuplicateOptions {
    /// Jaccard similarity of runs of words from which texts are near duplicates.
    pub threshold: f64,
    /// Words per run.
    pub words: usize,
    /// Entries of a signature.
    pub permutations: usize,
    /// Seed of the signatures.
    pub seed: u64,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self {
            threshold: 0.8,
            words: 3,
            permutations: 128,
            seed: 1,
        }
    }
}

/// Groups of near duplicates; see [`near_duplicates`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Duplicates {
    /// Group of each text: the smallest index in it.
    pub group: Vec<u32>,
    /// Groups of two and more, each ascending, by their smallest index.
    pub groups: Vec<Vec<u32>>,
    /// Texts that could be dropped: all but one of every group.
    pub redundant: usize,
    /// Pairs that were compared exactly.
    pub compared: usize,
    /// Bands of the search.
    pub bands: Bands,
}

/// Groups texts, given as ascending hashed runs of words ([`super::hashed_shingles`]): candidates by bands of `MinHash`
/// signatures, each candidate confirmed by its exact similarity, groups by joining pairs. A pair at the threshold is a
/// candidate with about even odds per search of even weights, so the search leans to more candidates (weight 0.1 for false
/// ones, which the exact comparison drops). Texts without words are nobody's duplicate.
///
/// Errors: [`TextError::BadOption`]. Cost: signatures, a sort per band, and an exact comparison per candidate.
pub fn near_duplicates(
    texts: &[Vec<u64>],
    options: DuplicateOptions,
) -> Result<Duplicates, TextError> {
    let bands = optimal_bands(options.threshold, options.permutations, 0.1)?;
    let hash = MinHash::seeded(bands.bands * bands.rows, options.seed);
    let width = hash.permutations();
    let mut signatures = vec![0; texts.len() * width];
    for (text, out) in texts.iter().zip(signatures.chunks_exact_mut(width)) {
        // The upper half of a 64-bit hash is as good a 32-bit hash as any.
        hash.sign(
            text.iter().map(|h| u32::try_from(h >> 32).unwrap_or(0)),
            out,
        );
    }
    let mut groups = Groups::new(texts.len());
    let mut compared = 0;
    let mut keys: Vec<(u64, u32)> = Vec::with_capacity(texts.len());
    for band in 0..bands.bands {
        keys.clear();
        let used = texts
            .iter()
            .zip(signatures.chunks_exact(width))
            .zip(0_u32..);
        keys.extend(
            used.filter(|((text, _), _)| !text.is_empty())
                .map(|((_, signature), at)| {
                    (key(&signature[band * bands.rows..][..bands.rows]), at)
                }),
        );
        keys.sort_unstable();
        for bucket in keys.chunk_by(|a, b| a.0 == b.0) {
            for (at, (_, b)) in bucket.iter().enumerate().skip(1) {
                for (_, a) in &bucket[..at.min(ALL_PAIRS)] {
                    if groups.root(*a) == groups.root(*b) {
                        continue;
                    }
                    compared += 1;
                    let similarity = jaccard(&texts[*a as usize], &texts[*b as usize]);
                    if similarity >= options.threshold {
                        groups.join(*a, *b);
                    }
                }
            }
        }
    }
    Ok(groups.finish(compared, bands))
}

/// One number for the entries of a band (the mixer of `SplitMix64` over each).
fn key(entries: &[u32]) -> u64 {
    entries.iter().fold(0x9e37_79b9_7f4a_7c15, |sum, entry| {
        let mut z = (sum ^ u64::from(*entry)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^= z >> 27;
        z = z.wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Union and find; a root is the smallest of its group.
struct Groups {
    parent: Vec<u32>,
}

impl Groups {
    fn new(n: usize) -> Self {
        Self {
            parent: (0..n)
                .map(|i| u32::try_from(i).unwrap_or(u32::MAX))
                .collect(),
        }
    }

    fn root(&mut self, mut item: u32) -> u32 {
        while self.parent[item as usize] != item {
            let above = self.parent[self.parent[item as usize] as usize];
            self.parent[item as usize] = above;
            item = above;
        }
        item
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    fn finish(mut self, compared: usize, bands: Bands) -> Duplicates {
        let n = u32::try_from(self.parent.len()).unwrap_or(u32::MAX);
        let group: Vec<u32> = (0..n).map(|i| self.root(i)).collect();
        let mut order: Vec<(u32, u32)> = group.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let groups: Vec<Vec<u32>> = order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|run| run.len() > 1)
            .map(|run| run.iter().map(|r| r.1).collect())
            .collect();
        Duplicates {
            redundant: groups.iter().map(|g| g.len() - 1).sum(),
            group,
            groups,
            compared,
            bands,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn all_near_pairs_are_found_and_no_other() {
        let mut random = SplitMix::new(4);
        let mut texts: Vec<Vec<u64>> = Vec::new();
        for _ in 0..60 {
            let base: Vec<u64> = (0..60).map(|_| random.next_u64()).collect();
            for changed in [0, 3, 30] {
                let mut own = base.clone();
                own[..changed]
                    .iter_mut()
                    .for_each(|h| *h = random.next_u64());
                own.sort_unstable();
                texts.push(own);
            }
        }
        texts.push(Vec::new());
        texts.push(Vec::new());
        let found = near_duplicates(&texts, DuplicateOptions::default()).unwrap();
        // 57 of 63 is 0.905; 30 of 90 is 0.33.
        assert_eq!(found.groups.len(), 60);
        assert!(
            found
                .groups
                .iter()
                .all(|g| g.len() == 2 && g[1] == g[0] + 1)
        );
        assert_eq!(found.redundant, 60);
        assert!(found.compared < 200, "{}", found.compared);
    }
}
