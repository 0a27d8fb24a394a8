//! The least-squares line, the model other tools publish.

use super::{ClockError, check_span, same_length};
use crate::stats::Interval;
use serde::Serialize;

/// `log - header = offset + skew (header - first)` by least squares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinearClock {
    /// Messages.
    pub n: usize,
    /// First header stamp, nanoseconds: where `offset_ns` holds.
    pub first_ns: i64,
    /// Skew of the recorder clock against the sensor clock, parts per million.
    pub skew_ppm: f64,
    /// Standard error of the skew, parts per million, for independent residuals; queueing is not independent,
    /// so this is a lower bound.
    pub skew_se_ppm: f64,
    /// `skew ± 1.96 se`, parts per million.
    pub skew_interval_ppm: Interval,
    /// Latency of the line at `first_ns`, nanoseconds; holds the mean queueing delay.
    pub offset_ns: f64,
    /// Population standard deviation of the residuals, nanoseconds.
    pub jitter_ns: f64,
    /// Skew times the span of the header stamps, nanoseconds.
    pub drift_ns: f64,
}

/// Least-squares fit of the latency over the header stamps, on centered values (signals reference, B.2.1).
///
/// `header`, `log`: nanoseconds per message, any order. Biased where latency is queueing: use [`crate::clock::hull`] to
/// decide and this one to compare with other tools.
///
/// Errors: [`ClockError::LengthMismatch`], [`ClockError::TooFew`] below three, [`ClockError::NoSpread`] when all header
/// stamps are equal, [`ClockError::SpanTooLarge`]. Cost: three passes; sums in file order.
pub fn linear(header: &[i64], log: &[i64]) -> Result<LinearClock, ClockError> {
    same_length(header, log)?;
    let n = header.len();
    if n < 3 {
        return Err(ClockError::TooFew { n, needed: 3 });
    }
    check_span(header)?;
    check_span(log)?;
    let (x0, y0) = (header[0], log[0].saturating_sub(header[0]));
    let point = |i: usize| {
        let z = log[i].saturating_sub(header[i]).saturating_sub(y0);
        ((header[i] - x0) as f64, z as f64)
    };
    let count = n as f64;
    let (sum_x, sum_z) = (0..n)
        .map(point)
        .fold((0.0, 0.0), |(a, b), (x, z)| (a + x, b + z));
    let (mean_x, mean_z) = (sum_x / count, sum_z / count);
    let (mut sxx, mut sxz) = (0.0, 0.0);
    for (x, z) in (0..n).map(point) {
        sxx += (x - mean_x) * (x - mean_x);
        sxz += (x - mean_x) * (z - mean_z);
    }
    if sxx <= 0.0 {
        return Err(ClockError::NoSpread);
    }
    let slope = sxz / sxx;
    let residual: f64 = (0..n)
        .map(point)
        .map(|(x, z)| (z - mean_z - slope * (x - mean_x)).powi(2))
        .sum();
    let se = (residual / (count - 2.0) / sxx).sqrt();
    let span = header
        .iter()
        .max()
        .zip(header.iter().min())
        .map_or(0.0, |(b, a)| (b - a) as f64);
    Ok(LinearClock {
        n,
        first_ns: x0,
        skew_ppm: 1e6 * slope,
        skew_se_ppm: 1e6 * se,
        skew_interval_ppm: Interval::normal(1e6 * slope, 1e6 * se),
        offset_ns: y0 as f64 + mean_z - slope * mean_x,
        jitter_ns: (residual / count).sqrt(),
        drift_ns: slope * span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_found_exactly() {
        let header: Vec<i64> = (0..100)
            .map(|i| 1_700_000_000_000_000_000 + i * 1_000_000_000)
            .collect();
        let log: Vec<i64> = (0..100)
            .map(|i| header[i] + 5_000_000 + 50_000 * i64::try_from(i).unwrap())
            .collect();
        let fit = linear(&header, &log).unwrap();
        assert!((fit.skew_ppm - 50.0).abs() < 1e-9, "{}", fit.skew_ppm);
        assert!((fit.offset_ns - 5e6).abs() < 1e-3);
        assert!(fit.skew_se_ppm < 1e-9 && fit.jitter_ns < 1e-3);
        assert!((fit.drift_ns - 99.0 * 50_000.0).abs() < 1e-3);
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(
            linear(&[1, 2], &[1, 2]),
            Err(ClockError::TooFew { n: 2, needed: 3 })
        );
        assert_eq!(linear(&[1, 1, 1], &[1, 2, 3]), Err(ClockError::NoSpread));
        assert_eq!(
            linear(&[0, 1, i64::MAX], &[1, 2, 3]),
            Err(ClockError::SpanTooLarge)
        );
        assert!(linear(&[1], &[1, 2]).is_err());
    }

    proptest! {
        #[test]
        fn a_constant_moves_only_the_offset(noise in prop::collection::vec(0_i64..1_000_000, 3..60), shift in -1_000_000_000_i64..1_000_000_000) {
            let header: Vec<i64> = (0..noise.len()).map(|i| 10_000_000 * i64::try_from(i).unwrap()).collect();
            let log: Vec<i64> = header.iter().zip(&noise).map(|(h, e)| h + e).collect();
            let moved: Vec<i64> = log.iter().map(|l| l + shift).collect();
            let (a, b) = (linear(&header, &log).unwrap(), linear(&header, &moved).unwrap());
            prop_assert_eq!(a.skew_ppm, b.skew_ppm);
            prop_assert!((b.offset_ns - a.offset_ns - shift as f64).abs() < 1e-3);
        }
    }
}
