//! Chosen fields of protobuf payloads, by field numbers taken from the descriptor.

use super::value::{Numbers, Value};
use super::{Budget, Node, Shape, Sink};
use crate::decode::definition::Primitive;
use crate::decode::descriptor::{FieldDescriptor, Kind, MessageDescriptor};
use crate::decode::error::{DecodeCause, DecodeError};
use crate::decode::proto;
use crate::decode::wire::{WireReader, WireValue, varints};

/// The wanted fields of a message type.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// In the order of their numbers.
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    number: u32,
    name: String,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Number(u16, Form),
    Numbers(u16, Form),
    Text(u16),
    Bytes(u16),
    Time(u16, u32, u32),
    Message {
        /// Slot of the element when it is a list.
        slot: Option<u16>,
        list: bool,
        message: Message,
    },
}

/// How a number is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Float,
    Double,
    Varint { signed: bool },
    Zigzag,
    Fixed(Primitive),
}

impl Form {
    fn of(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Double => Self::Double,
            Kind::Float => Self::Float,
            Kind::Int32 | Kind::Int64 | Kind::Enum(_) => Self::Varint { signed: true },
            Kind::Uint32 | Kind::Uint64 | Kind::Bool => Self::Varint { signed: false },
            Kind::Sint32 | Kind::Sint64 => Self::Zigzag,
            Kind::Fixed32 => Self::Fixed(Primitive::U32),
            Kind::Fixed64 => Self::Fixed(Primitive::U64),
            Kind::Sfixed32 => Self::Fixed(Primitive::I32),
            Kind::Sfixed64 => Self::Fixed(Primitive::I64),
            Kind::String | Kind::Bytes | Kind::Message(_) => return None,
        })
    }

    /// The type of a packed list whose numbers lie in a row.
    fn in_a_row(self) -> Option<Primitive> {
        match self {
            Self::Float => Some(Primitive::F32),
            Self::Double => Some(Primitive::F64),
            Self::Fixed(primitive) => Some(primitive),
            Self::Varint { .. } | Self::Zigzag => None,
        }
    }

    fn number(self, value: WireValue<'_>) -> Option<Value<'static>> {
        Some(match (self, value) {
            (Self::Float | Self::Double, value) => Value::Float(value.double()?),
            (Self::Varint { .. } | Self::Zigzag, WireValue::Varint(v)) => {
                Value::Integer(self.integer(v))
            }
            (Self::Fixed(Primitive::I32), WireValue::Fixed32(v)) => {
                Value::Integer(i64::from(v.cast_signed()))
            }
            (Self::Fixed(_), WireValue::Fixed32(v)) => Value::Integer(i64::from(v)),
            (Self::Fixed(Primitive::I64), WireValue::Fixed64(v)) => Value::Integer(v.cast_signed()),
            (Self::Fixed(_), WireValue::Fixed64(v)) => {
                Value::Integer(i64::try_from(v).unwrap_or(i64::MAX))
            }
            _ => return None,
        })
    }

    fn integer(self, value: u64) -> i64 {
        match self {
            Self::Zigzag => (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg(),
            Self::Varint { signed: false } => i64::try_from(value).unwrap_or(i64::MAX),
            _ => value.cast_signed(),
        }
    }
}

impl Message {
    pub(super) fn compile(message: &MessageDescriptor, node: &Node, found: &mut [bool]) -> Self {
        let mut fields = Vec::new();
        for field in message.fields() {
            if let Some(child) = node.child(field.name())
                && let Some(action) = compile_field(&field, child, found)
            {
                fields.push(Field {
                    number: field.number(),
                    name: field.name().to_owned(),
                    action,
                });
            }
        }
        fields.sort_by_key(|field| field.number);
        Self { fields }
    }

    pub(super) fn read<'a>(
        &self,
        payload: &'a [u8],
        sink: &mut Sink<'_, 'a>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader {
            payload,
            budget: Budget::of(payload),
            sink,
        };
        reader.message(self, payload)
    }
}

