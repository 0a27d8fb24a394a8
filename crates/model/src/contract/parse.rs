//! From YAML text to a [`Contract`]: what the types cannot say is checked here.
//!
//! Read [`parse`] first. Not here: which keys there are (the types).

use super::{
    Categories, Channel, Contract, Field, Length, Migrate, Nulls, Pattern, Range, Scalar, Split,
    Step,
};
use super::{TableRule, category_column};
use crate::nearest;
use crate::strict::{self, Crossed, FileError};
use crate::tables::{TABLES, table};
use schemars::JsonSchema;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const FILE: &str = "contract";

pub(super) fn parse(yaml: &str) -> Result<Contract, FileError> {
    let contract: Contract = strict::read(FILE, yaml)?;
    holds_together(&contract).map_err(|fault| strict::contradiction(FILE, yaml, fault))?;
    Ok(contract)
}

/// What the types cannot say.
fn holds_together(contract: &Contract) -> Result<(), Crossed> {
    let wrong = |word: &str, message: String| Err((vec![word.to_owned()], message));
    if contract.version == 0 {
        return wrong(
            "version",
            "`version` is `0`\nhint: versions begin at 1".to_owned(),
        );
    }
    if contract.contract.is_empty() || contract.contract.contains(['@', '/', ' ']) {
        let message = format!(
            "`{}` is no name of a contract\nhint: letters, digits, `-`, `_` and `.`",
            contract.contract
        );
        return wrong("contract", message);
    }
    if contract.channels.is_empty() && contract.context.is_empty() && contract.tables.is_empty() {
        let message = "the contract asks for nothing\nhint: name `channels`, `context` or `tables`"
            .to_owned();
        return wrong("contract", message);
    }
    for (topic, channel) in &contract.channels {
        let place = || vec!["channels".to_owned(), topic.to_string()];
        of_channel(topic, channel).map_err(|message| (place(), message))?;
    }
    for (name, rule) in &contract.tables {
        of_table(name, rule, contract).map_err(|(word, message)| {
            let place = ["tables", name, &word].map(str::to_owned);
            (place.into(), message)
        })?;
    }
    match &contract.migrate {
        Some(migrate) => of_migration(migrate, contract.version).map_err(|(word, message)| {
            let place = ["migrate".to_owned(), word];
            (place.into(), message)
        }),
        None => Ok(()),
    }
}

fn of_channel(topic: &Pattern, channel: &Channel) -> Result<(), String> {
    if topic.as_str().is_empty() {
        return Err("a channel has no name\nhint: name the topic".to_owned());
    }
    if table(topic.as_str()).is_some() {
        return Err(format!(
            "`{topic}` is a table, not a channel\nhint: put it under `tables`"
        ));
    }
    if let Some(rate) = channel.rate_hz
        && rate.min.or(rate.max).is_some_and(|first| first < 0.0)
    {
        return Err(format!(
            "`rate_hz` of `{topic}` is below 0\nhint: messages a second"
        ));
    }
    Ok(())
}

