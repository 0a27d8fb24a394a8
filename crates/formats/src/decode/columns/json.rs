//! JSON payloads into columns, by the types of a JSON schema.

use super::store::{Bytes, Column, Data};
use super::{Cells, spend};
use crate::Schema;
use crate::decode::definition::{DefinitionError, MAX_DEPTH};
use crate::decode::error::{DecodeCause, DecodeError};
use crate::decode::json::{self, Scanner};
use base64::Engine as _;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Largest schema, bytes.
const MAX_SCHEMA_BYTES: usize = 4 << 20;

/// An object whose properties are columns.
#[derive(Debug)]
pub(super) struct Object {
    /// In the order of their names.
    fields: Vec<(String, Value)>,
    /// Columns an object fills, nested ones included.
    width: u64,
}

/// How a value is read.
#[derive(Debug)]
enum Value {
    Bool,
    Integer,
    Number,
    Text,
    /// Text that holds bytes (`contentEncoding: base64`).
    Base64,
    /// `{sec, nsec}`.
    Time,
    Object(Object),
    List(Box<Value>),
    /// Anything; kept as its JSON text.
    Any,
}

/// The column of messages without a schema.
pub(super) fn text_column() -> Column {
    Column::required("json", Data::Text(Bytes::new()))
}

/// Appends one message as its text.
pub(super) fn text_row(payload: &[u8], columns: &mut [Column]) -> Result<(), DecodeError> {
    validate(payload)?;
    match columns.first_mut().map(|column| &mut column.data) {
        Some(Data::Text(texts)) => texts.push(payload),
        _ => Ok(()),
    }
}

/// Whether the payload is JSON; afterwards the scanner's leniency does not matter.
fn validate(payload: &[u8]) -> Result<(), DecodeError> {
    let text = std::str::from_utf8(payload)
        .map_err(|e| DecodeError::new(e.valid_up_to(), DecodeCause::InvalidUtf8))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|e| {
            let before = text.split_inclusive('\n').take(e.line().saturating_sub(1));
            let offset = before
                .map(str::len)
                .sum::<usize>()
                .saturating_add(e.column())
                // Columns count from 1, but the end of the text lies behind its last column.
                .saturating_sub(usize::from(!e.is_eof()));
            let reason = e.to_string();
            DecodeError::new(offset.min(payload.len()), DecodeCause::Json { reason })
        })
}

/// Compiles a schema; none when its root is not an object with properties.
pub(super) fn compile(
    schema: &Schema,
    budget: &mut usize,
) -> Result<Option<(Object, Vec<Column>)>, DefinitionError> {
    if schema.encoding != "jsonschema" {
        return Err(DefinitionError::Pairing {
            message_encoding: "json".to_owned(),
            schema_encoding: schema.encoding.clone(),
        });
    }
    if schema.data.len() > MAX_SCHEMA_BYTES {
        return Err(DefinitionError::TooLarge {
            what: "bytes of JSON schema",
            limit: MAX_SCHEMA_BYTES as u64,
        });
    }
    let root: Json = serde_json::from_slice(&schema.data).map_err(|e| DefinitionError::Schema {
        language: "JSON schema",
        reason: e.to_string(),
    })?;
    let mut compiler = Compiler {
        root: &root,
        budget,
    };
    Ok(match compiler.value("", &root, 0)? {
        (Value::Object(object), column) => match column.data {
            Data::Struct { fields, .. } => Some((object, fields)),
            _ => None,
        },
        _ => None,
    })
}

struct Compiler<'s, 'b> {
    root: &'s Json,
    budget: &'b mut usize,
}

