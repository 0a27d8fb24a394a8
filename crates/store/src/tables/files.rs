//! Parquet files of tables: fixed settings, names by content, statistics for skipping.

use crate::StoreError;
use crate::error::object;
use bytes::Bytes;
use deltalake_core::arrow::array::{Array, Int64Array, RecordBatch, StringArray};
use deltalake_core::kernel::Add;
use deltalake_core::parquet::arrow::ArrowWriter;
use deltalake_core::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::parquet::basic::{Compression, ZstdLevel};
use deltalake_core::parquet::file::properties::{EnabledStatistics, WriterProperties};
use fieldassay_model::hexadecimal;
use fieldassay_model::tables::Table;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use serde_json::{Map, Value, json};
use sha2::Digest as _;

/// Rows of a row group: what one thread scans, and what a look-up by key reads at least.
const GROUP_ROWS: usize = 256 << 10;
/// Texts in statistics are short enough to be exact.
const MOST_TEXT_BYTES: usize = 64;

/// One file of a table; its name holds its SHA-256, so that equal names mean equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Path in the folder of the table.
    pub path: String,
    /// Size.
    pub size_bytes: u64,
    /// Delta's statistics, JSON: rows, and the ends of columns.
    pub stats: String,
}

impl DataFile {
    /// Rows in it.
    pub fn rows(&self) -> u64 {
        let stats: Option<Value> = serde_json::from_str(&self.stats).ok();
        stats
            .and_then(|stats| stats.get("numRecords").and_then(Value::as_u64))
            .unwrap_or(0)
    }

    pub(super) fn add(&self, data_change: bool) -> Add {
        Add {
            path: self.path.clone(),
            size: i64::try_from(self.size_bytes).unwrap_or(i64::MAX),
            // The same rows give the same log: when a file was written is in the log of operations.
            modification_time: 0,
            data_change,
            stats: Some(self.stats.clone()),
            ..Add::default()
        }
    }

    /// Path in the place of the workspace, for the file of the table of that name.
    pub fn location(&self, table: &str) -> ObjectPath {
        ObjectPath::from_iter([super::FOLDER, table, self.path.as_str()])
    }

    /// SHA-256 of its bytes, as its name says.
    pub fn sha256(&self) -> &str {
        Self::sha256_of(&self.path)
    }

    /// SHA-256 of the file of that name.
    pub fn sha256_of(path: &str) -> &str {
        let name = path.strip_prefix(BEFORE).unwrap_or(path);
        name.strip_suffix(AFTER).unwrap_or(name)
    }
}

/// What the name of a file has before and after its digest.
const BEFORE: &str = "part-";
const AFTER: &str = ".parquet";

/// Settings of every Parquet file of ours, with so many rows in a row group.
pub(super) fn properties(group_rows: usize) -> WriterProperties {
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(group_rows))
        .set_statistics_enabled(EnabledStatistics::Page)
        // Bytes must not change with the version of the library.
        .set_created_by("fieldassay".to_owned())
        .build()
}

/// Writes sorted rows. Nothing is written where the file is there already.
pub(super) async fn write(
    store: &impl ObjectStore,
    table: &Table,
    rows: &RecordBatch,
) -> Result<DataFile, StoreError> {
    let refused = |error: deltalake_core::parquet::errors::ParquetError| StoreError::Rows {
        table: table.name.to_owned(),
        what: error.to_string(),
    };
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties(GROUP_ROWS)))
        .map_err(refused)?;
    writer.write(rows).map_err(refused)?;
    writer.close().map_err(refused)?;
    let sha256 = hexadecimal(&sha2::Sha256::digest(&bytes));
    let file = DataFile {
        path: format!("{BEFORE}{sha256}{AFTER}"),
        size_bytes: bytes.len() as u64,
        stats: statistics(table, rows).to_string(),
    };
    let path = ObjectPath::from(file.path.as_str());
    match store.head(&path).await {
        Ok(found) if found.size == file.size_bytes => return Ok(file),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(object("look for", &path)(error)),
    }
    let put = store
        .put(&path, PutPayload::from_bytes(Bytes::from(bytes)))
        .await;
    put.map_err(object("write", &path))?;
    Ok(file)
}

/// Rows of a file.
pub(super) async fn read(
    store: &impl ObjectStore,
    file: &DataFile,
) -> Result<Vec<RecordBatch>, StoreError> {
    let path = ObjectPath::from(file.path.as_str());
    let read = store.get(&path).await.map_err(object("read", &path))?;
    let bytes = read.bytes().await.map_err(object("read", &path))?;
    let damaged = |what: String| StoreError::Damaged {
        path: file.path.clone(),
        what,
    };
    let seen = hexadecimal(&sha2::Sha256::digest(&bytes));
    if seen != file.sha256() {
        return Err(damaged(format!(
            "its SHA-256 is `{seen}`, not `{}`",
            file.sha256()
        )));
    }
    parquet_rows(&file.path, bytes)
}

/// Rows of a Parquet file of any place. Errors: [`StoreError::Damaged`] with that name.
pub fn parquet_rows(path: &str, bytes: Bytes) -> Result<Vec<RecordBatch>, StoreError> {
    let damaged = |what: String| StoreError::Damaged {
        path: path.to_owned(),
        what,
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| damaged(error.to_string()))?;
    reader
        .collect::<Result<Vec<RecordBatch>, _>>()
        .map_err(|error| damaged(error.to_string()))
}

/// Count, nulls, and smallest and largest value of integers and short texts, as Delta's protocol writes them.
fn statistics(table: &Table, rows: &RecordBatch) -> Value {
    let (mut least, mut most, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (column, array) in table.columns().zip(rows.columns()) {
        nulls.insert(column.name.to_owned(), json!(array.null_count()));
        let any = array.as_any();
        let ends = if let Some(integers) = any.downcast_ref::<Int64Array>() {
            let ends = |value: Option<i64>| value.map(Value::from);
            (
                ends(integers.iter().flatten().min()),
                ends(integers.iter().flatten().max()),
            )
        } else if let Some(texts) = any.downcast_ref::<StringArray>() {
            let short = |text: Option<&str>| {
                text.filter(|text| text.len() <= MOST_TEXT_BYTES)
                    .map(Value::from)
            };
            (
                short(texts.iter().flatten().min()),
                short(texts.iter().flatten().max()),
            )
        } else {
            (None, None)
        };
        if let (Some(low), Some(high)) = ends {
            least.insert(column.name.to_owned(), low);
            most.insert(column.name.to_owned(), high);
        }
    }
    json!({"numRecords": rows.num_rows(), "minValues": least, "maxValues": most, "nullCount": nulls})
}
