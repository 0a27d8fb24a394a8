//! Releases: what was asked for, what came of it, and the manifest that says so.
//!
//! Read [`Manifest`] first: its canonical JSON is all of a release that is digested, so that the same [`Request`] over the
//! same content gives the same digest wherever and whenever it is made. [`Split`] and [`SplitReport`] say which members
//! went where, [`LeakageReport`] what ties members of different splits together. The members themselves are rows of
//! [`MEMBERS`](crate::tables::MEMBERS).
//!
//! Not here: name and version of a release, when and by whom it was made, the state of the tables (the catalogue of
//! `store` and the envelope of `engine`); how members are split and leakage is found (`measure`, `engine`).

mod envelope;
mod leakage;
mod manifest;
mod name;
mod request;

pub use envelope::Envelope;
pub use leakage::{
    KEPT_FINDINGS, LeakageCheck, LeakageFinding, LeakageKind, LeakageReport, LeakageStatus,
};
pub use manifest::{
    ColumnForm, ContractResult, FILE, MAX_BYTES, Manifest, ManifestError, ReleaseFile, SCHEMA,
    TableForm, VERSION,
};
pub use name::{NameError, ReleaseRef, Which, check_name};
pub use request::{MAX_SEED, Member, Reference, Request, RequestError, Share, Split};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a split came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitReport {
    /// The keys that make groups.
    pub by: Vec<String>,
    /// Groups in all.
    pub groups: u64,
    /// What each split got, in the order of the request.
    pub parts: Vec<Part>,
    /// Where shares could not be met, and why, in sentences.
    pub deviations: Vec<String>,
}

/// What one split got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The share it was to get.
    pub wanted_ratio: f64,
    /// The share it got.
    pub ratio: f64,
    /// Its members.
    pub members: u64,
    /// Its groups.
    pub groups: u64,
    /// Its members by value of the field it was stratified by; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<Stratum>,
}

/// Members of one value of the field by which a split is stratified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// The value; empty for members without one.
    pub value: String,
    /// Members that have it.
    pub members: u64,
}

#[cfg(test)]
mod tests;
