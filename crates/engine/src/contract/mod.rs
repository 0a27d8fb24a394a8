//! `contract`: recordings and their labels against what they must be, and two versions of a contract against each other.
//!
//! Read [`Request`] and [`run`] first, then [`compare()`]. [`files`] reads contracts and ontologies, [`lens`] gathers what
//! they want to know of messages in one pass, [`hold`] judges.
//!
//! Not here: the rules themselves (`model::contract`), quarantine (`workspace::ingest`).

mod columns;
mod compare;
pub mod files;
pub(crate) mod hold;
pub(crate) mod lens;
mod migrate;
#[cfg(feature = "platform")]
pub(crate) mod tables;

pub use compare::{CompareDocument, compare};
pub use files::Files;

use crate::EngineError;
use crate::check::thread_pool;
use crate::context::{self, Given};
use crate::limits::Limits;
use crate::sources::{self, Source};
use fieldassay_check::Progress;
use fieldassay_model::contract::{
    Assumed, Checked, ContractReference, MigrationRecord, NotEvaluated, Notes, Violation,
};
use fieldassay_model::{Loss, RecordingId, Verdict};
use hold::{Known, NoTables, Outcome, Tables};
use lens::Held;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the documents.
pub const DOCUMENT_VERSION: u32 = 1;

/// What to hold to which contract.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Files, folders and globs.
    pub inputs: &'a [String],
    /// `field=value`, for all.
    pub context: &'a [String],
    /// A file of context.
    pub context_file: Option<PathBuf>,
    /// Threads; 0 means one per core.
    pub jobs: usize,
    /// Written limits.
    pub limits: Limits,
}

/// The document of `contract check --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckDocument {
    /// `fieldassay.contract_check`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The contract.
    pub contract: ContractReference,
    /// The ontology its categories are of, `name@version`.
    pub ontology: Option<String>,
    /// How data of an older version was read; null where it was read as it is.
    pub migration: Option<MigrationRecord>,
    /// Of all inputs: the worst.
    pub verdict: Verdict,
    /// Inputs, by path.
    pub inputs: Vec<CheckedInput>,
}

/// One input, held to the contract.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedInput {
    /// Its path, or its id in the workspace.
    pub path: String,
    /// The recording it is, by content; null where it could not be read.
    pub id: Option<RecordingId>,
    /// Container, layout or form.
    pub format: Option<String>,
    /// Messages read.
    pub message_count: u64,
    /// What follows: `fail` with a violation, `not_evaluated` where something could not be looked at.
    pub verdict: Verdict,
    /// What it does not give.
    pub violations: Vec<Violation>,
    /// What could not be looked at.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Units that were taken from the contract because the source says nothing.
    pub assumed: Vec<Assumed>,
    /// What reading old data as the new version leaves to see.
    pub notes: Notes,
    /// Whether everything was read.
    pub complete: bool,
    /// What could not be read.
    pub loss: Loss,
    /// Why nothing could be read; null otherwise.
    pub error: Option<String>,
}

impl CheckedInput {
    /// An input that could not be read.
    pub(crate) fn unreadable(path: String, error: &EngineError) -> Self {
        Self {
            path,
            id: None,
            format: None,
            message_count: 0,
            verdict: Verdict::NotEvaluated,
            violations: Vec::new(),
            not_evaluated: Vec::new(),
            assumed: Vec::new(),
            notes: Notes::default(),
            complete: false,
            loss: Loss::default(),
            error: Some(error.to_string()),
        }
    }

    /// An input that was held to the contract.
    pub(crate) fn new(path: String, outcome: Outcome) -> Self {
        let verdict = outcome.checked.verdict();
        let Checked {
            violations,
            not_evaluated,
            assumed,
        } = outcome.checked;
        Self {
            path,
            id: None,
            format: None,
            message_count: 0,
            verdict: match &outcome.error {
                Some(_) => Verdict::NotEvaluated,
                None => verdict,
            },
            violations,
            not_evaluated,
            assumed,
            notes: outcome.notes,
            complete: true,
            loss: Loss::default(),
            error: outcome.error,
        }
    }
}

/// The document of some inputs.
pub fn document(files: &Files, inputs: Vec<CheckedInput>) -> CheckDocument {
    let rank = |verdict: Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Warn => 1,
        Verdict::NotEvaluated => 2,
        Verdict::Fail => 3,
    };
    let worst = inputs.iter().map(|input| input.verdict);
    CheckDocument {
        schema: "fieldassay.contract_check",
        version: DOCUMENT_VERSION,
        contract: files.reference(),
        ontology: files.contract.ontology.as_ref().map(ToString::to_string),
        migration: files.record(),
        verdict: worst
            .max_by_key(|verdict| rank(*verdict))
            .unwrap_or(Verdict::NotEvaluated),
        inputs,
    }
}

/// What stands for an input.
#[derive(Clone, Debug)]
enum Input {
    Recording(PathBuf),
    #[cfg(feature = "platform")]
    Labels(Box<crate::workspace::LabelInput>),
}

/// Inputs with their total size, so that progress can be shown.
#[derive(Clone, Debug)]
pub struct Plan {
    inputs: Vec<Input>,
    given: Given,
    /// Bytes to read.
    pub size_bytes: u64,
}

