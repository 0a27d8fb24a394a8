//! One recording against a contract.
//!
//! Read [`Checking`] and [`Checked`] first: names, types, frames, rates and context are judged at once, values as they are
//! fed; what is asked and was not looked at is listed, and is never a pass.
//!
//! Not here: what happens to a recording that breaks its contract (`engine`).

use super::values::{list, range_text};
use super::{
    Batch, Categories, Channel, Contract, Field, FieldType, Length, Observed, ObservedChannel,
    ObservedContext, Range, Rows, Scalar, Slice, TableRule, ValueRules, category_column,
};
use crate::unit::Unit;
use crate::{Finding, Severity, Verdict, Window, display, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Codes of violations.
pub(super) mod code {
    pub(in crate::contract) const MISSING_CHANNEL: &str = "contract.missing_channel";
    pub(in crate::contract) const MISSING_TABLE: &str = "contract.missing_table";
    pub(in crate::contract) const MISSING_FIELD: &str = "contract.missing_field";
    pub(in crate::contract) const SCHEMA: &str = "contract.schema";
    pub(in crate::contract) const ENCODING: &str = "contract.encoding";
    pub(in crate::contract) const FRAME: &str = "contract.frame";
    pub(in crate::contract) const RATE: &str = "contract.rate";
    pub(in crate::contract) const TYPE: &str = "contract.type";
    pub(in crate::contract) const UNIT: &str = "contract.unit";
    pub(in crate::contract) const RANGE: &str = "contract.range";
    pub(in crate::contract) const NOT_FINITE: &str = "contract.not_finite";
    pub(in crate::contract) const NULL: &str = "contract.null";
    pub(in crate::contract) const ALLOWED: &str = "contract.allowed";
    pub(in crate::contract) const CATEGORY: &str = "contract.category";
    pub(in crate::contract) const ONTOLOGY: &str = "contract.ontology";
    pub(in crate::contract) const CONTEXT: &str = "contract.context";
}

/// What violations call the context.
const CONTEXT: &str = "context";

/// Something a contract asks and a recording does not give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// Stable code: `contract.missing_channel`, `contract.schema`, `contract.range`, …
    pub code: String,
    /// Topic, pattern of topics that none matches, table, or `context`.
    pub stream: String,
    /// Field or column; null where it is about the whole.
    pub field: Option<String>,
    /// The first rows that offend, counted from 0, at most [`super::KEPT_ROWS`].
    pub rows: Vec<u64>,
    /// When they were, nanoseconds on the clock of the recording; empty where rows have no time.
    #[serde(default)]
    pub times_ns: Vec<i64>,
    /// Their values.
    pub values: Vec<String>,
    /// What the contract asks.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// How many rows offend, or 1.
    pub count: u64,
}

/// Something a contract asks that nobody could look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotEvaluated {
    /// Topic, table or `context`.
    pub stream: String,
    /// Field or column.
    pub field: Option<String>,
    /// Why not.
    pub reason: String,
}

/// A unit the contract states and the source does not: values are taken to be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assumed {
    /// Topic or table.
    pub stream: String,
    /// Field or column.
    pub field: String,
    /// The unit.
    pub unit: Unit,
}

/// What came of holding a recording to a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// What it does not give.
    pub violations: Vec<Violation>,
    /// What could not be looked at.
    pub not_evaluated: Vec<NotEvaluated>,
    /// What was taken from the contract because the source says nothing.
    pub assumed: Vec<Assumed>,
}

impl Checked {
    /// `fail` with a violation, else `not_evaluated` where something could not be looked at, else `pass`.
    pub fn verdict(&self) -> Verdict {
        if !self.violations.is_empty() {
            Verdict::Fail
        } else if self.not_evaluated.is_empty() {
            Verdict::Pass
        } else {
            Verdict::NotEvaluated
        }
    }

    /// Adds what was found elsewhere.
    pub fn append(&mut self, mut other: Self) {
        self.violations.append(&mut other.violations);
        self.not_evaluated.append(&mut other.not_evaluated);
        self.assumed.append(&mut other.assumed);
    }

