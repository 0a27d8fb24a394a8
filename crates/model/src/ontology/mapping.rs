//! What becomes of a class in another version or vocabulary.
//!
//! Read [`Target`] (as it is written) and [`Mapped`] (as it comes out) first.
//!
//! Not here: reading files.

use super::{Mapping, Ontology, OntologyError, OntologyId};
use crate::nearest;
use schemars::JsonSchema;
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a class goes, as a file says it: `car`, `{broader: vehicle}`, `{narrower: police_car}`, `[truck, bus]`, or `~`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The same things are meant.
    Exact(String),
    /// Its things are among those of a class that holds more: merged into it.
    Broader(String),
    /// A class that holds some of its things only.
    Narrower(String),
    /// Each of its things is one of these.
    Split(BTreeSet<String>),
    /// Nowhere.
    Nothing,
}

/// How a class and what it is mapped to belong together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same things are meant.
    Exact,
    /// The target holds more.
    Broader,
    /// The target holds some of it only.
    Narrower,
    /// One of several targets; which one has to be looked at.
    Split,
    /// There is no target.
    None,
}

/// A label in another ontology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mapped {
    /// The classes there: one, several for a split, none where there is no place.
    pub classes: Vec<String>,
    /// How well it fits.
    pub relation: Relation,
    /// The class whose mapping was used, where it is not its own: a class it is a kind of, or its successor.
    pub through: Option<String>,
}

/// Something a mapping cannot keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// The class.
    pub class: String,
    /// How it fits.
    pub relation: Relation,
    /// Where it goes.
    pub classes: Vec<String>,
    /// What is lost, in words.
    pub explanation: String,
}

/// Something wrong between a mapping and the ontology it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The class whose target is wrong.
    pub class: String,
    /// The target.
    pub target: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Target {
    fn classes(&self) -> Vec<String> {
        match self {
            Self::Exact(class) | Self::Broader(class) | Self::Narrower(class) => {
                vec![class.clone()]
            }
            Self::Split(classes) => classes.iter().cloned().collect(),
            Self::Nothing => Vec::new(),
        }
    }

    const fn relation(&self) -> Relation {
        match self {
            Self::Exact(_) => Relation::Exact,
            Self::Broader(_) => Relation::Broader,
            Self::Narrower(_) => Relation::Narrower,
            Self::Split(_) => Relation::Split,
            Self::Nothing => Relation::None,
        }
    }
}

impl Mapped {
    const fn nowhere() -> Self {
        Self {
            classes: Vec::new(),
            relation: Relation::None,
            through: None,
        }
    }

    /// Whether every label of the class has one place: the target means the same or holds more.
    pub const fn is_definite(&self) -> bool {
        matches!(self.relation, Relation::Exact | Relation::Broader)
    }
}

impl Ontology {
    /// The mapping to another ontology.
    ///
    /// Errors: [`OntologyError::UnknownMapping`].
    pub fn mapping(&self, to: &OntologyId) -> Result<&Mapping, OntologyError> {
        let mut all = self.mappings.iter();
        all.find(|mapping| mapping.to == *to)
            .ok_or_else(|| OntologyError::UnknownMapping {
                ontology: self.id(),
                to: to.clone(),
                valid: self.mappings.iter().map(|m| m.to.clone()).collect(),
            })
    }

    /// Where a label goes in another ontology: by its own entry, else as its successor where it is deprecated, else by
    /// the nearest class it is a kind of, whose target is then broader than it.
    ///
    /// Errors: [`OntologyError::UnknownMapping`]; [`OntologyError::UnknownClass`] with the nearest. Cost: a search per
    /// class above it.
    pub fn map(&self, to: &OntologyId, label: &str) -> Result<Mapped, OntologyError> {
        let mapping = self.mapping(to)?;
        let class = self.class(label)?;
        if let Some(target) = mapping.classes.get(label) {
            return Ok(Mapped {
                classes: target.classes(),
                relation: target.relation(),
                through: None,
            });
        }
        let successor = class.deprecated.as_ref().and_then(|d| d.successor.as_ref());
        if let Some(successor) = successor.filter(|successor| successor.as_str() != label) {
            let mut mapped = self.map(to, successor)?;
            mapped.through = Some(successor.clone());
            return Ok(mapped);
        }
        let above = self.ancestors(label);
        for name in above.into_iter().skip(1) {
            match mapping.classes.get(name) {
                Some(Target::Exact(class) | Target::Broader(class)) => {
                    return Ok(Mapped {
                        classes: vec![class.clone()],
                        relation: Relation::Broader,
                        through: Some(name.to_owned()),
                    });
                }
                // What holds a part of the class above, or one of several, says nothing about this one.
                Some(_) => return Ok(Mapped::nowhere()),
                None => {}
            }
        }
        Ok(Mapped::nowhere())
    }

