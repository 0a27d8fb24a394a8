//! Lasers that are silent.

use super::sweep::{RING_BINS, Sweep};
use crate::stats::median;

/// Share of sweeps in which a ring must be empty to be dead (signals reference, B.8).
const DEAD_SHARE: f64 = 0.95;
/// Share of sweeps in which the rings beside it must have returns.
const NEIGHBOR_SHARE: f64 = 0.9;
/// Returns a neighbor has at least in the middle sweep when a ring at the end of the fan is called dead: the sky may
/// begin between the two.
const LEAST_NEIGHBOR: f64 = 20.0;
/// Part of a typical ring a neighbor at the end of the fan has at least, likewise.
const LEAST_NEIGHBOR_PART: f64 = 0.25;
/// Numbers of lasers of units on the market.
const KNOWN_COUNTS: [usize; 12] = [4, 8, 16, 20, 24, 32, 40, 64, 76, 80, 96, 128];
/// Fewest rings and sweeps.
const LEAST_RINGS: usize = 4;
const LEAST_SWEEPS: usize = 3;

/// A silent ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadRing {
    /// Its number.
    pub ring: usize,
    /// First sweep without returns.
    pub from: usize,
    /// First sweep after it, or the number of sweeps.
    pub to: usize,
}

/// What is known about the rings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RingReport {
    /// Rings the unit has: the highest number seen + 1, or one more where that is a number of lasers on the market
    /// and the last ring is silent.
    pub rings: usize,
    /// Silent ones, by number.
    pub dead: Vec<DeadRing>,
    /// Median returns per sweep and ring.
    pub medians: Vec<f64>,
}

/// Why rings cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Too few sweeps or rings.
    #[error(
        "`{rings}` rings in `{sweeps}` sweeps are too few; hint: 4 rings in 3 sweeps are needed"
    )]
    TooFew {
        /// Rings with returns.
        rings: usize,
        /// Sweeps.
        sweeps: usize,
    },
    /// Rings are numbered in steps.
    #[error("rings are numbered in steps of `{step}`; hint: the cloud holds a part of the rings")]
    Steps {
        /// The step.
        step: usize,
    },
    /// Many numbers are missing.
    #[error(
        "`{missing}` of `{rings}` ring numbers are never seen; hint: the cloud may hold a part of the rings"
    )]
    Sparse {
        /// Numbers without returns.
        missing: usize,
        /// Highest number + 1.
        rings: usize,
    },
}

/// Rings that are silent in more than 95 % of the sweeps, or from some sweep on for good, while the rings on both
/// sides return something in 90 % of those sweeps.
///
/// A ring at an end of the fan has one neighbor only, and the sky may begin beyond it: it counts as dead when that
/// neighbor has at least 20 returns and a quarter of a typical ring, and, for the last ring, when one more ring makes
/// a number of lasers that exists. Rings of the sky, whose neighbors are empty too, are not dead.
///
/// Errors: [`RingError`]. Cost: 128 per sweep.
pub fn dead_rings(sweeps: &[Sweep]) -> Result<RingReport, RingError> {
    let seen = |ring: usize| sweeps.iter().filter(|s| returns(s, ring) > 0).count();
    let counts: Vec<usize> = (0..RING_BINS).map(seen).collect();
    let used: Vec<usize> = (0..RING_BINS)
        .filter(|r| counts.get(*r).is_some_and(|c| *c > 0))
        .collect();
    if used.len() < LEAST_RINGS || sweeps.len() < LEAST_SWEEPS {
        return Err(RingError::TooFew {
            rings: used.len(),
            sweeps: sweeps.len(),
        });
    }
    let step = used
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(0, greatest_divisor);
    if step > 1 {
        return Err(RingError::Steps { step });
    }
    let highest = used.last().map_or(0, |r| r + 1);
    if highest - used.len() > (highest / 8).max(2) {
        return Err(RingError::Sparse {
            missing: highest - used.len(),
            rings: highest,
        });
    }
    let is_cut = !KNOWN_COUNTS.contains(&highest) && KNOWN_COUNTS.contains(&(highest + 1));
    let rings = highest + usize::from(is_cut);
    let medians: Vec<f64> = (0..rings)
        .map(|ring| {
            let mut values: Vec<f64> = sweeps.iter().map(|s| f64::from(returns(s, ring))).collect();
            median(&mut values).unwrap_or(0.0)
        })
        .collect();
    let mut alive: Vec<f64> = medians.iter().copied().filter(|m| *m > 0.0).collect();
    let typical = median(&mut alive).unwrap_or(0.0);
    let fan = Fan {
        sweeps,
        medians: &medians,
        typical,
    };
    let dead = (0..rings).filter_map(|ring| fan.dead(ring)).collect();
    Ok(RingReport {
        rings,
        dead,
        medians,
    })
}

fn returns(sweep: &Sweep, ring: usize) -> u32 {
    sweep.rings.get(ring).copied().unwrap_or(0)
}

