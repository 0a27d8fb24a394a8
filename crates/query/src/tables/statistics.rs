//! What Delta says of a file, for skipping it and for planning.

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use fieldassay_store::DataFile;
use serde_json::Value;

/// Statistics of a file: rows, nulls, smallest and largest values where they are known. They are exact: `store` writes
/// no shortened texts.
pub(super) fn statistics(schema: &Schema, file: &DataFile) -> Statistics {
    let stats: Value = serde_json::from_str(&file.stats).unwrap_or_default();
    let count = |value: Option<&Value>| {
        let count = value.and_then(Value::as_u64);
        let count = count.and_then(|count| usize::try_from(count).ok());
        count.map_or(Precision::Absent, Precision::Exact)
    };
    let of = |group: &str, column: &str| stats.get(group).and_then(|group| group.get(column));
    let columns = schema.fields().iter().map(|field| {
        let end = |group| {
            let value = of(group, field.name());
            let value = value.and_then(|value| scalar(field.data_type(), value));
            value.map_or(Precision::Absent, Precision::Exact)
        };
        ColumnStatistics {
            null_count: count(of("nullCount", field.name())),
            min_value: end("minValues"),
            max_value: end("maxValues"),
            ..ColumnStatistics::new_unknown()
        }
    });
    Statistics {
        num_rows: count(stats.get("numRecords")),
        total_byte_size: Precision::Absent,
        column_statistics: columns.collect(),
    }
}

fn scalar(kind: &DataType, value: &Value) -> Option<ScalarValue> {
    match kind {
        DataType::Int64 => value.as_i64().map(|value| ScalarValue::Int64(Some(value))),
        DataType::Utf8View => {
            let text = value.as_str().map(str::to_owned);
            text.map(|text| ScalarValue::Utf8View(Some(text)))
        }
        _ => None,
    }
}
