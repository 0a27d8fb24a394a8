//! Steps of a clock: a jump of the smallest latency that persists.

use super::{ClockError, check_span, same_length};
use crate::stats::{Interval, MAD_TO_SIGMA, median, median_abs_deviation, whole_usize};
use serde::Serialize;

/// Windows at most looked at on each side of a candidate.
const SIDE_WINDOWS: usize = 8;
/// Windows at least needed on each side: one busy window among three is outvoted.
const MIN_SIDE_WINDOWS: usize = 3;
/// Messages a window holds at least, so that its smallest latency is near the floor.
const MESSAGES_PER_WINDOW: usize = 5;
/// Standard deviation of a median over that of a mean, for normal noise.
const MEDIAN_LOSS: f64 = 1.2533;
/// What the common slope adds to the error of the jump, when both sides are equally long.
const SLOPE_LOSS: f64 = 2.0;
/// Half widths of the 95 % interval per standard error, which eight windows a side know badly; checked by simulation.
const SIZE_FACTOR: f64 = 2.6;
/// Boundaries below which a step is seen by half of them: a median over all would be that of the step.
const SHORT_BOUNDARIES: usize = 4 * SIDE_WINDOWS;
/// How much smaller wander looks once its largest jump is taken out; by simulation of clean drives of 15 s.
const WITHOUT_LARGEST: f64 = 2.0;
/// An upward step that goes back by the same amount, within this share, was a queue.
const EXCURSION_MATCH: f64 = 0.35;

/// What counts as a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepOptions {
    /// Length of a window at least, nanoseconds; lengthened to hold five messages.
    pub window_ns: i64,
    /// Smallest step reported, nanoseconds (signals reference, B.2.3: 5 ms).
    pub min_step_ns: i64,
    /// Smallest step in robust standard deviations of the window-to-window jumps (signals reference, B.2.3: 5).
    pub sigma_factor: f64,
    /// Steps reported at most, the largest.
    pub limit: usize,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self {
            window_ns: 1_000_000_000,
            min_step_ns: 5_000_000,
            sigma_factor: 5.0,
            limit: 20,
        }
    }
}

/// One jump between the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClockStep {
    /// Index of the first message after the step.
    pub index: usize,
    /// Its log time, nanoseconds.
    pub time_ns: i64,
    /// Log time before which the step did not happen, nanoseconds.
    pub low_ns: i64,
    /// Log time after which it did not happen, nanoseconds.
    pub high_ns: i64,
    /// Change of log minus header, nanoseconds: positive when the recorder clock jumped ahead or the sensor clock back.
    pub size_ns: f64,
    /// Interval of the size, nanoseconds.
    pub size_interval: Interval,
    /// Size in standard errors.
    pub score: f64,
}

/// Steps of a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Messages in a window.
    pub messages_per_window: usize,
    /// Windows.
    pub windows: usize,
    /// Robust standard deviation of the smallest latency from window to window, nanoseconds.
    pub sigma_ns: f64,
    /// Smallest step this channel would have shown, nanoseconds.
    pub detectable_ns: f64,
    /// Steps in time order.
    pub steps: Vec<ClockStep>,
    /// Stretches in which the smallest latency rose for several windows and fell back: queues, not steps; (start, end)
    /// in log time, nanoseconds.
    pub excursions: Vec<(i64, i64)>,
    /// Smallest latency of each window as (log time of its first message, latency), nanoseconds.
    pub floor: Vec<(i64, i64)>,
}

/// Smallest latency per window, relative to the first message.
#[derive(Clone)]
struct Floor {
    size: usize,
    /// Seconds since the first message, at the window's middle message.
    at_secs: Vec<f64>,
    /// Nanoseconds relative to the latency of the first message.
    low: Vec<f64>,
}

fn windows_of(header: &[i64], log: &[i64], window_ns: i64) -> Floor {
    let n = log.len();
    let span = log[n - 1].saturating_sub(log[0]).max(1);
    let per_window = (n as f64 * window_ns as f64 / span as f64)
        .ceil()
        .clamp(1.0, n as f64);
    let size = whole_usize(per_window).max(MESSAGES_PER_WINDOW);
    let base = log[0].saturating_sub(header[0]);
    let starts = (0..n / size).map(|w| w * size);
    let (at_secs, low) = starts
        .map(|start| {
            let latency = (start..start + size)
                .map(|i| log[i].saturating_sub(header[i]))
                .min();
            let middle = log[start + size / 2].saturating_sub(log[0]) as f64 * 1e-9;
            (middle, latency.unwrap_or(base).saturating_sub(base) as f64)
        })
        .unzip();
    Floor { size, at_secs, low }
}

