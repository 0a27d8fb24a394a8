//! Rotation of a gyroscope: how much there is, and whether poses say the same.

use super::Sample;
use crate::pose::matrix::symmetric_eigen;
use crate::pose::rotation_vector;

/// Rates are added up for this long before they are composed, seconds.
const HELD_SECS: f64 = 0.0099;

/// A rotation over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Start of the stretch, nanoseconds.
    pub start_nanos: i64,
    /// End of the stretch, nanoseconds.
    pub end_nanos: i64,
    /// Rotation vector in the sensor's frame at the start, radians.
    pub vector_radians: [f64; 3],
}

/// Rotation of each stretch of about `step_secs`, by integrating rates (radians per second) less `bias`.
///
/// Rates are held from the middle between neighbors; a gap of more than ten times `step_secs / 100` and a quarter
/// of a step breaks the stretch off. Samples must be finite; samples out of order are passed over.
/// Cost: one pass, no trigonometry per sample.
pub fn turns_of_gyro(samples: &[Sample], bias: [f64; 3], step_secs: f64) -> Vec<Turn> {
    let mut turns = Vec::new();
    let Some(first) = samples.first() else {
        return turns;
    };
    let most_gap = 0.25 * step_secs;
    let mut start = first.t_nanos;
    let mut q = [0.0, 0.0, 0.0, 1.0];
    // Rotation vectors add up over a few milliseconds; what they neglect is the square of a small angle.
    let (mut sum, mut held) = ([0.0; 3], 0.0);
    for pair in samples.windows(2) {
        let dt = (pair[1].t_nanos.saturating_sub(pair[0].t_nanos)) as f64 / 1e9;
        if dt <= 0.0 {
            continue;
        }
        if dt > most_gap {
            start = pair[1].t_nanos;
            (q, sum, held) = ([0.0, 0.0, 0.0, 1.0], [0.0; 3], 0.0);
            continue;
        }
        let half: [f64; 3] = std::array::from_fn(|k| {
            (0.5 * (pair[0].gyro[k] + pair[1].gyro[k]) - bias[k]) * 0.5 * dt
        });
        for k in 0..3 {
            sum[k] += half[k];
        }
        held += dt;
        let ends = pair[1].t_nanos.saturating_sub(start) as f64 >= step_secs * 1e9 - 1e3;
        if held >= HELD_SECS || ends {
            q = times_small(q, sum);
            (sum, held) = ([0.0; 3], 0.0);
        }
        if ends {
            turns.push(Turn {
                start_nanos: start,
                end_nanos: pair[1].t_nanos,
                vector_radians: rotation_vector(&q),
            });
            start = pair[1].t_nanos;
            q = [0.0, 0.0, 0.0, 1.0];
        }
    }
    turns
}

/// `q` times the rotation of half the vector `half` (radians), by series: exact to the fourth power.
fn times_small(q: [f64; 4], half: [f64; 3]) -> [f64; 4] {
    let h2 = half[0] * half[0] + half[1] * half[1] + half[2] * half[2];
    let s = 1.0 - h2 / 6.0 * (1.0 - h2 / 20.0);
    let [x, y, z] = half.map(|h| h * s);
    let w = 1.0 - h2 / 2.0 * (1.0 - h2 / 12.0);
    let [a, b, c, d] = q;
    [
        d * x + a * w + b * z - c * y,
        d * y - a * z + b * w + c * x,
        d * z + a * y - b * x + c * w,
        d * w - a * x - b * y - c * z,
    ]
}

/// How much a sensor was turned, and about how many axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excitation {
    /// Root mean square rotation per stretch about the principal axes, radians, largest first.
    pub rms_radians: [f64; 3],
    /// Stretches.
    pub n: usize,
}

