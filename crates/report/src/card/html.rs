//! A card as one HTML page that loads nothing.

use super::{CardPage, CardSection, CardTable};
use crate::ReportError;
use crate::markup::Markup;
use crate::text::{clean, integer, name, rich, sentence};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "card.html")]
struct Page {
    title: String,
    tool_version: String,
    description: Markup,
    is_simulated: bool,
    missing: Vec<Markup>,
    tiles: Vec<[String; 3]>,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    anchor: String,
    title: String,
    lead: Markup,
    pairs: Vec<(String, String)>,
    tables: Vec<Table>,
    notes: Vec<Markup>,
}

#[derive(Debug)]
struct Table {
    caption: String,
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<(String, bool)>>,
    left_out: Option<String>,
}

/// The card as HTML, for light and dark and for paper. Texts are escaped and cut, long tables end with how much they leave
/// out; the same card gives the same bytes.
///
/// # Errors
/// [`ReportError::Template`] when the page cannot be filled.
pub fn card_html(page: &CardPage) -> Result<String, ReportError> {
    let made = Page {
        title: name(&page.title),
        tool_version: name(&page.tool_version),
        description: rich(&sentence(&page.description)),
        is_simulated: page.is_simulated,
        missing: page
            .missing
            .iter()
            .map(|one| rich(&sentence(one)))
            .collect(),
        tiles: page
            .tiles
            .iter()
            .map(|tile| [&tile.label, &tile.value, &tile.note].map(|text| name(text)))
            .collect(),
        sections: page.sections.iter().enumerate().map(section).collect(),
    };
    Ok(made.render()?)
}

fn section((index, section): (usize, &CardSection)) -> Section {
    let pairs = section.pairs.iter();
    Section {
        anchor: format!("s{}", index + 1),
        title: name(&section.title),
        lead: rich(&sentence(&section.lead)),
        pairs: pairs
            .map(|(key, value)| (name(key), clean(value, 4000)))
            .collect(),
        tables: section.tables.iter().map(table).collect(),
        notes: section
            .notes
            .iter()
            .map(|note| rich(&sentence(note)))
            .collect(),
    }
}

fn table(table: &CardTable) -> Table {
    let (rows, left_out) = table.shown();
    let is_number = |at: usize| table.columns.get(at).is_some_and(|column| column.1);
    let cells = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        cells
            .map(|(at, cell)| (sentence(cell), is_number(at)))
            .collect()
    };
    Table {
        caption: name(&table.caption),
        columns: table
            .columns
            .iter()
            .map(|(title, is_number)| (name(title), *is_number))
            .collect(),
        rows: rows.iter().map(cells).collect(),
        left_out: (left_out > 0).then(|| integer(left_out)),
    }
}
