//! Blocks of `signals.json` that hold encoded messages.

use super::Outcome;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int8Type, Int64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use fieldassay_formats::Schema;
use fieldassay_formats::decode::ColumnDecoder;
use fieldassay_testkit::Comparison;
use serde_json::{Map, Value, json};

const SEPARATOR: &str =
    "================================================================================\nMSG: ";

/// Definition of a message type of the vectors, without its header's.
fn definition(name: &str) -> Option<String> {
    match name {
        "NavSatFix" => Some(format!(
            "std_msgs/Header header\nNavSatStatus status\nfloat64 latitude\nfloat64 longitude\nfloat64 altitude\n\
             float64[9] position_covariance\nuint8 position_covariance_type\n\
             {SEPARATOR}sensor_msgs/NavSatStatus\nint8 status\nuint16 service\n"
        )),
        "PointCloud2" => Some(format!(
            "std_msgs/Header header\nuint32 height\nuint32 width\nPointField[] fields\nbool is_bigendian\n\
             uint32 point_step\nuint32 row_step\nuint8[] data\nbool is_dense\n\
             {SEPARATOR}sensor_msgs/PointField\nstring name\nuint32 offset\nuint8 datatype\nuint32 count\n"
        )),
        "Empty" => Some(String::new()),
        _ => None,
    }
}

/// What the message must hold: `values` of the block `cdr` for `NavSatFix`, the README's constants for `PointCloud2`.
fn expected(name: &str, is_ros1: bool, values: &Value) -> Value {
    let stamp = values["stamp"][0].as_i64().unwrap_or(0) * 1_000_000_000
        + values["stamp"][1].as_i64().unwrap_or(0);
    let mut header = json!({"stamp": stamp, "frame_id": values["frame"]});
    if is_ros1 {
        header["seq"] = json!(7);
    }
    match name {
        "NavSatFix" => {
            let diagonal = &values["cov_diag"];
            json!({
                "header": header,
                "status": {"status": values["status"], "service": values["service"]},
                "latitude": values["lat"], "longitude": values["lon"], "altitude": values["alt"],
                "position_covariance": [diagonal[0], 0.0, 0.0, 0.0, diagonal[1], 0.0, 0.0, 0.0, diagonal[2]],
                "position_covariance_type": values["cov_type"],
            })
        }
        "PointCloud2" => {
            let field = |name: &str, offset: u32, datatype: u8| json!({"name": name, "offset": offset, "datatype": datatype, "count": 1});
            let points = [([1.0_f32, 2.0, 3.0], 5_u16), ([-1.5, 0.25, 9.0], 63)];
            let data: Vec<u8> = points
                .iter()
                .flat_map(|(xyz, ring)| {
                    xyz.iter()
                        .flat_map(|v| v.to_le_bytes())
                        .chain(ring.to_le_bytes())
                })
                .collect();
            json!({
                "header": header, "height": 1, "width": 2,
                "fields": [field("x", 0, 7), field("y", 4, 7), field("z", 8, 7), field("ring", 12, 4)],
                "is_bigendian": false, "point_step": 14, "row_step": 28, "data": data, "is_dense": true,
            })
        }
        _ => json!({}),
    }
}

/// One entry per message of a block.
pub(super) fn entries(
    encoding: &str,
    label: &str,
    block: &Value,
    all: &Value,
) -> Vec<(String, Outcome)> {
    let values = if block["values"].is_object() {
        &block["values"]
    } else {
        &all["cdr"]["values"]
    };
    let messages = block
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "values");
    messages
        .map(|(key, hex)| {
            (
                format!("{label}.{key}"),
                message(encoding, key, hex, values),
            )
        })
        .collect()
}

fn message(encoding: &str, key: &str, hex: &Value, values: &Value) -> Outcome {
    let name = key.split('_').next().unwrap_or(key);
    let is_ros1 = encoding == "ros1";
    let Some(data) = definition(name) else {
        return Outcome::Skipped(format!("no definition of `{name}` at hand"));
    };
    let schema = Schema {
        name: format!("sensor_msgs/{}{name}", if is_ros1 { "" } else { "msg/" }),
        encoding: if is_ros1 { "ros1msg" } else { "ros2msg" }.to_owned(),
        data: data.into_bytes(),
    };
    let mut c = Comparison::default();
    match decode(&schema, encoding, hex) {
        Ok(row) => compare(key, &row, &expected(name, is_ros1, values), &mut c),
        Err(why) => c.fail(why),
    }
    c.into()
}

/// Field by field, so that the difference is named.
fn compare(path: &str, found: &Value, expected: &Value, c: &mut Comparison) {
    match (found.as_object(), expected.as_object()) {
        (Some(a), Some(b)) => {
            let names = |m: &Map<String, Value>| {
                let mut names: Vec<&String> = m.keys().collect();
                names.sort();
                json!(names)
            };
            c.equal(&format!("{path} fields"), &names(a), &names(b));
            for (key, value) in a {
                compare(&format!("{path}.{key}"), value, &expected[key], c);
            }
        }
        _ => match (found.as_array(), expected.as_array()) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                for (i, (x, y)) in a.iter().zip(b).enumerate() {
                    compare(&format!("{path}[{i}]"), x, y, c);
                }
            }
            _ => c.equal(path, found, expected),
        },
    }
}

fn decode(schema: &Schema, encoding: &str, hex: &Value) -> Result<Value, String> {
    let payload = unhex(hex.as_str().unwrap_or("")).ok_or("not hexadecimal")?;
    let mut decoder = ColumnDecoder::new(Some(schema), encoding).map_err(|e| e.to_string())?;
    decoder.push(&payload).map_err(|e| e.to_string())?;
    row(&decoder.finish().map_err(|e| e.to_string())?)
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    if hex.len() % 2 == 1 {
        return None;
    }
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok())
        .collect()
}

fn row(batch: &RecordBatch) -> Result<Value, String> {
    let schema = batch.schema();
    let mut found = Map::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        found.insert(field.name().clone(), value(column.as_ref(), 0)?);
    }
    Ok(Value::Object(found))
}

/// A value of the types the vectors use.
fn value(array: &dyn Array, at: usize) -> Result<Value, String> {
    Ok(match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(at)),
        DataType::Int8 => json!(array.as_primitive::<Int8Type>().value(at)),
        DataType::UInt8 => json!(array.as_primitive::<UInt8Type>().value(at)),
        DataType::UInt16 => json!(array.as_primitive::<UInt16Type>().value(at)),
        DataType::UInt32 => json!(array.as_primitive::<UInt32Type>().value(at)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(at)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(at)),
        DataType::Utf8 => json!(array.as_string::<i32>().value(at)),
        DataType::Binary => json!(array.as_binary::<i32>().value(at)),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(at);
            (0..items.len())
                .map(|i| value(items.as_ref(), i))
                .collect::<Result<_, _>>()?
        }
        DataType::Struct(fields) => {
            let mut found = Map::new();
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                found.insert(field.name().clone(), value(column.as_ref(), at)?);
            }
            Value::Object(found)
        }
        other => return Err(format!("a column of type {other} is not expected here")),
    })
}
