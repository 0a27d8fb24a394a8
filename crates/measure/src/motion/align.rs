//! Offset, rotation and bias between two streams of turns.

use super::MotionError;
use super::correlate::{Grid, correlation_at, max_lag, parabola};
use super::refine::{Fit, Problem, refine};
use super::turn::{Turn, median_step_secs};
use crate::calibration::{Deviation, deviation};
use crate::pose::matrix::{
    Matrix, multiply, nearest_rotation, scale, symmetric_eigen, transform, transpose,
};
use crate::pose::{conjugate, multiply_quat, quat_of_matrix, rotation_vector};
use crate::stats::{Interval, student};

/// What an alignment needs and how far it looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlignOptions {
    /// Offsets up to this are looked for, seconds.
    pub max_offset_secs: f64,
    /// Shortest stretch both must cover, seconds.
    pub min_secs: f64,
    /// Least root mean square of the rate about its mean, of either stream, radians per second.
    pub min_excitation_radians_per_sec: f64,
    /// Least correlation of the rate vectors.
    pub min_correlation: f64,
    /// Largest tolerated ratio of the second peak to the first.
    pub max_second_ratio: f64,
    /// Rotation `a_from_b` as it is believed to be, order x y z w, norm 1; it settles which way a motion about one axis
    /// turns. Where the streams do not look alike with it, any rotation is allowed.
    pub believed_quat_xyzw: Option<[f64; 4]>,
}

impl Default for AlignOptions {
    /// 1 s, 20 s, 0.03 rad/s, 0.8 and 0.9.
    ///
    /// The signals reference (B.4) asks for a correlation of 0.9 and 0.1 rad/s of the norms, which lose the direction of
    /// turning: 0.2 rad/s of amplitude about one axis varies its norm by 0.06 rad/s only. The vectors keep the direction,
    /// so less will do, and what noise does to the offset is in its sigma.
    fn default() -> Self {
        Self {
            max_offset_secs: 1.0,
            min_secs: 20.0,
            min_excitation_radians_per_sec: 0.03,
            min_correlation: 0.8,
            max_second_ratio: 0.9,
            believed_quat_xyzw: None,
        }
    }
}

/// How stream a lies to stream b: `w_a(t + offset) = R w_b(t) + bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// Stamp of a minus stamp of b for the same event, seconds: positive when a is late.
    pub offset_secs: f64,
    /// Standard deviation of the offset, seconds.
    pub offset_sigma_secs: f64,
    /// Rotation `a_from_b`, order x y z w.
    pub a_from_b_quat_xyzw: [f64; 4],
    /// Covariance of a small rotation in frame a applied after `a_from_b`, radians squared. About an axis that the motion
    /// does not show it is about 1.
    pub rotation_covariance: Matrix<3, 3>,
    /// `w_a - R w_b` at rest, frame a, radians per second.
    pub bias_radians_per_sec: [f64; 3],
    /// Correlation of the rate vectors at the best lag, for the best rotation.
    pub correlation: f64,
    /// Correlation of the norms of the rates at the same lag (signals reference, B.4).
    pub norm_correlation: f64,
    /// Second peak of the vector correlation over the first.
    pub second_ratio: f64,
    /// Root mean square of the rate of b about its mean, radians per second.
    pub excitation_radians_per_sec: f64,
    /// Root mean squares of the rate of b about its mean along its principal axes, largest first, radians per second: the
    /// second says whether the rotation is known about the first.
    pub axes_radians_per_sec: [f64; 3],
    /// Root mean square of the rate of a over that of b; 1 where both are in the same unit.
    pub rate_ratio: f64,
    /// Robust standard deviation of a component of the residual rate, radians per second.
    pub residual_radians_per_sec: f64,
    /// Offset of the second half minus that of the first, seconds; NaN when a half could not be fitted.
    pub half_difference_secs: f64,
    /// Observations.
    pub rows: usize,
    /// Time they cover together, seconds.
    pub duration_secs: f64,
    /// Lag, seconds, and correlation of the vectors.
    pub curve: Vec<(f64, f64)>,
}

impl Alignment {
    /// 95 % interval of the offset, seconds: Student's t, for the sigma of a short recording is itself uncertain.
    pub fn offset_interval_secs(&self) -> Interval {
        let half = student(draws(self.duration_secs)) * self.offset_sigma_secs;
        Interval {
            low: self.offset_secs - half,
            high: self.offset_secs + half,
        }
    }

    /// Rotation of a claimed `a_from_b` from the one measured, radians, along directions known to `max_sigma_radians`; none
    /// when there is none.
    pub fn rotation_deviation(
        &self,
        claimed_quat_xyzw: &[f64; 4],
        max_sigma_radians: f64,
    ) -> Option<Deviation> {
        let apart = multiply_quat(&self.a_from_b_quat_xyzw, &conjugate(claimed_quat_xyzw));
        let vector = rotation_vector(&apart);
        deviation(&vector, &self.rotation_covariance, max_sigma_radians)
    }

