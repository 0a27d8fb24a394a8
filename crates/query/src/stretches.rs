//! Joins of moments with stretches of time: `a.key = b.key AND a.t BETWEEN b.start AND b.end`.
//!
//! Read [`StretchJoin`] first. The engine joins by the key and then tries every pair; here the stretches of a key are
//! sorted, and a moment meets those alone that hold it.
//!
//! Not here: which side of a join is held in memory (the engine: the smaller one).

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions, UInt32Array,
};
use datafusion::arrow::compute::{concat_batches, partition, take};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{
    DataFusionError, JoinSide, JoinType, NullEquality, ScalarValue, Statistics,
};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, DynamicFilterPhysicalExpr, lit};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Puts a [`StretchJoin`] in the place of joins that are one.
#[derive(Debug)]
pub(crate) struct FindStretches;

impl PhysicalOptimizerRule for FindStretches {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let replaced = plan.transform_up(|plan| {
            Ok(match StretchJoin::of(&plan) {
                Some(join) => Transformed::yes(Arc::new(join) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(plan),
            })
        })?;
        Ok(replaced.data)
    }

    fn name(&self) -> &'static str {
        "find_stretches"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Columns of a join: stretches are on the left, which is held in memory, moments on the right.
#[derive(Clone, Debug)]
struct Columns {
    keys: Vec<(usize, usize)>,
    start: usize,
    end: usize,
    moment: usize,
    /// Whether a moment may be the first or the last one.
    with_start: bool,
    with_end: bool,
    /// Columns of the result among those of both sides, left first.
    result: Vec<usize>,
    left_count: usize,
}

/// A join by key of moments with the stretches that hold them.
#[derive(Debug)]
pub(crate) struct StretchJoin {
    /// The join it stands for, which knows its properties.
    join: Arc<dyn ExecutionPlan>,
    columns: Columns,
    /// The first key of the moments.
    key: Arc<dyn PhysicalExpr>,
    stretches: Arc<OnceCell<Arc<Stretches>>>,
}

impl StretchJoin {
    /// The same join in this form; none where it is another one.
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let join = plan.downcast_ref::<HashJoinExec>()?;
        let is_plain = *join.join_type() == JoinType::Inner
            && *join.partition_mode() == PartitionMode::CollectLeft
            && join.null_equality() == NullEquality::NullEqualsNothing
            && join.fetch().is_none();
        if !is_plain {
            return None;
        }
        let key = Arc::clone(&join.on().first()?.1);
        let column = |expr: &Arc<dyn PhysicalExpr>| Some(expr.downcast_ref::<Column>()?.index());
        let keys = join.on().iter();
        let keys = keys.map(|(left, right)| Some((column(left)?, column(right)?)));
        let keys = keys.collect::<Option<Vec<(usize, usize)>>>()?;
        let (left, right) = (join.left().schema(), join.right().schema());
        let is_alike = |(a, b): &(usize, usize)| {
            let kind = left.field(*a).data_type();
            let field = SortField::new(kind.clone());
            kind == right.field(*b).data_type() && RowConverter::supports_fields(&[field])
        };
        if !keys.iter().all(is_alike) {
            return None;
        }
        let count = left.fields().len() + right.fields().len();
        let result = join.projection.as_ref();
        let result = result.map_or_else(|| (0..count).collect(), |columns| columns.to_vec());
        let mut columns = Columns {
            keys,
            start: 0,
            end: 0,
            moment: 0,
            with_start: false,
            with_end: false,
            result,
            left_count: left.fields().len(),
        };
        columns.bounds(join.filter()?)?;
        let times = [
            left.field(columns.start),
            left.field(columns.end),
            right.field(columns.moment),
        ];
        let are_integers = times
            .iter()
            .all(|field| *field.data_type() == DataType::Int64);
        are_integers.then(|| Self {
            join: Arc::clone(plan),
            columns,
            key,
            stretches: Arc::default(),
        })
    }
}

