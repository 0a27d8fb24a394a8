//! Rate, jitter and coverage.

use super::{TimeError, at_least, difference};
use crate::Workspace;
use crate::stats::{Interval, MAD_TO_SIGMA, median_ranks, moments_i64, quantiles_i64};
use serde::Serialize;

/// Batches for the interval of the rate: enough that Student's factor is near its limit,
/// few enough that every batch outlasts the memory of the jitter.
const RATE_BATCHES: usize = 20;
/// 97.5 % quantile of Student's t with `RATE_BATCHES - 1` degrees of freedom.
const T_19: f64 = 2.093_024_054_408_263;

/// Rate and jitter of a stream; `d_i = t_{i+1} - t_i` in file order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeriodSummary {
    /// Number of differences, one less than stamps.
    pub n: usize,
    /// `t_max - t_min`, nanoseconds.
    pub span_ns: i64,
    /// `(n_stamps - 1) / (t_max - t_min)`, hertz.
    pub rate_hz: f64,
    /// Interval of `rate_hz` by batch means; none below 40 differences.
    pub rate_interval: Option<Interval>,
    /// Median difference, nanoseconds.
    pub median_ns: f64,
    /// Distribution-free interval of the median, nanoseconds; none below 6 differences.
    /// It takes the differences as independent, which jitter around a fixed lattice is not: there it is too wide.
    pub median_interval: Option<Interval>,
    /// `1 / median`, hertz; none when the median is not positive.
    pub median_rate_hz: Option<f64>,
    /// Mean difference, nanoseconds.
    pub mean_ns: f64,
    /// Smallest difference, nanoseconds.
    pub min_ns: i64,
    /// Largest difference, nanoseconds.
    pub max_ns: i64,
    /// Population standard deviation of the differences, nanoseconds.
    pub std_ns: f64,
    /// `std / mean`; none when the mean is not positive. About 1 for events at random.
    pub cv: Option<f64>,
    /// `sqrt(mean (d - median)^2)`, nanoseconds.
    pub rms_deviation_ns: f64,
    /// 5 % quantile of the differences, nanoseconds.
    pub p05_ns: f64,
    /// 95 % quantile of the differences, nanoseconds.
    pub p95_ns: f64,
    /// 95 % quantile of `|d - median|`, nanoseconds.
    pub jitter_p95_ns: f64,
    /// Largest `|d - median|`, nanoseconds.
    pub jitter_max_ns: f64,
    /// Median of `|d - median|`, nanoseconds.
    pub mad_ns: f64,
    /// `1.4826 mad`, nanoseconds.
    pub sigma_ns: f64,
    /// `p95 / median` of the differences; none when the median is not positive.
    /// 1 for a clock, 4.3 for events at random: tells periodic channels from event-like ones.
    pub p95_ratio: Option<f64>,
}

/// Fills the workspace with the differences of consecutive stamps.
pub(crate) fn differences<'w>(stamps: &[i64], scratch: &'w mut impl Workspace) -> &'w mut [i64] {
    let words = scratch.words(stamps.len().saturating_sub(1));
    for (word, pair) in words.iter_mut().zip(stamps.windows(2)) {
        *word = difference(pair[1], pair[0]);
    }
    words
}

