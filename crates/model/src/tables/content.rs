//! What recordings and label files hold: poses, calibration, objects, events, intervals.
//!
//! Read [`OBJECTS`] first. It is one table for boxes in space and shapes on images, because sources give both of one
//! object in one row (KITTI, nuScenes, `OpenLABEL`), and a label and a prediction differ by who said them only.
//!
//! Not here: what is said about things that have no place of their own (`people`).

use super::people::{ANNOTATOR, ITEM_KIND, NOT_SAID, SAID_NS, SAID_UNDER, STEP};
use super::{
    CLOCK, Column, POSE, SOURCE, SOURCE_KEY, Table, integer, integers, meters, nanos, pixels, real,
    reals, text, texts,
};

/// Frame of everything on an image.
const IMAGE: &str =
    "image: origin at the outer corner of its top left pixel, x to the right, y down";
/// Frame of what is measured along an object.
const OBJECT: &str = "the object: x forward, y left, z up";
const NO_BOX: &str = "the source gives no box in space, or not this of it";
const NO_VELOCITY: &str = "the source gives no velocity";
const NO_SHAPE: &str = "the source gives no shape on an image, or not this of it";
const NO_TIME: &str = "the source names no time";

/// Pose of a box that may not be there.
const BOX_POSE: [Column; 7] = {
    let mut columns = POSE;
    let mut at = 0;
    while at < columns.len() {
        columns[at] = columns[at].null(NO_BOX);
        at += 1;
    }
    columns
};

const TIME: Column = nanos("t_ns", "When.");

pub(super) const POSES: Table = Table {
    name: "poses",
    about: "Where a body is at a moment, as a source says: odometry, localization, ground truth.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            TIME,
            CLOCK,
            text("frame", "The frame the pose is in: `map`, `odom`, `city`."),
            text("child_frame", "The frame of the body: `base_link`, `egovehicle`."),
        ],
        &POSE,
        &[reals(
            "covariance",
            "Covariance of x, y, z and the rotations about these axes, 36 numbers row by row, in meters and radians.",
        )
        .frame_in("frame")
        .null("the source gives none")],
    ],
};

pub(super) const TRANSFORMS: Table = Table {
    name: "transforms",
    about: "A rigid transform between two frames that stays as it is: how a sensor is mounted.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            nanos("start_ns", "First moment it holds.").null("it holds from the start"),
            nanos("end_ns", "Last moment it holds.").null("it holds to the end"),
            CLOCK.null("it holds for the whole recording"),
            text("frame", "The parent frame, in which the pose is."),
            text("child_frame", "The child frame, whose pose it is."),
        ],
        &POSE,
    ],
};

pub(super) const CAMERAS: Table = Table {
    name: "cameras",
    about: "Intrinsics of one camera, as `sensor_msgs/CameraInfo` has them.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            nanos("start_ns", "First moment they hold.").null("they hold from the start"),
            nanos("end_ns", "Last moment they hold.").null("they hold to the end"),
            CLOCK.null("they hold for the whole recording"),
            text(
                "topic",
                "Topic of the calibration, or the camera as the layout names it.",
            ),
            text(
                "frame",
                "The optical frame: x to the right, y down, z forward.",
            ),
            pixels("width_px", "Width of the images.").null(NOT_SAID),
            pixels("height_px", "Height of the images.").null(NOT_SAID),
            text(
                "distortion_model",
                "`plumb_bob`, `rational_polynomial`, `equidistant`, …; empty for none.",
            ),
            reals("distortion", "Parameters of the model, in its order."),
            reals(
                "intrinsic_matrix_px",
                "Intrinsic matrix, 9 numbers row by row.",
            )
            .unit("px"),
            reals(
                "rectification_matrix",
                "Rectification matrix, 9 numbers row by row.",
            )
            .null("the source gives none"),
            reals(
                "projection_matrix_px",
                "Projection matrix, 12 numbers row by row.",
            )
            .unit("px")
            .null("the source gives none"),
        ],
    ],
};

pub(super) const ITEMS: Table = Table {
    name: "items",
    about: "One thing that a source of labels speaks of, those without labels too: an image, a sweep, a video and its frames, a question.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            text(
                "item",
                "Its name as the source has it: a file, a token, a task.",
            ),
            ITEM_KIND,
            STEP.null("the item is no sequence, or the row is about all of it"),
            text("camera", "The camera or other stream the row is about.")
                .null("it is about all, or the source names none"),
            TIME.null(NO_TIME),
            CLOCK.null(NO_TIME),
            pixels("width_px", "Width of the image.").null(NOT_SAID),
            pixels("height_px", "Height of the image.").null(NOT_SAID),
        ],
    ],
};

