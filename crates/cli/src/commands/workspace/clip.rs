//! `clip`: a stretch of a recording as an MCAP.

use super::Where;
use crate::exit::UsageError;
use crate::render;
use fieldassay_engine::workspace::clip::{self, Request};
use fieldassay_model::TimeBound;
use std::path::PathBuf;

/// Cut a stretch out of a recording, as an MCAP that Foxglove and Rerun open. Static transforms and latched topics come along.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The recording: its id, the start of it, or its name.
    #[arg(value_name = "RECORDING")]
    recording: String,
    /// From here: seconds from the start of the recording, or ISO 8601.
    #[arg(value_name = "START", allow_negative_numbers = true)]
    start: String,
    /// Up to here, included.
    #[arg(value_name = "END", allow_negative_numbers = true)]
    end: String,
    /// The MCAP to write.
    #[arg(value_name = "OUT.mcap")]
    output: PathBuf,
    #[command(flatten)]
    workspace: Where,
    /// Only this topic; may be repeated.
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Replace an existing output.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let bound = |text: &str| TimeBound::parse(text).map_err(|error| UsageError(error.to_string()));
    let request = Request {
        recording: arguments.recording.clone(),
        start: bound(&arguments.start)?,
        end: bound(&arguments.end)?,
        topics: arguments.topics.clone(),
        output: arguments.output.clone(),
        force: arguments.force,
    };
    let workspace = arguments.workspace.open()?;
    let outcome = clip::run(&workspace, &request)?;
    render::answer(arguments.json, &outcome, render::workspace::clip)?;
    Ok(crate::exit::DONE)
}
