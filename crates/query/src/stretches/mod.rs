//! Joins of moments with stretches of time: `a.key = b.key AND a.t BETWEEN b.start AND b.end`.
//!
//! Read [`StretchJoin`] first. The engine joins by the key and then tries every pair; here the stretches of a key are
//! sorted, and a moment meets those alone that hold it.
//!
//! Not here: which side of a join is held in memory (the engine: the smaller one). Joins of other types, by floats, or
//! by what is computed stay with the engine.

mod find;
mod held;
mod meeting;
#[cfg(test)]
mod tests;

pub(crate) use find::FindStretches;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::row::RowConverter;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Statistics};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, DynamicFilterPhysicalExpr, InListExpr, lit,
};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use datafusion::scalar::ScalarValue;
use find::Columns;
use futures_util::future::{BoxFuture, FutureExt as _, Shared, TryFutureExt as _};
use futures_util::stream;
use held::Stretches;
use meeting::Meeting;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Stretches as they are read, by whoever asks first and for all: who goes away stops nobody, and an error is told to all.
type Reading = Shared<BoxFuture<'static, Result<Arc<Stretches>, Arc<DataFusionError>>>>;

/// An inner join by key of moments with the stretches that hold them. Stretches are held in memory, as the engine would
/// hold them; where the limit does not allow that, it fails.
#[derive(Debug)]
pub(crate) struct StretchJoin {
    /// The join it stands for, which knows its properties.
    join: Arc<dyn ExecutionPlan>,
    columns: Columns,
    /// Whether every stream of moments meets all stretches, and not those of its own partition.
    is_for_all: bool,
    /// The stretches that are for all.
    reading: OnceLock<Reading>,
    metrics: ExecutionPlanMetricsSet,
}

