//! Protobuf payloads into columns, from the wire format.

use super::store::{Bytes, Column, Data};
use super::{Cells, spend};
use crate::Schema;
use crate::decode::definition::{DefinitionError, MAX_DEPTH};
use crate::decode::descriptor::{FieldDescriptor, Kind, MessageDescriptor};
use crate::decode::error::DecodeError;
use crate::decode::proto;
use crate::decode::wire::{WireReader, WireValue, varints};
use std::collections::BTreeMap;

/// A message type: its fields in the order of their columns.
#[derive(Debug)]
pub(super) struct Message {
    fields: Vec<Field>,
    /// Position in `fields` by field number.
    by_number: BTreeMap<u32, usize>,
    /// Columns a message fills, nested ones included.
    width: u64,
}

#[derive(Debug)]
struct Field {
    name: String,
    value: Value,
    list: bool,
}

/// How a value is written.
#[derive(Debug)]
enum Value {
    Bool,
    /// Plain varint: `int32`, `int64`, `uint32`, `uint64`, enumerations.
    Varint,
    /// Zigzag varint.
    Zigzag,
    Fixed32,
    Fixed64,
    Text,
    Bytes,
    Message(Message),
    /// `google.protobuf.Timestamp` or `Duration`: numbers of seconds and nanoseconds.
    Time(u32, u32),
}

/// Compiles the schema's type.
pub(super) fn compile(
    schema: &Schema,
    budget: &mut usize,
) -> Result<(Message, Vec<Column>), DefinitionError> {
    let root = proto::message(schema)?;
    compile_message(&root, &mut Vec::new(), budget)
}

fn compile_message(
    message: &MessageDescriptor,
    open: &mut Vec<String>,
    budget: &mut usize,
) -> Result<(Message, Vec<Column>), DefinitionError> {
    open.push(message.full_name().to_owned());
    let mut compiled = Message {
        fields: Vec::new(),
        by_number: BTreeMap::new(),
        width: 0,
    };
    let mut columns = Vec::new();
    for field in message.fields() {
        let (compiled_field, column) = compile_field(&field, open, budget)?;
        let inner = match &compiled_field.value {
            Value::Message(inner) => inner.width,
            _ => 0,
        };
        compiled.width = compiled.width.saturating_add(inner).saturating_add(1);
        compiled
            .by_number
            .insert(field.number(), compiled.fields.len());
        compiled.fields.push(compiled_field);
        columns.push(column);
    }
    open.pop();
    Ok((compiled, columns))
}

fn compile_field(
    field: &FieldDescriptor,
    open: &mut Vec<String>,
    budget: &mut usize,
) -> Result<(Field, Column), DefinitionError> {
    spend(budget)?;
    let list = field.is_list() || field.is_map();
    let (value, column) = compile_value(field, open, budget)?;
    let presence = !list && field.supports_presence() && !field.is_required();
    let column = if list {
        Column::list(field.name(), column)
    } else if presence {
        column.or_null()
    } else {
        column
    };
    let compiled = Field {
        name: field.name().to_owned(),
        value,
        list,
    };
    Ok((compiled, column))
}

