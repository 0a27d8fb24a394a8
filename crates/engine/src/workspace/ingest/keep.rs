//! One input: its files kept under their content, its evidence gathered in the same stretch of time, its rows made.
//!
//! Read [`Keeper::prepare`] first. Not here: publishing (`publish`).

use super::context::{self, Fields};
use super::contracts::{HeldTo, Judged, Rules};
use super::inputs::{Input, Kind};
use super::publish::Prepared;
use super::tee::{Seen, Tee};
use super::{Done, Ingested, IngestedFinding, Reached, Request, Watch, evidence, seen_file};
use crate::check::{self, Check};
use crate::context::metadata_of;
use crate::contract::lens::{Held, Lens, Seen as Looked};
use crate::sources::{Source, list_digests};
use crate::workspace::Gathered;
use crate::workspace::opened::{Workspace, World};
use crate::workspace::rows::Value;
use crate::workspace::{content, layouts};
use crate::{EngineError, ErrorKind};
use arrow_array::RecordBatch;
use fieldassay_formats::{Format, Recording};
use fieldassay_model::tables::Table;
use fieldassay_model::{Digests, Finding, RecordingId, RecordingReport, Severity, Verdict};
use fieldassay_store::{Kept, Listed};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All that preparing an input needs.
pub(super) struct Keeper<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) world: &'a World<'a>,
    pub(super) request: &'a Request<'a>,
    pub(super) given: &'a context::Given,
    pub(super) rules: &'a Rules,
    pub(super) plan_sha256: &'a str,
    pub(super) pool: &'a rayon::ThreadPool,
    pub(super) lanes: usize,
    pub(super) watch: &'a dyn Watch,
}

