//! Rows as they come, reckoned by group, and what is told of the groups.
//!
//! Read [`Reckoning::next`] first. Not here: which group a row is of ([`super::codes`]).

use super::codes::Groups;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, RecordOutput as _};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;

/// Rows after which it is asked whether codes are worth their while.
const TRIED_ROWS: usize = 1 << 16;
/// One row in so many may have a word that must be read.
const ONE_READ_IN: usize = 8;
/// Rows that a group has at least, or it is not worth making.
const FEWEST_ROWS: usize = 2;

/// One function of the rows of a group.
pub(super) struct Measure {
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    groups: Box<dyn GroupsAccumulator>,
}

impl Measure {
    /// Errors: a function that cannot be made for many groups.
    pub(super) fn new(
        function: &AggregateFunctionExpr,
        filter: Option<Arc<dyn PhysicalExpr>>,
    ) -> Result<Self, DataFusionError> {
        Ok(Self {
            arguments: function.expressions(),
            filter,
            groups: function.create_groups_accumulator()?,
        })
    }

    fn add(
        &mut self,
        batch: &RecordBatch,
        (rows, count): (&[usize], usize),
    ) -> Result<(), DataFusionError> {
        let evaluate = |expr: &Arc<dyn PhysicalExpr>| {
            let value = expr.evaluate(batch)?;
            value.into_array(batch.num_rows())
        };
        let arguments = self.arguments.iter().map(evaluate);
        let arguments = arguments.collect::<Result<Vec<ArrayRef>, _>>()?;
        let filter = self.filter.as_ref().map(evaluate).transpose()?;
        let filter = filter.as_ref().map(AsArray::as_boolean);
        self.groups.update_batch(&arguments, rows, filter, count)
    }
}

/// What the rest of the rows are left to.
pub(super) struct Engine {
    /// The aggregate as the engine has it.
    pub(super) aggregate: Arc<dyn ExecutionPlan>,
    pub(super) context: Arc<TaskContext>,
}

impl Engine {
    /// What the engine makes of the rest of a partition.
    fn go_on(
        &self,
        rest: SendableRecordBatchStream,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let schema = self
            .aggregate
            .children()
            .first()
            .map(|input| input.schema());
        let schema = schema.unwrap_or_else(|| rest.schema());
        let input = super::rest::Rest::of(rest, schema);
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let aggregate = Arc::clone(&self.aggregate);
        let aggregate = aggregate.replace_children(vec![Arc::new(input)], options)?;
        aggregate.execute(0, Arc::clone(&self.context))
    }
}

/// Groups of one partition.
pub(super) struct Reckoning {
    /// Places of the columns of words.
    pub(super) keys: Vec<usize>,
    pub(super) groups: Groups,
    pub(super) measures: Vec<Measure>,
    /// None once all rows came.
    pub(super) input: Option<SendableRecordBatchStream>,
    pub(super) engine: Engine,
    /// None once the engine goes on: who holds none is given no share.
    pub(super) memory: Option<MemoryReservation>,
    pub(super) schema: SchemaRef,
    /// Most rows of a batch, at least 1.
    pub(super) most_rows: usize,
    pub(super) metrics: BaselineMetrics,
    /// How many partitions the engine went on with.
    pub(super) left: Count,
    pub(super) taken_rows: usize,
    pub(super) stage: Stage,
}

/// How far it is.
pub(super) enum Stage {
    /// Rows are added.
    Adding,
    /// Groups are told, from a row on; then comes what the engine makes of the rest.
    Telling(RecordBatch, usize),
    /// The engine goes on.
    Rest(SendableRecordBatchStream),
}

impl Reckoning {
    /// The next states of groups, none after the last. A group may come twice: whoever reads partial states merges them.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        loop {
            match &mut self.stage {
                Stage::Adding => self.add().await?,
                Stage::Telling(all, from) => {
                    let count = self.most_rows.min(all.num_rows() - *from);
                    if count > 0 {
                        let some = all.slice(*from, count);
                        *from += count;
                        return Ok(Some(some.record_output(&self.metrics)));
                    }
                    let Some(rest) = self.input.take() else {
                        return Ok(None);
                    };
                    // Those that were told are held no more.
                    self.memory = None;
                    self.left.add(1);
                    self.stage = Stage::Rest(self.engine.go_on(rest)?);
                }
                Stage::Rest(rest) => {
                    let states = rest.next().await.transpose()?;
                    return Ok(states.map(|states| states.record_output(&self.metrics)));
                }
            }
        }
    }

    /// Adds the rows of a batch; tells the groups where it was the last, or where others go on better.
    async fn add(&mut self) -> Result<(), DataFusionError> {
        let Some(input) = &mut self.input else {
            return self.tell();
        };
        let Some(batch) = input.next().await else {
            self.input = None;
            return self.tell();
        };
        let batch = batch?;
        let elapsed = self.metrics.elapsed_compute().clone();
        let timer = elapsed.timer();
        let is_added = self.add_batch(&batch)?;
        timer.done();
        if !is_added {
            // The batch is the first of the rest.
            if let Some(input) = self.input.take() {
                let schema = input.schema();
                let rest = stream::iter([Ok(batch)]).chain(input);
                self.input = Some(Box::pin(RecordBatchStreamAdapter::new(schema, rest)));
            }
            return self.tell();
        }
        let bytes = self.size_bytes();
        let memory = self.memory.as_mut();
        let fits = memory.is_some_and(|memory| memory.try_resize(bytes).is_ok());
        if fits && self.is_worth_while() {
            return Ok(());
        }
        self.tell()
    }

    /// Adds rows; false, and nothing added, where there are too many groups.
    fn add_batch(&mut self, batch: &RecordBatch) -> Result<bool, DataFusionError> {
        let keys = self.keys.iter().map(|at| batch.column(*at));
        let keys: Vec<&ArrayRef> = keys.collect();
        if !self.groups.of(&keys)? {
            return Ok(false);
        }
        self.taken_rows += batch.num_rows();
        let (rows, count) = (&self.groups.rows, self.groups.len());
        for measure in &mut self.measures {
            measure.add(batch, (rows, count))?;
        }
        Ok(true)
    }

    /// Whether rows are many to a word and to a group.
    fn is_worth_while(&self) -> bool {
        let many_to = |count: usize, so_many: usize| count * so_many < self.taken_rows;
        self.taken_rows < TRIED_ROWS
            || (many_to(self.groups.read(), ONE_READ_IN) && many_to(self.groups.len(), FEWEST_ROWS))
    }

    fn size_bytes(&self) -> usize {
        let measures = self.measures.iter();
        let measures: usize = measures.map(|measure| measure.groups.size()).sum();
        measures + self.groups.size_bytes()
    }

    /// Turns to telling what there is.
    fn tell(&mut self) -> Result<(), DataFusionError> {
        let elapsed = self.metrics.elapsed_compute().clone();
        let timer = elapsed.timer();
        let count = self.groups.len();
        let schema = Arc::clone(&self.schema);
        let all = if count == 0 {
            // Not every function has states of no group.
            RecordBatch::new_empty(schema)
        } else {
            let mut columns = self.groups.columns();
            for measure in &mut self.measures {
                columns.extend(measure.groups.state(EmitTo::All)?);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            RecordBatch::try_new_with_options(schema, columns, &options)?
        };
        self.groups = Groups::new(self.keys.len());
        self.measures.clear();
        timer.done();
        self.stage = Stage::Telling(all, 0);
        Ok(())
    }
}
