//! `verify`: whether everything that is stored is what was signed.

use super::Where;
use crate::render;
use fieldassay_engine::workspace::verify;
use std::path::PathBuf;

/// Check that a workspace, a recording or a release is what was signed, byte for byte.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A recording or a release (`NAME@VERSION`); the whole workspace when not given.
    #[arg(value_name = "ID", conflicts_with = "offline")]
    id: Option<String>,
    #[command(flatten)]
    workspace: Where,
    /// Check a release in a folder that was exported, without any workspace.
    #[arg(long, value_name = "FOLDER")]
    offline: Option<PathBuf>,
    /// The public key you were given, or a file with it; the one of the settings or the folder when not given.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// A checkpoint you kept elsewhere: a log that is shorter or another does not pass.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let request = verify::Request {
        id: arguments.id.clone(),
        key: arguments.key.clone(),
        checkpoint: arguments.checkpoint.clone(),
    };
    let document = match &arguments.offline {
        Some(folder) => verify::verify_folder(folder, &request)?,
        None => verify::verify(&arguments.workspace.open()?, &request)?,
    };
    render::answer(arguments.json, &document, render::log::verified)?;
    Ok(if document.holds {
        crate::exit::DONE
    } else {
        crate::exit::FAILED
    })
}
