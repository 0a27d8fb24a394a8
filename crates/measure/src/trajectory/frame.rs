//! Poses as matrices, as measures of paths need them.

use crate::pose::matrix::{
    Matrix, identity, multiply, nearest_rotation, norm, subtract, transform, transpose,
};
use crate::pose::{Pose, StampedPose, matrix_of_quat, quat_of_matrix};

/// Departure of `R^T R` from the identity up to which a matrix is taken for a rotation as it is.
const EXACT: f64 = 1e-12;
/// Departure up to which Newton's iteration finds the nearest rotation in two steps.
const NEAR: f64 = 1e-3;

/// A pose as rotation matrix and position. The matrix is kept as recorded: files with few digits hold matrices that
/// are rotations only nearly, and peers compute with them as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Rotation `world_from_body`, row-major.
    pub rotation: Matrix<3, 3>,
    /// Position in the world, meters.
    pub position_meters: [f64; 3],
}

impl Frame {
    /// The frame of a pose; none where its quaternion is zero or anything is not finite.
    pub fn of(pose: &Pose) -> Option<Self> {
        let unit = pose.normalized()?;
        Some(Self {
            rotation: matrix_of_quat(&unit.quat_xyzw),
            position_meters: unit.translation_meters,
        })
    }

    /// The frame of the rows of a 3 x 4 matrix (KITTI); none where it is not finite or no rotation within 1e-3.
    pub fn of_rows(rows: &[f64; 12]) -> Option<Self> {
        let [a, b, c, x, d, e, f, y, g, h, i, z] = *rows;
        let frame = Self {
            rotation: [[a, b, c], [d, e, f], [g, h, i]],
            position_meters: [x, y, z],
        };
        let is_finite = rows.iter().all(|v| v.is_finite());
        let is_rotation = departure(&frame.rotation) < NEAR
            && crate::pose::matrix::determinant(&frame.rotation) > 0.0;
        (is_finite && is_rotation).then_some(frame)
    }

    /// The pose with the nearest rotation as quaternion.
    pub fn pose(&self) -> Pose {
        Pose {
            translation_meters: self.position_meters,
            quat_xyzw: quat_of_matrix(&orthonormal(&self.rotation)),
        }
    }

    /// `self^-1 other`, with the transpose for the inverse.
    #[must_use]
    pub fn between(&self, other: &Self) -> Self {
        let back = transpose(&self.rotation);
        Self {
            rotation: multiply(&back, &other.rotation),
            position_meters: transform(
                &back,
                &subtract(&other.position_meters, &self.position_meters),
            ),
        }
    }

    /// Angle of the rotation, radians, 0 to pi, exact near both ends.
    pub fn angle_radians(&self) -> f64 {
        angle_of(&orthonormal(&self.rotation))
    }

    /// Distance from the origin, meters.
    pub fn distance_meters(&self) -> f64 {
        norm(&self.position_meters)
    }
}

/// Largest departure of `R^T R` from the identity.
fn departure(m: &Matrix<3, 3>) -> f64 {
    let gram = multiply(&transpose(m), m);
    let unit = identity::<3>();
    let cells = gram.iter().flatten().zip(unit.iter().flatten());
    cells.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The nearest rotation: the polar factor, as `scipy.spatial.transform` takes it.
pub(super) fn orthonormal(m: &Matrix<3, 3>) -> Matrix<3, 3> {
    let off = departure(m);
    if off <= EXACT {
        return *m;
    }
    if off > NEAR {
        return nearest_rotation(m);
    }
    // Newton's iteration for the polar factor squares the departure in each step.
    let mut found = *m;
    for _ in 0..2 {
        let gram = multiply(&transpose(&found), &found);
        let unit = identity::<3>();
        let step: Matrix<3, 3> =
            std::array::from_fn(|i| std::array::from_fn(|j| 1.5 * unit[i][j] - 0.5 * gram[i][j]));
        found = multiply(&found, &step);
    }
    found
}

fn angle_of(m: &Matrix<3, 3>) -> f64 {
    let twice_sine = norm(&[m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]]);
    let twice_cosine = m[0][0] + m[1][1] + m[2][2] - 1.0;
    twice_sine.atan2(twice_cosine)
}

