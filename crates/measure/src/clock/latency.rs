//! Differences between two clocks of the same messages.

use super::{ClockError, same_length};
use crate::Workspace;
use crate::stats::quantiles_i64;
use serde::Serialize;

/// Distribution of `later - earlier`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySummary {
    /// Messages.
    pub n: usize,
    /// Smallest, nanoseconds.
    pub min_ns: i64,
    /// Median, nanoseconds.
    pub p50_ns: f64,
    /// 95 % quantile, nanoseconds.
    pub p95_ns: f64,
    /// 99 % quantile, nanoseconds.
    pub p99_ns: f64,
    /// Largest, nanoseconds.
    pub max_ns: i64,
    /// Whether both clocks agree on every message: then the earlier one is a copy and not independent
    /// (most ROS 2 recorders write the log time as publish time).
    pub always_equal: bool,
    /// Messages that arrived before they were stamped.
    pub negative: usize,
}

/// Latency between two clocks: transport is log minus publish, driver publish minus header, total log minus header
/// (signals reference, B.2).
///
/// `later`, `earlier`: nanoseconds per message; `scratch`: buffer to reuse. Differences saturate at 292 years.
/// Errors: [`ClockError::LengthMismatch`], [`ClockError::TooFew`] for no messages.
/// Cost: one selection, 15 ns per message; 8 bytes per message in `scratch`.
pub fn latency(
    later: &[i64],
    earlier: &[i64],
    scratch: &mut impl Workspace,
) -> Result<LatencySummary, ClockError> {
    same_length(later, earlier)?;
    let scratch = scratch.words(later.len());
    for ((word, l), e) in scratch.iter_mut().zip(later).zip(earlier) {
        *word = l.saturating_sub(*e);
    }
    let (Some(&min_ns), Some(&max_ns)) = (scratch.iter().min(), scratch.iter().max()) else {
        return Err(ClockError::TooFew { n: 0, needed: 1 });
    };
    let negative = scratch.iter().filter(|d| **d < 0).count();
    let q = quantiles_i64(scratch, &[0.5, 0.95, 0.99])?;
    Ok(LatencySummary {
        n: scratch.len(),
        min_ns,
        p50_ns: q[0],
        p95_ns: q[1],
        p99_ns: q[2],
        max_ns,
        always_equal: min_ns == 0 && max_ns == 0,
        negative,
    })
}

/// Stamps too far from the time of writing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StampAge {
    /// Messages.
    pub n: usize,
    /// Header stamps ahead of the log time by more than the limit.
    pub future: usize,
    /// Header stamps behind the log time by more than the limit.
    pub stale: usize,
    /// The farthest ahead, nanoseconds; none when no stamp is too far ahead.
    pub worst_future_ns: Option<i64>,
    /// Index of that message.
    pub worst_future_index: Option<usize>,
    /// The farthest behind, nanoseconds; none when no stamp is too old.
    pub worst_stale_ns: Option<i64>,
    /// Index of that message.
    pub worst_stale_index: Option<usize>,
}

/// Counts header stamps in the future and stale ones (signals reference, B.1 `ts.future`; the defaults of
/// `diagnostic_updater` `TimeStampStatus` are 1 s ahead and 5 s behind).
///
/// Errors: [`ClockError::LengthMismatch`]; [`ClockError::BadOption`] for limits that are not positive. Cost: one pass.
pub fn stamp_age(
    log: &[i64],
    header: &[i64],
    future_limit_ns: i64,
    stale_limit_ns: i64,
) -> Result<StampAge, ClockError> {
    same_length(log, header)?;
    for (name, value) in [
        ("future_limit_ns", future_limit_ns),
        ("stale_limit_ns", stale_limit_ns),
    ] {
        if value <= 0 {
            return Err(ClockError::BadOption { name, value });
        }
    }
    let mut age = StampAge {
        n: log.len(),
        future: 0,
        stale: 0,
        worst_future_ns: None,
        worst_future_index: None,
        worst_stale_ns: None,
        worst_stale_index: None,
    };
    for (i, (l, h)) in log.iter().zip(header).enumerate() {
        let ahead = h.saturating_sub(*l);
        let behind = l.saturating_sub(*h);
        if ahead > future_limit_ns {
            age.future += 1;
            if age.worst_future_ns.is_none_or(|worst| ahead > worst) {
                age.worst_future_ns = Some(ahead);
                age.worst_future_index = Some(i);
            }
        } else if behind > stale_limit_ns {
            age.stale += 1;
            if age.worst_stale_ns.is_none_or(|worst| behind > worst) {
                age.worst_stale_ns = Some(behind);
                age.worst_stale_index = Some(i);
            }
        }
    }
    Ok(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let s = latency(&[10, 25, 29], &[0, 20, 30], &mut Vec::new()).unwrap();
        assert_eq!(
            (
                s.n,
                s.min_ns,
                s.p50_ns,
                s.max_ns,
                s.negative,
                s.always_equal
            ),
            (3, -1, 5.0, 10, 1, false)
        );
        assert!(
            latency(&[5, 6], &[5, 6], &mut Vec::new())
                .unwrap()
                .always_equal
        );
        assert!(latency(&[], &[], &mut Vec::new()).is_err());
        assert!(latency(&[1], &[], &mut Vec::new()).is_err());
    }

    #[test]
    fn future_and_stale() {
        let a = stamp_age(&[100, 100, 100, 100], &[100, 111, 120, 40], 10, 50).unwrap();
        assert_eq!(
            (a.future, a.worst_future_ns, a.worst_future_index),
            (2, Some(20), Some(2))
        );
        assert_eq!(
            (a.stale, a.worst_stale_ns, a.worst_stale_index),
            (1, Some(60), Some(3))
        );
        assert!(stamp_age(&[], &[], 0, 1).is_err());
        assert_eq!(stamp_age(&[i64::MAX], &[i64::MIN], 1, 1).unwrap().stale, 1);
    }
}
