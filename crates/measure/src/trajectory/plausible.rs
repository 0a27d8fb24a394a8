//! Whether a path could have been driven, flown or walked.

use crate::pose::{StampedPose, angle_between};
use crate::stats::MAD_TO_SIGMA;

/// Length of a local fit, seconds.
const FIT_SECS: f64 = 0.5;
/// Fewest poses of a local fit.
const FIT_POSES: usize = 7;
/// Poses on each side of a place judged for a jump.
const SIDE: usize = 5;
/// Robust standard deviations of a jump.
const SIGMAS: f64 = 8.0;
/// Change of acceleration that is granted between the two sides of a place, meters per second squared: hard braking.
const GRANTED_ACCEL: f64 = 10.0;
/// Change of angular acceleration that is granted, radians per second squared.
const GRANTED_TURN: f64 = 20.0;

/// The most extreme place of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extreme {
    /// Largest value.
    pub value: f64,
    /// Largest value less four standard errors: what noise cannot explain.
    pub at_least: f64,
    /// First pose of the fit.
    pub first: usize,
    /// Last pose of the fit.
    pub last: usize,
}

impl Extreme {
    fn push(&mut self, value: f64, error: f64, (first, last): (usize, usize)) {
        let at_least = (value - 4.0 * error).max(0.0);
        if at_least > self.at_least || (self.at_least == 0.0 && value > self.value) {
            *self = Self {
                value,
                at_least,
                first,
                last,
            };
        }
    }
}

/// A jump of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathJump {
    /// Pose after the jump.
    pub index: usize,
    /// Distance, meters.
    pub meters: f64,
    /// Angle, radians.
    pub radians: f64,
}

/// What a path demands of the body that follows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plausibility {
    /// Speed, meters per second.
    pub speed: Extreme,
    /// Acceleration, meters per second squared.
    pub accel: Extreme,
    /// Change of acceleration, meters per second cubed.
    pub jerk: Extreme,
    /// Angular rate, radians per second.
    pub turn_rate: Extreme,
    /// Jumps, in order.
    pub jumps: Vec<PathJump>,
    /// Smallest jump that would have been seen, meters.
    pub jump_limit_meters: f64,
    /// Length of the path without jumps, meters, over local fits so that noise does not lengthen it.
    pub length_meters: f64,
    /// Poses used: finite, with time that advances.
    pub n: usize,
}

struct Point {
    index: usize,
    secs: f64,
    place: [f64; 3],
    quat: [f64; 4],
}

/// Speed, acceleration, jerk, angular rate and jumps of a path.
///
/// Local parabolas over half a second (at least 7 poses) stand for Savitzky and Golay's filter on uneven times, with
/// standard errors from their residuals, so that a centimeter of noise at 100 Hz is not 100 m/s^2. A jump is where
/// lines through five poses before and after disagree by more than `least_jump_meters`, eight robust standard
/// deviations of such differences, and what hard braking does at this rate; angles likewise with 0.2 rad.
/// Fits do not cross jumps. Poses that are not finite or whose time does not advance are left out; gaps of more than
/// ten periods end a stretch. None below 20 poses. Cost: about 100 operations per pose.
/// Source: signals reference, B.10.5; evo's `split_speed_outliers` has the same aim.
pub fn plausibility(poses: &[StampedPose], least_jump_meters: f64) -> Option<Plausibility> {
    let points = usable(poses);
    if points.len() < 20 {
        return None;
    }
    let mut steps: Vec<f64> = points.windows(2).map(|p| p[1].secs - p[0].secs).collect();
    steps.sort_unstable_by(f64::total_cmp);
    let period = steps[steps.len() / 2];
    let mut out = Plausibility {
        n: points.len(),
        ..Plausibility::default()
    };
    let mut cuts = vec![0];
    cuts.extend((1..points.len()).filter(|i| points[*i].secs - points[i - 1].secs > 10.0 * period));
    cuts.push(points.len());
    find_jumps(&points, &cuts, (period, least_jump_meters), &mut out);
    let jumped: Vec<usize> = out.jumps.iter().map(|jump| jump.index).collect();
    cuts.extend((1..points.len()).filter(|i| jumped.contains(&points[*i].index)));
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        fit_stretch(&points[pair[0]..pair[1]], &mut out);
    }
    Some(out)
}

fn usable(poses: &[StampedPose]) -> Vec<Point> {
    let Some(origin) = poses.first().map(|pose| pose.t_nanos) else {
        return Vec::new();
    };
    let mut last = i64::MIN;
    let mut points = Vec::with_capacity(poses.len());
    for (index, row) in poses.iter().enumerate() {
        let quat = crate::pose::normalized(&row.pose.quat_xyzw);
        let place = row.pose.translation_meters;
        if let Some(quat) = quat
            && row.t_nanos > last
            && place.iter().all(|x| x.is_finite())
        {
            last = row.t_nanos;
            points.push(Point {
                index,
                secs: row.t_nanos.saturating_sub(origin) as f64 / 1e9,
                place,
                quat,
            });
        }
    }
    points
}

