//! What a file of labels says, in one set of types for all forms.
//!
//! Read [`Content`] and [`Label`] first: every reader named `content` gives one [`Content`], so that whoever stores labels
//! maps one set of types. A label is one shape (or none) of one thing at one time; the shapes of a thing that has
//! several share its `id`, and the boxes of an object through time share its `track`.
//!
//! Pixels are edges: x to the right and y down from the outer corner of the first pixel, so that an image of width w
//! reaches from 0 to w. Meters and radians stand in the coordinate frame the label names.
//!
//! Not here: rows as a score wants them (each form's own types).

use super::{At, LabelError};
use crate::sensor::Pose;
use std::collections::BTreeMap;

/// What one file says, or several files of one layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// What is labeled: images, sweeps, videos, scenarios.
    pub items: Vec<Item>,
    /// The frames of items that are sequences, as far as the file says something about them.
    pub steps: Vec<Step>,
    /// Labels in the order of the file.
    pub labels: Vec<Label>,
    /// What relates labels to each other.
    pub relations: Vec<Relation>,
    /// Where coordinate frames are.
    pub poses: Vec<Placement>,
    /// What the file says about itself, by name.
    pub fields: Fields,
    /// What stands in the file and is not read: how often, by its name.
    pub left_out: BTreeMap<String, u64>,
}

/// Names and values in the words of the form; numbers as they are written there or as Rust writes them.
pub type Fields = Vec<(String, String)>;

/// Something labeled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Its name as the form has it: a file, a token, a task.
    pub name: String,
    /// Width and height, pixels, where the file says them.
    pub size_px: Option<[f64; 2]>,
    /// When it was taken, nanoseconds since 1970.
    pub time_ns: Option<i64>,
    /// What else the file says of it.
    pub fields: Fields,
}

/// One frame of a sequence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Which of [`Content::items`]; none where the file has no item of its own.
    pub item: Option<usize>,
    /// Its number, as the file counts.
    pub number: i64,
    /// The sensor stream this row is about; empty where it is about all.
    pub stream: String,
    /// Number of the frame within that stream, where it differs.
    pub stream_number: Option<i64>,
    /// When it was taken, nanoseconds; since 1970 or since the start of the sequence, as the form has it.
    pub time_ns: Option<i64>,
    /// What else the file says of it.
    pub fields: Fields,
}

/// What kind of thing a label is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A thing with a place.
    #[default]
    Object,
    /// A class of the whole item, or an answer about it.
    Tag,
    /// Something that goes on for a while.
    Action,
    /// Something that happens at once.
    Event,
    /// What surrounds all: weather, road.
    Context,
}

impl Kind {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Tag => "tag",
            Self::Action => "action",
            Self::Event => "event",
            Self::Context => "context",
        }
    }
}

/// Run lengths of a mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// As numbers.
    List(Vec<u32>),
    /// As COCO's compressed text.
    Text(String),
}

/// Where a thing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// The label gives no place.
    #[default]
    Absent,
    /// A box of an image.
    Box2 {
        /// Left, top, right, bottom of the box before it is turned, pixels.
        corners_px: [f64; 4],
        /// Turn about the center, from x to y, which is clockwise on a screen.
        rotation_radians: f64,
    },
    /// An ellipse of an image.
    Ellipse {
        /// Center, pixels.
        center_px: [f64; 2],
        /// Half axes along x and y before it is turned, pixels.
        radii_px: [f64; 2],
        /// Turn about the center, from x to y.
        rotation_radians: f64,
    },
    /// A closed line of an image and what is inside.
    Polygon(Vec<[f64; 2]>),
    /// An open line of an image.
    Polyline(Vec<[f64; 2]>),
    /// Points of an image.
    Points(Vec<[f64; 2]>),
    /// Pixels of an image, as COCO's run lengths down its columns; nothing of them is checked.
    Mask {
        /// Height and width of the image.
        size_px: [u32; 2],
        /// How many pixels are outside, inside, outside, and so on.
        runs: Runs,
    },
    /// A box in space.
    Box3 {
        /// Center, meters.
        center_meters: [f64; 3],
        /// Orientation `frame_from_box`, order x y z w, length 1.
        quat_xyzw: [f64; 4],
        /// Extent along the box's own x, y and z; NaN where the form has none.
        size_meters: [f64; 3],
    },
    /// Points in space in their order, meters.
    Points3(Vec<[f64; 3]>),
}

