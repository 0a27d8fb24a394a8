//! Tables on disk, with the columns a verb asks for under the names they have there.

use crate::EngineError;
use fieldassay_formats::table::{self, Codes, MISSING, Table};
use std::path::{Path, PathBuf};

/// Which column of a table plays which part, where not the one of that name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Vec<(String, String)>);

impl Columns {
    /// Parts and the columns that play them.
    #[cfg(feature = "platform")]
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(part, column)| (part.as_str(), column.as_str()))
    }

    /// Columns that are called by their own names, for verbs that look at columns instead of parts.
    pub fn as_named<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self(
            names
                .map(|name| (name.to_owned(), name.to_owned()))
                .collect(),
        )
    }
}

impl std::fmt::Display for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (part, column)) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{part}={column}")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Columns {
    type Err = String;

    /// `item=question,annotator=worker`. Errors: a part that is not of this form, or stands twice.
    fn from_str(text: &str) -> Result<Self, String> {
        const HINT: &str = "hint: write `item=question,annotator=worker`, or places as `item=0` for a file without a line of names";
        let mut out: Vec<(String, String)> = Vec::new();
        for pair in text
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
        {
            let (part, column) = pair
                .split_once('=')
                .map(|(part, column)| (part.trim(), column.trim()))
                .filter(|(part, column)| !part.is_empty() && !column.is_empty())
                .ok_or_else(|| format!("`{pair}` names no column\n{HINT}"))?;
            if out.iter().any(|(known, _)| known == part) {
                return Err(format!("`{part}` stands twice\n{HINT}"));
            }
            out.push((part.to_owned(), column.to_owned()));
        }
        Ok(Self(out))
    }
}

/// A table and what its columns are called.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Columns under other names.
    pub columns: Columns,
    /// The option that renames them, for messages.
    pub option: &'static str,
}

impl Source {
    /// A table whose columns `--columns` renames, where it is given.
    pub fn new(path: &Path, columns: Option<&Columns>) -> Self {
        Self {
            path: path.to_owned(),
            columns: columns.cloned().unwrap_or_default(),
            option: "--columns",
        }
    }

    /// A table of truths, whose columns `--truth-columns` renames.
    pub fn of_truth(path: &Path, columns: Option<&Columns>) -> Self {
        Self {
            option: "--truth-columns",
            ..Self::new(path, columns)
        }
    }
}

/// A table that was read.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    source: &'a Source,
    table: Table,
}

impl<'a> Opened<'a> {
    /// Reads a table in which a verb asks for columns by `parts`. Where all columns are given by place, text has no line
    /// of names. Errors: [`EngineError::NoTable`], a form that is not read, a part the verb does not know.
    pub(super) fn new(source: &'a Source, parts: &[&str]) -> Result<Self, EngineError> {
        let Columns(columns) = &source.columns;
        let option = source.option;
        if let Some((part, _)) = columns
            .iter()
            .find(|(part, _)| !parts.contains(&part.as_str()))
        {
            return Err(EngineError::Request {
                message: format!(
                    "`{option}` gives `{part}`, which is not asked for\nhint: the columns here are `{}`",
                    parts.join("`, `")
                ),
            });
        }
        let is_place = |column: &str| column.parse::<u16>().is_ok();
        let are_places = !columns.is_empty() && columns.iter().all(|(_, column)| is_place(column));
        Self::read(source, are_places)
    }

    /// Reads a table whose text has no line of names; columns are called by their places.
    pub(super) fn unnamed(source: &'a Source) -> Result<Self, EngineError> {
        Self::read(source, true)
    }