    fn sort(&mut self) {
        self.violations
            .sort_by(|a, b| (&a.stream, &a.field, &a.code).cmp(&(&b.stream, &b.field, &b.code)));
        self.not_evaluated.sort_by(|a, b| {
            (&a.stream, &a.field, &a.reason).cmp(&(&b.stream, &b.field, &b.reason))
        });
        self.not_evaluated.dedup();
        self.assumed
            .sort_by(|a, b| (&a.stream, &a.field).cmp(&(&b.stream, &b.field)));
        self.assumed.dedup();
    }
}

impl Violation {
    /// What is wrong, in a sentence.
    pub fn message(&self) -> String {
        let mut out = match &self.field {
            Some(field) => format!("`{field}` of `{}`", self.stream),
            None => format!("`{}`", self.stream),
        };
        let _ = write!(out, ": {}, expected {}", self.found, self.expected);
        if let (Some(first), true) = (self.rows.first(), self.count > 0) {
            let rows = display::integer(self.count as f64);
            let _ = match self.count {
                1 => write!(out, " (row {first})"),
                _ => write!(out, " ({rows} rows, first {first})"),
            };
        }
        out
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self.code.as_str() {
            code::MISSING_CHANNEL | code::MISSING_TABLE => {
                "record it, correct its name, or make it `required: false`"
            }
            code::MISSING_FIELD | code::TYPE | code::SCHEMA | code::ENCODING => {
                "the sender changed its messages: correct it, or declare a new version with `migrate`"
            }
            code::UNIT => "convert the values, or declare a new version with a `unit` step",
            code::RATE => "`fieldassay check` shows gaps and lost messages",
            code::FRAME => "correct the frame where it is set",
            code::CONTEXT => "give it when ingesting: `--set field=value`, or a `context.yaml` beside the recording",
            code::CATEGORY | code::ONTOLOGY => {
                "relabel, or declare a mapping: `fieldassay ontology map`"
            }
            _ => "look at the rows named; raise the limit only in a new version",
        }
        .to_owned()
    }

    /// The violation as a finding of severity error, over the stretch of the rows it names.
    pub fn finding(&self) -> Finding {
        let ends = (self.times_ns.iter().min(), self.times_ns.iter().max());
        let window = match ends {
            (Some(first), Some(last)) => Some(Window {
                start_ns: *first,
                end_ns: *last,
            }),
            _ => None,
        };
        Finding {
            code: self.code.clone(),
            severity: Severity::Error,
            subject: self.stream.clone(),
            window,
            count: self.count,
            message: self.message(),
            hint: self.hint(),
            facts: Vec::new(),
            windows: Vec::new(),
        }
    }
}

/// A recording that is being held to a contract: structure judged, values still to come.
#[derive(Clone, Debug)]
pub struct Checking<'a> {
    done: Checked,
    values: Vec<ValueRules<'a>>,
}

impl<'a> Checking<'a> {
    /// The rules that wait for values of a topic or table; feed each with every value of its field.
    pub fn rules_of<'s>(
        &'s mut self,
        stream: &'s str,
    ) -> impl Iterator<Item = &'s mut ValueRules<'a>> + use<'s, 'a> {
        self.values
            .iter_mut()
            .filter(move |rules| rules.stream() == stream)
    }

    /// All rules that wait for values.
    pub fn rules(&mut self) -> &mut [ValueRules<'a>] {
        &mut self.values
    }

    /// Takes rules that were fed elsewhere in place of the same ones that wait here; others are left out.
    pub fn take(&mut self, fed: impl IntoIterator<Item = ValueRules<'a>>) {
        for rules in fed {
            let waiting = self.values.iter_mut().find(|known| known.is_same(&rules));
            if let Some(waiting) = waiting {
                *waiting = rules;
            }
        }
    }

    /// Says that something could not be looked at.
    pub fn skip(&mut self, what: NotEvaluated) {
        self.done.not_evaluated.push(what);
    }

    /// What came of it, sorted by stream, field and code. Rules that were fed nothing are not evaluated.
    pub fn finish(mut self) -> Checked {
        for rules in self.values {
            self.done.append(rules.finish());
        }
        self.done.sort();
        self.done
    }
}

