//! Rows as Arrow: the schema of a declaration, and what every batch obeys.

use crate::StoreError;
use deltalake_core::arrow::array::{Array, Float32Array, Float64Array, ListArray, RecordBatch};
use deltalake_core::arrow::compute::{
    SortColumn, SortOptions, concat_batches, lexsort_to_indices, partition, take_record_batch,
};
use deltalake_core::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fieldassay_model::tables::{Column, Kind, Table};
use std::sync::Arc;

/// The schema of a table: names, types, whether values may be null, and unit and frame as metadata of the field.
pub fn schema(table: &Table) -> SchemaRef {
    let fields = table.columns().map(field).collect::<Vec<Field>>();
    Arc::new(Schema::new(fields))
}

fn field(column: &Column) -> Field {
    let metadata = column
        .metadata()
        .into_iter()
        .map(|(name, value)| (format!("fieldassay.{name}"), value))
        .chain([("comment".to_owned(), column.about.to_owned())]);
    Field::new(column.name, data_type(column.kind), column.is_nullable())
        .with_metadata(metadata.collect())
}

fn data_type(kind: Kind) -> DataType {
    let list = |item| DataType::List(Arc::new(Field::new("element", item, false)));
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Integer => DataType::Int64,
        Kind::Real => DataType::Float64,
        Kind::Boolean => DataType::Boolean,
        Kind::TextList => list(DataType::Utf8),
        Kind::IntegerList => list(DataType::Int64),
        Kind::RealList => list(DataType::Float64),
        Kind::ReadingList => list(DataType::Float32),
    }
}

/// The rows sorted by the key of the table, with its schema.
///
/// Errors: [`StoreError::Rows`] for other columns, nulls where there may be none, a number that is not finite, or two
/// rows of one key. Cost: one sort.
pub fn sorted(table: &Table, rows: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let refused = |what: String| StoreError::Rows {
        table: table.name.to_owned(),
        what,
    };
    let rows = RecordBatch::try_new(schema(table), rows.columns().to_vec())
        .map_err(|error| refused(error.to_string()))?;
    for (column, array) in table.columns().zip(rows.columns()) {
        if let Some(row) = first_not_finite(array.as_ref()) {
            return Err(refused(format!(
                "`{}` of row `{row}` is not finite",
                column.name
            )));
        }
    }
    let key: Vec<SortColumn> = table
        .key
        .iter()
        .filter_map(|name| rows.column_by_name(name))
        .map(|values| SortColumn {
            values: Arc::clone(values),
            options: Some(SortOptions::default()),
        })
        .collect();
    if key.is_empty() {
        return Err(refused("it has no key".to_owned()));
    }
    let order = lexsort_to_indices(&key, None).map_err(|error| refused(error.to_string()))?;
    let rows = take_record_batch(&rows, &order).map_err(|error| refused(error.to_string()))?;
    let key: Vec<_> = table
        .key
        .iter()
        .filter_map(|name| rows.column_by_name(name).map(Arc::clone))
        .collect();
    let ranges = partition(&key)
        .map_err(|error| refused(error.to_string()))?
        .ranges();
    if let Some(twice) = ranges.iter().find(|range| range.len() > 1) {
        return Err(refused(format!(
            "`{}` rows have the same {}, the first is number `{}` in order",
            twice.len(),
            table.key.join(", "),
            twice.start
        )));
    }
    Ok(rows)
}

/// Rows of several batches as one. Errors: [`StoreError::Rows`] for other columns than the table has.
pub fn put_together(table: &Table, batches: &[RecordBatch]) -> Result<RecordBatch, StoreError> {
    concat_batches(&schema(table), batches).map_err(|error| StoreError::Rows {
        table: table.name.to_owned(),
        what: error.to_string(),
    })
}

fn first_not_finite(array: &dyn Array) -> Option<usize> {
    let any = array.as_any();
    if let Some(reals) = any.downcast_ref::<Float64Array>() {
        let values = reals.iter();
        return values
            .into_iter()
            .position(|x| x.is_some_and(|x| !x.is_finite()));
    }
    if let Some(reals) = any.downcast_ref::<Float32Array>() {
        return reals.iter().position(|x| x.is_some_and(|x| !x.is_finite()));
    }
    let list = any.downcast_ref::<ListArray>()?;
    (0..list.len()).find(|row| first_not_finite(list.value(*row).as_ref()).is_some())
}
