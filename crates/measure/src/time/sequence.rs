//! Sequence numbers.

use super::{TimeError, at_least};
use crate::stats::{Interval, wilson};
use serde::Serialize;

/// A jump back by at most this much is a message out of order; a larger one is a restarted source.
const REORDER_LIMIT: u32 = 1000;
/// A jump ahead beyond this is a restarted source too, not a loss of millions of messages.
const LOSS_LIMIT: u32 = 1 << 24;
/// Holes remembered, in which a late number can still be found.
const HOLES: usize = 64;

/// What 32-bit sequence numbers say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SequenceReport {
    /// Messages.
    pub n: usize,
    /// First number.
    pub first: u32,
    /// Last number.
    pub last: u32,
    /// Jumps ahead over at least one number.
    pub gaps: u64,
    /// Numbers never seen: `sum max(0, s_{i+1} - s_i - 1)`, less those that came late.
    pub missing: u64,
    /// `missing / (n + missing)`.
    pub loss_ratio: f64,
    /// Wilson's interval of `loss_ratio`.
    pub interval: Interval,
    /// Numbers equal to the one before.
    pub duplicates: u64,
    /// Numbers below one already seen, by at most 1000.
    pub reordered: u64,
    /// Jumps too large for loss or reordering: the source restarted.
    pub resets: u64,
    /// Passages from the largest number to zero.
    pub wraps: u64,
    /// Most numbers jumped over at once.
    pub largest_gap: u64,
    /// Index of the message after it.
    pub largest_gap_index: Option<usize>,
}

struct Walk {
    report: SequenceReport,
    /// Numbers jumped over, as (first, how many), the latest last.
    holes: Vec<(u32, u32)>,
    /// Number expected to be the largest so far (modulo wrap).
    head: u32,
}

impl Walk {
    fn push(&mut self, index: usize, s: u32) {
        let ahead = s.wrapping_sub(self.head);
        let behind = self.head.wrapping_sub(s);
        let report = &mut self.report;
        if ahead == 0 {
            report.duplicates += 1;
        } else if ahead <= LOSS_LIMIT {
            report.wraps += u64::from(s < self.head);
            if ahead > 1 {
                let empty = ahead - 1;
                report.gaps += 1;
                report.missing += u64::from(empty);
                if u64::from(empty) > report.largest_gap {
                    report.largest_gap = u64::from(empty);
                    report.largest_gap_index = Some(index);
                }
                if self.holes.len() == HOLES {
                    self.holes.remove(0);
                }
                self.holes.push((self.head.wrapping_add(1), empty));
            }
            self.head = s;
        } else if behind <= REORDER_LIMIT && s > 1 {
            report.reordered += 1;
            if self.fill(s) {
                self.report.missing -= 1;
            }
        } else {
            report.resets += 1;
            self.holes.clear();
            self.head = s;
        }
    }

    /// Takes `s` out of the holes; false when it is in none.
    fn fill(&mut self, s: u32) -> bool {
        let Some(at) = self
            .holes
            .iter()
            .position(|&(first, n)| s.wrapping_sub(first) < n)
        else {
            return false;
        };
        let (first, n) = self.holes.remove(at);
        let before = s.wrapping_sub(first);
        if n - before > 1 {
            self.holes.insert(at, (s.wrapping_add(1), n - before - 1));
        }
        if before > 0 {
            self.holes.insert(at, (first, before));
        }
        true
    }
}

/// Gaps, resets and order of 32-bit sequence numbers, which wrap (signals reference, B.1 `seq`).
///
/// `numbers`: one per message in file order. A number that comes late fills its hole again; a small step back to 0 or 1,
/// or any step beyond 1000 back or 2^24 ahead, is a restart. `gaps` counts jumps as they happen, late fills included.
///
/// Errors: [`TimeError::TooFew`] below two numbers, [`TimeError::ConstantSequence`] when all are equal (ROS 2 recorders
/// leave it 0). Cost: one pass, constant memory.
pub fn sequence(numbers: &[u32]) -> Result<SequenceReport, TimeError> {
    at_least(numbers.len(), 2)?;
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    if numbers.iter().all(|&s| s == first) {
        return Err(TimeError::ConstantSequence { value: first });
    }
    let mut walk = Walk {
        report: SequenceReport {
            n: numbers.len(),
            first,
            last,
            gaps: 0,
            missing: 0,
            loss_ratio: 0.0,
            interval: Interval {
                low: 0.0,
                high: 0.0,
            },
            duplicates: 0,
            reordered: 0,
            resets: 0,
            wraps: 0,
            largest_gap: 0,
            largest_gap_index: None,
        },
        holes: Vec::with_capacity(HOLES),
        head: first,
    };
    for (index, &s) in numbers.iter().enumerate().skip(1) {
        walk.push(index, s);
    }
    let mut report = walk.report;
    let all = (report.n as u64).saturating_add(report.missing);
    report.loss_ratio = report.missing as f64 / all as f64;
    report.interval = wilson(report.missing, all)?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(numbers: &[u32]) -> (u64, u64, u64, u64, u64, u64) {
        let r = sequence(numbers).unwrap();
        (
            r.gaps,
            r.missing,
            r.duplicates,
            r.reordered,
            r.resets,
            r.wraps,
        )
    }

    #[test]
    fn by_hand() {
        assert_eq!(counts(&[5, 6, 7, 10, 11]), (1, 2, 0, 0, 0, 0));
        assert_eq!(counts(&[5, 6, 8, 7, 9]), (1, 0, 0, 1, 0, 0));
        assert_eq!(counts(&[5, 6, 6, 7]), (0, 0, 1, 0, 0, 0));
        assert_eq!(counts(&[500, 501, 0, 1, 2]), (0, 0, 0, 0, 1, 0));
        assert_eq!(
            counts(&[u32::MAX - 1, u32::MAX, 0, 1, 3]),
            (1, 1, 0, 0, 0, 1)
        );
        assert_eq!(counts(&[3, 1 << 30, (1 << 30) + 1]), (0, 0, 0, 0, 1, 0));
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(
            sequence(&[0, 0, 0]),
            Err(TimeError::ConstantSequence { value: 0 })
        );
        assert_eq!(sequence(&[7]), Err(TimeError::TooFew { n: 1, needed: 2 }));
    }

    #[test]
    fn a_wide_hole_is_filled_piece_by_piece() {
        let r = sequence(&[10, 20, 15, 12, 19, 11, 21]).unwrap();
        assert_eq!(
            (
                r.gaps,
                r.missing,
                r.reordered,
                r.largest_gap,
                r.largest_gap_index
            ),
            (1, 5, 4, 9, Some(1))
        );
    }

    proptest! {
        #[test]
        fn the_start_does_not_matter(start in any::<u32>(), lost in prop::collection::btree_set(1_u32..300, 0..30)) {
            let build = |s: u32| (0..=300_u32).filter(|i| !lost.contains(i)).map(|i| s.wrapping_add(i)).collect::<Vec<_>>();
            let r = sequence(&build(start)).unwrap();
            prop_assert_eq!((r.missing, r.resets, r.reordered, r.duplicates), (lost.len() as u64, 0, 0, 0));
        }
    }
}
