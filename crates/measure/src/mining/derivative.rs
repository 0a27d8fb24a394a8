//! Derivatives of tracks as RefAV takes them.
//!
//! Read [`derivative`] first. Not here: smoother estimates (`kinematics::savgol`).

use std::f64::consts::TAU;

/// Samples of the median that follows.
const MEDIAN: usize = 7;

/// Central difference over one sample each way with the true times, one-sided at the ends; zero for a single sample.
fn difference<const D: usize>(
    t_nanos: &[i64],
    x: &[[f64; D]],
    wrap: impl Fn(f64) -> f64,
) -> Vec<[f64; D]> {
    let last = x.len().min(t_nanos.len()).saturating_sub(1);
    (0..=last)
        .take(x.len())
        .map(|i| {
            let (before, after) = (i.saturating_sub(1), (i + 1).min(last));
            let ends = t_nanos.get(before).zip(t_nanos.get(after));
            let values = x.get(before).zip(x.get(after));
            let Some(((from, to), (a, b))) = ends.zip(values) else {
                return [0.0; D];
            };
            let secs = (i128::from(*to) - i128::from(*from)) as f64 / 1e9;
            if secs <= 0.0 {
                return [0.0; D];
            }
            std::array::from_fn(|d| wrap(b[d] - a[d]) / secs)
        })
        .collect()
}

/// The `order`-th derivative of positions: repeated central differences, then a median of 7 samples (of all where
/// there are fewer; the upper of the two middle ones for an even number; ends repeated), per component. Order 0 is the
/// median alone.
///
/// `t_nanos` ascends, one stamp per position. A single sample has derivative 0. Source: RefAV 5c5be643 `utils.py`,
/// which filters with scipy's `median_filter(size=min(7, n), mode="nearest")`. Cost: `7 log 7` per sample and component.
pub fn derivative(t_nanos: &[i64], positions: &[[f64; 3]], order: usize) -> Vec<[f64; 3]> {
    let mut found = positions.to_vec();
    // Of a single sample every order is the same.
    for _ in 0..order.min(found.len().max(1)) {
        found = difference(t_nanos, &found, |x| x);
    }
    median(&found)
}

fn median(x: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let size = MEDIAN.min(x.len());
    let last = x.len().saturating_sub(1);
    (0..x.len())
        .map(|i| {
            std::array::from_fn(|d| {
                let mut window = [0.0; MEDIAN];
                let taken = window.iter_mut().take(size).enumerate();
                for (k, slot) in taken {
                    let at = (i + k).saturating_sub(size / 2).min(last);
                    *slot = x.get(at).map_or(0.0, |p| p[d]);
                }
                let sorted = window.get_mut(..size).unwrap_or_default();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted.get(size / 2).copied().unwrap_or_default()
            })
        })
        .collect()
}

/// Yaw rate at each sample, radians per second: central differences, turns of more than half a circle taken the other
/// way round; no median. As RefAV, with the yaw for its rotation vector.
pub fn yaw_rates(t_nanos: &[i64], yaws: &[f64]) -> Vec<f64> {
    let yaws: Vec<[f64; 1]> = yaws.iter().map(|y| [*y]).collect();
    difference(t_nanos, &yaws, |d| d - TAU * (d / TAU).round())
        .into_iter()
        .map(|[rate]| rate)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with numpy 2.4 and scipy 1.17.1 by the rule of RefAV.
    #[test]
    fn medians_are_those_of_scipy() {
        let of = |x: &[f64]| -> Vec<f64> {
            let points: Vec<[f64; 3]> = x.iter().map(|x| [*x, 0.0, 0.0]).collect();
            median(&points).iter().map(|p| p[0]).collect()
        };
        assert_eq!(of(&[1.0, 5.0, 2.0, 8.0]), [1.0, 2.0, 5.0, 8.0]);
        assert_eq!(of(&[3.0, 1.0, 2.0]), [3.0, 2.0, 2.0]);
        let long = [5.0, 1.0, 9.0, 2.0, 7.0, 3.0, 8.0, 0.0, 6.0, 4.0];
        assert_eq!(
            of(&long),
            [5.0, 5.0, 5.0, 5.0, 3.0, 6.0, 4.0, 4.0, 4.0, 4.0]
        );
    }

    #[test]
    fn a_parabola_has_its_derivatives_inside() {
        let t: Vec<i64> = (0..30).map(|i| i * 100_000_000).collect();
        let x: Vec<[f64; 3]> = (0..30)
            .map(|i| {
                let s = 0.1 * f64::from(i);
                [s * s, -2.0 * s, 1.0]
            })
            .collect();
        let (v, a) = (derivative(&t, &x, 1), derivative(&t, &x, 2));
        for i in 5..25 {
            assert!((v[i][0] - 0.2 * i as f64).abs() < 1e-9 && (v[i][1] + 2.0).abs() < 1e-9);
            assert!((a[i][0] - 2.0).abs() < 1e-9);
        }
        assert_eq!(derivative(&t[..1], &x[..1], 2), [[0.0; 3]]);
        assert_eq!(derivative(&[], &[], 1), Vec::<[f64; 3]>::new());
    }

    #[test]
    fn turning_through_half_a_circle_has_one_rate() {
        let t: Vec<i64> = (0..20).map(|i| i * 100_000_000).collect();
        let yaws: Vec<f64> = (0..20)
            .map(|i| {
                let yaw: f64 = 2.5 + 0.1 * f64::from(i);
                yaw.sin().atan2(yaw.cos())
            })
            .collect();
        assert!(yaw_rates(&t, &yaws).iter().all(|r| (r - 1.0).abs() < 1e-9));
    }
}
