//! What a protobuf descriptor says about time and frames.
//!
//! Schemas are serialized `FileDescriptorSet`s, as MCAP prescribes.

use super::definition::DefinitionError;
use super::descriptor::{self, FieldDescriptor, Kind, MessageDescriptor};
use super::error::{DecodeCause, DecodeError};
use super::header::StampKind;
use super::wire::{WireReader, WireValue};
use crate::Schema;

/// Largest descriptor set, bytes.
const MAX_SCHEMA_BYTES: usize = 16 << 20;

/// Where a stamp lies.
pub(crate) struct StampPath {
    /// Field numbers to the time message.
    pub(crate) path: Vec<u32>,
    /// Number of its seconds.
    pub(crate) secs: u32,
    /// Number of its nanoseconds.
    pub(crate) nanos: u32,
}

/// The descriptor of the schema's type.
pub(crate) fn message(schema: &Schema) -> Result<MessageDescriptor, DefinitionError> {
    if schema.encoding != "protobuf" {
        return Err(DefinitionError::Pairing {
            message_encoding: "protobuf".to_owned(),
            schema_encoding: schema.encoding.clone(),
        });
    }
    if schema.data.len() > MAX_SCHEMA_BYTES {
        return Err(DefinitionError::TooLarge {
            what: "bytes of descriptors",
            limit: MAX_SCHEMA_BYTES as u64,
        });
    }
    descriptor::find(&schema.data, &schema.name).map_err(|reason| DefinitionError::Schema {
        language: "FileDescriptorSet",
        reason,
    })
}

/// Numbers of the seconds and nanoseconds of a time message.
pub(crate) fn time_fields(field: &FieldDescriptor) -> Option<(u32, u32)> {
    if field.is_list() {
        return None;
    }
    let Kind::Message(time) = field.kind() else {
        return None;
    };
    let number = |names: &[&str]| -> Option<u32> {
        names
            .iter()
            .find_map(|name| time.get_field_by_name(name))
            .filter(|f| !f.is_list() && !matches!(f.kind(), Kind::Message(_) | Kind::String))
            .map(|f| f.number())
    };
    Some((
        number(&["seconds", "sec", "secs"])?,
        number(&["nanos", "nanosec", "nsec", "nsecs", "nanoseconds"])?,
    ))
}

fn single_message(message: &MessageDescriptor, name: &str) -> Option<(u32, MessageDescriptor)> {
    let field = message.get_field_by_name(name)?;
    match field.kind() {
        Kind::Message(inner) if !field.is_list() && !field.is_map() => {
            Some((field.number(), inner))
        }
        _ => None,
    }
}

/// What kind of stamp a message has.
pub(crate) fn stamp_field(message: &MessageDescriptor) -> Option<StampKind> {
    stamp(message).map(|(kind, _)| kind)
}

/// Where the stamp of a message lies.
pub(crate) fn stamp_path(message: &MessageDescriptor) -> Option<StampPath> {
    stamp(message).map(|(_, path)| path)
}

fn stamp(message: &MessageDescriptor) -> Option<(StampKind, StampPath)> {
    let time = |owner: &MessageDescriptor, name: &str, mut path: Vec<u32>| {
        let field = owner.get_field_by_name(name)?;
        let (secs, nanos) = time_fields(&field)?;
        path.push(field.number());
        Some(StampPath { path, secs, nanos })
    };
    if let Some((number, header)) = single_message(message, "header") {
        for name in ["stamp", "timestamp"] {
            if let Some(path) = time(&header, name, vec![number]) {
                return Some((StampKind::Header, path));
            }
        }
    }
    for (name, kind) in [
        ("timestamp", StampKind::Timestamp),
        ("stamp", StampKind::Stamp),
    ] {
        if let Some(path) = time(message, name, Vec::new()) {
            return Some((kind, path));
        }
    }
    None
}

/// Path of the text that names the frame of the stamp.
pub(crate) fn frame_path(message: &MessageDescriptor) -> Option<Vec<u32>> {
    let text = |owner: &MessageDescriptor, name: &str| {
        owner
            .get_field_by_name(name)
            .filter(|f| matches!(f.kind(), Kind::String) && !f.is_list())
            .map(|f| f.number())
    };
    if let Some((number, header)) = single_message(message, "header")
        && let Some(frame) = text(&header, "frame_id")
    {
        return Some(vec![number, frame]);
    }
    text(message, "frame_id")
        .or_else(|| text(message, "parent_frame_id"))
        .map(|number| vec![number])
}

/// Number and element type of a list of messages that is the only field (`FrameTransforms`) or is called `transforms`.
pub(crate) fn first_list(message: &MessageDescriptor) -> Option<(u32, MessageDescriptor)> {
    let field = message.get_field_by_name("transforms").or_else(|| {
        let mut fields = message.fields();
        let only = fields.next()?;
        fields.next().is_none().then_some(only)
    })?;
    match field.kind() {
        Kind::Message(inner) if field.is_list() => Some((field.number(), inner)),
        _ => None,
    }
}

/// Nanoseconds of an encoded time message; absent words are 0, as protobuf has it.
pub(crate) fn time(bytes: &[u8], secs: u32, nanos: u32) -> Result<i64, DecodeError> {
    let mut reader = WireReader::new(bytes);
    let (mut seconds, mut nanoseconds) = (0_i64, 0_i64);
    while let Some((number, value)) = reader.next()? {
        if number == secs {
            seconds = integer(value)?;
        } else if number == nanos {
            nanoseconds = integer(value)?;
        }
    }
    Ok(super::plan::nanos_of(seconds, nanoseconds))
}

fn integer(value: WireValue<'_>) -> Result<i64, DecodeError> {
    value.integer().ok_or_else(|| wrong_type("a whole number"))
}

/// A value whose wire type does not fit its field.
#[cold]
pub(crate) fn wrong_type(expected: &str) -> DecodeError {
    DecodeError::new(
        0,
        DecodeCause::Protobuf {
            reason: format!("expected {expected}, found another wire type"),
        },
    )
}
