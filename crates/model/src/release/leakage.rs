//! What ties members of different splits together.

use super::{Member, RequestError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Findings of one kind that are listed; all are counted.
pub const KEPT_FINDINGS: usize = 100;

/// A way in which a split can leak into another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeakageKind {
    /// A recording, or a group of the key, is in two splits.
    Group,
    /// Members of different splits overlap in time, or are nearer than is allowed.
    Time,
    /// Members of different splits hold the same or nearly the same bytes.
    Content,
    /// Members of different splits show nearly the same scene.
    Scene,
}

impl LeakageKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Group, Self::Time, Self::Content, Self::Scene];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Time => "time",
            Self::Content => "content",
            Self::Scene => "scene",
        }
    }

    /// The kind of a word. Errors: [`RequestError::Leakage`] with the nearest.
    pub fn parse(word: &str) -> Result<Self, RequestError> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == word);
        found.ok_or_else(|| RequestError::leakage(word))
    }
}

/// What came of looking for one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakageStatus {
    /// There is none.
    None,
    /// There is some.
    Found,
    /// There is some, and whoever asked allowed it.
    Allowed,
    /// It could not be looked for, or not in all members.
    NotEvaluated,
}

/// What was looked for and found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakageReport {
    /// One check per kind; none where nothing was split.
    pub checks: Vec<LeakageCheck>,
}

impl LeakageReport {
    /// Whether something leaks that nobody allowed.
    pub fn refuses(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.status == LeakageStatus::Found)
    }
}

/// One kind of leakage, looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakageCheck {
    /// The kind.
    pub kind: LeakageKind,
    /// What came of it.
    pub status: LeakageStatus,
    /// Why it was not looked for, or in which members not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What counts as a finding, in words.
    pub rule: String,
    /// Members or recordings that were looked at.
    pub looked_at: u64,
    /// Findings in all.
    pub count: u64,
    /// The first of them, at most [`KEPT_FINDINGS`].
    pub findings: Vec<LeakageFinding>,
}

/// Two members of different splits, and what ties them together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakageFinding {
    /// One.
    pub first: Member,
    /// The other.
    pub second: Member,
    /// What was measured: `gap`, `equal_messages`, `cosine`, …
    pub measure: String,
    /// Its value.
    pub value: f64,
    /// Its unit; empty for a ratio.
    pub unit: String,
    /// What ties them, in a sentence.
    pub message: String,
}
