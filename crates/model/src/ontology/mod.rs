//! Ontologies: which classes labels may say, in versions, and what becomes of a class in another version or vocabulary.
//!
//! Read [`Ontology`] first: a YAML file. [`Ontology::map`] takes a label into another ontology and says how well it fits;
//! [`Ontology::losses`] says what a mapping cannot keep. [`BUILT_IN`] are the class lists of public vocabularies.
//!
//! Not here: drift of classes in a stream of labels (`measure::drift`); tables of labels ([`crate::tables`]).

mod mapping;
mod parse;
mod reference;

pub use mapping::{Loss, Mapped, Problem, Relation, Target};
pub use reference::BUILT_IN;

use crate::nearest;
use crate::strict::{self, FileError, is_default};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One version of an ontology; immutable once parsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ontology {
    /// `fieldassay.ontology`, for editors; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<OntologySchema>,
    /// Its name; versions of one ontology share it.
    pub ontology: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub about: String,
    /// Where its classes come from, for vocabularies of others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source: String,
    /// Classes by name.
    pub classes: BTreeMap<String, Class>,
    /// What becomes of its classes elsewhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mappings: Vec<Mapping>,
}

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OntologySchema {
    /// The only one.
    #[serde(rename = "fieldassay.ontology")]
    Ontology,
}

/// One class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// What belongs to it and what does not, for annotators.
    #[serde(default, skip_serializing_if = "is_default")]
    pub definition: String,
    /// Its number, for formats that have numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The class it is a kind of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether it only holds others together and is no label itself.
    #[serde(default, rename = "abstract", skip_serializing_if = "is_default")]
    pub is_abstract: bool,
    /// Attributes of its labels, each with the values there may be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// Since when it is not to be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecated>,
}

/// Since when a class is not to be used any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecated {
    /// The first version in which it is.
    pub since: u32,
    /// The class to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}

/// What becomes of the classes in another version or vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The other one, `name@version`.
    pub to: OntologyId,
    /// What the mapping rests on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source: String,
    /// Targets by class; what is not named goes where its parent goes.
    pub classes: BTreeMap<String, Target>,
}

/// Name and version of an ontology, `name@version`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OntologyId {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// Why a label cannot be mapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OntologyError {
    /// A class the ontology does not have.
    #[error("`{ontology}` has no class `{class}`{}", near(.nearest.as_deref()))]
    UnknownClass {
        /// The ontology.
        ontology: OntologyId,
        /// The class.
        class: String,
        /// The class it is nearest to.
        nearest: Option<String>,
    },
    /// An ontology it does not map to.
    #[error("`{ontology}` has no mapping to `{to}`; hint: it maps to {}", known(.valid))]
    UnknownMapping {
        /// The ontology.
        ontology: OntologyId,
        /// Where to.
        to: OntologyId,
        /// Where it maps to.
        valid: Vec<OntologyId>,
    },
    /// A name that is no built-in vocabulary.
    #[error("no vocabulary is named `{name}`; hint: there are {}", BUILT_IN.join(", "))]
    UnknownVocabulary {
        /// The name.
        name: String,
    },
}

fn near(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("; hint: did you mean `{nearest}`?"),
        None => "; hint: add it in a new version, or correct the label".to_owned(),
    }
}

fn known(valid: &[OntologyId]) -> String {
    if valid.is_empty() {
        return "nothing; add `mappings`".to_owned();
    }
    let valid: Vec<_> = valid.iter().map(|id| format!("`{id}`")).collect();
    valid.join(", ")
}

impl OntologyError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownClass { .. } => "ontology.unknown_class",
            Self::UnknownMapping { .. } => "ontology.unknown_mapping",
            Self::UnknownVocabulary { .. } => "ontology.unknown_vocabulary",
        }
    }
}

impl Ontology {
    /// An ontology from the text of a YAML file.
    ///
    /// Errors: [`FileError`] with the line: unknown keys, parents, successors and classes with the nearest that is there;
    /// cycles; two classes with one name or number; two classes that map exactly to one. Cost: one pass over the text.
    pub fn parse(yaml: &str) -> Result<Self, FileError> {
        parse::parse(yaml)
    }

    /// Name and version.
    pub fn id(&self) -> OntologyId {
        OntologyId {
            name: self.ontology.clone(),
            version: self.version,
        }
    }

    /// The classes labels may say: neither abstract nor deprecated.
    pub fn labels(&self) -> BTreeSet<String> {
        let labels = self.classes.iter();
        labels
            .filter(|(_, class)| !class.is_abstract && class.deprecated.is_none())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// A class by name.
    ///
    /// Errors: [`OntologyError::UnknownClass`] with the nearest.
    pub fn class(&self, name: &str) -> Result<&Class, OntologyError> {
        self.classes.get(name).ok_or_else(|| {
            let names = self.classes.keys().map(String::as_str);
            OntologyError::UnknownClass {
                ontology: self.id(),
                class: name.to_owned(),
                nearest: nearest(name, names).map(str::to_owned),
            }
        })
    }

    /// The class and those it is a kind of, nearest first; nothing for a class that is none.
    pub fn ancestors<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut line = Vec::new();
        let mut next = self.classes.get_key_value(name);
        while let Some((name, class)) = next {
            // Parsed ontologies have no cycles; built by hand they may.
            if line.contains(&name.as_str()) {
                break;
            }
            line.push(name.as_str());
            let parent = class.parent.as_deref();
            next = parent.and_then(|parent| self.classes.get_key_value(parent));
        }
        line
    }

    /// Everything that decides, as JSON with sorted keys: without what is said for people.
    pub fn canonical_json(&self) -> String {
        let mut plain = self.clone();
        plain.schema = None;
        plain.about.clear();
        plain.source.clear();
        for class in plain.classes.values_mut() {
            class.definition.clear();
        }
        for mapping in &mut plain.mappings {
            mapping.source.clear();
        }
        plain.mappings.sort_by(|a, b| a.to.cmp(&b.to));
        strict::canonical_json(&plain).unwrap_or_default()
    }

    /// SHA-256 of [`Ontology::canonical_json`], hexadecimal.
    pub fn sha256(&self) -> String {
        use sha2::Digest as _;
        crate::hexadecimal(&sha2::Sha256::digest(self.canonical_json().as_bytes()))
    }

    /// The JSON Schema of the file, for editors and other programs.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

impl fmt::Display for OntologyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl TryFrom<String> for OntologyId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.split_once('@').and_then(|(name, version)| {
            let version = version.parse().ok().filter(|version| *version > 0)?;
            (!name.is_empty()).then(|| (name.to_owned(), version))
        });
        let (name, version) = parts.ok_or_else(|| {
            format!(
                "`{text}` names no version of an ontology\nhint: `name@version`, as `warehouse@3`"
            )
        })?;
        Ok(Self { name, version })
    }
}

impl From<OntologyId> for String {
    fn from(id: OntologyId) -> Self {
        id.to_string()
    }
}

impl JsonSchema for OntologyId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OntologyId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[^@]+@[1-9][0-9]*$"})
    }
}

#[cfg(test)]
mod tests;
