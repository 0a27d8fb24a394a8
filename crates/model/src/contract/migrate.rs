//! Old data in the new form: the declared steps, applied when it is read.
//!
//! Read [`Migration`] first; [`Stream`] is what it takes and gives: columns by name. What is stored never changes.
//! A value that has no exact form afterwards is an error that names it, never a value nearby.
//!
//! Not here: which changes need a migration ([`super::compare`]).

use super::step::{Deprecate, Merge, Rename, Split, Step, UnitChange, When, Widen};
use super::{
    Categories, Contract, ContractReference, Field, KEPT_ROWS, Nulls, Pattern, Scalar,
    category_column,
};
use crate::nearest;
use crate::tables::table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Values of one field; a missing one is none. Items of lists stand one after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers in floating point.
    Real(Vec<Option<f64>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Truth values.
    Bool(Vec<Option<bool>>),
}

impl Cells {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Real(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Text(cells) => cells.len(),
            Self::Bool(cells) => cells.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Real(_) => "numbers",
            Self::Integer(_) => "whole numbers",
            Self::Text(_) => "texts",
            Self::Bool(_) => "truth values",
        }
    }

    /// Whether values of a type come as these.
    const fn fit(&self, scalar: Scalar) -> bool {
        match self {
            Self::Real(_) => scalar.is_number() && !scalar.is_whole(),
            Self::Integer(_) => {
                scalar.is_whole()
                    || matches!(scalar, Scalar::Number | Scalar::Time | Scalar::Duration)
            }
            Self::Text(_) => matches!(scalar, Scalar::Text | Scalar::Bytes),
            Self::Bool(_) => matches!(scalar, Scalar::Bool),
        }
    }

    fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Real(cells) => cells.get(row).copied().flatten(),
            Self::Integer(cells) => cells.get(row).copied().flatten().map(|x| x as f64),
            Self::Text(_) | Self::Bool(_) => None,
        }
    }

    fn word(&self, row: usize) -> Option<String> {
        match self {
            Self::Real(cells) => cells.get(row)?.map(|x| x.to_string()),
            Self::Integer(cells) => cells.get(row)?.map(|x| x.to_string()),
            Self::Text(cells) => cells.get(row)?.clone(),
            Self::Bool(cells) => cells.get(row)?.map(|x| x.to_string()),
        }
    }
}

/// Columns of one channel or table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    /// Topic or table.
    pub name: String,
    /// Values by field.
    pub fields: BTreeMap<String, Cells>,
}

/// What a migration leaves for people to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notes {
    /// Values that are missing until somebody labels them again.
    pub relabel: Vec<Relabel>,
    /// Deprecated fields and categories that are still used.
    pub deprecated: Vec<DeprecatedUse>,
}

/// Values that are missing until somebody labels them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relabel {
    /// Topic or table.
    pub stream: String,
    /// The field that holds the category.
    pub field: String,
    /// The category it was.
    pub category: String,
    /// Those it may be now.
    pub into: BTreeSet<String>,
    /// The first rows, at most [`KEPT_ROWS`].
    pub rows: Vec<u64>,
    /// How many rows.
    pub count: u64,
}

/// A deprecated field or category that is still used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeprecatedUse {
    /// Topic or table.
    pub stream: String,
    /// Field; null where only the category is named.
    pub field: Option<String>,
    /// Category; null where the field itself is deprecated.
    pub category: Option<String>,
    /// What is used instead.
    pub successor: Option<String>,
    /// How many values.
    pub count: u64,
}

/// Why data cannot be brought into the new form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// The versions do not follow each other.
    #[error(
        "`{new}` does not say how data of `{old}` becomes its own\nhint: give every version between, each with `migrate: {{from: …}}`"
    )]
    NotNext {
        /// The old version, `name@version`.
        old: String,
        /// The new one.
        new: String,
    },
    /// A step that does not fit the old version.
    #[error("step `{number}`, {step}: {reason}")]
    Step {
        /// Which one, from 1.
        number: usize,
        /// What it does.
        step: String,
        /// Why not, with a hint.
        reason: String,
    },
    /// A value that has no form in the new version.
    #[error("step `{number}`, {step}: row `{row}` is `{value}`: {reason}")]
    Value {
        /// Which one, from 1.
        number: usize,
        /// What it does.
        step: String,
        /// The first row, from 0.
        row: usize,
        /// Its value.
        value: String,
        /// Why not, with a hint.
        reason: &'static str,
    },
}

