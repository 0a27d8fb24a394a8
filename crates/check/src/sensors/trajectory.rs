//! Facts about poses over time.
