//! `demo`: drives with faults, checked, with the truth beside what was found.

use crate::check::{self, Outcome};
use crate::limits::Limits;
use crate::{EngineError, page};
use fieldassay_check::Progress;
use fieldassay_model::{Policy, RecordingReport, Severity, Window};
use fieldassay_report::TruthMark;
use fieldassay_simulate::{DriveSpec, Fault, Truth, write_drive};
use std::path::{Path, PathBuf};

/// Seed of the first drive; each further one gets the next.
const FIRST_SEED: u64 = 2026;
/// Length of a drive, seconds.
const DRIVE_SECS: f64 = 30.0;
/// Name and faults of every drive.
const DRIVES: [(&str, &[&str]); 6] = [
    ("clean", &[]),
    ("silent-lidar", &["stall_s=0.5"]),
    ("clock-step", &["step_ms=20"]),
    ("lossy-link", &["drop_percent=1"]),
    ("broken-transforms", &["transform_cycle_count=5"]),
    ("cut-off", &["truncate_percent=30"]),
];

/// What the demo did.
#[derive(Debug)]
pub struct DemoOutcome {
    /// One entry per drive.
    pub drives: Vec<DemoDrive>,
    /// The page.
    pub report: PathBuf,
}

/// One drive of the demo.
#[derive(Debug)]
pub struct DemoDrive {
    /// The recording.
    pub path: PathBuf,
    /// What was injected.
    pub truth: Truth,
    /// What was found.
    pub report: RecordingReport,
}

impl DemoDrive {
    /// The findings that matter: warnings and errors, worst first.
    pub fn findings(&self) -> impl Iterator<Item = &fieldassay_model::Finding> {
        self.report
            .findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Warn)
    }
}

/// Makes the drives in `folder`, checks them under the default policy and writes `report.html`.
///
/// The drives are the same on every machine, so running it again changes nothing; a file of the
/// same name with other content is refused without `force`.
pub fn run(
    folder: &Path,
    force: bool,
    progress: &dyn Progress,
) -> Result<DemoOutcome, EngineError> {
    std::fs::create_dir_all(folder).map_err(|error| EngineError::io("write", folder, error))?;
    let mut drives = Vec::new();
    for ((name, faults), seed) in DRIVES.iter().zip(FIRST_SEED..) {
        let path = folder.join(format!("{name}.mcap"));
        let truth = make(&path, faults, seed, force)?;
        drives.push((path, truth));
    }
    let policy = Policy::built_in("default").map_err(|source| EngineError::Policy {
        path: PathBuf::from("default"),
        source,
    })?;
    let request = check::Request {
        inputs: &[],
        policy: &policy,
        topics: None,
        start: None,
        end: None,
        jobs: 0,
        limits: Limits::default(),
    };
    let paths: Vec<PathBuf> = drives.iter().map(|(path, _)| path.clone()).collect();
    let outcome = check::run(&request, &paths, progress)?;
    let report = folder.join("report.html");
    write_page(&outcome, &drives, &policy, &report, force)?;
    let drives = drives
        .into_iter()
        .zip(outcome.document.recordings)
        .map(|((path, truth), report)| DemoDrive {
            path,
            truth,
            report,
        })
        .collect();
    Ok(DemoOutcome { drives, report })
}

fn make(path: &Path, faults: &[&str], seed: u64, force: bool) -> Result<Truth, EngineError> {
    let simulate_error = |message: String| EngineError::Simulate { message };
    let faults = faults
        .iter()
        .map(|fault| Fault::parse(fault))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| simulate_error(error.to_string()))?;
    let spec = DriveSpec {
        seed,
        duration_secs: DRIVE_SECS,
        faults,
        ..DriveSpec::default()
    };
    let mut bytes = Vec::new();
    let truth =
        write_drive(&spec, &mut bytes).map_err(|error| simulate_error(error.to_string()))?;
    write_unless_same(path, &bytes, force)?;
    let truth_path = crate::simulate::truth_path(path);
    write_unless_same(&truth_path, truth.to_json().as_bytes(), force)?;
    Ok(truth)
}

fn write_page(
    outcome: &Outcome,
    drives: &[(PathBuf, Truth)],
    policy: &Policy,
    path: &Path,
    force: bool,
) -> Result<(), EngineError> {
    let truth: Vec<Vec<TruthMark>> = drives
        .iter()
        .map(|(_, truth)| truth.0.iter().map(mark).collect())
        .collect();
    let text = page::text(outcome, Some(&truth), policy, "Fieldassay demo")?;
    write_unless_same(path, text.as_bytes(), force)
}

fn mark(entry: &fieldassay_simulate::TruthEntry) -> TruthMark {
    TruthMark {
        kind: entry.kind.clone(),
        channel: entry
            .channel
            .clone()
            .unwrap_or_else(|| "recording".to_owned()),
        window: Some(Window {
            start_ns: entry.start_ns,
            end_ns: entry.end_ns,
        }),
        magnitude: Some(entry.magnitude),
        unit: entry.unit.clone(),
    }
}

fn write_unless_same(path: &Path, bytes: &[u8], force: bool) -> Result<(), EngineError> {
    match std::fs::read(path) {
        Ok(present) if present == bytes => Ok(()),
        _ => crate::output::write_bytes(path, bytes, force),
    }
}
