//! Facts about satellite positions.
//!
//! Read [`outcome`] first.

use super::{Context, Outcome, Track};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_measure::gnss::{
    Denied, DeniedCause, DeniedOptions, Fix, Plane, denied, frozen_runs, jumps, line_speed,
};
use fieldassay_measure::pose::{StampedPose, pose_at};
use fieldassay_measure::stats;
use fieldassay_model::FactValue;
use fieldassay_model::plot::{About, Band, Curves, Line, Mark};

/// Reports below which nothing is measured.
const LEAST_REPORTS: usize = 10;
/// Stretches of one kind at most.
const STRETCHES: usize = 50;
/// Speed of a receiver that should not repeat itself, meters per second.
const MOVING: f64 = 0.5;
/// Identical positions for this long are frozen, seconds.
const FROZEN_SECS: f64 = 1.0;
const POINTS: usize = 1200;

const ALL: &[(&str, &str)] = &[
    ("gnss.fix", "share"),
    ("gnss.sigma", "m"),
    ("gnss.jump", "m"),
    ("gnss.frozen", "s"),
    ("gnss.covariance_empty", "share"),
    ("gnss.covariance_constant", "bool"),
    ("gnss.denied", "s"),
    ("gnss.outage", "s"),
];

/// Facts and drawings of one receiver. Cost: a few passes over the reports.
pub(crate) fn outcome(track: Track<'_, Fix>, context: &Context<'_>) -> Outcome {
    let mut sheet = Sheet::new(track.topic, track.rows.len());
    let period = period_secs(track.rows);
    let Some(period) = period.filter(|_| track.rows.len() >= LEAST_REPORTS) else {
        sheet.none_of(ALL, "fewer than 10 reports, or time does not advance");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    };
    if !track.rows.is_sorted_by_key(|fix| fix.t_nanos) {
        sheet.none_of(ALL, "stamps run back, see time.header_order");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    }
    fix_share(track, &mut sheet);
    accuracy(track, &mut sheet);
    let stretches = denied(track.rows, period, &DeniedOptions::default());
    denials(track, &stretches, &mut sheet);
    let marks = jump_facts(track, context, &mut sheet);
    frozen(track, context, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: drawings(track, &stretches, &marks),
        ..Outcome::default()
    }
}

fn period_secs(fixes: &[Fix]) -> Option<f64> {
    let mut steps: Vec<f64> = fixes
        .windows(2)
        .map(|pair| match pair {
            [a, b] => b.t_nanos.saturating_sub(a.t_nanos) as f64 / 1e9,
            _ => 0.0,
        })
        .filter(|step| *step > 0.0)
        .collect();
    stats::median(&mut steps).ok()
}

fn log_at<T: Copy>(track: Track<'_, T>, index: usize) -> i64 {
    track.log_nanos.get(index).copied().unwrap_or_default()
}

fn fix_share(track: Track<'_, Fix>, sheet: &mut Sheet) {
    let n = track.rows.len();
    let good = track.rows.iter().filter(|fix| fix.is_position()).count();
    let interval = stats::wilson(good as u64, n as u64).ok();
    let fact = sheet.number(
        "gnss.fix",
        good as f64 / n as f64,
        "share",
        "reports that claim a fix",
    );
    fact.within(interval);
    if track.rows.iter().all(|fix| fix.status == i64::MIN) {
        fact.with(&[text_detail(
            "status",
            "not stated; positions in range count",
        )]);
    }
}

