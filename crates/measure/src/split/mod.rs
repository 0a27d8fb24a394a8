//! Splits of a data set by groups, and what ties members of different splits together.
//!
//! Read [`assign`] first (groups to splits), then [`joined`] (groups that share a key), [`near_in_time`] and the pairs of
//! near-duplicates: [`Sketch`] for sets of digests, [`Features`] for weighted features.
//! Not here: hashing, what a group or a digest is made of, and what a finding means (`engine`).

mod assign;
mod features;
mod joined;
mod sketch;
mod time;

pub use assign::{Assignment, Group, assign};
pub use features::Features;
pub use joined::joined;
pub use sketch::{SKETCH, Sketch, similar_sketches};
pub use time::{Near, Stretch, near_in_time};

use std::collections::BTreeSet;

/// Rows up to which all pairs are compared.
const ALL_PAIRS: usize = 1500;
/// Rows of one bucket that are compared with every other of it; beyond them each is compared with the first so many.
const BUCKET: usize = 256;

/// Two rows that are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alike {
    /// The row that comes first.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// How alike they are, at most 1.
    pub value: f64,
}

/// Why members cannot be split.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// Nothing to split.
    #[error("there is nothing to split; hint: at least one group with one member is needed")]
    Empty,
    /// Shares that are none.
    #[error("the shares of the splits are none; hint: give two or more numbers above 0")]
    Shares,
    /// Fewer groups than splits.
    #[error(
        "`{groups}` groups cannot fill `{splits}` splits; hint: take a key with more values, or fewer splits"
    )]
    TooFewGroups {
        /// Groups there are.
        groups: usize,
        /// Splits to be filled.
        splits: usize,
    },
    /// A split that gets nothing, because groups that stay have left nothing for it.
    #[error(
        "split `{split}` would be empty, because all groups but `{free}` stay where they were; hint: take other shares or another seed"
    )]
    NothingLeft {
        /// Number of the split.
        split: usize,
        /// Groups that could be given out.
        free: usize,
    },
}

/// Pairs of the rows of buckets, each once, ascending. Cost: the square of the size of a bucket, up to [`BUCKET`] rows;
/// beyond that linear.
fn pairs_of<'a>(buckets: impl Iterator<Item = &'a Vec<usize>>) -> BTreeSet<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    for bucket in buckets {
        for (at, &second) in bucket.iter().enumerate() {
            for &first in bucket.iter().take(at.min(BUCKET)) {
                pairs.insert((first.min(second), first.max(second)));
            }
        }
    }
    pairs
}

/// Every pair of so many rows.
fn all_pairs(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |first| (first + 1..rows).map(move |second| (first, second)))
}

#[cfg(test)]
mod tests;
