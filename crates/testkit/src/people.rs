//! Vectors about people and their labels as cases for the registry of measures.
//!
//! Read [`people_vectors`] first. Every file has its own form; a case here is in the form of our measures, and what it
//! expects has the keys of their results.

mod aggregation;
mod agreement;
mod label_errors;

use serde_json::{Value, json};

/// One case of a file of vectors.
#[derive(Clone, Debug)]
pub struct VectorCase {
    /// What it is about, for messages.
    pub entry: String,
    /// Name of the measure.
    pub measure: &'static str,
    /// The case it runs.
    pub case: Value,
    /// What its result must hold; none where the case must be refused.
    pub out: Option<Value>,
    /// Relative above 1, absolute below; from the vectors' README.
    pub tolerance: f64,
}

/// How a file becomes cases.
type Reader = fn(&Value) -> Vec<VectorCase>;

/// Files known here, by name without `.json`.
pub const PEOPLE: &[(&str, Reader)] = &[
    ("A_bootstrap_alpha", agreement::bootstrap),
    ("A_cohen_kappa", agreement::cohen),
    ("A_control_charts", agreement::charts),
    ("A_fleiss_kappa", agreement::fleiss),
    ("A_gwet_irrcac", agreement::gwet),
    ("A_krippendorff", agreement::krippendorff),
    ("A_temporal_agreement", agreement::temporal),
    ("A_vision_alpha_kalos", agreement::kalos),
    ("B_crowdlab", aggregation::crowdlab),
    ("B_dawid_skene", aggregation::dawid_skene),
    ("B_fast_dawid_skene", aggregation::fast),
    ("B_glad", aggregation::glad),
    ("B_mace", aggregation::mace),
    ("C_confident_learning", label_errors::confident),
    ("C_objectlab", label_errors::objectlab),
    ("C_systematic_errors", label_errors::systematic),
    ("I_sliceline", label_errors::sliceline),
];

/// The cases of a file; none for files of another subject.
pub fn people_vectors(stem: &str, file: &Value) -> Option<Vec<VectorCase>> {
    let (_, reader) = PEOPLE.iter().find(|(name, _)| *name == stem)?;
    Some(reader(file))
}

fn case(
    entry: impl Into<String>,
    measure: &'static str,
    case: Value,
    out: Value,
    tolerance: f64,
) -> VectorCase {
    VectorCase {
        entry: entry.into(),
        measure,
        case,
        out: Some(out),
        tolerance,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The value below the key that begins like this.
fn by_prefix<'a>(value: &'a Value, prefix: &str) -> (&'a str, &'a Value) {
    let mut found = entries(value).filter(|(key, _)| key.starts_with(prefix));
    found
        .next()
        .map_or(("", &Value::Null), |(key, value)| (key.as_str(), value))
}

/// Rows of raters as rows of unit, rater and value.
fn annotations(raters: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for (rater, row) in list(raters).iter().enumerate() {
        for (unit, value) in list(row).iter().enumerate().filter(|(_, v)| !v.is_null()) {
            rows.push(json!([unit, rater, value]));
        }
    }
    rows
}

fn with(mut value: Value, more: &Value) -> Value {
    if let (Some(to), Some(more)) = (value.as_object_mut(), more.as_object()) {
        to.extend(more.clone());
    }
    value
}

/// One entry per label, in the order of labels.
fn in_order(priors: &Value) -> Vec<&Value> {
    let mut keys: Vec<(i64, &Value)> = entries(priors)
        .map(|(k, v)| (k.parse().unwrap_or(0), v))
        .collect();
    keys.sort_by_key(|(k, _)| *k);
    keys.into_iter().map(|(_, v)| v).collect()
}
