//! Facts about stereo pairs: how far matched points are from their epipolar lines.

use super::alignment::in_order;
use super::{CameraStream, Context, Outcome};
use crate::facts::sheet::{Annotate, Sheet, count_detail};
use fieldassay_formats::media::{GreyImage, Limits, Scale, grey};
use fieldassay_formats::sensor::{CameraInfo, Sample};
use fieldassay_measure::calibration::alignment::CameraModel;
use fieldassay_measure::calibration::epipolar::{essential, signed_distance, stereo_error};
use fieldassay_measure::image::Grey;
use fieldassay_measure::image::matching::{MatchOptions, match_stereo};
use fieldassay_measure::pose::Pose;
use fieldassay_model::FactValue;

/// Most frames that are read again, and pairs of streams that are looked at.
const MOST_FRAMES: usize = 12;
const MOST_PAIRS: usize = 4;
/// Largest distance in time of the frames of a pair, nanoseconds: exposed together.
const MOST_APART_NANOS: i64 = 2_000_000;
/// Least and most baseline, meters.
const BASELINE_METERS: (f64, f64) = (0.01, 2.0);
/// Largest angle between the viewing axes, radians (20 degrees): beyond, patches do not look alike.
const MOST_TURN_RADIANS: f64 = 0.35;
/// Part of the width points may move between the images, and of the height in raw pairs.
const DISPARITY_PART: f64 = 0.25;
const ROWS_PART: f64 = 0.08;
/// Fewest matches and frames.
const LEAST_MATCHES: usize = 50;
const LEAST_FRAMES: usize = 3;
/// Errors beyond this many pixels are wrong matches.
const MOST_ERROR_PIXELS: f64 = 20.0;

const NAMES: [(&str, &str); 2] = [
    ("calibration.stereo", "px"),
    ("calibration.stereo_at_least", "px"),
];

/// Facts about pairs of cameras that are mounted and calibrated as stereo pairs; other pairs give none.
/// Cost: at most 12 pairs of images per pair of streams are read again and matched, about 40 ms each at VGA.
pub(crate) fn outcome(context: &Context<'_>, cameras: &[CameraStream<'_>]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut done = 0;
    for (index, first) in cameras.iter().enumerate() {
        for second in cameras.iter().skip(index + 1) {
            let Some(rig) = StereoRig::of(first, second, context) else {
                continue;
            };
            done += 1;
            if done > MOST_PAIRS {
                return outcome;
            }
            let (left, right) = if rig.is_swapped {
                (second, first)
            } else {
                (first, second)
            };
            let mut sheet = Sheet::new(&format!("{} -> {}", left.topic, right.topic), 0);
            measure((left, right), &rig, context, &mut sheet);
            outcome.facts.append(&mut sheet.facts);
        }
    }
    outcome
}

/// How the two cameras belong together.
struct StereoRig {
    /// Whether the first camera is the right one.
    is_swapped: bool,
    left: CameraModel,
    right: CameraModel,
    /// Rows agree as the images are.
    is_rectified: bool,
    /// `right_from_left` of raw pairs.
    motion: Pose,
}

impl StereoRig {
    fn of(
        first: &CameraStream<'_>,
        second: &CameraStream<'_>,
        context: &Context<'_>,
    ) -> Option<Self> {
        let (a, b) = (first.info?, second.info?);
        if a.width != b.width || a.height != b.height {
            return None;
        }
        Self::rectified(first, second).or_else(|| {
            let frame = |camera: &CameraStream<'_>, info: &CameraInfo| {
                if camera.frame.is_empty() {
                    info.frame.clone()
                } else {
                    camera.frame.to_owned()
                }
            };
            let second_from_first = context.rig.between(&frame(second, b), &frame(first, a))?;
            let apart = second_from_first.translation_meters;
            let baseline = apart.iter().map(|x| x * x).sum::<f64>().sqrt();
            let in_reach = baseline >= BASELINE_METERS.0 && baseline <= BASELINE_METERS.1;
            let sideways = apart[0].abs() > 0.8 * baseline;
            if !in_reach || !sideways || second_from_first.angle_radians() > MOST_TURN_RADIANS {
                return None;
            }
            // Points move to the left in the right camera.
            let is_swapped = apart[0] > 0.0;
            let (left, right) = if is_swapped { (b, a) } else { (a, b) };
            Some(Self {
                is_swapped,
                left: model(left)?,
                right: model(right)?,
                is_rectified: false,
                motion: if is_swapped {
                    second_from_first.inverse()
                } else {
                    second_from_first
                },
            })
        })
    }

    /// A pair whose images are rectified: topics say so, and one projection holds a baseline.
    fn rectified(first: &CameraStream<'_>, second: &CameraStream<'_>) -> Option<Self> {
        let (a, b) = (first.info?, second.info?);
        let says = |topic: &str| topic.contains("rect") && !topic.contains("unrect");
        let straight = |info: &CameraInfo| info.d.iter().all(|d| *d == 0.0);
        let is_rectified =
            (says(first.topic) && says(second.topic)) || (straight(a) && straight(b));
        let shift = |info: &CameraInfo| -info.p[3] / info.p[0];
        let baseline = shift(b) - shift(a);
        let in_reach = baseline.abs() >= BASELINE_METERS.0 && baseline.abs() <= BASELINE_METERS.1;
        if !is_rectified || !in_reach || (a.p[0] - b.p[0]).abs() > 1e-6 * a.p[0] {
            return None;
        }
        let plain = |info: &CameraInfo| {
            let [fx, _, cx, _, _, fy, cy, ..] = info.p;
            let k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0];
            CameraModel::new([info.width, info.height], &k, "", &[]).ok()
        };
        let is_swapped = baseline < 0.0;
        let (left, right) = if is_swapped { (b, a) } else { (a, b) };
        Some(Self {
            is_swapped,
            left: plain(left)?,
            right: plain(right)?,
            is_rectified: true,
            motion: Pose::IDENTITY,
        })
    }
}

