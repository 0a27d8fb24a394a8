//! Whether cameras look where their names and the convention of optical frames say.
//!
//! Read [`contradictions`] first.
//!
//! Not here: how many degrees a mount is off (`eye`, and `alignment` for LiDARs).

use crate::sensors::Context;
use crate::sensors::rig::Camera;
use fieldassay_measure::pose::Pose;
use fieldassay_measure::pose::matrix::dot;

/// Frames of vehicles with x forward, y left and z up (REP 105, nuScenes, Argoverse 2, Autoware, CARLA).
const BODIES: [&str; 6] = [
    "base_link",
    "base_footprint",
    "egovehicle",
    "ego_vehicle",
    "vehicle",
    "ego",
];
/// Words of names and the direction they claim.
const WORDS: [(&str, [f64; 3]); 9] = [
    ("front", [1.0, 0.0, 0.0]),
    ("forward", [1.0, 0.0, 0.0]),
    ("fwd", [1.0, 0.0, 0.0]),
    ("rear", [-1.0, 0.0, 0.0]),
    ("back", [-1.0, 0.0, 0.0]),
    ("backward", [-1.0, 0.0, 0.0]),
    ("behind", [-1.0, 0.0, 0.0]),
    ("left", [0.0, 1.0, 0.0]),
    ("right", [0.0, -1.0, 0.0]),
];
/// Cameras that look up on purpose.
const UPWARD: [&str; 6] = ["up", "upward", "sky", "ceiling", "zenith", "top"];
/// An axis this far along a direction points there, or away from it: 30 and 120 degrees.
const ALONG: f64 = 0.866;
const AWAY: f64 = -0.5;
/// Two cameras of a pair look the same way within 10 degrees and stand this far apart, meters.
const PARALLEL: f64 = 0.985;
const APART_METERS: f64 = 0.02;

/// A camera on a vehicle.
struct Mounted<'a> {
    name: &'a str,
    words: Vec<String>,
    /// Optical axis and place in the vehicle's frame.
    axis: [f64; 3],
    place: [f64; 3],
}

/// Cameras that are rigidly connected with a frame of the vehicle, and what contradicts the names of some of them, as
/// sentences. Cost: a walk over the mounts per camera.
pub(super) fn contradictions(context: &Context<'_>) -> (usize, Vec<String>) {
    let mounted: Vec<Mounted<'_>> = context
        .rig
        .cameras
        .iter()
        .filter_map(|camera| mounted(camera, context))
        .collect();
    let mut found: Vec<String> = mounted.iter().filter_map(looks_elsewhere).collect();
    for left in &mounted {
        let swapped = mounted.iter().find(|right| are_swapped(left, right));
        if let Some(right) = swapped {
            found.push(format!("{} stands right of {}", left.name, right.name));
        }
    }
    (mounted.len(), found)
}

fn mounted<'a>(camera: &'a Camera, context: &Context<'_>) -> Option<Mounted<'a>> {
    let frame = camera.info.frame.as_str();
    let body_from_camera: Pose = BODIES
        .into_iter()
        .find_map(|body| context.rig.between(body, frame))?
        .normalized()?;
    let apart = |c: char| !c.is_ascii_alphanumeric();
    let names = frame.split(apart).chain(camera.topic.split(apart));
    Some(Mounted {
        name: frame,
        words: names.map(str::to_ascii_lowercase).collect(),
        axis: body_from_camera.rotation_matrix().map(|row| row[2]),
        place: body_from_camera.translation_meters,
    })
}

impl Mounted<'_> {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }
}

fn looks_elsewhere(camera: &Mounted<'_>) -> Option<String> {
    let name = camera.name;
    if camera.axis[2] > ALONG && !UPWARD.into_iter().any(|word| camera.has(word)) {
        // What z is where the axes of the body (x forward, z up) stand for those of the optics (z forward).
        return Some(format!("the optical axis of {name} points up"));
    }
    WORDS
        .into_iter()
        .find(|(word, claimed)| camera.has(word) && dot(&camera.axis, claimed) < AWAY)
        .map(|(word, _)| format!("{name} looks away from the {word}"))
}

