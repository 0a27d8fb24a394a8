//! `log`: what the log of a workspace says, proofs from it, witnesses of it, and the change of its key.
//!
//! Read [`checkpoint`] and [`prove`] first. Not here: adding to the log (`ledger`), believing what is stored (`verify`).

use super::ingest::publish::{self, Scene};
use super::ledger::keys::{Keys, refused, write_private};
use super::ledger::proofs::{Proof, proof_files};
use super::ledger::say::{Said, describe};
use super::ledger::tree::Tree;
use super::ledger::{Ledger, head_of};
use super::opened::{Workspace, World};
use crate::EngineError;
use fieldassay_check::NoProgress;
use fieldassay_proof::checkpoint::CosignRequest;
use fieldassay_proof::merkle::{TreeHead, verify_consistency};
use fieldassay_proof::statement::PAYLOAD_TYPE;
use fieldassay_proof::{
    Algorithm, Envelope, ProofPlan, SignedCheckpoint, SignerKey, Trust, Witness,
};
use fieldassay_store::LogHead;
use serde::Serialize;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// The document of `log checkpoint --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckpointDocument {
    /// `fieldassay.log_checkpoint`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Name of the log.
    pub origin: String,
    /// Its first public key.
    pub public_key: String,
    /// Entries.
    pub size: i64,
    /// Root over them, hexadecimal.
    pub root: String,
    /// The signed checkpoint as it is written.
    pub checkpoint: String,
}

/// The checkpoint of the last batch that readers see. Errors: a workspace without a log.
pub fn checkpoint(
    workspace: &Workspace,
    world: &World<'_>,
) -> Result<CheckpointDocument, EngineError> {
    let (ledger, head) = workspace.runtime.block_on(opened(workspace, world))?;
    Ok(CheckpointDocument {
        schema: "fieldassay.log_checkpoint",
        version: 1,
        origin: ledger.chain().origin().to_owned(),
        public_key: ledger.chain().key_at(0).to_string(),
        size: head.size,
        root: head.root,
        checkpoint: head.checkpoint,
    })
}

async fn opened(
    workspace: &Workspace,
    world: &World<'_>,
) -> Result<(Ledger, LogHead), EngineError> {
    let ledger = Ledger::open(workspace, world).await?;
    let head = workspace.catalog.log_head(None).await?;
    let head = head.ok_or_else(|| {
        refused("the log has no entry yet\nhint: `fieldassay init` in the folder of the workspace makes the first")
    })?;
    Ok((ledger, head))
}

/// The document of `log show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct EntriesDocument {
    /// `fieldassay.log`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Entries by number.
    pub entries: Vec<ShownEntry>,
}

/// One entry, as it can be read. Its signature was verified.
#[derive(Clone, Debug, Serialize)]
pub struct ShownEntry {
    /// Its number, from 0.
    pub entry: u64,
    /// What it says: `ingest`, `check`, `release`, …
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// When, by the clock of the machine that did it.
    pub time: String,
    /// Who, as a commitment.
    pub actor: String,
    /// The person behind it, where the catalogue still knows.
    pub person: Option<String>,
    /// The whole statement.
    pub statement: Json,
}

/// Entries of the log, all or one. Errors: a number that is none, an entry that is not signed.
pub fn show(
    workspace: &Workspace,
    world: &World<'_>,
    entry: Option<u64>,
) -> Result<EntriesDocument, EngineError> {
    workspace.runtime.block_on(showing(workspace, world, entry))
}

async fn showing(
    workspace: &Workspace,
    world: &World<'_>,
    entry: Option<u64>,
) -> Result<EntriesDocument, EngineError> {
    let (ledger, head) = opened(workspace, world).await?;
    let size = head_of(&head)?.size;
    let tree = Tree::of(workspace);
    let people = workspace.catalog.commitments().await?;
    let rows = workspace.catalog.log_entries().await?;
    let numbers = match entry {
        Some(entry) if entry >= size => return Err(no_entry(&entry.to_string(), size)),
        Some(entry) => entry..entry + 1,
        None => 0..size,
    };
    let mut entries = Vec::new();
    for number in numbers {
        let bytes = tree.entry(number, size).await?;
        let key = ledger.chain().key_at(number + 1).clone();
        let said = describe(&bytes, std::slice::from_ref(&key))?;
        let envelope = Envelope::parse(&bytes).map_err(refused)?;
        let statement = envelope.verify(PAYLOAD_TYPE, &[key], 1).map_err(refused)?;
        let row = rows
            .iter()
            .find(|row| u64::try_from(row.entry) == Ok(number));
        let person = people
            .iter()
            .find(|one| one.commitment == said.operation.actor);
        entries.push(ShownEntry {
            entry: number,
            kind: said.kind,
            subject: said
                .subject
                .or_else(|| row.map(|row| row.subject.clone()))
                .unwrap_or_default(),
            time: said.operation.time,
            actor: said.operation.actor,
            person: person.map(|person| person.value.clone()),
            statement: serde_json::from_slice(statement).unwrap_or_default(),
        });
    }
    Ok(EntriesDocument {
        schema: "fieldassay.log",
        version: 1,
        entries,
    })
}

