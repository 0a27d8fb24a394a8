//! The table `messages`: every message of every recording, as it is stored.

use super::directory::{Directory, Part};
use super::scan::{RecordingScan, Rows, Shape};
use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, DataFusionError, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use fieldassay_formats::Message;
use std::sync::{Arc, LazyLock};

/// Columns of the table.
const COLUMNS: &[(&str, Value, Option<&str>, bool, &str)] = &[
    (
        "recording_id",
        Value::Recording,
        None,
        false,
        "The recording.",
    ),
    ("topic", Value::Topic, None, false, "Topic of the channel."),
    (
        "channel",
        Value::Channel,
        None,
        false,
        "Number of the channel within the recording.",
    ),
    (
        "sequence",
        Value::Sequence,
        None,
        true,
        "Number the container gives the message; null where it gives none.",
    ),
    (
        LOG_TIME,
        Value::LogTime,
        Some("ns"),
        false,
        "When the recorder wrote it.",
    ),
    (
        "publish_time_ns",
        Value::PublishTime,
        Some("ns"),
        true,
        "When the publisher sent it; null where the container does not say.",
    ),
    (
        "size_bytes",
        Value::Size,
        Some("bytes"),
        false,
        "Size of the payload.",
    ),
    (
        "data",
        Value::Data,
        None,
        false,
        "The payload, as it is encoded.",
    ),
];

/// Name of the log time, here and in topics.
pub(super) const LOG_TIME: &str = "log_time_ns";

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = COLUMNS.iter().map(|(name, value, unit, nullable, about)| {
        field(name, value.data_type(), *nullable, (*unit, about))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
});

/// A column with its unit and meaning, as those of the tables of record have them.
pub(super) fn field(
    name: &str,
    kind: DataType,
    nullable: bool,
    (unit, about): (Option<&str>, &str),
) -> Field {
    let unit = unit.map(|unit| ("fieldassay.unit".to_owned(), unit.to_owned()));
    let about = ("comment".to_owned(), about.to_owned());
    let metadata = std::iter::once(about).chain(unit).collect();
    Field::new(name, kind, nullable).with_metadata(metadata)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Recording,
    Topic,
    Channel,
    Sequence,
    LogTime,
    PublishTime,
    Size,
    Data,
}

impl Value {
    const fn data_type(self) -> DataType {
        match self {
            Self::Recording | Self::Topic => DataType::Utf8,
            Self::Data => DataType::Binary,
            _ => DataType::Int64,
        }
    }

