//! Fields of messages and of tables as columns a contract looks at.
//!
//! Read [`Leaf`] and [`Reader`] first: which fields a type of messages has, and how the wanted ones are read. CDR and
//! ROS 1 are read field by field, so that pictures are passed over; other encodings message by message.
//!
//! Not here: what the values must be (`model::contract`).

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::{DataType, Field, Fields as ArrowFields};
use fieldassay_formats::Schema;
use fieldassay_formats::decode::ColumnDecoder;
use fieldassay_formats::decode::fields::{FieldReader, Fields, Shape, Value, Wanted};
use fieldassay_model::contract::{
    Batch, Cells, FieldType, Length, ObservedField, Rows, Scalar, Slice, ValueRules,
};
use fieldassay_model::unit::Unit;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A field that holds values itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) is: ObservedField,
}

/// Every field of a schema that holds values itself, parts of messages with dots; what is inside a list is a list.
pub(super) fn leaves(fields: &ArrowFields) -> Vec<Leaf> {
    let mut out = Vec::new();
    below(fields, "", false, &mut out);
    out
}

fn below(fields: &ArrowFields, before: &str, is_list: bool, out: &mut Vec<Leaf>) {
    for field in fields {
        let path = format!("{before}{}", field.name());
        let (mut inner, mut is_list) = (field, is_list);
        while let DataType::List(item) = inner.data_type() {
            inner = item;
            is_list = true;
        }
        if let DataType::Struct(parts) = inner.data_type() {
            below(parts, &format!("{path}."), is_list, out);
        } else if let Some((scalar, unit)) = scalar(field, inner) {
            let kind = if is_list {
                FieldType::list(scalar)
            } else {
                FieldType::one(scalar)
            };
            out.push(Leaf {
                path,
                is: ObservedField { kind, unit },
            });
        }
    }
}

/// Type and unit of a value; times are whole nanoseconds with their unit noted.
fn scalar(outer: &Field, inner: &Field) -> Option<(Scalar, Option<Unit>)> {
    let noted = |field: &Field| field.metadata().get("unit").cloned();
    let unit = noted(outer).or_else(|| noted(inner));
    let unit = unit.and_then(|unit| Unit::named(&unit));
    let scalar = match inner.data_type() {
        DataType::Boolean => Scalar::Bool,
        DataType::Int8 => Scalar::Int(8),
        DataType::Int16 => Scalar::Int(16),
        DataType::Int32 => Scalar::Int(32),
        DataType::Int64 if unit.is_some() => Scalar::Time,
        DataType::Int64 => Scalar::Int(64),
        DataType::UInt8 => Scalar::Uint(8),
        DataType::UInt16 => Scalar::Uint(16),
        DataType::UInt32 => Scalar::Uint(32),
        DataType::UInt64 => Scalar::Uint(64),
        DataType::Float32 => Scalar::Float32,
        DataType::Float64 => Scalar::Float64,
        DataType::Utf8 => Scalar::Text,
        DataType::Binary => Scalar::Bytes,
        _ => return None,
    };
    Some((scalar, unit))
}

/// Values of one field over some rows.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) cells: Cells,
    /// Row of every value, for lists; scalars have one a row.
    pub(crate) rows: Option<Vec<u32>>,
}

impl Column {
    fn new(kind: FieldType) -> Self {
        let cells = match kind.scalar {
            Scalar::Bool => Cells::Bool(Vec::new()),
            Scalar::Float32 | Scalar::Float64 | Scalar::Number => Cells::Real(Vec::new()),
            Scalar::Text | Scalar::Bytes => Cells::Text(Vec::new()),
            _ => Cells::Integer(Vec::new()),
        };
        Self {
            cells,
            rows: (kind.length != Length::One).then(Vec::new),
        }
    }

    fn truncate(&mut self, length: usize) {
        match &mut self.cells {
            Cells::Real(cells) => cells.truncate(length),
            Cells::Integer(cells) => cells.truncate(length),
            Cells::Text(cells) => cells.truncate(length),
            Cells::Bool(cells) => cells.truncate(length),
        }
        if let Some(rows) = &mut self.rows {
            rows.truncate(length);
        }
    }

