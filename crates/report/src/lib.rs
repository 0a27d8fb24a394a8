//! HTML pages and SVG plots from facts and results: pure text.
//!
//! Read [`ReportInput`] first, then [`check_report`], which makes the one page of
//! `fieldassay check --report`; [`picture`] makes a file of plots alone, [`drawing`] one of lineage, [`card_html`] the card of a release. The page is self-contained: no file, font, script or picture is
//! loaded from anywhere.
//!
//! Not here: measuring, judging, reading or writing files, and clocks.

mod card;
mod check;
mod error;
mod input;
mod lineage;
mod markup;
mod picture;
mod svg;
mod text;

pub use card::{CardPage, CardSection, CardTable, CardTile, card_html, card_markdown};
pub use error::ReportError;
pub use input::{ReportInput, TruthMark};
pub use lineage::{LineageEdge, LineageGraph, LineageNode, dot, drawing, tree};
pub use picture::picture;

/// The report of one run of `check` as one HTML page.
///
/// Times on the page are seconds from the start of each recording; every text that comes from a
/// recording is escaped and cut to a bounded length, and long lists are capped with a note of how
/// many entries are left out, so the page stays below a few megabytes whatever the input.
/// The same input gives the same bytes.
///
/// # Errors
/// [`ReportError::Parallel`] when `plots` or `truth` does not match the recordings of the document.
pub fn check_report(input: &ReportInput<'_>) -> Result<String, ReportError> {
    input.validate()?;
    check::render(input)
}
