//! Facts about joint states and episodes.
