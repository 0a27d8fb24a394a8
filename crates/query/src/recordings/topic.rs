//! `read_topic('r-…', '/imu')`: the messages of a topic with their fields as columns.

use super::directory::{ChannelRow, Directory, Part};
use super::messages::{LOG_TIME, field, within_times};
use super::scan::{RecordingScan, Rows, Shape};
use crate::QueryError;
use async_trait::async_trait;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    UInt64Array, make_array,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use fieldassay_formats::decode::ColumnDecoder;
use fieldassay_formats::decode::fields::{FieldReader, Fields as Wish, Shape as Kind, Wanted};
use fieldassay_formats::{Channel, Message};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Columns before those of the message.
const TIMES: usize = 2;

/// Topics that a statement names, found before it is planned.
#[derive(Debug)]
pub(crate) struct ReadTopic {
    pub(crate) found: BTreeMap<(String, String), Arc<Topic>>,
}

impl ReadTopic {
    pub(crate) const NAME: &str = "read_topic";
}

impl TableFunctionImpl for ReadTopic {
    fn call_with_args(
        &self,
        args: TableFunctionArgs<'_, '_>,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let found = match args.exprs() {
            [
                Expr::Literal(ScalarValue::Utf8(Some(recording)), _),
                Expr::Literal(ScalarValue::Utf8(Some(topic)), _),
            ] => self.found.get(&(recording.clone(), topic.clone())),
            _ => None,
        };
        let Some(found) = found else {
            return Err(DataFusionError::Plan(
                "`read_topic` takes a recording and a topic as texts, as in `read_topic('r-0123456789abcdef', '/imu')`"
                    .to_owned(),
            ));
        };
        Ok(Arc::clone(found) as Arc<dyn TableProvider>)
    }
}

/// One topic of one recording.
#[derive(Debug)]
pub(crate) struct Topic {
    directory: Directory,
    channels: Vec<ChannelRow>,
    channel: Arc<Channel>,
    schema: SchemaRef,
}

impl Topic {
    /// Looks a topic up and parses the definition of its messages.
    ///
    /// Errors: [`QueryError::Unknown`], [`QueryError::Invalid`] for channels of different types under one name and for
    /// messages that have no columns.
    pub(crate) async fn find(
        directory: &Directory,
        recording_id: &str,
        topic: &str,
    ) -> Result<Self, QueryError> {
        let channels = directory.named(recording_id, &[topic.to_owned()]).await?;
        let refused = |message: String| QueryError::Invalid {
            message,
            excerpt: None,
        };
        let of_type = |row: &ChannelRow| (row.schema.clone(), row.message_encoding.clone());
        let mut types = channels.iter().map(of_type);
        let first = types.next();
        let (Some(row), true) = (
            channels.first(),
            types.all(|other| Some(&other) == first.as_ref()),
        ) else {
            return Err(refused(format!(
                "topic `{topic}` of `{recording_id}` has channels of different types; `messages` has them as they are stored"
            )));
        };
        let channel = directory.channel(row).await?;
        let decoder = decoder(&channel).map_err(|what| {
            refused(format!(
                "messages of topic `{topic}` have no columns: {what}; `messages` has them as they are stored"
            ))
        })?;
        let schema = columns(&decoder.schema());
        Ok(Self {
            directory: directory.clone(),
            channels,
            channel: Arc::new(channel),
            schema,
        })
    }
}

fn decoder(channel: &Channel) -> Result<ColumnDecoder, String> {
    ColumnDecoder::new(channel.schema.as_deref(), &channel.message_encoding)
        .map_err(|error| error.to_string())
}

/// The times, then every field that is no message itself; a message that cannot be decoded is a row of nulls.
fn columns(decoded: &Schema) -> SchemaRef {
    let times = [
        field(
            LOG_TIME,
            DataType::Int64,
            false,
            (Some("ns"), "When the recorder wrote it."),
        ),
        field(
            "publish_time_ns",
            DataType::Int64,
            true,
            (Some("ns"), "When the publisher sent it."),
        ),
    ];
    let mut fields: Vec<Field> = times.into();
    leaves(decoded.fields(), "", &mut fields);
    Arc::new(Schema::new(fields))
}