/// Spectrum of relative rotations: square roots of the eigenvalues of the mean of `r r^T`.
///
/// None without turns. The rotation of an extrinsic is observable only with the second well above zero
/// (signals reference, B.9.3). Cost: one pass.
pub fn excitation(turns: &[Turn]) -> Option<Excitation> {
    if turns.is_empty() {
        return None;
    }
    let mut m = [[0.0; 3]; 3];
    for turn in turns {
        let r = turn.vector_radians;
        for i in 0..3 {
            for j in 0..3 {
                m[i][j] += r[i] * r[j] / turns.len() as f64;
            }
        }
    }
    Some(Excitation {
        rms_radians: symmetric_eigen(&m).values.map(|x| x.max(0.0).sqrt()),
        n: turns.len(),
    })
}

/// Angles of two sensors on one body, compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AngleMatch {
    /// Root mean square of the differences of the angles, radians per stretch.
    pub rms_radians: f64,
    /// Median absolute difference, radians per stretch.
    pub median_radians: f64,
    /// Root mean square of the reference angles.
    pub reference_rms_radians: f64,
    /// Least-squares factor from the reference angle to the other one: scale error of the gyroscope, or 57 for degrees.
    pub scale_ratio: f64,
    /// Correlation of the angles.
    pub correlation: f64,
    /// Stretches.
    pub n: usize,
}

/// Compares angles of the same stretches, `(gyroscope, reference)`, in radians.
///
/// Angles do not depend on how the sensors are mounted (screw congruence), so no extrinsics are needed.
/// None below 5 pairs or without rotation. Cost: two passes and a sort.
pub fn angle_match(pairs: &[(f64, f64)]) -> Option<AngleMatch> {
    let n = pairs.len();
    if n < 5 {
        return None;
    }
    let count = n as f64;
    let (mut aa, mut bb, mut ab, mut a, mut b) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut squares = 0.0;
    for (gyro, reference) in pairs {
        aa += gyro * gyro;
        bb += reference * reference;
        ab += gyro * reference;
        a += gyro;
        b += reference;
        squares += (gyro - reference).powi(2);
    }
    let covariance = ab - a * b / count;
    let scatter = ((aa - a * a / count) * (bb - b * b / count)).sqrt();
    if !(bb > 0.0 && scatter > 0.0) {
        return None;
    }
    let mut differences: Vec<f64> = pairs.iter().map(|(x, y)| (x - y).abs()).collect();
    differences.sort_unstable_by(f64::total_cmp);
    Some(AngleMatch {
        rms_radians: (squares / count).sqrt(),
        median_radians: differences[n / 2],
        reference_rms_radians: (bb / count).sqrt(),
        scale_ratio: ab / bb,
        correlation: covariance / scatter,
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coning() -> Vec<Sample> {
        (0..2001_i32)
            .map(|i| {
                let t = f64::from(i) * 0.005;
                Sample {
                    t_nanos: i64::from(i) * 5_000_000,
                    gyro: [0.5 * (2.0 * t).cos(), 0.3 * (2.0 * t).sin(), 0.2],
                    accel: [0.0, 0.0, 9.81],
                }
            })
            .collect()
    }

    #[test]
    fn constant_rate_is_exact_and_axes_are_counted() {
        let flat: Vec<Sample> = coning()
            .into_iter()
            .map(|s| Sample {
                gyro: [0.0, 0.0, 0.7],
                ..s
            })
            .collect();
        let turns = turns_of_gyro(&flat, [0.0, 0.0, 0.1], 1.0);
        assert_eq!(turns.len(), 10);
        assert!(
            turns
                .iter()
                .all(|t| (t.vector_radians[2] - 0.6).abs() < 1e-9)
        );
        let one = excitation(&turns).unwrap();
        assert!(one.rms_radians[0] > 0.59 && one.rms_radians[1] < 1e-9);
        let three = excitation(&turns_of_gyro(&coning(), [0.0; 3], 1.0)).unwrap();
        assert!(three.rms_radians[1] > 0.1, "{three:?}");
    }
}
