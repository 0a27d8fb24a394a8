//! Growing Arrow columns that can be cut back to a number of rows.

use crate::decode::definition::Primitive;
use crate::decode::error::{DecodeCause, DecodeError};
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray,
    StructArray, types,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields};
use std::collections::HashMap;
use std::sync::Arc;

/// Name of a list's elements, as Arrow's own builders call it.
const ELEMENT: &str = "item";

/// A named column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data: Data,
    /// Present when values may be null.
    validity: Option<Vec<bool>>,
    /// Key and value of the Arrow field's metadata: unit of a time, names of an enumeration.
    note: Option<(&'static str, String)>,
}

/// Values of a column.
#[derive(Debug)]
pub(crate) enum Data {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(Bytes),
    Binary(Bytes),
    List {
        offsets: Vec<i32>,
        element: Box<Column>,
    },
    Struct {
        fields: Vec<Column>,
        rows: usize,
    },
}

impl Data {
    /// An empty column of these values.
    pub(crate) fn of(primitive: Primitive) -> Self {
        match primitive {
            Primitive::Bool => Self::Bool(Vec::new()),
            Primitive::I8 => Self::I8(Vec::new()),
            Primitive::U8 => Self::U8(Vec::new()),
            Primitive::I16 => Self::I16(Vec::new()),
            Primitive::U16 => Self::U16(Vec::new()),
            Primitive::I32 => Self::I32(Vec::new()),
            Primitive::U32 => Self::U32(Vec::new()),
            Primitive::I64 => Self::I64(Vec::new()),
            Primitive::U64 => Self::U64(Vec::new()),
            Primitive::F32 => Self::F32(Vec::new()),
            Primitive::F64 => Self::F64(Vec::new()),
        }
    }
}

/// Concatenated values of variable size.
#[derive(Debug)]
pub(crate) struct Bytes {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl Bytes {
    pub(crate) fn new() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
        }
    }

    /// Appends one value.
    pub(crate) fn push(&mut self, value: &[u8]) -> Result<(), DecodeError> {
        let end = self.bytes.len().saturating_add(value.len());
        let Ok(end) = i32::try_from(end) else {
            return Err(full(self.offsets.len()));
        };
        self.bytes.extend_from_slice(value);
        self.offsets.push(end);
        Ok(())
    }

    /// Appends bytes as text, replacing what is not UTF-8; tells whether it had to.
    pub(crate) fn push_lossy(&mut self, value: &[u8]) -> Result<bool, DecodeError> {
        match String::from_utf8_lossy(value) {
            std::borrow::Cow::Borrowed(text) => self.push(text.as_bytes()).map(|()| false),
            std::borrow::Cow::Owned(text) => self.push(text.as_bytes()).map(|()| true),
        }
    }

    fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows.saturating_add(1));
        self.bytes.truncate(last(&self.offsets));
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let taken = std::mem::replace(self, Self::new());
        (
            OffsetBuffer::new(ScalarBuffer::from(taken.offsets)),
            Buffer::from_vec(taken.bytes),
        )
    }
}

/// The batch cannot address more.
#[cold]
pub(crate) fn full(rows: usize) -> DecodeError {
    DecodeError::new(0, DecodeCause::BatchFull { rows })
}

fn last(offsets: &[i32]) -> usize {
    offsets
        .last()
        .and_then(|end| usize::try_from(*end).ok())
        .unwrap_or(0)
}

/// Does the same to the vector of every fixed-size variant.
macro_rules! for_numbers {
    ($data:expr, $values:ident => $action:expr, $($other:tt)*) => {
        match $data {
            Data::Bool($values) => $action,
            Data::I8($values) => $action,
            Data::U8($values) => $action,
            Data::I16($values) => $action,
            Data::U16($values) => $action,
            Data::I32($values) => $action,
            Data::U32($values) => $action,
            Data::I64($values) => $action,
            Data::U64($values) => $action,
            Data::F32($values) => $action,
            Data::F64($values) => $action,
            $($other)*
        }
    };
}

