//! Facts about boxes and tracks.
//!
//! Read [`reduce`] and [`outcome`] first. Boxes in a frame that moves are taken to its parent by the recording's poses.

use super::{At, Context, Outcome};
use crate::facts::sheet::{Annotate as _, Sheet, count_detail, text_detail};
use fieldassay_formats::sensor::Boxes;
use fieldassay_measure::pose::{StampedPose, pose_at, rotate};
use fieldassay_measure::tracking::{Observation, TrackReport, fragments, track_report};
use fieldassay_model::FactValue;
use std::collections::BTreeMap;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Observations below which the sizes of a track are not judged.
const LEAST_OBSERVATIONS: usize = 5;
const STRETCHES: usize = 30;
/// Tracks compared for fragments at most.
const MOST_TRACKS: usize = 20_000;
const ALL: &[(&str, &str)] = &[
    ("tracking.size_jitter", "share"),
    ("tracking.teleport", "m"),
    ("tracking.heading_flip", "count"),
    ("tracking.class_change", "count"),
    ("tracking.gap", "share"),
    ("tracking.fragments", "count"),
];

/// One box of one message.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct BoxRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
    /// Number of the track's name; that of the empty name where there is none.
    pub(crate) track: u64,
    /// Number of the class.
    pub(crate) category: u64,
    /// Points inside; -1 unknown.
    pub(crate) points: i64,
    pub(crate) center: [f64; 3],
    pub(crate) quat_xyzw: [f64; 4],
    pub(crate) size: [f64; 3],
}

/// Names of tracks and classes, numbered in the order they were met.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    numbers: BTreeMap<String, u64>,
}

impl NameTable {
    /// Number of a name.
    fn intern(&mut self, name: &str) -> u64 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Takes over the names of a later unit and renumbers its rows.
    pub(crate) fn merge(&mut self, other: Self, rows: &mut [BoxRow]) {
        let mut old: Vec<(u64, String)> = other
            .numbers
            .into_iter()
            .map(|(name, number)| (number, name))
            .collect();
        old.sort_unstable();
        // Numbers count from 0 without holes, so the position is the number.
        let renumbered: Vec<u64> = old.iter().map(|(_, name)| self.intern(name)).collect();
        let new = |number: u64| {
            usize::try_from(number)
                .ok()
                .and_then(|number| renumbered.get(number).copied())
                .unwrap_or(number)
        };
        for row in rows {
            row.track = new(row.track);
            row.category = new(row.category);
        }
    }

    /// Names by number.
    fn names(&self) -> Vec<&str> {
        let mut names = vec![""; self.numbers.len()];
        for (name, number) in &self.numbers {
            if let Some(slot) = usize::try_from(*number).ok().and_then(|i| names.get_mut(i)) {
                *slot = name;
            }
        }
        names
    }
}

/// Reduces one message to rows.
pub(crate) fn reduce(boxes: &Boxes<'_>, at: At, rows: &mut Vec<BoxRow>, names: &mut NameTable) {
    for one in &boxes.boxes {
        rows.push(BoxRow {
            t_nanos: at.t_nanos,
            log_nanos: at.log_nanos,
            track: names.intern(&one.track),
            category: names.intern(&one.category),
            points: one
                .points
                .map_or(-1, |points| i64::try_from(points).unwrap_or(i64::MAX)),
            center: one.center_meters,
            quat_xyzw: one.quat_xyzw,
            size: one.size_meters,
        });
    }
}

/// A track with its name and the log times of its observations.
struct Track<'a> {
    name: &'a str,
    category: &'a str,
    log: Vec<i64>,
    observations: Vec<Observation>,
}

