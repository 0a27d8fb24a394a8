//! Every written limit of an operation, in one place.

/// Limits of one run; the defaults suit a laptop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Per-message columns kept on the heap before they move to a temporary file, bytes.
    pub column_bytes: usize,
    /// Largest decompressed chunk, bytes; a larger one is reported as lost.
    pub unit_bytes: usize,
    /// Files one run accepts.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            column_bytes: 128 << 20,
            unit_bytes: 1 << 30,
            files: 1_000_000,
        }
    }
}

impl Limits {
    /// The limits of the readers.
    pub fn formats(&self) -> fieldassay_formats::Limits {
        fieldassay_formats::Limits {
            unit_bytes: self.unit_bytes,
            ..fieldassay_formats::Limits::default()
        }
    }
}
