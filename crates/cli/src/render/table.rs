//! Columns of text that line up.

/// Side a column is aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows of cells; widths follow the longest cell of each column.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading per column.
    pub(crate) fn new(headings: &[(&str, Align)]) -> Self {
        Self {
            columns: headings.iter().map(|(_, align)| *align).collect(),
            rows: vec![
                headings
                    .iter()
                    .map(|(text, _)| (*text).to_owned())
                    .collect(),
            ],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as lines, each after `indent`, without trailing blanks.
    pub(crate) fn render(&self, indent: &str) -> String {
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::from(indent);
            for ((cell, align), width) in row.iter().zip(&self.columns).zip(&widths) {
                let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
                match align {
                    Align::Left => line.extend([cell.as_str(), &blanks, "  "]),
                    Align::Right => line.extend([&blanks, cell.as_str(), "  "]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}
