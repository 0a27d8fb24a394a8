//! One Parquet file of any length, written row group by row group.

use super::files::properties;
use crate::StoreError;
use crate::error::io;
use deltalake_core::arrow::array::{BooleanArray, RecordBatch};
use deltalake_core::arrow::compute::{BatchCoalescer, cast, filter_record_batch};
use deltalake_core::arrow::datatypes::{Schema, SchemaRef};
use deltalake_core::arrow::error::ArrowError;
use deltalake_core::parquet::arrow::ArrowWriter;
use deltalake_core::parquet::errors::ParquetError;
use fieldassay_model::tables::Table;
use fieldassay_model::{Digester, Digests};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows that are written at a time, however they come, so that the bytes do not depend on it.
const SLICE_ROWS: usize = 8192;
/// Rows of a row group.
const GROUP_ROWS: usize = 8 * SLICE_ROWS;

/// A Parquet file that is being written: rows of a table without its volatile columns.
///
/// The same rows in the same order give the same bytes, in whatever batches they come. Memory: a row group, compressed.
pub struct RowsFile {
    table: &'static Table,
    schema: SchemaRef,
    slices: BatchCoalescer,
    writer: ArrowWriter<Digesting>,
    rows: u64,
}

impl std::fmt::Debug for RowsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsFile")
            .field("table", &self.table.name)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// Digests of its bytes.
    pub digests: Digests,
    /// Its size.
    pub size_bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// The schema of a table without its volatile columns.
pub fn lasting_schema(table: &Table) -> SchemaRef {
    let all = super::schema(table);
    let fields = table.columns().zip(all.fields());
    let fields = fields.filter(|(column, _)| !column.volatile);
    let fields: Vec<_> = fields.map(|(_, field)| Arc::clone(field)).collect();
    Arc::new(Schema::new(fields))
}

impl RowsFile {
    /// Starts a file. Errors: [`StoreError::Io`], [`StoreError::Rows`].
    pub fn create(table: &'static Table, path: &Path) -> Result<Self, StoreError> {
        let file = File::create(path).map_err(io("write", path))?;
        let sink = Digesting {
            file: BufWriter::with_capacity(1 << 20, file),
            digester: Digester::default(),
            size_bytes: 0,
        };
        let schema = lasting_schema(table);
        let writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties(GROUP_ROWS)));
        Ok(Self {
            table,
            slices: BatchCoalescer::new(Arc::clone(&schema), SLICE_ROWS),
            writer: writer.map_err(|error| refused(table, &error))?,
            schema,
            rows: 0,
        })
    }

    /// Adds rows in the order of the key, those alone for which `keep` is true where it is given. Columns are those of the
    /// schema in their order.
    pub fn write(&mut self, rows: &RecordBatch, keep: Option<&[bool]>) -> Result<(), StoreError> {
        let table = self.table;
        let wrong = |error: ArrowError| StoreError::Rows {
            table: table.name.to_owned(),
            what: error.to_string(),
        };
        let fields = self.schema.fields().iter().zip(rows.columns());
        let columns = fields.map(|(field, column)| {
            // Items of lists are named by whoever made them.
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                cast(column, field.data_type())
            }
        });
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let mut rows = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(wrong)?;
        if let Some(keep) = keep {
            let keep = BooleanArray::from(keep.to_vec());
            rows = filter_record_batch(&rows, &keep).map_err(wrong)?;
        }
        self.rows += rows.num_rows() as u64;
        self.slices.push_batch(rows).map_err(wrong)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), StoreError> {
        while let Some(slice) = self.slices.next_completed_batch() {
            let written = self.writer.write(&slice);
            written.map_err(|error| refused(self.table, &error))?;
        }
        Ok(())
    }

    /// Ends the file, which is on the disk then.
    pub fn finish(mut self) -> Result<WrittenFile, StoreError> {
        let last = self.slices.finish_buffered_batch();
        last.map_err(|error| StoreError::Rows {
            table: self.table.name.to_owned(),
            what: error.to_string(),
        })?;
        self.drain()?;
        let sink = self.writer.into_inner();
        let mut sink = sink.map_err(|error| refused(self.table, &error))?;
        let place = Path::new(self.table.name);
        sink.file.flush().map_err(io("write", place))?;
        Ok(WrittenFile {
            digests: sink.digester.finish(),
            size_bytes: sink.size_bytes,
            rows: self.rows,
        })
    }
}

fn refused(table: &Table, error: &ParquetError) -> StoreError {
    StoreError::Rows {
        table: table.name.to_owned(),
        what: error.to_string(),
    }
}

/// Bytes on their way to a file, digested.
struct Digesting {
    file: BufWriter<File>,
    digester: Digester,
    size_bytes: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digester
            .update(bytes.get(..written).unwrap_or_default());
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