    /// Brings a scalar to one value a row: what was not told is missing.
    fn pad(&mut self, rows: usize) {
        if self.rows.is_some() {
            return;
        }
        match &mut self.cells {
            Cells::Real(cells) => cells.resize(rows, None),
            Cells::Integer(cells) => cells.resize(rows, None),
            Cells::Text(cells) => cells.resize(rows, None),
            Cells::Bool(cells) => cells.resize(rows, None),
        }
    }

    fn push(&mut self, row: u32, value: &Value<'_>) {
        if let Value::Numbers(numbers) = value {
            for number in (0..numbers.len()).filter_map(|at| numbers.get(at)) {
                self.one(row, &Value::Float(number));
            }
        } else if !matches!(value, Value::Element) {
            self.one(row, value);
        }
    }

    fn one(&mut self, row: u32, value: &Value<'_>) {
        match (&mut self.cells, value) {
            (Cells::Real(cells), value) => cells.push(Some(value.float())),
            (Cells::Integer(cells), value) => cells.push(Some(value.integer())),
            (Cells::Bool(cells), value) => cells.push(Some(value.integer() != 0)),
            (Cells::Text(cells), Value::Text(text)) => cells.push(Some(text.clone().into_owned())),
            (Cells::Text(cells), _) => cells.push(Some(String::new())),
        }
        if let Some(rows) = &mut self.rows {
            rows.push(row);
        }
    }
}

/// How wanted fields of one type of messages are read.
#[derive(Debug)]
pub(super) struct Reader {
    wanted: Vec<Leaf>,
    how: How,
}

#[derive(Debug)]
enum How {
    Fields(FieldReader),
    /// Decoders that are not in use.
    Whole {
        schema: Option<Arc<Schema>>,
        encoding: String,
        idle: Mutex<Vec<ColumnDecoder>>,
    },
}

impl Reader {
    /// A reader of some of the fields of messages.
    pub(super) fn new(schema: Option<&Arc<Schema>>, encoding: &str, wanted: Vec<Leaf>) -> Self {
        let fields = schema.and_then(|schema| by_field(schema, encoding, &wanted));
        let how = fields.map_or_else(
            || How::Whole {
                schema: schema.cloned(),
                encoding: encoding.to_owned(),
                idle: Mutex::default(),
            },
            How::Fields,
        );
        Self { wanted, how }
    }

    /// The fields, in the order of the columns.
    pub(super) fn wanted(&self) -> &[Leaf] {
        &self.wanted
    }

    /// Begins to gather.
    pub(super) fn gathering(&self) -> Gathering<'_> {
        let columns = self.wanted.iter().map(|leaf| Column::new(leaf.is.kind));
        let decoder = match &self.how {
            How::Fields(_) => None,
            How::Whole {
                schema,
                encoding,
                idle,
            } => {
                let idle = idle.lock().ok().and_then(|mut idle| idle.pop());
                idle.or_else(|| ColumnDecoder::new(schema.as_deref(), encoding).ok())
            }
        };
        Gathering {
            reader: self,
            columns: columns.collect(),
            decoder,
            rows: 0,
        }
    }
}

/// Numbers, times and texts of CDR and ROS 1, whose every field is in every message.
fn by_field(schema: &Schema, encoding: &str, wanted: &[Leaf]) -> Option<FieldReader> {
    if !matches!(encoding, "cdr" | "ros1") {
        return None;
    }
    let parsed = Fields::parse(schema, encoding).ok()?;
    let shape = |leaf: &Leaf| match (leaf.is.kind.scalar, leaf.is.kind.length) {
        (Scalar::Text, _) => Shape::Text,
        (Scalar::Bytes, _) => Shape::Bytes,
        (Scalar::Time, _) => Shape::Time,
        (_, Length::One) => Shape::Number,
        _ => Shape::Numbers,
    };
    let paths: Option<Vec<Wanted<'_>>> = wanted
        .iter()
        .enumerate()
        .map(|(slot, leaf)| {
            Some(Wanted {
                path: &leaf.path,
                slot: u16::try_from(slot).ok()?,
                shape: shape(leaf),
            })
        })
        .collect();
    let reader = parsed.reader(&paths?);
    // A number inside a list of messages is no list of numbers: whole messages then.
    reader.found().iter().all(|found| *found).then_some(reader)
}

