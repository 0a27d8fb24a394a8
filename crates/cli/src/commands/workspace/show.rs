//! `show`: everything known about one recording.

use super::Where;
use crate::render;
use fieldassay_engine::workspace::list;

/// Show everything known about one recording: verdict, findings, context, channels, files.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The recording: its id, the start of it, or its name.
    #[arg(value_name = "RECORDING")]
    recording: String,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let document = list::show(&workspace, &arguments.recording)?;
    render::answer(arguments.json, &document, render::workspace::show)?;
    Ok(crate::exit::DONE)
}
