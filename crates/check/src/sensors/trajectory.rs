//! Facts about poses over time.
//!
//! Read [`outcome`] first.

use super::{Context, Outcome, Track};
use crate::facts::sheet::{Annotate as _, Sheet, text_detail};
use fieldassay_measure::pose::matrix::norm;
use fieldassay_measure::pose::{StampedPose, pose_at, validate};
use fieldassay_measure::trajectory::{Extreme, Plausibility, closure, plausibility};
use fieldassay_model::FactValue;
use fieldassay_model::plot::{About, Curves, Line};

/// Smallest jump of a frame that is continuous by convention, meters.
const JUMP_METERS: f64 = 0.5;
/// Smallest jump of a localized pose, which corrects itself, meters.
const LOCALIZED_JUMP_METERS: f64 = 2.0;
/// Ends nearer than this share of the path are one place.
const CLOSED_SHARE: f64 = 0.05;
const STRETCHES: usize = 50;
const POINTS: usize = 1400;

const ALL: &[(&str, &str)] = &[
    ("trajectory.speed", "m/s"),
    ("trajectory.accel", "m/s^2"),
    ("trajectory.jerk", "m/s^3"),
    ("trajectory.turn_rate", "rad/s"),
    ("trajectory.jump", "m"),
    ("trajectory.turn_jump", "rad"),
    ("trajectory.closure", "share"),
];

/// Facts and drawings of one stream of poses. Cost: about 150 operations per pose.
pub(crate) fn outcome(track: Track<'_, StampedPose>, _: &Context<'_>) -> Outcome {
    let mut sheet = Sheet::new(track.topic, track.rows.len());
    // Transforms are judged by transform.denormalized and transform.not_finite.
    if track.stream.is_some() {
        let bad = track
            .rows
            .iter()
            .filter(|row| validate(&row.pose).is_err())
            .count();
        sheet.number(
            "trajectory.invalid",
            bad as f64 / track.rows.len().max(1) as f64,
            "share",
            "poses that are not finite or whose squared quaternion norm is off by more than 0.01",
        );
    }
    let least = if is_localized(track) {
        LOCALIZED_JUMP_METERS
    } else {
        JUMP_METERS
    };
    let Some(found) = plausibility(track.rows, least) else {
        sheet.none_of(ALL, "fewer than 20 poses with time that advances");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    };
    extremes(track, &found, &mut sheet);
    if is_correction(track) {
        sheet.none_of(
            &ALL[4..6],
            "a frame that corrects another one jumps by design (REP 105)",
        );
    } else {
        jump_facts(track, &found, &mut sheet);
    }
    closing(track, &found, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: drawing(track).into_iter().collect(),
        ..Outcome::default()
    }
}

/// How near the poses of a transform are to those of a topic that says the same: what interpolation and rounding leave,
/// meters and radians. Longest gap between poses of the topic that is bridged, seconds.
const SAME: (f64, f64) = (0.01, 0.01);
const SAME_GAP_SECS: f64 = 0.25;

/// Whether a transform holds the poses of a topic once more: the same parent, and every pose within 1 cm and 0.6 degrees
/// of the topic's, except for a tenth beyond its ends. Whatever differs anywhere is no repetition, so nothing that only the transform
/// shows is lost. Cost: an interpolation per pose, up to the first that differs.
pub(crate) fn repeats(edge: &Track<'_, StampedPose>, topic: &Track<'_, StampedPose>) -> bool {
    let bare = |frame| str::trim_start_matches(frame, '/');
    let is_pair = edge.stream.is_none() && topic.stream.is_some();
    if !is_pair || bare(edge.parent) != bare(topic.parent) {
        return false;
    }
    let ends = topic.rows.first().zip(topic.rows.last());
    let Some((first, last)) = ends.filter(|_| topic.rows.is_sorted_by_key(|row| row.t_nanos))
    else {
        return false;
    };
    let within = |row: &&StampedPose| (first.t_nanos..=last.t_nanos).contains(&row.t_nanos);
    let inside = edge.rows.iter().filter(within).count();
    10 * inside >= 9 * edge.rows.len().max(1)
        && edge.rows.iter().filter(within).all(|row| {
            pose_at(topic.rows, row.t_nanos, SAME_GAP_SECS).is_some_and(|pose| {
                let apart = pose.inverse().compose(&row.pose);
                norm(&apart.translation_meters) <= SAME.0 && apart.angle_radians() <= SAME.1
            })
        })
}

fn last_name(frame: &str) -> &str {
    frame.rsplit('/').next().unwrap_or(frame)
}

/// Whether poses are given in the map, where a localization may correct itself (REP 105).
fn is_localized(track: Track<'_, StampedPose>) -> bool {
    matches!(last_name(track.parent), "map" | "earth" | "world" | "utm")
}

/// Whether it is the correction itself: `map -> odom`.
fn is_correction(track: Track<'_, StampedPose>) -> bool {
    is_localized(track) && matches!(last_name(track.frame), "odom" | "map")
}

