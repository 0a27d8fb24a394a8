//! Every written limit of an operation, in one place.

use crate::EngineError;
use fieldassay_measure::stats::Resampling;

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

/// Resamples at most; more change no digit that is shown.
const MOST_RESAMPLES: usize = 100_000;

/// Refuses a bootstrap of no or too many resamples.
pub(crate) fn resamples(how: Option<Resampling>) -> Result<(), EngineError> {
    match how {
        Some(how) if how.resamples == 0 || how.resamples > MOST_RESAMPLES => {
            Err(EngineError::Request {
                message: format!(
                    "`--bootstrap {}` is no number of resamples\nhint: 1000 is common, at most {MOST_RESAMPLES}",
                    how.resamples
                ),
            })
        }
        _ => Ok(()),
    }
}
