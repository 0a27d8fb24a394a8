//! A message type compiled for decoding: names resolved to indexes once.
//!
//! Read [`Plan`] and [`Kind`]. The plan knows how to skip values and where fields of fixed place
//! lie; `columns` and `views` walk it with a [`Cursor`].

use super::cdr::{Cursor, Dialect, Fault};
use super::definition::{Definitions, Extensibility, FieldType, Primitive};
use super::error::{DecodeCause, DecodeError};
use std::collections::BTreeMap;

/// A compiled message type.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Types reachable from the root.
    pub(crate) structs: Vec<StructPlan>,
    /// Index of the root type.
    pub(crate) root: usize,
}

/// A struct of a plan.
#[derive(Clone, Debug)]
pub(crate) struct StructPlan {
    /// Canonical type name.
    pub(crate) name: String,
    /// Fields in wire order.
    pub(crate) fields: Vec<FieldPlan>,
    /// Declared extensibility.
    pub(crate) extensibility: Option<Extensibility>,
    /// Fewest bytes a value takes in any dialect, without padding.
    pub(crate) min_bytes: u64,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub(crate) struct FieldPlan {
    /// Name.
    pub(crate) name: String,
    /// What is read.
    pub(crate) kind: Kind,
}

/// How a value is read.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A number or truth value.
    Primitive(Primitive),
    /// An enumeration; like its integer, but XCDR2 does not count it as primitive in collections.
    Enum(Primitive),
    /// Text.
    Text,
    /// Wide text.
    WideText,
    /// Two 32-bit words, seconds and nanoseconds.
    Time(TimeForm),
    /// A struct by index.
    Struct(usize),
    /// A counted list.
    Sequence {
        /// Elements.
        element: Box<Kind>,
        /// Fewest bytes an element takes.
        min_bytes: u64,
    },
    /// A list of fixed length.
    Array {
        /// Elements.
        element: Box<Kind>,
        /// Number of elements.
        length: usize,
    },
}

/// Signedness of the words of a time, and whether XCDR2 sees a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// ROS 1 `time`: both unsigned.
    Ros1Time,
    /// ROS 1 `duration`: both signed.
    Ros1Duration,
    /// `builtin_interfaces/Time` and `Duration`: seconds signed, nanoseconds unsigned.
    Ros2,
}

impl Kind {
    /// Whether XCDR2 writes collections of it without DHEADER.
    pub(crate) fn is_primitive(&self) -> bool {
        matches!(self, Self::Primitive(_))
    }
}

impl Plan {
    /// Compiles the definitions of a root type. Cost: linear in the types reachable.
    pub(crate) fn compile(definitions: &Definitions) -> Self {
        let mut compiler = Compiler {
            definitions,
            indexes: BTreeMap::new(),
            structs: Vec::new(),
        };
        let root = compiler.structure(&definitions.root);
        Self {
            structs: compiler.structs,
            root,
        }
    }

    /// A struct by index; none only for indexes this plan never gave out.
    pub(crate) fn structure(&self, index: usize) -> Option<&StructPlan> {
        self.structs.get(index)
    }

    /// The root struct.
    pub(crate) fn root(&self) -> Option<&StructPlan> {
        self.structure(self.root)
    }

    /// Enters a struct, refusing those written as parameter lists.
    pub(crate) fn enter(
        structure: &StructPlan,
        cursor: &mut Cursor<'_>,
    ) -> Result<super::cdr::Scope, DecodeError> {
        if structure.extensibility == Some(Extensibility::Mutable)
            && cursor.dialect() != Dialect::Ros1
        {
            return Err(DecodeError::new(
                cursor.position(),
                DecodeCause::Mutable {
                    name: structure.name.clone(),
                },
            ));
        }
        Ok(cursor.enter_struct(structure.extensibility, structure.fields.is_empty())?)
    }

    /// Moves past a value. Lists of primitives and delimited values cost constant time.
    pub(crate) fn skip(&self, kind: &Kind, cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
        match kind {
            Kind::Primitive(p) | Kind::Enum(p) => {
                cursor.primitives(p.size(), 1)?;
            }
            Kind::Text => {
                cursor.text()?;
            }
            Kind::WideText => {
                cursor.wide_text()?;
            }
            Kind::Time(form) => {
                read_time(*form, cursor)?;
            }
            Kind::Struct(index) => {
                let Some(structure) = self.structure(*index) else {
                    return Ok(());
                };
                let scope = Self::enter(structure, cursor)?;
                if cursor.skip_scope(scope) {
                    return Ok(());
                }
                for field in &structure.fields {
                    self.skip(&field.kind, cursor)
                        .map_err(|e| e.within(&field.name))?;
                }
            }
            Kind::Sequence { element, min_bytes } => {
                let scope = cursor.enter_collection(element.is_primitive())?;
                if cursor.skip_scope(scope) {
                    return Ok(());
                }
                let count = cursor.count(*min_bytes)?;
                self.skip_elements(element, count, cursor)?;
            }
            Kind::Array { element, length } => {
                let scope = cursor.enter_collection(element.is_primitive())?;
                if cursor.skip_scope(scope) {
                    return Ok(());
                }
                self.skip_elements(element, *length, cursor)?;
            }
        }
        Ok(())
    }

