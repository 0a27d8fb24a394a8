//! Message definitions: the text or descriptor a recording carries, parsed into one type model.
//!
//! Read [`Definitions`] first. [`Definitions::parse`] accepts `ros1msg`, `ros2msg` and `ros2idl`
//! (also `omgidl`) bundles; protobuf descriptors and JSON schemas are read where they are used.
//!
//! Limits: 4 MiB of text, 4,096 types, 65,536 fields, 16,777,216 elements of fixed arrays in one
//! message, 48 levels of nesting. Beyond them parsing is an error, never a large allocation.

mod error;
mod idl;
mod lexer;
mod resolve;
mod rosmsg;

pub use error::DefinitionError;

use crate::Schema;
use std::collections::BTreeMap;

/// Largest definition text, bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 4 << 20;
/// Most types in one bundle.
pub(crate) const MAX_TYPES: usize = 4096;
/// Most fields and constants in one bundle.
pub(crate) const MAX_FIELDS: usize = 65_536;
/// Most elements of one fixed array, and of all fixed arrays of one message together.
pub(crate) const MAX_FIXED_ELEMENTS: u64 = 1 << 24;
/// Deepest nesting of structs, arrays and sequences.
pub(crate) const MAX_DEPTH: usize = 48;

/// A number or truth value of fixed width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// One byte, 0 is false.
    Bool,
    /// Signed 8 bit.
    I8,
    /// Unsigned 8 bit; also `char` of ROS, `octet` and `char` of IDL, `byte` of ROS 2.
    U8,
    /// Signed 16 bit.
    I16,
    /// Unsigned 16 bit; also `wchar`.
    U16,
    /// Signed 32 bit.
    I32,
    /// Unsigned 32 bit.
    U32,
    /// Signed 64 bit.
    I64,
    /// Unsigned 64 bit.
    U64,
    /// IEEE 754 single.
    F32,
    /// IEEE 754 double.
    F64,
}

impl Primitive {
    /// Bytes on the wire.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// Type of a field. Bounds are kept for readers of the definition; decoding does not enforce them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A number or truth value.
    Primitive(Primitive),
    /// An IDL enumeration, stored as this integer.
    Enum(Primitive),
    /// Text of bytes, at most `bound` of them.
    Text {
        /// Declared bound, none for unbounded.
        bound: Option<u32>,
    },
    /// Text of 16-bit units, at most `bound` of them.
    WideText {
        /// Declared bound, none for unbounded.
        bound: Option<u32>,
    },
    /// ROS 1 `time`.
    Time,
    /// ROS 1 `duration`.
    Duration,
    /// Another message by its canonical name, see [`canonical_name`].
    Message(String),
    /// Any number of elements, at most `bound`.
    Sequence {
        /// Type of the elements.
        element: Box<FieldType>,
        /// Declared bound, none for unbounded.
        bound: Option<u32>,
    },
    /// Exactly `length` elements.
    Array {
        /// Type of the elements.
        element: Box<FieldType>,
        /// Number of elements, at least 1.
        length: u32,
    },
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: FieldType,
    /// Default value as written, none without.
    pub default: Option<String>,
}

/// A constant of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: FieldType,
    /// Value as written.
    pub value: String,
}

/// How a type may grow, `@final`, `@appendable` or `@mutable` of IDL (DDS-XTypes 1.3, 7.2.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extensibility {
    /// Never grows.
    Final,
    /// Grows at its end; XCDR2 puts its size before it.
    Appendable,
    /// Grows anywhere; written as a parameter list, which is not read.
    Mutable,
}

/// A message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageType {
    /// Canonical name, see [`canonical_name`].
    pub name: String,
    /// Fields in wire order.
    pub fields: Vec<Field>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Declared extensibility; none where the definition language has none or does not say.
    pub extensibility: Option<Extensibility>,
}

/// All types of one bundle, every reference resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// Canonical name of the type the schema is for.
    pub root: String,
    /// Types by canonical name.
    pub types: BTreeMap<String, MessageType>,
}

