//! Distance from the median in robust standard deviations.

use super::RarityError;
use crate::rows::Rows;
use crate::stats::median_abs_deviation;
use serde::Serialize;

/// See [`robust_z`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobustZ {
    /// Median per column.
    pub median: Vec<f64>,
    /// 1.4826 times the median absolute deviation per column.
    pub mad_sigma: Vec<f64>,
    /// Per row the largest `|x - median| / mad_sigma` over the columns.
    pub max_abs_z: Vec<f64>,
    /// Per row the column in which it is reached.
    pub column: Vec<usize>,
}

/// Largest robust z of each row: the first line of every search for the odd, because it says which number is odd.
///
/// Errors: [`RarityError::NoSpread`] for a column of which half is one value. Cost: two selections per column.
pub fn robust_z(rows: &Rows) -> Result<RobustZ, RarityError> {
    let mut found = RobustZ {
        median: Vec::with_capacity(rows.columns()),
        mad_sigma: Vec::with_capacity(rows.columns()),
        max_abs_z: vec![0.0; rows.len()],
        column: vec![0; rows.len()],
    };
    for column in 0..rows.columns() {
        let values = rows.column(column);
        let spread = median_abs_deviation(&mut values.to_vec())?;
        let sigma = spread.mad * crate::stats::MAD_TO_SIGMA;
        if sigma <= 0.0 {
            return Err(RarityError::NoSpread { column });
        }
        let best = found.max_abs_z.iter_mut().zip(&mut found.column);
        for (x, (z, at)) in values.iter().zip(best) {
            let own = (x - spread.median).abs() / sigma;
            if own > *z {
                (*z, *at) = (own, column);
            }
        }
        found.median.push(spread.median);
        found.mad_sigma.push(sigma);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_number_is_named() {
        let rows = Rows::from_flat(&[1.0, 5.0, 2.0, 6.0, 3.0, 40.0, 4.0, 8.0], 2).unwrap();
        let found = robust_z(&rows).unwrap();
        assert_eq!(found.column[2], 1);
        assert!(found.max_abs_z[2] > 10.0);
        let flat = Rows::from_flat(&[1.0, 1.0, 1.0, 2.0], 1).unwrap();
        assert_eq!(robust_z(&flat), Err(RarityError::NoSpread { column: 0 }));
    }
}
