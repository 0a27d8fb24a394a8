//! What a reader of labels says, as rows of `items`, `objects`, `labels`, `votes`, `predictions`, `intervals`, `poses` and
//! `transforms`.
//!
//! Read [`add`] first. A label that is a thing with a place is a row of `objects` per shape; its attributes are rows of
//! `labels` that name this row; a class of the whole item is a row of `labels`, and an answer of one of several annotators
//! one of `votes`. Where a sequence says no times, what holds for a stretch of it counts frames as seconds.
//!
//! Not here: reading (`formats::labels`), tables of people (`tables`).

use super::sink::Sink;
use crate::EngineError;
use crate::workspace::Value;
use crate::workspace::layouts::Form;
use fieldassay_formats::labels::content::{Fields, Placement, Relation, Runs};
use fieldassay_formats::labels::{Content, Kind, Label, Shape};
use fieldassay_measure::boxes::{Mask, Rect};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Nanoseconds between the frames of a sequence without times.
const COUNTED_NS: i64 = 1_000_000_000;
/// What the moments of a data set were read from.
const SOURCE_TIME: &str = "source_time";
/// Positions in a sequence, counted as seconds.
const COUNTED: &str = "counted";
/// Attributes that say how many points are inside a box.
const POINT_COUNTS: [&str; 2] = ["num_interior_pts", "num_lidar_pts"];

/// Adds everything one file says; no form is that of a recording that is a folder.
pub(super) fn add(
    sink: &mut Sink<'_>,
    form: Option<Form>,
    content: &Content,
) -> Result<(), EngineError> {
    let said = Said::new(form, content);
    said.items(sink)?;
    said.labels(sink)?;
    for relation in &content.relations {
        said.relation(sink, relation)?;
    }
    for placement in &content.poses {
        said.placement(sink, placement)?;
    }
    for (what, count) in &content.left_out {
        sink.leave_out(what, *count);
    }
    Ok(())
}

struct Said<'a> {
    form: Option<Form>,
    content: &'a Content,
    times: BTreeMap<(Option<usize>, i64), i64>,
    /// What sort of thing each item is.
    kinds: Vec<&'static str>,
    /// Whether an item says that it was simulated.
    simulated: Vec<bool>,
}

/// When something holds.
#[derive(Clone, Copy, Default)]
struct Moments {
    step: Option<i64>,
    last_step: Option<i64>,
    start: Option<i64>,
    end: Option<i64>,
}

impl Moments {
    fn clock(&self) -> Option<&'static str> {
        self.start.map(|_| SOURCE_TIME)
    }

    /// The last moment, where it is another one.
    fn until(&self) -> Option<i64> {
        self.end.filter(|end| Some(*end) != self.start)
    }
}

impl<'a> Said<'a> {
    fn new(form: Option<Form>, content: &'a Content) -> Self {
        let mut has_steps = vec![false; content.items.len()];
        let of_labels = content.labels.iter().filter(|label| label.steps.is_some());
        let of_labels = of_labels.filter_map(|label| label.item);
        let of_steps = content.steps.iter().filter_map(|step| step.item);
        for item in of_labels.chain(of_steps) {
            if let Some(is) = has_steps.get_mut(item) {
                *is = true;
            }
        }
        let items = content.items.iter().zip(has_steps);
        let kinds = items.map(|(item, is_sequence)| kind_of(form, &item.name, is_sequence));
        let simulated = content.items.iter().map(|item| {
            let mut tags = item.fields.iter().filter(|(name, _)| name == "tags");
            tags.any(|(_, tags)| tags.split(' ').any(|tag| tag == "simulated"))
        });
        Self {
            form,
            content,
            times: content.step_times(),
            kinds: kinds.collect(),
            simulated: simulated.collect(),
        }
    }