    /// Whether the message itself must be read for it.
    const fn is_inside(self) -> bool {
        !matches!(self, Self::Recording | Self::Topic | Self::Channel)
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Messages {
    directory: Directory,
}

impl Messages {
    pub(crate) const NAME: &str = "messages";

    pub(crate) fn new(directory: Directory) -> Self {
        Self { directory }
    }
}

#[async_trait]
impl TableProvider for Messages {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&SCHEMA)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let of_channels: Vec<Expr> = filters
            .iter()
            .filter(|filter| only_columns(filter, &["recording_id", "topic", "channel"]))
            .cloned()
            .collect();
        let channels = self.directory.channels(&of_channels).await?;
        let parts = self.directory.parts(&channels).await?;
        let parts = within_times(state, parts, filters)?;
        let all: Vec<usize> = (0..COLUMNS.len()).collect();
        let columns = projection.unwrap_or(&all).iter();
        let columns = columns.filter_map(|index| COLUMNS.get(*index).map(|column| column.1));
        let shape = Stored {
            columns: columns.collect(),
            schema: datafusion::physical_plan::project_schema(&SCHEMA, projection)?,
        };
        let threads = state.config().target_partitions();
        Ok(Arc::new(RecordingScan::new(
            self.directory.clone(),
            Arc::new(shape),
            parts,
            (i64::MIN, i64::MAX),
            threads,
        )))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Whether a filter speaks of these columns only.
fn only_columns(filter: &Expr, names: &[&str]) -> bool {
    let columns = filter.column_refs();
    !columns.is_empty() && columns.iter().all(|column| names.contains(&column.name()))
}

/// Parts that may hold messages at times the filters allow, and how many there were.
pub(super) fn within_times(
    state: &dyn Session,
    parts: Vec<Part>,
    filters: &[Expr],
) -> Result<(Vec<Part>, usize), DataFusionError> {
    let of = parts.len();
    let filters = filters.iter();
    let filters = filters.filter(|filter| only_columns(filter, &[LOG_TIME]));
    let Some(filter) = conjunction(filters.cloned()) else {
        return Ok((parts, of));
    };
    let schema = Arc::new(Schema::new(vec![Field::new(
        LOG_TIME,
        DataType::Int64,
        false,
    )]));
    let filter = state.create_physical_expr(filter, &DFSchema::try_from(Arc::clone(&schema))?)?;
    let Ok(predicate) = PruningPredicateBuilder::new()
        .with_file_schema(Arc::clone(&schema))
        .try_build(filter)
    else {
        return Ok((parts, of));
    };
    let end = |time: Option<i64>| {
        time.map_or(Precision::Absent, |time| {
            Precision::Exact(ScalarValue::Int64(Some(time)))
        })
    };
    let stats = parts.iter().map(|part| {
        let times = ColumnStatistics {
            null_count: Precision::Exact(0),
            min_value: end(part.times.map(|times| times.0)),
            max_value: end(part.times.map(|times| times.1)),
            ..ColumnStatistics::new_unknown()
        };
        Arc::new(Statistics {
            num_rows: Precision::Absent,
            total_byte_size: Precision::Absent,
            column_statistics: vec![times],
        })
    });
    let keep = predicate.prune(&PrunableStatistics::new(stats.collect(), schema))?;
    let kept = parts.into_iter().zip(keep).filter(|(_, keep)| *keep);
    Ok((kept.map(|(part, _)| part).collect(), of))
}

/// Messages as they are stored.
#[derive(Debug)]
struct Stored {
    columns: Vec<Value>,
    schema: SchemaRef,
}

impl Shape for Stored {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn reads(&self) -> bool {
        self.columns.iter().any(|column| column.is_inside())
    }

    fn rows(&self) -> Box<dyn Rows> {
        Box::new(StoredRows {
            schema: self.schema(),
            columns: self
                .columns
                .iter()
                .map(|value| Column::new(*value))
                .collect(),
            rows: 0,
            bytes: 0,
        })
    }

    fn about(&self) -> String {
        let fields = self.schema.fields().iter();
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        format!("columns=[{}]", names.join(", "))
    }
}

enum Column {
    Text(Value, StringBuilder),
    Integer(Value, Int64Builder),
    Binary(BinaryBuilder),
}

impl Column {
    fn new(value: Value) -> Self {
        match value.data_type() {
            DataType::Utf8 => Self::Text(value, StringBuilder::new()),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            _ => Self::Integer(value, Int64Builder::new()),
        }
    }
}

struct StoredRows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Rows for StoredRows {
    fn push(&mut self, part: &Part, message: &Message<'_>) -> Result<(), ArrowError> {
        let topic = || part.source.topics.get(&message.channel);
        for column in &mut self.columns {
            match column {
                Column::Text(Value::Recording, builder) => {
                    builder.append_value(&part.source.recording_id);
                }
                Column::Text(_, builder) => builder.append_option(topic()),
                Column::Binary(builder) => {
                    builder.append_value(message.data);
                    self.bytes = self.bytes.saturating_add(message.data.len());
                }
                Column::Integer(value, builder) => builder.append_option(match value {
                    Value::Sequence => message.sequence.map(i64::from),
                    Value::LogTime => Some(message.log_time),
                    Value::PublishTime => message.publish_time,
                    Value::Size => i64::try_from(message.data.len()).ok(),
                    _ => Some(i64::from(message.channel)),
                }),
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(|column| -> ArrayRef {
            match column {
                Column::Text(_, builder) => Arc::new(builder.finish()),
                Column::Integer(_, builder) => Arc::new(builder.finish()),
                Column::Binary(builder) => Arc::new(builder.finish()),
            }
        });
        self.bytes = 0;
        let options =
            RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.collect(), &options)
    }
}
