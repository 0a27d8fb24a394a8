//! Files of the store against the digests that signed documents name.
//!
//! Read [`Stored`] and [`read`] first. Not here: the log's own files (`tree`), releases (`release`).

use super::Findings;
use super::tree::{Log, sha256};
use crate::EngineError;
use crate::workspace::ledger::document_path;
use crate::workspace::opened::Workspace;
use arrow_array::{Array as _, RecordBatch, StringArray};
use fieldassay_model::hexadecimal;
use fieldassay_store::{Blobs, DataFile, Objects, parquet_rows};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::Value as Json;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

/// Bytes of a file that are read and hashed at a time.
const SLICE_BYTES: usize = 1 << 20;
/// Files of an object store that are read side by side.
const SIDE_BY_SIDE: usize = 8;

/// A file that has to be there, and its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) what: &'static str,
    pub(super) path: String,
    pub(super) sha256: String,
}

/// What the signed documents name.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Documents by number of the batch.
    pub(super) documents: BTreeMap<i64, Json>,
    /// Digests of files by path.
    files: BTreeMap<String, Want>,
    /// Paths of files that are there.
    there: BTreeSet<String>,
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(json: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    json.get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
}

/// Reads the documents that entries are about, and what files there are.
pub(super) async fn read(
    workspace: &Workspace,
    log: &Log,
    findings: &mut Findings,
) -> Result<Stored, EngineError> {
    let objects = Objects::new(workspace.place.clone());
    let mut stored = Stored::default();
    let mut waiting: Vec<(String, String)> = Vec::new();
    for (number, entry) in log.entries.iter().enumerate() {
        for subject in entry.iter().flat_map(|entry| &entry.subjects) {
            if let Some(name) = subject
                .name
                .as_ref()
                .filter(|name| name.starts_with("log/"))
            {
                waiting.push((name.clone(), subject.digest.sha256.clone()));
            }
        }
        if entry.is_none() {
            findings.not_verified.push(format!(
                "what entry {number} of the log vouches for, because the entry itself is not what was signed"
            ));
        }
    }
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    while let Some((path, digest)) = waiting.pop() {
        if known.insert(path.clone(), digest.clone()).is_some() {
            continue;
        }
        let Some(bytes) = objects.get(&path).await? else {
            findings.wrong("document", path, digest, "nothing");
            continue;
        };
        let found = sha256(&bytes);
        if found != digest {
            findings.wrong("document", path, digest, found);
            continue;
        }
        findings.counted("documents", 1);
        if path.starts_with(super::super::ledger::ROTATIONS) {
            continue;
        }
        let Ok(document) = serde_json::from_slice::<Json>(&bytes) else {
            findings.wrong("document", path, "JSON", "something else");
            continue;
        };
        for one in list(&document, "earlier") {
            waiting.push((text(one, "path").to_owned(), text(one, "sha256").to_owned()));
        }
        let sequence = document
            .get("sequence")
            .and_then(Json::as_i64)
            .unwrap_or(-1);
        if document_path(sequence) != path {
            findings.wrong("document", path, "the number of its name", sequence);
        }
        stored.documents.insert(sequence, document);
    }
    stored.name_files();
    stored
        .look_around(&objects, (log, &known), findings)
        .await?;
    Ok(stored)
}

impl Stored {
    /// Collects the files that documents name; of the one file that changes, as the last names it.
    fn name_files(&mut self) {
        for document in self.documents.values() {
            let tables = document.get("tables").and_then(Json::as_object);
            for (table, said) in tables.into_iter().flatten() {
                for (what, field) in [("table file", "files"), ("commit of a table", "log")] {
                    for file in list(said, field) {
                        let path = format!("tables/{table}/{}", text(file, "path"));
                        let want = Want {
                            what,
                            path: path.clone(),
                            sha256: text(file, "sha256").to_owned(),
                        };
                        self.files.insert(path, want);
                    }
                }
            }
        }
    }

    /// Lists what is there, and names what nobody vouches for.
    async fn look_around(
        &mut self,
        objects: &Objects,
        (log, known): (&Log, &BTreeMap<String, String>),
        findings: &mut Findings,
    ) -> Result<(), EngineError> {
        for folder in ["log", "tables"] {
            let listed = objects.list(folder).await?;
            self.there.extend(listed.into_iter().map(|(path, _)| path));
        }
        let mut left = 0_u64;
        for path in &self.there {
            let is_known = self.files.contains_key(path)
                || known.contains_key(path)
                || log.files.contains(path)
                || path == crate::workspace::ledger::tree::CHECKPOINT;
            if is_known {
                continue;
            }
            // Written before a batch was opened that was then another: named by its content, and part of nothing.
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_left = name.starts_with("part-") && !path.contains("/_delta_log/");
            let digest = objects.sha256(path).await?.map(|(digest, _)| digest);
            let digest = digest.unwrap_or_default();
            if is_left && DataFile::sha256_of(name) == digest {
                left += 1;
            } else {
                findings.wrong("file that nobody signed", path, "nothing", digest);
            }
        }
        if left > 0 {
            findings.not_verified.push(format!(
                "{left} files that interrupted runs left in the folders of tables; no version of a table has them"
            ));
        }
        Ok(())
    }

    /// Every file that documents name.
    pub(super) fn wanted(&self) -> Vec<Want> {
        self.files.values().cloned().collect()
    }

