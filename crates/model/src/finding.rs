//! What a policy says about the facts.

use crate::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May spoil some uses.
    Warn,
    /// Spoils the recording for its use.
    Error,
}

/// What the policy decides about a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything required was measured and nothing is worse than info.
    Pass,
    /// The worst finding is a warning.
    Warn,
    /// At least one error.
    Fail,
    /// Something the policy requires could not be measured; never a pass.
    NotEvaluated,
}

/// A fact, or several alike, beyond what the policy tolerates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Code of the check, `subject.name`; `fieldassay checks CODE` explains it.
    pub code: String,
    /// How much it matters under the policy used.
    pub severity: Severity,
    /// What it is about; same form as the subject of a fact.
    pub subject: String,
    /// Where the worst case lies, in log time.
    pub window: Option<Window>,
    /// How many facts beyond the threshold this finding stands for, at least 1.
    pub count: u64,
    /// What was found, with the values seen and tolerated.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Names of the facts it rests on; their subject is the subject of the finding.
    pub facts: Vec<String>,
    /// Every stretch of log time it stands for, worst first, at most 100.
    pub windows: Vec<Window>,
}
