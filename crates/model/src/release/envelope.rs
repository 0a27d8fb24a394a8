//! What stands outside the digested part.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a release besides its manifest: where it was made from, after what, and with what it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of every table it was made from.
    pub tables: BTreeMap<String, i64>,
    /// The version of the same release before it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Releases whose splits were kept, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_splits: Vec<String>,
    /// SHA-256 of their manifests, in the same order: with them the release can be made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_manifests: Vec<String>,
    /// Groups that stayed where these releases had them.
    #[serde(default)]
    pub kept_groups: u64,
    /// The program that made it.
    pub program: String,
    /// SHA-256 of the plan.
    pub plan_sha256: String,
}