impl Columns {
    /// Takes the ends of the stretches from a filter that says `start <= moment AND moment <= end` and nothing else.
    fn bounds(&mut self, filter: &JoinFilter) -> Option<()> {
        let (mut start, mut end) = (None, None);
        for part in split_conjunction(filter.expression()) {
            let part = part.downcast_ref::<BinaryExpr>()?;
            let side = |expr: &Arc<dyn PhysicalExpr>| {
                let at = expr.downcast_ref::<Column>()?.index();
                let column = filter.column_indices().get(at)?;
                Some((column.side, column.index))
            };
            // Turned so that the moment is on the left of the sign.
            let (moment, bound, sign) = match (side(part.left())?, side(part.right())?) {
                ((JoinSide::Right, moment), (JoinSide::Left, bound)) => (moment, bound, *part.op()),
                ((JoinSide::Left, bound), (JoinSide::Right, moment)) => {
                    (moment, bound, part.op().swap()?)
                }
                _ => return None,
            };
            let slot = match sign {
                Operator::Gt | Operator::GtEq => &mut start,
                Operator::Lt | Operator::LtEq => &mut end,
                _ => return None,
            };
            let with = matches!(sign, Operator::GtEq | Operator::LtEq);
            if slot.replace((moment, bound, with)).is_some() {
                return None;
            }
        }
        let ((moment, start, with_start), (other, end, with_end)) = (start?, end?);
        (self.moment, self.start, self.end) = (moment, start, end);
        (self.with_start, self.with_end) = (with_start, with_end);
        (moment == other).then_some(())
    }
}

/// The stretches of all keys.
#[derive(Debug)]
struct Stretches {
    rows: RecordBatch,
    /// Reads keys as bytes that are equal where the keys are.
    fields: Vec<SortField>,
    /// Places in what follows, by key.
    of_key: HashMap<Box<[u8]>, Range<usize>>,
    /// First and last moments, sorted by the first within a key.
    ends: Vec<(i64, i64)>,
    /// The latest last moment of a key up to here.
    latest: Vec<i64>,
    /// Numbers of rows.
    numbers: Vec<u32>,
    /// Smallest and largest value of the first key.
    keys: Option<(ScalarValue, ScalarValue)>,
    _held: MemoryReservation,
}

