//! Why a payload could not be decoded.

/// A payload that could not be decoded, with the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode {} at byte {offset}: {cause}", quoted(.field))]
pub struct DecodeError {
    /// Path of the field from the root, `pose.covariance`; empty for the payload as a whole.
    pub field: String,
    /// Byte of the payload at which decoding stopped; 0 where the decoder below does not tell.
    pub offset: usize,
    /// What was wrong there.
    pub cause: DecodeCause,
}

fn quoted(field: &str) -> String {
    if field.is_empty() {
        "the payload".to_owned()
    } else {
        format!("field `{field}`")
    }
}

impl DecodeError {
    /// An error at `offset` that no field owns yet.
    pub(crate) fn new(offset: usize, cause: DecodeCause) -> Self {
        Self {
            field: String::new(),
            offset,
            cause,
        }
    }

    /// Stable code of the cause.
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// Puts the name of an enclosing field before the path.
    #[cold]
    pub(crate) fn within(mut self, name: &str) -> Self {
        if self.field.is_empty() {
            name.clone_into(&mut self.field);
        } else {
            self.field = format!("{name}.{}", self.field);
        }
        self
    }
}

/// What was wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeCause {
    /// The payload ends inside a value.
    #[error(
        "`{needed}` bytes are needed and `{available}` are left; hint: the message was cut, or it was written with another version of its type"
    )]
    Truncated {
        /// Bytes the value needs.
        needed: u64,
        /// Bytes that are left.
        available: u64,
    },
    /// A sequence claims more elements than the rest of the payload can hold.
    #[error(
        "a sequence of `{count}` elements does not fit into the `{available}` bytes left; hint: the message is damaged, or it was written with another version of its type"
    )]
    SequenceTooLong {
        /// Elements claimed.
        count: u64,
        /// Bytes that are left.
        available: u64,
    },
    /// The encapsulation names a representation that is not read.
    #[error(
        "representation `{id:#06x}` is not supported; hint: plain CDR (0x0000, 0x0001) and XCDR2 plain or delimited (0x0006 to 0x0009, 0x0010, 0x0011, 0x0014, 0x0015) are read, parameter lists are not"
    )]
    Representation {
        /// The identifier found.
        id: u16,
    },
    /// A type marked mutable is written as a parameter list, which is not read.
    #[error(
        "type `{name}` is marked mutable; hint: declare it final or appendable, parameter lists are not read"
    )]
    Mutable {
        /// The type.
        name: String,
    },
    /// Text is not UTF-8 where it must be.
    #[error("text is not UTF-8; hint: the message is damaged, or the field holds bytes")]
    InvalidUtf8,
    /// Absent or empty values outnumber what a message of its size may hold.
    #[error(
        "the message asks for more than `{limit}` values, most of them empty; hint: the message is damaged or hostile"
    )]
    TooManyValues {
        /// Values allowed.
        limit: u64,
    },
    /// The batch has no room for another row.
    #[error("the batch is full at `{rows}` rows; hint: call `finish` and go on")]
    BatchFull {
        /// Rows so far.
        rows: usize,
    },
    /// The payload breaks the protobuf wire format, or a value has another type than declared.
    #[error(
        "not a valid protobuf message: {reason}; hint: the message is damaged, or the schema is not the one it was written with"
    )]
    Protobuf {
        /// What is wrong.
        reason: String,
    },
    /// The payload breaks the `FlatBuffers` format.
    #[error(
        "not a valid FlatBuffer: {reason}; hint: the message is damaged, or the schema is not the one it was written with"
    )]
    FlatBuffer {
        /// What is wrong.
        reason: &'static str,
    },
    /// The payload is not JSON.
    #[error("not valid JSON: {reason}; hint: the message is damaged or has another encoding")]
    Json {
        /// What is wrong.
        reason: String,
    },
    /// A JSON value has another type than its schema declares.
    #[error(
        "expected {expected}, found {found}; hint: the message does not follow its JSON schema"
    )]
    JsonType {
        /// The declared type.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
}

impl DecodeCause {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "decode.truncated",
            Self::SequenceTooLong { .. } => "decode.sequence_too_long",
            Self::Representation { .. } => "decode.representation",
            Self::Mutable { .. } => "decode.mutable",
            Self::InvalidUtf8 => "decode.invalid_utf8",
            Self::TooManyValues { .. } => "decode.too_many_values",
            Self::BatchFull { .. } => "decode.batch_full",
            Self::Protobuf { .. } => "decode.protobuf",
            Self::FlatBuffer { .. } => "decode.flatbuffer",
            Self::Json { .. } => "decode.json",
            Self::JsonType { .. } => "decode.json_type",
        }
    }
}
