//! Reads a stream pushed in pieces of any size.

/// Reads a stream pushed in pieces of any size.
#[derive(Debug, Default)]
pub struct StreamReader {}
