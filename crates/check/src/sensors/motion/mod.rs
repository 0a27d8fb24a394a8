//! Facts about time offsets between sensors, from how they turn.
//!
//! Read [`outcome`] first: one stream is the reference, every other that turns is held against it. [`view`] makes turns of
//! images, [`pair`] facts of an alignment.

mod pair;
mod view;

use super::{CameraStream, Context, Outcome, Track};
use crate::facts::sheet::Sheet;
use fieldassay_measure::imu::Sample as ImuSample;
use fieldassay_measure::motion::{Turn, median_step_secs, turns_of_poses, turns_of_rates};
use fieldassay_measure::pose::matrix::{norm, subtract};
use fieldassay_measure::pose::{Rate, StampedPose, angle_between};
use fieldassay_measure::stats::quantile;
use rayon::prelude::*;

/// Streams of a kind that are held against the reference at most.
const MOST_IMUS: usize = 4;
const MOST_POSES: usize = 6;
const MOST_CAMERAS: usize = 6;
/// Steps longer than this are holes, seconds.
const LONGEST_STEP_SECS: f64 = 0.5;
/// Poses further apart than this do not show when something turned, seconds.
const COARSEST_POSES_SECS: f64 = 0.25;
/// Turns below which a stream is no stream.
const LEAST_TURNS: usize = 50;

/// How a stream knows that it turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gyro,
    Poses,
    Camera,
}

/// A stream as turns.
struct Turning<'a> {
    topic: &'a str,
    frame: &'a str,
    kind: Kind,
    turns: Vec<Turn>,
    /// Whether turns of a camera rest on its calibration.
    is_calibrated: bool,
}

/// Samples of one block, and blocks of the stretch of a long recording that is looked at: a minute at 400 Hz.
const BLOCK_ROWS: usize = 2000;
const STRETCH_BLOCKS: usize = 12;

/// Facts and drawings of time offset, its drift and the rotation between sensors.
///
/// The reference is the fastest gyro, else the fastest poses; against it go other gyros, poses of topics, transforms that are
/// rigidly linked to it, and cameras. Cost: a pass over the rates per pair, and up to 40 s of frames per camera read again.
pub(crate) fn outcome(context: &Context<'_>, cameras: &[CameraStream<'_>]) -> Outcome {
    let stretch = busiest_stretch(context);
    let mut streams = gyros(context, stretch);
    streams.extend(poses(context, streams.first().map(|s| s.frame), stretch));
    let reference = streams
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| {
            let key = |s: &Turning<'_>| median_step_secs(&s.turns).unwrap_or(f64::INFINITY);
            let rank = |s: &Turning<'_>| u8::from(s.kind != Kind::Gyro);
            rank(a).cmp(&rank(b)).then(key(a).total_cmp(&key(b)))
        })
        .map(|(index, _)| index);
    let Some(reference) = reference else {
        return Outcome::default();
    };
    let reference = streams.swap_remove(reference);
    streams.sort_by(|a, b| a.topic.cmp(b.topic));
    let scene = Scene {
        context,
        fast: fast(&reference, context),
        reference,
    };
    let mut outcomes: Vec<Outcome> = streams
        .par_iter()
        .map(|stream| pair::outcome(&scene, stream))
        .collect();
    let seen: Vec<Outcome> = cameras
        .par_iter()
        .take(MOST_CAMERAS)
        .map(|camera| match view::turns(camera, &scene) {
            Ok(stream) => pair::outcome(&scene, &stream),
            Err(reason) => {
                let mut sheet = Sheet::new(&scene.subject(camera.topic), camera.t_nanos.len());
                pair::none(&mut sheet, scene.offset_name(Kind::Camera), &reason);
                Outcome {
                    facts: sheet.facts,
                    ..Outcome::default()
                }
            }
        })
        .collect();
    outcomes.extend(seen);
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.append(outcome);
    }
    all
}

/// What every pair shares.
struct Scene<'a> {
    context: &'a Context<'a>,
    reference: Turning<'a>,
    fast: Fast,
}

/// How fast the robot gets: 99 % quantiles, zero where unknown.
#[derive(Clone, Copy, Default)]
struct Fast {
    meters_per_sec: f64,
    radians_per_sec: f64,
}

impl Scene<'_> {
    fn subject(&self, topic: &str) -> String {
        format!("{} -> {topic}", self.reference.topic)
    }

    /// Poses come out of filters that delay them; their offsets are judged by other thresholds.
    fn offset_name(&self, kind: Kind) -> &'static str {
        if self.reference.kind == Kind::Poses || kind == Kind::Poses {
            "motion.pose_offset"
        } else {
            "motion.offset"
        }
    }
}

