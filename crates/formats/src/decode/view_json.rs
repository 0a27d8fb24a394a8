//! Transforms and poses in JSON messages, by the keys foxglove and ROS bridges write.

use super::error::DecodeError;
use super::json::{self, Scanner};
use super::views::{TransformRef, Wanted};
use crate::Schema;
use std::borrow::Cow;

/// A view over JSON text; all shapes are told apart by their keys at run time.
#[derive(Clone, Debug)]
pub(crate) struct View {
    wanted: Wanted,
    /// The messages hold a list `transforms`.
    list: bool,
}

/// A transform under construction; text may have had to be unescaped.
#[derive(Default)]
struct Slot<'a> {
    parent: Cow<'a, str>,
    child: Cow<'a, str>,
    stamp_ns: i64,
    translation_m: [f64; 3],
    quat_xyzw: [f64; 4],
}

impl View {
    /// Compiles a view; none when neither the schema's properties nor its name promise transforms or poses.
    pub(crate) fn compile(schema: &Schema, wanted: Wanted) -> Option<Self> {
        let value: Option<serde_json::Value> = serde_json::from_slice(&schema.data).ok();
        let properties = value
            .as_ref()
            .and_then(|v| v.get("properties"))
            .and_then(|p| p.as_object());
        let last = schema.name.rsplit(['.', '/']).next().unwrap_or_default();
        if let Some(properties) = properties {
            let has = |name: &str| properties.contains_key(name);
            let framed = has("header") || has("frame_id") || has("parent_frame_id");
            return match wanted {
                Wanted::Transforms if has("transforms") => Some(true),
                Wanted::Transforms => (framed
                    && has("child_frame_id")
                    && (has("transform") || (has("translation") && has("rotation"))))
                .then_some(false),
                Wanted::Poses => (framed && has("pose")).then_some(false),
            }
            .map(|list| Self { wanted, list });
        }
        let list = matches!(last, "FrameTransforms" | "TFMessage" | "tfMessage");
        let named = match wanted {
            Wanted::Transforms => list || matches!(last, "FrameTransform" | "TransformStamped"),
            Wanted::Poses => matches!(
                last,
                "Odometry" | "PoseStamped" | "PoseWithCovarianceStamped" | "PoseInFrame"
            ),
        };
        if !named {
            return None;
        }
        Some(Self { wanted, list })
    }

    /// Calls `each` for every transform.
    pub(crate) fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let mut scanner = Scanner::new(payload);
        if !self.list {
            return self.element(&mut scanner, each);
        }
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            if key != b"transforms" {
                scanner.skip()?;
                continue;
            }
            scanner.enter_array()?;
            while scanner.element()? {
                self.element(&mut scanner, each)
                    .map_err(|e| e.within("transforms"))?;
            }
        }
        Ok(())
    }

    fn element(
        &self,
        scanner: &mut Scanner<'_>,
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let mut slot = Slot::default();
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            let result = match key {
                b"header" => header(scanner, &mut slot),
                b"timestamp" | b"stamp" => stamp(scanner, &mut slot),
                b"parent_frame_id" | b"frame_id" => set(scanner, &mut slot.parent),
                b"child_frame_id" => set(scanner, &mut slot.child),
                b"transform" if self.wanted == Wanted::Transforms => place(scanner, &mut slot, 0),
                b"translation" if self.wanted == Wanted::Transforms => {
                    numbers(scanner, &mut slot.translation_m)
                }
                b"rotation" if self.wanted == Wanted::Transforms => {
                    numbers(scanner, &mut slot.quat_xyzw)
                }
                b"pose" if self.wanted == Wanted::Poses => place(scanner, &mut slot, 0),
                _ => scanner.skip(),
            };
            result.map_err(|e| e.within(&String::from_utf8_lossy(key)))?;
        }
        each(TransformRef {
            parent: &slot.parent,
            child: &slot.child,
            stamp_ns: slot.stamp_ns,
            translation_m: slot.translation_m,
            quat_xyzw: slot.quat_xyzw,
        });
        Ok(())
    }
}

fn set<'a>(scanner: &mut Scanner<'a>, target: &mut Cow<'a, str>) -> Result<(), DecodeError> {
    *target = scanner.string()?;
    Ok(())
}

fn stamp(scanner: &mut Scanner<'_>, slot: &mut Slot<'_>) -> Result<(), DecodeError> {
    if let Some(stamp) = json::time(scanner)? {
        slot.stamp_ns = stamp;
    }
    Ok(())
}

fn header<'a>(scanner: &mut Scanner<'a>, slot: &mut Slot<'a>) -> Result<(), DecodeError> {
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match key {
            b"stamp" => stamp(scanner, slot)?,
            b"frame_id" => set(scanner, &mut slot.parent)?,
            _ => scanner.skip()?,
        }
    }
    Ok(())
}

/// Vector and quaternion of a transform or pose, which may be one `pose` deeper.
fn place(scanner: &mut Scanner<'_>, slot: &mut Slot<'_>, depth: u8) -> Result<(), DecodeError> {
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match key {
            b"translation" | b"position" => numbers(scanner, &mut slot.translation_m)?,
            b"rotation" | b"orientation" => numbers(scanner, &mut slot.quat_xyzw)?,
            b"pose" if depth == 0 => place(scanner, slot, 1)?,
            _ => scanner.skip()?,
        }
    }
    Ok(())
}

fn numbers(scanner: &mut Scanner<'_>, target: &mut [f64]) -> Result<(), DecodeError> {
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        let axis = match key {
            b"x" => 0,
            b"y" => 1,
            b"z" => 2,
            b"w" => 3,
            _ => usize::MAX,
        };
        match target.get_mut(axis) {
            Some(slot) if scanner.peek() == Some(b'n') => {
                // `null` is how JSON writers put NaN.
                scanner.skip()?;
                *slot = f64::NAN;
            }
            Some(slot) => *slot = scanner.number()?,
            None => scanner.skip()?,
        }
    }
    Ok(())
}
