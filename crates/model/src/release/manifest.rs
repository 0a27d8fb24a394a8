//! The manifest of a release: its digested part.

use super::{LeakageReport, Reference, Request, SplitReport};
use crate::tables::Table;
use crate::{Verdict, canonical_json, hexadecimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// Value of `schema`.
pub const SCHEMA: &str = "fieldassay.release";
/// Version of the form.
pub const VERSION: u32 = 1;
/// Name of the file of a manifest.
pub const FILE: &str = "manifest.json";
/// Size of a manifest that is read at most.
pub const MAX_BYTES: usize = 16 << 20;
/// Files of a release at most.
const MAX_FILES: usize = 1000;

/// All of a release that is digested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// [`VERSION`].
    pub version: u32,
    /// What was asked for.
    pub request: Request,
    /// SHA-256 of its canonical JSON.
    pub request_sha256: String,
    /// Policies that judged its recordings, sorted.
    pub policies: Vec<Reference>,
    /// Contracts its recordings were held to, sorted.
    pub contracts: Vec<ContractResult>,
    /// Ontologies its labels are of, `name@version`, sorted.
    pub ontologies: Vec<String>,
    /// Schema of each of its Parquet files, by name of the table.
    pub tables: Vec<TableForm>,
    /// Members.
    pub members: u64,
    /// Recordings they are of.
    pub recordings: u64,
    /// Its files, by path.
    pub files: Vec<ReleaseFile>,
    /// What the split came to, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitReport>,
    /// What was looked for between splits.
    pub leakage: LeakageReport,
}

/// What came of holding the recordings of a release to a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractResult {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its canonical form, hexadecimal.
    pub sha256: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Violations in all.
    pub violations: u64,
    /// Recordings that break it.
    pub recordings: u64,
    /// Recordings that nobody held to it, or not wholly.
    pub not_evaluated: u64,
}

/// The schema of one of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableForm {
    /// The table; `<name>.parquet` is its file.
    pub name: String,
    /// Columns its rows are sorted by.
    pub key: Vec<String>,
    /// Columns in their order.
    pub columns: Vec<ColumnForm>,
}

/// One column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnForm {
    /// Its name.
    pub name: String,
    /// Its type, as Delta calls it.
    pub kind: String,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Its unit, or `column:NAME` where a column names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Its frame, or `column:NAME` where a column names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
}

/// One file of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseFile {
    /// Path in the folder of the release.
    pub path: String,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
    /// Size.
    pub size_bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Too large.
    #[error("the manifest has `{seen}` bytes, and {MAX_BYTES} may be\nhint: it is not one of ours")]
    Large {
        /// Its size.
        seen: usize,
    },
    /// Not the form.
    #[error(
        "this is no manifest of a release: {what}\nhint: it is `{SCHEMA}` of version {VERSION}"
    )]
    Form {
        /// What is wrong.
        what: String,
    },
    /// Not in its one spelling, so that its digest would say nothing.
    #[error(
        "the manifest is not canonical JSON from byte `{at}` on\nhint: something wrote it again; take the file as it was published"
    )]
    NotCanonical {
        /// The first byte that differs.
        at: usize,
    },
    /// Parts that contradict each other.
    #[error(
        "the manifest contradicts itself at `{place}`: {what}\nhint: take the file as it was published"
    )]
    Contradiction {
        /// Where.
        place: String,
        /// What.
        what: String,
    },
}

impl ManifestError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Large { .. } => "manifest.large",
            Self::Form { .. } => "manifest.form",
            Self::NotCanonical { .. } => "manifest.not_canonical",
            Self::Contradiction { .. } => "manifest.contradiction",
        }
    }
}

fn refuse(place: &str, what: String) -> Result<(), ManifestError> {
    Err(ManifestError::Contradiction {
        place: place.to_owned(),
        what,
    })
}

impl Manifest {
    /// Its one text: canonical JSON, what is stored and digested.
    pub fn canonical(&self) -> String {
        canonical_json(self).unwrap_or_default()
    }

