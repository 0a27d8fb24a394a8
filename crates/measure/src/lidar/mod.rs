//! Sweeps of LiDARs and laser scanners: validity, sectors, rings, point times, ranges.
//!
//! Read [`Sweep`] first: it is one cloud or scan boiled down to counts. The other functions compare many of them:
//! [`sectors`] finds directions that stopped returning, [`dead_rings`] lasers that are silent, [`range_shift`] how
//! much the ranges differ from those of the whole recording, [`skew`] how much of the vehicle's motion is in the points.
//! Not here: reading points and deciding what is tolerated.

mod rings;
mod sectors;
mod skew;
mod sweep;

pub use rings::{DeadRing, RingError, RingReport, dead_rings};
pub use sectors::{Blocked, Sectors, sectors};
pub use skew::{Skew, TwoPlaces, skew};
pub use sweep::{Laser, Points, RANGE_BINS, RING_BINS, SECTORS, Sweep};

use crate::stats::median;

/// Jensen-Shannon divergence of two histograms, in bits: 0 for equal shapes, 1 for shapes without overlap.
///
/// Counts need not have the same total; none when one of them is empty. Source: Lin 1991. Cost: linear.
pub fn jensen_shannon(a: &[f64], b: &[f64]) -> Option<f64> {
    let (total_a, total_b): (f64, f64) = (a.iter().sum(), b.iter().sum());
    let usable = total_a > 0.0 && total_b > 0.0 && (total_a + total_b).is_finite();
    if !usable {
        return None;
    }
    let part = |p: f64, m: f64| if p > 0.0 { p * (p / m).log2() } else { 0.0 };
    let divergence: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| {
            let (p, q) = (x / total_a, y / total_b);
            let m = 0.5 * (p + q);
            0.5 * (part(p, m) + part(q, m))
        })
        .sum();
    Some(divergence.clamp(0.0, 1.0))
}

/// Divergence of each sweep's range histogram (1 m bins) from the median histogram of all sweeps, bits; NaN for
/// sweeps without returns. Cost: `O(bins n log n)`.
pub fn range_shift(sweeps: &[Sweep]) -> Vec<f64> {
    let typical: Vec<f64> = (0..RANGE_BINS)
        .map(|bin| {
            let count = |s: &Sweep| s.ranges.get(bin).copied().map_or(0.0, f64::from);
            let mut counts: Vec<f64> = sweeps.iter().map(count).collect();
            median(&mut counts).unwrap_or(0.0)
        })
        .collect();
    let of = |sweep: &Sweep| {
        let counts: Vec<f64> = sweep.ranges.iter().map(|c| f64::from(*c)).collect();
        jensen_shannon(&counts, &typical).unwrap_or(f64::NAN)
    };
    sweeps.iter().map(of).collect()
}

/// Share of sweeps with less than `part` of the points of the median of the 21 sweeps around them, and their
/// indices: sudden losses (packets, dropped sectors), not slow changes of the scene. Cost: 21 selections per sweep.
pub fn short_sweeps(points: &[u32], part: f64) -> Vec<usize> {
    const REACH: usize = 10;
    let mut short = Vec::new();
    for (index, count) in points.iter().enumerate() {
        let start = index
            .saturating_sub(REACH)
            .min(points.len().saturating_sub(2 * REACH + 1));
        let around = points.iter().skip(start).take(2 * REACH + 1);
        let mut around: Vec<f64> = around.map(|c| f64::from(*c)).collect();
        if median(&mut around).is_ok_and(|usual| f64::from(*count) < part * usual) {
            short.push(index);
        }
    }
    short
}

/// Smear of a sweep at a range, meters: `speed T + |rate| T range` (signals reference, B.8).
pub fn smear_meters(speed: f64, rate: f64, period_secs: f64, range_meters: f64) -> f64 {
    period_secs * (speed.abs() + rate.abs() * range_meters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_of_known_shapes() {
        assert_eq!(jensen_shannon(&[1.0, 0.0], &[0.0, 5.0]), Some(1.0));
        assert_eq!(jensen_shannon(&[1.0, 2.0], &[2.0, 4.0]), Some(0.0));
        // p = (1/2, 1/2), q = (1, 0), m = (3/4, 1/4), by hand.
        let found = jensen_shannon(&[1.0, 1.0], &[1.0, 0.0]).unwrap();
        assert!((found - 0.311_278_124_459_132_8).abs() < 1e-12, "{found}");
        assert_eq!(jensen_shannon(&[], &[1.0]), None);
    }

    #[test]
    fn sudden_losses_are_short_and_slow_changes_are_not() {
        let mut counts: Vec<u32> = (0..100).map(|i| 10_000 + 50 * i).collect();
        assert!(short_sweeps(&counts, 0.7).is_empty());
        counts[40] = 6000;
        assert_eq!(short_sweeps(&counts, 0.7), vec![40]);
    }
}
