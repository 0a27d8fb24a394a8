//! Skew and offset by the lower convex hull.

use super::posterior::{Blocks, skew_posterior};
use super::{ClockError, check_span, same_length};
use crate::Workspace;
use crate::stats::{Interval, quantiles_i64};
use serde::Serialize;

/// Clock model `log = header + offset + skew (header - first) + delay` with `delay >= 0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HullClock {
    /// Messages used.
    pub n: usize,
    /// Messages left out because their header stamp lies behind an earlier one.
    pub skipped_backward: usize,
    /// Messages whose header stamp equals the one before; only the fastest of them is used.
    pub duplicates: usize,
    /// Vertices of the hull.
    pub hull_size: usize,
    /// Skew of the recorder clock against the sensor clock, parts per million.
    pub skew_ppm: f64,
    /// Interval of the skew, parts per million; none below 32 messages.
    pub skew_interval_ppm: Option<Interval>,
    /// Half the width of the central 68.3 % of the same distribution, parts per million.
    pub skew_se_ppm: Option<f64>,
    /// Latency of the model at `first_ns`, nanoseconds. Holds the smallest one-way delay, which no one-way
    /// measurement can tell from an offset.
    pub offset_ns: f64,
    /// First header stamp, nanoseconds.
    pub first_ns: i64,
    /// Last header stamp used, nanoseconds.
    pub last_ns: i64,
    /// Skew times the span of the header stamps, nanoseconds.
    pub drift_ns: f64,
    /// Median queueing delay above the model, nanoseconds; delays are rounded to whole ones.
    pub residual_p50_ns: f64,
    /// 95 % quantile of the queueing delay, nanoseconds.
    pub residual_p95_ns: f64,
    /// Largest queueing delay, nanoseconds.
    pub residual_max_ns: f64,
    /// The hull as (header stamp, log time), nanoseconds, in increasing header stamps.
    pub vertices: Vec<(i64, i64)>,
}

/// A point relative to the first one.
type Point = (i64, i64);

/// Sign of the turn from `a` over `b` to `p`; exact, since every difference is below 2^61.
fn cross(a: Point, b: Point, p: Point) -> i128 {
    let (bx, by) = (i128::from(b.0 - a.0), i128::from(b.1 - a.1));
    let (px, py) = (i128::from(p.0 - a.0), i128::from(p.1 - a.1));
    bx * py - by * px
}

/// Lower hull of points in strictly increasing x, grown point by point.
#[derive(Default)]
struct LowerHull {
    vertices: Vec<Point>,
    skipped: usize,
    duplicates: usize,
    last_x: Option<i64>,
}

impl LowerHull {
    fn push(&mut self, p: Point) {
        match self.last_x {
            Some(x) if p.0 < x => {
                self.skipped += 1;
                return;
            }
            Some(x) if p.0 == x => {
                self.duplicates += 1;
                // The latest point always is the last vertex.
                if self.vertices.last().is_some_and(|last| last.1 <= p.1) {
                    return;
                }
                self.vertices.pop();
            }
            _ => {}
        }
        self.last_x = Some(p.0);
        while let [.., a, b] = self.vertices[..] {
            if cross(a, b, p) > 0 {
                break;
            }
            self.vertices.pop();
        }
        self.vertices.push(p);
    }
}

/// The hull's segment over the middle of its range: its first vertex, and its slope less one, from integer
/// differences so that no digits cancel.
fn middle_segment(vertices: &[Point]) -> Option<(Point, f64)> {
    let (first, last) = (vertices.first()?, vertices.last()?);
    let twice_middle = first.0 + last.0;
    let pair = vertices
        .windows(2)
        .find(|w| 2 * w[0].0 <= twice_middle && twice_middle <= 2 * w[1].0)?;
    let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
    Some((pair[0], (dy - dx) as f64 / dx as f64))
}

