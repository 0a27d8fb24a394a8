//! `check`: evidence and verdict for recordings.

use crate::limits::Limits;
use crate::scratch::MappedScratch;
use crate::sources::{self, Source};
use crate::{EngineError, scan};
use fieldassay_check::{CheckOptions, Evidence, Progress, catalog};
use fieldassay_formats::Recording;
use fieldassay_model::plot::RecordingPlots;
use fieldassay_model::{
    CheckDocument, Finding, Loss, Policy, RecordingId, RecordingReport, Severity, TimeBound,
    Verdict, evaluate,
};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// What to check, and how.
pub struct Request<'a> {
    /// Files, folders and globs.
    pub inputs: &'a [String],
    /// What is tolerated.
    pub policy: &'a Policy,
    /// Topics to look at; none means all.
    pub topics: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    /// First moment to look at.
    pub start: Option<TimeBound>,
    /// Last moment to look at.
    pub end: Option<TimeBound>,
    /// Threads; 0 means one per core.
    pub jobs: usize,
    /// Written limits.
    pub limits: Limits,
}

/// What came out.
#[derive(Debug)]
pub struct Outcome {
    /// The document of `--json`.
    pub document: CheckDocument,
    /// Reduced series for the report, parallel to the recordings of the document.
    pub plots: Vec<Option<RecordingPlots>>,
    /// Whether each recording says that it is simulated, parallel to the recordings.
    pub simulated: Vec<bool>,
}

/// The files a request stands for and their total size, so that progress can be shown.
pub fn plan(request: &Request<'_>) -> Result<(Vec<PathBuf>, u64), EngineError> {
    let paths = sources::find(request.inputs, &request.limits)?;
    let bytes = paths.iter().map(|path| sources::size_bytes(path)).sum();
    Ok((paths, bytes))
}

/// Checks every file of a plan. A file that cannot be read is an entry with its reason; the
/// others are checked all the same. Entries come in the order of `paths`.
pub fn run(
    request: &Request<'_>,
    paths: &[PathBuf],
    progress: &dyn Progress,
) -> Result<Outcome, EngineError> {
    let pool = thread_pool(request.jobs)?;
    let lanes = pool.current_num_threads().min(paths.len()).max(1);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(paths.len()));
    // Small recordings do not fill the cores one by one, so several are under way at once; each
    // lane gets its share of the memory, so the limit does not depend on how many there are.
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some((index, path)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    paths.get(index).map(|path| (index, path))
                } {
                    let checked = pool.install(|| check_path(path, request, lanes, progress));
                    if let Ok(mut results) = results.lock() {
                        results.push((index, checked));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    let mut document = CheckDocument {
        schema: "fieldassay.check".to_owned(),
        version: DOCUMENT_VERSION,
        policy: request.policy.reference(),
        recordings: Vec::with_capacity(results.len()),
    };
    let (mut plots, mut simulated) = (Vec::new(), Vec::new());
    for (_, checked) in results {
        document.recordings.push(checked.report);
        plots.push(checked.plots);
        simulated.push(checked.simulated);
    }
    Ok(Outcome {
        document,
        plots,
        simulated,
    })
}

/// A pool of `jobs` threads, one per core when 0.
pub(crate) fn thread_pool(jobs: usize) -> Result<rayon::ThreadPool, EngineError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| EngineError::Request {
            message: format!(
                "`{jobs}` threads could not be started: {error}\nhint: give a smaller --jobs"
            ),
        })
}

struct Checked {
    report: RecordingReport,
    plots: Option<RecordingPlots>,
    simulated: bool,
}

fn check_path(
    path: &Path,
    request: &Request<'_>,
    lanes: usize,
    progress: &dyn Progress,
) -> Checked {
    match Source::read(path) {
        Ok(source) => check_source(&source, request, lanes, progress),
        Err(error) => Checked {
            report: unreadable(path, 0, &error),
            plots: None,
            simulated: false,
        },
    }
}

fn check_source(
    source: &Source,
    request: &Request<'_>,
    lanes: usize,
    progress: &dyn Progress,
) -> Checked {
    let size = source.size_bytes();
    let (digests, evidence) = rayon::join(
        || source.digests(),
        || {
            let whole = |recording: &dyn Recording, check: Check<'_>| (check(recording), ());
            gather(source, request, lanes, progress, whole)
        },
    );
    let mut report = match &evidence {
        Ok((gathered, ())) => judged(source.path(), size, gathered, request.policy),
        Err(error) => unreadable(source.path(), size, error),
    };
    // Without digests there is no id: a file of the folder could not be read, which is a loss too.
    if let Ok(digests) = digests {
        let id = RecordingId::from_sha256(&digests.sha256);
        if let Some(calibration) = &mut report.calibration {
            calibration.source = Some(id.clone());
        }
        report.id = Some(id);
        report.sha256 = Some(digests.sha256);
        report.blake3 = Some(digests.blake3);
    }
    let (plots, simulated) = match evidence {
        Ok((gathered, ())) => (Some(gathered.evidence.plots), gathered.simulated),
        Err(_) => (None, false),
    };
    Checked {
        report,
        plots,
        simulated,
    }
}

