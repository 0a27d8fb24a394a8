//! ASAM `OpenLABEL` 1.0: JSON of objects, actions, events, contexts, relations and tags over the frames of a scene.
//!
//! Read [`content`] first. Source: the JSON schema 1.0.0 of the standard; what it leaves open (the order of Euler angles,
//! chain codes, which way a transform goes) is as the library `vcd` 6.0.3 does it, which the tests compare.
//!
//! Not here: images, meshes, matrices and binary data inside a file, which are counted as left out; ontologies.

mod shape;

use super::content::{
    Budget, Content, Fields, Item, Kind, Label, Placement, Relation, Step, text_bytes, too_much,
};
use super::rows::{object, text_of};
use super::{At, LabelError, Place};
use crate::decode::rfc3339;
use crate::sensor::Pose;
use serde::Deserialize;
use serde_json::{Map, Value};
use shape::Entry;
use std::collections::BTreeMap;

const HINT: &str = "an OpenLABEL file is an object `openlabel` with `metadata` and maps `objects`, `frames` and so on, by uid or number";

#[derive(Deserialize)]
struct File {
    openlabel: Root,
}

#[derive(Deserialize)]
struct Root {
    metadata: Map<String, Value>,
    #[serde(default)]
    objects: Elements,
    #[serde(default)]
    actions: Elements,
    #[serde(default)]
    events: Elements,
    #[serde(default)]
    contexts: Elements,
    #[serde(default)]
    relations: BTreeMap<String, Related>,
    #[serde(default)]
    tags: BTreeMap<String, Tag>,
    #[serde(default)]
    frames: BTreeMap<String, Frame>,
    #[serde(default)]
    streams: BTreeMap<String, Value>,
    #[serde(default)]
    coordinate_systems: BTreeMap<String, CoordinateSystem>,
}

type Elements = BTreeMap<String, Element>;
type Data = BTreeMap<String, Value>;

#[derive(Default, Deserialize)]
struct Element {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    category: String,
    #[serde(default)]
    frame_intervals: Vec<Interval>,
    /// Of its shapes that name none.
    #[serde(default)]
    coordinate_system: String,
    #[serde(
        default,
        alias = "action_data",
        alias = "event_data",
        alias = "context_data"
    )]
    object_data: Data,
}

/// What an element says once.
struct Once {
    data: Data,
    intervals: Vec<Interval>,
}

#[derive(Clone, Copy, Deserialize)]
struct Interval {
    frame_start: i64,
    frame_end: i64,
}

#[derive(Default, Deserialize)]
struct Related {
    #[serde(default, rename = "type")]
    category: String,
    #[serde(default)]
    frame_intervals: Vec<Interval>,
    #[serde(default)]
    rdf_subjects: Vec<Agent>,
    #[serde(default)]
    rdf_objects: Vec<Agent>,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(default)]
    uid: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "type")]
    category: String,
    #[serde(default)]
    tag_data: Value,
}

#[derive(Default, Deserialize)]
struct Frame {
    #[serde(default)]
    objects: Elements,
    #[serde(default)]
    actions: Elements,
    #[serde(default)]
    events: Elements,
    #[serde(default)]
    contexts: Elements,
    #[serde(default)]
    relations: BTreeMap<String, Value>,
    #[serde(default, rename = "frame_properties")]
    properties: FrameProperties,
}

#[derive(Default, Deserialize)]
struct FrameProperties {
    #[serde(default)]
    timestamp: Option<Value>,
    #[serde(default)]
    streams: BTreeMap<String, Value>,
    #[serde(default)]
    transforms: BTreeMap<String, Transform>,
}

