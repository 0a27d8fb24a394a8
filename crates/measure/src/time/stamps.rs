//! What the stamps of a stream say by themselves: zeros, order, duplicates, epoch, quantum.

use super::{TimeError, at_least, difference};
use serde::Serialize;

/// 1990-01-01T00:00:00Z, the start of the range of plausible wall clocks (signals reference, B.1 `ts.epoch`).
pub(crate) const YEAR_1990_NS: i64 = 631_152_000_000_000_000;
/// 2100-01-01T00:00:00Z, its end.
pub(crate) const YEAR_2100_NS: i64 = 4_102_444_800_000_000_000;
/// Ten years: a clock that starts at zero on boot stays below.
const TEN_YEARS_NS: i64 = 315_576_000_000_000_000;

/// Which epoch the stamps count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochClass {
    /// Within 1990 to 2100: a wall clock.
    WallClock,
    /// Outside, and within ten years of zero: time since boot or simulated time.
    NearZero,
    /// Outside, and far from zero: another epoch or another unit.
    Relative,
    /// Some inside and some outside.
    Mixed,
}

impl EpochClass {
    /// The name used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WallClock => "wall_clock",
            Self::NearZero => "near_zero",
            Self::Relative => "relative",
            Self::Mixed => "mixed",
        }
    }
}

/// Stamps smaller than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Regressions {
    /// How many.
    pub count: usize,
    /// The largest step back, nanoseconds, as a positive number; 0 without any.
    pub worst_ns: i64,
    /// Index of the stamp after the largest step back.
    pub worst_index: Option<usize>,
}

/// What one pass over the stamps yields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StampSummary {
    /// Number of stamps.
    pub n: usize,
    /// First stamp in file order, nanoseconds.
    pub first_ns: i64,
    /// Last stamp in file order, nanoseconds.
    pub last_ns: i64,
    /// Smallest stamp, nanoseconds.
    pub min_ns: i64,
    /// Largest stamp, nanoseconds.
    pub max_ns: i64,
    /// Stamps that are exactly zero: never filled in.
    pub zeros: usize,
    /// Stamps below the one before, `d_i < 0`.
    pub regressions: Regressions,
    /// Stamps equal to the one before, `d_i = 0`.
    pub duplicates: usize,
    /// `duplicates / (n - 1)`; none for a single stamp.
    pub duplicate_share: Option<f64>,
    /// Stamps below the largest before them: how many messages are out of place.
    pub late: usize,
    /// Regressions that exchanging the two neighbors would put right: single reordered pairs.
    pub adjacent_swaps: usize,
    /// Index of the first stamp below the largest before it.
    pub first_late_index: Option<usize>,
    /// Largest power of ten nanoseconds, up to a second, that divides every stamp; none when all are zero.
    pub quantum_ns: Option<i64>,
    /// Which epoch the stamps count from; zeros are left out unless all are zero.
    pub epoch: EpochClass,
}

/// Whether exchanging stamps `i` and `i + 1` would put them in order with their neighbors.
fn is_adjacent_swap(stamps: &[i64], i: usize) -> bool {
    let (a, b) = (stamps[i], stamps[i + 1]);
    let before = i == 0 || stamps[i - 1] <= b;
    let after = stamps.get(i + 2).is_none_or(|&next| a <= next);
    before && after
}

/// Largest power of ten up to 10^9 that divides `value` and `current` (a power of ten).
fn shrink_quantum(current: i64, value: i64) -> i64 {
    let mut quantum = current;
    while quantum > 1 && value % quantum != 0 {
        quantum /= 10;
    }
    quantum
}

fn epoch_of(inside: usize, near_zero: usize, outside: usize) -> EpochClass {
    match (inside, near_zero + outside) {
        (0, _) if near_zero > 0 && outside == 0 => EpochClass::NearZero,
        (0, _) => EpochClass::Relative,
        (_, 0) => EpochClass::WallClock,
        _ => EpochClass::Mixed,
    }
}

