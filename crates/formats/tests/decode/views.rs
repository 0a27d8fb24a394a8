//! Header stamps and transforms, over the reference bytes and over hand-written messages.

use crate::support::{schema, vector};
use fieldassay_formats::decode::{
    PoseReader, StampKind, StampReader, TransformReader, TransformSample,
};

const STAMP: i64 = 1_700_000_000_123_456_789;

pub(crate) const NAV_SAT_FIX: &str = "std_msgs/Header header\nsensor_msgs/NavSatStatus status\nfloat64 latitude\nfloat64 longitude\nfloat64 altitude\nfloat64[9] position_covariance\nuint8 position_covariance_type\n================================================================================\nMSG: sensor_msgs/NavSatStatus\nint8 STATUS_FIX = 0 # unaugmented\nint8 status\nuint16 service\n";

#[test]
fn stamps_of_the_reference_bytes() {
    let ros2 = schema("sensor_msgs/msg/NavSatFix", "ros2msg", NAV_SAT_FIX);
    let reader = StampReader::new(Some(&ros2), "cdr");
    let payload = vector("cdr", "NavSatFix_le");
    assert_eq!(reader.kind(), &StampKind::Header);
    assert_eq!(reader.stamp(&payload), Some(STAMP));
    assert_eq!(reader.frame_id(&payload), Some("gps"));
    assert_eq!(reader.header_sequence(&payload), None);
    for cut in 0..12 {
        assert_eq!(reader.stamp(&payload[..cut]), None);
    }

    let ros1 = schema(
        "sensor_msgs/NavSatFix",
        "ros1msg",
        &NAV_SAT_FIX.replace("std_msgs/Header", "Header"),
    );
    let reader = StampReader::new(Some(&ros1), "ros1");
    let payload = vector("ros1", "NavSatFix");
    assert_eq!(reader.stamp(&payload), Some(STAMP));
    assert_eq!(reader.frame_id(&payload), Some("gps"));
    assert_eq!(reader.header_sequence(&payload), Some(7));
}

#[test]
fn a_message_without_time_says_why() {
    let text = schema("std_msgs/msg/String", "ros2msg", "string data");
    let reader = StampReader::new(Some(&text), "cdr");
    assert!(
        matches!(reader.kind(), StampKind::None(reason) if reason.contains("std_msgs/msg/String"))
    );
    assert_eq!(reader.stamp(&[0, 1, 0, 0, 1, 0, 0, 0, 0]), None);
    for (schema, encoding) in [
        (None, "cdr"),
        (Some(&text), "ros1"),
        (Some(&text), "flatbuffer"),
    ] {
        assert!(matches!(
            StampReader::new(schema, encoding).kind(),
            StampKind::None(_)
        ));
    }
}

const TF: &str = "geometry_msgs/TransformStamped[] transforms
================================================================================
MSG: geometry_msgs/TransformStamped
std_msgs/Header header
string child_frame_id
Transform transform
================================================================================
MSG: geometry_msgs/Transform
Vector3 translation
Quaternion rotation
================================================================================
MSG: geometry_msgs/Vector3
float64 x
float64 y
float64 z
================================================================================
MSG: geometry_msgs/Quaternion
float64 x 0
float64 y 0
float64 z 0
float64 w 1
";

/// A writer of CDR that knows only what these tests need.
struct Writer {
    bytes: Vec<u8>,
    big: bool,
    origin: usize,
    align: usize,
}