fn of_table(name: &str, rule: &TableRule, contract: &Contract) -> Result<(), (String, String)> {
    let Some(known) = table(name) else {
        let near = match nearest(name, TABLES.iter().map(|table| table.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`docs/reference/tables.md` lists them".to_owned(),
        };
        let message = format!("there is no table `{name}`\nhint: {near}");
        return Err((name.to_owned(), message));
    };
    for column in rule.fields.keys() {
        if known.column(column).is_none() {
            let near = match nearest(column, known.columns().map(|column| column.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`docs/reference/tables.md` lists the columns of `{name}`"),
            };
            let message = format!("table `{name}` has no column `{column}`\nhint: {near}");
            return Err((column.clone(), message));
        }
    }
    let at_fault = |message: String| Err(("categories".to_owned(), message));
    match &rule.categories {
        Some(_) if category_column(name).is_none() => at_fault(format!(
            "table `{name}` holds no categories\nhint: `objects`, `labels`, `votes` and `predictions` do"
        )),
        Some(Categories::Ontology) if contract.ontology.is_none() => at_fault(
            "`categories` is `ontology`, and the contract names none\nhint: add `ontology: name@version`"
                .to_owned(),
        ),
        Some(Categories::List(list)) if list.is_empty() => at_fault(format!(
            "no category is allowed in `{name}`\nhint: name some, or leave `categories` out"
        )),
        None | Some(_) => Ok(()),
    }
}

fn of_migration(migrate: &Migrate, version: u32) -> Result<(), (String, String)> {
    if migrate.from.checked_add(1) != Some(version) {
        let message = format!(
            "version `{version}` migrates from `{}`\nhint: a contract migrates from the version before it; older ones take one step after the other",
            migrate.from
        );
        return Err(("from".to_owned(), message));
    }
    for (number, step) in migrate.steps.iter().enumerate() {
        of_step(step).map_err(|message| {
            let message = format!("step `{}`: {message}", number + 1);
            (step.stream().to_owned(), message)
        })?;
    }
    Ok(())
}

/// What is wrong with a step whatever the contracts say.
fn of_step(step: &Step) -> Result<(), String> {
    match step {
        Step::Rename(step) => {
            let before = step.field.as_ref().unwrap_or(&step.stream);
            if *before == step.to {
                return Err(format!(
                    "`{before}` is renamed to itself\nhint: drop the step"
                ));
            }
        }
        Step::Unit(step) => {
            if step.from.to(step.to).is_none() {
                return Err(format!(
                    "{} measures {}, {} measures {}\nhint: only units of one kind convert",
                    step.from,
                    step.from.measures(),
                    step.to,
                    step.to.measures()
                ));
            }
        }
        Step::Widen(step) => {
            let whole_to_float = step.from.scalar.is_whole()
                && step.to.scalar == Scalar::Float64
                && step.from.length == step.to.length;
            if step.from == step.to || !(step.to.holds(step.from) || whole_to_float) {
                return Err(format!(
                    "{} does not hold more than {}\nhint: only a wider type takes every value; narrowing has no migration",
                    step.to, step.from
                ));
            }
        }
        Step::Split(step) => return of_split(step),
        Step::Merge(step) => {
            if step.categories.is_empty() {
                return Err("`categories` is empty\nhint: name the old categories".to_owned());
            }
        }
        Step::Deprecate(step) => {
            if step.field.is_none() && step.category.is_none() {
                return Err("nothing is named\nhint: `field` or `category`".to_owned());
            }
        }
    }
    Ok(())
}

fn of_split(step: &Split) -> Result<(), String> {
    if step.into.is_empty() {
        return Err("`into` is empty\nhint: name the new categories".to_owned());
    }
    if let Some(case) = step.cases.iter().find(|case| !step.into.contains(&case.to)) {
        return Err(format!(
            "a case gives `{}`, which `into` does not name\nhint: add it there",
            case.to
        ));
    }
    let last = step.cases.len().saturating_sub(1);
    let open = step.cases.iter().position(|case| case.when.is_none());
    if open.is_some_and(|at| at != last) {
        return Err(
            "a case without `when` stands before others, which never hold\nhint: put it last"
                .to_owned(),
        );
    }
    for when in step.cases.iter().filter_map(|case| case.when.as_ref()) {
        let empty = when.min.is_none() && when.below.is_none() && when.equals.is_none();
        let crossed = matches!((when.min, when.below), (Some(min), Some(below)) if min >= below);
        if let Some(end) = when
            .min
            .iter()
            .chain(&when.below)
            .find(|end| !end.is_finite())
        {
            return Err(format!(
                "the case about `{}` has the limit `{end}`\nhint: leave it out for no limit",
                when.field
            ));
        }
        if empty || crossed {
            return Err(format!(
                "the case about `{}` holds for {}\nhint: `min` below `below`, or `equals`",
                when.field,
                if empty { "everything" } else { "nothing" }
            ));
        }
    }
    Ok(())
}

/// A part of a file that can contradict itself.
pub(super) trait Checked {
    /// What contradicts what, with a hint.
    fn contradiction(&self) -> Option<String>;
}

/// A map whose values are checked while their place is known.
pub(super) fn checked<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de> + Checked,
{
    struct Held<V>(V);
    impl<'de, V: Deserialize<'de> + Checked> Deserialize<'de> for Held<V> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = V::deserialize(deserializer)?;
            match value.contradiction() {
                Some(message) => Err(D::Error::custom(message)),
                None => Ok(Self(value)),
            }
        }
    }
    let map = BTreeMap::<K, Held<V>>::deserialize(deserializer)?;
    Ok(map.into_iter().map(|(key, held)| (key, held.0)).collect())
}

/// What is wrong between two ends.
fn ends(min: Option<f64>, max: Option<f64>) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) if min > max => Some(format!(
            "`min` is `{min}`, above `max`, which is `{max}`\nhint: exchange them"
        )),
        (min, max) => [("min", min), ("max", max)]
            .into_iter()
            .find(|(_, end)| end.is_some_and(|end| !end.is_finite()))
            .map(|(name, _)| format!("`{name}` is not finite\nhint: leave it out for no limit")),
    }
}

