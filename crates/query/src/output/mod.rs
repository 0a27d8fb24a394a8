//! Answers in files: JSON, CSV, Parquet, Arrow, and tables for people.

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Table,
}
