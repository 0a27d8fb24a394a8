//! The JSON Schema of the document of `fieldassay check --json`.
//!
//! Not here: the types; they are `fieldassay_model::CheckDocument`.

use anyhow::Result;

/// The schema, pretty printed.
pub(super) fn page() -> Result<Option<String>> {
    let schema = schemars::schema_for!(fieldassay_model::CheckDocument);
    Ok(Some(serde_json::to_string_pretty(&schema)? + "\n"))
}