/// Rate and jitter (signals reference, B.1 `rate`, `jitter`).
///
/// `stamps`: nanoseconds in file order; `scratch` is a buffer to be reused between calls.
/// The interval of the rate comes from the means of 20 equal batches, so correlated jitter does not narrow it;
/// for jitter around a fixed lattice it is wider than needed.
///
/// Errors: [`TimeError::TooFew`] below two stamps, [`TimeError::EmptySpan`] when all are equal.
/// Cost: two passes and two selections, about 20 ns per stamp; memory 8 bytes per stamp in `scratch`.
pub fn period_summary(
    stamps: &[i64],
    scratch: &mut impl Workspace,
) -> Result<PeriodSummary, TimeError> {
    at_least(stamps.len(), 2)?;
    let (min, max) = range(stamps);
    let span_ns = difference(max, min);
    if span_ns == 0 {
        return Err(TimeError::EmptySpan);
    }
    let scratch = differences(stamps, scratch);
    let n = scratch.len();
    let moments = moments_i64(scratch)?;
    let ranks = median_ranks(n);
    let rank_share = |rank: usize| rank as f64 / (n - 1).max(1) as f64;
    let mut probabilities = vec![0.05, 0.5, 0.95];
    if let Some((low, high)) = ranks {
        probabilities.extend([rank_share(low), rank_share(high)]);
    }
    let q = quantiles_i64(scratch, &probabilities)?;
    let (p05_ns, median_ns, p95_ns) = (q[0], q[1], q[2]);
    let median_interval = ranks.map(|_| Interval {
        low: q[3],
        high: q[4],
    });
    let (mad_ns, jitter_p95_ns, jitter_max_ns) = deviations(scratch, median_ns)?;
    let rms = (moments.std_population.powi(2) + (moments.mean - median_ns).powi(2)).sqrt();
    Ok(PeriodSummary {
        n,
        span_ns,
        rate_hz: n as f64 / (span_ns as f64 * 1e-9),
        rate_interval: rate_interval(stamps, span_ns),
        median_ns,
        median_interval,
        median_rate_hz: (median_ns > 0.0).then(|| 1e9 / median_ns),
        mean_ns: moments.mean,
        min_ns: to_i64(moments.min),
        max_ns: to_i64(moments.max),
        std_ns: moments.std_population,
        cv: (moments.mean > 0.0).then(|| moments.std_population / moments.mean),
        rms_deviation_ns: rms,
        p05_ns,
        p95_ns,
        jitter_p95_ns,
        jitter_max_ns,
        mad_ns,
        sigma_ns: MAD_TO_SIGMA * mad_ns,
        p95_ratio: (median_ns > 0.0).then(|| p95_ns / median_ns),
    })
}

/// Median, 95 % quantile and maximum of `|d - median|`; overwrites the differences.
/// The median of an even count may end in one half, so the work is done in half nanoseconds.
fn deviations(scratch: &mut [i64], median_ns: f64) -> Result<(f64, f64, f64), TimeError> {
    let double_median = to_i64(2.0 * median_ns);
    for d in scratch.iter_mut() {
        *d = d
            .saturating_mul(2)
            .saturating_sub(double_median)
            .saturating_abs();
    }
    let q = quantiles_i64(scratch, &[0.5, 0.95, 1.0])?;
    Ok((0.5 * q[0], 0.5 * q[1], 0.5 * q[2]))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates at the ends of i64, which is wanted"
)]
fn to_i64(x: f64) -> i64 {
    x as i64
}

fn range(stamps: &[i64]) -> (i64, i64) {
    stamps.iter().fold((i64::MAX, i64::MIN), |(low, high), &t| {
        (low.min(t), high.max(t))
    })
}

/// Interval of the rate from the means of equal batches of differences.
fn rate_interval(stamps: &[i64], span_ns: i64) -> Option<Interval> {
    let n = stamps.len() - 1;
    let batch = n / RATE_BATCHES;
    if batch < 2 {
        return None;
    }
    let means: Vec<f64> = (0..RATE_BATCHES)
        .map(|b| difference(stamps[(b + 1) * batch], stamps[b * batch]) as f64 / batch as f64)
        .collect();
    let center = means.iter().sum::<f64>() / RATE_BATCHES as f64;
    let variance =
        means.iter().map(|m| (m - center).powi(2)).sum::<f64>() / (RATE_BATCHES - 1) as f64;
    let mean_period = span_ns as f64 / n as f64;
    let half = T_19 * (variance / RATE_BATCHES as f64).sqrt();
    let high_period = mean_period + half;
    let low_period = mean_period - half;
    // With batches that differ by more than their mean, no upper end exists.
    (low_period > 0.0).then(|| Interval {
        low: 1e9 / high_period,
        high: 1e9 / low_period,
    })
}

/// The numbers `ros2 topic hz` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HzSummary {
    /// Differences used.
    pub n: usize,
    /// `1 / mean`, hertz.
    pub rate_hz: f64,
    /// Mean difference, nanoseconds.
    pub mean_ns: f64,
    /// Smallest difference, nanoseconds.
    pub min_ns: f64,
    /// Largest difference, nanoseconds.
    pub max_ns: f64,
    /// Population standard deviation, nanoseconds.
    pub std_ns: f64,
}

