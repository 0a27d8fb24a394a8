//! Where rows of one file go.
//!
//! Read [`Sink`] first. Not here: which rows there are.

use super::{Gathered, LeftOut};
use crate::EngineError;
use crate::workspace::Value;
use std::collections::BTreeMap;

/// Rows of one file of an input.
pub(super) struct Sink<'a> {
    out: &'a mut Gathered,
    id: &'a str,
    source: String,
    left_out: &'a mut LeftOut,
    /// Rows so far of recordings the file itself names, by table.
    of_others: BTreeMap<(&'static str, String), i64>,
}

impl<'a> Sink<'a> {
    /// Rows about the input `id`, made from what `source` says: form and file.
    pub(super) fn new(
        out: &'a mut Gathered,
        id: &'a str,
        source: String,
        left_out: &'a mut LeftOut,
    ) -> Self {
        Self {
            out,
            id,
            source,
            left_out,
            of_others: BTreeMap::new(),
        }
    }

    /// The file, as the source names it.
    pub(super) fn file(&self) -> &str {
        self.source
            .split_once(' ')
            .map_or(self.source.as_str(), |(_, file)| file)
    }

    /// The number of the next row of a table.
    pub(super) fn next(&mut self, table: &'static str) -> Result<i64, EngineError> {
        Ok(i64::try_from(self.out.table(table)?.len()).unwrap_or(i64::MAX))
    }

    /// Adds a row about the input; its columns but for those every row has, best in their order.
    pub(super) fn add<'b>(
        &mut self,
        table: &'static str,
        columns: impl IntoIterator<Item = (&'b str, Value<'b>)>,
    ) -> Result<(), EngineError> {
        let rows = self.out.table(table)?;
        let row = rows.len();
        self.put(table, (self.id, row.into()), columns)
    }

    /// Adds a row about a recording the file names, whose rows are counted apart; about the input where it names none.
    pub(super) fn add_about<'b>(
        &mut self,
        table: &'static str,
        recording: Option<&str>,
        columns: impl IntoIterator<Item = (&'b str, Value<'b>)>,
    ) -> Result<(), EngineError> {
        let Some(recording) = recording.filter(|recording| *recording != self.id) else {
            let rows = self.of_others.values().sum::<i64>();
            let row = self.next(table)? - rows;
            return self.put(table, (self.id, row.into()), columns);
        };
        let key = (table, recording.to_owned());
        let next = self.of_others.entry(key).or_default();
        let row = *next;
        *next += 1;
        self.put(table, (recording, row.into()), columns)
    }

    fn put<'b>(
        &mut self,
        table: &'static str,
        (recording, row): (&str, Value<'_>),
        columns: impl IntoIterator<Item = (&'b str, Value<'b>)>,
    ) -> Result<(), EngineError> {
        let head = [
            ("recording_id", Value::Text(recording)),
            ("source_id", Value::Text(self.id)),
            ("source_row", row),
            ("source", Value::Text(&self.source)),
        ];
        #[expect(
            clippy::map_identity,
            reason = "head and columns live differently long"
        )]
        let columns = columns.into_iter().map(|(name, value)| (name, value));
        self.out.table(table)?.add(head.into_iter().chain(columns));
        Ok(())
    }

    /// Counts something that is not read.
    pub(super) fn leave_out(&mut self, what: &str, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(known) = self.left_out.get_mut(what) {
            *known += count;
        } else {
            self.left_out.insert(what.to_owned(), count);
        }
    }
}