impl MigrateError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotNext { .. } => "migrate.not_next",
            Self::Step { .. } => "migrate.step",
            Self::Value { .. } => "migrate.value",
        }
    }
}

/// How data of one version becomes data of a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    from: ContractReference,
    to: ContractReference,
    steps: Vec<Step>,
}

/// A migration as lineage keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationRecord {
    /// The version data was of.
    pub from: ContractReference,
    /// The version it was read as.
    pub to: ContractReference,
    /// Every step in order.
    pub steps: Vec<Step>,
    /// SHA-256 of the canonical JSON of the above, hexadecimal.
    pub sha256: String,
}

/// What is wrong with a step, before its number is known.
enum Fault {
    Reason(String),
    Value {
        row: usize,
        value: String,
        reason: &'static str,
    },
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

impl Fault {
    fn at(self, number: usize, step: &Step) -> MigrateError {
        let step = step.to_string();
        match self {
            Self::Reason(reason) => MigrateError::Step {
                number,
                step,
                reason,
            },
            Self::Value { row, value, reason } => MigrateError::Value {
                number,
                step,
                row,
                value,
                reason,
            },
        }
    }
}

impl Migration {
    /// The migration a new version declares from the one before it.
    ///
    /// Errors: [`MigrateError::NotNext`], and [`MigrateError::Step`] where a step names what the old version does not
    /// have.
    pub fn between(old: &Contract, new: &Contract) -> Result<Self, MigrateError> {
        let from = new.migrate.as_ref().map(|migrate| migrate.from);
        if old.contract != new.contract || from != Some(old.version) {
            return Err(MigrateError::NotNext {
                old: format!("{}@{}", old.contract, old.version),
                new: format!("{}@{}", new.contract, new.version),
            });
        }
        let migration = Self {
            from: old.reference(),
            to: new.reference(),
            steps: new.migrate.iter().flat_map(|m| m.steps.clone()).collect(),
        };
        migration.contract(old)?;
        Ok(migration)
    }

    /// The migration through all versions given, oldest first. None for fewer than two.
    ///
    /// Errors: as [`Migration::between`] for each pair.
    pub fn through(versions: &[&Contract]) -> Result<Option<Self>, MigrateError> {
        let mut sum: Option<Self> = None;
        for (old, new) in versions.iter().zip(versions.iter().skip(1)) {
            let next = Self::between(old, new)?;
            sum = Some(match sum {
                None => next,
                Some(before) => before.then(next)?,
            });
        }
        Ok(sum)
    }

    /// This migration and then another, as one.
    ///
    /// Errors: [`MigrateError::NotNext`] where the other begins elsewhere.
    pub fn then(mut self, next: Self) -> Result<Self, MigrateError> {
        if self.to != next.from {
            return Err(MigrateError::NotNext {
                old: format!("{}@{}", self.to.contract, self.to.version),
                new: format!("{}@{}", next.to.contract, next.to.version),
            });
        }
        self.steps.extend(next.steps);
        self.to = next.to;
        Ok(self)
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The migration as lineage keeps it.
    pub fn record(&self) -> MigrationRecord {
        let sha256 = crate::strict::digest(&(&self.from, &self.to, &self.steps));
        MigrationRecord {
            from: self.from.clone(),
            to: self.to.clone(),
            steps: self.steps.clone(),
            sha256,
        }
    }

    /// What the old version asks, in the form data has after the migration.
    ///
    /// Errors: [`MigrateError::Step`] for a step that names what is not there.
    pub fn contract(&self, old: &Contract) -> Result<Contract, MigrateError> {
        let mut contract = old.clone();
        for (at, step) in self.steps.iter().enumerate() {
            on_contract(step, &mut contract).map_err(|fault| fault.at(at + 1, step))?;
        }
        Ok(contract)
    }

    /// Columns of a channel or table in the new form. Fields that are not there are left alone; a step is about every
    /// topic its pattern matches.
    ///
    /// Errors: [`MigrateError`] with step, row and value. Cost: one pass over the columns a step names.
    pub fn apply(&self, stream: Stream) -> Result<(Stream, Notes), MigrateError> {
        let mut stream = stream;
        let mut notes = Notes::default();
        for (at, step) in self.steps.iter().enumerate() {
            if Pattern::from(step.stream()).matches(&stream.name) {
                on_data(step, &mut stream, &mut notes).map_err(|fault| fault.at(at + 1, step))?;
            }
        }
        Ok((stream, notes))
    }

    /// The name a channel or table has after the migration.
    pub fn name_of(&self, stream: &str) -> String {
        self.steps
            .iter()
            .fold(stream.to_owned(), |name, step| match step {
                Step::Rename(Rename {
                    stream,
                    field: None,
                    to,
                }) if *stream == name => to.clone(),
                _ => name,
            })
    }
}

// ---- on contracts ---------------------------------------------------------------------------

fn absent<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name it as the version before does".to_owned(),
    };
    Fault::Reason(format!("there is no `{name}`\nhint: {hint}"))
}