impl Writer {
    fn pad(&mut self, size: usize) {
        while !(self.bytes.len() - self.origin).is_multiple_of(size.min(self.align)) {
            self.bytes.push(0);
        }
    }
    fn u32(&mut self, value: u32) {
        self.pad(4);
        self.bytes.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
    fn f64(&mut self, value: f64) {
        self.pad(8);
        self.bytes.extend(if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
    fn text(&mut self, text: &str) {
        let closing = usize::from(self.origin == 4);
        self.u32(u32::try_from(text.len() + closing).expect("short"));
        self.bytes.extend(text.as_bytes());
        self.bytes.extend(std::iter::repeat_n(0, closing));
    }
    /// Reserves a DHEADER when XCDR2 has one there.
    fn open(&mut self, delimited: bool) -> Option<usize> {
        delimited.then(|| {
            self.u32(0);
            self.bytes.len()
        })
    }
    fn close(&mut self, mark: Option<usize>) {
        if let Some(mark) = mark {
            let size = u32::try_from(self.bytes.len() - mark).expect("short");
            let size = if self.big {
                size.to_be_bytes()
            } else {
                size.to_le_bytes()
            };
            self.bytes[mark - 4..mark].copy_from_slice(&size);
        }
    }
}

fn tf_payload(id: Option<u8>, samples: &[TransformSample]) -> Vec<u8> {
    let (bytes, big, align) = match id {
        None => (vec![], false, 1),
        Some(id) => (vec![0, id, 0, 0], id % 2 == 0, if id < 2 { 8 } else { 4 }),
    };
    let origin = bytes.len();
    let delimited = matches!(id, Some(8 | 9 | 0x14 | 0x15));
    let xcdr2 = align == 4;
    let mut w = Writer {
        bytes,
        big,
        origin,
        align,
    };
    let root = w.open(delimited);
    let list = w.open(xcdr2);
    w.u32(u32::try_from(samples.len()).expect("few"));
    for s in samples {
        let element = w.open(delimited);
        let header = w.open(delimited);
        if id.is_none() {
            w.u32(3);
        }
        let time = w.open(delimited);
        w.u32(u32::try_from(s.stamp_ns / 1_000_000_000).expect("seconds"));
        w.u32(u32::try_from(s.stamp_ns % 1_000_000_000).expect("nanoseconds"));
        w.close(time);
        w.text(&s.parent);
        w.close(header);
        w.text(&s.child);
        let transform = w.open(delimited);
        let vector = w.open(delimited);
        s.translation_m.iter().for_each(|v| w.f64(*v));
        w.close(vector);
        let quaternion = w.open(delimited);
        s.quat_xyzw.iter().for_each(|v| w.f64(*v));
        w.close(quaternion);
        w.close(transform);
        w.close(element);
    }
    w.close(list);
    w.close(root);
    w.bytes
}

fn samples() -> Vec<TransformSample> {
    ["base", "laser_link", "x"]
        .iter()
        .zip([1.0, -2.5, f64::MAX])
        .map(|(child, x)| TransformSample {
            parent: format!("/odom{child}"),
            child: (*child).to_owned(),
            stamp_ns: STAMP,
            translation_m: [x, 2.0, 3.0],
            quat_xyzw: [0.1, 0.2, 0.3, 0.9],
        })
        .collect()
}

fn read_all(reader: &TransformReader, payload: &[u8]) -> (Vec<TransformSample>, Option<String>) {
    let mut found = Vec::new();
    let result = reader.read(payload, &mut |t| found.push(t.into()));
    (found, result.err().map(|e| e.to_string()))
}

#[test]
fn transforms_in_every_layout_and_byte_order() {
    let ros2 = schema("tf2_msgs/msg/TFMessage", "ros2msg", TF);
    let ros1 = schema(
        "tf/tfMessage",
        "ros1msg",
        &TF.replace(" 0\n", "\n").replace(" 1\n", "\n"),
    );
    let ids = [
        None,
        Some(0),
        Some(1),
        Some(6),
        Some(7),
        Some(8),
        Some(9),
        Some(0x10),
        Some(0x11),
        Some(0x14),
        Some(0x15),
    ];
    for id in ids {
        let (schema, encoding) = if id.is_none() {
            (&ros1, "ros1")
        } else {
            (&ros2, "cdr")
        };
        let reader = TransformReader::new(schema, encoding).expect("transforms");
        let stamps = StampReader::new(Some(schema), encoding);
        assert_eq!(stamps.kind(), &StampKind::FirstElement);
        let payload = tf_payload(id, &samples());
        assert_eq!(read_all(&reader, &payload), (samples(), None), "{id:?}");
        assert_eq!(stamps.stamp(&payload), Some(STAMP), "{id:?}");
        assert_eq!(stamps.frame_id(&payload), Some("/odombase"), "{id:?}");
        let empty = tf_payload(id, &[]);
        assert_eq!(read_all(&reader, &empty), (vec![], None));
        assert_eq!(stamps.stamp(&empty), None);
        assert_eq!(stamps.frame_id(&empty), None);
        for cut in 0..payload.len() {
            let (found, error) = read_all(&reader, &payload[..cut]);
            assert!(error.is_some(), "{id:?} cut at {cut} of {}", payload.len());
            assert!(found.len() < 3);
            let _ = stamps.stamp(&payload[..cut]);
        }
    }
}

#[test]
fn errors_name_field_and_byte() {
    let ros2 = schema("tf2_msgs/msg/TFMessage", "ros2msg", TF);
    let reader = TransformReader::new(&ros2, "cdr").expect("transforms");
    let payload = tf_payload(Some(1), &samples()[..1]);
    let (_, error) = read_all(&reader, &payload[..payload.len() - 1]);
    let error = error.expect("cut");
    assert!(
        error.contains("`transforms.transform.rotation.w`"),
        "{error}"
    );
    let (_, error) = read_all(&reader, &[0, 3, 0, 0]);
    assert!(error.expect("parameter list").contains("0x0003"));
}

#[test]
fn poses_by_field_names() {
    let text = "Header header\nstring child_frame_id\nPoseWithCovariance pose\n================================================================================\nMSG: geometry_msgs/PoseWithCovariance\nPose pose\nfloat64[2] covariance\n================================================================================\nMSG: geometry_msgs/Pose\nPoint position\nQuaternion orientation\n================================================================================\nMSG: geometry_msgs/Point\nfloat64 x\nfloat64 y\nfloat64 z\n================================================================================\nMSG: geometry_msgs/Quaternion\nfloat64 x\nfloat64 y\nfloat64 z\nfloat64 w\n";
    let odometry = schema("nav_msgs/Odometry", "ros1msg", text);
    assert!(TransformReader::new(&odometry, "ros1").is_none());
    let reader = PoseReader::new(&odometry, "ros1").expect("poses");
    let mut w = Writer {
        bytes: vec![],
        big: false,
        origin: 0,
        align: 1,
    };
    for value in [9_u32, 5, 6] {
        w.u32(value);
    }
    w.text("odom");
    w.text("base");
    (1..=9).for_each(|v| w.f64(f64::from(v)));
    let mut found = Vec::new();
    reader
        .read(&w.bytes, &mut |t| found.push(TransformSample::from(t)))
        .expect("valid");
    assert_eq!(
        found,
        vec![TransformSample {
            parent: "odom".to_owned(),
            child: "base".to_owned(),
            stamp_ns: 5_000_000_006,
            translation_m: [1.0, 2.0, 3.0],
            quat_xyzw: [4.0, 5.0, 6.0, 7.0],
        }]
    );
}

#[test]
fn json_transforms_and_stamps() {
    let foxglove = schema(
        "foxglove.FrameTransform",
        "jsonschema",
        r#"{"properties":{"timestamp":{},"parent_frame_id":{},"child_frame_id":{},"translation":{},"rotation":{}}}"#,
    );
    let payload = br#"{"timestamp":{"sec":1700000000,"nsec":123456789},"parent_frame_id":"w\u006frld","child_frame_id":"car","translation":{"x":1,"y":2.5,"z":null},"rotation":{"w":1,"x":0,"y":0,"z":0},"extra":[{}]}"#;
    let reader = TransformReader::new(&foxglove, "json").expect("transforms");
    let (found, error) = read_all(&reader, payload);
    assert_eq!(error, None);
    assert_eq!(
        (found[0].parent.as_str(), found[0].child.as_str()),
        ("world", "car")
    );
    assert_eq!(found[0].stamp_ns, STAMP);
    assert_eq!(found[0].translation_m[..2], [1.0, 2.5]);
    assert!(found[0].translation_m[2].is_nan());
    assert_eq!(found[0].quat_xyzw, [0.0, 0.0, 0.0, 1.0]);
    let stamps = StampReader::new(Some(&foxglove), "json");
    assert_eq!(stamps.stamp(payload), Some(STAMP));
    for cut in 0..payload.len() {
        assert!(read_all(&reader, &payload[..cut]).1.is_some());
    }

    let list = schema(
        "tf2_msgs/msg/TFMessage",
        "jsonschema",
        r#"{"properties":{"transforms":{}}}"#,
    );
    let payload = br#"{"transforms":[{"header":{"stamp":{"sec":5,"nanosec":6},"frame_id":"odom"},"child_frame_id":"base","transform":{"translation":{"x":1,"y":2,"z":3},"rotation":{"x":0,"y":0,"z":0,"w":1}}}]}"#;
    let reader = TransformReader::new(&list, "json").expect("transforms");
    let (found, error) = read_all(&reader, payload);
    assert_eq!(error, None);
    assert_eq!(found[0].parent, "odom");
    let stamps = StampReader::new(Some(&list), "json");
    assert_eq!(stamps.kind(), &StampKind::FirstElement);
    assert_eq!(stamps.stamp(payload), Some(5_000_000_006));
    assert_eq!(stamps.frame_id(payload), Some("odom"));

    let probe = StampReader::new(None, "json");
    assert_eq!(probe.kind(), &StampKind::Probe);
    assert_eq!(
        probe.stamp(
            br#"{"a":[1,{"stamp":3}],"header":{"frame_id":"f","stamp":{"secs":2,"nsecs":1}}}"#
        ),
        Some(2_000_000_001)
    );
    assert_eq!(probe.frame_id(br#"{"header":{"frame_id":"f"}}"#), Some("f"));
    assert_eq!(probe.stamp(b"{}"), None);
}