/// Values of some messages, one row each.
#[derive(Debug)]
pub(super) struct Gathering<'r> {
    reader: &'r Reader,
    columns: Vec<Column>,
    decoder: Option<ColumnDecoder>,
    rows: u32,
}

impl Gathering<'_> {
    /// Adds a message. Errors: why it cannot be decoded; it then is no row.
    pub(super) fn push(&mut self, payload: &[u8]) -> Result<(), String> {
        let row = self.rows;
        match &self.reader.how {
            How::Fields(reader) => {
                let columns = &mut self.columns;
                let before: Vec<usize> = columns.iter().map(|column| column.cells.len()).collect();
                let read = reader.read(payload, &mut |slot, value| {
                    if let Some(column) = columns.get_mut(usize::from(slot)) {
                        column.push(row, &value);
                    }
                });
                if let Err(error) = read {
                    for (column, length) in self.columns.iter_mut().zip(before) {
                        column.truncate(length);
                    }
                    return Err(error.to_string());
                }
                for column in &mut self.columns {
                    column.pad(row as usize + 1);
                }
            }
            How::Whole { .. } => match &mut self.decoder {
                Some(decoder) => decoder.push(payload).map_err(|error| error.to_string())?,
                None => return Err("its definition cannot be read".to_owned()),
            },
        }
        self.rows += 1;
        Ok(())
    }

    /// Rows so far, and whether it is time to take them.
    pub(super) fn is_full(&self) -> bool {
        const ROWS: u32 = 4096;
        const BYTES: usize = 16 << 20;
        const VALUES: usize = 1 << 20;
        let bytes = self.decoder.as_ref().map_or(0, ColumnDecoder::heap_bytes);
        let values = self.columns.iter().map(|column| column.cells.len());
        self.rows >= ROWS || bytes > BYTES || values.max().unwrap_or(0) > VALUES
    }

    /// Rows so far and their columns, in the order of the fields; gathering begins anew.
    pub(super) fn take(&mut self) -> (u32, Vec<Column>) {
        let rows = std::mem::take(&mut self.rows);
        let empty = || {
            let wanted = self.reader.wanted.iter();
            wanted.map(|leaf| Column::new(leaf.is.kind)).collect()
        };
        let Some(decoder) = &mut self.decoder else {
            let empty = empty();
            return (rows, std::mem::replace(&mut self.columns, empty));
        };
        let columns = match decoder.finish() {
            Ok(batch) => {
                let whole = StructArray::from(batch);
                let wanted = self.reader.wanted.iter();
                wanted.map(|leaf| column(&whole, leaf)).collect()
            }
            Err(_) => empty(),
        };
        (rows, columns)
    }

    /// Gives back what others may use.
    pub(super) fn leave(self) {
        if let (How::Whole { idle, .. }, Some(decoder)) = (&self.reader.how, self.decoder)
            && let Ok(mut idle) = idle.lock()
        {
            idle.push(decoder);
        }
    }
}

/// The values of one field of rows of messages.
pub(super) fn column(whole: &StructArray, leaf: &Leaf) -> Column {
    let mut at: Vec<(u32, Option<usize>)> = (0..whole.len())
        .map(|row| (u32::try_from(row).unwrap_or(u32::MAX), Some(row)))
        .collect();
    let mut array: ArrayRef = Arc::new(whole.clone());
    let mut out = Column::new(leaf.is.kind);
    for name in leaf.path.split('.') {
        array = unlisted(array, &mut at);
        let Some(parts) = array.as_struct_opt() else {
            return out;
        };
        for (_, place) in &mut at {
            *place = place.filter(|place| parts.is_valid(*place));
        }
        let Some(inner) = parts.column_by_name(name) else {
            return out;
        };
        array = Arc::clone(inner);
    }
    let array = unlisted(array, &mut at);
    let places = || {
        at.iter()
            .map(|(_, place)| place.filter(|at| array.is_valid(*at)))
    };
    if let Some(rows) = &mut out.rows {
        rows.extend(at.iter().map(|(row, _)| *row));
    }
    out.cells = cells(&array, leaf.is.kind, &mut places());
    out
}

