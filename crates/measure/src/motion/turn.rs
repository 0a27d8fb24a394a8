//! Turns: what a stream says about rotation between two of its stamps.

use crate::pose::matrix::{Matrix, add, scale, subtract};
use crate::pose::{Rate, StampedPose, conjugate, multiply_quat, rotation_vector};
use crate::stats::median;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How a body turned from one stamp to another, as a rotation vector in its own frame.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Turn {
    /// Stamp at the start, nanoseconds.
    pub start_nanos: i64,
    /// Stamp at the end, nanoseconds; later than the start.
    pub end_nanos: i64,
    /// Rotation vector, radians: axis times angle, `log(R_start^T R_end)`.
    pub radians: [f64; 3],
}

/// Turns between consecutive rates by the trapezoidal rule.
///
/// Steps that do not advance, are longer than `max_gap_secs` or touch a rate that is not finite are left out. Rates should
/// ascend in time. Cost: one pass.
pub fn turns_of_rates(rates: impl IntoIterator<Item = Rate>, max_gap_secs: f64) -> Vec<Turn> {
    let mut before: Option<Rate> = None;
    let rates = rates.into_iter();
    let mut turns = Vec::with_capacity(rates.size_hint().0);
    for rate in rates {
        if let Some(first) = before {
            let sum = add(&first.radians_per_sec, &rate.radians_per_sec);
            turns.extend(turn(
                first.t_nanos,
                rate.t_nanos,
                max_gap_secs,
                |step_secs| scale(&sum, 0.5 * step_secs),
            ));
        }
        before = Some(rate);
    }
    turns
}

/// Turns between consecutive poses `world_from_body`.
///
/// Steps that do not advance, are longer than `max_gap_secs` or touch a pose with a quaternion that is zero or not finite
/// are left out. Cost: one pass.
pub fn turns_of_poses(poses: &[StampedPose], max_gap_secs: f64) -> Vec<Turn> {
    poses
        .iter()
        .zip(poses.iter().skip(1))
        .filter_map(|(first, second)| {
            let (a, b) = (first.pose.normalized()?, second.pose.normalized()?);
            let vector = rotation_vector(&multiply_quat(&conjugate(&a.quat_xyzw), &b.quat_xyzw));
            turn(first.t_nanos, second.t_nanos, max_gap_secs, |_| vector)
        })
        .collect()
}

fn turn(
    start_nanos: i64,
    end_nanos: i64,
    max_gap_secs: f64,
    radians: impl Fn(f64) -> [f64; 3],
) -> Option<Turn> {
    let step_nanos = end_nanos.checked_sub(start_nanos)?;
    let step_secs = step_nanos as f64 / 1e9;
    let radians = radians(step_secs);
    (step_nanos > 0 && step_secs <= max_gap_secs && radians.iter().all(|x| x.is_finite()))
        .then_some(Turn {
            start_nanos,
            end_nanos,
            radians,
        })
}

/// Turns that lie inside `[start_nanos, end_nanos]`. Turns ascend. Cost `O(log n)`.
pub fn clip(turns: &[Turn], start_nanos: i64, end_nanos: i64) -> &[Turn] {
    let first = turns.partition_point(|t| t.start_nanos < start_nanos);
    let last = turns.partition_point(|t| t.end_nanos <= end_nanos);
    turns.get(first..last).unwrap_or(&[])
}

/// Median length of the turns, seconds; none without turns.
pub fn median_step_secs(turns: &[Turn]) -> Option<f64> {
    let mut steps: Vec<f64> = turns.iter().map(Turn::secs).collect();
    median(&mut steps).ok()
}

impl Turn {
    /// Length, seconds.
    pub fn secs(&self) -> f64 {
        self.end_nanos.saturating_sub(self.start_nanos) as f64 / 1e9
    }
}

/// The angle turned since the start, over time: its differences are turns between any two moments.
pub(super) struct Integral {
    /// Seconds since the origin, ascending.
    times: Vec<f64>,
    /// Sums of the turns, radians.
    sums: Matrix3,
    /// Number of the stretch without holes that a time belongs to.
    stretch: Vec<u32>,
    /// Times per second on the whole.
    per_sec: f64,
}

