//! CDR, XCDR2 and ROS 1 payloads into columns, by a compiled plan.

use super::spend;
use super::store::{Bytes, Column, Data};
use crate::decode::cdr::Cursor;
use crate::decode::definition::{DefinitionError, Primitive};
use crate::decode::error::DecodeError;
use crate::decode::plan::{Kind, Plan, read_time};

/// Columns for the fields of the plan's root.
pub(super) fn columns(plan: &Plan, budget: &mut usize) -> Result<Vec<Column>, DefinitionError> {
    struct_columns(plan, plan.root, budget)
}

fn struct_columns(
    plan: &Plan,
    index: usize,
    budget: &mut usize,
) -> Result<Vec<Column>, DefinitionError> {
    plan.structure(index)
        .map_or(&[][..], |s| s.fields.as_slice())
        .iter()
        .map(|field| column(plan, &field.name, &field.kind, budget))
        .collect()
}

fn column(
    plan: &Plan,
    name: &str,
    kind: &Kind,
    budget: &mut usize,
) -> Result<Column, DefinitionError> {
    spend(budget)?;
    Ok(match kind {
        Kind::Primitive(p) | Kind::Enum(p) => Column::required(name, Data::of(*p)),
        Kind::Text | Kind::WideText => Column::required(name, Data::Text(Bytes::new())),
        Kind::Time(_) => Column::required(name, Data::I64(Vec::new())).noted("unit", "ns"),
        Kind::Struct(index) => {
            let fields = struct_columns(plan, *index, budget)?;
            Column::required(name, Data::Struct { fields, rows: 0 })
        }
        Kind::Sequence { element, .. } | Kind::Array { element, .. } => match element.as_ref() {
            Kind::Primitive(Primitive::U8) => Column::required(name, Data::Binary(Bytes::new())),
            element => Column::list(name, column(plan, "", element, budget)?),
        },
    })
}

/// Appends one message.
pub(super) fn row(
    plan: &Plan,
    ros1: bool,
    payload: &[u8],
    columns: &mut [Column],
    replaced: &mut u64,
) -> Result<(), DecodeError> {
    let cursor = Cursor::new(payload, ros1)?;
    let mut reader = Reader {
        plan,
        cursor,
        replaced,
    };
    reader.fields(plan.root, columns)
}

struct Reader<'a, 'c> {
    plan: &'c Plan,
    cursor: Cursor<'a>,
    replaced: &'c mut u64,
}

impl Reader<'_, '_> {
    fn fields(&mut self, index: usize, columns: &mut [Column]) -> Result<(), DecodeError> {
        let plan = self.plan;
        let Some(structure) = plan.structure(index) else {
            return Ok(());
        };
        let scope = Plan::enter(structure, &mut self.cursor)?;
        for (field, column) in structure.fields.iter().zip(columns) {
            self.value(&field.kind, column)
                .map_err(|e| e.within(&field.name))?;
        }
        self.cursor.leave(scope);
        Ok(())
    }

    fn value(&mut self, kind: &Kind, column: &mut Column) -> Result<(), DecodeError> {
        match (kind, &mut column.data) {
            (Kind::Primitive(_) | Kind::Enum(_), data) => self.numbers(data, 1),
            (Kind::Time(form), Data::I64(values)) => {
                values.push(read_time(*form, &mut self.cursor)?);
                Ok(())
            }
            (Kind::Text, Data::Text(texts)) => {
                let bytes = self.cursor.text()?;
                let replaced = texts.push_lossy(bytes)?;
                *self.replaced = self.replaced.saturating_add(u64::from(replaced));
                Ok(())
            }
            (Kind::WideText, Data::Text(texts)) => {
                let (bytes, size) = self.cursor.wide_text()?;
                let (text, replaced) = wide(bytes, size, self.cursor.big_endian());
                *self.replaced = self.replaced.saturating_add(u64::from(replaced));
                texts.push(text.as_bytes())
            }
            (Kind::Struct(index), Data::Struct { fields, .. }) => {
                self.fields(*index, fields)?;
                column.end_struct();
                Ok(())
            }
            (Kind::Sequence { element, min_bytes }, _) => {
                let scope = self.cursor.enter_collection(element.is_primitive())?;
                let count = self.cursor.count(*min_bytes)?;
                self.elements(element, count, column)?;
                self.cursor.leave(scope);
                Ok(())
            }
            (Kind::Array { element, length }, _) => {
                let scope = self.cursor.enter_collection(element.is_primitive())?;
                self.elements(element, *length, column)?;
                self.cursor.leave(scope);
                Ok(())
            }
            // The columns were made from the same plan, so kinds and columns match.
            _ => Ok(()),
        }
    }

    fn elements(
        &mut self,
        element: &Kind,
        count: usize,
        column: &mut Column,
    ) -> Result<(), DecodeError> {
        match (element, &mut column.data) {
            (_, Data::Binary(bytes)) => {
                let value = self.cursor.primitives(1, count)?;
                return bytes.push(value);
            }
            (Kind::Primitive(_) | Kind::Enum(_), Data::List { element: inner, .. }) => {
                self.numbers(&mut inner.data, count)?;
            }
            (_, Data::List { element: inner, .. }) => {
                for _ in 0..count {
                    self.value(element, inner)?;
                }
            }
            _ => {}
        }
        column.end_list()
    }

    /// Appends `count` numbers as the column's type, in one piece.
    fn numbers(&mut self, data: &mut Data, count: usize) -> Result<(), DecodeError> {
        macro_rules! append {
            ($values:ident, $type:ty) => {{
                const SIZE: usize = std::mem::size_of::<$type>();
                let bytes = self.cursor.primitives(SIZE, count)?;
                let chunks = bytes.chunks_exact(SIZE);
                let arrays = chunks.map(|c| c.first_chunk::<SIZE>().copied().unwrap_or_default());
                if self.cursor.big_endian() {
                    $values.extend(arrays.map(<$type>::from_be_bytes));
                } else {
                    $values.extend(arrays.map(<$type>::from_le_bytes));
                }
            }};
        }
        match data {
            Data::Bool(values) => {
                let bytes = self.cursor.primitives(1, count)?;
                values.extend(bytes.iter().map(|byte| *byte != 0));
            }
            Data::U8(values) => values.extend_from_slice(self.cursor.primitives(1, count)?),
            Data::I8(values) => append!(values, i8),
            Data::I16(values) => append!(values, i16),
            Data::U16(values) => append!(values, u16),
            Data::I32(values) => append!(values, i32),
            Data::U32(values) => append!(values, u32),
            Data::I64(values) => append!(values, i64),
            Data::U64(values) => append!(values, u64),
            Data::F32(values) => append!(values, f32),
            Data::F64(values) => append!(values, f64),
            _ => {}
        }
        Ok(())
    }
}

/// Text of 16-bit units of `size` bytes; tells whether lone surrogates or an odd byte were replaced.
fn wide(bytes: &[u8], size: usize, big_endian: bool) -> (String, bool) {
    let units = bytes.chunks_exact(size).map(|unit| {
        if big_endian {
            u16::from_be_bytes(unit.last_chunk::<2>().copied().unwrap_or_default())
        } else {
            u16::from_le_bytes(unit.first_chunk::<2>().copied().unwrap_or_default())
        }
    });
    let mut replaced = !bytes.len().is_multiple_of(size);
    let mut text: String = char::decode_utf16(units)
        .map(|unit| {
            unit.unwrap_or_else(|_| {
                replaced = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    // Some writers close wide text with a zero unit.
    if text.ends_with('\0') {
        text.pop();
    }
    (text, replaced)
}
