//! Damaged payloads: a typed error or fewer fields, never a panic or a large allocation.

use crate::support::cases;
use fieldassay_formats::decode::{PoseReader, StampReader, TransformReader};
use fieldassay_formats::sensor::SensorReader;

const FILES: [&str; 2] = ["ros.json", "foxglove.json"];

#[test]
fn every_truncation_and_flip_is_survived() {
    for file in FILES {
        for case in cases(file) {
            let encoding = &case.message_encoding;
            let reader = SensorReader::new(&case.schema, encoding);
            let stamps = StampReader::new(Some(&case.schema), encoding);
            let transforms = TransformReader::new(&case.schema, encoding);
            let poses = PoseReader::new(&case.schema, encoding);
            let read = |payload: &[u8]| {
                if let Some(reader) = &reader {
                    let _ = reader.read(payload);
                }
                let _ = stamps.stamp(payload);
                let _ = stamps.frame_id(payload);
                if let Some(transforms) = &transforms {
                    let _ = transforms.read(payload, &mut |_| ());
                }
                if let Some(poses) = &poses {
                    let _ = poses.read(payload, &mut |_| ());
                }
            };
            for cut in 0..case.payload.len() {
                read(&case.payload[..cut]);
            }
            let mut payload = case.payload.clone();
            for at in 0..payload.len() {
                for value in [0, 1, 0x7f, 0x80, 0xff] {
                    let before = std::mem::replace(&mut payload[at], value);
                    read(&payload);
                    payload[at] = before;
                }
            }
        }
    }
}