type Matrix3 = Vec<[f64; 3]>;

impl Integral {
    /// Of turns that ascend; those that step back are left out.
    pub(super) fn new(turns: &[Turn], origin_nanos: i64) -> Self {
        let room = turns.len().saturating_add(1);
        let mut times = Vec::with_capacity(room);
        let mut sums = Matrix3::with_capacity(room);
        let mut stretch = Vec::with_capacity(room);
        let (mut sum, mut number, mut last) = ([0.0; 3], 0_u32, i64::MIN);
        let secs = |nanos: i64| nanos.saturating_sub(origin_nanos) as f64 / 1e9;
        for turn in turns {
            if turn.start_nanos < last {
                continue;
            }
            if turn.start_nanos != last {
                number = number.saturating_add(1);
                times.push(secs(turn.start_nanos));
                sums.push(sum);
                stretch.push(number);
            }
            sum = add(&sum, &turn.radians);
            times.push(secs(turn.end_nanos));
            sums.push(sum);
            stretch.push(number);
            last = turn.end_nanos;
        }
        let span_secs = match (times.first(), times.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0.0,
        };
        Self {
            per_sec: times.len() as f64 / f64::max(span_secs, 1e-9),
            times,
            sums,
            stretch,
        }
    }

    /// Times up to and including this one. Times are nearly regular, so a guess from the mean rate is near; the
    /// search goes on from there in doubling steps. Cost `O(log d)` for a guess that is `d` off.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, NaN gives 0: any guess will do"
    )]
    fn count_until(&self, t_secs: f64) -> usize {
        let n = self.times.len();
        let first = self.times.first().copied().unwrap_or(0.0);
        let guess = (((t_secs - first) * self.per_sec) as usize).min(n);
        let is_until = |i: usize| self.times.get(i).is_some_and(|t| *t <= t_secs);
        let (mut low, mut high, mut step) = (guess, guess, 1_usize);
        while low > 0 && !is_until(low - 1) {
            high = low - 1;
            low = low.saturating_sub(step);
            step = step.saturating_mul(2);
        }
        step = 1;
        while is_until(high) {
            low = high + 1;
            high = high.saturating_add(step).min(n);
            step = step.saturating_mul(2);
        }
        let between = self.times.get(low..high).unwrap_or(&[]);
        low + between.partition_point(|t| *t <= t_secs)
    }

    /// First and last time, seconds since the origin.
    pub(super) fn span(&self) -> Option<(f64, f64)> {
        self.times.first().copied().zip(self.times.last().copied())
    }

    /// Sum and stretch at a time; the rate is constant within a turn.
    fn at(&self, t_secs: f64) -> Option<([f64; 3], u32)> {
        let after = self.count_until(t_secs);
        let before = after.checked_sub(1)?;
        if self.times[before] == t_secs {
            return Some((self.sums[before], self.stretch[before]));
        }
        if after >= self.times.len() || self.stretch[before] != self.stretch[after] {
            return None;
        }
        let fraction = (t_secs - self.times[before]) / (self.times[after] - self.times[before]);
        let step = subtract(&self.sums[after], &self.sums[before]);
        Some((
            add(&self.sums[before], &scale(&step, fraction)),
            self.stretch[before],
        ))
    }

    /// Mean rate between two times, radians per second; none across a hole or outside.
    pub(super) fn mean(&self, start_secs: f64, end_secs: f64) -> Option<[f64; 3]> {
        let ((first, from), (last, to)) = (self.at(start_secs)?, self.at(end_secs)?);
        (from == to).then(|| scale(&subtract(&last, &first), 1.0 / (end_secs - start_secs)))
    }
}

/// A stretch of at least some length with its mean rate: one observation of a fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Seconds since the origin.
    pub(super) start_secs: f64,
    /// Seconds since the origin.
    pub(super) end_secs: f64,
    /// Mean rate, radians per second.
    pub(super) rate: [f64; 3],
}