/// Skew and offset between two clocks by the lower convex hull of (header stamp, log time).
///
/// Delay is non-negative noise above a line, so the hull bounds the clock, and its segment over the middle of the header
/// range is the line below all points with the smallest sum of distances.
/// `header`, `log`: nanoseconds per message in file order; `scratch`: memory to reuse; cross products are exact integers.
/// Header stamps that go back are left out and counted; of equal ones the fastest message counts.
///
/// The interval is the central 95 % of the distribution of the slope given the points, for delays that are exponential
/// near their minimum with a density taken from the data (flat prior: exact coverage in that model), widened where
/// leaving out half of the messages moves the hull further (delays that are rarely small); coverage is simulated in the tests. It does not cover clocks that change their rate: see [`crate::clock::steps`].
///
/// Errors: [`ClockError::LengthMismatch`], [`ClockError::TooFew`] below two usable points, [`ClockError::SpanTooLarge`].
/// Cost: one pass for the hull, one for the delays and one selection, 35 ns per message; 8 bytes per message in `scratch`.
/// Source: Zhang, Liu and Xia, Clock synchronization algorithms for network measurements, INFOCOM 2002; behavior of
/// `cuckoo_time_translator` (signals reference, B.2.2). Deviation: duplicates keep the fastest instead of the first.
pub fn hull_within(
    header: &[i64],
    log: &[i64],
    scratch: &mut impl Workspace,
) -> Result<HullClock, ClockError> {
    same_length(header, log)?;
    let (Some(&x0), Some(&y0)) = (header.first(), log.first()) else {
        return Err(ClockError::TooFew { n: 0, needed: 2 });
    };
    check_span(header)?;
    check_span(log)?;
    let mut lower = LowerHull::default();
    for (x, y) in header.iter().zip(log) {
        lower.push((x - x0, y - y0));
    }
    let in_order = header.len() - lower.skipped;
    let used = in_order - lower.duplicates;
    let Some((vertex, skew)) = middle_segment(&lower.vertices) else {
        return Err(ClockError::TooFew { n: used, needed: 2 });
    };
    let at_vertex = (vertex.1 - vertex.0) as f64;
    let model = |x: i64| at_vertex + skew * (x - vertex.0) as f64;
    let delays = scratch.words(in_order);
    let mut blocks = Blocks::new(in_order);
    let (mut latest, mut at) = (i64::MIN, 0);
    for (x, y) in header.iter().zip(log) {
        let (x, y) = (x - x0, y - y0);
        if x >= latest && at < in_order {
            latest = x;
            let delay = ((y - x) as f64 - model(x)).max(0.0);
            delays[at] = nanos(delay);
            at += 1;
            blocks.push(x as f64, delay);
        }
    }
    let (first, last) = (
        lower.vertices[0].0,
        lower.vertices[lower.vertices.len() - 1].0,
    );
    let posterior = skew_posterior(&lower.vertices, skew, &blocks);
    let q = quantiles_i64(delays, &[0.5, 0.95, 1.0])?;
    let start = (i128::from(y0) - i128::from(x0)) as f64;
    Ok(HullClock {
        n: used,
        skipped_backward: lower.skipped,
        duplicates: lower.duplicates,
        hull_size: lower.vertices.len(),
        skew_ppm: 1e6 * skew,
        skew_interval_ppm: posterior.map(|p| p.interval_ppm),
        skew_se_ppm: posterior.map(|p| p.se_ppm),
        offset_ns: start + model(first),
        first_ns: x0,
        last_ns: x0 + last,
        drift_ns: skew * (last - first) as f64,
        residual_p50_ns: q[0],
        residual_p95_ns: q[1],
        residual_max_ns: q[2],
        vertices: lower
            .vertices
            .iter()
            .map(|p| (p.0 + x0, p.1 + y0))
            .collect(),
    })
}

