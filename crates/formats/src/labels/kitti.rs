//! KITTI's text files of objects: one file per image.
//!
//! Read [`Row`] and [`read`] first, and [`content`] for boxes in space too. Source: the object devkit's `readme.txt`: type, truncated, occluded, alpha, image
//! box (left, top, right, bottom), height, width, length, bottom center x y z in camera axes, rotation about y, and a
//! score in results.
//!
//! Not here: calibration; labels as messages of a recording ([`crate::folder`]).

use super::content::{Content, Item, Label, Shape, product};
use super::{At, LabelError, Place};
use crate::trajectory::text::{Separator, cells, floats, rows};
use std::f64::consts::FRAC_1_SQRT_2;

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Type as written: `Car`, `DontCare`, …
    pub class: String,
    /// Share outside the image; -1 where unknown.
    pub truncated: f64,
    /// 0 visible to 3 unknown; -1 where unknown.
    pub occluded: f64,
    /// Observation angle, radians; -10 where unknown.
    pub alpha_radians: f64,
    /// Left, top, right, bottom; pixels.
    pub corners: [f64; 4],
    /// Length, height, width, meters; -1 where unknown.
    pub dimensions_meters: [f64; 3],
    /// Middle of the bottom face in camera axes, meters.
    pub location_meters: [f64; 3],
    /// Heading about the camera's y axis, radians.
    pub rotation_y_radians: f64,
    /// How sure a detector is; none in labels.
    pub score: Option<f64>,
}

const HINT: &str = "a line is `type truncated occluded alpha left top right bottom height width length x y z rotation_y`, and `score` in results";

/// The rows of a file; an empty file is an image without objects.
///
/// Errors: a line with too few numbers, numbers that are not finite, image boxes whose right or bottom lies before left
/// or top, results without a score where `scored`; the line is named. Cost: one pass.
pub fn read(file: &str, bytes: &[u8], scored: bool) -> Result<Vec<Row>, LabelError> {
    let lines = rows(bytes).map(|line| {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        row(at, line.text, 0, scored)
    });
    lines.collect()
}

/// The object of a line, whose cells begin behind the first so many.
fn row(at: At<'_>, text: &[u8], first: usize, scored: bool) -> Result<Row, LabelError> {
    let class = cells(text, Separator::Blank).nth(first);
    let values = floats::<14>(text, Separator::Blank, first + 1);
    let values = values.map_err(|error| at.row_error(&error, HINT))?;
    let score = if scored {
        let values = floats::<1>(text, Separator::Blank, first + 15);
        let [score] = values.map_err(|error| at.row_error(&error, HINT))?;
        Some(at.finite("score", score)?)
    } else {
        None
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(at.value(
            "number",
            value,
            "numbers are finite; unknown ones are -1, -10 or -1000",
        ));
    }
    let [
        truncated,
        occluded,
        alpha,
        left,
        top,
        right,
        bottom,
        height,
        width,
        length,
        x,
        y,
        z,
        turn,
    ] = values;
    at.size("right - left", right - left)?;
    at.size("bottom - top", bottom - top)?;
    Ok(Row {
        class: String::from_utf8_lossy(class.unwrap_or_default()).into_owned(),
        truncated,
        occluded,
        alpha_radians: alpha,
        corners: [left, top, right, bottom],
        dimensions_meters: [length, height, width],
        location_meters: [x, y, z],
        rotation_y_radians: turn,
        score,
    })
}

/// The coordinate frame of boxes in space: the first camera after rectification, x right, y down, z forward.
pub const CAMERA: &str = "camera_0";

/// Center and orientation (x y z w) in camera axes of a box with x forward, y left and z up of its own, of which the file
/// says the height, the middle of the bottom and the turn about the camera's y axis, which looks down; at 0 the object
/// looks to the right.
pub(crate) fn in_camera_axes(height: f64, [x, y, z]: [f64; 3], turn: f64) -> ([f64; 3], [f64; 4]) {
    // A quarter turn about x takes the axes of a box to the camera's; then comes the turn about y.
    let to_camera = [FRAC_1_SQRT_2, 0.0, 0.0, FRAC_1_SQRT_2];
    let (sin, cos) = (0.5 * turn).sin_cos();
    let quat_xyzw = product([0.0, sin, 0.0, cos], to_camera);
    ([x, y - 0.5 * height, z], quat_xyzw)
}

/// The box of an object in space; none where the row does not know it.
fn box3(row: &Row) -> Option<Shape> {
    let [length, height, width] = row.dimensions_meters;
    let is_known = row.dimensions_meters.iter().all(|side| *side >= 0.0);
    let (center_meters, quat_xyzw) =
        in_camera_axes(height, row.location_meters, row.rotation_y_radians);
    is_known.then_some(Shape::Box3 {
        center_meters,
        quat_xyzw,
        size_meters: [length, width, height],
    })
}

