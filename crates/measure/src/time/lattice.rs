//! Lost messages, by following the phase of a periodic stream.

use super::period::differences;
use super::{TimeError, at_least, positive_period};
use crate::Workspace;
use crate::stats::{Interval, median_i64, wilson};
use serde::Serialize;

/// Share of the distance from the expected slot by which the phase follows a stamp. The first suits jitter around
/// a fixed lattice, the last streams whose next stamp counts from the one before; the best fitting one is used.
const GAINS: [f64; 3] = [0.05, 0.25, 1.0];
/// Stamps by which the gain is chosen.
const JUDGED_STAMPS: usize = 8192;
/// With a remainder this small no other gain is tried.
const GOOD_PHASE_RMS: f64 = 0.05;
/// Root mean square distance from the slots, in periods, above which no lattice is claimed.
/// Uniform jitter of half a period each way, which is no lattice any more, gives 0.289; of a quarter, 0.144.
const MAX_PHASE_RMS: f64 = 0.22;
/// After this many empty slots the phase is taken anew: a restarted source has a new one.
const RELOCK_SLOTS: i64 = 20;
/// A message late or early by more than half a period makes an empty slot beside a double one.
/// They cancel when not more than this many slots apart (a queue that held `k` messages flushes at once).
const CANCEL_SLOTS: i64 = 3;
/// Stretches of loss kept.
const KEPT_WINDOWS: usize = 100;

/// Messages estimated missing from empty slots of the stream's own lattice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatticeReport {
    /// Stamps seen.
    pub n: usize,
    /// Period of the lattice, nanoseconds.
    pub period_ns: f64,
    /// Empty slots: estimated missing messages.
    pub missing: u64,
    /// Slots with more than one message, each further message counted: estimated duplicates.
    pub extra: u64,
    /// Jumps of the clock that are too long for a loss (or go back): not counted as missing.
    pub jumps: u64,
    /// `missing / (n - extra + missing)`.
    pub loss_ratio: f64,
    /// Wilson's interval of `loss_ratio`; it takes losses as independent, a long dropout makes it too narrow.
    pub interval: Interval,
    /// Root mean square distance of the stamps from their slots, in periods.
    pub phase_rms_ratio: f64,
    /// Most neighboring empty slots.
    pub longest_missing: u64,
    /// Stretches with empty slots as (stamp before, stamp after), nanoseconds, in time order, at most 100.
    pub windows: Vec<(i64, i64)>,
}

/// Empty slots that a late message may still fill.
#[derive(Clone, Copy, Default)]
struct Open {
    slot: i64,
    count: i64,
    before: i64,
    after: i64,
}

/// State of one tracker while it walks along the stream. Times are relative to the first stamp.
struct Tracker {
    gain: f64,
    period: f64,
    half: f64,
    /// Longest jump, in slots, that can be a loss.
    longest_loss: i64,
    /// Expected time of the next slot.
    next: f64,
    slot: i64,
    /// Slots matched since the phase was taken; the gain starts at 1 / 2 and falls to its final value.
    locked: f64,
    /// Sum of squared distances from the slots.
    squares: f64,
    matched: u64,
    missing: i64,
    extra: i64,
    jumps: u64,
    longest: i64,
    open_missing: Open,
    open_extra: Open,
    windows: Vec<(i64, i64)>,
}

impl Tracker {
    fn new(gain: f64, period: f64, longest_loss: i64) -> Self {
        Self {
            gain,
            period,
            half: 0.5 * period,
            longest_loss,
            next: period,
            slot: 0,
            locked: 1.0,
            squares: 0.0,
            matched: 0,
            missing: 0,
            extra: 0,
            jumps: 0,
            longest: 0,
            open_missing: Open::default(),
            open_extra: Open::default(),
            windows: Vec::new(),
        }
    }

    fn run(mut self, stamps: &[i64]) -> Self {
        let origin = stamps[0];
        for pair in stamps.windows(2) {
            let t = pair[1].saturating_sub(origin) as f64;
            let distance = t - self.next;
            if distance.abs() < self.half {
                self.follow(distance);
            } else {
                self.leave(t, (pair[0], pair[1]));
            }
        }
        self.close_missing();
        self.extra += self.open_extra.count;
        self
    }