fn compile_value(
    field: &FieldDescriptor,
    open: &mut Vec<String>,
    budget: &mut usize,
) -> Result<(Value, Column), DefinitionError> {
    let name = field.name();
    let (value, data) = match field.kind() {
        Kind::Double => (Value::Fixed64, Data::F64(Vec::new())),
        Kind::Float => (Value::Fixed32, Data::F32(Vec::new())),
        Kind::Int32 => (Value::Varint, Data::I32(Vec::new())),
        Kind::Int64 => (Value::Varint, Data::I64(Vec::new())),
        Kind::Uint32 => (Value::Varint, Data::U32(Vec::new())),
        Kind::Uint64 => (Value::Varint, Data::U64(Vec::new())),
        Kind::Sint32 => (Value::Zigzag, Data::I32(Vec::new())),
        Kind::Sint64 => (Value::Zigzag, Data::I64(Vec::new())),
        Kind::Fixed32 => (Value::Fixed32, Data::U32(Vec::new())),
        Kind::Fixed64 => (Value::Fixed64, Data::U64(Vec::new())),
        Kind::Sfixed32 => (Value::Fixed32, Data::I32(Vec::new())),
        Kind::Sfixed64 => (Value::Fixed64, Data::I64(Vec::new())),
        Kind::Bool => (Value::Bool, Data::Bool(Vec::new())),
        Kind::String => (Value::Text, Data::Text(Bytes::new())),
        Kind::Bytes => (Value::Bytes, Data::Binary(Bytes::new())),
        Kind::Enum(names) => {
            let names: Vec<String> = names
                .values
                .iter()
                .map(|(number, name)| format!("{number}={name}"))
                .collect();
            let column = Column::required(name, Data::I32(Vec::new()));
            return Ok((Value::Varint, column.noted("enum", &names.join(","))));
        }
        Kind::Message(inner) => return compile_inner(name, &inner, open, budget),
    };
    Ok((value, Column::required(name, data)))
}

fn compile_inner(
    name: &str,
    inner: &MessageDescriptor,
    open: &mut Vec<String>,
    budget: &mut usize,
) -> Result<(Value, Column), DefinitionError> {
    if matches!(
        inner.full_name(),
        "google.protobuf.Timestamp" | "google.protobuf.Duration"
    ) {
        let column = Column::required(name, Data::I64(Vec::new())).noted("unit", "ns");
        return Ok((Value::Time(1, 2), column));
    }
    let recursive = open.iter().any(|outer| outer == inner.full_name());
    if recursive || open.len() >= MAX_DEPTH {
        let column = Column::required(name, Data::Binary(Bytes::new()));
        return Ok((Value::Bytes, column.noted("encoded", inner.full_name())));
    }
    let (message, fields) = compile_message(inner, open, budget)?;
    let column = Column::required(name, Data::Struct { fields, rows: 0 });
    Ok((Value::Message(message), column))
}

impl Message {
    /// Appends one message.
    pub(super) fn row(
        &self,
        payload: &[u8],
        columns: &mut [Column],
        replaced: &mut u64,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader {
            payload,
            replaced,
            cells: Cells::of(payload),
        };
        reader.fields(self, payload, columns)
    }
}

struct Reader<'a, 'r> {
    payload: &'a [u8],
    replaced: &'r mut u64,
    cells: Cells,
}

