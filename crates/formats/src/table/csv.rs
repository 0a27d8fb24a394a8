//! Comma- or tab-separated text with a first line of names (RFC 4180).

use super::{Column, Columns};

/// Reads a file: cells may stand in double quotes, in which two of them are one; a missing cell is empty.
pub(super) fn read(_: &str, bytes: &[u8]) -> Result<Columns, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let separator = if head.contains('\t') && !head.contains(',') {
        '\t'
    } else {
        ','
    };
    let mut records = Records {
        rest: text,
        line: 1,
        separator,
    };
    let names = records.next_record()?.ok_or("it is empty")?;
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    loop {
        let line = records.line;
        let Some(cells) = records.next_record()? else {
            break;
        };
        if cells.len() != names.len() {
            let (found, expected) = (cells.len(), names.len());
            return Err(format!(
                "line `{line}` has {found} cells, the first line {expected}"
            ));
        }
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(Some(cell).filter(|cell| !cell.is_empty()));
        }
    }
    let named = names.into_iter().map(|name| name.trim().to_owned());
    Ok(named
        .zip(columns.into_iter().map(Column::of_texts))
        .collect())
}

struct Records<'a> {
    rest: &'a str,
    line: u64,
    separator: char,
}

impl Records<'_> {
    /// The cells of the next line that is not empty.
    fn next_record(&mut self) -> Result<Option<Vec<String>>, String> {
        while let Some(rest) = self
            .rest
            .strip_prefix("\r\n")
            .or(self.rest.strip_prefix('\n'))
        {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
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
        Ok(Some(cells))
    }

    fn cell(&mut self) -> Result<String, String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self
                .rest
                .find([self.separator, '\n'])
                .unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Ok(cell.strip_suffix('\r').unwrap_or(cell).to_owned());
        };
        let (mut out, mut rest) = (String::new(), quoted);
        loop {
            let Some((part, behind)) = rest.split_once('"') else {
                let line = self.line;
                return Err(format!("line `{line}`: a quote is not closed"));
            };
            out.push_str(part);
            let Some(more) = behind.strip_prefix('"') else {
                self.line += out.matches('\n').count() as u64;
                self.rest = behind.strip_prefix('\r').unwrap_or(behind);
                return Ok(out);
            };
            out.push('"');
            rest = more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_kinds_and_wrong_lines_are_named() {
        let text = "id,x,name\r\n1,2.5,\"a, \"\"b\"\"\nc\"\n2,,d\n\n";
        let columns = read("t.csv", text.as_bytes()).unwrap();
        assert_eq!(columns[0].1, Column::Integers(vec![1, 2]));
        assert!(matches!(&columns[1].1, Column::Numbers(v) if v[0] == 2.5 && v[1].is_nan()));
        let texts = [Some("a, \"b\"\nc".to_owned()), Some("d".to_owned())];
        assert_eq!(columns[2].1, Column::Texts(texts.to_vec()));
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