/// Value of a least-squares line at a time, per axis.
fn line_at(points: &[Point], at: f64) -> [f64; 3] {
    let n = points.len() as f64;
    let t = points.iter().map(|p| p.secs).sum::<f64>() / n;
    let tt: f64 = points.iter().map(|p| (p.secs - t).powi(2)).sum();
    std::array::from_fn(|axis| {
        let x = points.iter().map(|p| p.place[axis]).sum::<f64>() / n;
        let tx: f64 = points
            .iter()
            .map(|p| (p.secs - t) * (p.place[axis] - x))
            .sum();
        x + if tt > 0.0 { tx / tt * (at - t) } else { 0.0 }
    })
}

fn length(v: [f64; 3]) -> f64 {
    crate::pose::matrix::norm(&v)
}

fn find_jumps(
    points: &[Point],
    cuts: &[usize],
    (period, least): (f64, f64),
    out: &mut Plausibility,
) {
    let mut sizes = vec![0.0; points.len()];
    let mut bends = vec![0.0; points.len()];
    let mut judged = Vec::new();
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        for k in start + 2..end.saturating_sub(1) {
            let before = &points[k.saturating_sub(SIDE).max(start)..k];
            let after = &points[k..(k + SIDE).min(end)];
            let at = 0.5 * (points[k - 1].secs + points[k].secs);
            let (a, b) = (line_at(before, at), line_at(after, at));
            sizes[k] = length(std::array::from_fn(|axis| b[axis] - a[axis]));
            // The step of angle beyond what the rates around it do: wheels turn on while messages are late.
            let step = |i: usize| angle_between(&points[i - 1].quat, &points[i].quat);
            let dt = |i: usize| points[i].secs - points[i - 1].secs;
            let rate = |i: usize| step(i) / dt(i);
            let around = rate(k - 1).max(if k + 1 < end { rate(k + 1) } else { 0.0 });
            bends[k] = (step(k) - around * dt(k)).max(0.0);
            judged.push(k);
        }
    }
    let sigma = |values: &[f64]| {
        let mut some: Vec<f64> = judged.iter().map(|k| values[*k]).collect();
        some.sort_unstable_by(f64::total_cmp);
        some.get(some.len() / 2).map_or(0.0, |x| MAD_TO_SIGMA * x)
    };
    // Differences of three axes: the median of their length is larger than that of one axis, which errs to silence.
    let limit = least.max(SIGMAS * sigma(&sizes)) + 4.0 * GRANTED_ACCEL * period * period;
    let turn_limit = 0.2_f64.max(SIGMAS * sigma(&bends)) + GRANTED_TURN * period * period;
    out.jump_limit_meters = limit;
    let is_peak = |values: &[f64], k: usize| {
        (k.saturating_sub(SIDE)..(k + SIDE + 1).min(values.len()))
            .all(|j| values[j] < values[k] || (values[j] == values[k] && j >= k))
    };
    for &k in &judged {
        let far = sizes[k] > limit && is_peak(&sizes, k);
        let turned = bends[k] > turn_limit && is_peak(&bends, k);
        if far || turned {
            out.jumps.push(PathJump {
                index: points[k].index,
                meters: if far { sizes[k] } else { 0.0 },
                radians: if turned { bends[k] } else { 0.0 },
            });
        }
    }
}

/// A parabola through a window: velocity and acceleration in the middle, and their standard errors.
struct Fit {
    velocity: [f64; 3],
    accel: [f64; 3],
    velocity_error: f64,
    accel_error: f64,
    middle: f64,
}

fn fit(points: &[Point]) -> Option<Fit> {
    let n = points.len() as f64;
    let middle = points.iter().map(|p| p.secs).sum::<f64>() / n;
    let (mut s2, mut s3, mut s4) = (0.0, 0.0, 0.0);
    for p in points {
        let t = p.secs - middle;
        s2 += t * t;
        s3 += t * t * t;
        s4 += t * t * t * t;
    }
    // Normal equations for 1, t, t^2 with sum t = 0: eliminate the constant.
    let q = s4 - s2 * s2 / n;
    let det = s2 * q - s3 * s3;
    if det.is_nan() || det <= 1e-12 * s2 * s4 {
        return None;
    }
    let (mut velocity, mut accel, mut squares) = ([0.0; 3], [0.0; 3], 0.0);
    for axis in 0..3 {
        let mean = points.iter().map(|p| p.place[axis]).sum::<f64>() / n;
        let (mut x1, mut x2) = (0.0, 0.0);
        for p in points {
            let t = p.secs - middle;
            x1 += t * (p.place[axis] - mean);
            x2 += (t * t - s2 / n) * (p.place[axis] - mean);
        }
        let b = (x1 * q - x2 * s3) / det;
        let c = (x2 * s2 - x1 * s3) / det;
        velocity[axis] = b;
        accel[axis] = 2.0 * c;
        for p in points {
            let t = p.secs - middle;
            squares += (p.place[axis] - mean - b * t - c * (t * t - s2 / n)).powi(2);
        }
    }
    let variance = squares / (3.0 * (n - 3.0));
    Some(Fit {
        velocity,
        accel,
        velocity_error: (3.0 * variance * q / det).sqrt(),
        accel_error: 2.0 * (3.0 * variance * s2 / det).sqrt(),
        middle,
    })
}

