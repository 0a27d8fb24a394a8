//! Every measure of the science room by name: listed, explained, run on a case from a file.
//!
//! Read [`find`] and [`run`] first. Not here: the measures themselves (`measure::registry`), showing them.

use crate::EngineError;
use fieldassay_model::nearest;
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

pub use fieldassay_measure::registry::{About, Direction, Measure, measures};

/// Largest case read, bytes.
const CASE_BYTES: u64 = 1 << 30;

/// The measure of that name.
///
/// # Errors
/// [`EngineError::Request`] with the nearest name, or how to see them all.
pub fn find(name: &str) -> Result<&'static Measure, EngineError> {
    if let Some(found) = fieldassay_measure::registry::find(name) {
        return Ok(found);
    }
    // `ape` is as good as `trajectory.ape` for whoever has not seen the list.
    let ends: Vec<&str> = measures()
        .map(|measure| measure.name)
        .filter(|known| known.rsplit('.').next() == Some(name))
        .collect();
    let subject = name.split('.').next().unwrap_or_default();
    let of_subject = measures().filter(|measure| measure.subject() == subject);
    let of_subject: Vec<&str> = of_subject.map(|measure| measure.name).collect();
    let hint = if !ends.is_empty() {
        format!("did you mean `{}`?", ends.join("` or `"))
    } else if let Some(near) = nearest(name, measures().map(|measure| measure.name)) {
        format!("did you mean `{near}`?")
    } else if !of_subject.is_empty() {
        format!("those of `{subject}` are `{}`", of_subject.join("`, `"))
    } else {
        "`fieldassay measure list` shows them all".to_owned()
    };
    Err(EngineError::Request {
        message: format!("no measure has the name `{name}`\nhint: {hint}"),
    })
}

/// The measures of a subject, or all.
///
/// # Errors
/// [`EngineError::Request`] for a subject there is none of.
pub fn of_subject(subject: Option<&str>) -> Result<Vec<&'static Measure>, EngineError> {
    let is_of = |measure: &&Measure| subject.is_none_or(|subject| measure.subject() == subject);
    let chosen: Vec<&Measure> = measures().filter(is_of).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let mut subjects: Vec<&str> = measures().map(Measure::subject).collect();
    subjects.dedup();
    Err(EngineError::Request {
        message: format!(
            "no measure has the subject `{}`\nhint: the subjects are {}",
            subject.unwrap_or_default(),
            subjects.join(", ")
        ),
    })
}

/// Reads a case, `-` for standard input, and runs it.
///
/// # Errors
/// Where there is no such file, it is no JSON, has another form, or the measure is not defined for it.
pub fn run(measure: &Measure, path: &Path) -> Result<Value, EngineError> {
    let bytes = read(path)?;
    let case: Value = serde_json::from_slice(&bytes).map_err(|error| EngineError::Case {
        path: path.to_owned(),
        message: format!(
            "it is not JSON: {error}\nhint: `fieldassay measure explain {}` shows a case that runs",
            measure.name
        ),
    })?;
    (measure.run)(&case).map_err(|error| EngineError::Case {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, EngineError> {
    let io = |error| EngineError::io("read", path, error);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(CASE_BYTES + 1)
            .read_to_end(&mut bytes)
    } else {
        if !path.exists() {
            return Err(EngineError::Case {
                path: path.to_owned(),
                message: "it does not exist\nhint: give a JSON file, or `-` for standard input"
                    .to_owned(),
            });
        }
        let file = std::fs::File::open(path).map_err(io)?;
        file.take(CASE_BYTES + 1).read_to_end(&mut bytes)
    }
    .map_err(io)?;
    if read as u64 > CASE_BYTES {
        return Err(EngineError::Case {
            path: path.to_owned(),
            message: format!(
                "it is larger than `{CASE_BYTES}` bytes\nhint: measure it in parts, or with the verb of its subject"
            ),
        });
    }
    Ok(bytes)
}
