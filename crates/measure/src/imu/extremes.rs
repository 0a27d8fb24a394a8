//! Saturation: values that pile up at the end of a range.

use super::Grain;

/// Full scales of common gyroscopes, radians per second (125 to 4000 degrees per second).
pub const FULL_SCALE_GYRO: [f64; 6] = [
    2.181661564992912,
    4.363323129985824,
    8.726646259971648,
    17.453292519943295,
    34.90658503988659,
    69.81317007977318,
];
/// Full scales of common accelerometers, meters per second squared (2 to 32 g).
pub const FULL_SCALE_ACCEL: [f64; 5] = [19.6133, 39.2266, 78.4532, 156.9064, 313.8128];

/// How near to a full scale an extreme must be to be called that, relative.
const SNAP_SHARE: f64 = 0.003;
/// Samples at the extreme that make saturation.
const LEAST: usize = 3;
/// Steps of the converter below the extreme that a signal, which is not cut off, visits on its way.
const BAND_STEPS: f64 = 8.0;
/// A value held for a larger part of the series than one in this many is where it rests, not its limit.
const REST_PART: usize = 5;

/// One end of the range of one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// The extreme value.
    pub limit: f64,
    /// Samples that are exactly there.
    pub count: usize,
    /// First of them.
    pub first: usize,
    /// Last of them.
    pub last: usize,
    /// Most in a row.
    pub longest: usize,
    /// The common full scale it is at, if any.
    pub full_scale: Option<f64>,
}

#[derive(Clone, Copy)]
struct End {
    limit: f64,
    count: usize,
    first: usize,
    last: usize,
    run: usize,
    longest: usize,
}

impl End {
    const NEW: Self = Self {
        limit: f64::NEG_INFINITY,
        count: 0,
        first: 0,
        last: 0,
        run: 0,
        longest: 0,
    };

    fn push(&mut self, i: usize, x: f64) {
        if x > self.limit {
            *self = Self {
                limit: x,
                count: 1,
                first: i,
                last: i,
                run: 1,
                longest: 1,
            };
        } else if x == self.limit {
            self.run = if self.last + 1 == i { self.run + 1 } else { 1 };
            self.longest = self.longest.max(self.run);
            self.count += 1;
            self.last = i;
        }
    }
}

/// Ends of the range of one axis where samples pile up: at least three at exactly the same extreme value.
///
/// Values of a converter repeat by nature, at rest and at the top of slow motion, but then they also visit the
/// steps below the extreme. So a pile counts only where the eight steps below it hold at most a third as many
/// samples, and hold less than a fifth of the series (a sensor without noise rests at one value).
/// In a quantized series three samples apart from each other count at a full scale only, otherwise six do.
/// `grain` is that of the series; `full_scales` only give the limit a name.
///
/// Values that are not finite are passed over. Cost: one pass, and a second over series with a pile.
/// Source: signals reference, B.5 (three samples at the extreme, common full scales); the test of the steps below is our own.
pub fn saturation(values: &[f64], grain: &Grain, full_scales: &[f64]) -> Vec<Saturation> {
    let (mut high, mut low) = (End::NEW, End::NEW);
    for (i, &x) in values.iter().enumerate() {
        // NaN fails both comparisons.
        if x >= high.limit {
            high.push(i, x);
        }
        if -x >= low.limit {
            low.push(i, -x);
        }
    }
    [(low, -1.0), (high, 1.0)]
        .into_iter()
        .filter_map(|(end, sign)| judge(values, grain, full_scales, (end, sign)))
        .collect()
}

fn judge(
    values: &[f64],
    grain: &Grain,
    full_scales: &[f64],
    (end, sign): (End, f64),
) -> Option<Saturation> {
    // Ranges lie on both sides of zero: the least of values that are all positive is no end of one.
    if end.count < LEAST || !end.limit.is_finite() || end.limit <= 0.0 {
        return None;
    }
    let full_scale = full_scales
        .iter()
        .copied()
        .find(|scale| (end.limit - scale).abs() <= SNAP_SHARE * scale);
    let limit = sign * end.limit;
    let away = (limit - grain.median).abs();
    let is_out = away > BAND_STEPS * grain.step && end.count * REST_PART < values.len();
    if !is_out || (limit - grain.median) * sign <= 0.0 {
        return None;
    }
    // In the sparse tail of quantized noise a few samples coincide by chance, but not one after the other.
    if grain.step > 0.0 && full_scale.is_none() && end.longest < LEAST && end.count < 2 * LEAST {
        return None;
    }
    // Rounding of unit conversions is far below this.
    let slack = 1e-9 * end.limit.abs();
    let floor = end.limit - BAND_STEPS * grain.step - slack;
    let below = values
        .iter()
        .filter(|x| **x * sign < end.limit && **x * sign >= floor)
        .count();
    (below * 3 <= end.count).then_some(Saturation {
        limit,
        count: end.count,
        first: end.first,
        last: end.last,
        longest: end.longest,
        full_scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imu::grain;
    use crate::test_noise::Noise;

    /// Rest, then sweeping motion, with noise, written in steps of `step` (0: not quantized).
    fn series(seed: u64, step: f64, noise_std: f64) -> Vec<f64> {
        let mut noise = Noise::new(seed);
        let (amplitude, speed) = (1.0 + noise.uniform(), 0.5 + 3.0 * noise.uniform());
        (0..12_000_i32)
            .map(|i| {
                let t = f64::from(i) / 200.0;
                let moves = if t > 20.0 {
                    amplitude * (speed * t).sin()
                } else {
                    0.0
                };
                let x = moves + noise_std * noise.normal();
                if step > 0.0 {
                    (x / step).round() * step
                } else {
                    x
                }
            })
            .collect()
    }

    #[test]
    fn three_samples_are_found_and_clean_series_are_not() {
        let mut found = 0;
        let mut total = 0;
        for seed in 0..100 {
            for (step, noise_std) in [
                (0.0, 0.02),
                (0.0007, 0.002),
                (0.008, 0.03),
                (0.01, 0.001),
                (0.1, 0.01),
            ] {
                let clean = series(seed, step, noise_std);
                let g = grain(&clean).unwrap();
                assert!(
                    saturation(&clean, &g, &FULL_SCALE_GYRO).is_empty(),
                    "{seed} {step}"
                );
                if step > 0.05 {
                    continue;
                }
                let mut cut = clean;
                // A shock beyond the range of the sensor.
                for (k, x) in cut[9000..9005].iter_mut().enumerate() {
                    *x = [1.5, 4.3633, 4.3633, 4.3633, 2.0][k];
                }
                let g = grain(&cut).unwrap();
                let report = saturation(&cut, &g, &FULL_SCALE_GYRO);
                total += 1;
                found += usize::from(
                    report.len() == 1 && report[0].count == 3 && report[0].full_scale.is_some(),
                );
            }
        }
        assert!(found == total, "{found} of {total}");
    }

    #[test]
    fn noise_free_rest_is_no_limit() {
        let mut still = vec![9.81; 1000];
        assert!(saturation(&still, &grain(&still).unwrap(), &FULL_SCALE_ACCEL).is_empty());
        still[3] = 9.7;
        assert!(saturation(&still, &grain(&still).unwrap(), &FULL_SCALE_ACCEL).is_empty());
    }
}
