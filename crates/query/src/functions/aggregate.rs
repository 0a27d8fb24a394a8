//! Functions of many rows: sums and means that do not depend on the order of the rows, quantiles.

use super::Function;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryArray, BooleanArray, Float64Array, ListArray,
};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use fieldassay_measure::stats::{self, ExactSum};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Sum,
    Mean,
    Quantile,
}

/// A function as the engine calls it.
#[derive(Debug)]
pub(super) struct Aggregate {
    function: &'static Function,
    kind: Kind,
    signature: Signature,
}

impl Aggregate {
    pub(super) fn new(function: &'static Function, kind: Kind) -> Self {
        let kinds = vec![DataType::Float64; function.args.len()];
        Self {
            function,
            kind,
            signature: Signature::exact(kinds, Volatility::Immutable),
        }
    }
}

impl PartialEq for Aggregate {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Aggregate {}

impl Hash for Aggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
    }
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>, DataFusionError> {
        if args.is_distinct {
            return Err(DataFusionError::Plan(format!(
                "`{}` takes no DISTINCT",
                self.function.name
            )));
        }
        Ok(match self.kind {
            Kind::Sum | Kind::Mean => Box::new(One(Groups::<ExactSum>::new(self.kind, 1))),
            Kind::Quantile => Box::new(One(Groups::<Values>::new(self.kind, 1))),
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>, DataFusionError> {
        Ok(match self.kind {
            Kind::Sum | Kind::Mean => Box::new(Groups::<ExactSum>::new(self.kind, 0)),
            Kind::Quantile => Box::new(Groups::<Values>::new(self.kind, 0)),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>, DataFusionError> {
        let field =
            |name, kind| Arc::new(Field::new(format_state_name(args.name, name), kind, true));
        let state = match self.kind {
            Kind::Sum | Kind::Mean => DataType::Binary,
            Kind::Quantile => DataType::List(Arc::clone(&ITEM)),
        };
        Ok(vec![field("state", state), field("q", DataType::Float64)])
    }
}

/// Items of lists of values.
static ITEM: LazyLock<FieldRef> =
    LazyLock::new(|| Arc::new(Field::new_list_field(DataType::Float64, true)));

/// What is kept of the values of a group.
trait Group: Debug + Default + Send + Sync + 'static {
    /// Adds a value and tells by how many bytes the group has grown outside of itself.
    fn push(&mut self, x: f64) -> usize;
    /// Bytes it holds outside of itself.
    fn held_bytes(&self) -> usize;
    /// What was kept, one row per group.
    fn states(groups: Vec<Self>) -> ArrayRef;
    /// Adds what was kept in a row.
    fn merge(&mut self, states: &ArrayRef, row: usize) -> Result<(), DataFusionError>;
    /// The result; none without values.
    fn value(&mut self, kind: Kind, q: Option<f64>) -> Result<Option<f64>, DataFusionError>;
}

impl Group for ExactSum {
    fn push(&mut self, x: f64) -> usize {
        self.add(x);
        0
    }

    fn held_bytes(&self) -> usize {
        0
    }

    fn states(groups: Vec<Self>) -> ArrayRef {
        let bytes = groups.iter().map(|sum| Some(sum.to_bytes()));
        Arc::new(bytes.collect::<BinaryArray>())
    }

    fn merge(&mut self, states: &ArrayRef, row: usize) -> Result<(), DataFusionError> {
        let bytes = states
            .as_binary_opt::<i32>()
            .map(|states| states.value(row));
        let Some(sum) = bytes.and_then(Self::from_bytes) else {
            return Err(DataFusionError::Internal(
                "a sum has other bytes".to_owned(),
            ));
        };
        Self::merge(self, sum);
        Ok(())
    }

    fn value(&mut self, kind: Kind, _: Option<f64>) -> Result<Option<f64>, DataFusionError> {
        let mean = self.mean().ok();
        Ok(match kind {
            Kind::Mean => mean,
            _ => mean.map(|_| self.sum()),
        })
    }
}

/// Values of a group until their quantile is asked for: pieces that are full, which are not copied again, and one that is
/// being filled. States that are merged are pieces of the columns they came in.
#[derive(Debug, Default)]
struct Values {
    full: Vec<ScalarBuffer<f64>>,
    last: Vec<f64>,
    /// Bytes of all pieces.
    bytes: usize,
}

impl Values {
    /// Values of the first piece, and most of a later one: each has twice as many as the one before.
    const FIRST: usize = 8;
    const MOST: usize = 4096;
    /// A list of fewer values is copied: a piece costs as much as these.
    const FEW: usize = 32;

    fn count(&self) -> usize {
        self.pieces().map(<[f64]>::len).sum()
    }

    fn pieces(&self) -> impl Iterator<Item = &[f64]> {
        let full = self.full.iter().map(|piece| &piece[..]);
        full.chain([self.last.as_slice()])
    }

    /// Begins a piece and tells how many bytes it has.
    #[cold]
    fn begin(&mut self) -> usize {
        let room = (2 * self.last.len()).clamp(Self::FIRST, Self::MOST);
        let last = std::mem::replace(&mut self.last, Vec::with_capacity(room));
        if !last.is_empty() {
            self.full.push(last.into());
        }
        let bytes = room * size_of::<f64>() + size_of::<ScalarBuffer<f64>>();
        self.bytes += bytes;
        bytes
    }

    fn all(&self) -> Vec<f64> {
        let mut all = Vec::with_capacity(self.count());
        self.pieces().for_each(|piece| all.extend_from_slice(piece));
        all
    }
}

impl Group for Values {
    fn push(&mut self, x: f64) -> usize {
        let grown = if self.last.len() < self.last.capacity() {
            0
        } else {
            self.begin()
        };
        self.last.push(x);
        grown
    }

    fn held_bytes(&self) -> usize {
        self.bytes
    }

    fn states(groups: Vec<Self>) -> ArrayRef {
        let lengths = groups.iter().map(Self::count);
        let offsets = OffsetBuffer::from_lengths(lengths);
        let mut values = Vec::with_capacity(groups.iter().map(Self::count).sum());
        // A group is let go of as soon as it is copied.
        for group in groups {
            let pieces = group.pieces();
            pieces.for_each(|piece| values.extend_from_slice(piece));
        }
        let values = Arc::new(Float64Array::from(values));
        Arc::new(ListArray::new(Arc::clone(&ITEM), offsets, values, None))
    }

    fn merge(&mut self, states: &ArrayRef, row: usize) -> Result<(), DataFusionError> {
        let Some(lists) = states.as_list_opt::<i32>() else {
            return Ok(());
        };
        // Lists of states hold no nulls: [`Values::states`] writes none.
        let values = lists.value(row);
        let Some(values) = values.as_primitive_opt::<Float64Type>() else {
            return Ok(());
        };
        if values.len() < Self::FEW {
            for x in values.values() {
                self.push(*x);
            }
        } else {
            self.bytes += size_of_val::<[f64]>(values.values()) + size_of::<ScalarBuffer<f64>>();
            self.full.push(values.values().clone());
        }
        Ok(())
    }

    fn value(&mut self, _: Kind, q: Option<f64>) -> Result<Option<f64>, DataFusionError> {
        let Some(q) = q else {
            return Ok(None);
        };
        if !self.full.is_empty() {
            self.last = self.all();
            self.full.clear();
            self.bytes = self.last.capacity() * size_of::<f64>();
        }
        match stats::quantile(&mut self.last, q) {
            Ok(value) => Ok(Some(value)),
            Err(stats::StatsError::Empty) => Ok(None),
            Err(error) => Err(DataFusionError::Execution(format!("`quantile`: {error}"))),
        }
    }
}

/// Many groups at once.
#[derive(Debug)]
struct Groups<G> {
    kind: Kind,
    all: Vec<G>,
    /// The probability, once it is known.
    q: Option<f64>,
    /// Bytes the groups hold outside of themselves.
    held_bytes: usize,
}

impl<G: Group> Groups<G> {
    fn new(kind: Kind, count: usize) -> Self {
        let mut all = Vec::new();
        all.resize_with(count, G::default);
        Self {
            kind,
            all,
            q: None,
            held_bytes: 0,
        }
    }

    /// Takes the probability of a quantile, which is one for all rows.
    fn probability(&mut self, columns: &[ArrayRef]) -> Result<(), DataFusionError> {
        let column = columns
            .get(1)
            .and_then(|column| column.as_primitive_opt::<Float64Type>());
        // Mostly one number for all rows of all batches.
        let known = self.q;
        let is_known = |column: &&Float64Array| {
            let is_it = |q: &f64| Some(*q) == known;
            column.null_count() == 0 && column.values().iter().all(is_it)
        };
        for q in column
            .filter(|column| !is_known(column))
            .into_iter()
            .flatten()
            .flatten()
        {
            if self.q == Some(q) {
                continue;
            }
            if !(0.0..=1.0).contains(&q) || self.q.is_some() {
                return Err(DataFusionError::Execution(format!(
                    "the second argument of `quantile` is one number of 0 to 1, not `{q}`"
                )));
            }
            self.q = Some(q);
        }
        Ok(())
    }

    /// Adds the values of rows for which `group` names a group.
    fn push(
        &mut self,
        columns: &[ArrayRef],
        group: impl Fn(usize) -> Option<usize>,
    ) -> Result<(), DataFusionError> {
        let values = columns
            .first()
            .and_then(|column| column.as_primitive_opt::<Float64Type>());
        if let Some(values) = values {
            let nulls = values.nulls();
            for (row, x) in values.values().iter().enumerate() {
                if nulls.is_none_or(|nulls| nulls.is_valid(row))
                    && let Some(group) = group(row).and_then(|group| self.all.get_mut(group))
                {
                    self.held_bytes += group.push(*x);
                }
            }
        }
        self.probability(columns)
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        group: impl Fn(usize) -> Option<usize>,
    ) -> Result<(), DataFusionError> {
        if let Some(states) = states.first() {
            for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
                if let Some(group) = group(row).and_then(|group| self.all.get_mut(group)) {
                    let before = group.held_bytes();
                    group.merge(states, row)?;
                    self.held_bytes += group.held_bytes() - before;
                }
            }
        }
        self.probability(states)
    }

    fn grow(&mut self, count: usize) {
        self.all.resize_with(count, G::default);
    }

    /// Takes groups out, the first ones or all.
    fn take(&mut self, emit: EmitTo) -> Vec<G> {
        let taken = emit.take_needed(&mut self.all);
        self.held_bytes = self.all.iter().map(Group::held_bytes).sum();
        taken
    }

    fn state_of(&self, groups: Vec<G>) -> Vec<ArrayRef> {
        let q = Float64Array::from(vec![self.q; groups.len()]);
        vec![G::states(groups), Arc::new(q)]
    }
}

impl<G: Group> GroupsAccumulator for Groups<G> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<(), DataFusionError> {
        self.grow(total);
        self.push(values, |row| {
            let group = group_indices.get(row).copied();
            group.filter(|_| kept(filter, row))
        })
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef, DataFusionError> {
        let (kind, q) = (self.kind, self.q);
        let groups = self.take(emit).into_iter();
        let values = groups.map(|mut group| group.value(kind, q));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Float64Array::from(values)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>, DataFusionError> {
        let groups = self.take(emit);
        Ok(self.state_of(groups))
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total: usize,
    ) -> Result<(), DataFusionError> {
        self.grow(total);
        self.merge(states, |row| group_indices.get(row).copied())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>, DataFusionError> {
        let rows = values.first().map_or(0, Array::len);
        let mut each = Self::new(self.kind, rows);
        each.push(values, |row| kept(filter, row).then_some(row))?;
        let groups = std::mem::take(&mut each.all);
        Ok(each.state_of(groups))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.all.capacity() * size_of::<G>() + self.held_bytes
    }
}

fn kept(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// One group alone, for windows and totals.
#[derive(Debug)]
struct One<G>(Groups<G>);

impl<G: Group> Accumulator for One<G> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        self.0.push(values, |_| Some(0))
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        let (kind, q) = (self.0.kind, self.0.q);
        let value = self.0.all.first_mut();
        let value = value.map(|group| group.value(kind, q)).transpose()?;
        Ok(ScalarValue::Float64(value.flatten()))
    }

    fn size(&self) -> usize {
        GroupsAccumulator::size(&self.0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        let groups = std::mem::replace(&mut self.0.all, vec![G::default()]);
        let states = self.0.state_of(groups);
        states
            .iter()
            .map(|state| ScalarValue::try_from_array(state, 0))
            .collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        self.0.merge(states, |_| Some(0))
    }
}
