//! `agree`: how much annotators agree.

use super::Picture;
use crate::render;
use fieldassay_engine::statistics::agree::{self, Level, Request};
use fieldassay_engine::statistics::{Columns, Source};

/// What the picture shows here, in the words of the help.
const PLOT: &str = "Draw disputed items over time (of a column `time`) and annotators to this file";
const FORCE: &str = "Replace the picture where it is already there";

/// Say how much annotators agree: overall, per pair, category and annotator.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("plot", |plot| plot.help(PLOT)),
    mut_arg("force", |force| force.help(FORCE)),
    after_help = "VOTES is a long table `item,annotator,label[,category,time]`: CSV, Parquet, Feather, JSON lines or NumPy."
)]
pub(crate) struct Arguments {
    /// The votes, one per row.
    #[arg(value_name = "VOTES")]
    votes: std::path::PathBuf,
    /// Columns under other names: `item=question,annotator=worker,label=answer`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// What differences of labels mean.
    #[arg(long, value_enum, default_value_t = Meaning::Nominal)]
    level: Meaning,
    /// Look at each value of this column; `category` without such a column at each label.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    #[command(flatten)]
    picture: Picture,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Levels of measurement.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Meaning {
    /// Equal or not.
    Nominal,
    /// Their order counts.
    Ordinal,
    /// Their difference counts.
    Interval,
    /// Their difference relative to their sum counts.
    Ratio,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    arguments.picture.refuse()?;
    let document = agree::run(&Request {
        votes: Source::new(&arguments.votes, arguments.columns.as_ref()),
        level: match arguments.level {
            Meaning::Nominal => Level::Nominal,
            Meaning::Ordinal => Level::Ordinal,
            Meaning::Interval => Level::Interval,
            Meaning::Ratio => Level::Ratio,
        },
        by: arguments.by.clone(),
    })?;
    render::answer(arguments.json, &document, render::agree::document)?;
    arguments.picture.write(|| agree::svg(&document))?;
    Ok(crate::exit::DONE)
}
