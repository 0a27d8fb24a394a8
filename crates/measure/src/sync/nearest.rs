//! Nearest partners of two streams.

use super::{Nearest, SyncError, check_ascending};
use crate::Workspace;
use crate::stats::{Interval, quantiles_i64, wilson};
use serde::Serialize;

/// Allowance for transport on top of half a period, nanoseconds (signals reference, B.3).
const TRANSPORT_NS: f64 = 2_000_000.0;

/// Distance of every reference stamp to its nearest partner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairingReport {
    /// Reference stamps inside the partner's range, widened by the tolerance.
    pub n: usize,
    /// Reference stamps outside; they have no partner because the partner was not running.
    pub outside: usize,
    /// Tolerance applied, nanoseconds.
    pub tolerance_ns: i64,
    /// Median distance, nanoseconds.
    pub p50_ns: f64,
    /// 95 % quantile of the distance, nanoseconds.
    pub p95_ns: f64,
    /// Largest distance, nanoseconds.
    pub max_ns: i64,
    /// Reference stamp with the largest distance, nanoseconds.
    pub worst_at_ns: i64,
    /// Mean of partner minus reference, nanoseconds: a constant lag shows here.
    pub mean_signed_ns: f64,
    /// Stamps inside whose partner is beyond the tolerance.
    pub unmatched: usize,
    /// `unmatched / n`.
    pub unmatched_share: f64,
    /// Wilson's interval of `unmatched_share`.
    pub interval: Interval,
}

/// Tolerance for pairing two streams: half the period of the faster one plus 2 ms for transport, nanoseconds (signals
/// reference, B.3, after the rule of Argoverse 2). None when a period is not positive.
pub fn default_tolerance_ns(period_a_ns: f64, period_b_ns: f64) -> Option<i64> {
    let faster = period_a_ns.min(period_b_ns);
    (faster > 0.0 && faster.is_finite()).then(|| to_nanos(0.5 * faster + TRANSPORT_NS))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and a tolerance of 292 years matches all"
)]
fn to_nanos(x: f64) -> i64 {
    x.round() as i64
}

