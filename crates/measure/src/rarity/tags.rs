//! Rare tags and odd combinations of tags.

use super::RarityError;
use serde::Serialize;

/// See [`tag_rarity`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TagRarity {
    /// Per row and attribute `-ln((n_level + alpha) / (N + alpha levels))`.
    pub surprisal_nats: Vec<Vec<f64>>,
    /// Per row their sum.
    pub sum: Vec<f64>,
    /// Per row the least pointwise mutual information `ln(p(a, b) / p(a) p(b))` over pairs of its tags, all three
    /// shares smoothed by `alpha` per cell: far below 0 is an odd combination of common tags. None with a single attribute.
    pub pair_pmi: Option<Vec<f64>>,
}

/// Surprisal of each row's tags: explained, and in units that add up. Levels are codes, attribute by attribute.
///
/// Errors: [`RarityError::Mismatch`], [`RarityError::TooFew`] without rows or attributes, [`RarityError::BadOption`] for an
/// `alpha` that is not positive. Cost: rows times pairs of attributes.
pub fn tag_rarity(
    columns: &[Vec<u32>],
    levels: &[u32],
    alpha: f64,
) -> Result<TagRarity, RarityError> {
    let rows = columns.first().map_or(0, Vec::len);
    if rows == 0 {
        return Err(RarityError::TooFew { rows, needed: 0 });
    }
    if !(alpha > 0.0 && alpha.is_finite()) {
        return Err(RarityError::BadOption {
            name: "alpha",
            value: alpha,
        });
    }
    if levels.len() != columns.len() {
        return Err(RarityError::Mismatch {
            row: 0,
            seen: levels.len(),
            expected: columns.len(),
        });
    }
    for (column, count) in columns.iter().zip(levels) {
        if column.len() != rows {
            return Err(RarityError::Mismatch {
                row: rows.min(column.len()),
                seen: column.len(),
                expected: rows,
            });
        }
        if let Some(row) = column.iter().position(|l| l >= count) {
            return Err(RarityError::Mismatch {
                row,
                seen: column[row] as usize,
                expected: *count as usize,
            });
        }
    }
    let counts: Vec<Vec<f64>> = columns
        .iter()
        .zip(levels)
        .map(|(column, count)| tally(column.iter().map(|l| *l as usize), *count as usize))
        .collect();
    let n = rows as f64;
    let surprisal_nats: Vec<Vec<f64>> = (0..rows)
        .map(|row| {
            let of = |a: usize| {
                let all = n + alpha * f64::from(levels[a]);
                -((counts[a][columns[a][row] as usize] + alpha) / all).ln()
            };
            (0..columns.len()).map(of).collect()
        })
        .collect();
    Ok(TagRarity {
        sum: surprisal_nats.iter().map(|s| s.iter().sum()).collect(),
        surprisal_nats,
        pair_pmi: pairs(columns, levels, &counts, alpha),
    })
}

/// The least mutual information of each row over pairs of attributes.
fn pairs(
    columns: &[Vec<u32>],
    levels: &[u32],
    counts: &[Vec<f64>],
    alpha: f64,
) -> Option<Vec<f64>> {
    if columns.len() < 2 {
        return None;
    }
    let rows = columns[0].len();
    let n = rows as f64;
    let mut least = vec![f64::INFINITY; rows];
    for a in 0..columns.len() {
        for b in a + 1..columns.len() {
            let width = levels[b] as usize;
            let cell = |row: usize| columns[a][row] as usize * width + columns[b][row] as usize;
            let both = tally((0..rows).map(cell), levels[a] as usize * width);
            let share = |count: f64, cells: f64| (count + alpha) / (n + alpha * cells);
            let (wide, high) = (f64::from(levels[a]), f64::from(levels[b]));
            for (row, least) in least.iter_mut().enumerate() {
                let x = share(counts[a][columns[a][row] as usize], wide);
                let y = share(counts[b][columns[b][row] as usize], high);
                *least = least.min((share(both[cell(row)], wide * high) / (x * y)).ln());
            }
        }
    }
    Some(least)
}

fn tally(codes: impl Iterator<Item = usize>, size: usize) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    for code in codes {
        counts[code] += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_combinations_of_common_tags() {
        let columns = [vec![0, 0, 0, 1, 1, 1, 0], vec![0, 0, 0, 1, 1, 1, 1]];
        let found = tag_rarity(&columns, &[2, 2], 0.5).unwrap();
        let pmi = found.pair_pmi.unwrap();
        let odd = (0..7).min_by(|a, b| pmi[*a].total_cmp(&pmi[*b]));
        assert_eq!(odd, Some(6));
        assert!(tag_rarity(&columns, &[2, 1], 0.5).is_err());
        assert!(tag_rarity(&[], &[], 0.5).is_err());
        assert_eq!(tag_rarity(&columns[..1], &[2], 0.5).unwrap().pair_pmi, None);
    }
}
