//! Facts of one stream against the reference.

use super::{Kind, Scene, Turning};
use crate::facts::sheet::{Annotate as _, Sheet, text_detail};
use crate::sensors::Outcome;
use fieldassay_measure::motion::{
    AlignOptions, Alignment, MotionError, OffsetLine, Turn, align, clip, offset_line,
};
use fieldassay_measure::pose::matrix::scale;
use fieldassay_measure::pose::share_one_axis;
use fieldassay_measure::stats::{Interval, Z95};
use fieldassay_model::FactValue;
use fieldassay_model::plot::{About, Curves, Line, Mark};

const METHOD: &str = "correlation of the turn rates in three axes, then offset, rotation and bias together by Gauss-Newton";
const NEAREST: &str = "end of the 95 % interval nearest to zero";
const LINE: &str = "weighted line through the offsets of windows";

/// Shortest stretch that is aligned, seconds.
///
/// The signals reference (B.4) asks for 20 s of norms; vectors say as much in half the time, and the sigma tells.
const LEAST_SECS: f64 = 10.0;
/// Windows of the drift, seconds.
const WINDOW_SECS: f64 = 30.0;
/// Windows of the drift at most.
const MOST_WINDOWS: usize = 20;
/// Offsets less certain than this are judged only when they are far from zero.
const LARGEST_SIGMA_SECS: f64 = 0.004;
/// Turns about other axes than the first that are rounding only.
const FLAT_RADIANS: f64 = 1e-5;
/// Sigmas that count as far.
const FAR: f64 = 6.0;
/// Ratio of the rates of a calibrated camera and the reference, to either side, beyond which pictures show more of the
/// way than of the turn.
const MOST_PARALLAX: f64 = 1.15;
/// Correlation of the turns of a camera with the reference below which they are judged by nothing: cars and robots reach
/// 0.99, a camera on an arm close to its work 0.92 to 0.98 with errors of several degrees.
const LEAST_CORRELATION: f64 = 0.98;
/// Slopes less certain than this are not judged.
const LARGEST_SLOPE_SIGMA: f64 = 150e-6;
/// Directions of the rotation that are known to this count as observable, radians.
const OBSERVABLE_RADIANS: f64 = 0.5 / 57.295_779_513_082_32;
/// What lenses and filters add to a measured rotation besides noise, radians.
const SYSTEMATIC_RADIANS: f64 = 0.3 / 57.295_779_513_082_32;
/// Distance for the smear that an offset causes, meters.
const SMEAR_METERS: f64 = 20.0;

/// Facts that could not be measured.
pub(super) fn none(sheet: &mut Sheet, offset_name: &str, reason: &str) {
    sheet.none(offset_name, "s", reason);
    sheet.none(&format!("{offset_name}_at_least"), "s", reason);
    let rest = [
        ("motion.offset_drift", "ppm"),
        ("motion.offset_drift_at_least", "ppm"),
        ("motion.rotation", "deg"),
        ("motion.rotation_at_least", "deg"),
    ];
    sheet.none_of(&rest, reason);
}

/// Facts and the correlation of one stream against the reference.
pub(super) fn outcome(scene: &Scene<'_>, stream: &Turning<'_>) -> Outcome {
    let subject = scene.subject(stream.topic);
    let mut sheet = Sheet::new(&subject, stream.turns.len());
    let name = scene.offset_name(stream.kind);
    let rig = scene.context.rig;
    let claimed = rig
        .between(stream.frame, scene.reference.frame)
        .and_then(|pose| pose.normalized())
        .map(|pose| pose.quat_xyzw);
    let options = AlignOptions {
        min_secs: LEAST_SECS,
        believed_quat_xyzw: claimed,
        ..AlignOptions::default()
    };
    let found = match aligned(stream, &scene.reference, &options) {
        Ok(found) => found,
        Err(error) => {
            none(&mut sheet, name, &error.to_string());
            return Outcome {
                facts: sheet.facts,
                ..Outcome::default()
            };
        }
    };
    offset(scene, stream, &found, &mut sheet);
    drift(scene, stream, &options, &mut sheet);
    rotation(stream, &found, claimed, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: vec![drawing(&subject, name, &found)],
        ..Outcome::default()
    }
}

/// Alignment of a stream with the reference; turns of a camera whose focal length is a guess are brought to scale first.
fn aligned(
    stream: &Turning<'_>,
    reference: &Turning<'_>,
    options: &AlignOptions,
) -> Result<Alignment, MotionError> {
    let first = align(&stream.turns, &reference.turns, options)?;
    if stream.is_calibrated || !(0.2..5.0).contains(&first.rate_ratio) {
        return Ok(first);
    }
    let scaled: Vec<Turn> = stream
        .turns
        .iter()
        .map(|turn| Turn {
            radians: scale(&turn.radians, 1.0 / first.rate_ratio),
            ..*turn
        })
        .collect();
    align(&scaled, &reference.turns, options)
}

fn nearest(interval: Interval) -> f64 {
    if interval.low > 0.0 {
        interval.low
    } else {
        interval.high.min(0.0)
    }
}

