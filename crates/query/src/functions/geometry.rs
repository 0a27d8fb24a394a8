//! Distances, angles, rotations, overlaps.

use super::{Arg, Call, Function};
use fieldassay_measure::boxes::{BirdsEye, Cuboid, Rect};
use fieldassay_measure::pose::matrix::{norm, subtract};
use fieldassay_measure::pose::{self, Pose, bearing, normalized, wrapped_angle};

const QUAT: &[Arg] = &[("qw", ""), ("qx", ""), ("qy", ""), ("qz", "")];

const TRANSFORM: &[Arg] = &[
    ("x_m", "m"),
    ("y_m", "m"),
    ("z_m", "m"),
    ("qw", ""),
    ("qx", ""),
    ("qy", ""),
    ("qz", ""),
    ("point_x_m", "m"),
    ("point_y_m", "m"),
    ("point_z_m", "m"),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "distance_2d",
        args: &[("x1", "m"), ("y1", "m"), ("x2", "m"), ("y2", "m")],
        unit: "m",
        about: "Distance of two points of a plane.",
        measure: "pose::matrix::norm",
        call: Call::Row(|a| match *a {
            [x1, y1, x2, y2] => Some(norm(&subtract(&[x1, y1], &[x2, y2]))),
            _ => None,
        }),
    },
    Function {
        name: "distance_3d",
        args: &[
            ("x1", "m"),
            ("y1", "m"),
            ("z1", "m"),
            ("x2", "m"),
            ("y2", "m"),
            ("z2", "m"),
        ],
        unit: "m",
        about: "Distance of two points in space.",
        measure: "pose::matrix::norm",
        call: Call::Row(|a| match *a {
            [x1, y1, z1, x2, y2, z2] => Some(norm(&subtract(&[x1, y1, z1], &[x2, y2, z2]))),
            _ => None,
        }),
    },
    Function {
        name: "bearing",
        args: &[("x1", "m"), ("y1", "m"), ("x2", "m"), ("y2", "m")],
        unit: "rad",
        about: "Direction from the first point to the second, from the first axis toward the second, -π to π.",
        measure: "pose::bearing",
        call: Call::Row(|a| match *a {
            [x1, y1, x2, y2] => Some(bearing(&[x1, y1], &[x2, y2])),
            _ => None,
        }),
    },
    Function {
        name: "wrap_angle",
        args: &[("angle", "rad")],
        unit: "rad",
        about: "The angle with whole turns taken off: above -π, up to π.",
        measure: "pose::wrapped_angle",
        call: Call::Row(|a| a.first().map(|angle| wrapped_angle(*angle))),
    },
    Function {
        name: "quat_roll",
        args: QUAT,
        unit: "rad",
        about: "Roll: the turn about the fixed x axis, done first (REP 103).",
        measure: "pose::roll_pitch_yaw",
        call: Call::Row(|a| turn(a, 0)),
    },
    Function {
        name: "quat_pitch",
        args: QUAT,
        unit: "rad",
        about: "Pitch: the turn about the fixed y axis, done second.",
        measure: "pose::roll_pitch_yaw",
        call: Call::Row(|a| turn(a, 1)),
    },
    Function {
        name: "quat_yaw",
        args: QUAT,
        unit: "rad",
        about: "Yaw: the turn about the fixed z axis, done last.",
        measure: "pose::roll_pitch_yaw",
        call: Call::Row(|a| turn(a, 2)),
    },
    Function {
        name: "rotation_angle",
        args: &[
            ("qw1", ""),
            ("qx1", ""),
            ("qy1", ""),
            ("qz1", ""),
            ("qw2", ""),
            ("qx2", ""),
            ("qy2", ""),
            ("qz2", ""),
        ],
        unit: "rad",
        about: "Angle between two rotations, 0 to π.",
        measure: "pose::angle_between",
        call: Call::Row(|a| {
            let (first, second) = a.split_at_checked(4)?;
            Some(pose::angle_between(&quat(first)?, &quat(second)?))
        }),
    },
    Function {
        name: "transform_x",
        args: TRANSFORM,
        unit: "m",
        about: "A point of the frame of a body in the frame its pose is in, first axis.",
        measure: "pose::Pose::apply",
        call: Call::Row(|a| transformed(a, 0)),
    },
    Function {
        name: "transform_y",
        args: TRANSFORM,
        unit: "m",
        about: "The same, second axis.",
        measure: "pose::Pose::apply",
        call: Call::Row(|a| transformed(a, 1)),
    },
    Function {
        name: "transform_z",
        args: TRANSFORM,
        unit: "m",
        about: "The same, third axis.",
        measure: "pose::Pose::apply",
        call: Call::Row(|a| transformed(a, 2)),
    },
    Function {
        name: "iou_2d",
        args: &[
            ("x1", "px"),
            ("y1", "px"),
            ("width1", "px"),
            ("height1", "px"),
            ("x2", "px"),
            ("y2", "px"),
            ("width2", "px"),
            ("height2", "px"),
        ],
        unit: "",
        about: "Intersection over union of two boxes on an image, each by its left upper corner and size, 0 to 1.",
        measure: "boxes::Rect::iou",
        call: Call::Row(|a| {
            let (first, second) = a.split_at_checked(4)?;
            Some(rect(first)?.iou(&rect(second)?))
        }),
    },
    Function {
        name: "iou_bev",
        args: &[
            ("x1", "m"),
            ("y1", "m"),
            ("length1", "m"),
            ("width1", "m"),
            ("yaw1", "rad"),
            ("x2", "m"),
            ("y2", "m"),
            ("length2", "m"),
            ("width2", "m"),
            ("yaw2", "rad"),
        ],
        unit: "",
        about: "Intersection over union of two boxes seen from above, each by its center, size and heading, 0 to 1.",
        measure: "boxes::BirdsEye::iou",
        call: Call::Row(|a| {
            let (first, second) = a.split_at_checked(5)?;
            Some(from_above(first)?.iou(&from_above(second)?))
        }),
    },
    Function {
        name: "iou_3d",
        args: &[
            ("x1", "m"),
            ("y1", "m"),
            ("z1", "m"),
            ("length1", "m"),
            ("width1", "m"),
            ("height1", "m"),
            ("yaw1", "rad"),
            ("x2", "m"),
            ("y2", "m"),
            ("z2", "m"),
            ("length2", "m"),
            ("width2", "m"),
            ("height2", "m"),
            ("yaw2", "rad"),
        ],
        unit: "",
        about: "Intersection over union of two upright boxes in space, each by its center, size and heading, 0 to 1.",
        measure: "boxes::Cuboid::iou",
        call: Call::Row(|a| {
            let (first, second) = a.split_at_checked(7)?;
            Some(cuboid(first)?.iou(&cuboid(second)?))
        }),
    },
];

