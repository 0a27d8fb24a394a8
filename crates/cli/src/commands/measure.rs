//! `measure`: every measure by name, what it means, and its value for a case.

use crate::exit::DONE;
use crate::render;
use fieldassay_engine::measures::{self, About, Measure};
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// List the measures, explain one, or run one on a case of your own.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List every measure, by subject.
    List {
        /// Only this subject (`trajectory`).
        subject: Option<String>,
        /// Print one JSON document instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Say what a measure means: definition, defaults, blind spots, peers, source, a case that runs.
    Explain {
        /// Name of the measure (`trajectory.ape`).
        name: String,
        /// Print one JSON document instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Run a measure on a case.
    Run {
        /// Name of the measure (`trajectory.ape`).
        name: String,
        /// The case, a JSON file of the form `explain` shows; `-` reads standard input.
        #[arg(long, value_name = "CASE.json")]
        input: PathBuf,
        /// Print one JSON document with schema and version instead of the bare result.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    version: u32,
    measures: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    #[serde(flatten)]
    about: About,
    example: Value,
}

#[derive(Serialize)]
struct RunDocument {
    schema: &'static str,
    version: u32,
    name: &'static str,
    result: Value,
}

fn entry(measure: &'static Measure) -> Entry {
    Entry {
        name: measure.name,
        about: measure.about,
        example: serde_json::from_str(measure.example).unwrap_or(Value::Null),
    }
}

fn document(measures: &[&'static Measure]) -> ListDocument {
    ListDocument {
        schema: "fieldassay.measure",
        version: 1,
        measures: measures.iter().map(|measure| entry(measure)).collect(),
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::List { subject, json } => {
            let chosen = measures::of_subject(subject.as_deref())?;
            if *json {
                render::json(&document(&chosen))?;
            } else {
                render::measure::list(&chosen)?;
            }
        }
        Action::Explain { name, json } => {
            let measure = measures::find(name)?;
            if *json {
                render::json(&document(&[measure]))?;
            } else {
                render::measure::explain(measure)?;
            }
        }
        Action::Run { name, input, json } => {
            let measure = measures::find(name)?;
            let result = measures::run(measure, input)?;
            if *json {
                render::json(&RunDocument {
                    schema: "fieldassay.measure_run",
                    version: 1,
                    name: measure.name,
                    result,
                })?;
            } else {
                render::json(&result)?;
            }
        }
    }
    Ok(DONE)
}
