//! Isolation forest: what random cuts separate quickly is rare.

use super::RarityError;
use crate::rows::Rows;
use crate::stats::SplitMix;
use serde::{Deserialize, Serialize};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Average path of an unsuccessful search in a binary tree of `n` values: `2 (ln(n-1) + gamma) - 2 (n-1)/n`; 1 for two,
/// 0 for fewer (Liu, Ting and Zhou 2008, equation 1).
pub fn average_path(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = n as f64;
            2.0 * ((n - 1.0).ln() + EULER) - 2.0 * (n - 1.0) / n
        }
    }
}

/// `2^(-mean_path / c(n))`: near 1 rare, 0.5 like the others. None for fewer than two values.
pub fn isolation_score(mean_path: f64, n: usize) -> Option<f64> {
    let c = average_path(n);
    (c > 0.0).then(|| (-mean_path / c).exp2())
}

/// How the forest is grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestOptions {
    /// Trees.
    pub trees: usize,
    /// Rows per tree, drawn without repetition.
    pub sample: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            trees: 100,
            sample: 256,
            seed: 1,
        }
    }
}

/// A node: a cut, or a leaf with how many rows ended in it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Cut {
        column: usize,
        at: f64,
        /// The nodes below and not below the cut.
        children: [u32; 2],
    },
    Leaf {
        path: f64,
    },
}

/// A grown forest (Liu, Ting and Zhou 2008): the same for the same seed.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolationForest {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    sample: usize,
    columns: usize,
}

impl IsolationForest {
    /// Grows trees on samples of the rows, to a depth of `log2` of the sample.
    ///
    /// Errors: [`RarityError::TooFew`] below two rows, [`RarityError::BadOption`] without trees.
    /// Cost: `trees sample log2(sample)`.
    pub fn grow(rows: &Rows, options: ForestOptions) -> Result<Self, RarityError> {
        let sample = options.sample.min(rows.len());
        if sample < 2 {
            return Err(RarityError::TooFew {
                rows: rows.len(),
                needed: 1,
            });
        }
        if options.trees == 0 {
            return Err(RarityError::BadOption {
                name: "trees",
                value: 0.0,
            });
        }
        let mut forest = Self {
            nodes: Vec::new(),
            roots: Vec::with_capacity(options.trees),
            sample,
            columns: rows.columns(),
        };
        let mut random = SplitMix::new(options.seed);
        let mut order: Vec<u32> = (0..rows.len())
            .filter_map(|i| u32::try_from(i).ok())
            .collect();
        let depth = sample.next_power_of_two().ilog2();
        for _ in 0..options.trees {
            for i in 0..sample {
                let other = i + random.below(order.len() - i);
                order.swap(i, other);
            }
            let root = forest.branch(rows, &mut order[..sample], depth, &mut random);
            forest.roots.push(root);
        }
        Ok(forest)
    }

    fn branch(
        &mut self,
        rows: &Rows,
        members: &mut [u32],
        depth: u32,
        random: &mut SplitMix,
    ) -> u32 {
        let here = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node::Leaf {
            path: average_path(members.len()),
        });
        if depth == 0 || members.len() < 2 {
            return here;
        }
        // Only columns that differ can be cut.
        let ranges: Vec<(usize, f64, f64)> = (0..rows.columns())
            .filter_map(|column| {
                let values = rows.column(column);
                let (low, high) = members
                    .iter()
                    .map(|m| values[*m as usize])
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
                        (a.min(x), b.max(x))
                    });
                (low < high).then_some((column, low, high))
            })
            .collect();
        if ranges.is_empty() {
            return here;
        }
        let (column, low, high) = ranges[random.below(ranges.len())];
        // In (low, high], so that both sides hold something.
        let at = high - random.unit() * (high - low);
        let values = rows.column(column);
        let mut below = 0;
        for i in 0..members.len() {
            if values[members[i] as usize] < at {
                members.swap(i, below);
                below += 1;
            }
        }
        let (left, right) = members.split_at_mut(below);
        let children = [
            self.branch(rows, left, depth - 1, random),
            self.branch(rows, right, depth - 1, random),
        ];
        self.nodes[here as usize] = Node::Cut {
            column,
            at,
            children,
        };
        here
    }

    /// Score of every row: from 0.6 on worth a look. Errors: [`RarityError::Mismatch`] for other columns.
    /// Cost: trees times depth per row.
    pub fn scores(&self, rows: &Rows) -> Result<Vec<f64>, RarityError> {
        if rows.columns() != self.columns {
            return Err(RarityError::Mismatch {
                row: 0,
                seen: rows.columns(),
                expected: self.columns,
            });
        }
        Ok((0..rows.len())
            .map(|row| {
                let sum: f64 = self
                    .roots
                    .iter()
                    .map(|root| self.path(*root, rows, row))
                    .sum();
                let mean = sum / self.roots.len() as f64;
                isolation_score(mean, self.sample).unwrap_or(0.5)
            })
            .collect())
    }

    fn path(&self, root: u32, rows: &Rows, row: usize) -> f64 {
        let (mut at_node, mut depth) = (root, 0.0);
        while let Some(node) = self.nodes.get(at_node as usize) {
            match node {
                Node::Leaf { path } => return depth + path,
                Node::Cut {
                    column,
                    at,
                    children,
                } => {
                    at_node = children[usize::from(rows.at(row, *column) >= *at)];
                    depth += 1.0;
                }
            }
        }
        depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_row_scores_highest_and_a_seed_repeats() {
        let mut random = SplitMix::new(1);
        let mut values: Vec<f64> = (0..400).map(|_| random.unit()).collect();
        values.extend([4.0, -3.0]);
        let rows = Rows::from_flat(&values, 2).unwrap();
        let forest = IsolationForest::grow(&rows, ForestOptions::default()).unwrap();
        let scores = forest.scores(&rows).unwrap();
        let best = (0..201).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        assert_eq!(best, Some(200));
        assert!(scores[200] > 0.7);
        let again = IsolationForest::grow(&rows, ForestOptions::default()).unwrap();
        assert_eq!(forest, again);
        let same = Rows::from_flat(&[1.0; 8], 1).unwrap();
        let flat = IsolationForest::grow(&same, ForestOptions::default()).unwrap();
        assert!(
            flat.scores(&same)
                .unwrap()
                .iter()
                .all(|s| (*s - 0.5).abs() < 1e-12)
        );
    }
}