impl Contract {
    /// Holds a recording to the contract as far as no values are needed; rules about values are not evaluated.
    pub fn check(&self, observed: &Observed, classes: Option<&BTreeSet<String>>) -> Checked {
        self.checking(observed, classes).finish()
    }

    /// Begins to hold a recording to the contract. `classes` are those of the contract's ontology
    /// ([`crate::Ontology::labels`]); none where it could not be found.
    ///
    /// A channel is held to every pattern that matches it. Cost: patterns times channels.
    pub fn checking<'a>(
        &'a self,
        observed: &Observed,
        classes: Option<&'a BTreeSet<String>>,
    ) -> Checking<'a> {
        let mut pass = Pass {
            contract: self,
            classes,
            out: Checking {
                done: Checked::default(),
                values: Vec::new(),
            },
        };
        match &observed.channels {
            Some(channels) => {
                for (pattern, rule) in &self.channels {
                    let matching = channels.iter().filter(|(topic, _)| pattern.matches(topic));
                    let matching: Vec<_> = matching.collect();
                    if matching.iter().all(|(_, seen)| seen.message_count == 0) && rule.required {
                        pass.missing_channel(pattern.as_str(), channels);
                    }
                    for (topic, seen) in matching {
                        pass.channel(topic, rule, seen);
                    }
                }
            }
            None => {
                for pattern in self.channels.keys() {
                    pass.skipped(pattern.as_str(), None, "the channels could not be listed");
                }
            }
        }
        for (name, rule) in &self.context {
            match &observed.context {
                Some(context) => pass.context(name, rule, context.get(name)),
                None => pass.skipped(CONTEXT, Some(name), "nobody gathered the context"),
            }
        }
        for (name, rule) in &self.tables {
            pass.table(name, rule, observed);
        }
        pass.out
    }
}

/// One pass over what was observed.
struct Pass<'a> {
    contract: &'a Contract,
    classes: Option<&'a BTreeSet<String>>,
    out: Checking<'a>,
}

impl<'a> Pass<'a> {
    fn skipped(&mut self, stream: &str, field: Option<&str>, reason: &str) {
        self.out.done.not_evaluated.push(NotEvaluated {
            stream: stream.to_owned(),
            field: field.map(str::to_owned),
            reason: reason.to_owned(),
        });
    }

    fn violated(
        &mut self,
        code: &str,
        (stream, field): (&str, Option<&str>),
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.out.done.violations.push(Violation {
            code: code.to_owned(),
            stream: stream.to_owned(),
            field: field.map(str::to_owned),
            rows: Vec::new(),
            times_ns: Vec::new(),
            values: Vec::new(),
            expected: expected.into(),
            found: found.into(),
            count: 1,
        });
    }

    fn missing_channel(&mut self, pattern: &str, channels: &BTreeMap<String, ObservedChannel>) {
        let found = if channels.contains_key(pattern) {
            "the channel is empty".to_owned()
        } else {
            match nearest(pattern, channels.keys().map(String::as_str)) {
                Some(near) => format!("no such channel; `{near}` is there"),
                None => "no such channel".to_owned(),
            }
        };
        self.violated(code::MISSING_CHANNEL, (pattern, None), "messages", found);
    }

