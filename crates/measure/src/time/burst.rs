//! Bursts: messages held back and written together.

use super::{TimeError, difference, positive_period};
use serde::Serialize;

/// A run of close stamps after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Burst {
    /// Index of the first message of the run, the one right after the pause.
    pub index: usize,
    /// Its stamp, nanoseconds.
    pub start_ns: i64,
    /// Stamp of the last message of the run, nanoseconds.
    pub end_ns: i64,
    /// Messages in the run, at least 4.
    pub messages: usize,
    /// Length of the pause before, nanoseconds.
    pub pause_ns: i64,
}

/// All bursts of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BurstReport {
    /// How many, beyond those kept too.
    pub count: usize,
    /// Most messages in one.
    pub longest: Option<Burst>,
    /// The first ones up to the limit, in time order.
    pub bursts: Vec<Burst>,
}

/// Runs of at least 3 differences below 0.1 period that follow directly on one above 2 periods
/// (signals reference, B.1 `burst`).
///
/// `stamps`: nanoseconds in file order, log times as a rule; `limit`: how many are kept.
/// Errors: [`TimeError::BadPeriod`]. Streams below five stamps have none. Cost: one pass.
pub fn bursts(stamps: &[i64], period_ns: f64, limit: usize) -> Result<BurstReport, TimeError> {
    const MIN_RUN: usize = 3;
    let period = positive_period(period_ns)?;
    let mut report = BurstReport {
        count: 0,
        longest: None,
        bursts: Vec::new(),
    };
    let step = |i: usize| difference(stamps[i + 1], stamps[i]);
    let differences = stamps.len().saturating_sub(1);
    let mut i = 0;
    while i < differences {
        let pause_ns = step(i);
        i += 1;
        if pause_ns as f64 <= 2.0 * period {
            continue;
        }
        let start = i;
        while i < differences && (step(i) as f64) < 0.1 * period && step(i) >= 0 {
            i += 1;
        }
        let run = i - start;
        if run < MIN_RUN {
            continue;
        }
        let burst = Burst {
            index: start,
            start_ns: stamps[start],
            end_ns: stamps[i],
            messages: run + 1,
            pause_ns,
        };
        report.count += 1;
        if report.longest.is_none_or(|b| b.messages < burst.messages) {
            report.longest = Some(burst);
        }
        if report.bursts.len() < limit {
            report.bursts.push(burst);
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_after_a_pause() {
        let stamps = [0, 100, 200, 900, 901, 902, 903, 1000, 1100];
        let r = bursts(&stamps, 100.0, 10).unwrap();
        let expected = Burst {
            index: 3,
            start_ns: 900,
            end_ns: 903,
            messages: 4,
            pause_ns: 700,
        };
        assert_eq!(
            (r.count, r.longest, r.bursts),
            (1, Some(expected), vec![expected])
        );
    }

    #[test]
    fn a_pause_alone_or_a_run_alone_is_none() {
        assert_eq!(
            bursts(&[0, 100, 900, 1000, 1100, 1200], 100.0, 10)
                .unwrap()
                .count,
            0
        );
        assert_eq!(
            bursts(&[0, 100, 101, 102, 103, 104, 200], 100.0, 10)
                .unwrap()
                .count,
            0
        );
        assert_eq!(bursts(&[], 100.0, 10).unwrap().count, 0);
        assert!(bursts(&[0, 1], 0.0, 10).is_err());
    }

    #[test]
    fn the_limit_keeps_the_count() {
        let mut stamps = Vec::new();
        for k in 0..5 {
            stamps.extend([0, 1, 2, 3].map(|i| k * 1000 + i));
        }
        let r = bursts(&stamps, 100.0, 2).unwrap();
        assert_eq!((r.count, r.bursts.len()), (4, 2));
    }
}
