//! Samples of sensors: each message reduced to rows while units are read, rows put together in file order.
//!
//! Read [`Samples`] (one stream in one unit) and [`SampleData`] (one stream, whole recording) first.

use super::claims::Claims;
use super::store::{Segment, Store};
use crate::sensors::{At, Camera, audio, camera, joints, lidar, tracking, video};
use fieldassay_formats::sensor::{CameraInfo, Fix, Joints, Sample, SensorKind};
use fieldassay_measure::{gnss, imu, pose};
use std::collections::BTreeSet;
use zerocopy::{FromBytes as _, Immutable, IntoBytes};

/// Images are looked into twice a second (reference B.7: at least 2 per second).
const IMAGE_STRETCH_NANOS: i64 = 500_000_000;
/// Clouds and scans are looked into once a second.
const CLOUD_STRETCH_NANOS: i64 = 1_000_000_000;

/// Rows with log times beside them.
#[derive(Debug)]
pub(crate) struct Logged<T> {
    pub(crate) log: Vec<i64>,
    pub(crate) rows: Vec<T>,
}

impl<T> Default for Logged<T> {
    fn default() -> Self {
        Self {
            log: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl<T> Logged<T> {
    fn push(&mut self, log: i64, row: T) {
        self.log.push(log);
        self.rows.push(row);
    }
}

/// Rows of one stream from one unit.
#[derive(Debug)]
pub(crate) enum Samples {
    Imu(Logged<imu::Sample>),
    Fix(Logged<gnss::Fix>),
    Pose(Logged<pose::StampedPose>, [String; 2]),
    Joints(Vec<joints::JointRow>, Vec<String>),
    CameraInfo(Option<Box<(Camera, CameraInfo)>>),
    Image(Vec<camera::Frame>, Vec<camera::Look>),
    Video(Vec<video::UnitRow>),
    Cloud(Vec<lidar::CloudRow>, Vec<lidar::Sweep>),
    Audio(Vec<audio::OnsetRow>),
    Boxes(Vec<tracking::BoxRow>, tracking::NameTable),
}

/// Whose turn it is to look into a stretch of time.
pub(crate) struct Turn<'a> {
    pub(crate) claims: &'a Claims,
    pub(crate) stream: u32,
    pub(crate) unit: usize,
}

/// One stream in one unit, and the stretches of time it looked into.
#[derive(Debug)]
pub(crate) struct UnitSamples {
    rows: Samples,
    kind: SensorKind,
    frame: String,
    looked: BTreeSet<i64>,
}

impl UnitSamples {
    pub(crate) fn new(kind: SensorKind) -> Self {
        let rows = match kind {
            SensorKind::Imu => Samples::Imu(Logged::default()),
            SensorKind::Fix => Samples::Fix(Logged::default()),
            SensorKind::Pose => Samples::Pose(Logged::default(), <[String; 2]>::default()),
            SensorKind::Joints => Samples::Joints(Vec::new(), Vec::new()),
            SensorKind::CameraInfo => Samples::CameraInfo(None),
            SensorKind::Image => Samples::Image(Vec::new(), Vec::new()),
            SensorKind::Video => Samples::Video(Vec::new()),
            SensorKind::Cloud | SensorKind::Scan => Samples::Cloud(Vec::new(), Vec::new()),
            SensorKind::Audio => Samples::Audio(Vec::new()),
            SensorKind::Boxes => Samples::Boxes(Vec::new(), tracking::NameTable::default()),
        };
        Self {
            rows,
            kind,
            frame: String::new(),
            looked: BTreeSet::new(),
        }
    }

    /// Whether the message is the first of its stretch of time, as far as this unit can know.
    pub(crate) fn is_sampled(&mut self, log_nanos: i64, turn: &Turn<'_>) -> bool {
        let Some(stretch_nanos) = stretch_nanos(self.kind) else {
            return false;
        };
        let stretch = log_nanos.div_euclid(stretch_nanos);
        !self.looked.contains(&stretch)
            && turn.claims.claim(turn.stream, stretch, turn.unit)
            && self.looked.insert(stretch)
    }

    /// Reduces one message to rows.
    pub(crate) fn push(&mut self, sample: &Sample<'_>, topic: &str, at: At) {
        match (&mut self.rows, sample) {
            (Samples::Imu(table), Sample::Imu(sample)) => table.push(
                at.log_nanos,
                imu::Sample {
                    t_nanos: at.t_nanos,
                    gyro: sample.gyro,
                    accel: sample.accel,
                },
            ),
            (Samples::Fix(table), Sample::Fix(fix)) => {
                table.push(at.log_nanos, fix_row(fix, at.t_nanos));
            }
            (Samples::Pose(table, frames), Sample::Pose(sample)) => {
                if table.rows.is_empty() {
                    *frames = [sample.parent.to_string(), sample.child.to_string()];
                }
                let pose = pose::Pose {
                    translation_meters: sample.translation_meters,
                    quat_xyzw: sample.quat_xyzw,
                };
                let t_nanos = at.t_nanos;
                table.push(at.log_nanos, pose::StampedPose { t_nanos, pose });
            }
            (Samples::Joints(rows, names), Sample::Joints(joints)) => {
                push_joints(joints, at, rows, names);
            }
            (Samples::CameraInfo(seen), Sample::CameraInfo(info)) => {
                push_camera(seen, info, topic, at.log_nanos);
            }
            (Samples::Image(frames, looks), Sample::Image(image)) => {
                keep_frame(&mut self.frame, &image.frame);
                camera::reduce(image, at, frames, looks);
            }
            (Samples::Video(rows), Sample::Video(unit)) => {
                keep_frame(&mut self.frame, &unit.frame);
                video::reduce(unit, at, rows);
            }
            (Samples::Cloud(rows, sweeps), Sample::Cloud(cloud)) => {
                keep_frame(&mut self.frame, &cloud.frame);
                lidar::reduce(cloud, at, rows, sweeps);
            }
            (Samples::Cloud(rows, sweeps), Sample::Scan(scan)) => {
                keep_frame(&mut self.frame, &scan.frame);
                lidar::reduce_scan(scan, at, rows, sweeps);
            }
            (Samples::Audio(rows), Sample::Audio(audio)) => audio::reduce(audio, at, rows),
            (Samples::Boxes(rows, names), Sample::Boxes(boxes)) => {
                keep_frame(&mut self.frame, &boxes.frame);
                tracking::reduce(boxes, at, rows, names);
            }
            // A reader gives samples of its own kind only.
            _ => {}
        }
    }
}

fn stretch_nanos(kind: SensorKind) -> Option<i64> {
    match kind {
        SensorKind::Image => Some(IMAGE_STRETCH_NANOS),
        SensorKind::Cloud | SensorKind::Scan => Some(CLOUD_STRETCH_NANOS),
        _ => None,
    }
}

fn keep_frame(kept: &mut String, frame: &str) {
    if kept.is_empty() {
        frame.clone_into(kept);
    }
}

fn fix_row(fix: &Fix, t_nanos: i64) -> gnss::Fix {
    gnss::Fix {
        t_nanos,
        status: fix.status.unwrap_or(i64::MIN),
        latitude_degrees: fix.latitude_degrees,
        longitude_degrees: fix.longitude_degrees,
        altitude_meters: fix.altitude_meters,
        covariance_meters2: fix.covariance_meters2.unwrap_or([f64::NAN; 9]),
        covariance_type: fix.covariance_type.unwrap_or(i64::MIN),
        hdop_ratio: fix.hdop_ratio.unwrap_or(f64::NAN),
    }
}

fn push_joints(
    joints: &Joints<'_>,
    at: At,
    rows: &mut Vec<joints::JointRow>,
    names: &mut Vec<String>,
) {
    for (place, name) in joints.names.iter().enumerate() {
        // Joints come in the same order in nearly every message, so the guess is right.
        let guess = names.get(place).is_some_and(|known| known == name);
        let index = if guess {
            place
        } else {
            names
                .iter()
                .position(|known| known == name)
                .unwrap_or_else(|| {
                    names.push(name.to_string());
                    names.len() - 1
                })
        };
        let value = |list: &[f64]| list.get(place).copied().unwrap_or(f64::NAN);
        rows.push(joints::JointRow {
            t_nanos: at.t_nanos,
            log_nanos: at.log_nanos,
            joint: index as u64,
            position: value(&joints.position),
            velocity: value(&joints.velocity),
            effort: value(&joints.effort),
        });
    }
}

fn push_camera(
    seen: &mut Option<Box<(Camera, CameraInfo)>>,
    info: &CameraInfo,
    topic: &str,
    log_nanos: i64,
) {
    let Some(seen) = seen else {
        let camera = Camera {
            topic: topic.to_owned(),
            info: info.clone(),
            log_nanos,
            messages: 1,
            changes: 0,
            first_change_nanos: None,
        };
        *seen = Some(Box::new((camera, info.clone())));
        return;
    };
    let (camera, last) = &mut **seen;
    camera.messages += 1;
    if last != info {
        camera.changes += 1;
        camera.first_change_nanos.get_or_insert(log_nanos);
        last.clone_from(info);
    }
}

/// Rows of one stream in file order.
#[derive(Debug, Default)]
pub(crate) struct SampleData {
    /// Log times of `rows`, for kinds whose rows do not hold them.
    pub(crate) log: Vec<Segment>,
    /// Rows, as words.
    pub(crate) rows: Vec<Segment>,
    /// Rows of messages that were looked into, as words.
    pub(crate) looks: Vec<Segment>,
    /// Joints, by index.
    pub(crate) joints: Vec<String>,
    /// Tracks and categories.
    pub(crate) names: tracking::NameTable,
    /// Calibration, with the last one seen.
    pub(crate) camera: Option<Box<(Camera, CameraInfo)>>,
    /// Frame of the samples; the child of poses.
    pub(crate) frame: String,
    /// Frame poses are expressed in.
    pub(crate) parent: String,
    looked: BTreeSet<i64>,
}

/// Rows as words.
fn words<T: IntoBytes + Immutable>(rows: &[T]) -> Vec<i64> {
    let (words, _) = rows.as_bytes().as_chunks::<8>();
    words.iter().map(|word| i64::from_ne_bytes(*word)).collect()
}

impl SampleData {
    /// Adds the rows of a later unit.
    pub(crate) fn append(&mut self, mut unit: UnitSamples, store: &mut Store<'_>) {
        keep_frame(&mut self.frame, &unit.frame);
        let before = &self.looked;
        let is_first = |log_nanos: i64| {
            stretch_nanos(unit.kind)
                .is_none_or(|stretch| !before.contains(&log_nanos.div_euclid(stretch)))
        };
        match &mut unit.rows {
            Samples::Imu(table) => push_logged(table, &mut self.log, &mut self.rows, store),
            Samples::Fix(table) => push_logged(table, &mut self.log, &mut self.rows, store),
            Samples::Pose(table, [parent, child]) => {
                keep_frame(&mut self.parent, parent);
                keep_frame(&mut self.frame, child);
                push_logged(table, &mut self.log, &mut self.rows, store);
            }
            Samples::Joints(rows, names) => {
                let known = &mut self.joints;
                let place_of = |name: &String| {
                    known.iter().position(|k| k == name).unwrap_or_else(|| {
                        known.push(name.clone());
                        known.len() - 1
                    }) as u64
                };
                let places: Vec<u64> = names.iter().map(place_of).collect();
                for row in rows.iter_mut() {
                    let place = usize::try_from(row.joint).ok().and_then(|j| places.get(j));
                    row.joint = place.copied().unwrap_or(row.joint);
                }
                push_rows(rows, &mut self.rows, store);
            }
            Samples::CameraInfo(seen) => self.camera = join(self.camera.take(), seen.take()),
            Samples::Image(frames, looks) => {
                looks.retain(|look| is_first(look.log_nanos));
                push_rows(frames, &mut self.rows, store);
                push_rows(looks, &mut self.looks, store);
            }
            Samples::Cloud(rows, sweeps) => {
                sweeps.retain(|sweep| is_first(sweep.log_nanos));
                push_rows(rows, &mut self.rows, store);
                push_rows(sweeps, &mut self.looks, store);
            }
            Samples::Video(rows) => push_rows(rows, &mut self.rows, store),
            Samples::Audio(rows) => push_rows(rows, &mut self.rows, store),
            Samples::Boxes(rows, names) => {
                self.names.merge(std::mem::take(names), rows);
                push_rows(rows, &mut self.rows, store);
            }
        }
        self.looked.append(&mut unit.looked);
    }
}

fn push_logged<T: IntoBytes + Immutable>(
    table: &Logged<T>,
    log: &mut Vec<Segment>,
    rows: &mut Vec<Segment>,
    store: &mut Store<'_>,
) {
    if !table.rows.is_empty() {
        log.push(store.push(&[&table.log]));
        push_rows(&table.rows, rows, store);
    }
}

pub(crate) fn push_rows<T: IntoBytes + Immutable>(
    rows: &[T],
    segments: &mut Vec<Segment>,
    store: &mut Store<'_>,
) {
    if !rows.is_empty() {
        segments.push(match <[i64]>::ref_from_bytes(rows.as_bytes()) {
            Ok(words) => store.push(&[words]),
            // Only for rows that need less alignment than a word.
            Err(_) => store.push(&[&words(rows)]),
        });
    }
}

type Seen = Option<Box<(Camera, CameraInfo)>>;

/// The calibrations of two runs of messages, one after the other.
fn join(before: Seen, after: Seen) -> Seen {
    let (mut before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (before, after) => return before.or(after),
    };
    let (camera, last) = &mut *before;
    let (later, latest) = *after;
    camera.messages += later.messages;
    if *last != later.info {
        camera.changes += 1;
        camera.first_change_nanos.get_or_insert(later.log_nanos);
    }
    camera.changes += later.changes;
    camera.first_change_nanos = camera.first_change_nanos.or(later.first_change_nanos);
    *last = latest;
    Some(before)
}
