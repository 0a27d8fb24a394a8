//! The document of `score --json`.
//!
//! Read [`ScoreDocument`] first.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// A number at the edge; `estimate` is null where it is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Number {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Lower end of its interval at 95 %; null where none was asked for or none is sound.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Units it rests on; the document says which.
    pub n: usize,
}

/// Numbers by name, in the order of the benchmark.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// One number.
    Number(Number),
    /// Several, by name.
    Group(Vec<(String, Node)>),
}

impl Default for Node {
    fn default() -> Self {
        Self::Group(Vec::new())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(to),
            Self::Group(parts) => {
                let mut map = to.serialize_map(Some(parts.len()))?;
                for (name, node) in parts {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
        }
    }
}

impl Node {
    /// Puts a number at a path, making groups on the way. Numbers of one group follow each other.
    pub(super) fn put(&mut self, path: &[String], number: Number) {
        let (Self::Group(parts), [name, below @ ..]) = (self, path) else {
            return;
        };
        if below.is_empty() {
            parts.push((name.clone(), Self::Number(number)));
            return;
        }
        if parts.last().is_none_or(|(last, _)| last != name) {
            parts.push((name.clone(), Self::default()));
        }
        if let Some((_, group)) = parts.last_mut() {
            group.put(below, number);
        }
    }

    /// The parts of a group; none of a number.
    pub fn parts(&self) -> &[(String, Self)] {
        match self {
            Self::Number(_) => &[],
            Self::Group(parts) => parts,
        }
    }

    /// What is at a path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        let [name, below @ ..] = path else {
            return Some(self);
        };
        let found = self.parts().iter().find(|(part, _)| part == name);
        found?.1.at(below)
    }

    /// The number at a path.
    pub fn number(&self, path: &[&str]) -> Option<Number> {
        match self.at(path)? {
            Self::Number(number) => Some(*number),
            Self::Group(_) => None,
        }
    }
}

/// Numbers of the units that have one value of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// The value; null where the field is missing.
    pub value: Option<String>,
    /// As in the document.
    pub summary: Node,
    /// As in the document.
    pub per_class: Node,
}

/// Slices by one field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slices {
    /// The field.
    pub by: String,
    /// By value.
    pub values: Vec<Slice>,
}

/// The document of `score --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreDocument {
    /// Always `fieldassay.score`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Whose rules: `coco`, `lvis`, `voc`, `nuscenes`, `kitti`, `av2`, `mot`, `miou`.
    pub benchmark: &'static str,
    /// Path of the labels as given.
    pub labels: String,
    /// Path of the predictions as given.
    pub predictions: String,
    /// What `n` counts and intervals draw: `images`, `sequences`, `logs`, `scenes`.
    pub unit: &'static str,
    /// What was compared and how, by name.
    pub rules: Vec<Rule>,
    /// How often units were drawn again for intervals, and from which seed; null where they were not.
    pub bootstrap: Option<fieldassay_measure::stats::Resampling>,
    /// The lines people quote.
    pub summary: Node,
    /// The same kind of numbers by class; empty where there are no classes.
    pub per_class: Node,
    /// Numbers of each sequence, where sequences are scored.
    #[serde(skip_serializing_if = "is_empty")]
    pub per_sequence: Node,
    /// Slices, where a field was given.
    pub slices: Option<Slices>,
    /// What a reader of the numbers should know: rows that do not count, and why.
    pub notes: Vec<String>,
}

fn is_empty(node: &Node) -> bool {
    node.parts().is_empty()
}

/// One rule, for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Its name: `iou`, `type`, `ignored`, …
    pub name: &'static str,
    /// Its value.
    pub value: String,
}
