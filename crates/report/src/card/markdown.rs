//! A card as Markdown.

use super::{CardPage, CardSection, CardTable};
use crate::text::{clean, integer, name, sentence};
use std::fmt::Write as _;

/// The card as Markdown with tables, as most platforms show it. Nothing in a text becomes markup but code in backticks.
pub fn card_markdown(page: &CardPage) -> String {
    let mut out = format!("# {}\n\n", plain(&name(&page.title)));
    if !page.description.is_empty() {
        let _ = writeln!(out, "{}\n", plain(&sentence(&page.description)));
    }
    if !page.missing.is_empty() {
        out.push_str("**Draft.** Still missing:\n\n");
        list(&page.missing, &mut out);
    }
    if page.is_simulated {
        out.push_str("**Simulated data.** A simulator made all recordings, not a robot.\n\n");
    }
    for tile in &page.tiles {
        let note = if tile.note.is_empty() {
            String::new()
        } else {
            format!(" ({})", plain(&name(&tile.note)))
        };
        let _ = writeln!(
            out,
            "- {}: **{}**{note}",
            plain(&name(&tile.label)),
            plain(&name(&tile.value))
        );
    }
    if !page.tiles.is_empty() {
        out.push('\n');
    }
    for section in &page.sections {
        one(section, &mut out);
    }
    let _ = writeln!(
        out,
        "---\n\nMade by fieldassay {}. Intervals are at 95 %.",
        plain(&name(&page.tool_version))
    );
    out
}

fn one(section: &CardSection, out: &mut String) {
    let _ = writeln!(out, "## {}\n", plain(&name(&section.title)));
    if !section.lead.is_empty() {
        let _ = writeln!(out, "{}\n", plain(&sentence(&section.lead)));
    }
    if !section.pairs.is_empty() {
        out.push_str("| | |\n|---|---|\n");
        for (key, value) in &section.pairs {
            let _ = writeln!(
                out,
                "| {} | {} |",
                plain(&name(key)),
                plain(&clean(value, 4000))
            );
        }
        out.push('\n');
    }
    for table in &section.tables {
        one_table(table, out);
    }
    list(&section.notes, out);
}

fn one_table(table: &CardTable, out: &mut String) {
    let (rows, left_out) = table.shown();
    let _ = writeln!(out, "{}\n", plain(&name(&table.caption)));
    let line = |cells: &mut dyn Iterator<Item = String>, out: &mut String| {
        out.push('|');
        for cell in cells {
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    };
    line(
        &mut table.columns.iter().map(|(title, _)| plain(&name(title))),
        out,
    );
    out.push('|');
    for (_, is_number) in &table.columns {
        out.push_str(if *is_number { "---:|" } else { "---|" });
    }
    out.push('\n');
    for row in rows {
        line(&mut row.iter().map(|cell| plain(&sentence(cell))), out);
    }
    if left_out > 0 {
        let _ = write!(out, "\n{} more are left out here.\n", integer(left_out));
    }
    out.push('\n');
}

fn list(items: &[String], out: &mut String) {
    for item in items {
        let _ = writeln!(out, "- {}", plain(&sentence(item)));
    }
    if !items.is_empty() {
        out.push('\n');
    }
}

/// Text in which nothing is markup but code between backticks.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    let is_closed = parts.len() % 2 == 1;
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.into_iter().enumerate() {
        let is_code = index % 2 == 1 && (is_closed || index < last);
        if index > 0 && (is_closed || index < last) {
            out.push('`');
        } else if index > 0 {
            out.push_str("\\`");
        }
        for c in part.chars() {
            // A bar ends a cell, in code too.
            let is_markup =
                c == '|' || (!is_code && matches!(c, '\\' | '*' | '_' | '<' | '[' | ']' | '#'));
            if is_markup {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}