fn offset(scene: &Scene<'_>, stream: &Turning<'_>, found: &Alignment, sheet: &mut Sheet) {
    let name = scene.offset_name(stream.kind);
    let interval = found.offset_interval_secs();
    let size = found.offset_secs.abs();
    let speed = scene.fast.meters_per_sec + scene.fast.radians_per_sec * SMEAR_METERS;
    let direction = if found.offset_secs >= 0.0 {
        "late"
    } else {
        "early"
    };
    let number = FactValue::Number;
    let details = [
        ("size_secs", number(size)),
        text_detail("direction", direction),
        ("sigma_secs", number(found.offset_sigma_secs)),
        ("correlation", number(found.correlation)),
        ("norm_correlation", number(found.norm_correlation)),
        ("second_peak_ratio", number(found.second_ratio)),
        (
            "excitation_rad_per_s",
            number(found.excitation_radians_per_sec),
        ),
        ("rate_ratio", number(found.rate_ratio)),
        ("half_difference_secs", number(found.half_difference_secs)),
        ("duration_secs", number(found.duration_secs)),
        ("smear_m", number(size * speed)),
        ("smear_at_m", number(SMEAR_METERS)),
    ];
    sheet
        .number(name, found.offset_secs, "s", METHOD)
        .of(found.rows)
        .within(Some(interval))
        .with(&details);
    let at_least = format!("{name}_at_least");
    if let Some(reason) = parallax(stream, found) {
        sheet.none(&at_least, "s", &reason);
        return;
    }
    if found.offset_sigma_secs > LARGEST_SIGMA_SECS && size < FAR * found.offset_sigma_secs {
        let reason = format!(
            "uncertain to `{:.1}` ms, expected at most {:.0} ms: too little turning, too few frames, or noise",
            1e3 * found.offset_sigma_secs,
            1e3 * LARGEST_SIGMA_SECS
        );
        sheet.none(&at_least, "s", &reason);
        return;
    }
    sheet
        .number(&at_least, nearest(interval), "s", NEAREST)
        .of(found.rows)
        .within(Some(interval))
        .with(&details);
}

/// Why turns of a camera are not what the reference sees: near things pass by, so pictures show more of the way than of
/// the turn.
fn parallax(stream: &Turning<'_>, found: &Alignment) -> Option<String> {
    if stream.kind != Kind::Camera || !stream.is_calibrated {
        return None;
    }
    if !(1.0 / MOST_PARALLAX..MOST_PARALLAX).contains(&found.rate_ratio) {
        return Some(format!(
            "the camera seems to turn `{:.2}` times as fast as the reference: it moves past near things",
            found.rate_ratio
        ));
    }
    (found.correlation < LEAST_CORRELATION).then(|| {
        format!(
            "the turns of the camera agree with the reference to `{:.3}`, expected at least {LEAST_CORRELATION}: it moves past near things",
            found.correlation
        )
    })
}

/// Offset of each window, and a line through them.
fn drift(scene: &Scene<'_>, stream: &Turning<'_>, options: &AlignOptions, sheet: &mut Sheet) {
    let names = [
        ("motion.offset_drift", "ppm"),
        ("motion.offset_drift_at_least", "ppm"),
    ];
    let windows = windows(stream, &scene.reference, options);
    let Some(line) = offset_line(&windows) else {
        let reason = format!(
            "offsets of `{}` windows, expected at least 3",
            windows.len()
        );
        sheet.none_of(&names, &reason);
        return;
    };
    let interval = ppm(&line);
    let details = [(
        "windows",
        FactValue::Integer(i64::try_from(line.windows).unwrap_or(0)),
    )];
    sheet
        .number("motion.offset_drift", 1e6 * line.slope, "ppm", LINE)
        .of(line.windows)
        .within(Some(interval))
        .with(&details);
    if line.slope_sigma > LARGEST_SLOPE_SIGMA {
        let reason = format!(
            "uncertain to `{:.0}` ppm, expected at most {:.0}: too short",
            1e6 * line.slope_sigma,
            1e6 * LARGEST_SLOPE_SIGMA
        );
        sheet.none("motion.offset_drift_at_least", "ppm", &reason);
        return;
    }
    sheet
        .number(
            "motion.offset_drift_at_least",
            nearest(interval),
            "ppm",
            NEAREST,
        )
        .of(line.windows)
        .within(Some(interval))
        .with(&details);
}

fn ppm(line: &OffsetLine) -> Interval {
    let interval = line.interval();
    Interval {
        low: 1e6 * interval.low,
        high: 1e6 * interval.high,
    }
}