    fn item_kind(&self, item: Option<usize>) -> &'static str {
        let kind = item.and_then(|item| self.kinds.get(item));
        kind.copied().unwrap_or("recording")
    }

    fn item_name(&self, item: Option<usize>) -> Option<&'a str> {
        let item = self.content.items.get(item?)?;
        Some(item.name.as_str()).filter(|name| !name.is_empty())
    }

    /// The time of a frame.
    fn time(&self, item: Option<usize>, step: i64) -> Option<i64> {
        let own = self.times.get(&(item, step));
        own.or_else(|| self.times.get(&(None, step))).copied()
    }

    fn moments(&self, item: Option<usize>, steps: Option<[i64; 2]>) -> Moments {
        let Some([first, last]) = steps else {
            let time = item.and_then(|item| self.content.items.get(item)?.time_ns);
            return Moments {
                start: time,
                end: time,
                ..Moments::default()
            };
        };
        let start = self.time(item, first);
        Moments {
            step: Some(first),
            last_step: (last != first).then_some(last),
            start,
            end: start.and_then(|_| self.time(item, last)),
        }
    }

    fn items(&self, sink: &mut Sink<'_>) -> Result<(), EngineError> {
        for (number, item) in self.content.items.iter().enumerate() {
            let size = item.size_px;
            sink.add(
                "items",
                [
                    ("item", Value::Text(&item.name)),
                    ("item_kind", self.item_kind(Some(number)).into()),
                    ("t_ns", item.time_ns.into()),
                    ("clock", item.time_ns.map(|_| SOURCE_TIME).into()),
                    ("width_px", size.map(|[width, _]| width).into()),
                    ("height_px", size.map(|[_, height]| height).into()),
                ],
            )?;
        }
        for step in &self.content.steps {
            let name = self
                .item_name(step.item)
                .unwrap_or_else(|| sink.file())
                .to_owned();
            sink.add(
                "items",
                [
                    ("item", Value::Text(&name)),
                    ("item_kind", self.item_kind(step.item).into()),
                    ("step", step.number.into()),
                    ("camera", filled(&step.stream).into()),
                    ("t_ns", step.time_ns.into()),
                    ("clock", step.time_ns.map(|_| SOURCE_TIME).into()),
                ],
            )?;
        }
        for (number, item) in self.content.items.iter().enumerate() {
            let about = About {
                item: Some(number),
                moments: self.moments(Some(number), None),
                ..About::default()
            };
            self.fields(sink, &about, &item.fields)?;
        }
        for step in &self.content.steps {
            let about = About {
                item: step.item,
                moments: self.moments(step.item, Some([step.number; 2])),
                ..About::default()
            };
            self.fields(sink, &about, &step.fields)?;
        }
        self.fields(sink, &About::default(), &self.content.fields)
    }

    fn labels(&self, sink: &mut Sink<'_>) -> Result<(), EngineError> {
        let labels = &self.content.labels;
        let first = sink.next("objects")?;
        let is_object = |label: &Label| label.kind == Kind::Object;
        let has_parts = labels.iter().any(|label| label.part_of.is_some());
        let mut rows = Vec::new();
        if has_parts {
            let mut next = first;
            for label in labels {
                rows.push(is_object(label).then_some(next));
                next += i64::from(is_object(label));
            }
        }
        let mut row = first;
        let mut before: Option<&Label> = None;
        for label in labels {
            match label.kind {
                Kind::Object => {
                    let part_of = label.part_of.and_then(|at| rows.get(at).copied().flatten());
                    self.object(sink, label, part_of)?;
                    // Shapes of one thing say the same of it.
                    if !before.is_some_and(|before| is_same_thing(before, label)) {
                        let about = About {
                            kind: Some("object"),
                            row: Some(row),
                            ..self.about(label)
                        };
                        self.fields(sink, &about, &label.attributes)?;
                    }
                    before = Some(label);
                    row += 1;
                }
                Kind::Tag => self.tag(sink, label)?,
                Kind::Action | Kind::Event | Kind::Context => self.interval(sink, label)?,
            }
        }
        Ok(())
    }

    fn about(&self, label: &'a Label) -> About<'a> {
        About {
            item: label.item,
            moments: self.moments(label.item, label.steps),
            track: label.track.as_deref(),
            annotator: label.annotator.as_deref().filter(|_| !label.is_prediction),
            said_ns: label.created_ns,
            ..About::default()
        }
    }

    fn origin(&self, label: &Label) -> &'static str {
        // CVAT says how each shape came about.
        let way = label
            .attributes
            .iter()
            .find(|(name, _)| self.form == Some(Form::Cvat) && name == "source");
        let is_simulated = label.item.and_then(|item| self.simulated.get(item)) == Some(&true);
        match way.map(|(_, way)| way.as_str()) {
            _ if label.is_prediction => "model",
            Some("auto") => "model",
            Some("manual" | "semi-auto") => "human",
            _ if is_simulated => "simulation",
            _ if label.annotator.is_some() => "human",
            _ => "unknown",
        }
    }

    fn object(
        &self,
        sink: &mut Sink<'_>,
        label: &Label,
        part_of: Option<i64>,
    ) -> Result<(), EngineError> {
        let moments = self.moments(label.item, label.steps);
        let place = Place::of(&label.shape);
        if place.mask.is_none() && matches!(label.shape, Shape::Mask { .. }) {
            sink.leave_out("masks whose run lengths do not fit their image", 1);
        }
        let points = POINT_COUNTS
            .iter()
            .find_map(|name| field(label, name)?.parse::<i64>().ok());
        let speed = self.velocity(label, &place);
        let frame = filled(&label.frame);
        let who = label.annotator.as_deref();
        let [x, y, z] = place.center.map_or([None; 3], |center| center.map(Some));
        let [qx, qy, qz, qw] = place.turn.map_or([None; 4], |turn| turn.map(Some));
        let [length, width, height] = place.size.map_or([None; 3], |size| size.map(Some));
        let [left, top, wide, high] = place.around.map_or([None; 4], |around| around.map(Some));
        sink.add(
            "objects",
            [
                ("t_ns", moments.start.into()),
                ("end_ns", moments.until().into()),
                ("clock", moments.clock().into()),
                ("item", self.item_name(label.item).into()),
                ("step", moments.step.into()),
                ("object_id", label.id.as_deref().into()),
                ("track_id", label.track.as_deref().into()),
                ("part_of_row", part_of.into()),
                ("category", filled(&label.category).into()),
                ("frame", frame.filter(|_| place.is_in_space).into()),
                ("x_m", x.into()),
                ("y_m", y.into()),
                ("z_m", z.into()),
                ("qw", qw.into()),
                ("qx", qx.into()),
                ("qy", qy.into()),
                ("qz", qz.into()),
                ("length_m", length.into()),
                ("width_m", width.into()),
                ("height_m", height.into()),
                ("points_m", place.points_m.as_deref().into()),
                ("vx_mps", speed.map(|[x, _]| x).into()),
                ("vy_mps", speed.map(|[_, y]| y).into()),
                ("point_count", points.into()),
                ("camera", frame.filter(|_| place.shape.is_some()).into()),
                ("shape", place.shape.into()),
                ("x_px", left.into()),
                ("y_px", top.into()),
                ("width_px", wide.into()),
                ("height_px", high.into()),
                (
                    "rotation_rad",
                    place.rotation.filter(|turn| *turn != 0.0).into(),
                ),
                ("points_px", place.points_px.as_deref().into()),
                ("mask_rle", place.mask.as_deref().into()),
                ("origin", self.origin(label).into()),
                ("annotator", who.filter(|_| !label.is_prediction).into()),
                ("model", who.filter(|_| label.is_prediction).into()),
                ("score", label.score.into()),
                ("said_ns", label.created_ns.into()),
            ],
        )
    }

    /// `CommonRoad` says how fast something is along its own axis.
    fn velocity(&self, label: &Label, place: &Place) -> Option<[f64; 2]> {
        if self.form != Some(Form::CommonRoad) {
            return None;
        }
        let along: f64 = field(label, "velocity")?.parse().ok()?;
        let [_, _, z, w] = place.turn?;
        let (sin, cos) = (2.0 * z.atan2(w)).sin_cos();
        Some([along * cos, along * sin])
    }

    /// A class of an item, or an answer about it.
    fn tag(&self, sink: &mut Sink<'_>, label: &Label) -> Result<(), EngineError> {
        if label.category.is_empty() {
            sink.leave_out("answers without a word", 1);
            return Ok(());
        }
        let about = self.about(label);
        let name = self
            .item_name(label.item)
            .unwrap_or_else(|| sink.file())
            .to_owned();
        let head = self.head(&about, &name);
        let question = ("attribute", filled(&label.question).into());
        let word = ("label", Value::Text(&label.category));
        let said = ("said_ns", label.created_ns.into());
        if label.is_prediction {
            let model = ("model", label.annotator.as_deref().into());
            let score = ("score", label.score.into());
            return sink.add(
                "predictions",
                head.into_iter().chain([model, question, word, score]),
            );
        }
        let is_gold = field(label, "ground_truth").map(|text| text == "true");
        let gold = ("gold", is_gold.into());
        if let Some(annotator) = about
            .annotator
            .filter(|_| self.form == Some(Form::LabelStudio))
        {
            let spent = field(label, "lead_time_secs").and_then(|secs| secs.parse().ok());
            let spent = spent.and_then(|secs| super::moment::nanos(secs, 1e9));
            let who = ("annotator", annotator.into());
            let spent = ("spent_ns", spent.map(|spent| spent.t_ns).into());
            return sink.add(
                "votes",
                head.into_iter()
                    .chain([who, question, word, gold, said, spent]),
            );
        }
        let who = ("annotator", about.annotator.into());
        let sure = (
            "confidence",
            label
                .score
                .filter(|score| (0.0..=1.0).contains(score))
                .into(),
        );
        sink.add(
            "labels",
            head.into_iter()
                .chain([question, word, sure, gold, who, said]),
        )?;
        self.fields(sink, &about, &label.attributes)
    }

    /// Columns that say what a row of `labels`, `votes` or `predictions` is about.
    fn head<'b>(&self, about: &About<'b>, name: &'b str) -> [(&'static str, Value<'b>); 8] {
        let kind = about.kind.unwrap_or_else(|| self.item_kind(about.item));
        [
            ("item", Value::Text(name)),
            ("item_kind", kind.into()),
            ("step", about.moments.step.into()),
            ("object_row", about.row.into()),
            ("track_id", about.track.into()),
            ("start_ns", about.moments.start.into()),
            ("end_ns", about.moments.end.into()),
            ("clock", about.moments.clock().into()),
        ]
    }

    /// Attributes of something as rows of `labels`; what has a column of its own is left out.
    fn fields(
        &self,
        sink: &mut Sink<'_>,
        about: &About<'_>,
        fields: &Fields,
    ) -> Result<(), EngineError> {
        let last = about.row.and(
            about
                .moments
                .last_step
                .filter(|_| about.moments.start.is_none()),
        );
        let last = last.map(|step| ("last_step".to_owned(), step.to_string()));
        if fields.is_empty() && last.is_none() {
            return Ok(());
        }
        let name = self
            .item_name(about.item)
            .unwrap_or_else(|| sink.file())
            .to_owned();
        let head = self.head(about, &name);
        for (attribute, value) in fields.iter().chain(&last) {
            if value.is_empty() || self.has_column(attribute, about) {
                continue;
            }
            let number = value
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite());
            sink.add(
                "labels",
                head.into_iter().chain([
                    ("attribute", Value::Text(attribute)),
                    ("label", Value::Text(value)),
                    ("value", number.into()),
                    ("annotator", about.annotator.into()),
                    ("said_ns", about.said_ns.into()),
                ]),
            )?;
        }
        Ok(())
    }

    /// Whether an attribute of an object is said in a column of `objects`.
    fn has_column(&self, attribute: &str, about: &About<'_>) -> bool {
        let of_object = match self.form {
            Some(Form::Cvat) => attribute == "source",
            Some(Form::CommonRoad) => attribute == "velocity",
            _ => POINT_COUNTS.contains(&attribute),
        };
        about.row.is_some() && of_object
    }

    fn interval(&self, sink: &mut Sink<'_>, label: &Label) -> Result<(), EngineError> {
        let mut detail = Map::new();
        for (name, value) in &label.attributes {
            insert(&mut detail, name, value);
        }
        if let Some(id) = &label.id {
            insert(&mut detail, "id", id);
        }
        let name = filled(&label.category).or(label.id.as_deref());
        let name = name.unwrap_or(label.kind.name());
        self.stretch(
            sink,
            Stretch {
                kind: label.kind.name(),
                name,
                item: label.item,
                steps: label.steps,
                subjects: &[],
                objects: &[],
                detail,
                annotator: label.annotator.as_deref(),
            },
        )
    }

    fn relation(&self, sink: &mut Sink<'_>, relation: &Relation) -> Result<(), EngineError> {
        let ids =
            |list: &[(Kind, String)]| list.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
        let (subjects, objects) = (ids(&relation.subjects), ids(&relation.objects));
        self.stretch(
            sink,
            Stretch {
                kind: "relation",
                name: filled(&relation.category).unwrap_or("relation"),
                item: relation.item,
                steps: relation.steps,
                subjects: &subjects,
                objects: &objects,
                detail: Map::new(),
                annotator: relation.annotator.as_deref(),
            },
        )
    }

    fn stretch(&self, sink: &mut Sink<'_>, stretch: Stretch<'_>) -> Result<(), EngineError> {
        let steps = stretch.steps;
        let timed = steps.and_then(|[first, last]| {
            let times = [
                self.time(stretch.item, first)?,
                self.time(stretch.item, last)?,
            ];
            Some((times, SOURCE_TIME))
        });
        let counted =
            || steps.map(|steps| (steps.map(|step| step.saturating_mul(COUNTED_NS)), COUNTED));
        let known = timed.or_else(counted);
        let detail = (!stretch.detail.is_empty()).then(|| Json::Object(stretch.detail).to_string());
        sink.add(
            "intervals",
            [
                ("start_ns", known.map(|([start, _], _)| start).into()),
                ("end_ns", known.map(|([_, end], _)| end).into()),
                ("clock", known.map(|(_, clock)| clock).into()),
                ("kind", stretch.kind.into()),
                ("name", stretch.name.into()),
                ("item", self.item_name(stretch.item).into()),
                ("subject_ids", Value::Texts(stretch.subjects)),
                ("object_ids", Value::Texts(stretch.objects)),
                ("detail_json", detail.as_deref().into()),
                ("annotator", stretch.annotator.into()),
            ],
        )
    }

    fn placement(&self, sink: &mut Sink<'_>, placement: &Placement) -> Result<(), EngineError> {
        let pose = &placement.pose;
        let of_step = placement
            .step
            .map(|step| match self.time(placement.item, step) {
                Some(time) => (time, SOURCE_TIME),
                None => (step.saturating_mul(COUNTED_NS), COUNTED),
            });
        let when = placement
            .time_ns
            .map(|time| (time, SOURCE_TIME))
            .or(of_step);
        let [x, y, z] = pose.translation_meters;
        let [qx, qy, qz, qw] = pose.quat_xyzw;
        let place = [
            ("frame", Value::Text(pose.parent.as_ref())),
            ("child_frame", Value::Text(pose.child.as_ref())),
            ("x_m", x.into()),
            ("y_m", y.into()),
            ("z_m", z.into()),
            ("qw", qw.into()),
            ("qx", qx.into()),
            ("qy", qy.into()),
            ("qz", qz.into()),
        ];
        match when {
            Some((time, clock)) => {
                let when = [("t_ns", time.into()), ("clock", clock.into())];
                sink.add("poses", when.into_iter().chain(place))
            }
            None => sink.add("transforms", place),
        }
    }
}

