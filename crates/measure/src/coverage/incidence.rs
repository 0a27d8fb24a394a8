//! Kinds from units: in how many drives, days or places was each kind seen?

use super::curve::{accumulation, beyond, expected, more_for, point};
use super::richness::{chao_jost, coverage_ratio, unseen, within_twice};
use super::{Abundance, CoverageError};
use crate::stats::Estimate;
use serde::Serialize;
use std::collections::BTreeMap;

/// In how many units each kind was seen. Frames and clips of one drive are not independent, drives nearly are: this is
/// the right form for recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incidence {
    kinds: Abundance,
    units: u64,
}

/// What incidence says about the kinds; see [`Incidence::richness`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidenceRichness {
    /// Units.
    pub units: u64,
    /// Kinds seen.
    pub sobs: u64,
    /// Kinds seen in one unit only.
    pub q1: u64,
    /// Kinds seen in two units.
    pub q2: u64,
    /// A lower bound of the number of kinds (Chao 1987): `S + (m - 1)/m Q1 (Q1 - 1) / (2 (Q2 + 1))`.
    pub chao2: f64,
    /// Its interval at 95 %, log-normal.
    pub chao2_ci95: [f64; 2],
    /// Share of all incidences that are of kinds seen (Chao and Jost 2012, for units).
    pub coverage: f64,
    /// Probability-like share of incidences in the next unit that are new, `Q1 / incidences`.
    pub new_share: f64,
    /// Kinds expected in fewer units.
    pub accumulation: BTreeMap<u64, f64>,
    /// Kinds expected in half as many units again and in twice as many.
    pub extrapolation: BTreeMap<u64, f64>,
}

impl Incidence {
    /// From the number of units that hold each kind, and all units, those without any kind included.
    ///
    /// Errors: [`CoverageError::Empty`], [`CoverageError::MoreThanUnits`].
    pub fn new(unit_counts: &[u64], units: u64) -> Result<Self, CoverageError> {
        if let Some(&seen) = unit_counts.iter().find(|c| **c > units) {
            return Err(CoverageError::MoreThanUnits { seen, units });
        }
        Ok(Self {
            kinds: Abundance::new(unit_counts)?,
            units,
        })
    }

    /// From a long table of `(unit, kind)` by their codes, in any order and with repetitions; `units` is at least one
    /// more than the largest unit's code. Errors as [`Incidence::new`]. Cost: one sort.
    pub fn from_pairs(pairs: &mut Vec<(u32, u32)>, units: u64) -> Result<Self, CoverageError> {
        pairs.sort_unstable_by_key(|(unit, kind)| (*kind, *unit));
        pairs.dedup();
        if let Some(largest) = pairs.iter().map(|p| u64::from(p.0)).max()
            && largest >= units
        {
            return Err(CoverageError::MoreThanUnits {
                seen: largest + 1,
                units,
            });
        }
        let counts: Vec<u64> = pairs
            .chunk_by(|a, b| a.1 == b.1)
            .map(|run| run.len() as u64)
            .collect();
        Self::new(&counts, units)
    }

    /// Kinds expected in `m` of the units. Errors: [`CoverageError::TooFar`].
    pub fn rarefy(&self, m: u64) -> Result<f64, CoverageError> {
        if m > self.units {
            return Err(CoverageError::TooFar {
                asked: m,
                most: self.units,
            });
        }
        Ok(expected(self.kinds.frequencies(), self.units, m))
    }

    /// How many units hold the kinds: `(units, kinds in so many)`, ascending.
    pub fn frequencies(&self) -> &[(u64, u64)] {
        self.kinds.frequencies()
    }

    /// Kinds expected in `size` units, fewer or more, with the interval at 95 % of Colwell and others 2012; `n` of the
    /// estimate is the size.
    ///
    /// Errors: [`CoverageError::TooFar`] above twice the units. Cost: distinct counts.
    pub fn expected_kinds(&self, size: u64) -> Result<Estimate, CoverageError> {
        within_twice(size, self.units)?;
        Ok(point(self.kinds.frequencies(), self.units, size))
    }

    /// Units to add until the coverage is expected to be `target` (Chao and Jost 2012, for units): 0 where it already is,
    /// none where no number can be told. Beyond twice the units it is a rough figure.
    ///
    /// Errors: [`CoverageError::BadOption`] for a target outside (0, 1).
    pub fn more_for_coverage(&self, target: f64) -> Result<Option<u64>, CoverageError> {
        let (q1, q2) = (
            self.kinds.frequency(1) as f64,
            self.kinds.frequency(2) as f64,
        );
        let share = q1 / self.kinds.individuals() as f64;
        more_for(share, coverage_ratio(q1, q2, self.units as f64), target)
    }

