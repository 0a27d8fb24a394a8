//! Every measure by a stable name, with its documentation and a JSON form at the edge.
//!
//! Read [`Measure`] first, then [`measures`] and [`find`]. A subject keeps its entries in its own `cases.rs`
//! (`pub(crate) static MEASURES`), where a case is a struct that `serde` reads and the typed function of the subject
//! does the work; one line in [`GROUPS`] makes them known.
//!
//! Not here: the formulas themselves, reading files, rendering.

mod number;

pub use number::Number;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;

/// Which way a measure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither: it describes.
    Describes,
}

impl Direction {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Higher => "more is better",
            Self::Lower => "less is better",
            Self::Describes => "neither: it describes",
        }
    }
}

/// What a measure is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// One sentence: what it tells.
    pub title: &'static str,
    /// The definition: symbols, units, frames.
    pub formula: &'static str,
    /// Every option with its default.
    pub defaults: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// What it cannot see, and where it misleads.
    pub blind_spots: &'static str,
    /// Peers it agrees with, and where they are wrong.
    pub peers: &'static str,
    /// Paper and equation, standard and clause, or tool and version.
    pub source: &'static str,
}

/// One measure.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// `subject.measure`, lower case, never renamed.
    pub name: &'static str,
    /// For people.
    pub about: About,
    /// A small case that runs, JSON.
    pub example: &'static str,
    /// Runs a case; see [`call`].
    pub run: fn(&Value) -> Result<Value, CaseError>,
}

impl Measure {
    /// What its name begins with: `trajectory` of `trajectory.ape`.
    pub fn subject(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// Why a case cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The case does not have the form of the measure.
    #[error(
        "the case has another form: {why}; hint: `fieldassay measure explain` shows one that runs"
    )]
    Form {
        /// What the reader of the form said.
        why: String,
    },
    /// The measure is not defined for the case.
    #[error("{why}")]
    Undefined {
        /// The subject's own error, with its hint.
        why: String,
    },
}

/// Reads the case, calls the typed function and writes its result.
///
/// Errors: [`CaseError::Form`] where the case does not fit, [`CaseError::Undefined`] with the function's own words.
pub(crate) fn call<I, O, E>(
    case: &Value,
    measure: impl FnOnce(&I) -> Result<O, E>,
) -> Result<Value, CaseError>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Display,
{
    let form = |e: serde_json::Error| CaseError::Form { why: e.to_string() };
    let input = I::deserialize(case).map_err(form)?;
    let found = measure(&input).map_err(|e| CaseError::Undefined { why: e.to_string() })?;
    serde_json::to_value(found).map_err(form)
}

/// One line per subject.
static GROUPS: &[&[Measure]] = &[
    crate::aggregation::cases::MEASURES,
    crate::agreement::cases::charts::MEASURES,
    crate::agreement::cases::labels::MEASURES,
    crate::agreement::cases::objects::MEASURES,
    crate::agreement::cases::time::MEASURES,
    crate::boxes::cases::MEASURES,
    crate::compare::cases::MEASURES,
    crate::confidence::cases::calibration::MEASURES,
    crate::confidence::cases::novelty::MEASURES,
    crate::confidence::cases::oversight::MEASURES,
    crate::confidence::cases::routing::MEASURES,
    crate::coverage::cases::MEASURES,
    crate::criticality::cases::MEASURES,
    crate::detection::cases::MEASURES,
    crate::drift::cases::MEASURES,
    crate::driving::cases::MEASURES,
    crate::kinematics::cases::MEASURES,
    crate::label_errors::cases::MEASURES,
    crate::logic::cases::MEASURES,
    crate::mining::cases::MEASURES,
    crate::preference::cases::MEASURES,
    crate::rarity::cases::MEASURES,
    crate::sampling::cases::MEASURES,
    crate::segmentation::cases::MEASURES,
    crate::selection::cases::MEASURES,
    crate::similarity::cases::MEASURES,
    crate::stats::cases::MEASURES,
    crate::text::cases::MEASURES,
    crate::tracking::cases::MEASURES,
    crate::trajectory::cases::MEASURES,
];

/// Every measure, subject by subject.
pub fn measures() -> impl Iterator<Item = &'static Measure> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The measure of that name.
pub fn find(name: &str) -> Option<&'static Measure> {
    measures().find(|measure| measure.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_example_runs_and_names_are_unique() {
        let mut names = BTreeSet::new();
        for measure in measures() {
            assert!(names.insert(measure.name), "{} twice", measure.name);
            assert!(measure.name.contains('.'), "{}", measure.name);
            let case: Value = serde_json::from_str(measure.example)
                .unwrap_or_else(|e| panic!("example of {}: {e}", measure.name));
            let found = (measure.run)(&case);
            assert!(found.is_ok(), "example of {}: {found:?}", measure.name);
        }
    }

    #[test]
    fn a_case_of_another_form_says_what_is_wrong() {
        #[derive(serde::Deserialize)]
        struct Case {
            x: f64,
        }
        let double = |case: &Case| Ok::<_, String>(Number(2.0 * case.x));
        let run = |text: &str| call(&serde_json::from_str(text).unwrap_or(Value::Null), double);
        assert_eq!(run(r#"{"x": 2}"#), Ok(Value::from(4.0)));
        let wrong = run(r#"{"y": 2}"#).map_err(|e| e.to_string());
        assert!(wrong.is_err_and(|e| e.contains("missing field `x`")));
    }
}