impl<'s> Compiler<'s, '_> {
    /// Follows `$ref`s into the document itself.
    fn target(&self, mut schema: &'s Json) -> Option<&'s Json> {
        for _ in 0..MAX_DEPTH {
            let Some(reference) = schema.get("$ref").and_then(Json::as_str) else {
                return Some(schema);
            };
            schema = self.root.pointer(reference.strip_prefix('#')?)?;
        }
        None
    }

    /// The one type a schema allows beside `null`.
    fn type_name(schema: &'s Json) -> Option<&'s str> {
        match schema.get("type")? {
            Json::String(name) => Some(name),
            Json::Array(names) => {
                let mut others = names
                    .iter()
                    .filter_map(Json::as_str)
                    .filter(|n| *n != "null");
                let only = others.next()?;
                others.next().is_none().then_some(only)
            }
            _ => None,
        }
    }

    fn value(
        &mut self,
        name: &str,
        schema: &'s Json,
        depth: usize,
    ) -> Result<(Value, Column), DefinitionError> {
        spend(self.budget)?;
        let any = |name: &str| {
            let column = Column::nullable(name, Data::Text(Bytes::new()));
            (Value::Any, column.noted("encoding", "json"))
        };
        let Some(schema) = self.target(schema).filter(|_| depth < MAX_DEPTH) else {
            return Ok(any(name));
        };
        let is_base64 = schema.get("contentEncoding").and_then(Json::as_str) == Some("base64");
        let (value, data) = match Self::type_name(schema) {
            Some("boolean") => (Value::Bool, Data::Bool(Vec::new())),
            Some("integer") => (Value::Integer, Data::I64(Vec::new())),
            Some("number") => (Value::Number, Data::F64(Vec::new())),
            Some("string") if is_base64 => (Value::Base64, Data::Binary(Bytes::new())),
            Some("string") => (Value::Text, Data::Text(Bytes::new())),
            Some("array") => {
                let Some(items) = schema.get("items").filter(|i| i.is_object()) else {
                    return Ok(any(name));
                };
                let (element, column) = self.value("", items, depth.saturating_add(1))?;
                let column = Column::list(name, column).or_null();
                return Ok((Value::List(Box::new(element)), column));
            }
            Some("object") => match self.object(name, schema, depth)? {
                Some(found) => return Ok(found),
                None => return Ok(any(name)),
            },
            _ => return Ok(any(name)),
        };
        Ok((value, Column::nullable(name, data)))
    }

    fn object(
        &mut self,
        name: &str,
        schema: &'s Json,
        depth: usize,
    ) -> Result<Option<(Value, Column)>, DefinitionError> {
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
            return Ok(None);
        };
        let has = |key: &str| properties.contains_key(key);
        if properties.len() == 2 && has("sec") && (has("nsec") || has("nanosec")) {
            let column = Column::nullable(name, Data::I64(Vec::new())).noted("unit", "ns");
            return Ok(Some((Value::Time, column)));
        }
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        let mut width = 0_u64;
        let properties: BTreeMap<&String, &Json> = properties.iter().collect();
        for (key, property) in properties {
            let (value, column) = self.value(key, property, depth.saturating_add(1))?;
            width = width.saturating_add(value.width()).saturating_add(1);
            fields.push((key.clone(), value));
            columns.push(column);
        }
        let data = Data::Struct {
            fields: columns,
            rows: 0,
        };
        let column = Column::nullable(name, data);
        Ok(Some((Value::Object(Object { fields, width }), column)))
    }
}

impl Object {
    /// Appends one message.
    pub(super) fn row(&self, payload: &[u8], columns: &mut [Column]) -> Result<(), DecodeError> {
        validate(payload)?;
        let mut cells = Cells::of(payload);
        self.read(&mut Scanner::new(payload), columns, &mut cells)
    }

    /// Appends the properties of one object; a property given twice counts by its last value.
    fn read(
        &self,
        scanner: &mut Scanner<'_>,
        columns: &mut [Column],
        cells: &mut Cells,
    ) -> Result<(), DecodeError> {
        cells.spend(self.width)?;
        expect(scanner, b'{', "an object")?;
        scanner.enter_object()?;
        let mut places = vec![None; self.fields.len()];
        while let Some(key) = scanner.key()? {
            let found = self.fields.binary_search_by(|(n, _)| n.as_bytes().cmp(key));
            if let Some(place) = found.ok().and_then(|index| places.get_mut(index)) {
                *place = Some(scanner.clone());
            }
            scanner.skip()?;
        }
        for (((name, value), column), place) in self.fields.iter().zip(columns).zip(places) {
            match place {
                Some(mut place) => value
                    .read(&mut place, column, cells)
                    .map_err(|e| e.within(name))?,
                None => column.push_empty()?,
            }
        }
        Ok(())
    }
}

