//! Gaps, and what caused them.

use super::{TimeError, difference, positive_option, positive_period};
use serde::Serialize;

/// A stretch without stamps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Index of the stamp after the gap.
    pub index: usize,
    /// Largest stamp before, nanoseconds.
    pub start_ns: i64,
    /// Stamp after, nanoseconds.
    pub end_ns: i64,
    /// Length in periods.
    pub ratio: f64,
}

/// All gaps of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GapReport {
    /// How many, beyond those kept too.
    pub count: usize,
    /// Their lengths together, nanoseconds.
    pub total_ns: i64,
    /// The longest.
    pub longest: Option<Gap>,
    /// The longest ones up to the limit, in time order.
    pub gaps: Vec<Gap>,
}

/// Keeps the `limit` longest and gives them back in order of index.
fn keep_longest<T: Copy>(
    items: &mut Vec<T>,
    limit: usize,
    length: impl Fn(&T) -> i64,
    index: impl Fn(&T) -> usize,
) {
    if items.len() > limit {
        // Ties by index, so that the choice does not depend on the order of selection.
        items.sort_by_key(|item| (std::cmp::Reverse(length(item)), index(item)));
        items.truncate(limit);
        items.sort_by_key(|item| index(item));
    }
}

/// Stretches longer than `factor` periods without a stamp (signals reference, B.1 `gap`: `d_i > g median d`).
///
/// `stamps`: nanoseconds in file order; `period_ns`: median or declared period; `factor`: 3 for a warning and 5 for an
/// error in the reference; `limit`: how many gaps are kept, the longest. Works on any stream; whether a gap means
/// anything depends on how regular the stream is (`p95_ratio` and `cv` of the period summary).
/// Deviation from the reference: a gap is measured from the largest stamp so far, so that the way back after a step
/// backwards is no gap.
///
/// Errors: [`TimeError::BadPeriod`], [`TimeError::BadOption`]. An empty stream has no gaps.
/// Cost: one pass; memory for the gaps found.
pub fn gaps(
    stamps: &[i64],
    period_ns: f64,
    factor: f64,
    limit: usize,
) -> Result<GapReport, TimeError> {
    let threshold = positive_period(period_ns)? * positive_option("factor", factor)?;
    let mut found: Vec<Gap> = Vec::new();
    let mut latest = stamps.first().copied().unwrap_or(0);
    for (index, &t) in stamps.iter().enumerate() {
        let length = difference(t, latest) as f64;
        if length > threshold {
            found.push(Gap {
                index,
                start_ns: latest,
                end_ns: t,
                ratio: length / period_ns,
            });
        }
        latest = latest.max(t);
    }
    let length = |g: &Gap| difference(g.end_ns, g.start_ns);
    let longest = found.iter().copied().rev().max_by_key(length);
    let count = found.len();
    let total_ns = found.iter().map(length).fold(0_i64, i64::saturating_add);
    keep_longest(&mut found, limit, length, |g| g.index);
    Ok(GapReport {
        count,
        total_ns,
        longest,
        gaps: found,
    })
}

/// What caused a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapClass {
    /// Log times have the gap, header stamps do not: messages were made on time and written late.
    RecorderStall,
    /// Both have it: nothing was made.
    SensorDrop,
    /// Header stamps have it, log times do not: messages came on time with wrong stamps.
    StampingFault,
}

impl GapClass {
    /// The name used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecorderStall => "recorder_stall",
            Self::SensorDrop => "sensor_drop",
            Self::StampingFault => "stamping_fault",
        }
    }
}

/// When a difference counts as a gap, on either clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GapRule {
    /// Gap above this many periods.
    pub factor: f64,
    /// Period of the log times, nanoseconds.
    pub log_period_ns: f64,
    /// Period of the header stamps, nanoseconds.
    pub header_period_ns: f64,
}

/// A gap on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassifiedGap {
    /// Index of the message after the gap.
    pub index: usize,
    /// Largest log time before, nanoseconds.
    pub log_start_ns: i64,
    /// Log time after, nanoseconds.
    pub log_end_ns: i64,
    /// Largest header stamp before, nanoseconds.
    pub header_start_ns: i64,
    /// Header stamp after, nanoseconds.
    pub header_end_ns: i64,
    /// Length in periods, on the clock that shows it (log times when both do).
    pub ratio: f64,
    /// What caused it.
    pub class: GapClass,
}

