//! `diff`, `tag`, `export` and `reproduce`: what is done with releases that are there.

use super::{Where, in_world};
use crate::render;
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::release::export::Format;
use fieldassay_engine::workspace::release::{diff, export, reproduce, tag};
use std::path::PathBuf;

/// Say what changed from one release to another: members, distributions with intervals, schema, request.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// The one: `NAME@1`.
    #[arg(value_name = "NAME[@V]")]
    from: String,
    /// The other: `NAME@2`.
    #[arg(value_name = "NAME[@V]")]
    to: String,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Give a version of a release a name that can be used in its place: `NAME@tag`.
#[derive(Debug, clap::Args)]
pub(crate) struct TagArguments {
    /// The release: `NAME@2`.
    #[arg(value_name = "NAME[@V]")]
    release: String,
    /// The tag: lower-case letters, digits, `-`, `_` and `.`, beginning with a letter.
    #[arg(value_name = "TAG")]
    tag: String,
    #[command(flatten)]
    workspace: Where,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Write a release out as a folder that others read and verify without us.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArguments {
    /// The release: `NAME@2`.
    #[arg(value_name = "NAME[@V]")]
    release: String,
    #[command(flatten)]
    workspace: Where,
    /// What besides the manifest, its Parquet files and the proof of the log.
    #[arg(long, value_name = "FORMAT", default_value = "parquet", value_parser = ["parquet", "arrow", "coco", "mcap", "originals"])]
    format: String,
    /// The folder to make.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Replace a folder that is there.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Make a release again from the same state of the workspace, and compare every digest.
#[derive(Debug, clap::Args)]
pub(crate) struct ReproduceArguments {
    /// The release: `NAME@2`.
    #[arg(value_name = "NAME[@V]")]
    release: String,
    #[command(flatten)]
    workspace: Where,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn diff(arguments: &DiffArguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let document = diff::run(&workspace, &arguments.from, &arguments.to)?;
    render::answer(arguments.json, &document, render::release::diff)?;
    Ok(crate::exit::DONE)
}

pub(crate) fn tag(arguments: &TagArguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let named = (arguments.release.as_str(), arguments.tag.as_str());
    let outcome = in_world(|world| Ok(tag::run(&workspace, (world, &NoProgress), named)?))?;
    render::answer(arguments.json, &outcome, render::release::tagged)?;
    Ok(crate::exit::DONE)
}

pub(crate) fn export(arguments: &ExportArguments) -> anyhow::Result<u8> {
    let format = Format::ALL.into_iter();
    let format = format
        .into_iter()
        .find(|one| one.name() == arguments.format);
    let request = export::Request {
        release: arguments.release.clone(),
        format: format.unwrap_or(Format::Parquet),
        output: arguments.output.clone(),
        force: arguments.force,
    };
    let workspace = arguments.workspace.open()?;
    let outcome = in_world(|world| Ok(export::run(&workspace, world, &request)?))?;
    render::answer(arguments.json, &outcome, render::release::exported)?;
    Ok(crate::exit::DONE)
}

pub(crate) fn reproduce(arguments: &ReproduceArguments) -> anyhow::Result<u8> {
    let workspace = arguments.workspace.open()?;
    let outcome = reproduce::run(&workspace, &arguments.release, arguments.jobs)?;
    render::answer(arguments.json, &outcome, render::release::reproduced)?;
    Ok(if outcome.differences.is_empty() {
        crate::exit::DONE
    } else {
        crate::exit::FAILED
    })
}