/// What a row of `labels` is about.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    item: Option<usize>,
    /// Where it is another sort of thing than the item.
    kind: Option<&'static str>,
    row: Option<i64>,
    track: Option<&'a str>,
    moments: Moments,
    annotator: Option<&'a str>,
    said_ns: Option<i64>,
}

/// A stretch in which something holds.
struct Stretch<'a> {
    kind: &'a str,
    name: &'a str,
    item: Option<usize>,
    steps: Option<[i64; 2]>,
    subjects: &'a [String],
    objects: &'a [String],
    detail: Map<String, Json>,
    annotator: Option<&'a str>,
}

/// A text that is there.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn field<'a>(label: &'a Label, name: &str) -> Option<&'a str> {
    let found = label.attributes.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Adds a value; several of one name become a list.
fn insert(to: &mut Map<String, Json>, name: &str, value: &str) {
    let value = Json::from(value);
    match to.get_mut(name) {
        None => {
            to.insert(name.to_owned(), value);
        }
        Some(Json::Array(list)) => list.push(value),
        Some(known) => *known = Json::Array(vec![known.take(), value]),
    }
}

/// Whether two labels are shapes of one thing, of which the same is said.
fn is_same_thing(a: &Label, b: &Label) -> bool {
    a.id.is_some()
        && a.id == b.id
        && a.item == b.item
        && a.steps == b.steps
        && a.attributes == b.attributes
}

