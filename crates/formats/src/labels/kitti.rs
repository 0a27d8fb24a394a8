//! KITTI's text files of objects: one file per image.
//!
//! Read [`Row`] and [`read`] first. Source: the object devkit's `readme.txt`: type, truncated, occluded, alpha, image
//! box (left, top, right, bottom), height, width, length, bottom center x y z in camera axes, rotation about y, and a
//! score in results.
//!
//! Not here: calibration; labels as messages of a recording ([`crate::folder`]).

use super::{At, LabelError, Place};
use crate::trajectory::text::{Separator, cells, floats, rows};

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
    let mut out = Vec::new();
    for line in rows(bytes) {
        let at = At {
            file,
            place: Place::Line(line.number),
        };
        let class = cells(line.text, Separator::Blank).next();
        let values = floats::<14>(line.text, Separator::Blank, 1);
        let values = values.map_err(|error| at.row_error(&error, HINT))?;
        let score = if scored {
            let values = floats::<1>(line.text, Separator::Blank, 15);
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
        out.push(Row {
            class: String::from_utf8_lossy(class.unwrap_or_default()).into_owned(),
            truncated,
            occluded,
            alpha_radians: alpha,
            corners: [left, top, right, bottom],
            dimensions_meters: [length, height, width],
            location_meters: [x, y, z],
            rotation_y_radians: turn,
            score,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

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
