//! `contract compare`: what a new version changes, and for whom.

use super::{DOCUMENT_VERSION, Files};
use crate::EngineError;
use fieldassay_model::contract::{Changes, MigrationRecord, Mode, Refused, accept, compare as all};
use serde::Serialize;
use std::path::Path;

/// The document of `contract compare --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CompareDocument {
    /// `fieldassay.contract_compare`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// What the new version must keep.
    pub mode: Mode,
    /// Whether it does, and may follow the old one.
    pub accepted: bool,
    /// Why not, with the difference; null where it may.
    pub reason: Option<String>,
    /// Every change.
    #[serde(flatten)]
    pub changes: Changes,
    /// The migration it declares from the old version; null where it declares none.
    pub migration: Option<MigrationRecord>,
}

/// Compares two versions of a contract, held to what the old one says its next keeps, or to another mode.
///
/// Errors: files that cannot be read; another contract, a version that is not higher, steps that do not fit the old
/// version: [`EngineError::Refused`].
pub fn compare(
    old: &Path,
    new: &Path,
    (ontologies, mode): (&[String], Option<Mode>),
) -> Result<CompareDocument, EngineError> {
    let old = Files::read(old, ontologies, &[])?;
    let new = Files::read(new, ontologies, &[])?;
    let mut at_hand = old.ontologies.clone();
    at_hand.extend(new.ontologies.clone());
    let mut before = old.contract.clone();
    if let Some(mode) = mode {
        before.compatibility = mode;
    }
    let mode = before.compatibility;
    let refused = |source: Refused| EngineError::Refused {
        source: Box::new(source),
    };
    let reason = match accept(&before, &new.contract, &at_hand) {
        Ok(_) => None,
        Err(error @ Refused::Breaking { .. }) => Some(error.to_string()),
        Err(error) => return Err(refused(error)),
    };
    let changes = all(&old.contract, &new.contract, &at_hand);
    let changes = changes.map_err(|error| refused(error.into()))?;
    let declared = new.contract.migrate.as_ref();
    let migrates = declared.is_some_and(|migrate| migrate.from == old.contract.version);
    let migration = if migrates {
        let between = fieldassay_model::contract::Migration::between(&old.contract, &new.contract);
        Some(between.map_err(|error| refused(error.into()))?.record())
    } else {
        None
    };
    Ok(CompareDocument {
        schema: "fieldassay.contract_compare",
        version: DOCUMENT_VERSION,
        mode,
        accepted: reason.is_none(),
        reason,
        changes,
        migration,
    })
}
