//! Chosen fields of `FlatBuffers`, by the places a binary schema gives.

use super::value::{Numbers, Value, decode};
use super::{Budget, MAX_DEPTH, Node, Shape, Sink};
use crate::decode::definition::Primitive;
use crate::decode::error::{DecodeCause, DecodeError};
use crate::decode::flatbuffer::{Base, Field, Kind, Object, Schema, Table};
use crate::decode::plan::nanos_of;

/// The wanted fields of a table or struct, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    name: String,
    offset: u16,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    /// A number and what it is when absent.
    Number(u16, Primitive, Option<Value<'static>>),
    Text(u16),
    Texts(u16),
    /// A vector, or an array of fixed length.
    Numbers(u16, Primitive, Option<usize>),
    Bytes(u16, Option<usize>),
    /// Places of seconds and nanoseconds.
    Time(u16, TimeParts),
    Object {
        is_struct: bool,
        program: Program,
    },
    List {
        slot: Option<u16>,
        is_struct: bool,
        stride: usize,
        length: Option<usize>,
        program: Program,
    },
}

/// Where a time keeps its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeParts {
    is_struct: bool,
    secs: (u16, Primitive),
    nanos: (u16, Primitive),
}

impl TimeParts {
    /// The parts of a table or struct that is a time, by the names of its fields.
    pub(crate) fn of(object: &Object) -> Option<Self> {
        let part = |names: &[&str]| {
            let field = object
                .fields
                .iter()
                .find(|f| names.contains(&f.name.as_str()));
            match field.map(|f| (f.kind, f.offset)) {
                Some((Kind::One(Base::Number(primitive, _)), offset)) => Some((offset, primitive)),
                _ => None,
            }
        };
        Some(Self {
            is_struct: object.is_struct,
            secs: part(&["sec", "secs", "seconds"])?,
            nanos: part(&["nsec", "nsecs", "nanos", "nanosec", "nanoseconds"])?,
        })
    }

    /// Nanoseconds of the time stored at a place of `owner`.
    pub(crate) fn read(self, owner: &Table<'_>, place: usize) -> Result<i64, DecodeError> {
        let time = inner(owner, place, self.is_struct)?;
        let word = |(offset, primitive): (u16, Primitive)| -> Result<i64, DecodeError> {
            let Some(place) = time.place(offset) else {
                return Ok(0);
            };
            let bytes = time.bytes_at(place, primitive.size())?;
            Ok(decode(bytes, primitive, false).map_or(0, |value| value.integer()))
        };
        Ok(nanos_of(word(self.secs)?, word(self.nanos)?))
    }
}

/// What is stored at a place: a struct in place, a table by its offset.
pub(crate) fn inner<'a>(
    owner: &Table<'a>,
    place: usize,
    is_struct: bool,
) -> Result<Table<'a>, DecodeError> {
    if is_struct {
        Ok(owner.structure_at(place))
    } else {
        owner.table_at(place)
    }
}

impl Program {
    pub(super) fn compile(schema: &Schema, node: &Node, found: &mut [bool]) -> Self {
        Self::of(schema, schema.root, node, found, 0)
    }

    fn of(schema: &Schema, index: usize, node: &Node, found: &mut [bool], depth: usize) -> Self {
        let mut steps = Vec::new();
        let fields = schema
            .object(index)
            .map_or(&[][..], |o| o.fields.as_slice());
        for field in fields.iter().filter(|_| depth <= MAX_DEPTH) {
            if let Some(child) = node.child(&field.name)
                && let Some(action) = compile(schema, field, child, (found, depth))
            {
                steps.push(Step {
                    name: field.name.clone(),
                    offset: field.offset,
                    action,
                });
            }
        }
        Self { steps }
    }

    pub(super) fn read<'a>(
        &self,
        payload: &'a [u8],
        sink: &mut Sink<'_, 'a>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader {
            budget: Budget::of(payload),
            sink,
        };
        reader.object(self, &Table::root(payload)?)
    }
}

fn compile(
    schema: &Schema,
    field: &Field,
    node: &Node,
    (found, depth): (&mut [bool], usize),
) -> Option<Action> {
    let deeper = depth.saturating_add(1);
    match field.kind {
        Kind::One(Base::Number(primitive, _)) => {
            let slot = node.take(Shape::Number, found)?;
            let absent = if matches!(primitive, Primitive::F32 | Primitive::F64) {
                Value::Float(field.default_real)
            } else {
                Value::Integer(field.default_integer)
            };
            let absent = (!field.optional).then_some(absent);
            Some(Action::Number(slot, primitive, absent))
        }
        Kind::One(Base::Text) => Some(Action::Text(node.take(Shape::Text, found)?)),
        Kind::One(Base::Object(index)) => {
            let object = schema.object(index)?;
            if let Some(parts) = TimeParts::of(object)
                && let Some(slot) = node.take(Shape::Time, found)
            {
                return Some(Action::Time(slot, parts));
            }
            (!node.children.is_empty()).then(|| Action::Object {
                is_struct: object.is_struct,
                program: Program::of(schema, index, node, found, deeper),
            })
        }
        Kind::Vector(base) => list(schema, (base, None), node, (found, deeper)),
        Kind::Array(base, length) => list(schema, (base, Some(length)), node, (found, deeper)),
        Kind::Skipped(_) => None,
    }
}

