//! Gauss-Newton estimate of X with sigmas, and its distance from a claimed X.

use super::MotionPair;
use crate::pose::matrix::{
    Matrix, add, add_outer, dot, identity, inverse_positive, multiply, nearest_rotation, norm,
    scale, skew, subtract, svd3, symmetric_eigen, transform, transpose,
};
use crate::pose::{
    Pose, conjugate, matrix_of_quat, multiply_quat, quat_of_matrix, quat_of_rotation_vector,
    rotation_vector,
};
use crate::stats::{MAD_TO_SIGMA, gamma_p, median};

/// Unknowns: a small rotation in frame a, the translation.
const N: usize = 6;
/// Multiple of the robust standard deviation beyond which residuals count linearly.
const HUBER: f64 = 2.5;
/// Standard deviations of the prior about the start: radians, meters. Far above what is known.
const PRIOR: [f64; 2] = [1.0, 10.0];
/// Least noise: radians and meters of rounding.
const FLOOR: [f64; 2] = [1e-9, 1e-9];
/// Iterations at most.
const MAX_ITERATIONS: usize = 30;
/// Part of the angle of a motion by which the two may differ; real pairs are far below, strangers far above.
const TOLERATED: f64 = 0.2;
/// Motions that do not overlap, needed for sigmas that mean something.
const MIN_INDEPENDENT: f64 = 10.0;

/// Why there is no estimate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum HandEyeError {
    /// Too few motions that do not overlap.
    #[error("`{seen}` independent motions, expected at least `{needed}`")]
    TooFew {
        /// Motions that do not overlap.
        seen: f64,
        /// What is needed.
        needed: f64,
    },
    /// The two do not turn alike: they are not on one rigid body, or their times do not match.
    #[error(
        "the angles of the two differ by `{degrees}` degrees at the median: not one rigid body, or not one clock"
    )]
    NotRigid {
        /// Median difference of the angles, degrees.
        degrees: f64,
    },
    /// The iteration did not settle.
    #[error("the estimate does not settle")]
    Diverged,
}

/// X as the motions say it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// `a_from_b`.
    pub a_from_b: Pose,
    /// Covariance of (small rotation in frame a, radians; translation, meters). Where nothing is known about an axis it is
    /// about the square of the prior, 1 rad and 10 m.
    pub covariance: Matrix<N, N>,
    /// Motions.
    pub pairs: usize,
    /// Motions that do not overlap.
    pub independent: f64,
    /// Robust standard deviation of a component of the rotation residual, radians.
    pub rotation_noise_radians: f64,
    /// Robust standard deviation of a component of the translation residual, meters.
    pub translation_noise_meters: f64,
    /// Median difference of the angles of A and B, radians: screw congruence, whatever X is.
    pub angle_difference_radians: f64,
    /// Mean squares of the rotation vectors of B along their principal axes, largest first, radians squared: the second must
    /// be well above noise for all of the rotation to be known.
    pub axes_radians2: [f64; 3],
}

/// How far a claimed value is from an estimate along what is observable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// Length of the deviation, radians or meters.
    pub size: f64,
    /// Standard deviation along it.
    pub sigma: f64,
    /// Squared Mahalanobis distance.
    pub d2: f64,
    /// Directions that are observable, 1 to 3.
    pub directions: usize,
}