/// A file of an input: its name in it, where it is, its part.
type NamedFile = (String, PathBuf, &'static str);

/// One file that is kept.
struct KeptFile {
    name: String,
    role: &'static str,
    kept: Kept,
}

/// What a recording says of itself besides its messages.
#[derive(Default)]
struct Itself {
    profile: String,
    library: String,
    format: Option<Format>,
    seen: Seen,
    metadata: BTreeMap<String, String>,
}

impl Keeper<'_> {
    /// Keeps an input and makes its rows. What is wrong with the input alone is told in the outcome.
    ///
    /// Errors: what the store or the system says about the workspace.
    pub(super) fn prepare(&self, input: &Input, index: usize) -> Result<Done, EngineError> {
        let prepared = match &input.kind {
            Kind::Recording => self.recording(input, index),
            Kind::Labels(labels) => self.labels(input, labels, index),
        };
        match prepared {
            Ok((mut ingested, prepared)) => {
                self.watch.reached(Reached::Prepared)?;
                let now = input.kind.stamp(&input.path);
                if now.is_ok_and(|now| now != input.stamp) {
                    let error = "it changed while it was read\nhint: wait until it is written whole, then try again; nothing of it was published";
                    return Ok((failed(input, error.to_owned()), None));
                }
                ingested.path = input.path.display().to_string();
                Ok((ingested, Some(prepared)))
            }
            Err(error) if is_of_the_input(&error, input) => {
                Ok((failed(input, error.to_string()), None))
            }
            Err(error) => Err(error),
        }
    }

    /// By whom, when and by which plan.
    fn volatile(&self) -> [(&'static str, Value<'_>); 3] {
        [
            ("plan_sha256", Value::Text(self.plan_sha256)),
            ("actor", self.world.actor.into()),
            ("ingested_ns", (self.world.now_ns)().into()),
        ]
    }

    fn recording(&self, input: &Input, index: usize) -> Result<(Ingested, Prepared), EngineError> {
        let source = Source::read(&input.path)?;
        let held = self.rules.held();
        let files = named_files(&source, &input.path);
        let (kept, gathered) = match <[_; 1]>::try_from(files) {
            // On a thread of its own: while the system writes, those of the pool go on with the checks.
            Ok([file]) => std::thread::scope(|scope| {
                let keeping = scope.spawn(|| Ok(vec![self.keep_one((index, 0), file)?]));
                let gathered = self.gather(&source, &held);
                let kept = keeping.join();
                (
                    kept.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                    gathered,
                )
            }),
            Err(files) => rayon::join(|| self.keep(files, index), || self.gather(&source, &held)),
        };
        let kept = kept?;
        self.watch.reached(Reached::Kept)?;
        let digests = digests_of(&kept, source.layout().is_some());
        let size_bytes = kept.iter().map(|file| file.kept.size_bytes).sum();
        let (report, itself, simulated, looked) = match gathered {
            Ok((gathered, itself, looked)) => {
                let report = check::judged(&input.path, size_bytes, &gathered, self.request.policy);
                (report, itself, gathered.simulated, Some(looked))
            }
            Err(error) if matches!(error, EngineError::Unsupported { .. }) => {
                let report = check::unreadable(&input.path, size_bytes, &error);
                (report, Itself::default(), false, None)
            }
            Err(error) => return Err(error),
        };
        let id = RecordingId::from_sha256(&digests.sha256);
        let fields = self.given.of(&input.path, &itself.metadata)?;
        let mut made = Made {
            report,
            digests,
            id: id.as_str().to_owned(),
            kept,
            itself,
            simulated,
            rows: Gathered::default(),
            judged_rows: Vec::new(),
            contracts: Vec::new(),
            notes: context::slips(&fields),
            left_out: BTreeMap::new(),
        };
        self.require(&fields, &mut made);
        self.rows_of_recording(input, &source, &fields, &mut made)?;
        if let Some(looked) = &looked {
            made.judge(self, (Some(looked), &held), &fields)?;
        }
        made.finish(self, input)
    }

    /// Evidence and messages in one pass.
    fn gather<'h>(
        &self,
        source: &Source,
        held: &'h [Held<'h>],
    ) -> Result<(check::Gathered, Itself, Looked<'h>), EngineError> {
        let request = check::Request {
            inputs: &[],
            policy: self.request.policy,
            topics: None,
            start: None,
            end: None,
            jobs: 0,
            limits: self.request.limits,
        };
        let metadata = metadata_of(source, &request.limits);
        let gathered = check::gather(
            source,
            &request,
            self.lanes,
            self.watch,
            |recording: &dyn Recording, check: Check<'_>| {
                let lens = Lens::new(recording.channels(), held);
                let tee = Tee::new(recording, &lens);
                let evidence = check(&tee);
                let (profile, library) = recording.origin();
                let itself = Itself {
                    profile,
                    library,
                    format: Some(recording.format()),
                    seen: tee.finish(),
                    metadata: metadata.clone(),
                };
                (evidence, (itself, lens.finish()))
            },
        )?;
        let (gathered, (itself, looked)) = gathered;
        for definition in evidence::definitions(&itself.seen) {
            let kept = self.workspace.blobs.keep_bytes(definition.into());
            self.workspace.runtime.block_on(kept)?;
        }
        Ok((gathered, itself, looked))
    }

    fn rows_of_recording(
        &self,
        input: &Input,
        source: &Source,
        fields: &Fields,
        made: &mut Made,
    ) -> Result<(), EngineError> {
        let policy = self.request.policy.reference();
        let blob = match made.kept.as_slice() {
            [one] => Some(one.kept.digests.sha256.clone()),
            files => files
                .iter()
                .find(|file| file.role == "recording")
                .filter(|_| source.layout().is_none())
                .map(|file| file.kept.digests.sha256.clone()),
        };
        let of = (made.id.as_str(), blob.as_deref());
        evidence::rows(&made.report, of, &made.itself.seen, &policy, &mut made.rows)?;
        context::rows(fields, &made.id, made.report.start_ns, &mut made.rows)?;
        if let Some(format) = made.itself.format.filter(|_| source.layout().is_some()) {
            made.left_out =
                content::gather_of_folder(&input.path, format, &made.id, &mut made.rows)?;
        }
        Ok(())
    }

    /// A finding for every field of context that the workspace asks for and nobody says.
    fn require(&self, fields: &Fields, made: &mut Made) {
        let required = &self.workspace.settings.context.required;
        for field in required.iter().filter(|field| !fields.contains_key(*field)) {
            made.report.findings.insert(0, missing(field));
            made.report.verdict = Verdict::Fail;
        }
    }

    fn labels(
        &self,
        input: &Input,
        labels: &layouts::LabelInput,
        index: usize,
    ) -> Result<(Ingested, Prepared), EngineError> {
        let root = labels.path.clone();
        let files = labels.files.iter().map(|file| {
            let name = file
                .strip_prefix(&root)
                .ok()
                .filter(|name| !name.as_os_str().is_empty());
            let name = name.map_or_else(
                || file.file_name().map(PathBuf::from),
                |name| Some(name.to_owned()),
            );
            (
                name.unwrap_or_default()
                    .to_string_lossy()
                    .replace('\\', "/"),
                file.clone(),
                "labels",
            )
        });
        let kept = self.keep(files.collect(), index)?;
        self.watch.reached(Reached::Kept)?;
        let digests = digests_of(&kept, kept.len() > 1 || input.path.is_dir());
        let id = RecordingId::from_sha256(&digests.sha256)
            .as_str()
            .to_owned();
        let size_bytes = kept.iter().map(|file| file.kept.size_bytes).sum();
        let fields = self.given.of(&input.path, &BTreeMap::new())?;
        let mut report = check::unreadable(
            &input.path,
            size_bytes,
            &EngineError::NoLabels {
                path: PathBuf::new(),
            },
        );
        report.error = None;
        report.complete = true;
        labels.form.name().clone_into(&mut report.format);
        let mut made = Made {
            report,
            digests,
            kept,
            itself: Itself::default(),
            simulated: false,
            rows: Gathered::default(),
            judged_rows: Vec::new(),
            contracts: Vec::new(),
            notes: context::slips(&fields),
            left_out: BTreeMap::new(),
            id,
        };
        let options = super::content_options(self.request);
        made.left_out = content::gather(labels, &made.id, &options, &mut made.rows)?;
        context::rows(&fields, &made.id, None, &mut made.rows)?;
        made.judge(self, (None, &[]), &fields)?;
        self.watch.advance(size_bytes);
        made.finish(self, input)
    }

    /// Keeps files under their content.
    fn keep(&self, files: Vec<NamedFile>, index: usize) -> Result<Vec<KeptFile>, EngineError> {
        let files = files.into_par_iter().enumerate();
        let kept = files.map(|(number, file)| self.keep_one((index, number), file));
        kept.collect()
    }

    /// Keeps a file of an input, by the numbers of both.
    fn keep_one(
        &self,
        (index, number): (usize, usize),
        (name, path, role): NamedFile,
    ) -> Result<KeptFile, EngineError> {
        let scratch = format!("{}-{index}-{number}", self.world.process);
        let kept = self.workspace.blobs.keep_file(&path, &scratch, &|_| ());
        let kept = self.workspace.runtime.block_on(kept)?;
        Ok(KeptFile { name, role, kept })
    }
}

