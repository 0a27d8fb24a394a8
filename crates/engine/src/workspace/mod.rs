//! A workspace: what the field recorded, kept, checked, indexed and asked.
//!
//! Not here: how it is stored (`store`), SQL (`query`).

mod gathered;
mod rows;

pub(crate) use gathered::Gathered;
pub(crate) use rows::{Rows, Value};
