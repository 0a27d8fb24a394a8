//! The stretches of one side of a join, held in memory so that those that hold a moment are found at once.
//!
//! Read [`Stretches`] first. Not here: reading moments ([`super::meeting`]).

use super::find::{Bounds, Columns};
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::DataFusionError;
use datafusion::common::utils::memory::{
    RecordBatchMemoryCounter, estimate_memory_size, get_record_batch_memory_size,
};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::ops::Range;

/// What a stretch takes besides its row: its number, its start, its end, and its share of later ends.
const BYTES_OF_ONE: usize = 4 + 8 + 8 + 8;

/// The stretches of all keys.
#[derive(Debug)]
pub(super) struct Stretches {
    pub(super) rows: RecordBatch,
    /// How keys are read as bytes that are equal where the keys are.
    pub(super) fields: Vec<SortField>,
    /// Places in what follows, by key.
    of_key: HashMap<Box<[u8]>, Range<usize>>,
    /// First moments, sorted within a key.
    starts: Vec<i64>,
    /// Last moments; then, level by level, the later of every two below, up to one.
    ends: Vec<Vec<i64>>,
    /// Numbers of rows.
    numbers: Vec<u32>,
    /// The first key where keys begin, sorted.
    pub(super) first_keys: ArrayRef,
    memory: MemoryReservation,
}

impl Stretches {
    /// Reads all rows of a side. Memory is reserved before it is taken: at most that of the rows twice, while they are
    /// put together, and then 28 bytes a row and the bytes of the keys.
    pub(super) async fn read(
        mut side: SendableRecordBatchStream,
        columns: &Columns,
        memory: MemoryReservation,
    ) -> Result<Self, DataFusionError> {
        // Batches may be parts of the same buffers.
        let mut counter = RecordBatchMemoryCounter::new();
        let mut batches = Vec::new();
        while let Some(batch) = side.next().await {
            let batch = batch?;
            memory.try_grow(counter.count_batch(&batch))?;
            batches.push(batch);
        }
        memory.try_grow(memory.size())?;
        let rows = concat_batches(&side.schema(), &batches)?;
        drop(batches);
        memory.try_resize(get_record_batch_memory_size(&rows))?;
        Self::new(rows, columns, memory)
    }

    fn new(
        rows: RecordBatch,
        columns: &Columns,
        memory: MemoryReservation,
    ) -> Result<Self, DataFusionError> {
        memory.try_grow(BYTES_OF_ONE * rows.num_rows())?;
        let keys = columns.keys.iter();
        let keys: Vec<ArrayRef> = keys.map(|(left, _)| rows.column(*left)).cloned().collect();
        let fields = keys.iter().map(|key| key.data_type().clone());
        let fields: Vec<SortField> = fields.map(SortField::new).collect();
        let converted = RowConverter::new(fields.clone())?.convert_columns(&keys)?;
        let for_sorting = converted.size();
        memory.try_grow(for_sorting)?;
        let numbers = sorted(&rows, &converted, columns)?;
        let firsts = firsts(&numbers, &converted);
        let of_key = by_key(&numbers, &firsts, &converted, &memory)?;
        let first_rows = firsts
            .iter()
            .filter_map(|place| numbers.get(*place).copied());
        let first_rows: UInt32Array = first_rows.collect::<Vec<u32>>().into();
        let first_keys = match keys.first() {
            Some(key) => take(key, &first_rows, None)?,
            None => return Err(DataFusionError::Internal("a join has keys".to_owned())),
        };
        memory.try_grow(first_keys.get_array_memory_size())?;
        drop(converted);
        memory.shrink(for_sorting);
        let of_row = |number: &u32| moments(&rows, columns.bounds, *number as usize);
        let (starts, ends) = numbers.iter().filter_map(of_row).unzip();
        Ok(Self {
            fields,
            of_key,
            starts,
            ends: levels(ends),
            numbers,
            first_keys,
            memory,
            rows,
        })
    }

    /// Whether no moment can be held.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Bytes that are reserved for all this.
    pub(super) fn size_bytes(&self) -> usize {
        self.memory.size()
    }

    /// Where the stretches of a key are.
    pub(super) fn of_key(&self, key: &[u8]) -> Option<Range<usize>> {
        self.of_key.get(key).cloned()
    }

    /// The number of the row at a place.
    pub(super) fn number(&self, place: usize) -> Option<u32> {
        self.numbers.get(place).copied()
    }

