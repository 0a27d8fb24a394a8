//! Tables of any form: CSV, JSON lines, Parquet, Feather, `NumPy`.
//!
//! Read [`Table`] and [`read`] first. A table is columns of one length by name; which they must be is asked of it by
//! name, and errors name the file, the column and the row.
//!
//! Not here: what rows mean ([`crate::labels`]).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod columnar;
mod csv;
mod json_lines;
mod numpy;
mod zip;

/// What a file may unpack to.
const UNPACKED_BYTES: u64 = 4 << 30;

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Whole numbers, none missing.
    Integers(Vec<i64>),
    /// Numbers; NaN where one is missing.
    Numbers(Vec<f64>),
    /// Text; none where it is missing.
    Texts(Vec<Option<String>>),
}

/// Columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: String,
    rows: usize,
    columns: Vec<(String, Column)>,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// The file is none of its form.
    #[error("`{file}` cannot be read as {form}: {what}; hint: {FORMS}")]
    Form {
        /// The file as it was named.
        file: String,
        /// Which form it has by its name or first bytes.
        form: &'static str,
        /// What was seen.
        what: String,
    },
    /// A column is missing.
    #[error("`{file}` has no column `{column}`, but {known}; hint: name the columns as asked for")]
    Column {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What there is.
        known: String,
    },
    /// A cell is something else.
    #[error(
        "`{file}` row `{row}`: `{column}` is `{value}`, not {expected}; hint: drop the row or repair it"
    )]
    Cell {
        /// The file.
        file: String,
        /// Counted from 0.
        row: usize,
        /// The column.
        column: String,
        /// What was seen.
        value: String,
        /// What belongs there.
        expected: &'static str,
    },
}

/// The forms, for messages.
pub const FORMS: &str = "tables are CSV (.csv, .tsv, .txt), JSON lines (.jsonl) or a JSON list of rows (.json), Parquet (.parquet), Feather (.feather, .arrow) and NumPy (.npy, .npz)";

impl TableError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "table.form",
            Self::Column { .. } => "table.column",
            Self::Cell { .. } => "table.cell",
        }
    }
}

/// Reads a table; its form is told by its first bytes, and for text by the end of its name.
///
/// A `NumPy` array of two dimensions has columns `0`, `1`, …; one with fields has these; of several arrays in one file
/// each is a column. Errors: [`TableError::Form`]. Cost: the table in memory.
pub fn read(file: &str, bytes: &[u8]) -> Result<Table, TableError> {
    let (form, read) = reader(file, bytes);
    let failed = |what| TableError::Form {
        file: file.to_owned(),
        form,
        what,
    };
    let columns = read(file, bytes).map_err(failed)?;
    Table::new(file, columns).map_err(failed)
}

/// Whether a file is a table by its first bytes or by the end of its name, for those who read other files too: text
/// counts only where it ends in `.csv` or `.tsv`, and nothing is looked at further.
pub fn is_table(file: &str, bytes: &[u8]) -> bool {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is = |known: &str| ending.eq_ignore_ascii_case(known);
    reader(file, bytes).0 != "CSV" || is("csv") || is("tsv")
}

/// What reads a form, with its name.
type Reader = (&'static str, fn(&str, &[u8]) -> Result<Columns, String>);

fn reader(file: &str, bytes: &[u8]) -> Reader {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is = |endings: &[&str]| {
        endings
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    };
    if bytes.starts_with(b"PAR1") {
        ("Parquet", columnar::parquet)
    } else if bytes.starts_with(b"ARROW1") {
        ("Feather", columnar::feather)
    } else if bytes.starts_with(b"\x93NUMPY") {
        ("NumPy array", numpy::array)
    } else if bytes.starts_with(b"PK\x03\x04") || is(&["npz"]) {
        ("NumPy arrays", numpy::arrays)
    } else if is(&["json", "jsonl", "ndjson"]) {
        ("JSON lines", json_lines::read)
    } else if is(&["parquet", "feather", "arrow", "npy"]) {
        ("what its name says", |_, _| {
            Err("its first bytes are of another form".to_owned())
        })
    } else {
        ("CSV", csv::read)
    }
}

/// Names and columns, in order.
type Columns = Vec<(String, Column)>;

impl Column {
    fn rows(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// A cell as text.
    fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Integers(values) => values.get(row).map(i64::to_string),
            Self::Numbers(values) => values.get(row).filter(|v| !v.is_nan()).map(f64::to_string),
            Self::Texts(values) => values.get(row).cloned().flatten(),
        }
    }

    /// Cells of text as the narrowest kind that holds them all.
    fn of_texts(cells: Vec<Option<String>>) -> Self {
        let filled = || cells.iter().flatten().map(|cell| cell.trim());
        let is_full = cells.iter().all(Option::is_some);
        if is_full && !cells.is_empty() && filled().all(|cell| cell.parse::<i64>().is_ok()) {
            return Self::Integers(filled().filter_map(|cell| cell.parse().ok()).collect());
        }
        let is_number = |cell: &str| cell.parse::<f64>().is_ok();
        if filled().next().is_some() && filled().all(is_number) {
            let number = |cell: &Option<String>| {
                let value = cell.as_ref().and_then(|cell| cell.trim().parse().ok());
                value.unwrap_or(f64::NAN)
            };
            return Self::Numbers(cells.iter().map(number).collect());
        }
        Self::Texts(cells)
    }

    /// Whole numbers where none is missing, else numbers.
    fn of_integers(cells: Vec<Option<i64>>) -> Self {
        if cells.iter().all(Option::is_some) {
            return Self::Integers(cells.into_iter().flatten().collect());
        }
        let number = |cell: Option<i64>| cell.map_or(f64::NAN, |value| value as f64);
        Self::Numbers(cells.into_iter().map(number).collect())
    }
}

