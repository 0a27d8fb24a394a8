//! Answers in files: JSON, CSV, Parquet, Arrow, and tables for people.
//!
//! Read [`write`] first. Every form is written batch by batch, but a [`Format::Table`] holds the rows it shows, because
//! columns are as wide as what is in them.
//!
//! Not here: where the bytes go and what is shown on a terminal (`cli`).

mod cells;
mod people;

use crate::{Answer, QueryError};
use cells::Cells;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::arrow::json::{ArrayWriter, WriterBuilder, writer::JsonArray};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::errors::ParquetError;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people; the last line says how many rows there are.
    Table,
    /// One JSON array with an object per row: integers exact, lists as arrays, nulls written, bytes as hexadecimal
    /// digits, real numbers as short as they can be read back the same.
    Json,
    /// CSV with a header, RFC 4180 with `\n`: a null is an empty cell, an empty text is `""`, lists are JSON.
    Csv,
    /// One Parquet file, compressed with Snappy.
    Parquet,
    /// One Arrow IPC file (Feather version 2), not compressed.
    Arrow,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 5] = [
        Self::Table,
        Self::Json,
        Self::Csv,
        Self::Parquet,
        Self::Arrow,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

/// Writes an answer as its rows come and gives their number. `shown_rows` bounds what a [`Format::Table`] shows, the
/// rest is counted. Columns of one name are told apart by `_2`, `_3`, ….
///
/// Errors: those of the query, and [`QueryError::Output`]. Memory: one batch, or the shown rows; a row group of Parquet.
pub async fn write(
    mut answer: Answer,
    format: Format,
    shown_rows: usize,
    sink: &mut (dyn Write + Send),
) -> Result<u64, QueryError> {
    let schema = distinct(&answer.schema());
    let mut form = Form::open(format, &schema, shown_rows, sink)?;
    let mut rows = 0;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
        form.write(&batch.map_err(refused)?)?;
    }
    form.close(rows)?;
    Ok(rows)
}

enum Form<'s> {
    People(people::People, &'s mut (dyn Write + Send)),
    Json(ArrayWriter<&'s mut (dyn Write + Send)>),
    Csv(&'s mut (dyn Write + Send)),
    Parquet(Box<ArrowWriter<&'s mut (dyn Write + Send)>>),
    Arrow(Box<FileWriter<&'s mut (dyn Write + Send)>>),
}

impl<'s> Form<'s> {
    fn open(
        format: Format,
        schema: &SchemaRef,
        shown_rows: usize,
        sink: &'s mut (dyn Write + Send),
    ) -> Result<Self, QueryError> {
        Ok(match format {
            Format::Table => Self::People(people::People::new(schema, shown_rows), sink),
            Format::Json => {
                let builder = WriterBuilder::new().with_explicit_nulls(true);
                Self::Json(builder.build::<_, JsonArray>(sink))
            }
            Format::Csv => {
                let names = schema.fields().iter().map(|field| quoted(field.name()));
                let header = names.collect::<Vec<_>>().join(",") + "\n";
                sink.write_all(header.as_bytes()).map_err(output)?;
                Self::Csv(sink)
            }
            Format::Parquet => {
                let writer = ArrowWriter::try_new(sink, Arc::clone(schema), Some(properties()));
                Self::Parquet(Box::new(writer.map_err(refused_parquet)?))
            }
            Format::Arrow => Self::Arrow(Box::new(
                FileWriter::try_new(sink, schema).map_err(refused)?,
            )),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        match self {
            Self::People(people, _) => people.take(batch).map_err(refused),
            Self::Json(writer) => writer.write(batch).map_err(refused),
            Self::Csv(sink) => {
                let mut lines = String::new();
                let mut cells = Cells::new(batch).map_err(refused)?;
                for row in 0..batch.num_rows() {
                    for column in 0..batch.num_columns() {
                        if column > 0 {
                            lines.push(',');
                        }
                        if let Some(cell) = cells.cell(column, row) {
                            lines.push_str(&quoted(&cell));
                        }
                    }
                    lines.push('\n');
                }
                sink.write_all(lines.as_bytes()).map_err(output)
            }
            Self::Parquet(writer) => writer.write(batch).map_err(refused_parquet),
            Self::Arrow(writer) => writer.write(batch).map_err(refused),
        }
    }

    fn close(self, rows: u64) -> Result<(), QueryError> {
        match self {
            Self::People(people, sink) => {
                sink.write_all(people.text(rows).as_bytes()).map_err(output)
            }
            Self::Json(mut writer) => {
                writer.finish().map_err(refused)?;
                writer.into_inner().write_all(b"\n").map_err(output)
            }
            Self::Csv(sink) => sink.flush().map_err(output),
            Self::Parquet(writer) => writer.close().map(|_| ()).map_err(refused_parquet),
            Self::Arrow(mut writer) => writer.finish().map_err(refused),
        }
    }
}

fn properties() -> datafusion::parquet::file::properties::WriterProperties {
    datafusion::parquet::file::properties::WriterProperties::builder()
        .set_compression(datafusion::parquet::basic::Compression::SNAPPY)
        .build()
}

/// The schema with names that differ: in a row object and in Parquet a name stands once.
fn distinct(schema: &SchemaRef) -> SchemaRef {
    let mut seen: BTreeSet<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut fields: Vec<Arc<Field>> = Vec::new();
    for field in schema.fields() {
        if used.insert(field.name()) {
            fields.push(Arc::clone(field));
            continue;
        }
        let mut number = 2_u64;
        while !seen.insert(format!("{}_{number}", field.name())) {
            number += 1;
        }
        let name = format!("{}_{number}", field.name());
        fields.push(Arc::new(field.as_ref().clone().with_name(name)));
    }
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// A cell as CSV writes it.
fn quoted(cell: &str) -> String {
    if cell.is_empty() || cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn output(source: std::io::Error) -> QueryError {
    QueryError::Output { source }
}

fn refused(error: ArrowError) -> QueryError {
    match error {
        ArrowError::IoError(_, source) => output(source),
        other => QueryError::Failed {
            message: other.to_string(),
        },
    }
}

fn refused_parquet(error: ParquetError) -> QueryError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => output(*source),
            Err(other) => QueryError::Failed {
                message: other.to_string(),
            },
        },
        other => QueryError::Failed {
            message: other.to_string(),
        },
    }
}
