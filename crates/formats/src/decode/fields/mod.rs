//! A few chosen fields of a message, whatever its encoding, without decoding the rest.
//!
//! Read [`FieldReader`], [`Wanted`] and [`Value`] first. A reader is compiled once per channel from
//! the schema and a list of wanted paths; reading calls a sink for every value it meets. Large values
//! stay borrowed from the payload. In CDR and ROS 1 fields of fixed size that lie in a row are one step.
//!
//! Not here: what the fields mean ([`crate::sensor`]) and whole messages
//! ([`super::ColumnDecoder`]).

pub(crate) mod flatbuffer;
mod json;
mod packed;
mod protobuf;
mod value;

pub(crate) use value::decode as number;
pub use value::{Numbers, Value};

use super::definition::{DefinitionError, Definitions};
use super::descriptor::MessageDescriptor;
use super::error::{DecodeCause, DecodeError};
use super::plan::Plan;
use super::proto;
use crate::Schema;
use std::sync::Arc;

/// Most list elements and texts one message may hand to a sink: a hostile message of many empty
/// elements must not make its reader allocate a hundred times its size.
const MAX_ELEMENTS: usize = 1 << 16;
/// Deepest nesting of wanted fields.
const MAX_DEPTH: usize = 32;

/// What a wanted field must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number, truth value or enumeration: [`Value::Integer`] or [`Value::Float`].
    Number,
    /// A time or duration, as nanoseconds: [`Value::Integer`].
    Time,
    /// Text, or a list of text, handed over one by one: [`Value::Text`].
    Text,
    /// Bytes: [`Value::Bytes`]. A list of 8-bit numbers, protobuf `bytes`, JSON base64.
    Bytes,
    /// A list or fixed array of numbers: [`Value::Numbers`], in several pieces where the message
    /// writes it so (they belong together, in order).
    Numbers,
    /// A list of messages: [`Value::Element`] before the fields of each.
    List,
}

/// A field to read: names joined by dots; a list of messages on the way means every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'w> {
    /// Path from the root, `pose.position.x`, `fields.name`.
    pub path: &'w str,
    /// Number handed to the sink with the value. Several paths may share one.
    pub slot: u16,
    /// What the field must be; a field of another shape is not found.
    pub shape: Shape,
}

/// A schema that has been parsed, from which any number of readers can be compiled.
#[derive(Clone, Debug)]
pub struct Fields(Source);

#[derive(Clone, Debug)]
enum Source {
    Packed { plan: Arc<Plan>, ros1: bool },
    Protobuf(MessageDescriptor),
    Json(Option<Arc<serde_json::Value>>),
    Flatbuffer(Arc<super::flatbuffer::Schema>),
}

/// Reads chosen fields of one channel's messages.
#[derive(Clone, Debug)]
pub struct FieldReader {
    program: Program,
    found: Vec<bool>,
}

#[derive(Clone, Debug)]
enum Program {
    Packed(Arc<packed::Program>),
    Protobuf(Arc<protobuf::Message>),
    Json(Arc<json::Object>),
    Flatbuffer(Arc<flatbuffer::Program>),
}

