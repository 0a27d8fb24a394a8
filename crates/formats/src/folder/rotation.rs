//! Rotation matrices of calibration files as quaternions.

/// How far rows may be from orthonormal: files round to a few digits.
const TOLERANCE: f64 = 1e-3;

/// The quaternion, order x y z w with w >= 0, of a rotation matrix given row by row.
///
/// None when the rows are not orthonormal and right-handed within 1e-3, NaN included: then it is no
/// rotation. Source: Shepperd, "Quaternion from rotation matrix", 1978 (the largest of four terms).
pub fn quat_xyzw_from_rows(rows: &[f64; 9]) -> Option<[f64; 4]> {
    let [a, b, c, d, e, f, g, h, i] = *rows;
    let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let (x, y, z) = ([a, b, c], [d, e, f], [g, h, i]);
    let determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
    let sound = [
        dot(x, x) - 1.0,
        dot(y, y) - 1.0,
        dot(z, z) - 1.0,
        dot(x, y),
        dot(y, z),
        dot(z, x),
        determinant - 1.0,
    ]
    .iter()
    .all(|error| error.abs() <= TOLERANCE);
    if !sound {
        return None;
    }
    let trace = a + e + i;
    let [qx, qy, qz, qw] = if trace >= a && trace >= e && trace >= i {
        [h - f, c - g, d - b, 1.0 + trace]
    } else if a >= e && a >= i {
        [1.0 + a - e - i, b + d, c + g, h - f]
    } else if e >= i {
        [b + d, 1.0 - a + e - i, f + h, c - g]
    } else {
        [c + g, f + h, 1.0 - a - e + i, d - b]
    };
    let norm = (qx * qx + qy * qy + qz * qz + qw * qw).sqrt();
    let scale = if qw < 0.0 { -norm } else { norm };
    Some([qx / scale, qy / scale, qz / scale, qw / scale])
}

#[cfg(test)]
mod tests {
    use super::quat_xyzw_from_rows;

    /// Row-major matrix of a unit quaternion x y z w.
    fn rows([x, y, z, w]: [f64; 4]) -> [f64; 9] {
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - z * w),
            2.0 * (x * z + y * w),
            2.0 * (x * y + z * w),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - x * w),
            2.0 * (x * z - y * w),
            2.0 * (y * z + x * w),
            1.0 - 2.0 * (x * x + y * y),
        ]
    }

    #[test]
    fn every_branch_gives_the_quaternion_back() {
        for quat in [
            [0.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.1, 0.3, -0.2, (1.0_f64 - 0.14).sqrt()],
            [0.9, 0.1, -0.1, (1.0_f64 - 0.83).sqrt()],
            [0.1, -0.9, 0.1, (1.0_f64 - 0.83).sqrt()],
            [0.1, 0.1, 0.9, (1.0_f64 - 0.83).sqrt()],
        ] {
            let found = quat_xyzw_from_rows(&rows(quat)).unwrap();
            for (found, expected) in found.iter().zip(quat) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
    }

    #[test]
    fn what_is_no_rotation_has_no_quaternion() {
        let identity = rows([0.0, 0.0, 0.0, 1.0]);
        assert_eq!(quat_xyzw_from_rows(&identity.map(|v| v * 1.1)), None);
        assert_eq!(quat_xyzw_from_rows(&identity.map(|v| -v)), None);
        assert_eq!(quat_xyzw_from_rows(&[f64::NAN; 9]), None);
    }
}
