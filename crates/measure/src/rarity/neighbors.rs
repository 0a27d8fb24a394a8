//! Distances to the nearest other rows, and density compared with theirs.

use super::RarityError;
use crate::rows::Rows;
use serde::Serialize;

/// Keeps a density finite where neighbors coincide, as scikit-learn does.
const TINY: f64 = 1e-10;

/// See [`neighbors`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbors {
    /// Distance to the k-th nearest other row.
    pub kth_distance: Vec<f64>,
    /// Mean distance to the k nearest.
    pub mean_knn_distance: Vec<f64>,
    /// Local outlier factor: mean density of the neighbors over the own; 1 inside a cluster.
    pub lof: Vec<f64>,
    /// The k nearest of each row, nearest first, row after row.
    #[serde(skip)]
    pub nearest: Vec<u32>,
}

/// Euclidean distances to the k nearest other rows and the local outlier factor (Breunig, Kriegel, Ng and Sander 2000;
/// of equal distances the earlier row is the neighbor). Standardize columns of different units first.
///
/// Errors: [`RarityError::TooFew`] for no neighbor or as many as rows. Cost: `n^2 columns`; memory `n k`.
pub fn neighbors(rows: &Rows, k: usize) -> Result<Neighbors, RarityError> {
    let n = rows.len();
    if k == 0 || n <= k {
        return Err(RarityError::TooFew { rows: n, needed: k });
    }
    let mut nearest = Vec::with_capacity(n * k);
    let mut distances = Vec::with_capacity(n * k);
    let mut squares = vec![0.0; n];
    let mut order: Vec<(f64, u32)> = Vec::with_capacity(n);
    for row in 0..n {
        rows.squared_distances(row, &mut squares);
        order.clear();
        let others = squares.iter().copied().zip(0_u32..);
        order.extend(others.filter(|(_, at)| usize::try_from(*at) != Ok(row)));
        let by = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if k < order.len() {
            order.select_nth_unstable_by(k - 1, by);
        }
        order.truncate(k);
        order.sort_unstable_by(by);
        nearest.extend(order.iter().map(|o| o.1));
        distances.extend(order.iter().map(|o| o.0.sqrt()));
    }
    let kth_distance: Vec<f64> = distances.chunks_exact(k).map(|d| d[k - 1]).collect();
    let size = k as f64;
    let density: Vec<f64> = distances
        .chunks_exact(k)
        .zip(nearest.chunks_exact(k))
        .map(|(own, others)| {
            let reach = own
                .iter()
                .zip(others)
                .map(|(d, at)| d.max(kth_distance[*at as usize]));
            1.0 / (reach.sum::<f64>() / size + TINY)
        })
        .collect();
    let lof = nearest
        .chunks_exact(k)
        .zip(&density)
        .map(|(others, own)| {
            let sum: f64 = others.iter().map(|at| density[*at as usize] / own).sum();
            sum / size
        })
        .collect();
    Ok(Neighbors {
        mean_knn_distance: distances
            .chunks_exact(k)
            .map(|d| d.iter().sum::<f64>() / size)
            .collect(),
        kth_distance,
        lof,
        nearest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_far_one_stands_out() {
        let rows = Rows::from_flat(&[0.0, 1.0, 2.0, 3.0, 4.0, 40.0], 1).unwrap();
        let found = neighbors(&rows, 2).unwrap();
        assert_eq!(found.kth_distance, [2.0, 1.0, 1.0, 1.0, 2.0, 37.0]);
        assert_eq!(&found.nearest[10..], [4, 3]);
        assert!(found.lof[5] > 10.0 && found.lof[2] < 1.2);
        assert!(neighbors(&rows, 6).is_err());
    }
}
