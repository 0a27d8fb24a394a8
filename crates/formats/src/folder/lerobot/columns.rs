//! Columns of Parquet files as numbers, read one column of one row group at a time.
//!
//! Source: the Apache Parquet format; pages are decoded by the crate `parquet` without Arrow. Lists
//! (`list.element`, fixed sizes included) become runs of numbers per row.

use bytes::{Buf as _, Bytes};
use parquet::basic::Repetition;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"PAR1";
/// Rows of one row group that are read at most; data sets have some thousands.
const ROWS: i64 = 1 << 24;
/// Values of one column of one row group at most.
const VALUES: i64 = 1 << 27;
/// What one column of one row group may claim to unpack to.
const UNPACKED_BYTES: i64 = 1 << 30;

/// The table of contents of a file.
pub(crate) struct Parquet {
    metadata: ParquetMetaData,
}

/// One column of one row group.
#[derive(Debug, PartialEq)]
pub(crate) struct Column<V = f64> {
    values: Vec<V>,
    /// Where each row begins, and the end.
    starts: Vec<usize>,
}

/// A column whose rows are single values, by what it holds; none where a row is null.
#[derive(Debug, PartialEq)]
pub(crate) enum Values {
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

impl<V> Column<V> {
    pub(crate) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The values of a row; empty beyond the last.
    pub(crate) fn row(&self, row: usize) -> &[V] {
        match self.starts.get(row..) {
            Some([start, end, ..]) => self.values.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The one value of each row.
    fn single(self) -> Result<Vec<V>> {
        if self
            .starts
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if *b != a + 1))
        {
            return Err(bad("a row holds a list, not one value"));
        }
        Ok(self.values)
    }
}

impl Column {
    /// The first value of each row; NaN where there is none.
    pub(super) fn firsts(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.rows()).map(|row| self.row(row).first().copied().unwrap_or(f64::NAN))
    }
}

/// The bytes of one column chunk at their place in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn from(&self, start: u64) -> Result<Bytes> {
        let at = start.checked_sub(self.start);
        let at = at.and_then(|at| usize::try_from(at).ok());
        match at {
            Some(at) if at <= self.bytes.len() => Ok(self.bytes.slice(at..)),
            _ => Err(ParquetError::EOF(
                "a page lies outside its column".to_owned(),
            )),
        }
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start.saturating_add(self.bytes.len() as u64)
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let rest = self.from(start)?;
        if length > rest.len() {
            return Err(ParquetError::EOF("a page is cut off".to_owned()));
        }
        Ok(rest.slice(..length))
    }
}

/// What a call into the crate gives. It asserts what a damaged file may contradict (a page of dictionary indices without a
/// dictionary); it holds no state beyond the call, so unwinding out of it leaves nothing half done.
fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let contradicts = |_| Err(bad("its pages contradict its columns"));
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(contradicts)
}

fn bad(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}

impl Parquet {
    /// Reads the table of contents at the end of a file.
    pub(crate) fn open(file: &[u8]) -> Result<Self> {
        let cut = || bad("it is cut off or no Parquet file");
        let (body, mark) = file.split_last_chunk::<4>().ok_or_else(cut)?;
        if mark != MAGIC || !file.starts_with(MAGIC) {
            return Err(cut());
        }
        let (body, length) = body.split_last_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
        let start = body.len().checked_sub(length).ok_or_else(cut)?;
        let footer = body.get(start..).unwrap_or_default();
        let metadata = guarded(|| ParquetMetaDataReader::decode_metadata(footer))?;
        Ok(Self { metadata })
    }