/// A candidate boundary before window `at`.
#[derive(Clone, Copy)]
struct Candidate {
    at: usize,
    /// Median before, at the boundary.
    before: f64,
    jump: f64,
    /// Smallest distance of a window on the higher side from the median of the lower side.
    clearance: f64,
    /// Standard error of the jump by the scatter of both sides.
    error: f64,
    slope: f64,
    /// Sum of the distances of the windows from their side's median: smallest where the two levels part.
    cost: f64,
    /// How much less certain this jump is than one with two full sides.
    widening: f64,
}

/// Median slope among all pairs of windows on the same side (Theil 1950, Sen 1968).
fn common_slope(floor: &Floor, sides: [std::ops::Range<usize>; 2], scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    for side in sides {
        for i in side.clone() {
            for j in i + 1..side.end {
                let dt = floor.at_secs[j] - floor.at_secs[i];
                if dt > 0.0 {
                    scratch.push((floor.low[j] - floor.low[i]) / dt);
                }
            }
        }
    }
    median(scratch).unwrap_or(0.0)
}

/// Jump of the floor at the start of window `at`: difference of the medians of both sides, extrapolated to the boundary
/// along their common slope.
fn jump_at(floor: &Floor, at: usize, scratch: &mut Vec<f64>) -> Option<Candidate> {
    let left = at.saturating_sub(SIDE_WINDOWS)..at;
    let right = at..(at + SIDE_WINDOWS).min(floor.low.len());
    if left.len() < MIN_SIDE_WINDOWS || right.len() < MIN_SIDE_WINDOWS {
        return None;
    }
    let slope = common_slope(floor, [left.clone(), right.clone()], scratch);
    let boundary = 0.5 * (floor.at_secs[at - 1] + floor.at_secs[at]);
    let mut side = |range: std::ops::Range<usize>| {
        scratch.clear();
        scratch.extend(range.map(|w| floor.low[w] - slope * (floor.at_secs[w] - boundary)));
        let lowest = scratch.iter().copied().fold(f64::INFINITY, f64::min);
        let spread = median_abs_deviation(scratch).ok()?;
        // The deviations are left in the buffer.
        Some((spread, scratch.iter().sum::<f64>(), lowest))
    };
    let (n_left, n_right) = (left.len() as f64, right.len() as f64);
    let (before, left_cost, left_lowest) = side(left)?;
    let (after, right_cost, right_lowest) = side(right)?;
    let jump = after.median - before.median;
    let variance = before.sigma.powi(2) / n_left + after.sigma.powi(2) / n_right;
    Some(Candidate {
        at,
        before: before.median,
        jump,
        clearance: if jump > 0.0 {
            right_lowest - before.median
        } else {
            left_lowest - after.median
        },
        error: MEDIAN_LOSS * SLOPE_LOSS * variance.sqrt(),
        slope,
        cost: (left_cost + right_cost) / (n_left + n_right),
        widening: (0.5 * SIDE_WINDOWS as f64 * (1.0 / n_left + 1.0 / n_right)).sqrt(),
    })
}

/// The jumps of a floor at every boundary.
fn jumps_of(floor: &Floor, scratch: &mut Vec<f64>) -> Vec<Candidate> {
    (0..floor.low.len())
        .filter_map(|at| jump_at(floor, at, scratch))
        .collect()
}

/// What a jump must exceed.
#[derive(Clone, Copy)]
struct Threshold {
    min_jump: f64,
    /// For a jump with two full sides.
    noise: f64,
    /// Standard error no jump falls below.
    error: f64,
}

impl Threshold {
    fn is_met(&self, c: &Candidate) -> bool {
        c.jump.abs() > self.min_jump.max(self.noise * c.widening)
            && c.jump.abs() > 5.0 * c.error.max(self.error * c.widening)
    }
}

