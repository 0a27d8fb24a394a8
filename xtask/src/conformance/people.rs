//! Vectors about people and their labels: agreement, aggregation, label errors.
//!
//! [`people_vectors`] makes cases of them. Not here: files of cases ([`super::cases`]).

use super::Outcome;
use fieldassay_measure::registry;
use fieldassay_testkit::Comparison;
use fieldassay_testkit::people::{PEOPLE, VectorCase, people_vectors};
use serde_json::Value;

/// Whether `file` (without `.json`) is compared here.
pub(super) fn knows(file: &str) -> bool {
    PEOPLE.iter().any(|(name, _)| *name == file)
}

/// Compares every case of a file.
pub(super) fn compare(file: &str, vectors: &Value) -> Vec<(String, Outcome)> {
    let cases = people_vectors(file, vectors).unwrap_or_default();
    if cases.is_empty() {
        let why = "the file has another form than expected".to_owned();
        return vec![(String::new(), Outcome::Failed(why))];
    }
    cases
        .into_iter()
        .map(|case| (case.entry.clone(), one(&case)))
        .collect()
}

fn one(case: &VectorCase) -> Outcome {
    let Some(measure) = registry::find(case.measure) else {
        return Outcome::Failed(format!("there is no measure `{}`", case.measure));
    };
    match ((measure.run)(&case.case), &case.out) {
        (Err(error), Some(_)) => Outcome::Failed(error.to_string()),
        (Err(_), None) => Outcome::Passed,
        (Ok(found), None) => Outcome::Failed(format!("should be refused, found {found}")),
        (Ok(found), Some(expected)) => {
            let mut comparison = Comparison::default();
            comparison.agree("out", &found, expected, case.tolerance);
            comparison.into()
        }
    }
}
