//! Scores against the results of other programs, tighter than `cargo xtask conformance` holds them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, where a file that is not as it should be fails the test"
)]

mod coco;
mod geometry;
mod laws;
mod peers;
mod segmentation;
mod spatial;
mod twins;

use fieldassay_measure::registry;
use fieldassay_testkit::{expect_near, repository_root};
use serde_json::Value;

/// A file of vectors.
fn vectors(name: &str) -> Value {
    let path = repository_root().join("conformance/annotation").join(name);
    let text = std::fs::read_to_string(path).expect("the file of vectors");
    serde_json::from_str(&text).expect("JSON")
}

/// Runs a measure by name.
fn run(measure: &str, case: &Value) -> Value {
    let measure = registry::find(measure).expect("the measure");
    (measure.run)(case).expect("a result")
}

/// Every number of `expected` at the same place in `found`; null and -1 are what we leave undefined.
fn agree(found: &Value, expected: &Value, tolerance: f64) {
    match expected {
        Value::Object(expected) => {
            for (key, value) in expected {
                let found = found
                    .get(key)
                    .unwrap_or_else(|| panic!("no `{key}` in {found}"));
                agree(found, value, tolerance);
            }
        }
        Value::Array(expected) => {
            let found = found.as_array().expect("a list");
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                agree(found, expected, tolerance);
            }
        }
        Value::Number(n) if found.is_null() => assert_eq!(n.as_f64(), Some(-1.0)),
        Value::Number(n) => {
            let found = found.get("estimate").unwrap_or(found);
            let found = found.as_f64().unwrap_or_else(|| panic!("{found} for {n}"));
            expect_near(found, n.as_f64().expect("a number"), tolerance);
        }
        other => assert_eq!(found, other),
    }
}