    /// Chao2, coverage and curves. Cost: distinct counts per size of the curve.
    pub fn richness(&self) -> IncidenceRichness {
        let (q1, q2) = (self.kinds.frequency(1), self.kinds.frequency(2));
        let (a, b, m) = (q1 as f64, q2 as f64, self.units as f64);
        let s = self.kinds.kinds() as f64;
        let shrink = (m - 1.0) / m;
        let found = shrink * unseen(a, b);
        let incidences = self.kinds.individuals() as f64;
        // The form for units has m - 1 in the inner ratio and the incidences outside.
        let coverage = if q1 == 0 {
            1.0
        } else {
            1.0 - a / incidences * (1.0 - chao_jost(a, b, m)) / (a / m)
        };
        let half = self.units / 2;
        IncidenceRichness {
            units: self.units,
            sobs: self.kinds.kinds(),
            q1,
            q2,
            chao2: s + found,
            chao2_ci95: interval(s, found, variance(a, b, shrink, s + found)),
            coverage,
            new_share: a / incidences,
            accumulation: accumulation(self.units, &[1, 2, 5, half, self.units], |size| {
                expected(self.kinds.frequencies(), self.units, size)
            }),
            extrapolation: [self.units + half, 2 * self.units]
                .into_iter()
                .map(|size| (size, s + beyond(a, b, m, (size - self.units) as f64)))
                .collect(),
        }
    }
}

/// Variance of the bias-corrected Chao2 (`EstimateS` 9, appendix B, equations 11 to 13).
fn variance(q1: f64, q2: f64, shrink: f64, chao2: f64) -> f64 {
    if q2 > 0.0 {
        let d = q2 + 1.0;
        shrink * q1 * (q1 - 1.0) / (2.0 * d)
            + shrink * shrink * q1 * (2.0 * q1 - 1.0).powi(2) / (4.0 * d * d)
            + shrink * shrink * q1 * q1 * q2 * (q1 - 1.0).powi(2) / (4.0 * d.powi(4))
    } else {
        (shrink * q1 * (q1 - 1.0) / 2.0 + shrink * shrink * q1 * (2.0 * q1 - 1.0).powi(2) / 4.0
            - shrink * shrink * q1.powi(4) / (4.0 * chao2))
            .max(0.0)
    }
}

pub(super) fn interval(seen: f64, unseen: f64, variance: f64) -> [f64; 2] {
    if unseen <= 0.0 {
        return [seen, seen];
    }
    let k = (crate::stats::Z95 * (variance / (unseen * unseen)).ln_1p().sqrt()).exp();
    [seen + unseen / k, seen + unseen * k]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn repeated_clips_of_one_drive_change_nothing() {
        let mut once = vec![(0, 0), (0, 1), (1, 0), (2, 2), (2, 0), (3, 3)];
        let mut often = once.clone();
        often.extend_from_slice(&[(0, 0), (0, 1), (2, 2)]);
        let a = Incidence::from_pairs(&mut once, 4).unwrap().richness();
        let b = Incidence::from_pairs(&mut often, 4).unwrap().richness();
        assert_eq!(a, b);
        assert_eq!((a.sobs, a.q1, a.q2), (4, 3, 0));
        assert!((a.chao2 - (4.0 + 0.75 * 3.0)).abs() < 1e-12);
        assert!((a.accumulation[&4] - 4.0).abs() < 1e-12);
        assert!(Incidence::new(&[5], 4).is_err());
    }

    #[test]
    fn the_interval_of_chao2_holds_where_kinds_are_alike() {
        let mut random = SplitMix::new(3);
        let (mut covered, runs) = (0, 200);
        for _ in 0..runs {
            let counts: Vec<u64> = (0..50)
                .map(|_| (0..30).filter(|_| random.unit() < 0.06).count() as u64)
                .collect();
            let found = Incidence::new(&counts, 30).unwrap().richness();
            covered += usize::from(found.chao2_ci95[0] <= 50.0 && 50.0 <= found.chao2_ci95[1]);
        }
        assert!(covered >= 180, "{covered} of {runs}");
    }
}
