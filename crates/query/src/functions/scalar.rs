//! Functions of one row, for columns.

use super::Function;
use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, Float64Array, Float64Builder};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Most arguments of a function.
const MOST_ARGS: usize = 16;

/// A function as the engine calls it.
#[derive(Debug)]
pub(super) struct Scalar {
    function: &'static Function,
    call: fn(&[f64]) -> Option<f64>,
    signature: Signature,
}

impl Scalar {
    pub(super) fn new(function: &'static Function, call: fn(&[f64]) -> Option<f64>) -> Self {
        let kinds = vec![DataType::Float64; function.args.len()];
        Self {
            function,
            call,
            signature: Signature::exact(kinds, Volatility::Immutable),
        }
    }

    fn rows(&self, args: &[ArrayRef]) -> Option<Float64Array> {
        let columns: Option<Vec<&Float64Array>> = args
            .iter()
            .map(|array| array.as_primitive_opt::<Float64Type>())
            .collect();
        let columns = columns?;
        let rows = columns.first().map_or(0, |column| Array::len(*column));
        let mut out = Float64Builder::with_capacity(rows);
        let mut buffer = [0.0; MOST_ARGS];
        let values = buffer.get_mut(..columns.len())?;
        for row in 0..rows {
            let mut known = true;
            for (value, column) in values.iter_mut().zip(&columns) {
                known &= column.is_valid(row);
                *value = column.value(row);
            }
            out.append_option(if known { (self.call)(values) } else { None });
        }
        Some(out.finish())
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let all_constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some(result) = self.rows(&arrays) else {
            return Err(DataFusionError::Execution(format!(
                "`{}` takes numbers",
                self.function.name
            )));
        };
        let result: ArrayRef = Arc::new(result);
        if all_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &result, 0,
            )?));
        }
        Ok(ColumnarValue::Array(result))
    }
}
