//! One joint over time.

/// Speed below which a joint is idle, radians (or meters) per second; as `HFlow`.
const IDLE_SPEED: f64 = 0.05;
/// Idle stretches shorter than this do not count, seconds; as `HFlow`.
const IDLE_SECS: f64 = 1.0;
/// Reported speed at which a position has to change, radians (or meters) per second.
const CLEARLY_MOVING: f64 = 0.1;
/// Smallest jump, radians (or meters).
const LEAST_JUMP: f64 = 0.02;
/// A jump over the larger of the steps around it.
const JUMP_RATIO: f64 = 5.0;

/// Samples of one joint, ascending in time.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Times, seconds since any origin.
    pub secs: &'a [f64],
    /// Positions, radians or meters; finite.
    pub position: &'a [f64],
    /// Velocities, parallel; NaN where not stated.
    pub velocity: &'a [f64],
}

/// A stretch of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// First sample.
    pub first: usize,
    /// Last sample.
    pub last: usize,
    /// Duration, seconds.
    pub secs: f64,
}

/// What one joint does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointReport {
    /// Samples.
    pub n: usize,
    /// Share of samples at exactly the smallest or exactly the largest position, whichever is more; 0 for a joint that
    /// never moves.
    pub clipped_ratio: f64,
    /// The position where that is.
    pub clipped_at: f64,
    /// Longest stretch there.
    pub clipped: Option<Stretch>,
    /// Share of steps without any change.
    pub unchanged_ratio: f64,
    /// Longest stretch of unchanged positions while the reported velocity says that the joint moves.
    pub contradiction: Option<Stretch>,
    /// Jumps: position after the jump, and size. At most 100.
    pub jumps: Vec<(usize, f64)>,
    /// Positions further than ten standard deviations from the mean.
    pub outliers: usize,
    /// Largest speed by positions over three samples, per second.
    pub speed: f64,
    /// Where that is.
    pub speed_at: usize,
    /// Share of time idle.
    pub idle_ratio: f64,
    /// Logarithm of the dimensionless jerk, larger is smoother; none for a joint that does not move.
    pub smoothness: Option<f64>,
}

/// Shortest way from one angle to the next where a joint turns over; differences below half a turn are as they are.
fn step(a: f64, b: f64) -> f64 {
    let d = b - a;
    let turns = (d / std::f64::consts::TAU).round();
    let wrapped = d - turns * std::f64::consts::TAU;
    // Only a step that lands within a tenth of a radian of a whole turn is a wrap; others are real.
    if turns != 0.0 && wrapped.abs() < 0.1 {
        wrapped
    } else {
        d
    }
}

/// Measures one joint. None below 10 samples or where the lists differ in length.
///
/// Clipping, unchanged steps, outliers: lerobot-doctor's definitions, per joint. A jump is a step of more than eight
/// standard deviations of all steps, five times the steps on both sides, and 0.02; wraps by whole turns are none.
/// Idle: below 0.05 per second for at least 1 s (`HFlow`). Smoothness: Hogan and Sternad 2009, dimensionless jerk.
/// Cost: about five passes and a sort of none.
pub fn report(series: &Series<'_>) -> Option<JointReport> {
    let (t, x, v) = (series.secs, series.position, series.velocity);
    let n = x.len();
    if n < 10 || t.len() != n || v.len() != n {
        return None;
    }
    let mut out = JointReport {
        n,
        ..JointReport::default()
    };
    let steps: Vec<f64> = x.windows(2).map(|p| step(p[0], p[1])).collect();
    let unchanged = steps.iter().filter(|d| **d == 0.0).count();
    out.unchanged_ratio = unchanged as f64 / steps.len() as f64;
    clip(t, x, &mut out);
    out.contradiction = longest(t, |i| {
        i > 0 && x[i] == x[i - 1] && v[i].abs() > CLEARLY_MOVING && v[i - 1].abs() > CLEARLY_MOVING
    });
    jumps(&steps, &mut out);
    let mean = x.iter().sum::<f64>() / n as f64;
    let variance = x.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / n as f64;
    let far = 10.0 * variance.sqrt();
    out.outliers = x
        .iter()
        .filter(|p| (**p - mean).abs() > far && far > 0.0)
        .count();
    speeds(t, &steps, &mut out);
    out.smoothness = smoothness(t, x);
    Some(out)
}

/// Longest run of samples for which `holds`.
fn longest(t: &[f64], holds: impl Fn(usize) -> bool) -> Option<Stretch> {
    let mut best: Option<Stretch> = None;
    let mut first = None;
    for i in 0..=t.len() {
        if i < t.len() && holds(i) {
            first.get_or_insert(i);
        } else if let Some(start) = first.take() {
            let secs = t[i - 1] - t[start];
            if best.is_none_or(|b| secs > b.secs) {
                best = Some(Stretch {
                    first: start,
                    last: i - 1,
                    secs,
                });
            }
        }
    }
    best
}

