//! Rotations as unit quaternions, rotation vectors and matrices.

use super::matrix::{Matrix, add_outer, cross, dot, norm, scale, symmetric_eigen};

/// Product `a b` of two quaternions (Hamilton's convention, as in ROS and Eigen): first b, then a.
pub fn multiply_quat(a: &[f64; 4], b: &[f64; 4]) -> [f64; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (*a, *b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

/// The opposite rotation of a unit quaternion.
pub fn conjugate(quat_xyzw: &[f64; 4]) -> [f64; 4] {
    let [x, y, z, w] = *quat_xyzw;
    [-x, -y, -z, w]
}

/// The quaternion scaled to norm 1; none when it is zero or not finite.
pub fn normalized(quat_xyzw: &[f64; 4]) -> Option<[f64; 4]> {
    let length = norm(quat_xyzw);
    (length.is_finite() && length > 1e-150).then(|| scale(quat_xyzw, 1.0 / length))
}

/// A point rotated by a unit quaternion.
pub fn rotate(quat_xyzw: &[f64; 4], point: &[f64; 3]) -> [f64; 3] {
    let [x, y, z, w] = *quat_xyzw;
    let axis = [x, y, z];
    let twice = scale(&cross(&axis, point), 2.0);
    let again = cross(&axis, &twice);
    std::array::from_fn(|i| point[i] + w * twice[i] + again[i])
}

/// Rotation vector of a quaternion, radians: axis times angle, the angle in 0 to pi.
///
/// `2 atan2(|v|, w) v / |v|` after the sign is chosen so that `w >= 0`; exact near 0 and near pi, and indifferent to
/// the norm of the quaternion. The zero quaternion gives zero; NaN gives NaN.
pub fn rotation_vector(quat_xyzw: &[f64; 4]) -> [f64; 3] {
    let sign = if quat_xyzw[3] < 0.0 { -1.0 } else { 1.0 };
    let [x, y, z, w] = scale(quat_xyzw, sign);
    let axis = [x, y, z];
    let length = norm(&axis);
    if length == 0.0 {
        return [0.0; 3];
    }
    scale(&axis, 2.0 * length.atan2(w) / length)
}

/// Unit quaternion of a rotation vector in radians; the inverse of [`rotation_vector`].
pub fn quat_of_rotation_vector(radians: &[f64; 3]) -> [f64; 4] {
    let angle = norm(radians);
    // sin(angle / 2) / angle by its series where the quotient loses digits.
    let factor = if angle < 1e-4 {
        0.5 - angle * angle / 48.0
    } else {
        (0.5 * angle).sin() / angle
    };
    let [x, y, z] = scale(radians, factor);
    [x, y, z, (0.5 * angle).cos()]
}

/// Angle between two rotations given as quaternions, radians, 0 to pi. Sign and norm do not matter.
pub fn angle_between(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    norm(&rotation_vector(&multiply_quat(&conjugate(a), b)))
}

/// Roll, pitch and yaw of a unit quaternion, radians: turns about the fixed axes x, y and z, one after the other
/// (REP 103). Roll and yaw are in -pi to pi, pitch in -pi/2 to pi/2; near its ends roll and yaw are not told apart.
/// NaN gives NaN.
pub fn roll_pitch_yaw(quat_xyzw: &[f64; 4]) -> [f64; 3] {
    let [x, y, z, w] = *quat_xyzw;
    [
        (2.0 * (w * x + y * z)).atan2(1.0 - 2.0 * (x * x + y * y)),
        (2.0 * (w * y - z * x)).clamp(-1.0, 1.0).asin(),
        (2.0 * (w * z + x * y)).atan2(1.0 - 2.0 * (y * y + z * z)),
    ]
}

/// The angle with whole turns taken off, radians: above -pi, up to pi. NaN and infinities give NaN.
pub fn wrapped_angle(radians: f64) -> f64 {
    let turn = radians.rem_euclid(std::f64::consts::TAU);
    if turn > std::f64::consts::PI {
        turn - std::f64::consts::TAU
    } else {
        turn
    }
}

/// Direction from one point of a plane to another, radians from the first axis toward the second, -pi to pi; 0 where
/// they are the same.
pub fn bearing(from_meters: &[f64; 2], to_meters: &[f64; 2]) -> f64 {
    (to_meters[1] - from_meters[1]).atan2(to_meters[0] - from_meters[0])
}

/// Rotation matrix of a unit quaternion.
pub fn matrix_of_quat(quat_xyzw: &[f64; 4]) -> Matrix<3, 3> {
    let [x, y, z, w] = *quat_xyzw;
    [
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - w * z),
            2.0 * (x * z + w * y),
        ],
        [
            2.0 * (x * y + w * z),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - w * x),
        ],
        [
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            1.0 - 2.0 * (x * x + y * y),
        ],
    ]
}

