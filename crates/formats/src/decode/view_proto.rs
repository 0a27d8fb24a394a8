//! Transforms and poses in protobuf messages, by field numbers taken from the descriptor.

use super::descriptor::{Kind, MessageDescriptor};
use super::error::{DecodeCause, DecodeError};
use super::proto;
use super::views::{TransformRef, Wanted};
use super::wire::{WireReader, WireValue};
use crate::Schema;

/// Field numbers of a transform or pose message.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Number of the list when the root holds one.
    list: Option<u32>,
    element: Element,
}

#[derive(Clone, Debug)]
struct Element {
    /// Field of the stamp, and of its seconds and nanoseconds.
    stamp: Option<[u32; 3]>,
    parent: u32,
    child: Option<u32>,
    /// Message around translation and rotation, for poses.
    holder: Option<u32>,
    translation: u32,
    rotation: u32,
    /// Numbers of x y z.
    vector: [u32; 3],
    /// Numbers of x y z w.
    quaternion: [u32; 4],
}

impl View {
    /// Compiles a view; none when the message lacks a part.
    pub(crate) fn compile(schema: &Schema, wanted: Wanted) -> Option<Self> {
        let root = proto::message(schema).ok()?;
        if let Some(element) = Element::compile(&root, wanted) {
            return Some(Self {
                list: None,
                element,
            });
        }
        if wanted == Wanted::Poses {
            return None;
        }
        let (number, inner) = proto::first_list(&root)?;
        Some(Self {
            list: Some(number),
            element: Element::compile(&inner, wanted)?,
        })
    }

    /// Calls `each` for every transform.
    pub(crate) fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let Some(list) = self.list else {
            each(self.element.read(WireReader::new(payload), payload)?);
            return Ok(());
        };
        let mut reader = WireReader::new(payload);
        while let Some((number, value)) = reader.next()? {
            if number == list {
                let bytes = value
                    .bytes()
                    .ok_or_else(|| proto::wrong_type("a message"))?;
                each(
                    self.element
                        .read(WireReader::inside(bytes, payload), payload)?,
                );
            }
        }
        Ok(())
    }
}

impl Element {
    fn compile(message: &MessageDescriptor, wanted: Wanted) -> Option<Self> {
        let text = |name: &str| {
            message
                .get_field_by_name(name)
                .filter(|f| matches!(f.kind(), Kind::String) && !f.is_list())
                .map(|f| f.number())
        };
        let single = |owner: &MessageDescriptor, name: &str| {
            let field = owner.get_field_by_name(name)?;
            match field.kind() {
                Kind::Message(inner) if !field.is_list() => Some((field.number(), inner)),
                _ => None,
            }
        };
        let (holder, owner, [vector_name, quat_name]) = match wanted {
            Wanted::Transforms => (None, message.clone(), ["translation", "rotation"]),
            Wanted::Poses => {
                let (number, inner) = single(message, "pose")?;
                (Some(number), inner, ["position", "orientation"])
            }
        };
        let (translation, vector) = single(&owner, vector_name)?;
        let (rotation, quaternion) = single(&owner, quat_name)?;
        let axis = |owner: &MessageDescriptor, name: &str| {
            owner
                .get_field_by_name(name)
                .filter(|f| matches!(f.kind(), Kind::Double | Kind::Float) && !f.is_list())
                .map(|f| f.number())
        };
        let child = text("child_frame_id");
        if child.is_none() && wanted == Wanted::Transforms {
            return None;
        }
        Some(Self {
            stamp: proto::stamp_path(message).and_then(|s| match s.path.as_slice() {
                [number] => Some([*number, s.secs, s.nanos]),
                _ => None,
            }),
            parent: text("parent_frame_id").or_else(|| text("frame_id"))?,
            child,
            holder,
            translation,
            rotation,
            vector: [
                axis(&vector, "x")?,
                axis(&vector, "y")?,
                axis(&vector, "z")?,
            ],
            quaternion: [
                axis(&quaternion, "x")?,
                axis(&quaternion, "y")?,
                axis(&quaternion, "z")?,
                axis(&quaternion, "w")?,
            ],
        })
    }

    fn read<'a>(
        &self,
        mut reader: WireReader<'a>,
        payload: &'a [u8],
    ) -> Result<TransformRef<'a>, DecodeError> {
        let mut slot = TransformRef::<'a>::EMPTY;
        while let Some((number, value)) = reader.next()? {
            if let Some([stamp, secs, nanos]) = self.stamp
                && number == stamp
            {
                slot.stamp_ns = proto::time(message(value)?, secs, nanos)?;
            } else if number == self.parent {
                slot.parent = text(value, payload)?;
            } else if Some(number) == self.child {
                slot.child = text(value, payload)?;
            } else if Some(number) == self.holder {
                let mut inner = WireReader::inside(message(value)?, payload);
                while let Some((number, value)) = inner.next()? {
                    self.place(number, value, payload, &mut slot)?;
                }
            } else if self.holder.is_none() {
                self.place(number, value, payload, &mut slot)?;
            }
        }
        Ok(slot)
    }

    fn place<'a>(
        &self,
        number: u32,
        value: WireValue<'a>,
        payload: &'a [u8],
        slot: &mut TransformRef<'a>,
    ) -> Result<(), DecodeError> {
        if number == self.translation {
            numbers(
                message(value)?,
                payload,
                &self.vector,
                &mut slot.translation_m,
            )?;
        } else if number == self.rotation {
            numbers(
                message(value)?,
                payload,
                &self.quaternion,
                &mut slot.quat_xyzw,
            )?;
        }
        Ok(())
    }
}

fn numbers(
    bytes: &[u8],
    payload: &[u8],
    axes: &[u32],
    target: &mut [f64],
) -> Result<(), DecodeError> {
    let mut reader = WireReader::inside(bytes, payload);
    while let Some((number, value)) = reader.next()? {
        for (axis, slot) in axes.iter().zip(target.iter_mut()) {
            if *axis == number {
                *slot = value.double().ok_or_else(|| proto::wrong_type("a float"))?;
            }
        }
    }
    Ok(())
}

fn message(value: WireValue<'_>) -> Result<&[u8], DecodeError> {
    value.bytes().ok_or_else(|| proto::wrong_type("a message"))
}

fn text<'a>(value: WireValue<'a>, payload: &[u8]) -> Result<&'a str, DecodeError> {
    let bytes = value.bytes().ok_or_else(|| proto::wrong_type("text"))?;
    std::str::from_utf8(bytes).map_err(|_| {
        let offset = bytes
            .as_ptr()
            .addr()
            .saturating_sub(payload.as_ptr().addr());
        DecodeError::new(offset, DecodeCause::InvalidUtf8)
    })
}
