//! Effective number of different things, from how alike they are.

use super::CoverageError;
use crate::rows::Rows;
use crate::stats::linear::eigenvalues;
use serde::Serialize;

/// How far a kernel may be from symmetric with ones on the diagonal.
const KERNEL_TOLERANCE: f64 = 1e-8;

/// Effective numbers of three orders; see [`vendi`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Vendi {
    /// Order 1, `exp(- sum l ln l)`: the one meant where no order is named.
    pub vs_q1: f64,
    /// Order 2, `1 / sum l^2`: rules by the common ones.
    pub vs_q2: f64,
    /// Order infinity, `1 / max l`.
    pub vs_qinf: f64,
    /// How many things.
    pub n: usize,
    /// Order 1 over `n`: below 0.1 it is a pile of near duplicates.
    pub share: f64,
}

/// Vendi score (Friedman and Dieng 2023) of a similarity kernel, row by row, `n` by `n` with ones on the diagonal:
/// Hill numbers of the eigenvalues of `K / n`. Rounding below zero counts as zero.
///
/// Errors: [`CoverageError::Mismatch`], [`CoverageError::BadKernel`], [`CoverageError::Empty`].
/// Cost: `4 n^3 / 3` operations, `n^2` numbers: seconds for 2,000 things; draw a sample above.
pub fn vendi(kernel: &[f64], n: usize) -> Result<Vendi, CoverageError> {
    if n == 0 {
        return Err(CoverageError::Empty);
    }
    if kernel.len() != n * n {
        return Err(CoverageError::Mismatch {
            seen: kernel.len(),
            expected: n * n,
            hint: "the kernel has a row and a column per thing",
        });
    }
    for row in 0..n {
        for column in 0..=row {
            let value = kernel[row * n + column];
            let other = if row == column {
                1.0
            } else {
                kernel[column * n + row]
            };
            let is_right = (value - other).abs() <= KERNEL_TOLERANCE;
            if !is_right {
                return Err(CoverageError::BadKernel { row, column, value });
            }
        }
    }
    Ok(of_eigenvalues(&eigenvalues(kernel.to_vec(), n), n))
}

/// Vendi score of the cosine kernel of rows: eigenvalues come from the smaller of the two products, so that a million
/// rows of 64 numbers cost one pass and a matrix of 64 by 64.
///
/// Errors: [`CoverageError::BadOption`] for a row of zeros, whose direction is unknown.
/// Cost: `n d min(n, d)` operations.
pub fn vendi_of_rows(rows: &Rows) -> Result<Vendi, CoverageError> {
    let (n, d) = (rows.len(), rows.columns());
    let mut squares = vec![0.0; n];
    for column in 0..d {
        for (sum, x) in squares.iter_mut().zip(rows.column(column)) {
            *sum += x * x;
        }
    }
    if let Some(row) = squares.iter().position(|s| *s <= 0.0) {
        return Err(CoverageError::BadOption {
            name: "row of zeros",
            value: row as f64,
            hint: "a row needs a direction; drop such rows and count them",
        });
    }
    let scale: Vec<f64> = squares.iter().map(|s| 1.0 / s.sqrt()).collect();
    let size = n.min(d);
    let mut product = vec![0.0; size * size];
    if d <= n {
        let columns: Vec<Vec<f64>> = (0..d)
            .map(|c| {
                rows.column(c)
                    .iter()
                    .zip(&scale)
                    .map(|(x, s)| x * s)
                    .collect()
            })
            .collect();
        for a in 0..d {
            for b in 0..=a {
                product[a * d + b] = dot(&columns[a], &columns[b]);
            }
        }
    } else {
        let turned: Vec<Vec<f64>> = (0..n)
            .map(|row| (0..d).map(|c| rows.at(row, c) * scale[row]).collect())
            .collect();
        for a in 0..n {
            for b in 0..=a {
                product[a * n + b] = dot(&turned[a], &turned[b]);
            }
        }
    }
    Ok(of_eigenvalues(&eigenvalues(product, size), n))
}

/// Sum of products in four lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (x, y) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = x
        .remainder()
        .iter()
        .zip(y.remainder())
        .map(|(p, q)| p * q)
        .sum();
    for (p, q) in x.zip(y) {
        for lane in 0..4 {
            sums[lane] += p[lane] * q[lane];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

fn of_eigenvalues(values: &[f64], n: usize) -> Vendi {
    let shares = values.iter().map(|l| (l / n as f64).max(0.0));
    let entropy: f64 = shares
        .clone()
        .filter(|l| *l > 0.0)
        .map(|l| -l * l.ln())
        .sum();
    let squares: f64 = shares.clone().map(|l| l * l).sum();
    let largest = shares.fold(0.0, f64::max);
    Vendi {
        vs_q1: entropy.exp(),
        vs_q2: 1.0 / squares,
        vs_qinf: 1.0 / largest,
        n,
        share: entropy.exp() / n as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_products_agree() {
        let values: Vec<f64> = (0..35).map(|i| f64::from(i * 7 % 11) - 4.3).collect();
        let rows = Rows::from_flat(&values, 5).unwrap();
        let small = vendi_of_rows(&rows).unwrap();
        let mut kernel = vec![0.0; 49];
        for a in 0..7 {
            for b in 0..7 {
                let (x, y) = (&values[a * 5..a * 5 + 5], &values[b * 5..b * 5 + 5]);
                kernel[a * 7 + b] = dot(x, y) / (dot(x, x) * dot(y, y)).sqrt();
            }
        }
        let full = vendi(&kernel, 7).unwrap();
        assert!((small.vs_q1 - full.vs_q1).abs() < 1e-9);
        assert!((small.vs_qinf - full.vs_qinf).abs() < 1e-9);
        let wide = Rows::from_flat(&values, 7).unwrap();
        let tall = vendi_of_rows(&wide).unwrap();
        assert!(tall.vs_q1 <= 5.0 && tall.vs_q1 >= tall.vs_q2 && tall.vs_q2 >= tall.vs_qinf);
    }

    #[test]
    fn kernels_that_are_none() {
        assert!(vendi(&[1.0, 0.5, 0.4, 1.0], 2).is_err());
        assert!(vendi(&[0.9], 1).is_err());
        assert!(vendi(&[], 0).is_err());
        assert!(vendi_of_rows(&Rows::from_flat(&[0.0, 0.0], 2).unwrap()).is_err());
    }
}
