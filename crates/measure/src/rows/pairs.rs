//! Distances of all pairs of rows.

use super::{Rows, RowsError};

/// Rows above which the triangle of pairs is refused: 1.6 GB.
const MOST_ROWS: usize = 20_000;

/// Bits of a number that choose its bin in the search for the median.
const BIN_BITS: u32 = 16;

/// The strict lower triangle of a symmetric table over pairs of rows, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct PairDistances {
    values: Vec<f64>,
    rows: usize,
}

impl PairDistances {
    /// Squared Euclidean distances of all pairs. Errors: [`RowsError::TooMany`] above 20,000 rows.
    /// Cost: `n^2 / 2` numbers and `columns` times as many operations.
    pub fn squared(rows: &Rows) -> Result<Self, RowsError> {
        let n = rows.len();
        if n > MOST_ROWS {
            return Err(RowsError::TooMany {
                rows: n,
                most: MOST_ROWS,
            });
        }
        let mut values = vec![0.0; n * n.saturating_sub(1) / 2];
        let mut rest = values.as_mut_slice();
        for row in 0..n {
            let (part, after) = rest.split_at_mut(row);
            rows.squared_distances(row, part);
            rest = after;
        }
        Ok(Self { values, rows: n })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The pairs of `row` with the rows before it.
    pub fn row(&self, row: usize) -> &[f64] {
        let start = row * row.saturating_sub(1) / 2;
        self.values.get(start..start + row).unwrap_or(&[])
    }

    /// Replaces every number by `f` of it.
    pub fn map(&mut self, f: impl Fn(f64) -> f64) {
        for x in &mut self.values {
            *x = f(*x);
        }
    }

    /// Median of the square roots, as for even counts the mean of the two in the middle; none without pairs.
    /// The numbers keep their places: a histogram over the leading bits finds the bin of the median, only that bin is
    /// sorted. Cost: two passes.
    pub fn median_root(&self) -> Option<f64> {
        let n = self.values.len();
        let low = self.ranked((n.checked_sub(1)?) / 2)?.sqrt();
        let high = self.ranked(n / 2)?.sqrt();
        Some(0.5 * (low + high))
    }

    /// The number at `rank` from 0. The numbers are not negative, so their bits are ordered as they are.
    fn ranked(&self, rank: usize) -> Option<f64> {
        let bin = |x: &f64| usize::try_from(x.to_bits() >> (64 - BIN_BITS)).unwrap_or(0);
        let mut counts = vec![0_usize; 1 << BIN_BITS];
        for x in &self.values {
            counts[bin(x)] += 1;
        }
        let mut before = 0;
        let wanted = counts.iter().position(|count| {
            before += count;
            before > rank
        })?;
        let first = before - counts[wanted];
        let mut inside: Vec<f64> = self
            .values
            .iter()
            .filter(|x| bin(x) == wanted)
            .copied()
            .collect();
        let (_, found, _) = inside.select_nth_unstable_by(rank - first, f64::total_cmp);
        Some(*found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_all_pairs() {
        let rows = Rows::from_flat(&[0.0, 1.0, 3.0, 7.0], 1).unwrap();
        let pairs = PairDistances::squared(&rows).unwrap();
        assert_eq!(pairs.row(3), [49.0, 36.0, 16.0]);
        // 1 2 3 4 6 7
        assert_eq!(pairs.median_root(), Some(3.5));
        let one = PairDistances::squared(&Rows::from_flat(&[1.0], 1).unwrap()).unwrap();
        assert_eq!(one.median_root(), None);
        assert!(one.is_empty());
    }
}
