//! Values against a rule as they stream by.
//!
//! Read [`ValueRules`] first: it is given slices of columns and keeps counts and the first offenders, so that memory does
//! not grow with the data.
//!
//! Not here: names, types and rates ([`super::Checking`]).

use super::check::{Checked, NotEvaluated, Violation, code};
use super::{Field, Length, Nulls, Range};
use crate::display;
use std::collections::BTreeSet;

/// Offending rows kept per violation.
pub const KEPT_ROWS: usize = 10;
/// Longest value kept, characters.
const KEPT_CHARS: usize = 60;

/// A piece of a column.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// Numbers in floating point.
    Real(&'a [f64]),
    /// Whole numbers.
    Integer(&'a [i64]),
    /// Texts.
    Text(&'a [&'a str]),
    /// Truth values.
    Bool(&'a [bool]),
}

impl Slice<'_> {
    /// Values in it.
    pub const fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Which rows the values of a batch are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row a value, from this row on.
    From(u64),
    /// All of this row: the items of its list.
    All(u64),
}

impl Rows {
    const fn row(self, index: usize) -> u64 {
        match self {
            Self::From(first) => first.saturating_add(index as u64),
            Self::All(row) => row,
        }
    }
}

/// A piece of a column with its rows and what is missing.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Which rows.
    pub rows: Rows,
    /// The values; where one is missing, anything.
    pub values: Slice<'a>,
    /// Whether each value is there; as long as the values, or none where all are.
    pub valid: Option<&'a [bool]>,
}

/// The first offenders of one kind.
#[derive(Clone, Debug, Default)]
struct Offenders {
    count: u64,
    rows: Vec<u64>,
    /// When the rows were, as far as somebody said; as long as `rows`.
    times_ns: Vec<Option<i64>>,
    values: Vec<String>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Offenders {
    fn add(&mut self, row: u64, value: impl FnOnce() -> String) {
        self.count += 1;
        if self.rows.len() < KEPT_ROWS {
            self.rows.push(row);
            self.times_ns.push(None);
            self.values.push(value().chars().take(KEPT_CHARS).collect());
        }
    }

    fn add_number(&mut self, row: u64, x: f64) {
        self.low = Some(self.low.map_or(x, |low| low.min(x)));
        self.high = Some(self.high.map_or(x, |high| high.max(x)));
        self.add(row, || x.to_string());
    }

    /// Adds those of a later piece, whose first row is `offset` of the whole.
    fn append(&mut self, later: Self, offset: u64) {
        let room = KEPT_ROWS.saturating_sub(self.rows.len());
        let rows = later.rows.iter().map(|row| row.saturating_add(offset));
        self.rows.extend(rows.take(room));
        self.times_ns.extend(later.times_ns.into_iter().take(room));
        self.values.extend(later.values.into_iter().take(room));
        self.count += later.count;
        let either = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (one, other) => one.or(other),
        };
        self.low = either(self.low, later.low, f64::min);
        self.high = either(self.high, later.high, f64::max);
    }

    fn date(&mut self, time_of: &dyn Fn(u64) -> Option<i64>) {
        for (row, time) in self.rows.iter().zip(&mut self.times_ns) {
            if time.is_none() {
                *time = time_of(*row);
            }
        }
    }

    /// The values, or their extremes where more offend than are kept.
    fn found(&self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) if self.count > 1 => {
                format!("{} to {}", display::number(low), display::number(high))
            }
            _ => {
                let mut distinct: Vec<&str> = Vec::new();
                for value in &self.values {
                    if !distinct.contains(&value.as_str()) {
                        distinct.push(value);
                    }
                }
                distinct.join(", ")
            }
        }
    }
}

/// The rules of one field, fed with its values.
///
/// Values of another type than the rule can judge are counted as `contract.type`. Feeding nothing gives
/// [`NotEvaluated`]. Cost: constant per value, and a search among the allowed ones.
#[derive(Clone, Debug)]
pub struct ValueRules<'a> {
    stream: String,
    field: String,
    rule: &'a Field,
    /// Allowed words: those of the rule, or categories.
    allowed: Option<&'a BTreeSet<String>>,
    allowed_code: &'static str,
    /// Values, and lists whose length was looked at.
    seen: u64,
    values: u64,
    range: Offenders,
    not_finite: Offenders,
    null: Offenders,
    word: Offenders,
    kind: Offenders,
    length: Offenders,
}