    /// The same alignment with the roles of a and b exchanged.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let rotation = crate::pose::matrix_of_quat(&self.a_from_b_quat_xyzw);
        let back = transpose(&rotation);
        Self {
            offset_secs: -self.offset_secs,
            a_from_b_quat_xyzw: conjugate(&self.a_from_b_quat_xyzw),
            rotation_covariance: multiply(&multiply(&back, &self.rotation_covariance), &rotation),
            bias_radians_per_sec: scale(&transform(&back, &self.bias_radians_per_sec), -1.0),
            excitation_radians_per_sec: self.excitation_radians_per_sec * self.rate_ratio,
            axes_radians_per_sec: scale(&self.axes_radians_per_sec, self.rate_ratio),
            rate_ratio: 1.0 / self.rate_ratio,
            half_difference_secs: -self.half_difference_secs,
            curve: self.curve.iter().rev().map(|(lag, r)| (-lag, *r)).collect(),
            ..self.clone()
        }
    }
}

/// Shortest cell of the search and shortest observation, seconds: rates of shorter ones are mostly noise.
const MIN_CELL_SECS: f64 = 0.02;

/// Time offset, rotation and bias between two streams of a rigid body from how they turn.
///
/// Search: mean rates in cells of the coarser period, correlation of the vectors for the best rotation at each lag. Then
/// Gauss-Newton on `sum rho(|mean_a(start + offset, end + offset) - R rate_b - bias|)` over offset, rotation and bias
/// together (the residual of Kalibr, with mean rates instead of splines), Huber's loss at 2.5 robust standard deviations.
/// The offset's derivative is taken from smoothed rates whose noise is uncorrelated with the residual, so that noise does
/// not pull the offset to the stamps.
///
/// `offset_sigma_secs` allows for noise that is correlated in time (Newey and West 1987), for disagreement of the two
/// halves (see `pooled_sigma`), and is at least 0.1 ms. A weak prior (1 rad, 1 rad/s) on rotation and bias keeps the fit defined where the motion is about one
/// axis: the covariance then says 1 rad² about that axis, and the offset is as good as ever.
///
/// Turns ascend. Errors: [`MotionError`]. Cost: `O(n lags)` for the search and a few passes.
/// Deviation from the signals reference (B.4): vectors instead of norms, see [`AlignOptions::default`].
pub fn align(a: &[Turn], b: &[Turn], options: &AlignOptions) -> Result<Alignment, MotionError> {
    let none = MotionError::TooShort {
        seconds: 0.0,
        needed: options.min_secs,
    };
    let step_a = median_step_secs(a).ok_or(none)?;
    let step_b = median_step_secs(b).ok_or(none)?;
    // The finer stream is integrated, the coarser one gives the observations.
    if step_a > step_b * 1.000_001 {
        let options = AlignOptions {
            believed_quat_xyzw: options.believed_quat_xyzw.map(|q| conjugate(&q)),
            ..*options
        };
        return align_finer(b, a, step_a.max(MIN_CELL_SECS), &options)
            .map(|found| found.reversed());
    }
    align_finer(a, b, step_b.max(MIN_CELL_SECS), options)
}

fn align_finer(
    a: &[Turn],
    b: &[Turn],
    cell_secs: f64,
    options: &AlignOptions,
) -> Result<Alignment, MotionError> {
    let grid = Grid::new(a, b, cell_secs)?;
    let most = max_lag(options.max_offset_secs, cell_secs)?;
    let (curve, peak) = search(&grid, most, cell_secs, options)?;
    let at_peak = grid.covariance(peak.lag);
    let excitation = |square: f64| (square / at_peak.n).sqrt();
    let (seen_a, seen_b) = (excitation(at_peak.square_a), excitation(at_peak.square_b));
    let problem = Problem::new(a, b, cell_secs, options.max_offset_secs);
    let start = Fit {
        offset_secs: (peak.lag as f64 + peak.delta) * cell_secs,
        rotation: nearest_rotation(&at_peak.cross),
        ..Fit::default()
    };
    let mut fit = refine(&problem, &problem.rows, &start).ok_or(MotionError::Diverged)?;
    if (fit.offset_secs - start.offset_secs).abs() > 3.0 * cell_secs {
        return Err(MotionError::Diverged);
    }
    let half_difference_secs = half_difference(&problem, &fit);
    let duration_secs = at_peak.n * cell_secs;
    fit.offset_sigma_secs =
        pooled_sigma(fit.offset_sigma_secs, half_difference_secs, duration_secs);
    let (norms_a, norms_b) = grid.norms();
    Ok(Alignment {
        offset_secs: fit.offset_secs,
        offset_sigma_secs: fit.offset_sigma_secs,
        a_from_b_quat_xyzw: quat_of_matrix(&fit.rotation),
        rotation_covariance: fit.rotation_covariance,
        bias_radians_per_sec: fit.bias,
        correlation: peak.correlation,
        norm_correlation: correlation_at(&norms_a, &norms_b, peak.lag),
        second_ratio: peak.second_ratio,
        excitation_radians_per_sec: seen_b,
        axes_radians_per_sec: principal_axes(&problem),
        rate_ratio: seen_a / seen_b,
        residual_radians_per_sec: fit.residual,
        half_difference_secs,
        rows: fit.rows,
        duration_secs,
        curve: curve
            .iter()
            .enumerate()
            .map(|(i, r)| ((i as f64 - most as f64) * cell_secs, *r))
            .collect(),
    })
}

