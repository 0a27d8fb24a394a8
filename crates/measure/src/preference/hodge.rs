//! Log odds split into what an order explains and what goes in circles.

use super::{Pairs, PreferenceError};
use crate::stats::linear::inverse;
use serde::Serialize;

/// See [`hodge`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hodge {
    /// Pairs, smaller item first.
    pub edges: Vec<(u32, u32)>,
    /// Log odds of each, half a win added to both sides.
    pub y_logodds_plus_half: Vec<f64>,
    /// Comparisons of each.
    pub weights: Vec<f64>,
    /// Potentials by weighted least squares, mean 0.
    pub theta_ls: Vec<f64>,
    /// What they leave.
    pub residual: Vec<f64>,
    /// Share of the weighted squares that is left: 0 one order, 1 circles only.
    pub cyclicity_ratio: f64,
    /// Per triple that was compared in full, `y_ij + y_jk - y_ik`.
    pub triangle_curl: Vec<(u32, u32, u32, f64)>,
}

/// `HodgeRank` (Jiang, Lim, Yao and Ye 2011): potentials `t` that minimize `sum w (y_ij - (t_i - t_j))^2`.
///
/// Errors: [`PreferenceError::NotConnected`] where the graph of comparisons falls apart. Cost: `items^3`, and triples.
pub fn hodge(pairs: &Pairs) -> Result<Hodge, PreferenceError> {
    let n = pairs.items();
    let even = 1.0 / n as f64;
    let mut matrix = vec![even; n * n];
    let mut right = vec![0.0; n];
    let mut found = Hodge {
        edges: Vec::new(),
        y_logodds_plus_half: Vec::new(),
        weights: Vec::new(),
        theta_ls: vec![0.0; n],
        residual: Vec::new(),
        cyclicity_ratio: 0.0,
        triangle_curl: Vec::new(),
    };
    for (i, edge) in pairs.each() {
        let j = edge.other as usize;
        let y = ((edge.wins + 0.5 * edge.ties + 0.5) / (edge.losses + 0.5 * edge.ties + 0.5)).ln();
        let w = edge.wins + edge.losses + edge.ties;
        matrix[i * n + i] += w;
        matrix[j * n + j] += w;
        matrix[i * n + j] -= w;
        matrix[j * n + i] -= w;
        right[i] += w * y;
        right[j] -= w * y;
        found
            .edges
            .push((u32::try_from(i).unwrap_or(u32::MAX), edge.other));
        found.y_logodds_plus_half.push(y);
        found.weights.push(w);
    }
    let inverse = inverse(matrix, n).ok_or(PreferenceError::NotConnected { groups: 2, item: 0 })?;
    for (t, row) in found.theta_ls.iter_mut().zip(inverse.chunks_exact(n)) {
        *t = row.iter().zip(&right).map(|(a, b)| a * b).sum();
    }
    super::center(&mut found.theta_ls);
    let (mut left, mut all) = (0.0, 0.0);
    for (((i, j), y), w) in found
        .edges
        .iter()
        .zip(&found.y_logodds_plus_half)
        .zip(&found.weights)
    {
        let rest = y - (found.theta_ls[*i as usize] - found.theta_ls[*j as usize]);
        left += w * rest * rest;
        all += w * y * y;
        found.residual.push(rest);
    }
    found.cyclicity_ratio = if all > 0.0 { left / all } else { 0.0 };
    found.triangle_curl = curls(&found.edges, &found.y_logodds_plus_half);
    Ok(found)
}

fn curls(edges: &[(u32, u32)], y: &[f64]) -> Vec<(u32, u32, u32, f64)> {
    let of = |i: u32, j: u32| {
        let at = edges.binary_search(&(i, j)).ok()?;
        y.get(at).copied()
    };
    let mut found = Vec::new();
    for ((i, j), first) in edges.iter().zip(y) {
        let start = edges.partition_point(|e| e.0 < *j);
        for (at, (from, k)) in edges.iter().enumerate().skip(start) {
            if from != j {
                break;
            }
            if let Some(outer) = of(*i, *k) {
                found.push((*i, *j, *k, first + y[at] - outer));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_leaves_little_and_a_circle_all() {
        let circle = [0.0, 9.0, 1.0, 1.0, 0.0, 9.0, 9.0, 1.0, 0.0];
        let found = hodge(&Pairs::from_wins(&circle, 3).unwrap()).unwrap();
        assert!((found.cyclicity_ratio - 1.0).abs() < 1e-12);
        assert_eq!(found.triangle_curl.len(), 1);
        let order = [0.0, 9.0, 9.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0];
        let found = hodge(&Pairs::from_wins(&order, 3).unwrap()).unwrap();
        assert!(found.cyclicity_ratio < 1e-12);
    }
}
