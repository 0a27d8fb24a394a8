//! Reads parts of recordings as a plan: byte ranges in, rows out, several parts at a time.

use super::directory::{Directory, Part};
use crate::QueryError;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Statistics};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use fieldassay_formats::{Buffers, Channel, Limits, Message, Visitor, read_part};
use futures_util::StreamExt as _;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// Bytes of values after which rows are handed on.
const BATCH_BYTES: usize = 8 << 20;
/// Parts of a stream that are fetched while one is decoded.
const AHEAD: usize = 2;

/// Makes rows of messages.
pub(crate) trait Rows: Send {
    /// Adds a message of a wanted channel.
    fn push(&mut self, part: &Part, message: &Message<'_>) -> Result<(), ArrowError>;
    /// Rows since the last batch.
    fn rows(&self) -> usize;
    /// Bytes they take, about.
    fn bytes(&self) -> usize;
    /// Hands them out.
    fn finish(&mut self) -> Result<RecordBatch, ArrowError>;
}

/// What is made of messages.
pub(crate) trait Shape: fmt::Debug + Send + Sync {
    /// Columns of the rows.
    fn schema(&self) -> SchemaRef;
    /// Whether the bytes of messages or their times are needed, or counts are enough.
    fn reads(&self) -> bool;
    /// A maker of rows.
    fn rows(&self) -> Box<dyn Rows>;
    /// Names of what is read, for people.
    fn about(&self) -> String;
}

/// A scan over parts of recordings.
#[derive(Debug)]
pub(crate) struct RecordingScan {
    directory: Directory,
    shape: Arc<dyn Shape>,
    /// Parts of each stream.
    streams: Vec<Vec<Part>>,
    /// Parts there were before some were left out by their times.
    of: usize,
    /// First and last log time that is asked for.
    times: (i64, i64),
    properties: Arc<PlanProperties>,
}

impl RecordingScan {
    /// A scan of `parts`, out of `of`, by `threads` streams.
    pub(crate) fn new(
        directory: Directory,
        shape: Arc<dyn Shape>,
        (parts, of): (Vec<Part>, usize),
        times: (i64, i64),
        threads: usize,
    ) -> Self {
        let each = parts.len().div_ceil(threads.max(1)).max(1);
        let mut streams: Vec<Vec<Part>> = parts.chunks(each).map(<[Part]>::to_vec).collect();
        if streams.is_empty() {
            streams.push(Vec::new());
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(shape.schema()),
            Partitioning::UnknownPartitioning(streams.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            directory,
            shape,
            streams,
            of,
            times,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for RecordingScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: usize = self.streams.iter().map(Vec::len).sum();
        let ranges = self.streams.iter().flatten();
        let bytes: u64 = ranges
            .filter_map(|part| part.range.as_ref())
            .map(|range| range.length)
            .sum();
        let bytes = if self.shape.reads() { bytes } else { 0 };
        write!(
            f,
            "RecordingScan: streams={}, parts={parts} of {}, bytes={bytes}, {}",
            self.streams.len(),
            self.of,
            self.shape.about()
        )
    }
}

impl ExecutionPlan for RecordingScan {
    fn name(&self) -> &'static str {
        "RecordingScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let parts = self.streams.get(partition).cloned().unwrap_or_default();
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.shape.schema(), AHEAD);
        let reader = Arc::new(Reader {
            directory: self.directory.clone(),
            shape: Arc::clone(&self.shape),
            times: self.times,
            batch_rows: context.session_config().batch_size(),
            sender: builder.tx(),
        });
        builder.spawn(read_all(reader, parts));
        Ok(builder.build())
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>, DataFusionError> {
        let parts: Vec<&Part> = match args.partition() {
            Some(stream) => self.streams.get(stream).into_iter().flatten().collect(),
            None => self.streams.iter().flatten().collect(),
        };
        let rows: u64 = parts.iter().map(|part| part.messages()).sum();
        let mut stats = Statistics::new_unknown(&self.shape.schema());
        stats.num_rows = usize::try_from(rows).map_or(Precision::Absent, Precision::Exact);
        Ok(Arc::new(stats))
    }
}

/// Reads the parts of one stream.
struct Reader {
    directory: Directory,
    shape: Arc<dyn Shape>,
    times: (i64, i64),
    batch_rows: usize,
    sender: Sender<Result<RecordBatch, DataFusionError>>,
}

/// What a part is decoded from.
type Bytes = Option<Vec<u8>>;

async fn read_all(reader: Arc<Reader>, parts: Vec<Part>) -> Result<(), DataFusionError> {
    let fetches = parts.into_iter().map(|part| {
        let reader = Arc::clone(&reader);
        async move { fetch(&reader.directory, reader.shape.reads(), part).await }
    });
    let mut fetched = futures_util::stream::iter(fetches).buffered(AHEAD);
    while let Some(next) = fetched.next().await {
        let (part, bytes) = next?;
        let reader = Arc::clone(&reader);
        let decoded = tokio::task::spawn_blocking(move || reader.decode(&part, bytes.as_deref()));
        match decoded.await {
            Ok(Ok(ControlFlow::Continue(()))) => {}
            Ok(Ok(ControlFlow::Break(()))) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(error) => return Err(DataFusionError::ExecutionJoin(Box::new(error))),
        }
    }
    Ok(())
}

/// Gets the bytes of a part, unless it is counted only or read whole.
async fn fetch(
    directory: &Directory,
    reads: bool,
    part: Part,
) -> Result<(Part, Bytes), DataFusionError> {
    let Some(range) = part.range.as_ref().filter(|_| reads) else {
        return Ok((part, None));
    };
    let bytes = bytes_of(directory, range).await;
    let bytes = bytes.map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok((part, Some(bytes)))
}

pub(super) async fn bytes_of(
    directory: &Directory,
    range: &super::directory::PartRange,
) -> Result<Vec<u8>, QueryError> {
    let stretch = range.offset..range.offset.saturating_add(range.length);
    let bytes = directory.blobs.read(&range.blob_sha256, stretch).await?;
    Ok(bytes.into())
}

impl Reader {
    /// Makes rows of a part and sends them; breaks off when nobody wants more.
    fn decode(
        &self,
        part: &Part,
        bytes: Option<&[u8]>,
    ) -> Result<ControlFlow<()>, DataFusionError> {
        let mut output = Output {
            reader: self,
            part,
            rows: self.shape.rows(),
            state: Ok(ControlFlow::Continue(())),
        };
        if !self.shape.reads() {
            output.count();
        } else if let Some(bytes) = bytes {
            visit(part, bytes, &mut |message| output.take(message))
                .map_err(|error| DataFusionError::External(Box::new(error)))?;
        } else {
            let wanted = part.wanted(self.times);
            whole(&self.directory, part, &wanted, &mut |message| {
                output.take(message)
            })
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        }
        output.end()
    }
}

/// Passes every message of the wanted channels of a part on, until `take` breaks off.
pub(super) fn visit(
    part: &Part,
    bytes: &[u8],
    take: &mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    let mut visiting = Visiting {
        part,
        take,
        done: false,
    };
    let format = part.source.format;
    let mut buffers = Buffers::default();
    let limits = Limits::default();
    let has_parts =
        format.is_some_and(|format| read_part(format, bytes, limits, &mut buffers, &mut visiting));
    if has_parts {
        return Ok(());
    }
    Err(QueryError::Recording {
        recording_id: part.source.recording_id.to_string(),
        what: "it has rows in `chunks`, but its format is not read in parts".to_owned(),
    })
}

/// Reads a recording that has no parts.
pub(super) fn whole(
    directory: &Directory,
    part: &Part,
    wanted: &super::Wanted,
    take: &mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    let id = &part.source.recording_id;
    let Some(recordings) = &directory.recordings else {
        return Err(QueryError::Recording {
            recording_id: id.to_string(),
            what: "it is not kept in parts, and this program cannot read it whole".to_owned(),
        });
    };
    recordings.read(id, wanted, &mut |message| {
        if wanted.has(message) {
            take(message)
        } else {
            ControlFlow::Continue(())
        }
    })
}

struct Visiting<'v> {
    part: &'v Part,
    take: &'v mut dyn FnMut(&Message<'_>) -> ControlFlow<()>,
    done: bool,
}

