//! What a `reflection.Schema` buffer says, read with the same walker.

use super::table::Table;
use crate::decode::definition::{DefinitionError, Primitive};
use crate::decode::error::DecodeError;

/// Largest schema, bytes.
const MAX_SCHEMA_BYTES: usize = 16 << 20;
/// Most objects and enumerations, and most fields and values of all of them together.
const MAX_PARTS: usize = 65_536;

/// The types of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    /// Tables and structs.
    pub(crate) objects: Vec<Object>,
    /// Names and numbers of the values of enumerations; none for unions.
    enums: Vec<Vec<(i64, String)>>,
    /// Index of the type the schema is for.
    pub(crate) root: usize,
}

/// A table or struct.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// Name with its namespace.
    pub(crate) name: String,
    /// Fields in the order of their ids.
    pub(crate) fields: Vec<Field>,
    /// Whether it lies in place, without a vtable.
    pub(crate) is_struct: bool,
    /// Bytes of a struct.
    bytesize: usize,
}

/// A field of a table or struct.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Name.
    pub(crate) name: String,
    /// Type.
    pub(crate) kind: Kind,
    /// Place in the vtable or the struct.
    pub(crate) offset: u16,
    /// Value of an absent number.
    pub(crate) default_integer: i64,
    /// Value of an absent float.
    pub(crate) default_real: f64,
    /// Whether an absent number is none and not its default.
    pub(crate) optional: bool,
    id: u16,
}

/// Type of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// A number, with the index of its enumeration.
    Number(Primitive, Option<usize>),
    /// Text.
    Text,
    /// A table or struct by index.
    Object(usize),
}

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    One(Base),
    /// A vector.
    Vector(Base),
    /// A fixed array of a struct.
    Array(Base, usize),
    /// Not read: why.
    Skipped(&'static str),
}

impl Schema {
    /// Reads the binary schema of MCAP (`flatbuffer`), for the table its name says.
    pub(crate) fn parse(schema: &crate::Schema) -> Result<Self, DefinitionError> {
        if schema.encoding != "flatbuffer" {
            return Err(DefinitionError::Pairing {
                message_encoding: "flatbuffer".to_owned(),
                schema_encoding: schema.encoding.clone(),
            });
        }
        if schema.data.len() > MAX_SCHEMA_BYTES {
            return Err(DefinitionError::TooLarge {
                what: "bytes of binary schema",
                limit: MAX_SCHEMA_BYTES as u64,
            });
        }
        let refused = |reason: String| DefinitionError::Schema {
            language: "FlatBuffers binary schema",
            reason,
        };
        if schema.data.get(4..8) != Some(b"BFBS".as_slice()) {
            return Err(refused("it does not begin as one".to_owned()));
        }
        let mut parsed = read(&schema.data).map_err(|error| refused(error.to_string()))?;
        parsed.root = parsed
            .objects
            .iter()
            .position(|object| object.name == schema.name && !object.is_struct)
            .ok_or_else(|| refused(format!("it has no table `{}`", schema.name)))?;
        parsed.check().map_err(refused)?;
        Ok(parsed)
    }

    /// A type by index.
    pub(crate) fn object(&self, index: usize) -> Option<&Object> {
        self.objects.get(index)
    }

    /// Values of an enumeration; empty for unions.
    pub(crate) fn names(&self, index: usize) -> &[(i64, String)] {
        self.enums.get(index).map_or(&[], Vec::as_slice)
    }

    /// Bytes of an element of a vector.
    pub(crate) fn stride(&self, base: Base) -> usize {
        match base {
            Base::Number(primitive, _) => primitive.size(),
            Base::Text => 4,
            Base::Object(index) => match self.objects.get(index) {
                Some(object) if object.is_struct => object.bytesize,
                _ => 4,
            },
        }
    }

