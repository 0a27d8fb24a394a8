//! How far a vehicle has come: rest, drive, rest, again and again.

use crate::rng::Rng;
use std::f64::consts::TAU;

/// Cycles of rest, motion and rest; between two cycles the vehicle rests twice as long.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    cycle_secs: f64,
    rest_secs: f64,
    ramp_secs: f64,
    wave: (f64, f64),
    /// Way from the start of the motion to each knot, as a multiple of the top speed, seconds.
    way: Vec<f64>,
}

/// About the length of a cycle, and the longest rest at either end of one.
const CYCLE_SECS: f64 = 20.0;
const REST_SECS: f64 = 3.0;
/// Longest time to get to speed.
const RAMP_SECS: f64 = 3.0;
/// Distance of the knots of the table: interpolation errors stay below 1e-10 of the way.
const STEP_SECS: f64 = 0.005;
/// Share by which the speed waves: brakes and accelerates.
const WAVE: f64 = 0.22;

impl Progress {
    /// The cycles of a drive; they go on after its end.
    pub(crate) fn new(duration_secs: f64, rng: &mut Rng) -> Self {
        let cycles = libm::round(duration_secs / CYCLE_SECS).max(1.0);
        let cycle_secs = duration_secs / cycles;
        let rest_secs = REST_SECS.min(0.15 * cycle_secs);
        let moving = cycle_secs - 2.0 * rest_secs;
        let mut progress = Self {
            cycle_secs,
            rest_secs,
            ramp_secs: RAMP_SECS.min(moving / 4.0),
            wave: (TAU / rng.between(3.2, 4.6), rng.between(0.0, TAU)),
            way: Vec::new(),
        };
        // Simpson's rule over each step; a little beyond the end, where the speed is 0.
        let mut sum = 0.0;
        let mut secs = 0.0;
        while secs < moving + 2.0 * STEP_SECS {
            progress.way.push(sum);
            let middle = progress.speed(secs + STEP_SECS / 2.0);
            sum += STEP_SECS / 6.0
                * (progress.speed(secs) + 4.0 * middle + progress.speed(secs + STEP_SECS));
            secs += STEP_SECS;
        }
        progress.way.push(sum);
        progress
    }

    fn moving_secs(&self) -> f64 {
        self.cycle_secs - 2.0 * self.rest_secs
    }

    /// Share of the top speed `secs` after the motion began.
    fn speed(&self, secs: f64) -> f64 {
        let left = self.moving_secs() - secs;
        let ramp = smooth(secs / self.ramp_secs) * smooth(left / self.ramp_secs);
        let (rate, phase) = self.wave;
        ramp * (1.0 + WAVE * libm::sin(rate * secs + phase)) / (1.0 + WAVE)
    }

    /// Way since the start of the drive over the top speed, seconds.
    pub(crate) fn at(&self, secs: f64) -> f64 {
        let cycle = libm::floor(secs / self.cycle_secs).max(0.0);
        let per_cycle = self.way.last().copied().unwrap_or(0.0);
        let inside =
            (secs - cycle * self.cycle_secs - self.rest_secs).clamp(0.0, self.moving_secs());
        cycle * per_cycle + self.within(inside)
    }

    /// Cubic Hermite interpolation with the exact speeds at the knots.
    fn within(&self, secs: f64) -> f64 {
        let place = libm::floor(secs / STEP_SECS);
        let knot = index(place);
        let (Some(from), Some(to)) = (self.way.get(knot), self.way.get(knot + 1)) else {
            return self.way.last().copied().unwrap_or(0.0);
        };
        let s = secs / STEP_SECS - place;
        let start = STEP_SECS * self.speed(place * STEP_SECS);
        let end = STEP_SECS * self.speed((place + 1.0) * STEP_SECS);
        let rest = 1.0 - s;
        from * (1.0 + 2.0 * s) * rest * rest
            + start * s * rest * rest
            + to * s * s * (3.0 - 2.0 * s)
            - end * s * s * rest
    }

    /// When the vehicle is under way at speed within the first `duration_secs`: start and end, seconds.
    pub(crate) fn under_way(&self, duration_secs: f64) -> Vec<(f64, f64)> {
        let mut phases = Vec::new();
        let mut start = 0.0;
        while start + self.cycle_secs < duration_secs * 1.0001 + 1e-6 {
            let margin = self.rest_secs + 0.5 * self.ramp_secs;
            phases.push((start + margin, start + self.cycle_secs - margin));
            start += self.cycle_secs;
        }
        phases
    }
}

/// 0 before 0, 1 after 1, in between a step with two continuous derivatives.
fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number of knots, not negative"
)]
fn index(place: f64) -> usize {
    place.max(0.0) as usize
}
