//! `FlatBuffers` of every type, against what flatc reads from them, and damaged.

use crate::support::{conformance, to_rows, unhex};
use base64::Engine as _;
use fieldassay_formats::Schema;
use fieldassay_formats::decode::fields::{Fields, Shape, Value as FieldValue, Wanted};
use fieldassay_formats::decode::{ColumnDecoder, DecodeCause, StampKind, StampReader};
use serde_json::{Value, json};

fn declared() -> (Schema, Value) {
    let file = conformance("decode/flatbuffers.json");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let schema = Schema {
        name: text(&file["type"]),
        encoding: "flatbuffer".to_owned(),
        data: base64::engine::general_purpose::STANDARD
            .decode(text(&file["schema_base64"]))
            .expect("base64"),
    };
    (schema, file)
}

fn decode(schema: &Schema, payload: &[u8]) -> Value {
    let mut decoder = ColumnDecoder::new(Some(schema), "flatbuffer").expect("schema");
    decoder.push(payload).expect("payload");
    to_rows(&decoder.finish().expect("batch")).remove(0)
}

/// What flatc writes, in the form of our columns: enumerations as numbers, bytes unsigned, times in
/// nanoseconds; unions and the type inside itself are left out, the deprecated field has its default.
fn expected(values: &Value, found: &Value) -> Value {
    let time = |time: &Value| {
        let [secs, nanos] = [&time["sec"], &time["nsec"]].map(|v| v.as_i64().expect("number"));
        json!(secs * 1_000_000_000 + nanos)
    };
    let number = |name: &Value| match name.as_str() {
        Some("Red") => json!(-1),
        Some("Green" | "NONE") => json!(0),
        Some("Blue") => json!(7),
        Some("A C") => json!(5),
        Some("Leaf") => json!(1),
        _ => name.clone(),
    };
    let each = |list: &Value, map: &dyn Fn(&Value) -> Value| -> Value {
        list.as_array().expect("list").iter().map(map).collect()
    };
    let mut out = values.clone();
    let fields = out.as_object_mut().expect("object");
    fields.retain(|name, _| !matches!(name.as_str(), "choice" | "itself"));
    for (name, value) in fields.iter_mut() {
        *value = match name.as_str() {
            "color" | "flags" | "choice_type" => number(value),
            "colors" => each(value, &number),
            "time" => time(value),
            "times" => each(value, &time),
            "bytes" => each(value, &|byte| json!(byte.as_i64().expect("byte") & 0xff)),
            "leaves" => each(
                value,
                &|leaf| json!({"text": leaf["text"], "number": leaf["number"]}),
            ),
            // flatc puts defaults beyond 63 bits into binary schemas as 0.
            "ulong" if value.as_u64() == Some(12_345_678_901_234_567_890) => json!(0),
            // flatc prints the shortest text of the single, not of the double it becomes.
            "float" => json!(f64::from(value.to_string().parse::<f32>().expect("float"))),
            _ => value.clone(),
        };
    }
    fields.insert("old".to_owned(), json!(0));
    for name in found.as_object().expect("row").keys() {
        fields.entry(name.clone()).or_insert(Value::Null);
    }
    out
}

#[test]
fn columns_are_what_flatc_reads() {
    let (schema, file) = declared();
    for case in file["cases"].as_array().expect("cases") {
        let found = decode(&schema, &unhex(case["hex"].as_str().expect("hex")));
        let expected = expected(&case["values"], &found);
        assert_eq!(found, expected, "{}", case["name"]);
    }
}

#[test]
fn chosen_fields_reach_into_structs_arrays_and_lists() {
    let (schema, file) = declared();
    let payload = unhex(file["cases"][0]["hex"].as_str().expect("hex"));
    let fields = Fields::parse(&schema, "flatbuffer").expect("schema");
    let want = |path, slot, shape| Wanted { path, slot, shape };
    let reader = fields.reader(&[
        want("nested.pairs.b", 0, Shape::Number),
        want("nested.row", 1, Shape::Numbers),
        want("ulong", 2, Shape::Number),
        want("texts", 3, Shape::Text),
        want("time", 4, Shape::Time),
        want("ubytes", 5, Shape::Bytes),
        want("leaf.number", 6, Shape::Number),
        want("perhaps_not", 7, Shape::Number),
        want("choice", 8, Shape::Number),
        want("text", 9, Shape::Number),
    ]);
    let found = [true, true, true, true, true, true, true, true, false, false];
    assert_eq!(reader.found(), found);
    let mut seen = Vec::new();
    let read = reader.read(&payload, &mut |slot, value| match value {
        FieldValue::Numbers(numbers) => {
            let mut list = Vec::new();
            numbers.extend(&mut list);
            seen.push((slot, json!(list)));
        }
        FieldValue::Text(text) => seen.push((slot, json!(text))),
        FieldValue::Bytes(bytes) => seen.push((slot, json!(bytes))),
        FieldValue::Integer(number) => seen.push((slot, json!(number))),
        FieldValue::Float(number) => seen.push((slot, json!(number))),
        FieldValue::Element => seen.push((slot, json!("element"))),
    });
    read.expect("readable");
    let expected = [
        (2, json!(i64::MAX)),
        (4, json!(4_000_000_000_000_000_005_i64)),
        (1, json!([1.0, -2.0, 3.0])),
        (0, json!(1.5)),
        (0, json!(3.5)),
        (6, json!(5)),
        (5, json!([0, 255])),
        (3, json!("a")),
        (3, json!("")),
        (3, json!("b")),
    ];
    assert_eq!(seen, expected);
}

