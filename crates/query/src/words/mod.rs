//! Groups by words: `SELECT category, count(*) … GROUP BY category`.
//!
//! Read [`WordGroups`] first. The engine hashes and compares the words of every row. Here a word is read when it is first
//! met, and known again by where it lies: columns of words are dictionaries in Parquet, whose rows share them.
//!
//! It does a first stage of an aggregate alone, whose groups a second stage merges. Not here: that stage, groups by
//! anything but columns of words, groups whose rows come in order; they stay with the engine, and so does the rest of the
//! rows when words turn out to be many.

mod codes;
mod reckoning;
mod rest;
#[cfg(test)]
mod tests;

use crate::instead::{Find, StandIn};
use codes::Groups;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};
use futures_util::stream;
use reckoning::{Engine, Measure, Reckoning, Stage};
use std::sync::Arc;

/// Puts [`WordGroups`] in the place of aggregates that are one.
pub(crate) type FindWordGroups = Find<WordGroups>;

/// The first stage of an aggregate by columns of words. Memory is that of the groups; the engine's own stage goes on where
/// words or groups are many for the rows there are, or where the limit does not allow more.
#[derive(Debug)]
pub(crate) struct WordGroups {
    /// Places of the columns of words.
    keys: Vec<usize>,
}

impl StandIn for WordGroups {
    const NAMES: [&'static str; 2] = ["WordGroups", "AggregateExec"];

    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let aggregate = plan.downcast_ref::<AggregateExec>()?;
        let is_plain = *aggregate.mode() == AggregateMode::Partial
            && *aggregate.input_order_mode() == InputOrderMode::Linear
            && aggregate.limit_options().is_none()
            && aggregate.dynamic_expressions_produced().is_empty();
        let group = aggregate.group_expr();
        let functions = aggregate.aggr_expr();
        let are_of_groups = functions.iter().all(|function| {
            function.groups_accumulator_supported() && function.order_bys().is_empty()
        });
        if !is_plain || !are_of_groups || group.is_empty() || !group.is_single() {
            return None;
        }
        let schema = aggregate.input().schema();
        let keys = group.expr().iter().map(|(expr, _)| {
            let at = expr.downcast_ref::<Column>()?.index();
            (*schema.field(at).data_type() == DataType::Utf8View).then_some(at)
        });
        let keys = keys.collect::<Option<Vec<usize>>>()?;
        Some(Self { keys })
    }

    fn execute(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        metrics: &ExecutionPlanMetricsSet,
        (partition, context): (usize, Arc<TaskContext>),
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let aggregate = plan.downcast_ref::<AggregateExec>().ok_or_else(|| {
            DataFusionError::Internal("groups of words are of an aggregate".to_owned())
        })?;
        let functions = aggregate.aggr_expr().iter().zip(aggregate.filter_expr());
        let measures = functions.map(|(function, filter)| Measure::new(function, filter.clone()));
        let schema = aggregate.schema();
        let input = aggregate.input().execute(partition, Arc::clone(&context))?;
        let memory = MemoryConsumer::new(format!("WordGroups[{partition}]")).with_can_spill(true);
        let reckoning = Reckoning {
            keys: self.keys.clone(),
            groups: Groups::new(self.keys.len()),
            measures: measures.collect::<Result<Vec<Measure>, _>>()?,
            input: Some(input),
            memory: Some(memory.register(context.memory_pool())),
            schema: Arc::clone(&schema),
            most_rows: context.session_config().batch_size().max(1),
            metrics: BaselineMetrics::new(metrics, partition),
            left: MetricBuilder::new(metrics).counter("left_to_engine", partition),
            taken_rows: 0,
            stage: Stage::Adding,
            engine: Engine {
                aggregate: Arc::clone(plan),
                context,
            },
        };
        let states = stream::try_unfold(reckoning, |mut reckoning| async move {
            let batch = reckoning.next().await?;
            Ok(batch.map(|batch| (batch, reckoning)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, states)))
    }
}
