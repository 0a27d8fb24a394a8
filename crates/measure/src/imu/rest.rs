//! Where an inertial sensor rests.

use super::Sample;

/// What counts as rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestOptions {
    /// Length of a window, seconds.
    pub window_secs: f64,
    /// Standard deviation of an axis of the accelerometer, meters per second squared.
    pub accel_std: f64,
    /// Standard deviation of an axis of the gyroscope, radians per second.
    pub gyro_std: f64,
    /// A window noisier than that, up to this factor, still rests if its noise is white.
    pub white_factor: f64,
    /// Windows in a row that make a rest.
    pub least_windows: usize,
}

impl Default for RestOptions {
    /// Signals reference, B.5; the factor admits noisy sensors (0.5 m/s^2 and 0.1 rad/s), whose noise, unlike
    /// motion, has no memory from one sample to the next.
    fn default() -> Self {
        Self {
            window_secs: 0.5,
            accel_std: 0.1,
            gyro_std: 0.02,
            white_factor: 5.0,
            least_windows: 2,
        }
    }
}

/// Moments of one window of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// First sample.
    pub start: usize,
    /// Sample after the last one.
    pub end: usize,
    /// Means, gyroscope first: x y z of each.
    pub mean: [f64; 6],
    /// Variances.
    pub variance: [f64; 6],
    /// Half the mean squared differences of neighbors: the variance, if the noise is white.
    pub white_variance: [f64; 6],
    /// Whether the samples follow each other without a gap.
    pub is_whole: bool,
}

impl Window {
    /// Mean rate of the gyroscope, as recorded.
    pub fn gyro(&self) -> [f64; 3] {
        [self.mean[0], self.mean[1], self.mean[2]]
    }

    /// Mean specific force, as recorded.
    pub fn accel(&self) -> [f64; 3] {
        [self.mean[3], self.mean[4], self.mean[5]]
    }

    /// Magnitude of the mean specific force.
    pub fn accel_norm(&self) -> f64 {
        norm(self.accel())
    }

    /// Magnitude of the mean rate.
    pub fn gyro_norm(&self) -> f64 {
        norm(self.gyro())
    }

    /// Whether nothing moves here but noise. Sensors that are not measured (NaN) do not object.
    pub fn is_quiet(&self, options: &RestOptions) -> bool {
        let axis_is_quiet = |axis: usize| {
            let limit = if axis < 3 {
                options.gyro_std
            } else {
                options.accel_std
            };
            let (variance, white) = (self.variance[axis], self.white_variance[axis]);
            let loud = limit * options.white_factor;
            // Von Neumann's ratio: 1 +- 0.1 for 100 white samples.
            variance.is_nan()
                || variance < limit * limit
                || (variance < loud * loud && variance < 1.3 * white)
        };
        self.is_whole && (0..6).all(axis_is_quiet) && self.mean.iter().any(|x| x.is_finite())
    }
}

/// A run of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First window.
    pub first: usize,
    /// Window after the last one.
    pub last: usize,
}

pub(super) fn norm(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

/// Typical distance of samples in seconds, from at most 1001 neighbors; none when time does not advance.
pub fn period_secs(samples: &[Sample]) -> Option<f64> {
    let stride = (samples.len() / 1000).max(1);
    let mut steps: Vec<i64> = samples
        .windows(2)
        .step_by(stride)
        .map(|pair| pair[1].t_nanos.saturating_sub(pair[0].t_nanos))
        .filter(|step| *step > 0)
        .collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).map(|nanos| *nanos as f64 / 1e9)
}

/// Moments of consecutive windows of about `window_secs`, at least 8 samples each.
///
/// Samples in SI units for [`Window::is_quiet`] to mean anything; a NaN spoils its axis of its window only.
/// Empty when there are fewer samples than one window. Cost: one pass, 250 bytes per window.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rounded number of samples is positive and bounded by a billion"
)]
pub fn windows(samples: &[Sample], window_secs: f64) -> Vec<Window> {
    let Some(period) = period_secs(samples) else {
        return Vec::new();
    };
    let length = ((window_secs / period).round().clamp(8.0, 1e9)) as usize;
    samples
        .chunks_exact(length)
        .enumerate()
        .map(|(i, chunk)| window(chunk, i * length, period))
        .collect()
}