fn fields<'c>(
    contract: &'c mut Contract,
    stream: &str,
) -> Result<&'c mut BTreeMap<String, Field>, Fault> {
    if let Some(rule) = contract.tables.get_mut(stream) {
        return Ok(&mut rule.fields);
    }
    let known: Vec<String> = contract.channels.keys().map(ToString::to_string).collect();
    match contract.channels.get_mut(&Pattern::from(stream)) {
        Some(channel) => Ok(&mut channel.fields),
        None => Err(absent(stream, known.iter().map(String::as_str))),
    }
}

fn field<'c>(contract: &'c mut Contract, stream: &str, name: &str) -> Result<&'c mut Field, Fault> {
    let fields = fields(contract, stream)?;
    if !fields.contains_key(name) {
        return Err(absent(name, fields.keys().map(String::as_str)));
    }
    fields
        .get_mut(name)
        .ok_or_else(|| Fault::Reason(String::new()))
}

fn on_contract(step: &Step, contract: &mut Contract) -> Result<(), Fault> {
    match step {
        Step::Rename(step) => rename_in_contract(step, contract),
        Step::Unit(step) => unit_in_contract(step, contract),
        Step::Widen(step) => {
            let rule = field(contract, &step.stream, &step.field)?;
            if let Some(kind) = rule.kind.filter(|kind| *kind != step.from) {
                return Err(format!("it is {kind}\nhint: correct `from`").into());
            }
            rule.kind = Some(step.to);
            Ok(())
        }
        Step::Split(step) => {
            let is_open = step.cases.last().is_none_or(|case| case.when.is_some());
            let place = (step.stream.as_str(), step.field.as_deref());
            let old = BTreeSet::from([step.category.clone()]);
            words_in_contract(contract, place, &old, &step.into)?;
            let column = category_field(&step.stream, step.field.as_deref())?;
            if is_open
                && let Ok(fields) = fields(contract, &step.stream)
                && let Some(rule) = fields.get_mut(column)
            {
                rule.nulls = Nulls::Allowed;
            }
            Ok(())
        }
        Step::Merge(step) => {
            let place = (step.stream.as_str(), step.field.as_deref());
            let new = BTreeSet::from([step.into.clone()]);
            words_in_contract(contract, place, &step.categories, &new)
        }
        Step::Deprecate(step) => match (&step.category, &step.field) {
            (None, Some(name)) => field(contract, &step.stream, name).map(|_| ()),
            (Some(category), name) => {
                let place = (step.stream.as_str(), name.as_deref());
                let same = BTreeSet::from([category.clone()]);
                words_in_contract(contract, place, &same, &same)
            }
            (None, None) => Ok(()),
        },
    }
}

fn rename_in_contract(step: &Rename, contract: &mut Contract) -> Result<(), Fault> {
    let Rename { stream, field, to } = step;
    if table(stream).is_some() {
        let reason = format!("`{stream}` is a table\nhint: names of tables and columns are fixed");
        return Err(reason.into());
    }
    let taken = |name: &str| {
        Fault::Reason(format!(
            "there is a `{name}` already\nhint: two cannot become one; choose another name"
        ))
    };
    let Some(name) = field else {
        let (old, new) = (Pattern::from(stream.as_str()), Pattern::from(to.as_str()));
        if !old.is_topic() || !new.is_topic() {
            return Err("a pattern has no one name\nhint: rename topics one by one"
                .to_owned()
                .into());
        }
        if contract.channels.contains_key(&new) {
            return Err(taken(to));
        }
        let known: Vec<String> = contract.channels.keys().map(ToString::to_string).collect();
        let Some(channel) = contract.channels.remove(&old) else {
            return Err(absent(stream, known.iter().map(String::as_str)));
        };
        contract.channels.insert(new, channel);
        return Ok(());
    };
    let fields = fields(contract, stream)?;
    if fields.contains_key(to) {
        return Err(taken(to));
    }
    match fields.remove(name) {
        Some(rule) => {
            fields.insert(to.clone(), rule);
            Ok(())
        }
        None => Err(absent(name, fields.keys().map(String::as_str))),
    }
}

