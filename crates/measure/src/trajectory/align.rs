//! Least-squares alignment of point sets.

use crate::pose::matrix::{Matrix, determinant, multiply, subtract, svd3, transform, transpose};

/// Why two point sets cannot be aligned.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum AlignError {
    /// Sets of different lengths.
    #[error("`{from}` points cannot be aligned with `{to}`; hint: associate them first")]
    Lengths {
        /// Points of the first set.
        from: usize,
        /// Points of the second set.
        to: usize,
    },
    /// Too few points.
    #[error("`{count}` pairs of points are too few to align; hint: at least {least} are needed")]
    TooFew {
        /// Points seen.
        count: usize,
        /// Points needed.
        least: usize,
    },
    /// A coordinate that is NaN or infinite.
    #[error("the point at index `{index}` is not finite; hint: drop such pairs")]
    NotFinite {
        /// Index of the first such point.
        index: usize,
    },
    /// All points on one line or in one place: the rotation is not determined.
    #[error(
        "the points lie on a line or in one place (singular values `{first}` and `{second}`); hint: use a path that turns"
    )]
    Degenerate {
        /// Largest singular value of the covariance.
        first: f64,
        /// Second largest.
        second: f64,
    },
}

/// `y = scale * rotation * x + translation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment<const D: usize> {
    /// Rotation, row-major.
    pub rotation: Matrix<D, D>,
    /// Translation, in the unit of `y`.
    pub translation: [f64; D],
    /// Scale; 1 for a rigid alignment.
    pub scale: f64,
    /// Mean squared distance after alignment.
    pub mean_squared_error: f64,
}

impl<const D: usize> Alignment<D> {
    /// A point of the first set, aligned.
    pub fn apply(&self, point: &[f64; D]) -> [f64; D] {
        let mut moved = transform(&self.rotation, point);
        for (m, t) in moved.iter_mut().zip(self.translation) {
            *m = self.scale * *m + t;
        }
        moved
    }
}

/// A singular value below this share of the largest one is rounding.
const ROUNDING: f64 = 1e-13;

fn check<const D: usize>(x: &[[f64; D]], y: &[[f64; D]], least: usize) -> Result<(), AlignError> {
    if x.len() != y.len() {
        return Err(AlignError::Lengths {
            from: x.len(),
            to: y.len(),
        });
    }
    if x.len() < least {
        return Err(AlignError::TooFew {
            count: x.len(),
            least,
        });
    }
    let is_bad = |p: &[f64; D]| p.iter().any(|c| !c.is_finite());
    match x.iter().zip(y).position(|(a, b)| is_bad(a) || is_bad(b)) {
        Some(index) => Err(AlignError::NotFinite { index }),
        None => Ok(()),
    }
}

fn mean<const D: usize>(points: &[[f64; D]]) -> [f64; D] {
    let mut sum = [0.0; D];
    for point in points {
        for (s, p) in sum.iter_mut().zip(point) {
            *s += p;
        }
    }
    sum.map(|s| s / points.len() as f64)
}

/// Means, covariance of y with x, and the variance of x.
struct Statistics<const D: usize> {
    x: [f64; D],
    y: [f64; D],
    covariance: Matrix<D, D>,
    variance: f64,
}

fn statistics<const D: usize>(x: &[[f64; D]], y: &[[f64; D]]) -> Statistics<D> {
    let (center_x, center_y) = (mean(x), mean(y));
    let mut covariance = [[0.0; D]; D];
    let mut variance = 0.0;
    let n = x.len() as f64;
    for (a, b) in x.iter().zip(y) {
        let (a, b) = (subtract(a, &center_x), subtract(b, &center_y));
        for (row, q) in covariance.iter_mut().zip(b) {
            for (cell, p) in row.iter_mut().zip(a) {
                *cell += q * p / n;
            }
        }
        variance += a.iter().map(|p| p * p).sum::<f64>() / n;
    }
    Statistics {
        x: center_x,
        y: center_y,
        covariance,
        variance,
    }
}

fn finish<const D: usize>(
    x: &[[f64; D]],
    y: &[[f64; D]],
    statistics: &Statistics<D>,
    (rotation, scale): (Matrix<D, D>, f64),
) -> Alignment<D> {
    let turned = transform(&rotation, &statistics.x);
    let mut translation = statistics.y;
    for (t, r) in translation.iter_mut().zip(turned) {
        *t -= scale * r;
    }
    let mut aligned = Alignment {
        rotation,
        translation,
        scale,
        mean_squared_error: 0.0,
    };
    aligned.mean_squared_error = x
        .iter()
        .zip(y)
        .map(|(a, b)| {
            let d = subtract(&aligned.apply(a), b);
            d.iter().map(|c| c * c).sum::<f64>()
        })
        .sum::<f64>()
        / x.len() as f64;
    aligned
}

