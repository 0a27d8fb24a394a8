//! Sets of stamps from several streams.

use super::{Nearest, SyncError, check_ascending};
use crate::stats::quantiles_i64;
use serde::Serialize;

/// Spread of matched sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpreadReport {
    /// Sets.
    pub n: usize,
    /// Position of the stream each set is built around: the slowest.
    pub pivot: usize,
    /// Median spread, nanoseconds.
    pub p50_ns: f64,
    /// 95 % quantile of the spread, nanoseconds.
    pub p95_ns: f64,
    /// Largest spread, nanoseconds.
    pub max_ns: i64,
    /// Stamp of the pivot in that set, nanoseconds.
    pub worst_at_ns: i64,
}

/// Largest minus smallest stamp of sets with one stamp per stream: for each stamp of the slowest stream that lies in the
/// time all streams share, the nearest stamp of every other one.
///
/// `streams`: ascending nanoseconds of one clock. Like the score of ROS `message_filters` `ApproximateTime`, but every
/// pivot stamp gets a set and stamps may serve twice, so that losses show as spread (signals reference, B.3: gate p95
/// at 10 ms for triggered and 50 ms for free-running sensors).
///
/// Errors: [`SyncError::TooFewStreams`], [`SyncError::EmptyStream`], [`SyncError::NotAscending`], [`SyncError::NoOverlap`].
/// Cost: one pass over all streams and one selection; 8 bytes per set.
pub fn set_spread(streams: &[&[i64]]) -> Result<SpreadReport, SyncError> {
    if streams.len() < 2 {
        return Err(SyncError::TooFewStreams { n: streams.len() });
    }
    for (i, stream) in streams.iter().enumerate() {
        check_ascending(i, stream)?;
    }
    let start = streams
        .iter()
        .filter_map(|s| s.first())
        .max()
        .copied()
        .unwrap_or(i64::MAX);
    let end = streams
        .iter()
        .filter_map(|s| s.last())
        .min()
        .copied()
        .unwrap_or(i64::MIN);
    let pivot = streams
        .iter()
        .enumerate()
        .min_by_key(|(_, s)| s.iter().filter(|t| (start..=end).contains(*t)).count())
        .map_or(0, |(i, _)| i);
    let mut others: Vec<Nearest> = streams
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != pivot)
        .map(|(_, stamps)| Nearest { stamps, at: 0 })
        .collect();
    let (mut max_ns, mut worst_at_ns) = (-1_i64, 0_i64);
    let mut spreads = Vec::new();
    for &t in streams[pivot].iter().filter(|t| (start..=end).contains(*t)) {
        let (low, high) = others
            .iter_mut()
            .map(|o| o.to(t))
            .fold((t, t), |(a, b), u| (a.min(u), b.max(u)));
        let spread = high.saturating_sub(low);
        if spread > max_ns {
            (max_ns, worst_at_ns) = (spread, t);
        }
        spreads.push(spread);
    }
    if spreads.is_empty() {
        return Err(SyncError::NoOverlap);
    }
    let q = quantiles_i64(&mut spreads, &[0.5, 0.95])?;
    Ok(SpreadReport {
        n: spreads.len(),
        pivot,
        p50_ns: q[0],
        p95_ns: q[1],
        max_ns,
        worst_at_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::nearest;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let r = set_spread(&[
            &[0, 100, 200, 300],
            &[5, 55, 105, 155, 205, 255, 305],
            &[90, 190, 290],
        ])
        .unwrap();
        assert_eq!((r.n, r.pivot, r.max_ns, r.p50_ns), (2, 0, 15, 15.0));
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(set_spread(&[&[1]]), Err(SyncError::TooFewStreams { n: 1 }));
        assert_eq!(
            set_spread(&[&[1], &[]]),
            Err(SyncError::EmptyStream { stream: 1 })
        );
        assert_eq!(set_spread(&[&[1, 2], &[5, 6]]), Err(SyncError::NoOverlap));
    }

    proptest! {
        #[test]
        fn two_streams_agree_with_pairing(steps in prop::collection::vec(1_i64..100, 5..60)) {
            let mut t = 0;
            let a: Vec<i64> = steps.iter().map(|d| { t += d; t }).collect();
            // The partner is denser and reaches beyond both ends, so that every stamp of `a` is a pivot.
            let b: Vec<i64> = (-10..=t + 10).step_by(7).chain([t + 11]).collect();
            prop_assume!(b.len() > a.len());
            let spread = set_spread(&[&a, &b]).unwrap();
            let pairs = nearest(&a, &b, 1000, &mut Vec::new()).unwrap();
            prop_assert_eq!((spread.n, spread.max_ns, spread.p95_ns), (pairs.n, pairs.max_ns, pairs.p95_ns));
        }

        #[test]
        fn the_order_of_streams_does_not_matter(mut a in prop::collection::vec(0_i64..1000, 5..40), mut b in prop::collection::vec(0_i64..1000, 60..90)) {
            a.sort_unstable();
            b.sort_unstable();
            prop_assume!(a.len() < b.iter().filter(|t| **t >= a[0] && **t <= a[a.len() - 1]).count());
            let one = set_spread(&[&a, &b]);
            let two = set_spread(&[&b, &a]);
            match (one, two) {
                (Ok(x), Ok(y)) => prop_assert_eq!((x.n, x.max_ns, x.p50_ns), (y.n, y.max_ns, y.p50_ns)),
                (x, y) => prop_assert!(x.is_err() && y.is_err()),
            }
        }
    }
}
