//! Rigid motions: composition, logarithm, validity.

use super::Pose;
use super::matrix::{
    Matrix, add, cross, determinant, identity, multiply, norm, scale, subtract, transpose,
};
use super::rotation::{
    conjugate, matrix_of_quat, multiply_quat, normalized, quat_of_matrix, quat_of_rotation_vector,
    rotate, rotation_vector, slerp,
};

/// Distance of the squared norm of a quaternion from 1 that tf2 tolerates
/// (`QUATERNION_NORMALIZATION_TOLERANCE` in `tf2/src/buffer_core.cpp`).
pub const TF2_NORM_TOLERANCE: f64 = 10e-3;

/// Tolerance of evo 1.38.1 for rotation matrices (`lie_algebra.is_so3`): determinant and `R^T R`.
const EVO_TOLERANCE: f64 = 1e-6;

/// Relative part of `numpy.allclose`, which evo uses.
const ALLCLOSE_RELATIVE: f64 = 1e-5;

impl Pose {
    /// No motion.
    pub const IDENTITY: Self = Self {
        translation_meters: [0.0; 3],
        quat_xyzw: [0.0, 0.0, 0.0, 1.0],
    };

    /// A pose from a rotation matrix and a translation in meters. The matrix must be a rotation.
    pub fn from_matrix(rotation: &Matrix<3, 3>, translation_meters: [f64; 3]) -> Self {
        Self {
            translation_meters,
            quat_xyzw: quat_of_matrix(rotation),
        }
    }

    /// The pose with a unit quaternion; none when the quaternion is zero or anything is not finite.
    pub fn normalized(&self) -> Option<Self> {
        let finite = self.translation_meters.iter().all(|x| x.is_finite());
        let quat_xyzw = normalized(&self.quat_xyzw)?;
        finite.then_some(Self { quat_xyzw, ..*self })
    }

    /// `a_from_b.compose(b_from_c)` is `a_from_c`. Both quaternions must have norm 1.
    #[must_use]
    pub fn compose(&self, next: &Self) -> Self {
        Self {
            translation_meters: self.apply(&next.translation_meters),
            quat_xyzw: multiply_quat(&self.quat_xyzw, &next.quat_xyzw),
        }
    }

    /// `b_from_a`. The quaternion must have norm 1.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let quat_xyzw = conjugate(&self.quat_xyzw);
        Self {
            translation_meters: scale(&rotate(&quat_xyzw, &self.translation_meters), -1.0),
            quat_xyzw,
        }
    }

    /// A point of frame b, meters, in frame a. The quaternion must have norm 1.
    pub fn apply(&self, point_meters: &[f64; 3]) -> [f64; 3] {
        add(
            &rotate(&self.quat_xyzw, point_meters),
            &self.translation_meters,
        )
    }

    /// Rotation matrix. The quaternion must have norm 1.
    pub fn rotation_matrix(&self) -> Matrix<3, 3> {
        matrix_of_quat(&self.quat_xyzw)
    }

    /// Angle of the rotation, radians, 0 to pi.
    pub fn angle_radians(&self) -> f64 {
        norm(&rotation_vector(&self.quat_xyzw))
    }

    /// Logarithm in SE(3): three components of rotation in radians, then three of translation in meters, of the screw
    /// motion (Murray, Li and Sastry 1994, A.4).
    pub fn log(&self) -> [f64; 6] {
        let vector = rotation_vector(&self.quat_xyzw);
        let angle = norm(&vector);
        let t = &self.translation_meters;
        let once = cross(&vector, t);
        let twice = cross(&vector, &once);
        // 1 / angle^2 - cot(angle / 2) / (2 angle), by its series near zero.
        let factor = if angle < 1e-3 {
            1.0 / 12.0 + angle * angle / 720.0
        } else {
            (1.0 - 0.5 * angle * (0.5 * angle).cos() / (0.5 * angle).sin()) / (angle * angle)
        };
        let moved: [f64; 3] = std::array::from_fn(|i| t[i] - 0.5 * once[i] + factor * twice[i]);
        [
            vector[0], vector[1], vector[2], moved[0], moved[1], moved[2],
        ]
    }

    /// The inverse of [`Pose::log`].
    pub fn exp(screw: &[f64; 6]) -> Self {
        let [rx, ry, rz, tx, ty, tz] = *screw;
        let (vector, t) = ([rx, ry, rz], [tx, ty, tz]);
        let angle = norm(&vector);
        let square = angle * angle;
        // (1 - cos) / angle^2 and (angle - sin) / angle^3, by their series near zero.
        let (first, second) = if angle < 1e-3 {
            (0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0)
        } else {
            (
                (1.0 - angle.cos()) / square,
                (angle - angle.sin()) / (square * angle),
            )
        };
        let once = cross(&vector, &t);
        let twice = cross(&vector, &once);
        Self {
            translation_meters: std::array::from_fn(|i| t[i] + first * once[i] + second * twice[i]),
            quat_xyzw: quat_of_rotation_vector(&vector),
        }
    }

    /// The pose at `fraction` of the way to another one: the translation straight, the rotation along the shorter arc,
    /// as tf2 does. Both quaternions must have norm 1.
    #[must_use]
    pub fn interpolate(&self, other: &Self, fraction: f64) -> Self {
        let step = subtract(&other.translation_meters, &self.translation_meters);
        Self {
            translation_meters: add(&self.translation_meters, &scale(&step, fraction)),
            quat_xyzw: slerp(&self.quat_xyzw, &other.quat_xyzw, fraction),
        }
    }
}

