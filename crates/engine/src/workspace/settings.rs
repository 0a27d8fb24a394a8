//! `fieldassay.toml`: where a workspace keeps what it knows, and what it asks of those who bring something in.
//!
//! Read [`Settings`] first. Not here: opening what the settings name (`opened`).

use crate::EngineError;
use fieldassay_model::nearest;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the file that makes a folder a workspace.
pub const FILE: &str = "fieldassay.toml";
/// Version of the form of the settings and of the store.
pub const VERSION: u32 = 1;

/// The settings of a workspace.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Version of the form; a newer one is refused.
    pub version: u32,
    /// A file, or the URL of a PostgreSQL database.
    pub catalog: String,
    /// A folder, or a URL: `s3://bucket/folder`.
    pub store: String,
    /// Options of the store's protocol: `aws_endpoint`, `aws_region`, …
    #[serde(default)]
    pub store_options: BTreeMap<String, String>,
    /// What is asked about every recording.
    #[serde(default)]
    pub context: Context,
    /// What recordings are held to.
    #[serde(default)]
    pub contracts: Contracts,
    /// What labels may say.
    #[serde(default)]
    pub ontology: Ontologies,
    /// What cards of releases say that no recording says.
    #[serde(default)]
    pub card: Card,
    /// The log that everything can be checked against.
    #[serde(default)]
    pub log: Option<LogSettings>,
}

/// What recordings are held to when they come in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// Files of contracts, or patterns of them, from the folder of the workspace.
    #[serde(default)]
    pub files: Vec<String>,
}

/// What labels may say.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Ontologies {
    /// Files of ontologies, or patterns of them, from the folder of the workspace.
    #[serde(default)]
    pub files: Vec<String>,
    /// The one labels are of that name none, `name@version`.
    #[serde(default)]
    pub labels: Option<String>,
}

/// What only people can say of a release.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What the data is, in a sentence.
    pub description: Option<String>,
    /// Terms of use: an SPDX identifier or a URL.
    pub license: Option<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// A page about who made it.
    pub creator_url: Option<String>,
    /// A page about the data.
    pub url: Option<String>,
    /// How to cite it.
    pub citation: Option<String>,
    /// Words it is found by.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// Name and public key of the log; its private key is kept apart from the data.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Its name, the first line of its checkpoints.
    pub origin: String,
    /// Its first public key, `name+id+base64`.
    pub public_key: String,
}

impl LogSettings {
    /// Writes it at the end of the settings of a workspace.
    pub(super) fn append_to(&self, folder: &Path) -> Result<(), EngineError> {
        let file = folder.join(FILE);
        let mut text = std::fs::read_to_string(&file)
            .map_err(|error| EngineError::io("read", &file, error))?;
        let Self { origin, public_key } = self;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let added = format!(
            "{end}\n[log]\n# Everything in this workspace can be checked with this key; its private half is kept elsewhere.\n\
             origin = \"{origin}\"\npublic_key = \"{public_key}\"\n"
        );
        text.push_str(&added);
        crate::output::write_text(&file, &text, true)
    }
}

/// What the workspace asks about every recording.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Fields without which a recording is quarantined.
    #[serde(default)]
    pub required: Vec<String>,
}

/// What `init` writes.
pub(super) const FIRST: &str = r#"# A workspace of Fieldassay. A team changes the next two lines, and everything works the same:
#   catalog = "postgres://user@host/database"     (password: from PGPASSWORD or ~/.pgpass)
#   store = "s3://bucket/folder"                   (account: from AWS_ACCESS_KEY_ID and the like)
catalog = ".fieldassay/catalog.db"
store = ".fieldassay"
version = 1

[context]
# Recordings for which one of these is unknown are kept, but quarantined: ["site", "rig"]
required = []

[contracts]
# Recordings that break one of these are kept, but quarantined: ["contracts/*.yaml"]
files = []

[ontology]
# What labels may say: ["ontologies/*.yaml"]; those that name none are of `labels = "name@version"`.
files = []