impl Shape {
    /// Its name in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Absent => "none",
            Self::Box2 { .. } => "box",
            Self::Ellipse { .. } => "ellipse",
            Self::Polygon(_) => "polygon",
            Self::Polyline(_) => "polyline",
            Self::Points(_) => "points",
            Self::Mask { .. } => "mask",
            Self::Box3 { .. } => "box3",
            Self::Points3(_) => "points3",
        }
    }

    /// What a copy of its label takes besides texts.
    pub(super) const fn copy_bytes(&self) -> usize {
        let points = match self {
            Self::Polygon(points) | Self::Polyline(points) | Self::Points(points) => {
                16 * points.len()
            }
            Self::Points3(points) => 24 * points.len(),
            Self::Mask { runs, .. } => match runs {
                Runs::List(list) => 4 * list.len(),
                Runs::Text(text) => text.len(),
            },
            _ => 0,
        };
        size_of::<Label>() + points
    }

    /// A box that is not turned.
    pub(super) const fn upright(corners_px: [f64; 4]) -> Self {
        Self::Box2 {
            corners_px,
            rotation_radians: 0.0,
        }
    }
}

/// What someone or something said about a thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    /// Which of [`Content::items`].
    pub item: Option<usize>,
    /// First and last frame of the item it holds for, both included; none where the item is no sequence, or for all of it.
    pub steps: Option<[i64; 2]>,
    /// What it is about.
    pub kind: Kind,
    /// Its class, or the answer given; empty where the form has none.
    pub category: String,
    /// What was asked, where a form asks several things (the control's name in Label Studio).
    pub question: String,
    /// Which thing it is about, within the file and its kind; shapes of one thing share it.
    pub id: Option<String>,
    /// The object followed through time.
    pub track: Option<String>,
    /// Which of [`Content::labels`] it is a part of.
    pub part_of: Option<usize>,
    /// Where it is.
    pub shape: Shape,
    /// The coordinate frame of the shape, or the camera whose image it lies in; empty where the form names none.
    pub frame: String,
    /// Whether a program said so.
    pub is_prediction: bool,
    /// How sure it is; none where the form does not say.
    pub score: Option<f64>,
    /// Who said so; the model where it is a prediction.
    pub annotator: Option<String>,
    /// When it was said, nanoseconds since 1970.
    pub created_ns: Option<i64>,
    /// What else was said of it.
    pub attributes: Fields,
}

/// A relation between labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relation {
    /// Which of [`Content::items`].
    pub item: Option<usize>,
    /// Its word.
    pub category: String,
    /// First and last frame it holds for; none where it holds for all.
    pub steps: Option<[i64; 2]>,
    /// What it says something about: kind and [`Label::id`].
    pub subjects: Vec<(Kind, String)>,
    /// What they relate to.
    pub objects: Vec<(Kind, String)>,
    /// Who said so.
    pub annotator: Option<String>,
}

/// Where a coordinate frame is in another, `parent_from_child`.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// Which of [`Content::items`].
    pub item: Option<usize>,
    /// The frame of the sequence it holds for; none where it always holds or has a time.
    pub step: Option<i64>,
    /// Since 1970; none where it always holds or has a frame.
    pub time_ns: Option<i64>,
    /// The pose.
    pub pose: Pose<'static>,
}

impl Content {
    /// Adds what another file says, behind what is here.
    pub fn append(&mut self, mut other: Self) {
        let (items, labels) = (self.items.len(), self.labels.len());
        let shift = |item: &mut Option<usize>| *item = item.map(|at| at + items);
        for label in &mut other.labels {
            shift(&mut label.item);
            label.part_of = label.part_of.map(|at| at + labels);
        }
        other.steps.iter_mut().for_each(|row| shift(&mut row.item));
        other.poses.iter_mut().for_each(|row| shift(&mut row.item));
        let relations = other.relations.iter_mut();
        relations.for_each(|row| shift(&mut row.item));
        self.items.append(&mut other.items);
        self.steps.append(&mut other.steps);
        self.labels.append(&mut other.labels);
        self.relations.append(&mut other.relations);
        self.poses.append(&mut other.poses);
        self.fields.append(&mut other.fields);
        for (what, count) in other.left_out {
            *self.left_out.entry(what).or_default() += count;
        }
    }

    /// The times of the frames of sequences, by item and number, as far as known; a stream's own time only where the
    /// frame has none.
    pub fn step_times(&self) -> BTreeMap<(Option<usize>, i64), i64> {
        let mut out = BTreeMap::new();
        let (whole, streams): (Vec<&Step>, Vec<&Step>) =
            self.steps.iter().partition(|step| step.stream.is_empty());
        for step in whole.into_iter().chain(streams) {
            if let Some(time) = step.time_ns {
                out.entry((step.item, step.number)).or_insert(time);
            }
        }
        out
    }

    /// Counts something that is not read.
    pub(super) fn leave_out(&mut self, what: &str) {
        if let Some(count) = self.left_out.get_mut(what) {
            *count += 1;
        } else {
            self.left_out.insert(what.to_owned(), 1);
        }
    }