/// Estimates X of `A X = X B` from motion pairs: Gauss-Newton on the rotation vectors, `alpha - R beta`, and on the
/// translations, `(R_A - I) t + t_A - R t_B`, each weighted by its robust noise, with Huber's loss (signals reference,
/// B.9.3; Park and Martin 1994 for the start).
///
/// The covariance allows for motions that overlap (Newey and West 1987 over the length of a motion) and for few of them.
/// A weak prior about the start (`claimed`, or the closed form) keeps the estimate defined where an axis is not observable.
/// No random sampling: the loss and the start from all pairs bear some outliers, not a majority.
///
/// Errors: [`HandEyeError`]. Cost: a few passes.
pub fn hand_eye(pairs: &[MotionPair], claimed: Option<&Pose>) -> Result<Estimate, HandEyeError> {
    let (independent, overlap) = independence(pairs);
    if independent < MIN_INDEPENDENT {
        return Err(HandEyeError::TooFew {
            seen: independent,
            needed: MIN_INDEPENDENT,
        });
    }
    let seen: Vec<Seen> = pairs.iter().map(Seen::new).collect();
    let mut differences: Vec<f64> = seen
        .iter()
        .map(|s| (norm(&s.alpha) - norm(&s.beta)).abs())
        .collect();
    let angle_difference_radians = median(&mut differences).unwrap_or(f64::NAN);
    let mut angles: Vec<f64> = seen.iter().map(|s| norm(&s.alpha)).collect();
    let typical = median(&mut angles).unwrap_or(f64::NAN);
    if angle_difference_radians.is_nan() || angle_difference_radians > TOLERATED * typical {
        return Err(HandEyeError::NotRigid {
            degrees: angle_difference_radians.to_degrees(),
        });
    }
    let start = start(&seen, claimed);
    let mut x = start;
    let mut settled = false;
    for _ in 0..MAX_ITERATIONS {
        let system = System::at(&seen, &x);
        let step = system.step(&x, &start).ok_or(HandEyeError::Diverged)?;
        x = moved(&x, &step);
        settled = norm(&step) < 1e-9;
        if settled || !norm(&step).is_finite() {
            break;
        }
    }
    if !settled && !x.translation_meters.iter().all(|t| t.is_finite()) {
        return Err(HandEyeError::Diverged);
    }
    let system = System::at(&seen, &x);
    if 3.0_f64.sqrt() * system.noise[0] > TOLERATED * typical {
        return Err(HandEyeError::NotRigid {
            degrees: (3.0_f64.sqrt() * system.noise[0]).to_degrees(),
        });
    }
    let mut scatter = [[0.0; 3]; 3];
    for s in &seen {
        add_outer(&mut scatter, &s.beta, 1.0 / seen.len() as f64);
    }
    Ok(Estimate {
        a_from_b: x,
        covariance: system
            .covariance(overlap, independent)
            .ok_or(HandEyeError::Diverged)?,
        pairs: pairs.len(),
        independent,
        rotation_noise_radians: system.noise[0],
        translation_noise_meters: system.noise[1],
        angle_difference_radians,
        axes_radians2: symmetric_eigen(&scatter).values,
    })
}

impl Estimate {
    /// Standard deviations: rotation about the axes of frame a in radians, translation in meters.
    pub fn sigmas(&self) -> [f64; N] {
        std::array::from_fn(|i| self.covariance[i][i].max(0.0).sqrt())
    }

    /// Rotation of a claimed X from the estimate, along directions known to `max_sigma_radians`; none when there is none.
    pub fn rotation_deviation(&self, claimed: &Pose, max_sigma_radians: f64) -> Option<Deviation> {
        let apart = multiply_quat(&self.a_from_b.quat_xyzw, &conjugate(&claimed.quat_xyzw));
        deviation(&rotation_vector(&apart), &self.block(0), max_sigma_radians)
    }

    /// Translation of a claimed X from the estimate, along directions known to `max_sigma_meters`; none when there is none.
    pub fn translation_deviation(
        &self,
        claimed: &Pose,
        max_sigma_meters: f64,
    ) -> Option<Deviation> {
        let apart = subtract(
            &self.a_from_b.translation_meters,
            &claimed.translation_meters,
        );
        deviation(&apart, &self.block(3), max_sigma_meters)
    }

    fn block(&self, from: usize) -> Matrix<3, 3> {
        std::array::from_fn(|i| std::array::from_fn(|j| self.covariance[from + i][from + j]))
    }
}

/// Probability that chi-squared with `directions` degrees of freedom exceeds `d2`; none for arguments out of range.
pub fn chi2_tail(d2: f64, directions: usize) -> Option<f64> {
    gamma_p(0.5 * directions as f64, 0.5 * d2)
        .ok()
        .map(|p| 1.0 - p)
}

