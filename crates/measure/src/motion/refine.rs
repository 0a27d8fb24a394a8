//! Gauss-Newton on offset, rotation and bias together.

use super::turn::{Integral, Row, Turn, rows};
use crate::pose::matrix::{
    Matrix, add, add_outer, identity, inverse, multiply, norm, scale, skew, subtract, transform,
    transpose,
};
use crate::pose::{matrix_of_quat, quat_of_rotation_vector};
use crate::stats::{MAD_TO_SIGMA, median};

/// Unknowns: offset, rotation, bias.
const N: usize = 7;

/// Multiple of the robust standard deviation beyond which residuals count linearly.
const HUBER: f64 = 2.5;

/// Standard deviations of the priors on rotation (radians) and bias (radians per second): far above what is known.
const PRIOR: f64 = 1.0;

/// Least standard deviation of an offset, seconds: stamps and the model of constant rates are no better.
const FLOOR_SECS: f64 = 1e-4;

/// Steps below this, in seconds and radians, end the iteration: a hundredth of the least sigma.
const SETTLED: f64 = 1e-6;

/// Iterations at most; three or four are usual.
const MAX_ITERATIONS: usize = 30;

/// The two streams, prepared.
pub(super) struct Problem {
    integral: Integral,
    pub(super) rows: Vec<Row>,
}

/// Where the unknowns stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) offset_secs: f64,
    pub(super) offset_sigma_secs: f64,
    pub(super) rotation: Matrix<3, 3>,
    pub(super) rotation_covariance: Matrix<3, 3>,
    pub(super) bias: [f64; 3],
    pub(super) residual: f64,
    pub(super) rows: usize,
}

impl Default for Fit {
    fn default() -> Self {
        Self {
            offset_secs: 0.0,
            offset_sigma_secs: f64::INFINITY,
            rotation: identity(),
            rotation_covariance: identity(),
            bias: [0.0; 3],
            residual: f64::INFINITY,
            rows: 0,
        }
    }
}

impl Problem {
    /// `slack_secs`: the largest offset, for which rows outside the other stream are kept.
    pub(super) fn new(a: &[Turn], b: &[Turn], cell_secs: f64, slack_secs: f64) -> Self {
        let origin = b.first().map_or(0, |t| t.start_nanos);
        let integral = Integral::new(a, origin);
        let (first, last) = integral.span().unwrap_or((0.0, 0.0));
        let mut rows = rows(b, origin, cell_secs);
        rows.retain(|row| row.end_secs > first - slack_secs && row.start_secs < last + slack_secs);
        Self { integral, rows }
    }
}

/// One observation at the present unknowns.
struct Observation {
    residual: [f64; 3],
    /// Slope of the rate and the rate less bias, on the side of a.
    from_a: [[f64; 3]; 2],
    /// The same from the side of b, whose noise is independent of that.
    from_b: [[f64; 3]; 2],
    /// Start of the observation, seconds.
    start_secs: f64,
}

impl Observation {
    /// Derivatives of the prediction by unknown, from the side of a.
    fn instrument(&self) -> Matrix<3, N> {
        columns(&self.from_a)
    }

    /// The same from the side of b.
    fn derivative(&self) -> Matrix<3, N> {
        columns(&self.from_b)
    }
}

/// `exp(d) R w = R w + d x R w = R w - skew(R w) d`; `R w` is mean - bias on the side of a.
fn columns([slope, turned]: &[[f64; 3]; 2]) -> Matrix<3, N> {
    let cross = skew(&scale(turned, -1.0));
    std::array::from_fn(|i| {
        let mut line = [0.0; N];
        line[0] = -slope[i];
        line[1..4].copy_from_slice(&cross[i]);
        line[4 + i] = 1.0;
        line
    })
}

/// Observations at the present unknowns, in time order; those without both neighbors are left out. `seen` is memory
/// used again.
fn observe(problem: &Problem, rows: &[Row], fit: &Fit, seen: &mut Vec<Observation>) {
    seen.clear();
    seen.reserve(rows.len());
    seen.extend(rows.windows(3).filter_map(|three| {
        let [before, row, after] = three else {
            return None;
        };
        let length = row.end_secs - row.start_secs;
        let contiguous = (row.start_secs - before.end_secs).abs() < 0.1 * length
            && (after.start_secs - row.end_secs).abs() < 0.1 * length;
        if !contiguous {
            return None;
        }
        let (start, end) = (
            row.start_secs + fit.offset_secs,
            row.end_secs + fit.offset_secs,
        );
        let mean = problem.integral.mean(start, end)?;
        // Smoothed over the length of the observation: symmetric about it where the residual is, so that white noise
        // of the two does not correlate.
        let half = 0.5 * length;
        let later = problem.integral.mean(end - half, end + half)?;
        let earlier = problem.integral.mean(start - half, start + half)?;
        let slope_a = scale(&subtract(&later, &earlier), 1.0 / length);
        let span = 0.5 * (after.end_secs + after.start_secs - before.end_secs - before.start_secs);
        let slope_b = transform(
            &fit.rotation,
            &scale(&subtract(&after.rate, &before.rate), 1.0 / span),
        );
        let turned = transform(&fit.rotation, &row.rate);
        Some(Observation {
            residual: subtract(&subtract(&mean, &turned), &fit.bias),
            from_a: [slope_a, subtract(&mean, &fit.bias)],
            from_b: [slope_b, turned],
            start_secs: row.start_secs,
        })
    }));
}

