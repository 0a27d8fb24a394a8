//! Normalized correlation over lags and its peak.

use super::MotionError;
use super::turn::{Integral, Turn, add_product};
use crate::pose::matrix::{Matrix, determinant, dot, norm, svd3};

/// Correlation `r(k)` of `a[i + k]` with `b[i]` for every lag from `-max_lag` to `max_lag`, means and norms over the
/// overlap of the lag (Kalibr and ETH's `hand_eye_calibration` correlate raw norms, whose peak leans to full overlap;
/// signals reference, B.4).
///
/// A pair with a NaN is left out. NaN where fewer than 3 pairs overlap or one side is constant.
/// Cost `O(n max_lag)`.
pub fn normalized_correlation(a: &[f64], b: &[f64], max_lag: usize) -> Vec<f64> {
    lags(max_lag).map(|lag| correlation_at(a, b, lag)).collect()
}

/// [`normalized_correlation`] at one lag.
pub(super) fn correlation_at(a: &[f64], b: &[f64], lag: i64) -> f64 {
    let mut sums = [0.0; 6];
    for (x, y) in overlap(a, b, lag) {
        if (x + y).is_finite() {
            for (sum, term) in sums.iter_mut().zip([1.0, *x, *y, x * x, y * y, x * y]) {
                *sum += term;
            }
        }
    }
    let [n, x, y, xx, yy, xy] = sums;
    if n < 3.0 {
        return f64::NAN;
    }
    (xy - x * y / n) / ((xx - x * x / n) * (yy - y * y / n)).sqrt()
}

fn lags(max_lag: usize) -> impl Iterator<Item = i64> {
    let most = i64::try_from(max_lag).unwrap_or(i64::MAX);
    -most..=most
}

/// Pairs `(a[i + lag], b[i])`.
fn overlap<'a, T>(a: &'a [T], b: &'a [T], lag: i64) -> impl Iterator<Item = (&'a T, &'a T)> {
    let skip = usize::try_from(lag.unsigned_abs()).unwrap_or(usize::MAX);
    let (from_a, from_b) = if lag >= 0 { (skip, 0) } else { (0, skip) };
    a.iter().skip(from_a).zip(b.iter().skip(from_b))
}

/// Rise of a correlation that is no noise of the estimate and ends the main lobe.
const RIPPLE: f64 = 0.02;

/// The largest value of a correlation and its place between the lags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Lag of the largest value.
    pub lag: i64,
    /// The value.
    pub correlation: f64,
    /// Peak of the parabola through it and its neighbors, lags from `lag`; in -0.5 to 0.5.
    pub delta: f64,
    /// Largest value outside the main lobe over the largest; 0 where there is nothing outside or it is negative.
    pub second_ratio: f64,
    /// Whether the largest value is at an end of the lags.
    pub at_edge: bool,
}

/// Peak of a correlation over the lags `-m` to `m`, by a parabola through the largest value and its neighbors:
/// `0.5 (r- - r+) / (r- - 2 r0 + r+)` (signals reference, B.4).
///
/// The main lobe reaches from the largest value to where the values have risen by 0.02 from their least since. NaN is left out. None when
/// nothing is finite. Cost: two passes.
pub fn parabola(correlation: &[f64]) -> Option<Peak> {
    let best = (0..correlation.len())
        .filter(|i| correlation[*i].is_finite())
        .max_by(|i, j| correlation[*i].total_cmp(&correlation[*j]))?;
    let value = correlation[best];
    let half = i64::try_from(correlation.len() / 2).ok()?;
    let second = rises(correlation[..best].iter().rev(), value)
        .max(rises(correlation[best + 1..].iter(), value));
    let at_edge = best == 0 || best + 1 == correlation.len();
    let delta = if at_edge {
        0.0
    } else {
        let (before, after) = (correlation[best - 1], correlation[best + 1]);
        let curvature = before - 2.0 * value + after;
        let delta = 0.5 * (before - after) / curvature;
        if delta.is_finite() {
            delta.clamp(-0.5, 0.5)
        } else {
            0.0
        }
    };
    Some(Peak {
        lag: i64::try_from(best).ok()? - half,
        correlation: value,
        delta,
        second_ratio: if value > 0.0 { second / value } else { 1.0 },
        at_edge,
    })
}