fn no_entry(seen: &str, size: u64) -> EngineError {
    EngineError::Request {
        message: format!(
            "the log has no entry `{seen}`: it has {size}, from 0\nhint: `fieldassay log show` lists them; a number, a recording, `NAME@VERSION` or `batch:N` names one"
        ),
    }
}

/// The proof of an entry: by its number, or the newest about a recording (its batch), a release or whatever an entry is
/// about. Errors: none such.
pub fn prove(workspace: &Workspace, world: &World<'_>, id: &str) -> Result<Proof, EngineError> {
    workspace.runtime.block_on(async {
        let number = find(workspace, id).await?;
        proof_files(workspace, world, number).await
    })
}

async fn find(workspace: &Workspace, id: &str) -> Result<u64, EngineError> {
    if let Ok(number) = id.parse() {
        return Ok(number);
    }
    let rows = workspace.catalog.log_entries().await?;
    let mut subject = id.to_owned();
    if id.starts_with("r-") {
        let id = super::list::resolve_async(workspace, id)
            .await?
            .recording_id;
        let rows = workspace.catalog.recording_rows().await?;
        let batch = rows.iter().find(|(_, recording)| *recording == id);
        subject = batch.map_or(subject, |(batch, _)| format!("batch:{batch}"));
    }
    let about = |kind: &str| {
        let mut rows = rows.iter().rev();
        rows.find(|row| row.subject == subject && (kind.is_empty() || row.kind == kind))
    };
    let found = about("release")
        .or_else(|| about("ingest"))
        .or_else(|| about(""));
    let number = found.and_then(|row| u64::try_from(row.entry).ok());
    number.ok_or_else(|| no_entry(id, rows.len() as u64))
}

/// Writes a proof as `NAME.tlog-proof`, `NAME.dsse.json` and `NAME.pub`.
///
/// Errors: a file that is there, without `force`; what the system says.
pub fn write_proof(proof: &Proof, name: &Path, force: bool) -> Result<(), EngineError> {
    let files: [(&str, &[u8]); 3] = [
        ("dsse.json", &proof.statement),
        ("pub", proof.public_key.as_bytes()),
        ("tlog-proof", proof.proof.as_bytes()),
    ];
    let named = files.map(|(ending, bytes)| {
        let mut path = name.as_os_str().to_owned();
        path.push(format!(".{ending}"));
        (PathBuf::from(path), bytes)
    });
    for (path, _) in &named {
        crate::output::refuse_existing(path, force)?;
    }
    for (path, bytes) in &named {
        crate::output::write_bytes(path, bytes, force)?;
    }
    Ok(())
}

/// The document of `log witness --json`.
#[derive(Clone, Debug, Serialize)]
pub struct WitnessDocument {
    /// `fieldassay.log_witness`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Where the checkpoint is kept.
    pub file: PathBuf,
    /// Entries of the tree that was kept there before; 0 for none.
    pub before: u64,
    /// Entries of the tree that is kept now.
    pub size: u64,
    /// Public key of the witness, where it signed.
    pub cosigned_by: Option<String>,
    /// The checkpoint as it is kept.
    pub checkpoint: String,
}

