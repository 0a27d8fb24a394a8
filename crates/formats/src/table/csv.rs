//! Comma- or tab-separated text with a first line of names (RFC 4180).

use super::words::WordsBuilder;
use super::{Column, Columns};
use std::borrow::Cow;

/// Reads a file: cells may stand in double quotes, in which two of them are one; a missing cell is empty.
pub(super) fn read(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    let mut records = Records::of(bytes)?;
    let mut names = Vec::new();
    if !records.next_record(|_, name| names.push(name.trim().to_owned()))? {
        return Err("it is empty".to_owned());
    }
    columns(names, &records)
}

/// The same without a first line of names; columns are named by their places.
pub(super) fn read_unnamed(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    let records = Records::of(bytes)?;
    let mut names = Vec::new();
    if !records
        .clone()
        .next_record(|at, _| names.push(at.to_string()))?
    {
        return Err("it is empty".to_owned());
    }
    columns(names, &records)
}

/// The narrowest kind of cells that holds a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Integers,
    Numbers,
    Texts,
}

/// Two passes over the text, so that no cell is kept but as what its column turns out to be.
fn columns(names: Vec<String>, records: &Records) -> Result<Columns, String> {
    let mut kinds = vec![(Kind::Integers, false); names.len()];
    let mut first = records.clone();
    loop {
        let line = first.line;
        let mut found = 0;
        let look = |at: usize, cell: &str| {
            found = at + 1;
            if let Some((kind, is_filled)) = kinds.get_mut(at) {
                let cell = cell.trim();
                *is_filled |= !cell.is_empty();
                *kind = match *kind {
                    Kind::Integers if cell.parse::<i64>().is_ok() => Kind::Integers,
                    Kind::Texts => Kind::Texts,
                    _ if cell.is_empty() || cell.parse::<f64>().is_ok() => Kind::Numbers,
                    _ => Kind::Texts,
                };
            }
        };
        if !first.next_record(look)? {
            break;
        }
        if found != names.len() {
            let expected = names.len();
            return Err(format!(
                "line `{line}` has {found} cells, the first line {expected}"
            ));
        }
    }
    // A column without any cell has no kind.
    let cells = kinds.iter().map(|(kind, is_filled)| match kind {
        Kind::Integers if *is_filled => Cells::Integers(Vec::new()),
        Kind::Numbers if *is_filled => Cells::Numbers(Vec::new()),
        _ => Cells::Texts(WordsBuilder::default()),
    });
    let mut cells: Vec<Cells> = cells.collect();
    let mut second = records.clone();
    while second.next_record(|at, cell| {
        if let Some(column) = cells.get_mut(at) {
            column.push(cell);
        }
    })? {}
    Ok(names
        .into_iter()
        .zip(cells.into_iter().map(Cells::column))
        .collect())
}

/// A column in the making.
enum Cells {
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(WordsBuilder),
}

impl Cells {
    fn push(&mut self, cell: &str) {
        match self {
            Self::Integers(cells) => cells.extend(cell.trim().parse::<i64>()),
            Self::Numbers(cells) => cells.push(cell.trim().parse().unwrap_or(f64::NAN)),
            Self::Texts(words) => words.push(Some(cell).filter(|cell| !cell.is_empty())),
        }
    }

    fn column(self) -> Column {
        match self {
            Self::Integers(cells) => Column::Integers(cells),
            Self::Numbers(cells) => Column::Numbers(cells),
            Self::Texts(words) => Column::Texts(words.words()),
        }
    }
}

#[derive(Clone)]
struct Records<'a> {
    rest: &'a str,
    line: u64,
    separator: char,
}

impl<'a> Records<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head = text.lines().next().unwrap_or_default();
        let has_tabs_only = head.contains('\t') && !head.contains(',');
        Ok(Self {
            rest: text,
            line: 1,
            separator: if has_tabs_only { '\t' } else { ',' },
        })
    }

    /// Hands on the cells of the next line that is not empty, with their places; no at the end.
    fn next_record(&mut self, mut take: impl FnMut(usize, &str)) -> Result<bool, String> {
        while let Some(rest) = self
            .rest
            .strip_prefix("\r\n")
            .or(self.rest.strip_prefix('\n'))
        {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(false);
        }
        for at in 0.. {
            let cell = self.cell()?;
            take(at, &cell);
            let mut chars = self.rest.chars();
            let end = chars.next();
            match end {
                Some(c) if c == self.separator => self.rest = chars.as_str(),
                Some('\n') => {
                    self.rest = chars.as_str();
                    self.line += 1;
                    break;
                }
                Some(c) => {
                    let line = self.line;
                    return Err(format!("line `{line}`: `{c}` after a closing quote"));
                }
                None => break,
            }
        }
        Ok(true)
    }

    fn cell(&mut self) -> Result<Cow<'a, str>, String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self
                .rest
                .find([self.separator, '\n'])
                .unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Ok(cell.strip_suffix('\r').unwrap_or(cell).into());
        };
        let (mut out, mut rest) = (Cow::Borrowed(""), quoted);
        loop {
            let Some((part, behind)) = rest.split_once('"') else {
                let line = self.line;
                return Err(format!("line `{line}`: a quote is not closed"));
            };
            out += part;
            let Some(more) = behind.strip_prefix('"') else {
                self.line += out.matches('\n').count() as u64;
                self.rest = behind.strip_prefix('\r').unwrap_or(behind);
                return Ok(out);
            };
            out += "\"";
            rest = more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Words;
    use super::*;

    #[test]
    fn cells_have_kinds_and_wrong_lines_are_named() {
        let text = "id,x,name\r\n1,2.5,\"a, \"\"b\"\"\nc\"\n2,,d\n\n";
        let columns = read("t.csv", text.as_bytes()).unwrap();
        assert_eq!(columns[0].1, Column::Integers(vec![1, 2]));
        assert!(matches!(&columns[1].1, Column::Numbers(v) if v[0] == 2.5 && v[1].is_nan()));
        let texts = Words::of([Some("a, \"b\"\nc"), Some("d")].into_iter());
        assert_eq!(columns[2].1, Column::Texts(texts));
        let unnamed = read_unnamed("t.txt", b"w1\t7\t\nw2\t8\t\n").unwrap();
        assert_eq!(unnamed[1], ("1".to_owned(), Column::Integers(vec![7, 8])));
        assert_eq!(
            unnamed[2].1,
            Column::Texts(Words::of([None::<&str>, None].into_iter()))
        );
        for (text, said) in [
            ("a,b\n1\n", "line `2` has 1 cells"),
            ("a\n\"b", "line `2`: a quote is not closed"),
            ("a\n\"b\"c", "`c` after a closing quote"),
            ("", "it is empty"),
        ] {
            let error = read("t.csv", text.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
