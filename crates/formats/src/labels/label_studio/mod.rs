//! Label Studio's exports: JSON with tasks, annotations and predictions, and JSON-MIN.
//!
//! Read [`content`] and [`About`] first. Source: Label Studio's documentation ("Task format", "Export formats", the pages
//! of its tags) and the exports of label-studio-sdk 2.1.2's converter. Shapes are percent of the image as it was shown to
//! the annotator (`original_width`, `original_height`); a turned rectangle stands at its first corner after it was turned.
//! Who annotated and when stays with each label, so that several annotators' answers to one question are votes.
//!
//! Not here: brush masks, which are counted as left out; what lies between the key frames of a video.

mod region;

use super::content::{Budget, Content, Fields, Item, Kind, Label, Relation, Step, too_much};
use super::rows::{list, text_of};
use super::{At, LabelError, Place};
use crate::decode::rfc3339;
use region::{Region, classes};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const HINT: &str = "an export of Label Studio is a list of tasks with `data` and `annotations` (JSON), or of rows with `annotation_id` and `annotator` (JSON-MIN)";
/// Fields of a task's data that name what is labeled.
const MEDIA: [&str; 6] = ["image", "img", "video", "audio", "pdf", "url"];
/// Fields of a row of JSON-MIN that are not data.
const ABOUT_ROW: [&str; 7] = [
    "id",
    "annotator",
    "annotation_id",
    "created_at",
    "updated_at",
    "lead_time",
    "agreement",
];

/// What an export does not say itself.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// Width and height of an image or video by its name, pixels, for shapes without `original_width` (videos).
    pub size_of: &'a dyn Fn(&str) -> Option<[f64; 2]>,
    /// Names of controls whose single answers JSON-MIN writes as plain text, as it writes data.
    pub answers: &'a [String],
}

/// Reads an export of either form.
///
/// An item per task; a label per class, choice or answer of a region, with the region's id, the control's name as
/// question, and the annotator; predictions likewise, with the model as annotator. Regions of a video become labels at
/// their key frames. Shapes whose image has no known size are absent, and counted; cancelled annotations are left out.
/// Errors: no list of rows, numbers that are none, a region of another form; the task's row is named. Cost: the document
/// in memory.
pub fn content(file: &str, bytes: &[u8], about: About<'_>) -> Result<Content, LabelError> {
    let rows = if bytes.trim_ascii_start().starts_with(b"{") {
        vec![super::rows::object::<Map<String, Value>>(
            file, bytes, HINT,
        )?]
    } else {
        list::<Map<String, Value>>(file, bytes, HINT)?
    };
    let mut reader = Reader {
        about,
        out: Content::default(),
        tasks: BTreeMap::new(),
        times: BTreeMap::new(),
        budget: Budget::default(),
    };
    for (row, task) in rows.into_iter().enumerate() {
        let at = At {
            file,
            place: Place::Row(row),
        };
        if task.contains_key("data") {
            reader.task(at, &task)?;
        } else if task.contains_key("annotation_id") || task.contains_key("annotator") {
            reader.row(at, &task)?;
        } else {
            return Err(at.form("it has neither `data` nor `annotation_id`", HINT));
        }
    }
    Ok(reader.finish())
}

/// A text, or a number as text.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Who did it: a number, an address, or an object with one.
fn person(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Object(person) => word(person.get("email"))
            .or_else(|| word(person.get("username")))
            .or_else(|| word(person.get("id"))),
        other => word(Some(other)),
    }
}

/// A time as text, or in seconds since 1970 as old exports have it.
fn time(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => rfc3339(text),
        Value::Number(secs) => secs.as_i64()?.checked_mul(1_000_000_000),
        _ => None,
    }
}

/// The list below a key; none is empty.
fn list_of<'a>(
    at: At<'_>,
    map: &'a Map<String, Value>,
    key: &'static str,
) -> Result<&'a [Value], LabelError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(other) => Err(at.value(key, other, "a list belongs there")),
    }
}

struct Reader<'a> {
    about: About<'a>,
    out: Content,
    /// Items by the id of their task.
    tasks: BTreeMap<String, usize>,
    /// Times of frames by item and number.
    times: BTreeMap<(usize, i64), Option<i64>>,
    budget: Budget,
}