    fn channel(&mut self, topic: &str, rule: &'a Channel, seen: &ObservedChannel) {
        let about = (topic, None);
        for (code, asked, is) in [
            (code::SCHEMA, &rule.schema, &seen.schema),
            (code::ENCODING, &rule.encoding, &seen.encoding),
        ] {
            match (asked, is) {
                (Some(asked), Some(is)) if asked != is => self.violated(code, about, asked, is),
                (Some(_), None) => {
                    let what = if code == code::SCHEMA {
                        "type"
                    } else {
                        "encoding"
                    };
                    self.skipped(topic, None, &format!("the recording names no {what}"));
                }
                _ => {}
            }
        }
        if seen.message_count == 0 {
            // Required channels without messages are missing, and others have nothing to judge.
            return;
        }
        self.frame(topic, rule, seen);
        self.rate(topic, rule, seen);
        let Some(fields) = &seen.fields else {
            if !rule.fields.is_empty() {
                let reason = match seen.reason.as_str() {
                    "" => "its messages were not decoded",
                    reason => reason,
                };
                self.skipped(topic, None, reason);
            }
            return;
        };
        for (name, field) in &rule.fields {
            let Some(is) = fields.get(name) else {
                if field.required {
                    let found = match nearest(name, fields.keys().map(String::as_str)) {
                        Some(near) => format!("no such field; `{near}` is there"),
                        None => "no such field".to_owned(),
                    };
                    self.violated(code::MISSING_FIELD, (topic, Some(name)), "a field", found);
                }
                continue;
            };
            if let Some(kind) = field.kind.filter(|kind| !may_hold(*kind, is.kind)) {
                let about = (topic, Some(name.as_str()));
                self.violated(code::TYPE, about, kind.to_string(), is.kind.to_string());
                // Values of another type are judged by no rule of this one.
                continue;
            }
            self.unit((topic, name), field, is.unit);
            if field.looks_at_values() || field.has_length() {
                self.out.values.push(ValueRules::new(topic, name, field));
            }
        }
    }

    fn unit(&mut self, (stream, name): (&str, &str), rule: &Field, is: Option<Unit>) {
        match (rule.unit, is) {
            (Some(asked), Some(is)) if asked != is => {
                let about = (stream, Some(name));
                self.violated(code::UNIT, about, asked.name(), is.name());
            }
            (Some(unit), None) => self.out.done.assumed.push(Assumed {
                stream: stream.to_owned(),
                field: name.to_owned(),
                unit,
            }),
            _ => {}
        }
    }

    fn frame(&mut self, topic: &str, rule: &Channel, seen: &ObservedChannel) {
        let Some(asked) = &rule.frame else { return };
        match &seen.frames {
            None => self.skipped(topic, None, "nobody looked at its frames"),
            Some(frames) if frames.is_empty() => {
                self.violated(code::FRAME, (topic, None), asked, "no frame");
            }
            Some(frames) => {
                let others: Vec<_> = frames
                    .iter()
                    .filter(|frame| *frame != asked)
                    .cloned()
                    .collect();
                if !others.is_empty() {
                    self.violated(code::FRAME, (topic, None), asked, others.join(", "));
                }
            }
        }
    }

    fn rate(&mut self, topic: &str, rule: &Channel, seen: &ObservedChannel) {
        let Some(range) = rule.rate_hz else { return };
        match seen.rate_hz {
            None => self.skipped(topic, None, "too few messages for a rate"),
            Some(rate) if !range.holds(rate) => {
                let found = display::quantity(rate, "Hz");
                self.violated(code::RATE, (topic, None), range.text(" Hz"), found);
            }
            Some(_) => {}
        }
    }

    fn context(&mut self, name: &'a str, rule: &'a Field, values: Option<&Vec<ObservedContext>>) {
        let about = (CONTEXT, Some(name));
        let values = values.map(Vec::as_slice).unwrap_or_default();
        if values.is_empty() {
            if rule.required {
                self.violated(code::CONTEXT, about, context_text(rule), "not given");
            }
            return;
        }
        let mut units_meet = true;
        for value in values {
            let Some(unit) = rule.unit else { continue };
            match value.unit.as_deref() {
                None => self.unit((CONTEXT, name), rule, None),
                Some(is) if is != unit.name() => {
                    self.violated(code::UNIT, about, unit.name(), is);
                    units_meet = false;
                }
                Some(_) => {}
            }
        }
        if !units_meet || !rule.looks_at_values() {
            return;
        }
        let mut judge = ValueRules::new(CONTEXT, name, rule);
        for (at, value) in values.iter().enumerate() {
            let rows = Rows::From(at as u64);
            let text = [value.value.as_str()];
            let real = [value.real.unwrap_or(f64::NAN)];
            let values = match (rule.has_range() || rule.finite, value.real) {
                (true, Some(_)) => Slice::Real(&real),
                _ => Slice::Text(&text),
            };
            judge.push(Batch {
                rows,
                values,
                valid: None,
            });
        }
        let mut found = judge.finish();
        for violation in &mut found.violations {
            code::CONTEXT.clone_into(&mut violation.code);
        }
        self.out.done.append(found);
    }

