//! What a measure of the registry says of a case.
//!
//! Read [`compared`] first. Not here: how files become cases.

use super::Outcome;
use fieldassay_measure::registry;
use fieldassay_testkit::Comparison;
use serde_json::Value;

/// Entries of a file, by name.
pub(super) type Entries = Vec<(String, Outcome)>;

/// Its result, or why there is none.
pub(super) fn measured(measure: &str, case: &Value) -> Result<Value, String> {
    let known =
        registry::find(measure).ok_or_else(|| format!("there is no measure `{measure}`"))?;
    (known.run)(case).map_err(|error| error.to_string())
}

/// The same, null and a difference where there is none.
pub(super) fn run(to: &mut Comparison, measure: &str, case: &Value) -> Value {
    measured(measure, case).unwrap_or_else(|why| {
        to.fail(why);
        Value::Null
    })
}

/// A whole case: what the vector expects must be there.
pub(super) fn compared(measure: &str, case: &Value, expected: &Value, tolerance: f64) -> Outcome {
    let mut to = Comparison::default();
    let found = run(&mut to, measure, case);
    to.agree("out", &found, expected, tolerance);
    to.into()
}

/// A list, empty where it is none.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
