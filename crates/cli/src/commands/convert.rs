//! `recover` and `convert`: a clean MCAP from what is readable.

use crate::exit::Happened;
use crate::render;
use fieldassay_engine::convert::{self, Request};
use fieldassay_engine::limits::Limits;
use std::path::PathBuf;

/// Write everything readable of a damaged recording to a clean MCAP, and say what was lost.
#[derive(Debug, clap::Args)]
pub(crate) struct RecoverArguments {
    /// The damaged recording; it is not changed.
    input: PathBuf,
    /// The MCAP to write.
    output: PathBuf,
    /// Replace an existing output.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Convert a ROS 1 bag or a rosbag2 database to MCAP.
#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArguments {
    /// The recording (.bag, .db3); it is not changed.
    input: PathBuf,
    /// The MCAP to write.
    #[arg(value_name = "OUT.mcap")]
    output: PathBuf,
    /// Replace an existing output.
    #[arg(long)]
    force: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn recover(arguments: &RecoverArguments) -> anyhow::Result<u8> {
    let request = Request {
        input: arguments.input.clone(),
        output: arguments.output.clone(),
        force: arguments.force,
        verb: "recover",
        limits: Limits::default(),
    };
    run(&request, arguments.json)
}

pub(crate) fn convert(arguments: &ConvertArguments) -> anyhow::Result<u8> {
    let request = Request {
        input: arguments.input.clone(),
        output: arguments.output.clone(),
        force: arguments.force,
        verb: "convert",
        limits: Limits::default(),
    };
    run(&request, arguments.json)
}

fn run(request: &Request, json: bool) -> anyhow::Result<u8> {
    let outcome = convert::run(request)?;
    render::answer(json, &outcome, render::convert::outcome)?;
    Ok(Happened {
        loss: !outcome.complete,
        ..Happened::default()
    }
    .code())
}