fn accuracy(track: Track<'_, Fix>, sheet: &mut Sheet) {
    let mut sigmas: Vec<f64> = track
        .rows
        .iter()
        .filter(|fix| fix.is_position())
        .filter_map(Fix::sigma_meters)
        .collect();
    let count = sigmas.len();
    match stats::quantiles(&mut sigmas, &[0.5, 0.95]).as_deref() {
        Ok([middle, high]) => {
            let is_constant = count >= 20
                && sigmas
                    .iter()
                    .all(|s| Some(s.to_bits()) == sigmas.first().map(|x| x.to_bits()));
            sheet
                .number(
                    "gnss.sigma",
                    *middle,
                    "m",
                    "median horizontal standard deviation the receiver reports",
                )
                .of(count)
                .with(&[("p95", FactValue::Number(*high))]);
            sheet
                .boolean(
                    "gnss.covariance_constant",
                    is_constant,
                    "whether the reported accuracy never changes",
                )
                .of(count);
        }
        _ => sheet.none_of(
            &[ALL[1], ALL[5]],
            "reports state neither covariance nor dilution of precision",
        ),
    }
    let empty = track
        .rows
        .iter()
        .filter(|f| f.has_empty_covariance())
        .count();
    sheet.number(
        "gnss.covariance_empty",
        empty as f64 / track.rows.len() as f64,
        "share",
        "reports whose covariance is declared known but all zero",
    );
}

/// Denied stretches as labels, and those of them that are outages.
fn denials(track: Track<'_, Fix>, stretches: &[Denied], sheet: &mut Sheet) {
    let method = "no fix, no messages for 3 periods, or a standard deviation above 5 m, for 2 s";
    for (name, is_one) in [
        ("gnss.denied", (|_| true) as fn(&Denied) -> bool),
        ("gnss.outage", |d| d.cause != DeniedCause::Inaccurate),
    ] {
        let chosen: Vec<&Denied> = stretches.iter().filter(|d| is_one(d)).collect();
        for stretch in chosen.iter().take(STRETCHES) {
            sheet
                .number(name, stretch.span_nanos as f64 / 1e9, "s", method)
                .at(log_at(track, stretch.before), log_at(track, stretch.after))
                .with(&[text_detail("class", stretch.cause.name())]);
        }
        if chosen.is_empty() {
            sheet.number(name, 0.0, "s", method);
        }
    }
}

/// Longest pose stream that ascends and overlaps: what moved, independent of the receiver.
fn reference<'a>(
    track: Track<'_, Fix>,
    context: &Context<'a>,
) -> Option<(&'a str, &'a [StampedPose])> {
    let (first, last) = (track.rows.first()?.t_nanos, track.rows.last()?.t_nanos);
    context
        .poses
        .iter()
        .filter(|poses| poses.rows.is_sorted_by_key(|row| row.t_nanos))
        .filter(|poses| {
            let ends = poses.rows.first().zip(poses.rows.last());
            ends.is_some_and(|(a, b)| {
                a.t_nanos <= first + 2_000_000_000 && b.t_nanos >= last - 2_000_000_000
            })
        })
        .max_by_key(|poses| poses.rows.len())
        .map(|poses| (poses.topic, poses.rows))
}

/// East and north the reference moved at each report, turned into the plane of the receiver; none where it does not fit.
fn moved(track: Track<'_, Fix>, poses: &[StampedPose]) -> Option<Vec<[f64; 2]>> {
    let origin = track.rows.iter().find(|fix| fix.is_position())?;
    let plane = Plane::at(origin);
    let mut last = pose_at(poses, poses.first()?.t_nanos, 1.0)?.translation_meters;
    let mut pairs = Vec::with_capacity(track.rows.len());
    for fix in track.rows {
        if let Some(pose) = pose_at(poses, fix.t_nanos, 1.0) {
            last = pose.translation_meters;
        }
        let [east, north, _] = plane.east_north_up(fix);
        pairs.push(([last[0], last[1]], [east, north], fix.is_position()));
    }
    // The heading of the reference frame by its displacements over ten reports (Umeyama in the plane).
    let (mut along, mut across, mut own, mut other) = (0.0, 0.0, 0.0, 0.0);
    for pair in pairs.windows(11).step_by(5) {
        let ([a, .., b], true) = (pair, pair.iter().all(|p| p.2)) else {
            continue;
        };
        let d = [b.0[0] - a.0[0], b.0[1] - a.0[1]];
        let e = [b.1[0] - a.1[0], b.1[1] - a.1[1]];
        along += d[0] * e[0] + d[1] * e[1];
        across += d[0] * e[1] - d[1] * e[0];
        own += e[0] * e[0] + e[1] * e[1];
        other += d[0] * d[0] + d[1] * d[1];
    }
    let fits = along.hypot(across) > 0.95 * (own * other).sqrt() && other > 25.0;
    let ratio = (own / other).sqrt();
    if !fits || !(0.9..1.1).contains(&ratio) {
        return None;
    }
    let (sin, cos) = across.atan2(along).sin_cos();
    Some(
        pairs
            .iter()
            .map(|(p, _, _)| [cos * p[0] - sin * p[1], sin * p[0] + cos * p[1]])
            .collect(),
    )
}

