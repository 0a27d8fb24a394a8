//! Message definitions for bags that carry none.

/// The definition of a standard type.
pub fn standard_definition(type_name: &str) -> Option<String> {
    let _ = type_name;
    None
}

/// Names of all embedded types.
pub fn standard_types() -> Vec<&'static str> {
    Vec::new()
}