/// Length of the path up to each pose, meters; 0 at the first. Cost: one pass.
pub fn distances(path: &[Frame]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut last = path.first().map(|frame| frame.position_meters);
    path.iter()
        .map(|frame| {
            if let Some(before) = last.replace(frame.position_meters) {
                sum += norm(&subtract(&frame.position_meters, &before));
            }
            sum
        })
        .collect()
}

impl PathError {
    /// Which path it is about: `reference` or `estimate`.
    pub const fn whose(&self) -> &'static str {
        match self {
            Self::Empty { whose }
            | Self::Unsorted { whose, .. }
            | Self::Repeated { whose, .. }
            | Self::NoPose { whose, .. } => whose,
        }
    }

    /// Index of the pose to blame, from 0; none of a path without poses.
    pub const fn index(&self) -> Option<usize> {
        match self {
            Self::Empty { .. } => None,
            Self::Unsorted { index, .. }
            | Self::Repeated { index, .. }
            | Self::NoPose { index, .. } => Some(*index),
        }
    }
}

/// Why a path cannot be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No poses.
    #[error("the {whose} has no poses; hint: look at its first lines, or at the topic")]
    Empty {
        /// `reference` or `estimate`.
        whose: &'static str,
    },
    /// A stamp that is before its predecessor.
    #[error(
        "stamp `{index}` of the {whose} is before the one before it; hint: sort the poses by time, or take the stamps as they are (evo does)"
    )]
    Unsorted {
        /// `reference` or `estimate`.
        whose: &'static str,
        /// Index of the stamp, from 0.
        index: usize,
    },
    /// A stamp that appears twice where a pair would use it.
    #[error(
        "stamp `{index}` of the {whose} repeats the one before it, and a pair would use one of the two; hint: keep one pose per time, or take the stamps as they are (evo does)"
    )]
    Repeated {
        /// `reference` or `estimate`.
        whose: &'static str,
        /// Index of the second of the two, from 0.
        index: usize,
    },
    /// A pose with a NaN, an infinity, or what is no rotation.
    #[error(
        "pose `{index}` of the {whose} is not finite or has no rotation; hint: drop the row, and find out why it was written"
    )]
    NoPose {
        /// `reference` or `estimate`.
        whose: &'static str,
        /// Index of the pose, from 0.
        index: usize,
    },
}

/// The frames of stamped poses, whatever their stamps; refuses poses that are none.
///
/// `whose` is `reference` or `estimate` and goes into the message. Errors: [`PathError::NoPose`]. Cost: one pass.
pub fn frames(poses: &[StampedPose], whose: &'static str) -> Result<Vec<Frame>, PathError> {
    poses
        .iter()
        .enumerate()
        .map(|(index, p)| Frame::of(&p.pose).ok_or(PathError::NoPose { whose, index }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::quat_of_rotation_vector;

    #[test]
    fn angles_are_exact_at_both_ends() {
        for angle in [1e-9, 0.3, 3.0, std::f64::consts::PI - 1e-9] {
            let frame = Frame::of(&Pose {
                translation_meters: [0.0; 3],
                quat_xyzw: quat_of_rotation_vector(&[0.6 * angle, 0.0, -0.8 * angle]),
            })
            .unwrap();
            assert!((frame.angle_radians() - angle).abs() < 1e-15 + 1e-15 * angle);
        }
    }

    #[test]
    fn a_rounded_matrix_is_brought_to_the_nearest_rotation() {
        let exact = matrix_of_quat(&quat_of_rotation_vector(&[0.3, -0.2, 1.0]));
        let rounded = exact.map(|row| row.map(|x| (x * 1e6).round() / 1e6));
        let near = orthonormal(&rounded);
        let wanted = nearest_rotation(&rounded);
        for (a, b) in near.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
        assert!(
            Frame::of_rows(&[2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]).is_none()
        );
    }
}