fn jump_facts(track: Track<'_, Fix>, context: &Context<'_>, sheet: &mut Sheet) -> Vec<usize> {
    let reference = reference(track, context);
    let moved = reference.and_then(|(topic, poses)| Some((topic, moved(track, poses)?)));
    let own = jumps(track.rows, None);
    let aided = moved
        .as_ref()
        .and_then(|(_, moved)| jumps(track.rows, Some(moved)));
    // The reference drifts or bends where it is worse than the receiver's own motion.
    let (report, against) = match (own, aided) {
        (Some(own), Some(aided)) if aided.limit_meters < own.limit_meters => {
            (aided, moved.as_ref().map_or("", |(topic, _)| *topic))
        }
        (Some(own), _) => (own, "its own motion"),
        (None, Some(aided)) => (aided, moved.as_ref().map_or("", |(topic, _)| *topic)),
        (None, None) => {
            sheet.none(
                "gnss.jump",
                "m",
                "fewer than 20 places with three positions on each side",
            );
            return Vec::new();
        }
    };
    let method = "difference of lines through 8 reports before and after, beyond 5.5 robust standard deviations";
    for jump in report.jumps.iter().take(STRETCHES) {
        sheet
            .number("gnss.jump", jump.meters, "m", method)
            .of(report.n)
            .at(
                log_at(track, jump.index.saturating_sub(1)),
                log_at(track, jump.index),
            )
            .with(&[
                ("sigmas", FactValue::Number(jump.sigmas)),
                ("limit", FactValue::Number(report.limit_meters)),
                text_detail("against", against),
            ]);
    }
    if report.jumps.is_empty() {
        sheet
            .number("gnss.jump", 0.0, "m", method)
            .of(report.n)
            .with(&[
                ("limit", FactValue::Number(report.limit_meters)),
                text_detail("against", against),
            ]);
    }
    report.jumps.iter().map(|jump| jump.index).collect()
}

/// Whether the receiver moved while it repeated itself: by poses, else by its speed before and after.
fn moved_meanwhile(
    fixes: &[Fix],
    (first, last): (usize, usize),
    poses: Option<&[StampedPose]>,
) -> bool {
    let at = |i: usize| fixes.get(i).map_or(0, |fix| fix.t_nanos);
    let secs = at(last).saturating_sub(at(first)) as f64 / 1e9;
    let ends = poses.and_then(|poses| {
        Some((
            pose_at(poses, at(first), 1.0)?.translation_meters,
            pose_at(poses, at(last), 1.0)?.translation_meters,
        ))
    });
    if let Some((a, b)) = ends {
        return (b[0] - a[0]).hypot(b[1] - a[1]) > MOVING * secs;
    }
    let is_fast = |fixes: Option<&[Fix]>| {
        fixes
            .and_then(line_speed)
            .is_some_and(|(speed, error)| speed > MOVING + 3.0 * error)
    };
    is_fast(fixes.get(first.saturating_sub(8)..first))
        && is_fast(fixes.get(last + 1..(last + 9).min(fixes.len())))
}