/// A type error unless the next value starts with `first`.
fn expect(scanner: &mut Scanner<'_>, first: u8, expected: &'static str) -> Result<(), DecodeError> {
    if scanner.peek() == Some(first) {
        return Ok(());
    }
    Err(mismatch(scanner, expected))
}

#[cold]
fn mismatch(scanner: &mut Scanner<'_>, expected: &'static str) -> DecodeError {
    let found = match scanner.peek() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "nothing",
    };
    let mut error = scanner.error("");
    error.cause = DecodeCause::JsonType { expected, found };
    error
}

impl Value {
    /// Columns below the value's own.
    fn width(&self) -> u64 {
        match self {
            Self::Object(object) => object.width,
            // The elements of a list are counted as they come.
            _ => 0,
        }
    }

    fn read(
        &self,
        scanner: &mut Scanner<'_>,
        column: &mut Column,
        cells: &mut Cells,
    ) -> Result<(), DecodeError> {
        if scanner.peek() == Some(b'n') {
            scanner.skip()?;
            return column.push_empty();
        }
        match (self, &mut column.data) {
            (Self::Bool, Data::Bool(values)) => match scanner.peek() {
                Some(b't' | b'f') => values.push(scanner.literal()? == "true"),
                _ => return Err(mismatch(scanner, "a truth value")),
            },
            (Self::Integer, Data::I64(values)) => values.push(integer(scanner)?),
            (Self::Number, Data::F64(values)) => values.push(number(scanner)?),
            (Self::Text, Data::Text(texts)) => {
                expect(scanner, b'"', "text")?;
                texts.push(scanner.string()?.as_bytes())?;
            }
            (Self::Base64, Data::Binary(values)) => {
                expect(scanner, b'"', "text")?;
                let mut at = scanner.clone();
                let text = scanner.string()?;
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(text.as_bytes())
                    .map_err(|_| mismatch(&mut at, "text in base64"))?;
                values.push(&bytes)?;
            }
            (Self::Time, Data::I64(values)) => {
                let mut at = scanner.clone();
                match json::time(scanner)? {
                    Some(time) => values.push(time),
                    None => return Err(mismatch(&mut at, "an object of `sec` and `nsec`")),
                }
            }
            (Self::Any, Data::Text(texts)) => texts.push(scanner.value_text()?)?,
            (Self::Object(object), Data::Struct { fields, .. }) => {
                object.read(scanner, fields, cells)?;
                column.end_struct();
                return Ok(());
            }
            (Self::List(inner), Data::List { element, .. }) => {
                expect(scanner, b'[', "an array")?;
                scanner.enter_array()?;
                while scanner.element()? {
                    cells.spend(inner.width().saturating_add(1))?;
                    inner.read(scanner, element, cells)?;
                }
                return column.end_list();
            }
            // The columns were made from the same schema, so values and columns match.
            _ => return Ok(()),
        }
        column.mark_valid();
        Ok(())
    }
}

/// A whole number, also as text or with an empty fraction (`1.0`, `1e3`), as JSON schema counts integers.
fn integer(scanner: &mut Scanner<'_>) -> Result<i64, DecodeError> {
    const EXPECTED: &str = "a whole number of 64 bits";
    let mut at = scanner.clone();
    let text = match scanner.peek() {
        Some(b'"') => std::str::from_utf8(scanner.raw_string()?).unwrap_or(""),
        Some(b'-' | b'0'..=b'9') => scanner.literal()?,
        _ => return Err(mismatch(scanner, EXPECTED)),
    };
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and below 2^53, so exact"
            )]
            Ok(value as i64)
        }
        _ => Err(mismatch(&mut at, EXPECTED)),
    }
}

/// A number, or the texts protobuf's JSON form writes for those JSON lacks.
fn number(scanner: &mut Scanner<'_>) -> Result<f64, DecodeError> {
    match scanner.peek() {
        Some(b'"') => {
            let mut at = scanner.clone();
            match scanner.raw_string()? {
                b"NaN" => Ok(f64::NAN),
                b"Infinity" => Ok(f64::INFINITY),
                b"-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(mismatch(&mut at, "a number")),
            }
        }
        Some(b'-' | b'0'..=b'9') => scanner.number(),
        _ => Err(mismatch(scanner, "a number")),
    }
}
