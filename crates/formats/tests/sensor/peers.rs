//! Samples of messages written by rosbags, flatc, protobuf and as JSON.

use crate::support::{Case, agree, cases, to_json};
use fieldassay_formats::decode::{PoseReader, StampReader, TransformReader};
use fieldassay_formats::sensor::{Sample, SensorReader};

fn check(cases: &[Case]) {
    assert!(!cases.is_empty());
    for case in cases {
        let reader = SensorReader::new(&case.schema, &case.message_encoding)
            .unwrap_or_else(|| panic!("`{}` of {} is known", case.name, case.message_encoding));
        let sample = reader.read(&case.payload).expect("readable");
        let found = sample.as_ref().map(to_json).unwrap_or_default();
        assert!(
            agree(&found, &case.sample),
            "`{}` ({}):\n{found:#}\n{:#}",
            case.name,
            case.message_encoding,
            case.sample
        );
    }
}

#[test]
fn ros_messages_of_rosbags() {
    check(&cases("ros.json"));
}

#[test]
fn foxglove_messages_as_flatbuffers_protobuf_and_json() {
    let cases: Vec<Case> = cases("foxglove.json")
        .into_iter()
        .filter(|case| case.sample != "transforms")
        .collect();
    for encoding in ["flatbuffer", "protobuf", "json"] {
        assert!(cases.iter().any(|case| case.message_encoding == encoding));
    }
    check(&cases);
}

/// JSON without a schema is believed to be what its name says.
#[test]
fn json_without_a_schema_goes_by_its_name() {
    let mut cases = cases("foxglove.json");
    // A single joint has the name of the lists of ROS.
    cases.retain(|case| case.message_encoding == "json" && case.name != "joint state");
    for case in &mut cases {
        case.schema.data.clear();
    }
    check(&cases);
}

#[test]
fn stamps_and_transforms_of_flatbuffers() {
    const STAMP: i64 = 1_700_000_000_123_456_789;
    let cases = cases("foxglove.json");
    for case in cases.iter().filter(|c| c.message_encoding == "flatbuffer") {
        let reader = StampReader::new(Some(&case.schema), "flatbuffer");
        let stamped = !case.name.starts_with("scene") && case.name != "joint state";
        let stamp = reader.stamp(&case.payload);
        assert_eq!(stamp, stamped.then_some(STAMP), "{}", case.name);
        if case.sample == "transforms" {
            assert_eq!(reader.frame_id(&case.payload), Some("map"));
            let mut children = Vec::new();
            let transforms = TransformReader::new(&case.schema, "flatbuffer").expect("transforms");
            let read = transforms.read(&case.payload, &mut |transform| {
                assert_eq!(transform.parent, "map");
                assert_eq!(transform.stamp_ns, STAMP);
                assert_eq!(transform.translation_m, [1.0, -2.0, 3.5]);
                assert_eq!(transform.quat_xyzw, [0.5, -0.5, 0.5, 0.5]);
                children.push(transform.child.to_owned());
            });
            read.expect("readable");
            let one = case.schema.name == "foxglove.FrameTransform";
            assert_eq!(
                children,
                if one {
                    vec!["car"]
                } else {
                    vec!["car", "cart"]
                }
            );
        }
        let poses = PoseReader::new(&case.schema, "flatbuffer");
        // Scans and clouds stand at a pose as well.
        assert_eq!(
            poses.is_some(),
            matches!(
                case.name.as_str(),
                "pose" | "scan" | "cloud" | "cloud by the builder"
            ),
            "{}",
            case.name
        );
        if case.name == "pose" {
            let read = poses.expect("pose").read(&case.payload, &mut |pose| {
                assert_eq!((pose.parent, pose.child), ("sensor", ""));
                assert_eq!(pose.translation_m, [1.0, -2.0, 3.5]);
            });
            read.expect("readable");
        }
    }
}

/// Pixels and points are not copied.
#[test]
fn large_parts_are_borrowed() {
    for case in cases("ros.json") {
        let reader = SensorReader::new(&case.schema, &case.message_encoding).expect("known");
        let sample = reader.read(&case.payload).expect("readable");
        let data = match &sample {
            Some(Sample::Image(image)) => &image.data,
            Some(Sample::Cloud(cloud)) => &cloud.data,
            Some(Sample::Audio(audio)) => &audio.data,
            _ => continue,
        };
        let range = case.payload.as_ptr_range();
        assert!(range.contains(&data.as_ptr()), "{} is borrowed", case.name);
    }
}
