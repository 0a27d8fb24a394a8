//! Vectors, rotations and poses of the simulated world, in double precision.
//!
//! Transcendental functions come from `libm`, so that a seed gives the same drive everywhere.
//! Rotations are unit quaternions in the order x y z w; `a_from_b` maps points of `b` into `a`.

/// A vector or point, meters unless said otherwise.
pub(crate) type Vec3 = [f64; 3];

/// A rotation and a translation: `parent_from_child`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    pub(crate) meters: Vec3,
    pub(crate) quat_xyzw: [f64; 4],
}

pub(crate) fn add(a: Vec3, b: Vec3) -> Vec3 {
    std::array::from_fn(|i| a[i] + b[i])
}

pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    std::array::from_fn(|i| a[i] - b[i])
}

pub(crate) fn scale(a: Vec3, by: f64) -> Vec3 {
    a.map(|value| value * by)
}

pub(crate) fn norm(a: Vec3) -> f64 {
    libm::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])
}

fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Hamilton product.
pub(crate) fn multiply(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let [ax, ay, az, aw] = a;
    let [bx, by, bz, bw] = b;
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

pub(crate) fn conjugate(q: [f64; 4]) -> [f64; 4] {
    [-q[0], -q[1], -q[2], q[3]]
}

/// Rotates a vector.
pub(crate) fn rotate(q: [f64; 4], v: Vec3) -> Vec3 {
    let axis = [q[0], q[1], q[2]];
    let twice = scale(cross(axis, v), 2.0);
    add(add(v, scale(twice, q[3])), cross(axis, twice))
}

/// Rotation of an axis times an angle in radians.
pub(crate) fn from_rotation_vector(v: Vec3) -> [f64; 4] {
    let angle = norm(v);
    if angle < 1e-12 {
        return [v[0] / 2.0, v[1] / 2.0, v[2] / 2.0, 1.0];
    }
    let (s, c) = libm::sincos(angle / 2.0);
    let by = s / angle;
    [v[0] * by, v[1] * by, v[2] * by, c]
}

/// Axis times angle in radians, angle at most pi.
pub(crate) fn rotation_vector(q: [f64; 4]) -> Vec3 {
    let sign = if q[3] < 0.0 { -1.0 } else { 1.0 };
    let axis = [q[0] * sign, q[1] * sign, q[2] * sign];
    let length = norm(axis);
    if length < 1e-12 {
        return scale(axis, 2.0);
    }
    scale(axis, 2.0 * libm::atan2(length, q[3] * sign) / length)
}

/// Turn about z, then about the new y, then about the new x.
pub(crate) fn from_yaw_pitch_roll(yaw: f64, pitch: f64, roll: f64) -> [f64; 4] {
    let z = from_rotation_vector([0.0, 0.0, yaw]);
    let y = from_rotation_vector([0.0, pitch, 0.0]);
    multiply(multiply(z, y), from_rotation_vector([roll, 0.0, 0.0]))
}

impl Pose {
    pub(crate) const IDENTITY: Self = Self {
        meters: [0.0; 3],
        quat_xyzw: [0.0, 0.0, 0.0, 1.0],
    };

    pub(crate) const fn new(meters: Vec3, quat_xyzw: [f64; 4]) -> Self {
        Self { meters, quat_xyzw }
    }

    /// `a_from_b` and `b_from_c` give `a_from_c`.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self {
            meters: self.apply(next.meters),
            quat_xyzw: multiply(self.quat_xyzw, next.quat_xyzw),
        }
    }

    pub(crate) fn inverse(&self) -> Self {
        let back = conjugate(self.quat_xyzw);
        Self {
            meters: scale(rotate(back, self.meters), -1.0),
            quat_xyzw: back,
        }
    }

    pub(crate) fn apply(&self, point: Vec3) -> Vec3 {
        add(self.meters, rotate(self.quat_xyzw, point))
    }

    /// Columns of the rotation: the child's axes in the parent.
    pub(crate) fn axes(&self) -> [Vec3; 3] {
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| rotate(self.quat_xyzw, axis))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rendering, clouds and some message types are single precision"
)]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poses_compose_invert_and_turn() {
        let a = Pose::new([1.0, 2.0, 3.0], from_yaw_pitch_roll(0.3, -0.2, 0.9));
        let b = Pose::new([-2.0, 0.5, 1.0], from_rotation_vector([0.1, 2.0, -0.4]));
        let point = [0.3, -0.7, 5.0];
        let both = a.then(&b).apply(point);
        assert!(norm(sub(both, a.apply(b.apply(point)))) < 1e-12);
        assert!(norm(sub(a.inverse().apply(a.apply(point)), point)) < 1e-12);
        let turn = [0.1, -0.2, 0.3];
        assert!(norm(sub(rotation_vector(from_rotation_vector(turn)), turn)) < 1e-12);
        // A quarter turn to the left takes x to y.
        let left = from_yaw_pitch_roll(std::f64::consts::FRAC_PI_2, 0.0, 0.0);
        assert!(norm(sub(rotate(left, [1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])) < 1e-12);
    }
}
