//! Facts about boxes and tracks.
