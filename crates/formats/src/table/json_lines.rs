//! JSON lines: an object per line; or one list of objects.

use super::{Column, Columns, Words};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Cells by row, and whether they are text.
#[derive(Default)]
struct Cells {
    at: Vec<(usize, Value)>,
}

/// Reads a file. Columns come in alphabetic order; a row that lacks one has no cell there. Lists and objects in cells
/// leave their column out.
pub(super) fn read(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    let mut rows = 0;
    let mut cells: BTreeMap<String, Cells> = BTreeMap::new();
    let mut add = |row: Map<String, Value>| {
        for (name, value) in row {
            cells.entry(name).or_default().at.push((rows, value));
        }
        rows += 1;
    };
    if bytes.trim_ascii_start().starts_with(b"[") {
        let list = crate::labels::list::<Map<String, Value>>("", bytes, "");
        list.map_err(|error| error.to_string())?
            .into_iter()
            .for_each(&mut add);
    } else {
        for line in crate::trajectory::text::lines(bytes) {
            if line.text.trim_ascii().is_empty() {
                continue;
            }
            let row = serde_json::from_slice(line.text);
            add(row.map_err(|error| format!("line `{}`: {error}", line.number))?);
        }
    }
    let columns = cells.into_iter().filter_map(|(name, cells)| {
        let column = column(cells, rows)?;
        Some((name, column))
    });
    Ok(columns.collect())
}

fn column(cells: Cells, rows: usize) -> Option<Column> {
    let filled = || {
        cells
            .at
            .iter()
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    };
    let mut whole: Vec<Option<i64>> = vec![None; rows];
    if filled().all(Value::is_i64) && filled().next().is_some() {
        for (row, value) in &cells.at {
            *whole.get_mut(*row)? = value.as_i64();
        }
        return Some(Column::of_integers(whole));
    }
    if filled().all(Value::is_number) && filled().next().is_some() {
        let mut numbers = vec![f64::NAN; rows];
        for (row, value) in &cells.at {
            *numbers.get_mut(*row)? = value.as_f64().unwrap_or(f64::NAN);
        }
        return Some(Column::Numbers(numbers));
    }
    let mut texts: Vec<Option<String>> = vec![None; rows];
    for (row, value) in cells.at {
        *texts.get_mut(row)? = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            Value::Array(_) | Value::Object(_) => return None,
        };
    }
    Some(Column::Texts(Words::of(texts.into_iter())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_lists_are_the_same_table() {
        let lines = b"{\"a\": 1, \"b\": \"x\", \"c\": [1]}\n\n{\"a\": 2.5}\n";
        let list = b"[{\"a\": 1, \"b\": \"x\", \"c\": [1]}, {\"a\": 2.5}]";
        let found = read("", lines).unwrap();
        assert_eq!(found, read("", list).unwrap());
        assert_eq!(found[0], ("a".to_owned(), Column::Numbers(vec![1.0, 2.5])));
        let texts = Column::Texts(Words::of([Some("x"), None].into_iter()));
        assert_eq!(found[1], ("b".to_owned(), texts));
        assert_eq!(found.len(), 2);
        assert!(
            read("", b"{\"a\": 1}\n5\n")
                .unwrap_err()
                .starts_with("line `2`")
        );
    }
}
