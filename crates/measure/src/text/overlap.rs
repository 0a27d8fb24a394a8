//! How much of an evaluation text stands in the training texts.

use super::words::hashed_shingles;

/// All runs of `n` words of the training texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NgramIndex {
    n: usize,
    hashes: Vec<u64>,
}

impl NgramIndex {
    /// From the words of each training text; texts shorter than `n` words hold no run. Cost: one sort.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a [String]>, n: usize) -> Self {
        let n = n.max(1);
        let mut hashes = Vec::new();
        for words in texts {
            if words.len() >= n {
                hashes.extend(hashed_shingles(words, n));
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        Self { n, hashes }
    }

    /// Share of the distinct runs of a text that stand in the training texts; none for a text shorter than a run.
    /// Cost: a search per run.
    pub fn overlap(&self, words: &[String]) -> Option<f64> {
        if words.len() < self.n {
            return None;
        }
        let own = hashed_shingles(words, self.n);
        let inside = own
            .iter()
            .filter(|h| self.hashes.binary_search(h).is_ok())
            .count();
        Some(inside as f64 / own.len() as f64)
    }
}

/// [`NgramIndex::overlap`] of one text with another.
pub fn overlap(train: &[String], eval: &[String], n: usize) -> Option<f64> {
    NgramIndex::new([train], n).overlap(eval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    #[test]
    fn shares_of_runs() {
        let (train, eval) = (tokens("a b c d e"), tokens("b c d x"));
        assert_eq!(overlap(&train, &eval, 2), Some(2.0 / 3.0));
        assert_eq!(overlap(&train, &eval, 4), Some(0.0));
        assert_eq!(overlap(&train, &eval, 5), None);
    }
}