/// The correlation over lags and its peak, or why there is none.
fn search(
    grid: &Grid,
    most: usize,
    cell_secs: f64,
    options: &AlignOptions,
) -> Result<(Vec<f64>, super::Peak), MotionError> {
    let whole = grid.covariance(0);
    if whole.n * cell_secs < 0.95 * options.min_secs {
        return Err(MotionError::TooShort {
            seconds: whole.n * cell_secs,
            needed: options.min_secs,
        });
    }
    let seen = (whole.square_a.min(whole.square_b) / whole.n).sqrt();
    let needed = options.min_excitation_radians_per_sec;
    if seen < needed || seen.is_nan() {
        return Err(MotionError::NotExcited { seen, needed });
    }
    let believed = options
        .believed_quat_xyzw
        .map(|q| crate::pose::matrix_of_quat(&q));
    if let Some(rotation) = believed {
        let curve = grid.vector_correlation(most, Some(&rotation));
        if let Ok(peak) = judged(&curve, cell_secs, options) {
            return Ok((curve, peak));
        }
    }
    let curve = grid.vector_correlation(most, None);
    let peak = judged(&curve, cell_secs, options)?;
    Ok((curve, peak))
}

fn judged(
    curve: &[f64],
    cell_secs: f64,
    options: &AlignOptions,
) -> Result<super::Peak, MotionError> {
    let peak = parabola(curve).ok_or(MotionError::NotAlike {
        seen: f64::NAN,
        needed: options.min_correlation,
    })?;
    judge(&peak, cell_secs, options)?;
    Ok(peak)
}

fn judge(peak: &super::Peak, cell_secs: f64, options: &AlignOptions) -> Result<(), MotionError> {
    if peak.correlation < options.min_correlation {
        return Err(MotionError::NotAlike {
            seen: peak.correlation,
            needed: options.min_correlation,
        });
    }
    if peak.at_edge {
        return Err(MotionError::AtTheEdge {
            seconds: peak.lag as f64 * cell_secs,
        });
    }
    if peak.second_ratio > options.max_second_ratio {
        return Err(MotionError::Ambiguous {
            ratio: peak.second_ratio,
            tolerated: options.max_second_ratio,
        });
    }
    Ok(())
}

/// Offset of the second half of the observations minus that of the first.
fn half_difference(problem: &Problem, fit: &Fit) -> f64 {
    let (first, second) = problem.rows.split_at(problem.rows.len() / 2);
    match (refine(problem, first, fit), refine(problem, second, fit)) {
        (Some(first), Some(second)) => second.offset_secs - first.offset_secs,
        _ => f64::NAN,
    }
}

/// Time that says as much about the sigma as one more pair of halves would, seconds.
const INDEPENDENT_SECS: f64 = 5.0;

/// Independent draws that the sigma of a recording rests on, at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration of turns is far from the limits, and the cast saturates"
)]
fn draws(duration_secs: f64) -> usize {
    ((duration_secs / INDEPENDENT_SECS) as usize).max(1)
}

/// Sigma of the offset with what the halves say about it: half their difference is one more draw of the same size. In a
/// short recording the sigma of the fit is itself uncertain, and small by chance it would make any offset look real; in a
/// long one it stands, unless the halves contradict it.
fn pooled_sigma(sigma_secs: f64, half_difference_secs: f64, duration_secs: f64) -> f64 {
    let seen = 0.5 * half_difference_secs.abs();
    if seen.is_nan() {
        return sigma_secs;
    }
    if seen > 3.0 * sigma_secs {
        return seen;
    }
    let draws = draws(duration_secs) as f64;
    let pooled = (draws * sigma_secs.powi(2) + seen.powi(2)) / (draws + 1.0);
    // Halves that agree by chance do not make it more certain.
    sigma_secs.max(pooled.sqrt())
}

/// Root mean squares of the rates of the observations about their mean, along their principal axes.
fn principal_axes(problem: &Problem) -> [f64; 3] {
    let count = problem.rows.len().max(1) as f64;
    let mut mean = [0.0; 3];
    for row in &problem.rows {
        mean = crate::pose::matrix::add(&mean, &scale(&row.rate, 1.0 / count));
    }
    let mut scatter = [[0.0; 3]; 3];
    for row in &problem.rows {
        let centered = crate::pose::matrix::subtract(&row.rate, &mean);
        super::turn::add_product(&mut scatter, &centered, &centered, 1.0 / count);
    }
    symmetric_eigen(&scatter).values.map(|v| v.max(0.0).sqrt())
}

#[cfg(test)]
mod tests;