    /// Paths of the files of a table, whatever version has them, as documents name them.
    fn files_of(&self, table: &str) -> Vec<&Want> {
        let folder = format!("tables/{table}/part-");
        let files = self.files.values();
        files
            .filter(|want| want.path.starts_with(&folder))
            .collect()
    }
}

/// Rows of a table from every file that was signed and is what was signed: each once, whatever version has it.
pub(super) async fn rows(
    workspace: &Workspace,
    stored: &Stored,
    table: &str,
) -> Result<Vec<RecordBatch>, EngineError> {
    let objects = Objects::new(workspace.place.clone());
    let mut all = Vec::new();
    for want in stored.files_of(table) {
        // What is missing or changed was told when it was hashed.
        if let Some(bytes) = objects.get(&want.path).await?
            && sha256(&bytes) == want.sha256
        {
            all.extend(parquet_rows(&want.path, bytes)?);
        }
    }
    Ok(all)
}

/// Texts of some columns, row by row.
pub(super) fn texts<'a, const N: usize>(
    batch: &'a RecordBatch,
    names: [&str; N],
) -> Vec<[&'a str; N]> {
    let columns = names.map(|name| {
        let column = batch.column_by_name(name)?;
        column.as_any().downcast_ref::<StringArray>()
    });
    let value = |column: Option<&'a StringArray>, row: usize| {
        let column = column.filter(|column| column.is_valid(row));
        column.map_or("", |column| column.value(row))
    };
    (0..batch.num_rows())
        .map(|row| columns.map(|column| value(column, row)))
        .collect()
}

/// Blobs of all recordings, or of one, as the signed rows of `files` and `channels` name them.
pub(super) async fn blobs(
    workspace: &Workspace,
    stored: &Stored,
    recording: Option<&str>,
    findings: &mut Findings,
) -> Result<Vec<Want>, EngineError> {
    let mut named = BTreeSet::new();
    // Originals, and the definitions of the types of messages.
    for (table, column) in [("files", "sha256"), ("channels", "schema_sha256")] {
        for batch in rows(workspace, stored, table).await? {
            for [id, sha256] in texts(&batch, ["recording_id", column]) {
                if !sha256.is_empty() && recording.is_none_or(|recording| recording == id) {
                    named.insert(sha256.to_owned());
                }
            }
        }
    }
    if recording.is_none() {
        let there = workspace.blobs.list().await?;
        let others = there
            .iter()
            .filter(|sha256| !named.contains(*sha256))
            .count();
        if others > 0 {
            findings.not_verified.push(format!(
                "{others} blobs that no recording names, left by interrupted runs or kept for other ends"
            ));
        }
    }
    wants(named)
}

/// Blobs of these digests.
pub(super) fn wants(named: BTreeSet<String>) -> Result<Vec<Want>, EngineError> {
    let want = |sha256: String| {
        Ok(Want {
            what: "blob",
            path: Blobs::path(&sha256)?.to_string(),
            sha256,
        })
    };
    named.into_iter().map(want).collect()
}

/// Hashes files side by side and names every one that is missing or holds other bytes.
pub(super) async fn hash(
    workspace: &Workspace,
    wanted: Vec<Want>,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let objects = Objects::new(workspace.place.clone());
    let found = if workspace.place.as_folder().is_some() {
        let paths: Vec<_> = wanted
            .iter()
            .filter_map(|want| objects.local(&want.path))
            .collect();
        paths
            .par_iter()
            .map(|path| hash_file(path))
            .collect::<Result<Vec<_>, _>>()?
    } else {
        hash_remote(workspace, &objects, &wanted).await?
    };
    for (want, found) in wanted.iter().zip(found) {
        tell(want, found.as_deref(), findings);
    }
    Ok(())
}

/// Tells of a file that is not what it should be.
pub(super) fn tell(want: &Want, found: Option<&str>, findings: &mut Findings) {
    if found == Some(&want.sha256) {
        findings.counted(plural(want.what), 1);
    } else {
        findings.wrong(
            want.what,
            &want.path,
            &want.sha256,
            found.unwrap_or("nothing"),
        );
    }
}

fn plural(what: &str) -> &'static str {
    match what {
        "blob" => "blobs",
        "table file" => "table files",
        "commit of a table" => "commits of tables",
        "original" => "originals",
        _ => "files of releases",
    }
}

async fn hash_remote(
    workspace: &Workspace,
    objects: &Objects,
    wanted: &[Want],
) -> Result<Vec<Option<String>>, EngineError> {
    let mut found = Vec::with_capacity(wanted.len());
    for some in wanted.chunks(SIDE_BY_SIDE) {
        let running: Vec<_> = some
            .iter()
            .map(|want| {
                let (objects, path) = (objects.clone(), want.path.clone());
                workspace
                    .runtime
                    .spawn(async move { objects.sha256(&path).await })
            })
            .collect();
        for one in running {
            let hashed = one.await.map_err(|error| EngineError::Log {
                message: format!("a file could not be hashed: {error}"),
            })?;
            found.push(hashed?.map(|(sha256, _)| sha256));
        }
    }
    Ok(found)
}

/// SHA-256 of a file of this machine; none where it is not there.
pub(super) fn hash_file(path: &Path) -> Result<Option<String>, EngineError> {
    let io = |error| EngineError::io("read", path, error);
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; SLICE_BYTES];
    loop {
        let read = file.read(&mut buffer).map_err(io)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(Some(hexadecimal(&hash.finalize())))
}
