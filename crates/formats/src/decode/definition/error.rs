//! Why a message definition could not be understood.

/// A message definition that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The schema's encoding is not a definition language read here.
    #[error(
        "schema encoding `{encoding}` is not supported; hint: ros1msg, ros2msg, ros2idl, omgidl, protobuf and jsonschema are"
    )]
    Encoding {
        /// The encoding named.
        encoding: String,
    },
    /// The payload's encoding is not one the schema can describe.
    #[error(
        "messages encoded as `{message_encoding}` cannot be decoded with a schema of encoding `{schema_encoding}`; hint: cdr goes with ros2msg, ros2idl and omgidl, ros1 with ros1msg, protobuf with protobuf, json with jsonschema or none"
    )]
    Pairing {
        /// Encoding of the messages.
        message_encoding: String,
        /// Encoding of the schema.
        schema_encoding: String,
    },
    /// A line that does not follow the grammar.
    #[error("line {line} of the definition: expected {expected}, found `{found}`; hint: {hint}")]
    Syntax {
        /// Line, from 1, in the text of the schema.
        line: usize,
        /// What the grammar asks for.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// The language has this, the decoder does not.
    #[error(
        "line {line} of the definition: `{feature}` is not supported; hint: the channel can be checked but not decoded"
    )]
    Unsupported {
        /// Line, from 1.
        line: usize,
        /// The construct.
        feature: &'static str,
    },
    /// A type that the bundle does not define.
    #[error(
        "type `{name}`, used by `{within}`, is not defined; hint: record with the full definition of the message, its parts included"
    )]
    UnknownType {
        /// The type as written.
        name: String,
        /// The type that uses it.
        within: String,
    },
    /// A type that contains itself.
    #[error("type `{name}` contains itself; hint: message types cannot be recursive")]
    Recursive {
        /// The type.
        name: String,
    },
    /// More than a written limit allows.
    #[error("the definition has more than `{limit}` {what}; hint: it is damaged or hostile")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A protobuf descriptor or JSON schema that does not parse.
    #[error(
        "the schema is not a valid {language}: {reason}; hint: the recording's schema is damaged"
    )]
    Schema {
        /// `FileDescriptorSet` or `JSON schema`.
        language: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl DefinitionError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Encoding { .. } => "definition.encoding",
            Self::Pairing { .. } => "definition.pairing",
            Self::Syntax { .. } => "definition.syntax",
            Self::Unsupported { .. } => "definition.unsupported",
            Self::UnknownType { .. } => "definition.unknown_type",
            Self::Recursive { .. } => "definition.recursive",
            Self::TooLarge { .. } => "definition.too_large",
            Self::Schema { .. } => "definition.schema",
        }
    }

    /// A syntax error with the found text cut to a readable length.
    pub(crate) fn syntax(
        line: usize,
        expected: &'static str,
        found: &str,
        hint: &'static str,
    ) -> Self {
        Self::Syntax {
            line,
            expected,
            found: found.chars().take(60).collect(),
            hint,
        }
    }
}