fn leaves(fields: &Fields, before: &str, out: &mut Vec<Field>) {
    for field in fields {
        let name = format!("{before}{}", field.name());
        if let DataType::Struct(inner) = field.data_type() {
            leaves(inner, &format!("{name}."), out);
            continue;
        }
        let mut metadata = field.metadata().clone();
        if let Some(unit) = metadata.remove("unit") {
            metadata.insert("fieldassay.unit".to_owned(), unit);
        }
        // A field of the message may be called as a column of ours is.
        let taken = out.iter().take(TIMES).any(|known| *known.name() == name);
        let name = if taken {
            format!("message.{name}")
        } else {
            name
        };
        out.push(Field::new(name, field.data_type().clone(), true).with_metadata(metadata));
    }
}

#[async_trait]
impl TableProvider for Topic {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
        let parts = self.directory.parts(&self.channels).await?;
        let parts = within_times(state, parts, filters)?;
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let shape = Decoded {
            channel: Arc::clone(&self.channel),
            schema: Arc::new(self.schema.project(&columns)?),
            columns,
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

/// Fields of messages.
#[derive(Debug)]
struct Decoded {
    channel: Arc<Channel>,
    /// Places of the wanted columns among all.
    columns: Vec<usize>,
    schema: SchemaRef,
}

impl Decoded {
    /// How the wanted fields are read: numbers of CDR and ROS 1 one by one, which skips the rest of the message;
    /// anything else with the whole message.
    fn reading(&self) -> Reading {
        let inside = self.columns.iter().zip(self.schema.fields());
        let inside: Vec<&Arc<Field>> = inside
            .filter(|(column, _)| **column >= TIMES)
            .map(|(_, field)| field)
            .collect();
        if inside.is_empty() {
            return Reading::Nothing;
        }
        let packed = matches!(self.channel.message_encoding.as_str(), "cdr" | "ros1");
        let numbers = inside.iter().all(|field| is_number(field.data_type()));
        if packed
            && numbers
            && let Some(reader) = self.fields(&inside)
        {
            return Reading::Fields {
                reader,
                values: inside.iter().map(|field| Values::of(field)).collect(),
            };
        }
        match decoder(&self.channel) {
            Ok(decoder) => Reading::Whole(Box::new(decoder)),
            // It was compiled before, when the topic was looked up.
            Err(_) => Reading::Nothing,
        }
    }

    fn fields(&self, inside: &[&Arc<Field>]) -> Option<FieldReader> {
        let schema = self.channel.schema.as_deref()?;
        let parsed = Wish::parse(schema, &self.channel.message_encoding).ok()?;
        let wanted: Option<Vec<Wanted<'_>>> = inside
            .iter()
            .enumerate()
            .map(|(slot, field)| {
                let is_time = field.metadata().contains_key("fieldassay.unit");
                Some(Wanted {
                    path: field.name(),
                    slot: u16::try_from(slot).ok()?,
                    shape: if is_time { Kind::Time } else { Kind::Number },
                })
            })
            .collect();
        let reader = parsed.reader(&wanted?);
        reader.found().iter().all(|found| *found).then_some(reader)
    }
}

/// Numbers that [`FieldReader`] gives exactly.
fn is_number(kind: &DataType) -> bool {
    kind.is_numeric() && *kind != DataType::UInt64 || *kind == DataType::Boolean
}

impl Shape for Decoded {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn reads(&self) -> bool {
        !self.columns.is_empty()
    }

    fn rows(&self) -> Box<dyn Rows> {
        Box::new(DecodedRows {
            schema: self.schema(),
            columns: self.columns.clone(),
            reading: self.reading(),
            log_times: Vec::new(),
            publish_times: Vec::new(),
            good: Vec::new(),
        })
    }

    fn about(&self) -> String {
        let fields = self.schema.fields().iter();
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        format!(
            "topic={}, columns=[{}]",
            self.channel.topic,
            names.join(", ")
        )
    }
}

enum Reading {
    /// Times only.
    Nothing,
    Fields {
        reader: FieldReader,
        values: Vec<Values>,
    },
    Whole(Box<ColumnDecoder>),
}

enum Values {
    Whole(Vec<i64>),
    Real(Vec<f64>),
}

impl Values {
    fn of(field: &Field) -> Self {
        if field.data_type().is_floating() {
            Self::Real(Vec::new())
        } else {
            Self::Whole(Vec::new())
        }
    }

    /// Begins a row; what the message does not have is 0 until the row is found bad.
    fn begin(&mut self) {
        match self {
            Self::Whole(values) => values.push(0),
            Self::Real(values) => values.push(0.0),
        }
    }

    fn finish(
        &mut self,
        kind: &DataType,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ArrowError> {
        let array: ArrayRef = match self {
            Self::Whole(values) => Arc::new(Int64Array::new(std::mem::take(values).into(), nulls)),
            Self::Real(values) => Arc::new(Float64Array::new(std::mem::take(values).into(), nulls)),
        };
        cast(&array, kind)
    }
}

struct DecodedRows {
    schema: SchemaRef,
    columns: Vec<usize>,
    reading: Reading,
    log_times: Vec<i64>,
    publish_times: Vec<Option<i64>>,
    /// Whether each message could be decoded.
    good: Vec<bool>,
}

impl Rows for DecodedRows {
    fn push(&mut self, _: &Part, message: &Message<'_>) -> Result<(), ArrowError> {
        self.log_times.push(message.log_time);
        self.publish_times.push(message.publish_time);
        let good = match &mut self.reading {
            Reading::Nothing => true,
            Reading::Fields { reader, values } => {
                values.iter_mut().for_each(Values::begin);
                let read = reader.read(message.data, &mut |slot, value| match values
                    .get_mut(usize::from(slot))
                {
                    Some(Values::Whole(values)) => {
                        if let Some(last) = values.last_mut() {
                            *last = value.integer();
                        }
                    }
                    Some(Values::Real(values)) => {
                        if let Some(last) = values.last_mut() {
                            *last = value.float();
                        }
                    }
                    None => {}
                });
                read.is_ok()
            }
            Reading::Whole(decoder) => decoder.push(message.data).is_ok(),
        };
        self.good.push(good);
        Ok(())
    }

    fn rows(&self) -> usize {
        self.good.len()
    }

    fn bytes(&self) -> usize {
        match &self.reading {
            Reading::Whole(decoder) => decoder.heap_bytes(),
            _ => 0,
        }
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let good = std::mem::take(&mut self.good);
        let rows = good.len();
        let log_times: ArrayRef = Arc::new(Int64Array::from(std::mem::take(&mut self.log_times)));
        let publish_times: ArrayRef =
            Arc::new(Int64Array::from(std::mem::take(&mut self.publish_times)));
        let mut inside = self.inside(&good)?.into_iter();
        let columns = self.columns.iter().map(|column| match column {
            0 => Ok(Arc::clone(&log_times)),
            1 => Ok(Arc::clone(&publish_times)),
            _ => inside.next().ok_or_else(|| {
                ArrowError::InvalidArgumentError("a decoded column is missing".to_owned())
            }),
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

impl DecodedRows {
    /// The wanted columns of messages, in order, with nulls where a message could not be decoded.
    fn inside(&mut self, good: &[bool]) -> Result<Vec<ArrayRef>, ArrowError> {
        let kinds = self.columns.iter().zip(self.schema.fields());
        let kinds = kinds.filter(|(column, _)| **column >= TIMES);
        match &mut self.reading {
            Reading::Nothing => Ok(Vec::new()),
            Reading::Fields { values, .. } => {
                let nulls = NullBuffer::from(good.to_vec());
                let nulls = (nulls.null_count() > 0).then_some(nulls);
                let pairs = values.iter_mut().zip(kinds);
                pairs
                    .map(|(values, (_, field))| values.finish(field.data_type(), nulls.clone()))
                    .collect()
            }
            Reading::Whole(decoder) => {
                let batch = decoder.finish()?;
                let mut flat = Vec::new();
                flatten(batch.columns(), None, &mut flat)?;
                let wanted = kinds.filter_map(|(column, _)| flat.get(column - TIMES));
                let wanted = wanted.map(|array| spread(array, good));
                wanted.collect()
            }
        }
    }
}

/// Arrays in the order of [`leaves`]; what is inside a null is null.
fn flatten(
    arrays: &[ArrayRef],
    nulls: Option<&NullBuffer>,
    out: &mut Vec<ArrayRef>,
) -> Result<(), ArrowError> {
    for array in arrays {
        let both = NullBuffer::union(nulls, array.nulls());
        if let Some(inner) = array.as_struct_opt() {
            flatten(inner.columns(), both.as_ref(), out)?;
        } else if nulls.is_some() {
            let data = array.to_data().into_builder().nulls(both).build()?;
            out.push(make_array(data));
        } else {
            out.push(Arc::clone(array));
        }
    }
    Ok(())
}

/// Puts nulls where messages could not be decoded.
fn spread(array: &ArrayRef, good: &[bool]) -> Result<ArrayRef, ArrowError> {
    if good.iter().all(|good| *good) {
        return Ok(Arc::clone(array));
    }
    let mut next = 0_u64;
    let places = good.iter().map(|good| {
        good.then(|| {
            let place = next;
            next += 1;
            place
        })
    });
    take(array, &places.collect::<UInt64Array>(), None)
}
