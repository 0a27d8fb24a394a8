//! Transforms and poses of messages that are read by the places of their fields: `FlatBuffers`.

use super::error::DecodeError;
use super::fields::{FieldReader, Fields, Shape, Value, Wanted};
use super::views::{TransformRef, Wanted as View};
use crate::Schema;
use std::borrow::Cow;

/// Slots of the wanted fields; vectors take consecutive ones.
const STAMP: u16 = 0;
const PARENT: u16 = 1;
const CHILD: u16 = 2;
const ELEMENT: u16 = 3;
const TRANSLATION: u16 = 4;
const ROTATION: u16 = 7;

/// A compiled view.
#[derive(Clone, Debug)]
pub(crate) struct FieldView {
    reader: FieldReader,
    list: bool,
}

/// A transform under construction.
#[derive(Default)]
struct Slot<'a> {
    parent: Cow<'a, str>,
    child: Cow<'a, str>,
    stamp_ns: i64,
    translation_m: [f64; 3],
    quat_xyzw: [f64; 4],
}

impl<'a> Slot<'a> {
    fn set(&mut self, slot: u16, value: Value<'a>) {
        match slot {
            STAMP => self.stamp_ns = value.integer(),
            PARENT => self.parent = value.text(),
            CHILD => self.child = value.text(),
            _ => {
                let mut numbers = self.translation_m.iter_mut().chain(&mut self.quat_xyzw);
                if let Some(target) = numbers.nth(usize::from(slot.saturating_sub(TRANSLATION))) {
                    *target = value.float();
                }
            }
        }
    }

    fn pass(&self, each: &mut dyn FnMut(TransformRef<'_>)) {
        each(TransformRef {
            parent: &self.parent,
            child: &self.child,
            stamp_ns: self.stamp_ns,
            translation_m: self.translation_m,
            quat_xyzw: self.quat_xyzw,
        });
    }
}

impl FieldView {
    /// Compiles a view; none when the type lacks a part.
    pub(crate) fn compile(schema: &Schema, encoding: &str, view: View) -> Option<Self> {
        let fields = Fields::parse(schema, encoding).ok()?;
        let single = Self::with_prefix(&fields, "", view);
        if single.is_some() || view == View::Poses {
            return single;
        }
        Self::with_prefix(&fields, "transforms.", view)
    }

    fn with_prefix(fields: &Fields, prefix: &str, view: View) -> Option<Self> {
        let holders: &[[&str; 2]] = match view {
            View::Transforms => &[
                ["translation", "rotation"],
                ["transform.translation", "transform.rotation"],
            ],
            View::Poses => &[
                ["pose.position", "pose.orientation"],
                ["pose.pose.position", "pose.pose.orientation"],
            ],
        };
        let mut paths = Vec::new();
        for [vector, quat] in holders {
            for (slot, axis) in (TRANSLATION..).zip(["x", "y", "z"]) {
                paths.push((format!("{prefix}{vector}.{axis}"), slot, Shape::Number));
            }
            for (slot, axis) in (ROTATION..).zip(["x", "y", "z", "w"]) {
                paths.push((format!("{prefix}{quat}.{axis}"), slot, Shape::Number));
            }
        }
        for (name, slot, shape) in [
            ("timestamp", STAMP, Shape::Time),
            ("stamp", STAMP, Shape::Time),
            ("header.stamp", STAMP, Shape::Time),
            ("parent_frame_id", PARENT, Shape::Text),
            ("frame_id", PARENT, Shape::Text),
            ("header.frame_id", PARENT, Shape::Text),
            ("child_frame_id", CHILD, Shape::Text),
        ] {
            paths.push((format!("{prefix}{name}"), slot, shape));
        }
        if !prefix.is_empty() {
            let list = prefix.trim_end_matches('.').to_owned();
            paths.push((list, ELEMENT, Shape::List));
        }
        let wanted: Vec<Wanted<'_>> = paths
            .iter()
            .map(|(path, slot, shape)| Wanted {
                path,
                slot: *slot,
                shape: *shape,
            })
            .collect();
        let reader = fields.reader(&wanted);
        let has = |slot: u16| {
            let mut each = wanted.iter().zip(reader.found());
            each.any(|(want, found)| want.slot == slot && *found)
        };
        let complete = has(PARENT)
            && (has(CHILD) || view == View::Poses)
            && (TRANSLATION..=ROTATION + 3).all(has)
            && (prefix.is_empty() || has(ELEMENT));
        complete.then_some(Self {
            reader,
            list: !prefix.is_empty(),
        })
    }

    /// Calls `each` for every transform.
    pub(crate) fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let mut open = (!self.list).then(Slot::default);
        self.reader.read(payload, &mut |slot, value| {
            if slot == ELEMENT {
                if let Some(done) = open.replace(Slot::default()) {
                    done.pass(each);
                }
            } else if let Some(open) = &mut open {
                open.set(slot, value);
            }
        })?;
        if let Some(done) = open {
            done.pass(each);
        }
        Ok(())
    }
}
