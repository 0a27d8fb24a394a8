//! `log`: checkpoints, proofs, witnesses and keys of the log of a workspace.

use super::{Where, in_world};
use crate::exit::UsageError;
use crate::render;
use fieldassay_engine::workspace::log;
use std::path::{Path, PathBuf};

/// Show the log, prove what is in it, have it witnessed, change its key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print the signed checkpoint; whoever keeps it notices a log that was cut off or changed.
    Checkpoint,
    /// Print what entries say.
    Show {
        /// Number of the entry, from 0; all of them when not given.
        #[arg(value_name = "ENTRY")]
        entry: Option<u64>,
    },
    /// Write the proof that an entry is in the log, its statement and the public key.
    Prove {
        /// Number of an entry, a recording, a release (`NAME@VERSION`), or `batch:N`.
        #[arg(value_name = "ID|ENTRY")]
        id: String,
        /// The proof file; statement and key are written beside it. Without one the proof is printed.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace files that are there.
        #[arg(long)]
        force: bool,
    },
    /// Keep the checkpoint elsewhere, if it continues the one that is there.
    Witness {
        /// A file, or a folder in which it gets the name of the log.
        #[arg(value_name = "FOLDER|FILE", required_unless_present = "key_new")]
        target: Option<PathBuf>,
        /// Sign it as a witness with the key in this file.
        #[arg(long, value_name = "KEY")]
        cosign: Option<PathBuf>,
        /// Make a key for a witness and write it into this file, which must not be there.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "cosign"])]
        key_new: Option<PathBuf>,
        /// Name of the witness whose key is made.
        #[arg(long, value_name = "NAME", default_value = "witness")]
        name: String,
    },
    /// Change the key: the old one names the new one, and both sign.
    Rotate,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let as_json = arguments.json;
    if let Verb::Witness {
        key_new: Some(file),
        name,
        ..
    } = &arguments.verb
    {
        let public = in_world(|world| Ok(log::new_witness_key(world, name, file)?))?;
        render::text(&format!("{public}\n"))?;
        return Ok(crate::exit::DONE);
    }
    let workspace = arguments.workspace.open()?;
    match &arguments.verb {
        Verb::Checkpoint => {
            let document = in_world(|world| Ok(log::checkpoint(&workspace, world)?))?;
            render::answer(as_json, &document, |document| {
                render::text(&document.checkpoint)
            })?;
        }
        Verb::Show { entry } => {
            let document = in_world(|world| Ok(log::show(&workspace, world, *entry)?))?;
            render::answer(as_json, &document, render::log::entries)?;
        }
        Verb::Prove { id, output, force } => {
            let proof = in_world(|world| Ok(log::prove(&workspace, world, id)?))?;
            match output {
                None => render::text(&proof.proof)?,
                Some(path) => write_proof(&proof, path, *force)?,
            }
        }
        Verb::Witness { target, cosign, .. } => {
            let target = target.as_deref().unwrap_or(Path::new("."));
            let document =
                in_world(|world| Ok(log::witness(&workspace, world, target, cosign.as_deref())?))?;
            render::answer(as_json, &document, render::log::witnessed)?;
        }
        Verb::Rotate => {
            let document = in_world(|world| Ok(log::rotate(&workspace, world)?))?;
            render::answer(as_json, &document, render::log::rotated)?;
        }
    }
    Ok(crate::exit::DONE)
}

/// `NAME.tlog-proof`, and beside it `NAME.dsse.json` and `NAME.pub`.
fn write_proof(
    proof: &fieldassay_engine::workspace::Proof,
    path: &Path,
    force: bool,
) -> anyhow::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| UsageError(format!("`{}` names no file", path.display())))?;
    let stem = name.strip_suffix(".tlog-proof").unwrap_or(name);
    log::write_proof(proof, &path.with_file_name(stem), force)?;
    render::note(&format!(
        "entry {}: {stem}.tlog-proof, {stem}.dsse.json, {stem}.pub",
        proof.entry
    ));
    Ok(())
}
