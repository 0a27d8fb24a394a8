//! Allan deviation and its relatives.

use crate::stats::{Interval, Z95, gamma_p};

/// Why no deviation can be computed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum AllanError {
    /// Fewer than two values.
    #[error("`{count}` values; hint: a deviation needs at least 3 phases")]
    TooFew {
        /// Values seen.
        count: usize,
    },
    /// A NaN or infinity among the values.
    #[error("the value at index `{index}` is not finite; hint: use a stretch without gaps")]
    NotFinite {
        /// Index of the first such value.
        index: usize,
    },
    /// The rate is not a positive number.
    #[error("rate `{rate_hz}` Hz; hint: it must be positive")]
    BadRate {
        /// Rate seen.
        rate_hz: f64,
    },
}

/// The deviation at one averaging time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllanPoint {
    /// Averaging time, seconds: a whole number of sample periods.
    pub tau_secs: f64,
    /// Deviation, in the unit of the rates (`tdev`: of the phases).
    pub deviation: f64,
    /// Number of differences averaged.
    pub n: usize,
    /// Interval of the deviation; only from [`oadev`] and [`oadev_phase`].
    pub interval: Option<Interval>,
}

/// Averaging times of 1, 2 and 4 times powers of ten sample periods, while three fit into `n` samples.
pub fn decade_taus(n: usize, rate_hz: f64) -> Vec<f64> {
    let mut taus = Vec::new();
    let mut decade = 1_usize;
    while decade * 3 <= n {
        taus.extend(
            [1, 2, 4]
                .iter()
                .map(|k| k * decade)
                .filter(|m| m * 3 <= n)
                .map(|m| m as f64 / rate_hz),
        );
        decade *= 10;
    }
    taus
}

/// Averaging times of powers of two sample periods, while three fit into `n` samples.
pub fn octave_taus(n: usize, rate_hz: f64) -> Vec<f64> {
    std::iter::successors(Some(1_usize), |m| m.checked_mul(2))
        .take_while(|m| m * 3 <= n)
        .map(|m| m as f64 / rate_hz)
        .collect()
}

/// Phases of rates: the mean is removed, then `x[0] = 0`, `x[k] = sum of the first k / rate_hz`.
///
/// Errors: [`AllanError`]. Cost: three passes.
pub fn phase(rates: &[f64], rate_hz: f64) -> Result<Vec<f64>, AllanError> {
    if !(rate_hz > 0.0 && rate_hz.is_finite()) {
        return Err(AllanError::BadRate { rate_hz });
    }
    if rates.len() < 2 {
        return Err(AllanError::TooFew { count: rates.len() });
    }
    // A sum that is not finite tells of a value that is not, without a test per value.
    let total: f64 = rates.chunks(1024).map(|c| c.iter().sum::<f64>()).sum();
    if !total.is_finite()
        && let Some(index) = rates.iter().position(|x| !x.is_finite())
    {
        return Err(AllanError::NotFinite { index });
    }
    let mean = total / rates.len() as f64;
    let period = 1.0 / rate_hz;
    let mut phases = Vec::with_capacity(rates.len() + 1);
    let mut sum = 0.0;
    phases.push(0.0);
    phases.extend(rates.iter().map(|rate| {
        sum += rate - mean;
        sum * period
    }));
    Ok(phases)
}

/// Averaging factors for the times asked for, ascending, each once.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded, positive and at most the number of samples"
)]
fn factors(n: usize, rate_hz: f64, taus_secs: &[f64]) -> Vec<usize> {
    let mut factors: Vec<usize> = taus_secs
        .iter()
        .map(|tau| (tau * rate_hz).round())
        .filter(|m| *m >= 1.0 && *m <= n as f64)
        .map(|m| m as usize)
        .collect();
    factors.sort_unstable();
    factors.dedup();
    factors
}

/// Sum of squares in a fixed order over eight lanes, so that it can be vectorized and stays deterministic.
fn sum_of_squares<const K: usize>(parts: [&[f64]; K], combine: impl Fn([f64; K]) -> f64) -> f64 {
    const LANES: usize = 8;
    let n = parts.iter().map(|part| part.len()).min().unwrap_or(0);
    let parts = parts.map(|part| &part[..n]);
    let mut lanes = [0.0; LANES];
    let whole = n - n % LANES;
    let mut start = 0;
    while start < whole {
        let at = parts.map(|part| &part[start..start + LANES]);
        for (lane, sum) in lanes.iter_mut().enumerate() {
            let v = combine(at.map(|part| part[lane]));
            *sum += v * v;
        }
        start += LANES;
    }
    let mut total: f64 = lanes.iter().sum();
    for i in whole..n {
        let v = combine(parts.map(|part| part[i]));
        total += v * v;
    }
    total
}

