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

use crate::instead::{Find, StandIn};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::row::RowConverter;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, DynamicFilterPhysicalExpr, InListExpr, lit,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use find::Columns;
use futures_util::future::{BoxFuture, FutureExt as _, Shared, TryFutureExt as _};
use futures_util::stream;
use held::Stretches;
use meeting::Meeting;
use std::sync::{Arc, OnceLock};

/// Stretches as they are read, by whoever asks first and for all: who goes away stops nobody, and an error is told to all.
type Reading = Shared<BoxFuture<'static, Result<Arc<Stretches>, Arc<DataFusionError>>>>;

/// Puts a [`StretchJoin`] in the place of joins that are one.
pub(crate) type FindStretches = Find<StretchJoin>;

/// An inner join by key of moments with the stretches that hold them. Stretches are held in memory, as the engine would
/// hold them; where the limit does not allow that, it fails.
#[derive(Debug)]
pub(crate) struct StretchJoin {
    columns: Columns,
    /// Whether every stream of moments meets all stretches, and not those of its own partition.
    is_for_all: bool,
    /// The stretches that are for all.
    reading: OnceLock<Reading>,
}

impl StandIn for StretchJoin {
    const NAMES: [&'static str; 2] = ["StretchJoin", "HashJoinExec"];

    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let join = plan.downcast_ref::<HashJoinExec>()?;
        Some(Self {
            columns: Columns::of(join)?,
            is_for_all: *join.partition_mode() == PartitionMode::CollectLeft,
            reading: OnceLock::new(),
        })
    }

    fn execute(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        metrics: &ExecutionPlanMetricsSet,
        (partition, context): (usize, Arc<TaskContext>),
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let join = plan
            .downcast_ref::<HashJoinExec>()
            .ok_or_else(|| DataFusionError::Internal("stretches are met in a join".to_owned()))?;
        let reading = self.reading((join, metrics), partition, &context);
        let moments = join.right().execute(partition, Arc::clone(&context))?;
        let most_rows = context.session_config().batch_size().max(1);
        let (columns, schema) = (self.columns.clone(), join.schema());
        let metrics = BaselineMetrics::new(metrics, partition);
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
}

impl StretchJoin {
    /// The stretches that the moments of a partition meet.
    fn reading(
        &self,
        of: (&HashJoinExec, &ExecutionPlanMetricsSet),
        partition: usize,
        context: &Arc<TaskContext>,
    ) -> Reading {
        if !self.is_for_all {
            return self.read(of, partition, context);
        }
        if let Some(reading) = self.reading.get() {
            return reading.clone();
        }
        // Nothing runs before it is asked for, so one that comes too late did nothing.
        let reading = self.read(of, 0, context);
        self.reading.get_or_init(|| reading).clone()
    }

    fn read(
        &self,
        (join, metrics): (&HashJoinExec, &ExecutionPlanMetricsSet),
        partition: usize,
        context: &Arc<TaskContext>,
    ) -> Reading {
        let (left, context) = (Arc::clone(join.left()), Arc::clone(context));
        let memory = MemoryConsumer::new("StretchJoin").register(context.memory_pool());
        let announcement = self.announcement(join, &context);
        let columns = self.columns.clone();
        let held = MetricBuilder::new(metrics).gauge("build_mem_used", partition);
        let input = MetricBuilder::new(metrics).counter("build_input_rows", partition);
        let read = async move {
            let side = left.execute(partition, context)?;
            let stretches = Stretches::read(side, &columns, memory).await?;
            announcement.make(&stretches)?;
            held.set(stretches.size_bytes());
            input.add(stretches.rows.num_rows());
            Ok(Arc::new(stretches))
        };
        read.map(|read| read.map_err(Arc::new)).boxed().shared()
    }

    fn announcement(&self, join: &HashJoinExec, context: &TaskContext) -> Announcement {
        let optimizer = &context.session_config().options().optimizer;
        Announcement {
            key: join.on().first().map(|(_, key)| Arc::clone(key)),
            // Stretches of one partition say nothing of moments of others.
            filters: if self.is_for_all {
                join.dynamic_expressions_produced()
            } else {
                Vec::new()
            },
            schema: join.right().schema(),
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
