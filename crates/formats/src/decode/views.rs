//! The few typed views checks need: transforms, and poses of one body in one frame.
//!
//! Read [`TransformReader`] and [`TransformRef`] first. Readers are compiled once per channel, by
//! the names and types of fields rather than by the name of the message; reading allocates nothing
//! for CDR, ROS 1, protobuf and `FlatBuffers`, and for JSON only where text holds escapes.

use super::cdr::{Cursor, Dialect};
use super::definition::{Definitions, Primitive};
use super::error::DecodeError;
use super::plan::{Kind, Plan, StructPlan, TimeForm, read_time};
use super::{view_fields, view_json, view_proto};
use crate::Schema;
use std::sync::Arc;

/// One transform or pose of a message, borrowed from its payload; `parent_from_child`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformRef<'a> {
    /// Parent frame, as written (a leading slash is kept).
    pub parent: &'a str,
    /// Child frame, as written; empty for a pose without one.
    pub child: &'a str,
    /// Stamp, nanoseconds; 0 where the message has none.
    pub stamp_ns: i64,
    /// Translation, meters.
    pub translation_m: [f64; 3],
    /// Rotation, order x y z w, not normalized.
    pub quat_xyzw: [f64; 4],
}

impl TransformRef<'_> {
    /// What protobuf and JSON leave out: empty frames, zero numbers.
    pub(crate) const EMPTY: TransformRef<'static> = TransformRef {
        parent: "",
        child: "",
        stamp_ns: 0,
        translation_m: [0.0; 3],
        quat_xyzw: [0.0; 4],
    };
}

/// An owned [`TransformRef`].
#[derive(Clone, Debug, PartialEq)]
pub struct TransformSample {
    /// Parent frame, as written.
    pub parent: String,
    /// Child frame, as written.
    pub child: String,
    /// Stamp, nanoseconds.
    pub stamp_ns: i64,
    /// Translation, meters.
    pub translation_m: [f64; 3],
    /// Rotation, order x y z w.
    pub quat_xyzw: [f64; 4],
}

impl From<TransformRef<'_>> for TransformSample {
    fn from(value: TransformRef<'_>) -> Self {
        Self {
            parent: value.parent.to_owned(),
            child: value.child.to_owned(),
            stamp_ns: value.stamp_ns,
            translation_m: value.translation_m,
            quat_xyzw: value.quat_xyzw,
        }
    }
}

/// Reads the transforms of one channel's messages, compiled once from its schema.
///
/// Known by their fields: `tf2_msgs/TFMessage`, `tf/tfMessage`, `geometry_msgs/TransformStamped`,
/// `foxglove.FrameTransform` and `FrameTransforms` (protobuf, JSON and `FlatBuffers`).
#[derive(Clone, Debug)]
pub struct TransformReader(Reader);

/// Reads the pose each message states: `nav_msgs/Odometry`, `geometry_msgs/PoseStamped` and
/// `PoseWithCovarianceStamped`, `foxglove.PoseInFrame`, and whatever else has their fields.
///
/// Parent is the frame of the header, child the `child_frame_id` if there is one.
#[derive(Clone, Debug)]
pub struct PoseReader(Reader);

#[derive(Clone, Debug)]
pub(crate) enum Reader {
    Packed(Arc<PackedView>),
    Protobuf(view_proto::View),
    Json(view_json::View),
    Fields(Arc<view_fields::FieldView>),
}

/// What a view looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Transforms,
    Poses,
}

impl TransformReader {
    /// Compiles a reader; none when the schema does not describe transforms. Cost: that of parsing the schema.
    pub fn new(schema: &Schema, message_encoding: &str) -> Option<Self> {
        Reader::new(schema, message_encoding, Wanted::Transforms).map(Self)
    }

    /// Calls `each` for every transform of the message, in order.
    ///
    /// NaN and unnormalized quaternions are passed on as written. An absent protobuf or JSON field
    /// is empty or 0. Cost: linear in the payload.
    ///
    /// # Errors
    /// Where the payload is damaged or does not fit its schema; transforms before that place have
    /// been passed on.
    pub fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        self.0.read(payload, each)
    }
}

impl PoseReader {
    /// Compiles a reader; none when the schema does not describe a stamped pose. Cost: that of parsing the schema.
    pub fn new(schema: &Schema, message_encoding: &str) -> Option<Self> {
        Reader::new(schema, message_encoding, Wanted::Poses).map(Self)
    }

    /// Calls `each` with the pose of the message; conduct and errors as [`TransformReader::read`].
    pub fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        self.0.read(payload, each)
    }
}