/// [`hull_within`] with memory of its own.
pub fn hull(header: &[i64], log: &[i64]) -> Result<HullClock, ClockError> {
    hull_within(header, log, &mut Vec::new())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a delay between stamps whose span was checked"
)]
fn nanos(x: f64) -> i64 {
    (x + 0.5) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::{Noise, nanos};
    use proptest::prelude::*;

    const T0: i64 = 1_700_000_000_000_000_000;

    /// Header stamps at `rate` for `secs`, log times with skew, and a delay in nanoseconds drawn per message.
    fn drive(
        secs: f64,
        rate: f64,
        skew_ppm: f64,
        mut delay: impl FnMut() -> f64,
    ) -> (Vec<i64>, Vec<i64>) {
        let n = nanos(secs * rate);
        (0..n)
            .map(|i| {
                let t = i as f64 / rate * 1e9;
                (
                    T0 + nanos(t),
                    T0 + 2_000_000 + nanos(t * (1.0 + 1e-6 * skew_ppm) + delay()),
                )
            })
            .unzip()
    }

    #[test]
    fn a_clean_line_is_found_exactly() {
        let (header, log) = drive(10.0, 100.0, 100.0, || 0.0);
        let h = hull(&header, &log).unwrap();
        assert!((h.skew_ppm - 100.0).abs() < 1e-3, "{}", h.skew_ppm);
        assert!((h.offset_ns - 2e6).abs() < 2.0);
        assert!(h.residual_max_ns < 2.0);
        assert_eq!((h.n, h.skipped_backward, h.duplicates), (1000, 0, 0));
        assert!(h.skew_interval_ppm.unwrap().contains(100.0));
    }

    #[test]
    fn undefined_cases_are_errors() {
        assert_eq!(hull(&[], &[]), Err(ClockError::TooFew { n: 0, needed: 2 }));
        assert_eq!(
            hull(&[5, 5, 4], &[1, 2, 3]),
            Err(ClockError::TooFew { n: 1, needed: 2 })
        );
        assert_eq!(hull(&[0, i64::MAX], &[0, 1]), Err(ClockError::SpanTooLarge));
        assert!(hull(&[1], &[]).is_err());
    }

    #[test]
    fn stamps_that_repeat_or_go_back_are_counted() {
        let h = hull(&[0, 10, 10, 5, 20], &[3, 19, 13, 99, 23]).unwrap();
        assert_eq!(
            (h.n, h.duplicates, h.skipped_backward, h.hull_size),
            (3, 1, 1, 2)
        );
        assert_eq!((h.skew_ppm, h.offset_ns), (0.0, 3.0));
    }

    /// Delay of the next message given what a queue remembers.
    type Delay = fn(&mut Noise, &mut f64) -> f64;

    /// Share of simulated drives whose interval holds the true skew.
    fn coverage(
        seed: u64,
        rate: f64,
        secs: f64,
        delay: impl Fn(&mut Noise, &mut f64) -> f64,
    ) -> (f64, f64) {
        let mut noise = Noise::new(seed);
        let runs = 400_u32;
        let (mut held, mut width) = (0_u32, 0.0);
        for _ in 0..runs {
            let mut state = 0.0;
            let (header, log) = drive(secs, rate, 35.0, || delay(&mut noise, &mut state));
            let interval = hull(&header, &log).unwrap().skew_interval_ppm.unwrap();
            held += u32::from(interval.contains(35.0));
            width += interval.high - interval.low;
        }
        (f64::from(held) / f64::from(runs), width / f64::from(runs))
    }

    #[test]
    fn the_interval_covers_exponential_delay() {
        for (seed, rate, secs) in [(1, 100.0, 20.0), (2, 10.0, 60.0), (3, 5.0, 10.0)] {
            let (share, width) = coverage(seed, rate, secs, |r, _| 2e6 * r.exponential());
            assert!(share >= 0.94, "{share} at {rate} Hz, width {width} ppm");
        }
    }

    #[test]
    fn the_interval_covers_other_delays() {
        let cases: [(&str, Delay); 4] = [
            ("gamma 3", |r, _| {
                1e6 * (r.exponential() + r.exponential() + r.exponential())
            }),
            ("log-normal", |r, _| 2e6 * (0.5 * r.normal()).exp()),
            ("mixture", |r, _| {
                if r.uniform() < 0.3 {
                    2e5 * r.exponential()
                } else {
                    8e6 * r.exponential()
                }
            }),
            ("queue with memory", |r, state| {
                *state = (*state + 1e7 * (r.exponential() - 1.3)).max(0.0);
                *state + 3e5 * r.exponential()
            }),
        ];
        for (name, delay) in cases {
            let (share, width) = coverage(7, 50.0, 30.0, delay);
            assert!(share >= 0.93, "{name}: {share}, width {width} ppm");
        }
    }

    proptest! {
        #[test]
        fn constants_move_only_the_offset(delays in prop::collection::vec(0_i64..10_000_000, 2..80), shift in -1_000_000_000_i64..1_000_000_000) {
            let header: Vec<i64> = (0..delays.len()).map(|i| 10_000_000 * i64::try_from(i).unwrap()).collect();
            let log: Vec<i64> = header.iter().zip(&delays).map(|(h, d)| h + d).collect();
            let moved: Vec<i64> = log.iter().map(|l| l + shift).collect();
            let (a, b) = (hull(&header, &log).unwrap(), hull(&header, &moved).unwrap());
            prop_assert_eq!((a.skew_ppm, a.hull_size, a.skew_interval_ppm), (b.skew_ppm, b.hull_size, b.skew_interval_ppm));
            prop_assert!((b.offset_ns - a.offset_ns - shift as f64).abs() < 1e-3);
        }

        #[test]
        fn every_message_lies_on_or_above_the_model(delays in prop::collection::vec(0_i64..10_000_000, 2..80), k in 1_i64..20) {
            let header: Vec<i64> = (0..delays.len()).map(|i| 10_000_000 * i64::try_from(i).unwrap()).collect();
            let log: Vec<i64> = header.iter().zip(&delays).map(|(h, d)| h + d).collect();
            let h = hull(&header, &log).unwrap();
            for (x, y) in header.iter().zip(&log) {
                let model = *x as f64 + h.offset_ns + 1e-6 * h.skew_ppm * (x - header[0]) as f64;
                prop_assert!(*y as f64 - model >= -1e-3);
            }
            // Scaling time leaves the skew and scales the rest.
            let scale = |v: &[i64]| v.iter().map(|t| t * k).collect::<Vec<_>>();
            let scaled = hull(&scale(&header), &scale(&log)).unwrap();
            prop_assert_eq!(scaled.hull_size, h.hull_size);
            prop_assert!((scaled.skew_ppm - h.skew_ppm).abs() <= 1e-9 * h.skew_ppm.abs().max(1.0));
            // Delays are rounded to whole nanoseconds before scaling and after.
            prop_assert!((scaled.residual_max_ns - k as f64 * h.residual_max_ns).abs() <= k as f64 + 1.0);
        }

        #[test]
        fn adding_slower_messages_changes_nothing(delays in prop::collection::vec(0_i64..10_000_000, 3..60), at in 0_usize..1000, extra in 1_i64..1_000_000) {
            let header: Vec<i64> = (0..delays.len()).map(|i| 10_000_000 * i64::try_from(i).unwrap()).collect();
            let log: Vec<i64> = header.iter().zip(&delays).map(|(h, d)| h + d).collect();
            let a = hull(&header, &log).unwrap();
            // A second message with the same header stamp, written later.
            let at = at % header.len();
            let (mut header2, mut log2) = (header, log);
            header2.insert(at + 1, header2[at]);
            log2.insert(at + 1, log2[at] + extra);
            let b = hull(&header2, &log2).unwrap();
            prop_assert_eq!((a.skew_ppm, a.offset_ns, a.vertices), (b.skew_ppm, b.offset_ns, b.vertices));
        }
    }
}