/// Facts about one stream of boxes. Cost: a sort of the rows and one pass.
pub(crate) fn outcome(
    topic: &str,
    frame: &str,
    rows: &[BoxRow],
    names: &NameTable,
    context: &Context<'_>,
) -> Outcome {
    let mut sheet = Sheet::new(topic, rows.len());
    points_inside(rows, &mut sheet);
    let poses = carrier(frame, context);
    let is_fixed = is_fixed(frame) || poses.is_some();
    let tracks = tracks(rows, &names.names(), poses);
    let reports: Vec<(&Track<'_>, TrackReport)> = tracks
        .iter()
        .filter_map(|track| {
            let most = most_meters_per_sec(track.category);
            Some((track, track_report(&track.observations, most)?))
        })
        .collect();
    if reports.iter().all(|(_, report)| report.n < 2) {
        sheet.none_of(ALL, "no track with two boxes");
    } else {
        size_jitter(&reports, &mut sheet);
        if is_fixed {
            teleports(&reports, &mut sheet);
        } else {
            sheet.none(
                "tracking.teleport",
                "m",
                "boxes are in a frame that may move, and no poses of it are recorded",
            );
        }
        flips_and_changes(&reports, &mut sheet);
        continuity(&tracks, &reports, is_fixed, &mut sheet);
    }
    Outcome {
        facts: sheet.facts,
        ..Outcome::default()
    }
}

fn is_fixed(frame: &str) -> bool {
    matches!(
        frame.rsplit('/').next(),
        Some("map" | "odom" | "world" | "city" | "earth" | "global" | "utm")
    )
}

/// Poses of the frame the boxes are in.
fn carrier<'a>(frame: &str, context: &Context<'a>) -> Option<&'a [StampedPose]> {
    if frame.is_empty() || is_fixed(frame) {
        return None;
    }
    context
        .poses
        .iter()
        .filter(|track| track.frame == frame && is_fixed(track.parent))
        .find(|track| track.rows.is_sorted_by_key(|row| row.t_nanos))
        .map(|track| track.rows)
}

fn yaw(quat: [f64; 4]) -> f64 {
    let [x, y, ..] = rotate(&quat, &[1.0, 0.0, 0.0]);
    y.atan2(x)
}

fn tracks<'a>(rows: &[BoxRow], names: &[&'a str], poses: Option<&[StampedPose]>) -> Vec<Track<'a>> {
    let name = |number: u64| {
        usize::try_from(number)
            .ok()
            .and_then(|i| names.get(i).copied())
            .unwrap_or("")
    };
    let mut times: Vec<i64> = rows.iter().map(|row| row.t_nanos).collect();
    times.sort_unstable();
    times.dedup();
    let origin = times.first().copied().unwrap_or_default();
    let mut by_name: BTreeMap<&str, Track<'a>> = BTreeMap::new();
    let mut sorted: Vec<&BoxRow> = rows.iter().collect();
    sorted.sort_by_key(|row| row.t_nanos);
    for row in sorted {
        let track = name(row.track);
        if track.is_empty() || !row.center.iter().all(|x| x.is_finite()) {
            continue;
        }
        let (mut center, mut heading) = (row.center, yaw(row.quat_xyzw));
        if let Some(poses) = poses {
            // A box whose moment has no pose cannot be placed.
            let Some(pose) = pose_at(poses, row.t_nanos, 0.5) else {
                continue;
            };
            center = pose.apply(&center);
            heading += yaw(pose.quat_xyzw);
        }
        let entry = by_name.entry(track).or_insert_with(|| Track {
            name: track,
            category: name(row.category),
            log: Vec::new(),
            observations: Vec::new(),
        });
        entry.log.push(row.log_nanos);
        entry.observations.push(Observation {
            secs: row.t_nanos.saturating_sub(origin) as f64 / 1e9,
            frame: times.partition_point(|t| *t < row.t_nanos),
            center_meters: center,
            yaw_radians: heading,
            size_meters: row.size,
            points: u64::try_from(row.points).ok(),
            category: row.category,
        });
    }
    by_name.into_values().collect()
}

/// Faster than anything of its class (signals reference, B.12).
fn most_meters_per_sec(category: &str) -> f64 {
    let category = category.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| category.contains(word));
    if is(&["pedestrian", "person", "human", "stroller", "wheelchair"]) {
        10.0
    } else if is(&["bicycl", "cyclist", "bike"]) && !is(&["motor"]) {
        25.0
    } else {
        70.0
    }
}

fn points_inside(rows: &[BoxRow], sheet: &mut Sheet) {
    let known = rows.iter().filter(|row| row.points >= 0).count();
    if known == 0 {
        return sheet.none(
            "tracking.empty",
            "share",
            "boxes do not state the points inside",
        );
    }
    let empty = rows.iter().filter(|row| row.points == 0).count();
    sheet
        .number(
            "tracking.empty",
            empty as f64 / known as f64,
            "share",
            "boxes without a LiDAR point inside",
        )
        .of(known)
        .with(&[count_detail("boxes", empty as u64)]);
}