impl<'a> ValueRules<'a> {
    /// Rules of a field in a channel or table.
    pub fn new(stream: &str, field: &str, rule: &'a Field) -> Self {
        Self {
            stream: stream.to_owned(),
            field: field.to_owned(),
            rule,
            allowed: rule.allowed.as_ref(),
            allowed_code: code::ALLOWED,
            seen: 0,
            values: 0,
            range: Offenders::default(),
            not_finite: Offenders::default(),
            null: Offenders::default(),
            word: Offenders::default(),
            kind: Offenders::default(),
            length: Offenders::default(),
        }
    }

    /// Whether these are the same rules of the same field, whatever they were fed.
    pub fn is_same(&self, other: &Self) -> bool {
        self.stream == other.stream
            && self.field == other.field
            && self.allowed_code == other.allowed_code
            && std::ptr::eq(self.rule, other.rule)
    }

    /// Takes over what the same rules saw of a later piece of the data, whose row 0 is row `offset` here: pieces may be
    /// looked at side by side, and put together in any grouping.
    pub fn append(&mut self, later: Self, offset: u64) {
        self.seen += later.seen;
        self.values += later.values;
        self.range.append(later.range, offset);
        self.not_finite.append(later.not_finite, offset);
        self.null.append(later.null, offset);
        self.word.append(later.word, offset);
        self.kind.append(later.kind, offset);
        self.length.append(later.length, offset);
    }

    /// Says when the rows kept so far were.
    pub fn date(&mut self, time_of: &dyn Fn(u64) -> Option<i64>) {
        let all = [
            &mut self.range,
            &mut self.not_finite,
            &mut self.null,
            &mut self.word,
            &mut self.kind,
            &mut self.length,
        ];
        for one in all {
            one.date(time_of);
        }
    }

    /// Looks at how many items the list of a row has.
    pub fn push_length(&mut self, row: u64, items: u64) {
        let asked = self.rule.kind.map(|kind| kind.length);
        if let Some(Length::Of(length)) = asked {
            self.seen += 1;
            if u64::from(length) != items {
                self.length.add(row, || format!("{items} values"));
            }
        }
    }

    /// Takes the words as categories.
    pub(super) fn with_categories(mut self, categories: &'a BTreeSet<String>) -> Self {
        self.allowed = Some(categories);
        self.allowed_code = code::CATEGORY;
        self
    }

    /// Topic or table.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Field or column.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Looks at the next values.
    pub fn push(&mut self, batch: Batch<'_>) {
        let is_there = |index: usize| {
            batch
                .valid
                .is_none_or(|valid| valid.get(index).copied().unwrap_or(false))
        };
        let count = batch.values.len();
        self.seen += count as u64;
        self.values += count as u64;
        if batch.valid.is_some() {
            for index in (0..count).filter(|index| !is_there(*index)) {
                self.null.add(batch.rows.row(index), || "null".to_owned());
            }
        }
        let rows = batch.rows;
        match batch.values {
            Slice::Real(values) => {
                for (index, x) in values.iter().enumerate().filter(|(i, _)| is_there(*i)) {
                    self.real(rows.row(index), *x);
                }
            }
            Slice::Integer(values) => {
                for (index, x) in values.iter().enumerate().filter(|(i, _)| is_there(*i)) {
                    self.integer(rows.row(index), *x);
                }
            }
            Slice::Text(values) => {
                for (index, text) in values.iter().enumerate().filter(|(i, _)| is_there(*i)) {
                    self.text(rows.row(index), text);
                }
            }
            Slice::Bool(values) => {
                for (index, truth) in values.iter().enumerate().filter(|(i, _)| is_there(*i)) {
                    self.text(rows.row(index), if *truth { "true" } else { "false" });
                }
            }
        }
    }