impl Definitions {
    /// Parses the definition of a schema whose encoding is `ros1msg`, `ros2msg`, `ros2idl` or `omgidl`.
    ///
    /// Every type the root needs is present and free of cycles afterwards. `Header` and the types
    /// of `builtin_interfaces` are known even when the bundle lacks them. The definition of a
    /// service, as rosbag2 stores it for `…_Event` schemas, gives the event, request or response
    /// the name asks for. Cost: linear in the text.
    ///
    /// # Errors
    /// A [`DefinitionError`] that names the line and what to do.
    pub fn parse(schema: &Schema) -> Result<Self, DefinitionError> {
        let idl = match schema.encoding.as_str() {
            "ros1msg" | "ros2msg" => false,
            "ros2idl" | "omgidl" => true,
            other => {
                return Err(DefinitionError::Encoding {
                    encoding: other.to_owned(),
                });
            }
        };
        if schema.data.len() > MAX_TEXT_BYTES {
            return Err(DefinitionError::TooLarge {
                what: "bytes of definition text",
                limit: MAX_TEXT_BYTES as u64,
            });
        }
        // Comments in old ROS 1 packages are Latin-1; names and types are ASCII in any case.
        let text = String::from_utf8_lossy(&schema.data);
        let root = canonical_name(&schema.name);
        let mut tables = idl::Tables::default();
        let language = rosmsg::Language {
            ros1: schema.encoding == "ros1msg",
        };
        for section in rosmsg::sections(&text, &root, idl)? {
            if section.idl {
                idl::parse(&section, &mut tables)?;
            } else {
                rosmsg::parse(&section, language, &mut tables.types)?;
            }
            check_size(&tables.types)?;
        }
        tables.attach_constants();
        resolve::resolve(root, tables, language)
    }

    /// [`Definitions::parse`], refusing a schema that cannot describe messages of this encoding
    /// (`cdr` or `ros1`).
    pub(crate) fn for_messages(
        schema: &Schema,
        message_encoding: &str,
    ) -> Result<Self, DefinitionError> {
        let fits = match schema.encoding.as_str() {
            "ros1msg" => message_encoding == "ros1",
            "ros2msg" | "ros2idl" | "omgidl" => message_encoding == "cdr",
            _ => true,
        };
        if !fits {
            return Err(DefinitionError::Pairing {
                message_encoding: message_encoding.to_owned(),
                schema_encoding: schema.encoding.clone(),
            });
        }
        Self::parse(schema)
    }

    /// The type the schema is for.
    pub fn root_type(&self) -> Option<&MessageType> {
        self.types.get(&self.root)
    }
}

fn check_size(types: &BTreeMap<String, MessageType>) -> Result<(), DefinitionError> {
    if types.len() > MAX_TYPES {
        return Err(DefinitionError::TooLarge {
            what: "types",
            limit: MAX_TYPES as u64,
        });
    }
    let fields: usize = types
        .values()
        .map(|t| t.fields.len().saturating_add(t.constants.len()))
        .sum();
    if fields > MAX_FIELDS {
        return Err(DefinitionError::TooLarge {
            what: "fields",
            limit: MAX_FIELDS as u64,
        });
    }
    Ok(())
}

/// The one spelling of a type name: `pkg/msg/Type`, `pkg::msg::Type` and `pkg/Type` become
/// `pkg/Type`; names of services and actions keep their middle part, `pkg/srv/Type_Request`.
pub fn canonical_name(name: &str) -> String {
    let name = name.trim().replace("::", "/");
    let name = name.trim_matches('/');
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [rest @ .., "msg", last] if !rest.is_empty() => {
            let mut joined = rest.join("/");
            joined.push('/');
            joined.push_str(last);
            joined
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_names_agree() {
        for name in [
            "std_msgs/msg/Header",
            "std_msgs::msg::Header",
            "std_msgs/Header",
        ] {
            assert_eq!(canonical_name(name), "std_msgs/Header");
        }
        assert_eq!(canonical_name("a/srv/B_Event"), "a/srv/B_Event");
        assert_eq!(canonical_name("msg/B"), "msg/B");
        assert_eq!(canonical_name(""), "");
    }
}
