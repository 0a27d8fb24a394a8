//! Bytes that other programs wrote: XCDR2 of Cyclone DDS and pycdr2, foxglove messages of protobuf.

use crate::support::{conformance, rows, schema, unhex};
use base64::Engine as _;
use fieldassay_formats::Schema;
use fieldassay_formats::decode::{
    ColumnDecoder, PoseReader, StampKind, StampReader, TransformReader, TransformSample,
};
use serde_json::Value;

/// Numbers as doubles, so that 1 and 1.0 agree; whole numbers beyond 2^53 stay exact.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(n) => match n.as_i64() {
            #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
            Some(i) if i.unsigned_abs() < 1 << 53 => Value::from(i as f64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), normal(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

#[test]
fn xcdr2_of_cyclone_dds() {
    let file = conformance("decode/xcdr2.json");
    for case in file["cases"].as_array().expect("cases") {
        let types = case["types"].as_str().expect("types");
        let idl = file["idl"][types].as_str().expect("IDL");
        let payload = unhex(case["hex"].as_str().expect("hex"));
        let declared = schema("m::Outer", "omgidl", idl);
        let found = rows(&declared, "cdr", &[&payload]);
        assert_eq!(normal(&found[0]), normal(&file["values"]), "{case}");
        for cut in 0..payload.len() {
            let mut decoder = ColumnDecoder::new(Some(&declared), "cdr").expect("schema");
            decoder.push(&payload[..cut]).expect_err("cut");
        }
        // Types that declare nothing are what the encapsulation says.
        if types == "final in final" || types == "appendable in appendable" {
            let undeclared = idl.replace("@final ", "").replace("@appendable ", "");
            let found = rows(
                &schema("m::Outer", "omgidl", &undeclared),
                "cdr",
                &[&payload],
            );
            assert_eq!(normal(&found[0]), normal(&file["values"]), "{case}");
        }
    }
}

/// Schema, protobuf bytes, JSON text and values of a foxglove case.
fn foxglove(name: &str) -> (Schema, Vec<u8>, String, Value) {
    let file = conformance("decode/foxglove.json");
    let cases = file["cases"].as_array().expect("cases");
    let case = cases.iter().find(|c| c["name"] == name).expect("case");
    let text = |key: &str| case[key].as_str().expect("text").to_owned();
    let schema = Schema {
        name: text("type"),
        encoding: "protobuf".to_owned(),
        data: base64::engine::general_purpose::STANDARD
            .decode(text("descriptors_base64"))
            .expect("base64"),
    };
    (
        schema,
        unhex(&text("hex")),
        text("json"),
        case["values"].clone(),
    )
}

#[test]
fn protobuf_columns() {
    for name in [
        "transform",
        "transforms",
        "location",
        "pose",
        "cloud",
        "all",
    ] {
        let (schema, payload, _, values) = foxglove(name);
        let found = rows(&schema, "protobuf", &[&payload, &payload]);
        for row in found {
            assert_eq!(normal(&row), normal(&values), "{name}");
        }
        // A cut may fall between two fields, which protobuf cannot tell; it must never panic.
        let mut decoder = ColumnDecoder::new(Some(&schema), "protobuf").expect("schema");
        let mut whole = 0;
        for cut in 0..payload.len() {
            whole += usize::from(decoder.push(&payload[..cut]).is_ok());
        }
        assert!(whole < payload.len() / 2);
        assert_eq!(decoder.finish().expect("batch").num_rows(), whole);
    }
}

#[test]
fn protobuf_errors_name_the_field() {
    let (schema, mut payload, _, _) = foxglove("transform");
    let mut decoder = ColumnDecoder::new(Some(&schema), "protobuf").expect("schema");
    // The last field is `rotation.w`, a double; its key made one of a varint.
    let key = payload.len() - 9;
    assert_eq!(payload[key], 4 << 3 | 1);
    payload[key] = 4 << 3;
    let error = decoder.push(&payload).expect_err("wrong wire type");
    assert_eq!(error.field, "rotation.w");
    assert_eq!(error.code(), "decode.protobuf");
    assert_eq!(decoder.rows(), 0);
}

fn expected(values: &Value) -> TransformSample {
    let float = |v: &Value| v.as_f64().unwrap_or(0.0);
    TransformSample {
        parent: values["parent_frame_id"].as_str().expect("text").to_owned(),
        child: values["child_frame_id"].as_str().expect("text").to_owned(),
        stamp_ns: values["timestamp"].as_i64().unwrap_or(0),
        translation_m: ["x", "y", "z"].map(|a| float(&values["translation"][a])),
        quat_xyzw: ["x", "y", "z", "w"].map(|a| float(&values["rotation"][a])),
    }
}

#[test]
fn foxglove_transforms_in_protobuf_and_json() {
    for name in ["transform", "transforms"] {
        let (schema, payload, text, values) = foxglove(name);
        let expected: Vec<TransformSample> = match values["transforms"].as_array() {
            Some(list) => list.iter().map(expected).collect(),
            None => vec![expected(&values)],
        };
        let read = |schema: &Schema, encoding: &str, payload: &[u8]| {
            let reader = TransformReader::new(schema, encoding).expect("transforms");
            let mut found: Vec<TransformSample> = Vec::new();
            reader
                .read(payload, &mut |t| found.push(t.into()))
                .expect("valid");
            found
        };
        assert_eq!(read(&schema, "protobuf", &payload), expected);
        let by_name = Schema {
            encoding: "jsonschema".to_owned(),
            data: Vec::new(),
            ..schema
        };
        assert_eq!(read(&by_name, "json", text.as_bytes()), expected);
    }
}

#[test]
fn foxglove_stamps() {
    let kinds = [
        ("transform", StampKind::Timestamp, "world"),
        ("transforms", StampKind::FirstElement, "world"),
        // Here the timestamp is the seventh field on the wire.
        ("location", StampKind::Timestamp, "gps"),
        ("pose", StampKind::Timestamp, "map"),
        ("cloud", StampKind::Timestamp, "lidar"),
    ];
    for (name, kind, frame) in kinds {
        let (schema, payload, text, values) = foxglove(name);
        let reader = StampReader::new(Some(&schema), "protobuf");
        assert_eq!(reader.kind(), &kind, "{name}");
        let stamped = values["transforms"].get(0).unwrap_or(&values);
        let stamp = stamped["timestamp"].as_i64();
        assert_eq!(reader.stamp(&payload), stamp, "{name}");
        assert_eq!(reader.frame_id(&payload), Some(frame), "{name}");
        assert_eq!(reader.stamp(&[]), None);
        for cut in 0..payload.len() {
            let _ = reader.stamp(&payload[..cut]);
        }
        if name != "transforms" {
            let probe = StampReader::new(None, "json");
            assert_eq!(probe.stamp(text.as_bytes()), stamp, "{name}");
        }
    }
    let (schema, _, _, _) = foxglove("all");
    let reader = StampReader::new(Some(&schema), "protobuf");
    assert!(matches!(reader.kind(), StampKind::None(_)));
}

#[test]
fn foxglove_pose() {
    let (schema, payload, text, _) = foxglove("pose");
    let by_name = Schema {
        encoding: "jsonschema".to_owned(),
        data: Vec::new(),
        ..schema.clone()
    };
    for (schema, encoding, payload) in [
        (&schema, "protobuf", payload.as_slice()),
        (&by_name, "json", text.as_bytes()),
    ] {
        let reader = PoseReader::new(schema, encoding).expect("pose");
        let mut found: Vec<TransformSample> = Vec::new();
        reader
            .read(payload, &mut |t| found.push(t.into()))
            .expect("valid");
        assert_eq!(
            found,
            [TransformSample {
                parent: "map".to_owned(),
                child: String::new(),
                stamp_ns: 7_000_000_000,
                translation_m: [3.0, 0.0, 0.0],
                quat_xyzw: [0.0, 0.0, 0.0, 1.0],
            }]
        );
    }
}
