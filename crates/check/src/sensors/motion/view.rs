//! Turns of a camera from its images.

use super::{Kind, LEAST_TURNS, Scene, Turning};
use crate::sensors::CameraStream;
use fieldassay_formats::media::{Limits, Scale, grey};
use fieldassay_formats::sensor::{CameraInfo, Sample};
use fieldassay_measure::image::{Grey, Pinhole, Pyramid, rotation_of};
use fieldassay_measure::motion::{Turn, clip};
use fieldassay_measure::pose::matrix::{norm, scale};
use rayon::prelude::*;

/// Frames are looked at over this much of the recording, seconds.
const LOOK_SECS: f64 = 60.0;
/// Stretches it is divided into where the recording is long, so that drift shows.
const STRETCHES: usize = 3;
/// Recordings longer than this are looked at in stretches, seconds.
const LONG_SECS: f64 = 120.0;
/// Frames a second that are looked at, at most: noise is that of a pair of frames, so further apart they say more about
/// a rate, until the motion itself changes between them.
const MOST_HZ: f64 = 10.0;
/// Smallest reduction that turns are measured on.
const REDUCTION: f64 = 8.0;
/// Root mean square rate of the reference below which frames are not worth reading, radians per second.
const LEAST_RATE: f64 = 0.03;
/// Frames further apart than this are not compared, seconds.
const LONGEST_STEP_SECS: f64 = 0.5;
/// Images with a correlation after alignment below this have not been followed.
const LEAST_CORRELATION: f64 = 0.7;
/// A turn that is less certain than this is left out, radians.
const LARGEST_SIGMA: f64 = 0.02;
/// Field of view of a camera without calibration: focal length over width.
const ASSUMED_FOCAL: f64 = 0.8;

/// How a camera turned, where the reference turns most; an error says why it is not known.
pub(super) fn turns<'a>(
    camera: &CameraStream<'a>,
    scene: &Scene<'_>,
) -> Result<Turning<'a>, String> {
    let frames = frames(camera, &scene.reference.turns);
    if frames.is_empty() {
        return Err("the reference hardly turns while there are images".to_owned());
    }
    let mut by_log: Vec<(i64, i64)> = frames.iter().map(|(t, log)| (*log, *t)).collect();
    by_log.sort_unstable();
    let logs: Vec<i64> = by_log.iter().map(|(log, _)| *log).collect();
    let looks = scene
        .context
        .reread_map(camera.stream, &logs, |_, sample| match sample {
            Sample::Image(image) => {
                let small = grey(&image, Scale::Eighth, Limits::default()).ok()?;
                let (width, height) = (small.width as usize, small.height as usize);
                Pyramid::new(&Grey::new(width, height, &small.data).ok()?).ok()
            }
            _ => None,
        });
    let mut images: Vec<(i64, Pyramid)> = by_log
        .iter()
        .zip(looks)
        .filter_map(|((_, t), look)| Some((*t, look?)))
        .collect();
    images.sort_by_key(|(t, _)| *t);
    if images.len() < LEAST_TURNS {
        return Err(format!(
            "`{}` of `{}` images could be read, expected at least {LEAST_TURNS}",
            images.len(),
            frames.len()
        ));
    }
    let pairs: Vec<_> = images.iter().zip(images.iter().skip(1)).collect();
    let turns: Vec<Turn> = pairs
        .par_iter()
        .filter_map(|((t, first), (u, second))| turn((*t, first), (*u, second), camera.info))
        .collect();
    if turns.len() < LEAST_TURNS.max(images.len() / 3) {
        return Err(format!(
            "`{}` of `{}` pairs of images could be followed: too little texture, or they move too fast",
            turns.len(),
            pairs.len()
        ));
    }
    Ok(Turning {
        topic: camera.topic,
        frame: camera.frame,
        kind: Kind::Camera,
        turns,
        is_calibrated: camera.info.is_some_and(|info| info.k[0] > 0.0),
    })
}

/// Stamps and log times of the frames that are worth reading: thinned, where the reference turns most.
fn frames(camera: &CameraStream<'_>, reference: &[Turn]) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (camera.t_nanos.first(), camera.t_nanos.last()) else {
        return Vec::new();
    };
    let span_secs = last.saturating_sub(*first) as f64 / 1e9;
    let parts = if span_secs > LONG_SECS { STRETCHES } else { 1 };
    let part_nanos = last.saturating_sub(*first) / i64::try_from(parts).unwrap_or(1);
    let mut chosen = Vec::new();
    for part in 0..parts {
        let start = first + part_nanos.saturating_mul(i64::try_from(part).unwrap_or(0));
        let turns = clip(reference, start, start.saturating_add(part_nanos));
        let Some((from, to)) = busiest(turns, LOOK_SECS / parts as f64) else {
            continue;
        };
        let begin = camera.t_nanos.partition_point(|t| *t < from);
        let end = camera.t_nanos.partition_point(|t| *t <= to);
        let mut next = i64::MIN;
        for i in begin..end {
            let (Some(t), Some(log)) = (camera.t_nanos.get(i), camera.log_nanos.get(i)) else {
                continue;
            };
            if *t >= next {
                chosen.push((*t, *log));
                // A tenth of slack, so that jitter does not halve the rate.
                next = t.saturating_add(nanos(0.9 / MOST_HZ));
            }
        }
    }
    chosen
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a few seconds in nanoseconds"
)]
fn nanos(secs: f64) -> i64 {
    (1e9 * secs) as i64
}

