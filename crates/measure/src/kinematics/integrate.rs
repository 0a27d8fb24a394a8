//! Equations of motion solved step by step.
//!
//! Read [`integrate`] first. Not here: the equations.

use super::KinematicsError;

/// Steps after which a motion is refused.
const MAX_STEPS: usize = 100_000;

/// How exact a solution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Error per step relative to the state.
    pub relative: f64,
    /// Error per step where the state is small.
    pub absolute: f64,
}

impl Default for Tolerance {
    /// 1e-9 and 1e-10: with these the steps are those behind the vectors of the single-track model.
    fn default() -> Self {
        Self {
            relative: 1e-9,
            absolute: 1e-10,
        }
    }
}

impl Tolerance {
    /// Root mean square of `x` in units of the error allowed at `a` and `b`.
    fn norm<const N: usize>(&self, x: &[f64; N], a: &[f64; N], b: &[f64; N]) -> f64 {
        let scaled = x.iter().zip(a.iter().zip(b)).map(|(x, (a, b))| {
            let scaled = x / (self.absolute + self.relative * a.abs().max(b.abs()));
            scaled * scaled
        });
        (scaled.sum::<f64>() / N as f64).sqrt()
    }
}

/// Stages of Dormand and Prince 5(4): rows of the tableau.
const STAGES: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[
        19372.0 / 6561.0,
        -25360.0 / 2187.0,
        64448.0 / 6561.0,
        -212.0 / 729.0,
    ],
    &[
        9017.0 / 3168.0,
        -355.0 / 33.0,
        46732.0 / 5247.0,
        49.0 / 176.0,
        -5103.0 / 18656.0,
    ],
    &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
];

/// Weights of the error: fifth order minus fourth.
const ERROR: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// The state after `secs` of `d state / dt = slope(state)`, by Dormand and Prince's method of order 5(4) with steps
/// chosen for the tolerance as scipy 1.17.1 `solve_ivp(method="RK45")` chooses them (Dormand and Prince 1980; Hairer,
/// Norsett and Wanner II.4). The same steps matter where a slope jumps, such as at a limit of steering: how far such a
/// limit is overstepped depends on the steps, not on the tolerance alone.
///
/// `secs` of 0 or less gives the state back. Errors: [`KinematicsError::TooManySteps`], also where the slope is not
/// finite. Cost: 6 slopes a step.
pub fn integrate<const N: usize>(
    slope: impl Fn(&[f64; N]) -> [f64; N],
    mut state: [f64; N],
    secs: f64,
    tolerance: Tolerance,
) -> Result<[f64; N], KinematicsError> {
    let mut t = 0.0;
    let mut step = first_step(&slope, &state, secs, &tolerance);
    let mut rejected = false;
    for _ in 0..MAX_STEPS {
        if t >= secs {
            return Ok(state);
        }
        let end = (t + step).min(secs);
        step = end - t;
        let (next, error) = advance(&slope, &state, step);
        let norm = tolerance.norm(&error, &state, &next);
        let factor = 0.9 * norm.powf(-0.2);
        if norm < 1.0 {
            // A step right after a refused one does not grow.
            step *= factor.min(if rejected { 1.0 } else { 10.0 });
            rejected = false;
            state = next;
            t = end;
        } else {
            // A norm that is not a number gives the least factor, until the limit of steps is met.
            step *= factor.max(0.2);
            rejected = true;
        }
    }
    Err(KinematicsError::TooManySteps { steps: MAX_STEPS })
}

/// The size of the first step (Hairer, Norsett and Wanner, II.4).
fn first_step<const N: usize>(
    slope: &impl Fn(&[f64; N]) -> [f64; N],
    state: &[f64; N],
    secs: f64,
    tolerance: &Tolerance,
) -> f64 {
    let begin = slope(state);
    let size = tolerance.norm(state, state, state);
    let speed = tolerance.norm(&begin, state, state);
    let trial = if size < 1e-5 || speed < 1e-5 {
        1e-6
    } else {
        0.01 * size / speed
    };
    let trial = trial.min(secs);
    let moved: [f64; N] = std::array::from_fn(|d| state[d] + trial * begin[d]);
    let end = slope(&moved);
    let change: [f64; N] = std::array::from_fn(|d| end[d] - begin[d]);
    let bend = tolerance.norm(&change, state, state) / trial;
    let step = if speed <= 1e-15 && bend <= 1e-15 {
        (trial * 1e-3).max(1e-6)
    } else {
        (0.01 / speed.max(bend)).powf(0.2)
    };
    step.min(100.0 * trial).min(secs)
}

/// One step and its error.
fn advance<const N: usize>(
    slope: &impl Fn(&[f64; N]) -> [f64; N],
    state: &[f64; N],
    step: f64,
) -> ([f64; N], [f64; N]) {
    let mut slopes = [[0.0; N]; 7];
    slopes[0] = slope(state);
    let mut next = *state;
    for (stage, row) in STAGES.iter().enumerate() {
        next = *state;
        for (weight, known) in row.iter().zip(&slopes) {
            for (x, k) in next.iter_mut().zip(known) {
                *x += step * weight * k;
            }
        }
        if let Some(slot) = slopes.get_mut(stage + 1) {
            *slot = slope(&next);
        }
    }
    let mut error = [0.0; N];
    for (weight, known) in ERROR.iter().zip(&slopes) {
        for (e, k) in error.iter_mut().zip(known) {
            *e += step * weight * k;
        }
    }
    (next, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pendulum_of_unit_length_swings_back() {
        let swing = |s: &[f64; 2]| [s[1], -s[0]];
        let found = integrate(
            swing,
            [1.0, 0.0],
            std::f64::consts::TAU,
            Tolerance::default(),
        );
        let [x, v] = found.expect("solved");
        assert!((x - 1.0).abs() < 1e-7 && v.abs() < 1e-7);
        assert_eq!(
            integrate(swing, [1.0, 0.0], 0.0, Tolerance::default()),
            Ok([1.0, 0.0])
        );
        let bad = |_: &[f64; 1]| [f64::NAN];
        assert!(integrate(bad, [1.0], 1.0, Tolerance::default()).is_err());
    }
}
