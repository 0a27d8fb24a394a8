//! The reference of the tables of a workspace.
//!
//! Read [`page`] first. Not here: the declarations (`fieldassay_model::tables`).

use super::{cell, generated_from};
use anyhow::Result;
use fieldassay_model::tables::{
    CONTEXT_FIELDS, CONVENTIONS, Column, Null, Stated, TABLES, Table, UNIT_SUFFIXES,
};
use std::fmt::Write as _;

/// What holds for all, a list, then one section per table.
pub(super) fn page() -> Result<Option<String>> {
    let mut page = generated_from("`fieldassay_model::tables`");
    page.push_str(
        "# Tables\n\nWhat a workspace keeps as Delta tables, besides the files themselves. Any reader of Delta or Parquet can open them. Types are those of Delta.\n\n",
    );
    for convention in CONVENTIONS {
        writeln!(page, "- {convention}")?;
    }
    let units: Vec<String> = UNIT_SUFFIXES
        .iter()
        .map(|(suffix, unit)| format!("`_{suffix}` {unit}"))
        .collect();
    write!(
        page,
        "- The last word of a name says the unit: {}.\n\n| table | one row is |\n|---|---|\n",
        units.join(", ")
    )?;
    for table in TABLES {
        writeln!(page, "| [`{}`](#{0}) | {} |", table.name, cell(table.about))?;
    }
    for table in TABLES {
        section(&mut page, table)?;
    }
    Ok(Some(page))
}

fn section(page: &mut String, table: &Table) -> Result<()> {
    let key: Vec<String> = table.key.iter().map(|name| format!("`{name}`")).collect();
    write!(
        page,
        "\n## {}\n\n{}\n\nKey: {}. Fingerprint of the schema: `{}`.\n\n",
        table.name,
        table.about,
        key.join(", "),
        table.fingerprint()
    )?;
    columns(page, table.columns())?;
    if table.name == "context" {
        page.push_str("\nFields that everybody means the same by, as the columns they are when recordings are shown with their context; where a word is asked for, `unknown` and `not_applicable` are answers too:\n\n");
        columns(page, CONTEXT_FIELDS)?;
    }
    Ok(())
}

fn columns<'a>(page: &mut String, columns: impl IntoIterator<Item = &'a Column>) -> Result<()> {
    page.push_str(
        "| column | type | unit | frame | null where | meaning |\n|---|---|---|---|---|---|\n",
    );
    for column in columns {
        let mut meaning = column.about.to_owned();
        if !column.one_of.is_empty() {
            write!(meaning, " One of `{}`.", column.one_of.join("`, `"))?;
        }
        if column.volatile {
            meaning.push_str(" Volatile.");
        }
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            column.name,
            column.kind.delta(),
            stated(column.unit),
            stated(column.frame),
            match column.null {
                Null::Never => "never".to_owned(),
                Null::Where(rule) => cell(rule),
            },
            cell(&meaning)
        )?;
    }
    Ok(())
}

fn stated(stated: Stated) -> String {
    match stated {
        Stated::Nowhere => "–".to_owned(),
        Stated::Here(text) => cell(text),
        Stated::InColumn(column) => format!("in `{column}`"),
    }
}