    /// Adds an item and says its place.
    pub(super) fn item(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    /// Adds a label and says its place.
    pub(super) fn label(&mut self, label: Label) -> usize {
        self.labels.push(label);
        self.labels.len() - 1
    }
}

/// What a few bytes of a file may become when they are repeated for each label: names of classes, an element's attributes
/// at each of its frames.
const MOST_REPEATED_BYTES: u64 = 1 << 30;

/// How much repeating a file asks for.
#[derive(Debug, Default)]
pub(super) struct Budget(u64);

impl Budget {
    /// Counts the text of `times` labels made of one. Error: `error`, where labels would fill memory with repetitions.
    pub(super) fn spend(
        &mut self,
        error: impl Fn() -> LabelError,
        label: &Label,
        times: usize,
    ) -> Result<(), LabelError> {
        let optional = [&label.id, &label.track, &label.annotator];
        let optional = optional.into_iter().flatten().map(String::len);
        let fixed = label.category.len() + label.question.len() + label.frame.len();
        let bytes = fixed + text_bytes(&label.attributes) + optional.sum::<usize>();
        self.spend_bytes(error, bytes, times)
    }

    /// Counts so many bytes that are repeated.
    pub(super) fn spend_bytes(
        &mut self,
        error: impl Fn() -> LabelError,
        bytes: usize,
        times: usize,
    ) -> Result<(), LabelError> {
        let product = (bytes as u64).saturating_mul(times as u64);
        self.0 = self.0.saturating_add(product);
        if self.0 > MOST_REPEATED_BYTES {
            return Err(error());
        }
        Ok(())
    }
}

/// Bytes of the names and values of fields.
pub(super) fn text_bytes(fields: &Fields) -> usize {
    let bytes = fields.iter().map(|(name, value)| name.len() + value.len());
    bytes.sum()
}

/// The error of a spent [`Budget`].
pub(super) fn too_much(at: At<'_>) -> LabelError {
    at.form(
        "its labels repeat more than a gigabyte",
        "split the file, or shorten names and attributes",
    )
}

/// The quaternion, order x y z w, of a turn about z.
pub(super) fn about_z(yaw_radians: f64) -> [f64; 4] {
    let (sin, cos) = (0.5 * yaw_radians).sin_cos();
    [0.0, 0.0, sin, cos]
}

/// A quaternion, order x y z w, of length 1; none where it has no direction.
pub(super) fn unit(quat_xyzw: [f64; 4]) -> Option<[f64; 4]> {
    let length = quat_xyzw
        .iter()
        .map(|value| value * value)
        .sum::<f64>()
        .sqrt();
    (length.is_finite() && length > f64::MIN_POSITIVE)
        .then(|| quat_xyzw.map(|value| value / length))
}

/// Product of quaternions, order x y z w: the right one turns first.
pub(super) fn product(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

/// Points of a list x, y, x, y, … that errors call `name`.
pub(super) fn pairs(
    at: At<'_>,
    name: &'static str,
    flat: &[f64],
) -> Result<Vec<[f64; 2]>, LabelError> {
    if !flat.len().is_multiple_of(2) {
        let what = format!("`{name}` has `{}` numbers", flat.len());
        return Err(at.form(what, "points are pairs of x and y"));
    }
    at.finite(name, flat.iter().sum())?;
    let pairs = flat.chunks_exact(2);
    let points = pairs.map(|pair| pair.try_into().unwrap_or_default());
    Ok(points.collect())
}

/// Corners of a box given by its first corner and its size.
pub(super) fn corners_of([left, top, width, height]: [f64; 4]) -> [f64; 4] {
    [left, top, left + width, top + height]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_keeps_what_belongs_together() {
        let one = || {
            let mut content = Content::default();
            let item = Some(content.item(Item::default()));
            content.label(Label {
                item,
                ..Label::default()
            });
            content.label(Label {
                item,
                part_of: Some(0),
                ..Label::default()
            });
            content.steps.push(Step {
                item,
                number: 3,
                time_ns: Some(7),
                ..Step::default()
            });
            content.leave_out("masks");
            content
        };
        let mut all = one();
        all.append(one());
        assert_eq!(all.labels[3].item, Some(1));
        assert_eq!(all.labels[3].part_of, Some(2));
        assert_eq!(all.left_out["masks"], 2);
        assert_eq!(all.step_times()[&(Some(1), 3)], 7);
    }

    #[test]
    fn quaternions_compose_as_turns_do() {
        let quarter = about_z(std::f64::consts::FRAC_PI_2);
        let half = product(quarter, quarter);
        for (found, expected) in half.iter().zip([0.0, 0.0, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert_eq!(unit([0.0; 4]), None);
        assert_eq!(unit([0.0, 0.0, 0.0, -2.0]), Some([0.0, 0.0, 0.0, -1.0]));
    }
}