impl ClassifiedGap {
    /// Length on the clock that shows it, nanoseconds.
    pub fn length_ns(&self) -> i64 {
        match self.class {
            GapClass::StampingFault => difference(self.header_end_ns, self.header_start_ns),
            _ => difference(self.log_end_ns, self.log_start_ns),
        }
    }
}

/// Gaps of a channel, each with its cause told by comparing log times and header stamps of the same messages
/// (signals reference, B.1).
///
/// `log`, `header`: nanoseconds per message in file order; `limit`: how many are kept, the longest, in time order.
/// Where the header gap is less than half the log gap the recorder stalled and also lost messages: that counts as
/// [`GapClass::RecorderStall`].
///
/// Errors: [`TimeError::LengthMismatch`], [`TimeError::BadPeriod`], [`TimeError::BadOption`]. Cost: one pass.
pub fn classify_gaps(
    log: &[i64],
    header: &[i64],
    rule: &GapRule,
    limit: usize,
) -> Result<Vec<ClassifiedGap>, TimeError> {
    if log.len() != header.len() {
        return Err(TimeError::LengthMismatch {
            left: log.len(),
            right: header.len(),
        });
    }
    let factor = positive_option("factor", rule.factor)?;
    let log_limit = factor * positive_period(rule.log_period_ns)?;
    let header_limit = factor * positive_period(rule.header_period_ns)?;
    let mut found = Vec::new();
    let (mut log_latest, mut header_latest) = (
        log.first().copied().unwrap_or(0),
        header.first().copied().unwrap_or(0),
    );
    for (index, (&l, &h)) in log.iter().zip(header).enumerate() {
        let log_gap = difference(l, log_latest) as f64;
        let header_gap = difference(h, header_latest) as f64;
        let class = match (log_gap > log_limit, header_gap > header_limit) {
            (true, true) if header_gap >= 0.5 * log_gap => Some(GapClass::SensorDrop),
            (true, _) => Some(GapClass::RecorderStall),
            (false, true) => Some(GapClass::StampingFault),
            (false, false) => None,
        };
        if let Some(class) = class {
            let ratio = match class {
                GapClass::StampingFault => header_gap / rule.header_period_ns,
                _ => log_gap / rule.log_period_ns,
            };
            found.push(ClassifiedGap {
                index,
                log_start_ns: log_latest,
                log_end_ns: l,
                header_start_ns: header_latest,
                header_end_ns: h,
                ratio,
                class,
            });
        }
        log_latest = log_latest.max(l);
        header_latest = header_latest.max(h);
    }
    keep_longest(&mut found, limit, ClassifiedGap::length_ns, |g| g.index);
    Ok(found)
}

/// A stretch in which several channels are silent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SharedGap {
    /// Start, nanoseconds.
    pub start_ns: i64,
    /// End, nanoseconds.
    pub end_ns: i64,
    /// Most channels silent at one moment of it.
    pub channels: usize,
}