impl Column {
    /// A column whose values are never null.
    pub(crate) fn required(name: &str, data: Data) -> Self {
        Self {
            name: name.to_owned(),
            data,
            validity: None,
            note: None,
        }
    }

    /// A column whose values may be null.
    pub(crate) fn nullable(name: &str, data: Data) -> Self {
        Self {
            validity: Some(Vec::new()),
            ..Self::required(name, data)
        }
    }

    /// With a note in the metadata of the Arrow field.
    pub(crate) fn noted(mut self, key: &'static str, value: &str) -> Self {
        self.note = Some((key, value.to_owned()));
        self
    }

    /// A list of this column's values.
    pub(crate) fn list(name: &str, mut element: Self) -> Self {
        ELEMENT.clone_into(&mut element.name);
        Self::required(
            name,
            Data::List {
                offsets: vec![0],
                element: Box::new(element),
            },
        )
    }

    /// Makes the column nullable.
    pub(crate) fn or_null(mut self) -> Self {
        self.validity = Some(Vec::new());
        self
    }

    /// Number of values.
    pub(crate) fn rows(&self) -> usize {
        for_numbers!(&self.data, values => values.len(),
            Data::Text(bytes) | Data::Binary(bytes) => bytes.rows(),
            Data::List { offsets, .. } => offsets.len().saturating_sub(1),
            Data::Struct { rows, .. } => *rows,
        )
    }

    /// Says that the value just appended is not null.
    pub(crate) fn mark_valid(&mut self) {
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
    }

    /// Appends a null, or the type's zero where nulls are not allowed.
    pub(crate) fn push_empty(&mut self) -> Result<(), DecodeError> {
        for_numbers!(&mut self.data, values => values.push(Default::default()),
            Data::Text(bytes) | Data::Binary(bytes) => bytes.push(&[])?,
            Data::List { offsets, .. } => offsets.push(offsets.last().copied().unwrap_or(0)),
            Data::Struct { fields, rows } => {
                for field in fields {
                    field.push_empty()?;
                }
                *rows = rows.saturating_add(1);
            }
        );
        if let Some(validity) = &mut self.validity {
            validity.push(false);
        }
        Ok(())
    }

    /// Ends the row of a list whose elements have been appended.
    pub(crate) fn end_list(&mut self) -> Result<(), DecodeError> {
        if let Data::List { offsets, element } = &mut self.data {
            let Ok(end) = i32::try_from(element.rows()) else {
                return Err(full(offsets.len()));
            };
            offsets.push(end);
        }
        self.mark_valid();
        Ok(())
    }

    /// Ends the row of a struct whose fields have been appended.
    pub(crate) fn end_struct(&mut self) {
        if let Data::Struct { rows, .. } = &mut self.data {
            *rows = rows.saturating_add(1);
        }
        self.mark_valid();
    }

    /// Cuts back to `keep` values, whatever a failed row left behind in parts included.
    pub(crate) fn truncate(&mut self, keep: usize) {
        for_numbers!(&mut self.data, values => values.truncate(keep),
            Data::Text(bytes) | Data::Binary(bytes) => bytes.truncate(keep),
            Data::List { offsets, element } => {
                offsets.truncate(keep.saturating_add(1));
                element.truncate(last(offsets));
            }
            Data::Struct { fields, rows } => {
                for field in fields {
                    field.truncate(keep);
                }
                *rows = (*rows).min(keep);
            }
        );
        if let Some(validity) = &mut self.validity {
            validity.truncate(keep);
        }
    }

    /// Bytes of values held.
    pub(crate) fn heap_bytes(&self) -> usize {
        let data = for_numbers!(&self.data, values => std::mem::size_of_val(values.as_slice()),
            Data::Text(b) | Data::Binary(b) => {
                std::mem::size_of_val(b.offsets.as_slice()).saturating_add(b.bytes.len())
            }
            Data::List { offsets, element } => {
                std::mem::size_of_val(offsets.as_slice()).saturating_add(element.heap_bytes())
            }
            Data::Struct { fields, .. } => fields.iter().map(Self::heap_bytes).sum(),
        );
        data.saturating_add(self.validity.as_ref().map_or(0, Vec::len))
    }

