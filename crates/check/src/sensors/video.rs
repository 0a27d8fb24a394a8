//! Facts about video streams.
