//! Comparisons that match points in order: warping, Frechet, common subsequence, edits.
//!
//! Read [`dtw`] first; all keep one row of the table. Not here: comparisons without order (`pointwise`).

use super::{Point, SimilarityError, check, check_threshold, distance, squared};

/// Fills a table `n x m` row by row in place and gives its last entry. `cell(i, j, above_left, above, left)` is called
/// for the columns `columns(i)` allows; entries outside are `outside`, and so is everything before the first row and
/// column but `corner`.
fn table(
    (n, m): (usize, usize),
    columns: impl Fn(usize) -> (usize, usize),
    [corner, outside]: [f64; 2],
    mut cell: impl FnMut((usize, usize), [f64; 3]) -> f64,
) -> f64 {
    // Entry 0 stands before the first column.
    let mut row = vec![outside; m + 1];
    if let Some(first) = row.first_mut() {
        *first = corner;
    }
    for i in 0..n {
        let (from, to) = columns(i);
        let (from, to) = (from.min(m), to.min(m));
        // What was left of the band in the row above is of no more use.
        let mut above_left = row.get(from).copied().unwrap_or(outside);
        row.iter_mut().take(from + 1).for_each(|x| *x = outside);
        let mut left = outside;
        for (j, slot) in row.iter_mut().enumerate().take(to + 1).skip(from + 1) {
            let above = *slot;
            left = cell((i, j - 1), [above_left, above, left]);
            *slot = left;
            above_left = above;
        }
        row.iter_mut().skip(to + 1).for_each(|x| *x = outside);
    }
    row.last().copied().unwrap_or(outside)
}

fn at<const D: usize>(a: &[Point<D>], b: &[Point<D>], (i, j): (usize, usize)) -> f64 {
    match (a.get(i), b.get(j)) {
        (Some(a), Some(b)) => squared(a, b),
        _ => f64::INFINITY,
    }
}

/// Dynamic time warping: the least sum of distances over matchings in order (Sakoe and Chiba 1978, symmetric, not
/// normalized). `window` allows indices that differ by at most so many samples, or by the difference of the lengths
/// where that is more, so that a matching always exists.
///
/// Meters. Errors: no points, coordinates that are not finite. Cost: `n m`, or `n window`; memory one row.
pub fn dtw<const D: usize>(
    a: &[Point<D>],
    b: &[Point<D>],
    window: Option<usize>,
) -> Result<f64, SimilarityError> {
    check(a, b)?;
    let width = window.map(|w| w.max(a.len().abs_diff(b.len())));
    let columns = |i: usize| match width {
        Some(w) => (i.saturating_sub(w), i.saturating_add(w).saturating_add(1)),
        None => (0, b.len()),
    };
    let size = (a.len(), b.len());
    Ok(table(
        size,
        columns,
        [0.0, f64::INFINITY],
        |place, [d, u, l]| at(a, b, place).sqrt() + d.min(u).min(l),
    ))
}

/// Discrete Frechet distance: the least longest leash of two walkers that never turn back, stepping from point to
/// point (Eiter and Mannila 1994).
///
/// Meters. Errors and cost: as [`dtw`].
pub fn frechet<const D: usize>(a: &[Point<D>], b: &[Point<D>]) -> Result<f64, SimilarityError> {
    check(a, b)?;
    let whole = |_| (0, b.len());
    let size = (a.len(), b.len());
    // Squares keep the order, so one root at the end will do.
    let longest = table(size, whole, [0.0, f64::INFINITY], |place, [d, u, l]| {
        at(a, b, place).max(d.min(u).min(l))
    });
    Ok(longest.sqrt())
}

/// Longest common subsequence of points no further apart than `threshold_meters`, as a share of the shorter path
/// (Vlachos, Kollios and Gunopulos 2002, with Euclidean distance and no bound on time).
///
/// 0 to 1. Errors: as [`dtw`], and a threshold below 0. Cost: `n m`.
pub fn lcss<const D: usize>(
    a: &[Point<D>],
    b: &[Point<D>],
    threshold_meters: f64,
) -> Result<f64, SimilarityError> {
    check(a, b)?;
    check_threshold(threshold_meters)?;
    let size = (a.len(), b.len());
    let longest = table(
        size,
        |_| (0, b.len()),
        [0.0, 0.0],
        |place, [d, u, l]| {
            if at(a, b, place).sqrt() <= threshold_meters {
                d + 1.0
            } else {
                u.max(l)
            }
        },
    );
    Ok(longest / a.len().min(b.len()) as f64)
}