impl StretchJoin {
    /// The same join in this form; none where it is another one.
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let join = plan.downcast_ref::<HashJoinExec>()?;
        Some(Self {
            join: Arc::clone(plan),
            columns: Columns::of(join)?,
            is_for_all: *join.partition_mode() == PartitionMode::CollectLeft,
            reading: OnceLock::new(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// This form of a join that was made of it, if it is still one of these.
    fn renewed(join: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        match Self::of(&join) {
            Some(found) => Arc::new(found),
            None => join,
        }
    }

    fn sides(&self) -> Result<[&Arc<dyn ExecutionPlan>; 2], DataFusionError> {
        let sides = <[&Arc<dyn ExecutionPlan>; 2]>::try_from(self.join.children());
        sides.map_err(|_| DataFusionError::Internal("a join has two sides".to_owned()))
    }

    /// The stretches that the moments of a partition meet.
    fn reading(
        &self,
        partition: usize,
        context: &Arc<TaskContext>,
    ) -> Result<Reading, DataFusionError> {
        if !self.is_for_all {
            return self.read(partition, context);
        }
        if let Some(reading) = self.reading.get() {
            return Ok(reading.clone());
        }
        // Nothing runs before it is asked for, so one that comes too late did nothing.
        let reading = self.read(0, context)?;
        Ok(self.reading.get_or_init(|| reading).clone())
    }

    fn read(
        &self,
        partition: usize,
        context: &Arc<TaskContext>,
    ) -> Result<Reading, DataFusionError> {
        let [left, right] = self.sides()?;
        let (left, context) = (Arc::clone(left), Arc::clone(context));
        let memory = MemoryConsumer::new("StretchJoin").register(context.memory_pool());
        let announcement = self.announcement(right, &context);
        let columns = self.columns.clone();
        let held = MetricBuilder::new(&self.metrics).gauge("build_mem_used", partition);
        let input = MetricBuilder::new(&self.metrics).counter("build_input_rows", partition);
        let read = async move {
            let side = left.execute(partition, context)?;
            let stretches = Stretches::read(side, &columns, memory).await?;
            announcement.make(&stretches)?;
            held.set(stretches.size_bytes());
            input.add(stretches.rows.num_rows());
            Ok(Arc::new(stretches))
        };
        Ok(read.map(|read| read.map_err(Arc::new)).boxed().shared())
    }

    fn announcement(&self, right: &Arc<dyn ExecutionPlan>, context: &TaskContext) -> Announcement {
        let join = self.join.downcast_ref::<HashJoinExec>();
        let optimizer = &context.session_config().options().optimizer;
        Announcement {
            key: join.and_then(|join| Some(Arc::clone(&join.on().first()?.1))),
            // Stretches of one partition say nothing of moments of others.
            filters: if self.is_for_all {
                self.join.dynamic_expressions_produced()
            } else {
                Vec::new()
            },
            schema: right.schema(),
            most_keys: optimizer.hash_join_inlist_pushdown_max_distinct_values,
            most_bytes: optimizer.hash_join_inlist_pushdown_max_size,
        }
    }
}

/// Tells the scan of the moments which keys there are, so that it skips what has none of them.
struct Announcement {
    /// The first key of the moments.
    key: Option<Arc<dyn PhysicalExpr>>,
    filters: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    /// Limits of a list of keys.
    most_keys: usize,
    most_bytes: usize,
}

impl Announcement {
    fn make(&self, stretches: &Stretches) -> Result<(), DataFusionError> {
        let filters = self.filters.iter();
        for filter in filters.filter_map(|one| one.downcast_ref::<DynamicFilterPhysicalExpr>()) {
            if let Some(key) = &self.key {
                filter.update(self.within(key, stretches)?)?;
            }
            filter.mark_complete();
        }
        Ok(())
    }

    fn within(
        &self,
        key: &Arc<dyn PhysicalExpr>,
        stretches: &Stretches,
    ) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
        let binary = |left: &Arc<dyn PhysicalExpr>, op, right: Arc<dyn PhysicalExpr>| {
            Arc::new(BinaryExpr::new(Arc::clone(left), op, right)) as Arc<dyn PhysicalExpr>
        };
        let keys = &stretches.first_keys;
        let Some(last) = keys.len().checked_sub(1) else {
            return Ok(lit(false));
        };
        let low = lit(ScalarValue::try_from_array(keys, 0)?);
        let high = lit(ScalarValue::try_from_array(keys, last)?);
        let from_low = binary(key, Operator::GtEq, low);
        let within = binary(&from_low, Operator::And, binary(key, Operator::LtEq, high));
        if keys.len() > self.most_keys || keys.get_array_memory_size() > self.most_bytes {
            return Ok(within);
        }
        let (key, keys) = (Arc::clone(key), Arc::clone(keys));
        let one_of = InListExpr::try_new_from_array(key, keys, false, &self.schema)?;
        Ok(binary(&within, Operator::And, Arc::new(one_of)))
    }
}

impl DisplayAs for StretchJoin {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Shown<'a>(&'a HashJoinExec, DisplayFormatType);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt_as(self.1, f)
            }
        }
        let Some(join) = self.join.downcast_ref::<HashJoinExec>() else {
            return Ok(());
        };
        let shown = Shown(join, kind).to_string();
        match shown.strip_prefix("HashJoinExec") {
            Some(rest) => write!(f, "StretchJoin{rest}"),
            None => f.write_str(&shown),
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

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.join.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.join.maintains_input_order()
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
        Ok(Self::renewed(join))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    /// A plan that runs again, as the repeated part of a recursive query does, tells the scan nothing: what holds for the
    /// stretches of one turn does not for those of the next.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(Self::renewed(Arc::clone(&self.join).reset_state()?))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let [_, right] = self.sides()?;
        let reading = self.reading(partition, &context)?;
        let moments = right.execute(partition, Arc::clone(&context))?;
        let most_rows = context.session_config().batch_size().max(1);
        let (columns, schema) = (self.columns.clone(), self.join.schema());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let made = Arc::clone(&schema);
        let meeting = async move {
            let stretches = reading.await.map_err(DataFusionError::Shared)?;
            // Without stretches nobody waits for the moments, and they are let go.
            let meeting = (!stretches.is_empty()).then(|| {
                Ok::<_, DataFusionError>(Meeting {
                    converter: RowConverter::new(stretches.fields.clone())?,
                    columns,
                    stretches,
                    moments,
                    most_rows,
                    schema,
                    metrics,
                    current: None,
                })
            });
            meeting.transpose()
        };
        let rows = meeting.map_ok(|meeting| {
            stream::try_unfold(meeting, |meeting| async move {
                let Some(mut meeting) = meeting else {
                    return Ok(None);
                };
                let batch = meeting.next().await?;
                Ok(batch.map(|batch| (batch, Some(meeting))))
            })
        });
        let rows = rows.try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(made, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
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
