//! Rows of a table of the workspace, made value by value under the names of its columns.
//!
//! Read [`Rows`] first. Not here: which rows there are (the modules beside it), how they are sorted and written (`store`).

use crate::EngineError;
use arrow_array::builder::{
    BooleanBuilder, Float32Builder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use fieldassay_model::tables::{Kind, Table};
use std::sync::Arc;

/// Rows of one table, in the order they were added.
pub(crate) struct Rows {
    table: &'static Table,
    columns: Vec<(&'static str, Values)>,
    count: usize,
    wrong: Option<String>,
}

/// Values of one column.
enum Values {
    Text(StringBuilder),
    Integer(Int64Builder),
    Real(Float64Builder),
    Boolean(BooleanBuilder),
    TextList(ListBuilder<StringBuilder>),
    IntegerList(ListBuilder<Int64Builder>),
    RealList(ListBuilder<Float64Builder>),
    ReadingList(ListBuilder<Float32Builder>),
}

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Texts(&'a [String]),
    Integers(&'a [i64]),
    /// Double or single precision, as the column has it.
    Reals(&'a [f64]),
}

impl Rows {
    /// No rows of a table.
    pub(crate) fn new(table: &'static Table) -> Self {
        let columns = table.columns();
        Self {
            table,
            columns: columns
                .map(|column| (column.name, Values::new(column.kind)))
                .collect(),
            count: 0,
            wrong: None,
        }
    }

    /// The table.
    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds a row: values by names of columns, best in their order. What is not named is null.
    pub(crate) fn add<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, Value<'a>)>) {
        let mut next = 0;
        for (name, value) in values {
            let ahead = self.columns.get(next..).unwrap_or_default();
            let found = ahead.iter().position(|(known, _)| *known == name);
            let at = found.map_or_else(
                || self.columns.iter().position(|(known, _)| *known == name),
                |at| Some(next + at),
            );
            let Some((at, (_, column))) = at.and_then(|at| Some((at, self.columns.get_mut(at)?)))
            else {
                self.wrong(format!("there is no column `{name}`"));
                continue;
            };
            if column.len() > self.count {
                self.wrong(format!("`{name}` is given twice"));
            } else if !column.push(value) {
                self.wrong(format!("`{name}` is of another type"));
            } else {
                next = at + 1;
            }
        }
        self.count += 1;
        for (_, column) in &mut self.columns {
            if column.len() < self.count {
                column.push(Value::Null);
            }
        }
    }

    fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// The rows, in the order they were added.
    ///
    /// Errors: [`EngineError::Rows`] for values that the declaration of the table does not know.
    pub(crate) fn batch(self) -> Result<RecordBatch, EngineError> {
        let refused = |what: String| EngineError::Rows {
            table: self.table.name,
            what,
        };
        if let Some(what) = self.wrong {
            return Err(refused(what));
        }
        let arrays = self.columns.into_iter().map(|(_, values)| values.finish());
        let schema = fieldassay_store::schema(self.table);
        RecordBatch::try_new(schema, arrays.collect()).map_err(|error| refused(error.to_string()))
    }
}

impl Values {
    fn new(kind: Kind) -> Self {
        fn element(kind: DataType) -> Arc<Field> {
            Arc::new(Field::new("element", kind, false))
        }
        match kind {
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Real => Self::Real(Float64Builder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::TextList => Self::TextList(
                ListBuilder::new(StringBuilder::new()).with_field(element(DataType::Utf8)),
            ),
            Kind::IntegerList => Self::IntegerList(
                ListBuilder::new(Int64Builder::new()).with_field(element(DataType::Int64)),
            ),
            Kind::RealList => Self::RealList(
                ListBuilder::new(Float64Builder::new()).with_field(element(DataType::Float64)),
            ),
            Kind::ReadingList => Self::ReadingList(
                ListBuilder::new(Float32Builder::new()).with_field(element(DataType::Float32)),
            ),
        }
    }

    fn len(&self) -> usize {
        use arrow_array::builder::ArrayBuilder as _;
        match self {
            Self::Text(array) => array.len(),
            Self::Integer(array) => array.len(),
            Self::Real(array) => array.len(),
            Self::Boolean(array) => array.len(),
            Self::TextList(array) => array.len(),
            Self::IntegerList(array) => array.len(),
            Self::RealList(array) => array.len(),
            Self::ReadingList(array) => array.len(),
        }
    }

    /// Whether the value is of this type; a number that is not finite is unknown.
    fn push(&mut self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(array), Value::Text(text)) => array.append_value(text),
            (Self::Text(array), Value::Null) => array.append_null(),
            (Self::Integer(array), Value::Integer(number)) => array.append_value(number),
            (Self::Integer(array), Value::Null) => array.append_null(),
            (Self::Real(array), Value::Real(number)) => {
                array.append_option(number.is_finite().then_some(number));
            }
            (Self::Real(array), Value::Null) => array.append_null(),
            (Self::Boolean(array), Value::Boolean(truth)) => array.append_value(truth),
            (Self::Boolean(array), Value::Null) => array.append_null(),
            (Self::TextList(array), Value::Texts(items)) => {
                array.append_value(items.iter().map(Some));
            }
            (Self::TextList(array), Value::Null) => array.append_null(),
            (Self::IntegerList(array), Value::Integers(items)) => {
                array.append_value(items.iter().copied().map(Some));
            }
            (Self::IntegerList(array), Value::Null) => array.append_null(),
            (Self::RealList(array), Value::Reals(items)) => {
                array.append_value(items.iter().copied().map(Some));
            }
            (Self::RealList(array), Value::Null) => array.append_null(),
            (Self::ReadingList(array), Value::Reals(items)) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the column is declared in single precision"
                )]
                array.append_value(items.iter().map(|item| Some(*item as f32)));
            }
            (Self::ReadingList(array), Value::Null) => array.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut array) => Arc::new(array.finish()),
            Self::Integer(mut array) => Arc::new(array.finish()),
            Self::Real(mut array) => Arc::new(array.finish()),
            Self::Boolean(mut array) => Arc::new(array.finish()),
            Self::TextList(mut array) => Arc::new(array.finish()),
            Self::IntegerList(mut array) => Arc::new(array.finish()),
            Self::RealList(mut array) => Arc::new(array.finish()),
            Self::ReadingList(mut array) => Arc::new(array.finish()),
        }
    }
}