/// The rotation, translation and, `with_scale`, scale that bring points `x` nearest to `y`, in least squares.
///
/// Errors: [`AlignError`]; three points that are not on one line determine it. Cost: two passes and one small
/// decomposition. Source: Umeyama 1991, equations 34 to 43.
pub fn umeyama(
    x: &[[f64; 3]],
    y: &[[f64; 3]],
    with_scale: bool,
) -> Result<Alignment<3>, AlignError> {
    check(x, y, 3)?;
    let found = statistics(x, y);
    let svd = svd3(&found.covariance);
    let [first, second, third] = svd.values;
    if !(second > ROUNDING * first && second > f64::EPSILON * f64::EPSILON) {
        return Err(AlignError::Degenerate { first, second });
    }
    // Equation 39: the last sign keeps it a rotation.
    let sign = if determinant(&svd.u) * determinant(&svd.v) < 0.0 {
        -1.0
    } else {
        1.0
    };
    let mut u = svd.u;
    for row in &mut u {
        row[2] *= sign;
    }
    let rotation = multiply(&u, &transpose(&svd.v));
    let scale = if with_scale {
        (first + second + sign * third) / found.variance
    } else {
        1.0
    };
    Ok(finish(x, y, &found, (rotation, scale)))
}

/// [`umeyama`] with a rotation about the z axis only, for paths whose vertical is known (visual-inertial odometry).
///
/// Errors: [`AlignError`]; two points that differ in x or y determine it. Cost: two passes. Source: Zhang and
/// Scaramuzza 2018 (`posyaw` of `rpg_trajectory_evaluation`); the scale is that of least squares given the rotation.
pub fn umeyama_yaw(
    x: &[[f64; 3]],
    y: &[[f64; 3]],
    with_scale: bool,
) -> Result<Alignment<3>, AlignError> {
    check(x, y, 2)?;
    let found = statistics(x, y);
    let [[xx, xy, _], [yx, yy, _], [_, _, zz]] = found.covariance;
    let (along, across) = (xx + yy, yx - xy);
    let trace = along.hypot(across);
    let size = xx.abs() + xy.abs() + yx.abs() + yy.abs();
    if !(trace > ROUNDING * size && size > 0.0) {
        return Err(AlignError::Degenerate {
            first: size,
            second: trace,
        });
    }
    let (cos, sin) = (along / trace, across / trace);
    let rotation = [[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]];
    let scale = if with_scale {
        (trace + zz) / found.variance
    } else {
        1.0
    };
    Ok(finish(x, y, &found, (rotation, scale)))
}

/// [`umeyama`] in the plane, in closed form: the rotation by `atan2(sum x cross y, sum x dot y)`.
///
/// Errors: [`AlignError`]; two different points determine it, unless `y` mirrors `x` so that no rotation is better
/// than another. Cost: two passes.
pub fn umeyama_plane(
    x: &[[f64; 2]],
    y: &[[f64; 2]],
    with_scale: bool,
) -> Result<Alignment<2>, AlignError> {
    check(x, y, 2)?;
    let found = statistics(x, y);
    let [[xx, xy], [yx, yy]] = found.covariance;
    // The covariance holds y in rows and x in columns.
    let (along, across) = (xx + yy, yx - xy);
    let trace = along.hypot(across);
    let size = xx.abs() + xy.abs() + yx.abs() + yy.abs();
    if !(trace > ROUNDING * size && size > 0.0) {
        return Err(AlignError::Degenerate {
            first: size,
            second: trace,
        });
    }
    let (cos, sin) = (along / trace, across / trace);
    let scale = if with_scale {
        trace / found.variance
    } else {
        1.0
    };
    Ok(finish(x, y, &found, ([[cos, -sin], [sin, cos]], scale)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::{Pose, quat_of_rotation_vector};
    use crate::test_noise::Noise;

    #[test]
    fn a_known_motion_is_recovered() {
        let mut noise = Noise::new(3);
        let truth = Pose {
            translation_meters: [3.0, -4.0, 0.5],
            quat_xyzw: quat_of_rotation_vector(&[0.3, -0.8, 2.0]),
        };
        let x: Vec<[f64; 3]> = (0..50)
            .map(|_| std::array::from_fn(|_| noise.normal()))
            .collect();
        let y: Vec<[f64; 3]> = x.iter().map(|p| truth.apply(&p.map(|c| 1.7 * c))).collect();
        let found = umeyama(&x, &y, true).unwrap();
        assert!((found.scale - 1.7).abs() < 1e-12 && found.mean_squared_error < 1e-24);
        let m = truth.rotation_matrix();
        for (row, wanted) in found.rotation.iter().zip(&m) {
            for (a, b) in row.iter().zip(wanted) {
                assert!((a - b).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn degenerate_cases_are_errors() {
        let line: Vec<[f64; 3]> = (0..9)
            .map(|i| [f64::from(i), 2.0 * f64::from(i), 1.0])
            .collect();
        assert!(matches!(
            umeyama(&line, &line, false),
            Err(AlignError::Degenerate { .. })
        ));
        let spot = vec![[1.0, 2.0, 3.0]; 5];
        assert!(matches!(
            umeyama(&spot, &spot, true),
            Err(AlignError::Degenerate { .. })
        ));
        assert!(matches!(
            umeyama(&spot[..2], &spot[..2], true),
            Err(AlignError::TooFew { .. })
        ));
        assert!(matches!(
            umeyama(&spot, &spot[..4], true),
            Err(AlignError::Lengths { .. })
        ));
        let mut bad = line.clone();
        bad[4][1] = f64::NAN;
        assert_eq!(
            umeyama(&bad, &line, true),
            Err(AlignError::NotFinite { index: 4 })
        );
        assert!(umeyama_plane(&[[1.0, 1.0]; 3], &[[1.0, 1.0]; 3], false).is_err());
    }
}
