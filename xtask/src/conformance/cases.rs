//! Vectors of the form `{cases: [{fn?, in, out}]}`: each case runs through the registry of measures.
//!
//! A row of [`KNOWN`] names the file, the function and the measure; the measure takes the vector's `in` as it is and
//! gives at least the keys of its `out`. A statistic `{estimate, low, high, n}` is compared by its estimate.
//!
//! Not here: vectors of other forms.

use super::{Comparison, Outcome};
use fieldassay_measure::registry;
use serde_json::Value;

/// How one function of one file is compared.
struct Known {
    /// The file's name without `.json`.
    file: &'static str,
    /// The function a case names; empty where cases name none.
    function: &'static str,
    /// The measure that runs it.
    measure: &'static str,
    /// Relative above 1, absolute below; 0 for exact. From the vectors' README.
    tolerance: f64,
}

/// One line per function, ordered by file.
static KNOWN: &[Known] = &[
    Known {
        file: "detection_peers",
        function: "av2",
        measure: "detection.av2",
        tolerance: 1e-12,
    },
    Known {
        file: "detection_peers",
        function: "coco",
        measure: "detection.coco",
        tolerance: 1e-12,
    },
    Known {
        file: "detection_peers",
        function: "lvis",
        measure: "detection.lvis",
        tolerance: 1e-12,
    },
    Known {
        file: "detection_peers",
        function: "mask_iou",
        measure: "boxes.mask_iou",
        tolerance: 1e-12,
    },
    Known {
        file: "detection_peers",
        function: "panoptic",
        measure: "segmentation.panoptic",
        tolerance: 1e-12,
    },
    Known {
        file: "detection_peers",
        function: "voc",
        measure: "detection.voc",
        tolerance: 1e-12,
    },
];

/// Whether `file` (without `.json`) is compared here.
pub(super) fn knows(file: &str) -> bool {
    KNOWN.iter().any(|known| known.file == file)
}

/// Compares every case of a file; entries are `function position`.
pub(super) fn compare(file: &str, vectors: &Value) -> Vec<(String, Outcome)> {
    let empty = Vec::new();
    let cases = vectors["cases"].as_array().unwrap_or(&empty);
    cases
        .iter()
        .enumerate()
        .map(|(position, case)| {
            let function = case["fn"].as_str().unwrap_or_default();
            let entry = format!("{function} {position}").trim().to_owned();
            let known = KNOWN
                .iter()
                .find(|known| known.file == file && known.function == function);
            let outcome = match known {
                Some(known) => one(known, case),
                None => Outcome::Skipped(format!("no measure is named for `{function}`")),
            };
            (entry, outcome)
        })
        .collect()
}

fn one(known: &Known, case: &Value) -> Outcome {
    let Some(measure) = registry::find(known.measure) else {
        return Outcome::Failed(format!("there is no measure `{}`", known.measure));
    };
    match (measure.run)(&case["in"]) {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(found) => {
            let mut comparison = Comparison::default();
            agree(
                &mut comparison,
                "out",
                &found,
                &case["out"],
                known.tolerance,
            );
            comparison.outcome()
        }
    }
}

/// Compares what the vector has; what we say beyond it is not compared.
pub(super) fn agree(
    to: &mut Comparison,
    name: &str,
    found: &Value,
    expected: &Value,
    tolerance: f64,
) {
    match expected {
        Value::Object(expected) => {
            for (key, value) in expected {
                agree(to, &format!("{name}.{key}"), &found[key], value, tolerance);
            }
        }
        Value::Array(expected) => {
            let n = found.as_array().map_or(0, Vec::len);
            if n != expected.len() {
                to.fail(format!("{name}: {n} entries, expected {}", expected.len()));
                return;
            }
            for (i, value) in expected.iter().enumerate() {
                agree(to, &format!("{name}[{i}]"), &found[i], value, tolerance);
            }
        }
        Value::Number(_) => {
            let found = found.get("estimate").unwrap_or(found);
            match found.as_f64() {
                Some(x) => to.near(name, x, expected, tolerance),
                None => to.fail(format!("{name}: found {found}, expected {expected}")),
            }
        }
        _ => to.equal(name, found.get("estimate").unwrap_or(found), expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(found: &Value, expected: &Value) -> Outcome {
        let mut comparison = Comparison::default();
        agree(&mut comparison, "out", found, expected, 1e-9);
        comparison.outcome()
    }

    #[test]
    fn more_keys_are_fine_and_other_values_are_not() {
        let found = json!({"a": {"estimate": 1.0, "n": 3}, "b": ["inf", 2.0], "c": 5});
        assert_eq!(
            differences(&found, &json!({"a": 1.0, "b": ["inf", 2]})),
            Outcome::Passed
        );
        for wrong in [
            json!({"a": 1.1}),
            json!({"b": ["inf"]}),
            json!({"d": 1}),
            json!({"b": ["-inf", 2]}),
        ] {
            assert!(
                matches!(differences(&found, &wrong), Outcome::Failed(_)),
                "{wrong}"
            );
        }
        assert!(matches!(
            differences(&found, &json!({})),
            Outcome::Skipped(_)
        ));
    }
}
