//! SQL over tables and recordings of a workspace: the only room that names `datafusion`.
//!
//! Read [`Session`] first: it runs one statement that changes nothing and gives an [`Answer`], which is read batch by
//! batch or put into a [`Format`] by [`write`](output::write).
//!
//! Not here: which version of a table is current (the catalogue of `store`), how rows come to be (`engine`), formulas
//! (`measure`), the shell and its history (`cli`).

mod arguments;
#[cfg(test)]
mod compared;
mod error;
mod explain;
mod functions;
mod instead;
mod memory;
pub mod output;
pub mod recordings;
mod session;
mod statement;
mod stretches;
mod tables;
mod words;

pub use datafusion::arrow;
pub use error::{Excerpt, QueryError};
pub use fieldassay_store::ErrorKind;
pub use functions::reference;
pub use output::Format;
pub use session::{Answer, Name, NameKind, Options, Session, Sources, Spill};
pub use statement::Statements;
