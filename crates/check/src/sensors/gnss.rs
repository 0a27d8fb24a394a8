//! Facts about satellite positions.
