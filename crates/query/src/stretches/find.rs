//! Which joins are joins of moments with stretches, and which of their columns are what.
//!
//! Read [`Columns::of`] first. Not here: how such a join runs ([`super::StretchJoin`]).

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{JoinSide, JoinType, NullEquality};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_plan::ExecutionPlan as _;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use std::sync::Arc;

/// Columns of a join: stretches are on the left, which is held in memory, moments on the right.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Left and right, at least one.
    pub(super) keys: Vec<(usize, usize)>,
    pub(super) bounds: Bounds,
    /// Columns of the result among those of both sides, left first.
    pub(super) result: Vec<usize>,
    pub(super) left_count: usize,
}

/// Columns of times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) moment: usize,
    /// Whether a moment may be the first one.
    pub(super) with_start: bool,
    /// Whether a moment may be the last one.
    pub(super) with_end: bool,
}

impl Columns {
    /// Those of a join that asks for equal keys and `start <= moment AND moment <= end` (or `<`) and nothing else.
    pub(super) fn of(join: &HashJoinExec) -> Option<Self> {
        let is_plain = *join.join_type() == JoinType::Inner
            && *join.partition_mode() != PartitionMode::Auto
            && join.null_equality() == NullEquality::NullEqualsNothing
            && join.fetch().is_none();
        if !is_plain || join.on().is_empty() {
            return None;
        }
        let (left, right) = (join.left().schema(), join.right().schema());
        let column = |expr: &Arc<dyn PhysicalExpr>| Some(expr.downcast_ref::<Column>()?.index());
        let keys = join.on().iter();
        let keys = keys.map(|(left, right)| Some((column(left)?, column(right)?)));
        let keys = keys.collect::<Option<Vec<(usize, usize)>>>()?;
        let are_alike = |(a, b): &(usize, usize)| {
            let kind = left.field(*a).data_type();
            kind == right.field(*b).data_type() && is_key(kind)
        };
        if !keys.iter().all(are_alike) {
            return None;
        }
        let left_count = left.fields().len();
        let result = join.projection.as_ref();
        let result = result.map_or_else(
            || (0..left_count + right.fields().len()).collect(),
            |columns| columns.to_vec(),
        );
        Some(Self {
            keys,
            bounds: Bounds::of(join.filter()?, &left, &right)?,
            result,
            left_count,
        })
    }
}

/// Types whose values are equal just where their bytes are, and lie in the order of their bytes; floats do not, with
/// their two zeros and many NaN.
fn is_key(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
}

impl Bounds {
    fn of(filter: &JoinFilter, left: &Schema, right: &Schema) -> Option<Self> {
        let (mut start, mut end) = (None, None);
        for part in split_conjunction(filter.expression()) {
            let part = part.downcast_ref::<BinaryExpr>()?;
            let side = |expr: &Arc<dyn PhysicalExpr>| {
                let at = expr.downcast_ref::<Column>()?.index();
                let column = filter.column_indices().get(at)?;
                Some((column.side, column.index))
            };
            // Turned so that the moment is on the left of the sign.
            let (moment, bound, sign) = match (side(part.left())?, side(part.right())?) {
                ((JoinSide::Right, moment), (JoinSide::Left, bound)) => (moment, bound, *part.op()),
                ((JoinSide::Left, bound), (JoinSide::Right, moment)) => {
                    (moment, bound, part.op().swap()?)
                }
                _ => return None,
            };
            let slot = match sign {
                Operator::Gt | Operator::GtEq => &mut start,
                Operator::Lt | Operator::LtEq => &mut end,
                _ => return None,
            };
            let with = matches!(sign, Operator::GtEq | Operator::LtEq);
            if slot.replace((moment, bound, with)).is_some() {
                return None;
            }
        }
        let ((moment, start, with_start), (other, end, with_end)) = (start?, end?);
        let times = [left.field(start), left.field(end), right.field(moment)];
        let are_integers = times
            .iter()
            .all(|time| *time.data_type() == DataType::Int64);
        (moment == other && are_integers).then_some(Self {
            start,
            end,
            moment,
            with_start,
            with_end,
        })
    }
}