/// Whether two cameras that look forward are named as left and right and stand the other way round.
fn are_swapped(left: &Mounted<'_>, right: &Mounted<'_>) -> bool {
    let mirrored = left.words.len() == right.words.len()
        && left.has("left")
        && left
            .words
            .iter()
            .zip(&right.words)
            .all(|(a, b)| a == b || (a == "left" && b == "right"));
    mirrored
        && right.has("right")
        && !right.has("left")
        && left.axis[0] > ALONG
        && dot(&left.axis, &right.axis) > PARALLEL
        && left.place[1] < right.place[1] - APART_METERS
}

#[cfg(test)]
mod tests {
    use super::contradictions;
    use crate::sensors::rig::{Camera, Mount};
    use crate::sensors::{Context, NoReread, Rig};
    use fieldassay_formats::sensor::CameraInfo;
    use fieldassay_measure::pose::{Pose, quat_of_rotation_vector};
    use std::f64::consts::{FRAC_PI_2, PI};

    /// Optical axes (x right, y down, z forward) of a camera turned to the left by `yaw`.
    fn optical(yaw: f64) -> [f64; 4] {
        let turned = |vector: [f64; 3]| Pose {
            translation_meters: [0.0; 3],
            quat_xyzw: quat_of_rotation_vector(&vector),
        };
        let forward = turned([0.0, 0.0, -FRAC_PI_2]).compose(&turned([-FRAC_PI_2, 0.0, 0.0]));
        turned([0.0, 0.0, yaw]).compose(&forward).quat_xyzw
    }

    fn told(cameras: &[(&str, [f64; 3], [f64; 4])]) -> (usize, Vec<String>) {
        let mut rig = Rig::default();
        for (name, place, quat_xyzw) in cameras {
            rig.mounts.push(Mount {
                parent: "base_link".to_owned(),
                child: (*name).to_owned(),
                parent_from_child: Pose {
                    translation_meters: *place,
                    quat_xyzw: *quat_xyzw,
                },
            });
            rig.cameras.push(Camera {
                topic: format!("/{name}/camera_info"),
                info: CameraInfo {
                    frame: (*name).to_owned(),
                    ..CameraInfo::default()
                },
                log_nanos: 0,
                messages: 1,
                changes: 0,
                first_change_nanos: None,
            });
        }
        contradictions(&Context {
            rig: &rig,
            imus: &[],
            poses: &[],
            fixes: &[],
            reread: &NoReread,
            start_nanos: 0,
        })
    }

    #[test]
    fn cameras_look_where_they_say() {
        let ring = [
            ("cam_front", [1.5, 0.0, 1.5], optical(0.0)),
            ("cam_front_left", [1.4, 0.3, 1.5], optical(0.9)),
            ("cam_back_right", [0.2, -0.3, 1.5], optical(-2.0)),
            ("cam_back", [0.0, 0.0, 1.5], optical(PI)),
            ("stereo_left", [1.6, 0.2, 1.2], optical(0.0)),
            ("stereo_right", [1.6, -0.2, 1.2], optical(0.0)),
            ("sky", [0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]),
        ];
        assert_eq!(told(&ring), (7, Vec::new()));
    }

    #[test]
    fn what_contradicts_a_name_is_said() {
        let wrong = [
            // The axes of the vehicle in place of optical ones.
            ("cam_front", [1.5, 0.0, 1.5], [0.0, 0.0, 0.0, 1.0]),
            ("cam_back", [0.0, 0.0, 1.5], optical(0.1)),
            ("stereo_left", [1.6, -0.2, 1.2], optical(0.0)),
            ("stereo_right", [1.6, 0.2, 1.2], optical(0.0)),
        ];
        let (n, found) = told(&wrong);
        assert_eq!(n, 4);
        assert_eq!(
            found,
            [
                "the optical axis of cam_front points up",
                "cam_back looks away from the back",
                "stereo_left stands right of stereo_right",
            ]
        );
    }
}
