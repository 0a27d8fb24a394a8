//! `demo`: faults put in, faults found.

use crate::exit::DONE;
use crate::render::{self, Bar};
use fieldassay_engine::demo::{self, DemoOutcome};
use fieldassay_engine::simulate::Truth;
use fieldassay_model::{Finding, Verdict};
use serde::Serialize;
use std::path::PathBuf;

/// Make simulated drives with faults, check them, and write the HTML report.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder for the drives and the report.
    #[arg(long, value_name = "DIR", default_value = "fieldassay-demo")]
    out: PathBuf,
    /// Replace files of the same name with other content.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct DemoDocument<'a> {
    schema: &'static str,
    version: u32,
    report: String,
    drives: Vec<DemoEntry<'a>>,
}

/// What was put into a drive beside what was found in it.
#[derive(Serialize)]
struct DemoEntry<'a> {
    path: String,
    truth: &'a Truth,
    verdict: Verdict,
    findings: Vec<&'a Finding>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let bar = Bar::new(0);
    let outcome = demo::run(&arguments.out, arguments.force, &bar)?;
    bar.finish();
    if arguments.json {
        render::json(&document(&outcome))?;
    } else {
        render::demo::outcome(&outcome)?;
    }
    Ok(DONE)
}

fn document(outcome: &DemoOutcome) -> DemoDocument<'_> {
    DemoDocument {
        schema: "fieldassay.demo",
        version: 1,
        report: outcome.report.display().to_string(),
        drives: outcome
            .drives
            .iter()
            .map(|drive| DemoEntry {
                path: drive.path.display().to_string(),
                truth: &drive.truth,
                verdict: drive.report.verdict,
                findings: drive.findings().collect(),
            })
            .collect(),
    }
}
