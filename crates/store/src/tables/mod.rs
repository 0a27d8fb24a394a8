//! Tables of record: Delta tables whose files are named by their content and whose commits can be repeated.
//!
//! Read [`Tables`] first. [`rows`] turns declarations of `model` into Arrow and holds what every batch obeys; [`files`]
//! writes and reads the Parquet files, [`sink`] those of releases, which may be of any length. Rules and reasons are in `ARCHITECTURE.md`, "Delta rules".
//!
//! Not here: which rows there are (`engine`), SQL (`query`), which version a reader sees (the catalogue).

mod files;
mod rows;
mod sink;

pub use files::{DataFile, parquet_rows};
pub use rows::{put_together, schema, sorted};
pub use sink::{RowsFile, WrittenFile, lasting_schema};

use crate::error::delta;
use crate::{Objects, Place, StoreError};
use deltalake_core::arrow::record_batch::RecordBatch;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake_core::kernel::{Action, Add, Remove, StructType, Transaction};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableError};
use fieldassay_model::tables::Table;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use url::Url;

/// Folder of the tables.
const FOLDER: &str = "tables";
/// Folder of Delta's log in that of a table.
const DELTA_LOG: &str = "_delta_log";
/// The file that points to Delta's last checkpoint; the only one that is written more than once.
const LAST_CHECKPOINT: &str = "_last_checkpoint";
/// Times a commit is tried again after another one was first.
const MOST_TRIES: usize = 50;
/// Nothing a release may still name is ever cleaned up by Delta itself.
const RETENTION: &str = "interval 36500 days";

/// The tables at a place.
#[derive(Clone, Debug)]
pub struct Tables {
    place: Place,
}

/// Versions after which Delta writes a checkpoint of a table, its default.
const CHECKPOINT_EVERY: u64 = 100;

/// One file of Delta's own log of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogFile {
    /// Path in the folder of the table.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
}

/// One version of a table: its files, by which its rows are known for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Version in Delta's log.
    pub version: u64,
    /// Its files, sorted by path.
    pub files: Vec<DataFile>,
}

/// Which step of which writer a commit is; a step is committed once, however often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Name of the writer.
    pub writer: &'a str,
    /// Number of its step, growing.
    pub number: i64,
}

impl Tables {
    /// The tables of a place.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// Creates a table, unless it is there. Errors: [`StoreError::Delta`], [`StoreError::OtherTable`] for one with
    /// other columns.
    pub async fn create(&self, table: &Table) -> Result<(), StoreError> {
        let declared: StructType = schema(table)
            .as_ref()
            .try_into_kernel()
            .map_err(|error| delta(table.name)(error.into()))?;
        let mut tries = 0;
        loop {
            if let Some(found) = self.open(table.name).await? {
                let seen = found.snapshot().map_err(delta(table.name))?.schema();
                if *seen == declared {
                    return Ok(());
                }
                return Err(StoreError::OtherTable {
                    table: table.name.to_owned(),
                });
            }
            tries += 1;
            match self.try_create(table, &declared).await {
                // Another was first: what it made is looked at as if it had always been there.
                Ok(()) => {}
                Err(error) if tries < MOST_TRIES && is_race(&error) => {}
                Err(error) => return Err(delta(table.name)(error)),
            }
        }
    }

    async fn try_create(
        &self,
        table: &Table,
        declared: &StructType,
    ) -> Result<(), DeltaTableError> {
        if let Some(place) = self.place.as_folder() {
            let folder = place.join(FOLDER).join(table.name);
            std::fs::create_dir_all(&folder)?;
        }
        let log = self.log_store(table.name);
        let log = log.map_err(|error| DeltaTableError::Generic(error.to_string()))?;
        CreateBuilder::new()
            .with_log_store(log)
            .with_table_name(table.name)
            .with_comment(table.about)
            .with_columns(declared.fields().cloned())
            .with_configuration([
                ("delta.logRetentionDuration", Some(RETENTION)),
                ("delta.deletedFileRetentionDuration", Some(RETENTION)),
                ("delta.enableExpiredLogCleanup", Some("false")),
            ])
            .with_save_mode(SaveMode::Ignore)
            .await
            .map(drop)
    }

