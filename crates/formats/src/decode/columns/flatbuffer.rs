//! `FlatBuffers` into columns, by their binary schema.

use super::store::{Bytes, Column, Data};
use super::{Cells, spend};
use crate::decode::definition::{DefinitionError, MAX_DEPTH, Primitive};
use crate::decode::error::DecodeError;
use crate::decode::fields::flatbuffer::{TimeParts, inner};
use crate::decode::flatbuffer::{Base, Field, Kind, Object, Schema, Table};

/// A table or struct: its fields in the order of their columns.
#[derive(Debug)]
pub(super) struct Message {
    fields: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    name: String,
    offset: u16,
    value: Value,
    list: Option<List>,
    /// Bytes of the number an absent field has; none where absent means null.
    absent: Option<[u8; 8]>,
}

#[derive(Clone, Copy, Debug)]
struct List {
    stride: usize,
    /// Elements of a fixed array.
    length: Option<usize>,
}

#[derive(Debug)]
enum Value {
    Number(Primitive),
    Text,
    /// A list of 8-bit numbers.
    Bytes,
    Time(TimeParts),
    Object(Message, bool),
}

/// Compiles the schema's table.
pub(super) fn compile(
    schema: &crate::Schema,
    budget: &mut usize,
) -> Result<(Message, Vec<Column>), DefinitionError> {
    let schema = Schema::parse(schema)?;
    compile_object(&schema, schema.root, &mut Vec::new(), budget)
}

fn compile_object(
    schema: &Schema,
    index: usize,
    open: &mut Vec<usize>,
    budget: &mut usize,
) -> Result<(Message, Vec<Column>), DefinitionError> {
    let (mut parts, mut columns) = (Vec::new(), Vec::new());
    open.push(index);
    if let Some(object) = schema.object(index) {
        for field in &object.fields {
            if let Some((part, column)) = compile_field(schema, (object, field), open, budget)? {
                parts.push(part);
                columns.push(column);
            }
        }
    }
    open.pop();
    Ok((Message { fields: parts }, columns))
}

/// A field; none for unions, for what else is not read, and for a type inside itself.
fn compile_field(
    schema: &Schema,
    (object, field): (&Object, &Field),
    open: &mut Vec<usize>,
    budget: &mut usize,
) -> Result<Option<(Part, Column)>, DefinitionError> {
    let (base, list) = match field.kind {
        Kind::One(base) => (base, None),
        Kind::Vector(base) => (base, Some(None)),
        Kind::Array(base, length) => (base, Some(Some(length))),
        Kind::Skipped(_) => return Ok(None),
    };
    let recursive = matches!(base, Base::Object(index) if open.contains(&index));
    if recursive || open.len() >= MAX_DEPTH {
        return Ok(None);
    }
    spend(budget)?;
    let list = list.map(|length| List {
        stride: schema.stride(base),
        length,
    });
    let name = field.name.as_str();
    let (value, column) = match base {
        Base::Number(Primitive::I8 | Primitive::U8, None) if list.is_some() => (
            Value::Bytes,
            Column::required(name, Data::Binary(Bytes::new())),
        ),
        Base::Number(primitive, names) => {
            let names = names.map_or(&[][..], |index| schema.names(index));
            (
                Value::Number(primitive),
                number_column(name, primitive, names),
            )
        }
        Base::Text => (
            Value::Text,
            Column::required(name, Data::Text(Bytes::new())),
        ),
        Base::Object(index) => compile_inner(schema, (name, index), open, budget)?,
    };
    let in_place = object.is_struct;
    let absent = match value {
        Value::Number(primitive) if list.is_none() && !field.optional => {
            Some(absent(primitive, field))
        }
        _ => None,
    };
    let column = match value {
        Value::Bytes => column,
        _ if list.is_some() => Column::list(name, column),
        _ => column,
    };
    let nullable = absent.is_none() && !in_place;
    let part = Part {
        name: name.to_owned(),
        offset: field.offset,
        value,
        list,
        absent,
    };
    Ok(Some((
        part,
        if nullable { column.or_null() } else { column },
    )))
}

/// A table or struct inside another; one of nothing but seconds and nanoseconds is a time.
fn compile_inner(
    schema: &Schema,
    (name, index): (&str, usize),
    open: &mut Vec<usize>,
    budget: &mut usize,
) -> Result<(Value, Column), DefinitionError> {
    let object = schema.object(index);
    let time = object.filter(|object| object.fields.len() == 2);
    if let Some(parts) = time.and_then(TimeParts::of) {
        let column = Column::required(name, Data::I64(Vec::new())).noted("unit", "ns");
        return Ok((Value::Time(parts), column));
    }
    let is_struct = object.is_some_and(|object| object.is_struct);
    let (message, fields) = compile_object(schema, index, open, budget)?;
    let column = Column::required(name, Data::Struct { fields, rows: 0 });
    Ok((Value::Object(message, is_struct), column))
}