    /// The next slot holds a stamp at this distance.
    fn follow(&mut self, distance: f64) {
        self.squares += distance * distance;
        self.matched += 1;
        self.locked += 1.0;
        let gain = self.gain.max(1.0 / self.locked);
        self.next = (self.next + self.period) + gain * distance;
        self.slot += 1;
    }

    /// The stamp belongs to another slot than the next one.
    fn leave(&mut self, t: f64, pair: (i64, i64)) {
        let step = 1_i64.saturating_add(round((t - self.next) / self.period));
        if step > self.longest_loss || step < -self.longest_loss {
            self.jumps += 1;
            self.relock(t, 1);
        } else if step >= RELOCK_SLOTS {
            self.relock(t, step);
            self.note_missing(step - 1, pair);
        } else if step <= 0 {
            self.note_extra();
        } else {
            self.next += self.period * (step - 1) as f64;
            self.slot += step - 1;
            self.follow(t - self.next);
            if step > 1 {
                self.note_missing(step - 1, pair);
            }
        }
    }

    fn relock(&mut self, t: f64, step: i64) {
        self.next = t + self.period;
        self.slot += step;
        self.locked = 1.0;
    }

    fn note_extra(&mut self) {
        if self.open_missing.count > 0 && self.slot <= self.open_missing.slot + CANCEL_SLOTS {
            self.open_missing.count -= 1;
            // Further messages of the same flush may fill further slots.
            self.open_missing.slot = self.slot;
            return;
        }
        if self.slot > self.open_extra.slot + CANCEL_SLOTS {
            self.extra += self.open_extra.count;
            self.open_extra.count = 0;
        }
        self.open_extra.count += 1;
        self.open_extra.slot = self.slot;
    }

    fn note_missing(&mut self, empty: i64, (before, after): (i64, i64)) {
        let mut empty = empty;
        if self.slot <= self.open_extra.slot + CANCEL_SLOTS + empty {
            let filled = self.open_extra.count.min(empty);
            self.open_extra.count -= filled;
            empty -= filled;
        }
        if empty == 0 {
            return;
        }
        if self.slot <= self.open_missing.slot + CANCEL_SLOTS && self.open_missing.count > 0 {
            self.open_missing.count += empty;
            self.open_missing.after = after;
            self.open_missing.slot = self.slot;
            return;
        }
        self.close_missing();
        self.open_missing = Open {
            slot: self.slot,
            count: empty,
            before,
            after,
        };
    }

    fn close_missing(&mut self) {
        let open = self.open_missing;
        if open.count > 0 {
            self.missing += open.count;
            self.longest = self.longest.max(open.count);
            if self.windows.len() < KEPT_WINDOWS {
                self.windows.push((open.before, open.after));
            }
        }
        self.open_missing.count = 0;
    }

    fn phase_rms(&self) -> f64 {
        if self.matched == 0 {
            f64::INFINITY
        } else {
            (self.squares / self.matched as f64).sqrt() / self.period
        }
    }
}

/// Nearest whole number; saturates.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, which the caller treats as a jump"
)]
fn round(x: f64) -> i64 {
    x.round() as i64
}

/// Period of the lattice: the mean of the differences within half a period of the median or declared one, which
/// telescopes over jitter and is not moved by lost messages.
fn refine_period(differences: &[i64], start: f64) -> f64 {
    let mut period = start;
    for _ in 0..3 {
        let (low, high) = (round(0.5 * period), round(1.5 * period));
        let (mut sum, mut count) = (0_i128, 0_u64);
        for &d in differences {
            if d > low && d < high {
                sum += i128::from(d);
                count += 1;
            }
        }
        if count == 0 {
            break;
        }
        let next = sum as f64 / count as f64;
        if (next - period).abs() <= 1e-6 * period {
            return next;
        }
        period = next;
    }
    period
}

/// The tracker that predicts the stamps best, judged by the first stamps where there are many.
fn best_tracker(stamps: &[i64], period: f64, longest_loss: i64) -> Tracker {
    let head = &stamps[..stamps.len().min(JUDGED_STAMPS)];
    let start = |gain| Tracker::new(gain, period, longest_loss);
    let (mut best, mut least) = (GAINS[0], f64::INFINITY);
    for gain in GAINS {
        let rms = start(gain).run(head).phase_rms();
        if rms < least {
            (best, least) = (gain, rms);
        }
        if least <= GOOD_PHASE_RMS {
            break;
        }
    }
    start(best).run(stamps)
}

