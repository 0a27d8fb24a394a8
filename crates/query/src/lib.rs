//! SQL over the tables and recordings of a workspace: the only room that names `datafusion`.
pub use datafusion;
