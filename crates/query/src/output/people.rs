//! A table for people: aligned columns, numbers to the right, long texts cut.

use super::cells::Cells;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use std::fmt::Write as _;
use std::sync::Arc;

/// Widest cell, characters.
const MOST_CHARS: usize = 60;

/// Rows that are shown, as text.
pub(super) struct People {
    schema: SchemaRef,
    rows: Vec<Vec<String>>,
    most: usize,
}

impl People {
    pub(super) fn new(schema: &SchemaRef, most: usize) -> Self {
        Self {
            schema: Arc::clone(schema),
            rows: Vec::new(),
            most,
        }
    }

    pub(super) fn take(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let wanted = self.most.saturating_sub(self.rows.len());
        let batch = batch.slice(0, wanted.min(batch.num_rows()));
        let mut cells = Cells::new(&batch)?;
        for row in 0..batch.num_rows() {
            let line = (0..batch.num_columns())
                .map(|column| shown(cells.cell(column, row).as_deref().unwrap_or("null")));
            self.rows.push(line.collect());
        }
        Ok(())
    }

    /// The table, with how many rows there are in all.
    pub(super) fn text(&self, total: u64) -> String {
        let mut out = String::new();
        let header: Vec<String> = names(&self.schema);
        let lines = || std::iter::once(&header).chain(&self.rows);
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = lines().filter_map(|line| line.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let right: Vec<bool> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.data_type().is_numeric())
            .collect();
        for (number, line) in lines().enumerate() {
            let cells = line.iter().zip(widths.iter().zip(&right));
            let cells = cells.map(|(cell, (width, right))| {
                if *right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
            let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
            if number == 0 {
                let rule = widths.iter().map(|width| "─".repeat(*width));
                let _ = writeln!(out, "{}", rule.collect::<Vec<_>>().join("  "));
            }
        }
        let plural = if total == 1 { "row" } else { "rows" };
        let _ = if total > self.rows.len() as u64 {
            writeln!(out, "{total} {plural}, the first {} shown", self.rows.len())
        } else {
            writeln!(out, "{total} {plural}")
        };
        out
    }
}

fn names(schema: &Schema) -> Vec<String> {
    let names = schema.fields().iter().map(|field| shown(field.name()));
    names.collect()
}

/// A cell on one line, cut where it is long.
fn shown(cell: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut chars = cell.chars();
    let mut text: String = chars.by_ref().take(MOST_CHARS).map(clean).collect();
    if chars.next().is_some() {
        text.pop();
        text.push('…');
    }
    text
}
