//! What was injected where: the answer key of a drive.

use serde::{Deserialize, Serialize};

/// The list of injected faults, in the order they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Truth(pub Vec<TruthEntry>);

/// One injected fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthEntry {
    /// Kind, `skew_ppm`.
    pub kind: String,
    /// Topic it hits; null for the whole file.
    pub channel: Option<String>,
    /// First moment affected, on the recorder's clock, nanoseconds.
    pub start_ns: i64,
    /// Last moment affected, on the recorder's clock, nanoseconds.
    pub end_ns: i64,
    /// How much of it, in `unit`.
    pub magnitude: f64,
    /// Unit of the magnitude.
    pub unit: String,
    /// Messages it touched (lost, repeated, moved, or with changed stamps); null where bytes were damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// First damaged byte of the file; null where messages were changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_start: Option<u64>,
    /// One past the last damaged byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_end: Option<u64>,
}

impl Truth {
    /// The truth file: indented JSON with a final newline.
    pub fn to_json(&self) -> String {
        // A list of plain structs with finite numbers always serializes.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
