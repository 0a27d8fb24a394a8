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
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let is_new = in_world(|world| Ok(workspace::init(&arguments.folder, world)?.1))?;
    let folder = arguments.folder.display();
    render::note(&if is_new {
        format!("workspace made in {folder}; `fieldassay ingest DIR` brings recordings in")
    } else {
        format!("{folder} is a workspace already; its tables are there")
    });
    Ok(crate::exit::DONE)
}