fn list(
    schema: &Schema,
    (base, length): (Base, Option<usize>),
    node: &Node,
    (found, depth): (&mut [bool], usize),
) -> Option<Action> {
    match base {
        Base::Number(primitive, _) => {
            if primitive.size() == 1
                && primitive != Primitive::Bool
                && let Some(slot) = node.take(Shape::Bytes, found)
            {
                return Some(Action::Bytes(slot, length));
            }
            let slot = node.take(Shape::Numbers, found)?;
            Some(Action::Numbers(slot, primitive, length))
        }
        Base::Text if length.is_none() => Some(Action::Texts(node.take(Shape::Text, found)?)),
        Base::Text => None,
        Base::Object(index) => {
            let slot = node.take(Shape::List, found);
            if slot.is_none() && node.children.is_empty() {
                return None;
            }
            Some(Action::List {
                slot,
                is_struct: schema.object(index)?.is_struct,
                stride: schema.stride(base),
                length,
                program: Program::of(schema, index, node, found, depth),
            })
        }
    }
}

struct Reader<'a, 's, 'k> {
    budget: Budget,
    sink: &'s mut Sink<'k, 'a>,
}

impl<'a> Reader<'a, '_, '_> {
    fn object(&mut self, program: &Program, table: &Table<'a>) -> Result<(), DecodeError> {
        for step in &program.steps {
            self.field(step, table)
                .map_err(|error| error.within(&step.name))?;
        }
        Ok(())
    }

    fn field(&mut self, step: &Step, table: &Table<'a>) -> Result<(), DecodeError> {
        let place = table.place(step.offset);
        if let Action::Number(slot, primitive, absent) = &step.action {
            let value = match place {
                Some(place) => {
                    let bytes = table.bytes_at(place, primitive.size())?;
                    decode(bytes, *primitive, false)
                }
                None => absent.clone(),
            };
            if let Some(value) = value {
                (self.sink)(*slot, value);
            }
            return Ok(());
        }
        match place {
            Some(place) => self.present(&step.action, table, place),
            None => Ok(()),
        }
    }

    fn present(
        &mut self,
        action: &Action,
        table: &Table<'a>,
        place: usize,
    ) -> Result<(), DecodeError> {
        match action {
            Action::Number(..) => {}
            Action::Text(slot) => self.text(*slot, table, place)?,
            Action::Texts(slot) => {
                let vector = table.vector_at(place, 4)?;
                for index in 0..vector.count {
                    self.text(*slot, table, vector.place(index))?;
                }
            }
            Action::Numbers(slot, primitive, length) => {
                let bytes = self.row(table, place, primitive.size(), *length)?;
                let numbers = Numbers::Raw {
                    bytes,
                    primitive: *primitive,
                    big_endian: false,
                };
                (self.sink)(*slot, Value::Numbers(numbers));
            }
            Action::Bytes(slot, length) => {
                let bytes = self.row(table, place, 1, *length)?;
                (self.sink)(*slot, Value::Bytes(bytes.into()));
            }
            Action::Time(slot, parts) => {
                let nanos = parts.read(table, place)?;
                (self.sink)(*slot, Value::Integer(nanos));
            }
            Action::Object { is_struct, program } => {
                self.object(program, &inner(table, place, *is_struct)?)?;
            }
            Action::List {
                slot,
                is_struct,
                stride,
                length,
                program,
            } => {
                let vector = match length {
                    Some(length) => table.array_at(place, *length, *stride)?,
                    None => table.vector_at(place, *stride)?,
                };
                for index in 0..vector.count {
                    self.budget.spend()?;
                    if let Some(slot) = slot {
                        (self.sink)(*slot, Value::Element);
                    }
                    let element = inner(table, vector.place(index), *is_struct)?;
                    self.object(program, &element)?;
                }
            }
        }
        Ok(())
    }

    /// Numbers or bytes that lie in a row. Several fields may refer to the same ones, hence the budget.
    fn row(
        &mut self,
        table: &Table<'a>,
        place: usize,
        size: usize,
        length: Option<usize>,
    ) -> Result<&'a [u8], DecodeError> {
        let row = match length {
            Some(length) => table.array_at(place, length, size)?,
            None => table.vector_at(place, size)?,
        };
        let bytes = row.all();
        self.budget.spend_bytes(bytes.len())?;
        Ok(bytes)
    }

    fn text(&mut self, slot: u16, table: &Table<'a>, place: usize) -> Result<(), DecodeError> {
        let bytes = table.text_at(place)?;
        self.budget.spend()?;
        self.budget.spend_bytes(bytes.len())?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| DecodeError::new(place, DecodeCause::InvalidUtf8))?;
        (self.sink)(slot, Value::Text(text.into()));
        Ok(())
    }
}