    /// Rows of each row group.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> + '_ {
        let groups = self.metadata.row_groups().iter();
        groups.map(|group| usize::try_from(group.num_rows()).unwrap_or_default())
    }

    /// Position of the column of a field; none when the file has no such field.
    pub(crate) fn position(&self, field: &str) -> Option<usize> {
        let columns = self.metadata.file_metadata().schema_descr().columns();
        columns.iter().position(|column| {
            column
                .path()
                .parts()
                .first()
                .is_some_and(|name| name == field)
        })
    }

    /// Names of the fields, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let columns = self.metadata.file_metadata().schema_descr().columns();
        columns
            .iter()
            .filter_map(|column| column.path().parts().first().map(String::as_str))
    }

    /// A reader of a column of a row group, its rows and levels. Cost: its bytes are copied once.
    fn reader(
        &self,
        file: &[u8],
        group: usize,
        position: usize,
    ) -> Result<(ColumnReader, usize, Levels)> {
        let group = self.metadata.row_groups().get(group);
        let group = group.ok_or_else(|| bad("no such row group"))?;
        let chunk = group.columns().get(position);
        let chunk = chunk.ok_or_else(|| bad("no such column"))?;
        let rows = group.num_rows();
        if !(0..=ROWS).contains(&rows)
            || !(0..=VALUES).contains(&chunk.num_values())
            || chunk.uncompressed_size() > UNPACKED_BYTES
        {
            return Err(bad("a row group claims more than the limit"));
        }
        let start = chunk
            .dictionary_page_offset()
            .unwrap_or_else(|| chunk.data_page_offset());
        let start = u64::try_from(start).map_err(|_| bad("negative offset"))?;
        let length = u64::try_from(chunk.compressed_size()).map_err(|_| bad("negative size"))?;
        let range = usize::try_from(start)
            .ok()
            .zip(usize::try_from(start.saturating_add(length)).ok());
        let bytes = range.and_then(|(start, end)| file.get(start..end));
        let bytes = bytes.ok_or_else(|| bad("a column lies beyond the end of the file"))?;
        let reader = Arc::new(Chunk {
            start,
            bytes: Bytes::copy_from_slice(bytes),
        });
        let rows = usize::try_from(rows).map_err(|_| bad("too many rows"))?;
        let descriptor = chunk.column_descr_ptr();
        let nullable = descriptor.self_type().get_basic_info().has_repetition()
            && descriptor.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
        let levels = Levels {
            definition: descriptor.max_def_level(),
            repeated: descriptor.max_rep_level() > 0,
            nullable,
        };
        let pages = SerializedPageReader::new(reader, chunk, rows, None)?;
        let reader = get_column_reader(descriptor, Box::new(pages));
        Ok((reader, rows, levels))
    }

    /// A column of a row group as numbers. Cost: its bytes are copied once and unpacked.
    pub(super) fn column(&self, file: &[u8], group: usize, position: usize) -> Result<Column> {
        guarded(|| self.numbers(file, group, position))
    }

    fn numbers(&self, file: &[u8], group: usize, position: usize) -> Result<Column> {
        let (reader, rows, levels) = self.reader(file, group, position)?;
        let nan = f64::NAN;
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                levels.read(reader, rows, |v| f64::from(u8::from(*v)), &nan)
            }
            ColumnReader::Int32ColumnReader(reader) => {
                levels.read(reader, rows, |v| f64::from(*v), &nan)
            }
            ColumnReader::Int64ColumnReader(reader) => {
                levels.read(reader, rows, |v| *v as f64, &nan)
            }
            ColumnReader::FloatColumnReader(reader) => {
                levels.read(reader, rows, |v| f64::from(*v), &nan)
            }
            ColumnReader::DoubleColumnReader(reader) => levels.read(reader, rows, |v| *v, &nan),
            _ => Err(bad("the column holds no numbers")),
        }
    }

    /// A column of a row group whose rows are texts or lists of them; empty where one is null. Cost as [`Parquet::column`].
    pub(super) fn texts(
        &self,
        file: &[u8],
        group: usize,
        position: usize,
    ) -> Result<Column<String>> {
        guarded(|| {
            let (reader, rows, levels) = self.reader(file, group, position)?;
            let ColumnReader::ByteArrayColumnReader(reader) = reader else {
                return Err(bad("the column holds no text"));
            };
            let text = |v: &ByteArray| String::from_utf8_lossy(v.data()).into_owned();
            levels.read(reader, rows, text, &String::new())
        })
    }

    /// A column of a row group whose rows are single values. Cost as [`Parquet::column`].
    pub(crate) fn values(&self, file: &[u8], group: usize, position: usize) -> Result<Values> {
        guarded(|| self.cells(file, group, position))
    }

    fn cells(&self, file: &[u8], group: usize, position: usize) -> Result<Values> {
        let (reader, rows, levels) = self.reader(file, group, position)?;
        let whole = |column: Result<Column<Option<i64>>>| column?.single().map(Values::Integers);
        let floating = |column: Result<Column<Option<f64>>>| column?.single().map(Values::Numbers);
        match reader {
            ColumnReader::BoolColumnReader(reader) => {
                whole(levels.read(reader, rows, |v| Some(i64::from(*v)), &None))
            }
            ColumnReader::Int32ColumnReader(reader) => {
                whole(levels.read(reader, rows, |v| Some(i64::from(*v)), &None))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                whole(levels.read(reader, rows, |v| Some(*v), &None))
            }
            ColumnReader::FloatColumnReader(reader) => {
                floating(levels.read(reader, rows, |v| Some(f64::from(*v)), &None))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                floating(levels.read(reader, rows, |v| Some(*v), &None))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                let text = |v: &ByteArray| Some(String::from_utf8_lossy(v.data()).into_owned());
                let column = levels.read(reader, rows, text, &None);
                column?.single().map(Values::Texts)
            }
            _ => Err(bad("the column holds neither numbers nor text")),
        }
    }
}

/// What levels mean in a column.
struct Levels {
    /// Level of a value that is there.
    definition: i16,
    repeated: bool,
    /// Whether a value, not its list, may be null.
    nullable: bool,
}

impl Levels {
    fn read<T: DataType, V: Clone>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        rows: usize,
        value: impl Fn(&T::T) -> V,
        null: &V,
    ) -> Result<Column<V>> {
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = 0;
        while read < rows {
            let (records, _, levels) = reader.read_records(
                rows - read,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            )?;
            if records == 0 && levels == 0 {
                break;
            }
            read += records;
        }
        let mut values = values.iter().map(value);
        let mut column = Column {
            values: Vec::new(),
            starts: Vec::with_capacity(rows.saturating_add(1)),
        };
        if self.definition == 0 && !self.repeated {
            column.values.extend(values);
            column.starts.extend(0..=column.values.len());
            return Ok(column);
        }
        for (index, definition) in definitions.iter().enumerate() {
            let first = repetitions.get(index).is_none_or(|level| *level == 0);
            if first || !self.repeated {
                column.starts.push(column.values.len());
            }
            if *definition == self.definition {
                column.values.extend(values.next());
            } else if !self.repeated || (self.nullable && *definition + 1 == self.definition) {
                column.values.push(null.clone());
            }
        }
        column.starts.push(column.values.len());
        Ok(column)
    }
}
