//! Schemas, reference bytes, and Arrow batches as JSON.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use fieldassay_formats::Schema;
use fieldassay_formats::decode::ColumnDecoder;
use serde_json::{Map, Value, json};

pub(crate) fn schema(name: &str, encoding: &str, data: &str) -> Schema {
    Schema {
        name: name.to_owned(),
        encoding: encoding.to_owned(),
        data: data.as_bytes().to_vec(),
    }
}

pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex digits"))
        .collect()
}

/// A file of the conformance folder.
pub(crate) fn conformance(relative: &str) -> Value {
    let path = fieldassay_testkit::repository_root()
        .join("conformance")
        .join(relative);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Reference bytes of `signals.json`.
pub(crate) fn vector(block: &str, name: &str) -> Vec<u8> {
    let all = conformance("signals/signals.json");
    unhex(all[block][name].as_str().expect("hex"))
}

/// Decodes messages and gives the rows as JSON, with the first error.
pub(crate) fn rows(schema: &Schema, encoding: &str, payloads: &[&[u8]]) -> Vec<Value> {
    let mut decoder = ColumnDecoder::new(Some(schema), encoding).expect("schema");
    for payload in payloads {
        decoder.push(payload).expect("payload");
    }
    to_rows(&decoder.finish().expect("batch"))
}

/// The rows of a batch as JSON objects.
pub(crate) fn to_rows(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    (0..batch.num_rows())
        .map(|row| {
            let fields = schema.fields().iter().zip(batch.columns());
            Value::Object(
                fields
                    .map(|(field, column)| (field.name().clone(), value(column.as_ref(), row)))
                    .collect::<Map<_, _>>(),
            )
        })
        .collect()
}

/// A value as JSON: bytes as a list of numbers, floats that JSON lacks as text.
fn value(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let float = |v: f64| {
        if v.is_finite() {
            json!(v)
        } else {
            json!(format!("{v}"))
        }
    };
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Int8 => json!(array.as_primitive::<Int8Type>().value(row)),
        DataType::UInt8 => json!(array.as_primitive::<UInt8Type>().value(row)),
        DataType::Int16 => json!(array.as_primitive::<Int16Type>().value(row)),
        DataType::UInt16 => json!(array.as_primitive::<UInt16Type>().value(row)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(row)),
        DataType::UInt32 => json!(array.as_primitive::<UInt32Type>().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => json!(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => json!(array.as_string::<i32>().value(row)),
        DataType::Binary => json!(array.as_binary::<i32>().value(row)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|i| value(items.as_ref(), i)).collect()
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let pairs = fields.iter().zip(columns);
            Value::Object(
                pairs
                    .map(|(field, column)| (field.name().clone(), value(column.as_ref(), row)))
                    .collect(),
            )
        }
        other => panic!("no column has type {other}"),
    }
}