/// Distance of each reference stamp to the nearest stamp of the target (signals reference, B.3).
///
/// `reference`, `target`: ascending nanoseconds of one clock; targets may serve several references.
/// `scratch`: buffer to reuse. Reference stamps farther outside the target's range than the tolerance are counted in
/// `outside` and not in the distances: what is missing there is coverage, not synchronization.
///
/// Errors: [`SyncError::EmptyStream`], [`SyncError::NotAscending`], [`SyncError::BadTolerance`],
/// [`SyncError::NoOverlap`]. Cost: one pass over both and one selection; 8 bytes per reference stamp.
pub fn nearest(
    reference: &[i64],
    target: &[i64],
    tolerance_ns: i64,
    scratch: &mut impl Workspace,
) -> Result<PairingReport, SyncError> {
    check_ascending(0, reference)?;
    check_ascending(1, target)?;
    if tolerance_ns < 0 {
        return Err(SyncError::BadTolerance { tolerance_ns });
    }
    let low = target[0].saturating_sub(tolerance_ns);
    let high = target[target.len() - 1].saturating_add(tolerance_ns);
    let inside = |t: &&i64| (low..=high).contains(*t);
    let mut partner = Nearest {
        stamps: target,
        at: 0,
    };
    let (mut signed, mut unmatched, mut max_ns, mut worst_at_ns) = (0_i128, 0_usize, -1_i64, 0_i64);
    let distances = scratch.words(reference.len());
    let mut n = 0;
    for &t in reference.iter().filter(inside) {
        let lag = partner.to(t).saturating_sub(t);
        let distance = lag.saturating_abs();
        signed += i128::from(lag);
        unmatched += usize::from(distance > tolerance_ns);
        if distance > max_ns {
            (max_ns, worst_at_ns) = (distance, t);
        }
        distances[n] = distance;
        n += 1;
    }
    if n == 0 {
        return Err(SyncError::NoOverlap);
    }
    let q = quantiles_i64(&mut distances[..n], &[0.5, 0.95])?;
    Ok(PairingReport {
        n,
        outside: reference.len() - n,
        tolerance_ns,
        p50_ns: q[0],
        p95_ns: q[1],
        max_ns,
        worst_at_ns,
        mean_signed_ns: signed as f64 / n as f64,
        unmatched,
        unmatched_share: unmatched as f64 / n as f64,
        interval: wilson(unmatched as u64, n as u64)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(reference: &[i64], target: &[i64], tolerance_ns: i64) -> PairingReport {
        nearest(reference, target, tolerance_ns, &mut Vec::new()).unwrap()
    }

    #[test]
    fn by_hand() {
        let r = report(&[0, 10, 20, 30, 100], &[2, 9, 27, 40], 5);
        assert_eq!(
            (r.n, r.outside, r.max_ns, r.worst_at_ns, r.unmatched),
            (4, 1, 7, 20, 1)
        );
        assert_eq!((r.p50_ns, r.mean_signed_ns), (2.5, 1.25));
    }

    #[test]
    fn undefined_cases_are_errors() {
        let mut scratch = Vec::new();
        assert_eq!(
            nearest(&[], &[1], 1, &mut scratch),
            Err(SyncError::EmptyStream { stream: 0 })
        );
        assert_eq!(
            nearest(&[1], &[3, 2], 1, &mut scratch),
            Err(SyncError::NotAscending {
                stream: 1,
                index: 1
            })
        );
        assert_eq!(
            nearest(&[1], &[100], 1, &mut scratch),
            Err(SyncError::NoOverlap)
        );
        assert_eq!(
            nearest(&[1], &[1], -1, &mut scratch),
            Err(SyncError::BadTolerance { tolerance_ns: -1 })
        );
    }

    #[test]
    fn the_default_tolerance_follows_argoverse() {
        // Lidar at 10 Hz against ring cameras at 20 Hz: half of 50 ms and the allowance.
        assert_eq!(default_tolerance_ns(1e8, 5e7), Some(27_000_000));
        assert_eq!(default_tolerance_ns(0.0, 5e7), None);
        assert_eq!(default_tolerance_ns(f64::NAN, f64::NAN), None);
    }

    proptest! {
        #[test]
        fn equals_brute_force(mut a in prop::collection::vec(0_i64..1000, 1..60), mut b in prop::collection::vec(0_i64..1000, 1..60), tolerance in 0_i64..50) {
            a.sort_unstable();
            b.sort_unstable();
            let inside: Vec<i64> = a.iter().copied().filter(|t| *t >= b[0] - tolerance && *t <= b[b.len() - 1] + tolerance).collect();
            let slow: Vec<i64> = inside.iter().map(|t| b.iter().map(|u| (u - t).abs()).min().unwrap()).collect();
            match nearest(&a, &b, tolerance, &mut Vec::new()) {
                Ok(r) => {
                    prop_assert_eq!(r.n, slow.len());
                    prop_assert_eq!(r.max_ns, *slow.iter().max().unwrap());
                    prop_assert_eq!(r.unmatched, slow.iter().filter(|d| **d > tolerance).count());
                }
                Err(e) => prop_assert!(e == SyncError::NoOverlap && slow.is_empty()),
            }
        }

        #[test]
        fn a_stream_matches_itself(mut a in prop::collection::vec(0_i64..1000, 1..60), shift in 0_i64..1_000_000) {
            a.sort_unstable();
            prop_assert_eq!(report(&a, &a, 0).max_ns, 0);
            let moved: Vec<i64> = a.iter().map(|t| t + shift).collect();
            prop_assert_eq!(report(&moved, &moved, 0).mean_signed_ns, 0.0);
        }
    }
}