    fn table(&mut self, name: &'a str, rule: &'a TableRule, observed: &Observed) {
        let Some(tables) = &observed.tables else {
            self.skipped(name, None, "no table was read");
            return;
        };
        let seen = tables.get(name).filter(|seen| seen.row_count > 0);
        let Some(seen) = seen else {
            if rule.required {
                self.violated(code::MISSING_TABLE, (name, None), "rows", "no row");
            }
            return;
        };
        let columns = crate::tables::table(name);
        for (column, field) in &rule.fields {
            let is = columns.and_then(|table| table.column(column));
            let unit = is.and_then(|column| match column.unit {
                crate::tables::Stated::Here(unit) => Unit::named(unit),
                _ => None,
            });
            self.unit((name, column), field, unit);
            if field.looks_at_values() {
                self.out.values.push(ValueRules::new(name, column, field));
            }
        }
        self.categories(name, rule);
        let Some(asked) = &self.contract.ontology else {
            return;
        };
        if category_column(name).is_none() {
            return;
        }
        match &seen.ontologies {
            None => self.skipped(name, None, "nobody looked at which ontology its rows name"),
            Some(ontologies) => {
                let asked = asked.to_string();
                let others: Vec<_> = ontologies
                    .iter()
                    .filter(|is| **is != asked)
                    .map(|is| if is.is_empty() { "none" } else { is.as_str() })
                    .collect();
                if !others.is_empty() {
                    self.violated(code::ONTOLOGY, (name, None), asked, others.join(", "));
                }
            }
        }
    }

    fn categories(&mut self, name: &'a str, rule: &'a TableRule) {
        static ANY: Field = Field::ANY;
        let Some(column) = category_column(name) else {
            return;
        };
        let allowed = match &rule.categories {
            None => return,
            Some(Categories::List(list)) => Some(list),
            Some(Categories::Ontology) => self.classes,
        };
        match allowed {
            Some(allowed) => {
                let rules = ValueRules::new(name, column, &ANY).with_categories(allowed);
                self.out.values.push(rules);
            }
            None => self.skipped(
                name,
                Some(column),
                "the ontology of the contract is not known here",
            ),
        }
    }
}

/// Whether values of a type as a source tells it are of the type asked: sources tell neither lengths of time from moments
/// nor lists of one length from others, whose values then say it.
fn may_hold(asked: FieldType, is: FieldType) -> bool {
    let scalar = match (asked.scalar, is.scalar) {
        (Scalar::Duration, Scalar::Time) => Scalar::Duration,
        (_, scalar) => scalar,
    };
    let length = match (asked.length, is.length) {
        (Length::Of(length), Length::Any) => Length::Of(length),
        (_, length) => length,
    };
    asked.holds(FieldType { scalar, length })
}

fn context_text(rule: &Field) -> String {
    match &rule.allowed {
        Some(allowed) => list(allowed),
        None if rule.has_range() => range_text(rule),
        None => "a value".to_owned(),
    }
}

impl Range {
    /// Whether a number lies in it; NaN does not.
    pub fn holds(&self, x: f64) -> bool {
        self.min.is_none_or(|min| x >= min) && self.max.is_none_or(|max| x <= max) && !x.is_nan()
    }

    /// The range in words; the unit follows each number, with a blank before it or empty.
    pub fn text(&self, unit: &str) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}{unit}"),
            (Some(min), None) => format!("{min}{unit} or more"),
            (None, Some(max)) => format!("{max}{unit} or less"),
            (None, None) => "any".to_owned(),
        }
    }
}
