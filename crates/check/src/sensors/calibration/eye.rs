//! Claimed mounts against what the motion of two pose streams says.

use super::super::{Context, Outcome, Track};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_measure::calibration::{
    Deviation, Estimate, MotionPair, PairOptions, chi2_tail, hand_eye, motion_pairs,
};
use fieldassay_measure::change::{Cusum, cusum};
use fieldassay_measure::motion::{AlignOptions, align, turns_of_poses};
use fieldassay_measure::pose::matrix::norm;
use fieldassay_measure::pose::{Pose, StampedPose, rotation_vector, share_one_axis};
use fieldassay_measure::stats::{Interval, Z95};
use fieldassay_model::FactValue;
use fieldassay_model::plot::{About, Table};

/// Pairs of pose streams at most.
const MOST_PAIRS: usize = 6;
/// Steps longer than this are holes, seconds.
const LONGEST_STEP_SECS: f64 = 0.5;
/// Angles of the motions that are tried, degrees: large ones drown the noise, small ones are there more often.
const ANGLES_DEGREES: [f64; 2] = [25.0, 10.0];
/// Directions known to this count as observable: radians, meters.
const OBSERVABLE: (f64, f64) = (0.5 / 57.295_779_513_082_32, 0.02);
/// What estimators add besides noise: radians, meters.
const SYSTEMATIC: (f64, f64) = (0.05 / 57.295_779_513_082_32, 0.002);
/// Poses that turn about one axis only, within this, come from a flat world and do not see tilt; what they leave out
/// is this large. Radians.
const FLAT: f64 = 0.02 / 57.295_779_513_082_32;
const UNSEEN_TILT: f64 = 0.75 / 57.295_779_513_082_32;
/// Share by which the lengths two estimators report may differ: wheel diameters and scan matching are known to a few
/// tenths of a percent at best. Where bodies turn on a wide circle this share of its radius looks like a lever arm.
const SCALE_DOUBT: f64 = 0.004;
/// Probability of the Mahalanobis distance below which a deviation is no chance (signals reference, B.9.3).
const CHANCE: f64 = 0.01;
/// Windows of the drift at most, and sigmas that the worst of them must be away.
const MOST_WINDOWS: usize = 6;
const WORST_OF_WINDOWS: f64 = 3.3;

/// Windows of a trend at least, and the CUSUM that looks for it: half the shift to be found and the alarm, in standard
/// deviations (signals reference, B.11).
const LEAST_TREND_WINDOWS: usize = 4;
const CUSUM_ALLOWANCE: f64 = 0.5;
const CUSUM_ALARM: f64 = 5.0;

const METHOD: &str = "A X = X B over motions of both, Gauss-Newton, against the claimed transform along observable directions";
const NEAREST: &str = "end of the 95 % interval nearest to zero; 0 where the Mahalanobis distance may be chance (1 %)";

const NAMES: [(&str, &str); 7] = [
    ("calibration.hand_eye_rotation", "deg"),
    ("calibration.hand_eye_rotation_at_least", "deg"),
    ("calibration.hand_eye_translation", "m"),
    ("calibration.hand_eye_translation_at_least", "m"),
    ("calibration.drift", "deg"),
    ("calibration.drift_at_least", "deg"),
    ("calibration.trend", "deg"),
];

/// Facts of every pair of pose streams on one rigid body with different frames.
pub(super) fn outcome(context: &Context<'_>) -> Outcome {
    let mut all = Outcome::default();
    let mut pairs = 0;
    for (i, a) in context.poses.iter().enumerate() {
        for b in context.poses.iter().skip(i + 1) {
            let is_same = a.frame.trim_start_matches('/') == b.frame.trim_start_matches('/');
            let claimed = context.rig.between(a.frame, b.frame);
            let Some(claimed) = claimed.filter(|_| !is_same).and_then(|x| x.normalized()) else {
                continue;
            };
            pairs += 1;
            if pairs <= MOST_PAIRS {
                all.append(pair(a, b, &claimed));
            }
        }
    }
    all
}