/// The files a request stands for.
///
/// Errors: inputs that are not there, or that nothing is known in; a context that cannot be used.
pub fn plan(request: &Request<'_>) -> Result<Plan, EngineError> {
    let given = Given::read(request.context, request.context_file.as_deref())?;
    let inputs = inputs(request)?;
    let sizes = inputs.iter().map(|input| match input {
        Input::Recording(path) => sources::size_bytes(path),
        #[cfg(feature = "platform")]
        Input::Labels(labels) => labels
            .files
            .iter()
            .map(|file| sources::size_bytes(file))
            .sum(),
    });
    Ok(Plan {
        size_bytes: sizes.sum(),
        inputs,
        given,
    })
}

#[cfg(not(feature = "platform"))]
fn inputs(request: &Request<'_>) -> Result<Vec<Input>, EngineError> {
    let found = sources::find(request.inputs, &request.limits)?;
    Ok(found.into_iter().map(Input::Recording).collect())
}

#[cfg(feature = "platform")]
fn inputs(request: &Request<'_>) -> Result<Vec<Input>, EngineError> {
    let (recordings, labels) = crate::workspace::find(request.inputs, &request.limits)?;
    let labels = labels.into_iter().map(|one| Input::Labels(Box::new(one)));
    Ok(recordings
        .into_iter()
        .map(Input::Recording)
        .chain(labels)
        .collect())
}

/// Holds every input of a plan to a contract. An input that cannot be read is an entry with its reason.
///
/// Errors: threads that cannot be started. Cost: one read of every input; memory is that of the units under way.
pub fn run(
    files: &Files,
    request: &Request<'_>,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<CheckDocument, EngineError> {
    let pool = thread_pool(request.jobs)?;
    let mut inputs = pool.install(|| {
        let all = plan.inputs.par_iter();
        all.map(|input| one(input, files, plan, (request, progress)))
            .collect::<Vec<_>>()
    });
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(document(files, inputs))
}

/// A contract with what belongs to it.
pub(crate) fn held(files: &Files) -> Held<'_> {
    Held {
        contract: &files.contract,
        classes: files.classes(),
        migration: files.migration.as_ref(),
    }
}

fn one(
    input: &Input,
    files: &Files,
    plan: &Plan,
    (request, progress): (&Request<'_>, &dyn Progress),
) -> CheckedInput {
    let (path, checked) = match input {
        Input::Recording(path) => {
            let checked = Source::read(path).and_then(|source| {
                let metadata = context::metadata_of(&source, &request.limits);
                let fields = plan.given.of(path, &metadata)?;
                let tables = tables_of(path, &source, &request.limits)?;
                let known = Known {
                    context: Some(&fields),
                    tables: tables.as_deref(),
                };
                recording(&source, &held(files), known, (&request.limits, progress))
            });
            (path, checked)
        }
        #[cfg(feature = "platform")]
        Input::Labels(labels) => (&labels.path, tables::labels(labels, files, &plan.given)),
    };
    checked.unwrap_or_else(|error| CheckedInput::unreadable(path.display().to_string(), &error))
}

/// Tables of labels a recording has: none for files, which hold messages only.
#[cfg(not(feature = "platform"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "reading tables may fail in the other build"
)]
fn tables_of(
    _path: &Path,
    source: &Source,
    _limits: &Limits,
) -> Result<Option<Box<dyn Tables>>, EngineError> {
    let none = || Box::new(NoTables(BTreeMap::new())) as Box<dyn Tables>;
    Ok(source.layout().is_none().then(none))
}

/// Tables of labels a recording has: those of its folder.
#[cfg(feature = "platform")]
fn tables_of(
    path: &Path,
    source: &Source,
    limits: &Limits,
) -> Result<Option<Box<dyn Tables>>, EngineError> {
    if source.layout().is_none() {
        return Ok(Some(Box::new(NoTables(BTreeMap::new()))));
    }
    let opened = source.open(false, limits)?;
    let of_folder = tables::of_folder(path, opened.recording().format())?;
    Ok(Some(Box::new(of_folder)))
}

/// Holds one recording to a contract.
///
/// Errors: a recording that cannot be opened, tables that cannot be read.
pub(crate) fn recording(
    source: &Source,
    held: &Held<'_>,
    known: Known<'_>,
    (limits, progress): (&Limits, &dyn Progress),
) -> Result<CheckedInput, EngineError> {
    let all = [*held];
    let (digests, passed) = rayon::join(
        || source.digests(),
        || {
            let opened = source.open(false, limits)?;
            let read = |bytes| progress.advance(bytes);
            let passed = hold::pass(opened.recording(), &all, &read);
            let format = opened.recording().format().name();
            // An index can be sound by its checksum and still not name every channel.
            if passed.undefined == 0 {
                return Ok((format, passed));
            }
            let opened = source.open(true, limits)?;
            Ok::<_, EngineError>((format, hold::pass(opened.recording(), &all, &|_| ())))
        },
    );
    let (format, passed) = passed?;
    let outcome = hold::hold(held, Some((&passed.seen, 0)), known)?;
    let mut input = CheckedInput::new(source.path().display().to_string(), outcome);
    input.format = Some(format.to_owned());
    input.id = Some(RecordingId::from_sha256(&digests?.sha256));
    input.message_count = passed.message_count;
    input.complete = passed.complete;
    input.loss = passed.loss;
    Ok(input)
}