/// The stretch of this length in which the squared rate adds up to most; none where it is too small.
fn busiest(turns: &[Turn], secs: f64) -> Option<(i64, i64)> {
    let energy = |turn: &Turn| norm(&turn.radians).powi(2) / turn.secs();
    let length = nanos(secs);
    let (mut sum, mut head) = (0.0, 0);
    let mut best: Option<(f64, i64)> = None;
    for turn in turns {
        sum += energy(turn);
        while let Some(old) = turns.get(head) {
            if turn.end_nanos.saturating_sub(old.start_nanos) <= length {
                break;
            }
            sum -= energy(old);
            head += 1;
        }
        let start = turns.get(head).map_or(turn.start_nanos, |t| t.start_nanos);
        if best.is_none_or(|(most, _)| sum > most) {
            best = Some((sum, start));
        }
    }
    let (most, start) = best?;
    let whole = turns
        .last()?
        .end_nanos
        .saturating_sub(turns.first()?.start_nanos);
    let seen_secs = secs.min(whole as f64 / 1e9);
    ((most / seen_secs).sqrt() >= LEAST_RATE).then(|| (start, start.saturating_add(length)))
}

fn turn(
    (t, first): (i64, &Pyramid),
    (u, second): (i64, &Pyramid),
    info: Option<&CameraInfo>,
) -> Option<Turn> {
    let step_secs = u.saturating_sub(t) as f64 / 1e9;
    if u <= t || step_secs > LONGEST_STEP_SECS {
        return None;
    }
    let (width, height) = first.size();
    let camera = pinhole(info, width as f64, height as f64);
    let found = rotation_of(first, second, &camera).ok()?;
    let is_good = found.correlation >= LEAST_CORRELATION && found.sigma_radians() <= LARGEST_SIGMA;
    is_good.then(|| Turn {
        start_nanos: t,
        end_nanos: u,
        // The camera turns against what it sees.
        radians: scale(&found.rotation_radians, -1.0),
    })
}

/// Intrinsics at the size of the reduced image; a usual lens where there are none.
fn pinhole(info: Option<&CameraInfo>, width: f64, height: f64) -> Pinhole {
    if let Some(info) = info.filter(|info| info.k[0] > 0.0 && info.k[4] > 0.0) {
        let [fx, _, cx, _, fy, cy, ..] = info.k;
        // The image may be binned or cut, so the calibration is brought to its size.
        let reduction = (f64::from(info.width) / width).max(1.0);
        let reduction = if info.width == 0 {
            REDUCTION
        } else {
            reduction
        };
        return Pinhole { fx, fy, cx, cy }.shrunk(reduction);
    }
    Pinhole {
        fx: ASSUMED_FOCAL * width,
        fy: ASSUMED_FOCAL * width,
        cx: 0.5 * (width - 1.0),
        cy: 0.5 * (height - 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_stretch_is_where_it_turns() {
        let turns: Vec<Turn> = (0..100)
            .map(|i| Turn {
                start_nanos: i * 1_000_000_000,
                end_nanos: (i + 1) * 1_000_000_000,
                radians: [0.0, 0.0, if (60..70).contains(&i) { 0.3 } else { 0.001 }],
            })
            .collect();
        let (from, to) = busiest(&turns, 10.0).expect("turns");
        assert_eq!((from, to), (60_000_000_000, 70_000_000_000));
        assert_eq!(busiest(&turns[..50], 10.0), None);
        assert_eq!(busiest(&[], 10.0), None);
    }

    #[test]
    fn frames_are_thinned() {
        let turns: Vec<Turn> = (0..30)
            .map(|i| Turn {
                start_nanos: i * 1_000_000_000,
                end_nanos: (i + 1) * 1_000_000_000,
                radians: [0.0, 0.0, 0.2],
            })
            .collect();
        let stamps: Vec<i64> = (0..900).map(|i| i * 33_333_333).collect();
        let camera = CameraStream {
            topic: "/camera",
            frame: "",
            stream: 0,
            t_nanos: &stamps,
            log_nanos: &stamps,
            info: None,
        };
        let frames = frames(&camera, &turns);
        assert_eq!(frames.len(), 300);
    }
}
