//! Cases of the conformance folder, and samples as JSON.

use base64::Engine as _;
use fieldassay_formats::Schema;
use fieldassay_formats::sensor::Sample;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A message another program wrote.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) message_encoding: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) sample: Value,
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex digits"))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The cases of a file of `conformance/sensor`; binary schemas stand once per type.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = fieldassay_testkit::repository_root()
        .join("conformance/sensor")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let cases = file["cases"].as_array().expect("cases");
    cases
        .iter()
        .map(|case| {
            let name = text(&case["type"]).expect("type");
            let encoding = text(&case["schema_encoding"]).expect("encoding");
            let data = match (&case["schema"], &file["schemas_base64"][&encoding][&name]) {
                (Value::String(text), _) => text.clone().into_bytes(),
                (_, Value::String(base64)) => base64::engine::general_purpose::STANDARD
                    .decode(base64)
                    .expect("base64"),
                _ => Vec::new(),
            };
            let payload = match (&case["hex"], &case["text"]) {
                (Value::String(hex), _) => unhex(hex),
                (_, text) => text.as_str().expect("payload").as_bytes().to_vec(),
            };
            Case {
                name: text(&case["name"]).expect("name"),
                schema: Schema {
                    name,
                    encoding,
                    data,
                },
                message_encoding: text(&case["message_encoding"]).expect("encoding"),
                payload,
                sample: case["sample"].clone(),
            }
        })
        .collect()
}

/// Numbers JSON lacks as null (NaN) and text.
fn number(value: f64) -> Value {
    if value.is_infinite() {
        json!(format!("{value}"))
    } else {
        json!(value)
    }
}

fn numbers(values: &[f64]) -> Value {
    values.iter().map(|value| number(*value)).collect()
}

fn floats(values: &[f32]) -> Value {
    values.iter().map(|v| number(f64::from(*v))).collect()
}

/// A sample in the form of the conformance files.
pub(crate) fn to_json(sample: &Sample<'_>) -> Value {
    match sample {
        Sample::Imu(imu) => json!({
            "kind": "imu", "gyro": numbers(&imu.gyro), "accel": numbers(&imu.accel),
            "quat": imu.quat_xyzw.map(|quat| numbers(&quat)),
        }),
        Sample::Fix(fix) => json!({
            "kind": "fix", "status": fix.status,
            "position": numbers(&[fix.latitude_degrees, fix.longitude_degrees, fix.altitude_meters]),
            "covariance": fix.covariance_meters2.map(|matrix| numbers(&matrix)),
            "covariance_type": fix.covariance_type, "hdop": fix.hdop_ratio,
        }),
        Sample::Pose(pose) => json!({
            "kind": "pose", "parent": pose.parent, "child": pose.child,
            "translation": numbers(&pose.translation_meters), "quat": numbers(&pose.quat_xyzw),
        }),
        Sample::Joints(joints) => json!({
            "kind": "joints", "names": joints.names, "position": numbers(&joints.position),
            "velocity": numbers(&joints.velocity), "effort": numbers(&joints.effort),
        }),
        Sample::CameraInfo(info) => json!({
            "kind": "camera_info", "frame": info.frame, "size": [info.width, info.height],
            "model": info.distortion_model, "d": numbers(&info.d), "k": numbers(&info.k),
            "r": numbers(&info.r), "p": numbers(&info.p), "binning": info.binning, "roi": info.roi,
        }),
        Sample::Image(image) => json!({
            "kind": "image", "frame": image.frame, "size": [image.width, image.height],
            "encoding": image.encoding, "compressed": image.compressed, "step": image.step,
            "big_endian": image.big_endian, "data": hex(&image.data),
        }),
        Sample::Video(video) => json!({
            "kind": "video", "frame": video.frame, "format": video.format, "data": hex(&video.data),
        }),
        Sample::Cloud(cloud) => json!({
            "kind": "cloud", "frame": cloud.frame, "size": [cloud.width, cloud.height],
            "steps": [cloud.point_step, cloud.row_step], "dense": cloud.is_dense,
            "big_endian": cloud.big_endian, "data": hex(&cloud.data),
            "fields": cloud.fields.iter().map(|field| json!([
                field.name, field.offset, field.field_type.map(|t| format!("{t:?}")), field.count,
            ])).collect::<Vec<_>>(),
        }),
        Sample::Scan(scan) => json!({
            "kind": "scan", "frame": scan.frame, "start": scan.start_radians,
            "step": scan.step_radians, "step_secs": scan.step_secs,
            "limits": numbers(&[scan.least_meters, scan.most_meters]),
            "ranges": floats(&scan.ranges_meters), "intensities": floats(&scan.intensities),
        }),
        Sample::Audio(audio) => json!({
            "kind": "audio", "format": audio.format, "rate": audio.sample_rate_hz,
            "channels": audio.channels, "data": hex(&audio.data),
        }),
        Sample::Boxes(boxes) => json!({
            "kind": "boxes", "frame": boxes.frame,
            "boxes": boxes.boxes.iter().map(|each| json!({
                "track": each.track, "category": each.category,
                "center": numbers(&each.center_meters), "quat": numbers(&each.quat_xyzw),
                "size": numbers(&each.size_meters), "points": each.points,
            })).collect::<Vec<_>>(),
        }),
    }
}

/// Whether two values agree, numbers to twelve digits.
pub(crate) fn agree(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("float"), b.as_f64().expect("float"));
            (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| agree(value, other)))
        }
        _ => left == right,
    }
}