fn unit_in_contract(step: &UnitChange, contract: &mut Contract) -> Result<(), Fault> {
    let rule = field(contract, &step.stream, &step.field)?;
    if let Some(unit) = rule.unit.filter(|unit| *unit != step.from) {
        return Err(format!("it is in {unit}\nhint: correct `from`").into());
    }
    let conversion = step.from.to(step.to);
    let conversion =
        conversion.ok_or_else(|| "the units do not convert\nhint: correct them".to_owned())?;
    rule.unit = Some(step.to);
    rule.min = rule.min.map(|min| conversion.real(min));
    rule.max = rule.max.map(|max| conversion.real(max));
    Ok(())
}

/// The field that holds the category.
fn category_field<'s>(stream: &'s str, field: Option<&'s str>) -> Result<&'s str, Fault> {
    let known = field.or_else(|| category_column(stream));
    known.ok_or_else(|| {
        let reason = format!("`{stream}` has no column of categories\nhint: add `field: …`");
        Fault::Reason(reason)
    })
}

/// Old words give way to new ones, in the categories of a table and among the allowed values of a field.
fn words_in_contract(
    contract: &mut Contract,
    (stream, name): (&str, Option<&str>),
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Result<(), Fault> {
    let column = category_field(stream, name)?;
    if category_column(stream) == Some(column)
        && let Some(rule) = contract.tables.get_mut(stream)
        && let Some(Categories::List(list)) = &mut rule.categories
    {
        exchange(list, old, new)?;
    }
    let fields = fields(contract, stream)?;
    match fields
        .get_mut(column)
        .and_then(|rule| rule.allowed.as_mut())
    {
        Some(allowed) => exchange(allowed, old, new),
        None => Ok(()),
    }
}

fn exchange(
    list: &mut BTreeSet<String>,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Result<(), Fault> {
    if let Some(word) = old.iter().find(|word| !list.contains(*word)) {
        return Err(absent(word, list.iter().map(String::as_str)));
    }
    list.retain(|word| !old.contains(word));
    list.extend(new.iter().cloned());
    Ok(())
}

// ---- on data --------------------------------------------------------------------------------

fn on_data(step: &Step, stream: &mut Stream, notes: &mut Notes) -> Result<(), Fault> {
    match step {
        Step::Rename(Rename {
            field: None, to, ..
        }) => {
            to.clone_into(&mut stream.name);
            Ok(())
        }
        Step::Rename(Rename {
            field: Some(field),
            to,
            ..
        }) => {
            let Some(cells) = stream.fields.remove(field) else {
                return Ok(());
            };
            if stream.fields.insert(to.clone(), cells).is_some() {
                return Err(format!(
                    "there is a `{to}` already\nhint: the data is not of the version it says"
                )
                .into());
            }
            Ok(())
        }
        Step::Unit(step) => convert(step, stream),
        Step::Widen(step) => widen(step, stream),
        Step::Split(step) => split(step, stream, notes),
        Step::Merge(step) => merge(step, stream),
        Step::Deprecate(step) => {
            deprecated(step, stream, notes);
            Ok(())
        }
    }
}

fn convert(step: &UnitChange, stream: &mut Stream) -> Result<(), Fault> {
    let Some(cells) = stream.fields.get_mut(&step.field) else {
        return Ok(());
    };
    let conversion = step.from.to(step.to);
    let conversion =
        conversion.ok_or_else(|| "the units do not convert\nhint: correct them".to_owned())?;
    match cells {
        Cells::Real(cells) => {
            for (row, cell) in cells.iter_mut().enumerate() {
                let Some(x) = *cell else { continue };
                let y = conversion.real(x);
                if x.is_finite() && !y.is_finite() {
                    return Err(Fault::Value {
                        row,
                        value: x.to_string(),
                        reason: "it is too large for the new unit\nhint: correct the value at its source",
                    });
                }
                *cell = Some(y);
            }
            Ok(())
        }
        Cells::Integer(cells) => {
            for (row, cell) in cells.iter_mut().enumerate() {
                let Some(x) = *cell else { continue };
                *cell = Some(conversion.integer(x).ok_or_else(|| Fault::Value {
                    row,
                    value: x.to_string(),
                    reason: "it is no whole number of 64 bits in the new unit\nhint: widen the field to `float64` first",
                })?);
            }
            Ok(())
        }
        other => Err(format!("there are {}\nhint: only numbers have units", other.name()).into()),
    }
}

fn widen(step: &Widen, stream: &mut Stream) -> Result<(), Fault> {
    let Some(cells) = stream.fields.get_mut(&step.field) else {
        return Ok(());
    };
    if !cells.fit(step.from.scalar) {
        let seen = cells.name();
        return Err(
            format!("there are {seen}\nhint: the data is not of the version it says").into(),
        );
    }
    let (Cells::Integer(whole), Scalar::Float32 | Scalar::Float64) = (&*cells, step.to.scalar)
    else {
        return Ok(());
    };
    let mut real = Vec::with_capacity(whole.len());
    for (row, cell) in whole.iter().enumerate() {
        let Some(x) = *cell else {
            real.push(None);
            continue;
        };
        let y = x as f64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole double up to 2^63 is within 128 bits"
        )]
        if y as i128 != i128::from(x) {
            return Err(Fault::Value {
                row,
                value: x.to_string(),
                reason: "it has no exact form in floating point\nhint: keep the field whole",
            });
        }
        real.push(Some(y));
    }
    *cells = Cells::Real(real);
    Ok(())
}

