//! Facts about joint states and episodes.
//!
//! Read [`outcome`] first. Facts are about the topic and name the joint; a joint with nothing wrong is silent.

use super::{Context, Outcome};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_measure::joints::{JointReport, Series, Stretch, report, shift};
use fieldassay_model::plot::{About, Curves, Line};
use fieldassay_model::{Fact, FactValue};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One joint in one message.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct JointRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
    /// Position of the name in the list of names.
    pub(crate) joint: u64,
    pub(crate) position: f64,
    pub(crate) velocity: f64,
    pub(crate) effort: f64,
}

/// Joints with facts of their own at most.
const JOINTS: usize = 64;
const POINTS: usize = 800;
const ALL: &[(&str, &str)] = &[
    ("joints.clipped", "share"),
    ("joints.unchanged", "share"),
    ("joints.contradiction", "s"),
    ("joints.jump", "rad"),
    ("joints.outliers", "share"),
    ("joints.speed", "rad/s"),
    ("joints.idle", "share"),
    ("joints.shift", "sigma"),
    ("joints.roughness", "ratio"),
];

/// Columns of one joint.
#[derive(Default)]
struct Joint<'a> {
    name: &'a str,
    secs: Vec<f64>,
    log: Vec<i64>,
    position: Vec<f64>,
    velocity: Vec<f64>,
    lost: usize,
}

impl Joint<'_> {
    fn log_at(&self, index: usize) -> i64 {
        self.log.get(index).copied().unwrap_or_default()
    }
}

/// Facts and drawings of one topic of joint states. Cost: linear in the rows.
pub(crate) fn outcome(
    topic: &str,
    names: &[String],
    rows: &[JointRow],
    context: &Context<'_>,
) -> Outcome {
    let mut sheet = Sheet::new(topic, rows.len());
    let joints = columns(names, rows);
    not_finite(&joints, &mut sheet);
    let reports: Vec<(&Joint<'_>, JointReport)> = joints
        .iter()
        .filter_map(|joint| {
            let series = Series {
                secs: &joint.secs,
                position: &joint.position,
                velocity: &joint.velocity,
            };
            Some((joint, report(&series)?))
        })
        .collect();
    if reports.is_empty() {
        sheet.none_of(ALL, "no joint with ten positions");
        return Outcome {
            facts: sheet.facts,
            ..Outcome::default()
        };
    }
    pile_ups(&reports, &mut sheet);
    contradictions(&reports, &mut sheet);
    jumps(&reports, &mut sheet);
    worst_of(&reports, &mut sheet);
    Outcome {
        facts: sheet.facts,
        curves: vec![drawing(topic, &joints, context.start_nanos)],
        ..Outcome::default()
    }
}

fn columns<'a>(names: &'a [String], rows: &[JointRow]) -> Vec<Joint<'a>> {
    let mut joints: Vec<Joint<'a>> = names
        .iter()
        .take(JOINTS)
        .map(|name| Joint {
            name,
            ..Joint::default()
        })
        .collect();
    let origin = rows.first().map_or(0, |row| row.t_nanos);
    for row in rows {
        let index = usize::try_from(row.joint).unwrap_or(usize::MAX);
        let Some(joint) = joints.get_mut(index) else {
            continue;
        };
        if !row.position.is_finite() {
            joint.lost += 1;
            continue;
        }
        joint
            .secs
            .push(row.t_nanos.saturating_sub(origin) as f64 / 1e9);
        joint.log.push(row.log_nanos);
        joint.position.push(row.position);
        joint.velocity.push(row.velocity);
    }
    joints
}

