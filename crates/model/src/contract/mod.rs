//! Contracts: what a stream of recordings and labels must be, in versions, and how one version becomes the next.
//!
//! Read [`Contract`] first: a YAML file. [`Contract::check`] holds a recording to it, [`ValueRules`] its values as they
//! stream by; [`compare`] says what a new version changes for whom, [`accept`] refuses what breaks, and [`Migration`]
//! brings old columns into the new form when they are read.
//!
//! What is not written is not asked. Where something that is asked cannot be looked at, the contract is not met: it is
//! not evaluated.
//!
//! Not here: reading recordings, quarantine, history of violations (`engine`); judgements of quality ([`crate::policy`]).

mod check;
mod compare;
mod kind;
mod migrate;
mod observed;
mod on_read;
mod parse;
mod pattern;
mod step;
mod values;

pub use check::{Assumed, Checked, Checking, NotEvaluated, Violation};
pub use compare::{Change, Changes, Compatibility, Refused, Side, accept, compare};
pub use kind::{FieldType, Length, Scalar};
pub use migrate::{
    Cells, DeprecatedUse, MigrateError, Migration, MigrationRecord, Notes, Relabel, Stream,
};
pub use observed::{Observed, ObservedChannel, ObservedContext, ObservedField, ObservedTable};
pub use pattern::Pattern;
pub use step::{Case, Deprecate, Merge, Migrate, Rename, Split, Step, UnitChange, When, Widen};
pub use values::{Batch, KEPT_ROWS, Rows, Slice, ValueRules};

use crate::ontology::OntologyId;
use crate::strict::{self, FileError, is_default, is_true, yes};
use crate::unit::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One version of a contract; immutable once parsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// `fieldassay.contract`, for editors; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<ContractSchema>,
    /// Its name; versions of one contract share it.
    pub contract: String,
    /// Its version, from 1; raised with every change.
    pub version: u32,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub about: String,
    /// What the next version must keep.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compatibility: Mode,
    /// The ontology its categories are of, `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ontology: Option<OntologyId>,
    /// Channels by topic or pattern; `*` stands for any run of letters within one level, `**` for any levels.
    #[serde(
        default,
        skip_serializing_if = "is_default",
        deserialize_with = "parse::checked"
    )]
    pub channels: BTreeMap<Pattern, Channel>,
    /// What must be known about a recording besides its bytes.
    #[serde(
        default,
        skip_serializing_if = "is_default",
        deserialize_with = "parse::checked"
    )]
    pub context: BTreeMap<String, Field>,
    /// Tables of labels and objects.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tables: BTreeMap<String, TableRule>,
    /// How data of the version before becomes data of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrate: Option<Migrate>,
}

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContractSchema {
    /// The only one.
    #[serde(rename = "fieldassay.contract")]
    Contract,
}

/// What a new version must keep.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Readers of the new version can read old data, after the declared migration.
    #[default]
    Backward,
    /// Readers of the old version can read new data.
    Forward,
    /// Both.
    Full,
    /// Nothing.
    None,
}

/// What a channel must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub about: String,
    /// Name of the message type: `sensor_msgs/msg/Image`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Message encoding: `cdr`, `ros1`, `protobuf`, `json`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Whether a recording without a message on it breaks the contract.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub required: bool,
    /// Frame of its messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// Messages a second over the recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<Range>,
    /// Fields by name, parts of messages with dots: `header.frame_id`.
    #[serde(
        default,
        skip_serializing_if = "is_default",
        deserialize_with = "parse::checked"
    )]
    pub fields: BTreeMap<String, Field>,
}

/// A range with one end at least; both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// What a field of messages, a column of a table or a field of the context must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub about: String,
    /// Type that holds its values without loss: a field of `float32` meets `float64`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<FieldType>,
    /// Whether it must be there.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub required: bool,
    /// Unit of its values and of `min` and `max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The smallest value; NaN is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value; NaN is above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only values there may be, as they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "parse::words_schema")]
    pub allowed: Option<BTreeSet<String>>,
    /// Whether values may be missing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nulls: Nulls,
    /// Whether NaN and infinities are refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub finite: bool,
}

impl Field {
    /// A field of which nothing is said.
    pub(crate) const ANY: Self = Self {
        about: String::new(),
        kind: None,
        required: true,
        unit: None,
        min: None,
        max: None,
        allowed: None,
        nulls: Nulls::Allowed,
        finite: false,
    };
}

impl Default for Field {
    fn default() -> Self {
        Self::ANY
    }
}

/// Whether values may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// None.
    Never,
    /// Any.
    #[default]
    Allowed,
    /// At most this share of values, 0 to 1.
    AtMost(f64),
}

impl Nulls {
    /// The largest share that may be missing.
    pub const fn largest_share(self) -> f64 {
        match self {
            Self::Never => 0.0,
            Self::Allowed => 1.0,
            Self::AtMost(share) => share,
        }
    }
}

/// What a table of labels or objects must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableRule {
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub about: String,
    /// Whether it must have rows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// The categories there may be: a list, or `ontology` for the classes of the contract's ontology.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Categories>,
    /// Columns by name.
    #[serde(
        default,
        skip_serializing_if = "is_default",
        deserialize_with = "parse::checked"
    )]
    pub fields: BTreeMap<String, Field>,
}

/// Which categories there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Categories {
    /// The classes of the contract's ontology that are not deprecated.
    Ontology,
    /// These.
    List(BTreeSet<String>),
}

/// A version of a contract, by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractReference {
    /// Its name.
    pub contract: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of [`Contract::canonical_json`], hexadecimal.
    pub sha256: String,
}

impl Contract {
    /// A contract from the text of a YAML file.
    ///
    /// Errors: [`FileError`] with the line: keys and words that are none, with the nearest that is; what contradicts
    /// itself, as a smallest value above the largest. Cost: one pass over the text.
    pub fn parse(yaml: &str) -> Result<Self, FileError> {
        parse::parse(yaml)
    }

    /// Everything that decides, as JSON with sorted keys: without what is said for people and what has its default.
    pub fn canonical_json(&self) -> String {
        let mut plain = self.clone();
        plain.schema = None;
        plain.about.clear();
        for channel in plain.channels.values_mut() {
            channel.about.clear();
            channel.fields.values_mut().for_each(|f| f.about.clear());
        }
        for table in plain.tables.values_mut() {
            table.about.clear();
            table.fields.values_mut().for_each(|f| f.about.clear());
        }
        plain.context.values_mut().for_each(|f| f.about.clear());
        strict::canonical_json(&plain).unwrap_or_default()
    }

    /// Name, version and digest, as documents and lineage carry them.
    pub fn reference(&self) -> ContractReference {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(self.canonical_json().as_bytes());
        ContractReference {
            contract: self.contract.clone(),
            version: self.version,
            sha256: crate::hexadecimal(&digest),
        }
    }

    /// The JSON Schema of the file, for editors and other programs.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// The column that holds the category in a table of labels or objects.
pub fn category_column(table: &str) -> Option<&'static str> {
    match table {
        "objects" => Some("category"),
        "labels" | "votes" | "predictions" => Some("label"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