/// Takes values as they come: the slot of [`Wanted`] and what was there.
pub type Sink<'s, 'a> = dyn FnMut(u16, Value<'a>) + 's;

impl Fields {
    /// Parses a schema for messages of `cdr`, `ros1`, `protobuf`, `json` or `flatbuffer`.
    /// Cost: linear in the schema.
    ///
    /// # Errors
    /// When the schema does not parse or cannot describe such messages.
    pub fn parse(schema: &Schema, message_encoding: &str) -> Result<Self, DefinitionError> {
        Ok(Self(match message_encoding {
            "cdr" | "ros1" => {
                let definitions = Definitions::for_messages(schema, message_encoding)?;
                Source::Packed {
                    plan: Arc::new(Plan::compile(&definitions)),
                    ros1: message_encoding == "ros1",
                }
            }
            "protobuf" => Source::Protobuf(proto::message(schema)?),
            "json" => Source::Json(json::properties(schema)?),
            "flatbuffer" => Source::Flatbuffer(Arc::new(super::flatbuffer::Schema::parse(schema)?)),
            _ => {
                return Err(DefinitionError::Pairing {
                    message_encoding: message_encoding.to_owned(),
                    schema_encoding: schema.encoding.clone(),
                });
            }
        }))
    }

    pub(crate) fn from_flatbuffer(schema: super::flatbuffer::Schema) -> Self {
        Self(Source::Flatbuffer(Arc::new(schema)))
    }

    /// Whether the schema names its fields; JSON without a schema does not, and every wanted field
    /// then counts as found.
    pub fn is_typed(&self) -> bool {
        !matches!(self.0, Source::Json(None))
    }

    /// Compiles a reader. Cost: linear in the types the paths lead through.
    pub fn reader(&self, wanted: &[Wanted<'_>]) -> FieldReader {
        let tree = Node::tree(wanted);
        let mut found = vec![false; wanted.len()];
        let program = match &self.0 {
            Source::Packed { plan, ros1 } => {
                let program = packed::Program::compile(plan, *ros1, &tree, &mut found);
                Program::Packed(Arc::new(program))
            }
            Source::Protobuf(root) => Program::Protobuf(Arc::new(protobuf::Message::compile(
                root, &tree, &mut found,
            ))),
            Source::Json(root) => {
                let root = root.as_deref();
                Program::Json(Arc::new(json::Object::compile(root, &tree, &mut found)))
            }
            Source::Flatbuffer(schema) => {
                let program = flatbuffer::Program::compile(schema, &tree, &mut found);
                Program::Flatbuffer(Arc::new(program))
            }
        };
        FieldReader { program, found }
    }
}

impl FieldReader {
    /// Whether the schema has each of the wanted fields, in their order.
    pub fn found(&self) -> &[bool] {
        &self.found
    }

    /// Reads one message: calls `sink` for the wanted fields in the order the message has them.
    ///
    /// Fields that protobuf or JSON leave out are not reported; numbers a `FlatBuffer` leaves out have the
    /// default of its schema, unless they are optional. A single field written
    /// twice is reported twice; the last counts. What follows the last wanted field of a CDR or ROS 1
    /// message is not looked at. Cost: linear in what is read; nothing is allocated except for JSON
    /// with escapes or base64 and for protobuf lists of varints.
    ///
    /// # Errors
    /// Where the payload is damaged or does not fit its schema; values before that place have been
    /// handed over. [`DecodeCause::TooManyValues`] beyond 65,536 list elements and texts.
    pub fn read<'a>(&self, payload: &'a [u8], sink: &mut Sink<'_, 'a>) -> Result<(), DecodeError> {
        match &self.program {
            Program::Packed(program) => program.read(payload, sink),
            _ => self.read_inline(payload, &mut |slot, value| sink(slot, value)),
        }
    }

    /// [`FieldReader::read`] with the sink compiled into the reading of CDR and ROS 1: for small messages
    /// that come by the million.
    pub(crate) fn read_inline<'a, S: FnMut(u16, Value<'a>)>(
        &self,
        payload: &'a [u8],
        sink: &mut S,
    ) -> Result<(), DecodeError> {
        match &self.program {
            Program::Packed(program) => program.read(payload, sink),
            Program::Protobuf(message) => message.read(payload, sink),
            Program::Json(object) => object.read(payload, sink),
            Program::Flatbuffer(program) => program.read(payload, sink),
        }
    }
}

/// The wanted fields as a tree of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// What is wanted of the field itself: index of the wish, slot, shape.
    wishes: Vec<Wish>,
    children: Vec<(String, Node)>,
}

#[derive(Clone, Copy, Debug)]
struct Wish {
    index: usize,
    slot: u16,
    shape: Shape,
}

impl Node {
    fn tree(wanted: &[Wanted<'_>]) -> Self {
        let mut root = Self::default();
        for (index, want) in wanted.iter().enumerate() {
            let names: Vec<&str> = want.path.split('.').collect();
            if names.len() > MAX_DEPTH {
                continue;
            }
            let mut node = &mut root;
            for name in names {
                node = node.child_mut(name);
            }
            node.wishes.push(Wish {
                index,
                slot: want.slot,
                shape: want.shape,
            });
        }
        root
    }

    fn child_mut(&mut self, name: &str) -> &mut Self {
        let at = self.children.iter().position(|(n, _)| n == name);
        let at = at.unwrap_or_else(|| {
            self.children.push((name.to_owned(), Self::default()));
            self.children.len().saturating_sub(1)
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "the position was just found or made"
        )]
        &mut self.children[at].1
    }

    fn child(&self, name: &str) -> Option<&Self> {
        let found = self.children.iter().find(|(n, _)| n == name);
        found.map(|(_, node)| node)
    }

    /// Marks the wish of that shape as found and gives its slot.
    fn take(&self, shape: Shape, found: &mut [bool]) -> Option<u16> {
        let wish = self.wishes.iter().find(|wish| wish.shape == shape)?;
        if let Some(found) = found.get_mut(wish.index) {
            *found = true;
        }
        Some(wish.slot)
    }
}

/// What one message may hand over: elements and texts, and bytes where several fields may refer to the
/// same ones (`FlatBuffers` share; sixteen times the message is more than any writer does).
struct Budget {
    elements: usize,
    bytes: usize,
    bytes_limit: usize,
}

impl Budget {
    fn of(payload: &[u8]) -> Self {
        let bytes = payload.len().saturating_mul(16).saturating_add(1 << 16);
        Self {
            elements: MAX_ELEMENTS,
            bytes,
            bytes_limit: bytes,
        }
    }

    #[inline]
    fn spend(&mut self) -> Result<(), DecodeError> {
        match self.elements.checked_sub(1) {
            Some(left) => {
                self.elements = left;
                Ok(())
            }
            None => Err(too_many(MAX_ELEMENTS)),
        }
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(too_many(self.bytes_limit)),
        }
    }
}

#[cold]
fn too_many(limit: usize) -> DecodeError {
    let limit = limit as u64;
    DecodeError::new(0, DecodeCause::TooManyValues { limit })
}