/// Edit distance on real sequences: insertions, deletions and replacements of points further apart than
/// `threshold_meters` (Chen, Ozsu and Oria 2005).
///
/// A count. Errors and cost: as [`lcss`].
pub fn edr<const D: usize>(
    a: &[Point<D>],
    b: &[Point<D>],
    threshold_meters: f64,
) -> Result<f64, SimilarityError> {
    check(a, b)?;
    check_threshold(threshold_meters)?;
    // The border of the table counts insertions and deletions, so this one has its own loop.
    let mut row: Vec<f64> = (0..=b.len()).map(|j| j as f64).collect();
    for (i, x) in a.iter().enumerate() {
        let mut above_left = i as f64;
        let mut left = above_left + 1.0;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, y) in row.iter_mut().skip(1).zip(b) {
            let above = *slot;
            let replace = f64::from(distance(x, y) > threshold_meters);
            left = (above_left + replace).min(above + 1.0).min(left + 1.0);
            *slot = left;
            above_left = above;
        }
    }
    Ok(row.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::hausdorff;
    use super::*;
    use proptest::prelude::*;

    fn paths() -> impl Strategy<Value = Vec<Point<2>>> {
        proptest::collection::vec([-9.0..9.0_f64, -9.0..9.0_f64], 1..14)
    }

    fn turned(path: &[Point<2>], angle: f64) -> Vec<Point<2>> {
        let (s, c) = angle.sin_cos();
        path.iter()
            .map(|[x, y]| [c * x - s * y + 5.0, s * x + c * y - 3.0])
            .collect()
    }

    /// The least cost over all matchings, one by one.
    fn by_recursion(a: &[Point<2>], b: &[Point<2>], join: &dyn Fn(f64, f64) -> f64) -> f64 {
        let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_last(), b.split_last()) else {
            return f64::INFINITY;
        };
        let here = distance(x, y);
        if rest_a.is_empty() && rest_b.is_empty() {
            return here;
        }
        let before = by_recursion(rest_a, rest_b, join)
            .min(by_recursion(a, rest_b, join))
            .min(by_recursion(rest_a, b, join));
        join(before, here)
    }

    proptest! {
        #[test]
        fn laws(a in paths(), b in paths(), angle in -3.0..3.0_f64, w in 0_usize..14, eps in 0.0..6.0_f64) {
            let near = |x: f64, y: f64| (x - y).abs() < 1e-9 * (1.0 + x.abs());
            let (ra, rb) = (turned(&a, angle), turned(&b, angle));
            let whole = dtw(&a, &b, None).expect("defined");
            prop_assert!(near(whole, dtw(&b, &a, None).expect("defined")));
            prop_assert!(near(whole, dtw(&ra, &rb, None).expect("defined")));
            prop_assert_eq!(dtw(&a, &a, Some(0)).expect("defined"), 0.0);
            let banded = dtw(&a, &b, Some(w)).expect("defined");
            prop_assert!(banded >= whole - 1e-9 && banded.is_finite());
            prop_assert!(dtw(&a, &b, Some(w + 1)).expect("defined") <= banded + 1e-9);
            let leash = frechet(&a, &b).expect("defined");
            prop_assert!(near(leash, frechet(&b, &a).expect("defined")));
            prop_assert!(near(leash, frechet(&ra, &rb).expect("defined")));
            prop_assert!(hausdorff(&a, &b).expect("defined") <= leash + 1e-9);
            prop_assert!(leash <= whole + 1e-9);
            let common = lcss(&a, &b, eps).expect("defined");
            prop_assert!(near(common, lcss(&b, &a, eps).expect("defined")));
            prop_assert!(lcss(&a, &b, eps + 1.0).expect("defined") >= common);
            prop_assert_eq!(lcss(&a, &a, 0.0).expect("defined"), 1.0);
            let edits = edr(&a, &b, eps).expect("defined");
            prop_assert_eq!(edits, edr(&b, &a, eps).expect("defined"));
            prop_assert!(edits <= a.len().max(b.len()) as f64);
            prop_assert!(edits >= a.len().abs_diff(b.len()) as f64);
            prop_assert_eq!(edr(&a, &a, 0.0).expect("defined"), 0.0);
        }

        #[test]
        fn as_by_definition(
            a in proptest::collection::vec([-9.0..9.0_f64, -9.0..9.0_f64], 1..6),
            b in proptest::collection::vec([-9.0..9.0_f64, -9.0..9.0_f64], 1..6),
        ) {
            let sum = by_recursion(&a, &b, &|x, y| x + y);
            prop_assert!((dtw(&a, &b, None).expect("defined") - sum).abs() < 1e-9);
            let most = by_recursion(&a, &b, &f64::max);
            prop_assert!((frechet(&a, &b).expect("defined") - most).abs() < 1e-9);
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let none: [Point<2>; 0] = [];
        assert_eq!(
            dtw(&none, &[[0.0, 0.0]], None),
            Err(SimilarityError::Empty { path: "A" })
        );
        let bad = [[0.0, f64::NAN]];
        assert!(matches!(
            frechet(&[[0.0, 0.0]], &bad),
            Err(SimilarityError::NotFinite {
                path: "B",
                index: 0
            })
        ));
        assert!(lcss(&[[0.0, 0.0]], &[[0.0, 0.0]], f64::NAN).is_err());
    }
}
