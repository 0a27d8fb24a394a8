//! `query`: one statement of SQL.

use super::Where;
use crate::exit::UsageError;
use crate::render;
use fieldassay_engine::workspace::Format;
use fieldassay_engine::workspace::ask::{Asked, Limits};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::PathBuf;

/// Ask the workspace one question in SQL; `docs/reference/sql.md` lists tables and functions.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The statement; `-` reads it from standard input.
    #[arg(value_name = "SQL")]
    sql: String,
    #[command(flatten)]
    workspace: Where,
    #[command(flatten)]
    how: How,
    /// Form of the answer; by the name of --out, or a table.
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Form>,
    /// Print JSON: an array with an object per row; the same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write the answer to this file.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "out")]
    force: bool,
}

/// How questions are answered.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// The workspace as it was after this batch (`fieldassay ls --json` names the last).
    #[arg(long, value_name = "BATCH")]
    at: Option<i64>,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Memory of sorts, joins and aggregates together, megabytes; what does not fit goes to the disk.
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    memory: usize,
    /// Rows shown of a table.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    rows: usize,
}

impl How {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            threads: self.jobs,
            memory_bytes: self.memory.saturating_mul(1 << 20),
            shown_rows: self.rows,
        }
    }

    pub(super) fn at(&self) -> Option<i64> {
        self.at
    }
}

/// Forms of an answer.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Form {
    Table,
    Json,
    Csv,
    Parquet,
    Arrow,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Table => Self::Table,
            Form::Json => Self::Json,
            Form::Csv => Self::Csv,
            Form::Parquet => Self::Parquet,
            Form::Arrow => Self::Arrow,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let format = arguments.format()?;
    let sql = if arguments.sql == "-" {
        let mut sql = String::new();
        std::io::stdin().read_to_string(&mut sql)?;
        sql
    } else {
        arguments.sql.clone()
    };
    let workspace = arguments.workspace.open()?;
    let asked = Asked::new(&workspace, arguments.how.at(), arguments.how.limits())?;
    if let Some(path) = &arguments.out {
        let rows = asked.write_file(&sql, format, path, arguments.force)?;
        let rows_are = if rows == 1 { "row" } else { "rows" };
        render::note(&format!("{rows} {rows_are} written to {}", path.display()));
    } else {
        let mut out = BufWriter::new(std::io::stdout());
        asked.write(&sql, format, &mut out)?;
        out.flush()?;
    }
    Ok(crate::exit::DONE)
}

impl Arguments {
    fn format(&self) -> anyhow::Result<Format> {
        if self.json {
            return Ok(Format::Json);
        }
        if let Some(form) = self.format {
            return Ok(form.into());
        }
        let Some(path) = &self.out else {
            return Ok(Format::Table);
        };
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        match ending.as_ref() {
            "json" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            "parquet" => Ok(Format::Parquet),
            "arrow" | "feather" => Ok(Format::Arrow),
            "txt" => Ok(Format::Table),
            _ => Err(UsageError(format!(
                "`{}` does not say which form it is to have\nhint: end its name in .json, .csv, .parquet or .arrow, or give --format",
                path.display()
            ))
            .into()),
        }
    }
}
