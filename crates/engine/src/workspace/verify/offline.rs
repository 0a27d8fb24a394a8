//! A release in a folder that was exported, with nothing but a public key.
//!
//! Read [`verify_folder`] first. Not here: writing such a folder (`release`).

use super::release::{ORIGINALS, files, manifest};
use super::stored::{Want, hash_file, tell, texts};
use super::tree::sha256;
use super::{Document, Findings, Held, Request, key_line, read_checkpoint};
use crate::EngineError;
use crate::workspace::ledger::keys::refused;
use crate::workspace::ledger::say::{Said, describe};
use fieldassay_model::release::FILE;
use fieldassay_proof::{KeyChain, Note, TlogProof, Trust, VerifierKey};
use fieldassay_store::parquet_rows;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use std::path::{Path, PathBuf};

/// The statement in its envelope.
const STATEMENT: &str = "release.dsse.json";
/// Where it is in the log.
const PROOF: &str = "release.tlog-proof";
/// The keys of the log.
const KEYS: &str = "release.pub";
/// Where an export keeps originals.
const ORIGINALS_FOLDER: &str = "originals";

/// Verifies a folder that was exported: the statement is in the log by the proof, the manifest is what it states, and
/// every file is what the manifest says.
///
/// Errors: no folder, no key at all. What is wrong in the folder is in the document.
pub fn verify_folder(folder: &Path, request: &Request) -> Result<Document, EngineError> {
    let mut findings = Findings::default();
    let chain = chain(folder, request, &mut findings)?;
    let mut held = Held {
        chain,
        entries: 0,
        checkpoint: None,
    };
    let stated = statement(folder, &mut held, &mut findings)?;
    if let Some(file) = &request.checkpoint {
        later(&mut held, file, &mut findings)?;
    }
    let path = folder.join(FILE);
    let place = path.display().to_string();
    match (read(&path)?, &stated) {
        (None, _) => findings.wrong("manifest", place, "the manifest of a release", "nothing"),
        (Some(bytes), Some(stated)) => {
            if let Some(manifest) = manifest(&place, &bytes, stated, &mut findings) {
                let root = folder.display().to_string();
                let mut wanted = files(&root, &manifest);
                wanted.extend(originals(folder, &manifest.files)?);
                let found: Result<Vec<_>, EngineError> = wanted
                    .par_iter()
                    .map(|want| hash_file(Path::new(&want.path)))
                    .collect();
                for (want, found) in wanted.iter().zip(found?) {
                    tell(want, found.as_deref(), &mut findings);
                }
            }
        }
        (Some(_), None) => findings.not_verified.push(
            "the manifest and its files: there is no statement about them that the log has"
                .to_owned(),
        ),
    }
    Ok(findings.document(&folder.display().to_string(), &held))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, EngineError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EngineError::io("read", path, error)),
    }
}

/// The keys that count: from the one that was given, else from the one in the folder; changes from the folder.
fn chain(
    folder: &Path,
    request: &Request,
    findings: &mut Findings,
) -> Result<KeyChain, EngineError> {
    if !folder.is_dir() {
        return Err(EngineError::NotFound {
            path: folder.to_owned(),
        });
    }
    let path = folder.join(KEYS);
    let text = read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    let (line, notes) = text.split_once('\n').unwrap_or((&text, ""));
    let beside = VerifierKey::parse(line.trim());
    let place = path.display().to_string();
    let first = if let Some(given) = request.key.as_deref().map(key_line).transpose()? {
        match beside {
            Ok(beside) if beside == given => {}
            _ if text.is_empty() => {}
            Ok(other) => findings.wrong("public key", place, &given, other),
            Err(error) => findings.wrong("public key", place, &given, error),
        }
        given
    } else {
        findings.not_verified.push(format!(
            "whose key this is: it came with the files (`{KEYS}`); give the one you hold with `--key`"
        ));
        beside.map_err(|error| EngineError::Request {
            message: format!(
                "`{place}` holds no public key: {error}\nhint: `--key` takes the one you were given"
            ),
        })?
    };
    let mut chain = KeyChain::new(first.name(), first.clone()).map_err(refused)?;
    // Notes begin after an empty line each; each is a text, an empty line, and signatures.
    let notes: Vec<&str> = notes
        .split("\n\n")
        .map(|part| part.trim_start_matches('\n'))
        .collect();
    for pair in notes.chunks(2) {
        let [text, signatures] = pair else { break };
        let end = if signatures.ends_with('\n') { "" } else { "\n" };
        let note = format!("{text}\n\n{signatures}{end}");
        let rotated = Note::parse(note.as_bytes()).map_err(fieldassay_proof::keys::KeyError::from);
        if let Err(error) = rotated.and_then(|note| chain.rotate(&note)) {
            let place = path.display().to_string();
            findings.wrong(
                "change of the key",
                place,
                "notes signed by the keys before them",
                error,
            );
        }
    }
    Ok(chain)
}