fn points(
    phases: &[f64],
    rate_hz: f64,
    taus_secs: &[f64],
    one: impl Fn(usize) -> Option<(f64, usize)>,
) -> Result<Vec<AllanPoint>, AllanError> {
    if !(rate_hz > 0.0 && rate_hz.is_finite()) {
        return Err(AllanError::BadRate { rate_hz });
    }
    if phases.len() < 3 {
        return Err(AllanError::TooFew {
            count: phases.len(),
        });
    }
    Ok(factors(phases.len(), rate_hz, taus_secs)
        .into_iter()
        .filter_map(|m| {
            let (variance, n) = one(m)?;
            Some(AllanPoint {
                tau_secs: m as f64 / rate_hz,
                deviation: variance.sqrt(),
                n,
                interval: None,
            })
        })
        .collect())
}

/// Second differences `x[i+2m] - 2 x[i+m] + x[i]`, the squares summed; `step` is `m` or 1.
fn second(x: &[f64], m: usize) -> Option<(f64, usize)> {
    let n = x.len().checked_sub(2 * m).filter(|n| *n > 0)?;
    let sum = sum_of_squares([&x[..n], &x[m..m + n], &x[2 * m..]], |[a, b, c]| {
        c - 2.0 * b + a
    });
    Some((sum, n))
}

fn third(x: &[f64], m: usize) -> Option<(f64, usize)> {
    let n = x.len().checked_sub(3 * m).filter(|n| *n > 0)?;
    let sum = sum_of_squares(
        [&x[..n], &x[m..m + n], &x[2 * m..2 * m + n], &x[3 * m..]],
        |[a, b, c, d]| d - 3.0 * c + 3.0 * b - a,
    );
    Some((sum, n))
}

/// Every `m`-th phase.
fn strided(x: &[f64], m: usize) -> Vec<f64> {
    x.iter().step_by(m).copied().collect()
}

/// Allan deviation of rates (per second, `rate_hz` of them a second), not overlapping, at the given averaging times.
///
/// Times are rounded to whole samples; those that do not fit are left out. Errors: [`AllanError`].
/// Cost: `O(n)` per time at most. Source: NIST SP 1065, equation 7; agrees with allantools 2024.6.
pub fn adev(rates: &[f64], rate_hz: f64, taus_secs: &[f64]) -> Result<Vec<AllanPoint>, AllanError> {
    let x = phase(rates, rate_hz)?;
    points(&x, rate_hz, taus_secs, |m| {
        let (sum, n) = second(&strided(&x, m), 1)?;
        Some((sum / (2.0 * n as f64 * (m as f64 / rate_hz).powi(2)), n))
    })
}

/// Overlapping Allan deviation of rates, with intervals. As [`adev`]; NIST SP 1065, equation 11.
///
/// Cost: about one nanosecond per sample and averaging time, 8 bytes of memory per sample.
pub fn oadev(
    rates: &[f64],
    rate_hz: f64,
    taus_secs: &[f64],
) -> Result<Vec<AllanPoint>, AllanError> {
    oadev_phase(&phase(rates, rate_hz)?, rate_hz, taus_secs)
}

/// Overlapping Allan deviation of phases (integrated rates). As [`oadev`].
pub fn oadev_phase(
    phases: &[f64],
    rate_hz: f64,
    taus_secs: &[f64],
) -> Result<Vec<AllanPoint>, AllanError> {
    let mut found = points(phases, rate_hz, taus_secs, |m| {
        let (sum, n) = second(phases, m)?;
        Some((sum / (2.0 * n as f64 * (m as f64 / rate_hz).powi(2)), n))
    })?;
    let slopes: Vec<f64> = (0..found.len()).map(|i| slope(&found, i)).collect();
    for (point, slope) in found.iter_mut().zip(slopes) {
        let m = (point.tau_secs * rate_hz).round();
        point.interval = chi2_interval(
            point.deviation,
            degrees_of_freedom(phases.len() as f64, m, slope),
        );
    }
    Ok(found)
}