/// The part of a difference that lies in directions known to `max_sigma`.
pub(crate) fn deviation(
    difference: &[f64; 3],
    covariance: &Matrix<3, 3>,
    max_sigma: f64,
) -> Option<Deviation> {
    let eigen = symmetric_eigen(covariance);
    let mut part = [0.0; 3];
    let (mut d2, mut directions) = (0.0, 0);
    for (variance, axis) in eigen.values.iter().zip(&eigen.vectors) {
        if *variance > 0.0 && *variance <= max_sigma * max_sigma {
            let along = dot(axis, difference);
            part = add(&part, &scale(axis, along));
            d2 += along * along / variance;
            directions += 1;
        }
    }
    let size = norm(&part);
    let sigma = if size > 0.0 {
        let unit = scale(&part, 1.0 / size);
        dot(&unit, &transform(covariance, &unit)).max(0.0).sqrt()
    } else {
        eigen.values[2].max(0.0).sqrt()
    };
    (directions > 0).then_some(Deviation {
        size,
        sigma,
        d2,
        directions,
    })
}

/// A motion pair, prepared.
struct Seen {
    alpha: [f64; 3],
    beta: [f64; 3],
    /// `R_A - I`.
    lever: Matrix<3, 3>,
    t_a: [f64; 3],
    t_b: [f64; 3],
}

impl Seen {
    fn new(pair: &MotionPair) -> Self {
        let rotation = matrix_of_quat(&pair.a.quat_xyzw);
        let unit = identity::<3>();
        Self {
            alpha: rotation_vector(&pair.a.quat_xyzw),
            beta: rotation_vector(&pair.b.quat_xyzw),
            lever: std::array::from_fn(|i| subtract(&rotation[i], &unit[i])),
            t_a: pair.a.translation_meters,
            t_b: pair.b.translation_meters,
        }
    }
}

/// Motions that do not overlap, and how many starts lie within one motion.
fn independence(pairs: &[MotionPair]) -> (f64, usize) {
    let mut free_from = i64::MIN;
    let mut count = 0_u32;
    for pair in pairs {
        if pair.start_nanos >= free_from {
            count += 1;
            free_from = pair.end_nanos;
        }
    }
    let independent = f64::from(count);
    (
        independent,
        pairs.len().div_ceil(count.max(1) as usize).max(1),
    )
}

/// The claimed value, or the closed form: rotation by Wahba's problem, translation by least squares.
fn start(seen: &[Seen], claimed: Option<&Pose>) -> Pose {
    let mut sum = [[0.0; 3]; 3];
    for s in seen {
        for (row, alpha) in sum.iter_mut().zip(&s.alpha) {
            *row = add(row, &scale(&s.beta, *alpha));
        }
    }
    let singular = svd3(&sum).values;
    // About one axis only the closed form of the rotation is arbitrary.
    let rotation = match claimed {
        Some(x) if singular[1] < 0.01 * singular[0] => matrix_of_quat(&x.quat_xyzw),
        _ => nearest_rotation(&sum),
    };
    let mut normal: Matrix<3, 3> = std::array::from_fn(|i| scale(&identity::<3>()[i], 1e-9));
    let mut right = [0.0; 3];
    for s in seen {
        let target = subtract(&transform(&rotation, &s.t_b), &s.t_a);
        for (line, value) in s.lever.iter().zip(&target) {
            add_outer(&mut normal, line, 1.0);
            right = add(&right, &scale(line, *value));
        }
    }
    let solved = inverse_positive(&normal).map(|inverse| transform(&inverse, &right));
    Pose {
        translation_meters: claimed.map_or(solved.unwrap_or([0.0; 3]), |x| x.translation_meters),
        quat_xyzw: quat_of_matrix(&rotation),
    }
}

fn moved(x: &Pose, step: &[f64; N]) -> Pose {
    let [rx, ry, rz, tx, ty, tz] = *step;
    Pose {
        translation_meters: add(&x.translation_meters, &[tx, ty, tz]),
        quat_xyzw: multiply_quat(&quat_of_rotation_vector(&[rx, ry, rz]), &x.quat_xyzw),
    }
}

/// Residuals and derivatives at X.
struct System {
    normal: Matrix<N, N>,
    right: [f64; N],
    scores: Vec<[f64; N]>,
    /// Noise of a component: radians, meters.
    noise: [f64; 2],
}