/// Whether an error speaks of what is read, not of the workspace or the system.
fn is_of_the_input(error: &EngineError, input: &Input) -> bool {
    match error {
        EngineError::Io { path, .. } => path.starts_with(&input.path),
        EngineError::Store(fieldassay_store::StoreError::Io { path, action, .. }) => {
            *action == "read" && path.starts_with(&input.path)
        }
        EngineError::Store(fieldassay_store::StoreError::Changed { .. })
        | EngineError::Context { .. } => true,
        EngineError::Store(_) | EngineError::Rows { .. } => false,
        other => other.kind() != ErrorKind::System,
    }
}

fn failed(input: &Input, error: String) -> Ingested {
    Ingested {
        path: input.path.display().to_string(),
        recording_id: None,
        status: "failed",
        format: None,
        verdict: None,
        quarantined: false,
        complete: false,
        size_bytes: input.stamp.size_bytes,
        added_bytes: 0,
        rows: BTreeMap::new(),
        findings: Vec::new(),
        contracts: Vec::new(),
        left_out: BTreeMap::new(),
        notes: Vec::new(),
        error: Some(error),
    }
}

fn missing(field: &str) -> Finding {
    Finding {
        code: "context.missing".to_owned(),
        severity: Severity::Error,
        subject: field.to_owned(),
        window: None,
        count: 1,
        message: format!("the workspace asks for `{field}`, and nobody says it"),
        hint: format!(
            "give `--set {field}=…`, a file with --context, or a `<name>.context.yaml` beside the recording"
        ),
        facts: Vec::new(),
        windows: Vec::new(),
    }
}

