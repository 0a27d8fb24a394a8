//! What our statements say. Each type has a version in its URI; fields are only ever added to a version.
//!
//! Read [`Operation`] first. Not here: which operation fills in which (`engine`).

use super::{Predicate, Resource};
use crate::commitment::Commitment;
use fieldassay_model::{Stamp, Verdict, display::iso8601};
use serde::{Deserialize, Serialize};

/// What every operation says: what was planned, from what, by whom and when. What it made are the subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// SHA-256 of the plan that was run, hexadecimal.
    pub plan_sha256: String,
    /// What went in, sorted; things that are subjects are not repeated.
    pub inputs: Vec<Resource>,
    /// Who did it, as a commitment for the purpose `actor`, hexadecimal. The name is not in the log.
    pub actor: String,
    /// When, by the clock of the machine that ran it: RFC 3339, UTC, ending in `Z`. Nobody vouches for it but the
    /// signer; a witness vouches for its own, later one.
    pub time: String,
}

impl Operation {
    /// An operation at a moment (nanoseconds since 1970). Inputs are sorted.
    pub fn new(
        plan_sha256: impl Into<String>,
        mut inputs: Vec<Resource>,
        actor: &Commitment,
        time: Stamp,
    ) -> Self {
        inputs.sort();
        Self {
            plan_sha256: plan_sha256.into(),
            inputs,
            actor: actor.to_string(),
            time: iso8601(time.0),
        }
    }

    fn digests(&self) -> Vec<&str> {
        let mut all = vec![self.plan_sha256.as_str(), self.actor.as_str()];
        for input in &self.inputs {
            all.push(&input.digest.sha256);
            all.extend(input.digest.blake3.as_deref());
        }
        all
    }
}

/// A policy, contract or other file of rules by name, version and content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: u32,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
}

/// Recordings or labels were brought in. Subjects: the blobs that came in, or one manifest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingest {
    /// Plan, inputs, actor and time.
    pub operation: Operation,
    /// Number of the batch in the workspace.
    pub batch: u64,
    /// Inputs that could not be brought in.
    pub failed: u64,
}

impl Predicate for Ingest {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/ingest/v1";

    fn digests(&self) -> Vec<&str> {
        self.operation.digests()
    }
}

/// Recordings were checked against a policy. Subjects: the recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Plan, inputs (the document of facts), actor and time.
    pub operation: Operation,
    /// The policy that judged.
    pub policy: Reference,
    /// The worst verdict of the subjects.
    pub verdict: Verdict,
}

impl Predicate for Check {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/check/v1";

    fn digests(&self) -> Vec<&str> {
        let mut all = self.operation.digests();
        all.push(&self.policy.sha256);
        all
    }
}

/// Data was held against a contract. Subjects: the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Plan, inputs, actor and time.
    pub operation: Operation,
    /// The contract.
    pub contract: Reference,
    /// Whether it is met.
    pub verdict: Verdict,
    /// Rows and files that break it.
    pub violations: u64,
}

impl Predicate for Contract {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/contract/v1";

    fn digests(&self) -> Vec<&str> {
        let mut all = self.operation.digests();
        all.push(&self.contract.sha256);
        all
    }
}

/// A release was made. Subject: its manifest, which names all members and files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Plan, inputs (the releases it follows, the contracts it meets), actor and time.
    pub operation: Operation,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Members of the manifest.
    pub members: u64,
    /// Contracts and policies it was held to, sorted.
    pub held_to: Vec<Reference>,
}

impl Predicate for Release {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/release/v1";

    fn digests(&self) -> Vec<&str> {
        let mut all = self.operation.digests();
        all.extend(self.held_to.iter().map(|held| held.sha256.as_str()));
        all
    }
}

/// An operation of a workspace that no other statement tells of: it began the log, or put rows together. Subject: the
/// document of the operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performed {
    /// Plan, inputs, actor and time.
    pub operation: Operation,
    /// What was done: `init`, `put_together`, …
    pub verb: String,
    /// Number of the batch in the workspace.
    pub batch: u64,
}

impl Predicate for Performed {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/operation/v1";

    fn digests(&self) -> Vec<&str> {
        self.operation.digests()
    }
}

/// A version of a release was given a name. Subject: the manifest of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Plan, inputs, actor and time.
    pub operation: Operation,
    /// The name.
    pub tag: String,
    /// Name of the release.
    pub release: String,
    /// Its version.
    pub version: u32,
}

impl Predicate for Tag {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/tag/v1";

    fn digests(&self) -> Vec<&str> {
        self.operation.digests()
    }
}

/// The key of the log was changed. Subject: the note by which it was, under its name in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// Plan, inputs, actor and time.
    pub operation: Operation,
    /// The note, signed by the old key and the new one ([`crate::Rotation`]).
    pub note: String,
}

impl Predicate for KeyChange {
    const TYPE: &'static str = "https://github.com/fieldassay/fieldassay/predicate/key_change/v1";

    fn digests(&self) -> Vec<&str> {
        self.operation.digests()
    }
}