/// Missing messages of a periodic stream, found by following its phase.
///
/// Each stamp is assigned to the nearest slot of a lattice whose phase follows the stamps; slots left empty are missing
/// messages, unless a message that came late or early fills them from a neighboring slot. Jitter of every stamp may reach
/// a quarter of a period, twice what the difference formula ([`crate::time::drops`]) bears, since the phase averages it
/// out. Messages held back and flushed together are not missing.
///
/// `stamps`: nanoseconds in file order, best header stamps; `declared_period_ns`: known period, else the median;
/// `scratch`: buffer to reuse. Blind spots: a period that changes by more than a few percent; losses right beside
/// duplicates, which cancel. A pause of more than ten times the stream's length is a jump of the clock, not a loss.
///
/// Errors: [`TimeError::TooFew`] below ten stamps, [`TimeError::BadPeriod`], [`TimeError::NotPeriodic`] when
/// the stamps follow no lattice. Cost: without a declared period one selection, then three to five passes, 15 ns per stamp;
/// 8 bytes per stamp.
/// Source: own method; power and false alarms are measured by simulation in its tests.
pub fn lattice(
    stamps: &[i64],
    declared_period_ns: Option<f64>,
    scratch: &mut impl Workspace,
) -> Result<LatticeReport, TimeError> {
    at_least(stamps.len(), 10)?;
    let scratch = differences(stamps, scratch);
    let start = match declared_period_ns {
        Some(period) => positive_period(period)?,
        None => positive_period(median_i64(scratch)?)?,
    };
    let period = positive_period(refine_period(scratch, start))?;
    let longest_loss = i64::try_from(stamps.len().saturating_mul(10)).unwrap_or(i64::MAX);
    let best = best_tracker(stamps, period, longest_loss);
    let phase_rms_ratio = best.phase_rms();
    if phase_rms_ratio > MAX_PHASE_RMS {
        return Err(TimeError::NotPeriodic { phase_rms_ratio });
    }
    let missing = u64::try_from(best.missing).unwrap_or(0);
    let extra = u64::try_from(best.extra).unwrap_or(0);
    let slots = (stamps.len() as u64)
        .saturating_sub(extra)
        .saturating_add(missing)
        .max(1);
    Ok(LatticeReport {
        n: stamps.len(),
        period_ns: period,
        missing,
        extra,
        jumps: best.jumps,
        loss_ratio: missing as f64 / slots as f64,
        interval: wilson(missing, slots)?,
        phase_rms_ratio,
        longest_missing: u64::try_from(best.longest).unwrap_or(0),
        windows: best.windows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::{Noise, nanos};
    use crate::time::drops;
    use proptest::prelude::*;

    const T: f64 = 10_000_000.0;

    /// `n` slots at 100 Hz with jitter from `jitter` (in periods), losing each with probability `loss`.
    fn stream(
        n: usize,
        loss: f64,
        noise: &mut Noise,
        jitter: impl Fn(&mut Noise) -> f64,
    ) -> (Vec<i64>, u64) {
        let mut lost = 0;
        let mut stamps = Vec::new();
        for i in 0..n {
            let t = (i as f64 + jitter(noise)) * T;
            if i > 0 && i + 1 < n && noise.uniform() < loss {
                lost += 1;
            } else {
                stamps.push(1_700_000_000_000_000_000 + nanos(t));
            }
        }
        (stamps, lost)
    }

    fn measure(stamps: &[i64]) -> LatticeReport {
        lattice(stamps, None, &mut Vec::new()).unwrap()
    }

    #[test]
    fn counts_by_hand() {
        let mut stamps: Vec<i64> = (0..40).map(|i| i * 100).collect();
        stamps.remove(20);
        stamps.drain(30..33);
        let r = measure(&stamps);
        assert_eq!((r.missing, r.extra, r.longest_missing), (4, 0, 3));
        assert_eq!(r.windows, vec![(1900, 2100), (3000, 3400)]);
    }

    #[test]
    fn a_flush_is_no_loss() {
        let mut stamps: Vec<i64> = (0..200).map(|i| i * 1000).collect();
        for (late, t) in stamps[90..100].iter_mut().enumerate() {
            *t = 99_000 + 10 * i64::try_from(late).unwrap();
        }
        assert_eq!((measure(&stamps).missing, measure(&stamps).extra), (0, 0));
    }

    #[test]
    fn swaps_duplicates_and_jumps() {
        let mut stamps: Vec<i64> = (0..200).map(|i| i * 1000).collect();
        stamps.swap(50, 51);
        assert_eq!((measure(&stamps).missing, measure(&stamps).extra), (0, 0));
        stamps.insert(120, stamps[120]);
        assert_eq!((measure(&stamps).missing, measure(&stamps).extra), (0, 1));
        for t in stamps.iter_mut().skip(160) {
            *t += 1_700_000_000_000_000_000;
        }
        let r = measure(&stamps);
        assert_eq!((r.missing, r.extra, r.jumps), (0, 1, 1));
    }

    #[test]
    fn one_percent_is_found_at_a_quarter_period_of_jitter() {
        let mut noise = Noise::new(11);
        let (mut found, mut covered, mut naive) = (0, 0, 0);
        for _ in 0..200 {
            let (stamps, lost) = stream(6000, 0.01, &mut noise, |r| 0.5 * (r.uniform() - 0.5));
            let r = measure(&stamps);
            found += usize::from(r.missing.abs_diff(lost) <= lost / 5 && r.extra <= 2);
            covered += usize::from(r.interval.contains(0.01));
            // The difference formula cannot see most of them at this jitter.
            naive += usize::from(drops(&stamps, T).unwrap().missing.abs_diff(lost) <= lost / 5);
        }
        assert!(found >= 196, "{found} of 200");
        assert!(covered >= 182, "{covered} of 200");
        assert!(naive <= 60, "{naive} of 200");
    }

    #[test]
    fn clean_streams_show_no_loss() {
        let mut noise = Noise::new(12);
        let mut alarms = 0;
        for round in 0..300 {
            let (stamps, _) = match round % 3 {
                0 => stream(1200, 0.0, &mut noise, |r| 0.5 * (r.uniform() - 0.5)),
                1 => stream(1200, 0.0, &mut noise, |r| 0.12 * r.normal()),
                _ => stream(1200, 0.0, &mut noise, |r| 0.1 * r.exponential()),
            };
            alarms += usize::from(measure(&stamps).missing > 0);
        }
        assert!(alarms <= 3, "{alarms} of 300");
    }

    #[test]
    fn wandering_streams_show_no_loss() {
        let mut noise = Noise::new(13);
        for _ in 0..50 {
            let mut t = 0.0;
            let stamps: Vec<i64> = (0..3000)
                .map(|_| {
                    t += T * (1.0 + 0.1 * noise.normal());
                    nanos(t)
                })
                .collect();
            assert!(measure(&stamps).missing <= 1);
        }
    }

    #[test]
    fn random_events_are_refused() {
        let mut noise = Noise::new(14);
        let mut t = 0.0;
        let stamps: Vec<i64> = (0..2000)
            .map(|_| {
                t += T * noise.exponential();
                nanos(t)
            })
            .collect();
        let result = lattice(&stamps, None, &mut Vec::new());
        assert!(
            matches!(result, Err(TimeError::NotPeriodic { phase_rms_ratio }) if phase_rms_ratio > 0.22)
        );
    }

    proptest! {
        #[test]
        fn without_jitter_the_count_is_exact(n in 100_usize..400, lost in prop::collection::btree_set(0_usize..1000, 0..20), shift in 0_i64..1_000_000_000) {
            let lost: std::collections::BTreeSet<usize> = lost.into_iter().map(|i| 1 + i % (n - 2)).collect();
            let stamps: Vec<i64> = (0..n).filter(|i| !lost.contains(i)).map(|i| shift + 1000 * i64::try_from(i).unwrap()).collect();
            let r = measure(&stamps);
            prop_assert_eq!((r.missing, r.extra), (lost.len() as u64, 0));
            prop_assert_eq!(r.missing, drops(&stamps, 1000.0).unwrap().missing);
        }
    }
}