impl<'a> Reader<'a, '_> {
    /// Appends the fields of one message: lists as they come, single values by their last one.
    fn fields(
        &mut self,
        message: &Message,
        bytes: &'a [u8],
        columns: &mut [Column],
    ) -> Result<(), DecodeError> {
        self.cells.spend(message.width)?;
        let mut last: Vec<Option<WireValue<'a>>> = vec![None; message.fields.len()];
        let mut reader = WireReader::inside(bytes, self.payload);
        while let Some((number, value)) = reader.next()? {
            let Some(index) = message.by_number.get(&number).copied() else {
                continue;
            };
            let (Some(field), Some(column), Some(slot)) = (
                message.fields.get(index),
                columns.get_mut(index),
                last.get_mut(index),
            ) else {
                continue;
            };
            if !field.list {
                *slot = Some(value);
                continue;
            }
            self.repeated(&field.value, value, column)
                .map_err(|e| e.within(&field.name))?;
        }
        for ((field, column), value) in message.fields.iter().zip(columns).zip(last) {
            self.finish_field(field, column, value)
                .map_err(|e| e.within(&field.name))?;
        }
        Ok(())
    }

    fn finish_field(
        &mut self,
        field: &Field,
        column: &mut Column,
        value: Option<WireValue<'a>>,
    ) -> Result<(), DecodeError> {
        if field.list {
            return column.end_list();
        }
        // Null where absence means something, else zero, as protobuf has it.
        match value {
            Some(value) => self.value(&field.value, value, column),
            None => column.push_empty(),
        }
    }

    /// Appends one element of a list, or several packed ones.
    fn repeated(
        &mut self,
        kind: &Value,
        value: WireValue<'a>,
        column: &mut Column,
    ) -> Result<(), DecodeError> {
        let Data::List { element, .. } = &mut column.data else {
            return Ok(());
        };
        let WireValue::Bytes(packed) = value else {
            return self.value(kind, value, element);
        };
        match kind {
            Value::Bool | Value::Varint | Value::Zigzag => {
                for number in varints(packed, self.payload) {
                    self.value(kind, WireValue::Varint(number?), element)?;
                }
                Ok(())
            }
            Value::Fixed32 => {
                let (chunks, rest) = packed.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(proto::wrong_type("whole packed numbers"));
                }
                chunks.iter().try_for_each(|chunk| {
                    self.value(
                        kind,
                        WireValue::Fixed32(u32::from_le_bytes(*chunk)),
                        element,
                    )
                })
            }
            Value::Fixed64 => {
                let (chunks, rest) = packed.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(proto::wrong_type("whole packed numbers"));
                }
                chunks.iter().try_for_each(|chunk| {
                    self.value(
                        kind,
                        WireValue::Fixed64(u64::from_le_bytes(*chunk)),
                        element,
                    )
                })
            }
            Value::Text | Value::Bytes | Value::Message(_) | Value::Time(..) => {
                self.value(kind, value, element)
            }
        }
    }

    fn value(
        &mut self,
        kind: &Value,
        value: WireValue<'a>,
        column: &mut Column,
    ) -> Result<(), DecodeError> {
        match (kind, value, &mut column.data) {
            (Value::Bool, WireValue::Varint(v), Data::Bool(values)) => values.push(v != 0),
            (Value::Varint, WireValue::Varint(v), data) => push_integer(v, data),
            (Value::Zigzag, WireValue::Varint(v), data) => {
                let half = (v >> 1).cast_signed();
                let sign = (v & 1).cast_signed().wrapping_neg();
                push_integer((half ^ sign).cast_unsigned(), data);
            }
            (Value::Fixed32, WireValue::Fixed32(v), data) => match data {
                Data::F32(values) => values.push(f32::from_bits(v)),
                Data::I32(values) => values.push(v.cast_signed()),
                Data::U32(values) => values.push(v),
                _ => {}
            },
            (Value::Fixed64, WireValue::Fixed64(v), data) => match data {
                Data::F64(values) => values.push(f64::from_bits(v)),
                Data::I64(values) => values.push(v.cast_signed()),
                Data::U64(values) => values.push(v),
                _ => {}
            },
            (Value::Text, WireValue::Bytes(bytes), Data::Text(texts)) => {
                let replaced = texts.push_lossy(bytes)?;
                *self.replaced = self.replaced.saturating_add(u64::from(replaced));
            }
            (Value::Bytes, WireValue::Bytes(bytes), Data::Binary(values)) => values.push(bytes)?,
            (Value::Time(secs, nanos), WireValue::Bytes(bytes), Data::I64(values)) => {
                values.push(proto::time(bytes, *secs, *nanos)?);
            }
            (Value::Message(inner), WireValue::Bytes(bytes), Data::Struct { fields, .. }) => {
                self.fields(inner, bytes, fields)?;
                column.end_struct();
                return Ok(());
            }
            _ => return Err(proto::wrong_type("the wire type of the field")),
        }
        column.mark_valid();
        Ok(())
    }
}

/// Protobuf cuts integers that are too wide for their field to its low bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the protobuf specification prescribes truncation"
)]
fn push_integer(value: u64, data: &mut Data) {
    match data {
        Data::I32(values) => values.push((value as u32).cast_signed()),
        Data::U32(values) => values.push(value as u32),
        Data::I64(values) => values.push(value.cast_signed()),
        Data::U64(values) => values.push(value),
        _ => {}
    }
}
