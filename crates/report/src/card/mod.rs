//! The card of a release: a page a person reads, as HTML and as Markdown.
//!
//! Read [`CardPage`] first: sections of sentences, pairs and tables, all plain data; [`card_html`] and [`card_markdown`]
//! show the same.
//!
//! Not here: where the facts come from (`engine`), and the card for programs (Croissant, in `formats`).

mod html;
mod markdown;

pub use html::card_html;
pub use markdown::card_markdown;

/// Rows of a table that are shown.
const ROWS: usize = 200;

/// A card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardPage {
    /// Name and version: `night-rain@2`.
    pub title: String,
    /// What it is, in a sentence; empty where nobody said.
    pub description: String,
    /// What is still missing; a card with any is a draft.
    pub missing: Vec<String>,
    /// Whether all of it was made by a simulator.
    pub is_simulated: bool,
    /// Figures a reader wants first.
    pub tiles: Vec<CardTile>,
    /// The rest.
    pub sections: Vec<CardSection>,
    /// Version of the program.
    pub tool_version: String,
}

/// One figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardTile {
    /// What it is.
    pub label: String,
    /// Its value with unit.
    pub value: String,
    /// More about it; may be empty.
    pub note: String,
}

/// A part of a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardSection {
    /// Its heading.
    pub title: String,
    /// What to know before reading on; parts in backticks are code.
    pub lead: String,
    /// Names and values.
    pub pairs: Vec<(String, String)>,
    /// Tables.
    pub tables: Vec<CardTable>,
    /// Sentences, each for itself; parts in backticks are code.
    pub notes: Vec<String>,
}

/// A table of a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardTable {
    /// What its rows are.
    pub caption: String,
    /// Names of columns, and whether they hold numbers.
    pub columns: Vec<(String, bool)>,
    /// Rows, with one cell per column.
    pub rows: Vec<Vec<String>>,
    /// Rows there are beside these.
    pub left_out: u64,
}

impl CardTable {
    /// Rows that are shown, and how many are not.
    fn shown(&self) -> (&[Vec<String>], u64) {
        let shown = self.rows.get(..ROWS).unwrap_or(&self.rows);
        let rest = (self.rows.len() - shown.len()) as u64;
        (shown, self.left_out.saturating_add(rest))
    }
}
