//! A workspace: what the field recorded, kept, checked, indexed and asked.
//!
//! Read [`Workspace`] and [`ingest`] first. [`settings`] is `fieldassay.toml`; every other module is one operation.
//!
//! Not here: how things are stored (`store`), SQL (`query`).

pub mod ask;
pub mod card;
pub mod classes;
pub mod clip;
mod content;
mod gathered;
pub mod held;
pub mod ingest;
pub mod jobs;
mod layouts;
mod ledger;
pub mod lineage;
pub mod list;
pub mod log;
mod materialize;
mod opened;
mod passing;
pub mod release;
mod release_files;
mod rows;
pub mod settings;
pub mod verify;
pub mod watch;

pub(crate) use content::{Options as ReadOptions, gather, gather_of_folder};
pub use fieldassay_query::{Format, Name, NameKind, Statements};
pub(crate) use gathered::Gathered;
pub(crate) use ingest::find;
pub(crate) use layouts::LabelInput;
pub use layouts::{Form, Skipped};
pub use ledger::Log;
pub use ledger::keys::KEY_VARIABLE;
pub use ledger::proofs::Proof;
pub use opened::{Made, Workspace, World, init};
pub(crate) use rows::Value;