    /// Arrow type of the values.
    fn data_type(&self) -> DataType {
        match &self.data {
            Data::Bool(_) => DataType::Boolean,
            Data::I8(_) => DataType::Int8,
            Data::U8(_) => DataType::UInt8,
            Data::I16(_) => DataType::Int16,
            Data::U16(_) => DataType::UInt16,
            Data::I32(_) => DataType::Int32,
            Data::U32(_) => DataType::UInt32,
            Data::I64(_) => DataType::Int64,
            Data::U64(_) => DataType::UInt64,
            Data::F32(_) => DataType::Float32,
            Data::F64(_) => DataType::Float64,
            Data::Text(_) => DataType::Utf8,
            Data::Binary(_) => DataType::Binary,
            Data::List { element, .. } => DataType::List(Arc::new(element.field())),
            Data::Struct { fields, .. } => DataType::Struct(Self::fields(fields)),
        }
    }

    /// Arrow field of the column.
    pub(crate) fn field(&self) -> Field {
        let field = Field::new(&self.name, self.data_type(), self.validity.is_some());
        match &self.note {
            Some((key, value)) => {
                field.with_metadata(HashMap::from([((*key).to_owned(), value.clone())]))
            }
            None => field,
        }
    }

    /// Arrow fields of several columns.
    pub(crate) fn fields(columns: &[Self]) -> Fields {
        columns.iter().map(Self::field).collect()
    }

    /// Hands out the values and starts anew.
    pub(crate) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self
            .validity
            .as_mut()
            .map(|validity| NullBuffer::new(BooleanBuffer::from_iter(std::mem::take(validity))));
        Ok(match &mut self.data {
            Data::Bool(values) => {
                let values = BooleanBuffer::from_iter(std::mem::take(values));
                Arc::new(BooleanArray::new(values, nulls))
            }
            Data::I8(values) => numbers::<types::Int8Type>(values, nulls)?,
            Data::U8(values) => numbers::<types::UInt8Type>(values, nulls)?,
            Data::I16(values) => numbers::<types::Int16Type>(values, nulls)?,
            Data::U16(values) => numbers::<types::UInt16Type>(values, nulls)?,
            Data::I32(values) => numbers::<types::Int32Type>(values, nulls)?,
            Data::U32(values) => numbers::<types::UInt32Type>(values, nulls)?,
            Data::I64(values) => numbers::<types::Int64Type>(values, nulls)?,
            Data::U64(values) => numbers::<types::UInt64Type>(values, nulls)?,
            Data::F32(values) => numbers::<types::Float32Type>(values, nulls)?,
            Data::F64(values) => numbers::<types::Float64Type>(values, nulls)?,
            Data::Text(bytes) => {
                let (offsets, bytes) = bytes.take();
                Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
            }
            Data::Binary(bytes) => {
                let (offsets, bytes) = bytes.take();
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
            }
            Data::List { offsets, element } => {
                let offsets = std::mem::replace(offsets, vec![0]);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let field = Arc::new(element.field());
                Arc::new(ListArray::try_new(field, offsets, element.take()?, nulls)?)
            }
            Data::Struct { fields, rows } => structure(fields, rows, nulls)?,
        })
    }
}

fn structure(
    fields: &mut [Column],
    rows: &mut usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let rows = std::mem::take(rows);
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(rows, nulls)));
    }
    let declared = Column::fields(fields);
    let arrays = fields
        .iter_mut()
        .map(Column::take)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(StructArray::try_new(declared, arrays, nulls)?))
}

fn numbers<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let values = ScalarBuffer::from(std::mem::take(values));
    let array: PrimitiveArray<T> = PrimitiveArray::try_new(values, nulls)?;
    Ok(Arc::new(array) as Arc<dyn Array>)
}