impl Reader {
    fn new(schema: &Schema, message_encoding: &str, wanted: Wanted) -> Option<Self> {
        match message_encoding {
            "cdr" | "ros1" => {
                let definitions = Definitions::for_messages(schema, message_encoding).ok()?;
                let plan = Plan::compile(&definitions);
                PackedView::compile(plan, message_encoding == "ros1", wanted)
                    .map(|view| Self::Packed(Arc::new(view)))
            }
            "protobuf" => view_proto::View::compile(schema, wanted).map(Self::Protobuf),
            "json" => view_json::View::compile(schema, wanted).map(Self::Json),
            "flatbuffer" => view_fields::FieldView::compile(schema, message_encoding, wanted)
                .map(|view| Self::Fields(Arc::new(view))),
            _ => None,
        }
    }

    fn read(
        &self,
        payload: &[u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        match self {
            Self::Packed(view) => view.read(payload, each),
            Self::Protobuf(view) => view.read(payload, each),
            Self::Json(view) => view.read(payload, each),
            Self::Fields(view) => view.read(payload, each),
        }
    }
}

/// What a field means to a view.
#[derive(Clone, Debug)]
enum Role {
    Skip,
    Parent,
    Child,
    Stamp(TimeForm),
    Translation(usize),
    Rotation(usize),
    Inner(Box<StructRoles>),
    /// Translation and rotation as seven doubles in a row; read at once where nothing is delimited.
    Placement(Box<StructRoles>),
    /// A list of transforms.
    List(Box<StructRoles>, u64),
}

/// The roles of a struct's fields, in wire order.
#[derive(Clone, Debug)]
struct StructRoles {
    index: usize,
    roles: Vec<Role>,
}

/// A view over CDR and ROS 1 payloads.
#[derive(Clone, Debug)]
pub(crate) struct PackedView {
    plan: Plan,
    ros1: bool,
    root: StructRoles,
}

impl PackedView {
    fn compile(plan: Plan, ros1: bool, wanted: Wanted) -> Option<Self> {
        let root = match (wanted, element_roles(&plan, plan.root, wanted)) {
            (_, Some(roles)) => roles,
            (Wanted::Transforms, None) => list_roles(&plan)?,
            (Wanted::Poses, None) => return None,
        };
        Some(Self { plan, ros1, root })
    }

    fn read<'a>(
        &self,
        payload: &'a [u8],
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let mut cursor = Cursor::new(payload, self.ros1)?;
        if let Some((position, roles, min_bytes)) =
            self.root
                .roles
                .iter()
                .enumerate()
                .find_map(|(i, role)| match role {
                    Role::List(roles, min_bytes) => Some((i, roles, *min_bytes)),
                    _ => None,
                })
        {
            return self.read_list((position, roles, min_bytes), &mut cursor, each);
        }
        let mut slot = TransformRef::<'a>::EMPTY;
        self.read_struct(&self.root, &mut cursor, &mut slot)?;
        each(slot);
        Ok(())
    }

