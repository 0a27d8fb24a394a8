//! A workspace: what the field recorded, kept, checked, indexed and asked.
//!
//! Read [`Workspace`] and [`ingest`] first. [`settings`] is `fieldassay.toml`; every other module is one operation.
//!
//! Not here: how things are stored (`store`), SQL (`query`).

pub mod ask;
pub mod clip;
mod content;
mod gathered;
pub mod ingest;
pub mod jobs;
mod layouts;
pub mod list;
mod materialize;
mod opened;
mod rows;
pub mod settings;
pub mod watch;

pub use fieldassay_query::{Format, Name, NameKind};
pub(crate) use gathered::Gathered;
pub use layouts::Form;
pub use opened::{Workspace, World, init};
pub(crate) use rows::Value;