/// Largest value after the values have risen by [`RIPPLE`] from their least so far; 0 when they never do.
fn rises<'a>(values: impl Iterator<Item = &'a f64>, start: f64) -> f64 {
    let (mut least, mut outside, mut largest) = (start, false, 0.0_f64);
    for value in values.filter(|r| r.is_finite()) {
        least = least.min(*value);
        outside |= *value > least + RIPPLE;
        if outside {
            largest = largest.max(*value);
        }
    }
    largest
}

/// Offset from the norms of the rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormOffset {
    /// Stamp of a minus stamp of b for the same event, seconds.
    pub offset_secs: f64,
    /// The peak it comes from.
    pub peak: Peak,
}

/// Time offset from the norms of the angular rates, which are the same for every sensor on a rigid body whatever its
/// mounting (Kalibr, `kalibr_camera_imu_calibration`; signals reference, B.4): both averaged over the cells of a grid of
/// `grid_secs`, correlated over lags up to `max_lag_secs`, peak by a parabola.
///
/// Turns ascend. Errors: [`MotionError::TooShort`] when fewer than ten cells are common, [`MotionError::NotAlike`] when no
/// correlation is defined, [`MotionError::BadOption`]. Cost `O(n lags)`.
pub fn norm_offset(
    a: &[Turn],
    b: &[Turn],
    grid_secs: f64,
    max_lag_secs: f64,
) -> Result<NormOffset, MotionError> {
    let grid = Grid::new(a, b, grid_secs)?;
    let (x, y) = grid.norms();
    let curve = normalized_correlation(&x, &y, max_lag(max_lag_secs, grid_secs)?);
    let peak = parabola(&curve).ok_or(MotionError::NotAlike {
        seen: f64::NAN,
        needed: 0.0,
    })?;
    Ok(NormOffset {
        offset_secs: (peak.lag as f64 + peak.delta) * grid_secs,
        peak,
    })
}

/// Whole lags in a time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a checked positive number of at most 100000"
)]
pub(super) fn max_lag(max_lag_secs: f64, grid_secs: f64) -> Result<usize, MotionError> {
    let lags = (max_lag_secs / grid_secs).ceil();
    if (1.0..=1e5).contains(&lags) {
        Ok(lags as usize)
    } else {
        Err(MotionError::BadOption {
            what: "max_lag_secs",
            value: max_lag_secs,
        })
    }
}

/// Cells of a grid at most; beyond it cells get longer.
const MAX_CELLS: f64 = 400_000.0;

/// Mean rates of two streams in the same cells of time; NaN where one has none.
pub(super) struct Grid {
    pub(super) a: Vec<[f64; 3]>,
    pub(super) b: Vec<[f64; 3]>,
}

impl Grid {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a checked number of cells"
    )]
    pub(super) fn new(a: &[Turn], b: &[Turn], grid_secs: f64) -> Result<Self, MotionError> {
        if !(grid_secs > 0.0 && grid_secs.is_finite()) {
            return Err(MotionError::BadOption {
                what: "grid_secs",
                value: grid_secs,
            });
        }
        let short = |seconds: f64| MotionError::TooShort {
            seconds,
            needed: 10.0 * grid_secs,
        };
        let origin = a.first().or(b.first()).map_or(0, |t| t.start_nanos);
        let (left, right) = (Integral::new(a, origin), Integral::new(b, origin));
        let (Some(x), Some(y)) = (left.span(), right.span()) else {
            return Err(short(0.0));
        };
        let (start, end) = (x.0.max(y.0), x.1.min(y.1));
        let cells = ((end - start) / grid_secs).floor();
        if !(10.0..=MAX_CELLS).contains(&cells) {
            return Err(short((end - start).max(0.0)));
        }
        let cells = 0..cells as usize;
        let mean = |integral: &Integral, i: usize| {
            let from = start + i as f64 * grid_secs;
            integral
                .mean(from, from + grid_secs)
                .unwrap_or([f64::NAN; 3])
        };
        Ok(Self {
            a: cells.clone().map(|i| mean(&left, i)).collect(),
            b: cells.map(|i| mean(&right, i)).collect(),
        })
    }

    pub(super) fn norms(&self) -> (Vec<f64>, Vec<f64>) {
        let norms = |rates: &[[f64; 3]]| rates.iter().map(norm).collect();
        (norms(&self.a), norms(&self.b))
    }

    /// Correlation of the vectors for the best rotation at each lag, and the scatter of the cells that both have.
    ///
    /// For the cross-covariance C of the lag, the largest `sum a . R b` over rotations R is the sum of the singular
    /// values, the last with the sign of det(C) (Umeyama 1991); divided by the norms it is 1 for the same motion in any
    /// frame. Unlike the norms it knows the direction of turning. For a given rotation it is `sum a . R b` over the norms.
    pub(super) fn vector_correlation(
        &self,
        max_lag: usize,
        rotation: Option<&Matrix<3, 3>>,
    ) -> Vec<f64> {
        lags(max_lag)
            .map(|lag| {
                let c = Covariance::of(overlap(&self.a, &self.b, lag));
                if c.n < 3.0 {
                    return f64::NAN;
                }
                let sum = if let Some(rotation) = rotation {
                    rotation.iter().zip(&c.cross).map(|(r, x)| dot(r, x)).sum()
                } else {
                    let s = svd3(&c.cross);
                    s.values[0] + s.values[1] + s.values[2] * determinant(&c.cross).signum()
                };
                sum / (c.square_a * c.square_b).sqrt()
            })
            .collect()
    }

    /// Covariance sums at a lag.
    pub(super) fn covariance(&self, lag: i64) -> Covariance {
        Covariance::of(overlap(&self.a, &self.b, lag))
    }
}

