//! Comparisons that match points by index or not at all.
//!
//! Read [`hausdorff`] and [`displacement`] first. Not here: comparisons that match in order (`dynamic`).

use super::{Point, SimilarityError, check, distance, squared};

/// Hausdorff distance: the largest distance from a point of either path to the nearest of the other; order does not
/// count.
///
/// Meters. Errors: no points, coordinates that are not finite. Cost: up to `n m`, mostly far less, as a point is given
/// up once something nearer than the result so far is found (Taha and Hanbury 2015).
pub fn hausdorff<const D: usize>(a: &[Point<D>], b: &[Point<D>]) -> Result<f64, SimilarityError> {
    check(a, b)?;
    Ok(directed(b, a, directed(a, b, 0.0)).sqrt())
}

/// The larger of `least` and the largest squared distance from a point of `a` to the nearest of `b`.
fn directed<const D: usize>(a: &[Point<D>], b: &[Point<D>], least: f64) -> f64 {
    let mut largest = least;
    // Neighbors along a path are near each other, so the search begins where the last one ended.
    let mut begin = 0;
    for x in a {
        let mut nearest = f64::INFINITY;
        let (front, back) = b.split_at(begin.min(b.len()));
        let around = back.iter().enumerate().map(|(i, y)| (front.len() + i, y));
        for (i, y) in around.chain(front.iter().enumerate()) {
            let d = squared(x, y);
            if d < nearest {
                nearest = d;
                begin = i;
                if d <= largest {
                    break;
                }
            }
        }
        largest = largest.max(nearest);
    }
    largest
}

/// Displacement errors of points matched by index, over the shorter path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Displacement {
    /// Mean distance, meters (ADE).
    pub average_meters: f64,
    /// Distance at the last matched point, meters (FDE).
    pub final_meters: f64,
    /// Largest distance, meters.
    pub largest_meters: f64,
    /// Points matched.
    pub n: usize,
}

/// Average and final displacement error of two paths sampled at the same times; what the longer one has beyond the
/// shorter is left out. Errors: as [`hausdorff`]. Cost: one pass.
pub fn displacement<const D: usize>(
    a: &[Point<D>],
    b: &[Point<D>],
) -> Result<Displacement, SimilarityError> {
    check(a, b)?;
    let (mut sum, mut last, mut largest) = (0.0, 0.0, 0.0_f64);
    for (a, b) in a.iter().zip(b) {
        last = distance(a, b);
        sum += last;
        largest = largest.max(last);
    }
    let n = a.len().min(b.len());
    Ok(Displacement {
        average_meters: sum / n as f64,
        final_meters: last,
        largest_meters: largest,
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hausdorff_as_by_definition(
            a in proptest::collection::vec([-9.0..9.0_f64, -9.0..9.0_f64], 1..20),
            b in proptest::collection::vec([-9.0..9.0_f64, -9.0..9.0_f64], 1..20),
        ) {
            let one = |a: &[Point<2>], b: &[Point<2>]| {
                a.iter()
                    .map(|x| b.iter().map(|y| distance(x, y)).fold(f64::INFINITY, f64::min))
                    .fold(0.0, f64::max)
            };
            let plain = one(&a, &b).max(one(&b, &a));
            prop_assert!((hausdorff(&a, &b).expect("defined") - plain).abs() < 1e-12);
        }
    }
}