/// Refines the unknowns on some of the rows; none when fewer than 20 observations are left or it does not settle.
pub(super) fn refine(problem: &Problem, rows: &[Row], start: &Fit) -> Option<Fit> {
    let mut fit = *start;
    let mut seen = Vec::new();
    for _ in 0..MAX_ITERATIONS {
        observe(problem, rows, &fit, &mut seen);
        if seen.len() < 20 {
            return None;
        }
        let sigma = robust_sigma(&seen)?;
        let step = step(&seen, &fit, sigma)?;
        let turn = [step[1], step[2], step[3]];
        fit.offset_secs += step[0];
        fit.rotation = multiply(
            &matrix_of_quat(&quat_of_rotation_vector(&turn)),
            &fit.rotation,
        );
        fit.bias = add(&fit.bias, &[step[4], step[5], step[6]]);
        if !fit.offset_secs.is_finite() || step[0].abs() > 10.0 {
            return None;
        }
        if step[0].abs() < SETTLED && norm(&turn) < SETTLED {
            return uncertainty(problem, rows, &fit, &mut seen);
        }
    }
    // A cycle of Huber's weights far below the sigma still counts as settled.
    uncertainty(problem, rows, &fit, &mut seen)
}

fn robust_sigma(seen: &[Observation]) -> Option<f64> {
    let mut sizes: Vec<f64> = seen.iter().flat_map(|o| o.residual).map(f64::abs).collect();
    // Exact data has no noise; the least is rounding.
    median(&mut sizes)
        .ok()
        .map(|m| (MAD_TO_SIGMA * m).max(1e-9))
}

/// Weight of an observation of three components, by Huber.
fn weight(residual: &[f64; 3], sigma: f64) -> f64 {
    let size = norm(residual) / (sigma * 3.0_f64.sqrt());
    if size > HUBER { HUBER / size } else { 1.0 }
}

fn step(seen: &[Observation], fit: &Fit, sigma: f64) -> Option<[f64; N]> {
    let mut normal = prior(sigma);
    let mut right: [f64; N] = [0.0; N];
    for (i, value) in fit.bias.iter().enumerate() {
        right[4 + i] -= normal[4 + i][4 + i] * value;
    }
    for o in seen {
        let w = weight(&o.residual, sigma);
        for (line, residual) in o.instrument().iter().zip(&o.residual) {
            add_outer(&mut normal, line, w);
            right = add(&right, &scale(line, w * residual));
        }
    }
    scaled_inverse(&normal).map(|inverse| transform(&inverse, &right))
}

fn prior(sigma: f64) -> Matrix<N, N> {
    let weight = (sigma / PRIOR).powi(2);
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j && i > 0 { weight } else { 0.0 }))
}

/// Inverse after rows and columns are brought to one scale.
fn scaled_inverse(a: &Matrix<N, N>) -> Option<Matrix<N, N>> {
    let factor: [f64; N] = std::array::from_fn(|i| 1.0 / a[i][i].abs().sqrt());
    let scaled: Matrix<N, N> =
        std::array::from_fn(|i| std::array::from_fn(|j| a[i][j] * factor[i] * factor[j]));
    let inverse = inverse(&scaled)?;
    Some(std::array::from_fn(|i| {
        std::array::from_fn(|j| inverse[i][j] * factor[i] * factor[j])
    }))
}