    fn real(&mut self, row: u64, x: f64) {
        if self.allowed.is_some() {
            self.kind.add(row, || x.to_string());
            return;
        }
        // NaN is within no range.
        if (self.rule.finite && !x.is_finite()) || (x.is_nan() && self.rule.has_range()) {
            self.not_finite.add(row, || x.to_string());
        } else if !x.is_nan() {
            self.range(row, x);
        }
    }

    fn integer(&mut self, row: u64, x: i64) {
        // Beyond 2^53 a limit is compared with the nearest double.
        self.range(row, x as f64);
        if let Some(allowed) = self.allowed {
            let text = x.to_string();
            if !allowed.contains(&text) {
                self.word.add(row, || text);
            }
        }
    }

    fn range(&mut self, row: u64, x: f64) {
        if self.rule.min.is_some_and(|min| x < min) || self.rule.max.is_some_and(|max| x > max) {
            self.range.add_number(row, x);
        }
    }

    fn text(&mut self, row: u64, text: &str) {
        if self.rule.has_range() || self.rule.finite {
            self.kind.add(row, || text.to_owned());
        } else if self.allowed.is_some_and(|allowed| !allowed.contains(text)) {
            self.word.add(row, || text.to_owned());
        }
    }

    /// What was found.
    pub fn finish(self) -> Checked {
        let mut out = Checked::default();
        if self.seen == 0 {
            out.not_evaluated.push(NotEvaluated {
                stream: self.stream,
                field: Some(self.field),
                reason: "no value was looked at".to_owned(),
            });
            return out;
        }
        let share = self.null.count as f64 / self.values.max(1) as f64;
        let expected_null = match self.rule.nulls {
            Nulls::Never if self.null.count > 0 => Some("no missing value".to_owned()),
            Nulls::AtMost(most) if share > most => Some(format!(
                "at most {} missing",
                display::quantity(most, "share")
            )),
            _ => None,
        };
        if let Some(expected) = expected_null {
            let found = format!(
                "{} of {} missing",
                display::integer(self.null.count as f64),
                display::integer(self.values as f64)
            );
            out.violations
                .push(self.violation(code::NULL, &self.null, (expected, Some(found))));
        }
        let words = self.allowed.map(list).unwrap_or_default();
        let asked = self.rule.kind.map(|kind| kind.to_string());
        let asked = asked.unwrap_or_default();
        let judged = if self.allowed.is_some() && !self.rule.has_range() {
            "values of a list"
        } else {
            "numbers"
        };
        for (code, offenders, expected) in [
            (code::RANGE, &self.range, range_text(self.rule)),
            (
                code::NOT_FINITE,
                &self.not_finite,
                "finite numbers".to_owned(),
            ),
            (self.allowed_code, &self.word, words),
            (code::TYPE, &self.kind, judged.to_owned()),
            (code::TYPE, &self.length, asked),
        ] {
            if offenders.count > 0 {
                out.violations
                    .push(self.violation(code, offenders, (expected, None)));
            }
        }
        out
    }

    fn violation(
        &self,
        code: &'static str,
        offenders: &Offenders,
        (expected, found): (String, Option<String>),
    ) -> Violation {
        Violation {
            code: code.to_owned(),
            stream: self.stream.clone(),
            field: Some(self.field.clone()),
            rows: offenders.rows.clone(),
            times_ns: offenders.times_ns.iter().copied().flatten().collect(),
            values: offenders.values.clone(),
            expected,
            found: found.unwrap_or_else(|| offenders.found()),
            count: offenders.count,
        }
    }
}

/// Words for a message, not more than a person reads.
pub(super) fn list(words: &BTreeSet<String>) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<_> = words.iter().take(SHOWN).map(String::as_str).collect();
    match words.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("one of {} and {more} more", shown.join(", ")),
        _ if words.len() == 1 => shown.concat(),
        _ => format!("one of {}", shown.join(", ")),
    }
}

/// The range of a rule in words, with its unit.
pub(super) fn range_text(rule: &Field) -> String {
    let unit = rule.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    let range = Range {
        min: rule.min,
        max: rule.max,
    };
    range.text(&unit)
}
