//! Lies and broken rules: each gives its code.