pub(super) const OBJECTS: Table = Table {
    name: "objects",
    about: "One object at a moment, as a box in space, as a shape on an image, or as both; said by people, by a model or by a simulator.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            TIME.null(NO_TIME),
            nanos("end_ns", "Last moment it is so.").null("it is so at `t_ns` only"),
            CLOCK.null(NO_TIME),
            text("item", "What it was seen in, `item` of `items`; for messages the topic.").null("the source names nothing"),
            STEP.null("it was seen in no sequence, or in all of it"),
            text("object_id", "The thing within item and source; its shapes and parts share it.").null("the source gives none"),
            text("track_id", "The object over time; the same text is the same object within recording and source.")
                .null("the source follows no objects"),
            integer("part_of_row", "The row it is a part of: `source_row` of the same recording and source.")
                .null("it is whole"),
            text("category", "Its class, in the words of the source.").null("the source names none"),
            text("frame", "The frame of what is in space: `egovehicle`, `map`, an optical frame.").null(NO_BOX),
        ],
        &BOX_POSE,
        &[
            meters("length_m", "Size along the object's x axis.").frame(OBJECT).null(NO_BOX),
            meters("width_m", "Size along its y axis.").frame(OBJECT).null(NO_BOX),
            meters("height_m", "Size along its z axis.").frame(OBJECT).null(NO_BOX),
            reals("points_m", "Points or a line in space, x, y and z in turn.")
                .unit("m")
                .frame_in("frame")
                .null("the source gives none"),
            real("vx_mps", "Velocity over ground, along the first axis of the frame.").unit("m/s").frame_in("frame").null(NO_VELOCITY),
            real("vy_mps", "Velocity over ground, second axis.").unit("m/s").frame_in("frame").null(NO_VELOCITY),
            real("vz_mps", "Velocity over ground, third axis.").unit("m/s").frame_in("frame").null("the source gives no velocity upwards"),
            integer("point_count", "LiDAR or radar points inside the box.").null(NOT_SAID),
        ],
        &[
            text("camera", "The camera on whose image the shape lies.").null("there is no shape, or the source names no camera"),
            text("shape", "What is drawn on the image.")
                .one_of(&["box", "ellipse", "polygon", "polyline", "points", "mask"])
                .null(NO_SHAPE),
            pixels("x_px", "Left edge of the box around the shape, before `rotation_rad`.").frame(IMAGE).null(NO_SHAPE),
            pixels("y_px", "Top edge of that box.").frame(IMAGE).null(NO_SHAPE),
            pixels("width_px", "Width of that box.").frame(IMAGE).null(NO_SHAPE),
            pixels("height_px", "Height of that box.").frame(IMAGE).null(NO_SHAPE),
            real("rotation_rad", "Turn of a box or ellipse about its center, from x to y, clockwise to the eye.")
                .unit("rad")
                .frame(IMAGE)
                .null("it is along the axes of the image"),
            reals("points_px", "Corners or points, x and y in turn, part by part.")
                .unit("px")
                .frame(IMAGE)
                .null("the shape is a box, an ellipse or a mask, or there is none"),
            integers("part_point_counts", "Points of each part.").null("there is one part"),
            text("mask_rle", "Mask as COCO's compressed run lengths.").null("the shape is no mask"),
        ],
        &[
            text("origin", "Who said it.")
                .one_of(&["human", "model", "simulation", "unknown"]),
            ANNOTATOR.null("no person is named"),
            text("model", "The model that said it, with its version.").null("no model is named"),
            real("score", "How sure the model is; more is surer.").null("the source gives none"),
            SAID_NS.null(NOT_SAID),
        ],
        SAID_UNDER,
    ],
};

pub(super) const EVENTS: Table = Table {
    name: "events",
    about: "Something that happened at a moment: a trigger that fired, a mark of the operator, a change of mode.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            TIME,
            CLOCK,
            text(
                "name",
                "What happened: `hard_brake`, `disengagement`, `operator_flag`, …",
            ),
            text("subject", "What it happened to: a topic, a track, a joint.")
                .null("it is about the recording as a whole"),
            text("track_id", "The object it is about.").null("it is about no object of a track"),
            real("value", "What set it off, as a number.")
                .unit_in("unit")
                .null("there is no number"),
            real("threshold", "What that number was compared with.")
                .unit_in("unit")
                .null("nothing was compared"),
            text("unit", "Unit of `value` and `threshold`.")
                .null("there is no number, or it has no unit"),
            nanos("before_ns", "Length before it that belongs to it.").null("none is stated"),
            nanos("after_ns", "Length after it that belongs to it.").null("none is stated"),
            text("message", "What is said about it.").null("nothing is"),
        ],
    ],
};

pub(super) const INTERVALS: Table = Table {
    name: "intervals",
    about: "A stretch of a recording in which something holds: a scenario that was found, an action, a relation, a task.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            nanos("start_ns", "First moment.").null("it holds from the start"),
            nanos("end_ns", "Last moment.").null("it holds to the end"),
            CLOCK.null("it holds for all of the recording"),
            text("kind", "What sort of thing holds.")
                .one_of(&["scenario", "action", "event", "context", "relation", "task", "episode", "segment"]),
            text("name", "Which one: name of the scenario, class of the action, task in words."),
            text("item", "The sequence it is a stretch of, `item` of `items`.").null("it is the recording itself"),
            texts("subject_ids", "Who it is about: ids of tracks, of objects where the source follows none; in the order the scenario or the source names them."),
            texts("object_ids", "Whom they relate to, in the same form."),
            real("robustness", "By how much the scenario holds; above 0 it does, in the unit of its weakest condition.")
                .null("it was not found by a scenario"),
            text("detail_json", "What else is said of it or what it rests on, an object of names and values.").null("there is nothing"),
            ANNOTATOR.null("no person is named"),
        ],
    ],
};