impl Visitor for Visiting<'_> {
    fn channel(&mut self, _: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        if !self.done && self.part.source.topics.contains_key(&message.channel) {
            self.done = (self.take)(message).is_break();
        }
    }
}

struct Output<'r> {
    reader: &'r Reader,
    part: &'r Part,
    rows: Box<dyn Rows>,
    state: Result<ControlFlow<()>, DataFusionError>,
}

impl Output<'_> {
    fn take(&mut self, message: &Message<'_>) -> ControlFlow<()> {
        let full = |rows: &dyn Rows, most| rows.rows() >= most || rows.bytes() >= BATCH_BYTES;
        self.state = match self.rows.push(self.part, message) {
            Ok(()) if full(self.rows.as_ref(), self.reader.batch_rows) => self.send(),
            Ok(()) => return ControlFlow::Continue(()),
            Err(error) => Err(error.into()),
        };
        match self.state {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    /// Rows for messages of which nothing but their channel is wanted.
    fn count(&mut self) {
        for &(channel, count) in &self.part.counts {
            let message = Message {
                channel,
                sequence: None,
                log_time: 0,
                publish_time: None,
                data: &[],
            };
            for _ in 0..count {
                if self.take(&message).is_break() {
                    return;
                }
            }
        }
    }

    fn send(&mut self) -> Result<ControlFlow<()>, DataFusionError> {
        let batch = self.rows.finish()?;
        Ok(match self.reader.sender.blocking_send(Ok(batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    }

    fn end(mut self) -> Result<ControlFlow<()>, DataFusionError> {
        let state = std::mem::replace(&mut self.state, Ok(ControlFlow::Continue(())));
        if state?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if self.rows.rows() > 0 {
            return self.send();
        }
        Ok(ControlFlow::Continue(()))
    }
}