/// Modified Allan deviation of rates. As [`adev`]; NIST SP 1065, equation 15.
pub fn mdev(rates: &[f64], rate_hz: f64, taus_secs: &[f64]) -> Result<Vec<AllanPoint>, AllanError> {
    let x = phase(rates, rate_hz)?;
    points(&x, rate_hz, taus_secs, |m| {
        let n = (x.len() + 1).checked_sub(3 * m).filter(|n| *n > 0)?;
        // The sum of m second differences slides by one: four phases change.
        let mut inner: f64 = (0..m).map(|i| x[i + 2 * m] - 2.0 * x[i + m] + x[i]).sum();
        let mut sum = inner * inner;
        for j in 0..n - 1 {
            inner += x[j + 3 * m] - 3.0 * x[j + 2 * m] + 3.0 * x[j + m] - x[j];
            sum += inner * inner;
        }
        let tau = m as f64 / rate_hz;
        Some((sum / (2.0 * n as f64 * (m as f64 * tau).powi(2)), n))
    })
}

/// Time deviation of rates, seconds if the rates are ratios: `tau / sqrt(3)` times [`mdev`].
pub fn tdev(rates: &[f64], rate_hz: f64, taus_secs: &[f64]) -> Result<Vec<AllanPoint>, AllanError> {
    let mut found = mdev(rates, rate_hz, taus_secs)?;
    for point in &mut found {
        point.deviation *= point.tau_secs / 3.0_f64.sqrt();
    }
    Ok(found)
}

/// Hadamard deviation of rates, not overlapping. As [`adev`]; NIST SP 1065, equation 19.
pub fn hdev(rates: &[f64], rate_hz: f64, taus_secs: &[f64]) -> Result<Vec<AllanPoint>, AllanError> {
    let x = phase(rates, rate_hz)?;
    points(&x, rate_hz, taus_secs, |m| {
        let (sum, n) = third(&strided(&x, m), 1)?;
        Some((sum / (6.0 * n as f64 * (m as f64 / rate_hz).powi(2)), n))
    })
}

/// Overlapping Hadamard deviation of rates. As [`adev`]; NIST SP 1065, equation 21.
pub fn ohdev(
    rates: &[f64],
    rate_hz: f64,
    taus_secs: &[f64],
) -> Result<Vec<AllanPoint>, AllanError> {
    let x = phase(rates, rate_hz)?;
    points(&x, rate_hz, taus_secs, |m| {
        let (sum, n) = third(&x, m)?;
        Some((sum / (6.0 * n as f64 * (m as f64 / rate_hz).powi(2)), n))
    })
}

/// Slope of the curve at a point, in logarithms.
fn slope(points: &[AllanPoint], i: usize) -> f64 {
    let (a, b) = (i.saturating_sub(1), (i + 1).min(points.len() - 1));
    let rise = (points[b].deviation / points[a].deviation).ln();
    let run = (points[b].tau_secs / points[a].tau_secs).ln();
    if run > 0.0 && rise.is_finite() {
        rise / run
    } else {
        -0.5
    }
}

/// Equivalent degrees of freedom of the overlapping estimate for the noise that has this slope.
/// Source: NIST SP 1065, table 5 (Howe, Allan and Barnes 1981).
fn degrees_of_freedom(phases: f64, m: f64, slope: f64) -> f64 {
    let (n, m2) = (phases, m * m);
    let degrees = if slope < -0.75 {
        (n + 1.0) * (n - 2.0 * m) / (2.0 * (n - m))
    } else if slope < -0.25 {
        (3.0 * (n - 1.0) / (2.0 * m) - 2.0 * (n - 2.0) / n) * 4.0 * m2 / (4.0 * m2 + 5.0)
    } else if slope < 0.25 {
        if m <= 1.0 {
            2.0 * (n - 2.0) / (2.3 * n - 4.9) * (n - 2.0)
        } else {
            5.0 * n * n / (4.0 * m * (n + 3.0 * m))
        }
    } else {
        (n - 2.0) / m * ((n - 1.0).powi(2) - 3.0 * m * (n - 1.0) + 4.0 * m2) / (n - 3.0).powi(2)
    };
    degrees.max(1.0)
}

fn chi2_interval(deviation: f64, degrees: f64) -> Option<Interval> {
    let end = |p: f64| Some(deviation * (degrees / chi2_quantile(p, degrees)?).sqrt());
    Some(Interval {
        low: end(0.975)?,
        high: end(0.025)?,
    })
}