fn log_at(track: Track<'_, StampedPose>, index: usize) -> i64 {
    track.log_nanos.get(index).copied().unwrap_or_default()
}

fn extremes(track: Track<'_, StampedPose>, found: &Plausibility, sheet: &mut Sheet) {
    let values: [(&str, &str, &Extreme); 4] = [
        ("trajectory.speed", "m/s", &found.speed),
        ("trajectory.accel", "m/s^2", &found.accel),
        ("trajectory.jerk", "m/s^3", &found.jerk),
        ("trajectory.turn_rate", "rad/s", &found.turn_rate),
    ];
    for (name, unit, extreme) in values {
        sheet
            .number(
                name,
                extreme.at_least,
                unit,
                "largest value of local parabolas over 0.5 s less four standard errors",
            )
            .of(found.n)
            .at(log_at(track, extreme.first), log_at(track, extreme.last))
            .with(&[("estimate", FactValue::Number(extreme.value))]);
    }
}

fn jump_facts(track: Track<'_, StampedPose>, found: &Plausibility, sheet: &mut Sheet) {
    let method = "difference of lines through 5 poses before and after, beyond 8 robust standard deviations and hard braking";
    for (name, unit, pick) in [
        (
            "trajectory.jump",
            "m",
            (|jump| jump.meters) as fn(&fieldassay_measure::trajectory::PathJump) -> f64,
        ),
        ("trajectory.turn_jump", "rad", |jump| jump.radians),
    ] {
        let jumps: Vec<_> = found.jumps.iter().filter(|jump| pick(jump) > 0.0).collect();
        for jump in jumps.iter().take(STRETCHES) {
            sheet
                .number(name, pick(jump), unit, method)
                .of(found.n)
                .at(
                    log_at(track, jump.index.saturating_sub(1)),
                    log_at(track, jump.index),
                )
                .with(&[("limit", FactValue::Number(found.jump_limit_meters))]);
        }
        if jumps.is_empty() {
            sheet
                .number(name, 0.0, unit, method)
                .of(found.n)
                .with(&[("limit", FactValue::Number(found.jump_limit_meters))]);
        }
    }
}

fn closing(track: Track<'_, StampedPose>, found: &Plausibility, sheet: &mut Sheet) {
    let Some(ends) = closure(track.rows) else {
        return sheet.none("trajectory.closure", "share", "an end is no pose");
    };
    let share = ends.meters / found.length_meters;
    if !(found.length_meters > 10.0 && share < CLOSED_SHARE) {
        return sheet.none(
            "trajectory.closure",
            "share",
            "the path does not end where it starts, or is shorter than 10 m",
        );
    }
    sheet
        .number(
            "trajectory.closure",
            share,
            "share",
            "distance of the ends over the length of the path",
        )
        .of(found.n)
        .with(&[
            ("meters", FactValue::Number(ends.meters)),
            ("radians", FactValue::Number(ends.radians)),
            ("length", FactValue::Number(found.length_meters)),
            text_detail("holds", "if the body came back to where it started"),
        ]);
}

/// Extent below which a path is not drawn, meters.
const STANDING_METERS: f64 = 1e-3;

/// The plane the path is drawn in: the two axes it extends along most, so that the path of a camera, whose z looks
/// ahead, is seen from above too.
/// None where nothing moves.
fn axes(rows: &[StampedPose]) -> Option<(usize, usize)> {
    let extent = |axis: usize| {
        let values = rows.iter().map(|row| row.pose.translation_meters[axis]);
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        high - low
    };
    let extents = [extent(0), extent(1), extent(2)];
    let flat = (0..3)
        .rev()
        .min_by(|a, b| extents[*a].total_cmp(&extents[*b]));
    // What never moves, such as a frame that is the same as its parent, has no path to look at.
    if !extents.iter().any(|extent| *extent > STANDING_METERS) {
        return None;
    }
    Some(match flat {
        Some(0) => (1, 2),
        Some(1) => (0, 2),
        _ => (0, 1),
    })
}

fn drawing(track: Track<'_, StampedPose>) -> Option<Curves> {
    let stride = track.rows.len().div_ceil(POINTS).max(1);
    let (across, up) = axes(track.rows)?;
    Some(Curves {
        about: About {
            subject: track.topic.to_owned(),
            group: "trajectory",
            codes: vec![
                "trajectory.jump",
                "trajectory.turn_jump",
                "trajectory.speed",
                "trajectory.accel",
                "trajectory.closure",
            ],
            title: "path".to_owned(),
            caption: String::new(),
        },
        x_label: format!("{} [m]", ["x", "y", "z"][across]),
        y_label: format!("{} [m]", ["x", "y", "z"][up]),
        equal_axes: true,
        lines: vec![Line {
            name: "path".to_owned(),
            points: track
                .rows
                .iter()
                .step_by(stride)
                .map(|row| {
                    let place = &row.pose.translation_meters;
                    (place[across], place[up])
                })
                .collect(),
        }],
        ..Curves::default()
    })
}

#[cfg(test)]
mod tests;