impl When {
    /// Whether another field of the row is what it must be; a missing value, and NaN, meet nothing.
    fn holds(&self, fields: &BTreeMap<String, Cells>, row: usize) -> bool {
        let Some(cells) = fields.get(&self.field) else {
            return false;
        };
        let in_range = if self.min.is_some() || self.below.is_some() {
            cells.number(row).is_some_and(|x| {
                self.min.is_none_or(|min| x >= min) && self.below.is_none_or(|below| x < below)
            })
        } else {
            true
        };
        let is_equal = self
            .equals
            .as_ref()
            .is_none_or(|word| cells.word(row).as_ref() == Some(word));
        in_range && is_equal
    }
}

/// The texts of the category field; none where the stream has none.
fn texts<'s>(
    stream: &'s mut Stream,
    column: &str,
) -> Result<Option<&'s mut Vec<Option<String>>>, Fault> {
    match stream.fields.get_mut(column) {
        None => Ok(None),
        Some(Cells::Text(texts)) => Ok(Some(texts)),
        Some(other) => Err(format!(
            "`{column}` holds {}\nhint: categories are texts",
            other.name()
        )
        .into()),
    }
}

fn split(step: &Split, stream: &mut Stream, notes: &mut Notes) -> Result<(), Fault> {
    let column = category_field(&step.stream, step.field.as_deref())?.to_owned();
    let Some(texts) = texts(stream, &column)? else {
        return Ok(());
    };
    // The column is taken out while the others decide.
    let mut texts = std::mem::take(texts);
    let (mut rows, mut count) = (Vec::new(), 0);
    for (row, text) in texts.iter_mut().enumerate() {
        if text.as_ref() != Some(&step.category) {
            continue;
        }
        let case = step.cases.iter().find(|case| {
            case.when
                .as_ref()
                .is_none_or(|when| when.holds(&stream.fields, row))
        });
        *text = case.map(|case| case.to.clone());
        if text.is_none() {
            count += 1;
            if rows.len() < KEPT_ROWS {
                rows.push(row as u64);
            }
        }
    }
    stream.fields.insert(column.clone(), Cells::Text(texts));
    if count > 0 {
        notes.relabel.push(Relabel {
            stream: stream.name.clone(),
            field: column,
            category: step.category.clone(),
            into: step.into.clone(),
            rows,
            count,
        });
    }
    Ok(())
}

fn merge(step: &Merge, stream: &mut Stream) -> Result<(), Fault> {
    let column = category_field(&step.stream, step.field.as_deref())?;
    let Some(texts) = texts(stream, column)? else {
        return Ok(());
    };
    for text in texts.iter_mut().flatten() {
        if step.categories.contains(text) {
            step.into.clone_into(text);
        }
    }
    Ok(())
}

fn deprecated(step: &Deprecate, stream: &Stream, notes: &mut Notes) {
    let column = step
        .field
        .as_deref()
        .or_else(|| category_column(&step.stream));
    let Some(cells) = column.and_then(|column| stream.fields.get(column)) else {
        return;
    };
    let is_used = |row: &usize| match &step.category {
        None => cells.word(*row).is_some(),
        Some(category) => cells.word(*row).as_ref() == Some(category),
    };
    let count = (0..cells.len()).filter(is_used).count() as u64;
    if count > 0 {
        notes.deprecated.push(DeprecatedUse {
            stream: stream.name.clone(),
            field: step.field.clone(),
            category: step.category.clone(),
            successor: step.successor.clone(),
            count,
        });
    }
}
