//! A workspace: what the field recorded, kept, checked, indexed and asked.
//!
//! Not here: how it is stored (`store`), SQL (`query`).

mod content;
mod gathered;
mod layouts;
mod rows;

pub(crate) use gathered::Gathered;
pub(crate) use rows::{Rows, Value};
