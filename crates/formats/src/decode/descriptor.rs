//! What a serialized `FileDescriptorSet` says about message types, read with our own wire reader.
//!
//! Read [`MessageDescriptor`] and [`FieldDescriptor`] first. Only what decoding needs is kept: names,
//! numbers, types, presence. Source: google/protobuf/descriptor.proto (numbers of fields)
//! and protobuf.dev, "Field Presence" and "Feature Settings for Editions".
//!
//! Not here: services, extensions, declared defaults (a field that has one is null when absent, not
//! filled in), options without meaning on the wire; a check that the set is
//! what a compiler would write. Where two types have one name the first counts.

use super::definition::MAX_DEPTH;
use super::wire::{WireReader, WireValue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether absence of a field can be told from zero, as `FeatureSet.field_presence` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Explicit,
    Implicit,
    Required,
}

impl Presence {
    fn of(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Explicit),
            2 => Some(Self::Implicit),
            3 => Some(Self::Required),
            _ => None,
        }
    }
}

/// Every type of a set, by full name.
#[derive(Debug, Default)]
struct Pool {
    messages: BTreeMap<String, Arc<MessageType>>,
    enums: BTreeMap<String, Arc<EnumType>>,
}

#[derive(Debug, Default)]
struct MessageType {
    full_name: String,
    fields: Vec<FieldType>,
    map_entry: bool,
}

#[derive(Debug)]
struct FieldType {
    name: String,
    number: u32,
    repeated: bool,
    presence: Presence,
    scalar: u64,
    /// Full name of the message or enumeration.
    type_name: String,
}

/// Values of an enumeration in the order written.
#[derive(Debug, Default)]
pub(crate) struct EnumType {
    /// Number and name.
    pub(crate) values: Vec<(i32, String)>,
}

/// A message type of a set.
#[derive(Clone, Debug)]
pub(crate) struct MessageDescriptor {
    pool: Arc<Pool>,
    message: Arc<MessageType>,
}

/// A field of a message type.
#[derive(Clone, Debug)]
pub(crate) struct FieldDescriptor {
    message: MessageDescriptor,
    index: usize,
}

/// Type of a field.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Message(MessageDescriptor),
    Enum(Arc<EnumType>),
}

/// The message type of that name in a set.
///
/// # Errors
/// What is wrong with the set, in words: not the wire format, a name that is not UTF-8, a reference
/// to a type it does not hold, deeper nesting than definitions may have. Cost: linear in the set.
pub(crate) fn find(set: &[u8], full_name: &str) -> Result<MessageDescriptor, String> {
    let mut pool = Pool::default();
    each(set, |number, value| match (number, value) {
        (1, WireValue::Bytes(file)) => pool.file(file),
        _ => Ok(()),
    })?;
    pool.resolve()?;
    let message = pool
        .messages
        .get(full_name.trim_start_matches('.'))
        .cloned();
    let message = message.ok_or_else(|| format!("it does not hold `{full_name}`"))?;
    Ok(MessageDescriptor {
        pool: Arc::new(pool),
        message,
    })
}