fn greatest_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_divisor(b, a % b)
    }
}

struct Fan<'a> {
    sweeps: &'a [Sweep],
    medians: &'a [f64],
    typical: f64,
}

impl Fan<'_> {
    fn dead(&self, ring: usize) -> Option<DeadRing> {
        let n = self.sweeps.len();
        let is_empty = |s: &Sweep| returns(s, ring) == 0;
        let empty = self.sweeps.iter().filter(|s| is_empty(s)).count();
        // Silent to the end, from the sweep after the last return on.
        let after_last = self
            .sweeps
            .iter()
            .rposition(|s| !is_empty(s))
            .map_or(0, |last| last + 1);
        let from = if empty as f64 > DEAD_SHARE * n as f64 {
            0
        } else {
            let alive_before = after_last >= LEAST_SWEEPS
                && (empty - (n - after_last)) as f64 <= (1.0 - DEAD_SHARE) * after_last as f64;
            (alive_before && n - after_last >= LEAST_SWEEPS).then_some(after_last)?
        };
        let silent = self.sweeps.get(from..)?;
        let is_alive = |other: usize| {
            let seen = silent.iter().filter(|s| returns(s, other) > 0).count();
            seen as f64 >= NEIGHBOR_SHARE * silent.len() as f64
        };
        let below = (0..ring)
            .rev()
            .find(|r| self.medians.get(*r).is_some_and(|m| *m > 0.0));
        let above =
            (ring + 1..self.medians.len()).find(|r| self.medians.get(*r).is_some_and(|m| *m > 0.0));
        let is_dead = match (below, above) {
            (Some(below), Some(above)) => above - below <= 3 && is_alive(below) && is_alive(above),
            (Some(only), None) | (None, Some(only)) => {
                let usual = self.medians.get(only).copied().unwrap_or(0.0);
                only.abs_diff(ring) == 1
                    && is_alive(only)
                    && usual >= LEAST_NEIGHBOR
                    && usual >= LEAST_NEIGHBOR_PART * self.typical
            }
            (None, None) => false,
        };
        is_dead.then_some(DeadRing { ring, from, to: n })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::Points;
    use super::*;

    /// A sweep whose ring `r` has `counts[r]` returns.
    fn sweep(counts: &[u16]) -> Sweep {
        let rings: Vec<u16> = (0_u16..)
            .zip(counts)
            .flat_map(|(ring, count)| vec![ring; usize::from(*count)])
            .collect();
        let positions = vec![[5.0, 1.0, 0.0]; rings.len()];
        let points = Points {
            positions: &positions,
            rings: &rings,
            ..Points::default()
        };
        Sweep::of_cloud(0, 0, &points)
    }

    fn fan(dead: Option<usize>) -> Vec<u16> {
        let mut counts: Vec<u16> = (0..16).map(|r| 300 - 12 * r).collect();
        if let Some(ring) = dead {
            counts[ring] = 0;
        }
        counts
    }

    #[test]
    fn every_ring_is_missed() {
        for ring in 0..16 {
            let report = dead_rings(&vec![sweep(&fan(Some(ring))); 20]).unwrap();
            assert_eq!(
                report.dead,
                vec![DeadRing {
                    ring,
                    from: 0,
                    to: 20
                }],
                "ring {ring}"
            );
            assert_eq!(report.rings, 16);
        }
        assert_eq!(
            dead_rings(&vec![sweep(&fan(None)); 20]).unwrap().dead,
            vec![]
        );
    }

    #[test]
    fn a_ring_that_dies_is_found_and_a_pause_is_not() {
        let mut sweeps = vec![sweep(&fan(None)); 8];
        sweeps.extend(vec![sweep(&fan(Some(5))); 6]);
        assert_eq!(
            dead_rings(&sweeps).unwrap().dead,
            vec![DeadRing {
                ring: 5,
                from: 8,
                to: 14
            }]
        );
        sweeps.extend(vec![sweep(&fan(None)); 3]);
        assert_eq!(dead_rings(&sweeps).unwrap().dead, vec![]);
    }

    #[test]
    fn rings_of_the_sky_are_not_dead() {
        let mut counts = fan(None);
        counts[12..].fill(0);
        counts[11] = 4;
        assert_eq!(dead_rings(&vec![sweep(&counts); 20]).unwrap().dead, vec![]);
    }

    #[test]
    fn parts_of_a_cloud_are_refused() {
        let every_second: Vec<u16> = (0..32).map(|r| if r % 2 == 0 { 100 } else { 0 }).collect();
        let refused = dead_rings(&vec![sweep(&every_second); 5]);
        assert_eq!(refused, Err(RingError::Steps { step: 2 }));
        let refused = dead_rings(&vec![sweep(&[5, 5]); 5]);
        assert_eq!(
            refused,
            Err(RingError::TooFew {
                rings: 2,
                sweeps: 5
            })
        );
    }
}
