//! Why pixels could not be had.

use thiserror::Error;

/// Why an image, a video or a piece of sound could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MediaError {
    /// The file ends before it is complete.
    #[error("{codec} file ends early: {what}")]
    Truncated {
        /// `jpeg`, `png`, `rvl`, `wav`, …
        codec: &'static str,
        /// What is missing.
        what: String,
    },
    /// An encoding that is not read.
    #[error("encoding `{encoding}` is not supported")]
    Unsupported {
        /// As written, or what the file says about itself.
        encoding: String,
    },
    /// The bytes contradict themselves.
    #[error("damaged {codec}: {what}")]
    Damaged {
        /// `jpeg`, `png`, `rvl`, `raw`, …
        codec: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The pixels do not fit the size the message gives.
    #[error(
        "`{encoding}` of {width} x {height} with step {step} needs {expected} bytes, the message has {actual}"
    )]
    WrongSize {
        /// Encoding as written.
        encoding: String,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Bytes of a row.
        step: u32,
        /// Bytes the pixels need.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// A row is shorter than its pixels.
    #[error(
        "`{encoding}` of width {width} needs a step of {expected} bytes, the message says {actual}"
    )]
    WrongStep {
        /// Encoding as written.
        encoding: String,
        /// Pixels.
        width: u32,
        /// Bytes the pixels of a row need.
        expected: u64,
        /// Bytes of a row as the message says.
        actual: u64,
    },
    /// More pixels than the limit allows.
    #[error("{width} x {height} pixels are more than the limit of {limit}")]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Largest number of pixels.
        limit: u64,
    },
}

impl MediaError {
    pub(crate) fn damaged(codec: &'static str, what: impl Into<String>) -> Self {
        Self::Damaged {
            codec,
            what: what.into(),
        }
    }

    pub(crate) fn truncated(codec: &'static str, what: impl Into<String>) -> Self {
        Self::Truncated {
            codec,
            what: what.into(),
        }
    }

    pub(crate) fn unsupported(encoding: impl Into<String>) -> Self {
        Self::Unsupported {
            encoding: encoding.into(),
        }
    }

    /// A stable name of the cause: `truncated`, `unsupported`, `damaged`, `wrong_size`, `wrong_step`, `too_large`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Unsupported { .. } => "unsupported",
            Self::Damaged { .. } => "damaged",
            Self::WrongSize { .. } => "wrong_size",
            Self::WrongStep { .. } => "wrong_step",
            Self::TooLarge { .. } => "too_large",
        }
    }
}