fn pair(a: &Track<'_, StampedPose>, b: &Track<'_, StampedPose>, claimed: &Pose) -> Outcome {
    let subject = format!("{} -> {}", a.topic, b.topic);
    let mut sheet = Sheet::new(&subject, a.rows.len().min(b.rows.len()));
    let motions = match motions(a.rows, b.rows, claimed) {
        Ok(motions) => motions,
        Err(reason) => {
            sheet.none_of(&NAMES, &reason);
            return Outcome {
                facts: sheet.facts,
                ..Outcome::default()
            };
        }
    };
    let found = match hand_eye(&motions, Some(claimed)) {
        Ok(found) => found,
        Err(error) => {
            sheet.none_of(&NAMES, &error.to_string());
            return Outcome {
                facts: sheet.facts,
                ..Outcome::default()
            };
        }
    };
    let rotation = found.rotation_deviation(claimed, OBSERVABLE.0);
    let degrees = 1.0_f64.to_degrees();
    let is_flat = |of: fn(&MotionPair) -> &Pose| {
        let turns: Vec<[f64; 3]> = motions
            .iter()
            .map(|pair| rotation_vector(&of(pair).quat_xyzw))
            .collect();
        share_one_axis(turns.iter(), FLAT)
    };
    let flat = is_flat(|pair| &pair.a) || is_flat(|pair| &pair.b);
    let tilt = if flat { UNSEEN_TILT } else { 0.0 };
    deviation(
        rotation,
        SYSTEMATIC.0.hypot(tilt),
        degrees,
        &NAMES[..2],
        (&found, &mut sheet),
    );
    let translation = found.translation_deviation(claimed, OBSERVABLE.1);
    deviation(
        translation,
        SYSTEMATIC.1.hypot(SCALE_DOUBT * turning_radius(&motions)),
        1.0,
        &NAMES[2..4],
        (&found, &mut sheet),
    );
    drift(&motions, &found, &mut sheet);
    Outcome {
        facts: sheet.facts,
        tables: vec![table(&subject, &found, claimed)],
        ..Outcome::default()
    }
}

/// Median radius of the circles the first body turns on, meters.
fn turning_radius(motions: &[MotionPair]) -> f64 {
    let mut radii: Vec<f64> = motions
        .iter()
        .map(|pair| norm(&pair.a.translation_meters) / pair.a.angle_radians().max(1e-3))
        .collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii.get(radii.len() / 2).copied().unwrap_or(0.0)
}

/// Motion pairs on one clock; an error says why there are none.
fn motions(
    a: &[StampedPose],
    b: &[StampedPose],
    claimed: &Pose,
) -> Result<Vec<MotionPair>, String> {
    let (turns_a, turns_b) = (
        turns_of_poses(a, LONGEST_STEP_SECS),
        turns_of_poses(b, LONGEST_STEP_SECS),
    );
    let options = AlignOptions {
        min_secs: 10.0,
        believed_quat_xyzw: Some(claimed.quat_xyzw),
        ..AlignOptions::default()
    };
    let found = align(&turns_a, &turns_b, &options).map_err(|error| error.to_string())?;
    // Only an offset that is there beyond doubt is corrected: shifting by noise adds noise.
    let late = if found.offset_secs.abs() > 3.0 * found.offset_sigma_secs {
        nanos(found.offset_secs)
    } else {
        0
    };
    let mut shifted: Vec<StampedPose> = b
        .iter()
        .map(|pose| StampedPose {
            t_nanos: pose.t_nanos.saturating_add(late),
            ..*pose
        })
        .collect();
    shifted.sort_by_key(|pose| pose.t_nanos);
    let mut best = Vec::new();
    for degrees in ANGLES_DEGREES {
        let options = PairOptions {
            angle_radians: degrees.to_radians(),
            ..PairOptions::default()
        };
        best = motion_pairs(a, &shifted, &options);
        if hand_eye(&best, Some(claimed)).is_ok() {
            break;
        }
    }
    Ok(best)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most a second in nanoseconds"
)]
fn nanos(secs: f64) -> i64 {
    (1e9 * secs).round() as i64
}

