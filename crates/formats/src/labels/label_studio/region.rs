//! One region of an annotation, as labels.
//!
//! Read [`Region::labels`] first. Not here: tasks and annotators.

use super::super::content::{Kind, Label, Shape};
use super::super::rows::text_of;
use super::super::{At, LabelError};
use serde_json::{Map, Value};

const HINT: &str =
    "a region's `value` has its numbers in percent and its classes in a list named like its `type`";

/// One entry of `result`.
pub(super) struct Region<'a> {
    pub(super) at: At<'a>,
    /// The entry.
    pub(super) given: &'a Map<String, Value>,
    /// Its value.
    pub(super) value: &'a Map<String, Value>,
    /// What its labels have in common.
    pub(super) base: Label,
}

/// What a region says.
#[derive(Default)]
pub(super) struct Found {
    pub(super) labels: Vec<Label>,
    /// Frames it speaks of, and when they are.
    pub(super) times: Vec<(i64, Option<i64>)>,
    pub(super) left_out: Vec<&'static str>,
}

/// What answers to a question about a whole item or a region are called.
const ANSWERS: [&str; 8] = [
    "choices", "taxonomy", "rating", "number", "datetime", "text", "selected", "ranker",
];

/// The list of classes of a value: the one whose name ends in `labels`.
pub(super) fn classes(value: &Map<String, Value>) -> Option<&[Value]> {
    let (_, found) = value
        .iter()
        .find(|(key, value)| key.ends_with("labels") && value.is_array())?;
    found.as_array().map(Vec::as_slice)
}

/// The words of a value, and whether they answer a question instead of naming the class of a shape. A span of text holds
/// its text beside its classes, so classes come first.
fn words(value: &Map<String, Value>) -> (bool, Vec<String>) {
    if let Some(classes) = classes(value) {
        return (false, classes.iter().map(path).collect());
    }
    match ANSWERS.iter().find_map(|key| value.get(*key)) {
        None => (false, Vec::new()),
        Some(Value::Array(list)) => (true, list.iter().map(path).collect()),
        Some(other) => (true, vec![path(other)]),
    }
}

/// A word; a list of words is a path in a taxonomy.
fn path(value: &Value) -> String {
    match value {
        Value::Array(steps) => {
            let steps: Vec<String> = steps.iter().map(text_of).collect();
            steps.join("/")
        }
        other => text_of(other),
    }
}

