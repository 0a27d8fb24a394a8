//! Facts about intrinsics and extrinsics.
//!
//! Read [`outcome`] first: cameras by themselves, mounts by themselves, then ([`eye`]) mounts against motion. [`artefact`]
//! is the calibration as the recording has it.

mod direction;
mod eye;

use super::rig::Camera;
use super::{Context, Outcome};
use crate::facts::sheet::{Annotate as _, Sheet, text_detail};
use fieldassay_measure::calibration::{Intrinsics, IntrinsicsDefect, defects, is_uncalibrated};
use fieldassay_measure::pose::matrix::norm;
use fieldassay_measure::pose::validate;
use fieldassay_model::plot::{About, Table};
use fieldassay_model::{
    Calibration, CalibrationContent, CameraIntrinsics, Fact, FactValue, MountTransform,
};
use std::collections::BTreeMap;

/// Cameras and mounts at most; more are not listed one by one.
const MOST_CAMERAS: usize = 64;
const MOST_MOUNTS: usize = 2000;
/// Sensor frames that are compared with each other at most.
const MOST_FRAMES: usize = 40;
/// A transform closer to the identity than this was never measured: meters, radians.
const IDENTITY: f64 = 1e-9;

const RULES: &str =
    "plausibility of intrinsics: focal lengths, center, field of view, distortion, R and P";

/// Facts, tables and drawings about every calibration of the recording.
///
/// Cost: cameras and mounts are few; hand-eye takes a pass over the poses of a pair.
pub(crate) fn outcome(context: &Context<'_>) -> Outcome {
    let mut all = Outcome::default();
    for camera in context.rig.cameras.iter().take(MOST_CAMERAS) {
        all.facts.extend(intrinsics(camera));
    }
    if !context.rig.mounts.is_empty() {
        all.facts.extend(mounts(context));
    }
    if let Some(calibration) = artefact(context) {
        let value = FactValue::Text(calibration.id.clone());
        all.facts.push(
            Fact::new("calibration.id", "recording", value, "")
                .with_method("digest of the cameras and mounts of the recording", 1)
                .with_n(calibration.content.cameras.len() + calibration.content.mounts.len())
                .with_detail("sha256", FactValue::Text(calibration.sha256)),
        );
    }
    all.tables.extend(table(&context.rig.cameras));
    all.append(eye::outcome(context));
    all
}

/// The calibration of the recording as an artefact; none where it has none or holds numbers that are not finite.
pub(crate) fn artefact(context: &Context<'_>) -> Option<Calibration> {
    let cameras: Vec<CameraIntrinsics> = context
        .rig
        .cameras
        .iter()
        .take(MOST_CAMERAS)
        .map(|camera| CameraIntrinsics {
            topic: camera.topic.clone(),
            frame: camera.info.frame.clone(),
            width: camera.info.width,
            height: camera.info.height,
            distortion_model: camera.info.distortion_model.clone(),
            d: camera.info.d.clone(),
            k: camera.info.k,
            r: camera.info.r,
            p: camera.info.p.to_vec(),
        })
        .collect();
    let mounts: Vec<MountTransform> = context
        .rig
        .mounts
        .iter()
        .take(MOST_MOUNTS)
        .map(|mount| MountTransform {
            parent: mount.parent.clone(),
            child: mount.child.clone(),
            translation_meters: mount.parent_from_child.translation_meters,
            quat_xyzw: mount.parent_from_child.quat_xyzw,
        })
        .collect();
    if cameras.is_empty() && mounts.is_empty() {
        return None;
    }
    Calibration::new(CalibrationContent { cameras, mounts })
}

fn intrinsics(camera: &Camera) -> Vec<Fact> {
    let info = &camera.info;
    let messages = usize::try_from(camera.messages).unwrap_or(usize::MAX);
    let mut sheet = Sheet::new(&camera.topic, messages);
    let numbers = Intrinsics {
        width: info.width,
        height: info.height,
        distortion_model: &info.distortion_model,
        distortion: &info.d,
        k: &info.k,
        r: &info.r,
        p: &info.p,
    };
    let missing = is_uncalibrated(&numbers);
    sheet.boolean("calibration.uncalibrated", missing, "K[0] is 0");
    let found = defects(&numbers);
    let (fatal, unusual): (Vec<_>, Vec<_>) = found.iter().partition(|d| d.is_fatal());
    for (name, found) in [
        ("calibration.intrinsics", fatal),
        ("calibration.intrinsics_unusual", unusual),
    ] {
        if missing && found.is_empty() {
            sheet.none(name, "count", "the camera is not calibrated");
            continue;
        }
        sheet
            .count(name, found.len() as u64, RULES)
            .with(&[text_detail("rules", &listed(&found))]);
    }
    let changed = sheet.count(
        "calibration.changed",
        camera.changes,
        "messages whose content differs from the one before",
    );
    if let Some(at) = camera.first_change_nanos {
        changed.at(at, at);
    }
    sheet.facts
}