/// A column of numbers, with the names of an enumeration's values in its note.
fn number_column(name: &str, primitive: Primitive, names: &[(i64, String)]) -> Column {
    let column = Column::required(name, Data::of(primitive));
    let names: Vec<String> = names
        .iter()
        .map(|(number, name)| format!("{number}={name}"))
        .collect();
    if names.is_empty() {
        column
    } else {
        column.noted("enum", &names.join(","))
    }
}

/// The bytes an absent number would have had; integers are cut to their width when read.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the default of a float field is a float"
)]
fn absent(primitive: Primitive, field: &Field) -> [u8; 8] {
    match primitive {
        Primitive::F64 => field.default_real.to_le_bytes(),
        Primitive::F32 => {
            let bits = (field.default_real as f32).to_bits();
            u64::from(bits).to_le_bytes()
        }
        _ => field.default_integer.to_le_bytes(),
    }
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
            replaced,
            cells: Cells::of(payload),
            bytes: Cells::of(payload),
        };
        reader.fields(self, &Table::root(payload)?, columns)
    }
}

struct Reader<'r> {
    replaced: &'r mut u64,
    cells: Cells,
    /// Several fields may refer to the same text.
    bytes: Cells,
}

impl Reader<'_> {
    fn fields(
        &mut self,
        message: &Message,
        table: &Table<'_>,
        columns: &mut [Column],
    ) -> Result<(), DecodeError> {
        self.cells.spend(message.fields.len() as u64)?;
        for (part, column) in message.fields.iter().zip(columns) {
            self.part(part, table, column)
                .map_err(|error| error.within(&part.name))?;
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &Part,
        table: &Table<'_>,
        column: &mut Column,
    ) -> Result<(), DecodeError> {
        let Some(place) = table.place(part.offset) else {
            let Some(absent) = &part.absent else {
                return column.push_empty();
            };
            push_number(absent, &mut column.data);
            column.mark_valid();
            return Ok(());
        };
        let Some(list) = part.list else {
            return self.value(&part.value, table, place, column);
        };
        let vector = match list.length {
            Some(length) => table.array_at(place, length, list.stride)?,
            None => table.vector_at(place, list.stride)?,
        };
        if let (Value::Bytes, Data::Binary(values)) = (&part.value, &mut column.data) {
            self.bytes.spend(vector.count as u64)?;
            values.push(vector.all())?;
            column.mark_valid();
            return Ok(());
        }
        self.cells.spend(vector.count as u64)?;
        if let Data::List { element, .. } = &mut column.data {
            for index in 0..vector.count {
                self.value(&part.value, table, vector.place(index), element)?;
            }
        }
        column.end_list()
    }

    fn value(
        &mut self,
        value: &Value,
        table: &Table<'_>,
        place: usize,
        column: &mut Column,
    ) -> Result<(), DecodeError> {
        match (value, &mut column.data) {
            (Value::Number(primitive), data) => {
                push_number(table.bytes_at(place, primitive.size())?, data);
            }
            (Value::Text, Data::Text(texts)) => {
                let bytes = table.text_at(place)?;
                self.bytes.spend(bytes.len() as u64)?;
                let replaced = texts.push_lossy(bytes)?;
                *self.replaced = self.replaced.saturating_add(u64::from(replaced));
            }
            (Value::Time(parts), Data::I64(values)) => values.push(parts.read(table, place)?),
            (Value::Object(message, is_struct), Data::Struct { fields, .. }) => {
                self.fields(message, &inner(table, place, *is_struct)?, fields)?;
                column.end_struct();
                return Ok(());
            }
            _ => return Ok(()),
        }
        column.mark_valid();
        Ok(())
    }
}

/// Appends the number that `bytes` begin with.
fn push_number(bytes: &[u8], data: &mut Data) {
    macro_rules! push {
        ($values:expr, $type:ty) => {
            $values.push(<$type>::from_le_bytes(
                bytes.first_chunk().copied().unwrap_or_default(),
            ))
        };
    }
    match data {
        Data::Bool(values) => values.push(bytes.first().is_some_and(|byte| *byte != 0)),
        Data::I8(values) => push!(values, i8),
        Data::U8(values) => push!(values, u8),
        Data::I16(values) => push!(values, i16),
        Data::U16(values) => push!(values, u16),
        Data::I32(values) => push!(values, i32),
        Data::U32(values) => push!(values, u32),
        Data::I64(values) => push!(values, i64),
        Data::U64(values) => push!(values, u64),
        Data::F32(values) => push!(values, f32),
        Data::F64(values) => push!(values, f64),
        Data::Text(_) | Data::Binary(_) | Data::List { .. } | Data::Struct { .. } => {}
    }
}
