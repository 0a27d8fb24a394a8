//! Which clips are unlike everything in the archive?

use super::RarityError;
use crate::rows::Rows;
use crate::stats::quantile;
use serde::Serialize;

/// See [`novelty`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Novelty {
    /// Distance above which a clip is new.
    pub threshold: f64,
    /// Distance of each new row to the nearest of the archive.
    pub distance: Vec<f64>,
    /// Whether it is above the threshold.
    pub is_new: Vec<bool>,
}

/// A clip is new if its nearest neighbor in the archive is farther than the `level` quantile of the distances inside the
/// archive, each archived row against those of other groups (drives) only: neighbors in time would make everything look
/// known, and so everything else new.
///
/// Errors: [`RarityError::TooFew`] for an archive of one group, [`RarityError::Mismatch`] for other columns or groups,
/// [`RarityError::Stats`] for a level outside 0 to 1. Cost: archive squared, and archive times new rows.
pub fn novelty(
    archive: &Rows,
    groups: &[u32],
    new: &Rows,
    level: f64,
) -> Result<Novelty, RarityError> {
    let n = archive.len();
    if groups.len() != n {
        return Err(RarityError::Mismatch {
            row: 0,
            seen: groups.len(),
            expected: n,
        });
    }
    if new.columns() != archive.columns() {
        return Err(RarityError::Mismatch {
            row: 0,
            seen: new.columns(),
            expected: archive.columns(),
        });
    }
    if groups.iter().all(|g| Some(g) == groups.first()) {
        return Err(RarityError::TooFew { rows: 1, needed: 1 });
    }
    let mut squares = vec![0.0; n];
    let mut inside = Vec::with_capacity(n);
    for (row, own) in groups.iter().enumerate() {
        archive.squared_distances(row, &mut squares);
        let others = squares.iter().zip(groups).filter(|(_, g)| *g != own);
        inside.push(others.fold(f64::INFINITY, |m, (d, _)| m.min(*d)).sqrt());
    }
    let threshold = quantile(&mut inside, level)?;
    let both = archive.joined(new)?;
    let distance: Vec<f64> = (n..both.len())
        .map(|row| {
            both.squared_distances(row, &mut squares);
            squares.iter().fold(f64::INFINITY, |m, d| m.min(*d)).sqrt()
        })
        .collect();
    Ok(Novelty {
        is_new: distance.iter().map(|d| *d > threshold).collect(),
        threshold,
        distance,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn a_drive_like_the_others_is_known() {
        let mut random = SplitMix::new(8);
        let mut drive = |at: f64| -> Vec<f64> {
            let (x, y) = (random.unit() + at, random.unit() + at);
            (0..20).flat_map(|i| [x + 1e-3 * f64::from(i), y]).collect()
        };
        let archive: Vec<f64> = (0..60).flat_map(|_| drive(0.0)).collect();
        let groups: Vec<u32> = (0..1200).map(|i| i / 20).collect();
        let archive = Rows::from_flat(&archive, 2).unwrap();
        let (known, odd) = (
            Rows::from_flat(&drive(0.0), 2).unwrap(),
            Rows::from_flat(&drive(3.0), 2).unwrap(),
        );
        let test = |rows| novelty(&archive, &groups, rows, 0.99).unwrap();
        assert!(test(&known).is_new.iter().all(|n| !n));
        assert!(test(&odd).is_new.iter().all(|n| *n));
        assert!(novelty(&archive, &[0; 1200], &odd, 0.99).is_err());
    }
}