macro_rules! from {
    ($($type:ty => $as:expr),* $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from(value: $type) -> Self {
                $as(value)
            }
        }
    )*};
}

from! {
    &'a str => Value::Text,
    &'a String => Value::Text,
    i64 => Value::Integer,
    f64 => Value::Real,
    bool => Value::Boolean,
    &'a [String] => Value::Texts,
    &'a [i64] => Value::Integers,
    &'a [f64] => Value::Reals,
    u64 => |number| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
    usize => |number| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_model::tables::table;

    #[test]
    fn what_is_not_named_is_null_and_what_is_not_declared_is_refused() {
        let table = table("context").expect("a table");
        let mut rows = Rows::new(table);
        rows.add([
            ("recording_id", "r-1".into()),
            ("field", "weather".into()),
            ("number", 0_i64.into()),
            ("value", "rain".into()),
            ("value_real", f64::NAN.into()),
            ("given_by", "flag".into()),
            ("place", "--set".into()),
        ]);
        assert_eq!(rows.len(), 1);
        let batch = rows.batch().expect("a batch");
        let unit = batch.column_by_name("unit").expect("a column");
        assert_eq!((batch.num_rows(), unit.null_count()), (1, 1));
        let real = batch.column_by_name("value_real").expect("a column");
        assert_eq!(real.null_count(), 1);

        let mut rows = Rows::new(table);
        rows.add([("wether", "rain".into())]);
        let error = rows.batch().expect_err("no such column").to_string();
        assert!(error.contains("`wether`"), "{error}");
        let mut rows = Rows::new(table);
        rows.add([("value", 1_i64.into())]);
        let error = rows.batch().expect_err("another type").to_string();
        assert!(error.contains("`value`"), "{error}");
    }
}
