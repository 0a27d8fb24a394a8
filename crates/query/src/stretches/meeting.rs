//! Moments as they come, joined with the stretches that hold them.
//!
//! Read [`Meeting::next`] first. Not here: the stretches ([`super::held`]).

use super::find::Columns;
use super::held::Stretches;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions, UInt32Array,
};
use datafusion::arrow::compute::{partition, take};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::arrow::row::RowConverter;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput as _};
use futures_util::StreamExt as _;
use std::ops::Range;
use std::sync::Arc;

/// The moments of one stream as they meet stretches.
pub(super) struct Meeting {
    pub(super) columns: Columns,
    pub(super) stretches: Arc<Stretches>,
    pub(super) converter: RowConverter,
    pub(super) moments: SendableRecordBatchStream,
    /// Most rows of a batch, at least 1.
    pub(super) most_rows: usize,
    pub(super) schema: SchemaRef,
    pub(super) metrics: BaselineMetrics,
    /// What is being joined.
    pub(super) current: Option<Current>,
}

/// A batch of moments that is partly joined.
pub(super) struct Current {
    batch: RecordBatch,
    /// The last one first.
    runs: Vec<Run>,
}

/// Rows of the same key one after the other.
struct Run {
    rows: Range<usize>,
    /// Stretches of the key.
    places: Range<usize>,
    /// The end of those that the first row has yet to meet, once it has met some.
    until: Option<usize>,
}

impl Meeting {
    /// The next rows, in the order of the moments, at most so many as a batch has; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        loop {
            if let Some(current) = self.current.take() {
                let timer = self.metrics.elapsed_compute().timer();
                let (joined, rest) = self.join(current)?;
                timer.done();
                self.current = rest;
                if joined.num_rows() > 0 {
                    return Ok(Some(joined.record_output(&self.metrics)));
                }
                continue;
            }
            match self.moments.next().await {
                None => return Ok(None),
                Some(batch) => {
                    let timer = self.metrics.elapsed_compute().timer();
                    self.current = self.begin(batch?)?;
                    timer.done();
                }
            }
        }
    }

    /// Looks up keys; none where no row has one with stretches.
    fn begin(&self, batch: RecordBatch) -> Result<Option<Current>, DataFusionError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let keys = self.columns.keys.iter();
        let keys: Vec<ArrayRef> = keys
            .map(|(_, right)| batch.column(*right))
            .cloned()
            .collect();
        let runs = partition(&keys)?.ranges();
        let firsts = runs.iter().map(|run| as_number(run.start));
        let firsts: UInt32Array = firsts.collect::<Vec<u32>>().into();
        let firsts = keys.iter().map(|key| take(key, &firsts, None));
        let firsts = firsts.collect::<Result<Vec<ArrayRef>, _>>()?;
        let rows = self.converter.convert_columns(&firsts)?;
        let runs = runs.into_iter().zip(rows.iter()).filter_map(|(rows, key)| {
            // A key that is null has no stretches.
            let places = self.stretches.of_key(key.as_ref())?;
            Some(Run {
                rows,
                places,
                until: None,
            })
        });
        let mut runs: Vec<Run> = runs.collect();
        runs.reverse();
        Ok((!runs.is_empty()).then_some(Current { batch, runs }))
    }

    /// Joins rows until there are enough for a batch; gives what is left.
    fn join(
        &self,
        mut current: Current,
    ) -> Result<(RecordBatch, Option<Current>), DataFusionError> {
        let mut pairs = Pairs::new(self.most_rows);
        let moments = current.batch.column(self.columns.bounds.moment);
        let moments = moments.as_primitive::<Int64Type>();
        while let Some(run) = current.runs.last_mut() {
            while !run.rows.is_empty() && !pairs.are_enough() {
                let row = run.rows.start;
                let moment = moments.is_valid(row).then(|| moments.value(row));
                run.until = moment.and_then(|moment| {
                    let until = run.until;
                    let until = until.unwrap_or_else(|| self.stretches.begun(&run.places, moment));
                    pairs.meet(&self.stretches, (row, moment), run.places.start..until)
                });
                if run.until.is_none() {
                    run.rows.start += 1;
                }
            }
            if !run.rows.is_empty() {
                break;
            }
            current.runs.pop();
        }
        let joined = self.rows(pairs, &current.batch)?;
        let rest = (!current.runs.is_empty()).then_some(current);
        Ok((joined, rest))
    }

    fn rows(&self, pairs: Pairs, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let (left, right) = (
            UInt32Array::from(pairs.left),
            UInt32Array::from(pairs.right),
        );
        let columns = self.columns.result.iter().map(|column| {
            match column.checked_sub(self.columns.left_count) {
                None => take(self.stretches.rows.column(*column), &left, None),
                Some(column) => take(batch.column(column), &right, None),
            }
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(left.len()));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }
}

/// Rows of both sides that are joined.
struct Pairs {
    left: Vec<u32>,
    right: Vec<u32>,
    most: usize,
}

impl Pairs {
    fn new(most: usize) -> Self {
        Self {
            left: Vec::with_capacity(most),
            right: Vec::with_capacity(most),
            most,
        }
    }

    fn are_enough(&self) -> bool {
        self.left.len() >= self.most
    }

    /// Adds the pairs of a row with stretches that have begun, later ones first, until there are enough; gives where it
    /// stopped, none where it is through.
    fn meet(
        &mut self,
        stretches: &Stretches,
        (row, moment): (usize, i64),
        mut begun: Range<usize>,
    ) -> Option<usize> {
        while let Some(place) = stretches.lasting(&begun, moment) {
            if self.are_enough() {
                return Some(begun.end);
            }
            if let Some(number) = stretches.number(place) {
                self.left.push(number);
                self.right.push(as_number(row));
            }
            begun.end = place;
        }
        None
    }
}

/// The number of a row of a batch; batches have far fewer than 2^32.
fn as_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
