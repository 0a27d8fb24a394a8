//! Jumps of position.

use super::{Fix, Plane};
use crate::stats::MAD_TO_SIGMA;

/// Reports on each side of a place that is judged.
const SIDE: usize = 8;
/// Fewest reports on a side, near the ends of a stretch.
const LEAST_SIDE: usize = 3;
/// Smallest jump, meters.
const LEAST_METERS: f64 = 1.0;
/// Standard deviations of a jump: a two-dimensional normal variable exceeds 5.5 once in three million.
const SIGMAS: f64 = 5.5;

/// A jump of position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// Report after the jump.
    pub index: usize,
    /// Size, meters.
    pub meters: f64,
    /// Size over the standard deviation such differences have here.
    pub sigmas: f64,
}

/// Jumps and what they are measured against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JumpReport {
    /// Jumps in order.
    pub jumps: Vec<Jump>,
    /// Smallest jump that would have been seen, meters.
    pub limit_meters: f64,
    /// Places judged.
    pub n: usize,
}

/// A position east and north and its time.
#[derive(Clone, Copy)]
struct Point {
    secs: f64,
    east: f64,
    north: f64,
}

/// Value and slope of a least-squares line at a time: `(value, slope)`.
fn line(points: &[Point], pick: impl Fn(&Point) -> f64, at: f64) -> (f64, f64) {
    let n = points.len() as f64;
    let t = points.iter().map(|p| p.secs).sum::<f64>() / n;
    let x = points.iter().map(&pick).sum::<f64>() / n;
    let (mut tt, mut tx) = (0.0, 0.0);
    for p in points {
        tt += (p.secs - t).powi(2);
        tx += (p.secs - t) * (pick(p) - x);
    }
    let slope = if tt > 0.0 { tx / tt } else { 0.0 };
    (x + slope * (at - t), slope)
}

/// Jumps of horizontal position against the receiver's own motion, or what is left of it after `moved` was taken off.
///
/// At each place between two reports a line is laid through the eight reports before and another through the eight
/// after; both are read at the place. Their difference is free of speed and of constant acceleration, and averages
/// noise. A jump is a local maximum above 1 m and above 5.5 robust standard deviations of these differences over the
/// recording. With `moved` (east and north in meters moved according to another sensor, parallel to `fixes`), means
/// instead of lines are compared, which sees smaller jumps. Stretches end at gaps of more than three periods and at
/// reports without a position. None below 20 places.
///
/// Cost: 40 operations per report. Source: signals reference, B.6; lines on both sides are our own, as thresholds by
/// the reported covariance miss 5 m when it says 2 m and cry wolf when it says 2 cm.
pub fn jumps(fixes: &[Fix], moved: Option<&[[f64; 2]]>) -> Option<JumpReport> {
    let origin = fixes.iter().find(|fix| fix.is_position())?;
    let plane = Plane::at(origin);
    let points: Vec<Point> = fixes
        .iter()
        .enumerate()
        .map(|(i, fix)| {
            let [east, north, _] = plane.east_north_up(fix);
            let [x, y] = moved
                .and_then(|all| all.get(i))
                .copied()
                .unwrap_or_default();
            Point {
                secs: fix.t_nanos.saturating_sub(origin.t_nanos) as f64 / 1e9,
                east: east - x,
                north: north - y,
            }
        })
        .collect();
    let mut differences = vec![[0.0_f64; 2]; points.len()];
    let mut judged = Vec::new();
    for stretch in stretches(fixes) {
        for k in stretch.start + LEAST_SIDE..stretch.end.saturating_sub(LEAST_SIDE - 1) {
            let before = &points[k.saturating_sub(SIDE).max(stretch.start)..k];
            let after = &points[k..(k + SIDE).min(stretch.end)];
            let at = 0.5 * (points[k - 1].secs + points[k].secs);
            let side = |side: &[Point], pick: fn(&Point) -> f64| {
                if moved.is_some() {
                    side.iter().map(pick).sum::<f64>() / side.len() as f64
                } else {
                    line(side, pick, at).0
                }
            };
            differences[k] = [
                side(after, |p| p.east) - side(before, |p| p.east),
                side(after, |p| p.north) - side(before, |p| p.north),
            ];
            judged.push(k);
        }
    }
    pick(&differences, &judged)
}

