//! The nouns: ids, time, units, facts, findings, policies and their evaluation, contracts and ontologies.
//!
//! Read [`Fact`] first (what was measured), then [`Policy`] (what is tolerated) and
//! [`evaluate`] (facts and a policy give findings and a verdict).
//! [`Contract`] says what data must be, [`Ontology`] what labels may say, [`release::Manifest`] what a release is.
//! [`CheckDocument`] is the promised form of `fieldassay check --json`, [`tables`] are what a workspace keeps of it.
//!
//! Not here: how a fact is measured (`check`, `measure`), how anything is shown (`report`, `cli`),
//! files, clocks and threads.

mod calibration;
mod catalog;
pub mod contract;
mod digest;
pub mod display;
mod document;
mod fact;
mod finding;
mod nearest;
pub mod ontology;
pub mod plot;
pub mod policy;
pub mod release;
mod strict;
pub mod tables;
mod time;
pub mod unit;

pub use calibration::{
    CALIBRATION_SCHEMA, CALIBRATION_VERSION, Calibration, CalibrationContent, CameraIntrinsics,
    MountTransform,
};
pub use catalog::{CheckInfo, Compare, Power, Subject};
pub use contract::Contract;
pub use digest::{Digester, Digests, RecordingId, hexadecimal};
pub use document::{
    Account, ChannelReport, CheckDocument, Loss, LossReason, Note, PolicyReference,
    RecordingReport, Regressions,
};
pub use fact::{Fact, FactStatus, FactValue};
pub use finding::{Finding, Severity, Verdict};
pub use nearest::nearest;
pub use ontology::{Ontology, OntologyId};
pub use policy::{Policy, PolicyError, evaluate};
pub use strict::{Fault, FileError, canonical_json};
pub use time::{Span, Stamp, TimeBound, TimeError, Window};
pub use unit::Unit;
