//! `verify`: whether everything that is stored is what was signed.
//!
//! Read [`Request`], [`verify`] and [`Document`] first. [`tree`] holds the log to its checkpoint and every entry to its
//! signature, [`stored`] every file to the digest that a signed document names, [`catalog`] what the catalogue claims to
//! both, [`release`] a release to its manifest, in the store or in a folder that was exported ([`offline`]).
//!
//! Nothing is changed, nothing is believed because it is there, and nothing ends at the first thing that is wrong.
//!
//! Not here: making the log (`ledger`).

mod catalog;
mod offline;
mod release;
mod stored;
mod tree;

pub use offline::verify_folder;

use super::ledger::keys::refused;
use super::ledger::tree::Tree;
use super::ledger::{Identity, chain};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_model::release::ReleaseRef;
use fieldassay_proof::{KeyChain, SignedCheckpoint, Trust, VerifierKey};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to verify, and what the asker holds.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A recording or a release; the whole workspace where none is named.
    pub id: Option<String>,
    /// The public key that was given to whoever asks; that of the settings where none is.
    pub key: Option<String>,
    /// A checkpoint that was kept elsewhere.
    pub checkpoint: Option<PathBuf>,
}

/// Something that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing: `entry`, `table file`, `blob`, …
    pub what: String,
    /// Where it is: a path of the store, or a row of the catalogue.
    #[serde(rename = "where")]
    pub place: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// What came of it: the document of `verify --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.verify`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// `workspace`, the recording or the release; the folder of an export.
    pub subject: String,
    /// Whether everything holds.
    pub holds: bool,
    /// Name of the log.
    pub origin: String,
    /// The first public key, from which everything was believed.
    pub public_key: String,
    /// Entries of the log that was verified.
    pub entries: u64,
    /// The checkpoint it was held to.
    pub checkpoint: Option<String>,
    /// How many of what were verified.
    pub verified: BTreeMap<&'static str, u64>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// What cannot be verified, and why.
    pub not_verified: Vec<String>,
}

/// What is found out, as it goes.
#[derive(Debug, Default)]
struct Findings {
    verified: BTreeMap<&'static str, u64>,
    problems: Vec<Problem>,
    not_verified: Vec<String>,
}

impl Findings {
    fn counted(&mut self, what: &'static str, count: u64) {
        *self.verified.entry(what).or_default() += count;
    }

