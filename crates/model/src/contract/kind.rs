//! Types of fields, and which holds the values of which.
//!
//! Read [`FieldType`] first: a type is the set of its values, so that `float64` is met by a field of `int32`.
//!
//! Not here: how a decoder names its types (who fills [`super::Observed`] translates).

use crate::strict::unknown_word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Type of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// A truth value.
    Bool,
    /// A whole number with sign, of that many bits.
    Int(u8),
    /// A whole number from 0, of that many bits.
    Uint(u8),
    /// Any whole number.
    Integer,
    /// A number in single precision.
    Float32,
    /// A number in double precision.
    Float64,
    /// Any number.
    Number,
    /// UTF-8.
    Text,
    /// Bytes.
    Bytes,
    /// A moment.
    Time,
    /// A length of time.
    Duration,
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    /// One.
    One,
    /// A list of any length.
    Any,
    /// A list of this length.
    Of(u32),
}

/// Type of a field: `float64`, `text[]`, `float64[9]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldType {
    /// Type of its values.
    pub scalar: Scalar,
    /// How many there are.
    pub length: Length,
}

const NAMES: [(&str, Scalar); 17] = [
    ("bool", Scalar::Bool),
    ("int8", Scalar::Int(8)),
    ("int16", Scalar::Int(16)),
    ("int32", Scalar::Int(32)),
    ("int64", Scalar::Int(64)),
    ("uint8", Scalar::Uint(8)),
    ("uint16", Scalar::Uint(16)),
    ("uint32", Scalar::Uint(32)),
    ("uint64", Scalar::Uint(64)),
    ("integer", Scalar::Integer),
    ("float32", Scalar::Float32),
    ("float64", Scalar::Float64),
    ("number", Scalar::Number),
    ("text", Scalar::Text),
    ("bytes", Scalar::Bytes),
    ("time", Scalar::Time),
    ("duration", Scalar::Duration),
];

impl Scalar {
    /// Whether every value of `other` is a value of this.
    pub const fn holds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Int(bits), Self::Int(less)) | (Self::Uint(bits), Self::Uint(less)) => {
                less <= bits
            }
            (Self::Int(bits), Self::Uint(less)) => less < bits,
            (Self::Integer, Self::Int(_) | Self::Uint(_)) | (Self::Float64, Self::Float32) => true,
            (Self::Float32, Self::Int(bits) | Self::Uint(bits)) => bits <= 16,
            (Self::Float64, Self::Int(bits) | Self::Uint(bits)) => bits <= 32,
            (Self::Number, other) => other.is_number(),
            _ => self.is(other),
        }
    }

    const fn is(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Bool, Self::Bool)
                | (Self::Integer, Self::Integer)
                | (Self::Float32, Self::Float32)
                | (Self::Float64, Self::Float64)
                | (Self::Text, Self::Text)
                | (Self::Bytes, Self::Bytes)
                | (Self::Time, Self::Time)
                | (Self::Duration, Self::Duration)
        )
    }

    /// Whether values are numbers.
    pub const fn is_number(self) -> bool {
        self.is_whole() || matches!(self, Self::Float32 | Self::Float64 | Self::Number)
    }

    /// Whether values are whole numbers.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_) | Self::Integer)
    }

    fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(_, scalar)| *scalar == self);
        found.map_or("integer", |(name, _)| name)
    }
}

impl FieldType {
    /// One value of that type.
    pub const fn one(scalar: Scalar) -> Self {
        Self {
            scalar,
            length: Length::One,
        }
    }

    /// A list of any length.
    pub const fn list(scalar: Scalar) -> Self {
        Self {
            scalar,
            length: Length::Any,
        }
    }

    /// Whether every value of `other` is a value of this.
    pub fn holds(self, other: Self) -> bool {
        let fits = self.length == other.length
            || matches!((self.length, other.length), (Length::Any, Length::Of(_)));
        fits && self.scalar.holds(other.scalar)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scalar.name())?;
        match self.length {
            Length::One => Ok(()),
            Length::Any => f.write_str("[]"),
            Length::Of(length) => write!(f, "[{length}]"),
        }
    }
}

impl TryFrom<String> for FieldType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, length) = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
            None => (text.as_str(), Length::One),
            Some((name, "")) => (name, Length::Any),
            Some((name, digits)) => (
                name,
                Length::Of(digits.parse().map_err(|_| {
                    format!("`{text}` has no length\nhint: `{name}[]` or `{name}[9]`")
                })?),
            ),
        };
        let found = NAMES.iter().find(|(known, _)| *known == name);
        let (_, scalar) =
            found.ok_or_else(|| unknown_word("type", name, NAMES.map(|(name, _)| name)))?;
        Ok(Self {
            scalar: *scalar,
            length,
        })
    }
}

impl From<FieldType> for String {
    fn from(kind: FieldType) -> Self {
        kind.to_string()
    }
}

impl JsonSchema for FieldType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FieldType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = NAMES.map(|(name, _)| name).join("|");
        schemars::json_schema!({"type": "string", "pattern": format!("^({names})(\\[[0-9]*\\])?$")})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> FieldType {
        FieldType::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_type_is_the_set_of_its_values() {
        for (wide, narrow) in [
            ("int64", "uint32"),
            ("float64", "int32"),
            ("float32", "uint16"),
            ("integer", "uint64"),
            ("number", "float32"),
            ("number", "integer"),
            ("float64[]", "float32[9]"),
        ] {
            assert!(kind(wide).holds(kind(narrow)), "{wide} {narrow}");
            assert!(!kind(narrow).holds(kind(wide)), "{narrow} {wide}");
            assert!(kind(wide).holds(kind(wide)));
        }
        for (one, other) in [
            ("int64", "uint64"),
            ("float64", "int64"),
            ("text", "int8"),
            ("bool", "int8"),
            ("text", "text[]"),
        ] {
            assert!(
                !kind(one).holds(kind(other)) && !kind(other).holds(kind(one)),
                "{one} {other}"
            );
        }
        assert!(FieldType::try_from("float[x]".to_owned()).is_err());
    }
}