/// Goes into lists, however deep: one place per item.
fn unlisted(array: ArrayRef, at: &mut Vec<(u32, Option<usize>)>) -> ArrayRef {
    let mut array = array;
    while let Some(list) = array.as_list_opt::<i32>() {
        let offsets = list.value_offsets();
        let end = |at: usize| {
            let offset = offsets.get(at).copied().unwrap_or(0);
            usize::try_from(offset).unwrap_or(0)
        };
        let mut inside = Vec::with_capacity(at.len());
        for (row, place) in at.iter() {
            match place.filter(|place| list.is_valid(*place)) {
                Some(place) => {
                    inside.extend((end(place)..end(place + 1)).map(|item| (*row, Some(item))));
                }
                None => inside.push((*row, None)),
            }
        }
        *at = inside;
        array = Arc::clone(list.values());
    }
    array
}

/// Values at places, as the kind of the field has them; none where there is none.
fn cells(
    array: &ArrayRef,
    kind: FieldType,
    places: &mut dyn Iterator<Item = Option<usize>>,
) -> Cells {
    macro_rules! numbers {
        ($type:ty, $cells:ident, $as:expr) => {{
            let values = array.as_primitive::<$type>();
            Cells::$cells(places.map(|at| Some($as(values.value(at?)))).collect())
        }};
    }
    match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            Cells::Bool(places.map(|at| Some(values.value(at?))).collect())
        }
        DataType::Int8 => numbers!(Int8Type, Integer, i64::from),
        DataType::Int16 => numbers!(Int16Type, Integer, i64::from),
        DataType::Int32 => numbers!(Int32Type, Integer, i64::from),
        DataType::Int64 => numbers!(Int64Type, Integer, i64::from),
        DataType::UInt8 => numbers!(UInt8Type, Integer, i64::from),
        DataType::UInt16 => numbers!(UInt16Type, Integer, i64::from),
        DataType::UInt32 => numbers!(UInt32Type, Integer, i64::from),
        DataType::UInt64 => {
            numbers!(UInt64Type, Integer, |x| i64::try_from(x)
                .unwrap_or(i64::MAX))
        }
        DataType::Float32 => numbers!(Float32Type, Real, f64::from),
        DataType::Float64 => numbers!(Float64Type, Real, f64::from),
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            Cells::Text(
                places
                    .map(|at| Some(values.value(at?).to_owned()))
                    .collect(),
            )
        }
        DataType::Binary => Cells::Text(places.map(|at| at.map(|_| String::new())).collect()),
        _ => Column::new(kind).cells,
    }
}

/// Feeds rules with a column whose row 0 is row `first`.
pub(crate) fn feed(rules: &mut ValueRules<'_>, column: &Column, (first, rows): (u64, u32)) {
    let Some(of) = &column.rows else {
        push(
            rules,
            &column.cells,
            0..column.cells.len(),
            Rows::From(first),
        );
        return;
    };
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    let mut start = 0;
    for group in of.chunk_by(|a, b| a == b) {
        let end = start + group.len();
        if let Some(row) = group.first() {
            let place = first.saturating_add(u64::from(*row));
            push(rules, &column.cells, start..end, Rows::All(place));
            counts.insert(*row, group.len() as u64);
        }
        start = end;
    }
    for row in 0..rows {
        let items = counts.get(&row).copied().unwrap_or(0);
        rules.push_length(first.saturating_add(u64::from(row)), items);
    }
}

fn push(rules: &mut ValueRules<'_>, cells: &Cells, range: std::ops::Range<usize>, rows: Rows) {
    macro_rules! slice {
        ($cells:expr, $slice:expr, $default:expr) => {{
            let part = $cells.get(range).unwrap_or_default();
            let valid: Vec<bool> = part.iter().map(Option::is_some).collect();
            let values: Vec<_> = part.iter().map($default).collect();
            rules.push(Batch {
                rows,
                values: $slice(&values),
                valid: valid.contains(&false).then_some(&valid),
            });
        }};
    }
    match cells {
        Cells::Real(cells) => slice!(cells, Slice::Real, |x| x.unwrap_or(0.0)),
        Cells::Integer(cells) => slice!(cells, Slice::Integer, |x| x.unwrap_or(0)),
        Cells::Bool(cells) => slice!(cells, Slice::Bool, |x| x.unwrap_or(false)),
        Cells::Text(cells) => slice!(cells, Slice::Text, |x| x.as_deref().unwrap_or("")),
    }
}