fn clip(t: &[f64], x: &[f64], out: &mut JointReport) {
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low {
        return;
    }
    let count = |at: f64| x.iter().filter(|p| **p == at).count();
    let (at_low, at_high) = (count(low), count(high));
    let (at, number) = if at_low > at_high {
        (low, at_low)
    } else {
        (high, at_high)
    };
    // A single extreme sample is what every series has.
    if number < 3 {
        return;
    }
    out.clipped_ratio = number as f64 / x.len() as f64;
    out.clipped_at = at;
    out.clipped = longest(t, |i| x[i] == at);
}

fn jumps(steps: &[f64], out: &mut JointReport) {
    let n = steps.len() as f64;
    let mean = steps.iter().sum::<f64>() / n;
    let std = (steps.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
    let limit = (8.0 * std).max(LEAST_JUMP);
    for (i, d) in steps.iter().enumerate() {
        let near = |j: Option<usize>| j.and_then(|j| steps.get(j)).map_or(0.0, |d| d.abs());
        let around = near(i.checked_sub(1)).max(near(Some(i + 1)));
        if d.abs() > limit && d.abs() > JUMP_RATIO * around && out.jumps.len() < 100 {
            out.jumps.push((i + 1, *d));
        }
    }
}

fn speeds(t: &[f64], steps: &[f64], out: &mut JointReport) {
    let jumped = |i: usize| out.jumps.iter().any(|(at, _)| *at == i);
    let (mut speed, mut speed_at) = (0.0, 0);
    for i in 1..steps.len() {
        let dt = t[i + 1] - t[i - 1];
        let v = (steps[i - 1] + steps[i]).abs() / dt;
        if dt > 0.0 && v > speed && !jumped(i) && !jumped(i + 1) {
            (speed, speed_at) = (v, i);
        }
    }
    (out.speed, out.speed_at) = (speed, speed_at);
    let mut idle = 0.0;
    let mut run = 0.0;
    for i in 0..=steps.len() {
        let slow = i < steps.len() && {
            let dt = t[i + 1] - t[i];
            dt <= 0.0 || steps[i].abs() < IDLE_SPEED * dt
        };
        if slow {
            run += t[i + 1] - t[i];
        } else {
            if run >= IDLE_SECS {
                idle += run;
            }
            run = 0.0;
        }
    }
    let span = t[t.len() - 1] - t[0];
    out.idle_ratio = if span > 0.0 { idle / span } else { 0.0 };
}

/// `-ln(T^5 / A^2 * integral of jerk^2)` with T the duration and A the range of positions.
fn smoothness(t: &[f64], x: &[f64]) -> Option<f64> {
    let duration = t[t.len() - 1] - t[0];
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let dt = duration / (t.len() - 1) as f64;
    if !(dt > 0.0 && high > low) {
        return None;
    }
    let sum: f64 = x
        .windows(4)
        .map(|p| ((p[3] - 3.0 * p[2] + 3.0 * p[1] - p[0]) / dt.powi(3)).powi(2) * dt)
        .sum();
    Some(-(sum * duration.powi(5) / (high - low).powi(2)).ln()).filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(change: impl Fn(usize, &mut f64)) -> JointReport {
        let t: Vec<f64> = (0..1000_i32).map(|i| f64::from(i) * 0.02).collect();
        let mut x: Vec<f64> = t.iter().map(|t| (t * 0.8).sin()).collect();
        let v: Vec<f64> = t.iter().map(|t| 0.8 * (t * 0.8).cos()).collect();
        for (i, x) in x.iter_mut().enumerate() {
            change(i, x);
        }
        report(&Series {
            secs: &t,
            position: &x,
            velocity: &v,
        })
        .unwrap()
    }

    #[test]
    fn a_healthy_joint_has_nothing() {
        let r = series(|_, _| {});
        assert!(
            r.jumps.is_empty() && r.outliers == 0 && r.clipped_ratio == 0.0,
            "{r:?}"
        );
        assert!(
            r.contradiction.is_none() && (r.speed - 0.8).abs() < 1e-3,
            "{r:?}"
        );
        // A wheel that turns over is no jump.
        let wheel = series(|i, x| *x = (i as f64 * 0.05) % std::f64::consts::TAU);
        assert!(wheel.jumps.is_empty() && wheel.speed < 2.6, "{wheel:?}");
    }

    #[test]
    fn clipped_stuck_and_jumping_joints_are_found() {
        let clipped = series(|_, x| *x = x.min(0.6));
        // sin > 0.6 holds for (pi - 2 asin 0.6) / 0.8 s of each of the three first half periods.
        assert!(
            (clipped.clipped_ratio - 0.3477).abs() < 0.002,
            "{clipped:?}"
        );
        let stuck = series(|i, x| {
            if (300..400).contains(&i) {
                *x = 0.25;
            }
        });
        assert!(stuck.contradiction.unwrap().secs > 1.0, "{stuck:?}");
        let jumping = series(|i, x| {
            if i >= 500 {
                *x += 0.5;
            }
        });
        assert_eq!(jumping.jumps.len(), 1, "{jumping:?}");
        assert_eq!(jumping.jumps[0].0, 500);
    }
}