/// Mean, range and population standard deviation of the last 10000 differences: what `ros2 topic hz` shows with its
/// default window (signals reference, B.1 `hz-compat`).
///
/// Errors: [`TimeError::TooFew`] below two stamps, [`TimeError::EmptySpan`] when the mean is not positive.
/// Cost: two passes over at most 10000 differences.
pub fn ros_hz(stamps: &[i64]) -> Result<HzSummary, TimeError> {
    const WINDOW: usize = 10_000;
    at_least(stamps.len(), 2)?;
    let tail = &stamps[stamps.len().saturating_sub(WINDOW + 1)..];
    let mut scratch = Vec::new();
    let m = moments_i64(differences(tail, &mut scratch))?;
    if m.mean <= 0.0 {
        return Err(TimeError::EmptySpan);
    }
    Ok(HzSummary {
        n: m.n,
        rate_hz: 1e9 / m.mean,
        mean_ns: m.mean,
        min_ns: m.min,
        max_ns: m.max,
        std_ns: m.std_population,
    })
}

/// How much of the recording a stream covers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// `(last - first) / (recording end - start)`, clipped to 0 to 1.
    pub share: f64,
    /// From the start of the recording to the first stamp, nanoseconds.
    pub start_delay_ns: i64,
    /// From the last stamp to the end of the recording, nanoseconds.
    pub end_early_ns: i64,
}