/// Keeps the checkpoint of the log in a file elsewhere, or in a folder under the name of the log: only where it continues
/// the one that is there. With the file of a witness's key it is cosigned by the rule of a witness.
///
/// Errors: what is there is no checkpoint of this log, or the log does not continue it; then nothing is written.
pub fn witness(
    workspace: &Workspace,
    world: &World<'_>,
    target: &Path,
    cosign: Option<&Path>,
) -> Result<WitnessDocument, EngineError> {
    let asked = async {
        let (ledger, head) = opened(workspace, world).await?;
        let trust = Trust::log(ledger.chain().clone());
        let name = format!("{}.checkpoint", trust.keys().origin().replace('/', "_"));
        let file = if target.is_dir() {
            target.join(name)
        } else {
            target.to_owned()
        };
        let before = kept(&file, &trust)?;
        let now = head_of(&head)?;
        let plan = ProofPlan::consistency(before.size, now.size)
            .map_err(|error| diverged(&file, &error))?;
        let proof = Tree::of(workspace).prove(&now, &plan).await?;
        verify_consistency(&before, &now, &proof).map_err(|error| diverged(&file, &error))?;
        let mut signed = SignedCheckpoint::parse(head.checkpoint.as_bytes()).map_err(refused)?;
        let mut cosigned_by = None;
        if let Some(path) = cosign {
            let key = read_key(path)?;
            let public = key.verifier().clone();
            let witness = Witness::new(trust.keys().clone(), key).map_err(refused)?;
            let request = CosignRequest {
                old_size: before.size,
                proof,
                checkpoint: signed.clone(),
            };
            let secs = u64::try_from((world.now_ns)() / 1_000_000_000).unwrap_or(0);
            let signature = witness.cosign(&before, &request, secs).map_err(refused)?;
            let added =
                signed.add_cosignatures(&signature.to_string(), std::slice::from_ref(&public));
            added.map_err(refused)?;
            cosigned_by = Some(public.to_string());
        }
        let checkpoint = signed.to_string();
        crate::output::write_text(&file, &checkpoint, true)?;
        Ok(WitnessDocument {
            schema: "fieldassay.log_witness",
            version: 1,
            file,
            before: before.size,
            size: now.size,
            cosigned_by,
            checkpoint,
        })
    };
    workspace.runtime.block_on(asked)
}

fn diverged(file: &Path, error: &impl std::fmt::Display) -> EngineError {
    refused(format!(
        "the log does not continue the checkpoint kept in `{}`: {error}\nhint: it was cut off, restored from an older copy or made anew; keep that file, it proves it; nothing was written",
        file.display()
    ))
}

/// The head that is kept in a file; the empty tree where there is none.
fn kept(file: &Path, trust: &Trust) -> Result<TreeHead, EngineError> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(TreeHead::EMPTY),
        Err(error) => return Err(EngineError::io("read", file, error)),
    };
    let opened = SignedCheckpoint::parse(&bytes).and_then(|signed| signed.open(trust));
    let opened = opened.map_err(|error| {
        refused(format!(
            "`{}` is no checkpoint of this log: {error}",
            file.display()
        ))
    })?;
    Ok(opened.head)
}

fn read_key(path: &Path) -> Result<SignerKey, EngineError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| EngineError::io("read", path, error))?;
    SignerKey::parse(text.trim()).map_err(|error| refused(format!("`{}`: {error}", path.display())))
}

/// Makes a key for a witness of this name and writes its private half into a file that is not there yet. Gives the
/// public key. Errors: a file that is there, a name that is none.
pub fn new_witness_key(world: &World<'_>, name: &str, file: &Path) -> Result<String, EngineError> {
    let seed = super::ledger::keys::random(world)?;
    let key = SignerKey::from_seed(name, Algorithm::Cosignature, &seed).map_err(refused)?;
    write_private(file, &format!("{}\n", key.encode()))?;
    Ok(key.verifier().to_string())
}

/// The document of `log rotate --json`.
#[derive(Clone, Debug, Serialize)]
pub struct RotateDocument {
    /// `fieldassay.log_rotate`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// Name of the log.
    pub origin: String,
    /// The key that signed until now.
    pub old_key: String,
    /// The key that signs from now on.
    pub new_key: String,
    /// The file of its private half.
    pub key_file: PathBuf,
    /// The note by which the old key names the new one, signed by both.
    pub note: String,
    /// The checkpoint with it, signed by the new key.
    pub checkpoint: Option<String>,
}

/// Changes the key of the log: the old one signs the last tree it vouches for and the new key; both are in the log.
///
/// Errors: the old key is not here; what the store says.
pub fn rotate(workspace: &Workspace, world: &World<'_>) -> Result<RotateDocument, EngineError> {
    let scene = Scene {
        workspace,
        world,
        watch: &NoProgress,
    };
    workspace.runtime.block_on(async {
        let (before, _) = opened(workspace, world).await?;
        let old_key = before.chain().newest().to_string();
        let (published, said) = publish::rotate_key(scene).await?;
        let (after, _) = opened(workspace, world).await?;
        let origin = after.chain().origin().to_owned();
        let new_key = after.chain().newest().clone();
        let note = match said {
            Said::KeyChange { note, .. } => note,
            _ => String::new(),
        };
        Ok(RotateDocument {
            schema: "fieldassay.log_rotate",
            version: 1,
            old_key,
            key_file: Keys::of(world).file_of(&origin, &new_key)?,
            new_key: new_key.to_string(),
            origin,
            note,
            checkpoint: published.checkpoint,
        })
    })
}
