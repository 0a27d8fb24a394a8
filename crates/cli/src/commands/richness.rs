//! `richness`: how many categories there are.

use super::Picture;
use crate::render;
use fieldassay_engine::statistics::richness::{self, Request};
use fieldassay_engine::statistics::{Columns, Source};
use std::path::PathBuf;

/// Say how many categories there are, seen or not, and how much more data it takes to see them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "COUNTS is a table `category,count`, or `unit,category` with a row per category seen in a unit (a drive, a day); a unit with an empty category has none. CSV, Parquet, Feather, JSON lines or NumPy."
)]
pub(crate) struct Arguments {
    /// The counts.
    #[arg(value_name = "COUNTS")]
    counts: PathBuf,
    /// Columns under other names: `unit=log,category=scenario`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// Units in all, where those without any category are not in the table.
    #[arg(long, value_name = "N")]
    units: Option<u64>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: Picture,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    arguments.picture.refuse()?;
    let document = richness::run(&Request {
        counts: Source::new(&arguments.counts, arguments.columns.as_ref()),
        units: arguments.units,
    })?;
    render::answer(arguments.json, &document, render::richness::document)?;
    arguments.picture.write(|| richness::svg(&document))?;
    Ok(crate::exit::DONE)
}