fn compile_field(field: &FieldDescriptor, node: &Node, found: &mut [bool]) -> Option<Action> {
    if field.is_map() {
        return None;
    }
    let list = field.is_list();
    let kind = field.kind();
    if let Some(form) = Form::of(&kind) {
        return if list {
            Some(Action::Numbers(node.take(Shape::Numbers, found)?, form))
        } else {
            Some(Action::Number(node.take(Shape::Number, found)?, form))
        };
    }
    match kind {
        Kind::String => Some(Action::Text(node.take(Shape::Text, found)?)),
        Kind::Bytes if !list => Some(Action::Bytes(node.take(Shape::Bytes, found)?)),
        Kind::Message(inner) => {
            if !list
                && let Some((secs, nanos)) = proto::time_fields(field)
                && let Some(slot) = node.take(Shape::Time, found)
            {
                return Some(Action::Time(slot, secs, nanos));
            }
            let slot = list.then(|| node.take(Shape::List, found)).flatten();
            (slot.is_some() || !node.children.is_empty()).then(|| Action::Message {
                slot,
                list,
                message: Message::compile(&inner, node, found),
            })
        }
        _ => None,
    }
}

struct Reader<'a, 's, 'k> {
    payload: &'a [u8],
    budget: Budget,
    sink: &'s mut Sink<'k, 'a>,
}

impl<'a> Reader<'a, '_, '_> {
    fn message(&mut self, message: &Message, bytes: &'a [u8]) -> Result<(), DecodeError> {
        let mut reader = WireReader::inside(bytes, self.payload);
        while let Some((number, value)) = reader.next()? {
            // Writers put fields in order of their numbers, so the wanted ones are few to compare with.
            if let Some(field) = message.fields.iter().find(|f| f.number == number) {
                self.field(&field.action, value)
                    .map_err(|error| error.within(&field.name))?;
            }
        }
        Ok(())
    }

    fn field(&mut self, action: &Action, value: WireValue<'a>) -> Result<(), DecodeError> {
        match action {
            Action::Number(slot, form) => {
                let number = form.number(value);
                (self.sink)(*slot, number.ok_or_else(|| proto::wrong_type("a number"))?);
            }
            Action::Numbers(slot, form) => {
                let numbers = self.numbers(*form, value)?;
                (self.sink)(*slot, Value::Numbers(numbers));
            }
            Action::Text(slot) => {
                self.budget.spend()?;
                let bytes = length_delimited(value, "text")?;
                let text = std::str::from_utf8(bytes).map_err(|_| self.not_text(bytes))?;
                (self.sink)(*slot, Value::Text(text.into()));
            }
            Action::Bytes(slot) => {
                let bytes = length_delimited(value, "bytes")?;
                (self.sink)(*slot, Value::Bytes(bytes.into()));
            }
            Action::Time(slot, secs, nanos) => {
                let bytes = length_delimited(value, "a time")?;
                let nanos = proto::time(bytes, *secs, *nanos)?;
                (self.sink)(*slot, Value::Integer(nanos));
            }
            Action::Message {
                slot,
                list,
                message,
            } => {
                let bytes = length_delimited(value, "a message")?;
                if *list {
                    self.budget.spend()?;
                }
                if let Some(slot) = slot {
                    (self.sink)(*slot, Value::Element);
                }
                self.message(message, bytes)?;
            }
        }
        Ok(())
    }

    /// A packed piece of a list, or one number of a list that is not packed.
    fn numbers(&mut self, form: Form, value: WireValue<'a>) -> Result<Numbers<'a>, DecodeError> {
        let WireValue::Bytes(bytes) = value else {
            self.budget.spend()?;
            let number = form.number(value);
            let number = number.ok_or_else(|| proto::wrong_type("a number"))?;
            return Ok(Numbers::Owned(vec![number.float()]));
        };
        if let Some(primitive) = form.in_a_row() {
            if !bytes.len().is_multiple_of(primitive.size()) {
                return Err(proto::wrong_type("a whole number of values"));
            }
            return Ok(Numbers::Raw {
                bytes,
                primitive,
                big_endian: false,
            });
        }
        let numbers = varints(bytes, self.payload)
            .map(|number| number.map(|v| Value::Integer(form.integer(v)).float()))
            .collect::<Result<_, _>>()?;
        Ok(Numbers::Owned(numbers))
    }

    #[cold]
    fn not_text(&self, bytes: &[u8]) -> DecodeError {
        let start = self.payload.as_ptr().addr();
        let offset = bytes.as_ptr().addr().saturating_sub(start);
        DecodeError::new(offset, DecodeCause::InvalidUtf8)
    }
}

fn length_delimited<'a>(value: WireValue<'a>, what: &str) -> Result<&'a [u8], DecodeError> {
    value.bytes().ok_or_else(|| proto::wrong_type(what))
}