fn frozen(track: Track<'_, Fix>, context: &Context<'_>, sheet: &mut Sheet) {
    let poses = reference(track, context).map(|(_, poses)| poses);
    let method = "identical latitude and longitude for more than 1 s while moving";
    let mut count = 0_usize;
    for run in frozen_runs(track.rows, FROZEN_SECS) {
        if !moved_meanwhile(track.rows, run, poses) || count >= STRETCHES {
            continue;
        }
        count += 1;
        let at = |i: usize| track.rows.get(i).map_or(0, |fix| fix.t_nanos);
        let span = at(run.1).saturating_sub(at(run.0)) as f64 / 1e9;
        sheet
            .number("gnss.frozen", span, "s", method)
            .at(log_at(track, run.0), log_at(track, run.1))
            .with(&[count_detail("reports", (run.1 - run.0 + 1) as u64)]);
    }
    if count == 0 {
        sheet.number("gnss.frozen", 0.0, "s", method);
    }
}

fn drawings(track: Track<'_, Fix>, stretches: &[Denied], jumps: &[usize]) -> Vec<Curves> {
    let Some(origin) = track.rows.iter().find(|fix| fix.is_position()) else {
        return Vec::new();
    };
    let stride = track.rows.len().div_ceil(POINTS).max(1);
    let secs = |i: usize| log_at(track, i).saturating_sub(track.start_nanos) as f64 / 1e9;
    let some = || track.rows.iter().enumerate().step_by(stride);
    let bands = stretches.iter().take(100).map(|d| Band {
        start: secs(d.before),
        end: secs(d.after),
        label: d.cause.name().to_owned(),
    });
    let marks = jumps.iter().take(20).map(|i| Mark {
        x: secs(*i),
        label: "jump".to_owned(),
    });
    let sigma = some().map(|(i, fix)| (secs(i), fix.sigma_meters().unwrap_or(f64::NAN)));
    let caption = match (stretches.is_empty(), jumps.is_empty()) {
        (true, true) => "",
        (true, false) => "Dashed lines are jumps.",
        (false, true) => "Shaded stretches have no usable position.",
        (false, false) => "Shaded stretches have no usable position; dashed lines are jumps.",
    };
    let codes = [
        "gnss.denied",
        "gnss.outage",
        "gnss.sigma",
        "gnss.fix",
        "gnss.jump",
    ];
    let accuracy = Curves {
        about: about(track, "reported accuracy", caption, codes.to_vec()),
        x_label: "time [s]".to_owned(),
        y_label: "horizontal standard deviation [m]".to_owned(),
        equal_axes: false,
        lines: vec![Line {
            name: "standard deviation".to_owned(),
            points: sigma.collect(),
        }],
        marks: marks.collect(),
        bands: bands.collect(),
    };
    let path = some().map(|(_, fix)| *fix);
    vec![path_from_above(track, &Plane::at(origin), path), accuracy]
}

fn about(track: Track<'_, Fix>, title: &str, caption: &str, codes: Vec<&'static str>) -> About {
    About {
        subject: track.topic.to_owned(),
        group: "gnss",
        codes,
        title: title.to_owned(),
        caption: caption.to_owned(),
    }
}

/// The positions on the plane, with gaps where there were none.
fn path_from_above(
    track: Track<'_, Fix>,
    plane: &Plane,
    fixes: impl Iterator<Item = Fix>,
) -> Curves {
    let place = |fix: Fix| {
        if fix.is_position() {
            let [east, north, _] = plane.east_north_up(&fix);
            (east, north)
        } else {
            (f64::NAN, f64::NAN)
        }
    };
    Curves {
        about: about(
            track,
            "positions",
            "From above, meters from the first position; a leap aside is a jump.",
            vec!["gnss.jump", "gnss.frozen"],
        ),
        x_label: "east [m]".to_owned(),
        y_label: "north [m]".to_owned(),
        equal_axes: true,
        lines: vec![Line {
            name: "positions".to_owned(),
            points: fixes.map(place).collect(),
        }],
        ..Curves::default()
    }
}

#[cfg(test)]
mod tests;
