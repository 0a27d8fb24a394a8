//! The HTML report of a check.

use crate::check::Outcome;
use crate::output::{refuse_existing, write_text};
use crate::{EngineError, catalog};
use fieldassay_model::Policy;
use fieldassay_report::{ReportInput, TruthMark, check_report};
use std::path::Path;

/// An error when a report is already there and may not be replaced; ask before checking for hours.
pub fn refuse(path: &Path, force: bool) -> Result<(), EngineError> {
    refuse_existing(path, force)
}

/// The page of an outcome as text; `truth` marks the faults known to be in each recording.
pub fn text(
    outcome: &Outcome,
    truth: Option<&[Vec<TruthMark>]>,
    policy: &Policy,
    title: &str,
) -> Result<String, EngineError> {
    check_report(&ReportInput {
        document: &outcome.document,
        plots: &outcome.plots,
        policy_yaml: &policy.to_yaml(),
        catalog: catalog(),
        power: crate::power(),
        simulated: outcome.simulated.iter().any(|simulated| *simulated),
        truth,
        title,
        tool_version: env!("CARGO_PKG_VERSION"),
    })
    .map_err(|error| EngineError::Report {
        message: error.to_string(),
    })
}

/// Writes the page of an outcome.
pub fn write(
    outcome: &Outcome,
    truth: Option<&[Vec<TruthMark>]>,
    policy: &Policy,
    path: &Path,
    force: bool,
) -> Result<(), EngineError> {
    let text = text(outcome, truth, policy, "Recording check")?;
    write_text(path, &text, force)
}
