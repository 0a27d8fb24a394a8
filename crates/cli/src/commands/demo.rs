//! `demo`: faults put in, faults found.

use crate::exit::DONE;
use crate::render::{self, Bar};
use fieldassay_engine::demo;
use std::path::PathBuf;

/// Make simulated drives with faults, check them, and write the HTML report.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder for the drives and the report.
    #[arg(long, value_name = "DIR", default_value = "fieldassay-demo")]
    out: PathBuf,
    /// Replace files of the same name with other content.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let bar = Bar::new(0);
    let outcome = demo::run(&arguments.out, arguments.force, &bar)?;
    bar.finish();
    render::demo::outcome(&outcome)?;
    Ok(DONE)
}
