//! Choices that cover a space of embeddings.

use super::SelectionError;
use crate::rarity::neighbors;
use crate::rows::Rows;
use serde::Serialize;

/// See [`k_center`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KCenter {
    /// Rows in the order they were chosen.
    pub selected: Vec<usize>,
    /// Distance of each to the centers before it.
    pub radius_at_pick: Vec<f64>,
    /// Largest distance of any row to its nearest center at the end.
    pub final_cover_radius: f64,
}

/// Greedy k-center (Gonzalez 1985; the core-set choice of Sener and Savarese 2018): always the row farthest from all
/// centers, of equals the first; its radius is at most twice the best possible one.
///
/// Without initial centers the first row is the first choice. Stops early where every row is a center.
/// Errors: [`SelectionError::NoSuchRow`]. Cost: one pass over the rows per center.
pub fn k_center(rows: &Rows, initial: &[usize], budget: usize) -> Result<KCenter, SelectionError> {
    let n = rows.len();
    if let Some(&row) = initial.iter().find(|row| **row >= n) {
        return Err(SelectionError::NoSuchRow { row, rows: n });
    }
    let mut nearest = vec![f64::INFINITY; n];
    let mut squares = vec![0.0; n];
    let mut take = |center: usize, nearest: &mut [f64]| {
        rows.squared_distances(center, &mut squares);
        let (mut best, mut at) = (f64::NEG_INFINITY, 0);
        for (i, (near, d)) in nearest.iter_mut().zip(&squares).enumerate() {
            if *d < *near {
                *near = *d;
            }
            if *near > best {
                (best, at) = (*near, i);
            }
        }
        (at, best)
    };
    let mut farthest = (0, f64::INFINITY);
    for center in initial {
        farthest = take(*center, &mut nearest);
    }
    let mut found = KCenter {
        selected: Vec::with_capacity(budget.min(n)),
        radius_at_pick: Vec::with_capacity(budget.min(n)),
        final_cover_radius: 0.0,
    };
    for _ in 0..budget {
        let (at, square) = farthest;
        if square <= 0.0 {
            break;
        }
        found.selected.push(at);
        found.radius_at_pick.push(square.sqrt());
        farthest = take(at, &mut nearest);
    }
    found.final_cover_radius = farthest.1.max(0.0).sqrt();
    Ok(found)
}

/// Typicality of each row, 1 over the mean distance to its k nearest others (Hacohen, Dekel and Weinshall 2022).
///
/// Infinite for a row with k copies. Errors: as [`neighbors`]. Cost: `n^2 columns`.
pub fn typicality(rows: &Rows, k: usize) -> Result<Vec<f64>, SelectionError> {
    let found = neighbors(rows, k)?;
    Ok(found.mean_knn_distance.iter().map(|d| 1.0 / d).collect())
}

/// See [`ball_cover`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BallCover {
    /// Rows in the order they were chosen.
    pub selected: Vec<usize>,
    /// Rows within the radius of a chosen one.
    pub covered: usize,
}

/// Greedy cover by balls (`ProbCover`, Yehuda and others 2022): always the row whose ball holds most rows not covered
/// yet, of equals the first.
///
/// Stops early where everything is covered. Errors: [`SelectionError::BadOption`] for a radius that is not positive.
/// Cost: `n^2 columns` once, then the pairs inside the radius.
pub fn ball_cover(rows: &Rows, radius: f64, budget: usize) -> Result<BallCover, SelectionError> {
    if !(radius > 0.0 && radius.is_finite()) {
        return Err(SelectionError::BadOption {
            name: "delta",
            value: radius,
            hint: "the radius must be positive",
        });
    }
    let n = rows.len();
    let limit = radius * radius;
    let mut squares = vec![0.0; n];
    let mut starts = Vec::with_capacity(n + 1);
    let mut inside: Vec<u32> = Vec::new();
    starts.push(0);
    for row in 0..n {
        rows.squared_distances(row, &mut squares);
        let near = squares.iter().zip(0_u32..).filter(|(d, _)| **d < limit);
        inside.extend(near.map(|(_, at)| at));
        starts.push(inside.len());
    }
    let ball = |row: usize| &inside[starts[row]..starts[row + 1]];
    let mut gain: Vec<usize> = (0..n).map(|row| ball(row).len()).collect();
    let mut is_covered = vec![false; n];
    let mut found = BallCover {
        selected: Vec::new(),
        covered: 0,
    };
    for _ in 0..budget {
        let best = (0..n).rev().max_by_key(|row| gain[*row]);
        let Some(best) = best.filter(|row| gain[*row] > 0) else {
            break;
        };
        found.selected.push(best);
        for at in ball(best) {
            let at = *at as usize;
            if !is_covered[at] {
                is_covered[at] = true;
                found.covered += 1;
                // Balls are symmetric: every row near this one loses it.
                for other in ball(at) {
                    gain[*other as usize] -= 1;
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_and_dense() {
        let rows = Rows::from_flat(&[0.0, 1.0, 1.1, 1.2, 9.0], 1).unwrap();
        let found = k_center(&rows, &[1], 10).unwrap();
        assert_eq!(found.selected, [4, 0, 3, 2]);
        assert_eq!(found.final_cover_radius, 0.0);
        assert_eq!(k_center(&rows, &[], 1).unwrap().selected, [0]);
        assert!(k_center(&rows, &[5], 1).is_err());
        let cover = ball_cover(&rows, 0.15, 9).unwrap();
        assert_eq!((cover.selected, cover.covered), (vec![2, 0, 4], 5));
        let typical = typicality(&rows, 2).unwrap();
        assert!(typical[2] > typical[1] && typical[4] < typical[0]);
    }
}
