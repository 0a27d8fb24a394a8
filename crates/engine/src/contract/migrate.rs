//! Columns of an older version as those of a newer one.

use super::columns::Column;
use fieldassay_model::contract::{MigrateError, Migration, Notes, Stream};
use std::collections::BTreeMap;

/// Columns in the new form, by their new names, and what is left to see. `first` is the row of the data they begin with.
///
/// Errors: a value that has no form in the new version, with its row.
pub(super) fn migrated<'c>(
    migration: &Migration,
    stream: &str,
    columns: impl Iterator<Item = (&'c str, &'c Column)>,
    first: u64,
) -> Result<(BTreeMap<String, Column>, Notes), String> {
    let (mut out, mut notes) = (BTreeMap::new(), Notes::default());
    let mut scalars = BTreeMap::new();
    let apply = |fields| {
        let stream = Stream {
            name: stream.to_owned(),
            fields,
        };
        migration.apply(stream).map_err(|error| told(error, first))
    };
    for (name, column) in columns {
        let cells = column.cells.clone();
        if column.rows.is_none() {
            scalars.insert(name.to_owned(), cells);
            continue;
        }
        // Items of a list stand one after the other: a list is a stream of its own.
        let (new, more) = apply(BTreeMap::from([(name.to_owned(), cells)]))?;
        notes.append(more, 0);
        for (name, cells) in new.fields {
            let rows = column.rows.clone();
            out.insert(name, Column { cells, rows });
        }
    }
    let (new, more) = apply(scalars)?;
    notes.append(more, 0);
    let new = new.fields.into_iter();
    out.extend(new.map(|(name, cells)| (name, Column { cells, rows: None })));
    Ok((out, notes))
}

fn told(error: MigrateError, first: u64) -> String {
    match error {
        MigrateError::Value {
            number,
            step,
            row,
            value,
            reason,
        } => MigrateError::Value {
            number,
            step,
            row: row.saturating_add(usize::try_from(first).unwrap_or(usize::MAX)),
            value,
            reason,
        },
        other => other,
    }
    .to_string()
}
