//! Columns of the reference bytes and of hand-written messages.

use crate::support::{rows, schema, vector};
use crate::views::NAV_SAT_FIX;
use fieldassay_formats::decode::{ColumnDecoder, DecodeCause};
use serde_json::{Value, json};

fn nav_sat_fix(seq: Option<u32>) -> Value {
    let mut header = json!({"stamp": 1_700_000_000_123_456_789_i64, "frame_id": "gps"});
    if let Some(seq) = seq {
        header["seq"] = json!(seq);
    }
    json!({
        "header": header,
        "status": {"status": 2, "service": 9},
        "latitude": 48.1371,
        "longitude": 11.5754,
        "altitude": 519.25,
        "position_covariance": [1.5, 0.0, 0.0, 0.0, 1.25, 0.0, 0.0, 0.0, 4.0],
        "position_covariance_type": 2,
    })
}

#[test]
fn nav_sat_fix_of_rosbags() {
    let ros2 = schema("sensor_msgs/msg/NavSatFix", "ros2msg", NAV_SAT_FIX);
    let payload = vector("cdr", "NavSatFix_le");
    assert_eq!(rows(&ros2, "cdr", &[&payload]), [nav_sat_fix(None)]);
    let ros1 = schema("sensor_msgs/NavSatFix", "ros1msg", NAV_SAT_FIX);
    let payload = vector("ros1", "NavSatFix");
    assert_eq!(rows(&ros1, "ros1", &[&payload]), [nav_sat_fix(Some(7))]);
}

#[test]
fn point_cloud_of_rosbags() {
    let text = "std_msgs/Header header\nuint32 height\nuint32 width\nPointField[] fields\nbool is_bigendian\nuint32 point_step\nuint32 row_step\nuint8[] data\nbool is_dense\n================================================================================\nMSG: sensor_msgs/PointField\nuint8 FLOAT32=7\nstring name\nuint32 offset\nuint8 datatype\nuint32 count\n";
    let cloud = schema("sensor_msgs/msg/PointCloud2", "ros2msg", text);
    let payload = vector("cdr", "PointCloud2_le");
    let found = rows(&cloud, "cdr", &[&payload]).remove(0);
    let mut data = Vec::new();
    for (point, ring) in [([1.0_f32, 2.0, 3.0], 5_u16), ([-1.5, 0.25, 9.0], 63)] {
        for v in point {
            data.extend(v.to_le_bytes());
        }
        data.extend(ring.to_le_bytes());
    }
    let field = |name: &str, offset: u32, datatype: u8| json!({"name": name, "offset": offset, "datatype": datatype, "count": 1});
    assert_eq!(
        found,
        json!({
            "header": {"stamp": 1_700_000_000_123_456_789_i64, "frame_id": "gps"},
            "height": 1, "width": 2,
            "fields": [field("x", 0, 7), field("y", 4, 7), field("z", 8, 7), field("ring", 12, 4)],
            "is_bigendian": false, "point_step": 14, "row_step": 28, "data": data, "is_dense": true,
        })
    );
}

#[test]
fn an_empty_message_is_one_byte() {
    let empty = schema("std_msgs/msg/Empty", "ros2msg", "");
    let payload = vector("cdr", "Empty_le");
    let mut decoder = ColumnDecoder::new(Some(&empty), "cdr").expect("schema");
    decoder.push(&payload).expect("payload");
    let error = decoder
        .push(&payload[..4])
        .expect_err("the byte is missing");
    assert!(matches!(error.cause, DecodeCause::Truncated { .. }));
    let batch = decoder.finish().expect("batch");
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 0));
}

#[test]
fn errors_name_the_field_and_the_row_is_taken_back() {
    let text = "string[] names\nPart[] parts\n================================================================================\nMSG: a/Part\nuint32 n\nfloat64[] xs\n";
    let list = schema("a/List", "ros1msg", text);
    let mut decoder = ColumnDecoder::new(Some(&list), "ros1").expect("schema");
    let good = [
        1, 0, 0, 0, 1, 0, 0, 0, b'q', 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
    ];
    decoder.push(&good).expect("good");
    let mut bad = good;
    bad[17] = 9;
    let error = decoder.push(&bad).expect_err("nine floats do not fit");
    assert_eq!(
        (error.field.as_str(), error.code()),
        ("parts.xs", "decode.sequence_too_long")
    );
    assert_eq!(error.offset, 21);
    assert!(error.to_string().contains("hint: "), "{error}");
    assert_eq!(decoder.rows(), 1);
    decoder.push(&good).expect("good");
    assert_eq!(decoder.finish().expect("batch").num_rows(), 2);
}

#[test]
fn text_that_is_not_utf8_is_replaced_and_counted() {
    let text = schema("a/Text", "ros1msg", "string s");
    let mut decoder = ColumnDecoder::new(Some(&text), "ros1").expect("schema");
    decoder
        .push(&[3, 0, 0, 0, b'a', 0xff, b'b'])
        .expect("lossy");
    assert_eq!(decoder.replaced_texts(), 1);
    let batch = decoder.finish().expect("batch");
    assert_eq!(
        crate::support::to_rows(&batch),
        [json!({"s": "a\u{fffd}b"})]
    );
}

#[test]
fn hostile_lists_of_nothing_end() {
    let text = "E[] es\n================================================================================\nMSG: a/E\n";
    let list = schema("a/L", "ros1msg", text);
    let mut decoder = ColumnDecoder::new(Some(&list), "ros1").expect("schema");
    let error = decoder
        .push(&[255, 255, 255, 255])
        .expect_err("four billion nothings");
    assert_eq!(error.code(), "decode.sequence_too_long");
    decoder.push(&[3, 0, 0, 0]).expect("three nothings");
    assert_eq!(decoder.finish().expect("batch").num_rows(), 1);
}

