//! `export`: a release as a folder that others read without us, and can verify.
//!
//! Read [`Request`] and [`run`] first. Every folder has `manifest.json`, the release's own Parquet files and the proof that
//! the log has it (`release.dsse.json`, `release.tlog-proof`, `release.pub`); what the format adds lies in a folder of its
//! own: `arrow/`, `coco/`, `clips/`, `originals/<recording>/`. The folder appears when it is whole.
//!
//! Not here: checking such a folder (`verify --offline`).

mod coco;

use super::cells::every;
use super::show::Named;
use super::{create, fetch};
use crate::EngineError;
use crate::workspace::ask::{Asked, Limits};
use crate::workspace::clip;
use crate::workspace::ledger::proofs::proof_files;
use crate::workspace::opened::{Workspace, World};
use fieldassay_model::TimeBound;
use fieldassay_model::release::FILE;
use fieldassay_query::{Format as Written, Options, Session, Sources};
use fieldassay_store::Blobs;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

const PARQUET: &str = "parquet";

/// What besides the release's own files is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Nothing: its own files are Parquet.
    Parquet,
    /// Every table as Arrow IPC.
    Arrow,
    /// Boxes, polygons and masks on images as COCO, a file per split.
    Coco,
    /// Every member with messages as an MCAP of its own.
    Mcap,
    /// The files of the recordings as they came.
    Originals,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [
        Self::Parquet,
        Self::Arrow,
        Self::Coco,
        Self::Mcap,
        Self::Originals,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => PARQUET,
            Self::Arrow => "arrow",
            Self::Coco => "coco",
            Self::Mcap => "mcap",
            Self::Originals => "originals",
        }
    }
}

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct Request {
    /// The release: `NAME`, `NAME@2`, `NAME@tag`.
    pub release: String,
    /// What besides its own files.
    pub format: Format,
    /// The folder, which must not be there.
    pub output: PathBuf,
    /// Whether a folder that is there may be replaced.
    pub force: bool,
}

/// The document of `export --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// `fieldassay.export`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The release, `name@version`.
    pub release: String,
    /// What it is known by.
    pub manifest_sha256: String,
    /// The format.
    pub format: &'static str,
    /// The folder.
    pub output: String,
    /// Files written.
    pub files: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Number of the entry of the log whose proof is in the folder; null where the log has none.
    pub entry: Option<i64>,
    /// What the format cannot say and was left out: how often, by what it is.
    pub left_out: BTreeMap<String, u64>,
}

/// Writes a release out. Errors: one that is not there, a folder that is there, what is damaged; nothing is left then.
pub fn run(
    workspace: &Workspace,
    world: &World<'_>,
    request: &Request,
) -> Result<Outcome, EngineError> {
    crate::output::refuse_existing(&request.output, request.force)?;
    let named = create::named(workspace, &request.release)?;
    let parent = match request.output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let made = tempfile::Builder::new()
        .prefix(".fieldassay-export-")
        .tempdir_in(parent);
    let made = made.map_err(|error| EngineError::io("write", &request.output, error))?;
    let folder = made.path().join("release");
    std::fs::create_dir(&folder).map_err(|error| EngineError::io("create", &folder, error))?;
    let mut export = Export {
        workspace,
        named: &named,
        folder,
        left_out: BTreeMap::new(),
    };
    export.own_files()?;
    let entry = export.proof(world)?;
    match request.format {
        Format::Parquet => {}
        Format::Arrow => export.arrow()?,
        Format::Coco => coco::write(&mut export)?,
        Format::Mcap => export.clips()?,
        Format::Originals => export.originals()?,
    }
    let (files, size_bytes) = measured(&export.folder)?;
    appear(&export.folder, &request.output, made.path())?;
    Ok(Outcome {
        schema: "fieldassay.export",
        version: 1,
        release: format!("{}@{}", named.release.name, named.release.version),
        manifest_sha256: named.release.manifest_sha256.clone(),
        format: request.format.name(),
        output: request.output.display().to_string(),
        files,
        size_bytes,
        entry,
        left_out: export.left_out,
    })
}