/// The files of a recording with their part in it.
fn named_files(source: &Source, path: &Path) -> Vec<NamedFile> {
    let is_folder = source.layout().is_some();
    let files = source.files().into_iter().map(|(name, file)| {
        let role = if is_folder { role(&name) } else { "recording" };
        (name, file, role)
    });
    let mut files: Vec<_> = files.collect();
    // What belongs to a file and stands beside it.
    for (name, file) in source.companions(path) {
        files.push((name, file, "metadata"));
    }
    files
}

/// What a file of a data set is for, by its name.
fn role(name: &str) -> &'static str {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "png" | "jpg" | "jpeg" | "mp4" | "bin" | "pcd" | "avi" | "mkv" => "media",
        _ if last.contains("calib") || name.contains("calibration/") || last == "sensor.yaml" => {
            "calibration"
        }
        _ if name.contains("map/") || last.contains("log_map") => "map",
        _ if last.contains("annotation") || name.contains("label_2/") || last.contains("label") => {
            "labels"
        }
        "csv" | "parquet" | "feather" | "jsonl" | "tfrecord" => "table",
        "yaml" | "yml" | "json" | "md" => "metadata",
        _ => "other",
    }
}

fn digests_of(kept: &[KeptFile], is_folder: bool) -> Digests {
    if !is_folder && let Some(first) = kept.first() {
        return first.kept.digests.clone();
    }
    list_digests(
        kept.iter()
            .map(|file| (file.name.as_str(), &file.kept.digests)),
    )
}

/// What is known of an input before it is published.
struct Made {
    report: RecordingReport,
    digests: Digests,
    id: String,
    kept: Vec<KeptFile>,
    itself: Itself,
    simulated: bool,
    rows: Gathered,
    /// Rows of tables that contracts have looked at.
    judged_rows: Vec<(&'static Table, RecordBatch)>,
    contracts: Vec<HeldTo>,
    notes: Vec<String>,
    left_out: BTreeMap<String, u64>,
}

impl Made {
    /// Holds it to the contracts and its labels to their ontology.
    fn judge(
        &mut self,
        keeper: &Keeper<'_>,
        (seen, held): (Option<&Looked<'_>>, &[Held<'_>]),
        fields: &Fields,
    ) -> Result<(), EngineError> {
        let judged = Judged {
            id: &self.id,
            seen,
            fields,
            held,
        };
        let judgement = keeper.rules.judge(&judged, &mut self.rows)?;
        self.report.verdict = judgement.on_top_of(self.report.verdict);
        let (errors, others): (Vec<Finding>, Vec<Finding>) = judgement
            .findings
            .into_iter()
            .partition(|finding| finding.severity == Severity::Error);
        self.report.findings.splice(0..0, errors);
        self.report.findings.extend(others);
        self.judged_rows = judgement.rows;
        self.contracts = judgement.held_to;
        Ok(())
    }

    fn finish(
        mut self,
        keeper: &Keeper<'_>,
        input: &Input,
    ) -> Result<(Ingested, Prepared), EngineError> {
        let name = input
            .path
            .canonicalize()
            .unwrap_or_else(|_| input.path.clone());
        let name = name
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let quarantined = self.report.verdict == Verdict::Fail || self.report.error.is_some();
        let of_policy = |finding: &Finding| {
            !finding.code.starts_with("contract.") && !finding.code.starts_with("ontology.")
        };
        let is_judged = !self.report.facts.is_empty() || self.report.findings.iter().any(of_policy);
        self.add_files()?;
        self.add_recording(keeper, (&name, input, quarantined, is_judged))?;
        let listed = Listed {
            recording_id: self.id.clone(),
            name,
            format: self.report.format.clone(),
            verdict: evidence::verdict(self.report.verdict).to_owned(),
            quarantined,
            size_bytes: i64::try_from(self.report.size_bytes).unwrap_or(i64::MAX),
            message_count: i64::try_from(self.report.message_count).unwrap_or(i64::MAX),
            start_ns: self.report.start_ns,
            end_ns: self.report.end_ns,
        };
        let added = self.kept.iter().filter(|file| file.kept.is_new);
        let added_bytes = added.map(|file| file.kept.size_bytes).sum();
        let mut rows = self.rows.batches()?;
        rows.append(&mut self.judged_rows);
        let mut counts = BTreeMap::new();
        for (table, rows) in &rows {
            *counts.entry(table.name).or_default() += rows.num_rows();
        }
        let ingested = Ingested {
            path: String::new(),
            recording_id: Some(self.id.clone()),
            status: "added",
            format: Some(self.report.format.clone()),
            verdict: Some(evidence::verdict(self.report.verdict)),
            quarantined,
            complete: self.report.complete,
            size_bytes: self.report.size_bytes,
            added_bytes,
            rows: counts,
            findings: self.report.findings.iter().take(10).map(in_short).collect(),
            contracts: self.contracts.clone(),
            left_out: self.left_out,
            notes: self.notes,
            error: self.report.error.clone(),
        };
        let prepared = Prepared {
            listed,
            seen: vec![seen_file(input, &self.id)],
            rows,
            contracts: self.contracts,
        };
        Ok((ingested, prepared))
    }

