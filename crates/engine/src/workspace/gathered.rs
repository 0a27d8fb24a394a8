//! The rows one input gives, for all tables.

use super::rows::Rows;
use crate::EngineError;
use arrow_array::RecordBatch;
use fieldassay_model::tables::{TABLES, Table};
use std::collections::BTreeMap;

/// Rows of every table, as far as there are any.
#[derive(Default)]
pub(crate) struct Gathered {
    tables: BTreeMap<&'static str, Rows>,
}

impl Gathered {
    /// The rows of a table of that name, to add to.
    ///
    /// Errors: [`EngineError::Rows`] for a name that is declared nowhere.
    pub(crate) fn table(&mut self, name: &'static str) -> Result<&mut Rows, EngineError> {
        let found = TABLES.iter().find(|table| table.name == name);
        let table: &'static Table = found.ok_or_else(|| EngineError::Rows {
            table: name,
            what: "there is no such table".to_owned(),
        })?;
        Ok(self.tables.entry(name).or_insert_with(|| Rows::new(table)))
    }

    /// Takes the rows of one table out; none where it has none.
    ///
    /// Errors: as [`Rows::batch`].
    pub(crate) fn take(
        &mut self,
        name: &str,
    ) -> Result<Option<(&'static Table, RecordBatch)>, EngineError> {
        let rows = self.tables.remove(name).filter(|rows| rows.len() > 0);
        rows.map(|rows| Ok((rows.table(), rows.batch()?)))
            .transpose()
    }

    /// The rows, table by table.
    pub(crate) fn batches(self) -> Result<Vec<(&'static Table, RecordBatch)>, EngineError> {
        let tables = self.tables.into_values().filter(|rows| rows.len() > 0);
        tables
            .map(|rows| Ok((rows.table(), rows.batch()?)))
            .collect()
    }
}