/// Everything the file of one image says: a box of the image and, where it is known, one in space per object, which share
/// their id; `image` names the image, whose size the form does not say.
///
/// Errors and cost: as [`read`].
pub fn content(file: &str, bytes: &[u8], image: &str, scored: bool) -> Result<Content, LabelError> {
    let mut out = Content::default();
    let item = Some(out.item(Item {
        name: image.to_owned(),
        ..Item::default()
    }));
    for (number, row) in read(file, bytes, scored)?.into_iter().enumerate() {
        let base = Label {
            item,
            id: Some(number.to_string()),
            ..Label::default()
        };
        add(&mut out, base, &row);
    }
    Ok(out)
}

/// Everything a file of a sequence of the tracking benchmark says, whose lines begin with a frame and a track, -1 for
/// none. Source: the tracking devkit's `readme.txt`. Lines with a score are results.
///
/// Errors and cost: as [`read`], and a frame or track that is no whole number.
pub fn tracks(file: &str, bytes: &[u8], sequence: &str) -> Result<Content, LabelError> {
    let mut out = Content::default();
    let item = Some(out.item(Item {
        name: sequence.to_owned(),
        ..Item::default()
    }));
    for (number, line) in rows(bytes).enumerate() {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        let mut given = cells(line.text, Separator::Blank);
        let mut whole = |name: &'static str| {
            let cell = given.next().unwrap_or_default();
            let text = String::from_utf8_lossy(cell);
            let wrong = |_| at.value(name, &text, "a line is `frame track type …`");
            text.parse::<i64>().map_err(wrong)
        };
        let (frame, track) = (whole("frame")?, whole("track")?);
        let is_scored = given.count() == 16;
        let base = Label {
            item,
            steps: Some([frame; 2]),
            id: Some(number.to_string()),
            track: (track >= 0).then(|| track.to_string()),
            ..Label::default()
        };
        add(&mut out, base, &row(at, line.text, 2, is_scored)?);
    }
    Ok(out)
}

/// The boxes of an object as labels.
fn add(out: &mut Content, base: Label, row: &Row) {
    let field = |name: &str, value: f64| (name.to_owned(), value.to_string());
    let flat = Label {
        category: row.class.clone(),
        shape: Shape::upright(row.corners),
        frame: CAMERA.to_owned(),
        is_prediction: row.score.is_some(),
        score: row.score,
        attributes: vec![
            field("truncated", row.truncated),
            field("occluded", row.occluded),
            field("alpha", row.alpha_radians),
        ],
        ..base
    };
    let spatial = box3(row).map(|shape| Label {
        shape,
        ..flat.clone()
    });
    out.label(flat);
    out.labels.extend(spatial);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_both_boxes_of_an_object() {
        let text = "Car 0 0 0 1 2 3 4 1.5 1.6 4 10 2 30 1.5\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n";
        let found = content("a.txt", text.as_bytes(), "a.png", false).unwrap();
        assert_eq!(found.labels.len(), 3);
        assert_eq!(found.labels[0].id, found.labels[1].id);
        let Shape::Box3 {
            center_meters,
            quat_xyzw,
            size_meters,
        } = found.labels[1].shape
        else {
            panic!("a box in space")
        };
        assert_eq!(center_meters, [10.0, 1.25, 30.0]);
        assert_eq!(size_meters, [4.0, 1.6, 1.5]);
        let (sin, cos) = 0.75_f64.sin_cos();
        let half = FRAC_1_SQRT_2;
        for (found, expected) in
            quat_xyzw
                .iter()
                .zip([cos * half, sin * half, -sin * half, cos * half])
        {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn labels_and_results_are_read_and_wrong_lines_named() {
        let line =
            "Car 0.00 1 1.55 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62";
        let rows = read("a.txt", line.as_bytes(), false).unwrap();
        assert_eq!(rows[0].dimensions_meters, [4.15, 1.57, 1.73]);
        let scored = format!("{line} 0.9");
        assert_eq!(
            read("a.txt", scored.as_bytes(), true).unwrap()[0].score,
            Some(0.9)
        );
        let error = read("a.txt", line.as_bytes(), true)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line `1`: `15` columns where `16` belong"),
            "{error}"
        );
        let turned = line.replace("727.31", "600.0");
        let error = read("a.txt", turned.as_bytes(), false).unwrap_err();
        assert!(
            error.to_string().contains("`right - left` is `-14"),
            "{error}"
        );
    }
}