/// Quantile of chi-squared: Wilson and Hilferty above 100 degrees of freedom (relative error below 1e-4), else by bisection.
fn chi2_quantile(p: f64, degrees: f64) -> Option<f64> {
    if degrees > 100.0 {
        let z = if p > 0.5 { Z95 } else { -Z95 };
        let c = 2.0 / (9.0 * degrees);
        return Some(degrees * (1.0 - c + z * c.sqrt()).powi(3));
    }
    let (mut low, mut high) = (0.0, degrees + 20.0 * degrees.sqrt() + 20.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if gamma_p(degrees / 2.0, middle / 2.0).ok()? < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(0.5 * (low + high)).filter(|x| *x > 0.0)
}

/// Noise parameters read off a curve; the unit is that of the rates times the power of seconds named.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoiseFit {
    /// White noise density N (times the square root of seconds): the line of slope -1/2 at 1 s.
    pub density: Option<(f64, Interval)>,
    /// Bias instability B: the least deviation over 0.664; none while the curve still falls.
    pub instability: Option<(f64, Interval)>,
    /// Random walk of the rate K (per square root of a second): the line of slope 1/2 at 3 s.
    pub random_walk: Option<(f64, Interval)>,
}

/// Reads N, B and K off an overlapping Allan deviation.
///
/// Each line is laid through the point of fitting slope (within 0.15) nearest to where it is read; the interval is
/// that point's. Source: signals reference, B.5; `allan_variance_ros`; 0.664 is `sqrt(2 ln 2 / pi)`. Cost: one pass.
pub fn noise_fit(points: &[AllanPoint]) -> NoiseFit {
    let line = |wanted: f64, at: f64, power: f64| {
        (0..points.len())
            .filter(|i| (slope(points, *i) - wanted).abs() <= 0.15)
            .min_by(|a, b| {
                let far = |i: usize| (points[i].tau_secs / at).ln().abs();
                far(*a).total_cmp(&far(*b))
            })
            .and_then(|i| scaled(&points[i], (points[i].tau_secs / at).powf(power)))
    };
    let least = (0..points.len())
        .min_by(|a, b| points[*a].deviation.total_cmp(&points[*b].deviation))
        .filter(|i| slope(points, *i).abs() <= 0.25 && *i + 1 < points.len());
    NoiseFit {
        density: line(-0.5, 1.0, 0.5),
        instability: least.and_then(|i| {
            scaled(
                &points[i],
                1.0 / (2.0 * 2.0_f64.ln() / std::f64::consts::PI).sqrt(),
            )
        }),
        random_walk: line(0.5, 3.0, -0.5),
    }
}

fn scaled(point: &AllanPoint, factor: f64) -> Option<(f64, Interval)> {
    let interval = point.interval?;
    Some((
        point.deviation * factor,
        Interval {
            low: interval.low * factor,
            high: interval.high * factor,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    #[test]
    fn white_noise_and_random_walk_are_read_off() {
        let mut covered = 0;
        for seed in 0..20 {
            let mut noise = Noise::new(seed);
            let rate = 100.0;
            let mut walk = 0.0;
            let values: Vec<f64> = (0..40_000)
                .map(|_| {
                    walk += 2e-4 * noise.normal() / 10.0;
                    walk + 0.01 * noise.normal()
                })
                .collect();
            // Density 0.01 / sqrt(100), walk 2e-5 per sample is 2e-4 per square root of a second.
            let points = oadev(&values, rate, &decade_taus(values.len(), rate)).unwrap();
            let fit = noise_fit(&points);
            let (density, interval) = fit.density.unwrap();
            assert!((density / 1e-3 - 1.0).abs() < 0.1, "{density}");
            covered += usize::from(interval.contains(1e-3));
            if let Some((walk, _)) = fit.random_walk {
                assert!((walk / 2e-4 - 1.0).abs() < 0.7, "{walk}");
            }
        }
        assert!(covered >= 17, "{covered} of 20");
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(
            oadev(&[1.0], 1.0, &[1.0]),
            Err(AllanError::TooFew { count: 1 })
        );
        assert!(oadev(&[1.0, 2.0, 3.0], 0.0, &[1.0]).is_err());
        assert_eq!(
            oadev(&[1.0, f64::NAN, 3.0], 1.0, &[1.0]),
            Err(AllanError::NotFinite { index: 1 })
        );
    }
}