/// First and last time of the stretch of a long recording that is looked at, so that memory does not grow with its
/// length (I4): of the longest gyro, else of the longest poses, the part that turns most.
fn busiest_stretch(context: &Context<'_>) -> Option<(i64, i64)> {
    let gyro = context.imus.iter().max_by_key(|track| track.rows.len());
    let rows: Vec<(i64, f64)> = if let Some(track) = gyro {
        let block = |rows: &[ImuSample]| {
            let energy = rows
                .iter()
                .map(|row| row.gyro.iter().map(|x| x * x).sum::<f64>());
            let energy: f64 = energy.filter(|e| e.is_finite()).sum();
            rows.first().map(|row| (row.t_nanos, energy))
        };
        track.rows.chunks(BLOCK_ROWS).filter_map(block).collect()
    } else {
        let longest = context.poses.iter().max_by_key(|track| track.rows.len())?;
        let block = |rows: &[StampedPose]| {
            let (first, last) = (rows.first()?, rows.last()?);
            let turned = angle_between(&first.pose.quat_xyzw, &last.pose.quat_xyzw);
            Some((first.t_nanos, if turned.is_finite() { turned } else { 0.0 }))
        };
        longest.rows.chunks(BLOCK_ROWS).filter_map(block).collect()
    };
    let whole = rows.len() <= STRETCH_BLOCKS + 1;
    let sum = |blocks: &[(i64, f64)]| blocks.iter().map(|block| block.1).sum::<f64>();
    let best = rows
        .windows(STRETCH_BLOCKS + 1)
        .max_by(|a, b| sum(a).total_cmp(&sum(b)))
        .filter(|_| !whole)?;
    Some((best.first()?.0, best.last()?.0))
}

/// The rows of a stretch; all of them without one, or where times do not ascend.
fn within<T>(rows: &[T], stretch: Option<(i64, i64)>, t_nanos: impl Fn(&T) -> i64) -> &[T] {
    let Some((first, last)) = stretch else {
        return rows;
    };
    let from = rows.partition_point(|row| t_nanos(row) < first);
    let to = rows.partition_point(|row| t_nanos(row) <= last);
    rows.get(from..to).unwrap_or(rows)
}

fn gyros<'a>(context: &Context<'a>, stretch: Option<(i64, i64)>) -> Vec<Turning<'a>> {
    context
        .imus
        .iter()
        .filter_map(|track: &Track<'a, ImuSample>| {
            let rows = within(track.rows, stretch, |row| row.t_nanos);
            let rates = rows.iter().map(|row| Rate {
                t_nanos: row.t_nanos,
                radians_per_sec: row.gyro,
            });
            let turns = turns_of_rates(rates, LONGEST_STEP_SECS);
            (turns.len() >= LEAST_TURNS).then_some(Turning {
                topic: track.topic,
                frame: track.frame,
                kind: Kind::Gyro,
                turns,
                is_calibrated: true,
            })
        })
        .take(MOST_IMUS + 1)
        .collect()
}

/// Poses of topics, and transforms whose child is rigidly linked to the gyro: others turn by joints.
fn poses<'a>(
    context: &Context<'a>,
    gyro_frame: Option<&str>,
    stretch: Option<(i64, i64)>,
) -> Vec<Turning<'a>> {
    let mut found: Vec<Turning<'a>> = context
        .poses
        .iter()
        .filter(|track: &&Track<'a, StampedPose>| {
            let linked = gyro_frame.map(|frame| context.rig.between(track.frame, frame).is_some());
            track.stream.is_some() || linked.unwrap_or(false)
        })
        .filter_map(|track| {
            let rows = within(track.rows, stretch, |row| row.t_nanos);
            let turns = turns_of_poses(rows, LONGEST_STEP_SECS);
            let step_secs = median_step_secs(&turns)?;
            (turns.len() >= LEAST_TURNS && step_secs <= COARSEST_POSES_SECS).then_some(Turning {
                topic: track.topic,
                frame: track.frame,
                kind: Kind::Poses,
                turns,
                is_calibrated: true,
            })
        })
        .collect();
    found.truncate(MOST_POSES);
    found
}

fn fast(reference: &Turning<'_>, context: &Context<'_>) -> Fast {
    let quantile_of = |mut values: Vec<f64>| quantile(&mut values, 0.99).unwrap_or(0.0);
    let turning = reference
        .turns
        .iter()
        .map(|turn| norm(&turn.radians) / turn.secs())
        .collect();
    let speeds = context
        .poses
        .iter()
        .find(|track| track.stream.is_some())
        .map(|track| {
            let steps = track.rows.iter().zip(track.rows.iter().skip(1));
            steps
                .filter_map(|(a, b)| {
                    let secs = b.t_nanos.saturating_sub(a.t_nanos) as f64 / 1e9;
                    let step = subtract(&b.pose.translation_meters, &a.pose.translation_meters);
                    let speed = norm(&step) / secs;
                    (secs > 0.0 && speed.is_finite()).then_some(speed)
                })
                .collect()
        });
    Fast {
        meters_per_sec: speeds.map_or(0.0, quantile_of),
        radians_per_sec: quantile_of(turning),
    }
}