/// Gives a folder its name. One that is there goes only when the new one is in its place.
fn appear(made: &Path, output: &Path, scratch: &Path) -> Result<(), EngineError> {
    let io = |error| EngineError::io("write", output, error);
    if !output.exists() {
        return std::fs::rename(made, output).map_err(io);
    }
    let before = scratch.join("replaced");
    std::fs::rename(output, &before).map_err(io)?;
    std::fs::rename(made, output).map_err(|error| {
        // What was there comes back.
        let _ = std::fs::rename(&before, output);
        io(error)
    })
}

/// Files below a folder, and their bytes.
fn measured(folder: &Path) -> Result<(u64, u64), EngineError> {
    let io = |error| EngineError::io("read", folder, error);
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let metadata = entry.metadata().map_err(io)?;
        if metadata.is_dir() {
            let (more, size) = measured(&entry.path())?;
            (files, bytes) = (files + more, bytes + size);
        } else {
            (files, bytes) = (files + 1, bytes + metadata.len());
        }
    }
    Ok((files, bytes))
}

/// A folder that is being filled.
struct Export<'a> {
    workspace: &'a Workspace,
    named: &'a Named,
    folder: PathBuf,
    left_out: BTreeMap<String, u64>,
}

impl Export<'_> {
    /// The manifest and the files it names, each held to its digest.
    fn own_files(&self) -> Result<(), EngineError> {
        let text = self.named.manifest.canonical();
        crate::output::write_text(&self.folder.join(FILE), &text, false)?;
        for file in &self.named.manifest.files {
            let path = self.folder.join(&file.path);
            let fetched = fetch(self.workspace, self.named, &file.path, &path);
            self.workspace.runtime.block_on(fetched)?;
        }
        Ok(())
    }

    /// The statement of the log that this is a release, and where it stands.
    fn proof(&self, world: &World<'_>) -> Result<Option<i64>, EngineError> {
        let release = &self.named.release;
        let subject = format!("{}@{}", release.name, release.version);
        let entries = self.workspace.catalog.log_entries();
        let entries = self.workspace.runtime.block_on(entries)?;
        let found = entries
            .iter()
            .find(|one| one.kind == "release" && one.subject == subject);
        let Some(entry) = found.map(|found| found.entry) else {
            return Ok(None);
        };
        let number = u64::try_from(entry).unwrap_or(0);
        let proof = proof_files(self.workspace, world, number);
        let proof = self.workspace.runtime.block_on(proof)?;
        let write = |name: &str, bytes: &[u8]| {
            crate::output::write_bytes(&self.folder.join(name), bytes, false)
        };
        write("release.dsse.json", &proof.statement)?;
        write("release.tlog-proof", proof.proof.as_bytes())?;
        write("release.pub", proof.public_key.as_bytes())?;
        Ok(Some(entry))
    }

    /// A folder below, made when it is asked for.
    fn below(&self, name: &str) -> Result<PathBuf, EngineError> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|error| EngineError::io("create", &folder, error))?;
        Ok(folder)
    }

    /// SQL over the files of the release, on one thread so that rows keep their order.
    fn session(&self) -> Result<Session, EngineError> {
        let sources = Sources {
            place: self.workspace.place.clone(),
            snapshots: BTreeMap::new(),
            recordings: None,
        };
        let options = Options {
            spill: self.workspace.spill(),
            ..Options::small()
        };
        let session = Session::new(sources, &options)?;
        for file in &self.named.manifest.files {
            let name = format!("release_{}", file.path.trim_end_matches(".parquet"));
            let added = self.folder.join(&file.path);
            let added = absolute(&added)?;
            let added = session.add_parquet(&name, &added);
            self.workspace.runtime.block_on(added)?;
        }
        Ok(session)
    }

    fn has(&self, table: &str) -> bool {
        let path = format!("{table}.parquet");
        self.named
            .manifest
            .files
            .iter()
            .any(|file| file.path == path)
    }

    fn arrow(&self) -> Result<(), EngineError> {
        let session = self.session()?;
        let folder = self.below("arrow")?;
        for form in &self.named.manifest.tables {
            let path = folder.join(format!("{}.arrow", form.name));
            let file = std::fs::File::create(&path);
            let file = file.map_err(|error| EngineError::io("write", &path, error))?;
            let mut file = std::io::BufWriter::new(file);
            let written = async {
                let sql = format!("SELECT * FROM release_{}", form.name);
                let answer = session.run(&sql).await?;
                fieldassay_query::output::write(answer, Written::Arrow, 0, &mut file).await
            };
            self.workspace.runtime.block_on(written)?;
            file.flush()
                .map_err(|error| EngineError::io("write", &path, error))?;
        }
        Ok(())
    }

    /// Every member that has messages: `clips/[<split>/]<recording>_<start>_<end>.mcap`.
    fn clips(&mut self) -> Result<(), EngineError> {
        let session = self.session()?;
        let mut members = Vec::new();
        let sql = "SELECT m.recording_id, m.start_ns, m.end_ns, m.split, r.start_ns AS first, r.message_count \
                   FROM release_members m JOIN release_recordings r ON r.recording_id = m.recording_id ORDER BY 1, 2, 3";
        let read = every(&session, sql, |cells| {
            let times = (cells.integer(1), cells.integer(2), cells.integer(4));
            let id = cells.text(0).unwrap_or_default().to_owned();
            members.push((id, cells.text(3).map(str::to_owned), times, cells.count(5)));
        });
        self.workspace.runtime.block_on(read)?;
        let asked = Asked::new(
            self.workspace,
            Some(self.named.release.tables_at),
            Limits::default(),
        )?;
        for (id, split, times, messages) in members {
            let (Some(start_ns), Some(end_ns), Some(first)) = times else {
                *self
                    .left_out
                    .entry("members without times".to_owned())
                    .or_default() += 1;
                continue;
            };
            if messages == 0 {
                *self
                    .left_out
                    .entry("members without messages".to_owned())
                    .or_default() += 1;
                continue;
            }
            let folder = match &split {
                Some(split) => format!("clips/{split}"),
                None => "clips".to_owned(),
            };
            let output = self.below(&folder)?;
            let request = clip::Request {
                recording: id.clone(),
                start: TimeBound::Absolute(start_ns),
                end: TimeBound::Absolute(end_ns),
                topics: Vec::new(),
                output: output.join(format!("{id}_{start_ns}_{end_ns}.mcap")),
                force: false,
            };
            let times = (first, start_ns, end_ns);
            match clip::cut((self.workspace, &asked), &request, &id, times) {
                Ok(_) => {}
                // A stretch in which nothing was sent is no clip.
                Err(EngineError::Request { .. }) => {
                    let empty = self
                        .left_out
                        .entry("members that hold no message".to_owned());
                    *empty.or_default() += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The files of every recording under `originals/<recording>/`, each held to its digest.
    fn originals(&self) -> Result<(), EngineError> {
        if !self.has("files") {
            return Ok(());
        }
        let session = self.session()?;
        let mut files = Vec::new();
        let sql = "SELECT recording_id, path, sha256 FROM release_files ORDER BY 1, 2";
        let read = every(&session, sql, |cells| {
            let text = |column| cells.text(column).unwrap_or_default().to_owned();
            files.push((text(0), text(1), text(2)));
        });
        self.workspace.runtime.block_on(read)?;
        let blobs = Blobs::new(self.workspace.place.clone());
        for (id, name, sha256) in files {
            let folder = self.below("originals")?.join(&id);
            let path = folder.join(&name);
            let is_below = Path::new(&name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            if !is_below {
                return Err(EngineError::Request {
                    message: format!(
                        "the file `{name}` of `{id}` would lie outside of the folder\nhint: export it with --format {PARQUET} and take the blob `{sha256}`"
                    ),
                });
            }
            let parent = path.parent().unwrap_or(&folder);
            std::fs::create_dir_all(parent)
                .map_err(|error| EngineError::io("create", parent, error))?;
            let file = std::fs::File::create(&path);
            let mut file = file.map_err(|error| EngineError::io("write", &path, error))?;
            let copied = blobs.copy(&sha256, &mut file);
            self.workspace.runtime.block_on(copied)?;
        }
        Ok(())
    }
}

fn absolute(path: &Path) -> Result<PathBuf, EngineError> {
    std::path::absolute(path).map_err(|error| EngineError::io("read", path, error))
}