/// Turns put together until each is at least `least_secs` long; a hole starts anew.
pub(super) fn rows(turns: &[Turn], origin_nanos: i64, least_secs: f64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut open: Option<Turn> = None;
    for turn in turns {
        let joined = match open {
            Some(o) if o.end_nanos == turn.start_nanos => Turn {
                start_nanos: o.start_nanos,
                end_nanos: turn.end_nanos,
                radians: add(&o.radians, &turn.radians),
            },
            _ => *turn,
        };
        // Periods are not exact: a row may be a hundredth short.
        if joined.secs() >= 0.99 * least_secs {
            let start_secs = joined.start_nanos.saturating_sub(origin_nanos) as f64 / 1e9;
            rows.push(Row {
                start_secs,
                end_secs: start_secs + joined.secs(),
                rate: scale(&joined.radians, 1.0 / joined.secs()),
            });
            open = None;
        } else {
            open = Some(joined);
        }
    }
    rows
}

/// Sum of outer products `a b^T`.
pub(super) fn add_product(sum: &mut Matrix<3, 3>, a: &[f64; 3], b: &[f64; 3], weight: f64) {
    for (row, x) in sum.iter_mut().zip(a) {
        for (cell, y) in row.iter_mut().zip(b) {
            *cell += weight * x * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(count: i64, rate: f64) -> Vec<Turn> {
        turns_of_rates(
            (0..count).map(|i| Rate {
                t_nanos: i * 10_000_000,
                radians_per_sec: [rate, 0.0, f64::from(u8::try_from(i).unwrap())],
            }),
            0.1,
        )
    }

    #[test]
    fn means_do_not_cross_holes() {
        let mut turns = steady(101, 0.5);
        turns.remove(50);
        let integral = Integral::new(&turns, 0);
        let mean = integral.mean(0.1, 0.2).unwrap();
        assert!((mean[0] - 0.5).abs() < 1e-12 && (mean[2] - 15.0).abs() < 1e-9);
        assert!(integral.mean(0.4, 0.6).is_none());
        assert!(integral.mean(-0.1, 0.1).is_none());
        assert!(integral.mean(0.6, 1.01).is_none());
        assert!(integral.mean(0.6, 1.0).is_some());
    }

    #[test]
    fn any_time_is_found_however_irregular() {
        // A guess from the mean rate is far off on both sides.
        let mut turns = steady(50, 0.5);
        turns.extend(steady(250, 0.5).into_iter().map(|t| Turn {
            start_nanos: 7_000_000_000 + t.start_nanos / 100,
            end_nanos: 7_000_000_000 + t.end_nanos / 100,
            ..t
        }));
        let integral = Integral::new(&turns, 0);
        let moments = integral.times.iter().flat_map(|t| [t - 1e-6, *t, t + 1e-6]);
        for t in moments.chain([-1.0, 3.0, 99.0, f64::NAN]) {
            let expected = integral.times.iter().filter(|x| **x <= t).count();
            assert_eq!(integral.count_until(t), expected, "{t}");
        }
        assert_eq!(Integral::new(&[], 0).count_until(1.0), 0);
    }

    #[test]
    fn rows_are_long_enough_and_do_not_cross_holes() {
        let mut turns = steady(101, 0.5);
        turns.remove(52);
        let rows = rows(&turns, 0, 0.05);
        assert!(rows.iter().all(|r| r.end_secs - r.start_secs > 0.0495));
        assert!(
            rows.iter()
                .all(|r| !(r.start_secs < 0.524 && r.end_secs > 0.526))
        );
        assert!((rows[0].rate[0] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn bad_steps_are_left_out() {
        let rate = |t_nanos, x| Rate {
            t_nanos,
            radians_per_sec: [x, 0.0, 0.0],
        };
        let turns = turns_of_rates(
            [
                rate(0, 1.0),
                rate(10, 1.0),
                rate(10, 1.0),
                rate(20, f64::NAN),
                rate(30, 1.0),
                rate(1_000_000_000, 1.0),
            ],
            0.5,
        );
        assert_eq!(turns.len(), 1);
        assert_eq!(median_step_secs(&turns), Some(1e-8));
        assert_eq!(clip(&turns, 0, 9).len(), 0);
        assert_eq!(clip(&turns, 0, 10).len(), 1);
    }
}