/// Sums about the means of pairs of rates.
pub(super) struct Covariance {
    pub(super) n: f64,
    /// `sum (a - mean)(b - mean)^T`.
    pub(super) cross: Matrix<3, 3>,
    /// `sum |a - mean|^2`.
    pub(super) square_a: f64,
    /// `sum |b - mean|^2`.
    pub(super) square_b: f64,
}

impl Covariance {
    fn of<'a>(pairs: impl Iterator<Item = (&'a [f64; 3], &'a [f64; 3])>) -> Self {
        let mut sum = Self {
            n: 0.0,
            cross: [[0.0; 3]; 3],
            square_a: 0.0,
            square_b: 0.0,
        };
        let (mut sum_a, mut sum_b) = ([0.0; 3], [0.0; 3]);
        for (a, b) in pairs {
            if !(a[0] + b[0]).is_finite() {
                continue;
            }
            sum.n += 1.0;
            add_product(&mut sum.cross, a, b, 1.0);
            sum.square_a += dot(a, a);
            sum.square_b += dot(b, b);
            for i in 0..3 {
                sum_a[i] += a[i];
                sum_b[i] += b[i];
            }
        }
        if sum.n > 0.0 {
            add_product(&mut sum.cross, &sum_a, &sum_b, -1.0 / sum.n);
            sum.square_a -= dot(&sum_a, &sum_a) / sum.n;
            sum.square_b -= dot(&sum_b, &sum_b) / sum.n;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_copy_is_found() {
        let a: Vec<f64> = (0..200)
            .map(|i| (f64::from(i) * 0.37).sin() + (f64::from(i) * 0.11).cos())
            .collect();
        let b: Vec<f64> = (0..200)
            .map(|i| (f64::from(i + 3) * 0.37).sin() + (f64::from(i + 3) * 0.11).cos())
            .collect();
        let peak = parabola(&normalized_correlation(&a, &b, 10)).unwrap();
        assert_eq!((peak.lag, peak.at_edge), (3, false));
        assert!((peak.correlation - 1.0).abs() < 1e-9 && peak.delta.abs() < 1e-2);
    }

    #[test]
    fn what_has_no_variation_has_no_correlation() {
        let flat = normalized_correlation(&[1.0; 20], &[1.0; 20], 2);
        assert!(flat.iter().all(|r| r.is_nan()));
        assert_eq!(parabola(&flat), None);
        assert!(
            normalized_correlation(&[], &[], 2)
                .iter()
                .all(|r| r.is_nan())
        );
        assert!(norm_offset(&[], &[], 0.01, 1.0).is_err());
        assert!(norm_offset(&[], &[], 0.0, 1.0).is_err());
    }

    #[test]
    fn the_second_peak_is_outside_the_lobe() {
        let r = [0.1, 0.6, 0.2, 0.3, 0.9, 0.5, 0.4];
        let peak = parabola(&r).unwrap();
        assert_eq!(peak.lag, 1);
        assert!((peak.second_ratio - 0.6 / 0.9).abs() < 1e-12);
    }
}