/// What sort of thing an item of a form is.
fn kind_of(form: Option<Form>, name: &str, is_sequence: bool) -> &'static str {
    let ending = name
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let is = |known: &[&str]| known.contains(&ending.as_str());
    match form {
        Some(Form::OpenLabel | Form::CommonRoad) => "recording",
        None | Some(Form::Argoverse2) => "sweep",
        Some(Form::Mot) => "video",
        Some(Form::Cvat | Form::LabelStudio | Form::Kitti) if is_sequence => "video",
        Some(Form::LabelStudio) if is(&["mp4", "avi", "mov", "mkv", "webm"]) => "video",
        Some(Form::LabelStudio)
            if is(&["jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff"]) =>
        {
            "image"
        }
        Some(Form::LabelStudio) => "other",
        _ => "image",
    }
}

/// Where a label is, in the columns of `objects`.
#[derive(Default)]
struct Place {
    shape: Option<&'static str>,
    /// Left, top, width, height of the box around the shape.
    around: Option<[f64; 4]>,
    rotation: Option<f64>,
    points_px: Option<Vec<f64>>,
    mask: Option<String>,
    is_in_space: bool,
    center: Option<[f64; 3]>,
    turn: Option<[f64; 4]>,
    size: Option<[f64; 3]>,
    points_m: Option<Vec<f64>>,
}

