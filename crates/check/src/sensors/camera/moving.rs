//! Whether the camera moved during a stretch of time.

use crate::sensors::Context;

/// Spread of the angular rate of something that turns, radians per second: five times the noise of a cheap MEMS gyro
/// (0.005 rad/s at 100 Hz), a fifth of slow driving.
const GYRO_SPREAD: f64 = 0.025;
/// Spread of the specific force of something that drives, meters per second squared: above engine idle and MEMS noise.
const ACCEL_SPREAD: f64 = 0.4;
/// A pose that moved this far or turned this much has moved: above the jitter of odometry at rest.
const POSE_METERS: f64 = 0.1;
const POSE_RADIANS: f64 = 0.03;
/// Samples in the stretch from which a sensor says anything.
const LEAST_SAMPLES: usize = 3;

/// Angular rate by which turning smears a picture: 3 mrad, a pixel or two of a common lens, in 10 ms of exposure.
const SMEAR_RATE: f64 = 0.3;
/// Time over which it is averaged, nanoseconds.
const SMEAR_NANOS: i64 = 300_000_000;

/// What the other sensors say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    Yes,
    No,
    Unknown,
}

/// Whether inertial sensors or poses say that the vehicle moved between two header stamps.
pub(super) fn moving(context: &Context<'_>, start_nanos: i64, end_nanos: i64) -> Moving {
    let mut seen = false;
    for track in context.imus {
        let rows = during(track.rows, |row| row.t_nanos, start_nanos, end_nanos);
        if rows.len() < LEAST_SAMPLES {
            continue;
        }
        seen = true;
        let gyro = spread(&rows.iter().map(|row| row.gyro));
        let accel = spread(&rows.iter().map(|row| row.accel));
        if gyro > GYRO_SPREAD || accel > ACCEL_SPREAD {
            return Moving::Yes;
        }
    }
    for track in context.poses {
        let rows = during(track.rows, |row| row.t_nanos, start_nanos, end_nanos);
        let Some(first) = rows.first().filter(|_| rows.len() >= LEAST_SAMPLES) else {
            continue;
        };
        seen = true;
        let moved = rows.iter().any(|row| {
            let (a, b) = (&first.pose, &row.pose);
            let meters = distance(a.translation_meters, b.translation_meters);
            let dot: f64 = a
                .quat_xyzw
                .iter()
                .zip(b.quat_xyzw)
                .map(|(x, y)| x * y)
                .sum();
            // Half the angle between unit quaternions.
            let turn = 2.0 * dot.abs().clamp(0.0, 1.0).acos();
            meters > POSE_METERS || turn > POSE_RADIANS
        });
        if moved {
            return Moving::Yes;
        }
    }
    if seen { Moving::No } else { Moving::Unknown }
}

/// Whether an inertial sensor turned faster, by more than smears a picture, on one side of a step between two header
/// stamps: after it, or before.
pub(super) fn turns_faster(
    context: &Context<'_>,
    (before_nanos, after_nanos): (i64, i64),
    after: bool,
) -> bool {
    context.imus.iter().any(|track| {
        let rate = |start: i64, end: i64| {
            let rows = during(track.rows, |row| row.t_nanos, start, end);
            let size = |gyro: [f64; 3]| gyro.iter().map(|w| w * w).sum::<f64>().sqrt();
            let sum: f64 = rows.iter().map(|row| size(row.gyro)).sum();
            (rows.len() >= LEAST_SAMPLES).then(|| sum / rows.len() as f64)
        };
        let earlier = rate(before_nanos.saturating_sub(SMEAR_NANOS), before_nanos);
        let later = rate(after_nanos, after_nanos.saturating_add(SMEAR_NANOS));
        let (Some(earlier), Some(later)) = (earlier, later) else {
            return false;
        };
        let faster = if after {
            later - earlier
        } else {
            earlier - later
        };
        faster > SMEAR_RATE
    })
}

/// The rows of a stretch of time. Rows out of order, which are rare, may be missed.
fn during<T>(rows: &[T], time: impl Fn(&T) -> i64, start_nanos: i64, end_nanos: i64) -> &[T] {
    let first = rows.partition_point(|row| time(row) < start_nanos);
    let last = rows.partition_point(|row| time(row) <= end_nanos);
    rows.get(first..last).unwrap_or(&[])
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f64>()
        .sqrt()
}

/// Root of the summed variances of the axes; values that are not finite are left out.
fn spread(vectors: &(impl Iterator<Item = [f64; 3]> + Clone)) -> f64 {
    let axis = |k: usize| {
        let values = vectors
            .clone()
            .filter_map(|v| v.get(k).copied())
            .filter(|x| x.is_finite());
        let (n, sum, squares) =
            values.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
        if n < 2.0 {
            return 0.0;
        }
        let mean: f64 = sum / n;
        (squares / n - mean * mean).max(0.0)
    };
    (0..3).map(axis).sum::<f64>().sqrt()
}