impl Region<'_> {
    fn number_of(&self, map: &Map<String, Value>, key: &'static str) -> Result<f64, LabelError> {
        let value = map.get(key);
        let wrong = || {
            let seen = value.map_or_else(|| "missing".to_owned(), text_of);
            self.at
                .value(key, seen, "numbers are in percent of the image")
        };
        value.and_then(Value::as_f64).ok_or_else(wrong)
    }

    fn number(&self, key: &'static str) -> Result<f64, LabelError> {
        self.number_of(self.value, key)
    }

    /// Width and height of its image, where it says them.
    pub(super) fn size(&self) -> Result<Option<[f64; 2]>, LabelError> {
        let side = |key: &'static str| {
            let value = self.given.get(key).or_else(|| self.value.get(key));
            value.and_then(Value::as_f64)
        };
        let (width, height) = (side("original_width"), side("original_height"));
        match (width, height) {
            (Some(width), Some(height)) if width > 0.0 && height > 0.0 => Ok(Some([width, height])),
            (Some(width), Some(height)) => {
                let value = format!("{width} x {height}");
                let hint = "an image has a size above 0";
                Err(self
                    .at
                    .value("original_width, original_height", value, hint))
            }
            _ => Ok(None),
        }
    }

    /// How many labels it has at most, one per class and key frame or range, and the bytes of each copy.
    pub(super) fn labels_at_most(&self) -> (usize, usize) {
        let length = |key: &str| {
            let list = self.value.get(key).and_then(Value::as_array);
            list.map_or(0, Vec::len)
        };
        let frames = length("sequence").max(length("ranges")).max(1);
        let points = length("points").max(length("vertices"));
        let words = words(self.value).1;
        let longest = words.iter().map(String::len).max().unwrap_or(0);
        let times = words.len().max(1).saturating_mul(frames);
        (times, size_of::<Label>() + 16 * points + longest)
    }

    /// Its labels: one per class and shape.
    pub(super) fn labels(&self, size: Option<[f64; 2]>) -> Result<Found, LabelError> {
        let mut found = Found::default();
        let (is_answer, words) = words(self.value);
        if is_answer {
            // Answers about a region repeat its numbers; the shared id says which region they are about.
            self.spread(&mut found, &words, |label| label.kind = Kind::Tag);
            return Ok(found);
        }
        if let Some(Value::Array(sequence)) = self.value.get("sequence") {
            self.sequence(&mut found, (&words, sequence), size)?;
            return Ok(found);
        }
        if let Some(Value::Array(ranges)) = self.value.get("ranges") {
            for range in ranges {
                let steps = [self.frame(range, "start")?, self.frame(range, "end")?];
                self.spread(&mut found, &words, |label| {
                    label.kind = Kind::Action;
                    label.steps = Some(steps);
                });
            }
            return Ok(found);
        }
        if ["rle", "imageDataURL", "maskDataURL"]
            .iter()
            .any(|key| self.value.contains_key(*key))
        {
            found.left_out.push("brush masks");
            return Ok(found);
        }
        if self.value.contains_key("start") && self.value.contains_key("end") {
            let ends = ["start", "end", "channel"].into_iter();
            let ends: Vec<(String, String)> = ends
                .filter_map(|key| Some((key.to_owned(), text_of(self.value.get(key)?))))
                .collect();
            self.spread(&mut found, &words, |label| {
                label.attributes.extend(ends.iter().cloned());
            });
            return Ok(found);
        }
        let shape = match (self.is_shape(), size) {
            (true, Some(size)) => self.shape(size)?,
            (true, None) => {
                found.left_out.push("shapes in percent of an unknown size");
                Shape::Absent
            }
            (false, _) if words.is_empty() => {
                found.left_out.push("regions of an unknown form");
                return Ok(found);
            }
            (false, _) => Shape::Absent,
        };
        self.spread(&mut found, &words, |label| label.shape = shape.clone());
        Ok(found)
    }

    /// A label per word; one without a class where there is none.
    fn spread(&self, found: &mut Found, words: &[String], change: impl Fn(&mut Label)) {
        let none = [String::new()];
        let words = if words.is_empty() { &none } else { words };
        for word in words {
            let mut label = Label {
                category: word.clone(),
                ..self.base.clone()
            };
            change(&mut label);
            found.labels.push(label);
        }
    }

    fn is_shape(&self) -> bool {
        let has = |key: &str| self.value.contains_key(key);
        has("points") || has("vertices") || (has("x") && has("y"))
    }

    fn shape(&self, size: [f64; 2]) -> Result<Shape, LabelError> {
        for (key, is_closed) in [("points", true), ("vertices", false)] {
            if let Some(Value::Array(points)) = self.value.get(key) {
                let closed = self.value.get("closed").and_then(Value::as_bool);
                let points = points.iter().map(|point| self.point(point, size));
                let points = points.collect::<Result<_, _>>()?;
                return Ok(if closed.unwrap_or(is_closed) {
                    Shape::Polygon(points)
                } else {
                    Shape::Polyline(points)
                });
            }
        }
        let point = [self.number("x")?, self.number("y")?];
        let point = scaled(point, size);
        if self.value.contains_key("radiusX") {
            let radii = [self.number("radiusX")?, self.number("radiusY")?];
            return Ok(Shape::Ellipse {
                center_px: point,
                radii_px: scaled(radii, size),
                rotation_radians: self.turn(self.value)?,
            });
        }
        if self.value.contains_key("height") {
            return self.rectangle(self.value, size);
        }
        Ok(Shape::Points(vec![point]))
    }

    /// A point: a pair, or an object with `x` and `y`.
    fn point(&self, point: &Value, size: [f64; 2]) -> Result<[f64; 2], LabelError> {
        let (x, y) = match point {
            Value::Array(pair) => (pair.first(), pair.get(1)),
            other => (other.get("x"), other.get("y")),
        };
        let numbers = x.and_then(Value::as_f64).zip(y.and_then(Value::as_f64));
        let wrong = || self.at.value("points", point, HINT);
        numbers.map(|(x, y)| scaled([x, y], size)).ok_or_else(wrong)
    }

    /// A rectangle that stands at its first corner after it was turned about it.
    fn rectangle(&self, value: &Map<String, Value>, size: [f64; 2]) -> Result<Shape, LabelError> {
        let corner = [self.number_of(value, "x")?, self.number_of(value, "y")?];
        let sides = [
            self.at.size("width", self.number_of(value, "width")?)?,
            self.at.size("height", self.number_of(value, "height")?)?,
        ];
        let [left, top] = scaled(corner, size);
        let [width, height] = scaled(sides, size);
        let turn = self.turn(value)?;
        if turn == 0.0 {
            return Ok(Shape::upright([left, top, left + width, top + height]));
        }
        let (sin, cos) = turn.sin_cos();
        let half = [0.5 * width, 0.5 * height];
        let x = left + cos * half[0] - sin * half[1];
        let y = top + sin * half[0] + cos * half[1];
        Ok(Shape::Box2 {
            corners_px: [x - half[0], y - half[1], x + half[0], y + half[1]],
            rotation_radians: turn,
        })
    }

    fn turn(&self, value: &Map<String, Value>) -> Result<f64, LabelError> {
        match value.get("rotation") {
            None | Some(Value::Null) => Ok(0.0),
            Some(_) => Ok(self.number_of(value, "rotation")?.to_radians()),
        }
    }

    fn frame(&self, value: &Value, key: &'static str) -> Result<i64, LabelError> {
        let number = value.get(key).and_then(Value::as_i64);
        let wrong = || self.at.form(format!("a frame has no whole `{key}`"), HINT);
        number.ok_or_else(wrong)
    }

    /// The key frames of an object of a video.
    fn sequence(
        &self,
        found: &mut Found,
        (words, sequence): (&[String], &[Value]),
        size: Option<[f64; 2]>,
    ) -> Result<(), LabelError> {
        for key_frame in sequence {
            let number = self.frame(key_frame, "frame")?;
            let secs = key_frame.get("time").and_then(Value::as_f64);
            found.times.push((number, secs.and_then(nanos)));
            let value = key_frame.as_object();
            let shape = if let (Some(value), Some(size)) = (value, size) {
                self.rectangle(value, size)?
            } else {
                found.left_out.push("shapes in percent of an unknown size");
                Shape::Absent
            };
            let enabled = key_frame.get("enabled").map(text_of);
            self.spread(found, words, |label| {
                label.track.clone_from(&label.id);
                label.steps = Some([number; 2]);
                label.shape = shape.clone();
                let enabled = enabled.iter().cloned();
                let enabled = enabled.map(|text| ("enabled".to_owned(), text));
                label.attributes.extend(enabled);
            });
        }
        Ok(())
    }
}

fn scaled([x, y]: [f64; 2], [width, height]: [f64; 2]) -> [f64; 2] {
    [x * width / 100.0, y * height / 100.0]
}

/// Seconds since the start of a video.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded and within 64 bits, checked before"
)]
fn nanos(secs: f64) -> Option<i64> {
    let nanos = (secs * 1e9).round();
    (nanos.abs() < 9.0e18).then_some(nanos as i64)
}
