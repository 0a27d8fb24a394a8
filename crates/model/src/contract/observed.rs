//! What a reader saw of one recording, as far as a contract can ask.
//!
//! Read [`Observed`] first. None means that nobody looked or that it could not be read, never that there is nothing.
//!
//! Not here: values; they stream through [`super::ValueRules`].

use super::FieldType;
use crate::unit::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// What a reader saw of one recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Channels by topic; none where the recording has none that could be listed.
    pub channels: Option<BTreeMap<String, ObservedChannel>>,
    /// Fields of the context by name; none where nobody gathered them.
    pub context: Option<BTreeMap<String, Vec<ObservedContext>>>,
    /// Tables of labels and objects by name; none where nobody read any.
    pub tables: Option<BTreeMap<String, ObservedTable>>,
}

/// What was seen of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedChannel {
    /// Name of the message type.
    pub schema: Option<String>,
    /// Message encoding.
    pub encoding: Option<String>,
    /// Frames of its messages.
    pub frames: Option<BTreeSet<String>>,
    /// Messages read.
    pub message_count: u64,
    /// `(n - 1) / span` of the log time; none below two messages or without span.
    pub rate_hz: Option<f64>,
    /// Fields by name, parts of messages with dots; none where its messages could not be decoded.
    pub fields: Option<BTreeMap<String, ObservedField>>,
    /// Why fields are not known.
    pub reason: String,
}

/// What was seen of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedField {
    /// Its type.
    pub kind: FieldType,
    /// Its unit, where the source states one.
    pub unit: Option<Unit>,
}

/// One value of a field of the context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContext {
    /// As text; truth values are `true` and `false`.
    pub value: String,
    /// As a number, where it is one.
    pub real: Option<f64>,
    /// Unit of the number, where one is stated, as it is stated.
    pub unit: Option<String>,
}

/// What was seen of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedTable {
    /// Rows read.
    pub row_count: u64,
    /// Ontologies its rows say their words are of, `name@version`; an empty text for rows that say none. None where
    /// nobody looked.
    pub ontologies: Option<BTreeSet<String>>,
}