fn values(sample: &Sample) -> [f64; 6] {
    let (g, a) = (sample.gyro, sample.accel);
    [g[0], g[1], g[2], a[0], a[1], a[2]]
}

fn window(chunk: &[Sample], start: usize, period: f64) -> Window {
    // Sums are relative to the first sample, so that squares lose nothing.
    let origin = chunk.first().map_or([0.0; 6], values);
    let (mut sums, mut squares, mut steps) = ([0.0; 6], [0.0; 6], [0.0; 6]);
    let mut before = [0.0; 6];
    for sample in chunk {
        let now = values(sample);
        for axis in 0..6 {
            let x = now[axis] - origin[axis];
            let step = x - before[axis];
            sums[axis] += x;
            squares[axis] += x * x;
            steps[axis] += step * step;
            before[axis] = x;
        }
    }
    let n = chunk.len() as f64;
    let mut out = Window {
        start,
        end: start + chunk.len(),
        mean: origin,
        variance: [0.0; 6],
        white_variance: [0.0; 6],
        is_whole: true,
    };
    for axis in 0..6 {
        let mean = sums[axis] / n;
        out.mean[axis] += mean;
        let variance = (squares[axis] - n * mean * mean) / (n - 1.0);
        out.variance[axis] = if variance < 0.0 { 0.0 } else { variance };
        out.white_variance[axis] = steps[axis] / (2.0 * (n - 1.0));
    }
    let span = chunk
        .first()
        .zip(chunk.last())
        .map_or(0, |(a, b)| b.t_nanos.saturating_sub(a.t_nanos));
    let span_secs = span as f64 / 1e9;
    let expected = period * (n - 1.0);
    out.is_whole = span_secs > 0.5 * expected && span_secs < 1.5 * expected;
    out
}

/// Runs of quiet windows of at least [`RestOptions::least_windows`], without those (by position) `is_moving` knows better about.
///
/// Cost: one pass over the windows.
pub fn rests(
    windows: &[Window],
    options: &RestOptions,
    is_moving: impl Fn(usize) -> bool,
) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut first = None;
    for i in 0..=windows.len() {
        let rests = windows
            .get(i)
            .is_some_and(|w| w.is_quiet(options) && !is_moving(i));
        match (rests, first) {
            (true, None) => first = Some(i),
            (false, Some(start)) => {
                if i - start >= options.least_windows {
                    found.push(Stretch {
                        first: start,
                        last: i,
                    });
                }
                first = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    fn drive(seed: u64, gyro_noise: f64, accel_noise: f64) -> Vec<Sample> {
        let mut noise = Noise::new(seed);
        (0..4000_i32)
            .map(|i| {
                let t = f64::from(i) / 200.0;
                let moves = if (5.0..10.0).contains(&t) { 1.0 } else { 0.0 };
                let mut n = |s: f64| s * noise.normal();
                Sample {
                    t_nanos: i64::from(i) * 5_000_000,
                    gyro: [
                        n(gyro_noise),
                        n(gyro_noise),
                        moves * 0.4 * (t * 2.0).sin() + n(gyro_noise),
                    ],
                    accel: [
                        moves * (t * 9.0).sin() + n(accel_noise),
                        n(accel_noise),
                        9.81 + n(accel_noise),
                    ],
                }
            })
            .collect()
    }

    #[test]
    fn rest_is_found_with_quiet_and_noisy_sensors() {
        for (gyro, accel) in [(0.001, 0.01), (0.03, 0.15)] {
            let options = RestOptions::default();
            let all = windows(&drive(1, gyro, accel), options.window_secs);
            let found = rests(&all, &options, |_| false);
            assert!(
                found.iter().all(|r| r.last <= 10 || r.first >= 20),
                "{found:?}"
            );
            let rested: usize = found.iter().map(|r| r.last - r.first).sum();
            assert!(rested >= 24, "{rested} of 30 windows");
        }
    }
}
