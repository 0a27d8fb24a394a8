//! The JSON Schema of the document of `fieldassay check --json`.
//!
//! Not here: the types; they are `fieldassay_model::CheckDocument`.

use anyhow::Result;

/// The schema, pretty printed.
pub(super) fn page() -> Result<Option<String>> {
    let schema = schemars::schema_for!(fieldassay_model::CheckDocument);
    Ok(Some(serde_json::to_string_pretty(&schema)? + "\n"))
}

/// Schema of files of contracts.
pub(super) fn contract() -> Result<Option<String>> {
    pretty(&fieldassay_model::Contract::json_schema())
}

/// Schema of files of ontologies.
pub(super) fn ontology() -> Result<Option<String>> {
    pretty(&fieldassay_model::Ontology::json_schema())
}

fn pretty(schema: &serde_json::Value) -> Result<Option<String>> {
    Ok(Some(serde_json::to_string_pretty(schema)? + "\n"))
}
