//! JSON with one spelling.
//!
//! Read [`canonical_json`] first. Not here: reading JSON; `serde_json` does.

use super::StatementError;
use crate::text;
use serde::Serialize;
use serde_json::Value;

/// Whole numbers up to this survive every reader of JSON: 2^53 - 1.
const MAX_WHOLE: u64 = (1 << 53) - 1;
/// Lists and objects within each other.
const MAX_DEPTH: usize = 100;

/// JSON as RFC 8785 spells it, for values without fractions: keys sorted by their UTF-16 code units, no blanks, the
/// shortest escapes.
///
/// Errors: [`StatementError::NotCanonical`] for numbers that are not whole or beyond 2^53 (nanoseconds since 1970 are:
/// write times as text) and for more than 100 levels; [`StatementError::Form`] for keys that are no text.
pub fn canonical_json(value: &impl Serialize) -> Result<String, StatementError> {
    let value = serde_json::to_value(value).map_err(|error| StatementError::Form {
        what: text::shortened(&error.to_string()),
    })?;
    let mut writer = Writer {
        out: String::new(),
        place: Vec::new(),
    };
    writer.value(&value)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    /// Keys and positions that lead to the value being written.
    place: Vec<String>,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), StatementError> {
        match value {
            Value::Null | Value::Bool(_) | Value::String(_) => self.out += &value.to_string(),
            Value::Number(number) => {
                let whole = number.as_i64().map(i64::unsigned_abs);
                if whole.is_none_or(|whole| whole > MAX_WHOLE) {
                    return Err(self.refuse(value, "numbers are whole and below 2^53"));
                }
                self.out += &number.to_string();
            }
            Value::Array(items) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    self.inside(at.to_string(), item)?;
                }
                self.out.push(']');
            }
            Value::Object(fields) => {
                let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
                self.out.push('{');
                for (at, (key, item)) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    self.out += &Value::String(key.clone()).to_string();
                    self.out.push(':');
                    self.inside(key.clone(), item)?;
                }
                self.out.push('}');
            }
        }
        Ok(())
    }

    fn inside(&mut self, step: String, value: &Value) -> Result<(), StatementError> {
        if self.place.len() == MAX_DEPTH {
            return Err(self.refuse(&Value::Null, "it lies more than 100 levels deep"));
        }
        self.place.push(step);
        self.value(value)?;
        self.place.pop();
        Ok(())
    }

    fn refuse(&self, value: &Value, what: &'static str) -> StatementError {
        StatementError::NotCanonical {
            value: text::shortened(&value.to_string()),
            place: text::shortened(&self.place.join(".")),
            what,
        }
    }
}