/// What is wrong with a recorded pose.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PoseDefect {
    /// A component is NaN or infinite.
    #[error("a component is not finite")]
    NotFinite,
    /// tf2 would refuse the quaternion.
    #[error(
        "the squared norm of the quaternion is `{squared_norm}`, expected 1 within {TF2_NORM_TOLERANCE}"
    )]
    Denormalized {
        /// The value seen.
        squared_norm: f64,
    },
}

/// Whether tf2 would take a pose: finite, and the squared norm of the quaternion within 0.01 of 1 (tf2
/// `BufferCore::setTransform`).
///
/// Errors: [`PoseDefect`].
pub fn validate(pose: &Pose) -> Result<(), PoseDefect> {
    let finite = pose
        .translation_meters
        .iter()
        .chain(&pose.quat_xyzw)
        .all(|x| x.is_finite());
    if !finite {
        return Err(PoseDefect::NotFinite);
    }
    let squared_norm: f64 = pose.quat_xyzw.iter().map(|x| x * x).sum();
    if (squared_norm - 1.0).abs() > TF2_NORM_TOLERANCE {
        return Err(PoseDefect::Denormalized { squared_norm });
    }
    Ok(())
}

/// Whether a matrix is a rotation as evo 1.38.1 sees it (`lie_algebra.is_so3`): determinant within 1e-6 of 1 and
/// `R^T R` equal to the identity by `numpy.allclose(atol=1e-6)`, whose relative part of 1e-5 is granted to the ones of
/// the diagonal. NaN is none.
pub fn is_rotation(matrix: &Matrix<3, 3>) -> bool {
    is_rotation_within(matrix, EVO_TOLERANCE)
}

/// [`is_rotation`] with another absolute tolerance.
pub fn is_rotation_within(matrix: &Matrix<3, 3>, tolerance: f64) -> bool {
    let product = multiply(&transpose(matrix), matrix);
    let unit = identity::<3>();
    let orthonormal = product
        .iter()
        .flatten()
        .zip(unit.iter().flatten())
        .all(|(seen, wanted)| (seen - wanted).abs() <= tolerance + ALLCLOSE_RELATIVE * wanted);
    orthonormal && (determinant(matrix) - 1.0).abs() <= tolerance + ALLCLOSE_RELATIVE
}

#[cfg(test)]
mod tests {
    use super::super::rotation::same_rotation;
    use super::*;
    use proptest::prelude::*;

    fn poses() -> impl Strategy<Value = Pose> {
        (
            prop::array::uniform3(-1.5..1.5f64),
            prop::array::uniform3(-20.0..20.0f64),
        )
            .prop_map(|(v, translation_meters)| Pose {
                translation_meters,
                quat_xyzw: quat_of_rotation_vector(&v),
            })
    }

    fn close(a: &Pose, b: &Pose, within: f64) -> bool {
        norm(&subtract(&a.translation_meters, &b.translation_meters)) <= within
            && same_rotation(&a.quat_xyzw, &b.quat_xyzw, within)
    }

    #[test]
    fn defects_are_named() {
        let mut pose = Pose::IDENTITY;
        assert_eq!(validate(&pose), Ok(()));
        pose.quat_xyzw[3] = 1.0049;
        assert_eq!(validate(&pose), Ok(()));
        pose.quat_xyzw[3] = 1.006;
        assert!(matches!(
            validate(&pose),
            Err(PoseDefect::Denormalized { .. })
        ));
        pose.translation_meters[0] = f64::NAN;
        assert_eq!(validate(&pose), Err(PoseDefect::NotFinite));
        assert_eq!(pose.normalized(), None);
    }

    #[test]
    fn reflections_and_scales_are_no_rotations() {
        let mut matrix = identity::<3>();
        assert!(is_rotation(&matrix));
        matrix[0][0] = -1.0;
        assert!(!is_rotation(&matrix));
        matrix[0][0] = 1.0 + 2e-5;
        assert!(!is_rotation(&matrix));
        matrix[0][0] = f64::NAN;
        assert!(!is_rotation(&matrix));
    }

    proptest! {
        #[test]
        fn a_pose_and_its_inverse_cancel(a in poses(), b in poses(), p in prop::array::uniform3(-9.0..9.0f64)) {
            prop_assert!(close(&a.compose(&a.inverse()), &Pose::IDENTITY, 1e-12));
            let (x, y) = (a.compose(&b).apply(&p), a.apply(&b.apply(&p)));
            prop_assert!(norm(&subtract(&x, &y)) < 1e-11);
        }

        #[test]
        fn exp_and_log_are_inverse(a in poses(), small in 1e-9..1.0f64) {
            prop_assert!(close(&Pose::exp(&a.log()), &a, 1e-10));
            let screw = scale(&a.log(), small);
            let back = Pose::exp(&screw).log();
            prop_assert!((0..6).all(|i| (back[i] - screw[i]).abs() < 1e-10));
        }

        #[test]
        fn interpolation_meets_its_ends(a in poses(), b in poses()) {
            prop_assert!(close(&a.interpolate(&b, 0.0), &a, 1e-12));
            prop_assert!(close(&a.interpolate(&b, 1.0), &b, 1e-9));
        }
    }
}