impl Stretches {
    async fn read(
        left: Arc<dyn ExecutionPlan>,
        columns: &Columns,
        context: Arc<TaskContext>,
    ) -> Result<Self, DataFusionError> {
        let held = MemoryConsumer::new("StretchJoin").register(context.memory_pool());
        let schema = left.schema();
        let mut stream = left.execute(0, context)?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            // The rows, and about as much for sorting them.
            held.try_grow(2 * batch.get_array_memory_size())?;
            batches.push(batch);
        }
        Self::new(concat_batches(&schema, &batches)?, columns, held)
    }

    fn new(
        rows: RecordBatch,
        columns: &Columns,
        held: MemoryReservation,
    ) -> Result<Self, DataFusionError> {
        let keys: Vec<ArrayRef> = columns
            .keys
            .iter()
            .map(|(left, _)| Arc::clone(rows.column(*left)))
            .collect();
        let fields: Vec<SortField> = keys
            .iter()
            .map(|key| SortField::new(key.data_type().clone()))
            .collect();
        let converted = RowConverter::new(fields.clone())?.convert_columns(&keys)?;
        let starts = rows.column(columns.start).as_primitive::<Int64Type>();
        let ends = rows.column(columns.end).as_primitive::<Int64Type>();
        let is_whole = |row: usize| {
            let keys_known = keys.iter().all(|key| key.is_valid(row));
            keys_known && starts.is_valid(row) && ends.is_valid(row)
        };
        // A bound that a moment may not be at is the next moment; behind the last one there is none.
        let open = |row: usize| {
            let start = starts
                .value(row)
                .checked_add(i64::from(!columns.with_start))?;
            let end = ends.value(row).checked_sub(i64::from(!columns.with_end))?;
            Some((start, end))
        };
        let mut sorted: Vec<(usize, (i64, i64))> = (0..rows.num_rows())
            .filter(|row| is_whole(*row))
            .filter_map(|row| Some((row, open(row)?)))
            .collect();
        sorted.sort_by(|(a, bounds), (b, others)| {
            let keys = converted.row(*a).cmp(&converted.row(*b));
            keys.then_with(|| (bounds.0, a).cmp(&(others.0, b)))
        });
        let first_key = |place: Option<&(usize, (i64, i64))>| match (place, keys.first()) {
            (Some((row, _)), Some(key)) => ScalarValue::try_from_array(key, *row).map(Some),
            _ => Ok(None),
        };
        let mut made = Self {
            rows: rows.clone(),
            keys: first_key(sorted.first())?.zip(first_key(sorted.last())?),
            fields,
            of_key: HashMap::new(),
            ends: Vec::with_capacity(sorted.len()),
            latest: Vec::with_capacity(sorted.len()),
            numbers: Vec::with_capacity(sorted.len()),
            _held: held,
        };
        for (place, (row, bounds)) in sorted.into_iter().enumerate() {
            let key = converted.row(row);
            let known = made.of_key.get_mut(key.as_ref());
            let before = match known {
                Some(places) => {
                    places.end = place + 1;
                    made.latest.last().copied()
                }
                None => {
                    made.of_key.insert(key.as_ref().into(), place..place + 1);
                    None
                }
            };
            made.latest
                .push(before.map_or(bounds.1, |last| last.max(bounds.1)));
            made.ends.push(bounds);
            made.numbers.push(u32::try_from(row).map_err(|_| {
                DataFusionError::Execution("a join holds more than 2^32 stretches".to_owned())
            })?);
        }
        Ok(made)
    }

    /// Tells the scan of the moments which keys there are, so that it skips what has none of them.
    fn announce(
        &self,
        key: &Arc<dyn PhysicalExpr>,
        filters: &[Arc<dyn PhysicalExpr>],
    ) -> Result<(), DataFusionError> {
        let binary = |left: &Arc<dyn PhysicalExpr>, op, right: Arc<dyn PhysicalExpr>| {
            Arc::new(BinaryExpr::new(Arc::clone(left), op, right)) as Arc<dyn PhysicalExpr>
        };
        let within = match &self.keys {
            Some((low, high)) => binary(
                &binary(key, Operator::GtEq, lit(low.clone())),
                Operator::And,
                binary(key, Operator::LtEq, lit(high.clone())),
            ),
            None => lit(false),
        };
        let filters = filters.iter();
        for filter in filters.filter_map(|one| one.downcast_ref::<DynamicFilterPhysicalExpr>()) {
            filter.update(Arc::clone(&within))?;
            filter.mark_complete();
        }
        Ok(())
    }

    /// Numbers of the rows among `places` that hold a moment, later ones first.
    fn holding(&self, places: &Range<usize>, moment: i64, mut take: impl FnMut(u32)) {
        let ends = self.ends.get(places.clone()).unwrap_or_default();
        let begun = ends.partition_point(|(start, _)| *start <= moment);
        for place in (places.start..places.start + begun).rev() {
            // None from here to the front lasts that long.
            if self.latest.get(place).is_none_or(|latest| *latest < moment) {
                return;
            }
            let lasts = self.ends.get(place).is_some_and(|(_, end)| *end >= moment);
            if let (true, Some(number)) = (lasts, self.numbers.get(place)) {
                take(*number);
            }
        }
    }
}

/// The moments of one stream as they meet stretches.
struct Meeting {
    columns: Columns,
    stretches: Arc<Stretches>,
    converter: RowConverter,
    moments: SendableRecordBatchStream,
    most_rows: usize,
    schema: datafusion::arrow::datatypes::SchemaRef,
    /// What is being joined.
    current: Option<Current>,
}

/// A batch of moments that is partly joined.
struct Current {
    batch: RecordBatch,
    /// Rows of the same key one after the other, with the places of its stretches; the last one first.
    runs: Vec<(Range<usize>, Range<usize>)>,
}