    fn read(source: &'a Source, is_unnamed: bool) -> Result<Self, EngineError> {
        let missing = |path| EngineError::NoTable { path };
        let bytes = crate::input::bytes(&source.path, "table", missing)?;
        let name = source.path.display().to_string();
        let table = if is_unnamed {
            table::read_unnamed(&name, &bytes)
        } else {
            table::read(&name, &bytes)
        };
        Ok(Self {
            source,
            table: table?,
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &'a Path {
        &self.source.path
    }

    /// What a part's column is called.
    pub(super) fn column<'b>(&'b self, part: &'b str) -> &'b str {
        let Columns(columns) = &self.source.columns;
        let given = columns.iter().find(|(known, _)| known == part);
        given.map_or(part, |(_, column)| column)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.table.rows()
    }

    /// Names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.table.names()
    }

    /// Whether it has a column for a part. Errors: one was named that is not there.
    pub(super) fn has(&self, part: &str) -> Result<bool, EngineError> {
        let Columns(columns) = &self.source.columns;
        let is_there = self.table.has(self.column(part));
        if !is_there && columns.iter().any(|(known, _)| known == part) {
            return Err(self.missing(part));
        }
        Ok(is_there)
    }

    /// No column plays a part.
    pub(super) fn missing(&self, part: &str) -> EngineError {
        let option = self.source.option;
        let names: Vec<&str> = self.names().collect();
        let first = names.first().copied().unwrap_or("name");
        let path = self.source.path.display();
        EngineError::Request {
            message: format!(
                "`{path}` has no column `{}`, but `{}`\nhint: say which one is meant, as in `{option} {part}={first}`; `{option} {part}=0` counts places in a file without a line of names",
                self.column(part),
                names.join("`, `"),
            ),
        }
    }

    /// A row that cannot be used.
    pub(super) fn bad_row(&self, row: usize, what: &str) -> EngineError {
        super::undefined(
            &self.source.path,
            format!("row `{row}` (the first is 0): {what}"),
        )
    }

    /// A column as names and numbers of names.
    pub(super) fn codes(&self, part: &str) -> Result<Codes, EngineError> {
        if !self.has(part)? {
            return Err(self.missing(part));
        }
        Ok(self.table.codes(self.column(part))?)
    }

    /// The same, where no cell may be empty.
    pub(super) fn full_codes(&self, part: &str) -> Result<Codes, EngineError> {
        let codes = self.codes(part)?;
        match codes.cells.iter().position(|&cell| cell == MISSING) {
            Some(row) => Err(self.bad_row(
                row,
                &format!(
                    "`{}` is empty\nhint: drop the row or fill it in",
                    self.column(part)
                ),
            )),
            None => Ok(codes),
        }
    }

    /// A column of numbers; NaN where a cell is empty.
    pub(super) fn numbers(&self, part: &str) -> Result<Vec<f64>, EngineError> {
        if !self.has(part)? {
            return Err(self.missing(part));
        }
        Ok(self.table.numbers(self.column(part))?)
    }

    /// A column of numbers where there is one, none where a cell is empty; all none without the column. Errors: text, an
    /// infinite number.
    pub(super) fn numbers_if_any(&self, part: &str) -> Result<Vec<Option<f64>>, EngineError> {
        if !self.has(part)? {
            return Ok(vec![None; self.rows()]);
        }
        let numbers = self.numbers(part)?;
        if let Some(row) = numbers.iter().position(|x| x.is_infinite()) {
            return Err(self.bad_row(
                row,
                &format!(
                    "`{}` is not finite\nhint: drop the row or repair it",
                    self.column(part)
                ),
            ));
        }
        let known = |x: f64| (!x.is_nan()).then_some(x);
        Ok(numbers.into_iter().map(known).collect())
    }

    /// A column of counts, none of them missing. Errors: what is no whole number of 0 or more.
    pub(super) fn counts(&self, part: &str) -> Result<Vec<u64>, EngineError> {
        let numbers = self.full_numbers(part)?;
        let whole = |(row, x): (usize, &f64)| {
            let is_count = x.fract() == 0.0 && (0.0..9.0e15).contains(x);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and in range, checked before"
            )]
            let count = *x as u64;
            is_count.then_some(count).ok_or_else(|| {
                self.bad_row(
                    row,
                    &format!(
                        "`{}` is `{x}`, not a count\nhint: counts are whole numbers of 0 or more",
                        self.column(part)
                    ),
                )
            })
        };
        numbers.iter().enumerate().map(whole).collect()
    }

    /// A column as codes where there is one. Errors: one was named that is not there.
    pub(super) fn codes_if_any(&self, part: &str) -> Result<Option<Codes>, EngineError> {
        self.has(part)?.then(|| self.codes(part)).transpose()
    }

    /// The same, where no cell may be empty.
    pub(super) fn full_numbers(&self, part: &str) -> Result<Vec<f64>, EngineError> {
        let numbers = self.numbers(part)?;
        match numbers.iter().position(|x| !x.is_finite()) {
            Some(row) => Err(self.bad_row(
                row,
                &format!(
                    "`{}` is empty or not finite\nhint: drop the row or fill it in",
                    self.column(part)
                ),
            )),
            None => Ok(numbers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_in_pairs() {
        let columns: Columns = "item=question, label = answer".parse().unwrap();
        let expected =
            [("item", "question"), ("label", "answer")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(columns, Columns(expected.to_vec()));
        for wrong in ["item", "item=", "=x", "item=a,item=b"] {
            assert!(wrong.parse::<Columns>().unwrap_err().contains("hint: "));
        }
    }
}