    /// Refuses what would let a reader go astray: types that are not there, structs without size.
    fn check(&self) -> Result<(), String> {
        for object in &self.objects {
            if object.is_struct && object.bytesize == 0 {
                return Err(format!("struct `{}` has no size", object.name));
            }
            for field in &object.fields {
                let (Kind::One(base) | Kind::Vector(base) | Kind::Array(base, _)) = field.kind
                else {
                    continue;
                };
                let known = match base {
                    Base::Object(index) => self.objects.get(index),
                    _ => continue,
                };
                let Some(inner) = known else {
                    return Err(format!(
                        "`{}.{}` refers to a type it does not hold",
                        object.name, field.name
                    ));
                };
                // What lies in place inside itself would have no end.
                let inside = object.is_struct && !matches!(field.kind, Kind::Vector(_));
                if inside && !(inner.is_struct && inner.bytesize <= object.bytesize) {
                    return Err(format!(
                        "`{}.{}` does not fit into its struct",
                        object.name, field.name
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Places in the vtables of `reflection.fbs`: 4 and twice the id.
const fn slot(id: u16) -> u16 {
    id.saturating_mul(2).saturating_add(4)
}

fn read(bytes: &[u8]) -> Result<Schema, DecodeError> {
    let schema = Table::root(bytes)?;
    let mut parts = 0_usize;
    let mut objects = Vec::new();
    each(&schema, slot(0), &mut parts, |object, parts| {
        let mut fields = Vec::new();
        each(&object, slot(1), parts, |field, _| {
            fields.push(read_field(&field)?);
            Ok(())
        })?;
        fields.sort_by_key(|field| field.id);
        objects.push(Object {
            name: name(&object)?,
            fields,
            is_struct: integer(&object, slot(2), Primitive::Bool, 0)? != 0,
            bytesize: usize::try_from(integer(&object, slot(4), Primitive::I32, 0)?).unwrap_or(0),
        });
        Ok(())
    })?;
    let mut enums = Vec::new();
    each(&schema, slot(1), &mut parts, |names, parts| {
        let mut values = Vec::new();
        let union = integer(&names, slot(2), Primitive::Bool, 0)? != 0;
        each(&names, slot(1), parts, |value, _| {
            if !union {
                values.push((integer(&value, slot(1), Primitive::I64, 0)?, name(&value)?));
            }
            Ok(())
        })?;
        enums.push(values);
        Ok(())
    })?;
    Ok(Schema {
        objects,
        enums,
        root: 0,
    })
}

/// Calls `take` for every table of a vector.
fn each<'a>(
    table: &Table<'a>,
    slot: u16,
    parts: &mut usize,
    mut take: impl FnMut(Table<'a>, &mut usize) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let Some(place) = table.place(slot) else {
        return Ok(());
    };
    let vector = table.vector_at(place, 4)?;
    for index in 0..vector.count {
        *parts = parts.saturating_add(1);
        if *parts > MAX_PARTS {
            return Err(super::broken(
                place,
                "it holds more than 65,536 types and fields",
            ));
        }
        take(table.table_at(vector.place(index))?, parts)?;
    }
    Ok(())
}

fn name(table: &Table<'_>) -> Result<String, DecodeError> {
    match table.place(slot(0)) {
        Some(place) => Ok(String::from_utf8_lossy(table.text_at(place)?).into_owned()),
        None => Ok(String::new()),
    }
}

fn integer(
    table: &Table<'_>,
    slot: u16,
    primitive: Primitive,
    absent: i64,
) -> Result<i64, DecodeError> {
    let Some(place) = table.place(slot) else {
        return Ok(absent);
    };
    let bytes = table.bytes_at(place, primitive.size())?;
    let value = crate::decode::fields::number(bytes, primitive, false);
    Ok(value.map_or(absent, |value| value.integer()))
}

fn read_field(field: &Table<'_>) -> Result<Field, DecodeError> {
    let small = |id: u16| integer(field, slot(id), Primitive::U16, 0);
    let flag = |id: u16| integer(field, slot(id), Primitive::Bool, 0);
    let kind = match field.place(slot(1)) {
        _ if flag(13)? != 0 => Kind::Skipped("a 64-bit offset"),
        Some(place) => read_kind(&field.table_at(place)?)?,
        None => Kind::Skipped("no type"),
    };
    let default_real = match field.place(slot(5)) {
        Some(place) => {
            let bytes = field.bytes_at(place, 8)?.first_chunk().copied();
            f64::from_le_bytes(bytes.unwrap_or_default())
        }
        None => 0.0,
    };
    Ok(Field {
        name: name(field)?,
        kind,
        offset: u16::try_from(small(3)?).unwrap_or(0),
        default_integer: integer(field, slot(4), Primitive::I64, 0)?,
        default_real,
        optional: flag(11)? != 0,
        id: u16::try_from(small(2)?).unwrap_or(0),
    })
}

fn read_kind(kind: &Table<'_>) -> Result<Kind, DecodeError> {
    let index = integer(kind, slot(2), Primitive::I32, -1)?;
    let index = usize::try_from(index).ok();
    let base = integer(kind, slot(0), Primitive::I8, 0)?;
    let element = integer(kind, slot(1), Primitive::I8, 0)?;
    let single = |number: i64| {
        base_type(number)
            .map(|primitive| Base::Number(primitive, index))
            .or(match (number, index) {
                (13, _) => Some(Base::Text),
                (15, Some(index)) => Some(Base::Object(index)),
                _ => None,
            })
    };
    let listed = |wrap: fn(Base) -> Kind| match single(element) {
        Some(base) => wrap(base),
        None => Kind::Skipped("a vector of unions or of vectors"),
    };
    Ok(match base {
        14 => listed(Kind::Vector),
        16 => Kind::Skipped("a union"),
        17 => {
            let length = integer(kind, slot(3), Primitive::U16, 0)?;
            let length = usize::try_from(length).unwrap_or(0);
            match single(element) {
                Some(base) => Kind::Array(base, length),
                None => Kind::Skipped("an array of unions or of vectors"),
            }
        }
        18 => Kind::Skipped("a 64-bit vector"),
        other => match single(other) {
            Some(base) => Kind::One(base),
            None => Kind::Skipped("an unknown type"),
        },
    })
}

/// Numbers of `reflection.BaseType`.
fn base_type(number: i64) -> Option<Primitive> {
    Some(match number {
        2 => Primitive::Bool,
        3 => Primitive::I8,
        1 | 4 => Primitive::U8,
        5 => Primitive::I16,
        6 => Primitive::U16,
        7 => Primitive::I32,
        8 => Primitive::U32,
        9 => Primitive::I64,
        10 => Primitive::U64,
        11 => Primitive::F32,
        12 => Primitive::F64,
        _ => return None,
    })
}