/// The evidence of a recording, and where it came from.
pub(crate) struct Gathered {
    pub(crate) format: &'static str,
    pub(crate) evidence: Evidence,
    pub(crate) simulated: bool,
}

/// The pass over a recording that [`gather`] hands to whoever wants to see the messages too.
pub(crate) type Check<'a> = &'a dyn Fn(&dyn Recording) -> Evidence;

/// Gathers the evidence of a recording. `see` is given the recording and the pass over it: it may put something of its
/// own around the recording, so that what it wants of the messages is read in the same pass.
pub(crate) fn gather<R>(
    source: &Source,
    request: &Request<'_>,
    lanes: usize,
    progress: &dyn Progress,
    see: impl Fn(&dyn Recording, Check<'_>) -> (Evidence, R),
) -> Result<(Gathered, R), EngineError> {
    let mut scan_definitions = false;
    loop {
        let opened = source.open(scan_definitions, &request.limits)?;
        let recording = opened.recording();
        let options = CheckOptions {
            topics: request.topics,
            window: window(recording, request),
            threads: 0,
            memory_bytes: request.limits.column_bytes / lanes,
        };
        let (evidence, seen) = see(recording, &|recording| {
            fieldassay_check::check(recording, &options, &MappedScratch, progress)
        });
        // An index can be sound by its checksum and still not name every channel.
        if evidence.undefined_channel_messages > 0 && !scan_definitions {
            scan_definitions = true;
            continue;
        }
        let gathered = Gathered {
            format: recording.format().name(),
            evidence,
            simulated: recording.origin().1.contains("simulated"),
        };
        return Ok((gathered, seen));
    }
}

/// The stretch of log time asked for, on the clock of this recording.
fn window(recording: &dyn Recording, request: &Request<'_>) -> Option<(Option<i64>, Option<i64>)> {
    if request.start.is_none() && request.end.is_none() {
        return None;
    }
    let start = start_of(recording).unwrap_or(0);
    Some((
        request.start.map(|bound| bound.at(start)),
        request.end.map(|bound| bound.at(start)),
    ))
}

/// Smallest log time of a recording, read rather than believed: chunk headers and indexes may lie.
/// Costs one bare scan, and only when a stretch of time was asked for.
fn start_of(recording: &dyn Recording) -> Option<i64> {
    scan::scan(recording)
        .iter()
        .filter_map(|unit| unit.log_time_range)
        .map(|(start, _)| start)
        .min()
}

pub(crate) fn judged(
    path: &Path,
    size_bytes: u64,
    gathered: &Gathered,
    policy: &Policy,
) -> RecordingReport {
    let evidence = &gathered.evidence;
    let (findings, verdict) = evaluate(policy, catalog(), &evidence.facts);
    let mut channels = evidence.channels.clone();
    for channel in &mut channels {
        channel.worst = worst_about(&channel.topic, &findings);
    }
    RecordingReport {
        path: path.display().to_string(),
        id: None,
        format: gathered.format.to_owned(),
        size_bytes,
        sha256: None,
        blake3: None,
        message_count: evidence.message_count,
        start_ns: evidence.start_ns,
        end_ns: evidence.end_ns,
        complete: evidence.complete,
        loss: evidence.loss.clone(),
        channels,
        calibration: evidence.calibration.clone(),
        facts: evidence.facts.clone(),
        findings,
        verdict,
        error: None,
    }
}

/// The worst finding about a topic, alone or in a pair.
fn worst_about(topic: &str, findings: &[Finding]) -> Option<Severity> {
    findings
        .iter()
        .filter(|finding| finding.subject.split(" -> ").any(|side| side == topic))
        .map(|finding| finding.severity)
        .max()
}

pub(crate) fn unreadable(path: &Path, size_bytes: u64, error: &EngineError) -> RecordingReport {
    RecordingReport {
        path: path.display().to_string(),
        id: None,
        format: "unknown".to_owned(),
        size_bytes,
        sha256: None,
        blake3: None,
        message_count: 0,
        start_ns: None,
        end_ns: None,
        complete: false,
        loss: Loss::default(),
        channels: Vec::new(),
        calibration: None,
        facts: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::NotEvaluated,
        error: Some(error.to_string()),
    }
}
