//! What was found beside what a vector expects, value by value.
//!
//! Read [`Comparison`] first. Not here: reading vectors.

use serde_json::Value;

/// Compares found with expected values; remembers the differences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What differs, and where.
    pub differences: Vec<String>,
    /// How many values were compared.
    pub compared: usize,
}

impl Comparison {
    /// Compares what the vector has, however deep; what we say beyond it is not compared.
    ///
    /// Numbers as [`near`](Self::near), of a statistic `{estimate, low, high, n}` the estimate; all else must be equal,
    /// and so must numbers that are whole on both sides: counts and places.
    pub fn agree(&mut self, name: &str, found: &Value, expected: &Value, tolerance: f64) {
        match expected {
            Value::Object(expected) => {
                for (key, value) in expected {
                    self.agree(&format!("{name}.{key}"), &found[key], value, tolerance);
                }
            }
            Value::Array(expected) => {
                let n = found.as_array().map_or(0, Vec::len);
                if n != expected.len() {
                    self.fail(format!("{name}: {n} entries, expected {}", expected.len()));
                    return;
                }
                for (i, value) in expected.iter().enumerate() {
                    self.agree(&format!("{name}[{i}]"), &found[i], value, tolerance);
                }
            }
            Value::Number(_) => {
                let found = found.get("estimate").unwrap_or(found);
                match found.as_f64() {
                    Some(_) if found.is_u64() && expected.is_u64() => {
                        self.equal(name, found, expected);
                    }
                    Some(x) => self.near(name, x, expected, tolerance),
                    None => self.fail(format!("{name}: found {found}, expected {expected}")),
                }
            }
            _ => self.equal(name, found.get("estimate").unwrap_or(found), expected),
        }
    }

    /// Within `tolerance`, relative above 1 and absolute below, as the vectors' README says.
    pub fn near(&mut self, name: &str, found: f64, expected: &Value, tolerance: f64) {
        self.compared += 1;
        let Some(expected) = expected.as_f64() else {
            self.differences
                .push(format!("{name}: the vector has `{expected}`, not a number"));
            return;
        };
        let scale = expected.abs().max(1.0);
        // Written so that a NaN is a difference.
        let agrees = (found - expected).abs() <= tolerance * scale;
        if !agrees {
            self.differences.push(format!(
                "{name}: found {found}, expected {expected} within {tolerance:e}"
            ));
        }
    }

    /// Within `tolerance` whatever the size, where the vectors give a unit with it.
    pub fn near_absolute(&mut self, name: &str, found: f64, expected: &Value, tolerance: f64) {
        let scale = expected.as_f64().map_or(1.0, |x| x.abs().max(1.0));
        self.near(name, found, expected, tolerance / scale);
    }

    /// Exactly equal.
    pub fn equal(&mut self, name: &str, found: &Value, expected: &Value) {
        self.compared += 1;
        let same = match (found.as_f64(), expected.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => found == expected,
        };
        if !same {
            self.differences
                .push(format!("{name}: found {found}, expected {expected}"));
        }
    }

    /// Counts as compared, and differs.
    pub fn fail(&mut self, message: String) {
        self.compared += 1;
        self.differences.push(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_keys_are_fine_and_other_values_are_not() {
        let found = json!({"a": {"estimate": 1.0, "n": 3}, "b": ["inf", 2.0], "c": 5});
        let compared = |expected: &Value| {
            let mut to = Comparison::default();
            to.agree("out", &found, expected, 1e-9);
            (to.compared, to.differences.len())
        };
        assert_eq!(compared(&json!({"a": 1.0, "b": ["inf", 2]})), (3, 0));
        for wrong in [
            json!({"a": 1.1}),
            json!({"b": ["inf"]}),
            json!({"d": 1}),
            json!({"c": 6}),
            json!({"b": ["-inf", 2]}),
        ] {
            assert_eq!(compared(&wrong).1, 1, "{wrong}");
        }
        assert_eq!(compared(&json!({})), (0, 0));
    }

    #[test]
    fn whole_numbers_have_no_tolerance() {
        let mut to = Comparison::default();
        to.agree("n", &json!(1000), &json!(1001), 0.1);
        assert_eq!(to.differences, ["n: found 1000, expected 1001"]);
        to.agree("x", &json!(1000.0), &json!(1001), 0.1);
        assert_eq!(to.differences.len(), 1);
    }
}
