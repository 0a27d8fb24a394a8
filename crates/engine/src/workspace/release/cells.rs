//! Cells of an answer by number of column, batch by batch.
//!
//! Read [`each`] first. Not here: small answers as JSON ([`rows`](crate::workspace::ask::rows)).

use crate::EngineError;
use arrow_array::{Array as _, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use fieldassay_query::Session;
use std::ops::ControlFlow;

/// One row of an answer.
pub(super) struct Cells<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl<'a> Cells<'a> {
    fn of<T: 'static>(&self, column: usize) -> Option<&'a T> {
        let array = self.batch.columns().get(column)?;
        if array.is_null(self.row) {
            return None;
        }
        array.as_any().downcast_ref()
    }

    /// A text; none for a null.
    pub(super) fn text(&self, column: usize) -> Option<&'a str> {
        Some(self.of::<StringArray>(column)?.value(self.row))
    }

    /// An integer.
    pub(super) fn integer(&self, column: usize) -> Option<i64> {
        Some(self.of::<Int64Array>(column)?.value(self.row))
    }

    /// A number.
    pub(super) fn real(&self, column: usize) -> Option<f64> {
        Some(self.of::<Float64Array>(column)?.value(self.row))
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: usize) -> Option<&'a [u8]> {
        Some(self.of::<BinaryArray>(column)?.value(self.row))
    }

    /// A count.
    pub(super) fn count(&self, column: usize) -> u64 {
        let count = self.integer(column).unwrap_or(0);
        u64::try_from(count).unwrap_or(0)
    }
}

/// Passes every row of an answer on, until it is broken off. Memory: one batch.
pub(super) async fn each(
    session: &Session,
    sql: &str,
    mut take: impl FnMut(&Cells<'_>) -> ControlFlow<()>,
) -> Result<(), EngineError> {
    let mut answer = session.run(sql).await?;
    while let Some(batch) = answer.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            let cells = Cells { batch: &batch, row };
            if take(&cells).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Passes every row on.
pub(super) async fn every(
    session: &Session,
    sql: &str,
    mut take: impl FnMut(&Cells<'_>),
) -> Result<(), EngineError> {
    each(session, sql, |cells| {
        take(cells);
        ControlFlow::Continue(())
    })
    .await
}
