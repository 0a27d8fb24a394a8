//! `agree`: how much annotators agree.

use crate::render;
use fieldassay_engine::pictures;
use fieldassay_engine::statistics::agree::{self, Level, Request};
use fieldassay_engine::statistics::{Columns, Source};

/// Say how much annotators agree: overall, per pair, category and annotator.
#[derive(Debug, clap::Args)]
#[command(
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
    /// Draw disputed items over time (of a column `time`) and annotators to this file.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<std::path::PathBuf>,
    /// Replace the picture where it is already there.
    #[arg(long)]
    force: bool,
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
    if let Some(file) = &arguments.plot {
        pictures::refuse(file, arguments.force)?;
    }
    let document = agree::run(&Request {
        votes: Source::new(
            arguments.votes.clone(),
            arguments.columns.clone().unwrap_or_default(),
        ),
        level: match arguments.level {
            Meaning::Nominal => Level::Nominal,
            Meaning::Ordinal => Level::Ordinal,
            Meaning::Interval => Level::Interval,
            Meaning::Ratio => Level::Ratio,
        },
        by: arguments.by.clone(),
    })?;
    if let Some(file) = &arguments.plot {
        pictures::write(&agree::svg(&document), file, arguments.force)?;
    }
    if arguments.json {
        render::json(&document)?;
    } else {
        render::agree::document(&document)?;
    }
    Ok(crate::exit::DONE)
}
