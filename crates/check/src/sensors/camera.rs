//! Facts about images.
