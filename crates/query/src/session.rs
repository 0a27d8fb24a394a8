//! A session: tables, functions and limits, and the one way to run a statement.

use crate::explain::explain;
use crate::memory::Pool;
use crate::recordings::{Directory, Messages, ReadTopic, Recordings, Stretch, Topic};
use crate::stretches::FindStretches;
use crate::tables::{Declared, PinnedFiles, TableAt};
use crate::words::FindWordGroups;
use crate::{QueryError, statement};
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use fieldassay_formats::{Channel, Message};
use fieldassay_model::tables::TABLES;
use fieldassay_store::{Blobs, Place, Snapshot, Tables};
use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// Memory a sort holds back for merging, unless that is too much of the limit; the engine's own choice.
const MOST_HELD_BACK_BYTES: usize = 10 << 20;

/// What a session reads.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Where the files are.
    pub place: Place,
    /// The version of each table that is current; a table without one has no rows.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// What reads recordings that are not kept in parts; without it their messages are refused.
    pub recordings: Option<Arc<dyn Recordings>>,
}

/// Limits of a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parts of a plan that run at a time, at least 1.
    pub threads: usize,
    /// Memory of sorts, joins and aggregates together; beyond it they go to the disk, and those that cannot fail with
    /// [`QueryError::Memory`]. On top are buffers of reading, about a row group per thread, and batches on their way
    /// between threads, at most as much again or 64 MiB.
    pub memory_bytes: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Where what does not fit into memory goes until the session ends.
    pub spill: Spill,
}

/// Where what does not fit into memory goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spill {
    /// Nowhere: questions must fit.
    Nowhere,
    /// Into a folder, which is made where it is not there.
    Folder(PathBuf),
    /// Where the system keeps such files.
    System,
}

impl Options {
    /// Limits of small questions, on one thread.
    pub const fn small() -> Self {
        Self {
            threads: 1,
            memory_bytes: 256 << 20,
            batch_rows: 8192,
            spill: Spill::Nowhere,
        }
    }
}

/// What a name in SQL stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// A table.
    Table,
    /// A column of a table.
    Column,
    /// A function of values, of rows or of windows.
    Function,
    /// A function that is a table.
    TableFunction,
}

/// A name that can be used in SQL, for completion and for "did you mean".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// What it stands for.
    pub kind: NameKind,
    /// The name.
    pub name: String,
}

/// Tables of a workspace at one moment, and what SQL can do with them.
pub struct Session {
    context: SessionContext,
    directory: Directory,
    names: Arc<[Name]>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Makes a session; nothing is read yet. Errors: [`QueryError::Failed`] for a spill folder that cannot be made.
    pub fn new(sources: Sources, options: &Options) -> Result<Self, QueryError> {
        let explained = |error| explain(error, "", &[]);
        let runtime = runtime(options).map_err(explained)?;
        let Sources {
            place,
            snapshots,
            recordings,
        } = sources;
        let open = || context(options, &runtime, (&place, &snapshots)).map_err(explained);
        let directory = Directory {
            context: open()?,
            blobs: Blobs::new(place.clone()),
            recordings,
        };
        let context = open()?;
        let messages = Arc::new(Messages::new(directory.clone()));
        let registered = context.register_table(Messages::NAME, messages);
        registered.map_err(explained)?;
        let tables = Tables::new(place.clone());
        context.register_udtf(TableAt::NAME, Arc::new(TableAt::new(tables)));
        let found = BTreeMap::new();
        context.register_udtf(ReadTopic::NAME, Arc::new(ReadTopic { found }));
        let names = names(&context).into();
        Ok(Self {
            context,
            directory,
            names,
        })
    }

    /// Runs one statement that reads; rows come as they are asked for.
    ///
    /// Errors: every [`QueryError`] but those of writing; some come only with the rows.
    pub async fn run(&self, sql: &str) -> Result<Answer, QueryError> {
        let parsed = statement::parse(sql)?;
        let explained = |error| explain(error, sql, &self.names);
        let mut state = self.context.state();
        // The columns of a topic must be known before the statement is planned, and planning does not wait.
        let mut found = BTreeMap::new();
        for (recording_id, topic) in statement::topics(&parsed) {
            let looked_up = Topic::find(&self.directory, &recording_id, &topic).await?;
            found.insert((recording_id, topic), Arc::new(looked_up));
        }
        state.register_udtf(ReadTopic::NAME, Arc::new(ReadTopic { found }));
        let plan = state.statement_to_plan(parsed).await.map_err(explained)?;
        let reads_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        reads_only.verify_plan(&plan).map_err(explained)?;
        let plan = state.create_physical_plan(&plan).await.map_err(explained)?;
        let stream = execute_stream(plan, state.task_ctx()).map_err(explained)?;
        Ok(Answer {
            schema: plain(&stream.schema()),
            stream,
            sql: sql.to_owned(),
            names: Arc::clone(&self.names),
        })
    }

