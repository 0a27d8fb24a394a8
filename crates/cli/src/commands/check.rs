//! `check`: what is a recording worth?

use super::{policy, topic_filter};
use crate::exit::{Happened, UsageError};
use crate::render::{self, Bar};
use fieldassay_engine::calibrations;
use fieldassay_engine::check::{self, Request};
use fieldassay_engine::limits::Limits;
use fieldassay_engine::page;
use fieldassay_model::{CheckDocument, TimeBound, Verdict};
use std::path::PathBuf;

/// Check recordings: structure, timing, clocks, transforms and every sensor, judged by a policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Recordings (.mcap, .bag, .db3, .ulg), trajectory files, folders of a data set, folders or globs.
    #[arg(required = true, value_name = "FILES|DIRS|GLOBS")]
    inputs: Vec<String>,
    /// Policy: `default`, `strict`, `lenient`, or the path of a policy file.
    #[arg(long, value_name = "P", default_value = "default")]
    policy: String,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    /// Write a self-contained HTML page.
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    /// Write the calibration found in each recording to this folder, one JSON file per calibration.
    #[arg(long, value_name = "DIR")]
    calibrations: Option<PathBuf>,
    /// Look only at topics this regular expression is found in.
    #[arg(long, value_name = "RE")]
    topics: Option<String>,
    /// Look only from here: seconds from the start of the recording, or ISO 8601.
    #[arg(long, value_name = "T")]
    start: Option<String>,
    /// Look only up to here: seconds from the start of the recording, or ISO 8601.
    #[arg(long, value_name = "T")]
    end: Option<String>,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Exit with 4 when a verdict is this bad or worse, or could not be given.
    #[arg(long, value_name = "warn|fail")]
    fail_on: Option<FailOn>,
    /// Replace an existing report.
    #[arg(long)]
    force: bool,
}

/// Which verdicts close the gate.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FailOn {
    Warn,
    Fail,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let policy = policy(&arguments.policy)?;
    let filter = topic_filter(arguments.topics.as_deref())?;
    let selected = |topic: &str| filter.as_ref().is_none_or(|filter| filter.is_match(topic));
    let request = Request {
        inputs: &arguments.inputs,
        policy: &policy,
        topics: filter.as_ref().map(|_| &selected as _),
        start: time_bound(arguments.start.as_deref())?,
        end: time_bound(arguments.end.as_deref())?,
        jobs: arguments.jobs,
        limits: Limits::default(),
    };
    if let Some(path) = &arguments.report {
        page::refuse(path, arguments.force)?;
    }
    let (paths, bytes) = check::plan(&request)?;
    let bar = Bar::new(bytes);
    let outcome = check::run(&request, &paths, &bar)?;
    bar.finish();
    let document = &outcome.document;
    render::answer(arguments.json, document, render::check::document)?;
    if let Some(path) = &arguments.report {
        page::write(&outcome, None, &policy, path, arguments.force)?;
        render::note(&format!("report written to {}", path.display()));
    }
    if let Some(folder) = &arguments.calibrations {
        let files = calibrations::write(&outcome.document, folder)?;
        let what = match files.len() {
            0 => "no recording says anything about a calibration".to_owned(),
            1 => format!("calibration written to {}", folder.display()),
            many => format!("{many} calibrations written to {}", folder.display()),
        };
        render::note(&what);
    }
    Ok(happened(&outcome.document, arguments.fail_on).code())
}

fn time_bound(text: Option<&str>) -> anyhow::Result<Option<TimeBound>> {
    text.map(|text| TimeBound::parse(text).map_err(|error| UsageError(error.to_string()).into()))
        .transpose()
}

fn happened(document: &CheckDocument, fail_on: Option<FailOn>) -> Happened {
    let mut happened = Happened::default();
    for recording in &document.recordings {
        happened.failed |= recording.error.is_some();
        happened.loss |= !recording.complete;
        happened.refused |= match (fail_on, recording.verdict) {
            (None, _) | (_, Verdict::Pass) | (Some(FailOn::Fail), Verdict::Warn) => false,
            (Some(FailOn::Warn), Verdict::Warn)
            | (Some(_), Verdict::Fail | Verdict::NotEvaluated) => true,
        };
    }
    happened
}
