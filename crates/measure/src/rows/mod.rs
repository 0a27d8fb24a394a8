//! Rows of numbers of one length, and the distances between them.
//!
//! Read [`Rows`] first. Values lie column by column, so that the distance of one row to all others is one pass per column
//! over adjacent numbers.
//! Not here: what the distances are for ([`crate::drift`], [`crate::rarity`], [`crate::selection`]).

mod pairs;

pub use pairs::PairDistances;

/// Rows for one block of distances: what one block touches stays in the first cache.
const BLOCK: usize = 512;

/// Why a table of rows cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// No rows or no columns.
    #[error("the table is empty; hint: at least one row with at least one number is needed")]
    Empty,
    /// A row of another length.
    #[error(
        "row `{row}` has `{seen}` numbers where `{expected}` are needed; hint: all rows have the same columns"
    )]
    Ragged {
        /// Index of the row.
        row: usize,
        /// Numbers in it.
        seen: usize,
        /// Numbers in the first row.
        expected: usize,
    },
    /// A NaN or infinity.
    #[error(
        "row `{row}` holds a number that is not finite; hint: drop or fill such rows and count them"
    )]
    NotFinite {
        /// Index of the row.
        row: usize,
    },
    /// More pairs than can be held.
    #[error(
        "`{rows}` rows make too many pairs, `{most}` are the most; hint: draw a sample of rows, whole drives at a time"
    )]
    TooMany {
        /// Rows seen.
        rows: usize,
        /// Rows that fit.
        most: usize,
    },
}

/// Rows of numbers of one length, kept column by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    values: Vec<f64>,
    count: usize,
    columns: usize,
}

impl Rows {
    /// From a flat array, row after row. Errors: [`RowsError`]. Cost: one pass.
    pub fn from_flat(values: &[f64], columns: usize) -> Result<Self, RowsError> {
        if columns == 0 || values.is_empty() {
            return Err(RowsError::Empty);
        }
        let rows = values.len() / columns;
        if rows * columns != values.len() {
            return Err(RowsError::Ragged {
                row: rows,
                seen: values.len() - rows * columns,
                expected: columns,
            });
        }
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            return Err(RowsError::NotFinite { row: at / columns });
        }
        let mut turned = vec![0.0; values.len()];
        for (row, numbers) in values.chunks_exact(columns).enumerate() {
            for (column, x) in numbers.iter().enumerate() {
                turned[column * rows + row] = *x;
            }
        }
        Ok(Self {
            values: turned,
            count: rows,
            columns,
        })
    }

    /// From nested rows. Errors: [`RowsError`]. Cost: one pass.
    pub fn from_nested(nested: &[Vec<f64>]) -> Result<Self, RowsError> {
        let columns = nested.first().map_or(0, Vec::len);
        if let Some((row, wrong)) = nested.iter().enumerate().find(|(_, r)| r.len() != columns) {
            return Err(RowsError::Ragged {
                row,
                seen: wrong.len(),
                expected: columns,
            });
        }
        Self::from_flat(&nested.concat(), columns)
    }

    /// The rows of both, `self` first. Errors: [`RowsError::Ragged`] for other columns.
    pub fn joined(&self, other: &Self) -> Result<Self, RowsError> {
        if self.columns != other.columns {
            return Err(RowsError::Ragged {
                row: 0,
                seen: other.columns,
                expected: self.columns,
            });
        }
        let mut values = Vec::with_capacity(self.values.len() + other.values.len());
        for column in 0..self.columns {
            values.extend_from_slice(self.column(column));
            values.extend_from_slice(other.column(column));
        }
        Ok(Self {
            values,
            count: self.count + other.count,
            columns: self.columns,
        })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Never true: an empty table is an error.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One column; empty for a column that is not there.
    pub fn column(&self, column: usize) -> &[f64] {
        self.values
            .get(column * self.count..(column + 1) * self.count)
            .unwrap_or(&[])
    }

    /// One number; NaN where there is none.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.column(column).get(row).copied().unwrap_or(f64::NAN)
    }

    /// Squared Euclidean distances of row `row` to the first `out.len()` rows. Cost: `columns * out.len()`.
    pub fn squared_distances(&self, row: usize, out: &mut [f64]) {
        self.distances_from(|column| self.column(column).get(row).copied(), out);
    }

    /// Squared Euclidean distances of a point, one number per column, to the first `out.len()` rows; columns the point
    /// lacks are left out. Cost: `columns * out.len()`.
    pub fn squared_distances_to(&self, point: &[f64], out: &mut [f64]) {
        self.distances_from(|column| point.get(column).copied(), out);
    }

    fn distances_from(&self, from: impl Fn(usize) -> Option<f64>, out: &mut [f64]) {
        out.fill(0.0);
        for (block, part) in out.chunks_mut(BLOCK).enumerate() {
            let start = block * BLOCK;
            for column in 0..self.columns {
                let values = self.column(column);
                let (Some(x), Some(others)) = (from(column), values.get(start..start + part.len()))
                else {
                    continue;
                };
                for (sum, y) in part.iter_mut().zip(others) {
                    let d = x - y;
                    *sum += d * d;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_errors() {
        let rows = Rows::from_flat(&[0.0, 0.0, 3.0, 4.0, 6.0, 8.0], 2).unwrap();
        assert_eq!((rows.len(), rows.columns()), (3, 2));
        let mut out = [0.0; 3];
        rows.squared_distances(1, &mut out);
        assert_eq!(out, [25.0, 0.0, 25.0]);
        rows.squared_distances_to(&[3.0, 0.0], &mut out);
        assert_eq!(out, [9.0, 16.0, 73.0]);
        assert_eq!(rows.at(2, 1), 8.0);
        let twice = rows.joined(&rows).unwrap();
        assert_eq!((twice.len(), twice.at(5, 0)), (6, 6.0));
        assert!(Rows::from_nested(&[vec![1.0], vec![1.0, 2.0]]).is_err());
        assert!(Rows::from_flat(&[1.0, f64::NAN], 2).is_err());
        assert_eq!(Rows::from_nested(&[]), Err(RowsError::Empty));
    }
}