fn model(info: &CameraInfo) -> Option<CameraModel> {
    let is_whole = info.binning.iter().all(|b| *b <= 1) && info.roi.iter().all(|r| *r == 0);
    let size = [info.width, info.height];
    is_whole.then(|| CameraModel::new(size, &info.k, &info.distortion_model, &info.d).ok())?
}

fn measure(
    pair: (&CameraStream<'_>, &CameraStream<'_>),
    rig: &StereoRig,
    context: &Context<'_>,
    sheet: &mut Sheet,
) {
    let (left, right) = pair;
    let together = together(left, right);
    if together.is_empty() {
        return sheet.none_of(&NAMES, "no frames within 2 ms of each other");
    }
    let stride = together.len().div_ceil(MOST_FRAMES).max(1);
    let chosen: Vec<(i64, i64)> = together.into_iter().step_by(stride).collect();
    let read = |camera: &CameraStream<'_>, logs: &[i64]| {
        in_order(logs, |logs| {
            context.reread_map(camera.stream, logs, |_, sample| {
                let Sample::Image(image) = sample else {
                    return None;
                };
                grey(&image, Scale::Full, Limits::default()).ok()
            })
        })
    };
    let logs: (Vec<i64>, Vec<i64>) = chosen.iter().copied().unzip();
    let images = read(left, &logs.0).into_iter().zip(read(right, &logs.1));
    let frames: Vec<Vec<f64>> = images
        .filter_map(|(a, b)| errors(&a?, &b?, rig))
        .filter(|errors| !errors.is_empty())
        .collect();
    let matches: usize = frames.iter().map(Vec::len).sum();
    if matches < LEAST_MATCHES || frames.len() < LEAST_FRAMES {
        let reason = format!(
            "{matches} corners in {} frames could be matched, 50 in 3 are needed",
            frames.len()
        );
        return sheet.none_of(&NAMES, &reason);
    }
    let found = match stereo_error(&frames) {
        Ok(found) => found,
        Err(error) => return sheet.none_of(&NAMES, &error.to_string()),
    };
    let details = [
        (
            "bias_pixels",
            FactValue::Number((100.0 * found.bias).round() / 100.0),
        ),
        ("scatter_pixels", FactValue::Number(found.mad)),
        ("is_rectified", FactValue::Bool(rig.is_rectified)),
        count_detail("matches", found.matches as u64),
    ];
    let method = if rig.is_rectified {
        "rows of matched corners"
    } else {
        "matched corners, lens removed, against epipolar lines"
    };
    let low = found.typical_interval.low.max(0.0);
    sheet
        .number(NAMES[0].0, found.typical, "px", method)
        .within(Some(found.typical_interval))
        .with(&details)
        .of(found.groups);
    sheet
        .number(NAMES[1].0, low, "px", "low end of calibration.stereo")
        .with(&details)
        .of(found.groups);
}

/// Log times of frames exposed together.
fn together(left: &CameraStream<'_>, right: &CameraStream<'_>) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    for (t, log) in left.t_nanos.iter().zip(left.log_nanos) {
        let after = right.t_nanos.partition_point(|r| r < t);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let best = near
            .filter_map(|i| Some((right.t_nanos.get(i)?.abs_diff(*t), right.log_nanos.get(i)?)))
            .min();
        if let Some((apart, other)) = best
            && apart <= MOST_APART_NANOS.unsigned_abs()
        {
            found.push((*log, *other));
        }
    }
    found
}

/// Signed errors of the matches of one pair of images, pixels; none where sizes do not fit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "parts of image sizes"
)]
fn errors(left: &GreyImage, right: &GreyImage, rig: &StereoRig) -> Option<Vec<f64>> {
    if [left.width, left.height] != rig.left.size || [right.width, right.height] != rig.right.size {
        return None;
    }
    let view = |image: &'_ GreyImage| (image.width as usize, image.height as usize);
    let ((lw, lh), (rw, rh)) = (view(left), view(right));
    let (a, b) = (
        Grey::new(lw, lh, &left.data).ok()?,
        Grey::new(rw, rh, &right.data).ok()?,
    );
    let reach = (DISPARITY_PART * f64::from(left.width)) as u32;
    let options = if rig.is_rectified {
        MatchOptions::rectified(reach)
    } else {
        MatchOptions::window(reach, (ROWS_PART * f64::from(left.height)) as u32)
    };
    let e = essential(&rig.motion.rotation_matrix(), rig.motion.translation_meters);
    let focal = rig.right.focal[1];
    let error = |left_xy: [f64; 2], right_xy: [f64; 2]| {
        if rig.is_rectified {
            return Some(left_xy[1] - right_xy[1]);
        }
        let (x1, x2) = (rig.left.normalize(left_xy)?, rig.right.normalize(right_xy)?);
        Some(focal * signed_distance(&e, x1, x2))
    };
    let matches = match_stereo(&a, &b, &options);
    let all = matches.iter().filter_map(|m| error(m.left_xy, m.right_xy));
    Some(all.filter(|e| e.abs() < MOST_ERROR_PIXELS).collect())
}
