//! Coverage weighted by what the field holds.

use super::CoverageError;
use crate::stats::{Estimate, Resampling, bootstrap};
use serde::Serialize;

/// Share of the field that a data set covers; see [`weighted_coverage`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightedCoverage {
    /// Share of what the field drives that lies in cells the data set covers, with a bootstrap over field units.
    pub coverage: Estimate,
    /// Cells of the field that are covered, each counting once.
    pub cells_covered: usize,
    /// Cells of the field.
    pub cells: usize,
    /// Cells of the field that are not covered, most frequent first: cell and its share of the field.
    pub missing: Vec<(u32, f64)>,
}

/// `sum p_field(cell) [n_train(cell) >= least]`: cells of the field by `(unit, cell)`, one entry per instance, and how
/// many independent units of the data set lie in each cell (by the cell's code; cells beyond the list have none).
///
/// The interval draws whole field units again, because instances of one drive are alike. Errors: [`CoverageError::Empty`].
/// Cost: one sort, and one pass per resample.
pub fn weighted_coverage(
    field: &[(u32, u32)],
    train: &[u64],
    least: u64,
    how: Resampling,
) -> Result<WeightedCoverage, CoverageError> {
    if field.is_empty() {
        return Err(CoverageError::Empty);
    }
    let is_covered = |cell: u32| {
        usize::try_from(cell)
            .ok()
            .and_then(|at| train.get(at))
            .is_some_and(|n| *n >= least)
    };
    let mut sorted = field.to_vec();
    sorted.sort_unstable();
    let units: Vec<[f64; 2]> = sorted
        .chunk_by(|a, b| a.0 == b.0)
        .map(|run| {
            let inside = run.iter().filter(|(_, cell)| is_covered(*cell)).count();
            [inside as f64, run.len() as f64]
        })
        .collect();
    let share = |drawn: &mut dyn Iterator<Item = usize>| {
        let (inside, all) = drawn.fold((0.0, 0.0), |(a, b), unit| {
            (a + units[unit][0], b + units[unit][1])
        });
        inside / all
    };
    let interval = bootstrap(units.len(), how, |drawn| {
        Some(share(&mut drawn.iter().copied()))
    });
    let mut cells: Vec<u32> = field.iter().map(|(_, cell)| *cell).collect();
    cells.sort_unstable();
    let runs: Vec<(u32, f64)> = cells
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len() as f64 / field.len() as f64))
        .collect();
    let mut missing: Vec<(u32, f64)> = runs
        .iter()
        .filter(|(cell, _)| !is_covered(*cell))
        .copied()
        .collect();
    missing.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Ok(WeightedCoverage {
        coverage: Estimate::with(share(&mut (0..units.len())), interval, units.len()),
        cells_covered: runs.len() - missing.len(),
        cells: runs.len(),
        missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_driven_often_counts_most() {
        let field: Vec<(u32, u32)> = (0..100).map(|i| (i / 10, u32::from(i % 10 == 0))).collect();
        let found = weighted_coverage(&field, &[9], 5, Resampling::default()).unwrap();
        assert!((found.coverage.estimate - 0.9).abs() < 1e-12);
        assert_eq!((found.cells, found.cells_covered), (2, 1));
        assert_eq!(found.missing, [(1, 0.1)]);
        assert!(weighted_coverage(&[], &[1], 1, Resampling::default()).is_err());
    }
}
