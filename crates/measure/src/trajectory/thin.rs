//! Fewer poses, or fewer dimensions: what is cut from a path before it is measured.

use super::errors::TrajectoryError;
use super::frame::{Frame, distances};
use serde::{Deserialize, Serialize};

/// Indices of `count` poses spread evenly over `n`, first and last among them; all of them where `count` is not less.
///
/// Index k is `k (n - 1) / (count - 1)` rounded down, as evo 1.38.1 `--downsample` has it. Errors:
/// [`TrajectoryError::BadOption`] for a count below 2.
pub fn downsample(n: usize, count: usize) -> Result<Vec<usize>, TrajectoryError> {
    if count < 2 {
        return Err(TrajectoryError::BadOption {
            name: "downsample",
            value: count as f64,
            hint: "at least 2 poses",
        });
    }
    if count >= n {
        return Ok((0..n).collect());
    }
    let of = |k: usize| (k as u128 * (n - 1) as u128) / (count - 1) as u128;
    Ok((0..count)
        .map(|k| usize::try_from(of(k)).unwrap_or(n - 1))
        .collect())
}

/// Indices of poses that moved since the last one kept: at least `meters` along the path or `radians` by the direct
/// angle. The first is kept.
///
/// Errors: [`TrajectoryError::BadOption`] for a threshold that is negative or NaN. Cost: one pass. Source: evo 1.38.1
/// `--motion_filter`.
pub fn filter_motion(
    path: &[Frame],
    meters: f64,
    radians: f64,
) -> Result<Vec<usize>, TrajectoryError> {
    for (name, value) in [("meters", meters), ("radians", radians)] {
        if value.is_nan() || value < 0.0 {
            return Err(TrajectoryError::BadOption {
                name,
                value,
                hint: "a motion of at least 0",
            });
        }
    }
    let along = distances(path);
    let mut kept: Vec<usize> = Vec::new();
    for (i, frame) in path.iter().enumerate() {
        let is_moved = kept.last().is_none_or(|&last| {
            along[i] - along[last] >= meters || path[last].between(frame).angle_radians() >= radians
        });
        if is_moved {
            kept.push(i);
        }
    }
    Ok(kept)
}

/// A plane of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// z becomes 0, and the rotation its yaw.
    Xy,
    /// y becomes 0, and the rotation its pitch.
    Xz,
    /// x becomes 0, and the rotation its roll.
    Yz,
}

/// The frame in a plane: no coordinate along the normal, and of the rotation only the one of roll, pitch and yaw
/// (about the fixed x, then y, then z axis) that turns about the normal. Source: evo 1.38.1 `--project_to_plane`.
#[must_use]
pub fn project(frame: &Frame, plane: Plane) -> Frame {
    let m = &frame.rotation;
    let [x, y, z] = frame.position_meters;
    let (position_meters, angle) = match plane {
        Plane::Xy => ([x, y, 0.0], m[1][0].atan2(m[0][0])),
        Plane::Xz => ([x, 0.0, z], (-m[2][0]).atan2(m[0][0].hypot(m[1][0]))),
        Plane::Yz => ([0.0, y, z], m[2][1].atan2(m[2][2])),
    };
    let (s, c) = angle.sin_cos();
    let rotation = match plane {
        Plane::Xy => [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]],
        Plane::Xz => [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]],
        Plane::Yz => [[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]],
    };
    Frame {
        rotation,
        position_meters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::matrix::multiply;

    fn turn(radians: [f64; 3]) -> Frame {
        // Yaw times pitch times roll, each from the projection of its own rotation.
        let about = |axis: usize, plane| {
            let mut vector = [0.0; 3];
            vector[axis] = radians[axis];
            let pose = crate::pose::Pose {
                translation_meters: [1.0, 2.0, 3.0],
                quat_xyzw: crate::pose::quat_of_rotation_vector(&vector),
            };
            let frame = Frame::of(&pose).unwrap();
            assert!(project(&frame, plane).between(&frame).angle_radians() < 1e-15);
            frame.rotation
        };
        let (roll, pitch, yaw) = (
            about(0, Plane::Yz),
            about(1, Plane::Xz),
            about(2, Plane::Xy),
        );
        Frame {
            rotation: multiply(&yaw, &multiply(&pitch, &roll)),
            position_meters: [1.0, 2.0, 3.0],
        }
    }

    #[test]
    fn a_projection_keeps_its_own_angle() {
        // Angles of a rotation that evo 1.38.1 projects to these three rotation vectors.
        let frame = turn([-1.824_308_93, 0.050_068_15, -2.383_523_79]);
        for (plane, angle, gone) in [
            (Plane::Xy, 2.383_523_79, 2),
            (Plane::Xz, 0.050_068_15, 1),
            (Plane::Yz, 1.824_308_93, 0),
        ] {
            let flat = project(&frame, plane);
            assert!((flat.angle_radians() - angle).abs() < 1e-12);
            assert_eq!(
                flat.position_meters.iter().position(|x| *x == 0.0),
                Some(gone)
            );
        }
    }

    #[test]
    fn fewer_poses_keep_both_ends() {
        assert_eq!(downsample(21, 5).unwrap(), [0, 5, 10, 15, 20]);
        assert_eq!(downsample(3, 5).unwrap(), [0, 1, 2]);
        assert_eq!(downsample(10, 4).unwrap(), [0, 3, 6, 9]);
        assert!(downsample(10, 1).is_err());
        let still = vec![turn([0.0; 3]); 4];
        assert_eq!(filter_motion(&still, 1.0, 0.1).unwrap(), [0]);
        assert_eq!(filter_motion(&still, 0.0, 0.1).unwrap(), [0, 1, 2, 3]);
        assert!(filter_motion(&still, -1.0, 0.1).is_err());
    }
}
