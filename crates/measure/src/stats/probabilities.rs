//! Rows of class probabilities, and the functions by which models make them.
//!
//! Read [`row_fault`] first. Not here: what is decided from them ([`crate::confidence`], [`crate::selection`]).

use super::Sum;

/// How far the sum of a row may be from 1: single precision, and values rounded in files.
pub(crate) const SUM_TOLERANCE: f64 = 1e-2;

/// What is wrong with a row of probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RowFault {
    /// A number outside 0 to 1.
    Value(f64),
    /// They do not sum to 1.
    Sum(f64),
}

/// The first row that is no distribution over `classes`, and why. `p` has row after row. Cost: one pass.
pub(crate) fn row_fault(p: &[f64], classes: usize) -> Option<(usize, RowFault)> {
    let is_fine = |row: &[f64]| {
        let (mut sum, mut fine) = (0.0, true);
        for &x in row {
            fine &= (0.0..=1.0).contains(&x);
            sum += x;
        }
        fine && (sum - 1.0).abs() <= SUM_TOLERANCE
    };
    let mut rows = p.chunks_exact(classes).enumerate();
    let (index, row) = rows.find(|(_, row)| !is_fine(row))?;
    let outside = row.iter().find(|x| !(0.0..=1.0).contains(*x));
    let fault = match outside {
        Some(&value) => RowFault::Value(value),
        None => RowFault::Sum(row.iter().sum()),
    };
    Some((index, fault))
}

/// Place and value of the first largest number of a row; 0 and NaN of an empty one.
pub(crate) fn largest(row: &[f64]) -> (usize, f64) {
    let first = row.first().copied().unwrap_or(f64::NAN);
    let rest = row.iter().copied().enumerate().skip(1);
    rest.fold(
        (0, first),
        |best, (i, x)| if x > best.1 { (i, x) } else { best },
    )
}

/// `-sum p ln p`, nats; 0 for a certain label. Cost: one pass.
pub fn entropy(p: &[f64]) -> f64 {
    let mut sum = Sum::default();
    for &x in p.iter().filter(|x| **x > 0.0) {
        sum.add(-x * x.ln());
    }
    sum.value()
}

/// `1 / (1 + e^-x)` without overflow.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// `ln(1 + e^x)` without overflow.
pub(crate) fn soft_plus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_rows() {
        assert_eq!(row_fault(&[0.5, 0.5, 1.0, 0.0], 2), None);
        let found = row_fault(&[0.5, 0.5, 1.5, -0.5], 2);
        assert_eq!(found, Some((1, RowFault::Value(1.5))));
        assert_eq!(row_fault(&[0.5, 0.6], 2), Some((0, RowFault::Sum(1.1))));
        assert!(row_fault(&[f64::NAN, 1.0], 2).is_some());
        // What single precision and three written digits leave.
        assert_eq!(row_fault(&[0.333, 0.333, 0.333], 3), None);
    }

    #[test]
    fn far_arguments_do_not_overflow() {
        assert_eq!((logistic(-800.0), logistic(800.0)), (0.0, 1.0));
        assert_eq!((soft_plus(-800.0), soft_plus(800.0)), (0.0, 800.0));
        assert!((logistic(0.3) + logistic(-0.3) - 1.0).abs() < 1e-15);
        assert_eq!(
            (entropy(&[1.0, 0.0]), entropy(&[0.5; 2])),
            (0.0, 2.0_f64.ln())
        );
        assert_eq!(largest(&[0.2, 0.4, 0.4]), (1, 0.4));
    }
}
