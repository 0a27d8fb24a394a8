//! The binary fieldassay: thin, over engine.
fn main() {}
