//! Lists of JSON, row by row, so that an error names its row and nothing but rows is in memory.

use super::{At, LabelError, Place};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The rows of a list; an error says which row it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T>(pub Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Rows<T>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a list of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rows<T>, A::Error> {
                let mut rows = Vec::new();
                loop {
                    match list.next_element() {
                        Ok(Some(row)) => rows.push(row),
                        Ok(None) => return Ok(Rows(rows)),
                        Err(error) => {
                            let row = rows.len();
                            return Err(A::Error::custom(format!("row `{row}`: {error}")));
                        }
                    }
                }
            }
        }
        from.deserialize_seq(List(PhantomData))
    }
}

/// Takes one field of each row of a list, and nothing else into memory.
///
/// The value is the text that names a slice: text itself, numbers and truth values as JSON writes them; none where the
/// row does not have the field, or where it holds a list or an object.
#[derive(Clone, Copy)]
pub(super) struct FieldOfRows<'a>(pub(super) &'a str);

/// The same of one row.
#[derive(Clone, Copy)]
struct FieldOfRow<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for FieldOfRows<'_> {
    type Value = Vec<Option<String>>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FieldOfRows<'_> {
    type Value = Vec<Option<String>>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(value) = list.next_element_seed(FieldOfRow(self.0))? {
            rows.push(value);
        }
        Ok(rows)
    }
}

impl<'de> DeserializeSeed<'de> for FieldOfRow<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldOfRow<'_> {
    type Value = Option<String>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = row.next_key::<Cow<'_, str>>()? {
            if key == self.0 {
                found = match row.next_value()? {
                    Value::String(text) => Some(text),
                    Value::Number(number) => Some(number.to_string()),
                    Value::Bool(is) => Some(is.to_string()),
                    Value::Null | Value::Array(_) | Value::Object(_) => None,
                };
            } else {
                row.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Reads a file that is a list of rows.
///
/// Errors: not JSON, not a list, a row of another form; the row is named. Cost: one pass over the bytes.
pub fn list<T: DeserializeOwned>(
    file: &str,
    bytes: &[u8],
    hint: &'static str,
) -> Result<Vec<T>, LabelError> {
    serde_json::from_slice::<Rows<T>>(bytes)
        .map(|rows| rows.0)
        .map_err(|error| json_error(file, &error, hint))
}

/// Reads a file that is one object; a list of its fields is none, whatever serde takes for one.
///
/// Errors: not JSON, no object, another form. Cost: one pass over the bytes.
pub(super) fn object<T: DeserializeOwned>(
    file: &str,
    bytes: &[u8],
    hint: &'static str,
) -> Result<T, LabelError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        let at = At {
            file,
            place: Place::File,
        };
        return Err(at.form("it is a list, and an object belongs there", hint));
    }
    serde_json::from_slice(bytes).map_err(|error| json_error(file, &error, hint))
}

/// A value as text: text itself, everything else as JSON writes it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The error of a parser that names rows itself.
pub(super) fn json_error(file: &str, error: &serde_json::Error, hint: &'static str) -> LabelError {
    let at = At {
        file,
        place: Place::File,
    };
    at.form(error.to_string(), hint)
}

/// One field of every row of a file that is a list, see [`FieldOfRows`]. Errors: not JSON, no list of rows.
pub fn list_field(
    file: &str,
    bytes: &[u8],
    field: &str,
) -> Result<Vec<Option<String>>, LabelError> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    FieldOfRows(field)
        .deserialize(&mut from)
        .map_err(|error| json_error(file, &error, "the file is a list of rows"))
}