#[derive(Deserialize)]
struct CoordinateSystem {
    #[serde(default)]
    parent: String,
    #[serde(default, rename = "pose_wrt_parent")]
    pose: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Transform {
    src: String,
    dst: String,
    #[serde(rename = "transform_src_to_dst")]
    dst_from_src: Map<String, Value>,
}

/// Reads a file: one item with its frames as steps.
///
/// A shape of an element becomes a label with the element's uid as id, and as track where it is an object; what it says of
/// one frame stands at that frame, what it says once at each of its intervals of frames. Numbers, texts and truth values
/// become attributes of the shapes beside them, or of a label without a place. Objects without any shape, and all actions,
/// events and contexts, have a label per interval. Boxes keep their coordinate system's name; cuboids of 9 values turn by
/// Rz·Ry·Rx. A timestamp is RFC 3339, the same without a zone (taken as UTC), or a number whose size says whether it counts
/// seconds, milliseconds, microseconds or nanoseconds since 1970, between 1990 and 2100; any other stays a field of its
/// step. Cuboids without values and boxes of a size below 0 are counted as left out.
///
/// Errors: no JSON, another form, a shape with too few numbers, frames that are no numbers, intervals whose end comes
/// first; file, element and frame are named. Cost: the document in memory.
pub fn content(file: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    let read: File = object(file, bytes, HINT)?;
    let root = read.openlabel;
    let mut out = Content::default();
    let name = ["tagged_file", "name"].into_iter();
    let mut name = name.filter_map(|key| root.metadata.get(key)?.as_str());
    let item = out.item(Item {
        name: name.next().unwrap_or(file).to_owned(),
        fields: plain(&root.metadata),
        ..Item::default()
    });
    let frames = root.frames.into_iter().map(|(number, frame)| {
        let at = At {
            file,
            place: Place::File,
        };
        let wrong = |_| at.value("frame", &number, "frames are whole numbers");
        Ok((number.parse::<i64>().map_err(wrong)?, frame))
    });
    let frames: BTreeMap<i64, Frame> = frames.collect::<Result<_, LabelError>>()?;
    let mut reader = Reader {
        file,
        item,
        annotator: root.metadata.get("annotator").map(text_of),
        out,
        budget: Budget::default(),
    };
    for (name, stream) in &root.streams {
        reader.stream(name, stream);
    }
    for (child, system) in &root.coordinate_systems {
        reader.system(child, system)?;
    }
    for (number, frame) in &frames {
        reader.step(*number, &frame.properties)?;
    }
    for (kind, elements, of_frame) in [
        (Kind::Object, root.objects, Frame::objects as OfFrame),
        (Kind::Action, root.actions, Frame::actions),
        (Kind::Event, root.events, Frame::events),
        (Kind::Context, root.contexts, Frame::contexts),
    ] {
        reader.elements(kind, elements, &frames, of_frame)?;
    }
    let mut listed: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (number, frame) in &frames {
        for uid in frame.relations.keys() {
            listed.entry(uid).or_default().push(*number);
        }
    }
    for (uid, relation) in &root.relations {
        let numbers = listed.get(uid.as_str());
        reader.relation(uid, relation, numbers.map_or(&[], Vec::as_slice))?;
    }
    for (uid, tag) in root.tags {
        reader.tag(uid, tag);
    }
    Ok(reader.out)
}

type OfFrame = fn(&Frame) -> &Elements;

impl Frame {
    fn objects(&self) -> &Elements {
        &self.objects
    }

    fn actions(&self) -> &Elements {
        &self.actions
    }

    fn events(&self) -> &Elements {
        &self.events
    }

    fn contexts(&self) -> &Elements {
        &self.contexts
    }
}

/// The texts, numbers and truth values of a map.
fn plain(map: &Map<String, Value>) -> Fields {
    let is_plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    let plain = map.iter().filter(|(_, value)| is_plain(value));
    plain
        .map(|(name, value)| (name.clone(), text_of(value)))
        .collect()
}

/// The kind of an agent of a relation.
fn kind_of(name: &str) -> Option<Kind> {
    let kinds = [Kind::Object, Kind::Action, Kind::Event, Kind::Context];
    // The schema does not ask for it.
    let name = if name.is_empty() { "object" } else { name };
    kinds.into_iter().find(|kind| kind.name() == name)
}

/// Runs of consecutive numbers of a sorted list.
fn runs(numbers: &[i64]) -> Vec<[i64; 2]> {
    let mut out: Vec<[i64; 2]> = Vec::new();
    for &number in numbers {
        match out.last_mut() {
            Some([_, last]) if number.checked_sub(1) == Some(*last) => *last = number,
            _ => out.push([number; 2]),
        }
    }
    out
}

/// The time a timestamp says, where it is one since 1970.
fn time_ns(value: &Value) -> Option<i64> {
    const FIRST_SECS: f64 = 631_152_000.0;
    const LAST_SECS: f64 = 4_102_444_800.0;
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Number(number) => {
            let given = number.as_f64()?;
            let unit = [1_000_000_000_i64, 1_000_000, 1000, 1]
                .into_iter()
                .find(|unit| {
                    let per_sec = 1e9 / *unit as f64;
                    (FIRST_SECS * per_sec..LAST_SECS * per_sec).contains(&given)
                })?;
            if let Some(whole) = number.as_i64() {
                return whole.checked_mul(unit);
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a time before 2100 in nanoseconds fits"
            )]
            let nanos = (given * unit as f64).round() as i64;
            return Some(nanos);
        }
        _ => return None,
    };
    rfc3339(text).or_else(|| rfc3339(&format!("{text}Z")))
}