    /// Writes rows of a table as a file that no version has yet; see [`sorted`] for what rows must obey. The same rows
    /// give the same file, so that writing them again does nothing. No rows give none.
    ///
    /// Errors: [`StoreError::Rows`], [`StoreError::Object`]. Memory: the rows and their Parquet.
    pub async fn write(
        &self,
        table: &Table,
        rows: &RecordBatch,
    ) -> Result<Option<DataFile>, StoreError> {
        let rows = sorted(table, rows)?;
        if rows.num_rows() == 0 {
            return Ok(None);
        }
        files::write(&self.store_of(table.name), table, &rows)
            .await
            .map(Some)
    }

    /// Adds files to a table, once for a step: a step that a version has already is left alone. Gives a version that
    /// has it. Errors: [`StoreError::Delta`], [`StoreError::NoTable`].
    pub async fn append(
        &self,
        table: &str,
        step: Step<'_>,
        files: &[DataFile],
    ) -> Result<u64, StoreError> {
        let adds = files.iter().map(|file| Action::Add(file.add(true)));
        self.commit(table, step, adds.collect()).await
    }

    /// Puts one file in the place of several that hold the same rows, once for a step. Readers of earlier versions keep
    /// theirs. Errors: as [`Tables::append`].
    pub async fn replace(
        &self,
        table: &str,
        step: Step<'_>,
        (old, new): (&[DataFile], &[DataFile]),
    ) -> Result<u64, StoreError> {
        let removes = old.iter().map(|file| Action::Remove(removed(file)));
        let adds = new.iter().map(|file| Action::Add(file.add(false)));
        let actions = removes.chain(adds).collect();
        self.commit(table, step, actions).await
    }

