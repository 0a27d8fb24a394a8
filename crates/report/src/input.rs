//! What a page is made from.

use crate::ReportError;
use fieldassay_model::{CheckDocument, CheckInfo, Power, Window, plot::RecordingPlots};

/// Everything the page of one run of `check` is made from.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// Facts, findings and verdicts.
    pub document: &'a CheckDocument,
    /// Series to draw, parallel to `document.recordings`; none where nothing could be read.
    pub plots: &'a [Option<RecordingPlots>],
    /// The policy used, as YAML.
    pub policy_yaml: &'a str,
    /// The checks that findings refer to by code.
    pub catalog: &'a [CheckInfo],
    /// How often the checks found faults of known size in simulated drives.
    pub power: &'a [Power],
    /// Whether the recordings come from the simulator; the page then says so.
    pub simulated: bool,
    /// Faults known to be in the recordings, parallel to `document.recordings`.
    pub truth: Option<&'a [Vec<TruthMark>]>,
    /// Heading of the page.
    pub title: &'a str,
    /// Version of the program, `0.1.0`.
    pub tool_version: &'a str,
}

/// A fault known to be in a recording because it was put there.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthMark {
    /// Kind of fault, `step_ms`.
    pub kind: String,
    /// Topic, frame edge or `recording`.
    pub channel: String,
    /// Stretch of log time it affects; none for the whole recording.
    pub window: Option<Window>,
    /// Its size; none for faults without one.
    pub magnitude: Option<f64>,
    /// Unit of `magnitude`.
    pub unit: String,
}

impl ReportInput<'_> {
    /// Whether the parallel lists fit.
    pub(crate) fn validate(&self) -> Result<(), ReportError> {
        let expected = self.document.recordings.len();
        let lists = [
            ("plots", self.plots.len()),
            ("truth", self.truth.map_or(expected, <[_]>::len)),
        ];
        for (list, seen) in lists {
            if seen != expected {
                return Err(ReportError::Parallel {
                    list,
                    seen,
                    expected,
                });
            }
        }
        Ok(())
    }
}