    /// SHA-256 of [`Manifest::canonical`], hexadecimal: what a release is known by.
    pub fn sha256(&self) -> String {
        hexadecimal(&sha2::Sha256::digest(self.canonical().as_bytes()))
    }

    /// Reads a manifest. Errors: [`ManifestError`]; unknown keys, another spelling and parts that contradict each other
    /// are refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::Large { seen: bytes.len() });
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| ManifestError::Form {
                what: error.to_string(),
            })?;
        if manifest.schema != SCHEMA || manifest.version != VERSION {
            return Err(ManifestError::Form {
                what: format!(
                    "it is `{}` of version {}",
                    manifest.schema, manifest.version
                ),
            });
        }
        let canonical = manifest.canonical();
        if canonical.as_bytes() != bytes {
            let pairs = canonical.as_bytes().iter().zip(bytes);
            let same = pairs.take_while(|(a, b)| a == b).count();
            return Err(ManifestError::NotCanonical { at: same });
        }
        manifest.check()?;
        Ok(manifest)
    }

    fn check_files(&self) -> Result<(), ManifestError> {
        if self.files.len() > MAX_FILES {
            return refuse("files", format!("there are {}", self.files.len()));
        }
        let ordered = self.files.windows(2).all(|pair| match pair {
            [a, b] => a.path < b.path,
            _ => true,
        });
        if !ordered {
            return refuse("files", "they are not sorted by path, each once".to_owned());
        }
        for file in &self.files {
            let is_digest = |text: &str| {
                text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            };
            let name = file.path.strip_suffix(".parquet").unwrap_or_default();
            let is_name =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if !is_name || !self.tables.iter().any(|table| table.name == name) {
                return refuse("files", format!("`{}` is no file of a table", file.path));
            }
            if !is_digest(&file.sha256) || !is_digest(&file.blake3) {
                return refuse("files", format!("a digest of `{}` is none", file.path));
            }
        }
        let members = self
            .files
            .iter()
            .find(|file| file.path == "members.parquet");
        if members.map(|file| file.rows) != Some(self.members) {
            return refuse(
                "files",
                "`members.parquet` has other rows than members".to_owned(),
            );
        }
        if self.tables.len() != self.files.len() {
            return refuse("tables", "not every table has a file".to_owned());
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ManifestError> {
        let request = self.request.sha256();
        if self.request_sha256 != request {
            return refuse(
                "request_sha256",
                format!(
                    "it says `{}`, and the request has `{request}`",
                    self.request_sha256
                ),
            );
        }
        if let Err(error) = self.request.check() {
            return refuse("request", error.to_string());
        }
        if self.members == 0 || self.recordings == 0 || self.recordings > self.members {
            return refuse(
                "members",
                format!("{} of {} recordings", self.members, self.recordings),
            );
        }
        self.check_files()?;
        let in_parts = self.split.as_ref().map(|split| {
            split
                .parts
                .iter()
                .fold(0_u64, |sum, part| sum.saturating_add(part.members))
        });
        if in_parts.is_some_and(|sum| sum != self.members)
            || self.split.is_some() != self.request.split.is_some()
        {
            return refuse("split", "its parts are not the members".to_owned());
        }
        Ok(())
    }
}

impl TableForm {
    /// The form of a file of a table: its columns but for those that say where and when something was done.
    pub fn of(table: &Table) -> Self {
        use crate::tables::Stated;
        let stated = |stated: Stated| match stated {
            Stated::Nowhere => None,
            Stated::Here(word) => Some(word.to_owned()),
            Stated::InColumn(column) => Some(format!("column:{column}")),
        };
        let columns = table.columns().filter(|column| !column.volatile);
        let columns = columns.map(|column| ColumnForm {
            name: column.name.to_owned(),
            kind: column.kind.delta().to_owned(),
            nullable: column.is_nullable(),
            unit: stated(column.unit),
            frame: stated(column.frame),
        });
        Self {
            name: table.name.to_owned(),
            key: table.key.iter().map(|name| (*name).to_owned()).collect(),
            columns: columns.collect(),
        }
    }
}
