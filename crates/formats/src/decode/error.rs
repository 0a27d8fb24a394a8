//! Why a payload could not be decoded.

/// A payload that could not be decoded, with the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode field `{field}` at byte {offset}: {cause}")]
pub struct DecodeError {
    /// Path of the field from the root, `pose.covariance`; empty for the payload as a whole.
    pub field: String,
    /// Byte of the payload at which decoding stopped.
    pub offset: usize,
    /// What was wrong there.
    pub cause: DecodeCause,
}

/// What was wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeCause {
    /// The payload ends inside a value.
    #[error(
        "the payload ends after {available} of {needed} bytes; hint: the message was cut or its schema does not fit"
    )]
    Truncated {
        /// Bytes the value needs.
        needed: u64,
        /// Bytes that are left.
        available: u64,
    },
}