    /// The end of those of `places` that have begun at a moment. Cost: O(log n).
    pub(super) fn begun(&self, places: &Range<usize>, moment: i64) -> usize {
        let starts = self.starts.get(places.clone()).unwrap_or_default();
        places.start + starts.partition_point(|start| *start <= moment)
    }

    /// The last of `places` that is not over at a moment. Cost: O(log n), however long others last.
    pub(super) fn lasting(&self, places: &Range<usize>, moment: i64) -> Option<usize> {
        let (mut end, mut level) = (places.end, 0);
        // From the right to the left, in steps that double.
        while end << level > places.start {
            if end % 2 == 1 {
                end -= 1;
                if self.lasts(level, end, moment) {
                    return self.lasting_below(level, end, moment, places.start);
                }
            }
            end /= 2;
            level += 1;
        }
        None
    }

    /// Whether one of those below a place of a level is not over at a moment.
    fn lasts(&self, level: usize, place: usize, moment: i64) -> bool {
        let latest = self.ends.get(level).and_then(|ends| ends.get(place));
        latest.is_some_and(|latest| *latest >= moment)
    }

    fn lasting_below(
        &self,
        level: usize,
        mut place: usize,
        moment: i64,
        start: usize,
    ) -> Option<usize> {
        for level in (0..level).rev() {
            place = 2 * place + 1;
            if !self.lasts(level, place, moment) {
                place -= 1;
            }
        }
        (place >= start).then_some(place)
    }
}

/// First and last moment of a row; none where one is null or no moment can be between them. A bound that a moment may not
/// be at is the next moment.
fn moments(rows: &RecordBatch, bounds: Bounds, row: usize) -> Option<(i64, i64)> {
    let value = |column: usize| {
        let column = rows.column(column).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let start = value(bounds.start)?.checked_add(i64::from(!bounds.with_start))?;
    let end = value(bounds.end)?.checked_sub(i64::from(!bounds.with_end))?;
    Some((start, end))
}

/// Numbers of the rows that may hold a moment, by key and start.
fn sorted(
    rows: &RecordBatch,
    converted: &Rows,
    columns: &Columns,
) -> Result<Vec<u32>, DataFusionError> {
    let count = u32::try_from(rows.num_rows()).map_err(|_| {
        DataFusionError::Execution("a join holds more than 2^32 stretches".to_owned())
    })?;
    let holds = |row: usize| {
        let mut keys = columns.keys.iter();
        let is_known = keys.all(|(key, _)| rows.column(*key).is_valid(row));
        is_known && moments(rows, columns.bounds, row).is_some()
    };
    let mut numbers = Vec::with_capacity(rows.num_rows());
    numbers.extend((0..count).filter(|number| holds(*number as usize)));
    let starts = rows
        .column(columns.bounds.start)
        .as_primitive::<Int64Type>();
    numbers.sort_unstable_by(|a, b| {
        let (left, right) = (*a as usize, *b as usize);
        let keys = converted.row(left).cmp(&converted.row(right));
        keys.then_with(|| (starts.value(left), a).cmp(&(starts.value(right), b)))
    });
    Ok(numbers)
}

/// Places where keys begin.
fn firsts(numbers: &[u32], converted: &Rows) -> Vec<usize> {
    let key = |place: usize| Some(converted.row(*numbers.get(place)? as usize));
    let is_first = |place: &usize| place.checked_sub(1).and_then(key) != key(*place);
    (0..numbers.len()).filter(is_first).collect()
}

fn by_key(
    numbers: &[u32],
    firsts: &[usize],
    converted: &Rows,
    memory: &MemoryReservation,
) -> Result<HashMap<Box<[u8]>, Range<usize>>, DataFusionError> {
    let ends = firsts.iter().skip(1).copied().chain([numbers.len()]);
    let of_keys = firsts.iter().zip(ends).filter_map(|(start, end)| {
        let number = *numbers.get(*start)?;
        Some((converted.row(number as usize), *start..end))
    });
    let keys: usize = of_keys.clone().map(|(key, _)| key.as_ref().len()).sum();
    let entries = estimate_memory_size::<(Box<[u8]>, Range<usize>)>(firsts.len(), keys)?;
    memory.try_grow(entries)?;
    Ok(of_keys
        .map(|(key, places)| (key.as_ref().into(), places))
        .collect())
}

fn levels(ends: Vec<i64>) -> Vec<Vec<i64>> {
    let mut levels = vec![ends];
    while let Some(below) = levels.last().filter(|below| below.len() > 1) {
        let pairs = below
            .chunks(2)
            .filter_map(|pair| pair.iter().max().copied());
        levels.push(pairs.collect());
    }
    levels
}