/// Covariance at the solution: `H^-1 G H^-T` with `H = sum Z^T D` from derivatives of independent noise, and G by Newey
/// and West over a second.
fn uncertainty(
    problem: &Problem,
    rows: &[Row],
    fit: &Fit,
    seen: &mut Vec<Observation>,
) -> Option<Fit> {
    observe(problem, rows, fit, seen);
    if seen.len() < 20 {
        return None;
    }
    let sigma = robust_sigma(seen)?;
    let mut slope = prior(sigma);
    let mut scores: Vec<[f64; N]> = Vec::with_capacity(seen.len());
    for o in seen.iter() {
        let w = weight(&o.residual, sigma);
        let mut score = [0.0; N];
        for ((z, d), residual) in o.instrument().iter().zip(&o.derivative()).zip(&o.residual) {
            score = add(&score, &scale(z, w * residual));
            for (line, x) in slope.iter_mut().zip(z) {
                for (cell, y) in line.iter_mut().zip(d) {
                    *cell += w * x * y;
                }
            }
        }
        scores.push(score);
    }
    let back = scaled_inverse(&slope)?;
    let mut middle = long_run(&scores, lags_of(seen));
    // The prior is an observation too: it says that what is not seen is not known.
    for (i, line) in middle.iter_mut().enumerate().skip(1) {
        line[i] += sigma.powi(2) * (sigma / PRIOR).powi(2);
    }
    let covariance = multiply(&multiply(&back, &middle), &transpose(&back));
    let variance = covariance[0][0].max(0.0);
    let degrees = (seen.len() - N) as f64 / seen.len() as f64;
    Some(Fit {
        offset_sigma_secs: (variance / degrees + FLOOR_SECS.powi(2)).sqrt(),
        rotation_covariance: std::array::from_fn(|i| {
            std::array::from_fn(|j| covariance[i + 1][j + 1] / degrees)
        }),
        residual: sigma,
        rows: seen.len(),
        ..*fit
    })
}

/// Observations in a second, but at most a tenth of them all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number"
)]
fn lags_of(seen: &[Observation]) -> usize {
    let span = match (seen.first(), seen.last()) {
        (Some(first), Some(last)) => last.start_secs - first.start_secs,
        _ => 0.0,
    };
    let per_sec = seen.len() as f64 / span.max(1.0);
    (per_sec.ceil() as usize).clamp(2, (seen.len() / 10).max(2))
}

/// Sum of the covariances of the scores over lags with Bartlett's weights; at least that of independent scores.
fn long_run(scores: &[[f64; N]], lags: usize) -> Matrix<N, N> {
    let mut own = [[0.0; N]; N];
    for score in scores {
        add_outer(&mut own, score, 1.0);
    }
    // Each score meets the weighted sum of those before it, which is carried along: one pass whatever the lags.
    let (mut weighted, mut plain) = ([0.0; N], [0.0; N]);
    let mut later = [[0.0; N]; N];
    for (t, score) in scores.iter().enumerate() {
        for (line, x) in later.iter_mut().zip(score) {
            for (cell, y) in line.iter_mut().zip(&weighted) {
                *cell += x * y;
            }
        }
        let oldest = t.checked_sub(lags).and_then(|old| scores.get(old));
        for i in 0..N {
            weighted[i] += (lags as f64 * score[i] - plain[i]) / (lags + 1) as f64;
            plain[i] += score[i] - oldest.map_or(0.0, |old| old[i]);
        }
    }
    let all: Matrix<N, N> =
        std::array::from_fn(|i| std::array::from_fn(|j| own[i][j] + later[i][j] + later[j][i]));
    // Differences of poses are negatively correlated, which Bartlett's weights catch in part only; per unknown the larger
    // of the two keeps the sum of correlated noise without trusting a small sample's luck.
    let ratio: [f64; N] = std::array::from_fn(|i| {
        if all[i][i] < 0.25 * own[i][i] {
            (0.25 * own[i][i] / all[i][i].max(1e-300)).sqrt()
        } else {
            1.0
        }
    });
    std::array::from_fn(|i| std::array::from_fn(|j| all[i][j] * ratio[i] * ratio[j]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn one_pass_gives_the_sum_over_lags() {
        let mut noise = Noise::new(7);
        let scores: Vec<[f64; N]> = (0..300)
            .map(|_| std::array::from_fn(|_| 0.3 + noise.normal()))
            .collect();
        for lags in [2, 9, 40] {
            let found = long_run(&scores, lags);
            let mut all = [[0.0; N]; N];
            for (t, x) in scores.iter().enumerate() {
                for (u, y) in scores.iter().enumerate() {
                    let bartlett = 1.0 - t.abs_diff(u) as f64 / (lags + 1) as f64;
                    if bartlett > 0.0 {
                        for i in 0..N {
                            for j in 0..N {
                                all[i][j] += bartlett * x[i] * y[j];
                            }
                        }
                    }
                }
            }
            for (line, expected) in found.iter().zip(&all) {
                for (x, y) in line.iter().zip(expected) {
                    assert!((x - y).abs() < 1e-9 * y.abs().max(1.0), "{x} {y}");
                }
            }
        }
    }
}
