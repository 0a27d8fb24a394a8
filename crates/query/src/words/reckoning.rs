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
/// States that are made at a time.
const MADE_BYTES: usize = 16 << 20;

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
        let input = super::rest::Rest::of(rest);
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
    pub(super) memory: MemoryReservation,
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
    /// Groups are told; then comes what the engine makes of the rest.
    Telling(Told),
    /// The engine goes on.
    Rest(SendableRecordBatchStream),
}

/// Groups on their way out.
pub(super) struct Told {
    /// The words of all groups, by column.
    words: Vec<ArrayRef>,
    count: usize,
    /// Groups whose states are made at a time: large ones are let go of step by step.
    step: usize,
    /// Groups whose states were made.
    made: usize,
    /// States of some groups, from a row on.
    current: Option<(RecordBatch, usize)>,
}

impl Told {
    /// The states of the next groups, at most so many; none after the last.
    fn next(
        &mut self,
        measures: &mut [Measure],
        (schema, most_rows): (&SchemaRef, usize),
    ) -> Result<Option<RecordBatch>, DataFusionError> {
        loop {
            if let Some((states, from)) = &mut self.current {
                let count = most_rows.min(states.num_rows() - *from);
                if count > 0 {
                    let some = states.slice(*from, count);
                    *from += count;
                    return Ok(Some(some));
                }
            }
            let left = self.count - self.made;
            if left == 0 {
                return Ok(None);
            }
            let (count, emit) = if self.step < left {
                (self.step, EmitTo::First(self.step))
            } else {
                (left, EmitTo::All)
            };
            let words = self.words.iter();
            let mut columns: Vec<ArrayRef> =
                words.map(|words| words.slice(self.made, count)).collect();
            for measure in &mut *measures {
                columns.extend(measure.groups.state(emit)?);
            }
            self.made += count;
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            let states = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
            self.current = Some((states, 0));
        }
    }
}

impl Reckoning {
    /// The next states of groups, none after the last. A group may come twice: whoever reads partial states merges them.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        loop {
            match &mut self.stage {
                Stage::Adding => self.add().await?,
                Stage::Telling(told) => {
                    let form = (&self.schema, self.most_rows);
                    if let Some(states) = told.next(&mut self.measures, form)? {
                        return Ok(Some(states.record_output(&self.metrics)));
                    }
                    let Some(rest) = self.input.take() else {
                        return Ok(None);
                    };
                    // Those that were told are held no more.
                    self.memory.free();
                    self.left.add(1);
                    self.stage = Stage::Rest(self.engine.go_on(rest)?);
                }
                Stage::Rest(rest) => return rest.next().await.transpose(),
            }
        }
    }

    /// Adds the rows of a batch; tells the groups where it was the last, or where others go on better.
    async fn add(&mut self) -> Result<(), DataFusionError> {
        let Some(input) = &mut self.input else {
            self.tell();
            return Ok(());
        };
        let Some(batch) = input.next().await else {
            self.input = None;
            self.tell();
            return Ok(());
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
            self.tell();
            return Ok(());
        }
        if self.is_worth_while() && self.memory.try_resize(self.size_bytes()).is_ok() {
            return Ok(());
        }
        self.tell();
        Ok(())
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

    fn is_worth_while(&self) -> bool {
        self.taken_rows < TRIED_ROWS || self.groups.read() * ONE_READ_IN < self.taken_rows
    }

    fn size_bytes(&self) -> usize {
        let measures = self.measures.iter();
        let measures: usize = measures.map(|measure| measure.groups.size()).sum();
        measures + self.groups.size_bytes()
    }

    /// Turns to telling what there is.
    fn tell(&mut self) {
        let count = self.groups.len();
        let measures = self.measures.iter().map(|measure| measure.groups.size());
        let each = measures.sum::<usize>() / count.max(1);
        let groups = std::mem::replace(&mut self.groups, Groups::new(self.keys.len()));
        self.stage = Stage::Telling(Told {
            words: groups.columns(),
            count,
            step: (MADE_BYTES / each.max(1)).max(1),
            made: 0,
            current: None,
        });
    }
}