impl Checked for Channel {
    fn contradiction(&self) -> Option<String> {
        let rate = self.rate_hz?;
        if rate.min.is_none() && rate.max.is_none() {
            return Some("`rate_hz` has no end\nhint: `rate_hz: {min: 9, max: 11}`".to_owned());
        }
        range(rate)
    }
}

fn range(range: Range) -> Option<String> {
    ends(range.min, range.max)
}

impl Checked for Field {
    fn contradiction(&self) -> Option<String> {
        ends(self.min, self.max)
            .or_else(|| self.of_type())
            .or_else(|| self.of_allowed())
            .or_else(|| match self.nulls {
                Nulls::AtMost(share) if !(0.0..=1.0).contains(&share) => Some(format!(
                    "`at_most` is `{share}`\nhint: a share of values, 0 to 1"
                )),
                _ => None,
            })
    }
}

impl Field {
    /// Whether a rule looks at values, not only at names and types.
    pub fn looks_at_values(&self) -> bool {
        self.has_range() || self.allowed.is_some() || self.finite || self.nulls != Nulls::Allowed
    }

    /// Whether it asks for lists of one length.
    pub fn has_length(&self) -> bool {
        let length = self.kind.map(|kind| kind.length);
        matches!(length, Some(Length::Of(_)))
    }

    pub(super) const fn has_range(&self) -> bool {
        self.min.is_some() || self.max.is_some()
    }

    fn of_type(&self) -> Option<String> {
        let kind = self.kind?;
        let timed = matches!(kind.scalar, Scalar::Time | Scalar::Duration);
        let asks = [
            (
                "a unit",
                self.unit.is_some(),
                kind.scalar.is_number() || timed,
            ),
            (
                "a range",
                self.has_range(),
                kind.scalar.is_number() || timed,
            ),
            ("finite values", self.finite, kind.scalar.is_number()),
        ];
        let (what, ..) = asks.into_iter().find(|(_, asked, has)| *asked && !has)?;
        Some(format!(
            "`{kind}` has no numbers, and {what} is asked\nhint: drop it, or correct the type"
        ))
    }

    fn of_allowed(&self) -> Option<String> {
        let allowed = self.allowed.as_ref()?;
        if allowed.is_empty() {
            return Some("`allowed` is empty\nhint: name values, or leave it out".to_owned());
        }
        let scalar = self.kind.map(|kind| kind.scalar);
        let is_odd = |word: &&String| match scalar {
            Some(scalar) if scalar.is_whole() => word.parse::<i64>().is_err(),
            Some(Scalar::Bool) => !["true", "false"].contains(&word.as_str()),
            Some(Scalar::Text) | None => false,
            Some(_) => true,
        };
        if let Some(odd) = allowed.iter().find(is_odd) {
            let kind = self.kind.map(|kind| kind.to_string()).unwrap_or_default();
            return Some(format!(
                "`{odd}` is allowed and cannot be a `{kind}`\nhint: lists are for texts, whole numbers and truth values, `min` and `max` for others"
            ));
        }
        let outside = allowed.iter().find(|word| {
            let Ok(value) = word.parse::<f64>() else {
                return self.has_range();
            };
            self.min.is_some_and(|min| value < min) || self.max.is_some_and(|max| value > max)
        })?;
        Some(format!(
            "`{outside}` is allowed and outside of `min` and `max`\nhint: drop one of the two"
        ))
    }
}

impl Serialize for Categories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ontology => serializer.serialize_str("ontology"),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Categories {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Categories;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of categories, or `ontology`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Categories, E> {
                if word == "ontology" {
                    return Ok(Categories::Ontology);
                }
                Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Categories, A::Error> {
                let mut list = BTreeSet::new();
                while let Some(category) = items.next_element::<String>()? {
                    if list.contains(&category) {
                        return Err(A::Error::custom(format!(
                            "category `{category}` stands twice\nhint: drop one"
                        )));
                    }
                    list.insert(category);
                }
                Ok(Categories::List(list))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Categories {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Categories".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"oneOf": [
            {"const": "ontology"},
            {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "minItems": 1},
        ]})
    }
}

/// A value as it is written: quotes are not needed around what looks like a number or a truth value.
pub(super) fn word_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": ["string", "number", "boolean"]})
}

/// A list of such values.
pub(super) fn words_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let word = word_schema(generator).to_value();
    schemars::json_schema!({"type": "array", "items": word, "minItems": 1})
}