/// Calls `take` for every field of an encoded message.
fn each<'a>(
    bytes: &'a [u8],
    mut take: impl FnMut(u32, WireValue<'a>) -> Result<(), String>,
) -> Result<(), String> {
    let mut reader = WireReader::new(bytes);
    while let Some((number, value)) = reader.next().map_err(|e| e.to_string())? {
        take(number, value)?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a name is not UTF-8".to_owned())
}

fn joined(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

/// `field_presence` of the feature set in field `features` of encoded options.
fn presence_option(options: &[u8], features: u32) -> Result<Option<Presence>, String> {
    let mut found = None;
    each(options, |number, value| {
        let (true, WireValue::Bytes(set)) = (number == features, value) else {
            return Ok(());
        };
        each(set, |number, value| {
            if let (1, WireValue::Varint(v)) = (number, value) {
                found = Presence::of(v);
            }
            Ok(())
        })
    })?;
    Ok(found)
}

impl Pool {
    fn file(&mut self, file: &[u8]) -> Result<(), String> {
        let (mut package, mut syntax, mut presence) = (String::new(), String::new(), None);
        each(file, |number, value| {
            if let WireValue::Bytes(bytes) = value {
                match number {
                    2 => package = text(bytes)?,
                    8 => presence = presence_option(bytes, 50)?,
                    12 => syntax = text(bytes)?,
                    _ => {}
                }
            }
            Ok(())
        })?;
        let presence = match syntax.as_str() {
            "proto3" => Presence::Implicit,
            "editions" => presence.unwrap_or(Presence::Explicit),
            _ => Presence::Explicit,
        };
        each(file, |number, value| match (number, value) {
            (4, WireValue::Bytes(message)) => self.message(message, &package, presence, 0),
            (5, WireValue::Bytes(names)) => self.enumeration(names, &package),
            _ => Ok(()),
        })
    }

    fn message(
        &mut self,
        bytes: &[u8],
        scope: &str,
        presence: Presence,
        depth: usize,
    ) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("types are nested deeper than {MAX_DEPTH}"));
        }
        let mut message = MessageType::default();
        let mut presence = presence;
        each(bytes, |number, value| {
            match (number, value) {
                (1, WireValue::Bytes(name)) => message.full_name = joined(scope, &text(name)?),
                (7, WireValue::Bytes(options)) => {
                    presence = presence_option(options, 12)?.unwrap_or(presence);
                    each(options, |number, value| {
                        if let (7, WireValue::Varint(v)) = (number, value) {
                            message.map_entry = v != 0;
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        let name = message.full_name.clone();
        each(bytes, |number, value| match (number, value) {
            (2, WireValue::Bytes(field)) => {
                message.fields.push(FieldType::read(field, presence)?);
                Ok(())
            }
            (3, WireValue::Bytes(inner)) => {
                self.message(inner, &name, presence, depth.saturating_add(1))
            }
            (4, WireValue::Bytes(names)) => self.enumeration(names, &name),
            _ => Ok(()),
        })?;
        self.messages
            .entry(name)
            .or_insert_with(|| Arc::new(message));
        Ok(())
    }

    fn enumeration(&mut self, bytes: &[u8], scope: &str) -> Result<(), String> {
        let (mut name, mut values) = (String::new(), Vec::new());
        each(bytes, |number, value| {
            match (number, value) {
                (1, WireValue::Bytes(bytes)) => name = joined(scope, &text(bytes)?),
                (2, WireValue::Bytes(bytes)) => values.push(enum_value(bytes)?),
                _ => {}
            }
            Ok(())
        })?;
        self.enums
            .entry(name)
            .or_insert_with(|| Arc::new(EnumType { values }));
        Ok(())
    }

    /// Replaces every type name by the full one, looked up from the inside out as the language does.
    fn resolve(&mut self) -> Result<(), String> {
        let mut resolved = BTreeMap::new();
        for (owner, message) in &self.messages {
            let mut fields = Vec::with_capacity(message.fields.len());
            for field in &message.fields {
                let mut field = field.clone();
                if field.scalar == TYPE_UNSET || matches!(field.scalar, 10 | 11 | 14) {
                    let found = self.lookup(owner, &field.type_name).ok_or_else(|| {
                        format!(
                            "`{owner}.{}` names the type `{}`, which it does not hold",
                            field.name, field.type_name
                        )
                    })?;
                    field.type_name = found;
                } else if !(1..=18).contains(&field.scalar) {
                    return Err(format!(
                        "`{owner}.{}` has the unknown type `{}`",
                        field.name, field.scalar
                    ));
                }
                fields.push(field);
            }
            let message = MessageType {
                full_name: message.full_name.clone(),
                fields,
                map_entry: message.map_entry,
            };
            resolved.insert(owner.clone(), Arc::new(message));
        }
        self.messages = resolved;
        Ok(())
    }

    fn lookup(&self, owner: &str, name: &str) -> Option<String> {
        let known = |name: &str| self.messages.contains_key(name) || self.enums.contains_key(name);
        if let Some(full) = name.strip_prefix('.') {
            return known(full).then(|| full.to_owned());
        }
        let mut scope = owner;
        loop {
            let full = joined(scope, name);
            if known(&full) {
                return Some(full);
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }
}

/// A field whose type is only named.
const TYPE_UNSET: u64 = 0;

fn enum_value(bytes: &[u8]) -> Result<(i32, String), String> {
    let (mut number, mut name) = (0, String::new());
    each(bytes, |field, value| {
        match (field, value) {
            (1, WireValue::Bytes(bytes)) => name = text(bytes)?,
            (2, WireValue::Varint(v)) => number = low_bits(v),
            _ => {}
        }
        Ok(())
    })?;
    Ok((number, name))
}

/// An `int32` from its varint, which carries the sign through all ten bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the protobuf specification prescribes truncation"
)]
fn low_bits(value: u64) -> i32 {
    (value as u32).cast_signed()
}

impl Clone for FieldType {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            type_name: self.type_name.clone(),
            ..*self
        }
    }
}

impl FieldType {
    fn read(bytes: &[u8], presence: Presence) -> Result<Self, String> {
        let mut field = Self {
            name: String::new(),
            number: 0,
            repeated: false,
            presence,
            scalar: TYPE_UNSET,
            type_name: String::new(),
        };
        let (mut label, mut in_oneof) = (0, false);
        each(bytes, |number, value| {
            match (number, value) {
                (1, WireValue::Bytes(bytes)) => field.name = text(bytes)?,
                (3, WireValue::Varint(v)) => field.number = low_bits(v).cast_unsigned(),
                (4, WireValue::Varint(v)) => label = v,
                (5, WireValue::Varint(v)) => field.scalar = v,
                (6, WireValue::Bytes(bytes)) => field.type_name = text(bytes)?,
                (8, WireValue::Bytes(options)) => {
                    if let Some(own) = presence_option(options, 21)? {
                        field.presence = own;
                    }
                }
                (9, WireValue::Varint(_)) => in_oneof = true,
                (17, WireValue::Varint(v)) => in_oneof |= v != 0,
                _ => {}
            }
            Ok(())
        })?;
        field.repeated = label == 3;
        if label == 2 {
            field.presence = Presence::Required;
        } else if in_oneof {
            field.presence = Presence::Explicit;
        }
        Ok(field)
    }
}

impl MessageDescriptor {
    /// Full name, `package.Outer.Inner`.
    pub(crate) fn full_name(&self) -> &str {
        &self.message.full_name
    }

    /// Fields in the order written.
    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldDescriptor> + '_ {
        (0..self.message.fields.len()).map(|index| FieldDescriptor {
            message: self.clone(),
            index,
        })
    }

    /// The field of that name.
    pub(crate) fn get_field_by_name(&self, name: &str) -> Option<FieldDescriptor> {
        self.fields().find(|field| field.name() == name)
    }
}

impl FieldDescriptor {
    fn field(&self) -> Option<&FieldType> {
        self.message.message.fields.get(self.index)
    }

    /// Name.
    pub(crate) fn name(&self) -> &str {
        self.field().map_or("", |field| field.name.as_str())
    }

    /// Number on the wire.
    pub(crate) fn number(&self) -> u32 {
        self.field().map_or(0, |field| field.number)
    }

    /// Type; a group counts as a message.
    pub(crate) fn kind(&self) -> Kind {
        let Some(field) = self.field() else {
            return Kind::Bytes;
        };
        let pool = &self.message.pool;
        if let Some(message) = pool.messages.get(&field.type_name) {
            return Kind::Message(MessageDescriptor {
                pool: Arc::clone(pool),
                message: Arc::clone(message),
            });
        }
        if let Some(names) = pool.enums.get(&field.type_name) {
            return Kind::Enum(Arc::clone(names));
        }
        match field.scalar {
            1 => Kind::Double,
            2 => Kind::Float,
            3 => Kind::Int64,
            4 => Kind::Uint64,
            5 => Kind::Int32,
            6 => Kind::Fixed64,
            7 => Kind::Fixed32,
            8 => Kind::Bool,
            9 => Kind::String,
            13 => Kind::Uint32,
            15 => Kind::Sfixed32,
            16 => Kind::Sfixed64,
            17 => Kind::Sint32,
            18 => Kind::Sint64,
            _ => Kind::Bytes,
        }
    }

    /// A map, which is a list of entries on the wire.
    pub(crate) fn is_map(&self) -> bool {
        self.is_repeated() && matches!(self.kind(), Kind::Message(entry) if entry.message.map_entry)
    }

    /// A list that is not a map.
    pub(crate) fn is_list(&self) -> bool {
        self.is_repeated() && !self.is_map()
    }

    fn is_repeated(&self) -> bool {
        self.field().is_some_and(|field| field.repeated)
    }

    /// A proto2 field that must be there.
    pub(crate) fn is_required(&self) -> bool {
        self.field()
            .is_some_and(|field| field.presence == Presence::Required)
    }

    /// Whether absence can be told from zero.
    pub(crate) fn supports_presence(&self) -> bool {
        let explicit = self
            .field()
            .is_some_and(|field| field.presence != Presence::Implicit);
        !self.is_repeated() && (explicit || matches!(self.kind(), Kind::Message(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(number: u8, value: u8) -> Vec<u8> {
        vec![number << 3, value]
    }

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        let mut out = Vec::new();
        // Field numbers above 15 need a second byte.
        let key = u16::from(number) << 3 | 2;
        if key < 0x80 {
            out.push(u8::try_from(key).unwrap());
        } else {
            out.push(u8::try_from(key & 0x7f).unwrap() | 0x80);
            out.push(u8::try_from(key >> 7).unwrap());
        }
        assert!(length < 0x80);
        out.push(length);
        out.extend_from_slice(content);
        out
    }

    fn field(name: &str, number: u8, label: u8, scalar: u8, type_name: &str) -> Vec<u8> {
        let mut field = bytes(1, name.as_bytes());
        field.extend(varint(3, number));
        field.extend(varint(4, label));
        field.extend(varint(5, scalar));
        if !type_name.is_empty() {
            field.extend(bytes(6, type_name.as_bytes()));
        }
        bytes(2, &field)
    }

    fn message(name: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut content = bytes(1, name.as_bytes());
        content.extend(parts.concat());
        content
    }

    fn set(package: &str, syntax: &str, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut file = bytes(2, package.as_bytes());
        file.extend(bytes(12, syntax.as_bytes()));
        file.extend(parts.concat());
        bytes(1, &file)
    }

    fn presence(syntax: &str, label: u8) -> (bool, bool) {
        let parts = [bytes(4, &message("M", &[field("a", 1, label, 5, "")]))];
        let found = find(&set("p", syntax, &parts), "p.M").expect("a sound set");
        let field = found.get_field_by_name("a").expect("the field");
        (field.supports_presence(), field.is_required())
    }

    #[test]
    fn presence_follows_syntax_and_label() {
        assert_eq!(presence("proto3", 1), (false, false));
        assert_eq!(presence("", 1), (true, false));
        assert_eq!(presence("proto2", 2), (true, true));
        assert_eq!(presence("editions", 1), (true, false));
        assert_eq!(presence("proto2", 3), (false, false));
    }

    #[test]
    fn names_are_looked_up_from_the_inside_out() {
        let inner = bytes(3, &message("In", &[field("x", 1, 1, 1, "")]));
        let outer = message(
            "Out",
            &[
                inner,
                field("i", 1, 1, 11, "In"),
                field("j", 2, 3, 11, ".p.Out.In"),
            ],
        );
        let found = find(&set("p", "proto3", &[bytes(4, &outer)]), ".p.Out").expect("a sound set");
        for name in ["i", "j"] {
            let field = found.get_field_by_name(name).expect(name);
            let Kind::Message(inner) = field.kind() else {
                panic!("{name} is no message");
            };
            assert_eq!(inner.full_name(), "p.Out.In");
            assert_eq!(field.is_list(), name == "j");
        }
    }

    #[test]
    fn what_is_wrong_with_a_set_is_said() {
        let refused = |set: &[u8]| find(set, "p.M").expect_err("refused");
        let broken = [bytes(4, &message("M", &[field("a", 1, 1, 11, ".p.N")]))];
        assert!(refused(&set("p", "proto3", &broken)).contains("`.p.N`"));
        let unknown = [bytes(4, &message("M", &[field("a", 1, 1, 99, "")]))];
        assert!(refused(&set("p", "proto3", &unknown)).contains("`99`"));
        assert!(refused(&set("q", "proto3", &[])).contains("`p.M`"));
        assert!(!refused(b"\x0a\x7f").is_empty());
        assert!(refused(&bytes(1, &bytes(2, b"\xff"))).contains("UTF-8"));
    }

    #[test]
    fn the_first_of_two_types_of_one_name_counts() {
        let first = bytes(4, &message("M", &[field("a", 1, 1, 5, "")]));
        let second = bytes(4, &message("M", &[field("b", 1, 1, 5, "")]));
        let found = find(&set("p", "proto3", &[first, second]), "p.M").expect("a sound set");
        assert!(found.get_field_by_name("a").is_some());
    }
}
