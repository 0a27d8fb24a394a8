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
        file: "bicycle_ks",
        function: "",
        measure: "kinematics.single_track",
        tolerance: 1e-6,
    },
    Known {
        file: "criticality_1d",
        function: "",
        measure: "criticality.following",
        tolerance: 1e-12,
    },
    Known {
        file: "delta_v",
        function: "",
        measure: "criticality.delta_v",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "epdms",
        measure: "driving.epdms",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "nuplan_at_fault",
        measure: "driving.nuplan_at_fault",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "nuplan_closed_loop",
        measure: "driving.nuplan_closed_loop",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "nuplan_progress_ratio",
        measure: "driving.nuplan_progress_ratio",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "nuplan_speed_limit",
        measure: "driving.nuplan_speed_limit",
        tolerance: 1e-12,
    },
    Known {
        file: "driving_scores",
        function: "pdms_v1",
        measure: "driving.pdms",
        tolerance: 1e-12,
    },
    Known {
        file: "encroachment",
        function: "",
        measure: "criticality.encroachment",
        tolerance: 1e-9,
    },
    Known {
        file: "idm_nuplan",
        function: "",
        measure: "kinematics.idm",
        tolerance: 1e-3,
    },
    Known {
        file: "idm_rollout",
        function: "",
        measure: "kinematics.idm_rollout",
        tolerance: 1e-9,
    },
    Known {
        file: "robot_nav",
        function: "barn",
        measure: "driving.barn",
        tolerance: 1e-12,
    },
    Known {
        file: "robot_nav",
        function: "spl",
        measure: "driving.spl",
        tolerance: 1e-12,
    },
    Known {
        file: "rss",
        function: "lateral",
        measure: "criticality.rss_lateral",
        tolerance: 1e-9,
    },
    Known {
        file: "rss",
        function: "lon_opposite",
        measure: "criticality.rss_opposite_direction",
        tolerance: 1e-9,
    },
    Known {
        file: "rss",
        function: "lon_same",
        measure: "criticality.rss_same_direction",
        tolerance: 1e-9,
    },
    Known {
        file: "savgol_comfort",
        function: "",
        measure: "kinematics.comfort",
        tolerance: 1e-9,
    },
    Known {
        file: "stl_random",
        function: "",
        measure: "logic.stl",
        tolerance: 1e-12,
    },
    Known {
        file: "stl_rtamt",
        function: "",
        measure: "logic.stl",
        tolerance: 1e-12,
    },
    Known {
        file: "trajectory_similarity",
        function: "",
        measure: "similarity.paths",
        tolerance: 1e-12,
    },
    Known {
        file: "ttc_obb",
        function: "",
        measure: "criticality.contact",
        tolerance: 1e-9,
    },
    Known {
        file: "ttc_random",
        function: "",
        measure: "criticality.contact",
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
fn agree(to: &mut Comparison, name: &str, found: &Value, expected: &Value, tolerance: f64) {
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
