//! Chosen fields of JSON messages, by keys; types are those a JSON Schema promises.

use super::value::{Numbers, Value};
use super::{Budget, Node, Shape, Sink};
use crate::Schema;
use crate::decode::definition::{DefinitionError, MAX_DEPTH};
use crate::decode::error::DecodeError;
use crate::decode::json::{self, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::sync::Arc;

/// Largest JSON Schema, bytes.
const MAX_SCHEMA_BYTES: usize = 16 << 20;

/// The wanted keys of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    fields: Vec<(String, Action)>,
}

#[derive(Clone, Debug)]
enum Action {
    Number(u16),
    Numbers(u16),
    Text(u16),
    Bytes(u16),
    Time(u16),
    /// An object, or a list of them; which one is seen in the message.
    Object(Option<u16>, Object),
}

/// The schema, if it names its properties; without any the messages speak for themselves.
pub(super) fn properties(
    schema: &Schema,
) -> Result<Option<Arc<serde_json::Value>>, DefinitionError> {
    if schema.data.is_empty() || schema.encoding != "jsonschema" {
        return Ok(None);
    }
    if schema.data.len() > MAX_SCHEMA_BYTES {
        return Err(DefinitionError::TooLarge {
            what: "bytes of JSON Schema",
            limit: MAX_SCHEMA_BYTES as u64,
        });
    }
    let parsed: serde_json::Value =
        serde_json::from_slice(&schema.data).map_err(|error| DefinitionError::Schema {
            language: "JSON Schema",
            reason: error.to_string(),
        })?;
    let named = parsed
        .get("properties")
        .is_some_and(serde_json::Value::is_object);
    Ok(named.then(|| Arc::new(parsed)))
}

/// What a schema says a value is.
#[derive(Clone, Copy)]
enum Promise<'s> {
    /// Nothing: any shape is believed.
    Anything,
    Typed(&'s serde_json::Value),
}

impl Promise<'_> {
    fn is(self, wanted: &str) -> bool {
        let Self::Typed(schema) = self else {
            return true;
        };
        match schema.get("type") {
            Some(serde_json::Value::String(name)) => {
                name == wanted || (name == "integer" && wanted == "number")
            }
            Some(serde_json::Value::Array(names)) => names
                .iter()
                .any(|name| name == wanted || (name == "integer" && wanted == "number")),
            _ => {
                schema
                    .get(if wanted == "array" {
                        "items"
                    } else {
                        "properties"
                    })
                    .is_some()
                    && matches!(wanted, "array" | "object")
            }
        }
    }

    /// An enumeration of numbers, which JSON Schema writes without a type.
    fn is_numbered(self) -> bool {
        let Self::Typed(schema) = self else {
            return true;
        };
        let constants = schema.get("oneOf").or_else(|| schema.get("anyOf"));
        self.is("number")
            || self.is("boolean")
            || constants
                .and_then(|list| list.as_array())
                .is_some_and(|list| {
                    list.iter()
                        .all(|case| case.get("const").is_some_and(serde_json::Value::is_number))
                })
    }

    fn property(self, name: &str) -> Option<Self> {
        match self {
            Self::Anything => Some(self),
            Self::Typed(schema) => Some(Self::Typed(schema.get("properties")?.get(name)?)),
        }
    }

    fn items(self) -> Option<Self> {
        match self {
            Self::Anything => Some(self),
            Self::Typed(schema) => Some(Self::Typed(schema.get("items")?)),
        }
    }
}

impl Object {
    pub(super) fn compile(
        root: Option<&serde_json::Value>,
        node: &Node,
        found: &mut [bool],
    ) -> Self {
        Self::of(
            root.map_or(Promise::Anything, Promise::Typed),
            node,
            found,
            0,
        )
    }

    fn of(promise: Promise<'_>, node: &Node, found: &mut [bool], depth: usize) -> Self {
        let mut fields = Vec::new();
        if depth > MAX_DEPTH {
            return Self::default();
        }
        for (name, child) in &node.children {
            if let Some(property) = promise.property(name)
                && let Some(action) = compile(property, child, found, depth)
            {
                fields.push((name.clone(), action));
            }
        }
        Self { fields }
    }

    pub(super) fn read<'a>(
        &self,
        payload: &'a [u8],
        sink: &mut Sink<'_, 'a>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader {
            scanner: Scanner::new(payload),
            budget: Budget::of(payload),
            sink,
        };
        reader.object(self)
    }
}