impl Reader<'_> {
    fn finish(mut self) -> Content {
        for ((item, number), time_ns) in self.times {
            self.out.steps.push(Step {
                item: Some(item),
                number,
                time_ns,
                ..Step::default()
            });
        }
        self.out
    }

    /// The item of a task; a task that stands in several rows is one.
    fn item(&mut self, id: Option<String>, data: &Map<String, Value>, known: &[&str]) -> usize {
        let known_item = id.as_ref().and_then(|id| self.tasks.get(id));
        if let Some(item) = known_item {
            return *item;
        }
        let media = MEDIA.iter().find_map(|key| word(data.get(*key)));
        let name = media.or_else(|| id.clone()).unwrap_or_default();
        let mut fields: Fields = Vec::new();
        if let Some(id) = &id {
            fields.push(("id".to_owned(), id.clone()));
        }
        for (key, value) in data {
            let is_plain = value.is_string() || value.is_number() || value.is_boolean();
            if is_plain && !known.contains(&key.as_str()) {
                fields.push((key.clone(), text_of(value)));
            }
        }
        let item = self.out.item(Item {
            size_px: (self.about.size_of)(&name),
            name,
            fields,
            ..Item::default()
        });
        if let Some(id) = id {
            self.tasks.insert(id, item);
        }
        item
    }

    /// A task of the full form.
    fn task(&mut self, at: At<'_>, task: &Map<String, Value>) -> Result<(), LabelError> {
        let empty = Map::new();
        let data = task.get("data").and_then(Value::as_object);
        let item = self.item(word(task.get("id")), data.unwrap_or(&empty), &[]);
        // `completions` is what annotations were called before version 1.
        for key in ["annotations", "completions"] {
            for given in list_of(at, task, key)? {
                let wrong = || at.form(format!("one of its `{key}` is no object"), HINT);
                self.annotation(at, item, given.as_object().ok_or_else(wrong)?)?;
            }
        }
        for given in list_of(at, task, "predictions")? {
            // An export may list predictions by their ids only.
            let Some(given) = given.as_object() else {
                self.out.leave_out("predictions named by their id only");
                continue;
            };
            let base = Label {
                item: Some(item),
                is_prediction: true,
                annotator: word(given.get("model_version")),
                score: given.get("score").and_then(Value::as_f64),
                created_ns: time(given.get("created_at")),
                ..Label::default()
            };
            self.results(at, &base, list_of(at, given, "result")?)?;
        }
        Ok(())
    }

    fn annotation(
        &mut self,
        at: At<'_>,
        item: usize,
        given: &Map<String, Value>,
    ) -> Result<(), LabelError> {
        let is = |key: &str| given.get(key).and_then(Value::as_bool) == Some(true);
        if is("was_cancelled") || is("skipped") {
            self.out.leave_out("cancelled annotations");
            return Ok(());
        }
        let mut attributes: Fields = Vec::new();
        for (name, key) in [("annotation", "id"), ("lead_time_secs", "lead_time")] {
            if let Some(text) = word(given.get(key)) {
                attributes.push((name.to_owned(), text));
            }
        }
        if is("ground_truth") {
            attributes.push(("ground_truth".to_owned(), "true".to_owned()));
        }
        let base = Label {
            item: Some(item),
            annotator: person(given.get("completed_by")),
            created_ns: time(given.get("created_at")),
            attributes,
            ..Label::default()
        };
        self.results(at, &base, list_of(at, given, "result")?)
    }

    /// The regions of an annotation.
    fn results(&mut self, at: At<'_>, base: &Label, results: &[Value]) -> Result<(), LabelError> {
        let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
        let mut parents = Vec::new();
        for given in results {
            let wrong = || at.form("one of its `result`s is no object", HINT);
            let given = given.as_object().ok_or_else(wrong)?;
            if given.get("type").and_then(Value::as_str) == Some("relation") {
                self.relation(base, given);
                continue;
            }
            let first = self.out.labels.len();
            let id = word(given.get("id"));
            let value = given.get("value").and_then(Value::as_object);
            let empty = Map::new();
            let mut attributes = base.attributes.clone();
            let turned = given.get("image_rotation").and_then(Value::as_f64);
            if let Some(turned) = turned.filter(|turned| *turned != 0.0) {
                attributes.push(("image_rotation_degrees".to_owned(), turned.to_string()));
            }
            let region = Region {
                at,
                given,
                value: value.unwrap_or(&empty),
                base: Label {
                    id: id.clone(),
                    question: word(given.get("from_name")).unwrap_or_default(),
                    attributes,
                    score: given.get("score").and_then(Value::as_f64).or(base.score),
                    ..base.clone()
                },
            };
            self.region(&region)?;
            let after = self.out.labels.len();
            if let Some(id) = id {
                firsts.entry(id).or_insert(first);
            }
            if let Some(parent) = word(given.get("parentID")) {
                parents.push((first..after, parent));
            }
        }
        for (labels, parent) in parents {
            let parent = firsts.get(&parent).copied();
            for label in self.out.labels.get_mut(labels).into_iter().flatten() {
                label.part_of = parent;
            }
        }
        Ok(())
    }

    fn region(&mut self, region: &Region<'_>) -> Result<(), LabelError> {
        let item = region.base.item.unwrap_or_default();
        let size = region.size()?.or_else(|| {
            let item = self.out.items.get(item)?;
            item.size_px
        });
        if let Some(size) = size
            && let Some(item) = self.out.items.get_mut(item)
        {
            item.size_px.get_or_insert(size);
        }
        let (times, bytes) = region.labels_at_most();
        let error = || too_much(region.at);
        self.budget.spend(error, &region.base, times)?;
        self.budget.spend_bytes(error, bytes, times - 1)?;
        let found = region.labels(size)?;
        for what in found.left_out {
            self.out.leave_out(what);
        }
        for (number, time_ns) in found.times {
            let known = self.times.entry((item, number)).or_default();
            *known = known.or(time_ns);
        }
        self.out.labels.extend(found.labels);
        Ok(())
    }

    fn relation(&mut self, base: &Label, given: &Map<String, Value>) {
        let end = |key: &str| {
            let id = word(given.get(key));
            id.map(|id| (Kind::Object, id)).into_iter().collect()
        };
        let words = given.get("labels").and_then(Value::as_array);
        let words: Vec<String> = words.into_iter().flatten().map(text_of).collect();
        let direction = word(given.get("direction")).unwrap_or_default();
        let mut relation = Relation {
            item: base.item,
            category: words.join("/"),
            subjects: end("from_id"),
            objects: end("to_id"),
            annotator: base.annotator.clone(),
            ..Relation::default()
        };
        if direction == "left" {
            std::mem::swap(&mut relation.subjects, &mut relation.objects);
        }
        self.out.relations.push(relation);
    }

    /// A row of JSON-MIN: data, answers and lists of regions beside each other.
    fn row(&mut self, at: At<'_>, row: &Map<String, Value>) -> Result<(), LabelError> {
        let answers = self.about.answers.iter().map(String::as_str);
        let known: Vec<&str> = ABOUT_ROW.into_iter().chain(answers).collect();
        let item = self.item(word(row.get("id")), row, &known);
        let mut attributes: Fields = Vec::new();
        for (name, key) in [
            ("annotation", "annotation_id"),
            ("lead_time_secs", "lead_time"),
        ] {
            if let Some(text) = word(row.get(key)) {
                attributes.push((name.to_owned(), text));
            }
        }
        let base = Label {
            item: Some(item),
            annotator: person(row.get("annotator")),
            created_ns: time(row.get("created_at")),
            attributes,
            ..Label::default()
        };
        for (key, value) in row {
            if ABOUT_ROW.contains(&key.as_str()) {
                continue;
            }
            let base = Label {
                question: key.clone(),
                ..base.clone()
            };
            match value {
                Value::Array(list) => {
                    for one in list {
                        self.cell(at, &base, one)?;
                    }
                }
                one => self.cell(at, &base, one)?,
            }
        }
        Ok(())
    }

    /// One value of a row: a region, an answer, or data, which is left alone.
    fn cell(&mut self, at: At<'_>, base: &Label, value: &Value) -> Result<(), LabelError> {
        let is_answer = self.about.answers.contains(&base.question);
        match value {
            Value::Object(value) => {
                let is_list = |key: &str| value.get(key).is_some_and(Value::is_array);
                if is_answer
                    || classes(value).is_some()
                    || is_list("choices")
                    || is_list("taxonomy")
                {
                    let region = Region {
                        at,
                        given: &Map::new(),
                        value,
                        base: base.clone(),
                    };
                    self.region(&region)?;
                }
            }
            Value::String(_) | Value::Number(_) if is_answer => self.out.labels.push(Label {
                kind: Kind::Tag,
                category: text_of(value),
                ..base.clone()
            }),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