    fn read_list<'a>(
        &self,
        (position, roles, min_bytes): (usize, &StructRoles, u64),
        cursor: &mut Cursor<'a>,
        each: &mut dyn FnMut(TransformRef<'_>),
    ) -> Result<(), DecodeError> {
        let Some(structure) = self.plan.structure(self.root.index) else {
            return Ok(());
        };
        let _ = Plan::enter(structure, cursor)?;
        for field in structure.fields.get(..position).unwrap_or(&[]) {
            self.plan
                .skip(&field.kind, cursor)
                .map_err(|e| e.within(&field.name))?;
        }
        let name = structure
            .fields
            .get(position)
            .map_or("", |field| field.name.as_str());
        let elements = |cursor: &mut Cursor<'a>| -> Result<usize, DecodeError> {
            let _ = cursor.enter_collection(false)?;
            Ok(cursor.count(min_bytes)?)
        };
        let count = elements(cursor).map_err(|e| e.within(name))?;
        for _ in 0..count {
            let mut slot = TransformRef::<'a>::EMPTY;
            self.read_struct(roles, cursor, &mut slot)
                .map_err(|e| e.within(name))?;
            each(slot);
        }
        Ok(())
    }

    fn read_struct<'a>(
        &self,
        roles: &StructRoles,
        cursor: &mut Cursor<'a>,
        slot: &mut TransformRef<'a>,
    ) -> Result<(), DecodeError> {
        let Some(structure) = self.plan.structure(roles.index) else {
            return Ok(());
        };
        let scope = Plan::enter(structure, cursor)?;
        for (field, role) in structure.fields.iter().zip(&roles.roles) {
            self.read_field(&field.kind, role, cursor, slot)
                .map_err(|e| e.within(&field.name))?;
        }
        cursor.leave(scope);
        Ok(())
    }

    fn read_field<'a>(
        &self,
        kind: &Kind,
        role: &Role,
        cursor: &mut Cursor<'a>,
        slot: &mut TransformRef<'a>,
    ) -> Result<(), DecodeError> {
        match role {
            Role::Skip | Role::List(..) => self.plan.skip(kind, cursor)?,
            Role::Parent => slot.parent = cursor.utf8()?,
            Role::Child => slot.child = cursor.utf8()?,
            Role::Stamp(form) => slot.stamp_ns = read_time(*form, cursor)?,
            Role::Translation(axis) => {
                let value = float(kind, cursor)?;
                if let Some(target) = slot.translation_m.get_mut(*axis) {
                    *target = value;
                }
            }
            Role::Rotation(axis) => {
                let value = float(kind, cursor)?;
                if let Some(target) = slot.quat_xyzw.get_mut(*axis) {
                    *target = value;
                }
            }
            Role::Inner(roles) => self.read_struct(roles, cursor, slot)?,
            Role::Placement(roles) => {
                if cursor.dialect() == Dialect::Xcdr2Delimited || !seven_doubles(cursor, slot) {
                    // Also finds the field at which a cut payload ends.
                    self.read_struct(roles, cursor, slot)?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a translation and a rotation; false, with nothing read, when the payload ends before.
fn seven_doubles(cursor: &mut Cursor<'_>, slot: &mut TransformRef<'_>) -> bool {
    let Ok(bytes) = cursor.primitives(8, 7) else {
        return false;
    };
    let big_endian = cursor.big_endian();
    let targets = slot.translation_m.iter_mut().chain(&mut slot.quat_xyzw);
    for (target, value) in targets.zip(bytes.as_chunks::<8>().0) {
        *target = if big_endian {
            f64::from_be_bytes(*value)
        } else {
            f64::from_le_bytes(*value)
        };
    }
    true
}

fn float(kind: &Kind, cursor: &mut Cursor<'_>) -> Result<f64, DecodeError> {
    Ok(match kind {
        Kind::Primitive(Primitive::F32) => f64::from(cursor.f32()?),
        _ => cursor.f64()?,
    })
}

/// Roles of a type whose first list holds transforms.
fn list_roles(plan: &Plan) -> Option<StructRoles> {
    let root = plan.root()?;
    let mut found = false;
    let roles = root
        .fields
        .iter()
        .map(|field| {
            if let Kind::Sequence { element, min_bytes } = &field.kind
                && let Kind::Struct(index) = element.as_ref()
                && !found
                && let Some(roles) = element_roles(plan, *index, Wanted::Transforms)
            {
                found = true;
                return Role::List(Box::new(roles), *min_bytes);
            }
            Role::Skip
        })
        .collect();
    found.then_some(StructRoles {
        index: plan.root,
        roles,
    })
}

/// Roles of one stamped transform or pose; none when a part is missing.
fn element_roles(plan: &Plan, index: usize, wanted: Wanted) -> Option<StructRoles> {
    let structure = plan.structure(index)?;
    let mut roles = Vec::new();
    let (mut framed, mut named, mut placed) = (false, false, false);
    for field in &structure.fields {
        let role = match (field.name.as_str(), &field.kind) {
            ("header", Kind::Struct(inner)) => header_roles(plan, *inner),
            ("stamp" | "timestamp", Kind::Time(form)) => Some(Role::Stamp(*form)),
            ("child_frame_id", Kind::Text) => {
                named = true;
                Some(Role::Child)
            }
            ("frame_id" | "parent_frame_id", Kind::Text) => {
                framed = true;
                Some(Role::Parent)
            }
            ("transform", Kind::Struct(inner)) if wanted == Wanted::Transforms => {
                placement(plan, *inner, ["translation", "rotation"])
            }
            ("translation", Kind::Struct(inner)) if wanted == Wanted::Transforms => {
                vector(plan, *inner, Part::Translation)
            }
            ("rotation", Kind::Struct(inner)) if wanted == Wanted::Transforms => {
                vector(plan, *inner, Part::Rotation)
            }
            ("pose", Kind::Struct(inner)) if wanted == Wanted::Poses => pose(plan, *inner),
            _ => None,
        };
        if let Some(Role::Inner(_) | Role::Placement(_)) = role {
            match field.name.as_str() {
                "header" => framed = true,
                // Translation and rotation come as two fields; the second completes the placement.
                "translation" => {}
                _ => placed = true,
            }
        }
        roles.push(role.unwrap_or(Role::Skip));
    }
    let complete = framed && placed && (named || wanted == Wanted::Poses);
    complete.then_some(StructRoles { index, roles })
}

fn inner(index: usize, structure: &StructPlan, role: impl Fn(&str, &Kind) -> Role) -> Role {
    let roles = structure
        .fields
        .iter()
        .map(|field| role(&field.name, &field.kind))
        .collect();
    Role::Inner(Box::new(StructRoles { index, roles }))
}

fn header_roles(plan: &Plan, index: usize) -> Option<Role> {
    let structure = plan.structure(index)?;
    structure
        .fields
        .iter()
        .any(|f| f.name == "frame_id" && matches!(f.kind, Kind::Text))
        .then(|| {
            inner(index, structure, |name, kind| match (name, kind) {
                ("stamp", Kind::Time(form)) => Role::Stamp(*form),
                ("frame_id", Kind::Text) => Role::Parent,
                _ => Role::Skip,
            })
        })
}

/// `position` and `orientation`, perhaps one `pose` deeper (with covariance).
fn pose(plan: &Plan, index: usize) -> Option<Role> {
    if let Some(role) = placement(plan, index, ["position", "orientation"]) {
        return Some(role);
    }
    let structure = plan.structure(index)?;
    let deeper = structure.fields.iter().find_map(|f| match f.kind {
        Kind::Struct(i) if f.name == "pose" => placement(plan, i, ["position", "orientation"]),
        _ => None,
    })?;
    Some(inner(index, structure, |name, _| {
        if name == "pose" {
            deeper.clone()
        } else {
            Role::Skip
        }
    }))
}

/// A struct that holds a vector and a quaternion under the two names.
fn placement(plan: &Plan, index: usize, [vector_name, quat_name]: [&str; 2]) -> Option<Role> {
    let structure = plan.structure(index)?;
    let part = |wanted: &str, part: Part| -> Option<Role> {
        structure.fields.iter().find_map(|f| match f.kind {
            Kind::Struct(i) if f.name == wanted => vector(plan, i, part),
            _ => None,
        })
    };
    let (first, second) = (
        part(vector_name, Part::Translation)?,
        part(quat_name, Part::Rotation)?,
    );
    let in_a_row = structure.extensibility.is_none()
        && structure
            .fields
            .iter()
            .map(|f| f.name.as_str())
            .eq([vector_name, quat_name])
        && structure
            .fields
            .iter()
            .zip([3, 4])
            .all(|(f, count)| match f.kind {
                Kind::Struct(i) => doubles_in_order(plan, i, count),
                _ => false,
            });
    let roles = inner(index, structure, |name, _| {
        if name == vector_name {
            first.clone()
        } else if name == quat_name {
            second.clone()
        } else {
            Role::Skip
        }
    });
    Some(match roles {
        Role::Inner(roles) if in_a_row => Role::Placement(roles),
        roles => roles,
    })
}

/// Whether a struct is nothing but the first `count` of x y z w, as doubles.
fn doubles_in_order(plan: &Plan, index: usize, count: usize) -> bool {
    plan.structure(index).is_some_and(|structure| {
        structure.extensibility.is_none()
            && structure.fields.len() == count
            && structure
                .fields
                .iter()
                .zip(["x", "y", "z", "w"])
                .all(|(f, axis)| {
                    f.name == axis && matches!(f.kind, Kind::Primitive(Primitive::F64))
                })
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Translation,
    Rotation,
}

/// A struct with all of x y z (w) as floats.
fn vector(plan: &Plan, index: usize, part: Part) -> Option<Role> {
    let structure = plan.structure(index)?;
    let axes: &[&str] = match part {
        Part::Translation => &["x", "y", "z"],
        Part::Rotation => &["x", "y", "z", "w"],
    };
    let is_axis = |name: &str, kind: &Kind| {
        matches!(kind, Kind::Primitive(Primitive::F64 | Primitive::F32))
            .then(|| axes.iter().position(|axis| *axis == name))
            .flatten()
    };
    let found = structure
        .fields
        .iter()
        .filter(|f| is_axis(&f.name, &f.kind).is_some())
        .count();
    (found == axes.len()).then(|| {
        inner(index, structure, |name, kind| {
            match (is_axis(name, kind), part) {
                (Some(axis), Part::Translation) => Role::Translation(axis),
                (Some(axis), Part::Rotation) => Role::Rotation(axis),
                (None, _) => Role::Skip,
            }
        })
    })
}