fn quat(a: &[f64]) -> Option<[f64; 4]> {
    match *a {
        [w, x, y, z] => normalized(&[x, y, z, w]),
        _ => None,
    }
}

fn turn(a: &[f64], index: usize) -> Option<f64> {
    pose::roll_pitch_yaw(&quat(a)?).get(index).copied()
}

fn transformed(a: &[f64], index: usize) -> Option<f64> {
    let (position, rest) = a.split_first_chunk::<3>()?;
    let (rotation, point) = rest.split_at_checked(4)?;
    let pose = Pose {
        translation_meters: *position,
        quat_xyzw: quat(rotation)?,
    };
    let point: &[f64; 3] = point.try_into().ok()?;
    pose.apply(point).get(index).copied()
}

fn rect(a: &[f64]) -> Option<Rect> {
    let corner_and_size: [f64; 4] = a.try_into().ok()?;
    Rect::from(corner_and_size).checked().ok()
}

fn from_above(a: &[f64]) -> Option<BirdsEye> {
    let [x, y, length_meters, width_meters, yaw_radians] = *a else {
        return None;
    };
    let seen = BirdsEye {
        center_meters: [x, y],
        length_meters,
        width_meters,
        yaw_radians,
    };
    seen.checked().ok()
}

fn cuboid(a: &[f64]) -> Option<Cuboid> {
    Cuboid::from_array(a.try_into().ok()?).checked().ok()
}