impl Place {
    fn of(shape: &Shape) -> Self {
        let drawn = Self {
            shape: Some(shape.name()),
            ..Self::default()
        };
        match shape {
            Shape::Absent => Self::default(),
            Shape::Box2 {
                corners_px: [left, top, right, bottom],
                rotation_radians,
            } => Self {
                around: Some([*left, *top, right - left, bottom - top]),
                rotation: Some(*rotation_radians),
                ..drawn
            },
            Shape::Ellipse {
                center_px: [x, y],
                radii_px: [wide, high],
                rotation_radians,
            } => Self {
                around: Some([x - wide, y - high, 2.0 * wide, 2.0 * high]),
                rotation: Some(*rotation_radians),
                ..drawn
            },
            Shape::Polygon(points) | Shape::Polyline(points) | Shape::Points(points) => Self {
                around: around(points),
                points_px: Some(points.iter().flatten().copied().collect()),
                ..drawn
            },
            Shape::Mask { size_px, runs } => {
                let mask = match runs {
                    Runs::List(list) => Mask::new(*size_px, list.clone()),
                    Runs::Text(text) => Mask::from_text(*size_px, text),
                };
                let Ok(mask) = mask else {
                    return Self::default();
                };
                let Rect {
                    x,
                    y,
                    width,
                    height,
                } = mask.bounds();
                Self {
                    around: Some([x, y, width, height]),
                    mask: Some(mask.to_text()),
                    ..drawn
                }
            }
            Shape::Box3 {
                center_meters,
                quat_xyzw,
                size_meters,
            } => Self {
                is_in_space: true,
                center: Some(*center_meters),
                turn: Some(*quat_xyzw),
                size: Some(*size_meters),
                ..Self::default()
            },
            Shape::Points3(points) => Self {
                is_in_space: true,
                points_m: Some(points.iter().flatten().copied().collect()),
                ..Self::default()
            },
        }
    }
}

/// Left, top, width and height of the box around points.
fn around(points: &[[f64; 2]]) -> Option<[f64; 4]> {
    let (mut low, mut high) = (*points.first()?, *points.first()?);
    for point in points {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(point) {
            *low = low.min(*value);
            *high = high.max(*value);
        }
    }
    Some([low[0], low[1], high[0] - low[0], high[1] - low[1]])
}