/// Whether the level reached holds: every window of the higher side is clear of the lower level, as it must be when
/// latency cannot fall below its floor, and the windows beyond the sides still are at their level.
/// A queue that fills and drains fails here.
fn persists(floor: &Floor, c: &Candidate, drift: f64, scratch: &mut Vec<f64>) -> bool {
    if c.clearance < 0.6 * c.jump.abs() {
        return false;
    }
    let beyond = if c.jump > 0.0 {
        (c.at + SIDE_WINDOWS).min(floor.low.len())..(c.at + 3 * SIDE_WINDOWS).min(floor.low.len())
    } else {
        c.at.saturating_sub(3 * SIDE_WINDOWS)..c.at.saturating_sub(SIDE_WINDOWS)
    };
    if beyond.len() < MIN_SIDE_WINDOWS {
        return true;
    }
    let boundary = 0.5 * (floor.at_secs[c.at - 1] + floor.at_secs[c.at]);
    scratch.clear();
    scratch.extend(beyond.map(|w| floor.low[w] - drift * (floor.at_secs[w] - boundary)));
    let lower = if c.jump > 0.0 {
        c.before
    } else {
        c.before + c.jump
    };
    median(scratch).is_ok_and(|level| level - lower >= 0.5 * c.jump.abs())
}

/// The boundary that a jump belongs to: the medians do not notice one that is a few windows off, the scatter does.
fn sharpest(all: &[Candidate], largest: &Candidate) -> Option<Candidate> {
    let near = all.iter().filter(|c| {
        c.at.abs_diff(largest.at) < SIDE_WINDOWS
            && c.jump * largest.jump > 0.0
            && c.jump.abs() >= 0.5 * largest.jump.abs()
    });
    near.min_by(|a, b| a.cost.total_cmp(&b.cost)).copied()
}

/// Largest jump first; ties go to the earlier one.
fn by_size(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    a.jump.abs().total_cmp(&b.jump.abs()).then(b.at.cmp(&a.at))
}

/// Robust standard deviation of the jumps of a floor. Neighboring jumps share most of their windows, so their spread is
/// that of the noise, slow wander included. In a short recording most boundaries see a step that is there, and it would
/// hide itself: the largest jump is taken out before the spread is measured.
fn spread_of(floor: &Floor) -> Result<f64, ClockError> {
    let mut scratch = Vec::new();
    let mut all = jumps_of(floor, &mut scratch);
    let mut bias = 1.0;
    if all.len() < SHORT_BOUNDARIES
        && let Some(best) = all
            .iter()
            .max_by(|a, b| by_size(a, b))
            .and_then(|largest| sharpest(&all, largest))
    {
        let mut rest = floor.clone();
        for low in &mut rest.low[best.at..] {
            *low -= best.jump;
        }
        all = jumps_of(&rest, &mut scratch);
        bias = WITHOUT_LARGEST;
    }
    let mut jumps: Vec<f64> = all.iter().map(|c| c.jump.abs() / c.widening).collect();
    Ok(bias * MAD_TO_SIGMA * median(&mut jumps)?)
}

/// Takes the largest jump out of the floor, again and again, until none meets the threshold.
fn pursue(floor: &mut Floor, threshold: &Threshold, limit: usize) -> Vec<Candidate> {
    let mut scratch = Vec::new();
    let mut found: Vec<Candidate> = Vec::new();
    while found.len() < limit {
        let all = jumps_of(floor, &mut scratch);
        let mut slopes: Vec<f64> = all.iter().map(|c| c.slope).collect();
        let drift = median(&mut slopes).unwrap_or(0.0);
        let Some(largest) = all
            .iter()
            .filter(|c| threshold.is_met(c) && persists(floor, c, drift, &mut scratch))
            .max_by(|a, b| by_size(a, b))
        else {
            break;
        };
        let Some(best) = sharpest(&all, largest) else {
            break;
        };
        if found.iter().any(|c| c.at == best.at) {
            break;
        }
        for low in &mut floor.low[best.at..] {
            *low -= best.jump;
        }
        let error = best.error.max(threshold.error * best.widening);
        found.push(Candidate { error, ..best });
    }
    found.sort_by_key(|c| c.at);
    found
}

/// Splits the jumps into steps and queues: up, then down by about the same.
fn split_excursions(jumps: &[Candidate]) -> (Vec<Candidate>, Vec<(usize, usize)>) {
    let (mut steps, mut excursions) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < jumps.len() {
        let up = jumps[i];
        let back = |down: &&Candidate| {
            up.jump > 0.0
                && down.jump < 0.0
                && (up.jump + down.jump).abs() <= EXCURSION_MATCH * up.jump
        };
        if let Some(down) = jumps.get(i + 1).filter(back) {
            excursions.push((up.at, down.at));
            i += 2;
        } else {
            steps.push(up);
            i += 1;
        }
    }
    (steps, excursions)
}

