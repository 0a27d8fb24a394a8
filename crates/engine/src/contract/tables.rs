//! Tables of labels and objects against a contract: from rows that were just made, or batch by batch from SQL.
//!
//! Read [`Made`] first. Not here: making the rows (`workspace::content`), SQL (`workspace::held`).

use super::columns::{column, feed, leaves};
use super::hold::{Known, Tables, hold};
use super::lens::Held;
use super::migrate::migrated;
use super::{CheckedInput, Files};
use crate::EngineError;
use crate::context::Given;
use crate::workspace::{Gathered, LabelInput, ReadOptions, gather, gather_of_folder};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch, StructArray};
use fieldassay_formats::Format;
use fieldassay_model::contract::{Checking, Notes, ObservedTable, category_column};
use fieldassay_model::tables::Table;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Rows of tables that were just made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    rows: BTreeMap<&'static str, Vec<RecordBatch>>,
    observed: BTreeMap<String, ObservedTable>,
}

impl Made {
    /// Tables with their rows.
    pub(crate) fn new<'b>(
        rows: impl IntoIterator<Item = &'b (&'static Table, RecordBatch)>,
    ) -> Self {
        let mut made = Self::default();
        for (table, batch) in rows {
            made.rows.entry(table.name).or_default().push(batch.clone());
            let seen = made.observed.entry(table.name.to_owned()).or_default();
            seen.row_count += batch.num_rows() as u64;
            if let Some(named) = ontologies(table.name, batch) {
                seen.ontologies.get_or_insert_default().extend(named);
            }
        }
        made
    }
}

/// Ontologies the rows of a table with categories name; an empty text for rows that have one and name none.
fn ontologies(table: &str, batch: &RecordBatch) -> Option<BTreeSet<String>> {
    let category = batch.column_by_name(category_column(table)?)?;
    let column = batch.column_by_name("ontology")?;
    let texts = column.as_string_opt::<i32>()?;
    let rows = (0..batch.num_rows()).filter(|row| category.is_valid(*row));
    let named = rows.map(|row| {
        if column.is_valid(row) {
            texts.value(row)
        } else {
            ""
        }
    });
    Some(named.map(str::to_owned).collect())
}

impl Tables for Made {
    fn observed(&self) -> &BTreeMap<String, ObservedTable> {
        &self.observed
    }

    fn feed(
        &self,
        held: &Held<'_>,
        checking: &mut Checking<'_>,
        notes: &mut Notes,
    ) -> Result<(), EngineError> {
        for (table, batches) in &self.rows {
            let mut first = 0;
            for batch in batches {
                feed_batch(held, (table, batch, first), checking, notes)?;
                first += batch.num_rows() as u64;
            }
        }
        Ok(())
    }
}

/// Names of the columns rules of a table wait for, in the form the table has now.
pub(crate) fn wanted(
    held: &Held<'_>,
    table: &str,
    checking: &mut Checking<'_>,
) -> BTreeSet<String> {
    let rules = checking.rules_of(table);
    let mut wanted: BTreeSet<String> = rules.map(|rules| rules.field().to_owned()).collect();
    if let Some(migration) = held.migration.filter(|_| !wanted.is_empty()) {
        wanted.extend(migration.looked_at(table));
    }
    wanted
}

/// Feeds the rules of a table with a batch of its rows, the first of which is row `first`.
///
/// Errors: a value that has no form in the version it is read as.
pub(crate) fn feed_batch(
    held: &Held<'_>,
    (table, batch, first): (&str, &RecordBatch, u64),
    checking: &mut Checking<'_>,
    notes: &mut Notes,
) -> Result<(), EngineError> {
    let wanted = wanted(held, table, checking);
    if wanted.is_empty() || batch.num_rows() == 0 {
        return Ok(());
    }
    let found = leaves(batch.schema().fields());
    let whole = StructArray::from(batch.clone());
    let found = found.into_iter().filter(|leaf| wanted.contains(&leaf.path));
    let mut columns: BTreeMap<String, super::columns::Column> = found
        .map(|leaf| (leaf.path.clone(), column(&whole, &leaf)))
        .collect();
    if let Some(migration) = held.migration {
        let named = columns.iter().map(|(name, column)| (name.as_str(), column));
        let (new, more) = migrated(migration, table, named, first)
            .map_err(|message| EngineError::Request { message })?;
        notes.append(more, first);
        columns = new;
    }
    let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
    let times = ["t_ns", "start_ns"];
    let times = times.iter().find_map(|name| batch.column_by_name(name));
    let times = times.and_then(|column| column.as_primitive_opt::<arrow_array::types::Int64Type>());
    for rules in checking.rules_of(table) {
        let Some(column) = columns.get(rules.field()) else {
            continue;
        };
        feed(rules, column, (first, rows));
        rules.date(&|row| {
            let at = usize::try_from(row.checked_sub(first)?).ok()?;
            let times = times.filter(|times| at < times.len() && times.is_valid(at))?;
            Some(times.value(at))
        });
    }
    Ok(())
}

/// Rows of the labels of a folder that is a recording.
pub(super) fn of_folder(path: &Path, format: Format) -> Result<Made, EngineError> {
    let mut rows = Gathered::default();
    gather_of_folder(path, format, "r-", &mut rows)?;
    Ok(Made::new(&rows.batches()?))
}

/// Holds a file or folder of labels to what a contract asks of tables and context.
///
/// Errors: labels that cannot be read.
pub(super) fn labels(
    input: &LabelInput,
    files: &Files,
    given: &Given,
) -> Result<CheckedInput, EngineError> {
    let mut rows = Gathered::default();
    gather(input, "r-", &ReadOptions::default(), &mut rows)?;
    let made = Made::new(&rows.batches()?);
    let fields = given.of(&input.path, &BTreeMap::new())?;
    let plain = files.of_tables();
    let known = Known {
        context: Some(&fields),
        tables: Some(&made),
    };
    let outcome = hold(&super::held(&plain), None, known)?;
    let mut checked = CheckedInput::new(input.path.display().to_string(), outcome);
    checked.format = Some(input.form.name().to_owned());
    Ok(checked)
}
