//! The `migrate` part of a contract: the steps that bring data of the version before into this version's form.
//!
//! Read [`Step`] first. Not here: doing it ([`super::Migration`]).

use super::FieldType;
use crate::strict::is_default;
use crate::unit::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// From which version, by which steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// The version before.
    pub from: u32,
    /// Steps, one after the other: names in a step are those the steps before it left.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A channel or field has another name.
    Rename(Rename),
    /// Values are in another unit.
    Unit(UnitChange),
    /// Values are of a type that holds more.
    Widen(Widen),
    /// One category becomes several.
    Split(Split),
    /// Several categories become one.
    Merge(Merge),
    /// A field or category is not to be used any more.
    Deprecate(Deprecate),
}

/// A channel (without `field`) or a field has another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// Topic, pattern or table, as the contract writes it.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field; the channel itself where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The new name.
    pub to: String,
}

/// Values are in another unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitChange {
    /// Topic, pattern or table.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field.
    pub field: String,
    /// Unit of old values.
    pub from: Unit,
    /// Unit of new values.
    pub to: Unit,
}

/// Values are of a type that holds more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Widen {
    /// Topic, pattern or table.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field.
    pub field: String,
    /// Type of old values.
    pub from: FieldType,
    /// Type of new values; integers of 64 bits become `float64` where each value has an exact form.
    pub to: FieldType,
}

/// One category becomes several: by the first case that holds, else the value is missing until somebody labels it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Topic, pattern or table.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field that holds the category; that of the table where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The old category.
    pub category: String,
    /// The new ones.
    pub into: BTreeSet<String>,
    /// Rules, the first that holds decides; none means that all are to be labeled again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cases: Vec<Case>,
}

/// A rule of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// When it holds; always where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The new category.
    pub to: String,
}

/// What another field of the same row must be; a missing value meets nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The other field.
    pub field: String,
    /// Its smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// What it is below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// The value it is, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::parse::word_schema")]
    pub equals: Option<String>,
}

/// Several categories become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Topic, pattern or table.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field that holds the category; that of the table where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The old categories.
    pub categories: BTreeSet<String>,
    /// The new one.
    pub into: String,
}

/// A field or category is not to be used any more; values stay as they are and are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecate {
    /// Topic, pattern or table.
    #[serde(rename = "in")]
    pub stream: String,
    /// The field; with `category`, the field that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What is used instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}

impl Step {
    /// The channel or table it is about, by the name it has before the step.
    pub fn stream(&self) -> &str {
        match self {
            Self::Rename(step) => &step.stream,
            Self::Unit(step) => &step.stream,
            Self::Widen(step) => &step.stream,
            Self::Split(step) => &step.stream,
            Self::Merge(step) => &step.stream,
            Self::Deprecate(step) => &step.stream,
        }
    }
}

fn quoted(words: &BTreeSet<String>) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rename(Rename {
                stream,
                field: None,
                to,
            }) => {
                write!(f, "`{stream}` becomes `{to}`")
            }
            Self::Rename(Rename {
                stream,
                field: Some(field),
                to,
            }) => {
                write!(f, "`{field}` of `{stream}` becomes `{to}`")
            }
            Self::Unit(step) => write!(
                f,
                "`{}` of `{}` goes from {} to {}",
                step.field, step.stream, step.from, step.to
            ),
            Self::Widen(step) => write!(
                f,
                "`{}` of `{}` goes from {} to {}",
                step.field, step.stream, step.from, step.to
            ),
            Self::Split(step) => write!(
                f,
                "category `{}` of `{}` is split into {}{}",
                step.category,
                step.stream,
                quoted(&step.into),
                if step.cases.is_empty() {
                    ", to be labeled again"
                } else {
                    ""
                }
            ),
            Self::Merge(step) => write!(
                f,
                "categories {} of `{}` become `{}`",
                quoted(&step.categories),
                step.stream,
                step.into
            ),
            Self::Deprecate(step) => {
                match (&step.category, &step.field) {
                    (Some(category), _) => write!(f, "category `{category}` of `{}`", step.stream)?,
                    (None, Some(field)) => write!(f, "`{field}` of `{}`", step.stream)?,
                    (None, None) => write!(f, "`{}`", step.stream)?,
                }
                f.write_str(" is not to be used any more")?;
                match &step.successor {
                    Some(successor) => write!(f, ", use `{successor}`"),
                    None => Ok(()),
                }
            }
        }
    }
}
