//! Vectors about trajectories as cases for the registry of measures.
//!
//! Read [`TrajectoryVector`] first.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows of numbers of a text file; `#` starts a comment line.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn number_rows(path: &Path) -> Result<Vec<Vec<f64>>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            line.split([' ', ',', '\t'])
                .filter(|cell| !cell.is_empty())
                .map(|cell| cell.parse().map_err(|_| format!("`{cell}` is no number")))
                .collect()
        })
        .collect()
}

/// One case of `expected.json`, in the form of our measures.
#[derive(Clone, Debug)]
pub struct TrajectoryVector {
    /// What it is about, for messages.
    pub label: String,
    /// Name of the measure.
    pub measure: &'static str,
    /// The case it runs.
    pub case: Value,
    /// What its result must hold; lists are beginnings of lists. None where the case must be refused.
    pub out: Option<Value>,
    /// Tolerance of the vectors' README for this relation.
    pub tolerance: f64,
}

impl TrajectoryVector {
    /// The part of a result that `out` speaks of: lists of errors and steps cut to the length of the vector's.
    pub fn cut(&self, mut found: Value) -> Value {
        for key in ["errors", "steps"] {
            let wanted = self.out.as_ref().and_then(|out| out[key].as_array());
            if let (Some(wanted), Some(list)) = (wanted, found[key].as_array_mut()) {
                list.truncate(wanted.len());
            }
        }
        // Of steps the vectors hold the ends.
        for step in found["steps"].as_array_mut().into_iter().flatten() {
            *step = step[1].take();
        }
        found
    }
}

/// Every case of `expected.json`, whose `.tum` files lie in `folder`.
///
/// # Errors
/// A file that cannot be read, or a case of another form.
pub fn trajectory_vectors(
    expected: &Value,
    folder: &Path,
) -> Result<Vec<TrajectoryVector>, String> {
    let cases = expected["cases"].as_array().ok_or("no `cases`")?;
    let mut files = BTreeMap::new();
    cases
        .iter()
        .enumerate()
        .map(|(i, case)| {
            let pair = case["pair"].as_str().unwrap_or_default();
            let mut rows = |name: String| -> Result<Value, String> {
                if let Some(found) = files.get(&name) {
                    return Ok(Value::clone(found));
                }
                let value = json!(number_rows(&folder.join(&name))?);
                files.insert(name, value.clone());
                Ok(value)
            };
            let (reference, estimate) = (
                rows(format!("{pair}ref.tum"))?,
                rows(format!("{pair}est.tum"))?,
            );
            vector(i, case, (reference, estimate))
        })
        .collect()
}

fn vector(
    i: usize,
    case: &Value,
    (reference, estimate): (Value, Value),
) -> Result<TrajectoryVector, String> {
    let metric = case["metric"].as_str().ok_or("no `metric`")?;
    let relation = &case["relation"];
    let label = |what: &str| format!("{i} {metric} {what} {}", relation.as_str().unwrap_or("-"));
    let association = association(case);
    let tolerance = if relation == "rotation_angle_deg" {
        1e-6
    } else {
        1e-9
    };
    if metric == "ASSOC" {
        let secs = |rows: &Value| -> Vec<Value> {
            let rows = rows.as_array().into_iter().flatten();
            rows.map(|row| row[0].clone()).collect()
        };
        return Ok(TrajectoryVector {
            label: label(""),
            measure: "trajectory.associate",
            case: json!({"reference_secs": secs(&reference), "estimate_secs": secs(&estimate), "association": association}),
            out: Some(json!({"pairs": case["n"]})),
            tolerance,
        });
    }
    let mut input = json!({
        "reference": reference, "estimate": estimate, "relation": relation, "association": association,
    });
    let mut out = json!({"pairs": case["n"], "stats": case["stats"]});
    let (measure, what) = if metric == "APE" {
        input["alignment"] = alignment(case)?;
        out["errors"] = case["first5"].clone();
        if let Some(alignment) = used(case) {
            out["alignment"] = alignment;
        }
        ("trajectory.ape", case["align"].to_string())
    } else {
        for key in ["delta", "unit", "all_pairs", "rel_tol"] {
            if !case[key].is_null() {
                input[key] = case[key].clone();
            }
        }
        out["steps"] = case["delta_ids_first10"].clone();
        let what = format!("{} {} {}", case["delta"], case["unit"], case["all_pairs"]);
        ("trajectory.rpe", what)
    };
    // What a vector leaves out is not compared.
    if let Some(fields) = out.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(TrajectoryVector {
        label: label(&what),
        measure,
        case: input,
        out: case["error"].is_null().then_some(out),
        tolerance,
    })
}

fn association(case: &Value) -> Value {
    let mut found = Map::new();
    for (key, ours) in [("max_diff", "max_diff_secs"), ("offset_2", "offset_secs")] {
        if !case[key].is_null() {
            found.insert(ours.to_owned(), case[key].clone());
        }
    }
    if case["sync"] == "interpolation" {
        found.insert("interpolate".to_owned(), true.into());
    }
    found.into()
}

fn alignment(case: &Value) -> Result<Value, String> {
    let name = case["align"].as_str().ok_or("no `align`")?;
    let (name, first) = match name.split_once("_n") {
        Some((name, count)) => (
            name,
            Some(count.parse::<usize>().map_err(|e| e.to_string())?),
        ),
        None => (name, None),
    };
    let (motion, scale) = match name {
        "sim3" => ("se3", true),
        "scale" => ("none", true),
        other => (other, false),
    };
    Ok(json!({"motion": motion, "scale": scale, "first": first}))
}

/// The transform of a vector, by whichever keys it has.
fn used(case: &Value) -> Option<Value> {
    if let Some(rows) = case["T"].as_array() {
        let row = |i: usize| rows.get(i).and_then(Value::as_array).cloned();
        let three: Vec<Vec<Value>> = (0..3).filter_map(row).collect();
        let rotation: Vec<&[Value]> = three.iter().filter_map(|r| r.get(..3)).collect();
        let translation: Vec<&Value> = three.iter().filter_map(|r| r.get(3)).collect();
        return Some(json!({"rotation": rotation, "translation": translation}));
    }
    let scale = case.get("s")?;
    // A scale alone leaves rotation and translation unused.
    if case["align"] == "scale" {
        return Some(json!({"scale": scale}));
    }
    Some(json!({"rotation": case["R"], "translation": case["t"], "scale": scale}))
}
