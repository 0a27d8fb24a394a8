//! Plans and their rows as tests compare them.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

pub(crate) async fn plan(context: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = context.sql(sql).await.expect("a statement");
    frame.create_physical_plan().await.expect("a plan")
}

pub(crate) fn shown(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(false).to_string()
}

/// Rows as texts.
pub(crate) fn rows(batches: &[RecordBatch]) -> Vec<String> {
    let of_batch = |batch: &RecordBatch| {
        let text = |row| {
            let columns = batch.columns().iter();
            let cells = columns.map(|column| array_value_to_string(column, row).expect("text"));
            cells.collect::<Vec<_>>().join("|")
        };
        (0..batch.num_rows()).map(text).collect::<Vec<_>>()
    };
    batches.iter().flat_map(of_batch).collect()
}

pub(crate) fn sorted(batches: &[RecordBatch]) -> Vec<String> {
    let mut rows = rows(batches);
    rows.sort_unstable();
    rows
}