fn fit_stretch(points: &[Point], out: &mut Plausibility) {
    let mut start = 0;
    let mut before: Option<Fit> = None;
    while start + FIT_POSES <= points.len() {
        let until = points[start].secs + FIT_SECS;
        let within = points[start..].partition_point(|p| p.secs <= until);
        let end = (start + within.max(FIT_POSES)).min(points.len());
        let window = &points[start..end];
        let (a, b) = (&points[start], &points[end - 1]);
        let place = (a.index, b.index);
        let span = b.secs - a.secs;
        if let Some(fit) = fit(window) {
            let speed = length(fit.velocity);
            out.speed.push(speed, fit.velocity_error, place);
            out.accel.push(length(fit.accel), fit.accel_error, place);
            if let Some(last) = &before {
                let dt = (fit.middle - last.middle).max(1e-9);
                let change = length(std::array::from_fn(|k| fit.accel[k] - last.accel[k]));
                let error = fit.accel_error.hypot(last.accel_error);
                out.jerk.push(change / dt, error / dt, place);
            }
            let half = &points[start + (end - start) / 2];
            out.length_meters += speed * (half.secs - a.secs);
            before = Some(fit);
        }
        // Noise of single orientations divides by the span of the window.
        let turned = angle_between(&a.quat, &b.quat);
        if span > 0.0 {
            out.turn_rate.push(turned / span, 0.0, place);
        }
        start += ((end - start) / 2).max(1);
    }
}

/// How a path closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closure {
    /// Distance between the first and the last pose, meters.
    pub meters: f64,
    /// Angle between them, radians.
    pub radians: f64,
}

/// Distance and angle from the first to the last pose, where both are finite: the drift, if the body came back to
/// where it started. Source: signals reference, B.10.6. Cost: constant.
pub fn closure(poses: &[StampedPose]) -> Option<Closure> {
    let (first, last) = (
        poses.first()?.pose.normalized()?,
        poses.last()?.pose.normalized()?,
    );
    let between = first.inverse().compose(&last);
    Some(Closure {
        meters: length(between.translation_meters),
        radians: between.angle_radians(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::{Pose, quat_of_rotation_vector};
    use crate::test_noise::Noise;

    /// A car at `rate` Hz for 60 s: speed 0 to 15 m/s, curves; noise in meters and radians.
    fn car(seed: u64, rate: i32, noise_meters: f64) -> Vec<StampedPose> {
        let mut noise = Noise::new(seed);
        let (mut x, mut y, mut heading) = (0.0_f64, 0.0_f64, 0.0_f64);
        let dt = 1.0 / f64::from(rate);
        (0..60 * rate)
            .map(|i| {
                let t = f64::from(i) * dt;
                let speed = (7.0 - 8.0 * (t * 0.3).cos()).max(0.0);
                heading += dt * 0.5 * (t * 0.4 + seed as f64).sin();
                x += speed * dt * heading.cos();
                y += speed * dt * heading.sin();
                let mut n = || noise_meters * noise.normal();
                StampedPose {
                    t_nanos: i64::from(i) * (1_000_000_000 / i64::from(rate)),
                    pose: Pose {
                        translation_meters: [x + n(), y + n(), n()],
                        quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, heading + 0.3 * n()]),
                    },
                }
            })
            .collect()
    }

    #[test]
    fn noise_is_not_acceleration() {
        for seed in 0..60 {
            for (rate, noise) in [(100, 0.01), (100, 0.0), (10, 0.05), (20, 0.1), (1, 0.02)] {
                let found = plausibility(&car(seed, rate, noise), 0.5).unwrap();
                assert!(found.jumps.is_empty(), "{seed} {rate} {noise} {found:?}");
                assert!(
                    found.accel.at_least < 8.0,
                    "{seed} {rate} {noise} {found:?}"
                );
                // Fits over 7 s smooth the extremes away.
                if rate < 10 {
                    continue;
                }
                assert!(
                    (found.speed.value - 15.0).abs() < 1.5 + 20.0 * noise,
                    "{found:?}"
                );
                let length = 60.0 * 7.2;
                assert!(
                    (found.length_meters / length - 1.0).abs() < 0.15,
                    "{rate} {found:?}"
                );
            }
        }
    }

    #[test]
    fn teleports_are_found() {
        for seed in 0..60 {
            for (rate, noise) in [(100, 0.01), (20, 0.03)] {
                let mut poses = car(seed, rate, noise);
                let at = poses.len() / 2 + usize::try_from(seed).unwrap();
                for pose in &mut poses[at..] {
                    pose.pose.translation_meters[1] += 1.5;
                }
                let found = plausibility(&poses, 0.5).unwrap();
                assert_eq!(found.jumps.len(), 1, "{seed} {rate} {found:?}");
                assert!(found.jumps[0].index.abs_diff(at) <= 1);
                assert!(found.accel.at_least < 15.0, "{found:?}");
            }
        }
    }
}
