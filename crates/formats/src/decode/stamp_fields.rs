//! Stamps of messages that are read by the places of their fields: `FlatBuffers`.

use super::fields::{FieldReader, Fields, Shape, Wanted};
use super::flatbuffer;
use super::header::StampKind;
use crate::Schema;

/// Slots of the wanted fields.
const STAMP: u16 = 0;
const FRAME: u16 = 1;
const ELEMENT: u16 = 2;

/// Where the stamp and its frame are.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    stamp: FieldReader,
    frame: Option<FieldReader>,
}

/// The first of the paths that the type has.
fn first(
    fields: &Fields,
    prefix: &str,
    paths: &[(&str, StampKind)],
    shape: Shape,
) -> Option<(FieldReader, StampKind)> {
    paths.iter().find_map(|(path, kind)| {
        let path = format!("{prefix}{path}");
        let slot = if shape == Shape::Time { STAMP } else { FRAME };
        let list = prefix.trim_end_matches('.');
        let mut wanted = vec![Wanted {
            path: &path,
            slot,
            shape,
        }];
        if !list.is_empty() {
            wanted.push(Wanted {
                path: list,
                slot: ELEMENT,
                shape: Shape::List,
            });
        }
        let reader = fields.reader(&wanted);
        reader.found().iter().all(|found| *found).then_some(())?;
        Some((reader, kind.clone()))
    })
}

/// `header.stamp`, else `timestamp` or `stamp`, else that of the first element of `transforms` or of the only list.
pub(super) fn compile(schema: &Schema) -> Result<Option<(StampKind, Rule)>, String> {
    let parsed = flatbuffer::Schema::parse(schema).map_err(|error| error.to_string())?;
    let root = parsed.object(parsed.root);
    let only = root.and_then(|root| match root.fields.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    });
    let list = only.unwrap_or_else(|| "transforms".to_owned());
    let fields = Fields::from_flatbuffer(parsed);
    let stamps = [
        ("header.stamp", StampKind::Header),
        ("header.timestamp", StampKind::Header),
        ("timestamp", StampKind::Timestamp),
        ("stamp", StampKind::Stamp),
    ];
    let frames =
        ["header.frame_id", "frame_id", "parent_frame_id"].map(|path| (path, StampKind::Header));
    for prefix in [String::new(), format!("{list}.")] {
        if let Some((stamp, kind)) = first(&fields, &prefix, &stamps, Shape::Time) {
            let frame = first(&fields, &prefix, &frames, Shape::Text).map(|(reader, _)| reader);
            let kind = if prefix.is_empty() {
                kind
            } else {
                StampKind::FirstElement
            };
            return Ok(Some((kind, Rule { stamp, frame })));
        }
    }
    Ok(None)
}

impl Rule {
    pub(super) fn stamp(&self, payload: &[u8]) -> Option<i64> {
        let (mut stamp, mut elements) = (None, 0_usize);
        let read = self.stamp.read(payload, &mut |slot, value| {
            elements = elements.saturating_add(usize::from(slot == ELEMENT));
            if slot == STAMP && elements <= 1 {
                stamp = Some(value.integer());
            }
        });
        stamp.filter(|_| read.is_ok() || elements > 1)
    }

    pub(super) fn frame_id<'a>(&self, payload: &'a [u8]) -> Option<&'a str> {
        let (mut frame, mut elements) = (None, 0_usize);
        let read = self.frame.as_ref()?.read(payload, &mut |slot, value| {
            elements = elements.saturating_add(usize::from(slot == ELEMENT));
            if slot == FRAME && elements <= 1 {
                frame = Some(value.text());
            }
        });
        match frame.filter(|_| read.is_ok() || elements > 1)? {
            std::borrow::Cow::Borrowed(text) => Some(text),
            std::borrow::Cow::Owned(_) => None,
        }
    }
}