/// The digest of the manifest that the statement states, if the log has it.
fn statement(
    folder: &Path,
    held: &mut Held,
    findings: &mut Findings,
) -> Result<Option<String>, EngineError> {
    let (path, proof) = (folder.join(STATEMENT), folder.join(PROOF));
    let (place, proof_place) = (path.display().to_string(), proof.display().to_string());
    let Some(statement) = read(&path)? else {
        let expected = "the signed statement of the release";
        findings.wrong("statement", place, expected, "nothing");
        return Ok(None);
    };
    let Some(proof) = read(&proof)? else {
        let expected = "the place of the statement in the log";
        findings.wrong("proof", proof_place, expected, "nothing");
        return Ok(None);
    };
    // Each by itself, so that what was changed is told from what was not.
    let mut keys = vec![held.chain.key_at(0).clone()];
    let rotated = held.chain.rotations().iter();
    keys.extend(rotated.map(|rotation| rotation.new_key.clone()));
    let said = describe(&statement, &keys);
    if let Err(error) = &said {
        findings.wrong("statement", &place, "a statement signed by the log", error);
    }
    let trust = Trust::log(held.chain.clone());
    let opened = TlogProof::parse(&proof).and_then(|proof| {
        let opened = proof.verify(&statement, &trust)?;
        Ok((opened.head, proof))
    });
    let (head, proof) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let expected = "a proof that the log has the statement";
            findings.wrong("proof", proof_place, expected, error);
            return Ok(None);
        }
    };
    held.entries = head.size;
    held.checkpoint = Some(proof.checkpoint.to_string());
    findings.counted("checkpoints", 1);
    findings.counted("proofs", 1);
    let key = held.chain.key_at(proof.index + 1).clone();
    match describe(&statement, &[key]) {
        Ok(entry) => {
            if let Said::Release {
                manifest_sha256, ..
            } = entry.said
            {
                findings.counted("entries", 1);
                return Ok(Some(manifest_sha256));
            }
            findings.wrong("statement", place, "the statement of a release", entry.kind);
        }
        Err(error) if said.is_ok() => {
            findings.wrong(
                "statement",
                place,
                "a statement signed by the key of its time",
                error,
            );
        }
        Err(_) => {}
    }
    Ok(None)
}

/// A checkpoint that was kept elsewhere: it cannot be of the same size and another root.
fn later(held: &mut Held, file: &Path, findings: &mut Findings) -> Result<(), EngineError> {
    let place = file.display().to_string();
    let ours = held.checkpoint.as_ref().and_then(|text| {
        let signed = fieldassay_proof::SignedCheckpoint::parse(text.as_bytes()).ok()?;
        Some(*signed.unverified().head())
    });
    match (read_checkpoint(file, &held.chain)?, ours) {
        (Err(error), _) => findings.wrong("checkpoint", place, "a checkpoint signed by the log", error),
        (Ok(theirs), Some(ours)) if theirs.size == ours.size => {
            if theirs.root == ours.root {
                findings.counted("heads", 1);
            } else {
                findings.wrong("history of the log", place, theirs.root, ours.root);
            }
        }
        (Ok(theirs), _) => findings.not_verified.push(format!(
            "whether the log of this proof is that of `{place}`, which has {} entries: only the log itself can show it (`fieldassay verify --checkpoint` in its workspace)",
            theirs.size
        )),
    }
    Ok(())
}

/// Originals that were exported with the release.
fn originals(
    folder: &Path,
    files: &[fieldassay_model::release::ReleaseFile],
) -> Result<Vec<Want>, EngineError> {
    let root = folder.join(ORIGINALS_FOLDER);
    let path = folder.join(ORIGINALS);
    let Some(bytes) = read(&path)?.filter(|_| root.is_dir()) else {
        return Ok(Vec::new());
    };
    let is_signed = files
        .iter()
        .any(|file| file.path == ORIGINALS && file.sha256 == sha256(&bytes));
    if !is_signed {
        return Ok(Vec::new());
    }
    let mut wanted = Vec::new();
    for batch in parquet_rows(&path.display().to_string(), bytes.into())? {
        for [id, inside, sha256] in texts(&batch, ["recording_id", "path", "sha256"]) {
            let file: PathBuf = root.join(id).join(inside);
            wanted.push(Want {
                what: "original",
                path: file.display().to_string(),
                sha256: sha256.to_owned(),
            });
        }
    }
    Ok(wanted)
}