/// An error about something in a file.
fn wrong_at(file: &str, subject: &str, error: impl FnOnce(At<'_>) -> LabelError) -> LabelError {
    let file = format!("{file}, {subject}");
    error(At {
        file: &file,
        place: Place::File,
    })
}

struct Reader<'a> {
    file: &'a str,
    item: usize,
    annotator: Option<String>,
    out: Content,
    budget: Budget,
}

impl Reader<'_> {
    /// An error about something in the file.
    fn wrong(&self, subject: &str, what: impl Into<String>, hint: &'static str) -> LabelError {
        wrong_at(self.file, subject, |at| at.form(what, hint))
    }

    fn stream(&mut self, name: &str, stream: &Value) {
        let Some(stream) = stream.as_object() else {
            return;
        };
        let properties = stream.get("stream_properties").and_then(Value::as_object);
        let inner = properties.into_iter().flat_map(Map::values);
        let parts = [Some(stream), properties].into_iter().flatten();
        for map in parts.chain(inner.filter_map(Value::as_object)) {
            for (key, value) in plain(map) {
                self.out
                    .fields
                    .push((format!("stream/{name}/{key}"), value));
            }
        }
    }

    fn system(&mut self, child: &str, system: &CoordinateSystem) -> Result<(), LabelError> {
        let Some(given) = &system.pose else {
            return Ok(());
        };
        if system.parent.is_empty() {
            return Ok(());
        }
        self.place(None, [&system.parent, child], given)
    }

    /// Adds where a coordinate system is.
    fn place(
        &mut self,
        step: Option<i64>,
        [parent, child]: [&str; 2],
        given: &Map<String, Value>,
    ) -> Result<(), LabelError> {
        let subject = format!("pose of {child} in {parent}");
        let placed = shape::placed(given);
        match placed.map_err(|what| self.wrong(&subject, what, shape::POSE_HINT))? {
            None => self.out.leave_out("transforms that are no rotation"),
            Some((translation_meters, quat_xyzw)) => self.out.poses.push(Placement {
                item: Some(self.item),
                step,
                time_ns: None,
                pose: Pose {
                    parent: parent.to_owned().into(),
                    child: child.to_owned().into(),
                    translation_meters,
                    quat_xyzw,
                },
            }),
        }
        Ok(())
    }

    fn step(&mut self, number: i64, properties: &FrameProperties) -> Result<(), LabelError> {
        let stamp = |value: Option<&Value>| -> Fields {
            let stamp = value.map(|value| ("timestamp".to_owned(), text_of(value)));
            stamp.into_iter().collect()
        };
        let given = properties.timestamp.as_ref();
        self.out.steps.push(Step {
            item: Some(self.item),
            number,
            time_ns: given.and_then(time_ns),
            fields: stamp(given),
            ..Step::default()
        });
        for (stream, value) in &properties.streams {
            let inner = value.get("stream_properties").unwrap_or(value);
            let Some(sync) = inner.get("sync") else {
                continue;
            };
            let given = sync.get("timestamp");
            self.out.steps.push(Step {
                item: Some(self.item),
                number,
                stream: stream.clone(),
                stream_number: sync.get("frame_stream").and_then(Value::as_i64),
                time_ns: given.and_then(time_ns),
                fields: stamp(given),
            });
        }
        for transform in properties.transforms.values() {
            let frames = [transform.dst.as_str(), transform.src.as_str()];
            self.place(Some(number), frames, &transform.dst_from_src)?;
        }
        Ok(())
    }

    /// The intervals of an element, or the runs of frames that list it; none where it is about all.
    fn intervals(
        &self,
        subject: &str,
        given: &[Interval],
        listed: &[i64],
    ) -> Result<Vec<Option<[i64; 2]>>, LabelError> {
        if given.is_empty() && listed.is_empty() {
            return Ok(vec![None]);
        }
        if given.is_empty() {
            return Ok(runs(listed).into_iter().map(Some).collect());
        }
        let checked = given.iter().map(|one| {
            if one.frame_start > one.frame_end {
                let what = format!(
                    "frames `{}` to `{}` are none",
                    one.frame_start, one.frame_end
                );
                return Err(self.wrong(subject, what, HINT));
            }
            Ok(Some([one.frame_start, one.frame_end]))
        });
        checked.collect()
    }

    /// Counts labels that are made of shapes, beyond the first of each.
    fn spend_copies(
        &mut self,
        subject: &str,
        entries: &[Entry],
        times: usize,
    ) -> Result<(), LabelError> {
        let bytes = entries.iter().map(|entry| {
            let shape = entry.shape.as_ref().map_or(0, super::Shape::copy_bytes);
            shape + entry.frame.len() + text_bytes(&entry.attributes)
        });
        let file = self.file;
        let error = || wrong_at(file, subject, too_much);
        let (bytes, times) = (bytes.sum(), times.saturating_sub(1));
        self.budget.spend_bytes(error, bytes, times)
    }

    /// Counts labels that are made of one.
    fn spend(&mut self, subject: &str, base: &Label, times: usize) -> Result<(), LabelError> {
        let file = self.file;
        let error = || wrong_at(file, subject, too_much);
        self.budget.spend(error, base, times)
    }

    /// All elements of a kind.
    fn elements(
        &mut self,
        kind: Kind,
        mut elements: Elements,
        frames: &BTreeMap<i64, Frame>,
        of_frame: OfFrame,
    ) -> Result<(), LabelError> {
        let mut listed: BTreeMap<&str, Vec<(i64, &Element)>> = BTreeMap::new();
        for (number, frame) in frames {
            for (uid, said) in of_frame(frame) {
                listed.entry(uid).or_default().push((*number, said));
                if !elements.contains_key(uid) {
                    // Frames may speak of elements that are nowhere else.
                    elements.insert(uid.clone(), Element::default());
                }
            }
        }
        for (uid, element) in elements {
            let said = listed.remove(uid.as_str()).unwrap_or_default();
            let mut base = Label {
                item: Some(self.item),
                kind,
                category: element.category,
                track: (kind == Kind::Object).then(|| uid.clone()),
                id: Some(uid),
                frame: element.coordinate_system,
                annotator: self.annotator.clone(),
                ..Label::default()
            };
            if !element.name.is_empty() {
                let name = ("name".to_owned(), element.name);
                base.attributes.push(name);
            }
            let once = Once {
                data: element.object_data,
                intervals: element.frame_intervals,
            };
            self.element(base, &once, &said)?;
        }
        Ok(())
    }

    /// The labels of an element: what is said once, and what its frames say.
    fn element(
        &mut self,
        mut base: Label,
        once: &Once,
        said: &[(i64, &Element)],
    ) -> Result<(), LabelError> {
        let uid = base.id.as_deref().unwrap_or_default();
        let subject = format!("{} {uid}", base.kind.name());
        let numbers: Vec<i64> = said.iter().map(|(number, _)| *number).collect();
        let spans = self.intervals(&subject, &once.intervals, &numbers)?;
        let entries = self.entries(&subject, &once.data)?;
        let (shapes, others): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.shape.is_some());
        // What is said once holds for what each frame says too.
        for entry in others {
            base.attributes.extend(entry.attributes);
        }
        let repeated = spans.len().saturating_mul(shapes.len() + 1);
        self.spend(&subject, &base, repeated.saturating_add(said.len()))?;
        self.spend_copies(&subject, &shapes, spans.len())?;
        let mut has_place = !shapes.is_empty();
        let mut of_frames = Vec::new();
        for (number, one) in said {
            let subject = format!("{subject}, frame {number}");
            let entries = self.entries(&subject, &one.object_data)?;
            let mut base = base.clone();
            if base.category.is_empty() {
                base.category.clone_from(&one.category);
            }
            has_place |= !entries.is_empty();
            self.spend(&subject, &base, entries.len())?;
            spread(&base, entries, Some([*number; 2]), &mut of_frames);
        }
        for span in spans {
            if !has_place || base.kind != Kind::Object {
                self.out.label(Label {
                    steps: span,
                    ..base.clone()
                });
            }
            if !shapes.is_empty() {
                spread(&base, shapes.clone(), span, &mut self.out.labels);
            }
        }
        self.out.labels.append(&mut of_frames);
        Ok(())
    }

    /// The entries of an element's data.
    fn entries(&mut self, subject: &str, data: &Data) -> Result<Vec<Entry>, LabelError> {
        let mut out = Vec::new();
        for (form, list) in data {
            let list = match list {
                Value::Array(list) => list.as_slice(),
                one => std::slice::from_ref(one),
            };
            for value in list {
                match shape::entry(form, value) {
                    Ok(shape::Read::Entry(entry)) => out.push(*entry),
                    Ok(shape::Read::LeftOut(what)) => self.out.leave_out(&what),
                    Err(what) => return Err(self.wrong(subject, what, shape::HINT)),
                }
            }
        }
        Ok(out)
    }

    fn relation(&mut self, uid: &str, given: &Related, listed: &[i64]) -> Result<(), LabelError> {
        let subject = format!("relation {uid}");
        let agents = |list: &[Agent]| {
            let known = list.iter().map(|agent| {
                let kind = kind_of(&agent.kind);
                let what = format!("`{}` is no type of element", agent.kind);
                let kind = kind.ok_or_else(|| self.wrong(&subject, what, HINT));
                Ok::<_, LabelError>((kind?, agent.uid.clone()))
            });
            known.collect::<Result<Vec<_>, _>>()
        };
        let (subjects, objects) = (agents(&given.rdf_subjects)?, agents(&given.rdf_objects)?);
        for steps in self.intervals(&subject, &given.frame_intervals, listed)? {
            self.out.relations.push(Relation {
                item: Some(self.item),
                category: given.category.clone(),
                steps,
                subjects: subjects.clone(),
                objects: objects.clone(),
                annotator: self.annotator.clone(),
            });
        }
        Ok(())
    }

    fn tag(&mut self, uid: String, tag: Tag) {
        let attributes = match &tag.tag_data {
            Value::Object(data) => shape::attributes(data),
            Value::Null => Fields::new(),
            other => vec![("tag_data".to_owned(), text_of(other))],
        };
        self.out.label(Label {
            item: Some(self.item),
            kind: Kind::Tag,
            category: tag.category,
            id: Some(uid),
            annotator: self.annotator.clone(),
            attributes,
            ..Label::default()
        });
    }
}

/// Labels of the entries of one time: one per shape with the attributes beside it, or one without a place.
fn spread(base: &Label, entries: Vec<Entry>, steps: Option<[i64; 2]>, out: &mut Vec<Label>) {
    if entries.is_empty() {
        return;
    }
    let mut base = Label {
        steps,
        ..base.clone()
    };
    let (shapes, others): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.shape.is_some());
    for other in others {
        base.attributes.extend(other.attributes);
    }
    if shapes.is_empty() {
        out.push(base);
        return;
    }
    for entry in shapes {
        let mut label = base.clone();
        label.shape = entry.shape.unwrap_or_default();
        if !entry.frame.is_empty() {
            label.frame = entry.frame;
        }
        label.attributes.extend(entry.attributes);
        out.push(label);
    }
}

#[cfg(test)]
mod tests;