    /// Makes a Parquet file of this machine a table that SQL can name.
    ///
    /// Errors: [`QueryError::Failed`] for a file that is none, or a name that is taken.
    pub async fn add_parquet(&self, name: &str, file: &std::path::Path) -> Result<(), QueryError> {
        let explained = |error| explain(error, "", &[]);
        let path = file.display().to_string();
        let options = ParquetReadOptions::default();
        let added = self.context.register_parquet(name, path, options).await;
        added.map_err(explained)
    }

    /// Passes the messages of a stretch of a recording to `take`, each with its channel, in the order of the file and
    /// until `take` breaks off. Only the parts of files that may hold such messages are read; they are decoded on the
    /// calling task.
    ///
    /// Errors: [`QueryError::Unknown`] for a recording or a topic that is not there, [`QueryError::Store`],
    /// [`QueryError::Recording`]. Memory: one part of a file.
    pub async fn messages_between(
        &self,
        stretch: &Stretch,
        take: &mut (dyn FnMut(&Channel, &Message<'_>) -> ControlFlow<()> + Send),
    ) -> Result<(), QueryError> {
        self.directory.messages_between(stretch, take).await
    }

    /// Every name that SQL can use here, sorted by what it stands for and by name.
    pub fn names(&self) -> &[Name] {
        &self.names
    }
}

/// What a statement gives: batches of rows, computed as they are asked for.
pub struct Answer {
    stream: SendableRecordBatchStream,
    schema: SchemaRef,
    sql: String,
    names: Arc<[Name]>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = self.schema();
        f.debug_struct("Answer")
            .field("schema", &fields)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Names and types of the columns, with unit and frame as metadata where they are those of a table.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch, none after the last.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        let batch = self.stream.next().await?;
        let batch = batch.and_then(|batch| in_form_of(&self.schema, &batch));
        Some(batch.map_err(|error| explain(error, &self.sql, &self.names)))
    }

    /// All batches; memory grows with the rows.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, QueryError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }
}

/// Texts as everybody reads them: views are for the inside.
fn plain(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(plain_field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, count) => DataType::FixedSizeList(plain_field(item), *count),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

fn in_form_of(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| {
        if field.data_type() == column.data_type() {
            Ok(Arc::clone(column))
        } else {
            cast(column, field.data_type())
        }
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

fn runtime(options: &Options) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let spill = match &options.spill {
        Spill::Folder(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        Spill::System => DiskManagerMode::OsTmpDirectory,
        Spill::Nowhere => DiskManagerMode::Disabled,
    };
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Pool::new(options.memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(spill))
        .build_arc()
}

/// A context with the tables of record.
fn context(
    options: &Options,
    runtime: &Arc<RuntimeEnv>,
    (place, snapshots): (&Place, &BTreeMap<String, Snapshot>),
) -> Result<SessionContext, DataFusionError> {
    let threads = options.threads.max(1);
    // Every sort holds this much back for merging what it spilled; it must not be all there is.
    let held_back = (options.memory_bytes / (8 * threads)).min(MOST_HELD_BACK_BYTES);
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_sort_spill_reservation_bytes(held_back)
        .with_batch_size(options.batch_rows.max(1))
        .with_default_catalog_and_schema("fieldassay", "workspace")
        .with_information_schema(true);
    let settings = config.options_mut();
    settings.sql_parser.collect_spans = true;
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(Arc::clone(runtime))
        .with_default_features()
        .with_physical_optimizer_rule(Arc::new(FindStretches::new()))
        .with_physical_optimizer_rule(Arc::new(FindWordGroups::new()))
        .build();
    crate::functions::register(&mut state)?;
    let context = SessionContext::new_with_state(state);
    let url = crate::tables::store_url()?;
    context.register_object_store(url.as_ref(), Arc::clone(place.store()));
    for table in TABLES {
        let files = snapshots.get(table.name);
        let files = files.map_or_else(Vec::new, |snapshot| snapshot.files.clone());
        let pinned = PinnedFiles::new(Declared::new(table), files);
        context.register_table(table.name, Arc::new(pinned))?;
    }
    Ok(context)
}

fn names(context: &SessionContext) -> Vec<Name> {
    let state = context.state();
    let functions = state.scalar_functions().keys();
    let functions = functions
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys())
        .map(|name| (NameKind::Function, name.clone()));
    let table_functions = state.table_functions().keys();
    let table_functions = table_functions.map(|name| (NameKind::TableFunction, name.clone()));
    let tables = TABLES.iter().flat_map(|table| {
        let columns = table
            .columns()
            .map(|column| (NameKind::Column, column.name));
        std::iter::once((NameKind::Table, table.name)).chain(columns)
    });
    let tables = tables
        .chain([(NameKind::Table, Messages::NAME)])
        .map(|(kind, name)| (kind, name.to_owned()));
    let mut names: Vec<Name> = tables
        .chain(functions)
        .chain(table_functions)
        .map(|(kind, name)| Name { kind, name })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