    fn wrong(
        &mut self,
        what: &str,
        place: impl Into<String>,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) {
        self.problems.push(Problem {
            what: what.to_owned(),
            place: place.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// Compares what the catalogue says with what was signed.
    fn same<T: PartialEq + std::fmt::Display>(
        &mut self,
        (what, place): (&str, &str),
        expected: &T,
        found: &T,
    ) {
        if expected == found {
            self.counted("rows of the catalogue", 1);
        } else {
            self.wrong(what, place, expected, found);
        }
    }

    fn document(self, subject: &str, log: &Held) -> Document {
        Document {
            schema: "fieldassay.verify",
            version: 1,
            subject: subject.to_owned(),
            holds: self.problems.is_empty(),
            origin: log.chain.origin().to_owned(),
            public_key: log.chain.key_at(0).to_string(),
            entries: log.entries,
            checkpoint: log.checkpoint.clone(),
            verified: self.verified,
            problems: self.problems,
            not_verified: self.not_verified,
        }
    }
}

/// What the asker believes, and what of the log was held to it.
struct Held {
    chain: KeyChain,
    entries: u64,
    checkpoint: Option<String>,
}

/// Verifies a workspace, a recording or a release of it.
///
/// Errors: a workspace without a log, an id it does not have, a key or checkpoint that is none. What is wrong with what
/// is stored is in the document. Cost: everything that is named is read once.
pub fn verify(workspace: &Workspace, request: &Request) -> Result<Document, EngineError> {
    workspace.runtime.block_on(verifying(workspace, request))
}

async fn verifying(workspace: &Workspace, request: &Request) -> Result<Document, EngineError> {
    let mut findings = Findings::default();
    let chain = believed(workspace, request, &mut findings).await?;
    let log = tree::read(workspace, &chain, &mut findings).await?;
    if let Some(file) = &request.checkpoint {
        tree::hold_to(&log, &chain, file, &mut findings)?;
    }
    let held = Held {
        entries: log.head.size,
        checkpoint: log.checkpoint.clone(),
        chain,
    };
    let Some(id) = &request.id else {
        let stored = stored::read(workspace, &log, &mut findings).await?;
        stored::hash(workspace, stored.wanted(), &mut findings).await?;
        catalog::compare(workspace, (&log, &stored), &mut findings).await?;
        let blobs = stored::blobs(workspace, &stored, None, &mut findings).await?;
        stored::hash(workspace, blobs, &mut findings).await?;
        let releases = workspace.catalog.releases().await?;
        for release in &releases {
            release::verify(workspace, (&log, release), &mut findings).await?;
        }
        findings
            .not_verified
            .extend(release::left_over(workspace, &releases).await?);
        findings.not_verified.push("who is behind a commitment where its salt was erased, what `seen_files` and `jobs` of the catalogue hold, and its lineage: they can be made again and nothing is believed because of them".to_owned());
        return Ok(findings.document("workspace", &held));
    };
    if !id.starts_with("r-")
        && let Ok(named) = ReleaseRef::parse(id)
        && let Some(found) = release::resolve(workspace, &named).await?
    {
        release::verify(workspace, (&log, &found), &mut findings).await?;
        findings.not_verified.push(
            "what the release was made from: `verify` without a name does the whole workspace"
                .to_owned(),
        );
        let subject = format!("{}@{}", found.name, found.version);
        return Ok(findings.document(&subject, &held));
    }
    let id = super::list::resolve_async(workspace, id)
        .await?
        .recording_id;
    let stored = stored::read(workspace, &log, &mut findings).await?;
    stored::hash(workspace, stored.wanted(), &mut findings).await?;
    catalog::compare(workspace, (&log, &stored), &mut findings).await?;
    let blobs = stored::blobs(workspace, &stored, Some(&id), &mut findings).await?;
    stored::hash(workspace, blobs, &mut findings).await?;
    findings
        .not_verified
        .push("blobs of other recordings".to_owned());
    Ok(findings.document(&id, &held))
}

/// The keys that count: from the one that was given, or from that of the settings, through all changes.
async fn believed(
    workspace: &Workspace,
    request: &Request,
    findings: &mut Findings,
) -> Result<KeyChain, EngineError> {
    let identity = Identity::of(workspace).await.or_else(|error| {
        // Settings and catalogue name different logs: what the settings say is held against everything else.
        findings.wrong(
            "name and key of the log",
            "catalogue, settings `log`",
            "those of fieldassay.toml",
            &error,
        );
        match &workspace.settings.log {
            Some(log) => Identity::parse(&log.origin, &log.public_key).map(Some),
            None => Err(error),
        }
    })?;
    let given = request.key.as_deref().map(key_line).transpose()?;
    let (origin, first) = match (identity, given) {
        (Some(identity), None) => {
            findings.not_verified.push("whose key this is: it is the one of fieldassay.toml; `--key` takes the one you were given".to_owned());
            (identity.origin, identity.public_key)
        }
        (identity, Some(given)) => {
            if let Some(identity) = identity.filter(|identity| identity.public_key != given) {
                findings.wrong(
                    "public key",
                    "fieldassay.toml",
                    &given,
                    &identity.public_key,
                );
            }
            (given.name().to_owned(), given)
        }
        (None, None) => {
            return Err(EngineError::Log {
                message: "the workspace has no log, so that nothing in it is signed\nhint: `fieldassay init` in its folder begins one".to_owned(),
            });
        }
    };
    let tree = Tree::of(workspace);
    match chain(&tree.objects, &origin, &first).await {
        Ok(chain) => Ok(chain),
        Err(error) => {
            findings.wrong(
                "change of the key",
                super::ledger::ROTATIONS,
                "notes signed by the keys before them",
                &error,
            );
            KeyChain::new(&origin, first).map_err(refused)
        }
    }
}

/// A public key as it is given: its line, or a file that begins with it.
fn key_line(given: &str) -> Result<VerifierKey, EngineError> {
    let path = Path::new(given);
    let line = if path.is_file() {
        let text =
            std::fs::read_to_string(path).map_err(|error| EngineError::io("read", path, error))?;
        text.lines().next().unwrap_or_default().to_owned()
    } else {
        given.to_owned()
    };
    VerifierKey::parse(line.trim()).map_err(|error| EngineError::Request {
        message: format!("`--key`: {error}"),
    })
}

/// A checkpoint from a file, signed by the log.
fn read_checkpoint(
    file: &Path,
    chain: &KeyChain,
) -> Result<Result<fieldassay_proof::TreeHead, String>, EngineError> {
    let bytes = std::fs::read(file).map_err(|error| EngineError::io("read", file, error))?;
    let opened =
        SignedCheckpoint::parse(&bytes).and_then(|signed| signed.open(&Trust::log(chain.clone())));
    Ok(opened
        .map(|opened| opened.head)
        .map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests;
