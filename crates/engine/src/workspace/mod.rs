//! A workspace: what the field recorded, kept, checked, indexed and asked.
//!
//! Read [`Workspace`] and [`ingest`] first. [`settings`] is `fieldassay.toml`; every other module is one operation.
//!
//! Not here: how things are stored (`store`), SQL (`query`).

mod gathered;
pub mod ingest;
mod layouts;
mod opened;
mod rows;
pub mod settings;

pub(crate) use gathered::Gathered;
pub use layouts::Form;
pub use opened::{Workspace, World, init};