fn not_finite(joints: &[Joint<'_>], sheet: &mut Sheet) {
    // A joint that never has a position states none; that is no defect.
    let lost: usize = joints
        .iter()
        .filter(|joint| !joint.position.is_empty())
        .map(|joint| joint.lost)
        .sum();
    let all: usize = joints
        .iter()
        .map(|joint| joint.position.len() + joint.lost)
        .sum();
    sheet.number(
        "joints.not_finite",
        lost as f64 / all.max(1) as f64,
        "share",
        "positions that are NaN or infinite, of joints that state positions",
    );
}

fn at_stretch<'f>(fact: &'f mut Fact, joint: &Joint<'_>, stretch: Option<Stretch>) -> &'f mut Fact {
    if let Some(stretch) = stretch {
        fact.at(joint.log_at(stretch.first), joint.log_at(stretch.last));
    }
    fact.with(&[text_detail("joint", joint.name)])
}

fn pile_ups(reports: &[(&Joint<'_>, JointReport)], sheet: &mut Sheet) {
    let method = "samples at exactly the smallest or largest position";
    let mut some = false;
    for (joint, report) in reports {
        // Below one in twenty it is where every movement ends.
        if report.clipped_ratio >= 0.05 {
            some = true;
            let fact = sheet.number("joints.clipped", report.clipped_ratio, "share", method);
            fact.of(report.n)
                .with(&[("limit", FactValue::Number(report.clipped_at))]);
            at_stretch(fact, joint, report.clipped);
        }
    }
    if !some {
        let worst = reports
            .iter()
            .map(|(_, r)| r.clipped_ratio)
            .fold(0.0, f64::max);
        sheet.number("joints.clipped", worst, "share", method);
    }
}

fn contradictions(reports: &[(&Joint<'_>, JointReport)], sheet: &mut Sheet) {
    let method = "longest stretch of unchanged positions while the reported velocity is above 0.1 per second";
    let states_velocity = reports
        .iter()
        .any(|(joint, _)| joint.velocity.iter().any(|v| v.is_finite() && *v != 0.0));
    if !states_velocity {
        return sheet.none("joints.contradiction", "s", "no velocities to compare with");
    }
    let mut some = false;
    for (joint, report) in reports {
        if let Some(stretch) = report.contradiction.filter(|s| s.secs > 0.0) {
            some = true;
            let fact = sheet.number("joints.contradiction", stretch.secs, "s", method);
            fact.of(report.n);
            at_stretch(fact, joint, Some(stretch));
        }
    }
    if !some {
        sheet.number("joints.contradiction", 0.0, "s", method);
    }
}

fn jumps(reports: &[(&Joint<'_>, JointReport)], sheet: &mut Sheet) {
    let method =
        "step of more than 8 standard deviations of all steps and five times the steps beside it";
    let mut count = 0;
    for (joint, report) in reports {
        for (index, size) in report.jumps.iter().take(10) {
            count += 1;
            let fact = sheet.number("joints.jump", size.abs(), "rad", method);
            fact.of(report.n);
            let stretch = Stretch {
                first: index.saturating_sub(1),
                last: *index,
                secs: 0.0,
            };
            at_stretch(fact, joint, Some(stretch));
        }
    }
    if count == 0 {
        sheet.number("joints.jump", 0.0, "rad", method);
    }
}

/// Name, unit and method of a fact, and its value for a joint by position and report.
type Row<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a dyn Fn(usize, &JointReport) -> f64,
);

/// Facts of which the joint with the largest value is told.
fn worst_of(reports: &[(&Joint<'_>, JointReport)], sheet: &mut Sheet) {
    let shifts: Vec<f64> = reports
        .iter()
        .map(|(joint, _)| shift(&joint.position).map_or(0.0, |s| s.sigmas.abs()))
        .collect();
    let worst = |value: &dyn Fn(usize, &JointReport) -> f64| {
        reports
            .iter()
            .enumerate()
            .map(|(i, (joint, report))| (value(i, report), *joint, report))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let rows: [Row<'_>; 5] = [
        (
            "joints.unchanged",
            "share",
            "steps without any change, the joint with most",
            &|_, r| r.unchanged_ratio,
        ),
        (
            "joints.outliers",
            "share",
            "positions beyond ten standard deviations, the joint with most",
            &|_, r| r.outliers as f64 / r.n as f64,
        ),
        (
            "joints.speed",
            "rad/s",
            "largest speed by positions over three samples",
            &|_, r| r.speed,
        ),
        (
            "joints.shift",
            "sigma",
            "mean of the last third less that of the first, over the deviation within",
            &|i, _| shifts.get(i).copied().unwrap_or_default(),
        ),
        (
            "joints.roughness",
            "ratio",
            "logarithm of the dimensionless jerk, the roughest joint",
            &|_, r| r.smoothness.map_or(f64::NEG_INFINITY, |s| -s),
        ),
    ];
    for (name, unit, method, value) in rows {
        let Some((value, joint, report)) = worst(value) else {
            continue;
        };
        let fact = sheet.number(name, value, unit, method);
        fact.of(report.n).with(&[text_detail("joint", joint.name)]);
        if name == "joints.speed" {
            let at = joint.log_at(report.speed_at);
            fact.at(at, at);
        }
    }
    // An episode is idle while all of its joints are.
    let idle = reports
        .iter()
        .map(|(_, r)| r.idle_ratio)
        .fold(1.0, f64::min);
    sheet
        .number(
            "joints.idle",
            idle,
            "share",
            "time below 0.05 per second for at least 1 s, the joint that is least idle",
        )
        .with(&[count_detail("joints", reports.len() as u64)]);
}

fn drawing(topic: &str, joints: &[Joint<'_>], start: i64) -> Curves {
    Curves {
        about: About {
            subject: topic.to_owned(),
            group: "joints",
            codes: vec![
                "joints.clipped",
                "joints.contradiction",
                "joints.jump",
                "joints.speed",
                "joints.idle",
            ],
            title: "joint positions".to_owned(),
            caption: "The first six joints.".to_owned(),
        },
        x_label: "time [s]".to_owned(),
        y_label: "position [rad or m]".to_owned(),
        equal_axes: false,
        lines: joints
            .iter()
            .filter(|joint| !joint.position.is_empty())
            .take(6)
            .map(|joint| {
                let stride = joint.position.len().div_ceil(POINTS).max(1);
                Line {
                    name: joint.name.to_owned(),
                    points: joint
                        .log
                        .iter()
                        .zip(&joint.position)
                        .step_by(stride)
                        .map(|(log, x)| (log.saturating_sub(start) as f64 / 1e9, *x))
                        .collect(),
                }
            })
            .collect(),
        ..Curves::default()
    }
}

#[cfg(test)]
mod tests;