/// Payloads and schemas cut and with each byte changed: a typed error or other values, no panic.
#[test]
fn damage_is_survived() {
    let (schema, file) = declared();
    let payload = unhex(file["cases"][0]["hex"].as_str().expect("hex"));
    let mut decoder = ColumnDecoder::new(Some(&schema), "flatbuffer").expect("schema");
    for cut in 0..payload.len() {
        let _ = decoder.push(&payload[..cut]);
    }
    let mut damaged = payload.clone();
    for at in 0..payload.len() {
        for value in [0, 1, 4, 0x7f, 0x80, 0xff] {
            damaged[at] = value;
            let _ = decoder.push(&damaged);
        }
        damaged[at] = payload[at];
    }
    decoder.finish().expect("batch");
    let mut broken = schema.clone();
    for at in 0..schema.data.len() {
        for value in [1, 0xff] {
            broken.data[at] = value;
            let _ = StampReader::new(Some(&broken), "flatbuffer").kind();
            if let Ok(mut decoder) = ColumnDecoder::new(Some(&broken), "flatbuffer") {
                let _ = decoder.push(&payload);
                decoder.finish().expect("batch");
            }
        }
        broken.data[at] = schema.data[at];
    }
    for cut in 0..schema.data.len() {
        broken.data.truncate(schema.data.len() - cut - 1);
        let _ = ColumnDecoder::new(Some(&broken), "flatbuffer");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let (mut schema, _) = declared();
    let stamps = StampReader::new(Some(&schema), "flatbuffer");
    assert!(matches!(stamps.kind(), StampKind::None(reason) if reason.contains("test.All")));
    schema.name = "test.Missing".to_owned();
    let error = ColumnDecoder::new(Some(&schema), "flatbuffer").expect_err("missing");
    assert!(error.to_string().contains("test.Missing"), "{error}");
    schema.data.clear();
    let error = ColumnDecoder::new(Some(&schema), "flatbuffer").expect_err("empty");
    assert_eq!(error.code(), "definition.schema");
}

/// Ten thousand tables that are one and the same, each with a text of ten thousand bytes: sharing must
/// not let a small message ask for a large allocation.
#[test]
fn shared_parts_have_a_limit() {
    let (schema, _) = declared();
    let fields = Fields::parse(&schema, "flatbuffer").expect("schema");
    let reader = fields.reader(&[Wanted {
        path: "texts",
        slot: 0,
        shape: Shape::Text,
    }]);
    let id = fields_id(&schema, "texts");
    let mut payload = Vec::new();
    let slot = 4 + 2 * id;
    // Root offset, vtable, table, vector of equal offsets, text.
    let vtable_size = slot + 2;
    let table = 4 + vtable_size.next_multiple_of(4);
    let vector = table + 8;
    let count = 10_000;
    let text = vector + 4 + 4 * count;
    payload.extend(u32::try_from(table).expect("small").to_le_bytes());
    payload.extend(u16::try_from(vtable_size).expect("small").to_le_bytes());
    payload.resize(4 + slot, 0);
    payload.extend(4_u16.to_le_bytes());
    payload.resize(table, 0);
    payload.extend(u32::try_from(table - 4).expect("small").to_le_bytes());
    payload.extend(4_u32.to_le_bytes());
    payload.extend(u32::try_from(count).expect("small").to_le_bytes());
    for index in 0..count {
        let place = vector + 4 + 4 * index;
        payload.extend(u32::try_from(text - place).expect("small").to_le_bytes());
    }
    payload.extend(10_000_u32.to_le_bytes());
    payload.resize(text + 4 + 10_000, b'x');
    let mut texts = 0_usize;
    let read = reader.read(&payload, &mut |_, value| texts += value.text().len());
    let error = read.expect_err("too much");
    assert!(
        matches!(error.cause, DecodeCause::TooManyValues { .. }),
        "{error}"
    );
    assert!(texts > 0 && texts <= 16 * payload.len() + (1 << 16));
    let mut decoder = ColumnDecoder::new(Some(&schema), "flatbuffer").expect("schema");
    assert!(decoder.push(&payload).is_ok() || decoder.heap_bytes() < 1 << 20);
}

/// The id of a field: its place among the columns, none of which is left out before it.
fn fields_id(schema: &Schema, name: &str) -> usize {
    let decoder = ColumnDecoder::new(Some(schema), "flatbuffer").expect("schema");
    decoder.schema().index_of(name).expect("field")
}
