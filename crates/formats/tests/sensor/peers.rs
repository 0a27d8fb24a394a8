//! Samples of messages written by rosbags.

use crate::support::{Case, agree, cases, to_json};
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