impl System {
    fn at(seen: &[Seen], x: &Pose) -> Self {
        let rotation = matrix_of_quat(&x.quat_xyzw);
        let residuals: Vec<[[f64; 3]; 2]> = seen
            .iter()
            .map(|s| {
                let turned = transform(&rotation, &s.beta);
                let shifted = add(&transform(&s.lever, &x.translation_meters), &s.t_a);
                [
                    subtract(&s.alpha, &turned),
                    subtract(&shifted, &transform(&rotation, &s.t_b)),
                ]
            })
            .collect();
        let noise: [f64; 2] = std::array::from_fn(|part| {
            let mut sizes: Vec<f64> = residuals
                .iter()
                .flat_map(|r| r[part])
                .map(f64::abs)
                .collect();
            (MAD_TO_SIGMA * median(&mut sizes).unwrap_or(0.0)).max(FLOOR[part])
        });
        let mut system = Self {
            normal: [[0.0; N]; N],
            right: [0.0; N],
            scores: Vec::with_capacity(seen.len()),
            noise,
        };
        for (s, residual) in seen.iter().zip(&residuals) {
            // d(-R beta) = skew(R beta) d, d((R_A - I) t) = R_A - I, d(-R t_B) = skew(R t_B) d.
            let turned = skew(&transform(&rotation, &s.beta));
            let carried = skew(&transform(&rotation, &s.t_b));
            let lines: [[[f64; N]; 3]; 2] = [
                std::array::from_fn(|i| joined(&turned[i], &[0.0; 3])),
                std::array::from_fn(|i| joined(&carried[i], &s.lever[i])),
            ];
            system.add(&lines, residual);
        }
        system
    }

    fn add(&mut self, lines: &[[[f64; N]; 3]; 2], residual: &[[f64; 3]; 2]) {
        let mut score = [0.0; N];
        for part in 0..2 {
            let size = norm(&residual[part]) / (self.noise[part] * 3.0_f64.sqrt());
            let huber = if size > HUBER { HUBER / size } else { 1.0 };
            let weight = huber / self.noise[part].powi(2);
            for (line, value) in lines[part].iter().zip(&residual[part]) {
                add_outer(&mut self.normal, line, weight);
                score = add(&score, &scale(line, -weight * value));
            }
        }
        self.right = add(&self.right, &score);
        self.scores.push(score);
    }

    fn with_prior(&self) -> Matrix<N, N> {
        let mut normal = self.normal;
        for (i, line) in normal.iter_mut().enumerate() {
            line[i] += prior_weight(i);
        }
        normal
    }

    fn step(&self, x: &Pose, start: &Pose) -> Option<[f64; N]> {
        let away = rotation_vector(&multiply_quat(&x.quat_xyzw, &conjugate(&start.quat_xyzw)));
        let gone = subtract(&x.translation_meters, &start.translation_meters);
        let pull: [f64; N] = joined(&away, &gone);
        let right = std::array::from_fn(|i| self.right[i] - prior_weight(i) * pull[i]);
        inverse_positive(&self.with_prior()).map(|inverse| transform(&inverse, &right))
    }

    /// Sandwich over motions that overlap: `H^-1 G H^-1`.
    fn covariance(&self, overlap: usize, independent: f64) -> Option<Matrix<N, N>> {
        let back = inverse_positive(&self.with_prior())?;
        let mut middle = [[0.0; N]; N];
        for score in &self.scores {
            add_outer(&mut middle, score, 1.0);
        }
        let lags = 2 * overlap;
        for lag in 1..=lags {
            let bartlett = 1.0 - lag as f64 / (lags + 1) as f64;
            for (x, y) in self.scores.iter().skip(lag).zip(&self.scores) {
                for i in 0..N {
                    for j in 0..N {
                        middle[i][j] += bartlett * (x[i] * y[j] + y[i] * x[j]);
                    }
                }
            }
        }
        for (i, line) in middle.iter_mut().enumerate() {
            line[i] += prior_weight(i);
        }
        let widening = independent / (independent - N as f64).max(1.0);
        let covariance = multiply(&multiply(&back, &middle), &transpose(&back));
        Some(covariance.map(|line| scale(&line, widening)))
    }
}

fn joined(first: &[f64; 3], second: &[f64; 3]) -> [f64; N] {
    let ([a, b, c], [d, e, f]) = (*first, *second);
    [a, b, c, d, e, f]
}

fn prior_weight(unknown: usize) -> f64 {
    1.0 / PRIOR[unknown / 3].powi(2)
}

#[cfg(test)]
mod tests;