    /// What the mapping to another ontology cannot keep: classes that lose their difference, need a look, or have no
    /// place.
    ///
    /// Errors: [`OntologyError::UnknownMapping`].
    pub fn losses(&self, to: &OntologyId) -> Result<Vec<Loss>, OntologyError> {
        let mut mapped = BTreeMap::new();
        let mut into: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for label in self.labels() {
            let target = self.map(to, &label)?;
            if target.is_definite() {
                for class in &target.classes {
                    into.entry(class.clone()).or_default().push(label.clone());
                }
            }
            mapped.insert(label, target);
        }
        let mut losses = Vec::new();
        for (class, target) in mapped {
            let first = target.classes.first();
            let explanation = match target.relation {
                Relation::Exact => continue,
                Relation::Broader => {
                    let first = first.cloned().unwrap_or_default();
                    let others = into.get(&first).into_iter().flatten();
                    let others: Vec<_> = others
                        .filter(|other| **other != class)
                        .map(|other| format!("`{other}`"))
                        .collect();
                    if others.is_empty() {
                        format!("`{first}` holds more than `{class}`")
                    } else {
                        format!(
                            "`{class}` cannot be told from {} in `{first}`",
                            others.join(", ")
                        )
                    }
                }
                Relation::Narrower => {
                    let first = first.cloned().unwrap_or_default();
                    format!("only some of `{class}` is `{first}`: labels need a look")
                }
                Relation::Split => {
                    let classes: Vec<_> = target.classes.iter().map(|c| format!("`{c}`")).collect();
                    format!(
                        "`{class}` is one of {}: labels need a look",
                        classes.join(", ")
                    )
                }
                Relation::None => format!("`{class}` has no place: labels are dropped"),
            };
            losses.push(Loss {
                class,
                relation: target.relation,
                classes: target.classes,
                explanation,
            });
        }
        Ok(losses)
    }

    /// What is wrong between the mapping to an ontology and that ontology: targets it does not have, with the nearest,
    /// and targets that are no labels there.
    ///
    /// Errors: [`OntologyError::UnknownMapping`].
    pub fn problems(&self, to: &Self) -> Result<Vec<Problem>, OntologyError> {
        let mapping = self.mapping(&to.id())?;
        let mut problems = Vec::new();
        for (class, target) in &mapping.classes {
            for name in target.classes() {
                let message = match to.class(&name) {
                    Err(error) => error.to_string(),
                    Ok(found) if found.is_abstract && *target != Target::Broader(name.clone()) => {
                        format!(
                            "`{name}` is abstract in `{}`; hint: only `broader` leads there",
                            to.id()
                        )
                    }
                    Ok(found) if found.deprecated.is_some() => {
                        format!(
                            "`{name}` is deprecated in `{}`; hint: name its successor",
                            to.id()
                        )
                    }
                    Ok(_) => continue,
                };
                problems.push(Problem {
                    class: class.clone(),
                    target: name,
                    message,
                });
            }
        }
        Ok(problems)
    }

    /// The labels that have no one place in another ontology, by this one's mapping, else by the other's read backwards,
    /// else by name.
    pub fn lost_to(&self, other: &Self) -> BTreeSet<String> {
        let has_place = |label: &String| {
            let id = other.id();
            if let Ok(mapped) = self.map(&id, label) {
                return mapped.is_definite()
                    && mapped.classes.iter().all(|c| other.classes.contains_key(c));
            }
            match other.mapping(&self.id()) {
                Ok(_) => other.reached_back(&self.id(), label),
                Err(_) => other.labels().contains(label),
            }
        };
        let labels = self.labels().into_iter();
        labels.filter(|label| !has_place(label)).collect()
    }

    /// Whether one class of this ontology holds all of a label of the one it maps to.
    fn reached_back(&self, to: &OntologyId, label: &str) -> bool {
        let labels = self.labels();
        let holding = labels.iter().filter(|mine| {
            let mapped = self.map(to, mine);
            mapped.is_ok_and(|mapped| {
                mapped.classes.iter().any(|class| class == label)
                    && matches!(
                        mapped.relation,
                        Relation::Exact | Relation::Narrower | Relation::Split
                    )
            })
        });
        holding.count() == 1
    }

    /// A label as it is, or the nearest class: what to tell who wrote a label that is none.
    pub fn nearest_label(&self, label: &str) -> Option<String> {
        let labels = self.labels();
        nearest(label, labels.iter().map(String::as_str)).map(str::to_owned)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pair = |serializer: S, key: &str, class: &str| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(key, class)?;
            map.end()
        };
        match self {
            Self::Exact(class) => serializer.serialize_str(class),
            Self::Broader(class) => pair(serializer, "broader", class),
            Self::Narrower(class) => pair(serializer, "narrower", class),
            Self::Split(classes) => classes.serialize(serializer),
            Self::Nothing => serializer.serialize_unit(),
        }
    }
}

struct TargetVisitor;

impl<'de> Visitor<'de> for TargetVisitor {
    type Value = Target;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a class, a list of classes, `{broader: class}`, `{narrower: class}` or `~`")
    }

    fn visit_str<E: serde::de::Error>(self, class: &str) -> Result<Target, E> {
        Ok(Target::Exact(class.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Target, E> {
        Ok(Target::Nothing)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Target, E> {
        Ok(Target::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Target, A::Error> {
        let mut classes = BTreeSet::new();
        while let Some(class) = items.next_element::<String>()? {
            classes.insert(class);
        }
        Ok(Target::Split(classes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Target, A::Error> {
        const KEYS: &[&str] = &["broader", "narrower"];
        let Some(key) = entries.next_key::<String>()? else {
            return Err(A::Error::custom(
                "no class is named\nhint: `{broader: class}`",
            ));
        };
        let target = match key.as_str() {
            "broader" => Target::Broader(entries.next_value()?),
            "narrower" => Target::Narrower(entries.next_value()?),
            other => return Err(A::Error::unknown_field(other, KEYS)),
        };
        if entries.next_entry::<String, IgnoredAny>()?.is_some() {
            return Err(A::Error::custom(
                "a class goes to two places\nhint: one of `broader` and `narrower`",
            ));
        }
        Ok(target)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetVisitor)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let one = |key: &str| {
            serde_json::json!({
                "type": "object", "properties": {key: {"type": "string"}},
                "required": [key], "additionalProperties": false,
            })
        };
        schemars::json_schema!({"anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": true},
            one("broader"),
            one("narrower"),
            {"type": "null"},
        ]})
    }
}