fn listed(found: &[&IntrinsicsDefect]) -> String {
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Facts about all mounts together.
fn mounts(context: &Context<'_>) -> Vec<Fact> {
    let mounts = &context.rig.mounts;
    let mut sheet = Sheet::new("recording", mounts.len());
    let broken: Vec<String> = mounts
        .iter()
        .filter_map(|mount| {
            let defect = validate(&mount.parent_from_child).err()?;
            Some(format!("{} -> {}: {defect}", mount.parent, mount.child))
        })
        .collect();
    sheet
        .count(
            "calibration.extrinsic_invalid",
            broken.len() as u64,
            "finite, and squared norm of the quaternion within 0.01 of 1 as tf2 has it",
        )
        .with(&[text_detail("which", &short(&broken))]);
    mount_directions(context, &mut sheet);
    let names = [
        ("calibration.identity", "count"),
        ("calibration.translation", "m"),
    ];
    let frames = sensor_frames(context);
    let (mut same, mut far) = (Vec::new(), (0.0_f64, String::new()));
    let mut pairs = 0_usize;
    for (i, (a, kind_a)) in frames.iter().enumerate() {
        for (b, kind_b) in frames.iter().skip(i + 1) {
            let Some(pose) = context.rig.between(a, b).and_then(|pose| pose.normalized()) else {
                continue;
            };
            pairs += 1;
            let meters = norm(&pose.translation_meters);
            let is_identity = meters < IDENTITY && pose.angle_radians() < IDENTITY;
            // Streams of one camera often share a place; a camera and another kind of sensor cannot share axes.
            if is_identity && kind_a != kind_b {
                same.push(format!("{a} and {b}"));
            }
            if meters > far.0 {
                far = (meters, format!("{a} and {b}"));
            }
        }
    }
    if pairs == 0 {
        sheet.none_of(
            &names,
            "no two sensors whose frames are rigidly connected in the recording",
        );
        return sheet.facts;
    }
    let identity = "different kinds of sensors whose transform is exactly the identity";
    sheet
        .count("calibration.identity", same.len() as u64, identity)
        .of(pairs)
        .with(&[text_detail("which", &short(&same))]);
    sheet
        .number(
            "calibration.translation",
            far.0,
            "m",
            "largest distance between two sensors",
        )
        .of(pairs)
        .with(&[text_detail("which", &far.1)]);
    sheet.facts
}

/// Cameras that look elsewhere than they say.
fn mount_directions(context: &Context<'_>, sheet: &mut Sheet) {
    let (cameras, elsewhere) = direction::contradictions(context);
    if cameras > 0 {
        let method = "optical axes in the vehicle's frame against up and the words of the names";
        sheet
            .count(
                "calibration.mount_direction",
                elsewhere.len() as u64,
                method,
            )
            .of(cameras)
            .with(&[text_detail("which", &short(&elsewhere))]);
    } else if !context.rig.cameras.is_empty() {
        let reason = "no calibrated camera is rigidly connected with a frame of the vehicle such as `base_link`";
        sheet.none("calibration.mount_direction", "count", reason);
    }
}

/// The first few of a list, as a sentence would have them.
fn short(list: &[String]) -> String {
    let mut text = list.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
    if list.len() > 5 {
        text.push_str("; …");
    }
    text
}

/// Frames of sensors and their kind; a frame of two kinds counts as the first.
fn sensor_frames(context: &Context<'_>) -> Vec<(String, &'static str)> {
    let mut frames: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut add = |frame: &str, kind: &'static str| {
        if !frame.is_empty() && frames.len() < MOST_FRAMES {
            let bare = frame.strip_prefix('/').unwrap_or(frame);
            frames.entry(bare.to_owned()).or_insert(kind);
        }
    };
    for track in context.imus {
        add(track.frame, "imu");
    }
    for camera in &context.rig.cameras {
        add(&camera.info.frame, "camera");
    }
    for track in context.fixes {
        add(track.frame, "gnss");
    }
    frames.into_iter().collect()
}

/// Intrinsics of all cameras.
fn table(cameras: &[Camera]) -> Option<Table> {
    let rows: Vec<Vec<String>> = cameras
        .iter()
        .take(MOST_CAMERAS)
        .map(|camera| {
            let [fx, _, cx, _, fy, cy, ..] = camera.info.k;
            let view = 2.0
                * (0.5 * f64::from(camera.info.width) / fx)
                    .atan()
                    .to_degrees();
            vec![
                camera.topic.clone(),
                format!("{} x {}", camera.info.width, camera.info.height),
                format!("{fx:.2}"),
                format!("{fy:.2}"),
                format!("{cx:.2}"),
                format!("{cy:.2}"),
                format!("{view:.1}"),
                camera.info.distortion_model.clone(),
            ]
        })
        .collect();
    let heads = [
        "camera",
        "size [px]",
        "fx [px]",
        "fy [px]",
        "cx [px]",
        "cy [px]",
        "horizontal view [deg]",
        "distortion",
    ];
    (!rows.is_empty()).then(|| Table {
        about: About {
            subject: "recording".to_owned(),
            group: "calibration",
            codes: vec!["calibration.intrinsics", "calibration.intrinsics_unusual"],
            title: "intrinsics as recorded".to_owned(),
            caption: String::new(),
        },
        columns: heads.map(str::to_owned).to_vec(),
        rows,
    })
}

#[cfg(test)]
mod tests;