impl Table {
    fn new(file: &str, columns: Columns) -> Result<Self, String> {
        let rows = columns.first().map_or(0, |(_, column)| column.rows());
        for (at, (name, column)) in columns.iter().enumerate() {
            if column.rows() != rows {
                return Err(format!(
                    "column `{name}` has {} rows, the first {rows}",
                    column.rows()
                ));
            }
            if columns.iter().take(at).any(|(other, _)| other == name) {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        Ok(Self {
            name: file.to_owned(),
            rows,
            columns,
        })
    }

    /// The file it came from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Its length.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    /// The first of several names it has a column of; the first at all where it has none.
    pub fn either<'a>(&self, names: &[&'a str]) -> &'a str {
        let known = names.iter().find(|name| self.has(name)).or(names.first());
        known.copied().unwrap_or_default()
    }

    fn column(&self, column: &str) -> Result<&Column, TableError> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map(|(_, column)| column).ok_or_else(|| {
            let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() {
                "nothing with one number or text per row".to_owned()
            } else {
                names.join(", ")
            };
            TableError::Column {
                file: self.name.clone(),
                column: column.to_owned(),
                known,
            }
        })
    }

    fn cell(&self, column: &str, row: usize, value: &str, expected: &'static str) -> TableError {
        TableError::Cell {
            file: self.name.clone(),
            row,
            column: column.to_owned(),
            value: value.chars().take(40).collect(),
            expected,
        }
    }

    /// A column of numbers; NaN where one is missing. Errors: no such column, text.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, TableError> {
        match self.column(column)? {
            Column::Numbers(values) => Ok(values.clone()),
            Column::Integers(values) => Ok(values.iter().map(|value| *value as f64).collect()),
            Column::Texts(values) => {
                // A column without any cell has no kind.
                let wrong = values.iter().enumerate().find_map(|(row, value)| {
                    let text = value.as_ref()?;
                    text.trim()
                        .parse::<f64>()
                        .is_err()
                        .then(|| (row, text.clone()))
                });
                match wrong {
                    Some((row, text)) => Err(self.cell(column, row, &text, "a number")),
                    None => Ok(vec![f64::NAN; self.rows]),
                }
            }
        }
    }

    /// A column of numbers where there is one. Errors: text.
    pub fn optional_numbers(&self, column: &str) -> Result<Option<Vec<f64>>, TableError> {
        self.has(column).then(|| self.numbers(column)).transpose()
    }

    /// A column of whole numbers. Errors: no such column, anything else, a missing one.
    pub fn integers(&self, column: &str) -> Result<Vec<i64>, TableError> {
        const EXPECTED: &str = "a whole number";
        match self.column(column)? {
            Column::Integers(values) => Ok(values.clone()),
            Column::Numbers(values) => {
                let whole = |(row, value): (usize, &f64)| {
                    let is_whole = value.fract() == 0.0 && value.abs() < 9.0e15;
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "whole and below 2^53, checked before"
                    )]
                    let number = *value as i64;
                    is_whole
                        .then_some(number)
                        .ok_or_else(|| self.cell(column, row, &value.to_string(), EXPECTED))
                };
                values.iter().enumerate().map(whole).collect()
            }
            Column::Texts(values) if values.is_empty() => Ok(Vec::new()),
            Column::Texts(values) => {
                let is_wrong = |value: &Option<String>| {
                    value
                        .as_ref()
                        .is_none_or(|text| text.trim().parse::<i64>().is_err())
                };
                let row = values.iter().position(is_wrong).unwrap_or(0);
                let text = values.get(row).cloned().flatten().unwrap_or_default();
                Err(self.cell(column, row, &text, EXPECTED))
            }
        }
    }

    /// A column as text, numbers as they are written in Rust; none where a cell is missing. Errors: no such column.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, TableError> {
        let found = self.column(column)?;
        Ok((0..self.rows).map(|row| found.text(row)).collect())
    }

    /// A column as text in which no cell is missing. Errors: no such column, a missing cell.
    pub fn full_texts(&self, column: &str) -> Result<Vec<String>, TableError> {
        let cells = self.texts(column)?.into_iter().enumerate();
        cells
            .map(|(row, cell)| cell.ok_or_else(|| self.cell(column, row, "", "a text")))
            .collect()
    }
}
