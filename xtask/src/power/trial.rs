//! One trial: simulate, check and judge in memory, and say whether the fault was found.
//!
//! Not here: which trials are run (`cases`) and how they are counted (the parent).

use super::cases::{About, CLEAN, Case, Drive, SENSORS};
use anyhow::{Context as _, Result};
use fieldassay_check::{CheckOptions, HeapOnly, NoProgress, catalog, check};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_model::policy::Policy;
use fieldassay_model::{Finding, Severity, evaluate};
use fieldassay_simulate::{DriveSpec, Fault, Sensors, Truth, Vehicle, write_drive};

/// Length of the drives of the core sensors.
pub(super) const DURATION_SECS: f64 = 60.0;

/// What one trial found.
pub(super) struct Outcome {
    /// Whether the right finding is there; for a clean drive whether there is any at all.
    pub(super) found: bool,
    /// `CODE SUBJECT` of every warning or worse.
    pub(super) findings: Vec<String>,
}

/// A drive without faults: anything of weight counts as found.
pub(super) fn clean(seed: u64, policy: &Policy) -> Result<Outcome> {
    let core = DriveSpec {
        seed,
        duration_secs: DURATION_SECS,
        ..DriveSpec::default()
    };
    clean_drive(&core, policy)
}

/// A drive without faults of a vehicle with all its sensors.
pub(super) fn clean_of_all(seed: u64, policy: &Policy) -> Result<Outcome> {
    clean_drive(&spec(seed, &CLEAN, Vec::new()), policy)
}

fn clean_drive(spec: &DriveSpec, policy: &Policy) -> Result<Outcome> {
    let (findings, _) = judged(spec, policy)?;
    Ok(Outcome {
        found: !findings.is_empty(),
        findings: named(&findings),
    })
}

/// A drive with one fault.
pub(super) fn faulty(seed: u64, case: &Case, magnitude: f64, policy: &Policy) -> Result<Outcome> {
    let mut fault = Fault::new(case.kind, magnitude);
    fault.channel = case.drive.hits.map(str::to_owned);
    if case.about == About::Sensor {
        fault.channel = Some(sensor(seed).to_owned());
    }
    let (findings, truth) = judged(&spec(seed, &case.drive, vec![fault]), policy)?;
    let found = findings.iter().any(|finding| right(finding, case, &truth));
    Ok(Outcome {
        found,
        findings: named(&findings),
    })
}

/// The channel a seed hits.
pub(super) fn sensor(seed: u64) -> &'static str {
    let place = usize::try_from(seed % SENSORS.len() as u64).unwrap_or(0);
    SENSORS.get(place).copied().unwrap_or("/imu")
}

/// What a seed hits where channels or vehicles take turns.
pub(super) fn place(plan: super::Plan, seed: u64) -> Option<String> {
    let drive = match plan {
        super::Plan::Clean => return None,
        super::Plan::CleanOfAll => &CLEAN,
        super::Plan::Fault(case, _) if case.about == About::Sensor => {
            return Some(sensor(seed).to_owned());
        }
        super::Plan::Fault(case, _) => &case.drive,
    };
    (drive.vehicles.len() > 1).then(|| super::cases::vehicle_name(vehicle(seed, drive)).to_owned())
}

/// The vehicle whose turn it is.
pub(super) fn vehicle(seed: u64, drive: &Drive) -> Vehicle {
    let turn = usize::try_from(seed).unwrap_or(0) % drive.vehicles.len().max(1);
    drive.vehicles.get(turn).copied().unwrap_or_default()
}

fn spec(seed: u64, drive: &Drive, faults: Vec<Fault>) -> DriveSpec {
    let vehicle = vehicle(seed, drive);
    // A topic that this vehicle does not have is left out.
    let has = |topic: &&&str| match vehicle {
        Vehicle::Arm => **topic != "/odom",
        Vehicle::Car | Vehicle::Robot => true,
    };
    let sensors = match drive.topics {
        [] => Sensors::Core,
        ["*"] => Sensors::All,
        topics => Sensors::Topics(
            topics
                .iter()
                .filter(has)
                .map(|topic| (*topic).to_owned())
                .collect(),
        ),
    };
    DriveSpec {
        seed,
        duration_secs: drive.secs,
        vehicle,
        sensors,
        faults,
        ..DriveSpec::default()
    }
}

/// The findings of weight about a drive. A file too damaged to open has one finding that says so.
fn judged(spec: &DriveSpec, policy: &Policy) -> Result<(Vec<Finding>, Truth)> {
    let mut bytes = Vec::new();
    let truth = write_drive(spec, &mut bytes).context("the drive cannot be simulated")?;
    let options = CheckOptions {
        threads: 1,
        ..CheckOptions::default()
    };
    let recording = match McapRecording::open(&bytes, OpenOptions::default()) {
        Ok(recording) => recording,
        Err(error) => {
            let refused = Finding {
                code: "structure.unreadable".to_owned(),
                severity: Severity::Error,
                subject: "recording".to_owned(),
                window: None,
                count: 1,
                message: error.to_string(),
                hint: String::new(),
                facts: Vec::new(),
                windows: Vec::new(),
            };
            return Ok((vec![refused], truth));
        }
    };
    let evidence = check(&recording, &options, &HeapOnly, &NoProgress);
    let (mut findings, _) = evaluate(policy, catalog(), &evidence.facts);
    findings.retain(|finding| finding.severity >= Severity::Warn);
    Ok((findings, truth))
}

fn named(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.subject))
        .collect()
}

/// Whether a finding is the one the fault deserves: code, subject, and a window that overlaps.
fn right(finding: &Finding, case: &Case, truth: &Truth) -> bool {
    let code = case.codes.iter().any(|code| {
        if code.ends_with('.') {
            finding.code.starts_with(code)
        } else {
            finding.code == *code
        }
    });
    let Some(entry) = truth.0.first() else {
        return false;
    };
    let about = match case.about {
        About::Sensor => Some(finding.subject.as_str()) == entry.channel.as_deref(),
        About::Frames => ["map", "odom", "base_link"]
            .iter()
            .any(|frame| finding.subject.contains(frame)),
        About::Recording | About::Any => true,
        About::Side => {
            let hit = entry.channel.as_deref();
            let mut sides = finding.subject.split(" -> ");
            sides.any(|side| Some(side) == hit)
        }
    };
    code && about && overlaps(finding, entry.start_ns, entry.end_ns)
}

/// Windows may start at the last good message before the fault and end at the first after it.
fn overlaps(finding: &Finding, start_ns: i64, end_ns: i64) -> bool {
    let mut windows = finding.windows.iter().chain(&finding.window).peekable();
    windows.peek().is_none()
        || windows.any(|window| window.start_ns <= end_ns && window.end_ns >= start_ns)
}