/// `(time, offset, sigma)` of up to 20 windows that could be aligned, seconds since the first.
fn windows(
    stream: &Turning<'_>,
    reference: &Turning<'_>,
    options: &AlignOptions,
) -> Vec<(f64, f64, f64)> {
    let (Some(first), Some(last)) = (stream.turns.first(), stream.turns.last()) else {
        return Vec::new();
    };
    let span_secs = last.end_nanos.saturating_sub(first.start_nanos) as f64 / 1e9;
    let length = 1_000_000_000 * if stream.kind == Kind::Camera { 15 } else { 30 };
    if span_secs < 3.0 * WINDOW_SECS {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut start = first.start_nanos;
    // Windows begin where the stream has turns, so that those of a camera meet what was read of it.
    let stride =
        last.end_nanos.saturating_sub(first.start_nanos) / i64::try_from(MOST_WINDOWS).unwrap_or(1);
    while start < last.end_nanos {
        let end = start.saturating_add(length);
        let slack = 2_000_000_000;
        let a = clip(&stream.turns, start, end);
        let b = clip(
            &reference.turns,
            start.saturating_sub(slack),
            end.saturating_add(slack),
        );
        if let Ok(one) = align(a, b, options) {
            let middle = start.saturating_sub(first.start_nanos) as f64 / 1e9;
            found.push((middle, one.offset_secs, one.offset_sigma_secs));
        }
        let next = start.saturating_add(stride.max(length));
        let index = stream.turns.partition_point(|turn| turn.start_nanos < next);
        match stream.turns.get(index) {
            Some(turn) => start = turn.start_nanos,
            None => break,
        }
    }
    found
}

/// Measured rotation against the claimed one.
fn rotation(stream: &Turning<'_>, found: &Alignment, claimed: Option<[f64; 4]>, sheet: &mut Sheet) {
    let names = [
        ("motion.rotation", "deg"),
        ("motion.rotation_at_least", "deg"),
    ];
    let Some(claimed) = claimed else {
        let reason = "no rigid path between the two frames in the recording";
        return sheet.none_of(&names, reason);
    };
    if !stream.is_calibrated {
        sheet.none_of(&names, "the camera has no calibration");
        return;
    }
    if share_one_axis(stream.turns.iter().map(|turn| &turn.radians), FLAT_RADIANS) {
        let reason = "the poses turn about one axis only, so they do not see tilt";
        return sheet.none_of(&names, reason);
    }
    if !(0.8..1.25).contains(&found.rate_ratio) {
        let reason = format!(
            "the rates differ in size by a factor of `{:.2}`, expected 0.8 to 1.25",
            found.rate_ratio
        );
        sheet.none_of(&names, &reason);
        return;
    }
    if let Some(reason) = parallax(stream, found) {
        return sheet.none_of(&names, &reason);
    }
    let Some(deviation) = found.rotation_deviation(&claimed, OBSERVABLE_RADIANS) else {
        sheet.none_of(
            &names,
            "the motion does not show the rotation to half a degree about any axis",
        );
        return;
    };
    let sigma = deviation.sigma.hypot(SYSTEMATIC_RADIANS);
    let interval = Interval {
        low: (deviation.size - Z95 * sigma).max(0.0).to_degrees(),
        high: (deviation.size + Z95 * sigma).to_degrees(),
    };
    let details = [
        (
            "observable_axes",
            FactValue::Integer(i64::try_from(deviation.directions).unwrap_or(0)),
        ),
        ("sigma_deg", FactValue::Number(deviation.sigma.to_degrees())),
        (
            "measured_deg",
            FactValue::Number(deviation.size.to_degrees()),
        ),
    ];
    let method = "rotation that turns the rates of one into those of the other, against the claimed transform";
    sheet
        .number(
            "motion.rotation",
            deviation.size.to_degrees(),
            "deg",
            method,
        )
        .of(found.rows)
        .within(Some(interval))
        .with(&details);
    sheet
        .number("motion.rotation_at_least", interval.low, "deg", NEAREST)
        .of(found.rows)
        .within(Some(interval))
        .with(&details);
}

/// Lags drawn to both sides of the peak and of zero, seconds.
const DRAWN_SECS: f64 = 0.5;

fn drawing(subject: &str, name: &str, found: &Alignment) -> Curves {
    let code = if name == "motion.offset" {
        "motion.offset"
    } else {
        "motion.pose_offset"
    };
    // The peak and zero with some room beside them: further away nothing is to be seen.
    let (low, high) = (
        found.offset_secs.min(0.0) - DRAWN_SECS,
        found.offset_secs.max(0.0) + DRAWN_SECS,
    );
    let points = found
        .curve
        .iter()
        .filter(|(lag, _)| (low..=high).contains(lag))
        .map(|(lag, r)| (1e3 * lag, *r))
        .take(1500);
    Curves {
        about: About {
            subject: subject.to_owned(),
            group: "motion",
            codes: vec![code, "motion.offset_drift"],
            title: "agreement of the turns over the lag".to_owned(),
            caption: "One peak says that both see the same motion; where it stands is the offset."
                .to_owned(),
        },
        x_label: "lag [ms]".to_owned(),
        y_label: "correlation".to_owned(),
        lines: vec![Line {
            name: "correlation".to_owned(),
            points: points.collect(),
        }],
        marks: vec![Mark {
            x: 1e3 * found.offset_secs,
            // Rounded first, and without the sign of a zero.
            label: format!("{:.1} ms", (1e4 * found.offset_secs).round() / 10.0 + 0.0),
        }],
        ..Curves::default()
    }
}