    fn skip_elements(
        &self,
        element: &Kind,
        count: usize,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), DecodeError> {
        if let Kind::Primitive(p) | Kind::Enum(p) = element {
            cursor.primitives(p.size(), count)?;
            return Ok(());
        }
        for _ in 0..count {
            self.skip(element, cursor)?;
        }
        Ok(())
    }
}

/// Reads a time as nanoseconds. Every value fits: 2^32 s is below 2^63 ns.
pub(crate) fn read_time(form: TimeForm, cursor: &mut Cursor<'_>) -> Result<i64, Fault> {
    match form {
        TimeForm::Ros1Time => {
            let (secs, nanos) = (cursor.u32()?, cursor.u32()?);
            Ok(nanos_of(i64::from(secs), i64::from(nanos)))
        }
        TimeForm::Ros1Duration => {
            let (secs, nanos) = (cursor.i32()?, cursor.i32()?);
            Ok(nanos_of(i64::from(secs), i64::from(nanos)))
        }
        TimeForm::Ros2 => {
            let scope = cursor.enter_struct(None, false)?;
            let (secs, nanos) = (cursor.i32()?, cursor.u32()?);
            cursor.leave(scope);
            Ok(nanos_of(i64::from(secs), i64::from(nanos)))
        }
    }
}

/// Seconds and nanoseconds as nanoseconds, saturating.
pub(crate) const fn nanos_of(secs: i64, nanos: i64) -> i64 {
    secs.saturating_mul(1_000_000_000).saturating_add(nanos)
}

struct Compiler<'d> {
    definitions: &'d Definitions,
    indexes: BTreeMap<&'d str, usize>,
    structs: Vec<StructPlan>,
}

impl<'d> Compiler<'d> {
    /// Index of a struct, compiled on first use. Depth is bounded by the definitions' own limit.
    fn structure(&mut self, name: &'d str) -> usize {
        if let Some(index) = self.indexes.get(name) {
            return *index;
        }
        let message = self.definitions.types.get(name);
        let mut fields = Vec::new();
        let mut min_bytes = 0_u64;
        for field in message.map_or(&[][..], |m| m.fields.as_slice()) {
            let kind = self.kind(&field.kind);
            min_bytes = min_bytes.saturating_add(self.min_bytes(&kind));
            fields.push(FieldPlan {
                name: field.name.clone(),
                kind,
            });
        }
        let index = self.structs.len();
        self.structs.push(StructPlan {
            name: name.to_owned(),
            fields,
            extensibility: message.and_then(|m| m.extensibility),
            min_bytes,
        });
        self.indexes.insert(name, index);
        index
    }

    fn kind(&mut self, kind: &'d FieldType) -> Kind {
        match kind {
            FieldType::Primitive(p) => Kind::Primitive(*p),
            FieldType::Enum(p) => Kind::Enum(*p),
            FieldType::Text { .. } => Kind::Text,
            FieldType::WideText { .. } => Kind::WideText,
            FieldType::Time => Kind::Time(TimeForm::Ros1Time),
            FieldType::Duration => Kind::Time(TimeForm::Ros1Duration),
            FieldType::Message(name) if self.is_builtin_time(name) => Kind::Time(TimeForm::Ros2),
            FieldType::Message(name) => Kind::Struct(self.structure(name)),
            FieldType::Sequence { element, .. } => {
                let element = self.kind(element);
                let min_bytes = self.min_bytes(&element);
                Kind::Sequence {
                    element: Box::new(element),
                    min_bytes,
                }
            }
            FieldType::Array { element, length } => Kind::Array {
                element: Box::new(self.kind(element)),
                length: usize::try_from(*length).unwrap_or(usize::MAX),
            },
        }
    }

    /// The standard time types, if the bundle defines them as the standard does.
    fn is_builtin_time(&self, name: &str) -> bool {
        if name != "builtin_interfaces/Time" && name != "builtin_interfaces/Duration" {
            return false;
        }
        let standard = [
            ("sec", FieldType::Primitive(Primitive::I32)),
            ("nanosec", FieldType::Primitive(Primitive::U32)),
        ];
        self.definitions.types.get(name).is_some_and(|message| {
            message.extensibility.is_none()
                && message
                    .fields
                    .iter()
                    .map(|f| (f.name.as_str(), &f.kind))
                    .eq(standard.iter().map(|(n, k)| (*n, k)))
        })
    }

    fn min_bytes(&self, kind: &Kind) -> u64 {
        match kind {
            Kind::Primitive(p) | Kind::Enum(p) => p.size() as u64,
            Kind::Text | Kind::WideText | Kind::Sequence { .. } => 4,
            Kind::Time(_) => 8,
            Kind::Struct(index) => self.structs.get(*index).map_or(0, |s| s.min_bytes),
            Kind::Array { element, length } => {
                self.min_bytes(element).saturating_mul(*length as u64)
            }
        }
    }
}
