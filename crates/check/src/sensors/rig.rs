//! How the sensors are mounted: static transforms and camera calibrations of the recording.
//!
//! Read [`Rig::between`] and [`Rig::camera_of`] first.

use fieldassay_formats::sensor::CameraInfo;
use fieldassay_measure::pose::Pose;
use std::collections::VecDeque;

/// What the recording says about the mounting of its sensors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rig {
    /// Static transforms `parent_from_child`, first value of each edge, by parent and child.
    pub(crate) mounts: Vec<Mount>,
    /// Camera calibrations by topic, first message of each.
    pub(crate) cameras: Vec<Camera>,
}

/// A transform that does not change within the recording.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    pub(crate) parent: String,
    pub(crate) child: String,
    pub(crate) parent_from_child: Pose,
}

/// A camera calibration and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Camera {
    /// Topic of the calibration.
    pub(crate) topic: String,
    /// First message.
    pub(crate) info: CameraInfo,
    /// Log time of the first message, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Messages seen.
    pub(crate) messages: u64,
    /// Messages whose content differs from the one before, header apart, and the first log time of one.
    pub(crate) changes: u64,
    pub(crate) first_change_nanos: Option<i64>,
}

impl Rig {
    /// `a_from_b` where both frames are rigidly connected; the identity when they are the same.
    /// Leading slashes are ignored, as tf2 does. Cost: O(mounts).
    pub(crate) fn between(&self, a: &str, b: &str) -> Option<Pose> {
        let (a, b) = (bare(a), bare(b));
        if a.is_empty() || b.is_empty() {
            return None;
        }
        // Breadth first from `a`, keeping `a_from_frame` for each frame reached.
        let mut known: Vec<(&str, Pose)> = vec![(a, Pose::IDENTITY)];
        let mut next: VecDeque<usize> = VecDeque::from([0]);
        while let Some(index) = next.pop_front() {
            let (frame, a_from_frame) = *known.get(index)?;
            if frame == b {
                return Some(a_from_frame);
            }
            for mount in &self.mounts {
                let (other, step) = if bare(&mount.parent) == frame {
                    (bare(&mount.child), mount.parent_from_child)
                } else if bare(&mount.child) == frame {
                    (bare(&mount.parent), mount.parent_from_child.inverse())
                } else {
                    continue;
                };
                if known.iter().all(|(reached, _)| *reached != other) {
                    next.push_back(known.len());
                    known.push((other, a_from_frame.compose(&step)));
                }
            }
        }
        None
    }

    /// The calibration that belongs to an image stream: the one in the same namespace, else the only one
    /// with the same frame.
    pub(crate) fn camera_of(&self, image_topic: &str, frame: &str) -> Option<&Camera> {
        let namespace = |topic: &str| topic.rsplit_once('/').map(|(head, _)| head.to_owned());
        // `/camera/image_raw/compressed` belongs to `/camera/camera_info`, so parents are tried upwards.
        let mut head = namespace(image_topic);
        while let Some(current) = head.filter(|head| !head.is_empty()) {
            let found = self
                .cameras
                .iter()
                .find(|camera| namespace(&camera.topic).as_deref() == Some(&current));
            if found.is_some() {
                return found;
            }
            head = namespace(&current);
        }
        let mut same = self
            .cameras
            .iter()
            .filter(|camera| !frame.is_empty() && bare(&camera.info.frame) == bare(frame));
        same.next().filter(|_| same.next().is_none())
    }
}

/// A frame name without its leading slash.
fn bare(frame: &str) -> &str {
    frame.strip_prefix('/').unwrap_or(frame)
}

#[cfg(test)]
mod tests {
    use super::{Camera, Mount, Rig};
    use fieldassay_formats::sensor::CameraInfo;
    use fieldassay_measure::pose::Pose;

    fn shift(parent: &str, child: &str, x: f64) -> Mount {
        Mount {
            parent: parent.to_owned(),
            child: child.to_owned(),
            parent_from_child: Pose {
                translation_meters: [x, 0.0, 0.0],
                quat_xyzw: [0.0, 0.0, 0.0, 1.0],
            },
        }
    }

    #[test]
    fn walks_up_and_down_the_mounts() {
        let rig = Rig {
            mounts: vec![shift("/base", "lidar", 1.0), shift("base", "camera", 3.0)],
            cameras: Vec::new(),
        };
        let lidar_from_camera = rig.between("lidar", "/camera").expect("connected");
        assert_eq!(lidar_from_camera.translation_meters, [2.0, 0.0, 0.0]);
        assert_eq!(rig.between("lidar", "map"), None);
        assert_eq!(rig.between("", ""), None);
    }

    #[test]
    fn finds_the_calibration_of_a_camera() {
        let camera = |topic: &str, frame: &str| Camera {
            topic: topic.to_owned(),
            info: CameraInfo {
                frame: frame.to_owned(),
                ..CameraInfo::default()
            },
            log_nanos: 0,
            messages: 1,
            changes: 0,
            first_change_nanos: None,
        };
        let rig = Rig {
            mounts: Vec::new(),
            cameras: vec![camera("/left/camera_info", "l"), camera("/info", "r")],
        };
        let topic =
            |image: &str, frame: &str| rig.camera_of(image, frame).map(|found| found.topic.clone());
        assert_eq!(
            topic("/left/image_raw/compressed", "").as_deref(),
            Some("/left/camera_info")
        );
        assert_eq!(topic("/right/image", "/r").as_deref(), Some("/info"));
        assert_eq!(topic("/other/image", "x"), None);
    }
}
