//! Operators of our own in the place of the engine's.
//!
//! Read [`Instead`] first. Not here: what the operators do (`stretches`, `words`).

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// How an operator of ours runs in the place of one of the engine's, with the same children and the same rows.
pub(crate) trait StandIn: fmt::Debug + Send + Sync + Sized + 'static {
    /// Its name in plans, and that of the operator it stands for.
    const NAMES: [&'static str; 2];

    /// The same in this form; none where it is another one.
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self>;

    /// Starts a partition. Metrics are shared by all.
    fn execute(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        metrics: &ExecutionPlanMetricsSet,
        at: (usize, Arc<TaskContext>),
    ) -> Result<SendableRecordBatchStream, DataFusionError>;
}

/// Puts an operator in the place of those that it stands for.
#[derive(Debug)]
pub(crate) struct Find<O>(PhantomData<O>);

impl<O> Find<O> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<O: StandIn> PhysicalOptimizerRule for Find<O> {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let replaced = plan.transform_up(|plan| {
            Ok(match Instead::<O>::of(&plan) {
                Some(found) => Transformed::yes(Arc::new(found) as Arc<dyn ExecutionPlan>),
                None => Transformed::no(plan),
            })
        })?;
        Ok(replaced.data)
    }

    fn name(&self) -> &str {
        O::NAMES[0]
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A plan of the engine that runs as an operator of ours. All that others ask of it, the plan answers.
#[derive(Debug)]
pub(crate) struct Instead<O> {
    plan: Arc<dyn ExecutionPlan>,
    operator: O,
    metrics: ExecutionPlanMetricsSet,
}

impl<O: StandIn> Instead<O> {
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        Some(Self {
            operator: O::of(plan)?,
            plan: Arc::clone(plan),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// This form of a plan that was made of it, if it is still one of these.
    fn renewed(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        match Self::of(&plan) {
            Some(found) => Arc::new(found),
            None => plan,
        }
    }
}

impl<O: StandIn> DisplayAs for Instead<O> {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Shown<'a>(&'a dyn ExecutionPlan, DisplayFormatType);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt_as(self.1, f)
            }
        }
        let [ours, theirs] = O::NAMES;
        let shown = Shown(self.plan.as_ref(), kind).to_string();
        match shown.strip_prefix(theirs) {
            Some(rest) => write!(f, "{ours}{rest}"),
            None => f.write_str(&shown),
        }
    }
}

impl<O: StandIn> ExecutionPlan for Instead<O> {
    fn name(&self) -> &str {
        O::NAMES[0]
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.plan.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.plan.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.plan.maintains_input_order()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.plan.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        self.plan.apply_expressions(f)
    }

    fn dynamic_expressions_produced(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.plan.dynamic_expressions_produced()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let plan = Arc::clone(&self.plan).replace_children(children, options)?;
        Ok(Self::renewed(plan))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    /// A plan that runs again, as the repeated part of a recursive query does, knows nothing of the turn before.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(Self::renewed(Arc::clone(&self.plan).reset_state()?))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        self.operator
            .execute(&self.plan, &self.metrics, (partition, context))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>, DataFusionError> {
        self.plan.statistics_from_inputs(inputs, args)
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.plan.child_stats_requests(partition)
    }
}