fn span(track: &Track<'_>, index: usize) -> (i64, i64) {
    let at = |i: usize| track.log.get(i).copied().unwrap_or_default();
    (at(index.saturating_sub(1)), at(index))
}

fn size_jitter(reports: &[(&Track<'_>, TrackReport)], sheet: &mut Sheet) {
    let judged = || reports.iter().filter(|(_, r)| r.n >= LEAST_OBSERVATIONS);
    let worst = judged().max_by(|a, b| a.1.size_jitter_ratio.total_cmp(&b.1.size_jitter_ratio));
    let Some((track, report)) = worst else {
        return sheet.none("tracking.size_jitter", "share", "no track with five boxes");
    };
    let above = judged().filter(|(_, r)| r.size_jitter_ratio > 0.05).count();
    sheet
        .number(
            "tracking.size_jitter",
            report.size_jitter_ratio,
            "share",
            "standard deviation over median of length, width or height, the track with most",
        )
        .of(judged().count())
        .with(&[
            text_detail("track", track.name),
            text_detail("category", track.category),
            count_detail("tracks_above", above as u64),
        ]);
}

fn teleports(reports: &[(&Track<'_>, TrackReport)], sheet: &mut Sheet) {
    let method = "distance from where the step before leads, or a speed beyond the class";
    let mut count = 0;
    for (track, report) in reports {
        for (index, meters) in &report.teleports {
            if count >= STRETCHES {
                return;
            }
            count += 1;
            let (start, end) = span(track, *index);
            sheet
                .number("tracking.teleport", *meters, "m", method)
                .of(report.n)
                .at(start, end)
                .with(&[
                    text_detail("track", track.name),
                    text_detail("category", track.category),
                ]);
        }
    }
    if count == 0 {
        sheet.number("tracking.teleport", 0.0, "m", method);
    }
}

fn flips_and_changes(reports: &[(&Track<'_>, TrackReport)], sheet: &mut Sheet) {
    for (name, method, pick) in [
        (
            "tracking.heading_flip",
            "headings that turn by more than a right angle from one frame to the next, boxes of 2 m and more",
            (|r| &r.flips) as fn(&TrackReport) -> &Vec<usize>,
        ),
        (
            "tracking.class_change",
            "changes of class inside a track",
            |r| &r.class_changes,
        ),
    ] {
        let mut some = false;
        for (track, report) in reports {
            let places = pick(report);
            if let Some(first) = places.first().filter(|_| !places.is_empty()) {
                some = true;
                let (start, end) = span(track, *first);
                sheet
                    .count(name, places.len() as u64, method)
                    .of(report.n)
                    .at(start, end)
                    .with(&[
                        text_detail("track", track.name),
                        text_detail("category", track.category),
                    ]);
            }
        }
        if !some {
            sheet.count(name, 0, method);
        }
    }
}

fn continuity(
    tracks: &[Track<'_>],
    reports: &[(&Track<'_>, TrackReport)],
    is_fixed: bool,
    sheet: &mut Sheet,
) {
    let missing: usize = reports.iter().map(|(_, r)| r.missing).sum();
    let all: usize = reports.iter().map(|(_, r)| r.n + r.missing).sum();
    sheet
        .number(
            "tracking.gap",
            missing as f64 / all.max(1) as f64,
            "share",
            "frames missing between the first and the last box of a track",
        )
        .with(&[
            count_detail("frames", missing as u64),
            count_detail("tracks", reports.len() as u64),
        ]);
    if !is_fixed || tracks.len() > MOST_TRACKS {
        let reason = "boxes are in a frame that may move, or there are more than 20000 tracks";
        return sheet.none("tracking.fragments", "count", reason);
    }
    let ends: Vec<(Observation, Observation)> = tracks
        .iter()
        .filter_map(|t| Some((*t.observations.first()?, *t.observations.last()?)))
        .collect();
    let pairs = fragments(&ends);
    let fact = sheet.count(
        "tracking.fragments",
        pairs.len() as u64,
        "tracks that begin within 1 s and 2 m of the end of another one of the class",
    );
    if let Some((a, b)) = pairs.first() {
        let name = |i: &usize| tracks.get(*i).map_or("", |t| t.name);
        fact.with(&[
            text_detail("track", name(a)),
            text_detail("goes_on_as", name(b)),
            (
                "share_of_tracks",
                FactValue::Number(pairs.len() as f64 / tracks.len() as f64),
            ),
        ]);
    }
}

#[cfg(test)]
mod tests;
