//! `init`: a workspace in a folder.

use super::in_world;
use crate::render;
use fieldassay_engine::workspace;
use std::path::PathBuf;

/// Make a workspace in this folder: a database file and local files, nothing to install.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder; created where it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let made = in_world(|world| Ok(workspace::init(&arguments.folder, world)?.1))?;
    let folder = arguments.folder.display();
    render::note(&if made.is_new {
        format!("workspace made in {folder}; `fieldassay ingest DIR` brings recordings in")
    } else {
        format!("{folder} is a workspace already; its tables are there")
    });
    let log = &made.log;
    render::note(&format!(
        "public key of its log, with which everything in it can be checked: {}",
        log.public_key
    ));
    if let Some(checkpoint) = &log.checkpoint {
        render::note(&format!(
            "checkpoint of its log; keep it elsewhere, and a shorter or changed log will not pass:\n{checkpoint}"
        ));
    }
    if let Some(note) = &log.note {
        render::note(&format!("note: {note}"));
    }
    if arguments.json {
        render::answer(true, &made, |_| Ok(()))?;
    }
    Ok(crate::exit::DONE)
}