/// Places a step between two messages. After a step up, and before a step down, no message can be faster than the
/// higher floor: the last (first) message below the middle of both floors bounds the step from one side exactly.
fn locate(header: &[i64], log: &[i64], floor: &Floor, c: Candidate) -> ClockStep {
    let first = c.at.saturating_sub(2) * floor.size;
    let last = ((c.at + 2) * floor.size).min(log.len());
    let base = log[0].saturating_sub(header[0]);
    let boundary = 0.5 * (floor.at_secs[c.at - 1] + floor.at_secs[c.at]);
    let side = c.at.saturating_sub(SIDE_WINDOWS)..c.at;
    let mut before: Vec<f64> = side
        .map(|w| floor.low[w] - c.slope * (floor.at_secs[w] - boundary))
        .collect();
    let middle = median(&mut before).unwrap_or(0.0) + 0.5 * c.jump;
    let is_below = |i: &usize| {
        let latency = log[*i].saturating_sub(header[*i]).saturating_sub(base) as f64;
        let secs = log[*i].saturating_sub(log[0]) as f64 * 1e-9;
        latency - c.slope * (secs - boundary) < middle
    };
    let slack = MESSAGES_PER_WINDOW;
    let (index, low, high) = if c.jump > 0.0 {
        let bound = (first..last).rev().find(is_below).unwrap_or(first);
        let index = (bound + 1).min(log.len() - 1);
        (index, bound, (index + slack).min(log.len() - 1))
    } else {
        let index = (first..last).find(is_below).unwrap_or(c.at * floor.size);
        (index, index.saturating_sub(slack + 1), index)
    };
    ClockStep {
        index,
        time_ns: log[index],
        low_ns: log[low],
        high_ns: log[high],
        size_ns: c.jump,
        size_interval: Interval {
            low: c.jump - SIZE_FACTOR * c.error,
            high: c.jump + SIZE_FACTOR * c.error,
        },
        score: c.jump.abs() / c.error,
    }
}