# What cards of releases say beside what the recordings show:
# [card]
# description = "Drives at night, in rain"
# license = "CC-BY-4.0"
# creator = "Example Robotics"
# url = "https://example.com/night-rain"

# Options of the object store, where it needs any:
# [store_options]
# aws_endpoint = "http://localhost:9000"
# aws_region = "us-east-1"
"#;

impl Settings {
    /// Reads settings. Errors: what is wrong, with the line; unknown keys with the nearest one; a newer version.
    pub fn parse(path: &Path, text: &str) -> Result<Self, EngineError> {
        let wrong = |message: String| EngineError::Settings {
            path: path.to_owned(),
            message,
        };
        // The version first: a newer form may have keys that are unknown here.
        let loose: Option<toml::Table> = toml::from_str(text).ok();
        let version = loose.and_then(|table| table.get("version")?.as_integer());
        if version.is_some_and(|version| version > i64::from(VERSION)) {
            return Err(EngineError::NewerWorkspace {
                path: path.to_owned(),
                version: version.unwrap_or_default(),
            });
        }
        toml::from_str(text).map_err(|error| wrong(explained(text, &error)))
    }
}

/// The error in a line or two, with its place and the nearest key.
fn explained(text: &str, error: &toml::de::Error) -> String {
    const KEYS: [&str; 21] = [
        "version",
        "catalog",
        "store",
        "store_options",
        "context",
        "required",
        "card",
        "description",
        "license",
        "creator",
        "creator_url",
        "url",
        "citation",
        "keywords",
        "log",
        "origin",
        "public_key",
        "contracts",
        "files",
        "ontology",
        "labels",
    ];
    let line = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    });
    let place = line.map_or(String::new(), |line| format!("line {line}: "));
    let message = error.message();
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    let hint = unknown.and_then(|key| nearest(key, KEYS)).map_or_else(
        || {
            "the keys are version, catalog, store, store_options, context.required, contracts.files, ontology.files, ontology.labels, card and log"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    format!("{place}{message}\nhint: {hint}")
}

/// The files that patterns stand for, from a folder, sorted.
///
/// Errors: a pattern that is none, or a file that is not there.
pub(super) fn files(folder: &Path, patterns: &[String]) -> Result<Vec<PathBuf>, EngineError> {
    let mut all = Vec::new();
    for pattern in patterns {
        let whole = folder.join(pattern).display().to_string();
        let paths = glob::glob(&whole).map_err(|error| EngineError::Glob {
            pattern: pattern.clone(),
            message: error.to_string(),
        })?;
        let before = all.len();
        all.extend(paths.flatten());
        if all.len() == before && !pattern.contains(['*', '?', '[']) {
            return Err(EngineError::Settings {
                path: folder.join(FILE),
                message: format!(
                    "`{pattern}` is not there\nhint: names are from the folder of the workspace"
                ),
            });
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The workspace a folder is in: it or one of the folders above holds [`FILE`].
pub fn find(from: &Path) -> Result<PathBuf, EngineError> {
    let absolute = from
        .canonicalize()
        .map_err(|error| EngineError::io("open", from, error))?;
    absolute
        .ancestors()
        .find(|folder| folder.join(FILE).is_file())
        .map(Path::to_owned)
        .ok_or_else(|| EngineError::NoWorkspace {
            path: from.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Settings, String> {
        Settings::parse(Path::new(FILE), text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_init_writes_is_read() {
        let settings = parsed(FIRST).expect("settings");
        assert_eq!(settings.store, ".fieldassay");
        assert_eq!(settings.version, VERSION);
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_the_nearest_key() {
        let error = parsed("version = 1\ncatalog = \"a\"\nstor = \"b\"\n").expect_err("a mistake");
        assert!(
            error.contains("line 3") && error.contains("did you mean `store`?"),
            "{error}"
        );
        let error = parsed("version = 9\nsomething = 1\n").expect_err("newer");
        assert!(error.contains("newer version"), "{error}");
    }
}
