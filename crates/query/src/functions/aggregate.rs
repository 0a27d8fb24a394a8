//! Functions of many rows: sums and means that do not depend on the order of the rows, quantiles.

use super::Function;
use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use fieldassay_measure::stats::{self, ExactSum};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

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
            Kind::Sum => Box::new(Summing {
                sum: ExactSum::default(),
                mean: false,
            }),
            Kind::Mean => Box::new(Summing {
                sum: ExactSum::default(),
                mean: true,
            }),
            Kind::Quantile => Box::new(Gathering::default()),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>, DataFusionError> {
        let field =
            |name, kind| Arc::new(Field::new(format_state_name(args.name, name), kind, true));
        Ok(match self.kind {
            Kind::Sum | Kind::Mean => vec![field("sum", DataType::Binary)],
            Kind::Quantile => {
                let item = Field::new_list_field(DataType::Float64, true);
                let values = DataType::List(Arc::new(item));
                vec![field("values", values), field("q", DataType::Float64)]
            }
        })
    }
}

fn reals(values: &[ArrayRef], index: usize) -> impl Iterator<Item = f64> {
    let column = values
        .get(index)
        .and_then(|column| column.as_primitive_opt::<Float64Type>());
    column.into_iter().flatten().flatten()
}

#[derive(Debug)]
struct Summing {
    sum: ExactSum,
    mean: bool,
}

impl Accumulator for Summing {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        reals(values, 0).for_each(|x| self.sum.add(x));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        let mean = self.sum.mean().ok();
        Ok(ScalarValue::Float64(if self.mean {
            mean
        } else {
            mean.map(|_| self.sum.sum())
        }))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        Ok(vec![ScalarValue::Binary(Some(self.sum.to_bytes()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        let states = states
            .first()
            .and_then(|states| states.as_binary_opt::<i32>());
        for state in states.into_iter().flatten().flatten() {
            let Some(sum) = ExactSum::from_bytes(state) else {
                return Err(DataFusionError::Internal(
                    "a sum has other bytes".to_owned(),
                ));
            };
            self.sum.merge(sum);
        }
        Ok(())
    }
}

/// Values of a group until their quantile is asked for.
#[derive(Debug, Default)]
struct Gathering {
    values: Vec<f64>,
    q: Option<f64>,
}

impl Gathering {
    fn probability(&mut self, column: &[ArrayRef]) -> Result<(), DataFusionError> {
        for q in reals(column, 1) {
            if !(0.0..=1.0).contains(&q) || self.q.is_some_and(|known| known != q) {
                return Err(DataFusionError::Execution(format!(
                    "the second argument of `quantile` is one number of 0 to 1, not `{q}`"
                )));
            }
            self.q = Some(q);
        }
        Ok(())
    }
}

impl Accumulator for Gathering {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        self.values.extend(reals(values, 0));
        self.probability(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        let Some(q) = self.q else {
            return Ok(ScalarValue::Float64(None));
        };
        match stats::quantile(&mut self.values, q) {
            Ok(value) => Ok(ScalarValue::Float64(Some(value))),
            Err(stats::StatsError::Empty) => Ok(ScalarValue::Float64(None)),
            Err(error) => Err(DataFusionError::Execution(format!("`quantile`: {error}"))),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        let values = std::mem::take(&mut self.values);
        let values: Vec<ScalarValue> = values.into_iter().map(ScalarValue::from).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Float64);
        Ok(vec![ScalarValue::List(list), ScalarValue::Float64(self.q)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        let lists = states.first().and_then(|lists| lists.as_list_opt::<i32>());
        for list in lists.into_iter().flat_map(|lists| lists.iter()).flatten() {
            self.values.extend(reals(&[list], 0));
        }
        self.probability(states)
    }
}
