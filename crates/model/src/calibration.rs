//! A calibration found in a recording, as an artefact of its own.

use crate::{RecordingId, hexadecimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// The form of the artefact, `fieldassay.calibration`.
pub const CALIBRATION_SCHEMA: &str = "fieldassay.calibration";

/// Version of the form; a change that breaks readers gets a new number.
pub const CALIBRATION_VERSION: u32 = 1;

/// How the sensors of a recording are calibrated, as the recording says: a value that never changes, named by its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// Always `fieldassay.calibration`.
    pub schema: String,
    /// Version of the form.
    pub version: u32,
    /// `k-` and the first 16 hexadecimal digits of `sha256`.
    pub id: String,
    /// SHA-256 of the canonical JSON of `content`, hexadecimal: the same calibration in two recordings has the same digest.
    pub sha256: String,
    /// Recording it was found in; null until that is known.
    pub source: Option<RecordingId>,
    /// The calibration itself.
    pub content: CalibrationContent,
}

/// Intrinsics and mounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationContent {
    /// Cameras, by topic.
    pub cameras: Vec<CameraIntrinsics>,
    /// Rigid transforms, by parent and child.
    pub mounts: Vec<MountTransform>,
}

/// Intrinsics of one camera, as in `sensor_msgs/CameraInfo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CameraIntrinsics {
    /// Topic of the calibration.
    pub topic: String,
    /// Optical frame.
    pub frame: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `plumb_bob`, `rational_polynomial`, `equidistant`, …
    pub distortion_model: String,
    /// Distortion parameters, in the order of the model.
    pub d: Vec<f64>,
    /// Intrinsic matrix, row-major, pixels.
    pub k: [f64; 9],
    /// Rectification matrix, row-major.
    pub r: [f64; 9],
    /// Projection matrix, row-major, pixels.
    pub p: Vec<f64>,
}

/// A rigid transform `parent_from_child`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MountTransform {
    /// Parent frame.
    pub parent: String,
    /// Child frame.
    pub child: String,
    /// Origin of the child in the parent, meters.
    pub translation_meters: [f64; 3],
    /// Rotation, order x y z w, as recorded.
    pub quat_xyzw: [f64; 4],
}

impl Calibration {
    /// The artefact of some content: cameras sorted by topic, mounts by parent and child, digest and id from that.
    ///
    /// Numbers that are not finite have no form in JSON; content that holds one gives none.
    pub fn new(mut content: CalibrationContent) -> Option<Self> {
        content.cameras.sort_by(|a, b| a.topic.cmp(&b.topic));
        content
            .mounts
            .sort_by(|a, b| (&a.parent, &a.child).cmp(&(&b.parent, &b.child)));
        if !content.is_finite() {
            return None;
        }
        let sha256 = hexadecimal(&sha2::Sha256::digest(content.canonical_json()?.as_bytes()));
        Some(Self {
            schema: CALIBRATION_SCHEMA.to_owned(),
            version: CALIBRATION_VERSION,
            id: format!("k-{}", sha256.chars().take(16).collect::<String>()),
            sha256,
            source: None,
            content,
        })
    }
}

impl CalibrationContent {
    /// One text per value: keys sorted, no spaces, numbers in their shortest form. None when it cannot be written.
    pub fn canonical_json(&self) -> Option<String> {
        crate::strict::canonical_json(self)
    }

    fn is_finite(&self) -> bool {
        let cameras = self.cameras.iter().flat_map(|camera| {
            let matrices = camera.k.iter().chain(&camera.r).chain(&camera.p);
            matrices.chain(&camera.d)
        });
        let mounts = self
            .mounts
            .iter()
            .flat_map(|mount| mount.translation_meters.iter().chain(&mount.quat_xyzw));
        cameras.chain(mounts).all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(z: f64) -> CalibrationContent {
        let mount = |child: &str| MountTransform {
            parent: "base".to_owned(),
            child: child.to_owned(),
            translation_meters: [0.1, 0.0, z],
            quat_xyzw: [0.0, 0.0, 0.0, 1.0],
        };
        CalibrationContent {
            cameras: vec![CameraIntrinsics {
                topic: "/camera/camera_info".to_owned(),
                p: vec![0.0; 12],
                ..CameraIntrinsics::default()
            }],
            mounts: vec![mount("lidar"), mount("imu")],
        }
    }

    #[test]
    fn the_same_content_has_the_same_id_in_any_order() {
        let one = Calibration::new(content(0.3)).unwrap();
        let mut shuffled = content(0.3);
        shuffled.mounts.reverse();
        let other = Calibration::new(shuffled).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.id, format!("k-{}", &one.sha256[..16]));
        assert_ne!(Calibration::new(content(0.31)).unwrap().id, one.id);
        assert_eq!(Calibration::new(content(f64::NAN)), None);
    }

    #[test]
    fn the_text_is_canonical() {
        let text = content(0.5).canonical_json().unwrap();
        assert!(
            text.starts_with(r#"{"cameras":[{"d":[],"distortion_model":"","frame":"","#),
            "{text}"
        );
        let read: CalibrationContent = serde_json::from_str(&text).unwrap();
        assert_eq!(read, content(0.5));
    }
}