/// Steps between two clocks, from the lower envelope of their latency.
///
/// The smallest latency of each window of messages follows the clocks and hardly the queues. At every boundary between
/// windows the medians of up to eight windows on each side are compared, extrapolated along their common slope, so that
/// skew is no step. A boundary is a step where the jump is the largest nearby and exceeds all of: `min_step_ns`,
/// `sigma_factor` robust standard deviations of all such jumps (in recordings of less than 40 windows without the largest
/// jump, which most boundaries would see), and five of its own standard errors.
/// A rise that falls back by the same amount is a queue: an excursion, not two steps.
///
/// `header`, `log`: nanoseconds per message in file order. Blind spots: steps within three windows of an end, steps that
/// go back within three windows, several steps within eight windows (seen as one), a queue that lasts to the end of the
/// recording (seen as a step).
///
/// Errors: [`ClockError::LengthMismatch`], [`ClockError::TooFew`] for less than six windows,
/// [`ClockError::SpanTooLarge`], [`ClockError::BadOption`].
/// Cost: one pass and 56 slopes per window: 2 ns per message and 2 µs per window.
/// Source: own method for signals reference B.2.3; power is simulated in its tests.
pub fn steps(header: &[i64], log: &[i64], options: &StepOptions) -> Result<StepReport, ClockError> {
    same_length(header, log)?;
    for (name, value) in [
        ("window_ns", options.window_ns),
        ("min_step_ns", options.min_step_ns),
    ] {
        if value <= 0 {
            return Err(ClockError::BadOption { name, value });
        }
    }
    let needed = 2 * MIN_SIDE_WINDOWS * MESSAGES_PER_WINDOW;
    if log.len() < needed {
        return Err(ClockError::TooFew {
            n: log.len(),
            needed,
        });
    }
    check_span(header)?;
    check_span(log)?;
    if log[log.len() - 1] <= log[0] {
        return Err(ClockError::NoSpread);
    }
    let floor = windows_of(header, log, options.window_ns);
    if floor.low.len() < 2 * MIN_SIDE_WINDOWS {
        let needed = 2 * MIN_SIDE_WINDOWS * floor.size;
        return Err(ClockError::TooFew {
            n: log.len(),
            needed,
        });
    }
    let sigma_ns = jitter_of(&floor.low)?;
    let spread = spread_of(&floor)?;
    let threshold = Threshold {
        min_jump: options.min_step_ns as f64,
        noise: options.sigma_factor * spread,
        error: MEDIAN_LOSS * sigma_ns * (2.0 / SIDE_WINDOWS as f64).sqrt(),
    };
    let jumps = pursue(&mut floor.clone(), &threshold, 2 * options.limit);
    let (mut kept, excursions) = split_excursions(&jumps);
    if kept.len() > options.limit {
        kept.sort_by(|a, b| b.jump.abs().total_cmp(&a.jump.abs()).then(a.at.cmp(&b.at)));
        kept.truncate(options.limit);
        kept.sort_by_key(|c| c.at);
    }
    let base = log[0].saturating_sub(header[0]);
    let start = |w: usize| log[w * floor.size];
    Ok(StepReport {
        messages_per_window: floor.size,
        windows: floor.low.len(),
        sigma_ns,
        detectable_ns: threshold
            .min_jump
            .max(threshold.noise)
            .max(5.0 * threshold.error),
        steps: kept
            .into_iter()
            .map(|c| locate(header, log, &floor, c))
            .collect(),
        excursions: excursions
            .into_iter()
            .map(|(a, b)| (start(a), start(b)))
            .collect(),
        floor: (0..floor.low.len())
            .map(|w| (start(w), base.saturating_add(nanos(floor.low[w]))))
            .collect(),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "came from an integer of nanoseconds"
)]
fn nanos(x: f64) -> i64 {
    x as i64
}

/// Standard deviation of the noise from window to window, by the differences of neighbors.
fn jitter_of(low: &[f64]) -> Result<f64, ClockError> {
    let mut differences: Vec<f64> = low.windows(2).map(|w| w[1] - w[0]).collect();
    Ok(median_abs_deviation(&mut differences)?.sigma / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    const T0: i64 = 1_700_000_000_000_000_000;

    struct Drive {
        secs: f64,
        rate: f64,
        skew_ppm: f64,
        /// Mean of the exponential delay, nanoseconds.
        delay: f64,
        /// Growth of the queue per message, nanoseconds; its mean is 1.25 times as long and lasts 25 messages.
        queue: f64,
        step: f64,
        step_at_secs: f64,
    }

    /// Latency with an exponential part per message and a queue that remembers.
    fn simulate(d: &Drive, noise: &mut Noise) -> (Vec<i64>, Vec<i64>) {
        let mut queue = 0.0;
        (0..nanos(d.secs * d.rate))
            .map(|i| {
                let secs = i as f64 / d.rate;
                queue = (queue + d.queue * (noise.exponential() - 1.2)).max(0.0);
                let step = if secs >= d.step_at_secs { d.step } else { 0.0 };
                let latency =
                    2e6 + d.delay * noise.exponential() + queue + 1e3 * d.skew_ppm * secs + step;
                (T0 + nanos(secs * 1e9), T0 + nanos(secs * 1e9 + latency))
            })
            .unzip()
    }

    fn found(d: &Drive, seed: u64, runs: u32) -> (u32, u32, u32) {
        let mut noise = Noise::new(seed);
        let (mut hits, mut extra, mut covered) = (0, 0, 0);
        for _ in 0..runs {
            let at = 6.0 + (d.secs - 12.0) * noise.uniform();
            let drive = Drive {
                step_at_secs: at,
                ..*d
            };
            let (header, log) = simulate(&drive, &mut noise);
            let report = steps(&header, &log, &StepOptions::default()).unwrap();
            let truth = T0 + nanos(at * 1e9);
            let hit = report.steps.iter().find(|s| {
                s.time_ns.abs_diff(truth) < 1_500_000_000
                    && (s.size_ns - d.step).abs() < 0.25 * d.step.abs()
            });
            hits += u32::from(hit.is_some());
            covered += u32::from(hit.is_some_and(|s| s.size_interval.contains(d.step)));
            extra += u32::from(report.steps.len() > usize::from(hit.is_some()));
        }
        (hits, extra, covered)
    }

    #[test]
    fn twenty_milliseconds_in_a_minute_are_found() {
        for (seed, rate, delay, step) in [
            (1, 100.0, 5e6, 2e7),
            (2, 10.0, 5e6, 2e7),
            (3, 10.0, 1e6, -2e7),
            (4, 200.0, 2e6, -2e7),
            (5, 5.0, 3e6, 2e7),
        ] {
            let d = Drive {
                secs: 60.0,
                rate,
                skew_ppm: 80.0,
                delay,
                queue: 0.1 * delay,
                step,
                step_at_secs: 0.0,
            };
            let (hits, extra, covered) = found(&d, seed, 200);
            assert!(
                hits >= 195 && extra <= 4 && covered >= 180,
                "{rate} Hz, {delay}: {hits} hits, {extra} extra, {covered} covered"
            );
        }
    }

    #[test]
    fn a_step_does_not_hide_itself_in_a_short_recording() {
        for (seed, secs, rate, step) in [
            (11, 14.0, 100.0, 4e7),
            (12, 20.0, 10.0, 4e7),
            (13, 20.0, 200.0, -2e7),
            (14, 30.0, 50.0, -2e7),
        ] {
            let d = Drive {
                secs,
                rate,
                skew_ppm: 20.0,
                delay: 1e6,
                queue: 1e5,
                step,
                step_at_secs: 0.0,
            };
            let (hits, extra, _) = found(&d, seed, 200);
            assert!(
                hits >= 190 && extra <= 6,
                "{secs} s, {rate} Hz: {hits} hits, {extra} extra"
            );
        }
    }

    /// Clean drives, of 300, in which a step is seen.
    fn alarms(seed: u64, secs: [f64; 3]) -> usize {
        let mut noise = Noise::new(seed);
        let mut alarms = 0;
        for run in 0..300 {
            let d = Drive {
                secs: secs[run / 9 % 3],
                rate: [10.0, 50.0, 200.0][run % 3],
                skew_ppm: [0.0, 200.0, -500.0][run / 3 % 3],
                delay: [1e6, 5e6][run % 2],
                queue: [1e5, 2e6, 5e5][run / 18 % 3],
                step: 0.0,
                step_at_secs: 0.0,
            };
            let (header, log) = simulate(&d, &mut noise);
            let report = steps(&header, &log, &StepOptions::default()).unwrap();
            alarms += usize::from(!report.steps.is_empty());
        }
        alarms
    }

    #[test]
    fn clean_and_skewed_drives_have_none() {
        let seen = alarms(21, [60.0; 3]);
        assert!(seen <= 1, "{seen} of 300");
    }

    #[test]
    fn short_clean_drives_have_none() {
        let seen = alarms(24, [10.0, 15.0, 30.0]);
        assert!(seen <= 1, "{seen} of 300");
    }

    #[test]
    fn a_queue_is_an_excursion() {
        let mut noise = Noise::new(22);
        for length in [1.0, 2.0, 6.0, 12.0, 20.0] {
            let d = Drive {
                secs: 60.0,
                rate: 50.0,
                skew_ppm: 20.0,
                delay: 2e6,
                queue: 5e5,
                step: 0.0,
                step_at_secs: 0.0,
            };
            let (header, mut log) = simulate(&d, &mut noise);
            for t in &mut log {
                let secs = (*t - T0) as f64 * 1e-9;
                if secs > 25.0 && secs < 25.0 + length {
                    *t += 30_000_000;
                }
            }
            let report = steps(&header, &log, &StepOptions::default()).unwrap();
            assert!(report.steps.is_empty(), "{length} s: {:?}", report.steps);
            // Short ones fail the test of persistence and are not even excursions.
            assert_eq!(report.excursions.len(), usize::from(length > 16.0));
        }
    }

    #[test]
    fn undefined_cases_are_errors() {
        let options = StepOptions::default();
        assert!(matches!(
            steps(&[1; 10], &[1; 10], &options),
            Err(ClockError::TooFew { .. })
        ));
        assert!(matches!(
            steps(&[1], &[], &options),
            Err(ClockError::LengthMismatch { .. })
        ));
        let bad = StepOptions {
            window_ns: 0,
            ..options
        };
        assert!(matches!(
            steps(&[1; 100], &[1; 100], &bad),
            Err(ClockError::BadOption { .. })
        ));
        assert_eq!(
            steps(&[1; 100], &[1; 100], &options),
            Err(ClockError::NoSpread)
        );
    }

    #[test]
    fn the_place_of_a_step_is_bounded() {
        let mut noise = Noise::new(23);
        let d = Drive {
            secs: 60.0,
            rate: 100.0,
            skew_ppm: 0.0,
            delay: 1e6,
            queue: 2e5,
            step: 3e7,
            step_at_secs: 30.004,
        };
        let (header, log) = simulate(&d, &mut noise);
        let report = steps(&header, &log, &StepOptions::default()).unwrap();
        assert_eq!(report.steps.len(), 1);
        let s = report.steps[0];
        assert!(s.low_ns <= s.time_ns && s.time_ns <= s.high_ns);
        let truth = T0 + 30_004_000_000;
        assert!(
            s.time_ns.abs_diff(truth) <= 60_000_000,
            "{}",
            s.time_ns - truth
        );
    }
}