/// The fact of a deviation and the one that is judged; `scale` brings it to the unit of the facts.
fn deviation(
    seen: Option<Deviation>,
    systematic: f64,
    scale: f64,
    names: &[(&str, &str)],
    (found, sheet): (&Estimate, &mut Sheet),
) {
    let [(value_name, unit), (least_name, _)] = names else {
        return;
    };
    let Some(seen) = seen else {
        sheet.none_of(names, "the motion does not show it along any direction");
        return;
    };
    let sigma = seen.sigma.hypot(systematic);
    let interval = Interval {
        low: (scale * (seen.size - Z95 * sigma)).max(0.0),
        high: scale * (seen.size + Z95 * sigma),
    };
    let chance = chi2_tail(seen.d2, seen.directions).unwrap_or(1.0);
    let details = [
        (
            "observable_axes",
            FactValue::Integer(i64::try_from(seen.directions).unwrap_or(0)),
        ),
        ("sigma", FactValue::Number(scale * seen.sigma)),
        ("measured", FactValue::Number(scale * seen.size)),
        ("mahalanobis_d2", FactValue::Number(seen.d2)),
        ("chance", FactValue::Number(chance)),
        ("independent_motions", FactValue::Number(found.independent)),
    ];
    let add = |sheet: &mut Sheet, name: &str, value: f64, method: &str| {
        sheet
            .number(name, value, unit, method)
            .of(found.pairs)
            .within(Some(interval))
            .with(&details);
    };
    add(sheet, value_name, scale * seen.size, METHOD);
    let nearest = if chance < CHANCE { interval.low } else { 0.0 };
    add(sheet, least_name, nearest, NEAREST);
}

/// Rotation of each window from that of all about the axes of the first body, a CUSUM for each axis: a mount that gives
/// way little by little is found though no window alone is far off.
fn trend(windows: &[Estimate], all: &Estimate, sheet: &mut Sheet) {
    let (name, unit) = NAMES[6];
    if windows.len() < LEAST_TREND_WINDOWS {
        return sheet.none(name, unit, "fewer than 4 windows with enough motion");
    }
    let back = all.a_from_b.inverse();
    let (mut seen_axes, mut worst) = (0_u64, (0.0, "none", 0.0));
    for (axis, label) in ["x", "y", "z"].into_iter().enumerate() {
        let rows: Vec<(f64, f64)> = windows
            .iter()
            .map(|window| {
                let apart = rotation_vector(&window.a_from_b.compose(&back).quat_xyzw);
                (apart[axis], window.sigmas()[axis])
            })
            .collect();
        if rows.iter().any(|(_, sigma)| *sigma > OBSERVABLE.0) {
            continue;
        }
        seen_axes += 1;
        let scores: Vec<f64> = rows
            .iter()
            .map(|(apart, sigma)| apart / sigma.hypot(SYSTEMATIC.0))
            .collect();
        let detector = Cusum::new(0.0, 1.0, CUSUM_ALLOWANCE, CUSUM_ALARM);
        let Some(alarm) = detector.ok().and_then(|detector| cusum(detector, &scores)) else {
            continue;
        };
        let size = shift(&rows, &scores).abs().to_degrees();
        if size > worst.0 {
            worst = (size, label, alarm.upper.max(alarm.lower));
        }
    }
    if seen_axes == 0 {
        return sheet.none(
            name,
            unit,
            "no axis is known to half a degree in all windows",
        );
    }
    let method = "rotation of windows from that of the whole recording, CUSUM of each axis (k 0.5, h 5 standard deviations); change of the mean where it alarms, else 0";
    sheet
        .number(name, worst.0, unit, method)
        .of(windows.len())
        .with(&[
            count_detail("windows", windows.len() as u64),
            count_detail("observable_axes", seen_axes),
            text_detail("axis", worst.1),
            ("sum_sigmas", FactValue::Number(worst.2)),
        ]);
}

/// Mean behind the change less that before it; the change is where the sum of the scores is furthest from 0.
fn shift(rows: &[(f64, f64)], scores: &[f64]) -> f64 {
    let mut sum = 0.0;
    let mut change = (0.0, 0);
    for (index, score) in (1..rows.len()).zip(scores) {
        sum += score;
        if sum.abs() > change.0 {
            change = (sum.abs(), index);
        }
    }
    let mean = |part: &[(f64, f64)]| {
        part.iter().map(|(apart, _)| apart).sum::<f64>() / part.len().max(1) as f64
    };
    let (before, after) = rows.split_at(change.1);
    mean(after) - mean(before)
}

