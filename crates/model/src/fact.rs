//! What was measured.

use crate::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FactValue {
    /// A truth value.
    Bool(bool),
    /// A count or integer nanoseconds, exact.
    Integer(i64),
    /// A measurement; finite.
    Number(f64),
    /// A name or a class.
    Text(String),
}

impl FactValue {
    /// The value as a number a threshold can be compared with; text has none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(if *b { 1.0 } else { 0.0 }),
            Self::Integer(i) => Some(*i as f64),
            Self::Number(x) => Some(*x),
            Self::Text(_) => None,
        }
    }
}

/// Whether a fact holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactStatus {
    /// `value` holds the measurement.
    Ok,
    /// Nothing could be measured; `reason` says why. Never read as a pass.
    NotEvaluated,
}

/// One measurement: policy-free evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// Stable name, `subject.name`, for example `time.jitter_p95`.
    pub name: String,
    /// What it is about: a topic, `recording`, a pair `a -> b`, a frame edge `parent -> child`.
    pub subject: String,
    /// The measurement, null when not evaluated.
    pub value: Option<FactValue>,
    /// Unit of `value`, `low` and `high`: `s`, `ns`, `Hz`, `ppm`, `ratio`, `count`, …
    pub unit: String,
    /// Lower end of the 95 % interval, where one exists.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval, where one exists.
    pub high: Option<f64>,
    /// How many observations the value rests on.
    pub n: u64,
    /// Stretch of log time the fact is about; null means the whole recording.
    pub window: Option<Window>,
    /// How it was measured, in a few words.
    pub method: String,
    /// Version of the method; a changed formula gets a new number.
    pub version: u32,
    /// Whether `value` holds a measurement.
    pub status: FactStatus,
    /// Why nothing was measured, when `status` is `not_evaluated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Further parts of the same measurement, for messages and plots (`class`, `offset_ns`, …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, FactValue>,
}

impl Fact {
    /// A measured fact about the whole recording; refine it with the `with_` methods.
    /// A number that is not finite becomes `not_evaluated`, so no NaN reaches a policy or JSON.
    pub fn new(name: &str, subject: &str, value: FactValue, unit: &str) -> Self {
        let mut fact = Self {
            name: name.to_owned(),
            subject: subject.to_owned(),
            value: None,
            unit: unit.to_owned(),
            low: None,
            high: None,
            n: 0,
            window: None,
            method: String::new(),
            version: 1,
            status: FactStatus::Ok,
            reason: None,
            detail: BTreeMap::new(),
        };
        match value {
            FactValue::Number(x) if !x.is_finite() => {
                fact.status = FactStatus::NotEvaluated;
                fact.reason = Some("the value is not a finite number".to_owned());
            }
            value => fact.value = Some(value),
        }
        fact
    }

    /// A fact with a number as value.
    pub fn number(name: &str, subject: &str, value: f64, unit: &str) -> Self {
        Self::new(name, subject, FactValue::Number(value), unit)
    }

    /// A fact with a count as value; counts beyond `i64` saturate.
    pub fn count(name: &str, subject: &str, value: u64) -> Self {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        Self::new(name, subject, FactValue::Integer(value), "count")
    }

    /// A fact that could not be measured, and why.
    pub fn not_evaluated(name: &str, subject: &str, unit: &str, reason: &str) -> Self {
        let mut fact = Self::new(name, subject, FactValue::Bool(false), unit);
        fact.value = None;
        fact.status = FactStatus::NotEvaluated;
        fact.reason = Some(reason.to_owned());
        fact
    }

    /// Sets the number of observations.
    #[must_use]
    pub fn with_n(mut self, n: usize) -> Self {
        self.n = n as u64;
        self
    }

    /// Sets the 95 % interval; ends that are not finite are left out.
    #[must_use]
    pub fn with_interval(mut self, low: f64, high: f64) -> Self {
        self.low = low.is_finite().then_some(low);
        self.high = high.is_finite().then_some(high);
        self
    }

    /// Sets the stretch of log time the fact is about.
    #[must_use]
    pub fn with_window(mut self, start_ns: i64, end_ns: i64) -> Self {
        self.window = Some(Window { start_ns, end_ns });
        self
    }

    /// Names the method and its version.
    #[must_use]
    pub fn with_method(mut self, method: &str, version: u32) -> Self {
        method.clone_into(&mut self.method);
        self.version = version;
        self
    }

    /// Adds a further part of the measurement; numbers that are not finite are left out.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: FactValue) -> Self {
        if !matches!(value, FactValue::Number(x) if !x.is_finite()) {
            self.detail.insert(key.to_owned(), value);
        }
        self
    }
}