/// Share of the recording between the first and the last stamp of a stream (signals reference, B.1 `coverage`).
///
/// `stream` and `recording` are (smallest, largest) stamps of one clock, nanoseconds.
/// Errors: [`TimeError::EmptySpan`] when the recording spans no time. Cost: constant.
pub fn coverage(stream: (i64, i64), recording: (i64, i64)) -> Result<Coverage, TimeError> {
    let span = difference(recording.1, recording.0);
    if span <= 0 {
        return Err(TimeError::EmptySpan);
    }
    Ok(Coverage {
        share: (difference(stream.1, stream.0) as f64 / span as f64).clamp(0.0, 1.0),
        start_delay_ns: difference(stream.0, recording.0),
        end_early_ns: difference(recording.1, stream.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::{Noise, nanos};
    use proptest::prelude::*;

    /// Shares of simulated streams whose intervals hold the true rate and the true median.
    fn coverage_of(
        seed: u64,
        truth: (f64, f64),
        stream: impl Fn(&mut Noise) -> Vec<i64>,
    ) -> (f64, f64) {
        let mut noise = Noise::new(seed);
        let runs = 1000_u32;
        let (mut rate, mut median) = (0_u32, 0_u32);
        for _ in 0..runs {
            let s = summary(&stream(&mut noise));
            rate += u32::from(s.rate_interval.unwrap().contains(truth.0));
            median += u32::from(s.median_interval.unwrap().contains(truth.1));
        }
        (
            f64::from(rate) / f64::from(runs),
            f64::from(median) / f64::from(runs),
        )
    }

    fn running(n: usize, mut step: impl FnMut() -> f64) -> Vec<i64> {
        let mut t = 0.0;
        std::iter::repeat_with(|| {
            t += step();
            nanos(t)
        })
        .take(n)
        .collect()
    }

    #[test]
    fn intervals_cover_independent_periods() {
        let (rate, median) = coverage_of(41, (100.0, 1e7), |r| {
            running(600, || 1e7 * (1.0 + 0.1 * r.normal()))
        });
        assert!(
            (0.92..0.98).contains(&rate) && (0.93..0.985).contains(&median),
            "{rate} {median}"
        );
        let events = 1e7 * std::f64::consts::LN_2;
        let (rate, median) = coverage_of(42, (100.0, events), |r| {
            running(600, || 1e7 * r.exponential())
        });
        assert!(
            (0.91..0.98).contains(&rate) && (0.93..0.985).contains(&median),
            "{rate} {median}"
        );
    }

    #[test]
    fn intervals_cover_a_lattice_with_jitter_and_a_slow_wander() {
        let (rate, median) = coverage_of(43, (100.0, 1e7), |r| {
            (0..600)
                .map(|i| nanos(1e7 * (f64::from(i) + 0.2 * r.uniform())))
                .collect()
        });
        assert!(rate >= 0.98 && median >= 0.95, "{rate} {median}");
        let (rate, _) = coverage_of(44, (100.0, 1e7), |r| {
            let mut memory = 0.0;
            running(2000, || {
                memory = 0.9 * memory + 0.02 * r.normal();
                1e7 * (1.0 + memory)
            })
        });
        assert!(rate >= 0.90, "{rate}");
    }

    fn summary(stamps: &[i64]) -> PeriodSummary {
        period_summary(stamps, &mut Vec::new()).unwrap()
    }

    #[test]
    fn by_hand() {
        // Differences 10, 10, 12, 10, 28.
        let s = summary(&[0, 10, 20, 32, 42, 70]);
        assert_eq!(
            (s.n, s.span_ns, s.median_ns, s.min_ns, s.max_ns),
            (5, 70, 10.0, 10, 28)
        );
        assert_eq!((s.mad_ns, s.jitter_max_ns), (0.0, 18.0));
        assert!((s.jitter_p95_ns - 14.8).abs() < 1e-9, "{}", s.jitter_p95_ns);
        assert!((s.rate_hz - 5.0 / 70e-9).abs() < 1e-3);
        assert!((s.rms_deviation_ns - (328.0_f64 / 5.0).sqrt()).abs() < 1e-9);
        assert_eq!(s.median_interval, None);
    }

    #[test]
    fn undefined_cases_are_errors() {
        let mut scratch = Vec::new();
        assert_eq!(
            period_summary(&[5], &mut scratch),
            Err(TimeError::TooFew { n: 1, needed: 2 })
        );
        assert_eq!(
            period_summary(&[5, 5], &mut scratch),
            Err(TimeError::EmptySpan)
        );
        assert_eq!(ros_hz(&[5, 5]), Err(TimeError::EmptySpan));
        assert_eq!(coverage((0, 1), (5, 5)), Err(TimeError::EmptySpan));
        let repeated = summary(&[0, 0, 0, 0, 9]);
        assert_eq!((repeated.median_rate_hz, repeated.p95_ratio), (None, None));
    }

    #[test]
    fn hz_uses_the_last_window() {
        let mut stamps = vec![0, 1_000_000_000];
        stamps.extend((1..=10_000).map(|i| 1_000_000_000 + i * 10_000_000));
        let h = ros_hz(&stamps).unwrap();
        assert_eq!((h.n, h.rate_hz, h.std_ns), (10_000, 100.0, 0.0));
    }

    #[test]
    fn coverage_by_hand() {
        let c = coverage((10, 90), (0, 100)).unwrap();
        assert_eq!((c.share, c.start_delay_ns, c.end_early_ns), (0.8, 10, 10));
    }

    proptest! {
        #[test]
        fn time_reversal_and_shift_change_nothing(steps in prop::collection::vec(1_i64..1_000_000, 2..200), shift in -1_000_000_000_i64..1_000_000_000) {
            let mut t = 0;
            let stamps: Vec<i64> = std::iter::once(0).chain(steps.iter().map(|d| { t += d; t })).collect();
            let a = summary(&stamps);
            let turned: Vec<i64> = stamps.iter().rev().map(|t| shift - t).collect();
            let b = summary(&turned);
            prop_assert_eq!((a.n, a.span_ns, a.rate_hz, a.median_ns, a.p95_ns, a.jitter_p95_ns, a.median_interval), (b.n, b.span_ns, b.rate_hz, b.median_ns, b.p95_ns, b.jitter_p95_ns, b.median_interval));
        }

        #[test]
        fn scaling_scales(steps in prop::collection::vec(1_i64..1_000_000, 2..100), k in 2_i64..50) {
            let build = |k: i64| {
                let mut t = 0;
                std::iter::once(0).chain(steps.iter().map(|d| { t += k * d; t })).collect::<Vec<i64>>()
            };
            let (a, b) = (summary(&build(1)), summary(&build(k)));
            let k = k as f64;
            prop_assert!((b.median_ns - k * a.median_ns).abs() <= 1e-6 * b.median_ns);
            prop_assert!((b.std_ns - k * a.std_ns).abs() <= 1e-6 * b.std_ns.max(1.0));
            prop_assert!((b.rate_hz * k - a.rate_hz).abs() <= 1e-9 * a.rate_hz);
        }
    }
}