    /// A version of a table, the latest where none is named. Errors: [`StoreError::NoTable`], [`StoreError::Delta`].
    pub async fn snapshot(
        &self,
        table: &str,
        version: Option<u64>,
    ) -> Result<Snapshot, StoreError> {
        let mut opened = self.opened(table).await?;
        if let Some(version) = version {
            opened.load_version(version).await.map_err(delta(table))?;
        }
        let state = opened.snapshot().map_err(delta(table))?;
        let mut files = Vec::new();
        for view in state.log_data().iter() {
            if view.deletion_vector_descriptor().is_some() {
                return Err(StoreError::OtherTable {
                    table: table.to_owned(),
                });
            }
            files.push(DataFile {
                path: view.path().into_owned(),
                size_bytes: u64::try_from(view.size()).unwrap_or(0),
                stats: view.stats().unwrap_or_default(),
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Snapshot {
            version: state.version(),
            files,
        })
    }

    /// The files of Delta's log that the commit of a version wrote: the commit, and where it is one of those after which
    /// Delta sums up, the checkpoint and what points to it.
    ///
    /// Errors: [`StoreError::Object`].
    pub async fn commit_files(
        &self,
        table: &str,
        version: u64,
    ) -> Result<Vec<LogFile>, StoreError> {
        let mut paths = vec![format!("{DELTA_LOG}/{version:020}.json")];
        if (version + 1).is_multiple_of(CHECKPOINT_EVERY) {
            paths.push(format!("{DELTA_LOG}/{version:020}.checkpoint.parquet"));
            paths.push(format!("{DELTA_LOG}/{LAST_CHECKPOINT}"));
        }
        self.hashed(table, paths).await
    }

    /// Every file of Delta's log of a table, sorted by path. Errors: [`StoreError::Object`].
    pub async fn log_files(&self, table: &str) -> Result<Vec<LogFile>, StoreError> {
        let folder = format!("{FOLDER}/{table}");
        let listed = Objects::new(self.place.clone())
            .list(&format!("{folder}/{DELTA_LOG}"))
            .await?;
        let inside = listed
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(&folder)?.strip_prefix('/'));
        self.hashed(table, inside.map(str::to_owned).collect())
            .await
    }

    async fn hashed(&self, table: &str, paths: Vec<String>) -> Result<Vec<LogFile>, StoreError> {
        let objects = Objects::new(self.place.clone());
        let mut files = Vec::new();
        for path in paths {
            let hashed = objects.sha256(&format!("{FOLDER}/{table}/{path}")).await?;
            files.extend(hashed.map(|(sha256, size_bytes)| LogFile {
                path,
                sha256,
                size_bytes,
            }));
        }
        Ok(files)
    }

    /// Rows of one file of a table.
    pub async fn read(&self, table: &str, file: &DataFile) -> Result<Vec<RecordBatch>, StoreError> {
        files::read(&self.store_of(table), file).await
    }

    async fn commit(
        &self,
        table: &str,
        step: Step<'_>,
        actions: Vec<Action>,
    ) -> Result<u64, StoreError> {
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let mut tries = 0;
        loop {
            let opened = self.opened(table).await?;
            let state = opened.snapshot().map_err(delta(table))?;
            let log = opened.log_store();
            // A transaction alone does not make a commit happen once: only a writer that looked first may skip it.
            let done = state.transaction_version(log.as_ref(), step.writer).await;
            if done.map_err(delta(table))? >= Some(step.number) {
                return Ok(state.version());
            }
            let properties = CommitProperties::default()
                .with_application_transaction(Transaction::new(step.writer, step.number))
                .with_max_retries(0)
                .with_cleanup_expired_logs(Some(false));
            let made = CommitBuilder::from(properties)
                .with_actions(actions.clone())
                .build(Some(state), log, operation.clone())
                .await;
            tries += 1;
            match made {
                Ok(commit) => return Ok(commit.version()),
                Err(error) if tries < MOST_TRIES && is_race(&error) => {}
                Err(error) => return Err(delta(table)(error)),
            }
        }
    }

    async fn opened(&self, table: &str) -> Result<DeltaTable, StoreError> {
        let found = self.open(table).await?;
        found.ok_or_else(|| StoreError::NoTable {
            table: table.to_owned(),
        })
    }

    async fn open(&self, table: &str) -> Result<Option<DeltaTable>, StoreError> {
        // Delta takes a folder that is not there for a wrong location.
        let folder = self
            .place
            .as_folder()
            .map(|place| place.join(FOLDER).join(table));
        if folder.is_some_and(|folder| !folder.exists()) {
            return Ok(None);
        }
        let mut opened = DeltaTable::new(self.log_store(table)?);
        match opened.load().await {
            Ok(()) => Ok(Some(opened)),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(source) => Err(delta(table)(source)),
        }
    }

    fn store_of(&self, table: &str) -> PrefixStore<Arc<dyn ObjectStore>> {
        let folder = ObjectPath::from_iter([FOLDER, table]);
        PrefixStore::new(Arc::clone(self.place.store()), folder)
    }

    /// The log of a table. In a folder its location is the true one, because Delta sorts what a file system lists by
    /// the scheme; elsewhere it is made up, for the store is already that of the place. Delta keeps no location in its
    /// log, which is why a workspace can be moved.
    fn log_store(&self, table: &str) -> Result<LogStoreRef, StoreError> {
        let (root, location): (Arc<dyn ObjectStore>, _) = match self.place.as_folder() {
            Some(_) => (Arc::new(LocalFileSystem::new()), self.place.url().clone()),
            None => (Arc::clone(self.place.store()), MADE_UP.clone()),
        };
        let location = location
            .join(&format!("{FOLDER}/{table}/"))
            .map_err(|error| StoreError::Place {
                place: location.to_string(),
                reason: error.to_string(),
            })?;
        Ok(default_logstore(
            Arc::new(self.store_of(table)),
            root,
            &location,
            &StorageConfig::default(),
        ))
    }
}

/// Location of a place that is no folder.
#[expect(clippy::expect_used, reason = "a constant is a URL or no test passes")]
static MADE_UP: LazyLock<Url> = LazyLock::new(|| Url::parse("memory:///").expect("a URL"));

fn is_race(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::VersionAlreadyExists(_)
                    | TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)
            }
    )
}

fn removed(file: &DataFile) -> Remove {
    let Add {
        path,
        partition_values,
        size,
        ..
    } = file.add(false);
    Remove {
        path,
        data_change: false,
        deletion_timestamp: Some(0),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values.into_iter().collect::<HashMap<_, _>>()),
        size: Some(size),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
    }
}
