//! Calibration files: `name: number number …` per line, and rigid transforms of them.

use super::super::quat_xyzw_from_rows;
use crate::sensor::{CameraInfo, Pose};
use crate::trajectory::text::float;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The lines of a calibration file that hold numbers.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    values: BTreeMap<String, Vec<f64>>,
}

impl Calibration {
    /// Lines that are not `name: numbers` (dates, corner distances) are left out.
    pub(super) fn parse(text: &str) -> Self {
        let values = text
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.split_once(':')?;
                let numbers: Option<Vec<f64>> = rest
                    .split_ascii_whitespace()
                    .map(|cell| float(cell.as_bytes()))
                    .collect();
                Some((name.trim().to_owned(), numbers?))
            })
            .collect();
        Self { values }
    }

    pub(super) fn get<const N: usize>(&self, name: &str) -> Option<[f64; N]> {
        self.values.get(name)?.as_slice().try_into().ok()
    }

    /// Rotation `rotation` and translation `translation`.
    pub(super) fn rigid(&self, rotation: &str, translation: &str) -> Option<Rigid> {
        Some(Rigid {
            rotation: self.get(rotation)?,
            translation: self.get(translation)?,
        })
    }
}

/// `to_from`: a rotation, row by row, then a translation in meters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rigid {
    pub(super) rotation: [f64; 9],
    pub(super) translation: [f64; 3],
}

impl Rigid {
    pub(super) fn from_rows(rows: &[f64; 12]) -> Self {
        let [a, b, c, x, d, e, f, y, g, h, i, z] = *rows;
        Self {
            rotation: [a, b, c, d, e, f, g, h, i],
            translation: [x, y, z],
        }
    }

    pub(super) fn rotated(rotation: [f64; 9]) -> Self {
        Self {
            rotation,
            translation: [0.0; 3],
        }
    }

    pub(super) fn shifted(translation: [f64; 3]) -> Self {
        Self {
            rotation: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            translation,
        }
    }

    fn turn(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [a, b, c, d, e, f, g, h, i] = self.rotation;
        [
            a * x + b * y + c * z,
            d * x + e * y + f * z,
            g * x + h * y + i * z,
        ]
    }

    /// `a_from_c` of `a_from_b` and `b_from_c`.
    pub(super) fn after(&self, other: &Self) -> Self {
        let [a, b, c, d, e, f, g, h, i] = other.rotation;
        let [ax, ay, az] = self.turn([a, d, g]);
        let [bx, by, bz] = self.turn([b, e, h]);
        let [cx, cy, cz] = self.turn([c, f, i]);
        let [x, y, z] = self.turn(other.translation);
        let [u, v, w] = self.translation;
        Self {
            rotation: [ax, bx, cx, ay, by, cy, az, bz, cz],
            translation: [x + u, y + v, z + w],
        }
    }

    /// `b_from_a` of `a_from_b`.
    pub(super) fn inverse(&self) -> Self {
        let [a, b, c, d, e, f, g, h, i] = self.rotation;
        let transposed = Self::rotated([a, d, g, b, e, h, c, f, i]);
        let [x, y, z] = transposed.turn(self.translation);
        Self {
            rotation: transposed.rotation,
            translation: [-x, -y, -z],
        }
    }

    /// The mount of `child` on `parent` when this is `parent_from_child`; none when it is no rotation.
    pub(super) fn mount(&self, parent: &'static str, child: &str) -> Option<Pose<'static>> {
        Some(Pose {
            parent: Cow::Borrowed(parent),
            child: Cow::Owned(child.to_owned()),
            translation_meters: self.translation,
            quat_xyzw: quat_xyzw_from_rows(&self.rotation)?,
        })
    }
}

/// A camera whose images are rectified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Camera {
    /// Projection matrix from the frame of rectified camera 0, row by row.
    pub(super) projection: [f64; 12],
    /// Pixels; 0 where no file says it.
    pub(super) size: [u32; 2],
}

impl Camera {
    /// `camera_from_camera0` of rectified cameras: the shift the projection matrix holds.
    pub(super) fn shift(&self) -> Option<Rigid> {
        let [fx, _, cx, tx, _, fy, cy, ty, _, _, _, tz] = self.projection;
        let shift = [(tx - cx * tz) / fx, (ty - cy * tz) / fy, tz];
        shift
            .iter()
            .all(|value| value.is_finite())
            .then(|| Rigid::shifted(shift))
    }

    /// The message for a frame of this camera's own.
    pub(super) fn message(&self, frame: &str) -> CameraInfo {
        let [a, b, c, _, d, e, f, _, g, h, i, _] = self.projection;
        let [width, height] = self.size;
        CameraInfo {
            frame: frame.to_owned(),
            width,
            height,
            distortion_model: "plumb_bob".to_owned(),
            d: vec![0.0; 5],
            k: [a, b, c, d, e, f, g, h, i],
            r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p: [a, b, c, 0.0, d, e, f, 0.0, g, h, i, 0.0],
            binning: [0; 2],
            roi: [0; 4],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_and_its_inverse_cancel() {
        let rigid = Rigid {
            rotation: [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
            translation: [1.0, 2.0, 3.0],
        };
        let same = rigid.after(&rigid.inverse());
        assert_eq!(same, Rigid::shifted([0.0; 3]));
        // A quarter turn about z, then the shift: x goes to y.
        let moved = rigid.after(&Rigid::shifted([1.0, 0.0, 0.0]));
        assert_eq!(moved.translation, [1.0, 3.0, 3.0]);
    }

    #[test]
    fn the_baseline_comes_from_the_projection_matrix() {
        // P_rect_01 of 2011_09_26: 0.537 m to the right of camera 0.
        let camera = Camera {
            projection: [
                721.5377, 0.0, 609.5593, -387.5744, 0.0, 721.5377, 172.854, 0.0, 0.0, 0.0, 1.0, 0.0,
            ],
            size: [1242, 375],
        };
        let [x, y, z] = camera.shift().unwrap().translation;
        assert!((x + 0.53715).abs() < 1e-4, "{x}");
        assert_eq!([y, z], [0.0, 0.0]);
    }

    #[test]
    fn lines_without_numbers_are_left_out() {
        let text = "calib_time: 09-Jan-2012 13:57:47\nT: 1 2e-1 -3\nR: 1 2\n\n";
        let calibration = Calibration::parse(text);
        assert_eq!(calibration.get::<3>("T"), Some([1.0, 0.2, -3.0]));
        assert_eq!(calibration.get::<3>("R"), None);
        assert_eq!(calibration.get::<1>("calib_time"), None);
    }
}