/// Zeros, order, duplicates, quantum and epoch of a stream (signals reference, B.1 `ts.zero`, `ts.regress`,
/// `ts.dup`, `ts.quant`, `ts.epoch`).
///
/// `stamps`: nanoseconds in file order. Deviation from the reference: the quantum divides the whole stamps, which
/// for quanta up to a second is the same as dividing their sub-second remainders.
///
/// Errors: [`TimeError::TooFew`] for an empty slice. Cost: one pass, no memory, about 2 ns per stamp.
pub fn stamp_summary(stamps: &[i64]) -> Result<StampSummary, TimeError> {
    at_least(stamps.len(), 1)?;
    let (first, last) = (stamps[0], stamps[stamps.len() - 1]);
    let mut summary = StampSummary {
        n: stamps.len(),
        first_ns: first,
        last_ns: last,
        min_ns: first,
        max_ns: first,
        zeros: 0,
        regressions: Regressions {
            count: 0,
            worst_ns: 0,
            worst_index: None,
        },
        duplicates: 0,
        duplicate_share: None,
        late: 0,
        adjacent_swaps: 0,
        first_late_index: None,
        quantum_ns: None,
        epoch: EpochClass::Relative,
    };
    let (mut inside, mut near_zero, mut outside) = (0_usize, 0_usize, 0_usize);
    let mut quantum = 1_000_000_000_i64;
    let mut previous = first;
    for (i, &t) in stamps.iter().enumerate() {
        if t == 0 {
            summary.zeros += 1;
        } else if (YEAR_1990_NS..YEAR_2100_NS).contains(&t) {
            inside += 1;
        } else if t.unsigned_abs() < TEN_YEARS_NS.unsigned_abs() {
            near_zero += 1;
        } else {
            outside += 1;
        }
        quantum = shrink_quantum(quantum, t);
        if t < previous {
            note_regression(&mut summary.regressions, difference(previous, t), i);
            summary.adjacent_swaps += usize::from(is_adjacent_swap(stamps, i - 1));
        } else if t == previous && i > 0 {
            summary.duplicates += 1;
        }
        if t < summary.max_ns {
            summary.late += 1;
            summary.first_late_index.get_or_insert(i);
        }
        summary.min_ns = summary.min_ns.min(t);
        summary.max_ns = summary.max_ns.max(t);
        previous = t;
    }
    let pairs = stamps.len() - 1;
    summary.duplicate_share = (pairs > 0).then(|| summary.duplicates as f64 / pairs as f64);
    let all_zero = summary.zeros == stamps.len();
    summary.quantum_ns = (!all_zero).then_some(quantum);
    summary.epoch = if all_zero {
        EpochClass::NearZero
    } else {
        epoch_of(inside, near_zero, outside)
    };
    Ok(summary)
}

fn note_regression(regressions: &mut Regressions, back_ns: i64, index: usize) {
    regressions.count += 1;
    if back_ns > regressions.worst_ns {
        regressions.worst_ns = back_ns;
        regressions.worst_index = Some(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: i64 = 1_700_000_000_000_000_000;

    #[test]
    fn counts_by_hand() {
        let s = stamp_summary(&[T0, T0 + 10, T0 + 30, T0 + 20, T0 + 40, T0 + 40, T0 + 50]).unwrap();
        assert_eq!(
            (
                s.regressions.count,
                s.regressions.worst_ns,
                s.regressions.worst_index
            ),
            (1, 10, Some(3))
        );
        assert_eq!(
            (s.duplicates, s.late, s.adjacent_swaps, s.first_late_index),
            (1, 1, 1, Some(3))
        );
        assert_eq!((s.quantum_ns, s.epoch), (Some(10), EpochClass::WallClock));
        assert_eq!(s.duplicate_share, Some(1.0 / 6.0));
    }

    #[test]
    fn a_jump_back_is_no_swap() {
        let s = stamp_summary(&[T0, T0 + 100, T0 + 200, T0 + 10, T0 + 20]).unwrap();
        assert_eq!((s.regressions.count, s.late, s.adjacent_swaps), (1, 2, 0));
    }

    #[test]
    fn epochs() {
        let of = |v: &[i64]| stamp_summary(v).unwrap().epoch;
        assert_eq!(of(&[0, 0]), EpochClass::NearZero);
        assert_eq!(of(&[5_000_000_000]), EpochClass::NearZero);
        assert_eq!(of(&[0, T0]), EpochClass::WallClock);
        assert_eq!(of(&[5, T0]), EpochClass::Mixed);
        assert_eq!(of(&[T0 - 10 * TEN_YEARS_NS]), EpochClass::Relative);
        assert_eq!(
            stamp_summary(&[]),
            Err(TimeError::TooFew { n: 0, needed: 1 })
        );
        assert_eq!(stamp_summary(&[0]).unwrap().quantum_ns, None);
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        let s = stamp_summary(&[i64::MAX, i64::MIN, 0]).unwrap();
        assert_eq!(s.regressions.worst_ns, i64::MAX);
    }

    proptest! {
        #[test]
        fn sorted_stamps_have_no_fault(mut v in prop::collection::vec(1_i64..1_000_000, 1..100)) {
            v.sort_unstable();
            v.dedup();
            let s = stamp_summary(&v).unwrap();
            prop_assert_eq!((s.regressions.count, s.duplicates, s.late), (0, 0, 0));
            let q = s.quantum_ns.unwrap();
            prop_assert!(v.iter().all(|t| t % q == 0));
        }

        #[test]
        fn shifting_by_seconds_changes_no_count(v in prop::collection::vec(1_i64..1_000_000, 1..100), k in 1_i64..1000) {
            let a = stamp_summary(&v).unwrap();
            let moved: Vec<i64> = v.iter().map(|t| t + k * 1_000_000_000).collect();
            let b = stamp_summary(&moved).unwrap();
            prop_assert_eq!((a.regressions, a.duplicates, a.late, a.adjacent_swaps, a.quantum_ns), (b.regressions, b.duplicates, b.late, b.adjacent_swaps, b.quantum_ns));
        }

        #[test]
        fn one_swapped_pair_is_found(n in 4_usize..200, at in 0_usize..1000) {
            let mut v: Vec<i64> = (0..n).map(|i| T0 + 10_000 * i64::try_from(i).unwrap()).collect();
            let at = at % (n - 1);
            v.swap(at, at + 1);
            let s = stamp_summary(&v).unwrap();
            prop_assert_eq!((s.regressions.count, s.adjacent_swaps, s.late, s.first_late_index), (1, 1, 1, Some(at + 1)));
        }
    }
}