fn compile(promise: Promise<'_>, node: &Node, found: &mut [bool], depth: usize) -> Option<Action> {
    let text = promise.is("string");
    let array = promise.is("array");
    if promise.is_numbered()
        && let Some(slot) = node.take(Shape::Number, found)
    {
        return Some(Action::Number(slot));
    }
    if (text || promise.is("object"))
        && let Some(slot) = node.take(Shape::Time, found)
    {
        return Some(Action::Time(slot));
    }
    if (text || (array && promise.items()?.is("string")))
        && let Some(slot) = node.take(Shape::Text, found)
    {
        return Some(Action::Text(slot));
    }
    let numbers = array && promise.items()?.is_numbered();
    if (text || numbers)
        && let Some(slot) = node.take(Shape::Bytes, found)
    {
        return Some(Action::Bytes(slot));
    }
    if numbers && let Some(slot) = node.take(Shape::Numbers, found) {
        return Some(Action::Numbers(slot));
    }
    let inner = if array && !matches!(promise, Promise::Anything) {
        promise.items()?
    } else {
        promise
    };
    if !inner.is("object") {
        return None;
    }
    let slot = array.then(|| node.take(Shape::List, found)).flatten();
    (slot.is_some() || !node.children.is_empty()).then(|| {
        let depth = depth.saturating_add(1);
        Action::Object(slot, Object::of(inner, node, found, depth))
    })
}

struct Reader<'a, 's, 'k> {
    scanner: Scanner<'a>,
    budget: Budget,
    sink: &'s mut Sink<'k, 'a>,
}

impl<'a> Reader<'a, '_, '_> {
    fn object(&mut self, object: &Object) -> Result<(), DecodeError> {
        self.scanner.enter_object()?;
        while let Some(key) = self.scanner.key()? {
            match object
                .fields
                .iter()
                .find(|(name, _)| name.as_bytes() == key)
            {
                Some((name, action)) => {
                    self.value(action).map_err(|error| error.within(name))?;
                }
                None => self.scanner.skip()?,
            }
        }
        Ok(())
    }

    fn value(&mut self, action: &Action) -> Result<(), DecodeError> {
        let first = self.scanner.peek();
        match action {
            Action::Number(slot) => {
                let number = self.number()?;
                (self.sink)(*slot, number);
            }
            // `null` is how writers say that a thing is absent.
            _ if first == Some(b'n') => self.scanner.skip()?,
            Action::Numbers(slot) => {
                let numbers = self.numbers()?;
                (self.sink)(*slot, Value::Numbers(Numbers::Owned(numbers)));
            }
            Action::Text(slot) if first == Some(b'[') => {
                self.scanner.enter_array()?;
                while self.scanner.element()? {
                    self.text(*slot)?;
                }
            }
            Action::Text(slot) => self.text(*slot)?,
            Action::Bytes(slot) => {
                let bytes = self.bytes(first)?;
                (self.sink)(*slot, Value::Bytes(Cow::Owned(bytes)));
            }
            Action::Time(slot) => {
                if let Some(nanos) = json::time(&mut self.scanner)? {
                    (self.sink)(*slot, Value::Integer(nanos));
                }
            }
            Action::Object(slot, object) if first == Some(b'[') => {
                self.scanner.enter_array()?;
                while self.scanner.element()? {
                    self.budget.spend()?;
                    if let Some(slot) = slot {
                        (self.sink)(*slot, Value::Element);
                    }
                    self.object(object)?;
                }
            }
            Action::Object(_, object) => self.object(object)?,
        }
        Ok(())
    }

    fn text(&mut self, slot: u16) -> Result<(), DecodeError> {
        self.budget.spend()?;
        let text = self.scanner.string()?;
        (self.sink)(slot, Value::Text(text));
        Ok(())
    }

    /// A number, a truth value, or `null`, which is how JSON writers put NaN; 64-bit numbers may be quoted.
    fn number(&mut self) -> Result<Value<'a>, DecodeError> {
        let literal = if self.scanner.peek() == Some(b'"') {
            std::str::from_utf8(self.scanner.raw_string()?).unwrap_or("")
        } else {
            self.scanner.literal()?
        };
        if let Ok(whole) = literal.parse() {
            return Ok(Value::Integer(whole));
        }
        match (literal, literal.parse()) {
            (_, Ok(number)) => Ok(Value::Float(number)),
            ("true", _) => Ok(Value::Integer(1)),
            ("false", _) => Ok(Value::Integer(0)),
            ("null", _) => Ok(Value::Float(f64::NAN)),
            _ => Err(self.scanner.error("expected a number")),
        }
    }

    fn numbers(&mut self) -> Result<Vec<f64>, DecodeError> {
        let mut numbers = Vec::new();
        self.scanner.enter_array()?;
        while self.scanner.element()? {
            numbers.push(self.number()?.float());
        }
        Ok(numbers)
    }

    /// Base64, or a list of numbers.
    fn bytes(&mut self, first: Option<u8>) -> Result<Vec<u8>, DecodeError> {
        if first == Some(b'[') {
            let mut bytes = Vec::new();
            self.scanner.enter_array()?;
            while self.scanner.element()? {
                let byte = u8::try_from(self.number()?.integer());
                bytes.push(byte.map_err(|_| self.scanner.error("expected a byte"))?);
            }
            return Ok(bytes);
        }
        let raw = self.scanner.raw_string()?;
        // JSON may write `/` as `\/`, nothing else of base64 needs an escape.
        let raw = if raw.contains(&b'\\') {
            Cow::Owned(raw.iter().copied().filter(|b| *b != b'\\').collect())
        } else {
            Cow::Borrowed(raw)
        };
        STANDARD
            .decode(raw.as_ref() as &[u8])
            .map_err(|_| self.scanner.error("expected base64"))
    }
}