/// Estimates of windows against that of all.
fn drift(motions: &[MotionPair], all: &Estimate, sheet: &mut Sheet) {
    let size = motions.len().div_ceil(MOST_WINDOWS).max(1);
    let estimates: Vec<Estimate> = motions
        .chunks(size)
        .filter_map(|window| hand_eye(window, Some(&all.a_from_b)).ok())
        .collect();
    trend(&estimates, all, sheet);
    let windows: Vec<(&Estimate, Deviation)> = estimates
        .iter()
        .filter_map(|found| {
            let seen = found.rotation_deviation(&all.a_from_b, OBSERVABLE.0)?;
            Some((found, seen))
        })
        .collect();
    let worst = windows.iter().max_by(|(_, a), (_, b)| {
        let excess = |d: &Deviation| d.size - WORST_OF_WINDOWS * d.sigma;
        excess(a).total_cmp(&excess(b))
    });
    let Some((_, seen)) = worst.filter(|_| windows.len() >= 2) else {
        sheet.none_of(&NAMES[4..6], "fewer than 2 windows with enough motion");
        return;
    };
    let sigma = seen.sigma.hypot(SYSTEMATIC.0);
    let interval = Interval {
        low: (seen.size - WORST_OF_WINDOWS * sigma).max(0.0).to_degrees(),
        high: (seen.size + WORST_OF_WINDOWS * sigma).to_degrees(),
    };
    let details = [
        (
            "windows",
            FactValue::Integer(i64::try_from(windows.len()).unwrap_or(0)),
        ),
        ("measured", FactValue::Number(seen.size.to_degrees())),
    ];
    let method = "hand-eye rotation of the window furthest from that of the whole recording";
    for (name, value) in [
        ("calibration.drift", seen.size.to_degrees()),
        ("calibration.drift_at_least", interval.low),
    ] {
        sheet
            .number(name, value, "deg", method)
            .of(windows.len())
            .within(Some(interval))
            .with(&details);
    }
}

/// Estimate beside claim, axis by axis.
fn table(subject: &str, found: &Estimate, claimed: &Pose) -> Table {
    let sigmas = found.sigmas();
    let (seen, said) = (
        rotation_vector(&found.a_from_b.quat_xyzw),
        rotation_vector(&claimed.quat_xyzw),
    );
    let axes = ["x", "y", "z"];
    let degrees = 1.0_f64.to_degrees();
    let rotations = (0..3).map(|i| {
        let known = sigmas[i] <= OBSERVABLE.0;
        row(
            &format!("rotation {}", axes[i]),
            [said[i], seen[i], sigmas[i]].map(|x| x * degrees),
            "deg",
            known,
        )
    });
    let shifts = (0..3).map(|i| {
        let values = [
            claimed.translation_meters[i],
            found.a_from_b.translation_meters[i],
            sigmas[i + 3],
        ];
        row(
            &format!("translation {}", axes[i]),
            values,
            "m",
            sigmas[i + 3] <= OBSERVABLE.1,
        )
    });
    let heads = ["quantity", "claimed", "estimated", "sigma", "unit"];
    Table {
        about: About {
            subject: subject.to_owned(),
            group: "calibration",
            codes: vec![
                "calibration.hand_eye_rotation",
                "calibration.hand_eye_translation",
                "calibration.drift",
            ],
            title: "mount by motion".to_owned(),
            caption: "Rotation vector and origin of the second body in the first; what the motion does not show is left open.".to_owned(),
        },
        columns: heads.map(str::to_owned).to_vec(),
        rows: rotations.chain(shifts).collect(),
    }
}

fn row(
    name: &str,
    [claimed, estimated, sigma]: [f64; 3],
    unit: &str,
    is_known: bool,
) -> Vec<String> {
    let open = || "not observable".to_owned();
    vec![
        name.to_owned(),
        format!("{claimed:.3}"),
        if is_known {
            format!("{estimated:.3}")
        } else {
            open()
        },
        if is_known {
            format!("{sigma:.3}")
        } else {
            open()
        },
        unit.to_owned(),
    ]
}