    fn add_files(&mut self) -> Result<(), EngineError> {
        let files = self.rows.table("files")?;
        for file in &self.kept {
            files.add([
                ("recording_id", Value::Text(&self.id)),
                ("path", Value::Text(&file.name)),
                ("sha256", Value::Text(&file.kept.digests.sha256)),
                ("blake3", Value::Text(&file.kept.digests.blake3)),
                ("size_bytes", file.kept.size_bytes.into()),
                ("role", file.role.into()),
            ]);
        }
        Ok(())
    }

    fn add_recording(
        &mut self,
        keeper: &Keeper<'_>,
        (name, input, quarantined, is_judged): (&str, &Input, bool, bool),
    ) -> Result<(), EngineError> {
        let (report, itself) = (&self.report, &self.itself);
        let clock = if itself.format.is_some_and(Format::is_recorded) {
            "log_time"
        } else {
            "source_time"
        };
        let policy = is_judged.then(|| keeper.request.policy.reference());
        let recipe = is_judged.then(evidence::recipe);
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (profile, library) = (text(&itself.profile), text(&itself.library));
        let lost = if report.complete {
            Some(0)
        } else {
            report.loss.messages
        };
        let calibration = report.calibration.as_ref().map(|one| one.id.as_str());
        let first = [
            ("recording_id", Value::Text(&self.id)),
            ("name", name.into()),
            ("path", Value::Text(&input.absolute)),
            ("format", Value::Text(&report.format)),
            ("sha256", Value::Text(&self.digests.sha256)),
            ("blake3", Value::Text(&self.digests.blake3)),
            ("size_bytes", report.size_bytes.into()),
            ("file_count", self.kept.len().into()),
            ("simulated", self.simulated.into()),
            ("profile", profile.as_deref().into()),
            ("library", library.as_deref().into()),
            ("start_ns", report.start_ns.into()),
            ("end_ns", report.end_ns.into()),
            ("clock", report.start_ns.map(|_| clock).into()),
            ("channel_count", itself.seen.channels.len().into()),
            ("message_count", report.message_count.into()),
            ("complete", report.complete.into()),
            ("lost_message_count", lost.into()),
            ("lost_bytes", report.loss.bytes.into()),
            ("suspect_message_count", report.loss.suspect_messages.into()),
        ];
        let policy = policy.as_ref();
        let judged = [
            ("error", report.error.as_deref().into()),
            ("calibration_id", calibration.into()),
            ("verdict", evidence::verdict(report.verdict).into()),
            (
                "policy_name",
                policy.map(|policy| policy.name.as_str()).into(),
            ),
            (
                "policy_version",
                policy.map(|policy| i64::from(policy.version)).into(),
            ),
            (
                "policy_sha256",
                policy.map(|policy| policy.sha256.as_str()).into(),
            ),
            ("evidence_id", recipe.as_deref().into()),
            ("quarantined", quarantined.into()),
        ];
        let all = first.into_iter().chain(judged).chain(keeper.volatile());
        self.rows.table("recordings")?.add(all);
        Ok(())
    }
}

fn in_short(finding: &Finding) -> IngestedFinding {
    IngestedFinding {
        code: finding.code.clone(),
        severity: evidence::severity(finding.severity),
        subject: finding.subject.clone(),
        message: finding.message.clone(),
    }
}
