//! How far matched points of two cameras are from fitting one geometry.
//!
//! Read [`epipolar`] first. Not here: finding matches (`image::matching`) and removing the lens.

use crate::pose::matrix::{Matrix, multiply, skew, transform, transpose};
use crate::stats::{Interval, StatsError, Z95, median, median_abs_deviation};

/// Distances of one pair of points from the epipolar constraint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpipolarDistance {
    /// `x2' F x1`.
    pub residual: f64,
    /// Sampson's approximation of the squared distance in the four-dimensional space of both points.
    pub sampson_squared: f64,
    /// Distance of the second point from the line of the first.
    pub second_to_line: f64,
    /// Distance of the first point from the line of the second.
    pub first_to_line: f64,
}

/// Distances of a pair of points under a fundamental (or, for normalized points, essential) matrix.
///
/// Points are homogeneous, of the first and second image, with `x2' F x1 = 0` for a perfect pair; distances are in
/// the unit of the points. A pair at an epipole gives NaN or infinite distances. Source: Hartley and Zisserman 2004,
/// eq. 11.9; Sampson 1982. Cost: constant.
pub fn epipolar(fundamental: &Matrix<3, 3>, first: [f64; 3], second: [f64; 3]) -> EpipolarDistance {
    let line_second = transform(fundamental, &first);
    let line_first = transform(&transpose(fundamental), &second);
    let residual: f64 = second.iter().zip(line_second).map(|(a, b)| a * b).sum();
    let [a, b, _] = line_second;
    let [c, d, _] = line_first;
    EpipolarDistance {
        residual,
        sampson_squared: residual * residual / (a * a + b * b + c * c + d * d),
        second_to_line: residual.abs() / a.hypot(b),
        first_to_line: residual.abs() / c.hypot(d),
    }
}

/// Essential matrix `[t]x R` of the motion `second_from_first`, for points on the plane at depth 1.
/// All zero without a baseline. Source: Longuet-Higgins 1981.
pub fn essential(rotation: &Matrix<3, 3>, translation: [f64; 3]) -> Matrix<3, 3> {
    multiply(&skew(&translation), rotation)
}

/// Signed distance of a pair across the epipolar line, on the plane at depth 1: positive when the second point lies
/// on the side of the line its normal `(a, b)` points to. Its median over many matches shows a bias, which distances
/// without sign hide. NaN at an epipole.
pub fn signed_distance(essential: &Matrix<3, 3>, first: [f64; 2], second: [f64; 2]) -> f64 {
    let [a, b, c] = transform(essential, &[first[0], first[1], 1.0]);
    (a * second[0] + b * second[1] + c) / a.hypot(b)
}

/// How well a stereo pair keeps to its epipolar lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StereoError {
    /// Median of the signed errors: the bias.
    pub bias: f64,
    /// Interval of the median at 95 %, from groups that are independent of each other (frames).
    pub bias_interval: Interval,
    /// Median absolute deviation from the bias.
    pub mad: f64,
    /// Median of the absolute errors; a rotation about the viewing axis shows here and not in the bias.
    pub typical: f64,
    /// Its interval at 95 %, likewise.
    pub typical_interval: Interval,
    /// Matches.
    pub matches: usize,
    /// Groups.
    pub groups: usize,
}

/// Summary of signed errors (`y_left - y_right` of a rectified pair, or [`signed_distance`] times the focal length),
/// one slice per frame, pixels.
///
/// The interval is that of the mean of the frames' medians around the pooled median: matches of one frame share
/// their errors, so frames are what is counted; with one frame it is infinite. Frames without matches and errors
/// that are not finite are left out. Errors: [`StatsError::Empty`] without matches. Cost: selections, linear.
pub fn stereo_error(frames: &[Vec<f64>]) -> Result<StereoError, StatsError> {
    let frames: Vec<Vec<f64>> = frames
        .iter()
        .map(|frame| frame.iter().copied().filter(|e| e.is_finite()).collect())
        .filter(|frame: &Vec<f64>| !frame.is_empty())
        .collect();
    let mut pooled: Vec<f64> = frames.iter().flatten().copied().collect();
    let mut sizes: Vec<f64> = pooled.iter().map(|e| e.abs()).collect();
    let matches = pooled.len();
    let spread = median_abs_deviation(&mut pooled)?;
    let typical = median(&mut sizes)?;
    let of_frames = |value: fn(f64) -> f64| -> Vec<f64> {
        let one = |frame: &Vec<f64>| {
            let mut errors: Vec<f64> = frame.iter().map(|e| value(*e)).collect();
            median(&mut errors).unwrap_or(f64::NAN)
        };
        frames.iter().map(one).collect()
    };
    Ok(StereoError {
        bias: spread.median,
        bias_interval: around(spread.median, &of_frames(|e| e)),
        mad: spread.mad,
        typical,
        typical_interval: around(typical, &of_frames(f64::abs)),
        matches,
        groups: frames.len(),
    })
}

fn around(center: f64, values: &[f64]) -> Interval {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let half = if n < 2.0 {
        f64::INFINITY
    } else {
        Z95 * (variance / n).sqrt()
    };
    Interval {
        low: center - half,
        high: center + half,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_one_world_point_fit() {
        // The second camera stands 0.1 m to the right: second_from_first shifts by -0.1 along x.
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let e = essential(&unit, [-0.1, 0.0, 0.0]);
        let world = [0.4, -0.3, 2.0];
        let first = [world[0] / world[2], world[1] / world[2]];
        let second = [(world[0] - 0.1) / world[2], world[1] / world[2]];
        assert!(signed_distance(&e, first, second).abs() < 1e-15);
        let raised = [second[0], second[1] + 0.01];
        assert!((signed_distance(&e, first, raised).abs() - 0.01).abs() < 1e-12);
        let d = epipolar(&e, [first[0], first[1], 1.0], [raised[0], raised[1], 1.0]);
        assert!((d.second_to_line - 0.01).abs() < 1e-12);
        // Both points may move, so the nearest fitting pair is half as far from each: sqrt(2) * 0.005.
        assert!((d.sampson_squared - 0.5e-4).abs() < 1e-12);
    }

    #[test]
    fn an_epipole_has_no_line() {
        let d = epipolar(&[[0.0; 3]; 3], [1.0, 2.0, 1.0], [1.0, 2.0, 1.0]);
        assert!(d.sampson_squared.is_nan() && d.second_to_line.is_nan());
    }

    #[test]
    fn summary_of_a_biased_pair() {
        let frames: Vec<Vec<f64>> = (0..10)
            .map(|f| {
                (0..50)
                    .map(|i| 0.8 + 0.01 * f64::from(i - 25) + 0.001 * f64::from(f))
                    .collect()
            })
            .collect();
        let error = stereo_error(&frames).unwrap();
        assert!((error.bias - 0.8).abs() < 0.02, "{error:?}");
        assert!(error.bias_interval.contains(0.8) && error.bias_interval.low > 0.75);
        assert_eq!((error.matches, error.groups), (500, 10));
        assert_eq!(stereo_error(&[vec![f64::NAN]]), Err(StatsError::Empty));
        assert_eq!(
            stereo_error(&[vec![1.0]]).unwrap().bias_interval.high,
            f64::INFINITY
        );
    }
}