/// Unit quaternion of a rotation matrix, `w >= 0` (Shepperd 1978: the largest component first, so no division by a
/// small number). The matrix must be a rotation: see [`super::is_rotation`].
pub fn quat_of_matrix(m: &Matrix<3, 3>) -> [f64; 4] {
    let trace = m[0][0] + m[1][1] + m[2][2];
    let squares = [m[0][0], m[1][1], m[2][2], trace];
    let largest = (0..4).fold(
        0,
        |best, i| {
            if squares[i] > squares[best] { i } else { best }
        },
    );
    let quat = match largest {
        3 => [
            m[2][1] - m[1][2],
            m[0][2] - m[2][0],
            m[1][0] - m[0][1],
            1.0 + trace,
        ],
        0 => [
            1.0 + 2.0 * m[0][0] - trace,
            m[0][1] + m[1][0],
            m[2][0] + m[0][2],
            m[2][1] - m[1][2],
        ],
        1 => [
            m[0][1] + m[1][0],
            1.0 + 2.0 * m[1][1] - trace,
            m[1][2] + m[2][1],
            m[0][2] - m[2][0],
        ],
        _ => [
            m[2][0] + m[0][2],
            m[1][2] + m[2][1],
            1.0 + 2.0 * m[2][2] - trace,
            m[1][0] - m[0][1],
        ],
    };
    let sign = if quat[3] < 0.0 { -1.0 } else { 1.0 };
    scale(&quat, sign / norm(&quat))
}

/// Rotation between two unit quaternions at `fraction` of the way, along the shorter arc (Shoemake 1985).
/// Fractions outside 0 to 1 go on along the same arc.
pub fn slerp(a: &[f64; 4], b: &[f64; 4], fraction: f64) -> [f64; 4] {
    let step = rotation_vector(&multiply_quat(&conjugate(a), b));
    multiply_quat(a, &quat_of_rotation_vector(&scale(&step, fraction)))
}

/// Whether two rotations are equal up to the sign of the quaternion, within an absolute error of the components.
pub fn same_rotation(a: &[f64; 4], b: &[f64; 4], within: f64) -> bool {
    let sign = if dot(a, b) < 0.0 { -1.0 } else { 1.0 };
    a.iter().zip(b).all(|(x, y)| (x - sign * y).abs() <= within)
}

/// Whether rotations are all about one axis: root mean square of what they turn about other axes below `within`,
/// radians. `rotations` are rotation vectors, radians; none at all counts as one axis, NaN as not.
///
/// Poses from a flat world are such: they see yaw and nothing else. Cost: one pass.
pub fn share_one_axis<'a>(rotations: impl Iterator<Item = &'a [f64; 3]>, within: f64) -> bool {
    let mut sum = [[0.0; 3]; 3];
    let mut count = 0.0_f64;
    for rotation in rotations {
        add_outer(&mut sum, rotation, 1.0);
        count += 1.0;
    }
    let values = symmetric_eigen(&sum).values;
    let largest = values.iter().copied().fold(0.0, f64::max);
    values.iter().sum::<f64>() - largest <= count * within * within
}