#[test]
fn json_by_schema() {
    let text = r##"{
        "type": "object",
        "properties": {
            "timestamp": {"type": "object", "title": "time", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
            "data": {"type": "string", "contentEncoding": "base64"},
            "n": {"type": "integer"},
            "x": {"type": ["number", "null"]},
            "list": {"type": "array", "items": {"$ref": "#/$defs/point"}},
            "any": {},
            "name": {"type": "string"},
            "ok": {"type": "boolean"}
        },
        "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}}}
    }"##;
    let schema = schema("Sample", "jsonschema", text);
    let payloads: [&[u8]; 2] = [
        br#"{"ok": true, "n": 9007199254740993, "x": 1e-3, "timestamp": {"sec": 5, "nsec": 6}, "data": "AQI=", "list": [{"x": 1}, {"y": 2}, null], "any": {"a": [1, 2]}, "name": "a\u00e9\n", "unknown": 1}"#,
        br#"{"x": null, "n": "12", "list": []}"#,
    ];
    assert_eq!(
        rows(&schema, "json", &payloads),
        [
            json!({"ok": true, "n": 9_007_199_254_740_993_i64, "x": 0.001, "timestamp": 5_000_000_006_i64,
                "data": [1, 2], "list": [{"x": 1.0}, {"x": null}, null], "any": "{\"a\": [1, 2]}", "name": "aé\n"}),
            json!({"ok": null, "n": 12, "x": null, "timestamp": null, "data": null, "list": [], "any": null, "name": null}),
        ]
    );
    let mut decoder = ColumnDecoder::new(Some(&schema), "json").expect("schema");
    let wrong: [(&[u8], &str, &str, usize); 4] = [
        (
            br#"{"list": [{"x": "one"}]}"#,
            "list.x",
            "decode.json_type",
            16,
        ),
        (br#"{"n": 1.5}"#, "n", "decode.json_type", 6),
        (br#"{"n": 1 "x": 2}"#, "", "decode.json", 8),
        (br#"{"n": 1"#, "", "decode.json", 7),
    ];
    for (payload, field, code, offset) in wrong {
        let error = decoder.push(payload).expect_err("wrong");
        assert_eq!(
            (error.field.as_str(), error.code(), error.offset),
            (field, code, offset),
            "{error}"
        );
    }
    assert_eq!(decoder.rows(), 0);
}

#[test]
fn json_without_schema_is_text() {
    let mut decoder = ColumnDecoder::new(None, "json").expect("no schema is needed");
    decoder.push(b"[1, 2]").expect("JSON");
    assert_eq!(
        decoder.push(b"[1, ").expect_err("cut").code(),
        "decode.json"
    );
    assert_eq!(
        crate::support::to_rows(&decoder.finish().expect("batch")),
        [json!({"json": "[1, 2]"})]
    );
}

#[test]
fn encodings_that_do_not_fit_are_refused() {
    let text = schema("a/Text", "ros1msg", "string s");
    for (schema, encoding) in [
        (Some(&text), "cdr"),
        (Some(&text), "protobuf"),
        (Some(&text), "json"),
        (None, "cdr"),
        (Some(&text), "cbor"),
    ] {
        let error = ColumnDecoder::new(schema, encoding).expect_err("refused");
        assert_eq!(error.code(), "definition.pairing", "{encoding}");
    }
}

#[test]
fn many_columns_times_many_empty_elements_is_refused() {
    let properties: Vec<String> = (0..10_000)
        .map(|i| format!("\"p{i}\": {{\"type\": \"number\"}}"))
        .collect();
    let text = format!(
        "{{\"type\": \"object\", \"properties\": {{\"list\": {{\"type\": \"array\", \"items\": {{\"type\": \"object\", \"properties\": {{{}}}}}}}}}}}",
        properties.join(",")
    );
    let wide = schema("Wide", "jsonschema", &text);
    let mut decoder = ColumnDecoder::new(Some(&wide), "json").expect("schema");
    decoder
        .push(br#"{"list": [{"p7": 1}, {}]}"#)
        .expect("modest");
    let hostile = format!("{{\"list\": [{}]}}", vec!["{}"; 100_000].join(","));
    let error = decoder
        .push(hostile.as_bytes())
        .expect_err("a billion values");
    assert_eq!(
        (error.code(), error.field.as_str()),
        ("decode.too_many_values", "list")
    );
    assert!(decoder.heap_bytes() < 64 << 20);
    assert_eq!(decoder.finish().expect("batch").num_rows(), 1);
}

#[test]
fn wide_text_of_both_vendors() {
    let wide = schema("a/msg/W", "ros2msg", "wstring w\nuint8 after");
    for (id, narrow) in [(1_u8, true), (1, false), (0, true), (0, false)] {
        let mut payload = vec![0, id, 0, 0];
        let mut put = |value: u32, size: usize| {
            let little = value.to_le_bytes();
            if id == 1 {
                payload.extend(&little[..size]);
            } else {
                payload.extend(little[..size].iter().rev());
            }
        };
        let units: Vec<u16> = "a\n🚗é".encode_utf16().collect();
        put(u32::try_from(units.len()).expect("short"), 4);
        for unit in units {
            put(u32::from(unit), if narrow { 2 } else { 4 });
        }
        put(9, 1);
        assert_eq!(
            rows(&wide, "cdr", &[&payload]),
            [json!({"w": "a\n🚗é", "after": 9})]
        );
    }
}