/// Stretches in which at least `min_channels` channels have a gap at the same moment: what a stall of the recorder
/// looks like across channels.
///
/// `channels`: gaps per channel as (start, end), any order, not overlapping within a channel. Stretches come in time
/// order. Empty for `min_channels` 0. Cost: `O(g log g)` for `g` gaps.
pub fn shared_gaps(channels: &[Vec<(i64, i64)>], min_channels: usize) -> Vec<SharedGap> {
    if min_channels == 0 {
        return Vec::new();
    }
    let mut edges: Vec<(i64, bool)> = channels
        .iter()
        .flatten()
        .filter(|(start, end)| start < end)
        .flat_map(|&(start, end)| [(start, true), (end, false)])
        .collect();
    // Ends before starts, so that gaps that only touch do not overlap.
    edges.sort_unstable();
    let mut shared: Vec<SharedGap> = Vec::new();
    let mut silent = 0_usize;
    let mut open: Option<SharedGap> = None;
    for (at, is_start) in edges {
        silent = if is_start {
            silent + 1
        } else {
            silent.saturating_sub(1)
        };
        open = match open {
            None if silent >= min_channels => Some(SharedGap {
                start_ns: at,
                end_ns: at,
                channels: silent,
            }),
            Some(gap) if silent < min_channels => {
                if at > gap.start_ns {
                    shared.push(SharedGap { end_ns: at, ..gap });
                }
                None
            }
            Some(gap) => Some(SharedGap {
                channels: gap.channels.max(silent),
                ..gap
            }),
            None => None,
        };
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let r = gaps(&[0, 10, 20, 60, 70, 200], 10.0, 3.0, 10).unwrap();
        assert_eq!((r.count, r.total_ns), (2, 170));
        assert_eq!(
            r.longest.map(|g| (g.index, g.start_ns, g.end_ns, g.ratio)),
            Some((5, 70, 200, 13.0))
        );
        assert_eq!(
            r.gaps.iter().map(|g| g.index).collect::<Vec<_>>(),
            vec![3, 5]
        );
        let kept = gaps(&[0, 10, 20, 60, 70, 200], 10.0, 3.0, 1).unwrap();
        assert_eq!((kept.count, kept.gaps.len(), kept.gaps[0].index), (2, 1, 5));
    }

    #[test]
    fn the_way_back_is_no_gap() {
        assert_eq!(
            gaps(&[0, 10, 20, -500, 30, 40], 10.0, 3.0, 9)
                .unwrap()
                .count,
            0
        );
    }

    #[test]
    fn bad_options_are_errors() {
        assert!(matches!(
            gaps(&[0, 1], 0.0, 3.0, 1),
            Err(TimeError::BadPeriod { .. })
        ));
        assert!(matches!(
            gaps(&[0, 1], f64::NAN, 3.0, 1),
            Err(TimeError::BadPeriod { .. })
        ));
        assert!(matches!(
            gaps(&[0, 1], 1.0, -3.0, 1),
            Err(TimeError::BadOption { .. })
        ));
        assert_eq!(gaps(&[], 1.0, 3.0, 1).unwrap().count, 0);
    }

    #[test]
    fn causes() {
        let rule = GapRule {
            factor: 3.0,
            log_period_ns: 10.0,
            header_period_ns: 10.0,
        };
        let classes = |log: &[i64], header: &[i64]| {
            classify_gaps(log, header, &rule, 9)
                .unwrap()
                .iter()
                .map(|g| (g.index, g.class))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            classes(&[0, 10, 100, 101, 102, 110], &[0, 10, 20, 30, 40, 110]),
            vec![(2, GapClass::RecorderStall), (5, GapClass::StampingFault)]
        );
        assert_eq!(
            classes(&[0, 10, 100, 110], &[0, 10, 100, 110]),
            vec![(2, GapClass::SensorDrop)]
        );
        assert_eq!(
            classes(&[0, 10, 20, 30], &[0, 10, 70, 80]),
            vec![(2, GapClass::StampingFault)]
        );
        assert_eq!(
            classes(&[0, 10, 500, 510], &[0, 10, 60, 70]),
            vec![(2, GapClass::RecorderStall)]
        );
        assert!(classify_gaps(&[0], &[], &rule, 1).is_err());
    }

    #[test]
    fn silence_across_channels() {
        let shared = shared_gaps(
            &[
                vec![(0, 10), (20, 30)],
                vec![(5, 12), (30, 40)],
                vec![(6, 8)],
            ],
            2,
        );
        assert_eq!(
            shared,
            vec![SharedGap {
                start_ns: 5,
                end_ns: 10,
                channels: 3
            }]
        );
        assert!(shared_gaps(&[vec![(0, 10)]], 0).is_empty());
    }

    proptest! {
        #[test]
        fn a_larger_factor_finds_no_more(steps in prop::collection::vec(0_i64..100, 1..100), f in 1.0_f64..5.0) {
            let mut t = 0;
            let stamps: Vec<i64> = steps.iter().map(|d| { t += d; t }).collect();
            let few = gaps(&stamps, 10.0, f + 1.0, 1000).unwrap();
            let many = gaps(&stamps, 10.0, f, 1000).unwrap();
            prop_assert!(few.count <= many.count);
            prop_assert_eq!(many.count, many.gaps.len());
        }
    }
}