#[cfg(test)]
mod tests {
    use super::super::matrix::{identity, multiply, transform, transpose};
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI};

    #[test]
    fn quarter_turns_by_hand() {
        let quarter_z = [0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2];
        let turned = rotate(&quarter_z, &[1.0, 0.0, 0.0]);
        assert!(norm(&[turned[0], turned[1] - 1.0, turned[2]]) < 1e-15);
        let vector = rotation_vector(&quarter_z);
        assert!((vector[2] - FRAC_PI_2).abs() < 1e-15 && vector[0] == 0.0);
        // The other sign is the same rotation.
        assert!((rotation_vector(&scale(&quarter_z, -1.0))[2] - FRAC_PI_2).abs() < 1e-15);
    }

    #[test]
    fn the_ends_of_the_angle_are_exact() {
        assert_eq!(rotation_vector(&[0.0, 0.0, 0.0, 1.0]), [0.0; 3]);
        assert_eq!(rotation_vector(&[0.0; 4]), [0.0; 3]);
        let tiny = [1e-12, 0.0, 0.0, 1.0];
        assert!((rotation_vector(&tiny)[0] - 2e-12).abs() < 1e-26);
        for angle in [PI, PI - 1e-9, 1e-300] {
            let vector = [0.0, angle, 0.0];
            let back = rotation_vector(&quat_of_rotation_vector(&vector));
            assert!((back[1].abs() - angle).abs() < 1e-14, "{angle}: {back:?}");
        }
        assert!(rotation_vector(&[f64::NAN, 0.0, 0.0, 1.0])[0].is_nan());
        assert_eq!(normalized(&[0.0; 4]), None);
        assert_eq!(normalized(&[f64::INFINITY, 0.0, 0.0, 0.0]), None);
    }

    pub(crate) fn vectors() -> impl Strategy<Value = [f64; 3]> {
        prop::array::uniform3(-1.8..1.8f64)
    }

    proptest! {
        #[test]
        fn exp_and_log_are_inverse(v in vectors()) {
            prop_assume!(norm(&v) < PI - 1e-6);
            let back = rotation_vector(&quat_of_rotation_vector(&v));
            prop_assert!((0..3).all(|i| (back[i] - v[i]).abs() < 1e-12));
        }

        #[test]
        fn matrices_and_quaternions_agree(v in vectors(), w in vectors(), p in vectors()) {
            let (a, b) = (quat_of_rotation_vector(&v), quat_of_rotation_vector(&w));
            let (ma, mb) = (matrix_of_quat(&a), matrix_of_quat(&b));
            let product = matrix_of_quat(&multiply_quat(&a, &b));
            let expected = multiply(&ma, &mb);
            prop_assert!((0..9).all(|i| (product[i / 3][i % 3] - expected[i / 3][i % 3]).abs() < 1e-13));
            let (x, y) = (rotate(&a, &p), transform(&ma, &p));
            prop_assert!((0..3).all(|i| (x[i] - y[i]).abs() < 1e-13));
            prop_assert!(same_rotation(&quat_of_matrix(&ma), &a, 1e-12));
            let unit = multiply(&ma, &transpose(&ma));
            prop_assert!((0..9).all(|i| (unit[i / 3][i % 3] - identity::<3>()[i / 3][i % 3]).abs() < 1e-13));
        }

        #[test]
        fn roll_pitch_and_yaw_put_the_rotation_together(v in vectors(), turns in -9_i32..9) {
            let quat = quat_of_rotation_vector(&v);
            let [roll, pitch, yaw] = roll_pitch_yaw(&quat);
            let about = |axis: usize, angle: f64| {
                let mut vector = [0.0; 3];
                vector[axis] = angle;
                quat_of_rotation_vector(&vector)
            };
            let again = multiply_quat(&about(2, yaw), &multiply_quat(&about(1, pitch), &about(0, roll)));
            prop_assert!(same_rotation(&again, &quat, 1e-6));
            let far = yaw + f64::from(turns) * std::f64::consts::TAU;
            prop_assert!((wrapped_angle(far) - yaw).abs() < 1e-12);
            let (sin, cos) = yaw.sin_cos();
            prop_assert!((bearing(&[3.0, -2.0], &[3.0 + cos, sin - 2.0]) - yaw).abs() < 1e-12);
        }

        #[test]
        fn halfway_is_half_the_angle(v in vectors(), w in vectors()) {
            let (a, b) = (quat_of_rotation_vector(&v), quat_of_rotation_vector(&w));
            let middle = slerp(&a, &b, 0.5);
            prop_assert!((angle_between(&a, &middle) - 0.5 * angle_between(&a, &b)).abs() < 1e-9);
            prop_assert!(same_rotation(&slerp(&a, &b, 1.0), &b, 1e-9));
        }
    }

    #[test]
    fn yaw_alone_is_one_axis_and_tilt_is_another() {
        let yaw: Vec<[f64; 3]> = (1..20).map(|i| [0.0, 0.0, 0.1 * f64::from(i)]).collect();
        assert!(super::share_one_axis(yaw.iter(), 1e-6));
        let tilted: Vec<[f64; 3]> = yaw.iter().map(|r| [0.01 * r[2].sin(), 0.0, r[2]]).collect();
        assert!(!super::share_one_axis(tilted.iter(), 1e-4));
        assert!(!super::share_one_axis([[f64::NAN; 3]].iter(), 1.0));
        assert!(super::share_one_axis(std::iter::empty(), 1e-6));
    }
}