fn pick(differences: &[[f64; 2]], judged: &[usize]) -> Option<JumpReport> {
    if judged.len() < 20 {
        return None;
    }
    let mut sizes: Vec<f64> = judged
        .iter()
        .flat_map(|k| differences[*k])
        .map(f64::abs)
        .collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let sigma = MAD_TO_SIGMA * sizes[sizes.len() / 2];
    let limit = (SIGMAS * sigma).max(LEAST_METERS);
    let size = |k: usize| differences[k][0].hypot(differences[k][1]);
    let jumps = judged
        .iter()
        .copied()
        .filter(|k| size(*k) > limit)
        .filter(|k| {
            let near = k.saturating_sub(SIDE)..(k + SIDE + 1).min(differences.len());
            near.clone()
                .all(|j| size(j) < size(*k) || (size(j) == size(*k) && j >= *k))
        })
        .map(|index| Jump {
            index,
            meters: size(index),
            sigmas: size(index) / sigma.max(1e-9),
        })
        .collect();
    Some(JumpReport {
        jumps,
        limit_meters: limit,
        n: judged.len(),
    })
}

/// Stretches of reports with positions and without gaps.
fn stretches(fixes: &[Fix]) -> Vec<std::ops::Range<usize>> {
    let mut steps: Vec<i64> = fixes
        .windows(2)
        .map(|pair| pair[1].t_nanos.saturating_sub(pair[0].t_nanos))
        .filter(|step| *step > 0)
        .collect();
    steps.sort_unstable();
    let most = steps.get(steps.len() / 2).map_or(0, |step| step * 3);
    let mut found = Vec::new();
    let mut start = 0;
    for i in 0..=fixes.len() {
        let goes_on = i < fixes.len() && fixes[i].is_position();
        let is_gap = goes_on && i > start && {
            let step = fixes[i].t_nanos.saturating_sub(fixes[i - 1].t_nanos);
            step <= 0 || step > most
        };
        if !goes_on || is_gap {
            found.push(start..i);
            start = if goes_on { i } else { i + 1 };
        }
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Horizontal speed of a line through reports, meters per second, and its standard error.
///
/// None below 5 positions or when time stands still. Cost: one pass of the reports.
pub fn line_speed(fixes: &[Fix]) -> Option<(f64, f64)> {
    let origin = fixes.iter().find(|fix| fix.is_position())?;
    let plane = Plane::at(origin);
    let points: Vec<Point> = fixes
        .iter()
        .filter(|fix| fix.is_position())
        .map(|fix| {
            let [east, north, _] = plane.east_north_up(fix);
            Point {
                secs: fix.t_nanos.saturating_sub(origin.t_nanos) as f64 / 1e9,
                east,
                north,
            }
        })
        .collect();
    if points.len() < 5 {
        return None;
    }
    let n = points.len() as f64;
    let t = points.iter().map(|p| p.secs).sum::<f64>() / n;
    let tt: f64 = points.iter().map(|p| (p.secs - t).powi(2)).sum();
    if tt <= 0.0 {
        return None;
    }
    let (east, v_east) = line(&points, |p| p.east, t);
    let (north, v_north) = line(&points, |p| p.north, t);
    let squares: f64 = points
        .iter()
        .map(|p| {
            (p.east - east - v_east * (p.secs - t)).powi(2)
                + (p.north - north - v_north * (p.secs - t)).powi(2)
        })
        .sum();
    Some((
        v_east.hypot(v_north),
        (squares / (2.0 * (n - 2.0)) / tt).sqrt(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{DeniedCause, DeniedOptions, denied, frozen_runs};
    use super::*;
    use crate::test_noise::Noise;

    /// A car on a winding road at 5 Hz; noise white and wandering, meters.
    fn road(seed: u64, white: f64, wander: f64) -> Vec<Fix> {
        let mut noise = Noise::new(seed);
        let (mut x, mut y, mut heading) = (0.0_f64, 0.0_f64, noise.uniform() * 6.0);
        let (mut wx, mut wy) = (0.0, 0.0);
        (0..600_i32)
            .map(|i| {
                let t = f64::from(i) * 0.2;
                let speed = (8.0 + 8.0 * (t * 0.2).sin()).max(0.0);
                heading += 0.2 * 0.4 * (t * 0.15).sin();
                x += speed * 0.2 * heading.cos();
                y += speed * 0.2 * heading.sin();
                wx = 0.995 * wx + 0.1 * wander * noise.normal();
                wy = 0.995 * wy + 0.1 * wander * noise.normal();
                let north = y + wy + white * noise.normal();
                let east = x + wx + white * noise.normal();
                Fix {
                    t_nanos: i64::from(i) * 200_000_000,
                    status: 0,
                    latitude_degrees: 48.0 + north / 111_200.0,
                    longitude_degrees: 11.0 + east / 74_500.0,
                    altitude_meters: 500.0,
                    covariance_meters2: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 4.0],
                    covariance_type: 2,
                    hdop_ratio: f64::NAN,
                }
            })
            .collect()
    }

    #[test]
    fn five_meters_are_found_and_clean_drives_are_not() {
        let (mut found, mut total) = (0, 0);
        for seed in 0..150 {
            for (white, wander) in [(0.02, 0.02), (0.3, 0.5), (0.6, 0.5)] {
                let clean = road(seed, white, wander);
                let report = jumps(&clean, None).unwrap();
                assert!(report.jumps.is_empty(), "{seed} {white} {report:?}");
                let mut bad = clean;
                for fix in &mut bad[300..] {
                    fix.longitude_degrees += 5.0 / 74_500.0;
                }
                let report = jumps(&bad, None).unwrap();
                total += 1;
                found += usize::from(
                    report.jumps.len() == 1 && report.jumps[0].index.abs_diff(300) <= 1,
                );
            }
        }
        assert!(found * 100 >= total * 97, "{found} of {total}");
    }

    #[test]
    fn outages_are_intervals() {
        let mut fixes = road(1, 0.3, 0.3);
        for fix in &mut fixes[100..110] {
            fix.status = -1;
        }
        for fix in &mut fixes[112..120] {
            fix.covariance_meters2[0] = 100.0;
        }
        fixes.drain(300..310);
        let found = denied(&fixes, 0.2, &DeniedOptions::default());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].before, found[0].after), (99, 120));
        assert_eq!(found[0].cause, DeniedCause::NoFix);
        assert_eq!((found[1].before, found[1].cause), (299, DeniedCause::Gap));
        let (speed, error) = line_speed(&fixes[10..30]).unwrap();
        // The mean of 8 + 8 sin(0.2 t) from 2 s to 5.8 s; the road bends a little.
        assert!((speed - 13.5).abs() < 0.7 && error < 0.5, "{speed} {error}");
    }

    #[test]
    fn frozen_positions_are_runs() {
        let mut fixes = road(2, 0.0, 0.0);
        let held = fixes[50];
        for fix in &mut fixes[50..60] {
            fix.latitude_degrees = held.latitude_degrees;
            fix.longitude_degrees = held.longitude_degrees;
        }
        assert_eq!(frozen_runs(&fixes, 1.0), [(50, 59)]);
    }

    #[test]
    fn the_plane_agrees_with_known_lengths() {
        // One degree of the meridian at 45 degrees is 111,131.8 m (NIMA TR8350.2 constants, series of Vermeille).
        let at = |lat: f64, lon: f64| Fix {
            latitude_degrees: lat,
            longitude_degrees: lon,
            altitude_meters: 0.0,
            ..road(0, 0.0, 0.0)[0]
        };
        let plane = Plane::at(&at(45.0, 7.0));
        let [east, north, _] = plane.east_north_up(&at(45.001, 7.001));
        assert!((north - 111.1318).abs() < 2e-3, "{north}");
        assert!((east - 78.8468).abs() < 3e-3, "{east}");
    }
}