impl Meeting {
    async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        loop {
            if let Some(current) = self.current.take() {
                let (joined, rest) = self.join(current)?;
                self.current = rest;
                if joined.num_rows() > 0 {
                    return Ok(Some(joined));
                }
                continue;
            }
            match self.moments.next().await {
                None => return Ok(None),
                Some(batch) => self.current = Some(self.begin(batch?)?),
            }
        }
    }

    fn begin(&mut self, batch: RecordBatch) -> Result<Current, DataFusionError> {
        let keys = self.columns.keys.iter();
        let keys: Vec<ArrayRef> = keys
            .map(|(_, right)| Arc::clone(batch.column(*right)))
            .collect();
        if batch.num_rows() == 0 {
            return Ok(Current {
                batch,
                runs: Vec::new(),
            });
        }
        let runs = partition(&keys)?.ranges();
        let firsts = runs
            .iter()
            .map(|run| u32::try_from(run.start).unwrap_or(u32::MAX));
        let firsts: UInt32Array = firsts.collect::<Vec<u32>>().into();
        let is_known = |row: usize| keys.iter().all(|key| key.is_valid(row));
        let firsts: Vec<ArrayRef> = keys
            .iter()
            .map(|key| take(key, &firsts, None))
            .collect::<Result<_, _>>()?;
        let rows = self.converter.convert_columns(&firsts)?;
        let runs = runs.into_iter().zip(rows.iter()).filter_map(|(run, key)| {
            let places = self.stretches.of_key.get(key.as_ref())?;
            is_known(run.start).then(|| (run, places.clone()))
        });
        let mut runs: Vec<_> = runs.collect();
        runs.reverse();
        Ok(Current { batch, runs })
    }

    /// Joins rows until there are enough for a batch; gives what is left.
    fn join(
        &self,
        mut current: Current,
    ) -> Result<(RecordBatch, Option<Current>), DataFusionError> {
        let moments = current.batch.column(self.columns.moment);
        let moments = moments.as_primitive::<Int64Type>();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while let Some((mut run, places)) = current.runs.pop() {
            for row in run.by_ref() {
                let number = u32::try_from(row).unwrap_or(u32::MAX);
                if moments.is_valid(row) {
                    self.stretches
                        .holding(&places, moments.value(row), |one| left.push(one));
                    right.resize(left.len(), number);
                }
                if left.len() >= self.most_rows {
                    break;
                }
            }
            if !run.is_empty() {
                current.runs.push((run, places));
            }
            if left.len() >= self.most_rows {
                break;
            }
        }
        let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
        let columns = self.columns.result.iter().map(|column| {
            match column.checked_sub(self.columns.left_count) {
                None => take(self.stretches.rows.column(*column), &left, None),
                Some(column) => take(current.batch.column(column), &right, None),
            }
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(left.len()));
        let joined =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let rest = (!current.runs.is_empty()).then_some(current);
        Ok((joined, rest))
    }
}

impl DisplayAs for StretchJoin {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StretchJoin: ")?;
        match self.join.downcast_ref::<HashJoinExec>() {
            Some(join) => join.fmt_as(kind, f),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for StretchJoin {
    fn name(&self) -> &'static str {
        "StretchJoin"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        self.join.apply_expressions(f)
    }

    fn dynamic_expressions_produced(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.join.dynamic_expressions_produced()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let join = Arc::clone(&self.join).replace_children(children, options)?;
        Ok(match Self::of(&join) {
            Some(found) => Arc::new(found),
            None => join,
        })
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let options = ReplaceChildrenOptions::new(
            datafusion::physical_plan::execution_plan::ChildrenPropertiesMode::Recompute,
        );
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let [left, right] = self.join.children()[..] else {
            return Err(DataFusionError::Internal("a join has two sides".to_owned()));
        };
        let (left, columns) = (Arc::clone(left), self.columns.clone());
        let (key, filters) = (
            Arc::clone(&self.key),
            self.join.dynamic_expressions_produced(),
        );
        let moments = right.execute(partition, Arc::clone(&context))?;
        let (cell, schema) = (Arc::clone(&self.stretches), self.join.schema());
        let made = Arc::clone(&schema);
        let meeting = async move {
            let most_rows = context.session_config().batch_size();
            let read = cell.get_or_try_init(|| async {
                let read = Stretches::read(left, &columns, context).await?;
                read.announce(&key, &filters)?;
                Ok::<_, DataFusionError>(Arc::new(read))
            });
            let stretches = Arc::clone(read.await?);
            Ok::<_, DataFusionError>(Meeting {
                converter: RowConverter::new(stretches.fields.clone())?,
                columns: columns.clone(),
                stretches,
                moments,
                most_rows,
                schema,
                current: None,
            })
        };
        let rows = futures_util::stream::once(meeting).flat_map(|meeting| match meeting {
            Ok(meeting) => futures_util::stream::try_unfold(meeting, |mut meeting| async move {
                let batch = meeting.next().await?;
                Ok(batch.map(|batch| (batch, meeting)))
            })
            .boxed(),
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(made, rows)))
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>, DataFusionError> {
        self.join.statistics_from_inputs(inputs, args)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.join.child_stats_requests(partition)
    }
}
