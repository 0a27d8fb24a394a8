//! `info`: what a recording holds.

use crate::exit::Happened;
use crate::render;
use fieldassay_engine::info;
use fieldassay_engine::limits::Limits;
use std::path::PathBuf;

/// Say what a recording holds: channels, counts, times, digests.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A recording (.mcap, .bag, .db3).
    file: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let document = info::run(&arguments.file, 0, &Limits::default())?;
    render::answer(arguments.json, &document, render::info::document)?;
    Ok(Happened {
        loss: !document.complete,
        ..Happened::default()
    }
    .code())
}
