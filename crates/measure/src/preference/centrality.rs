//! Scores of other programs, to be compared with: rank centrality, Elo, `PageRank`.

use super::{Comparisons, Outcome, Pairs, PreferenceError, center};
use crate::stats::linear::solve;

/// Rank centrality (Negahban, Oh and Shah 2017): log of the stationary shares of a walk that goes from the loser to the
/// winner by the share of wins, mean 0, as choix has it. Ties count half.
///
/// Errors: [`PreferenceError::NotConnected`]. Cost: `items^3 / 3`.
pub fn rank_centrality(pairs: &Pairs) -> Result<Vec<f64>, PreferenceError> {
    pairs.connected()?;
    let n = pairs.items();
    // Balance: what leaves an item is what arrives; the last equation is replaced by a sum of 1.
    let mut matrix = vec![0.0; n * n];
    for (i, edge) in pairs.each() {
        let j = edge.other as usize;
        let all = edge.wins + edge.losses + edge.ties;
        let to_j = (edge.losses + 0.5 * edge.ties) / all;
        let to_i = (edge.wins + 0.5 * edge.ties) / all;
        matrix[j * n + i] += to_j;
        matrix[i * n + i] -= to_j;
        matrix[i * n + j] += to_i;
        matrix[j * n + j] -= to_i;
    }
    matrix[(n - 1) * n..].fill(1.0);
    let mut right = vec![0.0; n];
    right[n - 1] = 1.0;
    let shares =
        solve(matrix, n, right).ok_or(PreferenceError::NotConnected { groups: 2, item: 0 })?;
    let mut logs: Vec<f64> = shares.iter().map(|s| s.ln()).collect();
    center(&mut logs);
    Ok(logs)
}

/// Elo 1978: ratings after all comparisons in their order, from `initial`, with the step `k` and 400 points per power of
/// ten of the odds. Depends on the order: a rating of what came last, not an estimate.
///
/// Errors: [`PreferenceError`]. Cost: one pass.
pub fn elo(
    comparisons: &Comparisons<'_>,
    initial: f64,
    k: f64,
) -> Result<Vec<f64>, PreferenceError> {
    comparisons.check()?;
    let mut ratings = vec![initial; comparisons.items];
    for (index, (a, b)) in comparisons.left.iter().zip(comparisons.right).enumerate() {
        let (a, b) = (*a as usize, *b as usize);
        let expected = 1.0 / (1.0 + 10_f64.powf((ratings[b] - ratings[a]) / 400.0));
        let won = match comparisons.outcome(index) {
            Outcome::Left => 1.0,
            Outcome::Right => 0.0,
            Outcome::Tie => 0.5,
        };
        let step = k * comparisons.weight(index) * (won - expected);
        ratings[a] += step;
        ratings[b] -= step;
    }
    Ok(ratings)
}

/// Shares of a walk that goes from losers to winners by wins (ties half either way) with probability `damping` and
/// anywhere otherwise (Page and others 1998), from items without losses anywhere too.
///
/// Errors: [`PreferenceError::BadOption`] for a damping outside (0, 1), [`PreferenceError::NotConverged`].
pub fn page_rank(pairs: &Pairs, damping: f64) -> Result<Vec<f64>, PreferenceError> {
    if !(damping > 0.0 && damping < 1.0) {
        return Err(PreferenceError::BadOption {
            name: "damping",
            value: damping,
            hint: "between 0 and 1",
        });
    }
    let n = pairs.items();
    let out: Vec<f64> = (0..n)
        .map(|i| pairs.of(i).iter().map(|e| e.losses + 0.5 * e.ties).sum())
        .collect();
    let mut shares = vec![1.0 / n as f64; n];
    let most = 10_000;
    let mut change = f64::INFINITY;
    for _ in 0..most {
        let idle: f64 = (0..n).filter(|i| out[*i] == 0.0).map(|i| shares[i]).sum();
        let base = (1.0 - damping + damping * idle) / n as f64;
        let next: Vec<f64> = (0..n)
            .map(|i| {
                let inflow: f64 = pairs
                    .of(i)
                    .iter()
                    .filter(|e| out[e.other as usize] > 0.0)
                    .map(|e| {
                        let j = e.other as usize;
                        shares[j] * (e.wins + 0.5 * e.ties) / out[j]
                    })
                    .sum();
                base + damping * inflow
            })
            .collect();
        change = next
            .iter()
            .zip(&shares)
            .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        shares = next;
        if change < 1e-14 {
            return Ok(shares);
        }
    }
    Err(PreferenceError::NotConverged {
        iterations: most,
        change,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_items() {
        let pairs = Pairs::from_wins(&[0.0, 6.0, 2.0, 0.0], 2).unwrap();
        let found = rank_centrality(&pairs).unwrap();
        assert!((found[0] - found[1] - 3.0_f64.ln()).abs() < 1e-12);
        let shares = page_rank(&pairs, 0.85).unwrap();
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-12);
        assert!(page_rank(&pairs, 1.0).is_err());
    }
}
